"""POST /v1/detect on a real RT-DETRv2."""

from itertools import pairwise
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient
from PIL import Image
import pytest

from inference_server.detection.base import Detector, DetectorLoadError
from inference_server.detection.labels import current_label
from inference_server.detection.loading import load_detector
from inference_server.settings import DetectorRuntime, Device, Settings
from tests.server.detectors import make_random_detector
from tests.server.support import JPEG, check_problem, check_schema, draw, encode

pytestmark = pytest.mark.asyncio(loop_scope="module")
Client = TestClient[web.Request, web.Application]


async def test_a_response_matches_the_schema(client: Client, photo: bytes) -> None:
    response = await client.post("/v1/detect?threshold=0", data=photo, headers=JPEG)
    assert response.status == 200
    body = await response.json()
    check_schema("DetectResponse", body)
    assert body["model"] == "test-detector"
    assert body["test_model"] is True
    assert body["image"] == {"width": 320, "height": 240}
    assert body["detections"]
    confidences = [found["confidence"] for found in body["detections"]]
    assert confidences == sorted(confidences, reverse=True)
    timings = body["timings_ms"]
    parts = sum(value for name, value in timings.items() if name != "total")
    assert parts <= timings["total"] + 1


async def test_the_same_photo_gives_the_same_detections(client: Client, photo: bytes) -> None:
    responses = []
    for _ in range(2):
        response = await client.post("/v1/detect?threshold=0", data=photo, headers=JPEG)
        responses.append((await response.json())["detections"])
    assert responses[0] == responses[1]


async def test_detections_below_the_threshold_are_left_out(client: Client, photo: bytes) -> None:
    everything = await client.post("/v1/detect?threshold=0", data=photo, headers=JPEG)
    confidences = [found["confidence"] for found in (await everything.json())["detections"]]
    # Between the two neighbours that are farthest apart, so that rounding does not matter.
    distance, above, below = max((a - b, a, b) for a, b in pairwise(confidences))
    assert distance > 1e-3
    threshold = (above + below) / 2
    response = await client.post(f"/v1/detect?threshold={threshold}", data=photo, headers=JPEG)
    kept = [found["confidence"] for found in (await response.json())["detections"]]
    assert kept == [confidence for confidence in confidences if confidence > threshold]


async def test_boxes_and_size_refer_to_the_upright_image(client: Client) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    rotated = encode(draw(), "PNG", exif=exif)
    upright = encode(draw().transpose(Image.Transpose.ROTATE_270), "PNG")
    responses = [
        await (await client.post("/v1/detect?threshold=0", data=data)).json()
        for data in (rotated, upright)
    ]
    assert responses[0]["image"] == responses[1]["image"] == {"width": 240, "height": 320}
    assert responses[0]["detections"] == responses[1]["detections"] != []


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [("image/png", "PNG"), ("image/webp", "WEBP"), ("image/jpg", "JPEG")],
)
async def test_other_image_types_are_accepted(client: Client, content_type: str, kind: str) -> None:
    headers = {"Content-Type": content_type}
    response = await client.post("/v1/detect", data=encode(draw(), kind), headers=headers)
    check_schema("DetectResponse", await response.json())


async def test_the_format_is_read_from_the_bytes_not_from_the_content_type(client: Client) -> None:
    response = await client.post("/v1/detect", data=encode(draw(), "PNG"), headers=JPEG)
    assert response.status == 200


@pytest.mark.parametrize("data", [b"", b"no image", encode(draw())[:-700]])
async def test_an_image_that_cannot_be_decoded_is_refused(client: Client, data: bytes) -> None:
    response = await client.post("/v1/detect", data=data, headers=JPEG)
    problem = await check_problem(response, 422, "invalid_image")
    assert problem["retryable"] is False


async def test_damage_that_viewers_tolerate_is_reported(client: Client, photo: bytes) -> None:
    damaged = photo[:2] + b"\xff\xfe\x00\x02 not declared" + photo[2:]
    bodies = []
    for data in (damaged, photo):
        response = await client.post("/v1/detect", data=data, headers=JPEG)
        bodies.append(await response.json())
        check_schema("DetectResponse", bodies[-1])
    assert "13 extraneous bytes" in bodies[0]["damaged"]
    assert "damaged" not in bodies[1]
    assert bodies[0]["detections"] == bodies[1]["detections"]


async def test_an_image_with_too_many_pixels_is_refused(client: Client) -> None:
    flat = Image.new("L", (10_000, 5_001))
    response = await client.post("/v1/detect", data=encode(flat, "PNG"))
    problem = await check_problem(response, 422, "image_too_large")
    assert "10000 x 5001" in problem["detail"]


async def test_old_label_spellings_are_replaced(tmp_path: Path) -> None:
    make_random_detector(tmp_path / "random")
    detector = load_detector(
        Settings(
            detector_model=tmp_path / "random",
            device=Device.CPU,
            detector_runtime=DetectorRuntime.TORCH,
        )
    )
    assert detector.info.labels == ("person", "motorcycle", "dog", "package")
    assert current_label("tvmonitor") == "tv"
    assert current_label("person") == "person"


async def test_the_detector_reports_device_and_runtime(
    detector: Detector, settings: Settings
) -> None:
    assert detector.info.device == "cpu"
    assert detector.info.runtime.startswith("torch 2")


async def test_cuda_is_refused_on_a_machine_without_cuda(detector_folder: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    settings = Settings(detector_model=detector_folder, device=Device.CUDA)
    with pytest.raises(DetectorLoadError, match="DEVICE=cuda, but torch finds no usable CUDA"):
        load_detector(settings)
