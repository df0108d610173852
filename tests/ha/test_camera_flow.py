"""Cameras are added, renamed and removed at runtime."""

from pathlib import Path
import shutil

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_security_intelligence.bridge import camera_of
from custom_components.home_security_intelligence.core.domain.models import Camera
from custom_components.home_security_intelligence.core.domain.placement import Placement
from tests.ha.helpers import change_camera, suggested


async def start(hass: HomeAssistant, entry: MockConfigEntry) -> SubentryFlowResult:
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, "camera"), context={"source": SOURCE_USER}
    )


async def test_a_camera_is_added(
    hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path
) -> None:
    (camera_root / "side-gate").mkdir()
    result = await start(hass, loaded)
    assert result["step_id"] == "user"
    schema = result["data_schema"]
    assert schema is not None
    (selector,) = schema.schema.values()
    assert selector.config["options"] == ["side-gate"]

    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], {"folder": "side-gate"}
    )
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert hass.states.get("camera.side_gate") is not None
    assert loaded.state is ConfigEntryState.LOADED


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("yard", "folder_taken"),
        ("yard/2026", "folder_taken"),
        ("missing", "folder_missing"),
        ("notes.txt", "folder_missing"),
        ("../cameras", "folder_outside"),
        ("../..", "folder_outside"),
        ("/", "folder_outside"),
        (".", "folder_outside"),
    ],
)
async def test_an_unsuitable_folder_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, camera_root: Path, typed: str, reason: str
) -> None:
    (camera_root / "yard" / "2026").mkdir()
    (camera_root / "garden" / "pond").mkdir(parents=True)
    result = await start(hass, entry)
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], {"folder": typed}
    )
    assert result["errors"] == {"folder": reason}
    assert suggested(result, "folder") == typed

    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], {"folder": " garden//pond/ "}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Garden pond"
    assert result["data"] == {"folder": "garden/pond", "name": "Garden pond"}
    assert result["unique_id"] == "garden/pond"


async def test_no_camera_is_added_without_the_camera_root(
    hass: HomeAssistant, entry: MockConfigEntry, camera_root: Path
) -> None:
    shutil.rmtree(camera_root)
    result = await start(hass, entry)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "folder_missing"


async def test_a_camera_is_renamed(
    hass: HomeAssistant, loaded: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    form = await loaded.start_subentry_reconfigure_flow(hass, "01JYARD")
    assert form["step_id"] == "reconfigure"
    result = await hass.config_entries.subentries.async_configure(
        form["flow_id"], {"name": "Back yard"}
    )
    await hass.async_block_till_done()
    assert result["reason"] == "reconfigure_successful"
    assert loaded.subentries["01JYARD"].title == "Back yard"
    assert loaded.subentries["01JYARD"].data["folder"] == "yard"
    assert loaded.subentries["01JYARD"].data["name"] == "Back yard"
    names = {
        device.name
        for device in dr.async_entries_for_config_entry(device_registry, loaded.entry_id)
    }
    assert names == {"Home Security Intelligence", "Front door", "Back yard"}


async def test_a_camera_has_options_of_its_own(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    answers = {
        "watched_labels": ["Person", "garden gnome"],
        "presence_hold": 90,
        "neighbours": ["front_door"],
        "alert_cooldown": {"low": 3600, "high": 60},
    }
    result = await change_camera(hass, loaded, "01JYARD", zones=[], **answers)
    assert result["reason"] == "reconfigure_successful"
    assert camera_of(loaded.subentries["01JYARD"]) == Camera(
        folder="yard",
        name="Yard",
        watched_labels=frozenset({"person", "garden gnome"}),
        presence_hold=90,
        neighbours=frozenset({"front_door"}),
    )
    form = await loaded.start_subentry_reconfigure_flow(hass, "01JYARD")
    assert suggested(form, "presence_hold") == 90
    assert suggested(form, "high", section="alert_cooldown") == 60

    # What is emptied follows the options of all cameras again.
    await change_camera(hass, loaded, "01JYARD")
    assert camera_of(loaded.subentries["01JYARD"]) == Camera(folder="yard", name="Yard")


async def test_an_invalid_label_is_refused(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    result = await change_camera(hass, loaded, "01JYARD", watched_labels=["person", "<b>"])
    assert result["errors"] == {"watched_labels": "label_invalid"}
    assert suggested(result, "watched_labels") == ["person", "<b>"]


async def test_a_removed_camera_leaves_no_entities(
    hass: HomeAssistant, loaded: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    hass.config_entries.async_remove_subentry(loaded, "01JYARD")
    await hass.async_block_till_done()
    assert hass.states.get("camera.yard") is None
    assert hass.states.get("camera.front_door") is not None
    devices = dr.async_entries_for_config_entry(device_registry, loaded.entry_id)
    assert {device.name for device in devices} == {"Home Security Intelligence", "Front door"}


async def test_entities_in_the_cameras_area_and_a_placement_are_suggested(
    hass: HomeAssistant, loaded: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    """What is saved once is suggested no more, so that an emptied field stays empty."""
    entities = er.async_get(hass)
    [yard] = [
        device
        for device in dr.async_entries_for_config_entry(device_registry, loaded.entry_id)
        if device.name == "Yard"
    ]
    form = await loaded.start_subentry_reconfigure_flow(hass, "01JYARD")
    assert suggested(form, "entities") == []
    assert suggested(form, "placement") == "outdoors_private"

    area = ar.async_get(hass).async_create("Garden").id
    device_registry.async_update_device(yard.id, area_id=area)
    for domain, name, attributes in (
        ("lock", "back", {}),
        ("binary_sensor", "back_door", {"device_class": "door"}),
        ("binary_sensor", "battery", {"device_class": "battery"}),
        ("light", "path", {}),
        ("sensor", "soil", {}),
        ("button", "restart", {}),
        ("lock", "elsewhere", {}),
    ):
        made = entities.async_get_or_create(
            domain, "test", name, suggested_object_id=name, original_name=name
        )
        if name != "elsewhere":
            entities.async_update_entity(made.entity_id, area_id=area)
        hass.states.async_set(made.entity_id, "off" if domain != "lock" else "locked", attributes)
    device = device_registry.async_get_or_create(
        config_entry_id=loaded.entry_id, identifiers={("test", "gate")}
    )
    device_registry.async_update_device(device.id, area_id=area)
    gate = entities.async_get_or_create(
        "cover", "test", "gate", device_id=device.id, original_name="gate"
    )
    other = entities.async_get_or_create(
        "cover", "test", "other", device_id=device.id, original_name="other"
    )
    entities.async_update_entity(other.entity_id, area_id=ar.async_get(hass).async_create("X").id)
    for cover in (gate, other):
        hass.states.async_set(cover.entity_id, "closed", {"device_class": "gate"})

    form = await loaded.start_subentry_reconfigure_flow(hass, "01JYARD")
    assert suggested(form, "entities") == [
        "binary_sensor.back_door",
        gate.entity_id,
        "lock.back",
    ]
    await change_camera(hass, loaded, "01JYARD", placement="garage")
    assert camera_of(loaded.subentries["01JYARD"]).placement is Placement.GARAGE
    form = await loaded.start_subentry_reconfigure_flow(hass, "01JYARD")
    assert (suggested(form, "entities"), suggested(form, "placement")) == ([], "garage")
