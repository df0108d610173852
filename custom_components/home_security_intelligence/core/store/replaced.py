"""Earlier versions of a file that was overwritten: their dead letters are of no use any more."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Text, any_, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import Image, ImageState, JobState, SkipReason
from .arrays import rows_from_arrays
from .rows import image_of
from .tables import images, in_state, jobs, path_hash

_NEWER = rows_from_arrays("newer", {"camera": Text, "path": Text, "id": BigInteger})
# Jobs are locked before images, and in id order, as everywhere.
_LOCK_DEAD = (
    select(jobs.c.id, jobs.c.image_id)
    .join_from(_NEWER, images, _NEWER.c.camera == images.c.camera)
    .join(jobs, jobs.c.image_id == images.c.id)
    .where(
        path_hash(images.c.path) == path_hash(_NEWER.c.path),
        images.c.path == _NEWER.c.path,
        images.c.id < _NEWER.c.id,
        in_state(jobs.c.state, JobState.DEAD),
    )
    .order_by(jobs.c.id)
    .with_for_update(of=jobs)
)
_IDS = any_(bindparam("ids", type_=ARRAY(BigInteger)))
_FINISH = update(jobs).where(jobs.c.id == _IDS).values(state=JobState.DONE, finished_at=func.now())
_SKIP = (
    update(images)
    .where(images.c.id == _IDS, in_state(images.c.state, ImageState.DEAD))
    .values(state=ImageState.SKIPPED, reason=SkipReason.REPLACED)
    .returning(images)
)


async def supersede_dead(connection: AsyncConnection, newer: Sequence[Image]) -> tuple[Image, ...]:
    """Skip the dead letters of images whose file has one of these newer versions; return them."""
    found = await connection.execute(
        _LOCK_DEAD,
        {
            "newer_camera": [image.camera for image in newer],
            "newer_path": [image.path for image in newer],
            "newer_id": [image.id for image in newer],
        },
    )
    dead = found.all()
    if not dead:
        return ()
    await connection.execute(_FINISH, {"ids": [row.id for row in dead]})
    rows = await connection.execute(_SKIP, {"ids": [row.image_id for row in dead]})
    return tuple(image_of(row) for row in rows.mappings())


async def find_newer(connection: AsyncConnection, image: Image) -> Image | None:
    """Return the newest version of the image's file, if it is newer than the image."""
    rows = await connection.execute(
        select(images)
        .where(
            images.c.camera == image.camera,
            path_hash(images.c.path) == path_hash(bindparam("path", image.path, Text)),
            images.c.path == image.path,
            images.c.id > image.id,
        )
        .order_by(images.c.id.desc())
        .limit(1)
    )
    row = rows.mappings().one_or_none()
    return None if row is None else image_of(row)
