"""The cameras, and the lock that serializes changes to the events of one camera."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import RowMapping, Text, any_, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import Camera
from ..domain.zones import Corner
from .contexts import zones_from, zones_json
from .roots import MARK_OF
from .tables import cameras

_CONFIGURED = (
    "name",
    "zones",
    "watched_labels",
    "presence_hold",
    "neighbours",
    "placement",
    "privacy_masks",
)

# Statements that every image runs are built once: building one costs more than running it.
_MASKED = select(cameras.c.folder, cameras.c.privacy_masks).where(
    func.jsonb_array_length(cameras.c.privacy_masks) > literal_column("0")
)
_FIND = select(cameras).where(cameras.c.folder == bindparam("folder"))
# FOR NO KEY UPDATE: registering an image only needs the row to remain.
_LOCK = (
    select(cameras, MARK_OF.label("mark"))
    .where(cameras.c.folder == any_(bindparam("folders", type_=ARRAY(Text))))
    # Lock in folder order to avoid deadlock.
    .order_by(cameras.c.folder)
    .with_for_update(of=cameras, key_share=True)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedCameras:
    """Cameras by folder, and the mark of a worker's last heartbeat, read as they were locked."""

    by_folder: Mapping[str, Camera]
    mark: str | None


async def register(connection: AsyncConnection, wanted: Sequence[Camera]) -> None:
    """Insert cameras, or update their names and options."""
    if not wanted:
        return
    statement = insert(cameras)
    statement = statement.on_conflict_do_update(
        index_elements=[cameras.c.folder],
        set_={name: statement.excluded[name] for name in _CONFIGURED},
    )
    # Lock in folder order to avoid deadlock between two starting pipelines.
    ordered = sorted(wanted, key=lambda camera: camera.folder)
    await connection.execute(
        statement,
        [
            {
                "folder": camera.folder,
                "name": camera.name,
                "zones": zones_json(camera.zones),
                "watched_labels": _sorted(camera.watched_labels),
                "presence_hold": camera.presence_hold,
                "neighbours": _sorted(camera.neighbours),
                "placement": camera.placement,
                "privacy_masks": [[[x, y] for x, y in mask] for mask in camera.privacy_masks],
            }
            for camera in ordered
        ],
    )


async def list_all(connection: AsyncConnection) -> tuple[Camera, ...]:
    """Return every camera that was ever registered."""
    rows = await connection.execute(select(cameras).order_by(cameras.c.folder))
    return tuple(_camera_of(row) for row in rows.mappings())


async def privacy_masks(
    connection: AsyncConnection,
) -> dict[str, tuple[tuple[Corner, ...], ...]]:
    """Return the privacy masks of every camera that has any, by folder."""
    rows = await connection.execute(_MASKED)
    return {row.folder: _masks_of(row.privacy_masks) for row in rows}


async def find(connection: AsyncConnection, folder: str) -> Camera | None:
    """Return one camera."""
    rows = await connection.execute(_FIND, {"folder": folder})
    row = rows.mappings().one_or_none()
    return None if row is None else _camera_of(row)


async def lock(
    connection: AsyncConnection, folders: Collection[str], *, worker: UUID | None = None
) -> LockedCameras:
    """Lock the events of these cameras against other changes until the transaction ends."""
    rows = await connection.execute(_LOCK, {"folders": sorted(folders), "worker": worker})
    found = rows.mappings().all()
    return LockedCameras(
        by_folder={row["folder"]: _camera_of(row) for row in found},
        mark=found[0]["mark"] if found else None,
    )


def _camera_of(row: RowMapping) -> Camera:
    return Camera(
        folder=row["folder"],
        name=row["name"],
        zones=zones_from(row["zones"]),
        watched_labels=_frozen(row["watched_labels"]),
        presence_hold=row["presence_hold"],
        neighbours=_frozen(row["neighbours"]),
        placement=row["placement"],
        privacy_masks=_masks_of(row["privacy_masks"]),
    )


def _masks_of(stored: Sequence[Sequence[Sequence[float]]]) -> tuple[tuple[Corner, ...], ...]:
    return tuple(tuple((x, y) for x, y in mask) for mask in stored)


def _sorted(texts: frozenset[str] | None) -> list[str] | None:
    return None if texts is None else sorted(texts)


def _frozen(texts: list[str] | None) -> frozenset[str] | None:
    return None if texts is None else frozenset(texts)
