"""Inject the faults of a plan one after the other, and count them."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
import logging
import time

from testbed.services.inference_server import InferenceServer
from testbed.services.postgres import Postgres, PostgresError
from tests.faults.disk import Disk
from tests.faults.fault_points import FaultPoints
from tests.faults.gateway import Gateway, ResponseFault
from tests.faults.plan import FAR, CommitFault, Effect, Fault, FaultKind
from tests.faults.statement_timeout import time_out_statements
from tests.faults.storage import StorageControl, StorageState
from tests.faults.uploads import Cameras
from tests.faults.workers import Worker

_LOGGER = logging.getLogger(__name__)

_OPPORTUNITY_TIMEOUT = 4.0  # seconds that a fault waits for its opportunity
_POLL_INTERVAL = 0.1  # seconds
_NO_ROOM = "No space left on device"
_OUTAGE = 1.0  # seconds
_STORAGE_OUTAGE = 2.5  # seconds, longer than the workers' storage timeout
_BACKUP_AGE = 2.0  # seconds
_RESTORE_ATTEMPTS = 3
_FLOOD = 40  # images
_BRIEFLY = 2.0  # seconds
_RESPONSE_FAULTS = {
    FaultKind.RESPONSE_BUSY: ResponseFault.BUSY,
    FaultKind.RESPONSE_NOT_READY: ResponseFault.NOT_READY,
    FaultKind.RESPONSE_ERROR: ResponseFault.ERROR,
    FaultKind.RESPONSE_GARBAGE: ResponseFault.GARBAGE,
    FaultKind.RESPONSE_NOTHING: ResponseFault.NOTHING,
    FaultKind.RESPONSE_DROPPED: ResponseFault.DROPPED,
}


class FaultInjector:
    """Injects faults; one that found no opportunity counts as missed."""

    def __init__(
        self,
        *,
        workers: Mapping[str, Worker],
        postgres: Postgres,
        fault_points: FaultPoints,
        gateways: Sequence[Gateway],
        servers: Sequence[InferenceServer],
        disk: Disk | None,
        storage: StorageControl,
        cameras: Cameras,
        database: str,
    ) -> None:
        """Without `servers`, only the gateways are stopped; without `disk`, it is never filled."""
        self.done: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self._workers = workers
        self._names = sorted(workers)
        self._postgres = postgres
        self._fault_points = fault_points
        self._gateways = gateways
        self._servers = servers
        self._disk = disk
        self._storage = storage
        self._cameras = cameras
        self._database = database

    async def inject(self, faults: Sequence[Fault], started: float, seconds: float) -> None:
        """Inject all faults; those still pending after `seconds` are left out."""
        for fault in faults:
            await asyncio.sleep(max(0.0, started + fault.at - time.monotonic()))
            if time.monotonic() - started > seconds:
                break
            name = fault.what.name if isinstance(fault.what, CommitFault) else fault.what.value
            if fault.what is FaultKind.FILE_SYSTEM_FULL and self._disk is None:
                self.skipped[name] += 1
                continue
            _LOGGER.info("%5.1f s: %s", time.monotonic() - started, name)
            happened = await self._inject_one(fault)
            (self.done if happened else self.missed)[name] += 1

    async def _inject_one(self, fault: Fault) -> bool:
        worker = self._workers[self._names[fault.worker]]
        match fault.what:
            case CommitFault(point=point, effect=effect, committed=committed):
                apply = self._apply(effect, fault)
                return await self._fault_points.trigger(
                    point, apply, committed=committed, limit=_OPPORTUNITY_TIMEOUT
                )
            case FaultKind.KILL_WORKER:
                await self._kill(worker, fault)
            case FaultKind.KILL_BOTH:
                await asyncio.gather(*(self._kill(each, fault) for each in self._workers.values()))
            case FaultKind.STOP_WORKER:
                await worker.stop()
            case FaultKind.KILL_IN_DETECT | FaultKind.KILL_IN_ASSESS as what:
                kind = "detect" if what is FaultKind.KILL_IN_DETECT else "assess"
                caller = await self._caller(kind)
                if caller is None:
                    return False
                await self._kill(self._workers[caller], fault)
            case FaultKind.KILL_DATABASE:
                await asyncio.to_thread(self._postgres.kill)
                await asyncio.sleep(_OUTAGE)
                await asyncio.to_thread(self._postgres.start)
            case FaultKind.CUT_DATABASE:
                for each in self._workers.values():
                    each.cut()
            case FaultKind.CANCELLED:
                return await self._fault_points.cancel_statements(self._names, _OUTAGE)
            case FaultKind.DISK_FULL:
                await self._fault_points.without_disk_space(_OUTAGE)
            case FaultKind.FILE_SYSTEM_FULL:
                return await self._fill_disk()
            case FaultKind.CLOCK_FORWARD:
                worker.set_clock(fault.jump)
            case FaultKind.CLOCK_BACK:
                worker.set_clock(-fault.jump)
            case FaultKind.CLOCK_AHEAD_BRIEFLY:
                worker.set_clock(FAR)
                await asyncio.sleep(_BRIEFLY)
                worker.set_clock(0.0)
            case FaultKind.STATEMENT_TIMEOUT:
                await time_out_statements(self._database, self._names, _OUTAGE)
            case FaultKind.RESTORE_DATABASE:
                return await self._restore_database()
            case FaultKind.HANGING_READS:
                await self._break_storage(fault.camera, StorageState.HANGING)
            case FaultKind.UNREADABLE_ENTRIES:
                await self._break_storage(fault.camera, StorageState.UNREADABLE)
            case FaultKind.FLOOD:
                await asyncio.to_thread(self._cameras.flood, fault.camera, _FLOOD)
            case FaultKind.KILL_SERVER:
                await asyncio.gather(*(self._restart_server(number) for number in fault.servers))
            case FaultKind() as what:
                for number in fault.servers:
                    self._gateways[number].next_faults.extend(
                        [_RESPONSE_FAULTS[what]] * fault.count
                    )
        return True

    async def _fill_disk(self) -> bool:
        """Fill the disk until PostgreSQL reports it; return False if it does not in time."""
        assert self._disk is not None
        known = self._postgres.complaints(_NO_ROOM)
        deadline = time.monotonic() + _OPPORTUNITY_TIMEOUT
        await asyncio.to_thread(self._disk.fill)
        while (noticed := self._postgres.complaints(_NO_ROOM) > known) is False:
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(_POLL_INTERVAL)
        await asyncio.to_thread(self._disk.clear)
        await asyncio.to_thread(self._postgres.revive)
        return noticed

    async def _break_storage(self, camera: str, state: StorageState) -> None:
        self._storage.set(camera, state)
        await asyncio.sleep(_STORAGE_OUTAGE)
        self._storage.mend()

    async def _restore_database(self) -> bool:
        """Restore a backup a few seconds old; return False if it is refused."""
        # A file that was deleted meanwhile would be missing in the restored database's eyes.
        async with self._cameras.keeping_files:
            try:
                backup = await asyncio.to_thread(self._postgres.dump, self._database)
                await asyncio.sleep(_BACKUP_AGE)
                for _ in range(_RESTORE_ATTEMPTS):
                    try:
                        await asyncio.to_thread(self._postgres.restore, self._database, backup)
                    except PostgresError as error:  # such as a deadlock with a worker
                        _LOGGER.info("the backup was not restored: %s", error)
                    else:
                        return True
            except PostgresError as error:
                _LOGGER.info("there is no backup: %s", error)
        return False

    def _apply(self, effect: Effect, fault: Fault) -> Callable[[str], Awaitable[None]]:
        async def apply(name: str) -> None:
            if effect is Effect.KILL:
                await self._kill(self._workers[name], fault)
            else:
                self._workers[name].cut()

        return apply

    async def _kill(self, worker: Worker, fault: Fault) -> None:
        worker.set_clock(fault.clock)
        await worker.kill()

    async def _caller(self, kind: str) -> str | None:
        """Return the name of the worker that makes the next request; None at the timeout."""
        callers = {
            asyncio.create_task(gateway.caller(kind, _OPPORTUNITY_TIMEOUT))
            for gateway in self._gateways
        }
        done, others = await asyncio.wait(callers, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        return next((name for task in done if (name := task.result()) is not None), None)

    async def _restart_server(self, number: int) -> None:
        gateway = self._gateways[number]
        await gateway.stop()
        if not self._servers:
            await asyncio.sleep(_OUTAGE)
        else:
            server = self._servers[number]
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start, wait_ready=False)
        await gateway.start()
