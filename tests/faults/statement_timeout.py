"""Statements that PostgreSQL cancels because they take too long."""

import asyncio
from collections.abc import Sequence

import asyncpg  # type: ignore[import-untyped]  # has no types

_DISCONNECT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ANY ($1)"


async def time_out_statements(database: str, roles: Sequence[str], seconds: float) -> None:
    """Limit each statement of these roles to a millisecond for a while."""
    control = await asyncpg.connect(database)
    for limit in ("1", "DEFAULT"):
        for role in roles:
            await control.execute(f"ALTER ROLE {role} SET statement_timeout TO {limit}")
        await control.execute(_DISCONNECT, roles)  # it counts for new connections
        await asyncio.sleep(seconds)
    await control.close(timeout=5)
