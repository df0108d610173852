"""A small file system for PostgreSQL that can be filled."""

from contextlib import suppress
import errno
import os
from pathlib import Path
import subprocess
from typing import Self

_MIB = 1024 * 1024  # bytes
SIZE = 512 * _MIB  # bytes; PostgreSQL's own files take a third of it
_BALLAST = 8 * _MIB  # bytes a file


class Disk:
    """A tmpfs in a folder; raises OSError if this user may not mount one."""

    def __init__(self, folder: Path, *, size: int = SIZE) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"
        folder.mkdir()
        options = ("-t", "tmpfs", "-o", f"size={size},mode=1777", "hsi-faults", folder)
        try:
            done = subprocess.run(
                ["mount", *options], capture_output=True, text=True, check=False, timeout=10
            )
        except FileNotFoundError as error:
            raise OSError("the program mount is missing") from error
        if done.returncode:
            raise OSError(done.stderr.strip())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Lazily: processes may still have a file open there.
        subprocess.run(["umount", "--lazy", self.folder], check=False, timeout=10)

    def fill(self) -> None:
        """Use all free space, to the last page."""
        size = _BALLAST
        with self._ballast.open("ab", buffering=0) as file:
            while size >= os.sysconf("SC_PAGE_SIZE"):
                try:
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    size //= 2

    def clear(self) -> None:
        """Free the space."""
        with suppress(FileNotFoundError):
            self._ballast.unlink()
