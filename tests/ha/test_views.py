"""Images are served to whoever is signed in or has a signed path, and a missing one says why."""

from http import HTTPStatus
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from tests.ha.helpers import fired, upload

IMAGES = "/api/home_security_intelligence/01JENTRY/images"


@pytest.fixture
async def image(hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path) -> str:
    """Return the signed path of an event's image."""
    upload(camera_root, "front_door/one.jpg")
    return str((await fired(hass, "event.front_door_alert")).attributes["image_url"])


async def test_an_image_is_served_unchanged_and_cached(
    image: str, camera_root: Path, hass_client: ClientSessionGenerator
) -> None:
    response = await (await hass_client()).get(image.partition("?")[0])
    assert response.status == HTTPStatus.OK
    assert response.content_type == "image/jpeg"
    assert "immutable" in response.headers["Cache-Control"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert await response.read() == (camera_root / "front_door" / "one.jpg").read_bytes()


async def test_a_path_without_its_signature_is_refused(
    image: str, hass_client_no_auth: ClientSessionGenerator
) -> None:
    client = await hass_client_no_auth()
    path, _, signature = image.partition("?")
    for refused in (path, f"{path}?authSig=x", f"{IMAGES}/999?{signature}"):
        assert (await client.get(refused)).status == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize(
    "path",
    [
        f"{IMAGES}/999999",
        f"{IMAGES}/-1",
        f"{IMAGES}/{2**70}",
        "/api/home_security_intelligence/another/images/1",
    ],
)
async def test_an_unknown_image_is_not_found(
    loaded: MockConfigEntry, hass_client: ClientSessionGenerator, path: str
) -> None:
    assert (await (await hass_client()).get(path)).status == HTTPStatus.NOT_FOUND


async def test_a_deleted_file_is_gone(
    image: str, camera_root: Path, hass_client: ClientSessionGenerator
) -> None:
    (camera_root / "front_door" / "one.jpg").unlink()
    assert (await (await hass_client()).get(image)).status == HTTPStatus.GONE


async def test_nothing_is_served_while_the_entry_is_not_loaded(
    hass: HomeAssistant, loaded: MockConfigEntry, image: str, hass_client: ClientSessionGenerator
) -> None:
    client = await hass_client()
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert (await client.get(image)).status == HTTPStatus.SERVICE_UNAVAILABLE


@pytest.mark.usefixtures("lost_database")
async def test_nothing_is_served_without_the_database(
    hass_client: ClientSessionGenerator,
) -> None:
    response = await (await hass_client()).get(f"{IMAGES}/1")
    assert response.status == HTTPStatus.SERVICE_UNAVAILABLE
