"""The whole pipeline with real files, a real detector in its own process and a real database."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from testbed.drawing.scenes import draw, jpeg
from testbed.services.inference_server import InferenceServer
from testbed.services.uploader import Uploader
from tests.core.pipeline.harness import BERLIN, QUICK, Journal

# isort: split
from hsi_core.domain.models import Camera, EventState, ImageState
from hsi_core.domain.queries import DeadLetterQuery
from hsi_core.domain.updates import EventPhase
from hsi_core.inference.client import InferenceClient
from hsi_core.pipeline.pipeline import Pipeline, PipelineConfig

# A real model on a busy machine takes seconds, not tenths of one.
SETTINGS = replace(QUICK, lease=30.0, detect_timeout=60.0, connect_timeout=10.0)
PERSON_SEED = 24


@pytest.fixture(scope="module")
def inference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InferenceServer]:
    with InferenceServer(tmp_path_factory.mktemp("server")) as server:
        yield server


async def test_images_become_detections_events_and_dead_letters(
    inference: InferenceServer, database_url: str, tmp_path: Path
) -> None:
    root = tmp_path / "cameras"
    (root / "front").mkdir(parents=True)
    config = PipelineConfig(
        database_url=database_url,
        camera_root=root,
        cameras=(Camera(folder="front", name="Front door"),),
        settings=replace(SETTINGS, time_zone=BERLIN.key),
    )
    taken = datetime.now(BERLIN).replace(microsecond=0)
    visitor = jpeg(
        draw(PERSON_SEED, size=(1280, 720), lighting="day", labels=("person",)), captured_at=taken
    )
    uploader = Uploader(root)
    async with aiohttp.ClientSession() as session:
        client = InferenceClient(session, inference.url, inference.token, settings=SETTINGS)
        pipeline = Pipeline(config, client)
        journal = Journal(pipeline)
        await pipeline.start()
        try:
            uploader.in_pieces("front", "visitor.jpg", visitor)
            seen = await journal.image("front/visitor.jpg")
            assert seen.state is ImageState.DETECTED
            assert abs(seen.captured_at - taken) < timedelta(minutes=1)
            assert (seen.width, seen.height) == (1280, 720)
            person = max(seen.detections, key=lambda found: found.confidence)
            assert person.label == "person"

            opened = await journal.event(EventPhase.DETECTED)
            assert (opened.labels[-1], opened.best_image_id) == ("person", seen.id)

            uploader.by_rename("front", "again.jpg", visitor)
            assert (await journal.image("front/again.jpg")).state is ImageState.SKIPPED

            uploader.broken_off("front", "cut.jpg", visitor)
            uploader.no_image("front", "text.jpg")
            for path in ("front/cut.jpg", "front/text.jpg"):
                assert (await journal.image(path)).state is ImageState.DEAD
            letters = (await pipeline.queries.list_dead_letters(DeadLetterQuery())).items
            assert {letter.error_type for letter in letters} <= {
                "invalid_image",
                "unsupported_media_type",
            }
            assert len(letters) == 2

            # This server has no language model: the rules give the score, and the words are missing.
            unassessed = await journal.unassessed()
            assert unassessed.id == opened.id
            assert unassessed.state is EventState.CLOSED
            assert unassessed.risk_score is not None
            assert unassessed.assessed_by is None
            health = await pipeline.refresh_health()
            assert health.server is not None
            assert health.server.detector.test_model
        finally:
            await pipeline.stop()
