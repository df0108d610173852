"""Recorded images are browsed by camera, day and event, and found by words."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from homeassistant.components.media_player.browse_media import SearchMediaQuery
from homeassistant.components.media_source.error import MediaSourceError
from homeassistant.components.media_source.helper import (
    async_browse_media,
    async_resolve_media,
    async_search_media,
)
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_security_intelligence.const import DOMAIN
from tests.ha.helpers import state_when, upload

ROOT = f"media-source://{DOMAIN}"


@pytest.fixture
async def event_id(hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path) -> str:
    """Return the id of an event in the yard."""
    assert await async_setup_component(hass, "media_source", {})
    upload(camera_root, "yard/one.jpg")
    state = await state_when(
        hass, "event.yard_activity", lambda state: state.attributes.get("event_type") == "explained"
    )
    return str(state.attributes["event_id"])


async def test_an_image_is_found_by_camera_day_and_event(
    hass: HomeAssistant,
    event_id: str,
    camera_root: Path,
    hass_client_no_auth: Callable[[], Awaitable[Any]],
) -> None:
    cameras = await async_browse_media(hass, ROOT)
    assert [child.title for child in cameras.children or ()] == ["Front door", "Yard"]
    days = await async_browse_media(hass, f"{ROOT}/01JENTRY/yard")
    (day,) = days.children or ()
    assert day.title == dt_util.now().date().isoformat()
    events = await async_browse_media(hass, day.media_content_id)
    (event,) = events.children or ()
    assert event.media_content_id.endswith(event_id)
    images = await async_browse_media(hass, event.media_content_id)
    (image,) = images.children or ()
    assert image.can_play

    browser = await hass_client_no_auth()
    assert (await browser.get(image.thumbnail)).status == 200
    for playable in (image, event):
        media = await async_resolve_media(hass, playable.media_content_id, None)
        assert media.mime_type == "image/jpeg"
        content = await (await browser.get(media.url)).read()
        assert content == (camera_root / "yard/one.jpg").read_bytes()
    none = await async_browse_media(hass, f"{ROOT}/01JENTRY/front_door")
    assert not none.children


async def test_events_are_found_by_words(hass: HomeAssistant, event_id: str) -> None:
    for place, words, count in (
        ("", "person yard", 1),
        ("/01JENTRY", "pers", 1),
        ("/01JENTRY/front_door", "person", 0),
        ("/01JENTRY", "spaceship", 0),
    ):
        found = await async_search_media(
            hass, f"{ROOT}{place}", SearchMediaQuery(search_query=words)
        )
        assert len(found.result) == count, (place, words)


@pytest.mark.parametrize(
    "place",
    [
        "another",
        "01JENTRY/yard/yesterday",
        "01JENTRY/yard/2026-01-01/nonsense",
        "01JENTRY/yard/2026-01-01/6f3f9d6e-3c54-4f6c-8f0b-8f5f5d0f4a11",
        "01JENTRY/..%2F..%2Fetc/2026-01-01/6f3f9d6e-3c54-4f6c-8f0b-8f5f5d0f4a11/1",
        "01JENTRY/yard/2026-01-01/6f3f9d6e-3c54-4f6c-8f0b-8f5f5d0f4a11/1/2",
    ],
)
@pytest.mark.usefixtures("event_id")
async def test_an_unknown_place_is_an_error(hass: HomeAssistant, place: str) -> None:
    with pytest.raises(MediaSourceError):
        await async_resolve_media(hass, f"{ROOT}/{place}", None)
    if place.count("/") != 4:
        with pytest.raises(MediaSourceError):
            await async_browse_media(hass, f"{ROOT}/{place}")
