"""The configured inference servers: their pool, their health pollers, and a gate per stage."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..aio.health_board import HealthBoard
from ..domain.errors import CoreError
from ..domain.models import JobKind
from ..domain.settings import Settings
from .client import InferenceClient
from .health_poller import HealthPoller
from .pool import ServerPool
from .server import Server
from .stage_gate import StageGate


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSet:
    """All inference servers; the caller runs `HealthPoller.poll_forever` of each poller."""

    pool: ServerPool
    gates: Mapping[JobKind, StageGate]
    pollers: Sequence[HealthPoller]

    async def poll(self) -> None:
        """Request the health of every server now."""
        await asyncio.gather(*(poller.poll() for poller in self.pollers))

    async def pull_models(self) -> None:
        """Start the download on each server that lacks its language model; raises ClientError."""
        for server in self.pool.servers:
            if server.model_missing:
                await server.client.pull_model()
        await self.poll()


def build_servers(
    clients: Sequence[InferenceClient],
    board: HealthBoard,
    *,
    settings: Settings,
    now: Callable[[], datetime],
    on_change: Callable[[JobKind], None],
) -> ServerSet:
    """Connect the clients to one pool; `on_change` names a stage to pause or resume."""

    def stage_changed(kind: JobKind) -> None:
        board.refresh()
        on_change(kind)

    def request_failed(server: Server, error: CoreError) -> None:
        pollers[server.url].note_failure(error)

    pool = ServerPool(
        [
            Server(
                client,
                settings=settings,
                now=now,
                on_change=stage_changed,
                on_failure=request_failed,
            )
            for client in clients
        ]
    )
    pollers = {
        server.url: HealthPoller(server, board, settings=settings) for server in pool.servers
    }

    def gate(kind: JobKind) -> StageGate:
        return StageGate(
            kind, pool, settings=settings, now=now, on_change=lambda: stage_changed(kind)
        )

    gates = {kind: gate(kind) for kind in JobKind}
    board.track(pool.servers, gates)
    return ServerSet(pool=pool, gates=gates, pollers=tuple(pollers.values()))
