"""The headless worker in its own process, which can be killed."""

import asyncio
from asyncio.subprocess import PIPE, Process
import os
from pathlib import Path
import sys

from testbed.core import FOLDER
from testbed.fake_inference_server import TOKEN
from tests.core.pipeline.harness import SOON, House


def environ(house: House) -> dict[str, str]:
    """Return the environment of a worker on a house."""
    return {
        "DATABASE_URL": house.database_url,
        "CAMERA_ROOT": str(house.root),
        "INFERENCE_URL": house.server.url,
        "INFERENCE_TOKEN": TOKEN,
    }


async def start_worker(**variables: str) -> Process:
    """Start a worker; return once it is working or has ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        FOLDER,
        cwd=Path("/"),
        env={"PATH": os.environ["PATH"], **variables},
        stderr=PIPE,
    )
    assert process.stderr is not None
    async with asyncio.timeout(SOON):
        while line := await process.stderr.readline():
            if b"working for" in line:
                break
    return process


async def wait_for_end(process: Process) -> tuple[int, str]:
    """Wait for its end; return its exit status and the rest of its log."""
    async with asyncio.timeout(SOON):
        _, log = await process.communicate()
    assert process.returncode is not None
    return process.returncode, (log or b"").decode()
