"""What a runtime is: it computes one model's raw output; everything around it is shared."""

from dataclasses import dataclass
from typing import Protocol

import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class RawOutput:
    """A batch's raw output: `logits` (n, queries, classes), `boxes` (n, queries, 4) cx cy w h."""

    logits: torch.Tensor
    boxes: torch.Tensor


class Runtime(Protocol):
    """A loaded model; used by one thread at a time."""

    @property
    def name(self) -> str:
        """Name and version."""
        ...

    @property
    def device(self) -> str:
        """Where it really runs."""
        ...

    @property
    def precision(self) -> str:
        """The numbers it really computes with: fp32, fp16 ..."""
        ...

    @property
    def best_batch(self) -> int:
        """How many pictures at once are faster than one by one."""
        ...

    def infer(self, batch: torch.Tensor) -> RawOutput:
        """Compute the output for (n, 3, height, width) float32 in 0-1; it lies on the CPU."""
        ...
