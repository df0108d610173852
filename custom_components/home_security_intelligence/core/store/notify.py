"""NOTIFY and LISTEN between processes that share a database.

PostgreSQL delivers a notification when the transaction that sent it commits, and none after a
rollback. A lost notification does no harm: queues are polled as well, and `update_backfill.py`
reads what was missed.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy import Text, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..domain.errors import StoreUnreachableError
from ..domain.models import JobKind
from ..domain.updates import EventPhase, EventUpdate, ImageUpdate, Update
from .arrays import rows_from_arrays
from .errors import translated

JOBS_CHANNEL = "hsi_jobs"
UPDATES_CHANNEL = "hsi_updates"
SETTINGS_CHANNEL = "hsi_settings"

_NOW = "SELECT now()"
_SENT = rows_from_arrays("sent", {"channel": Text, "payload": Text})
_SEND = select(func.pg_notify(_SENT.c.channel, _SENT.c.payload))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageNotice:
    """Another process has brought an image to its final state."""

    image_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventNotice:
    """Another process has changed an event."""

    event_id: UUID
    phase: EventPhase


type Notice = ImageNotice | EventNotice


class _Driver(Protocol):
    """The part of an asyncpg connection that SQLAlchemy does not offer."""

    async def add_listener(
        self, channel: str, callback: Callable[[object, int, str, str], None]
    ) -> None: ...

    def add_termination_listener(self, callback: Callable[[object], None]) -> None: ...

    def terminate(self) -> None: ...

    async def fetchval(self, query: str, *, timeout: float) -> datetime: ...


async def send(
    connection: AsyncConnection,
    *,
    origin: str,
    job_kinds: Iterable[JobKind],
    updates: Iterable[Update],
) -> None:
    """Notify other processes of new jobs and of updates, in one statement; none if there are none."""
    notifications = [(JOBS_CHANNEL, f"{origin} {kind.value}") for kind in job_kinds]
    notifications += [
        (UPDATES_CHANNEL, payload) for update in updates if (payload := _payload(origin, update))
    ]
    if notifications:
        channels = [channel for channel, _ in notifications]
        payloads = [payload for _, payload in notifications]
        await connection.execute(_SEND, {"sent_channel": channels, "sent_payload": payloads})


async def database_time(connection: AsyncConnection) -> datetime:
    """Return the database's time."""
    now: datetime = (await connection.execute(select(func.now()))).scalar_one()
    return now


def parse_job(payload: str, *, origin: str) -> JobKind | None:
    """Return the kind of another process's new jobs; None for one of this origin or unknown form."""
    match payload.split():
        case [sender, kind] if sender != origin and kind in JobKind:
            return JobKind(kind)
        case _:
            return None


def parse_update(payload: str, *, origin: str) -> Notice | None:
    """Return another process's notice; None for one of this origin or of an unknown form."""
    match payload.split():
        case [sender, *_] if sender == origin:
            return None
        case [_, "image", number] if number.isdecimal():
            return ImageNotice(image_id=int(number))
        case [_, "event", text, phase] if phase in EventPhase:
            try:
                return EventNotice(event_id=UUID(text), phase=EventPhase(phase))
            except ValueError:
                return None
        case _:
            return None


async def listen(
    engine: AsyncEngine,
    *,
    check_every: float,
    on_listening: Callable[[], None],
    on_received_until: Callable[[datetime], None],
    on_job: Callable[[str], None],
    on_update: Callable[[str], None],
    on_settings: Callable[[], None],
) -> None:
    """Call back for every notification until the connection ends; then raises StoreError.

    Every `check_every` seconds a query has to be answered within as many seconds, because the
    other end of an idle connection may vanish without a sign. `on_received_until` gets the database's
    time, up to which every notification was received.
    """
    ended = asyncio.get_running_loop().create_future()

    def end(_: object) -> None:
        if not ended.done():
            ended.set_result(None)

    with translated():
        async with engine.connect() as connection:
            driver: _Driver = (await connection.get_raw_connection()).driver_connection  # type: ignore[assignment]  # asyncpg has no types
            try:
                driver.add_termination_listener(end)
                await driver.add_listener(JOBS_CHANNEL, lambda *n: on_job(n[3]))
                await driver.add_listener(UPDATES_CHANNEL, lambda *n: on_update(n[3]))
                await driver.add_listener(SETTINGS_CHANNEL, lambda *_: on_settings())
                on_listening()
                while not ended.done():
                    on_received_until(await driver.fetchval(_NOW, timeout=check_every))
                    await asyncio.wait({ended}, timeout=check_every)
            finally:
                # Back in the pool, it would go on listening.
                driver.terminate()
                await connection.invalidate()
    raise StoreUnreachableError("the connection to PostgreSQL was lost")


def _payload(origin: str, update: Update) -> str | None:
    match update:
        case ImageUpdate(image=image):
            return f"{origin} image {image.id}"
        case EventUpdate(event=event, phase=phase):
            return f"{origin} event {event.id} {phase.value}"
        case _:
            return None
