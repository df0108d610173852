"""File operations that hang: each camera has a share of the threads, and a time limit."""

import asyncio
from collections.abc import Callable, Iterator
import threading
import time

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.aio.file_executor import CONCURRENCY, FileExecutor, note_progress
from hsi_core.domain.errors import StorageStalledError
from hsi_core.domain.models import FailureClass

LIMIT = 0.05  # seconds
SOON = 30.0  # seconds to wait for a signal, on a busy machine


class Hanging:
    """File operations that hang until they are released."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.started = 0

    def read(self) -> str:
        self.started += 1
        self.released.wait()
        return "content"


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    made = Hanging()
    yield made
    made.released.set()


@pytest.fixture
def files() -> Iterator[FileExecutor]:
    made = FileExecutor(stall_limit=LIMIT)
    yield made
    made.close()


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "hsi files"}


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON):
        while not condition():  # noqa: ASYNC110 - the end of a thread is not signalled
            await asyncio.sleep(0.001)


def fail() -> None:
    raise OSError("broken")


async def test_a_result_and_an_error_reach_the_caller(files: FileExecutor) -> None:
    assert await files.call("front", "a", "{}{b}".format, 1, b=2) == "12"
    with pytest.raises(OSError, match="broken"):
        await files.call("front", "a", fail)
    assert not files.is_stalled("front")


async def test_a_hanging_operation_is_an_outage_of_its_camera_only(
    files: FileExecutor, hanging: Hanging
) -> None:
    with pytest.raises(StorageStalledError, match="camera front does not respond") as caught:
        await files.call("front", "a", hanging.read)
    assert (caught.value.failure, caught.value.code) == (FailureClass.OUTAGE, "storage_stalled")
    assert files.is_stalled("front")
    assert await files.call("yard", "a", str) == ""
    assert not files.is_stalled("yard")


async def test_a_camera_that_hangs_uses_a_bounded_number_of_threads(
    files: FileExecutor, hanging: Hanging
) -> None:
    before = threads()
    for _ in range(3):
        calls = [files.call("front", f"{number}", hanging.read) for number in range(50)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(result) for result in results} == {StorageStalledError}
        await asyncio.sleep(LIMIT)
    assert hanging.started == CONCURRENCY
    assert len(threads() - before) <= CONCURRENCY


async def test_operations_of_a_stalled_camera_fail_at_once_but_for_trials() -> None:
    files, hanging = FileExecutor(stall_limit=0.2), Hanging()
    with pytest.raises(StorageStalledError):
        await files.call("front", "a", hanging.read)
    for _ in range(20):
        with pytest.raises(StorageStalledError):
            await files.call("front", "b", hanging.read)
    assert hanging.started == 1

    await asyncio.sleep(0.2)
    trial = asyncio.create_task(files.call("front", "b", hanging.read))
    await until(lambda: hanging.started == 2)
    with pytest.raises(StorageStalledError):
        await files.call("front", "c", hanging.read)
    with pytest.raises(StorageStalledError):
        await trial
    assert hanging.started == 2

    await asyncio.sleep(0.2)
    with pytest.raises(StorageStalledError):
        await files.call("front", "a", str)  # an operation on it hangs
    assert await files.call("front", "d", str) == ""
    assert not files.is_stalled("front")
    hanging.released.set()
    files.close()


async def test_a_file_system_that_returns_is_reported(
    files: FileExecutor, hanging: Hanging
) -> None:
    changes: asyncio.Queue[str] = asyncio.Queue()
    files.on_stall_changed(changes.put_nowait)
    with pytest.raises(StorageStalledError):
        await files.call("front", "a", hanging.read)
    assert changes.get_nowait() == "front"
    hanging.released.set()
    async with asyncio.timeout(SOON):
        assert await changes.get() == "front"
    assert not files.is_stalled("front")
    assert await files.call("front", "a", hanging.read) == "content"


async def test_progress_extends_the_time_limit(files: FileExecutor) -> None:
    def slow() -> str:
        for _ in range(10):
            time.sleep(LIMIT / 2)
            note_progress()
        return "content"

    assert await files.call("front", "a", slow) == "content"
    assert not files.is_stalled("front")


async def test_calls_beyond_the_concurrency_wait_for_their_turn(hanging: Hanging) -> None:
    files = FileExecutor(stall_limit=SOON, concurrency=2)
    calls = [
        asyncio.create_task(files.call("front", str(number), hanging.read)) for number in range(6)
    ]
    await until(lambda: hanging.started == 2)
    await asyncio.sleep(0)
    calls[2].cancel()  # while it waits
    hanging.released.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert results.count("content") == 5
    assert isinstance(results[2], asyncio.CancelledError)
    files.close()


async def test_a_cancelled_call_keeps_its_place_until_its_thread_ends(hanging: Hanging) -> None:
    files = FileExecutor(stall_limit=LIMIT, concurrency=1)
    call = asyncio.create_task(files.call("front", "a", hanging.read))
    await until(lambda: hanging.started == 1)
    call.cancel()
    with pytest.raises(StorageStalledError):
        await files.call("front", "b", hanging.read)
    assert hanging.started == 1
    hanging.released.set()
    await until(lambda: not files.is_stalled("front"))
    assert await files.call("front", "b", str) == ""
    files.close()


async def test_what_hangs_is_forgotten_when_another_file_system_is_mounted(
    files: FileExecutor, hanging: Hanging
) -> None:
    with pytest.raises(StorageStalledError):
        await files.call("front", "a", hanging.read)
    files.forget("front")
    assert not files.is_stalled("front")
    assert await files.call("front", "a", str) == ""
    hanging.released.set()
    assert await files.call("front", "a", str) == ""


async def test_threads_are_reused_and_end_with_the_executor(hanging: Hanging) -> None:
    before = threads()
    files = FileExecutor(stall_limit=LIMIT)
    used = {await files.call("front", "a", threading.get_ident) for _ in range(20)}
    assert len(used) < 20
    with pytest.raises(StorageStalledError):
        await files.call("front", "a", hanging.read)
    files.close()
    await until(lambda: len(threads() - before) == 1)  # the one that hangs
    hanging.released.set()
    await until(lambda: not threads() - before)
