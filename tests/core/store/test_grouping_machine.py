"""A state machine test: after any sequence of images and closings the events are consistent."""

import asyncio
from itertools import count

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

import testbed.core  # noqa: F401 - makes hsi_core importable
from tests.core.conftest import WIPE
from tests.core.store.conftest import Archive, at

# isort: split
from hsi_core.domain.models import Camera
from hsi_core.domain.settings import Settings
from hsi_core.events.event_judge import EventChange, EventJudge
from hsi_core.store import cameras, events
from hsi_core.store.engine import begin, connect
from hsi_core.store.transaction import Transaction

CAMERAS = ("front", "yard")
RULES = Settings()

# Queries that must find nothing.
CONTRADICTIONS = {
    "an event counts other images than its own": """
        SELECT e.id FROM hsi.events e LEFT JOIN hsi.images i ON i.event_id = e.id
        GROUP BY e.id HAVING count(i.id) <> e.image_count
        OR min(i.captured_at) <> e.started_at OR max(i.captured_at) <> e.last_activity_at""",
    "an event is too long": f"""
        SELECT id FROM hsi.events
        WHERE last_activity_at - started_at > interval '{RULES.event_window} s'""",
    "an event has a longer pause in it than ends one": f"""
        SELECT event_id FROM (SELECT event_id, captured_at - lag(captured_at)
            OVER (PARTITION BY event_id ORDER BY captured_at) AS pause FROM hsi.images
            WHERE event_id IS NOT NULL) AS pauses
        WHERE pause > interval '{RULES.event_idle} s'""",
    "a watched object has no event, or another one has": """
        SELECT i.id FROM hsi.images i JOIN hsi.detections d ON d.image_id = i.id
        WHERE (d.label = 'person') <> (i.event_id IS NOT NULL)""",
    "an event has images of another camera": """
        SELECT i.id FROM hsi.images i JOIN hsi.events e ON e.id = i.event_id
        WHERE i.camera <> e.camera""",
    "an event is over without a pending assessment": """
        SELECT id FROM hsi.events e WHERE state = 'closed' AND NOT EXISTS
        (SELECT FROM hsi.jobs j WHERE j.event_id = e.id AND j.state = 'pending')""",
}


class Events(RuleBasedStateMachine):
    """Images of two cameras in any order, and events that close at any time."""

    runner: asyncio.Runner
    engine: AsyncEngine

    def __init__(self) -> None:
        super().__init__()
        self.archive = Archive(engine=self.engine, settings=RULES, numbers=count(1))
        self.runner.run(self._wipe())

    async def _wipe(self) -> None:
        async with begin(self.engine) as connection:
            await connection.execute(text(WIPE))
            await cameras.register(connection, [Camera(folder=c, name=c) for c in CAMERAS])

    @rule(
        camera=st.sampled_from(CAMERAS),
        seconds=st.integers(0, 240),
        label=st.sampled_from(("person", "person", "tree")),
        confidence=st.sampled_from((0.6, 0.95)),
    )
    def see(self, camera: str, seconds: int, label: str, confidence: float) -> None:
        self.runner.run(self.archive.see(seconds, label, confidence, camera))

    @rule(
        seen=st.lists(
            st.tuples(
                st.sampled_from(CAMERAS),
                st.integers(0, 240),
                st.sampled_from(("person", "person", "tree")),
                st.sampled_from((0.6, 0.95)),
            ),
            min_size=2,
            max_size=6,
        )
    )
    def see_batch(self, seen: list[tuple[str, int, str, float]]) -> None:
        self.runner.run(self.archive.see_batch(seen))

    @rule(camera=st.sampled_from(CAMERAS))
    def end(self, camera: str) -> None:
        self.runner.run(self._end(camera))

    async def _end(self, camera: str) -> None:
        judge = EventJudge(RULES, now=lambda: at(10_000))
        async with begin(self.engine) as connection:
            locked = await cameras.lock(connection, [camera])
            event = await events.open_of(connection, camera)
            if event is not None:
                change = EventChange(
                    before=event,
                    event=await events.close(connection, event),
                    context=await events.context_of(connection, event.id),
                )
                await judge.judge(Transaction(connection), [change], locked)

    @invariant()
    def nothing_contradicts(self) -> None:
        self.runner.run(self._look())

    async def _look(self) -> None:
        async with begin(self.engine) as connection:
            for name, sql in CONTRADICTIONS.items():
                assert not (await connection.execute(text(sql))).all(), name


def test_events_are_consistent_after_any_sequence(shared_url: str) -> None:
    with asyncio.Runner() as runner:
        Events.runner = runner
        Events.engine = runner.run(connect(shared_url, application_name="tests"))
        try:
            run_state_machine_as_test(
                Events,
                settings=settings(
                    max_examples=20,
                    stateful_step_count=25,
                    deadline=None,
                    derandomize=True,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(Events.engine.dispose())
