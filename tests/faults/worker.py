"""The headless worker with short intervals, as a process of its own; see workers.py."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
import logging
import mmap
import os
from pathlib import Path
import struct
import sys
import time

import testbed.core  # noqa: F401 - makes hsi_core importable
from tests.faults.plan import CAMERAS
from tests.faults.storage import StorageControl, install

# isort: split
from hsi_core.cli.environment import ConfiguredSettings, read_environment
from hsi_core.cli.worker import work
from hsi_core.domain.errors import CoreError
from hsi_core.domain.settings import Settings
from hsi_core.stages import clean_up_schedule

QUICK = Settings(
    poll_interval=0.3,
    lease=5.0,
    retry_base=0.1,
    retry_max=2.0,
    breaker_recovery=1.0,
    health_interval=1.0,
    settle_time=0.3,
    watch_retry=0.5,
    storage_timeout=1.0,
    rescan_interval=20.0,
    connect_timeout=2.0,
    detect_timeout=4.0,
    assess_timeout=4.0,
    event_idle=3.0,
    event_window=9.0,
    original_days=30.0,  # which only a wrong clock makes files exceed
    queue_limit=60,  # small enough to be reached, so that files wait in the folder
)
# Of a dense run: what is done for several images at once saves the machine's time.
DENSE = replace(QUICK, detect_concurrency=32, queue_limit=1000)


def clock_of(path: Path) -> Callable[[], float]:
    """Return a clock that is ahead by the number of seconds in the file, read at each call."""
    with path.open("rb") as file:
        ahead = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    right = time.time
    return lambda: right() + struct.unpack("d", ahead[:8])[0]


def main() -> int:
    # Only this process has the other time; monotonic clocks are not affected.
    clock = time.time = clock_of(Path(os.environ["CLOCK"]))
    root = Path(os.environ["CAMERA_ROOT"])
    clean_up_schedule.CLOCK_CHECK = 0.5
    install(root, StorageControl(Path(os.environ["STORAGE"]), CAMERAS))
    settings = DENSE if "DENSE" in os.environ else QUICK
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        asyncio.run(
            work(
                read_environment(os.environ),
                ConfiguredSettings(settings=settings, names=frozenset()),
                now=lambda: datetime.fromtimestamp(clock(), UTC),
            )
        )
    except CoreError as error:
        logging.getLogger().error("cannot start: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
