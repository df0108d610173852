"""TensorRT on an NVIDIA GPU, with an engine built once per card, driver and model."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from inference_server.detection.checkpoint import Checkpoint
from inference_server.detection.runtimes.base import RawOutput
from inference_server.detection.runtimes.model_cache import convert_once
from inference_server.detection.runtimes.onnx_export import INPUT, OUTPUTS, save_onnx

BATCHES = (1, 2, 4, 8, 16)  # images; smaller batches are padded
_DRIVER = Path("/sys/module/nvidia/version")
_DTYPES = {"fp32": None, "fp16": torch.float16, "bf16": torch.bfloat16}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The hardware and software an engine is built for; with any other it fails or is slow."""

    name: str
    capability: tuple[int, int]
    driver: str
    tensorrt: str  # version


def engine_version(card: Card, precision: str) -> str:
    """Return everything the engine depends on besides the model, as one line."""
    major, minor = card.capability
    return f"{card.name}, sm {major}.{minor}, driver {card.driver}, tensorrt {card.tensorrt}, {precision}"


def driver_version(file: Path = _DRIVER) -> str:
    """Return the version of NVIDIA's driver on Linux, or "unknown"."""
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"


class TensorRtRuntime:
    """A checkpoint on TensorRT; the engine is cached.

    The ONNX file sets the precision of each operation, as torch's autocast does. Raises RuntimeError
    if the engine cannot be built, the errors of torch's export, and OSError.
    """

    def __init__(
        self, checkpoint: Checkpoint, device: torch.device, cache: Path, *, precision: str
    ) -> None:
        tensorrt = import_module("tensorrt")  # an optional package, without types
        card = Card(
            name=torch.cuda.get_device_name(device),
            capability=torch.cuda.get_device_capability(device),
            driver=driver_version(),
            tensorrt=tensorrt.__version__,
        )
        self.name = f"tensorrt {card.tensorrt}"
        self.device = f"{device} ({card.name})"
        self.precision = precision
        self.best_batch = BATCHES[-1]
        self._device = device
        self._size = checkpoint.size
        logger = tensorrt.Logger(tensorrt.Logger.ERROR)

        def convert(to: Path) -> None:
            onnx = to.with_suffix(".onnx")
            save_onnx(checkpoint, onnx, batches=True, numbers=_DTYPES[precision])
            to.write_bytes(build_engine(tensorrt, logger, onnx, checkpoint))
            onnx.unlink()

        with torch.cuda.device(device):
            file = convert_once(
                checkpoint, cache, "model.engine", engine_version(card, precision), convert
            )
            self._runtime = tensorrt.Runtime(logger)  # keep a reference: the engine has none
            self._engine = self._runtime.deserialize_cuda_engine(file.read_bytes())
            if self._engine is None:
                file.unlink()  # the next start builds it again
                raise RuntimeError("the cached engine cannot be read")
            self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call] # torch's types lack it
            self._contexts = [self._context(profile) for profile in range(len(BATCHES))]
        types = {
            tensorrt.DataType.FLOAT: torch.float32,
            tensorrt.DataType.HALF: torch.float16,
            tensorrt.DataType.BF16: torch.bfloat16,
            tensorrt.DataType.INT32: torch.int32,
            tensorrt.DataType.INT64: torch.int64,
        }
        self._types = {name: types[self._engine.get_tensor_dtype(name)] for name in OUTPUTS}

    @torch.inference_mode()
    def infer(self, batch: torch.Tensor) -> RawOutput:
        """Compute the output for up to 16 images."""
        count = len(batch)
        index = next(index for index, each in enumerate(BATCHES) if each >= count)
        context = self._contexts[index]
        with torch.cuda.device(self._device), torch.cuda.stream(self._stream):
            pixels = torch.zeros(BATCHES[index], *batch.shape[1:], device=self._device)
            torch.div(batch.to(self._device), 255, out=pixels[:count])
            context.set_tensor_address(INPUT, pixels.data_ptr())
            results: dict[str, torch.Tensor] = {}
            for name in OUTPUTS:
                shape = tuple(context.get_tensor_shape(name))
                results[name] = torch.empty(shape, dtype=self._types[name], device=self._device)
                context.set_tensor_address(name, results[name].data_ptr())
            if not context.execute_async_v3(self._stream.cuda_stream):
                raise RuntimeError("TensorRT did not run the batch")
            logits, boxes, candidates = (results[name][:count].cpu() for name in OUTPUTS)
        return RawOutput(
            logits=logits.float(), boxes=boxes.float(), candidates=candidates.to(torch.int64)
        )

    def _context(self, profile: int) -> Any:
        context = self._engine.create_execution_context()
        shape = (BATCHES[profile], 3, self._size.height, self._size.width)
        if not (
            context.set_optimization_profile_async(profile, self._stream.cuda_stream)
            and context.set_input_shape(INPUT, shape)
        ):
            raise RuntimeError(f"TensorRT rejects a batch of {BATCHES[profile]}")
        self._stream.synchronize()
        return context


def build_engine(tensorrt: ModuleType, logger: object, onnx: Path, checkpoint: Checkpoint) -> bytes:
    """Build the engine with a profile for each size of batch; raises RuntimeError."""
    builder = tensorrt.Builder(logger)
    network = builder.create_network()  # strongly typed: the file sets the precision
    parser = tensorrt.OnnxParser(network, logger)
    if not parser.parse_from_file(str(onnx)):
        errors = "; ".join(str(parser.get_error(index)) for index in range(parser.num_errors))
        raise RuntimeError(f"TensorRT cannot read the model: {errors}")
    config = builder.create_builder_config()
    for count in BATCHES:
        profile = builder.create_optimization_profile()
        shape = (count, 3, checkpoint.size.height, checkpoint.size.width)
        profile.set_shape(INPUT, shape, shape, shape)
        config.add_optimization_profile(profile)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise RuntimeError("TensorRT built no engine; see its log")
    return bytes(engine)
