"""Hears what other workers on the same database have done, and passes it on as our own updates."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from ..aio.health_board import HealthBoard
from ..domain.errors import StoreError
from ..domain.models import JobKind
from ..domain.settings import Settings
from ..domain.updates import EventUpdate, ImageUpdate, Update
from ..store import events, images, update_backfill
from ..store.database import Database
from ..store.notify import EventNotice, ImageNotice, Notice, listen, parse_job, parse_update
from ..store.transaction import Outbox, Transaction

_BACKLOG = 1000  # news not yet loaded; where there are more, today's state is read instead


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gap:
    """Some news were not passed on; everything until `since` was. None: nothing was as yet."""

    since: datetime | None


class NewsDesk:
    """Listens on the database; loads what the news are about and publishes it.

    What could not be heard, before the start, while the connection was lost or because it was too
    much, and what we may have done without knowing it, is read from the database: at least once, so that some of it is told a second time.
    """

    def __init__(
        self,
        database: Database,
        health: HealthBoard,
        *,
        settings: Settings,
        outbox: Outbox,
    ) -> None:
        self._database = database
        self._health = health
        self._settings = settings
        self._outbox = outbox
        self._news: asyncio.Queue[Notice | _Gap] = asyncio.Queue()
        self._gap: _Gap | None = None  # waits in the queue
        self._passed_on_until: datetime | None = None

    async def listen(self) -> None:
        """Listen until cancelled, through the database's absences."""
        while True:
            try:
                await listen(
                    self._database.engine,
                    check_every=self._settings.listen_check,
                    on_listening=self._catch_up,
                    on_heard_until=self._note_heard,
                    on_job=self._take_job,
                    on_update=self._take_update,
                )
            except StoreError as error:
                self._health.database_failed(error)
            await asyncio.sleep(self._settings.retry_base)

    async def pass_on(self) -> None:
        """Publish the news as they come, until cancelled."""
        while True:
            news = await self._news.get()
            if isinstance(news, _Gap):
                # What is left out from now on, another gap will have to be noted for.
                self._gap = None
                load = partial(_load_missed, gap=news, settings=self._settings)
            else:
                load = partial(_load, news=news)
            self._outbox.publish(await self._database.run_transaction(load))

    def doubt(self) -> None:
        """Read what was done lately: our own commit may have gone through without an answer."""
        self._note_gap()

    def _catch_up(self) -> None:
        """Look for work and news, as there may have been calls that nobody heard."""
        for kind in JobKind:
            self._outbox.notify_workers(kind)
        self._note_gap()

    def _note_heard(self, until: datetime) -> None:
        if self._news.empty():
            self._passed_on_until = until

    def _note_gap(self) -> None:
        if self._gap is None:
            self._gap = _Gap(since=self._passed_on_until)
            self._news.put_nowait(self._gap)

    def _take_job(self, payload: str) -> None:
        kind = parse_job(payload, origin=self._outbox.origin)
        if kind is not None:
            self._outbox.notify_workers(kind)

    def _take_update(self, payload: str) -> None:
        news = parse_update(payload, origin=self._outbox.origin)
        if news is None:
            return
        if self._news.qsize() < _BACKLOG:
            self._news.put_nowait(news)
        else:
            self._news = asyncio.Queue()
            self._gap = None
            self._note_gap()


async def _load(transaction: Transaction, news: Notice) -> tuple[Update, ...]:
    connection = transaction.connection
    match news:
        case ImageNotice(image_id=image_id):
            image = await images.get(connection, image_id)
            return () if image is None else (ImageUpdate(image=image),)
        case EventNotice(event_id=event_id, phase=phase):
            event = await events.get(connection, event_id)
            return () if event is None else (EventUpdate(event=event, phase=phase),)


async def _load_missed(
    transaction: Transaction, gap: _Gap, settings: Settings
) -> tuple[Update, ...]:
    connection = transaction.connection
    assessed = await update_backfill.assessments(connection, gap.since, settings)
    # At the start, whoever wants to know asks where the cameras stand.
    states = () if gap.since is None else await update_backfill.states(connection, settings)
    return (*states, *assessed)
