"""Two cameras in the database, and images put into it directly."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.found_file import FoundFile
from hsi_core.domain.inference import DetectResult
from hsi_core.domain.models import Box, Camera, Detection, Image, JobKind, SecurityEvent
from hsi_core.domain.queries import EventQuery
from hsi_core.domain.settings import Settings
from hsi_core.domain.updates import EventPhase, EventUpdate
from hsi_core.events.context_provider import ContextProvider
from hsi_core.events.event_judge import EventJudge
from hsi_core.events.grouper import EventGrouper
from hsi_core.store import cameras, detections, event_list, images, leases, registration
from hsi_core.store.detections import DetectedImage
from hsi_core.store.engine import begin
from hsi_core.store.registration import NewImage
from hsi_core.store.transaction import Transaction

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOX = Box(x1=0, y1=0, x2=1, y2=1)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@dataclass(slots=True)
class Archive:
    """Detected images, grouped as the detect stage groups them."""

    engine: AsyncEngine
    settings: Settings
    numbers: count[int]

    async def see(
        self, seconds: float, label: str = "person", confidence: float = 0.8, camera: str = "front"
    ) -> list[EventPhase]:
        """Store an image captured at a second; return the phases of the events."""
        return await self.see_batch([(camera, seconds, label, confidence)])

    async def see_batch(self, seen: Sequence[tuple[str, float, str, float]]) -> list[EventPhase]:
        """Store images in one transaction: camera, second, label and confidence of each."""
        context_provider = ContextProvider(UTC, self.settings)
        grouper = EventGrouper(self.settings, context_provider, new_id=uuid4)
        judge = EventJudge(self.settings, now=lambda: at(10_000))
        async with begin(self.engine) as connection:
            results: dict[int, DetectResult] = {}
            for camera, seconds, label, confidence in seen:
                number = next(self.numbers)
                path = f"{camera}/{number}.jpg"
                file = FoundFile(camera=camera, path=path, size=1, mtime_ns=number)
                added = await registration.register(
                    connection,
                    [NewImage(file=file, captured_at=at(seconds))],
                    found_at=NOON,
                    now=NOON,
                )
                [image] = added.images
                results[image.id] = _result(label, confidence)
            locked = await cameras.lock(connection, {camera for camera, _, _, _ in seen})
            held = await leases.claim(connection, JobKind.DETECT, lease=30.0, limit=len(seen))
            assert {job.image_id for job in held} == set(results)
            assert len(await leases.finish(connection, held)) == len(held)
            detected = [
                replace(job.image, detections=results[job.image.id].detections)
                for job in held
                if job.image is not None
            ]
            transaction = Transaction(connection)
            grouping = await grouper.add(transaction, detected, locked.by_folder)
            stored = [
                DetectedImage(
                    image_id=image.id,
                    camera=image.camera,
                    sha256=image.id.to_bytes(32),
                    result=results[image.id],
                    event_id=grouping.event_ids.get(image.id),
                )
                for image in detected
            ]
            await detections.insert(connection, stored, now=NOON)
            await judge.judge(transaction, grouping.changes, locked)
            return [
                update.phase for update in transaction.updates if isinstance(update, EventUpdate)
            ]

    async def events(self, **wanted: object) -> tuple[SecurityEvent, ...]:
        """Return the events, the oldest first."""
        async with begin(self.engine) as connection:
            query = EventQuery(**wanted)  # type: ignore[arg-type]  # names of its fields
            return tuple(reversed((await event_list.find(connection, query)).items))

    async def spans(self) -> list[tuple[float, float, int]]:
        """Return the start, the end and the image count of each event."""
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


def _result(label: str, confidence: float) -> DetectResult:
    return DetectResult(
        model="m",
        test_model=True,
        width=1,
        height=1,
        detections=(Detection(label=label, confidence=confidence, box=BOX),),
        timings_ms={},
    )


@pytest.fixture
async def archive(engine: AsyncEngine) -> Archive:
    async with begin(engine) as connection:
        await cameras.register(
            connection, [Camera(folder=name, name=name) for name in ("front", "yard")]
        )
    return Archive(engine=engine, settings=Settings(), numbers=count(1))
