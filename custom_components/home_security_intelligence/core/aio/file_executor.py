"""Running file operations, each of which may hang for as long as its file system does."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
import threading
import time

from ..domain.errors import StorageStalledError
from .daemon_threads import DaemonThreads

CONCURRENCY = 4  # file operations of one camera at a time, with those that hang

_current = threading.local()


@dataclass(eq=False, slots=True)
class _Operation:
    path: str
    progress_at: float = field(default_factory=time.monotonic)
    timer: asyncio.TimerHandle | None = None


@dataclass(eq=False, slots=True)
class _Share:
    """The operations of one camera."""

    running: set[_Operation] = field(default_factory=set)
    hanging: set[_Operation] = field(default_factory=set)  # those of them
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    stalled: bool = False
    trial_at: float = 0.0  # in the event loop's time, while stalled


class FileExecutor:
    """Runs blocking file operations in threads, of which each camera has a share of its own.

    An operation without progress for `stall_limit` seconds is abandoned: its caller gets a
    StorageStalledError, and its thread counts as in use until the file system returns. The camera
    is stalled until one of its operations ends. Meanwhile its operations fail at once, except for
    a trial from time to time. A path on which an operation hangs is not tried again.
    """

    def __init__(self, *, stall_limit: float, concurrency: int = CONCURRENCY) -> None:
        self._stall_limit = stall_limit
        self._concurrency = concurrency
        self._shares: defaultdict[str, _Share] = defaultdict(_Share)
        self._threads = DaemonThreads("hsi files")
        self._listener: Callable[[str], None] = lambda _camera: None

    def on_stall_changed(self, listener: Callable[[str], None]) -> None:
        """Call the listener with each camera that is stalled from now on, or no longer."""
        self._listener = listener

    def is_stalled(self, camera: str) -> bool:
        """Return whether an operation of the camera hangs and none has ended since."""
        return camera in self._shares and self._shares[camera].stalled

    async def call[**P, T](
        self, camera: str, path: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what the function returns; `path` is what it works on, by any name.

        Raises StorageStalledError, and what the function raises.
        """
        share = self._shares[camera]
        while self._is_full(share) and not share.stalled:
            await self._wait(share)
        loop = asyncio.get_running_loop()
        if (
            self._is_full(share)
            or (share.stalled and loop.time() < share.trial_at)
            or any(each.path == path for each in share.hanging)
        ):
            raise StorageStalledError.of(camera)
        share.trial_at = loop.time() + self._stall_limit
        operation = _Operation(path)
        result: asyncio.Future[T] = loop.create_future()
        check = partial(self._check, camera, share, operation, result)
        operation.timer = loop.call_later(self._stall_limit, check)
        share.running.add(operation)

        def work() -> None:
            _current.operation = operation
            try:
                value = function(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - it belongs to the caller
                settle: Callable[[], None] = partial(result.set_exception, error)
            else:
                settle = partial(result.set_result, value)
            finally:
                del _current.operation
            with suppress(RuntimeError):  # the loop is closed: the operation was abandoned
                loop.call_soon_threadsafe(self._end, camera, share, operation, result, settle)

        self._threads.start(work)
        return await result

    def forget(self, camera: str) -> None:
        """Count the operations that hang no longer: another file system is mounted there now."""
        share = self._shares.pop(camera, None)
        if share is not None and share.stalled:
            self._listener(camera)

    def close(self) -> None:
        """End the threads; one that hangs ends when its file system returns."""
        self._threads.close()

    def _is_full(self, share: _Share) -> bool:
        return len(share.running) >= self._concurrency

    async def _wait(self, share: _Share) -> None:
        """Wait until another operation may start, or the camera is stalled."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        share.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._wake_one(share)
            raise
        finally:
            with suppress(ValueError):
                share.waiting.remove(turn)

    def _check[T](
        self, camera: str, share: _Share, operation: _Operation, result: asyncio.Future[T]
    ) -> None:
        loop = asyncio.get_running_loop()
        left = operation.progress_at + self._stall_limit - time.monotonic()
        if left > 0:
            check = partial(self._check, camera, share, operation, result)
            operation.timer = loop.call_later(left, check)
            return
        share.hanging.add(operation)
        share.trial_at = loop.time() + self._stall_limit
        if not result.done():
            result.set_exception(StorageStalledError.of(camera))
        if not share.stalled:
            share.stalled = True
            for turn in share.waiting:
                if not turn.done():
                    turn.set_result(None)
            self._notify(camera, share)

    def _end[T](
        self,
        camera: str,
        share: _Share,
        operation: _Operation,
        result: asyncio.Future[T],
        settle: Callable[[], None],
    ) -> None:
        if operation.timer is not None:
            operation.timer.cancel()
        share.running.discard(operation)
        share.hanging.discard(operation)
        if not result.done():
            settle()
        self._wake_one(share)
        if share.stalled:
            share.stalled = False
            self._notify(camera, share)

    def _wake_one(self, share: _Share) -> None:
        while share.waiting and not self._is_full(share):
            turn = share.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def _notify(self, camera: str, share: _Share) -> None:
        if self._shares.get(camera) is share:  # not forgotten
            self._listener(camera)


def note_progress() -> None:
    """Restart the time limit of the operation that this is called from, if there is one."""
    operation: _Operation | None = getattr(_current, "operation", None)
    if operation is not None:
        operation.progress_at = time.monotonic()
