"""Behavior of the server under a sustained load above its capacity.

Requests arrive at a multiple of the measured capacity, whether or not the earlier ones have a
response; each carries its deadline. Meanwhile health is polled. Control: polls of a handler that does
nothing, in a process of its own; a delay of both is the machine's.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
import json
from pathlib import Path
import sys
import tempfile
import time

import aiohttp

from benchmarks.server.clients import Target, send_for
from benchmarks.server.machine import describe
from benchmarks.server.processes import peer
from benchmarks.server.scenes import FULL_HD, draw_jpegs
from benchmarks.server.weights import make_r18
from inference_server.settings import DetectorRuntime
from testbed.services.inference_server import TEST_DETECTOR, InferenceServer
from testbed.services.memory import resident_mib

_CLIENTS = 16  # that measure the capacity
_HEALTH_EVERY = 0.1  # seconds
_MEMORY_EVERY = 1.0  # seconds
_GRACE = 60.0  # seconds beyond its deadline after which a request counts as never answered


@dataclass(slots=True, kw_only=True)
class Seen:
    """Observations of the clients."""

    statuses: Counter[str] = field(default_factory=Counter)
    accepted_ms: list[float] = field(default_factory=list)
    health_ms: list[float] = field(default_factory=list)
    control_ms: list[float] = field(default_factory=list)
    resident_mib: list[float] = field(default_factory=list)


def main() -> int:
    """Measure and print; return 0 if the server survives and every request gets a response."""
    parser = argparse.ArgumentParser(prog="scripts/bench overload", description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--seconds", type=float, default=60, help="600 is the full measurement")
    parser.add_argument("--times", type=float, default=4, help="load as a multiple of the capacity")
    parser.add_argument("--deadline", type=float, default=10, help="seconds each request waits")
    parser.add_argument("--runtime", type=DetectorRuntime, default=DetectorRuntime.AUTO)
    parser.add_argument("--small", action="store_true", help="the test detector, not the r18 shape")
    options = parser.parse_args()
    machine = describe()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = TEST_DETECTOR
        if not options.small:
            model = folder / "r18"
            make_r18(model)
        images = draw_jpegs(folder, FULL_HD, 4)
        server = InferenceServer(
            folder,
            detector=model,
            environ={"DETECTOR_RUNTIME": options.runtime},
            python=Path(sys.executable),
        )
        bare = peer("bare", python=Path(sys.executable), log=folder / "bare.log")
        with server, bare as control:
            target = Target(url=f"{server.url}/v1/detect", token=server.token)
            capacity = send_for(target, images, clients=_CLIENTS, seconds=15).rate
            load = _Load(
                server=server,
                control=control.url,
                images=[image.read_bytes() for image in images],
                rate=capacity * options.times,
                deadline=options.deadline,
            )
            seen = asyncio.run(load.send(options.seconds))
            alive = server.running
    figures = _figures(seen, options.deadline)
    figures |= {"capacity_per_s": round(capacity, 2), "server_runs_on": alive}
    text = json.dumps({**machine, "seconds": options.seconds, **figures}, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")
    return 0 if alive and not seen.statuses["none"] else 1


@dataclass(slots=True, kw_only=True)
class _Load:
    server: InferenceServer
    control: str
    images: Sequence[bytes]
    rate: float  # requests a second
    deadline: float  # seconds

    async def send(self, seconds: float) -> Seen:
        """Send requests for so many seconds; return after the last response."""
        seen = Seen()
        connector = aiohttp.TCPConnector(limit=0)
        headers = {"Authorization": f"Bearer {self.server.token}"}
        timeout = aiohttp.ClientTimeout(total=self.deadline + _GRACE)
        async with aiohttp.ClientSession(
            connector=connector, headers=headers, timeout=timeout
        ) as session:
            watches = [
                asyncio.create_task(_every(_HEALTH_EVERY, self._timed_get(session, *each)))
                for each in (
                    (f"{self.server.url}/v1/health", seen.health_ms),
                    (self.control, seen.control_ms),
                )
            ]
            watches.append(asyncio.create_task(_every(_MEMORY_EVERY, self._sample_memory(seen))))
            await self._send_all(session, seen, seconds)
            for watch in watches:
                watch.cancel()
            await asyncio.gather(*watches, return_exceptions=True)
        return seen

    async def _send_all(self, session: aiohttp.ClientSession, seen: Seen, seconds: float) -> None:
        started, sent = time.perf_counter(), 0
        async with asyncio.TaskGroup() as group:
            while (now := time.perf_counter() - started) < seconds:
                while sent < now * self.rate:
                    group.create_task(self._detect(session, seen, sent))
                    sent += 1
                await asyncio.sleep(0.5 / self.rate)

    async def _detect(self, session: aiohttp.ClientSession, seen: Seen, number: int) -> None:
        image = self.images[number % len(self.images)]
        headers = {
            "Content-Type": "image/jpeg",
            "X-Deadline-Ms": str(round(self.deadline * 1000)),
        }
        began = time.perf_counter()
        try:
            async with session.post(
                f"{self.server.url}/v1/detect", data=image, headers=headers
            ) as response:
                await response.read()
                status = str(response.status)
        except (aiohttp.ClientError, TimeoutError) as err:
            # The server refused and closed before all was sent, so the response may be lost.
            status = "none" if isinstance(err, TimeoutError) else f"closed ({type(err).__name__})"
        if status == "200":
            seen.accepted_ms.append((time.perf_counter() - began) * 1000)
        seen.statuses[status] += 1

    def _timed_get(
        self, session: aiohttp.ClientSession, url: str, waits: list[float]
    ) -> Callable[[], Awaitable[None]]:
        async def probe() -> None:
            began = time.perf_counter()
            async with session.get(url) as response:
                await response.read()
            waits.append((time.perf_counter() - began) * 1000)

        return probe

    def _sample_memory(self, seen: Seen) -> Callable[[], Awaitable[None]]:
        async def probe() -> None:
            seen.resident_mib.append(resident_mib(self.server.pid))

        return probe


async def _every(pause: float, probe: Callable[[], Awaitable[None]]) -> None:
    while True:
        await probe()
        await asyncio.sleep(pause)


def _figures(seen: Seen, deadline: float) -> dict[str, object]:
    quarter = seen.resident_mib[len(seen.resident_mib) // 4 :]
    late = sum(wait > deadline * 1000 for wait in seen.accepted_ms)
    return {
        "answers": dict(sorted(seen.statuses.items())),
        "accepted_ms": _percentiles(seen.accepted_ms),
        "accepted_after_their_deadline": late,
        "health_ms": _percentiles(seen.health_ms),
        "control_ms": _percentiles(seen.control_ms),
        "resident_mib": {
            "first": round(seen.resident_mib[0]),
            "after_a_quarter": round(quarter[0]),
            "most_later": round(max(quarter)),
            "last": round(quarter[-1]),
        },
    }


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values) or [0.0]
    return {
        name: round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1)
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("most", 1.0))
    }


if __name__ == "__main__":
    sys.exit(main())
