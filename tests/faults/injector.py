"""Makes a plan's faults happen, one after the other, and counts those that did."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
import logging
import time

from testbed.services.inference_server import InferenceServer
from testbed.services.postgres import Postgres
from tests.faults.disk import Disk
from tests.faults.fault_points import Strikes
from tests.faults.gateway import Answer, Gateway
from tests.faults.plan import Blow, Fault, Strike, Trouble
from tests.faults.workers import Worker

_LOGGER = logging.getLogger(__name__)

_PATIENCE = 4.0  # seconds that a fault waits for its opportunity
_LOOK = 0.1  # seconds
_NO_ROOM = "No space left on device"
_AWAY = 1.0  # seconds that something is gone
_ANSWERS = {
    Trouble.ANSWER_BUSY: Answer.BUSY,
    Trouble.ANSWER_NOT_READY: Answer.NOT_READY,
    Trouble.ANSWER_ERROR: Answer.ERROR,
    Trouble.ANSWER_GARBAGE: Answer.GARBAGE,
    Trouble.ANSWER_NOTHING: Answer.NOTHING,
    Trouble.ANSWER_DROPPED: Answer.DROPPED,
}


class Inflictor:
    """Knows how to do each fault; one that found no opportunity counts as missed."""

    def __init__(
        self,
        *,
        workers: Mapping[str, Worker],
        postgres: Postgres,
        strikes: Strikes,
        gateways: Sequence[Gateway],
        servers: Sequence[InferenceServer],
        disk: Disk | None,
    ) -> None:
        """Without `servers` the gateways answer; without `disk` it cannot be filled."""
        self.done: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self._workers = workers
        self._names = sorted(workers)
        self._postgres = postgres
        self._strikes = strikes
        self._gateways = gateways
        self._servers = servers
        self._disk = disk

    async def inflict(self, faults: Sequence[Fault], started: float, seconds: float) -> None:
        """Do them all; what the machine is too slow for within the time is left out."""
        for fault in faults:
            await asyncio.sleep(max(0.0, started + fault.at - time.monotonic()))
            if time.monotonic() - started > seconds:
                break
            name = fault.what.name if isinstance(fault.what, Strike) else fault.what.value
            if fault.what is Trouble.FILE_SYSTEM_FULL and self._disk is None:
                self.skipped[name] += 1
                continue
            _LOGGER.info("%5.1f s: %s", time.monotonic() - started, name)
            happened = await self._do(fault)
            (self.done if happened else self.missed)[name] += 1

    async def _do(self, fault: Fault) -> bool:
        worker = self._workers[self._names[fault.worker]]
        match fault.what:
            case Strike(point=point, blow=blow, committed=committed):
                hit = self._hitting(blow, fault)
                return await self._strikes.strike(point, hit, committed=committed, limit=_PATIENCE)
            case Trouble.KILL_WORKER:
                await self._kill(worker, fault)
            case Trouble.KILL_BOTH:
                await asyncio.gather(*(self._kill(each, fault) for each in self._workers.values()))
            case Trouble.STOP_WORKER:
                await worker.stop()
            case Trouble.KILL_IN_DETECT | Trouble.KILL_IN_ASSESS as what:
                kind = "detect" if what is Trouble.KILL_IN_DETECT else "assess"
                caller = await self._caller(kind)
                if caller is None:
                    return False
                await self._kill(self._workers[caller], fault)
            case Trouble.KILL_DATABASE:
                await asyncio.to_thread(self._postgres.kill)
                await asyncio.sleep(_AWAY)
                await asyncio.to_thread(self._postgres.start)
            case Trouble.CUT_DATABASE:
                for each in self._workers.values():
                    each.cut()
            case Trouble.DISK_FULL:
                await self._strikes.without_disk_space(_AWAY)
            case Trouble.FILE_SYSTEM_FULL:
                return await self._fill_disk()
            case Trouble.CLOCK_JUMPS:
                worker.set_clock(fault.jump)
            case Trouble.KILL_SERVER:
                await asyncio.gather(*(self._restart_server(number) for number in fault.servers))
            case Trouble() as what:
                for number in fault.servers:
                    self._gateways[number].bad.extend([_ANSWERS[what]] * fault.count)
        return True

    async def _fill_disk(self) -> bool:
        """Leave PostgreSQL no room until it notices; tell if it did."""
        assert self._disk is not None
        known = self._postgres.complaints(_NO_ROOM)
        deadline = time.monotonic() + _PATIENCE
        await asyncio.to_thread(self._disk.fill)
        while (noticed := self._postgres.complaints(_NO_ROOM) > known) is False:
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(_LOOK)
        await asyncio.to_thread(self._disk.clear)
        await asyncio.to_thread(self._postgres.revive)
        return noticed

    def _hitting(self, blow: Blow, fault: Fault) -> Callable[[str], Awaitable[None]]:
        async def hit(name: str) -> None:
            if blow is Blow.KILL:
                await self._kill(self._workers[name], fault)
            else:
                self._workers[name].cut()

        return hit

    async def _kill(self, worker: Worker, fault: Fault) -> None:
        worker.set_clock(fault.clock)
        await worker.kill()

    async def _caller(self, kind: str) -> str | None:
        """Return who makes the next request to any server; None if nobody does."""
        asked = {asyncio.create_task(gateway.caller(kind, _PATIENCE)) for gateway in self._gateways}
        done, others = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        return next((name for task in done if (name := task.result()) is not None), None)

    async def _restart_server(self, number: int) -> None:
        gateway = self._gateways[number]
        await gateway.stop()
        if not self._servers:
            await asyncio.sleep(_AWAY)
        else:
            server = self._servers[number]
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start, wait_ready=False)
        await gateway.start()
