"""Zones are entered, checked, shown and used."""

from pathlib import Path
from xml.etree import ElementTree as ET

from homeassistant.components.image import async_get_image
from homeassistant.config_entries import SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import InvalidData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from testbed.fake_inference_server import FakeInferenceServer
from tests.ha.helpers import state_of, state_when, suggested, upload

PORCH = {"name": "Porch", "kind": "driveway", "corners": "0 0.2, 1 1"}
POND = {"name": 'Koi & "friends" <1>', "kind": "restricted", "corners": "0 0, 0.1 0, 0 0.1"}
IMAGE = "image.front_door_zones"


async def mark(
    hass: HomeAssistant, entry: MockConfigEntry, zones: list[dict[str, str]] | None
) -> SubentryFlowResult:
    """Fill in the form of the front door's camera."""
    form = await entry.start_subentry_reconfigure_flow(hass, "01JFRONT_DOOR")
    answers = {"name": "Front door"} | ({} if zones is None else {"zones": zones})
    result = await hass.config_entries.subentries.async_configure(form["flow_id"], answers)
    await hass.async_block_till_done()
    return result


async def test_zones_are_used_and_shown_again(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    assert (await mark(hass, loaded, [PORCH, POND]))["reason"] == "reconfigure_successful"
    form = await loaded.start_subentry_reconfigure_flow(hass, "01JFRONT_DOOR")
    assert suggested(form, "zones") == [PORCH, POND]

    upload(camera_root, "front_door/one.jpg")
    upload(camera_root, "yard/one.jpg")
    for camera in ("front_door", "yard"):
        await state_when(
            hass, f"event.{camera}_activity", lambda s: s.attributes["event_type"] == "explained"
        )
    zones = {facts["camera"]: facts["objects"][0]["zones"] for facts in server.assessed}
    assert zones == {"Front door": ["driveway"], "Yard": ["entry_point"]}

    await mark(hass, loaded, None)
    assert loaded.subentries["01JFRONT_DOOR"].data["zones"] == []


async def test_zones_are_rendered_over_the_image(
    hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path
) -> None:
    assert state_of(hass, IMAGE).state == "unknown"
    await mark(hass, loaded, [PORCH, POND])
    upload(camera_root, "front_door/one.jpg")
    await state_when(hass, IMAGE, lambda state: state.state != "unknown")

    picture = await async_get_image(hass, IMAGE)

    assert picture.content_type == "image/svg+xml"
    drawing = ET.fromstring(picture.content)
    svg = "{http://www.w3.org/2000/svg}"
    [photo] = drawing.findall(f"{svg}image")
    assert photo.get("href", "").startswith("data:image/jpeg;base64,/9j/")
    assert [p.get("points") for p in drawing.findall(f"{svg}polygon")] == [
        "0,150 1000,150 1000,750 0,750",
        "0,0 100,0 0,75",
    ]
    texts = [text.text for text in drawing.findall(f"{svg}text")]
    assert texts[:2] == [PORCH["name"], POND["name"]]
    assert texts.count("0.5") == 2  # the grid, across and down


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"corners": "10 20, 100 100"}, "outside_picture"),
        ({"corners": "0.1"}, "not_a_corner"),
        ({"corners": "0 0, 1 1, 1 0, 0 1"}, "lines_cross"),
        ({"name": " "}, "zone_unnamed"),
        ({"name": "x" * 61}, "zone_name_too_long"),
    ],
)
async def test_an_invalid_zone_is_refused_by_name(
    hass: HomeAssistant, loaded: MockConfigEntry, changed: dict[str, str], reason: str
) -> None:
    result = await mark(hass, loaded, [POND, PORCH | changed])
    assert result["errors"] == {"zones": reason}
    placeholders = result["description_placeholders"] or {}
    assert placeholders["zone"] == (PORCH | changed)["name"].strip()[:60]
    assert suggested(result, "zones") == [POND, PORCH | changed]  # nothing typed is lost

    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], {"name": "Front door", "zones": [POND, PORCH]}
    )
    await hass.async_block_till_done()
    assert result["reason"] == "reconfigure_successful"


async def test_too_many_zones_are_refused(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    assert (await mark(hass, loaded, [PORCH] * 21))["errors"] == {"zones": "too_many_zones"}


@pytest.mark.parametrize("broken", [{"kind": "moat"}, {"colour": "red"}])
async def test_the_form_refuses_unknown_fields(
    hass: HomeAssistant, loaded: MockConfigEntry, broken: dict[str, str]
) -> None:
    with pytest.raises(InvalidData):
        await mark(hass, loaded, [PORCH | broken])
