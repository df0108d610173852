"""The plan of a run: which files are uploaded when, and which faults are injected when.

The same seed gives the same plan; how the machine interleaves it is not reproducible.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
import hashlib
from itertools import product
import random

CAMERAS = ("front", "yard", "garage/side")
WORKERS = 2
SERVERS = 2
FAR = 60 * 86400.0  # seconds by which a clock may be wrong, longer than originals are kept
# Folders and names of well-known makers' cameras; {t} is the time of the image.
LAYOUTS = (
    "MDAlarm_{t:%Y%m%d-%H%M%S}_{n}.jpg",  # Foscam
    "{t:%Y/%m/%d}/front_00_{t:%Y%m%d%H%M%S}_{n}.jpg",  # Reolink
    "{t:%Y-%m-%d}/pic/{t:%H.%M.%S}[M][0@0][{n}].jpg",  # Dahua
    "{t:%Y%m%d}/{t:%H}/axis {n}.JPG",  # Axis
    "Käßefuß & ünïcode #{n}.jpeg",
    "{n}.jpg",
)


class Kind(StrEnum):
    """How a file arrives, and its content."""

    PIECES = "pieces"  # written under its name, piece by piece
    RENAMED = "renamed"  # written as .part, then renamed
    GROWING = "growing"  # written with pauses longer than the settle time
    BROKEN = "broken"  # the connection broke half-way
    NO_IMAGE = "no_image"  # an error message under an image's name
    EMPTY = "empty"
    DUPLICATE = "duplicate"  # the content of an earlier file of the camera, shortly after it
    OVERWRITTEN = "overwritten"  # a second image under the same name
    DELIVERED_TWICE = "delivered_twice"  # renamed away and back: two notifications
    LATE = "late"  # captured hours ago
    LEFT_ALONE = "left_alone"  # a hidden, partial or other file, to be ignored


class CommitPoint(StrEnum):
    """The purpose of a transaction that is hit while it commits."""

    REGISTER = "register"
    CLAIM = "claim"
    RENEW = "renew"
    FINISH = "finish"
    POSTPONE = "postpone"
    GIVE_UP = "give_up"
    OPEN_EVENT = "open_event"
    JOIN_EVENT = "join_event"
    CLOSE_EVENT = "close_event"
    JUDGE = "judge"
    ESCALATE = "escalate"
    CORRECT = "correct"
    EXPLAIN = "explain"


class Effect(StrEnum):
    """What is done to the worker whose transaction commits."""

    KILL = "kill"  # kill -9
    CUT = "cut"  # it loses its connections to the database


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitFault:
    """A worker is hit while its transaction commits; the commit takes place or not."""

    point: CommitPoint
    effect: Effect
    committed: bool

    @property
    def name(self) -> str:
        return f"{self.effect} at {self.point}, {'committed' if self.committed else 'rolled back'}"


class FaultKind(StrEnum):
    """Every other fault."""

    KILL_WORKER = "worker killed at any time"
    KILL_BOTH = "both workers killed"
    KILL_IN_DETECT = "worker killed during a detection"
    KILL_IN_ASSESS = "worker killed during an assessment"
    STOP_WORKER = "worker stopped by SIGTERM"
    KILL_DATABASE = "PostgreSQL killed by SIGQUIT and started again"
    CUT_DATABASE = "all connections to PostgreSQL cut"
    CANCELLED = "PostgreSQL cancels statements and ends sessions"
    DISK_FULL = "PostgreSQL refuses commits because the disk is full"
    FILE_SYSTEM_FULL = "PostgreSQL's file system full"
    STATEMENT_TIMEOUT = "PostgreSQL times out every statement of the workers"
    RESTORE_DATABASE = "a backup a few seconds old restored while the workers run"
    HANGING_READS = "reading a camera's folder hangs"
    UNREADABLE_ENTRIES = "entries of a camera's folder cannot be read"
    FLOOD = "one camera uploads many images at once"
    CLOCK_FORWARD = "a running worker's clock jumps forward"
    CLOCK_BACK = "a running worker's clock jumps back"
    CLOCK_AHEAD_BRIEFLY = "a running worker's clock 60 days ahead for 2 s"
    KILL_SERVER = "inference server killed and started again"
    RESPONSE_BUSY = "server responds with 429"
    RESPONSE_NOT_READY = "server responds with 503"
    RESPONSE_ERROR = "server responds with 500"
    RESPONSE_GARBAGE = "server responds with something that is not JSON"
    RESPONSE_NOTHING = "server never responds"
    RESPONSE_DROPPED = "server drops the connection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file; `at`: seconds after the start; `age`: seconds between its capture and `at`."""

    number: int
    at: float
    kind: Kind
    camera: str
    name: str  # a layout of LAYOUTS
    age: float
    scene: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault, injected at `at` seconds or later, after the one before it."""

    at: float
    what: CommitFault | FaultKind
    worker: int
    clock: float  # seconds of error of a restarted worker's clock
    jump: float  # seconds by which a running worker's clock is wrong from then on
    camera: str
    servers: tuple[int, ...]  # to hit, by index
    count: int  # faulty responses of each


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The uploads and faults of a run."""

    seed: int
    uploads: tuple[Upload, ...]
    faults: tuple[Fault, ...]

    @property
    def fingerprint(self) -> str:
        """A short hash of the plan."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:8]


_KINDS = {
    Kind.PIECES: 34,
    Kind.RENAMED: 20,
    Kind.GROWING: 3,
    Kind.BROKEN: 6,
    Kind.NO_IMAGE: 4,
    Kind.EMPTY: 3,
    Kind.DUPLICATE: 8,
    Kind.OVERWRITTEN: 3,
    Kind.DELIVERED_TWICE: 5,
    Kind.LATE: 8,
    Kind.LEFT_ALONE: 6,
}
_FAULT_PACE = 0.6  # seconds between two faults, on average
_DENSE_FAULT_PACE = 2.6  # seconds
_JUMPS = (5.0, 60.0, 3600.0, FAR)
_LONGEST_NIGHT = 45.0  # seconds; the files of a longer one cost each restart seconds
_BURST = 5.0  # seconds between two


def make_plan(
    seed: int,
    *,
    images: int,
    seconds: float,
    kinds: Sequence[FaultKind] = (),
    dense: bool = False,
) -> Plan:
    """Return the plan of a seed: `images` files, and faults over `seconds`, of these kinds or all.

    In a dense run, files are uploaded in bursts, and faults leave the workers time for them.
    """
    rng = random.Random(seed)
    return Plan(
        seed=seed,
        uploads=_uploads(rng, images, seconds, _BURST if dense else None),
        faults=_faults(rng, seconds, kinds, _DENSE_FAULT_PACE if dense else _FAULT_PACE),
    )


def _uploads(
    rng: random.Random, images: int, seconds: float, step: float | None
) -> tuple[Upload, ...]:
    # A third exists before the start of a short run, as after a night without the worker.
    night = min(seconds / 2, _LONGEST_NIGHT)
    times = sorted(max(0.0, rng.uniform(-night, seconds)) for _ in range(images))
    if step is not None:
        times = [at // step * step for at in times]
    kinds = rng.choices(list(_KINDS), list(_KINDS.values()), k=images)
    return tuple(
        Upload(
            number=number,
            at=at,
            kind=kind,
            camera=rng.choice(CAMERAS),
            name=rng.choice(LAYOUTS),
            age=rng.uniform(600, 20_000) if kind is Kind.LATE else rng.uniform(0, 3),
            scene=rng.randrange(1_000_000),
        )
        for number, (at, kind) in enumerate(zip(times, kinds, strict=True))
    )


def _faults(
    rng: random.Random, seconds: float, only: Sequence[FaultKind], pace: float
) -> tuple[Fault, ...]:
    commit_faults = [
        CommitFault(point=p, effect=b, committed=c)
        for p, b, c in product(CommitPoint, Effect, (True, False))
    ]
    kinds: list[CommitFault | FaultKind] = [*only] or [*commit_faults, *FaultKind]
    order: list[CommitFault | FaultKind] = []
    while len(order) < seconds / pace:
        order += rng.sample(kinds, len(kinds))  # each kind before any comes again
    faults = []
    at = 1.0
    for what in order:
        at += rng.expovariate(1 / pace)
        if at >= seconds:
            break
        faults.append(
            Fault(
                at=at,
                what=what,
                worker=rng.randrange(WORKERS),
                clock=rng.choice((0.0, 0.0, 0.0, -15.0, 15.0)),
                jump=rng.choice(_JUMPS),
                camera=rng.choice(CAMERAS),
                servers=rng.choice(((0,), (1,), (0, 1))),
                count=rng.randint(1, 6),
            )
        )
    return tuple(faults)
