"""The one door through which the heavy packages come in."""

from ..settings import Settings
from .base import Detector, DetectorLoadError


def load_detector(settings: Settings) -> Detector:
    """Load the detector that the settings name; blocks; raises DetectorLoadError."""
    folder = settings.detector_model
    if not (folder / "config.json").is_file():
        raise DetectorLoadError(
            f"There is no detector in {folder}. Run scripts/download-models (the server looks "
            "again by itself), or set DETECTOR_MODEL to a folder in transformers' format."
        )
    try:
        from .torch_detector import TorchDetector  # noqa: PLC0415 - torch takes seconds and GBs
    except ImportError as err:
        raise DetectorLoadError(
            f"The package {err.name} is not installed. "
            "Install the server with its torch extra, then restart it."
        ) from err
    return TorchDetector(folder, device=settings.device, max_pixels=settings.max_pixels)
