"""Changes of the system's mounts, as the kernel reports them or as a timer guesses them."""

import asyncio
import os
from pathlib import Path
import select


class MountEvents:
    """Waits for a change in `mountinfo`.

    Where the system does not report changes, every `interval` seconds may have been one.
    """

    def __init__(self, mountinfo: Path, *, interval: float) -> None:
        self._mountinfo = mountinfo
        self._interval = interval
        self._changed = asyncio.Event()
        self._file = -1
        self._epoll: select.epoll | None = None

    def open(self) -> None:
        """Listen to the kernel if it reports changes."""
        try:
            self._file = os.open(self._mountinfo, os.O_RDONLY | os.O_CLOEXEC)
            self._epoll = select.epoll()
            # The file itself is always readable; in a set of its own, only its changes are reported.
            self._epoll.register(self._file, select.EPOLLPRI)
            asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._note_change)
        except OSError, AttributeError, NotImplementedError:
            self.close()

    def close(self) -> None:
        """Listen no longer."""
        if self._epoll is not None:
            if not self._epoll.closed:
                asyncio.get_running_loop().remove_reader(self._epoll.fileno())
                self._epoll.close()
            self._epoll = None
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    async def next(self) -> None:
        """Wait for the next change."""
        if self._epoll is None:
            await asyncio.sleep(self._interval)
            return
        await self._changed.wait()
        self._changed.clear()

    def _note_change(self) -> None:
        if self._epoll is not None:
            self._epoll.poll(0)  # until the next change
            self._changed.set()
