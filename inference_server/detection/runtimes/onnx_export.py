"""Writes a checkpoint as ONNX, for the runtimes that read it."""

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
    """Write the raw model for one picture, or for `batches` of any size.

    With `numbers` it casts to them where that is safe, as torch's autocast does on a GPU, and back
    for what it returns. Raises what torch's export and the disk raise.
    """
    count = 2 if batches else 1  # of a single one the exporter would take what is general for fixed
    pixels = torch.zeros(count, 3, checkpoint.size.height, checkpoint.size.width)
    autocast = torch.autocast("cpu", numbers, enabled=numbers is not None, cache_enabled=False)
    with torch.no_grad(), warnings.catch_warnings(), autocast, _norms_in_fp32(checkpoint.model):
        warnings.simplefilter("ignore")  # tracing fixes the shapes, which is what is wanted
        # The exporter of before dynamo: it needs no other package than onnx.
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
    """Give norms fp32, as autocast does on a GPU only: ONNX wants input and weights alike."""

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
