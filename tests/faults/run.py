"""Run real workers on a real PostgreSQL and real files while faults are injected.

Called by scripts/test-faults. Each run follows the plan of one seed.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
import json
import logging
import math
from pathlib import Path
import random
import signal
import sys
import tempfile
import time

import asyncpg  # type: ignore[import-untyped]  # has no types

import testbed.core  # noqa: F401 - makes hsi_core importable
from testbed.fake_inference_server import FakeInferenceServer
from testbed.services.inference_server import InferenceServer
from testbed.services.postgres import Postgres
from tests.faults.disk import SIZE, Disk
from tests.faults.fault_points import FaultPoints
from tests.faults.file_deletion import delete_processed
from tests.faults.gateway import Gateway
from tests.faults.images import SCENES, make_image
from tests.faults.injector import FaultInjector
from tests.faults.invariants import UNSETTLED, InvariantReport, check_invariants, unregistered
from tests.faults.levels import find_wrong_levels
from tests.faults.plan import CAMERAS, SERVERS, WORKERS, FaultKind, make_plan
from tests.faults.storage import StorageControl
from tests.faults.uploads import Cameras
from tests.faults.worker import QUICK
from tests.faults.workers import Worker

# isort: split
from hsi_core.domain.models import Camera
from hsi_core.store import cameras as camera_store
from hsi_core.store.engine import begin, connect

DATABASE = "faults"
SETTLE_LIMIT = 180.0  # seconds without faults until every job has to be settled, at least
_SETTLE_SHARE = 0.25  # of the duration of the faults, for long runs
_RATE = 4  # files a second
_DENSE_RATE = 32  # files a second
_DENSE_DISK = 4 * SIZE
_DENSE_EMPTY = 0.75  # of the images show nothing, as those of most cameras
_KEPT_FOR = 60.0  # seconds that a dense run keeps files that have been processed
_POLL_INTERVAL = 0.5  # seconds
_CALM = 3  # polls in a row that find everything settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The results of one run."""

    seed: int
    plan: str  # its fingerprint
    seconds: float  # duration of the run
    uploaded: Counter[str]
    faults: Counter[str]
    missed: Counter[str]
    skipped: Counter[str]  # faults that this machine does not permit
    requests: tuple[int, ...]  # detect requests of each server
    starts: int  # of workers
    invariants: InvariantReport

    @property
    def kept(self) -> bool:
        return self.invariants.kept

    def as_json(self) -> dict[str, object]:
        v = self.invariants
        return {
            "seed": self.seed,
            "plan": self.plan,
            "seconds": round(self.seconds, 1),
            "kept": self.kept,
            "files": v.files,
            "images": v.rows,
            "terminal": v.rows - v.terminal["pending"],
            "lost": len(v.lost),
            "duplicated": len(v.duplicated),
            "breaches": [*v.lost, *v.duplicated, *v.breaches],
            "states": dict(v.terminal),
            "dead": dict(v.dead),
            "events": v.events,
            "worker_starts": self.starts,
            "uploaded": dict(self.uploaded),
            "faults": dict(self.faults),
            "missed": dict(self.missed),
            "skipped": dict(self.skipped),
            "requests": list(self.requests),
        }

    def as_text(self) -> str:
        v = self.invariants
        lost, twice, states = len(v.lost), len(v.duplicated), _list_counts(v.terminal)
        ended = v.rows - v.terminal["pending"]
        counted = (
            f"files {v.files}, images {v.rows}, terminal {ended}, lost {lost}, duplicated {twice}"
        )
        happened = f"{self.faults.total()} faults of {len(self.faults)} kinds"
        lines = [
            (
                f"seed {self.seed}, plan {self.plan}: "
                f"{'kept' if self.kept else 'BROKEN'} in {self.seconds:.0f} s"
            ),
            f"  {counted}, events {v.events}, starts of workers {self.starts}",
            f"  uploads: {_list_counts(self.uploaded)}",
            f"  images sent to each server: {', '.join(map(str, self.requests))}",
            f"  images: {states}",
            f"  dead letters: {_list_counts(v.dead) or 'none'}",
            f"  {happened}, {self.missed.total()} more found no opportunity",
            *(f"    {count:3} {name}" for name, count in sorted(self.faults.items())),
            *(
                f"  SKIPPED {count} times, not permitted here: {name}"
                for name, count in self.skipped.items()
            ),
            *(f"  BROKEN: {breach}" for breach in (*v.lost, *v.duplicated, *v.breaches)),
        ]
        return "\n".join(lines)


