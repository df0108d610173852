"""Shape pixels as the detector wants them."""

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
    """Read a checkpoint's preprocessor settings; raises ValueError where they are not RT-DETR's."""
    file = folder / "preprocessor_config.json"
    if not file.exists():
        return InputSize()
    config = json.loads(file.read_text(encoding="utf-8"))
    odd = [key for key, value in _NORMAL.items() if config.get(key, value) != value]
    if config.get("resample", _BILINEAR) != _BILINEAR:
        odd.append("resample")
    if odd:
        raise ValueError(f"preprocessor_config.json sets {', '.join(odd)} unlike RT-DETRv2")
    size = config.get("size", {})
    return InputSize(height=size.get("height", 640), width=size.get("width", 640))


def to_input(pixels: NDArray[np.uint8], size: InputSize) -> torch.Tensor:
    """Return (3, height, width) uint8: a plain resize, bilinear with antialias.

    Bytes, because pictures may wait in numbers, and a GPU is sent a quarter as much.
    """
    # uint8 in channels-last order is the fast path of torch's resize and rounds as Pillow does. The
    # strides are spelt out: unsqueeze() gives a batch of one another stride than the order has, and
    # torch then copies the picture into planes first.
    height, width, colours = pixels.shape
    picture = torch.from_numpy(np.ascontiguousarray(pixels)).as_strided(
        (1, colours, height, width), (pixels.size, 1, width * colours, colours)
    )
    resized = torch.nn.functional.interpolate(
        picture, size=(size.height, size.width), mode="bilinear", antialias=True
    )
    return resized[0]


def to_float(pictures: torch.Tensor) -> torch.Tensor:
    """Return uint8 pictures on the CPU as the model takes them: float32 in 0-1."""
    # By numpy: torch would share this little work among threads, each waiting for the others while
    # the machine is busy.
    floats = np.empty(pictures.shape, np.float32)
    return torch.from_numpy(np.divide(pictures.numpy(), np.float32(255), out=floats))
