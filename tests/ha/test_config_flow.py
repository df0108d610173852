"""The setup steps check their input, explain errors and lose nothing that was entered."""

import os
from pathlib import Path

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_security_intelligence.const import DOMAIN
from testbed.fake_inference_server import FakeInferenceServer, json_response
from testbed.services.postgres import Postgres
from tests.ha.helpers import suggested

type Answers = dict[str, str | int | bool]


async def start(hass: HomeAssistant) -> str:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    return result["flow_id"]


async def to_database(hass: HomeAssistant, server: FakeInferenceServer) -> str:
    flow = await start(hass)
    result = await hass.config_entries.flow.async_configure(
        flow, {"url": server.url, "token": server.token}
    )
    assert result["step_id"] == "database"
    return flow


async def to_folder(hass: HomeAssistant, server: FakeInferenceServer, database: Answers) -> str:
    flow = await to_database(hass, server)
    result = await hass.config_entries.flow.async_configure(flow, database)
    assert result["step_id"] == "folder"
    return flow


async def test_setup_creates_an_entry_with_cameras(
    hass: HomeAssistant, server: FakeInferenceServer, database: Answers, camera_root: Path
) -> None:
    (camera_root / os.fsdecode(b"no_\xff_text")).mkdir()
    flow = await to_folder(hass, server, database)
    result = await hass.config_entries.flow.async_configure(flow, {"camera_root": str(camera_root)})
    assert result["step_id"] == "cameras"
    schema = result["data_schema"]
    assert schema is not None
    (field,) = schema.schema
    assert field.default() == ["front_door", "yard"]

    result = await hass.config_entries.flow.async_configure(flow, {"cameras": []})
    assert result["errors"] == {"cameras": "no_camera"}
    result = await hass.config_entries.flow.async_configure(flow, {"cameras": ["front_door"]})
    await hass.async_block_till_done()

    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert entry.title == "Home Security Intelligence"
    assert entry.unique_id == server.instance_id
    assert entry.data == {
        "url": server.url,
        "token": server.token,
        **database,
        "camera_root": str(camera_root),
    }
    (camera,) = entry.subentries.values()
    assert (camera.subentry_type, camera.title, camera.unique_id) == (
        "camera",
        "Front door",
        "front_door",
    )
    assert camera.data == {"folder": "front_door", "name": "Front door"}
    assert entry.state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("typed", "script", "errors"),
    [
        ({"url": "ftp://x"}, {}, {"url": "invalid_url"}),
        ({"url": "http://127.0.0.1:9"}, {}, {"url": "unreachable"}),
        ({"url": "https://{host}"}, {}, {"url": "tls_failed"}),
        ({"token": "wrong-token"}, {}, {"token": "unauthorized"}),
        ({}, {"health_fault": json_response({"status": "ok"})}, {"url": "incompatible"}),
        ({}, {"health_fault": json_response({}, 503)}, {"url": "overloaded"}),
        ({}, {"health_fault": json_response({}, 504)}, {"url": "unreachable"}),
        (
            {},
            {"health_fault": json_response({"api_version": 2, "instance_id": "x"})},
            {"url": "incompatible"},
        ),
    ],
)
async def test_server_errors_are_shown(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    typed: dict[str, str],
    script: dict[str, object],
    errors: dict[str, str],
) -> None:
    flow = await start(hass)
    for name, value in script.items():
        setattr(server, name, value)
    answers = {"url": server.url, "token": server.token, **typed}
    answers["url"] = answers["url"].format(host=f"127.0.0.1:{server.port}")

    result = await hass.config_entries.flow.async_configure(flow, answers)

    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    for name, value in answers.items():
        assert suggested(result, name) == value

    server.health_fault = None
    result = await hass.config_entries.flow.async_configure(
        flow, {"url": server.url, "token": server.token}
    )
    assert result["step_id"] == "database"


@pytest.mark.parametrize("state", ["failed", "absent"])
async def test_a_server_without_a_working_detector_is_refused(
    hass: HomeAssistant, server: FakeInferenceServer, state: str
) -> None:
    flow = await start(hass)
    server.detector = {"state": state, "error": "The weights are missing."}
    answers = {"url": server.url, "token": server.token}

    result = await hass.config_entries.flow.async_configure(flow, answers)
    assert result["errors"] == {"url": "detector_failed"}
    assert result["description_placeholders"] == {"error": "The weights are missing."}
    assert suggested(result, "token") == server.token

    server.detector = {"state": "loading"}
    result = await hass.config_entries.flow.async_configure(flow, answers)
    assert result["step_id"] == "database"


