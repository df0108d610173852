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


async def start_worker(*arguments: str, **variables: str) -> Process:
    """Start a worker; return once it is working or has ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        FOLDER,
        *arguments,
        cwd=Path("/"),
        env={"PATH": os.environ["PATH"], **variables},
        stderr=PIPE,
    )
    await until_logged(process, "working for")
    return process


async def until_logged(process: Process, text: str) -> str:
    """Return the log up to the next line with the text, or to its end."""
    assert process.stderr is not None
    log = ""
    async with asyncio.timeout(SOON):
        while line := (await process.stderr.readline()).decode():
            log += line
            if text in line:
                break
    return log


async def wait_for_end(process: Process) -> tuple[int, str]:
    """Wait for its end; return its exit status and the rest of its log."""
    async with asyncio.timeout(SOON):
        _, log = await process.communicate()
    assert process.returncode is not None
    return process.returncode, (log or b"").decode()
