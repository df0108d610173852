"""What a stage needs from inference servers, one or many."""

from collections.abc import Sequence
from typing import Protocol

from ..domain.inference import DetectResult, EventFacts
from ..domain.models import ModelAnswer


class InferenceBackend(Protocol):
    """Detects objects and assesses events; raises errors of `core.domain.errors`."""

    async def detect(self, image: bytes, *, content_type: str, threshold: float) -> DetectResult:
        """Return the objects in an image with at least the confidence `threshold` (0-1)."""

    @property
    def accepts_images(self) -> bool:
        """Whether a server's language model takes images."""

    async def assess(self, facts: EventFacts, *, images: Sequence[bytes] = ()) -> ModelAnswer:
        """Return the model's answer on an event; images go only to a model that takes them."""
