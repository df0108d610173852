"""The camera roots: on which machines the pictures of this database lie, and who is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Row, delete, exists, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from .tables import images, roots, workers

SEEN_EVERY = 20.0  # seconds between a running pipeline's notes that it is there
LIVE_FOR = timedelta(seconds=3 * SEEN_EVERY)
# Any fixed number: whoever holds it looks who is there and enters, everybody else waits.
_ENTRY_LOCK = 0x48534932

_SEEN_LATELY = workers.c.seen_at > func.now() - LIVE_FOR
_LIVE = exists().where(workers.c.root == roots.c.id, _SEEN_LATELY)
_KNOWN = select(roots.c.id, roots.c.host, roots.c.path, _LIVE).order_by(roots.c.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRoot:
    """A folder on a machine; `live` says that somebody works on it, or did a short while ago."""

    id: int
    host: str
    path: str
    live: bool


async def acquire_lock(connection: AsyncConnection) -> None:
    """Let nobody else enter until this transaction ends."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ENTRY_LOCK})


async def register(connection: AsyncConnection, host: str, path: str) -> int:
    """Note a folder; returns its id."""
    rows = await connection.execute(
        insert(roots)
        .values(host=host, path=path)
        # Nothing changes, but a row that is there already is returned as well.
        .on_conflict_do_update(constraint="roots_identity", set_={"host": host})
        .returning(roots.c.id)
    )
    root_id: int = rows.scalar_one()
    return root_id


async def note_seen(connection: AsyncConnection, worker: UUID, root_id: int) -> None:
    """Note that a pipeline works on a folder, still or from now on."""
    there = {"root": root_id, "seen_at": func.now(), "has_left": False}
    await connection.execute(
        insert(workers)
        .values(id=worker, **there)
        .on_conflict_do_update(index_elements=[workers.c.id], set_=there)
    )


async def note_left(connection: AsyncConnection, worker: UUID) -> None:
    """Note that a pipeline has stopped: its folder may be another one from now on."""
    await connection.execute(workers.update().where(workers.c.id == worker).values(has_left=True))


async def forget_gone(connection: AsyncConnection) -> None:
    """Forget pipelines that have not been seen for a while."""
    await connection.execute(delete(workers).where(~_SEEN_LATELY))


async def find(connection: AsyncConnection, root_id: int) -> KnownRoot | None:
    """Return one root."""
    rows = await connection.execute(_KNOWN.where(roots.c.id == root_id))
    row = rows.one_or_none()
    return None if row is None else _root_of(row)


async def others_live(connection: AsyncConnection, root_id: int) -> tuple[KnownRoot, ...]:
    """Return the other roots that are live."""
    rows = await connection.execute(_KNOWN.where(roots.c.id != root_id, _LIVE))
    return tuple(map(_root_of, rows))


async def others_at_work(connection: AsyncConnection, root_id: int) -> tuple[KnownRoot, ...]:
    """Return the other live roots that not all have left."""
    at_work = exists().where(workers.c.root == roots.c.id, _SEEN_LATELY, ~workers.c.has_left)
    rows = await connection.execute(_KNOWN.where(roots.c.id != root_id, at_work))
    return tuple(map(_root_of, rows))


async def latest_paths(connection: AsyncConnection, root_id: int, *, at_most: int) -> Sequence[str]:
    """Return the paths of the images last registered in a root whose files should be there."""
    rows = await connection.scalars(
        select(images.c.path)
        .where(images.c.root == root_id, images.c.file_gone.is_(False))
        .order_by(images.c.id.desc())
        .limit(at_most)
    )
    return rows.all()


def _root_of(row: Row[tuple[int, str, str, bool]]) -> KnownRoot:
    return KnownRoot(id=row[0], host=row[1], path=row[2], live=row[3])
