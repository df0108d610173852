"""List the runtimes to try on the GPU and on the CPU, fastest first."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import torch

from inference_server.detection.base import RuntimeUnavailableError
from inference_server.detection.checkpoint import Checkpoint
from inference_server.detection.runtimes.base import Runtime
from inference_server.detection.runtimes.torch_cpu import TorchRuntime
from inference_server.settings import DetectorPrecision, DetectorRuntime, Settings

CPU_RUNTIME_PACKAGES = {  # by preference, with the package each needs
    DetectorRuntime.OPENVINO: "openvino",
    DetectorRuntime.ONNXRUNTIME: "onnxruntime",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeCandidate:
    """A runtime that may be selected."""

    description: str  # for messages
    create: Callable[[], Runtime]
    on_gpu: bool = False


def installed_cpu_runtime() -> DetectorRuntime | None:
    """Return the preferred installed CPU runtime; None if there is only torch."""
    return next(
        (each for each, package in CPU_RUNTIME_PACKAGES.items() if find_spec(package)), None
    )


def gpu_candidates(checkpoint: Checkpoint, settings: Settings) -> list[RuntimeCandidate]:
    """Return the candidates on the GPU."""
    device = torch.device("cuda", 0)
    requested = settings.detector_precision
    candidates: list[RuntimeCandidate] = []
    precision = "fp16" if requested is DetectorPrecision.AUTO else str(requested)

    def candidate(precision: str, *, graphs: bool) -> RuntimeCandidate:
        def create() -> Runtime:
            from inference_server.detection.runtimes.cuda import CudaRuntime  # noqa: PLC0415 - only where there is a GPU

            return CudaRuntime(checkpoint, device, precision=precision, graphs=graphs)

        how = "with CUDA graphs" if graphs else "without CUDA graphs"
        return RuntimeCandidate(
            description=f"torch in {precision} {how} on the GPU", create=create, on_gpu=True
        )

    if settings.detector_runtime is DetectorRuntime.TENSORRT:
        candidates.append(_tensorrt_candidate(checkpoint, settings, device, precision))
    candidates += [candidate(precision, graphs=True), candidate(precision, graphs=False)]
    if precision != "fp32":
        candidates.append(candidate("fp32", graphs=False))
    return candidates


def cpu_candidates(
    checkpoint: Checkpoint, settings: Settings, runtime: DetectorRuntime | None
) -> list[RuntimeCandidate]:
    """Return the candidates on the CPU; `runtime` None is torch, which always works and comes last."""
    plain = RuntimeCandidate(
        description="torch on the CPU", create=lambda: TorchRuntime(checkpoint)
    )
    requested = settings.detector_precision
    if runtime is DetectorRuntime.OPENVINO:
        precisions = ["bf16", "fp32"] if requested is DetectorPrecision.BF16 else ["fp32"]
        return [*(_openvino_candidate(checkpoint, settings, each) for each in precisions), plain]
    candidates = (
        [plain] if runtime is None else [_onnxruntime_candidate(checkpoint, settings), plain]
    )
    if requested is DetectorPrecision.BF16:
        candidates.insert(
            0, _unavailable_precision(requested, "ONNX Runtime" if runtime else "torch on the CPU")
        )
    return candidates


def unavailable_tensorrt(why: str) -> RuntimeCandidate:
    """Return a candidate that always fails, with the reason why TensorRT is not used."""

    def create() -> Runtime:
        raise RuntimeUnavailableError(f"DETECTOR_RUNTIME=tensorrt is not available: {why}")

    return RuntimeCandidate(description="TensorRT", create=create, on_gpu=True)


def _tensorrt_candidate(
    checkpoint: Checkpoint, settings: Settings, device: torch.device, precision: str
) -> RuntimeCandidate:
    if find_spec("tensorrt") is None:
        return unavailable_tensorrt(
            "the package tensorrt is not installed. Install the one for the CUDA of your torch, such "
            "as tensorrt-cu13, then restart the server."
        )

    def create() -> Runtime:
        from inference_server.detection.runtimes.tensorrt import TensorRtRuntime  # noqa: PLC0415 - only where there is a GPU

        cache = settings.state_dir / DetectorRuntime.TENSORRT
        return TensorRtRuntime(checkpoint, device, cache, precision=precision)

    return RuntimeCandidate(
        description=f"TensorRT in {precision} on the GPU", create=create, on_gpu=True
    )


def _openvino_candidate(
    checkpoint: Checkpoint, settings: Settings, precision: str
) -> RuntimeCandidate:
    cache = settings.state_dir / DetectorRuntime.OPENVINO

    def create() -> Runtime:
        from inference_server.detection.runtimes.openvino import OpenVinoRuntime  # noqa: PLC0415 - an optional package

        return OpenVinoRuntime(checkpoint, cache, precision=precision)

    return RuntimeCandidate(description=f"OpenVINO in {precision}", create=create)


def _onnxruntime_candidate(checkpoint: Checkpoint, settings: Settings) -> RuntimeCandidate:
    def create() -> Runtime:
        from inference_server.detection.runtimes.onnx import OnnxRuntime  # noqa: PLC0415 - an optional package

        return OnnxRuntime(checkpoint, settings.state_dir / DetectorRuntime.ONNXRUNTIME)

    return RuntimeCandidate(description="ONNX Runtime", create=create)


def _unavailable_precision(requested: DetectorPrecision, instead: str) -> RuntimeCandidate:
    """Return a candidate that always fails, because the runtime lacks the precision."""

    def create() -> Runtime:
        raise RuntimeUnavailableError(
            f"DETECTOR_PRECISION={requested} is not available with {instead}: install the server with "
            f"its openvino extra, set DETECTOR_RUNTIME=openvino and restart it."
        )

    return RuntimeCandidate(description=f"{instead} in {requested}", create=create)
