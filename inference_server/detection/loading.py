"""Load the configured detector; the heavy packages are imported here."""

from dataclasses import replace
import logging
import os
from pathlib import Path

from inference_server.detection.base import (
    Detector,
    DetectorBrokenError,
    DetectorLoadError,
    join_sentences,
)
from inference_server.detection.lazy_imports import heavy_imports
from inference_server.errors import cause_of
from inference_server.settings import DetectorRuntime, Device, Settings

_LOG = logging.getLogger(__name__)
DRIVER_GPUS = Path("/proc/driver/nvidia/gpus")  # one folder per card known to the driver


def load_detector(settings: Settings, *, driver_gpus: Path = DRIVER_GPUS) -> Detector:
    """Load the configured detector; blocks; raises DetectorLoadError."""
    folder = settings.detector_model
    if folder.suffix == ".pt":
        return _load_ultralytics(folder, settings)
    if not (folder / "config.json").is_file():
        raise DetectorLoadError(
            f"There is no detector in {folder}. Run scripts/download-models (the server looks "
            "again by itself), or set DETECTOR_MODEL to a folder in transformers' format."
        )
    with heavy_imports(install="Install the server with its torch extra, then restart it."):
        from inference_server.detection.checkpoint import load_checkpoint  # noqa: PLC0415 - torch takes seconds and GBs
        from inference_server.detection.rtdetr import RtDetr  # noqa: PLC0415
        from inference_server.detection.selection.fallback import describe_unused_gpu  # noqa: PLC0415
        from inference_server.detection.selection.selection import select_runtime  # noqa: PLC0415
    try:
        checkpoint = load_checkpoint(folder)
        selection = select_runtime(checkpoint, settings)
        cpu_requested = settings.device is not Device.AUTO or settings.detector_runtime in {
            DetectorRuntime.OPENVINO,
            DetectorRuntime.ONNXRUNTIME,
        }
        if (
            selection.runtime.device == "cpu"
            and not cpu_requested
            and (unused := describe_unused_gpu(driver_gpus))
        ):
            _LOG.error("%s", unused)
            selection = replace(selection, fallback=join_sentences(unused, selection.fallback))
        return RtDetr(checkpoint, selection, max_pixels=settings.max_pixels)
    except DetectorLoadError:
        raise
    except Exception as err:
        raise DetectorBrokenError(
            f"The detector in {folder} cannot be loaded: {cause_of(err)}"
        ) from err


def _load_ultralytics(file: Path, settings: Settings) -> Detector:
    if not file.is_file():
        raise DetectorLoadError(f"There is no detector in {file}. Set DETECTOR_MODEL to another.")
    # ultralytics writes a settings file on import; the home folder may be missing or read-only.
    folder = settings.state_dir / "ultralytics"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise DetectorLoadError(f"STATE_DIR {settings.state_dir} is not writable: {err}") from err
    os.environ["YOLO_CONFIG_DIR"] = str(folder)
    install = (
        f"{file.name} is an ultralytics model: install the server with its ultralytics extra "
        "(AGPL-3.0), or set DETECTOR_MODEL to a folder in transformers' format; then restart it."
    )
    with heavy_imports(install=install):
        from inference_server.detection.ultralytics_detector import UltralyticsDetector  # noqa: PLC0415 - an optional package
    return UltralyticsDetector(file, settings)
