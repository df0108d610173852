"""What an event is judged by: its images, those before it, other cameras' events, the home's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    Interval,
    Text,
    Uuid,
    bindparam,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.context import MAX_HOME_EVENTS, HomeEvent
from ..domain.models import Box, Detection, Image, RiskLevel, SecurityEvent
from .arrays import unnest
from .contexts import home_events_from
from .rows import image_of
from .tables import images

_GIVEN = ("events", "cameras", "starts", "ends", "complete", "versions")
# One row per image that the caller does not know, with the event it is evidence for; one row
# without an image if it knows all of them. Plain SQL, so that each subquery uses its own index.
_READ = (
    text(
        f"""
    SELECT {", ".join(f"found.{column.name}" for column in images.c)}, found.seen,
        one.event_id AS for_event, other.events AS others, home.events AS home_events,
        next.starts_at, one.images_version
    FROM (
        SELECT given.*, cameras.images_version,
            cameras.images_version IS NOT DISTINCT FROM given.version AS is_covered
        FROM {unnest(_GIVEN)}
            AS given (event_id, camera, started_at, last_activity_at, is_complete, version)
        JOIN hsi.cameras ON cameras.folder = given.camera
    ) AS one
    CROSS JOIN LATERAL (
        SELECT min(events.started_at) AS starts_at FROM hsi.events
        WHERE events.camera = one.camera AND events.started_at > one.last_activity_at
            AND events.started_at <= one.last_activity_at + :idle
    ) AS next
    CROSS JOIN LATERAL (
        SELECT coalesce(jsonb_agg(near), '[]') AS events
        FROM (
            SELECT DISTINCT ON (events.camera) events.camera, events.id, events.started_at,
                events.incident_id, coalesce(events.incident_level, events.highest_level) AS level,
                extract(epoch FROM greatest(events.started_at - one.last_activity_at,
                    one.started_at - events.last_activity_at, interval '0'))::float AS gap
            FROM hsi.events
            WHERE events.camera <> one.camera AND events.labels @> ARRAY['person']
                AND events.started_at BETWEEN one.started_at - :lookback
                    AND one.last_activity_at + :reach
                AND events.last_activity_at >= one.started_at - :reach
            ORDER BY events.camera, gap, events.started_at
        ) AS near
    ) AS other
    CROSS JOIN LATERAL (
        SELECT coalesce(jsonb_agg(latest), '[]') AS events
        FROM (
            SELECT at, kind, name, cameras IS NULL OR one.camera = ANY (cameras) AS near
            FROM hsi.home_events
            WHERE at BETWEEN one.started_at - :history AND one.last_activity_at + :home
            ORDER BY at DESC
            LIMIT :home_events
        ) AS latest
    ) AS home
    LEFT JOIN LATERAL (
        SELECT candidate.*, (
            SELECT jsonb_agg(jsonb_build_array(label, confidence, x1, y1, x2, y2)
                ORDER BY position)
            FROM hsi.detections WHERE detections.image_id = candidate.id
        ) AS seen
        FROM (
            SELECT * FROM hsi.images
            WHERE images.event_id = one.event_id AND NOT one.is_complete AND NOT one.is_covered
            UNION ALL
            SELECT * FROM hsi.images
            WHERE images.camera = one.camera AND images.state = 'detected'
                AND images.event_id IS NULL AND NOT one.is_covered
                AND images.captured_at BETWEEN one.started_at AND one.last_activity_at + :idle
            UNION ALL
            SELECT * FROM (
                SELECT * FROM hsi.images
                WHERE images.camera = one.camera AND images.state = 'detected'
                    AND images.captured_at >= one.started_at - :history
                    AND images.captured_at < one.started_at AND NOT one.is_covered
                ORDER BY images.captured_at DESC, images.id DESC
                LIMIT :limit
            ) AS before
        ) AS candidate
        WHERE candidate.id <> ALL (:known)
    ) AS found ON true
    """  # noqa: S608 - of column names in the code
    )
    .bindparams(
        bindparam("events", type_=ARRAY(Uuid)),
        bindparam("cameras", type_=ARRAY(Text)),
        bindparam("starts", type_=ARRAY(DateTime(timezone=True))),
        bindparam("ends", type_=ARRAY(DateTime(timezone=True))),
        bindparam("complete", type_=ARRAY(Boolean)),
        bindparam("versions", type_=ARRAY(BigInteger)),
        bindparam("known", type_=ARRAY(BigInteger)),
        bindparam("limit", type_=Integer),
        bindparam("home_events", type_=Integer),
        *(
            bindparam(name, type_=Interval)
            for name in ("idle", "lookback", "reach", "history", "home")
        ),
    )
    .columns(
        *(Column(column.name, column.type) for column in images.c),
        Column("seen", JSONB),
        Column("for_event", Uuid),
        Column("others", JSONB),
        Column("home_events", JSONB),
        Column("starts_at", DateTime(timezone=True)),
        Column("images_version", BigInteger),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEvent:
    """The event of another camera, with a person, that is nearest to an event."""

    id: UUID
    camera: str
    started_at: datetime
    gap: timedelta  # between the two events; zero if they overlap
    incident_id: UUID
    level: RiskLevel | None  # the highest of its incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the database holds on an event beyond the images that the caller knows."""

    images: tuple[Image, ...] = ()
    others: tuple[OtherEvent, ...] = ()
    home_events: tuple[HomeEvent, ...] = ()  # by time
    next_starts_at: datetime | None = None  # of the camera's next event, if it is soon after
    images_version: int = 0  # of the camera's images


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far evidence lies around an event."""

    idle: timedelta  # after its last image, for images that belong to no event
    history: timedelta  # before its first image
    history_images: int
    others: timedelta  # between it and other cameras' events
    home: timedelta  # after its last image, for what the home reports; before it: `history`
    longest: timedelta  # that an event can be


async def read(
    connection: AsyncConnection,
    events: Sequence[SecurityEvent],
    *,
    reach: Reach,
    known: Sequence[int] = (),
    complete: frozenset[UUID] = frozenset(),
    versions: Mapping[UUID, int] | None = None,
) -> Mapping[UUID, Evidence]:
    """Return the evidence on events in one statement.

    Images among the `known` ids are left out, and of the `complete` events all images of their own.
    No image is read of an event whose camera's images are still at its version in `versions`: the
    caller knows all of them.
    """
    rows = await connection.execute(
        _READ,
        {
            "events": [event.id for event in events],
            "cameras": [event.camera for event in events],
            "starts": [event.started_at for event in events],
            "ends": [event.last_activity_at for event in events],
            "complete": [event.id in complete for event in events],
            "versions": [(versions or {}).get(event.id) for event in events],
            "known": list(known),
            "limit": reach.history_images,
            "idle": reach.idle,
            "history": reach.history,
            "reach": reach.others,
            "lookback": reach.others + reach.longest,
            "home": reach.home,
            "home_events": MAX_HOME_EVENTS,
        },
    )
    found: dict[UUID, list[Image]] = {event.id: [] for event in events}
    around: dict[UUID, Evidence] = {}
    for row in rows.mappings():
        event_id = row["for_event"]
        if event_id not in around:
            around[event_id] = Evidence(
                others=tuple(_other_of(each) for each in row["others"]),
                home_events=home_events_from(reversed(row["home_events"])),
                next_starts_at=row["starts_at"],
                images_version=row["images_version"],
            )
        if row["id"] is not None:
            detections = [_detection_of(each) for each in row["seen"] or ()]
            found[event_id].append(image_of(row, detections))
    return {
        event_id: replace(each, images=tuple(found[event_id])) for event_id, each in around.items()
    }


def _other_of(stored: Mapping[str, Any]) -> OtherEvent:
    level = stored["level"]
    return OtherEvent(
        id=UUID(stored["id"]),
        camera=stored["camera"],
        started_at=datetime.fromisoformat(stored["started_at"]),
        gap=timedelta(seconds=stored["gap"]),
        incident_id=UUID(stored["incident_id"]),
        level=None if level is None else RiskLevel(level),
    )


def _detection_of(stored: Sequence[Any]) -> Detection:
    label, confidence, x1, y1, x2, y2 = stored
    return Detection(label=label, confidence=confidence, box=Box(x1=x1, y1=y1, x2=x2, y2=y2))
