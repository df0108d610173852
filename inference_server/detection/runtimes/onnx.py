"""ONNX Runtime on the CPU in fp32, for machines without an OpenVINO build."""

from pathlib import Path

import onnxruntime  # type: ignore[import-not-found,import-untyped,unused-ignore] # optional
import torch

from inference_server.detection.checkpoint import Checkpoint
from inference_server.detection.decoding.preprocess import to_float
from inference_server.detection.runtimes.base import RawOutput
from inference_server.detection.runtimes.model_cache import convert_once
from inference_server.detection.runtimes.onnx_export import INPUT, OPSET, save_onnx


class OnnxRuntime:
    """A checkpoint on ONNX Runtime; the converted model is cached.

    Computes one image at a time, as OpenVINO does. Raises the errors of ONNX Runtime and torch's
    export, and OSError.
    """

    def __init__(self, checkpoint: Checkpoint, cache: Path) -> None:
        self.name = f"onnxruntime {onnxruntime.__version__}"
        self.device = "cpu"
        self.precision = "fp32"
        self.best_batch = 1
        file = convert_once(
            checkpoint, cache, "model.onnx", f"opset {OPSET}", lambda to: save_onnx(checkpoint, to)
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        self._session = onnxruntime.InferenceSession(
            str(file), options, providers=["CPUExecutionProvider"]
        )

    def infer(self, batch: torch.Tensor) -> RawOutput:
        """Compute the output."""
        outputs = [
            self._session.run(None, {INPUT: to_float(image[None]).numpy()}) for image in batch
        ]
        logits, boxes, candidates = (
            torch.cat([torch.from_numpy(each) for each in part])
            for part in zip(*outputs, strict=True)
        )
        return RawOutput(logits=logits, boxes=boxes, candidates=candidates)
