"""A decoder that does not return fails its own image only, and has the process replaced."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
import http.client
import json
from pathlib import Path
import sys
from threading import Event
import time

import pytest

from inference_server.deadline import NEVER, Deadline
from inference_server.detection.decoding.decoder_pool import DecoderPool
from inference_server.detection.decoding.pixel_budget import PixelBudget
from inference_server.errors import (
    DeadlineExceededError,
    DetectorUnavailableError,
    InvalidImageError,
)
from testbed.services.inference_server import InferenceServer
from tests.attack import images
from tests.attack.stuck_decoder_server import DECODE_LIMIT
from tests.server.detectors import make_random_detector
from tests.server.support import check_schema, draw, encode


async def test_stuck_decoder_fails_its_own_image_and_no_other() -> None:
    release, stuck, reported = Event(), asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def decode(data: bytes) -> str:
        loop.call_soon_threadsafe(stuck.set)
        release.wait(60)
        return data.decode()

    pool = DecoderPool(threads=1, time_limit=0.3, on_stuck=reported.set)
    own = asyncio.create_task(pool.run(b"own", decode, NEVER))
    await stuck.wait()
    waiting = asyncio.create_task(pool.run(b"waiting", decode, NEVER))
    with pytest.raises(InvalidImageError, match=r"cannot be decoded in 0\.3 s"):
        await own
    with pytest.raises(DetectorUnavailableError):
        await waiting
    with pytest.raises(DetectorUnavailableError):
        await pool.run(b"later", decode, NEVER)
    assert reported.is_set()
    assert pool.stuck_since
    release.set()
    pool.close()


async def test_stuck_decoder_is_noticed_although_its_client_is_gone() -> None:
    release, started, reported = Event(), asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def decode(_: bytes) -> None:
        loop.call_soon_threadsafe(started.set)
        release.wait(60)

    pool = DecoderPool(threads=1, time_limit=0.3, on_stuck=reported.set)
    gone = asyncio.create_task(pool.run(b"", decode, NEVER))
    await started.wait()
    gone.cancel()
    async with asyncio.timeout(30):
        await reported.wait()
    release.set()
    pool.close()


async def test_image_that_waits_for_a_decoder_is_answered_at_its_deadline() -> None:
    release, started = Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def decode(data: bytes) -> bytes:
        loop.call_soon_threadsafe(started.set)
        release.wait(60)
        return data

    pool = DecoderPool(threads=1, time_limit=60)
    first = asyncio.create_task(pool.run(b"first", decode, NEVER))
    await started.wait()
    with pytest.raises(DeadlineExceededError):
        await pool.run(b"second", decode, Deadline.after(0.1))
    release.set()
    assert await first == b"first"
    assert pool.stuck_since is None
    pool.close()


async def test_decoders_together_hold_at_most_the_pixel_budget() -> None:
    sound = encode(draw(200, 100), "PNG")  # counts twice
    running, most = 0, 0
    both = Event()

    def decode(_: bytes) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        both.wait(0.05)
        running -= 1

    pool = DecoderPool(threads=4, max_pixels=100_000)
    await asyncio.gather(*(pool.run(sound, decode, NEVER) for _ in range(8)))
    assert most == 2
    pool.close()


def until(reached: Callable[[], bool]) -> None:
    """Wait for a state that another thread reaches without a signal."""
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_large_image_is_not_overtaken_for_ever() -> None:
    budget, order = PixelBudget(10), list[int]()
    entered, go_on = Event(), Event()

    def reserve(pixels: int, hold: bool = False) -> None:
        with budget.reserve(pixels):
            order.append(pixels)
            if hold:
                entered.set()
                go_on.wait(60)

    with ThreadPoolExecutor(4) as threads:
        threads.submit(reserve, 6, True)
        entered.wait(60)
        large = threads.submit(reserve, 10)
        until(lambda: budget.waiting == 1)
        small = threads.submit(reserve, 1)  # would fit at once
        until(lambda: budget.waiting == 2)
        go_on.set()
        large.result(60)
        small.result(60)
    assert order == [6, 10, 1]


def test_server_with_a_stuck_decoder_is_unready_and_exits_to_be_restarted(tmp_path: Path) -> None:
    make_random_detector(tmp_path / "detector")
    server = InferenceServer(
        tmp_path,
        detector=tmp_path / "detector",
        python=Path(sys.executable),
        module="tests.attack.stuck_decoder_server",
    )
    server.start()
    process = server.process

    def connect() -> http.client.HTTPConnection:
        return http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)

    headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "image/png"}
    unfinished = connect()  # a request in progress, for which the server waits
    unfinished.putrequest("POST", "/v1/models/load")
    for name, value in {
        **headers,
        "Content-Type": "application/json",
        "Content-Length": 16,
    }.items():
        unfinished.putheader(name, str(value))
    unfinished.endheaders()

    kept = connect()
    kept.request("GET", "/v1/ready")
    assert json.load(kept.getresponse())["ready"] is True
    asking = connect()
    asking.request("POST", "/v1/detect", images.png(1, 1), headers)
    answer = asking.getresponse()
    assert (answer.status, json.load(answer)["code"]) == (422, "invalid_image")
    kept.request("GET", "/v1/ready")
    ready = json.load(kept.getresponse())
    check_schema("Ready", ready)
    assert (ready["ready"], ready["reason"]) == (False, "decoder_stuck")
    unfinished.send(b'{"name": "none"}')
    assert unfinished.getresponse().status == 404
    assert process.wait(60) == 3
    log = server.log_path.read_text()
    assert f"did not return within {DECODE_LIMIT:g} s" in log
    assert "start the server again" in log.splitlines()[-1]
    server.stop()
