"""Select the fastest available runtime that passes the parity check."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
import logging

import torch

from inference_server.detection.base import DetectorLoadError, Parity, RuntimeUnavailableError
from inference_server.detection.checkpoint import Checkpoint
from inference_server.detection.runtimes.base import Runtime
from inference_server.detection.runtimes.torch_cpu import TorchRuntime
from inference_server.detection.selection.candidates import (
    CPU_RUNTIME_PACKAGES,
    RuntimeCandidate,
    cpu_candidates,
    gpu_candidates,
    installed_cpu_runtime,
    unavailable_tensorrt,
)
from inference_server.detection.selection.parity import ParityError, check_parity
from inference_server.detection.selection.parity_images import load_parity_images
from inference_server.detection.selection.reference import Reference
from inference_server.detection.selection.synthetic_images import synthetic_images
from inference_server.settings import DetectorRuntime, Device, Settings

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The selected runtime with its parity and the reason of a fallback."""

    runtime: Runtime
    parity: Parity | None = None
    fallback: str | None = None  # why a requested or faster runtime is not used


def select_runtime(checkpoint: Checkpoint, settings: Settings) -> Selection:
    """Return the requested runtime, or the next best that passes the parity check.

    Raises DetectorLoadError if a runtime requested by name is not available.
    """
    requested = settings.detector_runtime
    if package := CPU_RUNTIME_PACKAGES.get(requested):
        if settings.device is Device.CUDA:
            raise DetectorLoadError(
                f"DETECTOR_RUNTIME={requested} runs on the CPU, and DEVICE=cuda asks for the GPU. "
                "Change one of them, then restart the server."
            )
        if find_spec(package) is None:
            raise DetectorLoadError(
                f"DETECTOR_RUNTIME={requested}, but the package {package} is not installed. Install "
                f"the server with its {requested} extra, or set DETECTOR_RUNTIME=auto; then restart "
                "it."
            )
        return _first_passing(checkpoint, settings, cpu_candidates(checkpoint, settings, requested))
    best = None if requested is DetectorRuntime.TORCH else installed_cpu_runtime()
    if settings.device is not Device.CPU and torch.cuda.is_available():
        candidates = gpu_candidates(checkpoint, settings)
        if settings.device is Device.AUTO:  # slow is better than nothing
            candidates += cpu_candidates(checkpoint, settings, best)
        return _first_passing(checkpoint, settings, candidates)
    if settings.device is Device.CUDA:
        raise DetectorLoadError(
            "DEVICE=cuda, but torch finds no usable CUDA device. Check the driver and that torch "
            "is a CUDA build, or set DEVICE=auto to run on the CPU; then restart the server."
        )
    candidates = cpu_candidates(checkpoint, settings, best)
    if requested is DetectorRuntime.TENSORRT:
        candidates.insert(0, unavailable_tensorrt("it needs an NVIDIA GPU, and none is used."))
    return _first_passing(checkpoint, settings, candidates)


def _first_passing(
    checkpoint: Checkpoint, settings: Settings, candidates: Sequence[RuntimeCandidate]
) -> Selection:
    """Return the first candidate that passes the parity check; log why others did not."""
    reference, images = Reference(checkpoint), synthetic_images(checkpoint.size)
    if folder := settings.parity_images:
        images += load_parity_images(folder, checkpoint.size, max_pixels=settings.max_pixels)
    reasons: list[str] = []
    out_of_memory = False
    for candidate in candidates:
        if out_of_memory and not candidate.on_gpu:
            break  # the GPU's memory may be free at the next load
        try:
            runtime = candidate.create()
            if isinstance(runtime, TorchRuntime):
                return Selection(
                    runtime=runtime, fallback=_report_fallback(reasons, candidate.description)
                )
            parity = check_parity(reference, runtime, images)
        except RuntimeUnavailableError as err:
            reasons.append(str(err))
        except ParityError as err:
            reasons.append(f"{candidate.description} differs from torch: {err}")
        except Exception as err:  # noqa: BLE001 - try the next candidate
            out_of_memory |= isinstance(err, torch.OutOfMemoryError)
            reasons.append(f"{candidate.description} failed to run ({type(err).__name__}: {err}).")
        else:
            fallback = _report_fallback(reasons, candidate.description)
            return Selection(runtime=runtime, parity=parity, fallback=fallback)
    raise DetectorLoadError(" ".join(reasons))


def _report_fallback(reasons: Sequence[str], instead: str) -> str | None:
    if not reasons:
        return None
    fallback = f"{' '.join(reasons)} Used instead: {instead}."
    _LOG.error("%s", fallback)
    return fallback
