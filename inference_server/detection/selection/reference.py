"""The reference for every runtime: the model's own library on the CPU in fp32."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch.overrides import TorchFunctionMode

from inference_server.detection.checkpoint import Checkpoint
from inference_server.detection.decoding.preprocess import to_float


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One image's output for given candidates; `scores` are the encoder's of all candidates."""

    logits: torch.Tensor  # (queries, classes)
    boxes: torch.Tensor  # (queries, 4)
    candidates: torch.Tensor  # (queries,)
    scores: torch.Tensor  # (candidates,), logits


class Reference:
    """A checkpoint's model in plain torch."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._model = checkpoint.model

    @torch.inference_mode()
    def compute(self, image: torch.Tensor, candidates: torch.Tensor | None = None) -> Expected:
        """Compute the output for (3, height, width) uint8, with its own candidates if none are given."""
        with _CandidateOverride(candidates):
            output = self._model(pixel_values=to_float(image[None]))
        scores = output.enc_outputs_class[0].max(-1).values
        if candidates is None:
            candidates = scores.topk(output.logits.shape[1]).indices
        return Expected(
            logits=output.logits[0],
            boxes=output.pred_boxes[0],
            candidates=candidates,
            scores=scores,
        )


class _CandidateOverride(TorchFunctionMode):
    """Override the model's choice of candidates, its only call of topk."""

    def __init__(self, candidates: torch.Tensor | None) -> None:
        super().__init__()
        self._candidates = candidates

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        result = func(*args, **(kwargs or {}))
        if func is torch.topk and self._candidates is not None:
            return None, self._candidates[None]
        return result
