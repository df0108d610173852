"""Latency from the rename of a file into a camera's folder to the published level of its event.

Every image shows a person in a restricted zone and belongs to an event of its own, so its update has
to say high. The language model never responds. The server detects at once, so nearly all of the
latency is the pipeline's own: noticing, registering, claiming, reading, sending, storing, judging and
publishing. The bare steps notice, read and send in the same process and record nothing. Images
alternate between the two.
"""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
import random
import sys
import tempfile
import time

import aiohttp
from asyncinotify import Inotify, Mask

from benchmarks import harness
from testbed.fake_inference_server import TOKEN
from testbed.services.postgres import Postgres

# isort: split
from hsi_core.domain.models import RiskLevel
from hsi_core.domain.settings import Settings
from hsi_core.domain.updates import EventPhase, EventUpdate, Update
from hsi_core.domain.zones import Zone, ZoneKind
from hsi_core.inference.client import InferenceClient
from hsi_core.pipeline.pipeline import Pipeline

GOAL_P50 = 60.0  # ms
GOAL_P95 = 150.0  # ms
IMAGE_SIZE = 300_000  # bytes of a 1080p still
WARM_UP = 20  # images that do not count
APART = timedelta(minutes=10)  # between two images, so that each opens an event
ALARMS = frozenset({RiskLevel.MEDIUM, RiskLevel.HIGH, RiskLevel.CRITICAL})
EVERYWHERE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
RESTRICTED = Zone(name="Pool", kind=ZoneKind.RESTRICTED, polygon=EVERYWHERE)


async def measure(url: str, root: Path, server: str, images: int, rate: float) -> dict[str, object]:
    """Upload images at a rate, alternating between pipeline and bare steps; return the latencies."""
    settings = Settings()
    alarms: asyncio.Queue[tuple[float, RiskLevel | None]] = asyncio.Queue()

    def on_update(update: Update) -> None:
        if isinstance(update, EventUpdate) and update.phase is EventPhase.DETECTED:
            alarms.put_nowait((time.perf_counter(), update.event.risk_level))

    async with aiohttp.ClientSession() as session:
        client = InferenceClient(session, server, TOKEN, settings=settings)
        config = harness.config(url, root / "watched", settings)
        config = replace(
            config, cameras=tuple(replace(each, zones=(RESTRICTED,)) for each in config.cameras)
        )
        pipeline = Pipeline(config, client)
        pipeline.subscribe(on_update)
        await pipeline.start()
        bare_root = root / "bare"
        bare_root.mkdir()
        ours: list[float] = []
        bare: list[float] = []
        missed = 0
        captured = datetime.now(UTC) - APART * (images + WARM_UP)
        with Inotify() as inotify:
            inotify.add_watch(bare_root, Mask.MOVED_TO)
            for number in range(images + WARM_UP):
                camera = harness.CAMERAS[number % len(harness.CAMERAS)]
                captured += APART
                renamed = _rename(root / "watched" / camera, number, captured)
                async with asyncio.timeout(30):
                    published, level = await alarms.get()
                missed += level not in ALARMS
                await asyncio.sleep(random.uniform(0.2, 0.8) / rate)
                bare_renamed = _rename(bare_root, number, captured)
                event = await inotify.get()
                content = await asyncio.to_thread(Path(str(event.path)).read_bytes)
                await client.detect(content, content_type="image/jpeg", threshold=0.5)
                if number >= WARM_UP:
                    ours.append(published - renamed)
                    bare.append(time.perf_counter() - bare_renamed)
                await asyncio.sleep(random.uniform(0.2, 0.8) / rate)
        await pipeline.stop()
    delays = harness.compare_delays(
        "file_renamed_to_level_ms", ours, bare, goal_p50=GOAL_P50, goal_p95=GOAL_P95
    )
    return {"images": images, "without_an_alarm": missed, **delays}


def _rename(folder: Path, number: int, captured: datetime) -> float:
    """Write an image and rename it into place, as an upload does; return the time of the rename."""
    partial = folder / f"{number}.part"
    partial.write_bytes(random.randbytes(IMAGE_SIZE))
    os.utime(partial, (captured.timestamp(), captured.timestamp()))
    renamed = time.perf_counter()
    partial.rename(folder / f"{number}.jpg")
    return renamed


def main(arguments: Sequence[str]) -> int:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench alarm", description=__doc__)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument(
        "--rate", type=float, default=8.0, help="images a second for each of the two"
    )
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory() as folder,
        Postgres() as postgres,
        harness.instant_server(hangs_in_assess=True) as server,
    ):
        url = postgres.create_database()
        figures = asyncio.run(measure(url, Path(folder), server, options.images, options.rate))
    harness.show(figures, options.json)
    return 1 if figures["without_an_alarm"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
