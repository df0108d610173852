"""OpenVINO on the CPU, in fp32."""

from collections.abc import Iterable
import hashlib
from pathlib import Path
import shutil
import tempfile
from typing import cast
import warnings

import openvino  # type: ignore[import-untyped] # no py.typed marker
from openvino.frontend import FrontEndManager  # type: ignore[import-untyped]
from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder  # type: ignore[import-untyped]
import torch
import transformers

from .checkpoint import Checkpoint
from .preprocess import InputSize
from .runtime import RawModel, RawOutput

_DEVICE = "CPU"
_PROPERTIES = {
    # Where the CPU has it, OpenVINO would take bf16 by itself, and answer a little differently.
    "INFERENCE_PRECISION_HINT": "f32",
    "PERFORMANCE_HINT": "LATENCY",
}


class OpenVinoRuntime:
    """A checkpoint on OpenVINO; what it is converted to is kept in the cache folder.

    It computes one picture at a time: on a CPU a batch takes as long as its pictures one by one.
    Raises what OpenVINO, torch's tracing and the disk raise.
    """

    def __init__(self, checkpoint: Checkpoint, cache: Path) -> None:
        self.name = f"openvino {openvino.__version__.partition('-')[0]}"
        self.device = _DEVICE.lower()
        self.precision = "fp32"
        self.best_batch = 1
        core = openvino.Core()
        core.set_property({"CACHE_DIR": str(cache / "compiled")})
        model = core.compile_model(_converted(checkpoint, cache), _DEVICE, _PROPERTIES)
        self._request = model.create_infer_request()

    def infer(self, batch: torch.Tensor) -> RawOutput:
        """Compute the output."""
        outputs = [self._infer_one(picture) for picture in batch.contiguous()]
        logits, boxes, candidates = (torch.cat(each) for each in zip(*outputs, strict=True))
        return RawOutput(logits=logits, boxes=boxes, candidates=candidates)

    def _infer_one(self, picture: torch.Tensor) -> list[torch.Tensor]:
        # The outputs are copies: the request's own memory is written again by the next picture.
        output = self._request.infer({0: picture[None].numpy()}, share_inputs=True)
        return [torch.from_numpy(output[index]) for index in range(3)]


def _converted(checkpoint: Checkpoint, cache: Path) -> Path:
    """Return the file of the converted model, made where it is not there yet."""
    folder = cache / _fingerprint(checkpoint.folder)
    file = folder / "model.xml"
    if not file.exists():
        shutil.rmtree(cache, ignore_errors=True)  # of another model, or of another version
        cache.mkdir(parents=True)
        draft = Path(tempfile.mkdtemp(dir=cache))
        openvino.save_model(
            _convert(checkpoint.model, checkpoint.size), draft / file.name, compress_to_fp16=False
        )
        draft.replace(folder)  # whole or not at all
    return file


def _convert(model: torch.nn.Module, size: InputSize) -> openvino.Model:
    # What openvino.convert_model does for a traced module, without its telemetry: that reports to
    # a third party, unasked.
    shape = [1, 3, size.height, size.width]
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing fixes the shapes, which is what is wanted
        traced = torch.jit.trace(RawModel(model), torch.zeros(shape), check_trace=False)  # type: ignore[no-untyped-call] # torch's types lack it
    frontend = FrontEndManager().load_by_framework("pytorch")
    decoder = TorchScriptPythonDecoder(traced)  # OpenVINO does not keep it alive by itself
    converted = cast("openvino.Model", frontend.convert(frontend.load(decoder)))
    converted.reshape(shape)
    return converted


def _fingerprint(folder: Path) -> str:
    """Return what the converted model depends on, as one name."""
    digest = hashlib.sha256()
    for version in _versions():
        digest.update(f"{version}\n".encode())
    for file in [folder / "config.json", *sorted(folder.glob("*.safetensors"))]:
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()[:32]


def _versions() -> Iterable[str]:
    return openvino.__version__, torch.__version__, transformers.__version__
