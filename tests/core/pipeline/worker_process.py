"""The headless worker as a process of its own, which can be killed."""

import asyncio
from asyncio.subprocess import PIPE, Process
import os
from pathlib import Path
import sys

from testbed.core import FOLDER
from tests.core.pipeline.harness import SOON


async def start_worker(**environ: str) -> Process:
    """Start it and return once it works or has ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        FOLDER,
        cwd=Path("/"),
        env={"PATH": os.environ["PATH"], **environ},
        stderr=PIPE,
    )
    assert process.stderr is not None
    async with asyncio.timeout(SOON):
        while line := await process.stderr.readline():
            if b"working for" in line:
                break
    return process


async def fate(process: Process) -> tuple[int, str]:
    """Return its exit status and the rest of its log."""
    async with asyncio.timeout(SOON):
        _, log = await process.communicate()
    assert process.returncode is not None
    return process.returncode, (log or b"").decode()
