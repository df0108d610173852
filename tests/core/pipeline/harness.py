"""Camera folders, a database, a fake inference server, pipelines on them and their updates."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp

import testbed.core  # noqa: F401 - makes hsi_core importable
from testbed.fake_inference_server import TOKEN, FakeInferenceServer

# isort: split
from hsi_core.domain.context import Home
from hsi_core.domain.models import AssessmentState, Camera, Image, QueueStats, SecurityEvent
from hsi_core.domain.settings import Settings
from hsi_core.domain.shared_settings import Configured
from hsi_core.domain.updates import (
    EventPhase,
    EventUpdate,
    Health,
    ImageUpdate,
    QueueUpdate,
    Update,
)
from hsi_core.domain.zones import Zone, ZoneKind
from hsi_core.inference.client import InferenceClient
from hsi_core.pipeline.pipeline import Pipeline, PipelineConfig

SOON = 60.0  # seconds to wait for a signal, on a busy machine
NEVER = 3600.0  # seconds until a timer that no test waits for
CAMERAS = ("front", "yard")
BERLIN = ZoneInfo("Europe/Berlin")
# Where it is noon now: at night an event is rated higher, and so explained before it closes.
NOON_HERE = ZoneInfo(f"Etc/GMT{datetime.now(UTC).hour - 12:+d}")
EVERYWHERE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
RESTRICTED = Zone(name="Roof", kind=ZoneKind.RESTRICTED, polygon=EVERYWHERE)
QUICK = Settings(
    event_idle=0.5,
    poll_interval=0.1,
    lease=10.0,
    retry_base=0.02,
    retry_max=0.2,
    breaker_recovery=0.3,
    health_interval=0.2,
    settle_time=0.1,
    watch_retry=0.2,
    connect_timeout=2.0,
)


class Journal:
    """Every update that a pipeline has published, in order; waits for those still to come."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.updates: list[Update] = []
        self._more = asyncio.Event()
        self._pipeline = pipeline
        pipeline.subscribe(self._take)

    def _take(self, update: Update) -> None:
        self.updates.append(update)
        self._more.set()

    @property
    def images(self) -> list[Image]:
        return [update.image for update in self.updates if isinstance(update, ImageUpdate)]

    @property
    def events(self) -> list[tuple[EventPhase, SecurityEvent]]:
        return [(u.phase, u.event) for u in self.updates if isinstance(u, EventUpdate)]

    @property
    def without_words(self) -> list[SecurityEvent]:
        return [e for _, e in self.events if e.assessment is AssessmentState.UNASSESSED]

    async def until[T](self, look: Callable[[Journal], T]) -> T:
        """Return what `look` finds, as soon as it finds something."""
        async with asyncio.timeout(SOON):
            while not (found := look(self)):
                self._more.clear()
                await self._more.wait()
        return found

    async def image(self, path: str) -> Image:
        """Return the image once it has reached its final state."""
        found = await self.until(lambda j: [image for image in j.images if image.path == path])
        return found[-1]

    async def ended(self, count: int) -> list[Image]:
        """Return the images once `count` of them have reached their final state."""
        return await self.until(lambda j: j.images if len(j.images) >= count else [])

    async def event(self, phase: EventPhase, *, count: int = 1) -> SecurityEvent:
        """Return the event of the update with which a phase was published `count` times."""
        found = await self.until(
            lambda j: f if len(f := [e for p, e in j.events if p is phase]) >= count else []
        )
        return found[-1]

    async def unassessed(self, *, count: int = 1) -> SecurityEvent:
        """Return the last of so many events whose assessment failed for good."""
        found = await self.until(
            lambda j: j.without_words if len({e.id for e in j.without_words}) >= count else []
        )
        return found[-1]

    async def depth(self, count: int) -> QueueStats:
        """Return the queue's numbers once `count` jobs are pending or leased."""
        found = await self.until(
            lambda j: [
                u.stats for u in j.updates if isinstance(u, QueueUpdate) and u.stats.depth == count
            ]
        )
        return found[-1]

    async def health(self, look: Callable[[Health], bool]) -> Health:
        """Return the health as soon as `look` returns true for it."""
        await self.until(lambda _: look(self._pipeline.health))
        return self._pipeline.health


@dataclass(slots=True)
class House:
    """What a pipeline needs: folders, a database and servers; it makes and starts pipelines."""

    root: Path
    database_url: str
    server: FakeInferenceServer
    session: aiohttp.ClientSession
    others: list[FakeInferenceServer] = field(default_factory=list)  # besides `server`
    host: str = "here"
    pipelines: list[Pipeline] = field(default_factory=list)
    configured: Configured = field(default_factory=Configured)
    home: Home | None = None  # None: the pipeline does not record the home's state
    zones: Mapping[str, tuple[Zone, ...]] = field(default_factory=dict)  # by camera
    direct_database_url: str | None = None  # past a connection pooler

    def upload(
        self,
        path: str,
        content: str = "person 0.95",
        *,
        age: float = 0.0,
        at: datetime | None = None,
    ) -> str:
        """Write an image as a camera does, by rename; it was taken `at` a time or `age` seconds ago."""
        target = self.root / path
        partial = target.with_suffix(".part")
        partial.write_text(content)
        taken = (at or datetime.now(UTC)).timestamp() - age
        os.utime(partial, (taken, taken))
        partial.rename(target)
        return path

    def make(
        self,
        settings: Settings = QUICK,
        *,
        on_restart_needed: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        **changed: Any,
    ) -> tuple[Pipeline, Journal]:
        """Make a pipeline that is not started yet; `now` is the clock of its machine."""
        settings = replace(settings, **{"time_zone": BERLIN.key, **changed})
        config = PipelineConfig(
            database_url=self.database_url,
            direct_database_url=self.direct_database_url,
            camera_root=self.root,
            cameras=tuple(
                Camera(folder=name, name=name.title(), zones=self.zones.get(name, ()))
                for name in CAMERAS
            ),
            host=self.host,
            settings=settings,
            configured=self.configured,
            home=self.home,
        )
        clients = [
            InferenceClient(self.session, server.url, TOKEN, settings=settings)
            for server in (self.server, *self.others)
        ]
        pipeline = Pipeline(config, *clients, now=now, on_restart_needed=on_restart_needed)
        self.pipelines.append(pipeline)
        return pipeline, Journal(pipeline)

    async def run(self, settings: Settings = QUICK, **changed: Any) -> tuple[Pipeline, Journal]:
        """Start a pipeline; it is stopped at the end of the test."""
        pipeline, journal = self.make(settings, **changed)
        await pipeline.start()
        return pipeline, journal
