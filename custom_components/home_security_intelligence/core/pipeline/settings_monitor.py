"""Notices when another process changes the shared settings in the database."""

from collections.abc import Callable
import logging

from ..aio.notifier import Notifier
from ..domain.declarations import Value
from ..domain.settings import Settings
from ..domain.shared_settings import Configured, StoredSetting, differences
from ..store import shared_settings
from ..store.database import Database

_LOGGER = logging.getLogger(__name__)
_CHECK_EVERY = 300.0  # seconds, in case a notification is lost


class SettingsMonitor:
    """Compares the settings in use with those stored, whenever it is notified.

    Calls `on_changed` if they differ, unless this process decides the setting: then another one
    decides it as well, which only a person can end.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        configured: Configured,
        on_changed: Callable[[], None],
    ) -> None:
        self._database = database
        self._settings = settings
        self._configured = configured
        self._on_changed = on_changed
        self._notifier = Notifier()

    def notify(self) -> None:
        """Have the settings compared soon."""
        self._notifier.notify()

    async def watch(self) -> None:
        """Compare until cancelled."""
        reported: frozenset[str] = frozenset()
        while True:
            seen = self._notifier.count
            stored = await self._database.run_statement(shared_settings.read)
            different = differences(self._settings, stored)
            for name in sorted(different - reported):
                self._report(name, stored[name])
            reported = different
            if any(not self._configured.is_owner_of(name) for name in different):
                self._on_changed()
            await self._notifier.wait(seen, _CHECK_EVERY)

    def _report(self, name: str, there: StoredSetting) -> None:
        here: Value = getattr(self._settings, name)
        if self._configured.is_owner_of(name):
            _LOGGER.warning(
                "%s is %s here, but another Home Assistant uses this database with %s (%s). "
                "Set the same value in both",
                name,
                here,
                there.value,
                there.origin,
            )
        else:
            _LOGGER.info("%s changes from %s to %s (%s)", name, here, there.value, there.origin)
