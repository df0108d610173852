"""The owner's pictures from a folder, for the gate: what the cameras here really show."""

import logging
from pathlib import Path

import torch

from ..errors import ProblemError
from .base import DetectorLoadError
from .decode import decode
from .preprocess import InputSize, to_input

MOST = 16
_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_LOG = logging.getLogger(__name__)


def own_pictures(folder: Path, size: InputSize, *, max_pixels: int) -> list[torch.Tensor]:
    """Return up to 16 pictures of the folder, evenly chosen by name, as the detector takes them.

    What cannot be decoded is left out; raises DetectorLoadError where nothing is left.
    """
    try:
        files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in _ENDINGS)
    except OSError as err:
        raise DetectorLoadError(f"PARITY_PICTURES {folder} cannot be read: {err}") from err
    pictures: list[torch.Tensor] = []
    for file in files[:: -(-len(files) // MOST) or 1]:
        try:
            picture = decode(file.read_bytes(), max_pixels=max_pixels, size=size)
        except (OSError, ProblemError) as err:
            _LOG.warning("%s is left out of the comparison of runtimes: %s", file.name, err)
        else:
            pictures.append(to_input(picture.pixels, size))
    if not pictures:
        raise DetectorLoadError(
            f"PARITY_PICTURES {folder} holds no picture that can be decoded. Put some of your "
            "cameras' there, or leave it unset."
        )
    return pictures
