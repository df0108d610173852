"""Diagnostics contain settings and health, but no secrets or addresses."""

import json

from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import ExtendedJSONEncoder
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_security_intelligence.diagnostics import (
    async_get_config_entry_diagnostics,
)
from testbed.fake_inference_server import FakeInferenceServer
from tests.ha.conftest import PASSWORD
from tests.ha.helpers import STANDARD, choose_options, state_is


async def test_settings_and_health_are_included_without_secrets(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry
) -> None:
    await state_is(hass, "binary_sensor.home_security_intelligence_inference_server", "on")
    report = await async_get_config_entry_diagnostics(hass, loaded)

    assert report["health"]["server_reachable"] is True
    assert report["health"]["server"]["detector"]["model"] == "rtdetr_v2_r18vd"
    assert report["health"]["camera_errors"] == {}
    [told] = report["health"]["servers"]
    assert told["url"] == "**REDACTED**"
    assert told["breakers"]["detect"] == {"open_until": None, "reason": None}
    assert report["queue"]["dead"] == {} or set(report["queue"]["dead"].values()) == {0}
    assert report["settings"]["event_window"] == 90
    assert [camera["folder"] for camera in report["cameras"]] == ["front_door", "yard"]
    text = json.dumps(report, default=str)
    for secret in (server.token, PASSWORD, server.url, "127.0.0.1"):
        assert secret not in text


async def test_names_of_people_are_redacted(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    home = {"residents": ["person.ann"], "visitors": ["calendar.grandma"]}
    await choose_options(hass, loaded, STANDARD | {"home": home})
    text = json.dumps(await async_get_config_entry_diagnostics(hass, loaded), default=str)
    assert "person.ann" not in text
    assert "grandma" not in text


async def test_the_report_is_plain_json(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    report = await async_get_config_entry_diagnostics(hass, loaded)
    text = json.dumps(report, cls=ExtendedJSONEncoder)
    assert "__type" not in text
    assert "person" in json.loads(text)["settings"]["watched_labels"]
    assert json.loads(text)["health"]["stages_paused"] == []


async def test_addresses_in_server_messages_are_redacted(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry
) -> None:
    server.assessor = {
        "state": "failed",
        "problem": "assessor_unavailable",
        "error": "Ollama cannot be reached at http://ollama.home.arpa:11434: is it running there?",
    }
    await loaded.runtime_data.pipeline.refresh_health()
    await hass.async_block_till_done()
    report = await async_get_config_entry_diagnostics(hass, loaded)

    text = json.dumps(report, default=str)
    assert "is it running there?" in text
    assert "ollama.home.arpa" not in text
