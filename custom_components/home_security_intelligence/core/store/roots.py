"""The camera roots: on which machines the pictures of this database lie, and who is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from .tables import images, roots

SEEN_EVERY = 20.0  # seconds between a running pipeline's notes that it is there
_LIVE_FOR = timedelta(seconds=3 * SEEN_EVERY)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRoot:
    """A folder on a machine; `live` says that somebody works on it now."""

    id: int
    host: str
    path: str
    live: bool


async def register(connection: AsyncConnection, host: str, path: str) -> int:
    """Note that somebody works on this folder; returns its id."""
    statement = insert(roots).values(host=host, path=path, seen_at=func.now())
    rows = await connection.execute(
        statement.on_conflict_do_update(
            constraint="roots_identity", set_={"seen_at": func.now()}
        ).returning(roots.c.id)
    )
    root_id: int = rows.scalar_one()
    return root_id


async def note_seen(connection: AsyncConnection, root_id: int) -> None:
    """Note that somebody still works on it."""
    await connection.execute(update(roots).where(roots.c.id == root_id).values(seen_at=func.now()))


async def find(connection: AsyncConnection, root_id: int) -> KnownRoot | None:
    """Return one root."""
    row = (await connection.execute(_known().where(roots.c.id == root_id))).one_or_none()
    return None if row is None else _root_of(row)


async def live_elsewhere(connection: AsyncConnection, host: str) -> tuple[KnownRoot, ...]:
    """Return the roots on other machines that somebody works on now."""
    rows = await connection.execute(_known().where(roots.c.host != host))
    return tuple(root for root in map(_root_of, rows) if root.live)


async def latest_paths(connection: AsyncConnection, root_id: int, *, at_most: int) -> Sequence[str]:
    """Return the paths of the images last registered in a root whose files should be there."""
    rows = await connection.scalars(
        select(images.c.path)
        .where(images.c.root == root_id, images.c.file_gone.is_(False))
        .order_by(images.c.id.desc())
        .limit(at_most)
    )
    return rows.all()


def _known() -> Select[tuple[int, str, str, bool]]:
    live = (roots.c.seen_at > func.now() - _LIVE_FOR).label("live")
    return select(roots.c.id, roots.c.host, roots.c.path, live)


def _root_of(row: Row[tuple[int, str, str, bool]]) -> KnownRoot:
    return KnownRoot(id=row[0], host=row[1], path=row[2], live=row[3])
