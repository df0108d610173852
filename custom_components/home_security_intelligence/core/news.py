"""Hears what other workers on the same database have done, and passes it on as our own updates."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from .database import Database
from .errors import StoreError
from .health import HealthBoard
from .models import JobKind
from .settings import Settings
from .store import events, images
from .store.notify import EventNews, ImageNews, News, listen, parse_update
from .updates import EventUpdate, ImageUpdate, Update

_BACKLOG = 1000  # news not yet loaded; more are dropped, the next ones tell as much


class NewsDesk:
    """Listens on the database; loads what the news are about and publishes it."""

    def __init__(
        self,
        database: Database,
        health: HealthBoard,
        *,
        settings: Settings,
        origin: str,
        publish: Callable[[Sequence[Update]], None],
        on_job: Callable[[JobKind], None],
    ) -> None:
        self._database = database
        self._health = health
        self._publish = publish
        self._settings = settings
        self._origin = origin
        self._on_job = on_job
        self._news: asyncio.Queue[News] = asyncio.Queue(_BACKLOG)

    async def listen(self) -> None:
        """Listen until cancelled, through the database's absences."""
        while True:
            try:
                await listen(
                    self._database.engine,
                    on_listening=self._catch_up,
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
            update = await self._database.run(partial(_load, news=news))
            if update is not None:
                self._publish([update])

    def _catch_up(self) -> None:
        """Look for work, as there may have been calls that nobody heard."""
        for kind in JobKind:
            self._on_job(kind)

    def _take_job(self, payload: str) -> None:
        if payload in JobKind:
            self._on_job(JobKind(payload))

    def _take_update(self, payload: str) -> None:
        news = parse_update(payload, origin=self._origin)
        if news is not None and not self._news.full():
            self._news.put_nowait(news)


async def _load(connection: AsyncConnection, news: News) -> Update | None:
    match news:
        case ImageNews(image_id=image_id):
            image = await images.get(connection, image_id)
            return None if image is None else ImageUpdate(image=image)
        case EventNews(event_id=event_id, phase=phase):
            event = await events.get(connection, event_id)
            return None if event is None else EventUpdate(event=event, phase=phase)
