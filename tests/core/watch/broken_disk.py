"""A disk of which some entries fail or hang, put in place of `os.scandir` and `os.lstat`."""

import os
from pathlib import Path
import threading
from typing import Any, Self

import pytest


class BrokenDisk:
    """Which paths fail with an error, or hang until they are mended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._errors: dict[str, int] = {}
        self._lists: dict[str, int] = {}
        self._hangs: dict[str, threading.Event] = {}
        self._scandir, self._lstat = os.scandir, os.lstat
        monkeypatch.setattr(os, "scandir", self._broken_scandir)
        monkeypatch.setattr(os, "lstat", self._broken_lstat)

    def fail(self, path: Path, error: int) -> None:
        """Have nothing told of an entry."""
        self._errors[str(path)] = error

    def break_off(self, folder: Path, error: int) -> None:
        """Have the listing of a folder break off at its end."""
        self._lists[str(folder)] = error

    def hang(self, path: Path) -> None:
        """Have whatever asks for an entry, or lists it, wait."""
        self._hangs[str(path)] = threading.Event()

    def mend(self) -> None:
        """Have everything work."""
        self._errors.clear()
        self._lists.clear()
        for hang in self._hangs.values():
            hang.set()
        self._hangs.clear()

    def check(self, path: str) -> None:
        if path in self._hangs:
            self._hangs[path].wait()
        if path in self._errors:
            raise OSError(self._errors[path], os.strerror(self._errors[path]), path)

    def check_end(self, folder: str) -> None:
        if folder in self._lists:
            raise OSError(self._lists[folder], os.strerror(self._lists[folder]), folder)

    def _broken_lstat(self, path: Any, **options: Any) -> os.stat_result:
        self.check(os.fspath(path))
        return self._lstat(path, **options)

    def _broken_scandir(self, path: Any = ".") -> Any:
        if isinstance(path, int):
            return self._scandir(path)
        self.check(os.fspath(path))
        return _Entries(self, self._scandir(path), os.fspath(path))


class _Entries:
    def __init__(self, disk: BrokenDisk, entries: Any, folder: str) -> None:
        self._disk, self._entries, self._folder = disk, entries, folder

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._entries.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> _Entry:
        entry = next(self._entries, None)
        if entry is None:
            self._disk.check_end(self._folder)
            raise StopIteration
        return _Entry(self._disk, entry)


class _Entry:
    def __init__(self, disk: BrokenDisk, entry: os.DirEntry[str]) -> None:
        self._disk, self._entry = disk, entry
        self.name, self.path = entry.name, entry.path

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        self._disk.check(self.path)  # the kind of an entry is not always in its folder
        return self._entry.is_dir(follow_symlinks=follow_symlinks)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        return self._entry.is_file(follow_symlinks=follow_symlinks)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return self._entry.stat(follow_symlinks=follow_symlinks)
