"""The home's states by time, so that a late image gets the state of its capture time.

Recorded periods overlap after the clock of the machine that records them was ahead or behind for a
while. What was recorded last is right: it was recorded after the clock was set.
"""

from datetime import datetime, timedelta

from sqlalchemy import DateTime, bindparam, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.context import Home, HomeEventKind
from .tables import home_states

_AT = (
    select(
        home_states.c.armed,
        home_states.c.alarm,
        home_states.c.occupancy,
        home_states.c.reported,
    )
    .where(
        home_states.c.since <= bindparam("moment"),
        home_states.c.until >= bindparam("confirmed_since", type_=DateTime(timezone=True)),
    )
    .order_by(home_states.c.number.desc())
    .limit(1)
)


async def at(connection: AsyncConnection, moment: datetime, *, hold: timedelta) -> Home:
    """Return the home's state at a moment; an empty one if none was recorded.

    A state is valid for `hold` longer than recorded, because an unchanged one is recorded only
    from time to time.
    """
    found = await connection.execute(_AT, {"moment": moment, "confirmed_since": moment - hold})
    row = found.one_or_none()
    if row is None:
        return Home()
    return Home(
        armed=row.armed,
        alarm=row.alarm,
        occupancy=row.occupancy,
        reported={
            camera: frozenset(HomeEventKind(kind) for kind in kinds)
            for camera, kinds in row.reported.items()
        },
    )


async def begin(connection: AsyncConnection, home: Home, since: datetime) -> None:
    """Store the home's state from a moment on."""
    state = {
        "until": since,
        "armed": home.armed,
        "alarm": home.alarm,
        "occupancy": home.occupancy,
        "reported": {camera: sorted(kinds) for camera, kinds in home.reported.items()},
    }
    await connection.execute(
        insert(home_states)
        .values(since=since, **state)
        .on_conflict_do_update(
            index_elements=[home_states.c.since], set_={**state, "number": text("DEFAULT")}
        )
    )


async def extend(connection: AsyncConnection, since: datetime, until: datetime) -> None:
    """Record that the state since a moment was valid until another."""
    await connection.execute(
        update(home_states)
        .where(home_states.c.since == since, home_states.c.until < until)
        .values(until=until)
    )


async def delete_before(connection: AsyncConnection, before: datetime) -> None:
    """Delete states that ended before a moment."""
    await connection.execute(delete(home_states).where(home_states.c.until < before))