async def run_plan(
    seed: int,
    *,
    images: int,
    seconds: float,
    servers: Sequence[InferenceServer],
    kinds: Sequence[FaultKind] = (),
    dense: bool = False,
) -> Report:
    """Run the plan of one seed, with faults of these kinds or all; without `servers`, on fake ones.

    A dense run deletes files that have been processed, and has a larger disk.
    """
    started = time.monotonic()
    plan = make_plan(seed, images=images, seconds=seconds, kinds=kinds, dense=dense)
    for scene in range(SCENES):
        make_image(scene, 0)  # drawn before the time runs
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hsi-faults-")))
        await asyncio.to_thread(folder.chmod, 0o711)  # PostgreSQL's account needs access
        root = folder / "cameras"
        for camera in CAMERAS:
            (root / camera).mkdir(parents=True)
        disk = _disk(folder / "disk", _DENSE_DISK if dense else SIZE)
        if disk is not None:
            stack.enter_context(disk)
        data = disk.folder / "data" if disk is not None else None
        postgres = await asyncio.to_thread(stack.enter_context, Postgres(data=data))
        url = postgres.create_database(DATABASE)
        await prepare(url)
        fault_points = FaultPoints(url)
        await fault_points.install()
        backends: Sequence[InferenceServer | FakeInferenceServer] = servers or [
            await stack.enter_async_context(FakeInferenceServer(recording=False))
            for _ in range(SERVERS)
        ]
        empty = _DENSE_EMPTY if dense else 0.0
        gateways = [Gateway(each.url, each.token, empty_share=empty) for each in backends]
        for gateway in gateways:
            await gateway.start()
            stack.push_async_callback(gateway.stop)
        storage = StorageControl(folder / "storage", CAMERAS)
        workers = {}
        for number in range(WORKERS):
            name = f"worker{number}"
            postgres.execute(f"CREATE ROLE {name} SUPERUSER LOGIN")
            workers[name] = Worker(
                name,
                database_url=url,
                root=root,
                servers=[gateway.url for gateway in gateways],
                log=folder / f"{name}.log",
                storage=folder / "storage",
                dense=dense,
            )
        cameras = Cameras(root)
        injector = FaultInjector(
            workers=workers,
            postgres=postgres,
            fault_points=fault_points,
            gateways=gateways,
            servers=servers,
            disk=disk,
            storage=storage,
            cameras=cameras,
            database=url,
        )
        try:
            for worker in workers.values():
                await worker.start()
            start = time.monotonic()
            deletion = asyncio.create_task(
                delete_processed(url, root, cameras, after=_KEPT_FOR if dense else math.inf)
            )
            await asyncio.gather(
                cameras.upload(plan.uploads, start),
                injector.inject(plan.faults, start, seconds),
            )
            for gateway in gateways:
                gateway.next_faults.clear()
            for worker in workers.values():
                worker.set_clock(0.0)
            storage.mend()
            await fault_points.disarm()
            await _settle(url, root, cameras, max(SETTLE_LIMIT, _SETTLE_SHARE * seconds))
            deletion.cancel()
            await asyncio.wait([deletion])
        finally:
            storage.mend()
            await asyncio.gather(*(worker.end() for worker in workers.values()))
        connection = await asyncpg.connect(url)
        invariants = await check_invariants(
            connection, root, cameras.files, cameras.sound, cameras.deleted
        )
        await connection.close()
        invariants.breaches += await find_wrong_levels(url, QUICK)
        if not invariants.kept:
            _save_logs(folder, seed)
        return Report(
            seed=seed,
            plan=plan.fingerprint,
            seconds=time.monotonic() - started,
            uploaded=cameras.uploaded,
            faults=injector.done,
            missed=injector.missed,
            skipped=injector.skipped,
            requests=tuple(gateway.requests["detect"] for gateway in gateways),
            starts=sum(worker.starts for worker in workers.values()),
            invariants=invariants,
        )


def _disk(folder: Path, size: int) -> Disk | None:
    try:
        return Disk(folder, size=size)
    except OSError as error:
        print(f"no file system can be filled here: {error}", file=sys.stderr)  # noqa: T201 - for a person
        return None


