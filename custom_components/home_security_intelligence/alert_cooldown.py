"""The pause between a camera's alerts: per level, measured in the events' own time."""

from datetime import datetime, timedelta

from homeassistant.core import callback

from .bridge import cooldowns_of
from .coordinator import HsiCoordinator
from .core.domain.models import RiskLevel, SecurityEvent

_LEVELS = tuple(RiskLevel)  # in ascending order


class AlertCooldown:
    """Suppress an alert that follows one of the same or a higher level of another event.

    The last alert of each level is kept over restarts.
    """

    def __init__(self, coordinator: HsiCoordinator, folder: str) -> None:
        """Read the camera's cooldown of each level, in seconds."""
        self._fired = coordinator.fired_events
        self._key = f"camera {folder}"
        self._cooldowns = cooldowns_of(coordinator.config_entry, folder)

    @callback
    def async_allows(self, event: SecurityEvent, level: RiskLevel) -> bool:
        """Return whether an event may raise an alert of a level, and remember an allowed one."""
        at, cooldown = event.last_activity_at, timedelta(seconds=self._cooldowns[level])
        for other in _LEVELS[_LEVELS.index(level) :]:
            last = self._fired.value(self._key, other)
            if last is None:
                continue
            event_id, _, moment = last.partition(" ")
            # Backlogs arrive out of order: what counts is how far apart the events were.
            apart = abs(at - datetime.fromisoformat(moment))
            if event_id != str(event.id) and apart < cooldown:
                return False
        self._fired.async_claim(self._key, level, f"{event.id} {at.isoformat()}")
        return True
