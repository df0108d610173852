"""OpenVINO on the CPU."""

from pathlib import Path
from typing import cast

import openvino  # type: ignore[import-untyped] # no py.typed marker
from openvino.frontend import FrontEndManager  # type: ignore[import-untyped]
from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder  # type: ignore[import-untyped]
import torch

from inference_server.detection.checkpoint import Checkpoint
from inference_server.detection.decoding.preprocess import to_float
from inference_server.detection.runtimes.base import RawOutput
from inference_server.detection.runtimes.model_cache import convert_once, trace_model

_DEVICE = "CPU"
_HINTS = {"fp32": "f32", "bf16": "bf16"}  # OpenVINO's names


class OpenVinoRuntime:
    """A checkpoint on OpenVINO; the converted model is cached.

    Computes one image at a time: on a CPU a batch takes as long as its images one by one. Raises
    the errors of OpenVINO and torch's tracing, and OSError.
    """

    def __init__(self, checkpoint: Checkpoint, cache: Path, *, precision: str = "fp32") -> None:
        """`precision` is fp32 or bf16."""
        self.name = f"openvino {openvino.__version__.partition('-')[0]}"
        self.device = _DEVICE.lower()
        self.precision = precision
        self.best_batch = 1
        core = openvino.Core()
        if precision == "bf16" and "BF16" not in core.get_property(
            _DEVICE, "OPTIMIZATION_CAPABILITIES"
        ):
            raise RuntimeError("this CPU does not support bf16")
        file = convert_once(
            checkpoint, cache, "model.xml", openvino.__version__, lambda to: _save(checkpoint, to)
        )
        core.set_property({"CACHE_DIR": str(cache / "compiled")})
        properties = {
            # By default OpenVINO uses bf16 if the CPU supports it, with other results.
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
            "PERFORMANCE_HINT": "LATENCY",
        }
        self._request = core.compile_model(file, _DEVICE, properties).create_infer_request()

    def infer(self, batch: torch.Tensor) -> RawOutput:
        """Compute the output."""
        outputs = [self._infer_one(image) for image in batch]
        logits, boxes, candidates = (torch.cat(each) for each in zip(*outputs, strict=True))
        return RawOutput(logits=logits, boxes=boxes, candidates=candidates)

    def _infer_one(self, image: torch.Tensor) -> list[torch.Tensor]:
        # The outputs are copies: the next image overwrites the request's memory.
        output = self._request.infer({0: to_float(image[None]).numpy()}, share_inputs=True)
        return [torch.from_numpy(output[index]) for index in range(3)]


def _save(checkpoint: Checkpoint, file: Path) -> None:
    # What openvino.convert_model does for a traced module, without its telemetry to a third party.
    frontend = FrontEndManager().load_by_framework("pytorch")
    decoder = TorchScriptPythonDecoder(
        trace_model(checkpoint)
    )  # keep a reference: OpenVINO has none
    model = cast("openvino.Model", frontend.convert(frontend.load(decoder)))
    model.reshape([1, 3, checkpoint.size.height, checkpoint.size.width])
    openvino.save_model(model, file, compress_to_fp16=False)
