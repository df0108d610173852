"""A server that is restarted while a client keeps connections to it."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable
from testbed.drawing.scenes import draw, jpeg
from testbed.services.inference_server import InferenceServer

# isort: split
from hsi_core.domain.errors import ServerLostError
from hsi_core.domain.models import FailureClass
from hsi_core.domain.settings import Settings
from hsi_core.inference.client import InferenceClient


@pytest.mark.slow  # two starts of the real server
async def test_requests_succeed_after_a_restart_of_the_server(tmp_path: Path) -> None:
    image = jpeg(draw(24, size=(320, 240), lighting="day", labels=("person",)))

    async with aiohttp.ClientSession() as session:
        with InferenceServer(tmp_path) as server:
            client = InferenceClient(session, server.url, server.token, settings=Settings())

            async def detect() -> int:
                result = await client.detect(image, content_type="image/jpeg", threshold=0.5)
                return result.width

            assert {*await asyncio.gather(detect(), detect())} == {320}
            # These calls block the event loop, so the client does not notice the closed connections.
            server.kill()
            server.start()
            assert {*await asyncio.gather(detect(), detect())} == {320}

            server.kill()
            with pytest.raises(ServerLostError) as lost:
                await detect()
            assert lost.value.failure is FailureClass.OUTAGE
