"""The integration's own dashboard in a real browser, without anything configured."""

from pathlib import Path
from typing import Any, cast

import pytest

from testbed.demo.entities import DOMAIN
from testbed.demo.image_tracker import ImageTracker
from testbed.drawing import scenes
from testbed.services.home_assistant_client import HomeAssistantClient
from testbed.services.screenshot import visit
from testbed.services.uploader import Uploader
from tests.e2e.parts import Installation, Site, final_states

URL_PATH = "own-dashboard"
CAMERA = "front_door"


async def install(client: HomeAssistantClient) -> None:
    """Add the dashboard as the dialog "Add dashboard" does."""
    async with client.socket() as socket:
        await socket.call(
            "lovelace/dashboards/create", url_path=URL_PATH, title="Security", mode="storage"
        )
        strategy = {"strategy": {"type": "custom:hsi"}}
        await socket.call("lovelace/config/save", url_path=URL_PATH, config=strategy)


async def test_the_dashboard_shows_cameras_takes_a_verdict_and_stores_zones(
    site: Site,
    installation: Installation,
    uploader: Uploader,
    tracker: ImageTracker,
    tmp_path: Path,
) -> None:
    client = site.home.client
    scene = scenes.draw(5, lighting="day", labels=("person",))
    uploader.by_rename(CAMERA, "for-the-own-dashboard.jpg", scenes.jpeg(scene))
    await final_states(tracker, f"{CAMERA}/for-the-own-dashboard.jpg")
    await install(client)
    async with visit(client.url, client.token, f"/{URL_PATH}/now") as seen:
        for text in ("All is working", "Front door", "Driveway"):
            await seen.wait_for_text(text)
        await seen.wait_until_drawn()
        await seen.save(tmp_path / "now.png")
    assert seen.complaints == []

    async with visit(client.url, client.token, f"/{URL_PATH}/timeline", width=390) as seen:
        await seen.page.get_by_role("listitem").first.get_by_role("button").click()
        await seen.page.get_by_role("dialog").get_by_role("img").wait_for()
        assert "?event=" in seen.page.url  # the link to this event
        await seen.page.get_by_role("button", name="False alarm").click()
        await seen.page.get_by_role("button", name="False alarm", pressed=True).wait_for()
        await seen.page.keyboard.press("Escape")
        await seen.wait_for_text("False alarm")
        assert "?event=" not in seen.page.url
    assert seen.complaints == []
    async with client.socket() as socket:
        found = await socket.call(f"{DOMAIN}/events", mark="false_alarm")
    assert len(cast("dict[str, list[object]]", found)["events"]) == 1

    async with visit(client.url, client.token, f"/{URL_PATH}/zones?camera={CAMERA}") as seen:
        await seen.wait_until_drawn()
        await seen.page.get_by_role("button", name="New zone").click()
        corner = seen.page.get_by_role("button", name="Corner 1:")
        await corner.hover()
        await seen.page.mouse.down()
        image = await seen.page.locator("hsi-zone-canvas").bounding_box()
        assert image is not None
        drawn = (0.1, 0.2)
        await seen.page.mouse.move(
            image["x"] + drawn[0] * image["width"], image["y"] + drawn[1] * image["height"], steps=5
        )
        await seen.page.mouse.up()
        async with client.until_reloaded(installation.entry_id):
            await seen.page.get_by_role("button", name="Save").click()
        await seen.wait_for_text("Saved.")
        await seen.save(tmp_path / "zones.png")
    assert seen.complaints == []
    async with client.socket() as socket:
        overview = await socket.call(f"{DOMAIN}/overview")
    cameras = cast("dict[str, list[dict[str, Any]]]", overview)["cameras"]
    (zone,) = next(camera["zones"] for camera in cameras if camera["folder"] == CAMERA)
    assert zone["polygon"][0] == pytest.approx(drawn, abs=0.01)
    assert zone["polygon"][2] == [0.65, 0.8]
