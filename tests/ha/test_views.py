"""Images are served to whoever is signed in or has a signed path, and a missing one says why."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from io import BytesIO
from pathlib import Path

from aiohttp import ClientResponse
from homeassistant.core import HomeAssistant
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from testbed.fake_inference_server import FakeInferenceServer, problem
from testbed.services.postgres import Postgres
from tests.ha.helpers import fired, state_is, upload

IMAGES = "/api/home_security_intelligence/01JENTRY/images"


@pytest.fixture
async def image(hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path) -> str:
    """Return the signed path of an event's image."""
    upload(camera_root, "front_door/one.jpg")
    return str((await fired(hass, "event.front_door_alert")).attributes["image_url"])


@pytest.fixture
async def get(hass_client: ClientSessionGenerator) -> Callable[..., Awaitable[ClientResponse]]:
    """Return a function that requests a path as a signed-in person."""
    return (await hass_client()).get


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
    for refused in (
        path,
        f"{path}?authSig=x",
        f"{IMAGES}/999?{signature}",
        f"{path}?size=thumbnail&{signature}",
        f"{IMAGES}/./1/../{path.rpartition('/')[2]}0?{signature}",
    ):
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


@pytest.mark.parametrize("query", ["size=thumbnail", "draw=boxes", "crop=best"])
async def test_an_image_has_other_forms(
    image: str, get: Callable[..., Awaitable[ClientResponse]], query: str
) -> None:
    path = image.partition("?")[0]
    response = await get(f"{path}?{query}")
    assert response.status == HTTPStatus.OK
    assert response.content_type == "image/jpeg"
    etag = response.headers["ETag"]
    content = await response.read()
    with Image.open(BytesIO(content)) as shown:
        assert shown.format == "JPEG"
        # The file has 64 x 48 pixels; a crop shows the person and a margin.
        assert (shown.size == (64, 48)) is (query != "crop=best")
        assert shown.width > 8
    again = await get(f"{path}?{query}", headers={"If-None-Match": etag})
    assert again.status == HTTPStatus.NOT_MODIFIED
    assert (await get(path)).headers["ETag"] != etag


async def test_a_part_of_a_file_is_served(
    image: str, get: Callable[..., Awaitable[ClientResponse]], camera_root: Path
) -> None:
    path, content = image.partition("?")[0], (camera_root / "front_door/one.jpg").read_bytes()
    size = len(content)
    for asked, status, part in (
        ("bytes=0-9", HTTPStatus.PARTIAL_CONTENT, content[:10]),
        (f"bytes={size - 5}-", HTTPStatus.PARTIAL_CONTENT, content[-5:]),
        ("bytes=-7", HTTPStatus.PARTIAL_CONTENT, content[-7:]),
        (f"bytes=5-{size * 2}", HTTPStatus.PARTIAL_CONTENT, content[5:]),
        (f"bytes={size}-", HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, b""),
        ("bytes=9-1", HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, b""),
        ("potatoes=1-2", HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, b""),
    ):
        response = await get(path, headers={"Range": asked})
        assert (response.status, await response.read()) == (status, part), asked


@pytest.mark.parametrize(
    "query", ["size=huge", "draw=boxes&crop=best", "crop=", "size=thumbnail&size=thumbnail"]
)
async def test_an_unknown_form_is_refused(
    image: str, get: Callable[..., Awaitable[ClientResponse]], query: str
) -> None:
    path = image.partition("?")[0]
    status = (await get(f"{path}?{query}")).status
    repeated = query.count("size=thumbnail") == 2
    assert status == (HTTPStatus.OK if repeated else HTTPStatus.BAD_REQUEST)


async def test_a_missing_image_says_why(
    image: str, get: Callable[..., Awaitable[ClientResponse]], camera_root: Path
) -> None:
    unknown = await get(f"{IMAGES}/999999?size=thumbnail")
    assert unknown.status == HTTPStatus.NOT_FOUND
    assert "does not exist" in (await unknown.json())["message"]
    (camera_root / "front_door" / "one.jpg").unlink()
    gone = await get(f"{image.partition('?')[0]}?size=thumbnail")
    assert gone.status == HTTPStatus.GONE
    assert "deleted" in (await gone.json())["message"]


async def test_a_file_that_is_no_image_has_no_thumbnail(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    server: FakeInferenceServer,
    camera_root: Path,
    postgres: Postgres,
    get: Callable[..., Awaitable[ClientResponse]],
) -> None:
    server.detect_fault = problem(422, "invalid_image")
    target = camera_root / "yard" / "bad.jpg"
    target.write_bytes(b"<html>not an image</html>")
    await state_is(hass, "sensor.home_security_intelligence_dead_letters", "1")
    number = postgres.execute("SELECT max(id) FROM hsi.images", database=loaded.data["database"])
    response = await get(f"{IMAGES}/{number.strip()}?size=thumbnail")
    assert response.status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE
