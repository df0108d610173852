"""Clients that send requests to one server, in their own process."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import count
import json
import math
from pathlib import Path
import subprocess
import sys
import time

import aiohttp

from testbed.services.inference_server import ROOT

_TIMEOUT = aiohttp.ClientTimeout(total=600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server under load; `form` if it takes the image as a form field."""

    url: str
    token: str | None = None
    form: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Responses:
    """Responses; `beyond_ms` is each latency less the model's time, if the server reports it."""

    rate: float  # a second
    waits_ms: Sequence[float]
    beyond_ms: Sequence[float]


def send_for(target: Target, images: Sequence[Path], *, clients: int, seconds: float) -> Responses:
    """Send requests for so many seconds; each client waits for its response before the next."""
    return _run_process(target, images, clients=clients, seconds=seconds, count=None)


def send_count(target: Target, images: Sequence[Path], *, clients: int, count: int) -> Responses:
    """Send so many requests; each client waits for its response before the next."""
    return _run_process(target, images, clients=clients, seconds=None, count=count)


def _run_process(
    target: Target,
    images: Sequence[Path],
    *,
    clients: int,
    seconds: float | None,
    count: int | None,
) -> Responses:
    """Run the clients in a process of their own."""
    job = {
        "target": asdict(target),
        "images": [str(image) for image in images],
        "clients": clients,
        "seconds": seconds,
        "count": count,
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.server.clients"],
        cwd=ROOT,
        input=json.dumps(job),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Responses(**json.loads(done.stdout))


async def _send_all(
    target: Target, images: Sequence[bytes], *, clients: int, more: Callable[[], bool]
) -> Responses:
    waits: list[float] = []
    beyond: list[float] = []
    headers = {"Authorization": f"Bearer {target.token}"} if target.token else {}
    async with aiohttp.ClientSession(headers=headers, timeout=_TIMEOUT) as session:
        await _send(session, target, images[0])  # warm-up: connects
        started = time.perf_counter()

        async def client(number: int) -> None:
            turn = number
            while more():
                sent = time.perf_counter()
                response = await _send(session, target, images[turn % len(images)])
                waits.append((time.perf_counter() - sent) * 1000)
                beyond.extend(waits[-1] - infer for infer in _infer_ms(response))
                turn += 1

        await asyncio.gather(*(client(number) for number in range(clients)))
        rate = len(waits) / (time.perf_counter() - started)
    return Responses(rate=rate, waits_ms=waits, beyond_ms=beyond)


async def _send(session: aiohttp.ClientSession, target: Target, image: bytes) -> object:
    data: aiohttp.FormData | bytes = image
    headers = {"Content-Type": "image/jpeg"}
    if target.form:
        data = aiohttp.FormData()
        data.add_field("image", image, filename="image.jpg", content_type="image/jpeg")
        headers = {}
    async with session.post(target.url, data=data, headers=headers) as response:
        response.raise_for_status()
        found: object = await response.json()
        return found


def _infer_ms(response: object) -> list[float]:
    match response:
        case {"timings_ms": {"infer": float(milliseconds)}}:
            return [milliseconds]
        case _:
            return []


class _Clock:
    """Runs from its first reading."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = math.inf if seconds is None else seconds
        self._started: float | None = None

    def runs(self) -> bool:
        """Return whether there is time left."""
        now = time.perf_counter()
        self._started = self._started or now
        return now - self._started < self._seconds


def main() -> None:
    """Read a job from stdin, write the responses to stdout."""
    job = json.load(sys.stdin)
    turns = count() if job["count"] is None else range(job["count"])
    waiting = iter(turns)
    clock = _Clock(job["seconds"])

    def more() -> bool:
        return next(waiting, None) is not None and clock.runs()

    responses = asyncio.run(
        _send_all(
            Target(**job["target"]),
            [Path(image).read_bytes() for image in job["images"]],
            clients=job["clients"],
            more=more,
        )
    )
    json.dump(asdict(responses), sys.stdout)


if __name__ == "__main__":
    main()
