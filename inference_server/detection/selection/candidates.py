"""What is worth a try to compute the detector with: on the GPU, and on the CPU, the best first."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import torch

from inference_server.detection.base import UnavailableError
from inference_server.detection.checkpoint import Checkpoint
from inference_server.detection.runtimes.base import Runtime
from inference_server.detection.runtimes.torch_cpu import TorchRuntime
from inference_server.settings import DetectorPrecision, DetectorRuntime, Settings

CPU_RUNTIMES = {  # by preference, and the package each needs
    DetectorRuntime.OPENVINO: "openvino",
    DetectorRuntime.ONNXRUNTIME: "onnxruntime",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A runtime worth a try."""

    what: str  # for people
    make: Callable[[], Runtime]
    on_gpu: bool = False


def installed_for_cpu() -> DetectorRuntime | None:
    """Return the best runtime for a CPU that is installed; None where there is only torch."""
    return next((each for each, package in CPU_RUNTIMES.items() if find_spec(package)), None)


def on_gpu(checkpoint: Checkpoint, settings: Settings) -> list[Attempt]:
    """Return what to try on the GPU."""
    device = torch.device("cuda", 0)
    asked = settings.detector_precision
    attempts: list[Attempt] = []
    precision = "fp16" if asked is DetectorPrecision.AUTO else str(asked)

    def attempt(precision: str, *, graphs: bool) -> Attempt:
        def make() -> Runtime:
            from inference_server.detection.runtimes.cuda import CudaRuntime  # noqa: PLC0415 - only where there is a GPU

            return CudaRuntime(checkpoint, device, precision=precision, graphs=graphs)

        how = "with CUDA graphs" if graphs else "without CUDA graphs"
        return Attempt(what=f"torch in {precision} {how} on the GPU", make=make, on_gpu=True)

    if settings.detector_runtime is DetectorRuntime.TENSORRT:
        attempts.append(_on_tensorrt(checkpoint, settings, device, precision))
    attempts += [attempt(precision, graphs=True), attempt(precision, graphs=False)]
    if precision != "fp32":
        attempts.append(attempt("fp32", graphs=False))
    return attempts


def on_cpu(
    checkpoint: Checkpoint, settings: Settings, runtime: DetectorRuntime | None
) -> list[Attempt]:
    """Return what to try on the CPU; None is torch, which always works and comes last anyway."""
    plain = Attempt(what="torch on the CPU", make=lambda: TorchRuntime(checkpoint))
    asked = settings.detector_precision
    if runtime is DetectorRuntime.OPENVINO:
        precisions = ["bf16", "fp32"] if asked is DetectorPrecision.BF16 else ["fp32"]
        return [*(_on_openvino(checkpoint, settings, each) for each in precisions), plain]
    attempts = [plain] if runtime is None else [_on_onnxruntime(checkpoint, settings), plain]
    if asked is DetectorPrecision.BF16:
        attempts.insert(
            0, _only_on_openvino(asked, "ONNX Runtime" if runtime else "torch on the CPU")
        )
    return attempts


def no_tensorrt(why: str) -> Attempt:
    """Return what fails, and says why TensorRT is not used."""

    def make() -> Runtime:
        raise UnavailableError(f"DETECTOR_RUNTIME=tensorrt is not to be had: {why}")

    return Attempt(what="TensorRT", make=make, on_gpu=True)


def _on_tensorrt(
    checkpoint: Checkpoint, settings: Settings, device: torch.device, precision: str
) -> Attempt:
    if find_spec("tensorrt") is None:
        return no_tensorrt(
            "the package tensorrt is not installed. Install the one for the CUDA of your torch, such "
            "as tensorrt-cu13, then restart the server."
        )

    def make() -> Runtime:
        from inference_server.detection.runtimes.tensorrt import TensorRtRuntime  # noqa: PLC0415 - only where there is a GPU

        cache = settings.state_dir / DetectorRuntime.TENSORRT
        return TensorRtRuntime(checkpoint, device, cache, precision=precision)

    return Attempt(what=f"TensorRT in {precision} on the GPU", make=make, on_gpu=True)


def _on_openvino(checkpoint: Checkpoint, settings: Settings, precision: str) -> Attempt:
    cache = settings.state_dir / DetectorRuntime.OPENVINO

    def make() -> Runtime:
        from inference_server.detection.runtimes.openvino import OpenVinoRuntime  # noqa: PLC0415 - an optional package

        return OpenVinoRuntime(checkpoint, cache, precision=precision)

    return Attempt(what=f"OpenVINO in {precision}", make=make)


def _on_onnxruntime(checkpoint: Checkpoint, settings: Settings) -> Attempt:
    def make() -> Runtime:
        from inference_server.detection.runtimes.onnx import OnnxRuntime  # noqa: PLC0415 - an optional package

        return OnnxRuntime(checkpoint, settings.state_dir / DetectorRuntime.ONNXRUNTIME)

    return Attempt(what="ONNX Runtime", make=make)


def _only_on_openvino(asked: DetectorPrecision, instead: str) -> Attempt:
    """Return what fails, and says that these numbers are not to be had from what is there."""

    def make() -> Runtime:
        raise UnavailableError(
            f"DETECTOR_PRECISION={asked} is not to be had from {instead}: install the server with "
            f"its openvino extra, set DETECTOR_RUNTIME=openvino and restart it."
        )

    return Attempt(what=f"{instead} in {asked}", make=make)
