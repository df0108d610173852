"""Which of several inference servers is used, and which are left out."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable
from testbed.fake_inference_server import (
    INTERNAL,
    INVALID_IMAGE,
    NO_ASSESSOR,
    OVERLOADED,
    UNAUTHORIZED,
    FakeInferenceServer,
    Fault,
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
from hsi_core.domain.part_of_day import PartOfDay
from hsi_core.domain.updates import BreakerStatus
from hsi_core.inference.pool import ServerPool
from hsi_core.inference.stage_gate import StageGate
from tests.core.inference.conftest import NOON, SETTINGS, Clock

FACTS = EventFacts(
    camera="front",
    started_at=NOON,
    ended_at=NOON,
    part_of_day=PartOfDay.NIGHT,
    image_count=1,
    armed=None,
    occupancy=None,
    objects=(),
    rules=RulesFacts(score=10, low=0, high=20, factors=()),
)


IMAGE = b"person 0.9"


async def detect(pool: ServerPool) -> None:
    await pool.detect(IMAGE, content_type="image/jpeg", threshold=0.5)


async def poll(pool: ServerPool) -> None:
    """Request the health of all servers."""
    for server in pool.servers:
        server.set_health(await server.client.health())


async def until_requested(count: int, *servers: FakeInferenceServer) -> None:
    """Wait until the servers have received this many detect requests in all."""
    async with asyncio.timeout(60):
        while sum(asked(server) for server in servers) < count:
            events = [asyncio.create_task(server.requested.wait()) for server in servers]
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
            for server, event in zip(servers, events, strict=True):
                event.cancel()
                server.requested.clear()


def asked(server: FakeInferenceServer) -> int:
    return server.detected.total()


async def test_the_least_loaded_server_is_used(
    make: Callable[..., ServerPool], first: FakeInferenceServer, second: FakeInferenceServer
) -> None:
    pool = make(first, second)
    first.detect_gate.clear()
    second.detect_gate.clear()
    async with asyncio.TaskGroup() as tasks:
        pending = {tasks.create_task(detect(pool)) for _ in range(6)}
        await until_requested(6, first, second)
        assert (asked(first), asked(second)) == (3, 3)
        second.detect_gate.set()
        while len(pending) > 3:
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for _ in range(6):
            await detect(pool)
        assert (asked(first), asked(second)) == (3, 9)
        first.detect_gate.set()


async def test_idle_servers_take_turns(
    make: Callable[..., ServerPool], first: FakeInferenceServer, second: FakeInferenceServer
) -> None:
    pool = make(first, second)
    for _ in range(6):
        await detect(pool)
    assert (asked(first), asked(second)) == (3, 3)


async def test_images_of_other_clients_count_as_load(
    make: Callable[..., ServerPool], first: FakeInferenceServer, second: FakeInferenceServer
) -> None:
    first.detector = {"pictures": 5}
    second.detector = {"pictures": 0}
    pool = make(first, second)
    await poll(pool)
    for _ in range(4):
        await detect(pool)
    assert (asked(first), asked(second)) == (0, 4)


async def test_a_busy_server_is_left_out_for_its_retry_after(
    make: Callable[..., ServerPool],
    first: FakeInferenceServer,
    second: FakeInferenceServer,
    clock: Clock,
) -> None:
    pool = make(first, second)
    first.detect_fault = problem(429, "overloaded", retryable=True, retry_after=7.0)
    for _ in range(4):
        await detect(pool)
    assert (asked(first), asked(second)) == (1, 4)
    first.detect_fault = None
    clock.now += 7.1
    await detect(pool)
    assert asked(first) == 2


async def test_if_all_are_busy_the_earliest_retry_counts(
    make: Callable[..., ServerPool], first: FakeInferenceServer, second: FakeInferenceServer
) -> None:
    pool = make(first, second)
    first.detect_fault = problem(429, "overloaded", retryable=True, retry_after=7.0)
    second.detect_fault = problem(503, "detector_unavailable", retryable=True, retry_after=3.0)
    with pytest.raises(ServerBusyError) as caught:
        await detect(pool)
    assert caught.value.retry_after == 3.0
    assert pool.seconds_until_ready(JobKind.DETECT) == 3.0


async def test_an_unavailable_server_costs_no_attempt(
    make: Callable[..., ServerPool], first: FakeInferenceServer, second: FakeInferenceServer
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


async def test_a_refused_token_opens_the_breaker_with_its_reason(
    make: Callable[..., ServerPool],
    first: FakeInferenceServer,
    second: FakeInferenceServer,
    clock: Clock,
) -> None:
    pool = make(first, second)
    first.detect_fault = UNAUTHORIZED
    for _ in range(4):
        await detect(pool)
    assert asked(first) == 1
    status = pool.servers[0].breakers[JobKind.DETECT]
    assert status == BreakerStatus(open_until=NOON + timedelta(seconds=60), reason="unauthorized")
    assert pool.servers[0].breakers[JobKind.ASSESS] == BreakerStatus()
    first.detect_fault = None
    clock.now += 61
    await detect(pool)
    await detect(pool)
    assert pool.servers[0].breakers[JobKind.DETECT] == BreakerStatus()


@pytest.mark.parametrize(
    ("answer", "error"), [(INTERNAL, ClientError), (INVALID_IMAGE, ServerRejectedInputError)]
)
async def test_a_failure_the_image_may_have_caused_is_not_tried_elsewhere(
    make: Callable[..., ServerPool],
    first: FakeInferenceServer,
    second: FakeInferenceServer,
    answer: Fault,
    error: type[CoreError],
) -> None:
    pool = make(first, second)
    first.detect_fault = answer
    with pytest.raises(error):
        await detect(pool)
    assert (asked(first), asked(second)) == (1, 0)
    await detect(pool)
    assert asked(second) == 1


async def test_a_failing_server_does_not_attract_all_work(
    make: Callable[..., ServerPool], first: FakeInferenceServer, second: FakeInferenceServer
) -> None:
    pool = make(first, second)
    first.detect_fault = INTERNAL
    failed = 0
    for _ in range(20):
        try:
            await detect(pool)
        except ClientError:
            failed += 1
    assert failed == 1


async def test_a_server_that_is_not_ready_is_skipped(
    make: Callable[..., ServerPool], first: FakeInferenceServer, second: FakeInferenceServer
) -> None:
    first.detector = {"state": "loading"}
    pool = make(first, second)
    await poll(pool)
    second.detect_faults.append(OVERLOADED)
    with pytest.raises(ServerBusyError):
        await detect(pool)
    assert asked(first) == 0
    first.detector = {"state": "ready"}
    await poll(pool)
    await detect(pool)
    assert asked(first) == 1


@pytest.mark.parametrize("known", [False, True])
async def test_events_go_to_a_server_with_a_language_model(
    make: Callable[..., ServerPool],
    first: FakeInferenceServer,
    second: FakeInferenceServer,
    known: bool,
) -> None:
    pool = make(first, second)
    first.assess_fault = NO_ASSESSOR
    first.assessor = {"state": "absent"}
    if known:
        await poll(pool)
    for _ in range(3):
        await pool.assess(FACTS)
    assert len(second.assessed) == 3
    assert not known or not first.assessed


async def test_optional_fields_go_only_to_a_server_that_lists_them(
    make: Callable[..., ServerPool], first: FakeInferenceServer
) -> None:
    pool = make(first)
    first.assessor = {"accepts": ["narrative"]}
    facts = replace(FACTS, narrative="A person was at front.", language="de")

    await pool.assess(facts)  # its health is unknown: it may be an older server
    await poll(pool)
    await pool.assess(facts)

    unknown, known = first.assessed
    assert {"part_of_day", "narrative", "language"}.isdisjoint(unknown)
    assert known["narrative"] == "A person was at front."
    assert {"part_of_day", "language"}.isdisjoint(known)


async def test_without_any_language_model_the_error_says_so(
    make: Callable[..., ServerPool], first: FakeInferenceServer, second: FakeInferenceServer
) -> None:
    pool = make(first, second)
    first.assess_fault = second.assess_fault = NO_ASSESSOR
    with pytest.raises(AssessorAbsentError):
        await pool.assess(FACTS)


async def test_an_unavailable_language_model_is_waited_for(
    make: Callable[..., ServerPool], first: FakeInferenceServer, second: FakeInferenceServer
) -> None:
    pool = make(first, second)
    first.assess_fault = NO_ASSESSOR
    await second.stop()
    with pytest.raises(ServerBusyError):
        await pool.assess(FACTS)


async def test_after_recovery_one_trial_request_is_sent(
    make: Callable[..., ServerPool], first: FakeInferenceServer, clock: Clock
) -> None:
    pool = make(first)
    gate = StageGate(
        JobKind.DETECT, pool, settings=SETTINGS, now=lambda: NOON, on_change=lambda: None
    )
    first.detect_fault = UNAUTHORIZED
    with pytest.raises(CoreError):
        await detect(pool)
    assert gate.acquire() == 60
    clock.now += 60
    first.detect_fault = None
    first.detect_gate.clear()
    assert gate.acquire() == 0
    assert gate.acquire() > 0  # one trial at a time
    trial = asyncio.create_task(detect(pool))
    await until_requested(2, first)
    # A request beside the trial is refused and sent to no server.
    with pytest.raises(ServerBusyError):
        await detect(pool)
    assert asked(first) == 2
    first.detect_gate.set()
    await trial
    assert gate.acquire() == 0
    assert gate.acquire() == 0


async def test_a_failed_trial_opens_the_breaker_again(
    make: Callable[..., ServerPool], first: FakeInferenceServer, clock: Clock
) -> None:
    pool = make(first)
    first.detect_fault = UNAUTHORIZED
    for _ in range(2):
        with pytest.raises(CoreError):
            await detect(pool)
        assert pool.seconds_until_ready(JobKind.DETECT) == 60
        clock.now += 60
    assert asked(first) == 2


async def test_a_recovered_server_is_used_at_once(
    make: Callable[..., ServerPool], first: FakeInferenceServer
) -> None:
    pool = make(first)
    first.detect_fault = UNAUTHORIZED
    with pytest.raises(CoreError):
        await detect(pool)
    pool.servers[0].set_health(None)
    first.detect_fault = None
    await poll(pool)
    await detect(pool)
    assert asked(first) == 2
