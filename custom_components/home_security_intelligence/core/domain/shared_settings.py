"""Agreement on the settings that must be the same for all workers on one database.

The database keeps them. Home Assistant, which has the options form, always writes its own. A
headless worker that was configured differently is refused; one that was not configured takes what
is stored. Without a stored value, the first worker configured with one stores it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .declarations import Value
from .errors import SettingsConflictError
from .settings import DECLARATIONS, Settings, changed


class SettingsSource(StrEnum):
    """What a process takes its settings from."""

    HOME_ASSISTANT = "home_assistant"  # the options form; it always wins
    WORKER = "worker"  # the environment of a headless worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """Which settings of a process were set by its user, and how far they count."""

    source: SettingsSource = SettingsSource.WORKER
    names: frozenset[str] = frozenset()
    replaces: bool = False  # values that another worker has stored; never Home Assistant's

    def is_owner_of(self, name: str) -> bool:
        """Return whether this process decides a setting."""
        return self.source is SettingsSource.HOME_ASSISTANT and name in self.names


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSetting:
    """A shared setting's value in the database, and who set it last."""

    value: Value
    source: SettingsSource
    host: str
    set_at: datetime

    @property
    def origin(self) -> str:
        """Who set the value and when, as text."""
        who = "Home Assistant" if self.source is SettingsSource.HOME_ASSISTANT else "a worker"
        return f"set by {who} on {self.host} at {self.set_at:%Y-%m-%d %H:%M %Z}"


type StoredSettings = Mapping[str, StoredSetting]  # by name


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The settings to work with, and the values that the database is still to store."""

    settings: Settings
    to_store: Mapping[str, Value]


def agree(settings: Settings, configured: Configured, stored: StoredSettings) -> Agreement:
    """Return the settings that agree with the database.

    Raises SettingsConflictError if a worker was configured with other values, and the errors of
    Settings if configured and stored values contradict each other.
    """
    taken: dict[str, Value] = {}
    to_store: dict[str, Value] = {}
    conflicts: list[str] = []
    for name, declaration in DECLARATIONS.items():
        if not declaration.shared:
            continue
        there = stored.get(name)
        own: Value = getattr(settings, name)
        if name not in configured.names:
            if there is not None:
                taken[name] = there.value
        elif there is None:
            to_store[name] = own
        elif configured.is_owner_of(name):
            if (there.value, there.source) != (own, configured.source):
                to_store[name] = own
        elif there.value != own:
            if configured.replaces and there.source is SettingsSource.WORKER:
                to_store[name] = own
            else:
                conflicts.append(_conflict(name, own, there))
    if conflicts:
        raise SettingsConflictError(" ".join(conflicts))
    return Agreement(settings=changed(settings, taken), to_store=to_store)


def differences(settings: Settings, stored: StoredSettings) -> frozenset[str]:
    """Return the names of shared settings that are stored with another value."""
    return frozenset(
        name for name, there in stored.items() if there.value != getattr(settings, name)
    )


def _conflict(name: str, own: Value, there: StoredSetting) -> str:
    declaration = DECLARATIONS[name]
    variable, value = declaration.variable or name, declaration.format(there.value)
    remedy = (
        "or change the option in Home Assistant."
        if there.source is SettingsSource.HOME_ASSISTANT
        else "or start this worker once with --store-settings."
    )
    return (
        f"{variable} is {declaration.format(own)}, but the database has {value}, {there.origin}. "
        f"Unset the variable, set it to {value}, {remedy}"
    )
