"""Load the user's images for the parity check of a runtime."""

from collections.abc import Sequence
import logging
from pathlib import Path

import torch

from inference_server.detection.base import DetectorLoadError
from inference_server.detection.decoding.decode import decode
from inference_server.detection.decoding.preprocess import InputSize, to_input
from inference_server.errors import ProblemError

MAX_IMAGES = 16
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_LOG = logging.getLogger(__name__)


def load_parity_images(folder: Path, size: InputSize, *, max_pixels: int) -> list[torch.Tensor]:
    """Return up to 16 images of the folder as detector input, evenly sampled by name.

    Images that cannot be decoded are skipped. Raises DetectorLoadError if none is left.
    """
    images: list[torch.Tensor] = []
    for file in _sample(_list_files(folder)):
        try:
            image = decode(file.read_bytes(), max_pixels=max_pixels, size=size)
        except (OSError, ProblemError) as err:
            _LOG.warning("Skipped %s of PARITY_PICTURES: %s", file.name, err)
        else:
            images.append(to_input(image.pixels, size))
    if not images:
        raise DetectorLoadError(
            f"PARITY_PICTURES {folder} contains no image that can be decoded. Add images of your "
            "cameras, or leave it unset."
        )
    return images


def _list_files(folder: Path) -> list[Path]:
    try:
        return sorted(file for file in folder.rglob("*") if file.suffix.lower() in _SUFFIXES)
    except OSError as err:
        raise DetectorLoadError(f"PARITY_PICTURES {folder} cannot be read: {err}") from err


def _sample(files: Sequence[Path]) -> list[Path]:
    """Return up to MAX_IMAGES of them, evenly spaced."""
    return list(files[:: -(-len(files) // MAX_IMAGES) or 1])
