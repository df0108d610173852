"""The fake server's responses conform to the API's schema, as its users rely on."""

from collections.abc import AsyncIterator, Callable, Mapping
import json

import aiohttp
import pytest

from testbed import fake_inference_server as fakes
import testbed.core  # noqa: F401 - makes hsi_core importable
from testbed.fake_inference_server import FakeInferenceServer, Fault, problem
from testbed.inference_responses import GPU, pull
from testbed.services.uploader import NOT_AN_IMAGE

# isort: split
from hsi_core.domain.errors import (
    CoreError,
    ServerAuthError,
    ServerBusyError,
    ServerRejectedInputError,
)
from hsi_core.inference.client import InferenceClient
from hsi_core.inference.wire import facts_json
from tests.contract.openapi import validate_answer, validate_request
from tests.contract.test_server import facts
from tests.faults.gateway import Gateway, ResponseFault

type Connect = Callable[..., InferenceClient]

IMAGE = b"person 0.97"
JPEG = b"\xff\xd8 one person \xff\xd9"
FAULTS = (
    fakes.OVERLOADED,
    fakes.NOT_READY,
    fakes.INVALID_IMAGE,
    problem(429, "overloaded", retry_after=7.0),
)
ASSESS_FAULTS = (
    fakes.OVERLOADED,
    fakes.NO_ASSESSOR,
    fakes.INVALID_OUTPUT,
    fakes.FOREIGN_CLAIM,
    problem(503, "assessor_unavailable"),
    problem(422, "invalid_request"),
)


@pytest.fixture
async def fake() -> AsyncIterator[FakeInferenceServer]:
    async with FakeInferenceServer() as server:
        yield server


class Caller:
    """Sends requests and validates every response against openapi.yaml."""

    def __init__(self, session: aiohttp.ClientSession, server: FakeInferenceServer) -> None:
        self._session = session
        self._server = server

    async def call(
        self, method: str, path: str, data: bytes | None = None, *, token: str = fakes.TOKEN
    ) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self._server.url}{path}"
        async with self._session.request(method, url, data=data, headers=headers) as response:
            validate_answer(
                method, path, response.status, response.content_type, await response.json()
            )
            return response.status


@pytest.fixture
async def caller(fake: FakeInferenceServer) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(session, fake)


@pytest.mark.parametrize("gpu", [None, GPU], ids=["cpu", "gpu"])
@pytest.mark.parametrize(
    "assessor",
    [
        {},
        {"state": "absent", "backend": None, "model": None},
        {"state": "failed", "problem": "assessor_model_missing", "pull": pull("running")},
        {"pull": pull("failed", error="The disk is full.")},
        {"gpu_share": 0.5, "tokens_per_second": 41.5, "fallback": "Half of it is on the CPU."},
        {"vision": True},
    ],
)
async def test_health_is_of_the_schema(
    fake: FakeInferenceServer,
    caller: Caller,
    gpu: Mapping[str, object] | None,
    assessor: dict[str, object],
) -> None:
    fake.gpu, fake.assessor = gpu, assessor
    fake.detector = {"state": "loading", "fallback": "There is no GPU.", "pictures": 3}

    assert await caller.call("GET", "/v1/health") == 200


async def test_results_are_of_the_schema(fake: FakeInferenceServer, caller: Caller) -> None:
    sent = facts_json(facts())
    validate_request("POST", "/v1/assess", sent)

    assert await caller.call("POST", "/v1/detect", IMAGE) == 200
    assert await caller.call("POST", "/v1/detect", JPEG) == 200
    assert await caller.call("POST", "/v1/assess", json.dumps(sent).encode()) == 200
    assert await caller.call("POST", "/v1/models/pull") == 202
    assert (fake.pulls, fake.assessed) == (1, [sent])
    assert await caller.call("GET", "/v1/health") == 200


@pytest.mark.parametrize("fault", FAULTS)
async def test_detect_faults_are_of_the_schema(
    fake: FakeInferenceServer, caller: Caller, fault: Fault
) -> None:
    fake.detect_faults.append(fault)

    assert await caller.call("POST", "/v1/detect", IMAGE) == fault().status


@pytest.mark.parametrize("fault", ASSESS_FAULTS)
async def test_assess_faults_are_of_the_schema(
    fake: FakeInferenceServer, caller: Caller, fault: Fault
) -> None:
    fake.assess_fault = fault

    body = json.dumps(facts_json(facts())).encode()
    assert await caller.call("POST", "/v1/assess", body) == fault().status


async def test_refusals_are_of_the_schema(fake: FakeInferenceServer, caller: Caller) -> None:
    fake.pull_fault = problem(501, "pull_unsupported")

    assert await caller.call("POST", "/v1/models/pull") == 501
    assert await caller.call("GET", "/v1/health", token="wrong") == 401
    assert await caller.call("POST", "/v1/detect", IMAGE, token="wrong") == 401


@pytest.mark.parametrize(
    "content",
    [
        b"broken 1",
        NOT_AN_IMAGE + b"7",
        b"person 0.97 again",
        b"person likely",
        b"person 0.97\n\xfe",
        JPEG[:-2],
    ],
    ids=["broken", "error message", "three words", "no number", "not utf-8", "cut jpeg"],
)
async def test_other_contents_are_refused_as_invalid_images(
    fake: FakeInferenceServer, caller: Caller, connect: Connect, content: bytes
) -> None:
    assert await caller.call("POST", "/v1/detect", content) == 422
    with pytest.raises(ServerRejectedInputError):
        await connect(fake).detect(content, content_type="image/jpeg", threshold=0.5)


@pytest.mark.parametrize("image", [IMAGE, JPEG], ids=["text", "jpeg"])
async def test_the_client_reads_the_results(
    connect: Connect, fake: FakeInferenceServer, image: bytes
) -> None:
    client = connect(fake)

    await client.health()
    found = await client.detect(image, content_type="image/jpeg", threshold=0.5)
    await client.assess(facts())

    assert [each.label for each in found.detections] == ["person"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (fakes.OVERLOADED, ServerBusyError),
        (fakes.NOT_READY, ServerBusyError),
        (fakes.UNAUTHORIZED, ServerAuthError),
        (fakes.INVALID_IMAGE, ServerRejectedInputError),
    ],
    ids=["overloaded", "not ready", "unauthorized", "invalid image"],
)
async def test_the_client_classifies_the_faults(
    connect: Connect, fake: FakeInferenceServer, fault: Fault, error: type[CoreError]
) -> None:
    fake.detect_fault = fault

    with pytest.raises(error):
        await connect(fake).detect(IMAGE, content_type="image/jpeg", threshold=0.5)


async def test_the_fault_tests_gateway_forwards_and_fails(
    connect: Connect, fake: FakeInferenceServer
) -> None:
    gateway = Gateway(fake.url, fake.token)
    await gateway.start()
    try:
        client = connect(gateway, token="worker")
        await client.health()
        found = await client.detect(JPEG, content_type="image/jpeg", threshold=0.5)
        await client.assess(facts())
        gateway.next_faults.append(ResponseFault.BUSY)
        with pytest.raises(ServerBusyError):
            await client.detect(JPEG, content_type="image/jpeg", threshold=0.5)
    finally:
        await gateway.stop()

    assert [each.label for each in found.detections] == ["person"]
    assert gateway.requests == {"detect": 2, "assess": 1}
