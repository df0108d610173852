"""Write snapshots of a Home Assistant camera into a camera's folder, as an upload does."""

import asyncio
from pathlib import Path
from typing import Final
from uuid import uuid4

from homeassistant.components.camera import async_get_image
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .camera_folders import FolderError, async_call
from .const import CONF_CAMERA_ROOT, DOMAIN
from .coordinator import HsiConfigEntry

_SUFFIXES: Final = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}
_TIMEOUT: Final = 10  # seconds for one snapshot


async def async_capture(
    hass: HomeAssistant,
    entry: HsiConfigEntry,
    *,
    folder: str,
    entity_id: str,
    count: int,
    interval: float,
) -> list[str]:
    """Write snapshots and return their paths below the camera root.

    A snapshot is written under a hidden name and then renamed, so that it is complete when it is
    found. `interval` is in seconds. Raises HomeAssistantError.
    """
    root = Path(entry.data[CONF_CAMERA_ROOT])
    paths: list[str] = []
    for number in range(count):
        if number:
            await asyncio.sleep(interval)
        image = await async_get_image(hass, entity_id, timeout=_TIMEOUT)
        suffix = _SUFFIXES.get(image.content_type)
        if suffix is None:
            raise _failure(f"{entity_id} returned {image.content_type}")
        # Local time, as cameras name their files.
        name = f"capture_{dt_util.now():%Y%m%d_%H%M%S}_{uuid4().hex[:6]}{suffix}"
        try:
            await async_call(hass, root, _write, root / folder, name, image.content)
        except FolderError as err:
            raise _failure(f"{folder} does not respond") from err
        except OSError as err:
            raise _failure(err.strerror or str(err)) from err
        paths.append(f"{folder}/{name}")
    return paths


def _write(folder: Path, name: str, content: bytes) -> None:
    aside = folder / f".{name}.part"
    try:
        aside.write_bytes(content)
        aside.rename(folder / name)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def _failure(reason: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="capture_failed",
        translation_placeholders={"error": reason},
    )
