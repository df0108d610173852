"""The plain runtime: torch, on a CPU or a CUDA device."""

import torch

from ..settings import Device
from .base import DetectorLoadError
from .runtime import RawModel, RawOutput


class TorchRuntime:
    """A model on torch; on the CPU in fp32 it is what other runtimes are held against."""

    def __init__(self, model: torch.nn.Module, device: torch.device) -> None:
        self._device = device
        self.name = f"torch {torch.__version__}"
        self.device = _describe(device)
        self.precision = "fp16" if device.type == "cuda" else "fp32"
        self.best_batch = 16 if device.type == "cuda" else 1
        try:
            # The backbone is convolutions; this order is the faster one on CPUs and GPUs alike.
            self._model = RawModel(model).to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's types lack it
        except RuntimeError as err:
            raise DetectorLoadError(f"The detector cannot be put on {self.device}: {err}") from err

    @torch.inference_mode()
    def infer(self, batch: torch.Tensor) -> RawOutput:
        """Compute the output."""
        batch = batch.contiguous(memory_format=torch.channels_last).to(self._device)
        # Weights stay in fp32: converted as a whole, this model gives numbers that are not finite.
        with torch.autocast("cuda", torch.float16, enabled=self._device.type == "cuda"):
            logits, boxes, candidates = self._model(batch)
        return RawOutput(logits=logits.cpu(), boxes=boxes.cpu(), candidates=candidates.cpu())


def choose_device(device: Device) -> torch.device:
    """Return where torch shall run; raises DetectorLoadError where CUDA is wanted and missing."""
    if device is Device.CPU:
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda", 0)
    if device is Device.CUDA:
        raise DetectorLoadError(
            "DEVICE=cuda, but torch finds no usable CUDA device. Check the driver and that torch "
            "is a CUDA build, or set DEVICE=auto to run on the CPU; then restart the server."
        )
    return torch.device("cpu")


def _describe(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return device.type