async def prepare(url: str) -> None:
    """Create the tables and register the cameras."""
    engine = await connect(url, application_name="tests")
    async with begin(engine) as connection:
        known = tuple(Camera(folder=folder, name=folder) for folder in CAMERAS)
        await camera_store.register(connection, known)
    await engine.dispose()


async def _settle(url: str, root: Path, cameras: Cameras, limit: float) -> None:
    """Wait until every file is registered and every job settled, or until the limit."""
    calm = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(limit), _connected(url) as connection:
            while calm < _CALM:
                missing = await unregistered(connection, root, cameras.files, cameras.deleted)
                settled = not missing and await connection.fetchval(UNSETTLED) == 0
                calm = calm + 1 if settled else 0
                await asyncio.sleep(_POLL_INTERVAL)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@contextmanager
def real_servers(count: int) -> Iterator[Sequence[InferenceServer]]:
    """Run `count` inference servers with the small test model, each in its own process."""
    with tempfile.TemporaryDirectory(prefix="hsi-server-") as folder:
        servers = [InferenceServer(Path(folder) / str(number)) for number in range(count)]
        try:
            for server in servers:
                server.start(wait_ready=False)
            for server in servers:
                server.wait_ready()
            yield servers
        finally:
            for server in servers:
                server.stop()


def _save_logs(folder: Path, seed: int) -> None:
    kept = Path(tempfile.gettempdir()) / f"hsi-faults-seed-{seed}.log"
    logs = sorted(folder.glob("*.log"))
    kept.write_text("\n".join(f"== {log.name}\n{log.read_text(errors='replace')}" for log in logs))
    print(f"the workers' logs are kept in {kept}", file=sys.stderr)  # noqa: T201 - for a person


def main(arguments: Sequence[str]) -> int:
    """Run the requested seeds; return 0 if every invariant held in all of them."""
    parser = argparse.ArgumentParser(prog="scripts/test-faults", description=__doc__)
    parser.add_argument("--runs", type=int, default=1, help="number of runs, with successive seeds")
    parser.add_argument("--seed", type=int, help="seed of the first run (default: random)")
    parser.add_argument("--seconds", type=float, default=75.0, help="duration of each run's faults")
    parser.add_argument("--images", type=int, help="files in each run (default: 4 a second)")
    parser.add_argument(
        "--dense", action="store_true",
        help="32 files a second; processed files are deleted after a minute",
    )  # fmt: skip
    parser.add_argument(
        "--server", choices=("real", "fake"), default="real",
        help="real: the inference server with the small test model, in a process of its own",
    )  # fmt: skip
    parser.add_argument(
        "--kinds", nargs="+", default=(), choices=[kind.name.lower() for kind in FaultKind],
        help="inject faults of these kinds only (default: all)",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, help="write all results to this file")
    parser.add_argument("-v", "--verbose", action="store_true", help="log each fault")
    options = parser.parse_args(arguments)
    # A SIGTERM must also stop the services and unmount the disk.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.WARNING, format="%(message)s"
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    first = random.randrange(1_000_000) if options.seed is None else options.seed
    rate = _DENSE_RATE if options.dense else _RATE
    images = options.images or round(options.seconds * rate)
    reports = []
    with real_servers(SERVERS if options.server == "real" else 0) as servers:
        for seed in range(first, first + options.runs):
            report = asyncio.run(
                run_plan(
                    seed,
                    images=images,
                    seconds=options.seconds,
                    servers=servers,
                    kinds=[FaultKind[name.upper()] for name in options.kinds],
                    dense=options.dense,
                )
            )
            reports.append(report)
            print(report.as_text(), flush=True)  # noqa: T201 - for a person
            if options.json is not None:
                _write(options.json, reports)
    kept = all(report.kept for report in reports)
    lost = sum(len(report.invariants.lost) for report in reports)
    duplicated = sum(len(report.invariants.duplicated) for report in reports)
    faults = sum(report.faults.total() for report in reports)
    files = sum(report.invariants.files for report in reports)
    print(  # noqa: T201 - for a person
        f"{len(reports)} runs, {files} files, {faults} faults: lost {lost}, duplicated {duplicated}"
    )
    return 0 if kept else 1


def _write(path: Path, reports: Sequence[Report]) -> None:
    path.write_text(json.dumps([report.as_json() for report in reports], indent=2) + "\n")


def _list_counts(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
