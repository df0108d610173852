"""Command line: `python -m inference_server`."""

import asyncio
from collections.abc import Callable, Coroutine
import logging
import os
import sys
from typing import NoReturn

from inference_server.http.security import check_exposure
from inference_server.observability import logs
from inference_server.serve import RestartError, serve
from inference_server.settings import Settings, SettingsError
from inference_server.settings_sources import load_settings


def main(serve: Callable[[Settings], Coroutine[None, None, None]] = serve) -> int:
    """Run the server and return the exit code; some threads may still be running.

    The code is 2 for wrong settings, 1 if it cannot listen, and 3 if it has to be restarted.
    """
    # By default CUDA counts the fastest GPU first, unlike the driver whose values are reported.
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    try:
        settings = load_settings(sys.argv[1:], os.environ)
        check_exposure(settings)
        logs.configure(settings.log_level)
        # Not closed: that would wait for threads that read a large model or hang.
        asyncio.Runner().run(serve(settings))
    except SettingsError as err:
        sys.stderr.write(f"{err}\n")
        return 2
    except RestartError as err:
        sys.stderr.write(f"{err}\n")
        return 3
    except OSError as err:
        # asyncio rewords the reason, unless a name cannot be resolved.
        number = err.errno or 0
        reason = os.strerror(number) if number > 0 else err.strerror
        sys.stderr.write(f"Cannot listen on {settings.host}:{settings.port}: {reason}\n")
        return 1
    return 0


def run_and_exit(serve: Callable[[Settings], Coroutine[None, None, None]] = serve) -> NoReturn:
    """Run the server, then exit without waiting for threads.

    Requests are answered by then; a thread may still load a model or hang in a driver.
    """
    code = main(serve)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    run_and_exit()
