"""Updates of other workers on the same database, published as our own."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
import logging

from sqlalchemy.ext.asyncio import AsyncEngine

from ..aio.health_board import HealthBoard
from ..domain.errors import StoreError
from ..domain.models import JobKind
from ..domain.settings import Settings
from ..domain.updates import EventUpdate, ImageUpdate, Update
from ..store import events, images, update_backfill
from ..store.database import Database
from ..store.notify import (
    EventNotice,
    ImageNotice,
    Notice,
    database_time,
    listen,
    parse_job,
    parse_update,
)
from ..store.outbox import Outbox
from ..store.transaction import Transaction

_LOGGER = logging.getLogger(__name__)

_MAX_BACKLOG = 1000  # notifications not yet loaded; beyond, the current state is read instead


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gap:
    """Updates after `since` may be missing; None: all of them."""

    since: datetime | None
    until: datetime | None = None  # after this, they may be missing again; None: it is not known


class UpdateListener:
    """Listen for notifications; load what they refer to and publish it.

    Updates without a notification (before the start, while the connection was lost, beyond the
    backlog limit, or after a commit without an answer) are read from the database. Delivery is at
    least once: a resync repeats some updates.
    """

    def __init__(
        self,
        database: Database,
        health: HealthBoard,
        *,
        settings: Settings,
        outbox: Outbox,
        on_settings: Callable[[], None],
        engine: AsyncEngine | None,
    ) -> None:
        """Listen by a connection of the engine; None: no connection can listen."""
        self._database = database
        self._health = health
        self._settings = settings
        self._outbox = outbox
        self._on_settings = on_settings
        self._pending: asyncio.Queue[Notice | _Gap] = asyncio.Queue()
        self._gap: _Gap | None = None  # waits in the queue
        self._forwarded_until: datetime | None = None
        self._engine = engine

    async def listen(self) -> None:
        """Listen until cancelled; reconnect after the database was away.

        Without a connection that can listen, read what has changed at intervals.
        """
        if self._engine is None:
            _LOGGER.info(
                "A connection pooler is before the database, so updates of other workers are read "
                "every %g s; with the URL of a direct connection, they arrive at once",
                self._settings.listen_check,
            )
        while True:
            if self._engine is None:
                await self._poll()
            else:
                await self._listen(self._engine)

    async def _listen(self, engine: AsyncEngine) -> None:
        try:
            await listen(
                engine,
                check_every=self._settings.listen_check,
                on_listening=self._catch_up,
                on_received_until=self._note_received,
                on_job=self._on_job_notice,
                on_update=self._on_update_notice,
                on_settings=self._on_settings,
            )
        except StoreError as error:
            if engine is self._database.engine:
                self._health.database_failed(error)
            else:
                _LOGGER.warning("The direct connection to the database failed: %s", error)
                await self._poll()
        await asyncio.sleep(self._settings.retry_base)

    async def _poll(self) -> None:
        """Look for what has changed, then wait for the next time."""
        until = await self._database.run_statement(database_time)
        self._catch_up(until)
        await asyncio.sleep(self._settings.listen_check)

    async def forward(self) -> None:
        """Publish updates in order of their notifications, until cancelled."""
        while True:
            notice = await self._pending.get()
            if isinstance(notice, _Gap):
                self._gap = None
                load = partial(_load_backfill, gap=notice, settings=self._settings)
            else:
                load = partial(_load, notice=notice)
            self._outbox.publish(await self._database.run_transaction(load))
            if isinstance(notice, _Gap) and notice.until is not None:
                self._forwarded_until = notice.until

    def resync(self) -> None:
        """Read recent changes again: a commit of ours may have succeeded without an answer."""
        self._note_gap()

    def _catch_up(self, until: datetime | None = None) -> None:
        """Look for jobs and updates: notifications sent before we listened are lost."""
        for kind in JobKind:
            self._outbox.notify_workers(kind)
        self._on_settings()
        self._note_gap(until)

    def _note_received(self, until: datetime) -> None:
        if self._pending.empty():
            self._forwarded_until = until

    def _note_gap(self, until: datetime | None = None) -> None:
        if self._gap is None:
            self._gap = _Gap(since=self._forwarded_until, until=until)
            self._pending.put_nowait(self._gap)

    def _on_job_notice(self, payload: str) -> None:
        kind = parse_job(payload, origin=self._outbox.origin)
        if kind is not None:
            self._outbox.notify_workers(kind)

    def _on_update_notice(self, payload: str) -> None:
        notice = parse_update(payload, origin=self._outbox.origin)
        if notice is None:
            return
        if self._pending.qsize() < _MAX_BACKLOG:
            self._pending.put_nowait(notice)
        else:
            self._pending = asyncio.Queue()
            self._gap = None
            self._note_gap()


async def _load(transaction: Transaction, notice: Notice) -> tuple[Update, ...]:
    connection = transaction.connection
    match notice:
        case ImageNotice(image_id=image_id):
            image = await images.get(connection, image_id)
            return () if image is None else (ImageUpdate(image=image),)
        case EventNotice(event_id=event_id, phase=phase):
            event = await events.get(connection, event_id)
            return () if event is None else (EventUpdate(event=event, phase=phase),)


async def _load_backfill(
    transaction: Transaction, gap: _Gap, settings: Settings
) -> tuple[Update, ...]:
    connection = transaction.connection
    phases = await update_backfill.phases(connection, gap.since, settings)
    # At the start, subscribers query the cameras' states themselves.
    states = () if gap.since is None else await update_backfill.states(connection, settings)
    return (*states, *phases)
