"""The database form takes a provider's URL, and asks to confirm a certificate."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_security_intelligence.const import DOMAIN
from custom_components.home_security_intelligence.core.inference.certificate import (
    format_fingerprint,
)
from custom_components.home_security_intelligence.flows.database_input import complete
from testbed.fake_inference_server import FakeInferenceServer
from testbed.services.postgres import Postgres
from testbed.services.tls_proxy import TlsProxy
from tests.ha.helpers import suggested

type Answers = dict[str, str | int | bool]
FORM: Answers = {"host": "db", "port": 5432, "database": "hsi", "ssl": False}
LOGIN: Answers = {"username": "u", "password": "p"}


@pytest.fixture
async def proxy(postgres: Postgres, tmp_path: Path) -> AsyncIterator[TlsProxy]:
    """Return a way to the database that admits encrypted connections only."""
    async with TlsProxy(postgres.port, tmp_path) as made:
        yield made


async def submit(
    hass: HomeAssistant, server: FakeInferenceServer, typed: Answers
) -> ConfigFlowResult:
    """Submit the database form of a new set-up."""
    flows = hass.config_entries.flow
    result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    await flows.async_configure(result["flow_id"], {"url": server.url, "token": server.token})
    return await flows.async_configure(result["flow_id"], typed)


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ({}, {}),
        (
            {
                "host": "postgresql://u:p@ep.neon.tech/neondb?sslmode=require&channel_binding=require"
            },
            {
                **LOGIN,
                "host": "ep.neon.tech",
                "database": "neondb",
                "ssl": True,
                "parameters": "channel_binding=require",
            },
        ),
        (
            {"host": " postgres://u:p@pool.x:6543/postgres?pgbouncer=true&options=-c%20a%3Db"},
            {
                **LOGIN,
                "host": "pool.x",
                "port": 6543,
                "database": "postgres",
                "parameters": "pgbouncer=true&options=-c%20a%3Db",
            },
        ),
        (
            {"host": "host=h.azure.com dbname=d user=u password=p sslmode=require"},
            {**LOGIN, "host": "h.azure.com", "database": "d", "ssl": True},
        ),
        (
            {"database": "neondb?sslmode=require&connect_timeout=5"},
            {"database": "neondb", "ssl": True, "parameters": "connect_timeout=5"},
        ),
        (
            {"ssl": True, "parameters": "sslmode=disable&application_name=a%20b"},
            {"ssl": False, "parameters": "application_name=a%20b"},
        ),
        (
            {"parameters": "sslmode=verify-ca&sslrootcert=/ssl/ca.pem"},
            {"ssl": True, "parameters": "sslmode=verify-ca&sslrootcert=/ssl/ca.pem"},
        ),
        (
            {"parameters": "sslmode=prefer"},
            {"parameters": "sslmode=prefer"},
        ),
    ],
)
def test_a_url_completes_the_form(typed: Answers, completed: Answers) -> None:
    assert complete(FORM | typed) == FORM | completed
    assert complete(complete(FORM | typed)) == FORM | completed


async def test_a_url_alone_is_enough(
    hass: HomeAssistant, server: FakeInferenceServer, database: Answers
) -> None:
    login = ":".join(quote(str(database[key]), safe="") for key in ("username", "password"))
    url = f"postgresql://{login}@{database['host']}:{database['port']}/{database['database']}"
    result = await submit(hass, server, {**FORM, "host": url})
    assert result["step_id"] == "folder"
    hass.config_entries.flow.async_abort(result["flow_id"])
    result = await submit(hass, server, {**FORM, "host": f"{url}?no_such=1"})
    assert result["errors"] == {"parameters": "database_parameter"}
    assert "no_such" in (result["description_placeholders"] or {})["error"]
    assert suggested(result, "host") == database["host"]
    assert suggested(result, "parameters") == "no_such=1"


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"host": "mysql://u:p@db/hsi"}, {"host": "database_unreachable"}),
        ({"host": "postgresql://db/hsi"}, {"username": "username_missing"}),
        ({"username": "u"}, {"password": "password_missing"}),
    ],
)
async def test_what_is_missing_is_asked_for(
    hass: HomeAssistant, server: FakeInferenceServer, typed: Answers, errors: dict[str, str]
) -> None:
    result = await submit(hass, server, FORM | typed)
    assert (result["step_id"], result["errors"]) == ("database", errors)


async def test_a_database_that_needs_encryption_says_so(
    hass: HomeAssistant, server: FakeInferenceServer, database: Answers, proxy: TlsProxy
) -> None:
    result = await submit(hass, server, database | {"port": proxy.port})
    assert result["errors"] == {"ssl": "database_tls_required"}


async def test_setup_asks_to_confirm_the_databases_certificate(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    database: Answers,
    proxy: TlsProxy,
    camera_root: Path,
) -> None:
    flows = hass.config_entries.flow
    result = await submit(hass, server, database | {"port": proxy.port, "ssl": True})
    shown = ("database_certificate", {"fingerprint": format_fingerprint(proxy.fingerprint)})
    assert (result["step_id"], result["description_placeholders"]) == shown
    result = await flows.async_configure(result["flow_id"])  # opened again
    assert (result["step_id"], result["description_placeholders"]) == shown
    result = await flows.async_configure(result["flow_id"], {})
    assert result["step_id"] == "folder"
    await flows.async_configure(result["flow_id"], {"camera_root": str(camera_root)})
    result = await flows.async_configure(result["flow_id"], {"cameras": ["front_door"]})
    await hass.async_block_till_done()
    entry = result["result"]
    assert entry.data["database_fingerprint"] == proxy.fingerprint
    assert entry.state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_changed_certificate_starts_reauthentication(
    hass: HomeAssistant, entry: MockConfigEntry, proxy: TlsProxy
) -> None:
    pinned = {"port": proxy.port, "ssl": True, "database_fingerprint": "ab" * 32}
    hass.config_entries.async_update_entry(entry, data={**entry.data, **pinned})
    assert not await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_database_certificate"
    result = await hass.config_entries.flow.async_configure(flow["flow_id"])  # opened
    assert result["step_id"] == "reauth_database_certificate"
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    await hass.async_block_till_done()
    assert result["reason"] == "reauth_successful"
    assert entry.data["database_fingerprint"] == proxy.fingerprint
    assert entry.state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_another_database_has_a_certificate_and_parameters_of_its_own(
    hass: HomeAssistant, entry: MockConfigEntry, proxy: TlsProxy
) -> None:
    earlier = {"database_fingerprint": "ab" * 32, "parameters": "connect_timeout=5"}
    hass.config_entries.async_update_entry(entry, data={**entry.data, **earlier})
    flows = hass.config_entries.flow
    result = await entry.start_reconfigure_flow(hass)
    result = await flows.async_configure(
        result["flow_id"], {"next_step_id": "reconfigure_database"}
    )
    assert suggested(result, "parameters") == "connect_timeout=5"
    typed = {key: entry.data[key] for key in ("host", "database", "username")}
    result = await flows.async_configure(
        result["flow_id"], {**typed, "port": proxy.port, "ssl": True}
    )
    assert result["step_id"] == "reconfigure_database_certificate"
    result = await flows.async_configure(result["flow_id"])  # opened again
    result = await flows.async_configure(result["flow_id"], {})
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["database_fingerprint"] == proxy.fingerprint
    assert not entry.data["parameters"]
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)
