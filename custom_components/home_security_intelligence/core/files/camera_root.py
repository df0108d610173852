"""The camera root of this pipeline among those registered in the database.

Pipelines that share a database may each mount the same camera root at another path.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from ..aio.file_executor import FileExecutor
from ..domain.errors import CameraRootForeignError
from ..store import roots
from ..store.roots import KnownRoot
from .reader import looks_unmounted

_SAMPLE = 20  # images of the other root to look for in this one


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRoot:
    """The camera root and the database's ids for it and for this pipeline."""

    id: int
    path: Path
    worker: UUID


async def register(
    connection: AsyncConnection, path: Path, host: str, files: FileExecutor
) -> CameraRoot:
    """Register this pipeline as a worker on a camera root.

    Raises CameraRootForeignError if a running worker uses this database with another camera root,
    on any machine: their cameras would be mixed up. Stopped workers are ignored, because their
    camera root may have been moved. Raises StorageStalledError if the folder does not respond.
    """
    await roots.acquire_lock(connection)
    await roots.delete_stale(connection)
    await _adopt(connection, path, host, files)
    mine = CameraRoot(
        id=await roots.register(connection, host, str(path)), path=path, worker=uuid4()
    )
    for other in await roots.other_active_roots(connection, mine.id):
        paths = await roots.latest_paths(connection, other.id, limit=_SAMPLE)
        if not await files.call("", "", _may_be_the_same, path, other, host, paths):
            raise CameraRootForeignError(
                f"{other.host} uses this database with the camera root {other.path}, and none of"
                f" its images is in {path}{'' if other.host == host else ' on this machine'}."
                " Configure the same camera root, or another database. If that camera root is no"
                f" longer in use, try again after {roots.LIVE_FOR.total_seconds():.0f} s."
            )
    await roots.record_heartbeat(connection, mine.worker, mine.id)
    return mine


async def unregister(connection: AsyncConnection, root: CameraRoot) -> None:
    """Remove this pipeline from the workers of its camera root."""
    await roots.mark_stopped(connection, root.worker)


async def _adopt(connection: AsyncConnection, path: Path, host: str, files: FileExecutor) -> None:
    """Continue the root of a machine that has another name by now, as a new container has."""
    idle = await roots.find_idle(connection, host, str(path))
    if idle is None:
        return
    paths = await roots.latest_paths(connection, idle.id, limit=_SAMPLE)
    if not await files.call("", "", _are_gone, path, paths):
        await roots.move(connection, idle.id, host)


def _are_gone(root: Path, paths: Sequence[str]) -> bool:
    """Return whether none of the images is here, and their folders can be read and are not empty."""
    folders = {(root / path).parent for path in paths}
    gone = [_is_gone(root / path) for path in paths]
    return bool(gone) and all(gone) and not all(looks_unmounted(folder) for folder in folders)


def _is_gone(file: Path) -> bool:
    try:
        file.lstat()
    except FileNotFoundError, NotADirectoryError:
        return True
    except OSError:
        return False  # it cannot be told
    return False


def _may_be_the_same(root: Path, other: KnownRoot, host: str, paths: Sequence[str]) -> bool:
    """Return whether two roots may be one folder: images of the other one should be in this one."""
    if paths:
        return not all(_is_gone(root / path) for path in paths)
    try:
        # Even on this machine the path may be invisible, such as one in another container.
        return other.host != host or root.samefile(other.path)
    except OSError:
        return True
