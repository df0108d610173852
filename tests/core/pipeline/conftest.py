"""Fixtures of the pipeline's tests: a house with two cameras and a fake inference server."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from testbed.fake_inference_server import FakeInferenceServer
from tests.core.pipeline.harness import CAMERAS, House


@pytest.fixture
async def server() -> AsyncIterator[FakeInferenceServer]:
    made = FakeInferenceServer()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def house(
    tmp_path: Path, database_url: str, server: FakeInferenceServer
) -> AsyncIterator[House]:
    root = tmp_path / "cameras"
    for camera in CAMERAS:
        (root / camera).mkdir(parents=True)
    async with aiohttp.ClientSession() as session:
        house = House(root=root, database_url=database_url, server=server, session=session)
        yield house
        for pipeline in house.pipelines:
            await pipeline.stop()
