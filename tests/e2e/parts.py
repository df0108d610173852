import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg  # type: ignore[import-untyped] # ships no types

from testbed.demo.entities import Entities
from testbed.demo.harness import setup_answers
from testbed.demo.image_tracker import ImageTracker, Outcome
from testbed.demo.scenario import FinalState
from testbed.drawing import scenes
from testbed.services.home_assistant import HomeAssistant
from testbed.services.home_assistant_client import HomeAssistantClient
from testbed.services.inference_server import InferenceServer

SETTLED = """
    SELECT NOT EXISTS (SELECT FROM hsi.events WHERE state = 'open')
        AND NOT EXISTS (SELECT FROM hsi.jobs WHERE state IN ('pending', 'leased'))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """All running services, before the integration is set up."""

    home: HomeAssistant
    server: InferenceServer
    database_url: str
    camera_root: Path

    @property
    def answers(self) -> dict[str, object]:
        return setup_answers(self.server, self.database_url, self.camera_root)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The integration after its set-up."""

    entry_id: str
    entities: Entities


async def final_states(
    tracker: ImageTracker, *paths: str, limit: float = 120
) -> list[FinalState | None]:
    """Wait for the final state of each image; return the states."""
    images: Mapping[str, Outcome] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(limit), aclosing(tracker.follow()) as following:
            async for images in following:
                if all(path in images and images[path].state for path in paths):
                    return [images[path].state for path in paths]
    reached = {path: images[path].state if path in images else "not found" for path in paths}
    raise AssertionError(f"after {limit:g} s: {reached}")


async def settled(database_url: str, *, limit: float = 120) -> None:
    """Wait until no event is open and no job is pending or leased."""
    connection = await asyncpg.connect(database_url)
    try:
        async with asyncio.timeout(limit):
            while not await connection.fetchval(SETTLED):  # noqa: ASYNC110 - the last job has no signal
                await asyncio.sleep(0.2)
    finally:
        await connection.close()


async def until(
    client: HomeAssistantClient, condition: Callable[[], Awaitable[bool]], *, limit: float
) -> None:
    """Wait for a condition, checked when states change and at least every second."""
    async with asyncio.timeout(limit), client.socket() as socket:
        await socket.call("subscribe_events", event_type="state_changed")
        while not await condition():
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await socket.event()


def draw_distinct_images(count: int) -> list[bytes]:
    """Draw distinct images without people."""
    return [scenes.jpeg(scenes.draw(seed, labels=())) for seed in range(count)]
