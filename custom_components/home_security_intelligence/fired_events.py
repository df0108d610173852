"""Which events automations were told of, kept through restarts so that none is told twice."""

from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import DOMAIN

_VERSION: Final = 1
_SAVE_DELAY: Final = 1.0  # seconds; what was told last before a crash may be told again
_MEMORY: Final = 50  # events a camera; more cannot come in the time for which they are news

type _Outcomes = dict[str, dict[str, str]]


class Told:
    """Remembers, for each camera's folder, the latest events and what was told of them."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """Name the place; nothing is read yet."""
        self._store = Store[_Outcomes](hass, _VERSION, f"{DOMAIN}.{entry.entry_id}")
        self._outcomes: _Outcomes = {}

    async def async_load(self) -> None:
        """Read what was told before."""
        self._outcomes = await self._store.async_load() or {}

    async def async_save(self) -> None:
        """Write everything now."""
        await self._store.async_save(self._outcomes)

    async def async_remove(self) -> None:
        """Delete what was written."""
        await self._store.async_remove()

    def has(self, folder: str, event_id: str, outcome: str) -> bool:
        """Tell whether this was the last that was told of the event."""
        return self._outcomes.get(folder, {}).get(event_id) == outcome

    @callback
    def note(self, folder: str, event_id: str, outcome: str) -> None:
        """Remember what is told."""
        events = self._outcomes.setdefault(folder, {})
        events.pop(event_id, None)
        events[event_id] = outcome
        if len(events) > _MEMORY:
            del events[next(iter(events))]
        self._store.async_delay_save(lambda: self._outcomes, _SAVE_DELAY)
