"""A camera whose clock is wrong has a repair, and a sensor that says by how much."""

from collections.abc import Awaitable, Callable

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_security_intelligence.const import DOMAIN
from testbed.services.postgres import Postgres
from tests.ha.helpers import state_is, state_of

type Learn = Callable[[float], Awaitable[None]]

SENSOR = "sensor.yard_clock_offset"
FRONT_SENSOR = "sensor.front_door_clock_offset"
ISSUE = "camera_clock_01JENTRY_yard"


@pytest.fixture
async def enabled(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, loaded: MockConfigEntry
) -> None:
    """Enable the sensors, as a user does."""
    for sensor in (SENSOR, FRONT_SENSOR):
        entity_registry.async_update_entity(sensor, disabled_by=None)
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done()


@pytest.fixture
def learn(
    hass: HomeAssistant,
    enabled: None,
    loaded: MockConfigEntry,
    postgres: Postgres,
) -> Learn:
    """Return a function that stores an offset of the yard's camera, and restarts the entry."""

    async def restart(offset: float) -> None:
        assert await hass.config_entries.async_unload(loaded.entry_id)
        postgres.execute(
            f"UPDATE hsi.cameras SET clock_offset = {offset}, clock_confirmed_at = now()"
            " WHERE folder = 'yard'",
            database=str(loaded.data["database"]),
        )
        assert await hass.config_entries.async_setup(loaded.entry_id)
        await state_is(hass, SENSOR, f"{offset}")

    return restart


async def test_a_wrong_clock_is_a_repair_until_it_is_right(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, learn: Learn
) -> None:
    assert state_of(hass, SENSOR).state == "unknown"

    await learn(-3660.0)

    issue = issue_registry.async_get_issue(DOMAIN, ISSUE)
    assert issue is not None
    assert not issue.is_fixable
    assert issue.translation_placeholders == {"camera": "Yard", "difference": "61 minutes behind"}
    assert state_of(hass, FRONT_SENSOR).state == "unknown"
    await learn(90.0)
    assert issue_registry.async_get_issue(DOMAIN, ISSUE) is None


async def test_the_repair_goes_with_its_camera(
    hass: HomeAssistant,
    issue_registry: ir.IssueRegistry,
    learn: Learn,
    loaded: MockConfigEntry,
) -> None:
    await learn(86_400.0)
    assert issue_registry.async_get_issue(DOMAIN, ISSUE) is not None

    hass.config_entries.async_remove_subentry(loaded, "01JYARD")
    await hass.async_block_till_done()

    assert issue_registry.async_get_issue(DOMAIN, ISSUE) is None


async def test_the_sensor_is_disabled_by_default(
    entity_registry: er.EntityRegistry, loaded: MockConfigEntry
) -> None:
    registered = entity_registry.async_get(SENSOR)
    assert registered is not None
    assert registered.disabled_by is er.RegistryEntryDisabler.INTEGRATION
