"""What the home said of itself, by time, so that a late picture meets the home of its time."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.context import Home
from .tables import home_states

_AT = (
    select(home_states.c.until, home_states.c.armed, home_states.c.occupancy)
    .where(home_states.c.since <= bindparam("moment"))
    .order_by(home_states.c.since.desc())
    .limit(1)
)


async def at(connection: AsyncConnection, moment: datetime, *, hold: timedelta) -> Home:
    """Return what the home said at a moment; nothing where nobody listened.

    A state counts for `hold` longer than it is known to have lasted: nobody writes down all the
    time that nothing has changed.
    """
    row = (await connection.execute(_AT, {"moment": moment})).one_or_none()
    if row is None or moment > row.until + hold:
        return Home()
    return Home(armed=row.armed, occupancy=row.occupancy)


async def begin(connection: AsyncConnection, home: Home, since: datetime) -> None:
    """Keep what the home says from a moment on."""
    said = {"until": since, "armed": home.armed, "occupancy": home.occupancy}
    await connection.execute(
        insert(home_states)
        .values(since=since, **said)
        .on_conflict_do_update(index_elements=[home_states.c.since], set_=said)
    )


async def prolong(connection: AsyncConnection, since: datetime, until: datetime) -> None:
    """Note that what the home said from a moment on held until another."""
    await connection.execute(
        update(home_states)
        .where(home_states.c.since == since, home_states.c.until < until)
        .values(until=until)
    )


async def delete_before(connection: AsyncConnection, before: datetime) -> None:
    """Forget what ended before a moment."""
    await connection.execute(delete(home_states).where(home_states.c.until < before))