async def test_a_configured_server_is_refused(
    hass: HomeAssistant, server: FakeInferenceServer, entry: MockConfigEntry
) -> None:
    flow = await start(hass)
    result = await hass.config_entries.flow.async_configure(
        flow, {"url": server.url, "token": server.token}
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"port": 9}, {"host": "database_unreachable"}),
        ({"host": "a..b"}, {"host": "database_unreachable"}),
        ({"ssl": True}, {"ssl": "database_tls_failed"}),
        ({"parameters": "no_such=1"}, {"parameters": "database_parameter"}),
        ({"password": "wrong"}, {"password": "database_auth"}),
        ({"username": "unknown_role"}, {"password": "database_auth"}),
        ({"database": "not_there"}, {"database": "database_missing"}),
    ],
)
async def test_database_errors_are_shown(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    database: Answers,
    typed: Answers,
    errors: dict[str, str],
) -> None:
    flow = await to_database(hass, server)
    answers = database | typed

    result = await hass.config_entries.flow.async_configure(flow, answers)

    assert result["errors"] == errors
    for name, value in answers.items():
        assert suggested(result, name) == value

    result = await hass.config_entries.flow.async_configure(flow, database)
    assert result["step_id"] == "folder"


async def test_the_database_of_another_entry_is_refused(
    hass: HomeAssistant, server: FakeInferenceServer, entry: MockConfigEntry, database: Answers
) -> None:
    server.instance_id = "0b4f6c1e-0000-4000-8000-000000000002"
    flow = await to_database(hass, server)
    taken = {name: entry.data[name] for name in database}
    result = await hass.config_entries.flow.async_configure(flow, taken)
    assert result["errors"] == {"database": "database_taken"}
    result = await hass.config_entries.flow.async_configure(flow, database)
    assert result["step_id"] == "folder"


async def test_a_missing_database_permission_is_shown(
    hass: HomeAssistant, server: FakeInferenceServer, database: Answers, postgres: Postgres
) -> None:
    postgres.execute("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN PASSWORD 'guest'")
    flow = await to_database(hass, server)
    result = await hass.config_entries.flow.async_configure(
        flow, database | {"username": "guest", "password": "guest"}
    )
    assert result["errors"] == {"username": "database_permission"}
    postgres.execute(f'GRANT CREATE ON DATABASE "{database["database"]}" TO guest')
    result = await hass.config_entries.flow.async_configure(
        flow, database | {"username": "guest", "password": "guest"}
    )
    assert result["step_id"] == "folder"
    postgres.execute("DROP OWNED BY guest", database=str(database["database"]))
    postgres.execute(f'REVOKE ALL ON DATABASE "{database["database"]}" FROM guest')


async def test_a_newer_database_is_refused(
    hass: HomeAssistant, server: FakeInferenceServer, home_database: Answers, newer_database: None
) -> None:
    flow = await to_database(hass, server)
    result = await hass.config_entries.flow.async_configure(flow, home_database)
    assert result["errors"] == {"base": "database_newer"}


async def test_camera_root_errors_are_shown(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    database: Answers,
    camera_root: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    flow = await to_folder(hass, server, database)
    for typed, reason in {
        "relative": "folder_not_absolute",
        "/etc": "folder_not_allowed",
        str(tmp_path / "missing"): "folder_missing",
        str(tmp_path / "file"): "folder_missing",
        str(tmp_path / "empty"): "folder_empty",
    }.items():
        result = await hass.config_entries.flow.async_configure(flow, {"camera_root": typed})
        assert result["errors"] == {"camera_root": reason}
        assert suggested(result, "camera_root") == typed

    result = await hass.config_entries.flow.async_configure(flow, {"camera_root": str(camera_root)})
    assert result["step_id"] == "cameras"


async def test_an_unreadable_camera_root_is_refused(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    database: Answers,
    camera_root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flow = await to_folder(hass, server, database)

    # Root may read everything, so the refusal itself is simulated.
    def refuse(path: Path) -> None:
        raise PermissionError(str(path))

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        result = await hass.config_entries.flow.async_configure(
            flow, {"camera_root": str(camera_root)}
        )
    assert result["errors"] == {"camera_root": "folder_not_readable"}

    result = await hass.config_entries.flow.async_configure(flow, {"camera_root": str(camera_root)})
    assert result["step_id"] == "cameras"
