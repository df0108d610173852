"""Follow images and events, and print each change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from testbed.demo import events
from testbed.demo.console import DIM, GREEN, RED, YELLOW, Console
from testbed.demo.events import Event
from testbed.demo.image_tracker import ImageTracker, Outcome
from testbed.demo.scenario import FinalState
from testbed.services.home_assistant_client import HomeAssistantClient

STATE_COLOURS = {FinalState.DETECTED: GREEN, FinalState.SKIPPED: YELLOW, FinalState.DEAD: RED}
LEVEL_COLOURS = {"low": GREEN, "medium": YELLOW, "high": RED, "critical": RED}


class Show:
    """The known state of every image and event; prints each change."""

    def __init__(self, console: Console) -> None:
        self.images: Mapping[str, Outcome] = {}
        self.events: tuple[Event, ...] = ()
        self._console = console
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def running(
        self, client: HomeAssistantClient, tracker: ImageTracker
    ) -> AsyncIterator[None]:
        """Follow both in the background."""
        try:
            async with asyncio.TaskGroup() as watching:
                tasks = [
                    watching.create_task(self._watch_images(tracker)),
                    watching.create_task(self._watch_events(client)),
                ]
                yield
                for task in tasks:
                    task.cancel()
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    async def until(self, condition: Callable[[], bool], *, limit: float) -> bool:
        """Wait for a condition; return False at the limit."""
        try:
            async with asyncio.timeout(limit), self._changed:
                await self._changed.wait_for(condition)
        except TimeoutError:
            return False
        return True

    async def _watch_images(self, tracker: ImageTracker) -> None:
        async for images in tracker.follow():
            for path, outcome in images.items():
                known = self.images.get(path)
                if outcome.state is not None and (known is None or known.state != outcome.state):
                    self._print_image(outcome, outcome.state)
            async with self._changed:
                self.images = images
                self._changed.notify_all()

    async def _watch_events(self, client: HomeAssistantClient) -> None:
        async for found in events.follow(client):
            known = {event.id: event for event in self.events}
            for event in found:
                before = known.get(event.id)
                if before is None or _printed_state(before) != _printed_state(event):
                    self._print_event(event)
            async with self._changed:
                self.events = found
                self._changed.notify_all()

    def _print_image(self, outcome: Outcome, state: FinalState) -> None:
        more = outcome.reason or ", ".join(outcome.objects) or "nothing seen"
        word = self._console.paint(STATE_COLOURS[state], state.value)
        self._console.step(f"{outcome.path:<28} {word}: {more}")

    def _print_event(self, event: Event) -> None:
        if event.assessment == "pending":
            what = self._console.paint(DIM, "event, not yet assessed")
        elif event.risk_level is None:
            what = self._console.paint(RED, "event, could not be assessed")
        else:
            colour = LEVEL_COLOURS[event.risk_level]
            what = self._console.paint(colour, f"event, risk {event.risk_score} {event.risk_level}")
        seen = ", ".join(event.labels)
        self._console.step(f"{event.camera:<28} {what} ({seen}): {event.summary or '...'}")


def _printed_state(event: Event) -> tuple[str, int | None]:
    return event.assessment, event.risk_score
