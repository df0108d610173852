"""The camera root as one of several: those who share a database may each mount it elsewhere."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.errors import CameraRootForeignError
from ..store import roots
from ..store.roots import KnownRoot

_SAMPLE = 20  # pictures looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRoot:
    """The folder this pipeline works on, and the database's numbers for it and for the pipeline."""

    id: int
    path: Path
    worker: UUID


async def enter(connection: AsyncConnection, path: Path, host: str) -> CameraRoot:
    """Register as working on a folder.

    Raises CameraRootForeignError where somebody works on this database with the pictures of
    another folder, on this machine or elsewhere: the cameras would be taken for each other's.
    Those who have stopped keep nobody out, as their folder may have been moved.
    """
    await roots.acquire_lock(connection)
    await roots.forget_gone(connection)
    mine = CameraRoot(
        id=await roots.register(connection, host, str(path)), path=path, worker=uuid4()
    )
    for other in await roots.others_at_work(connection, mine.id):
        paths = await roots.latest_paths(connection, other.id, at_most=_SAMPLE)
        if not await asyncio.to_thread(_may_be_the_same, path, other, host, paths):
            raise CameraRootForeignError(
                f"{other.host} works on this database with the pictures in {other.path}, and none"
                f" of them is in {path}{'' if other.host == host else ' here'}. Give the same"
                " folder, or a database of its own. Where nobody uses that folder any more, try"
                f" again after {roots.LIVE_FOR.total_seconds():.0f} s."
            )
    await roots.note_seen(connection, mine.worker, mine.id)
    return mine


async def leave(connection: AsyncConnection, root: CameraRoot) -> None:
    """Note that nobody of this pipeline works on the folder any more."""
    await roots.note_left(connection, root.worker)


def _may_be_the_same(root: Path, other: KnownRoot, host: str, paths: Sequence[str]) -> bool:
    """Tell whether two roots may be one folder, by pictures that should be in the other one."""
    if paths:
        return any((root / path).is_file() for path in paths)
    try:
        # Also on one machine it may be out of sight, as that of another container.
        return other.host != host or root.samefile(other.path)
    except OSError:
        return True
