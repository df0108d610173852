"""A server that answers no request is an outage; a timeout that only one image meets is its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import aiohttp
import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.errors import (
    CoreError,
    ServerRejectedInputError,
    ServerStuckError,
    ServerTimeoutError,
)
from hsi_core.domain.models import FailureClass, JobKind
from hsi_core.domain.settings import Settings
from hsi_core.inference.client import InferenceClient
from hsi_core.inference.pool import ServerPool
from hsi_core.inference.server import Server

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SETTINGS = Settings()

type Request = Callable[[InferenceClient], Awaitable[None]]


@pytest.fixture
async def servers() -> AsyncIterator[list[Server]]:
    async with aiohttp.ClientSession() as session:
        yield [
            Server(
                InferenceClient(session, f"http://127.0.0.1:{port}", None, settings=SETTINGS),
                settings=SETTINGS,
                now=lambda: NOON,
                on_change=lambda kind: None,
                on_failure=lambda server, error: None,
            )
            for port in (9, 10)
        ]


@pytest.fixture
def server(servers: list[Server]) -> Server:
    return servers[0]


async def answered(_: InferenceClient) -> None:
    """Be answered at once."""


async def refused(_: InferenceClient) -> None:
    raise ServerRejectedInputError("no image", code="invalid_image")


def timed_out_after(meanwhile: Callable[[], Awaitable[object]]) -> Request:
    """Make a request that is not answered, while something else happens."""

    async def request(_: InferenceClient) -> None:
        await meanwhile()
        raise ServerTimeoutError("no response")

    return request


async def nothing() -> None:
    """Let nothing happen."""


async def failure(server: Server, request: Request, kind: JobKind = JobKind.DETECT) -> CoreError:
    with pytest.raises(CoreError) as caught:
        await server.send(kind, request, subject="image")
    return caught.value


async def test_a_timeout_that_others_share_is_an_outage(server: Server) -> None:
    await server.send(JobKind.DETECT, answered, subject="before")  # before
    errors = await asyncio.gather(*(failure(server, timed_out_after(nothing)) for _ in range(4)))
    assert {error.failure for error in errors} == {FailureClass.OUTAGE}
    assert server.failures(JobKind.DETECT) == 4


async def test_an_answer_from_before_the_server_was_stuck_is_no_answer(server: Server) -> None:
    """Both were sent together; the one was answered just before the server got stuck."""
    earlier = asyncio.Event()

    async def sent_earlier(_: InferenceClient) -> None:
        await earlier.wait()

    first = asyncio.create_task(server.send(JobKind.DETECT, sent_earlier, subject="earlier"))
    await asyncio.sleep(0)

    async def end_first() -> None:
        earlier.set()
        await first

    error = await failure(server, timed_out_after(end_first))
    assert type(error) is ServerStuckError


@pytest.mark.parametrize("answer", [answered, refused])
async def test_a_timeout_is_the_images_own_if_a_later_one_is_answered(
    server: Server, answer: Request
) -> None:
    async def another_image() -> None:
        await asyncio.gather(
            server.send(JobKind.DETECT, answer, subject="another"), return_exceptions=True
        )

    error = await failure(server, timed_out_after(another_image))
    assert type(error) is ServerTimeoutError
    assert error.failure is FailureClass.UNKNOWN


async def test_a_timeout_of_a_language_model_is_the_events_own(server: Server) -> None:
    error = await failure(server, timed_out_after(nothing), JobKind.ASSESS)
    assert error.failure is FailureClass.UNKNOWN


async def test_an_image_that_a_server_is_stuck_at_is_not_sent_to_another(
    servers: list[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    async def detect(client: InferenceClient, **_: object) -> None:
        sent.append(client.url)
        raise ServerTimeoutError("no response")

    monkeypatch.setattr(InferenceClient, "detect", detect)
    with pytest.raises(ServerStuckError):
        await ServerPool(servers).detect(b"", content_type="image/jpeg", threshold=0.5)
    assert len(sent) == 1
