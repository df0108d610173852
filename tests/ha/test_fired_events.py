"""What was fired is remembered over restarts, bounded, and stored while events keep coming."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.home_security_intelligence.fired_events import FiredEvents

KEY = "home_security_intelligence.01JENTRY"


async def opened(hass: HomeAssistant, entry: MockConfigEntry) -> FiredEvents:
    fired = FiredEvents(hass, entry)
    await fired.async_load()
    return fired


async def test_a_value_is_claimed_once_until_it_changes(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    fired = await opened(hass, entry)
    assert fired.async_claim("1", "alert", "low")
    assert not fired.async_claim("1", "alert", "low")
    assert fired.async_claim("1", "closed")
    assert fired.async_claim("2", "alert", "low")
    assert fired.async_claim("1", "alert", "high")
    assert fired.value("1", "alert") == "high"
    await fired.async_save()

    restarted = await opened(hass, entry)
    assert not restarted.async_claim("1", "closed")
    assert not restarted.async_claim("1", "alert", "high")


async def test_steady_claims_do_not_delay_the_storage(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    fired = await opened(hass, entry)
    for number in range(6):
        fired.async_claim(str(number), "closed")
        freezer.tick(timedelta(seconds=0.5))
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
    stored = hass_storage[KEY]["data"]
    assert len(stored) >= 3
    await fired.async_save()
    assert len(hass_storage[KEY]["data"]) == 6


async def test_a_backlog_of_thousands_is_remembered(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    fired = await opened(hass, entry)
    for number in range(6000):
        fired.async_claim(str(number), "closed")
    assert not fired.async_claim("1000", "closed")
    assert fired.value("0", "closed") is None  # the oldest make way
    await fired.async_save()


async def test_levels_stored_by_an_earlier_version_are_kept(
    hass: HomeAssistant, hass_storage: dict[str, Any], entry: MockConfigEntry
) -> None:
    hass_storage[KEY] = {
        "version": 1,
        "minor_version": 1,
        "key": KEY,
        "data": {"yard": {"1": "high", "2": "unassessed"}},
    }
    fired = await opened(hass, entry)
    assert not fired.async_claim("1", "alert", "high")
    assert fired.async_claim("2", "alert", "low")
    await fired.async_save()
