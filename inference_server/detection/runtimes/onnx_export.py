"""Export a checkpoint to ONNX."""

from collections.abc import Iterator
import contextlib
from pathlib import Path
import warnings

import torch

from inference_server.detection.checkpoint import Checkpoint
from inference_server.detection.runtimes.base import RawModel

INPUT = "pixels"
OUTPUTS = ("logits", "boxes", "candidates")
OPSET = 18


def save_onnx(
    checkpoint: Checkpoint, file: Path, *, batches: bool = False, numbers: torch.dtype | None = None
) -> None:
    """Write the raw model for one image, or for `batches` of any size.

    `numbers` is the type of mixed precision, as torch's autocast uses it on a GPU; the outputs are
    cast back. Raises the errors of torch's export, and OSError.
    """
    count = 2 if batches else 1  # with 1 the exporter would fix the batch dimension
    pixels = torch.zeros(count, 3, checkpoint.size.height, checkpoint.size.width)
    autocast = torch.autocast("cpu", numbers, enabled=numbers is not None, cache_enabled=False)
    with torch.no_grad(), warnings.catch_warnings(), autocast, _norms_in_fp32(checkpoint.model):
        warnings.simplefilter("ignore")  # tracing fixes the shapes, as intended
        # The exporter without dynamo needs no package but onnx.
        torch.onnx.export(
            RawModel(checkpoint.model),
            (pixels,),
            str(file),
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_axes={name: {0: "batch"} for name in (INPUT, *OUTPUTS)} if batches else None,
            opset_version=OPSET,
            dynamo=False,
        )


@contextlib.contextmanager
def _norms_in_fp32(model: torch.nn.Module) -> Iterator[None]:
    """Compute norms in fp32, as autocast does on a GPU only: ONNX needs equal types."""

    def cast(_: torch.nn.Module, args: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        return tuple(each.float() for each in args)

    hooks = [
        module.register_forward_pre_hook(cast)
        for module in model.modules()
        if isinstance(module, torch.nn.LayerNorm)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
