"""What a stage asks of inference servers, be it one or many."""

from collections.abc import Sequence
from typing import Protocol

from ..domain.inference import DetectResult, EventFacts
from ..domain.models import Assessment


class Inference(Protocol):
    """Looks at pictures and assesses events; raises errors of `core.errors`."""

    async def detect(self, image: bytes, *, content_type: str, threshold: float) -> DetectResult:
        """Return what is in the picture; `threshold` is the lowest confidence to answer with."""

    @property
    def sees(self) -> bool:
        """Whether pictures may help an assessment: a server's language model sees them."""

    async def assess(self, facts: EventFacts, *, pictures: Sequence[bytes] = ()) -> Assessment:
        """Return how worrying the event is; whoever cannot see is not sent the pictures."""
