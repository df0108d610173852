"""Resize and scale pixels to the detector's input."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import json
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
import torch

_NORMAL: Final = {"do_resize": True, "do_rescale": True, "do_normalize": False, "do_pad": False}
_BILINEAR: Final = (2, "bilinear")  # Pillow's number and name
_SIDES: Final = range(32, 8193)  # pixels
_STRIDE: Final = 32  # the model's smallest feature map is this many times smaller than its input


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSize:
    """The detector's input in pixels.

    With `keep_aspect` an image is fitted into it and the rest is black; the shorter side of the
    image is then `shortest` pixels at most. `assumed` says that no file names the size.
    """

    height: int = 640
    width: int = 640
    keep_aspect: bool = False
    shortest: int | None = None
    assumed: bool = field(default=False, compare=False)


def read_input_size(folder: Path) -> InputSize:
    """Read a checkpoint's preprocessor settings; raises ValueError if they are not RT-DETRv2's."""
    file = folder / "preprocessor_config.json"
    if file.exists():
        config = _read_object(file)
    elif (file := folder / "processor_config.json").exists():  # newer versions of transformers
        inner = _read_object(file).get("image_processor")
        config = inner if isinstance(inner, dict) else {}
    else:
        config = {}
    try:
        size = _read_size(config.get("size"))
        unsupported = _unsupported(config, size)
    except ValueError as err:
        raise ValueError(f"{file}: {err}") from err
    if unsupported:
        raise ValueError(f"{file} sets {', '.join(unsupported)} unlike RT-DETRv2")
    return size


def _read_object(file: Path) -> dict[str, object]:
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as err:
        raise ValueError(f"{file} cannot be read: {err}") from err
    if not isinstance(config, dict):
        raise ValueError(f"{file} is not a JSON object")  # noqa: TRY004 - of a file, not of a caller
    return config


def _unsupported(config: Mapping[str, object], size: InputSize) -> list[str]:
    given = {key: config.get(key, value) for key, value in _NORMAL.items()}
    if given["do_normalize"] is True and _is_all(config.get("image_mean"), 0):
        # A mean of 0 and a deviation of 1 change nothing.
        given["do_normalize"] = not _is_all(config.get("image_std"), 1)
    if given["do_pad"] is True and (size.keep_aspect or config.get("pad_size")):
        padded = config.get("pad_size")
        given["do_pad"] = padded is not None and _read_size(padded) != InputSize(
            height=size.height, width=size.width
        )
    unsupported = [key for key, value in _NORMAL.items() if given[key] != value]
    factor = config.get("rescale_factor", 1 / 255)
    if not isinstance(factor, int | float) or abs(factor * 255 - 1) > 1e-3:
        unsupported.append("rescale_factor")
    if config.get("resample", 2) not in _BILINEAR:
        unsupported.append("resample")
    return unsupported


def _is_all(values: object, expected: float) -> bool:
    return isinstance(values, list) and bool(values) and all(each == expected for each in values)


def _read_size(size: object) -> InputSize:
    """Read a size in any form that transformers writes; raises ValueError."""
    match size:
        case None | {} if not size:
            return InputSize(assumed=True)
        case int() | [_]:
            side = _side(size[0] if isinstance(size, list) else size)
            return InputSize(height=side, width=side)
        case [height, width] | {"height": height, "width": width} if height and width:
            return InputSize(height=_side(height), width=_side(width))
        case {"max_height": height, "max_width": width} if height and width:
            return _fitted(_side(height), _side(width))
        case {"longest_edge": longest, **others} if longest:
            shortest = others.get("shortest_edge")
            side = _side(longest)
            return _fitted(side, side, None if shortest is None else _side(shortest))
    raise ValueError(
        f"size is {json.dumps(size)}, not a height and a width, or a longest edge, in pixels"
    )


def _fitted(height: int, width: int, shortest: int | None = None) -> InputSize:
    return InputSize(
        height=-(-height // _STRIDE) * _STRIDE,
        width=-(-width // _STRIDE) * _STRIDE,
        keep_aspect=True,
        shortest=shortest,
    )


def _side(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value in _SIDES:
        return value
    raise ValueError(f"size contains {json.dumps(value)}, not {_SIDES[0]} to {_SIDES[-1]} pixels")


def content_size(width: int, height: int, size: InputSize) -> tuple[int, int]:
    """Return the width and height that an image takes up in the detector's input."""
    if not size.keep_aspect:
        return size.width, size.height
    scale = min(size.width / width, size.height / height)
    if size.shortest is not None:
        scale = min(scale, size.shortest / min(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


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
    columns, rows = content_size(width, height, size)
    if height > rows and width < columns:
        # torch begins with the width: enlarging it first takes memory for the whole height.
        image = _resize(image, (rows, width))
    resized = _resize(image, (rows, columns))[0]
    if (rows, columns) == (size.height, size.width):
        return resized
    padded = torch.zeros(channels, size.height, size.width, dtype=torch.uint8)
    padded[:, :rows, :columns] = resized
    return padded


def _resize(image: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    return torch.nn.functional.interpolate(image, size=size, mode="bilinear", antialias=True)


def to_float(images: torch.Tensor) -> torch.Tensor:
    """Return uint8 images on the CPU as the model takes them: float32 in 0-1."""
    # numpy, because torch would distribute this small task to threads that wait for each other on a
    # busy machine.
    floats = np.empty(images.shape, np.float32)
    return torch.from_numpy(np.divide(images.numpy(), np.float32(255), out=floats))
