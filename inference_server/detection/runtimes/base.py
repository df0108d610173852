"""What a runtime is: it computes one model's raw output; everything around it is shared."""

from dataclasses import dataclass
from typing import Protocol

import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class RawOutput:
    """A batch's raw output: `logits` (n, queries, classes), `boxes` (n, queries, 4) cx cy w h.

    `candidates` (n, queries) says which places of the picture the encoder chose for the queries.
    """

    logits: torch.Tensor
    boxes: torch.Tensor
    candidates: torch.Tensor


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
        """Compute the output for (n, 3, height, width) uint8; both lie on the CPU."""
        ...


class RawModel(torch.nn.Module):
    """A checkpoint's model as runtimes take it: tensors in, tensors out."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self._model = model
        self.train(model.training)  # exporters put everything back to what the outermost was

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return logits, boxes and candidates."""
        output = self._model(pixel_values=pixels)
        # As the model does inside, which does not tell.
        scores = output.enc_outputs_class.max(-1).values
        candidates = scores.topk(output.logits.shape[1], dim=1).indices
        return output.logits, output.pred_boxes, candidates
