"""From clients to a pool that the health board hears of, and a gate for every stage."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..aio.health_board import HealthBoard
from ..domain.errors import CoreError
from ..domain.models import JobKind
from ..domain.settings import Settings
from .client import InferenceClient
from .health_poller import ServerWatch
from .pool import ServerPool
from .server import Server
from .stage_gate import StageGate


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """All there is of the inference servers; the watches have to be run."""

    pool: ServerPool
    gates: Mapping[JobKind, StageGate]
    watches: Sequence[ServerWatch]

    async def ask(self) -> None:
        """Ask all of them now how they are."""
        await asyncio.gather(*(watch.ask() for watch in self.watches))

    async def pull_models(self) -> None:
        """Have each server that misses its language model download it; raises ClientError."""
        for server in self.pool.servers:
            if server.misses_model:
                await server.client.pull_model()
        await self.ask()


def wire(
    clients: Sequence[InferenceClient],
    board: HealthBoard,
    *,
    settings: Settings,
    now: Callable[[], datetime],
    on_change: Callable[[JobKind], None],
) -> Servers:
    """Make one pool of all; `on_change` hears of a stage that may have to wait, or to go on."""

    def note_change(server: Server, kind: JobKind) -> None:
        board.breaker_changed(server.url, kind, server.status(kind))
        on_change(kind)

    def note_failure(server: Server, error: CoreError) -> None:
        watches[server.url].note_failure(error)

    pool = ServerPool(
        [
            Server(
                client,
                settings=settings,
                now=now,
                on_change=note_change,
                on_failure=note_failure,
            )
            for client in clients
        ]
    )
    board.servers_known([server.url for server in pool.servers])
    watches = {server.url: ServerWatch(server, board, settings=settings) for server in pool.servers}
    gates = {kind: StageGate(kind, pool, settings=settings) for kind in JobKind}
    return Servers(pool=pool, gates=gates, watches=tuple(watches.values()))
