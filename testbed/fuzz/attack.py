"""Send cases to a server concurrently, and record the errors of its responses."""

import asyncio
from collections import Counter
from collections.abc import Callable
import contextlib
from dataclasses import dataclass, field
import socket
import struct

from testbed.fuzz.answers import NoAnswerError, complaint, read_answers
from testbed.fuzz.cases import Case, End, make_case
from testbed.fuzz.samples import Samples

_RESPONSE_TIMEOUT = 60.0  # seconds for the responses to a request; far beyond any
_OPTIONAL_TIMEOUT = 1.0  # seconds to wait for an optional response
_PAUSE = 0.01  # seconds between a slow sender's parts


@dataclass(slots=True, kw_only=True)
class Report:
    """The results of a run."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)  # by kind and status
    complaints: list[str] = field(default_factory=list)


async def attack(
    port: int,
    token: str,
    samples: Samples,
    *,
    seed: int,
    numbers: range,
    at_once: int,
    progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Send the cases of these numbers."""
    report = Report()
    waiting = iter(numbers)

    async def client() -> None:
        for number in waiting:
            case = make_case(seed, number, samples, token)
            await _play(port, case, f"--seed {seed} --only {number} ({case.kind})", report)
            progress(number)

    await asyncio.gather(*(client() for _ in range(at_once)))
    return report


async def _play(port: int, case: Case, name: str, report: Report) -> None:
    try:
        async with asyncio.timeout(2 * _RESPONSE_TIMEOUT):
            came = await _exchange(port, case)
    except TimeoutError:
        report.complaints.append(f"{name}: no answer for {_RESPONSE_TIMEOUT:g} s")
        return
    except ConnectionRefusedError:
        report.complaints.append(f"{name}: the server is gone")
        return
    if came is None:
        report.outcomes[case.kind, "left"] += 1
        return
    head_only = case.parts[0].startswith(b"HEAD ")
    try:
        answers = read_answers(came, head_only=head_only)
    except NoAnswerError as err:
        report.complaints.append(f"{name}: no answer but {err}")
        return
    if case.answers is not None and len(answers) != case.answers:
        report.complaints.append(f"{name}: {len(answers)} answers instead of {case.answers}")
    for answer in answers:
        report.outcomes[case.kind, str(answer.status)] += 1
        if wrong := complaint(answer, head_only=head_only):
            report.complaints.append(f"{name}: {wrong}")
    if not answers:
        report.outcomes[case.kind, "closed"] += 1


async def _exchange(port: int, case: Case) -> bytes | None:
    """Return the received bytes; None if the case does not wait for any."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = bytearray()
    try:
        with contextlib.suppress(ConnectionError):  # the server may close early
            for number, part in enumerate(case.parts):
                if number:
                    await asyncio.sleep(_PAUSE)
                writer.write(part)
                await writer.drain()
            if case.end is End.HALF:
                writer.write_eof()
        if case.end in {End.VANISH, End.RESET}:
            if case.end is End.RESET:
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, linger
                )
            return None
        patience = _OPTIONAL_TIMEOUT if case.end is End.LISTEN else _RESPONSE_TIMEOUT
        with contextlib.suppress(ConnectionError):
            await _read(reader, received, case, patience)
        return bytes(received)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def _read(
    reader: asyncio.StreamReader, received: bytearray, case: Case, patience: float
) -> None:
    while not _complete(received, case):
        try:
            async with asyncio.timeout(patience):
                data = await reader.read(65_536)
        except TimeoutError:
            if case.end is End.LISTEN:
                return
            raise
        if not data:
            return
        received += data


def _complete(received: bytearray, case: Case) -> bool:
    """Return whether all certain responses arrived; the connection stays open after them."""
    wanted = 1 if case.answers is None and case.end is End.LISTEN else case.answers
    if wanted is None:
        return False
    try:
        return len(read_answers(bytes(received))) >= wanted
    except NoAnswerError:
        return False
