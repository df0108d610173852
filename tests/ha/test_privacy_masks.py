"""What a privacy mask covers leaves the home's storage nowhere."""

from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from homeassistant.components.camera import async_get_image as async_get_frame
from homeassistant.components.image import async_get_image
from homeassistant.core import HomeAssistant
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.home_security_intelligence.const import DOMAIN
from testbed.fake_inference_server import FakeInferenceServer
from tests.ha.helpers import change_camera, state_when, upload

LEFT = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]


def is_masked(content: bytes) -> bool:
    """Return whether the left half is black, and the right half is not."""
    with Image.open(BytesIO(content)) as image:
        grey = image.convert("L")
    left = grey.crop((0, 0, grey.width // 2 - 8, grey.height)).getextrema()
    right = grey.crop((grey.width // 2 + 8, 0, grey.width, grey.height)).getextrema()
    assert isinstance(left[1], float | int)
    assert isinstance(right[1], float | int)
    return left[1] < 30 < right[1]


async def test_a_mask_covers_every_way_out(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    camera_root: Path,
    hass_ws_client: WebSocketGenerator,
    hass_client_no_auth: Callable[[], Awaitable[Any]],
) -> None:
    upload(camera_root, "yard/before.jpg", age=100)
    alert = await state_when(hass, "event.yard_activity", lambda state: state.state != "unknown")
    before = alert.attributes["image_url"]
    client = await hass_ws_client()

    async def ask(command: str, **data: object) -> Any:
        await client.send_json_auto_id({"type": f"{DOMAIN}/{command}", **data})
        return (await client.receive_json())["result"]

    stored = await ask("zones/set", subentry_id="01JYARD", zones=[], privacy_masks=[LEFT])
    await hass.async_block_till_done()
    assert stored["privacy_masks"] == [LEFT]
    server.detected.clear()
    upload(camera_root, "yard/after.jpg")
    await state_when(
        hass,
        "event.yard_activity",
        lambda state: state.attributes.get("image_url", before) != before,
    )
    (sent,) = server.detected
    assert is_masked(sent)
    assert is_masked((await async_get_frame(hass, "camera.yard")).content)
    assert is_masked((await async_get_image(hass, "image.yard_last_event")).content)
    browser = await hass_client_no_auth()
    (event, *_) = (await ask("events", camera="yard"))["events"]
    for path in (event["image_url"], event["thumbnail_url"], before):
        assert is_masked(await (await browser.get(path)).read())
    assert event["image_url"] != before  # a browser's cache has it unmasked

    await change_camera(hass, loaded, "01JYARD", name="Yard")  # the form knows no masks
    assert (await ask("zones/get", subentry_id="01JYARD"))["privacy_masks"] == [LEFT]
    await ask("zones/set", subentry_id="01JYARD", zones=[], privacy_masks=[])
    await hass.async_block_till_done()
    assert (await ask("zones/get", subentry_id="01JYARD"))["privacy_masks"] == []


@pytest.mark.parametrize("mask", [[[0, 0], [1, 1]], [[0, 0], [1, 1], [1, 0], [0, 1]]])
async def test_an_invalid_mask_is_refused(
    loaded: MockConfigEntry, hass_ws_client: WebSocketGenerator, mask: list[list[float]]
) -> None:
    client = await hass_ws_client()
    await client.send_json_auto_id(
        {
            "type": f"{DOMAIN}/zones/set",
            "subentry_id": "01JYARD",
            "zones": [],
            "privacy_masks": [mask],
        }
    )
    assert not (await client.receive_json())["success"]
