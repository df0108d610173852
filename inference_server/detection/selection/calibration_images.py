"""The owner's pictures from a folder: what the cameras here really show."""

from collections.abc import Sequence
import logging
from pathlib import Path

import torch

from inference_server.detection.base import DetectorLoadError
from inference_server.detection.decoding.decode import decode
from inference_server.detection.decoding.preprocess import InputSize, to_input
from inference_server.errors import ProblemError

MOST = 16  # that runtimes are compared with
MOST_TO_CALIBRATE = 64
LEAST_TO_CALIBRATE = 8
_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_LOG = logging.getLogger(__name__)


def own_pictures(folder: Path, size: InputSize, *, max_pixels: int) -> list[torch.Tensor]:
    """Return up to 16 pictures of the folder, evenly chosen by name, as the detector takes them.

    What cannot be decoded is left out; raises DetectorLoadError where nothing is left.
    """
    pictures = prepared(_some(_files(folder), MOST), size, max_pixels=max_pixels)
    if not pictures:
        raise DetectorLoadError(
            f"PARITY_PICTURES {folder} holds no picture that can be decoded. Put some of your "
            "cameras' there, or leave it unset."
        )
    return pictures


def to_calibrate_with(folder: Path) -> list[Path]:
    """Return up to 64 pictures' files, none of them own_pictures' where there are enough others.

    So the comparison is with pictures that the numbers were not fitted to.
    """
    files = _files(folder)
    others = sorted(set(files) - set(_some(files, MOST)))
    return _some(others if len(others) >= LEAST_TO_CALIBRATE else files, MOST_TO_CALIBRATE)


def prepared(files: Sequence[Path], size: InputSize, *, max_pixels: int) -> list[torch.Tensor]:
    """Return pictures as the detector takes them; what cannot be decoded is left out."""
    pictures: list[torch.Tensor] = []
    for file in files:
        try:
            picture = decode(file.read_bytes(), max_pixels=max_pixels, size=size)
        except (OSError, ProblemError) as err:
            _LOG.warning("%s is left out of the detector's own pictures: %s", file.name, err)
        else:
            pictures.append(to_input(picture.pixels, size))
    return pictures


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(file for file in folder.rglob("*") if file.suffix.lower() in _ENDINGS)
    except OSError as err:
        raise DetectorLoadError(f"PARITY_PICTURES {folder} cannot be read: {err}") from err


def _some(files: Sequence[Path], most: int) -> list[Path]:
    """Return up to `most` of them, evenly chosen."""
    return list(files[:: -(-len(files) // most) or 1])
