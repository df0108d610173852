"""Dashboards load the module with the cards, without an action of the user."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from homeassistant.components.lovelace.const import LOVELACE_DATA
from homeassistant.components.lovelace.resources import ResourceStorageCollection
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_security_intelligence.const import DOMAIN
from custom_components.home_security_intelligence.frontend_resource import ISSUE, PLAIN_URL

OTHER = {"res_type": "module", "url": "/local/other.js"}
OLD = {"res_type": "module", "url": f"/{DOMAIN}/0123456789ab/hsi.js"}


@pytest.fixture
async def resources(hass: HomeAssistant) -> ResourceStorageCollection:
    """Return the resources of dashboards, with one of another integration."""
    assert await async_setup_component(hass, "lovelace", {})
    found = cast("ResourceStorageCollection", hass.data[LOVELACE_DATA].resources)
    await found.async_create_item(dict(OTHER))
    return found


def urls(resources: ResourceStorageCollection) -> list[str]:
    return [str(each["url"]) for each in resources.async_items()]


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def test_the_module_is_served_and_registered(
    hass: HomeAssistant,
    resources: ResourceStorageCollection,
    entry: MockConfigEntry,
    hass_client_no_auth: Callable[[], Awaitable[Any]],
) -> None:
    await set_up(hass, entry)
    other, url = urls(resources)
    assert other == OTHER["url"]
    browser = await hass_client_no_auth()
    loaded = await browser.get(url)
    assert loaded.status == 200
    assert loaded.content_type == "text/javascript"
    assert "max-age" in loaded.headers["Cache-Control"]  # for good: the address has the hash
    plain = await browser.get(PLAIN_URL)
    assert "Cache-Control" not in plain.headers
    assert await plain.read() == await loaded.read()


async def test_set_ups_leave_one_resource(
    hass: HomeAssistant, resources: ResourceStorageCollection, entry: MockConfigEntry
) -> None:
    await resources.async_create_item(dict(OLD))  # of an earlier version, twice
    await resources.async_create_item(dict(OLD))
    await set_up(hass, entry)
    first = urls(resources)
    assert len(first) == 2
    assert OLD["url"] not in first
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert urls(resources) == first


async def test_the_resource_goes_with_the_last_entry(
    hass: HomeAssistant, resources: ResourceStorageCollection, entry: MockConfigEntry
) -> None:
    second = MockConfigEntry(domain=DOMAIN, unique_id="second", entry_id="01JSECOND")
    second.add_to_hass(hass)
    await set_up(hass, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    assert len(urls(resources)) == 2
    await hass.config_entries.async_remove(second.entry_id)
    assert urls(resources) == [OTHER["url"]]


@pytest.mark.parametrize("listed", [False, True])
async def test_a_repair_shows_what_to_add_where_resources_are_yaml(
    hass: HomeAssistant, entry: MockConfigEntry, listed: bool
) -> None:
    lines = [{"type": "module", "url": PLAIN_URL if listed else OTHER["url"]}]
    config = {"lovelace": {"resource_mode": "yaml", "resources": lines}}
    assert await async_setup_component(hass, "lovelace", config)
    await set_up(hass, entry)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, ISSUE)
    assert (issue is None) is listed
    if issue is not None:
        assert issue.translation_placeholders == {"url": PLAIN_URL}
        await hass.config_entries.async_remove(entry.entry_id)
        assert ir.async_get(hass).async_get_issue(DOMAIN, ISSUE) is None


async def test_without_dashboards_the_integration_works(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    assert LOVELACE_DATA not in hass.data
