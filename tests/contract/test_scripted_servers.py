"""The scripted servers of other tests answer as the API says, or those tests would prove nothing."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

import pytest

from hsi_core.domain.errors import (
    CoreError,
    ServerAuthError,
    ServerBusyError,
    ServerRejectedInputError,
)
from hsi_core.inference.client import InferenceClient
from tests.contract.test_server import facts
from tests.core.pipeline import scripted_server as core_server
from tests.faults.gateway import Gateway
from tests.ha.scripted_server import ScriptedServer as HomeAssistantServer

PICTURE = b"person 0.97"
WHOLE_JPEG = b"\xff\xd8 one person \xff\xd9"


class Scripted(Protocol):
    """What both scripted servers have in common."""

    @property
    def url(self) -> str: ...


type Connect = Callable[..., InferenceClient]


@asynccontextmanager
async def core() -> AsyncIterator[core_server.ScriptedServer]:
    server = core_server.ScriptedServer()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def gateway() -> AsyncIterator[Gateway]:
    server = Gateway(None, "")
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@pytest.mark.parametrize(
    ("make", "picture"),
    [(core, PICTURE), (HomeAssistantServer, PICTURE), (gateway, WHOLE_JPEG)],
    ids=["core", "ha", "gateway"],
)
async def test_successes(connect: Connect, make: Callable[[], Scripted], picture: bytes) -> None:
    async with make() as server:
        client = connect(server, token="right-token")

        await client.health()
        found = await client.detect(picture, content_type="image/jpeg", threshold=0.5)
        await client.assess(facts())

    assert [each.label for each in found.detections] == ["person"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (core_server.OVERLOADED, ServerBusyError),
        (core_server.NOT_READY, ServerBusyError),
        (core_server.UNAUTHORIZED, ServerAuthError),
        (core_server.NO_IMAGE, ServerRejectedInputError),
    ],
    ids=["overloaded", "not ready", "unauthorized", "no image"],
)
async def test_refusals_of_the_cores_server(
    connect: Connect, fault: Callable[[], object], error: type[CoreError]
) -> None:
    async with core() as server:
        server.fault = fault

        with pytest.raises(error):
            await connect(server, token="any").detect(
                PICTURE, content_type="image/jpeg", threshold=0.5
            )


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (429, "overloaded", ServerBusyError),
        (422, "invalid_image", ServerRejectedInputError),
    ],
)
async def test_refusals_of_the_glues_server(
    connect: Connect, status: int, code: str, error: type[CoreError]
) -> None:
    async with HomeAssistantServer(detect_problem=(status, code)) as server:
        with pytest.raises(error):
            await connect(server).detect(PICTURE, content_type="image/jpeg", threshold=0.5)
        with pytest.raises(ServerAuthError):
            await connect(server, token="wrong").health()
