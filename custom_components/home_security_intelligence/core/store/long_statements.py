"""Statements that may take minutes: migrations, and counts of millions of rows.

They run on connections of their own, because the client's limit for a statement belongs to the
connection. The limit of a count is PostgreSQL's: it ends the statement and not the connection.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import socket
from typing import Protocol, cast

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from .errors import translated

COUNT_TIMEOUT = 600.0  # seconds
OPTION = "hsi_long_statements"  # of an engine: the engine for its long statements
# Seconds until the system finds that the host of an idle connection is lost, since no statement's
# limit does. The probes also keep a firewall from forgetting the connection.
_KEEPALIVE = {socket.TCP_KEEPIDLE: 30, socket.TCP_KEEPINTVL: 10, socket.TCP_KEEPCNT: 3}


class _Transport(Protocol):
    def get_extra_info(self, name: str) -> socket.socket: ...


@asynccontextmanager
async def begin_count(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a transaction for counts; raises StoreInterruptedError at their limit, and StoreError."""
    long_engine: AsyncEngine = engine.get_execution_options()[OPTION]
    with translated():
        async with long_engine.begin() as connection:
            limit = f"SET LOCAL statement_timeout = {COUNT_TIMEOUT * 1000:.0f}"
            await connection.execute(text(limit))
            yield connection


def detect_lost_hosts(engine: AsyncEngine) -> AsyncEngine:
    """Have the system check the engine's connections while no data arrives; return the engine."""

    @event.listens_for(engine.sync_engine, "connect")
    def _(connection: object, _: object) -> None:
        driver = getattr(connection, "driver_connection")  # noqa: B009 - of SQLAlchemy's adapter
        transport = cast("_Transport | None", getattr(driver, "_transport", None))
        found = None if transport is None else transport.get_extra_info("socket")
        if found is None or found.family == socket.AF_UNIX:
            return
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE.items():
            found.setsockopt(socket.IPPROTO_TCP, option, value)

    return engine
