"""Who is asked, of several inference servers, and who is left alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable
from tests.core.pipeline.scripted_server import (
    INTERNAL,
    NO_IMAGE,
    NO_LANGUAGE_MODEL,
    OVERLOADED,
    TOKEN,
    UNAUTHORIZED,
    ScriptedServer,
    problem,
)

# isort: split
from hsi_core.domain.errors import (
    AssessorAbsentError,
    ClientError,
    CoreError,
    ServerBusyError,
    ServerRejectedInputError,
    ServerUnreachableError,
)
from hsi_core.domain.inference import EventFacts, RulesFacts
from hsi_core.domain.models import JobKind
from hsi_core.domain.settings import Settings
from hsi_core.domain.updates import BreakerStatus
from hsi_core.inference.client import InferenceClient
from hsi_core.inference.pool import ServerPool
from hsi_core.inference.server import Server
from hsi_core.inference.stage_gate import StageGate

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SETTINGS = Settings(connect_timeout=2.0, detect_timeout=5.0, breaker_recovery=60.0)
FACTS = EventFacts(
    camera="front",
    started_at=NOON,
    ended_at=NOON,
    image_count=1,
    armed=None,
    occupancy=None,
    objects=(),
    rules=RulesFacts(score=10, low=0, high=20, factors=()),
)
PICTURE = b"person 0.9"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def first() -> AsyncIterator[ScriptedServer]:
    server = ScriptedServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def second() -> AsyncIterator[ScriptedServer]:
    server = ScriptedServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def make(clock: Clock) -> AsyncIterator[Callable[..., ServerPool]]:
    """Make pools of servers; failures and changes are told to nobody."""
    async with aiohttp.ClientSession() as session:

        def of(*servers: ScriptedServer) -> ServerPool:
            return ServerPool(
                [
                    Server(
                        InferenceClient(session, server.url, TOKEN, settings=SETTINGS),
                        settings=SETTINGS,
                        now=lambda: NOON,
                        clock=clock,
                        on_change=lambda kind: None,
                        on_failure=lambda server, error: None,
                    )
                    for server in servers
                ]
            )

        yield of


async def detect(pool: ServerPool) -> None:
    await pool.detect(PICTURE, content_type="image/jpeg", threshold=0.5)


async def hear(pool: ServerPool) -> None:
    """Ask all servers how they are."""
    for server in pool.servers:
        server.set_health(await server.client.health())


async def reach(count: int, *servers: ScriptedServer) -> None:
    """Wait until they have been asked so often."""
    async with asyncio.timeout(60):
        while sum(asked(server) for server in servers) < count:
            events = [asyncio.create_task(server.asked.wait()) for server in servers]
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
            for server, event in zip(servers, events, strict=True):
                event.cancel()
                server.asked.clear()


def asked(server: ScriptedServer) -> int:
    return server.detected.total()


async def test_the_least_loaded_is_asked(
    make: Callable[..., ServerPool], first: ScriptedServer, second: ScriptedServer
) -> None:
    pool = make(first, second)
    first.go.clear()
    second.go.clear()
    async with asyncio.TaskGroup() as tasks:
        pending = {tasks.create_task(detect(pool)) for _ in range(6)}
        await reach(6, first, second)
        assert (asked(first), asked(second)) == (3, 3)
        second.go.set()
        while len(pending) > 3:
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for _ in range(6):
            await detect(pool)
        assert (asked(first), asked(second)) == (3, 9)
        first.go.set()


async def test_they_take_turns_where_nobody_has_anything_to_do(
    make: Callable[..., ServerPool], first: ScriptedServer, second: ScriptedServer
) -> None:
    pool = make(first, second)
    for _ in range(6):
        await detect(pool)
    assert (asked(first), asked(second)) == (3, 3)


async def test_what_a_server_has_in_hand_of_others_counts(
    make: Callable[..., ServerPool], first: ScriptedServer, second: ScriptedServer
) -> None:
    first.pictures = 5
    second.pictures = 0
    pool = make(first, second)
    await hear(pool)
    for _ in range(4):
        await detect(pool)
    assert (asked(first), asked(second)) == (0, 4)


async def test_a_server_without_room_is_left_alone_for_as_long_as_it_says(
    make: Callable[..., ServerPool], first: ScriptedServer, second: ScriptedServer, clock: Clock
) -> None:
    pool = make(first, second)
    first.fault = problem(429, "overloaded", retryable=True, retry_after=7.0)
    for _ in range(4):
        await detect(pool)
    assert (asked(first), asked(second)) == (1, 4)
    first.fault = None
    clock.now += 7.1
    await detect(pool)
    assert asked(first) == 2


async def test_where_nobody_has_room_the_soonest_counts(
    make: Callable[..., ServerPool], first: ScriptedServer, second: ScriptedServer
) -> None:
    pool = make(first, second)
    first.fault = problem(429, "overloaded", retryable=True, retry_after=7.0)
    second.fault = problem(503, "detector_unavailable", retryable=True, retry_after=3.0)
    with pytest.raises(ServerBusyError) as caught:
        await detect(pool)
    assert caught.value.retry_after == 3.0
    assert pool.wait(JobKind.DETECT) == 3.0


async def test_a_server_that_is_away_costs_nothing(
    make: Callable[..., ServerPool], first: ScriptedServer, second: ScriptedServer
) -> None:
    pool = make(first, second)
    await first.stop()
    for _ in range(30):
        await detect(pool)
    assert asked(second) == 30
    assert not pool.is_open(JobKind.DETECT)
    await second.stop()
    for error in (ClientError, ServerUnreachableError):  # its last connection breaks off first
        with pytest.raises(error):
            await detect(pool)


async def test_a_refused_token_is_not_tried_again_soon_and_says_why(
    make: Callable[..., ServerPool], first: ScriptedServer, second: ScriptedServer, clock: Clock
) -> None:
    pool = make(first, second)
    first.fault = UNAUTHORIZED
    for _ in range(4):
        await detect(pool)
    assert asked(first) == 1
    status = pool.servers[0].breakers[JobKind.DETECT]
    assert status == BreakerStatus(open_until=NOON + timedelta(seconds=60), reason="unauthorized")
    assert pool.servers[0].breakers[JobKind.ASSESS] == BreakerStatus()
    first.fault = None
    clock.now += 61
    await detect(pool)
    await detect(pool)
    assert pool.servers[0].breakers[JobKind.DETECT] == BreakerStatus()


@pytest.mark.parametrize(
    ("answer", "error"), [(INTERNAL, ClientError), (NO_IMAGE, ServerRejectedInputError)]
)
async def test_what_may_be_the_pictures_own_fault_is_not_passed_on(
    make: Callable[..., ServerPool],
    first: ScriptedServer,
    second: ScriptedServer,
    answer: Callable[[], object],
    error: type[CoreError],
) -> None:
    pool = make(first, second)
    first.fault = answer  # type: ignore[assignment]  # as in its own module
    with pytest.raises(error):
        await detect(pool)
    assert (asked(first), asked(second)) == (1, 0)
    await detect(pool)
    assert asked(second) == 1


async def test_a_server_that_fails_at_once_does_not_draw_all_work_to_it(
    make: Callable[..., ServerPool], first: ScriptedServer, second: ScriptedServer
) -> None:
    pool = make(first, second)
    first.fault = INTERNAL
    failed = 0
    for _ in range(20):
        try:
            await detect(pool)
        except ClientError:
            failed += 1
    assert failed == 1


async def test_who_is_not_ready_is_passed_over(
    make: Callable[..., ServerPool], first: ScriptedServer, second: ScriptedServer
) -> None:
    first.state = "loading"
    pool = make(first, second)
    await hear(pool)
    second.faults.append(OVERLOADED)
    with pytest.raises(ServerBusyError):
        await detect(pool)
    assert asked(first) == 0
    first.state = "ready"
    await hear(pool)
    await detect(pool)
    assert asked(first) == 1


@pytest.mark.parametrize("known", [False, True])
async def test_events_go_where_there_is_a_language_model(
    make: Callable[..., ServerPool], first: ScriptedServer, second: ScriptedServer, known: bool
) -> None:
    pool = make(first, second)
    first.assess_fault = NO_LANGUAGE_MODEL
    first.assessor_state = "absent"
    if known:
        await hear(pool)
    for _ in range(3):
        await pool.assess(FACTS)
    assert len(second.assessed) == 3
    assert not known or not first.assessed


async def test_without_any_language_model_that_is_what_is_said(
    make: Callable[..., ServerPool], first: ScriptedServer, second: ScriptedServer
) -> None:
    pool = make(first, second)
    first.assess_fault = second.assess_fault = NO_LANGUAGE_MODEL
    with pytest.raises(AssessorAbsentError):
        await pool.assess(FACTS)


async def test_a_language_model_that_is_away_is_waited_for(
    make: Callable[..., ServerPool], first: ScriptedServer, second: ScriptedServer
) -> None:
    pool = make(first, second)
    first.assess_fault = NO_LANGUAGE_MODEL
    await second.stop()
    with pytest.raises(ServerBusyError):
        await pool.assess(FACTS)


async def test_after_recovery_one_question_is_asked(
    make: Callable[..., ServerPool], first: ScriptedServer, clock: Clock
) -> None:
    pool = make(first)
    gate = StageGate(
        JobKind.DETECT, pool, settings=SETTINGS, now=lambda: NOON, on_change=lambda: None
    )
    first.fault = UNAUTHORIZED
    with pytest.raises(CoreError):
        await detect(pool)
    assert gate.acquire() == 60
    clock.now += 60
    first.fault = None
    first.go.clear()
    assert gate.acquire() == 0
    assert gate.acquire() > 0  # one goes ahead
    trial = asyncio.create_task(detect(pool))
    await reach(2, first)
    # Whoever went ahead nevertheless is told to wait, and asks nobody.
    with pytest.raises(ServerBusyError):
        await detect(pool)
    assert asked(first) == 2
    first.go.set()
    await trial
    assert gate.acquire() == 0
    assert gate.acquire() == 0


async def test_a_trial_that_fails_holds_back_again(
    make: Callable[..., ServerPool], first: ScriptedServer, clock: Clock
) -> None:
    pool = make(first)
    first.fault = UNAUTHORIZED
    for _ in range(2):
        with pytest.raises(CoreError):
            await detect(pool)
        assert pool.wait(JobKind.DETECT) == 60
        clock.now += 60
    assert asked(first) == 2


async def test_a_server_that_returns_is_asked_at_once(
    make: Callable[..., ServerPool], first: ScriptedServer
) -> None:
    pool = make(first)
    first.fault = UNAUTHORIZED
    with pytest.raises(CoreError):
        await detect(pool)
    pool.servers[0].set_health(None)
    first.fault = None
    await hear(pool)
    await detect(pool)
    assert asked(first) == 2
