"""The headless worker with short times, as a process of its own; see workers.py."""

import asyncio
from datetime import UTC, datetime, timedelta
import logging
import os
import sys

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.environment import read_environment
from hsi_core.errors import CoreError
from hsi_core.headless import run
from hsi_core.settings import Settings

QUICK = Settings(
    poll_interval=0.3,
    lease=5.0,
    retry_base=0.1,
    retry_max=2.0,
    breaker_recovery=1.0,
    health_interval=1.0,
    settle_time=0.3,
    watch_retry=0.5,
    rescan_interval=20.0,
    connect_timeout=2.0,
    detect_timeout=4.0,
    assess_timeout=4.0,
    event_idle=3.0,
    event_window=9.0,
    queue_limit=60,  # small enough to be reached: the folder is the spool then
)


def main() -> int:
    clock = timedelta(seconds=float(os.environ["CLOCK"]))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        asyncio.run(run(read_environment(os.environ), QUICK, now=lambda: datetime.now(UTC) + clock))
    except CoreError as error:
        logging.getLogger().error("cannot start: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
