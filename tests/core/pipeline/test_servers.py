"""Several inference servers behind one pipeline."""

from collections.abc import AsyncIterator

import pytest

from testbed.fake_inference_server import OVERLOADED, FakeInferenceServer
from tests.core.pipeline.harness import NEVER, House

# isort: split
from hsi_core.domain.models import ImageState, JobKind
from hsi_core.domain.queries import DeadLetterQuery


@pytest.fixture
async def other(house: House) -> AsyncIterator[FakeInferenceServer]:
    made = FakeInferenceServer()
    await made.start()
    house.others.append(made)
    yield made
    await made.stop()


async def test_work_is_shared_and_a_server_that_dies_costs_nothing(
    house: House, server: FakeInferenceServer, other: FakeInferenceServer
) -> None:
    pipeline, journal = await house.run(max_attempts=1, breaker_recovery=NEVER)
    for number in range(20):
        house.upload(f"front/{number}.jpg", f"car 0.9 #{number}", age=60)
    await journal.ended(20)
    assert min(server.detected.total(), other.detected.total()) >= 5

    await server.stop()
    for number in range(20, 40):
        house.upload(f"front/{number}.jpg", f"car 0.9 #{number}", age=60)
    assert {image.state for image in await journal.ended(40)} == {ImageState.DETECTED}
    health = await journal.health(lambda h: h.servers[0].reachable is False)
    assert (health.servers[0].error, health.servers[1].reachable) == ("unreachable", True)
    assert (health.server_reachable, health.server_error) == (True, None)
    assert not health.stages_paused
    assert (await pipeline.queries.list_dead_letters(DeadLetterQuery())).total == 0


async def test_the_state_of_each_breaker_is_published(
    house: House, server: FakeInferenceServer, other: FakeInferenceServer
) -> None:
    await server.stop()
    await other.stop()
    _, journal = await house.run(breaker_recovery=NEVER)
    for number in range(12):
        house.upload(f"front/{number}.jpg", f"car 0.9 #{number}", age=60)
    down = await journal.health(lambda h: JobKind.DETECT in h.stages_paused)
    for state in down.servers:
        assert state.breakers[JobKind.DETECT].reason == "unreachable"
        assert state.breakers[JobKind.DETECT].open_until is not None
        assert state.breakers[JobKind.ASSESS].open_until is None
    await other.start()
    await journal.ended(12)
    up = await journal.health(lambda h: not h.stages_paused)
    assert up.servers[1].breakers[JobKind.DETECT].open_until is None
    assert up.servers[0].breakers[JobKind.DETECT].open_until is not None


async def test_a_busy_server_costs_no_attempt(
    house: House, server: FakeInferenceServer, other: FakeInferenceServer
) -> None:
    server.detect_fault = OVERLOADED
    _, journal = await house.run(max_attempts=1)
    for number in range(8):
        house.upload(f"front/{number}.jpg", f"car 0.9 #{number}", age=60)
    assert {image.state for image in await journal.ended(8)} == {ImageState.DETECTED}
    assert other.detected.total() == 8


async def test_servers_with_different_models_are_reported(
    house: House,
    server: FakeInferenceServer,
    other: FakeInferenceServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    other.model = "another one"
    _, journal = await house.run()
    await journal.health(lambda h: h.detectors_differ)
    assert f"another one at {other.url}" in caplog.text
    other.model = server.model
    await journal.health(lambda h: not h.detectors_differ)
    assert caplog.text.count("different detector models") == 1
