"""Server, database and camera root can be changed."""

from pathlib import Path

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from testbed.fake_inference_server import FakeInferenceServer, problem
from tests.ha.helpers import state_is, suggested, upload

QUEUE = "sensor.home_security_intelligence_queue"


async def choose(hass: HomeAssistant, entry: MockConfigEntry, step: str) -> str:
    result = await entry.start_reconfigure_flow(hass)
    assert result["type"] is FlowResultType.MENU
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"next_step_id": step}
    )
    assert result["step_id"] == step
    for secret in ("token", "password"):
        assert suggested(result, secret) is None
    return result["flow_id"]


@pytest.mark.parametrize(
    ("step", "wrong", "errors", "right"),
    [
        ("reconfigure_server", {"url": "nowhere:x"}, {"url": "invalid_url"}, {"url": "{url}/"}),
        (
            "reconfigure_server",
            {"url": "{url}", "token": "wrong"},
            {"token": "unauthorized"},
            {"url": "{url}"},
        ),
        (
            "reconfigure_folder",
            {"camera_root": "{root}/missing"},
            {"camera_root": "folder_missing"},
            {"camera_root": "{other}"},
        ),
    ],
)
async def test_a_change_is_checked_and_takes_effect(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    camera_root: Path,
    tmp_path: Path,
    step: str,
    wrong: dict[str, str],
    errors: dict[str, str],
    right: dict[str, str],
) -> None:
    other = tmp_path / "other"
    for folder in ("front_door", "yard"):
        (other / folder).mkdir(parents=True)
    names = {"url": server.url, "root": camera_root, "other": other}
    wrong = {key: value.format(**names) for key, value in wrong.items()}
    right = {key: value.format(**names) for key, value in right.items()}
    flow = await choose(hass, loaded, step)

    result = await hass.config_entries.flow.async_configure(flow, wrong)
    assert result["errors"] == errors
    for name, value in wrong.items():
        assert suggested(result, name) == value

    before = dict(loaded.data)
    result = await hass.config_entries.flow.async_configure(flow, right)
    await hass.async_block_till_done()
    assert result["reason"] == "reconfigure_successful"
    assert dict(loaded.data) == before | right
    assert loaded.state is ConfigEntryState.LOADED


async def test_an_empty_password_keeps_the_stored_one(
    hass: HomeAssistant, loaded: MockConfigEntry, home_database: dict[str, str | int | bool]
) -> None:
    flow = await choose(hass, loaded, "reconfigure_database")
    answers = {key: value for key, value in home_database.items() if key != "password"}

    result = await hass.config_entries.flow.async_configure(flow, answers | {"port": 9})
    assert result["errors"] == {"host": "database_unreachable"}
    assert suggested(result, "port") == 9
    result = await hass.config_entries.flow.async_configure(flow, answers | {"host": "localhost"})
    await hass.async_block_till_done()
    assert result["reason"] == "reconfigure_successful"
    assert loaded.data["host"] == "localhost"
    assert loaded.data["password"] == home_database["password"]
    assert loaded.state is ConfigEntryState.LOADED


async def test_a_change_of_camera_root_warns_of_waiting_images(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    camera_root: Path,
    tmp_path: Path,
) -> None:
    server.detect_fault = problem(503, "detector_unavailable")
    other = tmp_path / "other"
    for folder in ("front_door", "yard"):
        (other / folder).mkdir(parents=True)
    for number in range(2):
        upload(camera_root, f"front_door/{number}.jpg")
    await state_is(hass, QUEUE, "2")

    flow = await choose(hass, loaded, "reconfigure_folder")
    change = {"camera_root": str(other)}
    result = await hass.config_entries.flow.async_configure(flow, change)
    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "reconfigure_waiting")
    assert result["description_placeholders"] == {"count": "2", "folder": str(camera_root)}
    result = await hass.config_entries.flow.async_configure(
        flow, {"next_step_id": "reconfigure_folder"}
    )
    assert suggested(result, "camera_root") == str(other)
    assert loaded.data["camera_root"] == str(camera_root)

    await hass.config_entries.flow.async_configure(flow, change)
    result = await hass.config_entries.flow.async_configure(
        flow, {"next_step_id": "reconfigure_folder_now"}
    )
    await hass.async_block_till_done()
    assert result["reason"] == "reconfigure_successful"
    assert loaded.data["camera_root"] == str(other)
    assert loaded.state is ConfigEntryState.LOADED
    await state_is(hass, QUEUE, "2")
