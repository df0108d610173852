"""The camera root as one of several: machines that share a database may each mount it elsewhere."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from .errors import CameraRootForeignError
from .store import roots

_SAMPLE = 20  # pictures looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRoot:
    """The folder this pipeline works on, and the database's number for it."""

    id: int
    path: Path


async def enter(connection: AsyncConnection, path: Path, host: str) -> CameraRoot:
    """Register as working on a folder.

    Raises CameraRootForeignError where another machine works on this database and none of its
    pictures lie here: the cameras would be taken for each other's. A machine that was given
    another folder may have left its pictures behind, and is let in.
    """
    for other in await roots.live_elsewhere(connection, host):
        paths = await roots.latest_paths(connection, other.id, at_most=_SAMPLE)
        if paths and not await asyncio.to_thread(_any_there, path, paths):
            raise CameraRootForeignError(
                f"{other.host} works on this database with the pictures in its {other.path}, and"
                f" none of them is in {path} here. Mount the same folder here, or use a database"
                " of its own."
            )
    return CameraRoot(id=await roots.register(connection, host, str(path)), path=path)


def _any_there(root: Path, paths: Sequence[str]) -> bool:
    return any((root / path).is_file() for path in paths)
