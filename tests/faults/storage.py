"""Storage that hangs or fails, put in place of the functions by which a worker reads files."""

from collections.abc import Callable
from enum import IntEnum
import errno
import mmap
import os
from pathlib import Path
import time
from typing import Any, Self
import zlib

_POLL_INTERVAL = 0.02  # seconds


class StorageState(IntEnum):
    """What the storage of a camera does."""

    SOUND = 0
    HANGING = 1  # no call returns until the storage is sound
    UNREADABLE = 2  # a third of its entries fail with EIO, a third with ESTALE


class StorageControl:
    """The states of the cameras' storage in a file, shared by the run and its workers."""

    def __init__(self, path: Path, cameras: tuple[str, ...]) -> None:
        if not path.exists():
            path.write_bytes(bytes(len(cameras)))
        with path.open("r+b") as file:
            self._states = mmap.mmap(file.fileno(), len(cameras))
        self._cameras = cameras

    def set(self, camera: str, state: StorageState) -> None:
        """Have the storage of a camera do this from now on."""
        self._states[self._cameras.index(camera)] = state

    def mend(self) -> None:
        """Have the storage of every camera work."""
        for camera in self._cameras:
            self.set(camera, StorageState.SOUND)

    def check(self, path: str) -> None:
        """Wait or raise OSError as the storage of this path, relative to the root, does."""
        for number, camera in enumerate(self._cameras):
            if path == camera or path.startswith(f"{camera}/"):
                while self._states[number] == StorageState.HANGING:
                    time.sleep(_POLL_INTERVAL)
                if self._states[number] == StorageState.UNREADABLE and path != camera:
                    part = zlib.crc32(path.encode(errors="surrogateescape")) % 3
                    if part < 2:
                        raise OSError((errno.EIO, errno.ESTALE)[part], "broken storage", path)


def install(root: Path, control: StorageControl) -> None:
    """Have this process read the folders below the root through the control."""
    prefix = f"{root}/"

    def relative(path: Any, folder: int | None) -> str | None:
        name = os.fsdecode(path)
        if folder is not None and not name.startswith("/"):
            name = f"{Path(f'/proc/self/fd/{folder}').readlink()}/{name}"
        return name.removeprefix(prefix) if name.startswith(prefix) else None

    def checked(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *args: Any, dir_fd: int | None = None, **options: Any) -> Any:
            if not isinstance(path, int) and (known := relative(path, dir_fd)) is not None:
                control.check(known)
            if dir_fd is not None:
                options["dir_fd"] = dir_fd
            return function(path, *args, **options)

        return call

    scandir = os.scandir

    def list_folder(path: Any = ".") -> Any:
        if isinstance(path, int):
            return scandir(path)
        known = relative(path, None)
        if known is None:
            return scandir(path)
        control.check(known)
        return _Entries(scandir(path), lambda name: control.check(f"{known}/{name}"))

    os.open = checked(os.open)
    os.stat = checked(os.stat)
    os.lstat = checked(os.lstat)
    os.scandir = list_folder


class _Entries:
    def __init__(self, entries: Any, check: Callable[[str], None]) -> None:
        self._entries, self._check = entries, check

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._entries.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> _Entry:
        return _Entry(next(self._entries), self._check)


class _Entry:
    def __init__(self, entry: os.DirEntry[str], check: Callable[[str], None]) -> None:
        self._entry, self._check = entry, check
        self.name, self.path = entry.name, entry.path

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return self._entry.is_dir(follow_symlinks=follow_symlinks)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        return self._entry.is_file(follow_symlinks=follow_symlinks)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        self._check(self.name)
        return self._entry.stat(follow_symlinks=follow_symlinks)
