"""The interface of a runtime, which computes a model's raw output."""

from dataclasses import dataclass
from typing import Protocol

import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class RawOutput:
    """A batch's raw output: `logits` (n, queries, classes), `boxes` (n, queries, 4) cx cy w h.

    `candidates` (n, queries) are the places of the image that the encoder chose for the queries.
    """

    logits: torch.Tensor
    boxes: torch.Tensor
    candidates: torch.Tensor

    def image(self, index: int) -> "RawOutput":
        """Return one image's output, as a batch of one."""
        return RawOutput(
            logits=self.logits[index : index + 1],
            boxes=self.boxes[index : index + 1],
            candidates=self.candidates[index : index + 1],
        )


class Runtime(Protocol):
    """A loaded model; used by one thread at a time."""

    @property
    def name(self) -> str:
        """Name and version."""
        ...

    @property
    def device(self) -> str:
        """Device in use."""
        ...

    @property
    def precision(self) -> str:
        """Precision in use: fp32, fp16 or bf16."""
        ...

    @property
    def best_batch(self) -> int:
        """Largest batch size that is faster than smaller ones."""
        ...

    def infer(self, batch: torch.Tensor) -> RawOutput:
        """Compute the output for (n, 3, height, width) uint8; input and output are on the CPU."""
        ...


class RawModel(torch.nn.Module):
    """A checkpoint's model with tensors as input and output."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self._model = model
        self.train(model.training)  # exporters restore the outermost module's mode

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return logits, boxes and candidates."""
        output = self._model(pixel_values=pixels)
        # The model does not return its choice; this repeats it.
        scores = output.enc_outputs_class.max(-1).values
        candidates = scores.topk(output.logits.shape[1], dim=1).indices
        return output.logits, output.pred_boxes, candidates
