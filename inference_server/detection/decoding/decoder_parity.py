"""The gate of GPU decoding: drawn JPEGs come to the same input as on the processor."""

from functools import cache
import io

from PIL import Image
import torch

from inference_server.detection.decoding.decode import decode
from inference_server.detection.decoding.gpu_decode import GpuDecoder
from inference_server.detection.decoding.headers import read_header
from inference_server.detection.decoding.preprocess import InputSize, to_input
from inference_server.detection.selection.parity import ParityError

# Levels of 255. Rounding in the transform, in the colours and between the passes of the resize comes
# to 1 or 2 each, and colours that are repeated where the processor blends neighbours to some more
# where they change. Moved by one of its own pixels, a drawn picture differs by 1.5 and 33 at least.
MEAN_TOLERANCE = 1.5
GREATEST_TOLERANCE = 24
_LIMIT = 10**7
_ORIENTATION = 0x0112
_GREY = -1
_CASES = (  # width, height, Pillow's number for the sampling of colours, EXIF orientation
    (1920, 1080, 2, 1),  # 4:2:0
    (1283, 717, 2, 1),
    (641, 479, 1, 1),  # 4:2:2
    (800, 600, 0, 1),  # 4:4:4
    (640, 480, _GREY, 1),
    (960, 540, 2, 6),
)


def check_decoder(decoder: GpuDecoder, size: InputSize) -> None:
    """Hold a decoder against the processor's; raises ParityError, or what the decoder raises."""
    for what, data in drawn_jpegs():
        expected = to_input(decode(data, max_pixels=_LIMIT).pixels, size)
        pixels, _ = decoder.run(data, read_header(data))
        difference = (pixels.float() - expected.float()).abs()
        mean, greatest = float(difference.mean()), int(difference.max())
        if mean > MEAN_TOLERANCE or greatest > GREATEST_TOLERANCE:
            raise ParityError(
                f"{what} differs by {mean:.1f} of 255 levels in the mean and {greatest} at most, "
                f"where {MEAN_TOLERANCE:g} and {GREATEST_TOLERANCE} may be."
            )


@cache
def drawn_jpegs() -> tuple[tuple[str, bytes], ...]:
    """Return what the decoders are tried with, by name."""
    return tuple(
        (
            f"a JPEG of {width} x {height} ({_name(sampling)}, orientation {orientation})",
            _encode(_draw(width, height), sampling, orientation),
        )
        for width, height, sampling, orientation in _CASES
    )


def _name(sampling: int) -> str:
    return "grey" if sampling == _GREY else ("4:4:4", "4:2:2", "4:2:0")[sampling]


def _draw(width: int, height: int) -> Image.Image:
    """Draw soft colours, and in grey what a shift would move: fine clouds and sharp edges."""
    generator = torch.Generator().manual_seed(20)

    def clouds(channels: int, rows: int, columns: int) -> torch.Tensor:
        coarse = torch.rand(1, channels, rows, columns, generator=generator)
        return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")[0]

    picture = 130 * clouds(3, 4, 6) + 75 * clouds(1, height // 12, width // 12)
    picture[:, height // 4 : height // 2, width // 8 : width // 3] += 50
    return Image.fromarray(picture.byte().permute(1, 2, 0).numpy())


def _encode(picture: Image.Image, sampling: int, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    encoded = io.BytesIO()
    if sampling == _GREY:
        picture.convert("L").save(encoded, "JPEG", quality=85, exif=exif)
    else:
        picture.save(encoded, "JPEG", quality=85, subsampling=sampling, exif=exif)
    return encoded.getvalue()
