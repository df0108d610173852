"""Closing of events whose time is over."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import SecurityEvent
from ..domain.settings import Settings
from ..store import events, images
from ..store.database import Database
from ..store.transaction import Transaction
from .event_batch import span_of
from .event_judge import EventChange, EventJudge
from .placement import due_at


class EventCloser:
    """Close each event that is due, once no waiting image could still join it."""

    def __init__(
        self,
        database: Database,
        judge: EventJudge,
        *,
        is_awaited: Callable[[str, datetime], bool],
        settings: Settings,
        now: Callable[[], datetime],
    ) -> None:
        """`is_awaited`: whether a file of a camera, written by a moment, is still unregistered."""
        self._database = database
        self._judge = judge
        self._is_awaited = is_awaited
        self._settings = settings
        self._now = now

    async def close_due_events(self) -> None:
        """Close each event when it becomes due, until cancelled."""
        while True:
            wait = await self._close_due()
            await asyncio.sleep(wait)

    async def _close_due(self) -> float:
        """Close events that are due; returns the seconds until the next check."""
        wait = self._settings.poll_interval
        for event in await self._database.run_statement(events.all_open):
            left = (due_at(span_of(event), self._settings) - self._now()).total_seconds()
            if left > 0:
                wait = min(wait, left)
            else:
                close = partial(self._close, camera=event.camera)
                await self._database.run_transaction(close)
        return wait

    async def _close(self, transaction: Transaction, camera: str) -> None:
        connection = transaction.connection
        locked = await self._judge.lock(connection, [camera])
        event = await events.open_of(connection, camera)
        if event is None or not await self._is_over(connection, event):
            return
        change = EventChange(
            before=event,
            event=await events.close(connection, event),
            context=await events.context_of(connection, event.id),
        )
        await self._judge.judge(transaction, [change], locked)

    async def _is_over(self, connection: AsyncConnection, event: SecurityEvent) -> bool:
        due = due_at(span_of(event), self._settings)
        if due > self._now():
            return False
        # A waiting image may still join, so that a backlog is grouped as it was captured. One that
        # keeps failing may wait for a day: it joins the closed event, which is then corrected.
        if self._is_awaited(event.camera, due):
            return False
        reach = event.started_at - timedelta(seconds=self._settings.event_idle)
        return not await images.any_pending(
            connection,
            event.camera,
            after=reach,
            before=due,
            failing_for=timedelta(seconds=self._settings.waiting_limit),
        )
