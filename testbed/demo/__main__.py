"""Run the demo: `scripts/demo` from a shell."""

from __future__ import annotations

import asyncio
from pathlib import Path
import signal
import sys
import tempfile

import aiohttp
import asyncpg  # type: ignore[import-untyped] # ships no types

from testbed.demo import preconditions
from testbed.demo.console import Console
from testbed.demo.errors import DemoError
from testbed.demo.options import Options, parse
from testbed.demo.run import run_demo
from testbed.services.home_assistant_client import HomeAssistantError
from testbed.services.inference_server import InferenceServerError
from testbed.services.postgres import PostgresError

FAILED = 2  # the demo itself could not run
INTERRUPTED = 130
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PARTS = (
    aiohttp.ClientError,
    asyncpg.PostgresError,
    HomeAssistantError,
    InferenceServerError,
    PostgresError,
    TimeoutError,
)


def main() -> int:
    """Run the demo; return the process's exit status."""
    options = parse(sys.argv[1:])
    console = Console()
    try:
        preconditions.check(options)
        return asyncio.run(_until_signal(options, console))
    except DemoError as err:
        console.error(str(err))
    except PARTS as err:
        console.error(str(preconditions.explain_part(err)))
    except OSError as err:
        console.error(str(preconditions.explain(err)))
    return FAILED


async def _until_signal(options: Options, console: Console) -> int:
    """Run the demo; the first signal ends it in good order, and further ones change nothing."""
    with tempfile.TemporaryDirectory(prefix="hsi-demo-", ignore_cleanup_errors=True) as folder:
        demo = asyncio.ensure_future(run_demo(options, Path(folder), console))
        ending = False

        def end() -> None:
            nonlocal ending
            if not ending:
                ending = True
                console.line()
                console.step("Stopping everything")
                demo.cancel()

        for number in ENDING_SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, end)
        try:
            return await demo
        except asyncio.CancelledError:
            return INTERRUPTED


sys.exit(main())
