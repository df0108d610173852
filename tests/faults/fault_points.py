"""Fault points in the database: inject a fault into a worker exactly while it commits.

A deferred constraint trigger runs when a transaction commits and blocks it on a lock until the
fault has been injected. Then the lock is released and the commit succeeds without the worker
noticing, or the backend is terminated and the transaction is rolled back. Every commit is a fault
point, and the product contains no code for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
import time

import asyncpg  # type: ignore[import-untyped]  # has no types

from tests.faults.plan import CommitPoint

HOLD, ELECTION = (
    7701,
    7702,
)  # advisory locks: the one that blocks commits, and the one that elects a single waiter

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
        WHEN tbl = 'events' AND old->'highest_level' <> new->'highest_level'
            AND old->>'highest_level' IS NOT NULL THEN 'escalate'
        WHEN tbl = 'events' AND new->'phases' ? 'corrected' AND old->'phases' <> new->'phases'
            AND old->'phases'->'explained' IS NOT DISTINCT FROM new->'phases'->'explained'
            THEN 'correct'
        WHEN tbl = 'events' AND old->>'judged_images' <> new->>'judged_images' THEN 'judge'
        WHEN tbl = 'events' AND old->'phases'->'explained' IS DISTINCT FROM
            new->'phases'->'explained' THEN 'explain'
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
    IF wanted = 'cancelled' AND random() < 0.7 THEN
        RAISE EXCEPTION 'broken off'
            USING ERRCODE = ('{{57014,25P03,25P04,40001,40P01,55P03}}'::text[])[1 + floor(random() * 6)::int];
    END IF;
    IF faults.point_of(TG_TABLE_NAME, TG_OP, to_jsonb(OLD), to_jsonb(NEW)) = wanted
       AND pg_try_advisory_xact_lock({ELECTION}) THEN
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
_CANCEL = """
SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity
WHERE usename = ANY($1) AND state IN ('active', 'idle in transaction')
"""
_POLL_INTERVAL = 0.01  # seconds


class FaultPoints:
    """The fault points of one database."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def install(self) -> None:
        """Create the triggers; the product's tables have to exist."""
        connection = await asyncpg.connect(self._url)
        await connection.execute(_SQL)
        for table in ("images", "events", "jobs"):
            await connection.execute(_TRIGGER.format(table=table))
        await connection.close()

    async def trigger(
        self,
        point: CommitPoint,
        apply: Callable[[str], Awaitable[None]],
        *,
        committed: bool,
        limit: float,
    ) -> bool:
        """Call `apply` with the database user of the first worker that commits; False at the limit."""
        control = await asyncpg.connect(self._url)
        try:
            await control.execute("SELECT pg_advisory_lock($1)", HOLD)
            await control.execute("INSERT INTO faults.armed VALUES ($1)", point.value)
            held = await _wait_for_one(control, limit)
            await control.execute("DELETE FROM faults.armed")
            if held is None:
                return False
            pid, user = held
            await apply(user)
            if not committed:
                await control.execute("SELECT pg_terminate_backend($1, 5000)", pid)
            return True
        finally:
            await control.close(timeout=5)  # releases the lock

    async def without_disk_space(self, seconds: float) -> None:
        """Refuse every commit for a while, as a full disk does."""
        control = await asyncpg.connect(self._url)
        await control.execute("INSERT INTO faults.armed VALUES ('disk_full')")
        await asyncio.sleep(seconds)
        await control.execute("DELETE FROM faults.armed")
        await control.close(timeout=5)

    async def cancel_statements(self, users: Sequence[str], seconds: float) -> bool:
        """Cancel the users' running statements for a while; refuse most commits as broken off.

        Return whether a statement was cancelled.
        """
        control = await asyncpg.connect(self._url)
        await control.execute("INSERT INTO faults.armed VALUES ('cancelled')")
        cancelled = 0
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            cancelled += await control.fetchval(_CANCEL, list(users))
            await asyncio.sleep(_POLL_INTERVAL)
        await control.execute("DELETE FROM faults.armed")
        await control.close(timeout=5)
        return cancelled > 0

    async def disarm(self) -> None:
        """Disarm every fault point, also after an interrupted run."""
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
        await asyncio.sleep(_POLL_INTERVAL)
    return None
