"""Waiting until the state of the home is recorded."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from tests.core.pipeline.harness import SOON

# isort: split
from hsi_core.domain.context import Home
from hsi_core.store import home_states
from hsi_core.store.engine import begin


async def recorded(engine: AsyncEngine, home: Home, *, hold: float = 60.0) -> datetime:
    """Wait until the home's state at a moment is recorded; return the moment.

    Without a hold it is the moment of the call.
    """
    moment = datetime.now(UTC)
    async with asyncio.timeout(SOON):
        while True:
            async with begin(engine) as connection:
                found = await home_states.at(connection, moment, hold=timedelta(seconds=hold))
            if found == home:
                return moment
            await asyncio.sleep(0.02)
            if hold:
                moment = datetime.now(UTC)
