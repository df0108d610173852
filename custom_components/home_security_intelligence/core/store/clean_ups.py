"""The clean-ups of each camera root: what they deleted, and what waits for a confirmation."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import cast

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.clean_up import KEPT_HISTORY, CleanUpHistory, WaitingCleanUp
from ..domain.models import CleanupReport
from .tables import clean_ups, images, roots


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanUpState:
    """What is stored of a camera root's clean-ups."""

    history: CleanUpHistory = field(default_factory=CleanUpHistory)
    waiting: WaitingCleanUp | None = None
    confirmed: bool = False
    orphans_checked_until: datetime | None = None  # forgotten files found until then


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedCleanUp:
    """A clean-up that waited, and the camera root it belongs to."""

    host: str
    path: str
    waiting: WaitingCleanUp


async def read(connection: AsyncConnection, root: int) -> CleanUpState:
    """Return the state of a root's clean-ups."""
    rows = await connection.execute(select(clean_ups).where(clean_ups.c.root == root))
    row = rows.one_or_none()
    if row is None:
        return CleanUpState()
    return CleanUpState(
        history=CleanUpHistory(
            ran_at=row.ran_at, images=tuple(row.deleted_images), files=tuple(row.deleted_files)
        ),
        waiting=None if row.waiting is None else _waiting(row.waiting),
        confirmed=row.confirmed,
        orphans_checked_until=row.orphans_checked_until,
    )


async def wait(connection: AsyncConnection, root: int, waiting: WaitingCleanUp) -> None:
    """Store that a clean-up waits, in place of an earlier one."""
    stored = {**asdict(waiting), "judged_at": waiting.judged_at.isoformat()}
    await _store(connection, root, waiting=stored, confirmed=False)


async def confirm(connection: AsyncConnection, root: int) -> None:
    """Confirm the clean-up that waits in a root, if any."""
    await connection.execute(
        update(clean_ups)
        .where(clean_ups.c.root == root, clean_ups.c.waiting.is_not(None))
        .values(confirmed=True)
    )


async def confirm_all(connection: AsyncConnection) -> tuple[ConfirmedCleanUp, ...]:
    """Confirm every clean-up that waits; return them."""
    rows = await connection.execute(
        update(clean_ups)
        .where(clean_ups.c.waiting.is_not(None), clean_ups.c.root == roots.c.id)
        .values(confirmed=True)
        .returning(roots.c.host, roots.c.path, clean_ups.c.waiting)
    )
    return tuple(
        ConfirmedCleanUp(host=host, path=path, waiting=_waiting(waiting))
        for host, path, waiting in rows
    )


async def finish(
    connection: AsyncConnection,
    root: int,
    *,
    ran_at: datetime,
    nightly: CleanupReport | None,
    history: CleanUpHistory,
) -> None:
    """Store that a clean-up has run; only nightly ones count for what is usual."""
    deleted = {}
    if nightly is not None:
        deleted = {
            "deleted_images": [*history.images, nightly.images][-KEPT_HISTORY:],
            "deleted_files": [*history.files, nightly.files][-KEPT_HISTORY:],
        }
    await _store(connection, root, ran_at=ran_at, waiting=None, confirmed=False, **deleted)


async def store_orphan_check(connection: AsyncConnection, root: int, until: datetime) -> None:
    """Store how far the forgotten files have been checked."""
    await _store(connection, root, orphans_checked_until=until)


async def read_clock(connection: AsyncConnection) -> tuple[datetime, datetime | None]:
    """Return the database's time, and when the newest image was found."""
    newest = select(func.max(images.c.found_at)).scalar_subquery()
    row = (await connection.execute(select(func.clock_timestamp(), newest))).one()
    return row[0], row[1]


async def _store(connection: AsyncConnection, root: int, **values: object) -> None:
    await connection.execute(
        insert(clean_ups)
        .values(root=root, **values)
        .on_conflict_do_update(index_elements=[clean_ups.c.root], set_=values)
    )


def _waiting(stored: Mapping[str, object]) -> WaitingCleanUp:
    values = {**stored, "judged_at": datetime.fromisoformat(cast("str", stored["judged_at"]))}
    return WaitingCleanUp(**values)  # type: ignore[arg-type]  # as stored by `wait`
