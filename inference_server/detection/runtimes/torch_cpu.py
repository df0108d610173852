"""torch on the CPU in fp32."""

import torch

from inference_server.detection.checkpoint import Checkpoint
from inference_server.detection.decoding.preprocess import to_float
from inference_server.detection.runtimes.base import RawModel, RawOutput


class TorchRuntime:
    """A checkpoint on torch, which computes the same as the reference."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.name = f"torch {torch.__version__}"
        self.device = "cpu"
        self.precision = "fp32"
        self.best_batch = 1
        # Channels-last is faster for the backbone's convolutions.
        self._model = RawModel(checkpoint.model).to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's types lack it

    @torch.inference_mode()
    def infer(self, batch: torch.Tensor) -> RawOutput:
        """Compute the output."""
        pixels = to_float(batch).contiguous(memory_format=torch.channels_last)
        logits, boxes, candidates = self._model(pixels)
        return RawOutput(logits=logits, boxes=boxes, candidates=candidates)
