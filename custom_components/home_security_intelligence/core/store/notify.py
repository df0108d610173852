"""Telling other workers on the same database, by NOTIFY and LISTEN.

A notification belongs to the transaction that sends it: nobody hears of what was rolled back.
Losing one does no harm: queues are polled as well, and `missed.py` reads what was not heard of.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy import Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..domain.errors import StoreUnreachableError
from ..domain.models import JobKind
from ..domain.updates import EventPhase, EventUpdate, ImageUpdate, Update
from .errors import translated

JOBS_CHANNEL = "hsi_jobs"
UPDATES_CHANNEL = "hsi_updates"

_NOW = "SELECT now()"
_EACH = func.unnest(bindparam("payloads", type_=ARRAY(Text))).column_valued("each")
_ANNOUNCE = select(func.pg_notify(UPDATES_CHANNEL, _EACH))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageNotice:
    """Another worker has brought an image to its end."""

    image_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventNotice:
    """Another worker has changed an event."""

    event_id: UUID
    phase: EventPhase


type News = ImageNotice | EventNotice


class _Driver(Protocol):
    """The part of an asyncpg connection that SQLAlchemy does not offer."""

    async def add_listener(
        self, channel: str, callback: Callable[[object, int, str, str], None]
    ) -> None: ...

    def add_termination_listener(self, callback: Callable[[object], None]) -> None: ...

    def terminate(self) -> None: ...

    async def fetchval(self, query: str, *, timeout: float) -> datetime: ...


async def announce_jobs(connection: AsyncConnection, kind: JobKind) -> None:
    """Wake whoever waits for jobs of this kind, once this transaction is committed."""
    await connection.execute(select(func.pg_notify(JOBS_CHANNEL, kind.value)))


async def announce_updates(
    connection: AsyncConnection, origin: str, updates: Sequence[Update]
) -> None:
    """Tell the other workers, once this transaction is committed, what this one has done."""
    payloads = [payload for update in updates if (payload := _payload(origin, update))]
    if payloads:
        await connection.execute(_ANNOUNCE, {"payloads": payloads})


def parse_update(payload: str, *, origin: str) -> News | None:
    """Return what another worker has announced; None for our own and for what is not understood."""
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
    on_heard_until: Callable[[datetime], None],
    on_job: Callable[[str], None],
    on_update: Callable[[str], None],
) -> None:
    """Call back for every notification until the connection ends; raises StoreError then.

    Every `check_every` seconds the connection is made to answer within as many: the other end of
    one that is only listened to may vanish without a word. `on_heard_until` gets the database's time, up to
    which everything was heard.
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
                on_listening()
                while not ended.done():
                    on_heard_until(await driver.fetchval(_NOW, timeout=check_every))
                    await asyncio.wait({ended}, timeout=check_every)
            finally:
                # It goes on listening otherwise, back in the pool.
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
