"""Images are decoded upright, and a small file cannot cost much."""

from io import BytesIO
import struct
import zlib

from PIL import Image
import pytest

# isort: split
from hsi_core.domain.errors import ImageUnreadableError
from hsi_core.files.pixels import decode_upright, encode_jpeg

_ORIENTATION = 0x0112


def encoded(kind: str = "JPEG", *, orientation: int = 1) -> bytes:
    """Return a red image of 60 x 40 pixels with a blue left edge."""
    image = Image.new("RGB", (60, 40), "red")
    image.paste("blue", (0, 0, 10, 40))
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    target = BytesIO()
    image.save(target, kind, exif=exif, quality=95)
    return target.getvalue()


def png_of(width: int, height: int) -> bytes:
    """Return the beginning of a PNG that claims a size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))))
    )


def is_blue(image: Image.Image, x: int, y: int) -> bool:
    red, _, blue = image.getpixel((x, y))  # type: ignore[misc]
    return bool(blue > red)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_every_format_is_decoded(kind: str) -> None:
    image = decode_upright(encoded(kind))
    assert (image.mode, image.size) == ("RGB", (60, 40))
    assert is_blue(image, 2, 20)
    assert not is_blue(image, 50, 20)


def test_an_image_is_turned_upright_and_fits() -> None:
    image = decode_upright(encoded(orientation=6), fit=30)
    assert image.size == (20, 30)
    assert is_blue(image, 10, 2)  # the left edge is the top
    again = Image.open(BytesIO(encode_jpeg(image, quality=80)))
    assert not again.getexif()


def test_a_truncated_image_is_shown_as_far_as_it_goes() -> None:
    noise = Image.effect_noise((640, 480), 60)
    target = BytesIO()
    noise.save(target, "JPEG")
    content = target.getvalue()
    assert decode_upright(content[: len(content) // 2]).size == (640, 480)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"", "image_invalid", id="nothing"),
        pytest.param(b"GIF89a" + bytes(100), "image_invalid", id="another format"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image_invalid", id="svg"),
        pytest.param(encoded()[:20], "image_invalid", id="only a header"),
        pytest.param(encoded("PNG")[:60], "image_invalid", id="half a PNG"),
        pytest.param(png_of(9_000, 9_000), "image_too_large", id="bomb"),
        pytest.param(png_of(60_000, 60_000), "image_too_large", id="large bomb"),
        pytest.param(
            encoded()[:-2] + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" * 200,
            "image_too_large",
            id="scans",
        ),
    ],
)
def test_what_is_no_image_or_too_large_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(ImageUnreadableError) as caught:
        decode_upright(content)
    assert caught.value.code == code
