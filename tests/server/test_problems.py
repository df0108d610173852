"""Every failure is a problem with a code, a reason and a request id."""

import asyncio
from collections.abc import AsyncIterator, Sequence
import json
import logging

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient
import pytest

from inference_server.detection.base import Detector, ImageResult, PreparedImage
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.service import DetectionService
from inference_server.settings import Settings
from tests.server.support import JPEG, check_problem, eventually, json_log, no_assessor, serve

pytestmark = pytest.mark.asyncio(loop_scope="module")
Client = TestClient[web.Request, web.Application]


async def test_an_unknown_path(client: Client) -> None:
    problem = await check_problem(await client.get("/v2/detect"), 404, "not_found")
    assert problem["retryable"] is False


async def test_a_wrong_method(client: Client) -> None:
    response = await client.get("/v1/detect")
    await check_problem(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == "POST"


@pytest.mark.parametrize("threshold", ["high", "-0.1", "1.1", "nan", ""])
async def test_an_invalid_threshold(client: Client, photo: bytes, threshold: str) -> None:
    response = await client.post(f"/v1/detect?threshold={threshold}", data=photo, headers=JPEG)
    problem = await check_problem(response, 400, "invalid_request")
    assert "threshold" in problem["detail"]


async def test_an_unsupported_content_type(client: Client, photo: bytes) -> None:
    response = await client.post("/v1/detect", data=photo, headers={"Content-Type": "image/gif"})
    await check_problem(response, 415, "unsupported_media_type")


async def test_a_body_that_is_too_large(client: Client, settings: Settings) -> None:
    response = await client.post(
        "/v1/detect", data=bytes(settings.max_body_bytes + 1), headers=JPEG
    )
    await check_problem(response, 413, "body_too_large")


async def test_a_body_without_a_length_that_is_too_large(
    client: Client, settings: Settings
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(settings.max_body_bytes // 100_000 + 1):
            yield bytes(100_000)

    response = await client.post("/v1/detect", data=chunks(), headers=JPEG)
    await check_problem(response, 413, "body_too_large")


async def test_an_internal_error_reveals_no_details(
    settings: Settings, detector: Detector, photo: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        info = detector.info
        prepare = staticmethod(detector.prepare)

        def detect(
            self, images: Sequence[PreparedImage], thresholds: Sequence[float]
        ) -> list[ImageResult]:
            if thresholds == [0.0]:  # the self-test
                return detector.detect(images, thresholds)
            raise RuntimeError("insides")

    service = DetectionService(DetectorManager(Broken), queue_limit=4)
    client = await serve(settings, service, no_assessor())
    await service.detectors.settled.wait()
    for _ in range(2):  # the next request is served in the same way
        response = await client.post("/v1/detect", data=photo, headers=JPEG)
        problem = await check_problem(response, 500, "internal")
        assert "insides" not in json.dumps(problem)
        assert problem["retryable"] is True
    assert "RuntimeError: insides" in caplog.text
    await client.close()


async def test_a_valid_request_id_is_kept(client: Client) -> None:
    response = await client.get("/v1/live", headers={"X-Request-ID": "job-42.a_B"})
    assert response.headers["X-Request-ID"] == "job-42.a_B"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, '{"a": 1}'])
async def test_any_other_request_id_is_replaced(client: Client, given: str) -> None:
    response = await client.get("/v1/live", headers={"X-Request-ID": given})
    assert response.headers["X-Request-ID"] not in {"", given}


async def test_a_log_line_is_json_and_names_the_request(
    client: Client, photo: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "inference_server"), json_log("inference_server") as lines:
        headers = {**JPEG, "X-Request-ID": "the-id"}
        await client.post("/v1/detect?threshold=0.4", data=photo, headers=headers)
    [line] = lines
    assert line["request_id"] == "the-id"
    assert (line["method"], line["path"], line["status"]) == ("POST", "/v1/detect", 200)


async def test_a_disconnected_client_cancels_its_request(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    started = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"\xff\xd8\xff"
        started.set()
        await asyncio.Event().wait()

    async with ClientSession(headers=client.session.headers) as session:
        with caplog.at_level(logging.INFO, "inference_server"):
            url = client.make_url("/v1/detect")
            request = asyncio.create_task(session.post(url, data=endless(), headers=JPEG))
            await started.wait()
            request.cancel()
            await eventually(lambda: "The client disconnected" in caplog.messages)
