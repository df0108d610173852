"""Hits a worker exactly while a transaction of its commits.

The fault points are in the database, not in the product: a deferred constraint trigger runs when
a transaction commits, and holds it there by a lock until the worker has been hit. Then the lock is
let go, and the commit takes place with nobody left to hear of it, or the transaction is ended, and
it never took place. So every commit of the product is a fault point, the product has no line of
code for it, and what runs here is what ships.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
import time

import asyncpg  # type: ignore[import-untyped]  # has no types

from tests.faults.plan import Point

HOLD, ELECT = 7701, 7702  # advisory locks: what is waited for, and who is the one that waits

_SQL = f"""
CREATE SCHEMA faults;
CREATE TABLE faults.armed (point text PRIMARY KEY);
CREATE FUNCTION faults.point_of(tbl text, op text, old jsonb, new jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN tbl = 'images' AND op = 'INSERT' THEN 'register'
        WHEN tbl = 'events' AND op = 'INSERT' THEN 'open_event'
        WHEN tbl = 'events' AND old->>'state' = 'open' AND new->>'state' = 'closed' THEN 'close_event'
        WHEN tbl = 'events' AND old->>'image_count' <> new->>'image_count' THEN 'join_event'
        WHEN tbl = 'events' AND new->>'assessment' = 'assessed' THEN 'assessed'
        WHEN tbl = 'jobs' AND op = 'UPDATE' THEN
            CASE old->>'state' || '-' || (new->>'state')
                WHEN 'pending-leased' THEN 'claim'
                WHEN 'leased-leased' THEN 'renew'
                WHEN 'leased-done' THEN 'finish'
                WHEN 'leased-pending' THEN 'postpone'
                WHEN 'leased-dead' THEN 'give_up'
            END
    END
$$;
CREATE FUNCTION faults.hold() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted text := (SELECT min(point) FROM faults.armed);
BEGIN
    IF wanted IS NULL THEN
        RETURN NULL;
    END IF;
    IF wanted = 'disk_full' THEN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
    END IF;
    IF faults.point_of(TG_TABLE_NAME, TG_OP, to_jsonb(OLD), to_jsonb(NEW)) = wanted
       AND pg_try_advisory_xact_lock({ELECT}) THEN
        PERFORM pg_advisory_xact_lock({HOLD});
    END IF;
    RETURN NULL;
END
$$;
"""
_TRIGGER = """
CREATE CONSTRAINT TRIGGER held AFTER INSERT OR UPDATE ON hsi.{table}
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION faults.hold()
"""
_HELD = """
SELECT a.pid, a.usename FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.objid = $1 AND NOT l.granted
"""
_LOOK = 0.01  # seconds between two looks whether somebody is held


class Strikes:
    """Arms fault points in one database."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def install(self) -> None:
        """Put the fault points next to the tables, which have to be there."""
        connection = await asyncpg.connect(self._url)
        await connection.execute(_SQL)
        for table in ("images", "events", "jobs"):
            await connection.execute(_TRIGGER.format(table=table))
        await connection.close()

    async def strike(
        self, point: Point, hit: Callable[[str], Awaitable[None]], *, committed: bool, limit: float
    ) -> bool:
        """Hit the first worker that commits this, given by its database user; tell if one did."""
        control = await asyncpg.connect(self._url)
        try:
            await control.execute("SELECT pg_advisory_lock($1)", HOLD)
            await control.execute("INSERT INTO faults.armed VALUES ($1)", point.value)
            held = await _wait_for_one(control, limit)
            await control.execute("DELETE FROM faults.armed")
            if held is None:
                return False
            pid, user = held
            await hit(user)
            if not committed:
                await control.execute("SELECT pg_terminate_backend($1, 5000)", pid)
            return True
        finally:
            await control.close(timeout=5)  # and with it goes the lock

    async def without_disk_space(self, seconds: float) -> None:
        """Refuse every commit for a while, as a full disk does."""
        control = await asyncpg.connect(self._url)
        await control.execute("INSERT INTO faults.armed VALUES ('disk_full')")
        await asyncio.sleep(seconds)
        await control.execute("DELETE FROM faults.armed")
        await control.close(timeout=5)

    async def disarm(self) -> None:
        """Let everything through, whatever was interrupted."""
        with suppress(OSError, asyncpg.PostgresError):
            control = await asyncpg.connect(self._url)
            await control.execute("DELETE FROM faults.armed")
            await control.close(timeout=5)


async def _wait_for_one(control: asyncpg.Connection, limit: float) -> tuple[int, str] | None:
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        row = await control.fetchrow(_HELD, HOLD)
        if row is not None:
            return row["pid"], row["usename"]
        await asyncio.sleep(_LOOK)
    return None
