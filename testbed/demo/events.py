"""Follow the events through the integration's own action."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from testbed.demo.entities import DOMAIN
from testbed.services.home_assistant_client import HomeAssistantClient, JsonObject

POLL_INTERVAL = 1.0  # seconds, for changes that no entity shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event as Home Assistant reports it."""

    id: str
    camera: str
    state: str
    assessment: str
    labels: tuple[str, ...]
    risk_score: int | None
    risk_level: str | None
    summary: str | None
    started_at: str

    @property
    def settled(self) -> bool:
        """Whether its assessment has ended."""
        return self.state == "closed" and self.assessment != "pending"


async def follow(client: HomeAssistantClient) -> AsyncIterator[tuple[Event, ...]]:
    """Yield all events, the oldest first, whenever one of them has changed."""
    known: tuple[Event, ...] | None = None
    async with client.socket() as socket:
        await socket.call("subscribe_events", event_type="state_changed")
        while True:
            found = await look_up(client)
            if found != known:
                yield (known := found)
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_INTERVAL):
                    await socket.event()


async def look_up(client: HomeAssistantClient) -> tuple[Event, ...]:
    """Return the latest events, the oldest first."""
    response = await client.perform(DOMAIN, "list_events", {"limit": 100})
    listed = cast("list[JsonObject]", response["events"])
    return tuple(sorted(map(_event, listed), key=lambda event: event.started_at))


def _event(listed: JsonObject) -> Event:
    score = listed["risk_score"]
    return Event(
        id=str(listed["event_id"]),
        camera=str(listed["camera"]),
        state=str(listed["state"]),
        assessment=str(listed["assessment"]),
        labels=tuple(cast("list[str]", listed["labels"])),
        risk_score=None if score is None else int(str(score)),
        risk_level=cast("str | None", listed["risk_level"]),
        summary=cast("str | None", listed["summary"]),
        started_at=str(listed["started_at"]),
    )
