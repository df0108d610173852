"""The cameras: who there is, and the lock that serialises what happens to one of them."""

from collections.abc import Collection, Sequence

from sqlalchemy import RowMapping, Text, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import Camera
from .contexts import zones_from, zones_json
from .tables import cameras

# Statements of the way of every image are made once: making them costs more than running them.
_FIND = select(cameras).where(cameras.c.folder == bindparam("folder"))
# FOR NO KEY UPDATE: images that are being registered only need the row to stay.
_LOCK = (
    select(cameras.c.folder)
    .where(cameras.c.folder == any_(bindparam("folders", type_=ARRAY(Text))))
    # In a fixed order, so that two who lock several do not wait for each other.
    .order_by(cameras.c.folder)
    .with_for_update(key_share=True)
)


async def register(connection: AsyncConnection, wanted: Sequence[Camera]) -> None:
    """Make these cameras known, under their present names and with their present zones."""
    if not wanted:
        return
    statement = insert(cameras)
    statement = statement.on_conflict_do_update(
        index_elements=[cameras.c.folder],
        set_={"name": statement.excluded.name, "zones": statement.excluded.zones},
    )
    # In a fixed order, so that two starters do not wait for each other.
    ordered = sorted(wanted, key=lambda camera: camera.folder)
    await connection.execute(
        statement,
        [{"folder": c.folder, "name": c.name, "zones": zones_json(c.zones)} for c in ordered],
    )


async def all_known(connection: AsyncConnection) -> tuple[Camera, ...]:
    """Return every camera that was ever registered."""
    rows = await connection.execute(select(cameras).order_by(cameras.c.folder))
    return tuple(_camera_of(row) for row in rows.mappings())


async def find(connection: AsyncConnection, folder: str) -> Camera | None:
    """Return one camera."""
    rows = await connection.execute(_FIND, {"folder": folder})
    row = rows.mappings().one_or_none()
    return None if row is None else _camera_of(row)


async def lock(connection: AsyncConnection, folders: Collection[str]) -> None:
    """Wait until nobody else changes these cameras' events; holds until the transaction ends."""
    await connection.execute(_LOCK, {"folders": sorted(folders)})


def _camera_of(row: RowMapping) -> Camera:
    return Camera(folder=row["folder"], name=row["name"], zones=zones_from(row["zones"]))
