"""What was fired and counted of each event, kept over restarts so that nothing is repeated."""

from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .core.domain.models import RiskLevel

ALERT: Final = "alert"

_VERSION: Final = 2
_SAVE_DELAY: Final = 1.0  # seconds; what was fired last before a crash may fire again
_MAX_EVENTS: Final = 5000  # those changed last; a backlog of days, in about 1 MB

type _Claims = dict[str, dict[str, str]]


class FiredEvents:
    """Remember by event id what was claimed: a name, such as an alert, and its last value."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """Prepare the storage of an entry; nothing is read yet."""
        self._store = _ClaimStore(hass, _VERSION, f"{DOMAIN}.{entry.entry_id}")
        self._claims: _Claims = {}
        self._save_is_due = False

    async def async_load(self) -> None:
        """Read the stored claims."""
        self._claims = await self._store.async_load() or {}

    async def async_save(self) -> None:
        """Write all claims now."""
        self._save_is_due = False
        await self._store.async_save(self._claims)

    async def async_remove(self) -> None:
        """Delete the stored claims."""
        await self._store.async_remove()

    def value(self, event_id: str, name: str) -> str | None:
        """Return the last value that was claimed under a name; None if none was."""
        return self._claims.get(event_id, {}).get(name)

    @callback
    def async_claim(self, event_id: str, name: str, value: str = "") -> bool:
        """Claim a value of an event; False if it is the one that was claimed last."""
        if self.value(event_id, name) == value:
            return False
        claims = self._claims.pop(event_id, {})
        self._claims[event_id] = {**claims, name: value}
        if len(self._claims) > _MAX_EVENTS:
            del self._claims[next(iter(self._claims))]
        if not self._save_is_due:
            # A second call would delay the write that is due, under steady events for ever.
            self._save_is_due = True
            self._store.async_delay_save(self._to_save, _SAVE_DELAY)
        return True

    @callback
    def _to_save(self) -> _Claims:
        self._save_is_due = False
        return self._claims


class _ClaimStore(Store[_Claims]):
    """The stored claims."""

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: Any
    ) -> _Claims:
        """Version 1 held the last fired level by camera folder and event id."""
        return {
            event_id: {ALERT: outcome} if outcome in set(RiskLevel) else {}
            for outcomes in old_data.values()
            for event_id, outcome in outcomes.items()
        }
