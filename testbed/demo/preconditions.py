"""Checks before the start, and explanations of failures."""

from __future__ import annotations

import errno
import os
from pathlib import Path
import shutil
import socket
import tempfile

from testbed.demo.errors import DemoError
from testbed.demo.options import Options
from testbed.services.inference_server import PYTHON as SERVER_PYTHON

FULL = 4 * 1024 * 1024  # bytes; with less free, a full disk explains a failed part
SPACE_NEEDED = 400 * 1024 * 1024  # bytes: a PostgreSQL, a Home Assistant and images


def check(options: Options) -> None:
    """Raise DemoError, before anything is started, if the demo would fail later."""
    _check_interpreter()
    _check_space()
    if options.port:
        _check_port(options.port)
    if options.camera_root is not None:
        _check_camera_root(options.camera_root)
    if options.json is not None and not options.json.absolute().parent.is_dir():
        raise DemoError(f"cannot write {options.json}: its folder does not exist")


def explain(error: OSError) -> DemoError:
    """Return one line for an error of the operating system."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return _disk_full()
    where = f"{error.filename}: " if error.filename else ""
    return DemoError(f"{where}{error.strerror or error}")


def explain_part(error: Exception) -> DemoError:
    """Return one line with the reason for the failure of a part."""
    full = shutil.disk_usage(tempfile.gettempdir()).free < FULL
    if full or "No space left on device" in str(error):
        return _disk_full()
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    # The first line names the part, the last line of its log the reason.
    return DemoError(lines[0] if len(lines) == 1 else f"{lines[0]} {lines[-1].strip()}")


def _check_interpreter() -> None:
    if not os.access(SERVER_PYTHON, os.X_OK):
        raise DemoError(f"{SERVER_PYTHON} is missing: run scripts/setup first")


def _check_space() -> None:
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if free < SPACE_NEEDED:
        raise DemoError(
            f"{folder} has {free // 2**20} MiB free and the demo needs "
            f"{SPACE_NEEDED // 2**20} MiB: make room, or set TMPDIR to another folder"
        )


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        # As Home Assistant does; otherwise a connection that has just ended would block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as err:
            if err.errno == errno.EADDRINUSE:
                raise DemoError(f"port {port} is in use: choose another by --port") from err
            raise DemoError(f"port {port} cannot be used: {err.strerror}") from err


def _check_camera_root(root: Path) -> None:
    if not root.is_dir():
        raise DemoError(f"{root} is not a folder")
    if not any(entry.is_dir() for entry in root.iterdir() if not entry.name.startswith(".")):
        raise DemoError(f"{root} has no folder in it: one folder a camera is expected")


def _disk_full() -> DemoError:
    return DemoError(
        f"the disk is full ({tempfile.gettempdir()}): make room, or set TMPDIR to another folder"
    )
