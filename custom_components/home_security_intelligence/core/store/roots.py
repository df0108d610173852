"""The camera roots: the folders and machines that hold the images, and the workers on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import (
    Row,
    Text,
    Uuid,
    bindparam,
    cast,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from .tables import forgotten_files, images, roots, workers

HEARTBEAT_INTERVAL = 20.0  # seconds between a pipeline's heartbeats
LIVE_FOR = timedelta(seconds=3 * HEARTBEAT_INTERVAL)
# Any fixed number: one pipeline at a time checks the others and registers.
_REGISTRATION_LOCK = 0x48534932

_HAS_HEARTBEAT = workers.c.seen_at > func.now() - LIVE_FOR
_ACTIVE = exists().where(workers.c.root == roots.c.id, _HAS_HEARTBEAT, ~workers.c.has_left)
_LIVE = exists().where(workers.c.root == roots.c.id, _HAS_HEARTBEAT)
# The transaction that wrote a row. A restored row was written by another one.
_MARK = cast(literal_column("workers.xmin"), Text)
MARK_OF = select(_MARK).where(workers.c.id == bindparam("worker", type_=Uuid)).scalar_subquery()
_READ_MARK = select(MARK_OF)
_KNOWN = select(roots.c.id, roots.c.host, roots.c.path, _LIVE).order_by(roots.c.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRoot:
    """A folder on a machine; `live` if a pipeline uses it, or did a short while ago."""

    id: int
    host: str
    path: str
    live: bool


async def acquire_lock(connection: AsyncConnection) -> None:
    """Keep other pipelines from registering until this transaction ends."""
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(:key)"), {"key": _REGISTRATION_LOCK}
    )


async def register(connection: AsyncConnection, host: str, path: str) -> int:
    """Register a folder; return its id."""
    rows = await connection.execute(
        insert(roots)
        .values(host=host, path=path)
        # Changes nothing, but returns an existing row as well.
        .on_conflict_do_update(constraint="roots_identity", set_={"host": host})
        .returning(roots.c.id)
    )
    root_id: int = rows.scalar_one()
    return root_id


async def find_idle(connection: AsyncConnection, host: str, path: str) -> KnownRoot | None:
    """Return the latest root of this path on another host, without a pipeline that runs.

    None if the path is registered for this host.
    """
    mine = exists().where(roots.c.host == host, roots.c.path == path).correlate(None)
    rows = await connection.execute(
        _KNOWN.where(roots.c.path == path, roots.c.host != host, ~_ACTIVE, ~mine)
        .order_by(None)
        .order_by(roots.c.id.desc())
        .limit(1)
    )
    row = rows.one_or_none()
    return None if row is None else _root_of(row)


async def move(connection: AsyncConnection, root_id: int, host: str) -> None:
    """Record that a root is on a machine of another name by now, as after a new container."""
    await connection.execute(roots.update().where(roots.c.id == root_id).values(host=host))


async def delete_unused(connection: AsyncConnection) -> None:
    """Delete the roots that no pipeline uses and no image or forgotten file was found in."""
    without_worker = ~exists().where(workers.c.root == roots.c.id)
    idle = (await connection.scalars(select(roots.c.id).where(without_worker))).all()
    for root_id in idle:
        # One root at a time, so that a large table is read to its end for an unused root only.
        holds = (exists().where(table.c.root == root_id) for table in (images, forgotten_files))
        if not await connection.scalar(select(or_(*holds))):
            await connection.execute(delete(roots).where(roots.c.id == root_id, without_worker))


async def record_heartbeat(connection: AsyncConnection, worker: UUID, root_id: int) -> str:
    """Record that a pipeline uses a folder at this moment; return the mark of this record.

    The mark differs after any other heartbeat, and after a restore of the database.
    """
    values = {"root": root_id, "seen_at": func.now(), "has_left": False}
    rows = await connection.execute(
        insert(workers)
        .values(id=worker, **values)
        .on_conflict_do_update(index_elements=[workers.c.id], set_=values)
        .returning(_MARK)
    )
    mark: str = rows.scalar_one()
    return mark


async def read_mark(connection: AsyncConnection, worker: UUID) -> str | None:
    """Return the mark of a pipeline's last heartbeat; None if there is none."""
    found: str | None = await connection.scalar(_READ_MARK, {"worker": worker})
    return found


async def mark_stopped(connection: AsyncConnection, worker: UUID) -> None:
    """Record that a pipeline has stopped: it may use another folder at its next start."""
    await connection.execute(workers.update().where(workers.c.id == worker).values(has_left=True))


async def delete_stale(connection: AsyncConnection) -> None:
    """Delete pipelines without a recent heartbeat."""
    await connection.execute(delete(workers).where(~_HAS_HEARTBEAT))


async def find(connection: AsyncConnection, root_id: int) -> KnownRoot | None:
    """Return one root."""
    rows = await connection.execute(_KNOWN.where(roots.c.id == root_id))
    row = rows.one_or_none()
    return None if row is None else _root_of(row)


async def other_live_roots(connection: AsyncConnection, root_id: int) -> tuple[KnownRoot, ...]:
    """Return the other roots that are live."""
    rows = await connection.execute(_KNOWN.where(roots.c.id != root_id, _LIVE))
    return tuple(map(_root_of, rows))


async def other_active_roots(connection: AsyncConnection, root_id: int) -> tuple[KnownRoot, ...]:
    """Return the other live roots with a pipeline that has not stopped."""
    rows = await connection.execute(_KNOWN.where(roots.c.id != root_id, _ACTIVE))
    return tuple(map(_root_of, rows))


async def latest_paths(connection: AsyncConnection, root_id: int, *, limit: int) -> Sequence[str]:
    """Return the paths of the images last registered in a root whose files should exist."""
    rows = await connection.scalars(
        select(images.c.path)
        .where(images.c.root == root_id, images.c.file_gone.is_(False))
        .order_by(images.c.id.desc())
        .limit(limit)
    )
    return rows.all()


def _root_of(row: Row[tuple[int, str, str, bool]]) -> KnownRoot:
    return KnownRoot(id=row[0], host=row[1], path=row[2], live=row[3])
