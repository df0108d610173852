"""ONNX Runtime on the CPU, in fp32: for machines that OpenVINO has no build for."""

from pathlib import Path
import warnings

import onnxruntime  # type: ignore[import-not-found,import-untyped,unused-ignore] # optional
import torch

from .checkpoint import Checkpoint
from .converted import converted
from .runtime import RawModel, RawOutput

_OPSET = 18
_INPUT = "pixels"


class OnnxRuntime:
    """A checkpoint on ONNX Runtime; what it is converted to is kept in the cache folder.

    It computes one picture at a time, as OpenVINO does. Raises what ONNX Runtime, torch's export
    and the disk raise.
    """

    def __init__(self, checkpoint: Checkpoint, cache: Path) -> None:
        self.name = f"onnxruntime {onnxruntime.__version__}"
        self.device = "cpu"
        self.precision = "fp32"
        self.best_batch = 1
        file = converted(
            checkpoint, cache, "model.onnx", f"opset {_OPSET}", lambda to: _save(checkpoint, to)
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        self._session = onnxruntime.InferenceSession(
            str(file), options, providers=["CPUExecutionProvider"]
        )

    def infer(self, batch: torch.Tensor) -> RawOutput:
        """Compute the output."""
        outputs = [
            self._session.run(None, {_INPUT: picture[None].numpy()})
            for picture in batch.contiguous()
        ]
        logits, boxes, candidates = (
            torch.cat([torch.from_numpy(each) for each in part])
            for part in zip(*outputs, strict=True)
        )
        return RawOutput(logits=logits, boxes=boxes, candidates=candidates)


def _save(checkpoint: Checkpoint, file: Path) -> None:
    pixels = torch.zeros(1, 3, checkpoint.size.height, checkpoint.size.width)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing fixes the shapes, which is what is wanted
        # The exporter of before dynamo: it needs no other package than onnx.
        torch.onnx.export(
            RawModel(checkpoint.model),
            (pixels,),
            str(file),
            input_names=[_INPUT],
            output_names=["logits", "boxes", "candidates"],
            opset_version=_OPSET,
            dynamo=False,
        )
