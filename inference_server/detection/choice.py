"""Which runtime the detector gets."""

from dataclasses import dataclass
from importlib.util import find_spec
import logging
from pathlib import Path

import torch

from ..settings import DetectorRuntime, Device, Settings
from .base import DetectorLoadError, Parity
from .checkpoint import Checkpoint
from .gate_pictures import gate_pictures
from .parity import ParityError, check_parity
from .reference import Reference
from .runtime import Runtime
from .torch_runtime import TorchRuntime, choose_device

_LOG = logging.getLogger(__name__)
_CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The runtime a checkpoint gets, how near it is to the reference, and what it replaces."""

    runtime: Runtime
    parity: Parity | None = None
    fallback: str | None = None  # what it had to fall back from, as a sentence


def choose_runtime(checkpoint: Checkpoint, settings: Settings) -> Choice:
    """Return the runtime that the settings ask for.

    Raises DetectorLoadError where what is asked for by name cannot be had on this machine.
    """
    wanted = settings.detector_runtime
    if wanted is DetectorRuntime.OPENVINO:
        if settings.device is Device.CUDA:
            raise DetectorLoadError(
                "DETECTOR_RUNTIME=openvino runs on the CPU, and DEVICE=cuda asks for the GPU. "
                "Change one of them, then restart the server."
            )
        device = _CPU
    else:
        device = choose_device(settings.device)
    if wanted is DetectorRuntime.TORCH or device.type == "cuda":
        return Choice(runtime=TorchRuntime(checkpoint.model, device))
    if find_spec("openvino") is None:
        if wanted is DetectorRuntime.OPENVINO:
            raise DetectorLoadError(
                "DETECTOR_RUNTIME=openvino, but the package openvino is not installed. Install "
                "the server with its openvino extra, or set DETECTOR_RUNTIME=auto; then restart it."
            )
        return Choice(runtime=TorchRuntime(checkpoint.model, device))
    return _openvino_or_torch(checkpoint, settings.state_dir / "openvino")


def _openvino_or_torch(checkpoint: Checkpoint, cache: Path) -> Choice:
    runtime: Runtime | None = None
    try:
        from .openvino_runtime import OpenVinoRuntime  # noqa: PLC0415 - an optional package

        runtime = OpenVinoRuntime(checkpoint, cache)
    except Exception as err:  # noqa: BLE001 - whatever is wrong with it, torch can do the work
        reason = f"OpenVINO does not run here ({type(err).__name__}: {err})."
    if runtime:
        try:
            parity = check_parity(Reference(checkpoint), runtime, gate_pictures(checkpoint.size))
        except (ParityError, RuntimeError) as err:
            reason = f"OpenVINO does not compute what torch computes: {err}"
        else:
            return Choice(runtime=runtime, parity=parity)
    fallback = (
        f"{reason} The slower torch is used instead; DETECTOR_RUNTIME=torch asks for it by name."
    )
    _LOG.error("%s", fallback)
    return Choice(runtime=TorchRuntime(checkpoint.model, _CPU), fallback=fallback)
