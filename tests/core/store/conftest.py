"""Two cameras in the database, and images put into it directly."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.client import DetectResult
from hsi_core.models import Box, Camera, Detection, Image, JobKind, SecurityEvent
from hsi_core.queries import EventQuery
from hsi_core.settings import Settings
from hsi_core.stages.group import Group
from hsi_core.stages.surroundings import Surroundings
from hsi_core.store import cameras, detected, event_list, images, jobs, leases
from hsi_core.store.engine import begin
from hsi_core.store.images import NewImage
from hsi_core.updates import EventPhase
from hsi_core.watch import FoundFile

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOX = Box(x1=0, y1=0, x2=1, y2=1)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@dataclass(slots=True)
class Archive:
    """Images that were looked at, grouped as the detect stage does it."""

    engine: AsyncEngine
    settings: Settings
    numbers: count[int]

    async def see(
        self, seconds: float, label: str = "person", confidence: float = 0.8, camera: str = "front"
    ) -> list[EventPhase]:
        """Let an image captured then join, open or backfill an event."""
        surroundings = Surroundings(UTC, self.settings)
        group = Group(self.settings, surroundings, now=lambda: at(10_000), new_id=uuid4)
        async with begin(self.engine) as connection:
            number = next(self.numbers)
            file = FoundFile(camera=camera, path=f"{camera}/{number}.jpg", size=1, mtime_ns=number)
            [image] = await images.add(
                connection, [NewImage(file=file, captured_at=at(seconds))], now=NOON
            )
            result = DetectResult(
                model="m",
                test_model=True,
                width=1,
                height=1,
                detections=(Detection(label=label, confidence=confidence, box=BOX),),
                timings_ms={},
            )
            await cameras.lock(connection, camera)
            await jobs.enqueue_detect(connection, [image], now=NOON)
            job = await leases.claim(connection, JobKind.DETECT, lease=30.0)
            assert job is not None
            assert job.image_id == image.id
            await detected.keep(connection, job, number.to_bytes(32), result, NOON)
            seen = await images.get(connection, image.id)
            assert seen is not None
            return [update.phase for update in await group.run(connection, seen)]

    async def events(self, **wanted: object) -> tuple[SecurityEvent, ...]:
        """Return the events, the oldest first."""
        async with begin(self.engine) as connection:
            query = EventQuery(**wanted)  # type: ignore[arg-type]  # names of its fields
            return tuple(reversed((await event_list.find(connection, query)).items))

    async def spans(self) -> list[tuple[float, float, int]]:
        """Return from when to when the events went on, and of how many images."""
        return [
            (
                (event.started_at - NOON).total_seconds(),
                (event.last_activity_at - NOON).total_seconds(),
                event.image_count,
            )
            for event in await self.events()
        ]

    async def images(self) -> tuple[Image, ...]:
        async with begin(self.engine) as connection:
            return await images.get_many(connection, range(1, 1000))


@pytest.fixture
async def archive(engine: AsyncEngine) -> Archive:
    async with begin(engine) as connection:
        await cameras.register(
            connection, [Camera(folder=name, name=name) for name in ("front", "yard")]
        )
    return Archive(engine=engine, settings=Settings(), numbers=count(1))
