"""Ends events whose time is over."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import SecurityEvent
from ..domain.settings import Settings
from ..store import cameras, events, images
from ..store.database import Database
from ..store.transaction import Transaction
from .event_batch import span_of
from .grouper import Group
from .grouping import due_at


class CloseEvents:
    """Closes each event that is due, once nothing that could still join it is waiting."""

    def __init__(
        self,
        database: Database,
        group: Group,
        *,
        settings: Settings,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._group = group
        self._settings = settings
        self._now = now

    async def run(self) -> None:
        """Close each event when it becomes due, until cancelled."""
        while True:
            wait = await self._look()
            await asyncio.sleep(wait)

    async def _look(self) -> float:
        """Look once through the open events; returns for how many seconds none becomes due."""
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
        await cameras.lock(connection, [camera])
        event = await events.open_of(connection, camera)
        if event is not None and await self._is_over(connection, event):
            await self._group.close(transaction, event)

    async def _is_over(self, connection: AsyncConnection, event: SecurityEvent) -> bool:
        due = due_at(span_of(event), self._settings)
        if due > self._now():
            return False
        # An image that is still to be looked at may join, so a backlog groups as it happened.
        reach = event.started_at - timedelta(seconds=self._settings.event_idle)
        return not await images.any_waiting(connection, event.camera, after=reach, before=due)
