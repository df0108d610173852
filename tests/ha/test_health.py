"""Outages of server, database and folders are shown, and so is their recovery."""

import asyncio
from pathlib import Path
import shutil
from typing import Any

from homeassistant.const import EVENT_STATE_CHANGED, EVENT_STATE_REPORTED, MATCH_ALL
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_security_intelligence.binary_sensor import HUB_BINARY_SENSORS
from custom_components.home_security_intelligence.const import DOMAIN
from custom_components.home_security_intelligence.core.domain.updates import Health
from custom_components.home_security_intelligence.markdown import escape_markdown
from testbed.fake_inference_server import FakeInferenceServer, problem
from testbed.inference_responses import GPU
from testbed.services.postgres import Postgres
from tests.ha.helpers import state_is, state_of, state_when, upload

HUB = "home_security_intelligence"


async def test_models_and_connections_are_shown(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    await state_is(hass, f"binary_sensor.{HUB}_inference_server", "on")
    await state_is(hass, f"binary_sensor.{HUB}_database", "on")
    await state_is(hass, f"sensor.{HUB}_detector_model", "rtdetr_v2_r18vd")
    await state_is(hass, f"sensor.{HUB}_llm_model", "nemotron-3-nano:4b")
    await state_is(hass, f"binary_sensor.{HUB}_test_detector", "off")
    await state_is(hass, f"sensor.{HUB}_queue", "0")
    await state_is(hass, f"sensor.{HUB}_dead_letters", "0")


async def test_a_test_detector_is_a_problem(
    hass: HomeAssistant, server: FakeInferenceServer, entry: MockConfigEntry
) -> None:
    server.test_model = True
    assert await hass.config_entries.async_setup(entry.entry_id)
    await state_is(hass, f"binary_sensor.{HUB}_test_detector", "on")
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_detector_that_does_not_work_is_no_connection(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
) -> None:
    connection = f"binary_sensor.{HUB}_inference_server"
    await state_is(hass, connection, "on")
    assert state_of(hass, "binary_sensor.yard_person").state == "off"

    server.detector = {"state": "failed", "error": "The weights are missing."}
    await loaded.runtime_data.pipeline.refresh_health()
    shown = await state_is(hass, connection, "off")
    assert shown.attributes["detector"] == "failed"
    assert shown.attributes["detector_error"] == "The weights are missing."
    issue = issue_registry.async_get_issue(DOMAIN, "detector_failed_01JENTRY")
    assert issue is not None
    assert issue.severity is ir.IssueSeverity.ERROR
    assert "The weights are missing." in str(issue.translation_placeholders)
    # Nothing looks at images, so that it is not known that no one is there.
    await state_is(hass, "binary_sensor.yard_person", "unavailable")
    assert state_of(hass, "sensor.yard_risk_level").state == "low"

    server.detector = {"state": "loading"}
    await loaded.runtime_data.pipeline.refresh_health()
    assert issue_registry.async_get_issue(DOMAIN, "detector_failed_01JENTRY") is None
    assert state_of(hass, connection).state == "off"

    server.detector = {}
    await loaded.runtime_data.pipeline.refresh_health()
    await state_is(hass, connection, "on")
    await state_is(hass, "binary_sensor.yard_person", "off")


async def test_attributes_of_the_connection_are_not_recorded(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    shown = await state_is(hass, f"binary_sensor.{HUB}_inference_server", "on")
    assert shown.attributes["detect_breaker"] == "closed"
    assert shown.state_info is not None
    assert shown.state_info["unrecorded_attributes"] == frozenset({MATCH_ALL})


async def test_a_paused_stage_is_shown(
    hass: HomeAssistant, server: FakeInferenceServer, loaded: MockConfigEntry, camera_root: Path
) -> None:
    paused = f"binary_sensor.{HUB}_detection_paused"
    await state_is(hass, f"binary_sensor.{HUB}_inference_server", "on")
    assert state_of(hass, paused).state == "off"
    assert state_of(hass, f"binary_sensor.{HUB}_queue_full").state == "off"

    server.detect_fault = problem(503, "detector_unavailable")
    for number in range(6):
        upload(camera_root, f"yard/{number}.jpg")
    await state_is(hass, paused, "on")
    assert state_of(hass, f"binary_sensor.{HUB}_assessment_paused").state == "off"


def test_a_full_queue_is_shown() -> None:
    (queue_full,) = (each for each in HUB_BINARY_SENSORS if each.key == "queue_full")
    assert queue_full.is_on_fn(Health(queue_full=True)) is True
    assert queue_full.is_on_fn(Health()) is False


async def test_an_update_of_one_camera_writes_no_other_entity(
    hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path
) -> None:
    await state_is(hass, f"binary_sensor.{HUB}_inference_server", "on")
    ids: set[str] = set()

    @callback
    def note(event: Event[Any]) -> None:
        ids.add(event.data["entity_id"])

    @callback
    def every(data: object) -> bool:
        return True

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    hass.bus.async_listen(EVENT_STATE_REPORTED, note, event_filter=every)
    upload(camera_root, "front_door/one.jpg")
    await state_is(hass, "binary_sensor.front_door_person", "on")
    await state_when(hass, "event.front_door_activity", lambda state: state.state != "unknown")
    assert "camera.front_door" in ids
    assert not [entity_id for entity_id in ids if "yard" in entity_id]


async def test_images_above_the_servers_limit_are_a_repair_and_wait(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    loaded: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
    camera_root: Path,
) -> None:
    server.detect_faults.append(problem(413, "body_too_large", retryable=False))
    shown = asyncio.Event()

    @callback
    def note(_: object) -> None:
        if issue_registry.async_get_issue(DOMAIN, "server_limit_01JENTRY"):
            shown.set()

    hass.bus.async_listen(ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED, note)
    upload(camera_root, "front_door/large.jpg")
    async with asyncio.timeout(60):
        await shown.wait()
    issue = issue_registry.async_get_issue(DOMAIN, "server_limit_01JENTRY")
    assert issue is not None
    limits = (issue.translation_placeholders or {})["limits"]
    assert escape_markdown("The server reports body_too_large.") in limits
    assert state_of(hass, f"sensor.{HUB}_dead_letters").state == "0"


@pytest.mark.parametrize(
    ("labels", "is_issue"),
    [
        (["LABEL_0", "LABEL_1"], True),
        (["helmet", "head"], True),
        (["helmet", "person"], False),
    ],
)
async def test_a_detector_that_knows_no_watched_label_is_a_repair(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    entry: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
    labels: list[str],
    is_issue: bool,
) -> None:
    server.detector = {"labels": labels}
    assert await hass.config_entries.async_setup(entry.entry_id)
    await state_is(hass, f"binary_sensor.{HUB}_inference_server", "on")
    issue = issue_registry.async_get_issue(DOMAIN, "detector_labels_01JENTRY")
    assert (issue is not None) is is_issue
    if issue is not None:
        assert issue.severity is ir.IssueSeverity.ERROR
        shown = (issue.translation_placeholders or {})["labels"]
        assert escape_markdown(", ".join(labels)) in shown
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_an_unused_gpu_is_a_repair(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    entry: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
) -> None:
    fallback = "This machine has an NVIDIA GPU, but this build of torch knows no CUDA."
    server.detector = {"fallback": fallback}
    assert await hass.config_entries.async_setup(entry.entry_id)
    await state_is(hass, f"binary_sensor.{HUB}_inference_server", "on")
    issue = issue_registry.async_get_issue(DOMAIN, "detector_fallback_01JENTRY")
    assert issue is not None
    assert issue.severity is ir.IssueSeverity.WARNING
    assert (issue.translation_placeholders or {})["fallback"] == fallback
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert issue_registry.async_get_issue(DOMAIN, "detector_fallback_01JENTRY") is None


async def test_gpu_sensors_exist_if_the_server_has_a_gpu(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    server.gpu = {**GPU, "power_w": None, "power_limit_w": None}
    assert await hass.config_entries.async_setup(entry.entry_id)
    memory = await state_is(hass, f"sensor.{HUB}_gpu_memory", "6.0")
    assert memory.attributes["unit_of_measurement"] == "GiB"
    await state_is(hass, f"sensor.{HUB}_gpu_temperature", "55")
    noisy = entity_registry.async_get(f"sensor.{HUB}_gpu_utilization")
    assert noisy is not None
    assert noisy.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    # What its driver does not tell is no entity.
    assert entity_registry.async_get(f"sensor.{HUB}_gpu_power") is None
    server.gpu = None
    await entry.runtime_data.pipeline.refresh_health()
    await state_is(hass, f"sensor.{HUB}_gpu_memory", "unavailable")
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_there_are_no_gpu_sensors_without_a_gpu(
    hass: HomeAssistant, loaded: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    await state_is(hass, f"sensor.{HUB}_detector_model", "rtdetr_v2_r18vd")
    assert not [entity for entity in entity_registry.entities if "_gpu_" in entity]


async def test_images_wait_while_the_server_is_unavailable(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    entry: MockConfigEntry,
    camera_root: Path,
    device_registry: dr.DeviceRegistry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await server.stop()
    assert await hass.config_entries.async_setup(entry.entry_id)
    upload(camera_root, "front_door/one.jpg")
    await state_is(hass, f"binary_sensor.{HUB}_inference_server", "off")
    await state_is(hass, f"sensor.{HUB}_queue", "1")
    assert state_of(hass, f"sensor.{HUB}_detector_model").state == "unavailable"
    assert state_of(hass, "camera.front_door").state == "idle"

    await server.start()
    await state_is(hass, f"binary_sensor.{HUB}_inference_server", "on")
    await state_is(hass, "sensor.front_door_risk_level", "high")
    await state_is(hass, f"sensor.{HUB}_dead_letters", "0")
    hub = device_registry.async_get_device_by_identifier((DOMAIN, "01JENTRY"), "01JENTRY")
    assert hub is not None
    assert hub.sw_version == "0.1.0"
    assert caplog.text.count(f"Inference server {server.url} is unavailable") == 1
    assert caplog.text.count(f"Inference server {server.url} is available again") == 1
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_database_outage_is_shown(
    hass: HomeAssistant,
    postgres: Postgres,
    loaded: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await state_is(hass, f"sensor.{HUB}_queue", "0")
    name = loaded.data["database"]
    postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    postgres.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )
    await state_is(hass, f"binary_sensor.{HUB}_database", "off")
    await state_is(hass, f"sensor.{HUB}_queue", "unavailable")
    assert state_of(hass, "camera.front_door").state == "idle"
    assert "Database is unavailable" in caplog.text
    caplog.clear()  # a session that was not terminated yet may have answered once more

    await async_setup_component(hass, "homeassistant", {})
    await hass.services.async_call(
        "homeassistant", "update_entity", {"entity_id": "camera.front_door"}, blocking=True
    )
    await state_is(hass, "camera.front_door", "unavailable")

    postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    await state_is(hass, f"binary_sensor.{HUB}_database", "on")
    await state_is(hass, f"sensor.{HUB}_queue", "0")
    await state_is(hass, "camera.front_door", "idle")
    assert "Database is unavailable" not in caplog.text
    assert caplog.text.count("Database is available again") == 1


async def test_states_stay_during_a_database_outage(
    hass: HomeAssistant, postgres: Postgres, loaded: MockConfigEntry, camera_root: Path
) -> None:
    upload(camera_root, "front_door/one.jpg")
    await state_is(hass, "sensor.front_door_risk_level", "high")
    shown = {
        "sensor.front_door_risk_level": "high",
        "sensor.front_door_risk_score": state_of(hass, "sensor.front_door_risk_score").state,
        "camera.front_door": "idle",
    }
    name = loaded.data["database"]
    postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    postgres.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )
    await state_is(hass, f"binary_sensor.{HUB}_database", "off")
    upload(camera_root, "yard/two.jpg")
    assert {entity_id: state_of(hass, entity_id).state for entity_id in shown} == shown

    postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    # Nobody restarts anything.
    await state_is(hass, "sensor.yard_risk_level", "high")
    assert {entity_id: state_of(hass, entity_id).state for entity_id in shown} == shown


async def test_a_camera_without_folder_is_unavailable(
    hass: HomeAssistant, loaded: MockConfigEntry, camera_root: Path
) -> None:
    assert state_of(hass, "binary_sensor.yard_upload_folder").state == "off"
    shutil.rmtree(camera_root / "yard")

    await state_is(hass, "binary_sensor.yard_upload_folder", "on")
    for entity_id in (
        "camera.yard",
        "image.yard_last_event",
        "event.yard_activity",
        "sensor.yard_risk_score",
        "binary_sensor.yard_person",
    ):
        await state_is(hass, entity_id, "unavailable")
    assert state_of(hass, "camera.front_door").state == "idle"

    (camera_root / "yard").mkdir()
    await state_is(hass, "binary_sensor.yard_upload_folder", "off")
    await state_is(hass, "camera.yard", "idle")
    upload(camera_root, "yard/one.jpg")
    await state_when(hass, "sensor.yard_last_activity", lambda state: state.state != "unknown")
