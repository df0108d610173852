"""Recording of the home's state and of what it reports, for all workers and for late images."""

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from ..aio.notifier import Notifier
from ..domain.context import Home, HomeReport
from ..domain.machine_clock import MachineClock, Moment
from ..domain.settings import Settings
from ..store import home_events, home_states
from ..store.database import Database
from ..store.transaction import Transaction

_MAX_BACKLOG = 1000  # changes not yet written; the oldest are dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    home: Home
    moment: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    """The state that is being recorded, since when, and when it was last confirmed."""

    home: Home
    since: datetime
    confirmed: Moment


class HomeRecorder:
    """Record each change and report with its time, and regularly that nothing has changed.

    When this machine's clock was set, the present state is recorded anew from the time it shows now:
    what was recorded under the other time is not extended across the jump.
    """

    def __init__(
        self, database: Database, home: Home, *, settings: Settings, clock: MachineClock
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._changed = Notifier()
        first = _Change(home=home, moment=clock.read())
        self._changes: deque[_Change] = deque([first], maxlen=_MAX_BACKLOG)
        self._reports: deque[tuple[datetime, HomeReport]] = deque(maxlen=_MAX_BACKLOG)
        self._last = home
        self._recorded: _Recorded | None = None

    def note(self, home: Home) -> None:
        """Record the home's state from now on."""
        if home != self._last:
            self._last = home
            self._changes.append(_Change(home=home, moment=self._clock.read()))
            self._changed.notify()

    def note_report(self, report: HomeReport) -> None:
        """Record what the home reports now."""
        self._reports.append((self._clock.read().at, report))
        self._changed.notify()

    async def record(self) -> None:
        """Write changes and reports to the database until cancelled."""
        while True:
            seen = self._changed.count
            reports = tuple(self._reports)
            written, self._recorded = await self._database.run_transaction(
                partial(self._write, reports=reports)
            )
            for _ in range(min(written, len(self._changes))):
                self._changes.popleft()
            for report in reports:
                with suppress(ValueError):  # dropped meanwhile
                    self._reports.remove(report)
            await self._changed.wait(seen, self._settings.home_interval)

    async def _write(
        self, transaction: Transaction, reports: Sequence[tuple[datetime, HomeReport]]
    ) -> tuple[int, _Recorded | None]:
        connection = transaction.connection
        await home_events.add(connection, reports)
        changes = tuple(self._changes)
        recorded = self._recorded
        for change in changes:
            moment = change.moment
            if recorded is not None and not moment.was_interrupted_since(recorded.confirmed):
                await home_states.extend(connection, recorded.since, moment.at)
            await home_states.begin(connection, change.home, moment.at)
            recorded = _Recorded(home=change.home, since=moment.at, confirmed=moment)
        if recorded is None:
            return len(changes), None
        now = self._clock.read()
        if now.was_interrupted_since(recorded.confirmed):
            await home_states.begin(connection, recorded.home, now.at)
            return len(changes), _Recorded(home=recorded.home, since=now.at, confirmed=now)
        await home_states.extend(connection, recorded.since, now.at)
        return len(changes), _Recorded(home=recorded.home, since=recorded.since, confirmed=now)
