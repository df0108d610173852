"""Threads that are reused, and that keep neither a stop nor the process's exit waiting."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
import threading

_IDLE_TIME = 10.0  # seconds after which a thread without work ends


class DaemonThreads:
    """Runs each piece of work at once: in an idle thread, or in a new one."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0  # threads that wait for work, without those that it waits for
        self._closed = False

    def start(self, work: Callable[[], None]) -> None:
        """Run work, which must not raise."""
        with self._lock:
            has_idle = self._idle > 0 and not self._closed
            self._idle -= has_idle
        if has_idle:
            self._work.put(work)
        else:
            thread = threading.Thread(
                target=self._serve, args=(work,), name=self._name, daemon=True
            )
            thread.start()

    def close(self) -> None:
        """End the idle threads now, and each other one when its work ends."""
        with self._lock:
            self._closed = True
            for _ in range(self._idle):
                self._work.put(None)

    def _serve(self, work: Callable[[], None] | None) -> None:
        while work is not None:
            work()
            work = None  # it may hold an image
            with self._lock:
                if self._closed:
                    return
                self._idle += 1
            work = self._next()

    def _next(self) -> Callable[[], None] | None:
        try:
            return self._work.get(timeout=_IDLE_TIME)
        except Empty:
            with self._lock:
                if self._idle > 0 and not self._closed:
                    self._idle -= 1
                    return None
            return self._work.get()  # put for this thread, or for another one that is idle
