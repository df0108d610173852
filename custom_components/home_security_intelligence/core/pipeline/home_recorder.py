"""Recording of the home's state over time, for all workers and for late images."""

from collections import deque
from collections.abc import Callable
from datetime import datetime

from ..aio.notifier import Notifier
from ..domain.context import Home
from ..domain.settings import Settings
from ..store import home_states
from ..store.database import Database
from ..store.transaction import Transaction

_MAX_BACKLOG = 1000  # changes not yet written; the oldest are dropped


class HomeRecorder:
    """Record each change with its time, and regularly that nothing has changed."""

    def __init__(
        self,
        database: Database,
        home: Home,
        *,
        settings: Settings,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._settings = settings
        self._now = now
        self._changed = Notifier()
        self._changes: deque[tuple[datetime, Home]] = deque([(now(), home)], maxlen=_MAX_BACKLOG)
        self._last = home
        self._since: datetime | None = None

    def note(self, home: Home) -> None:
        """Record the home's state from now on."""
        if home != self._last:
            self._last = home
            self._changes.append((self._now(), home))
            self._changed.notify()

    async def record(self) -> None:
        """Write changes to the database until cancelled."""
        while True:
            seen = self._changed.count
            written, self._since = await self._database.run_transaction(self._write)
            for _ in range(min(written, len(self._changes))):
                self._changes.popleft()
            await self._changed.wait(seen, self._settings.home_interval)

    async def _write(self, transaction: Transaction) -> tuple[int, datetime | None]:
        connection = transaction.connection
        changes = tuple(self._changes)
        since = self._since
        for moment, home in changes:
            if since is not None:
                await home_states.extend(connection, since, moment)
            await home_states.begin(connection, home, moment)
            since = moment
        if since is not None:
            await home_states.extend(connection, since, self._now())
        return len(changes), since
