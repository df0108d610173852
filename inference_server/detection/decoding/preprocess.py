"""Resize and scale pixels to the detector's input."""

from dataclasses import dataclass
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
import torch

_NORMAL = {"do_resize": True, "do_rescale": True, "do_normalize": False, "do_pad": False}
_BILINEAR = 2  # Pillow's number


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSize:
    """The detector's input in pixels."""

    height: int = 640
    width: int = 640


def read_input_size(folder: Path) -> InputSize:
    """Read a checkpoint's preprocessor settings; raises ValueError if they are not RT-DETRv2's."""
    file = folder / "preprocessor_config.json"
    if not file.exists():
        return InputSize()
    config = json.loads(file.read_text(encoding="utf-8"))
    unsupported = [key for key, value in _NORMAL.items() if config.get(key, value) != value]
    if config.get("resample", _BILINEAR) != _BILINEAR:
        unsupported.append("resample")
    if unsupported:
        raise ValueError(f"preprocessor_config.json sets {', '.join(unsupported)} unlike RT-DETRv2")
    size = config.get("size", {})
    return InputSize(height=size.get("height", 640), width=size.get("width", 640))


def to_input(pixels: NDArray[np.uint8], size: InputSize) -> torch.Tensor:
    """Return (3, height, width) uint8: a plain resize, bilinear with antialias.

    Bytes, because many images may be queued, and a GPU transfer takes a quarter of the time.
    """
    # uint8 in channels-last order is the fast path of torch's resize and rounds as Pillow does. The
    # strides are explicit: unsqueeze() gives a batch of one a stride that makes torch copy the image
    # to planar order first.
    height, width, channels = pixels.shape
    image = torch.from_numpy(np.ascontiguousarray(pixels)).as_strided(
        (1, channels, height, width), (pixels.size, 1, width * channels, channels)
    )
    if height > size.height and width < size.width:
        # torch begins with the width: enlarging it first takes memory for the whole height.
        image = _resize(image, (size.height, width))
    return _resize(image, (size.height, size.width))[0]


def _resize(image: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    return torch.nn.functional.interpolate(image, size=size, mode="bilinear", antialias=True)


def to_float(images: torch.Tensor) -> torch.Tensor:
    """Return uint8 images on the CPU as the model takes them: float32 in 0-1."""
    # numpy, because torch would distribute this small task to threads that wait for each other on a
    # busy machine.
    floats = np.empty(images.shape, np.float32)
    return torch.from_numpy(np.divide(images.numpy(), np.float32(255), out=floats))
