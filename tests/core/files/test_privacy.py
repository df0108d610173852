"""Privacy masks blacken what they cover, and nothing is read while they are unknown."""

from io import BytesIO
import sys
from typing import Any

from PIL import Image
import pytest

# isort: split
from hsi_core.domain.errors import (
    ImageUnreadableError,
    MasksUnavailableError,
    StoreError,
    StoreUnreachableError,
)
from hsi_core.files.privacy import PrivacyMasks, apply_masks

_ORIENTATION = 0x0112
LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


def white(*, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    target = BytesIO()
    Image.new("RGB", (80, 40), "white").save(target, "JPEG", exif=exif)
    return target.getvalue()


def brightness(content: bytes, x: float, y: float) -> int:
    with Image.open(BytesIO(content)) as image:
        assert not image.getexif()
        level = image.convert("L").getpixel((int(x * image.width), int(y * image.height)))
    assert isinstance(level, int)
    return level


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_mask_covers_its_part_of_the_upright_image(orientation: int) -> None:
    masked = apply_masks(white(orientation=orientation), [LEFT])
    assert brightness(masked, 0.1, 0.5) < 10
    assert brightness(masked, 0.4, 0.9) < 10
    assert brightness(masked, 0.9, 0.5) > 245


def test_what_cannot_be_decoded_is_not_passed_on() -> None:
    with pytest.raises(ImageUnreadableError):
        apply_masks(b"\xff\xd8 secret", [LEFT])


def test_a_worker_without_pillow_reads_no_masked_image(monkeypatch: pytest.MonkeyPatch) -> None:
    content = white()
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MasksUnavailableError, match="pillow"):
        apply_masks(content, [LEFT])


class Database:
    """Answers with its masks, or fails."""

    def __init__(self) -> None:
        self.masks: dict[str, Any] | StoreError = {"front": (LEFT,)}
        self.asked = 0

    async def run_statement(self, work: object) -> dict[str, Any]:
        self.asked += 1
        if isinstance(self.masks, StoreError):
            raise self.masks
        return self.masks


async def test_masks_are_read_again_after_ten_seconds() -> None:
    database, now = Database(), [100.0]
    masks = PrivacyMasks(database, clock=lambda: now[0])  # type: ignore[arg-type]
    assert await masks.of("front") == (LEFT,)
    assert await masks.of("yard") == ()
    assert database.asked == 1
    database.masks = {}
    now[0] += 11
    assert await masks.of("front") == ()
    database.masks = StoreUnreachableError("away")
    now[0] += 11
    with pytest.raises(StoreError):
        await masks.of("front")
