"""The outcomes that event entities have fired, kept over restarts so that none fires twice."""

from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import DOMAIN

_VERSION: Final = 1
_SAVE_DELAY: Final = 1.0  # seconds; outcomes fired last before a crash may fire again
_MAX_EVENTS: Final = 50  # per camera; older events get no further updates

type _Outcomes = dict[str, dict[str, str]]


class FiredEvents:
    """Remember the last fired outcome of each camera folder's latest events."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """Prepare the storage of an entry; nothing is read yet."""
        self._store = Store[_Outcomes](hass, _VERSION, f"{DOMAIN}.{entry.entry_id}")
        self._outcomes: _Outcomes = {}

    async def async_load(self) -> None:
        """Read the stored outcomes."""
        self._outcomes = await self._store.async_load() or {}

    async def async_save(self) -> None:
        """Write all outcomes now."""
        await self._store.async_save(self._outcomes)

    async def async_remove(self) -> None:
        """Delete the stored outcomes."""
        await self._store.async_remove()

    def contains(self, folder: str, event_id: str, outcome: str) -> bool:
        """Return whether this outcome was the last one fired for the event."""
        return self._outcomes.get(folder, {}).get(event_id) == outcome

    @callback
    def add(self, folder: str, event_id: str, outcome: str) -> None:
        """Record a fired outcome."""
        events = self._outcomes.setdefault(folder, {})
        events.pop(event_id, None)
        events[event_id] = outcome
        if len(events) > _MAX_EVENTS:
            del events[next(iter(events))]
        self._store.async_delay_save(lambda: self._outcomes, _SAVE_DELAY)
