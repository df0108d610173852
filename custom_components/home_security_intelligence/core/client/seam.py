"""What a stage asks of inference servers, be it one or many."""

from typing import Protocol

from ..models import Assessment
from .models import DetectResult, EventFacts


class Inference(Protocol):
    """Looks at pictures and assesses events; raises errors of `core.errors`."""

    async def detect(self, image: bytes, *, content_type: str, threshold: float) -> DetectResult:
        """Return what is in the picture; `threshold` is the lowest confidence to answer with."""

    async def assess(self, facts: EventFacts) -> Assessment:
        """Return how worrying the event is."""
