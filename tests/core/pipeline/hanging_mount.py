"""Real file systems that hang or fail: FUSE, whose server answers no request or is gone."""

from collections.abc import Iterator
from contextlib import contextmanager
import ctypes
import os
from pathlib import Path
import struct

import pytest

_DEVICE = Path("/dev/fuse")
_DETACH = 2  # MNT_DETACH
_NO_SUID_NO_DEVICES = 2 | 4  # MS_NOSUID | MS_NODEV
_REQUEST = struct.Struct("=IIQQIIII")  # of linux/fuse.h: length, operation, id, node, ...
_ANSWER = struct.Struct("=IiQ")
_INIT = struct.Struct("=IIIIHHIIHHI7I")
_LIBC = ctypes.CDLL(None, use_errno=True)


def can_mount() -> bool:
    return os.geteuid() == 0 and os.access(_DEVICE, os.R_OK | os.W_OK)


needs_mount = pytest.mark.skipif(not can_mount(), reason="needs root and FUSE to mount")


@contextmanager
def hanging_mount(folder: Path) -> Iterator[None]:
    """Cover a folder by a file system that hangs; at the end whatever waits for it gets an error."""
    with _mount(folder):
        yield


@contextmanager
def failing_mount(folder: Path) -> Iterator[None]:
    """Cover a folder by a file system without its server: every operation fails (ENOTCONN)."""
    with _mount(folder) as device:
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), device, inheritable=False)
        yield


@contextmanager
def _mount(folder: Path) -> Iterator[int]:
    device = os.open(_DEVICE, os.O_RDWR)
    try:
        options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
        target = os.fsencode(folder)
        if _LIBC.mount(b"hanging", target, b"fuse.hanging", _NO_SUID_NO_DEVICES, options):
            raise OSError(ctypes.get_errno(), "mount")
        try:
            request = os.read(device, 1 << 17)
            _, _, number, *_ = _REQUEST.unpack_from(request)
            body = _INIT.pack(7, 31, 0, 0, 12, 9, 1 << 16, 1, 0, 0, 0, *[0] * 7)
            os.write(device, _ANSWER.pack(_ANSWER.size + len(body), 0, number) + body)
            yield device
        finally:
            _LIBC.umount2(target, _DETACH)
    finally:
        os.close(device)
