"""The real client and the real server agree."""

from collections.abc import Callable
from datetime import datetime, timedelta
import io
from zoneinfo import ZoneInfo

import aiohttp
from PIL import Image
import pytest

from hsi_core.domain.context import Occupancy
from hsi_core.domain.errors import (
    AssessorAbsentError,
    ClientError,
    ServerAuthError,
    ServerBusyError,
    ServerIncompatibleError,
    ServerLimitError,
    ServerRejectedInputError,
)
from hsi_core.domain.inference import (
    ComponentState,
    EventFacts,
    ObjectFacts,
    RulesFacts,
    ServerStatus,
)
from hsi_core.domain.models import Box
from hsi_core.domain.movement import Movement
from hsi_core.domain.part_of_day import PartOfDay
from hsi_core.domain.settings import Settings
from hsi_core.domain.zones import ZoneKind
from hsi_core.inference.client import InferenceClient
from testbed.drawing.scenes import draw, jpeg
from testbed.services.inference_server import InferenceServer
from tests.contract.conftest import Relay

type Connect = Callable[..., InferenceClient]

HOME = ZoneInfo("Europe/Berlin")
START = datetime(2026, 11, 23, 3, 0, tzinfo=HOME)


def facts(camera: str = "Front door") -> EventFacts:
    person = ObjectFacts(
        label="person",
        confidence=0.91,
        box=Box(x1=0.1, y1=0.2, x2=0.3, y2=0.9),
        first_seen=START,
        last_seen=START + timedelta(seconds=25),
        images=3,
        movement=Movement.STILL,
        zones=(ZoneKind.ENTRY_POINT,),
    )
    return EventFacts(
        camera=camera,
        started_at=START,
        ended_at=START + timedelta(seconds=30),
        part_of_day=PartOfDay.NIGHT,
        image_count=4,
        objects=(person,),
        armed=True,
        occupancy=Occupancy.AWAY,
        rules=RulesFacts(score=41, low=30, high=53, factors=()),
    )


async def test_health(connect: Connect, server: InferenceServer, assessor: None) -> None:
    health = await connect(server).health()

    assert health.status is ServerStatus.OK
    assert health.detector.state is ComponentState.READY
    assert health.detector.device == "cpu"
    assert health.detector.test_model
    assert "person" in health.detector.labels
    assert health.assessor.state is ComponentState.READY
    assert health.assessor.backend == "embedded"


async def test_health_is_of_the_same_installation_each_time(
    connect: Connect, server: InferenceServer
) -> None:
    client = connect(server)

    assert (await client.health()).instance_id == (await client.health()).instance_id


async def test_a_drawn_scene(connect: Connect, server: InferenceServer) -> None:
    scene = draw(7, size=(640, 480), lighting="day", labels=("person",))

    result = await connect(server).detect(jpeg(scene), content_type="image/jpeg", threshold=0.0)

    assert (result.width, result.height) == (640, 480)
    assert result.detections
    assert {found.label for found in result.detections} <= {
        "person",
        "car",
        "dog",
        "package",
        "motorcycle",
    }
    assert result.timings_ms["total"] >= result.timings_ms["infer"] > 0


async def test_the_threshold_is_kept(connect: Connect, server: InferenceServer) -> None:
    image = jpeg(draw(7))
    client = connect(server)

    every = await client.detect(image, content_type="image/jpeg", threshold=0.0)
    middle = sorted(found.confidence for found in every.detections)[len(every.detections) // 2]
    some = await client.detect(image, content_type="image/jpeg", threshold=middle)

    assert 0 < len(some.detections) < len(every.detections)
    assert all(found.confidence >= middle - 1e-4 for found in some.detections)


@pytest.mark.parametrize("kind", ["png", "webp"])
async def test_other_formats(connect: Connect, server: InferenceServer, kind: str) -> None:
    buffer = io.BytesIO()
    draw(3, size=(320, 240)).image.save(buffer, kind)

    result = await connect(server).detect(
        buffer.getvalue(), content_type=f"image/{kind}", threshold=0.5
    )

    assert (result.width, result.height) == (320, 240)


async def test_width_and_height_are_of_the_upright_image(
    connect: Connect, server: InferenceServer
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # rotated by 90 degrees
    buffer = io.BytesIO()
    draw(3, size=(320, 240)).image.save(buffer, "JPEG", exif=exif)

    result = await connect(server).detect(
        buffer.getvalue(), content_type="image/jpeg", threshold=0.5
    )

    assert (result.width, result.height) == (240, 320)


async def test_a_truncated_image_is_refused(connect: Connect, server: InferenceServer) -> None:
    image = jpeg(draw(7))

    with pytest.raises(ServerRejectedInputError) as caught:
        await connect(server).detect(
            image[: len(image) // 2], content_type="image/jpeg", threshold=0.5
        )
    assert caught.value.code == "invalid_image"


@pytest.mark.parametrize(
    ("content", "content_type", "code"),
    [
        (b"no image at all", "image/jpeg", "invalid_image"),
        (b"", "image/jpeg", "invalid_image"),
        (b"\xff\xd8\xff\xd9", "image/jpeg", "invalid_image"),
        (b"%PDF-1.7", "application/octet-stream", "invalid_image"),
        (b"text", "text/plain", "unsupported_media_type"),
    ],
    ids=["text", "empty", "hollow", "pdf", "media type"],
)
async def test_content_that_is_no_image_is_refused(
    connect: Connect, server: InferenceServer, content: bytes, content_type: str, code: str
) -> None:
    with pytest.raises(ServerRejectedInputError) as caught:
        await connect(server).detect(content, content_type=content_type, threshold=0.5)
    assert caught.value.code == code


async def test_an_image_above_the_servers_limit_waits_for_the_owner(
    connect: Connect, server: InferenceServer
) -> None:
    content = b"\0" * (20 * 1024 * 1024 + 1)

    with pytest.raises(ServerLimitError, match="MAX_BODY_BYTES"):
        await connect(server).detect(content, content_type="image/jpeg", threshold=0.5)


async def test_a_body_refused_before_it_is_read(server: InferenceServer) -> None:
    """Runs without the relay, whose own connection would hide a server that closes too early."""
    async with aiohttp.ClientSession() as session:
        client = InferenceClient(session, server.url, server.token, settings=Settings())

        with pytest.raises(ServerLimitError) as caught:
            await client.detect(
                b"\0" * (32 * 1024 * 1024), content_type="image/jpeg", threshold=0.5
            )

    assert caught.value.code == "body_too_large"


async def test_a_wrong_token(connect: Connect, server: InferenceServer) -> None:
    client = connect(server, token="wrong")

    with pytest.raises(ServerAuthError):
        await client.health()
    with pytest.raises(ServerAuthError):
        await client.detect(jpeg(draw(7)), content_type="image/jpeg", threshold=0.5)
    with pytest.raises(ServerAuthError):
        await client.assess(facts())


async def test_no_model_to_detect_with(
    connect: Connect, detectorless_server: InferenceServer
) -> None:
    client = connect(detectorless_server)

    with pytest.raises(ServerBusyError) as caught:
        await client.detect(jpeg(draw(7)), content_type="image/jpeg", threshold=0.5)

    assert caught.value.code == "detector_unavailable"
    health = await client.health()
    assert health.status is ServerStatus.UNAVAILABLE
    assert health.assessor.state is ComponentState.ABSENT


async def test_nothing_to_assess_with(
    connect: Connect, detectorless_server: InferenceServer
) -> None:
    with pytest.raises(AssessorAbsentError, match="LLM_BACKEND"):
        await connect(detectorless_server).assess(facts())


async def test_an_assessment(connect: Connect, server: InferenceServer, assessor: None) -> None:
    assessment = await connect(server).assess(facts())

    assert 0 <= assessment.risk_score <= 100
    assert assessment.summary
    assert assessment.reasoning
    assert assessment.by.backend == "embedded"
    assert assessment.by.model_digest
    assert assessment.by.total_ms


async def test_a_model_of_the_embedded_backend_is_not_downloaded(
    connect: Connect, server: InferenceServer, assessor: None
) -> None:
    client = connect(server)

    with pytest.raises(ClientError, match="EMBEDDED_MODEL") as caught:
        await client.pull_model()

    assert caught.value.code == "pull_unsupported"
    health = (await client.health()).assessor
    assert (health.pull, health.problem, health.fallback) == (None, None, None)
    assert health.last_answer_at
    assert health.tokens_per_second


async def test_facts_the_api_does_not_allow(
    connect: Connect, server: InferenceServer, assessor: None
) -> None:
    with pytest.raises(ServerRejectedInputError) as caught:
        await connect(server).assess(facts(camera=""))

    assert caught.value.code == "invalid_request"
    assert "camera" in str(caught.value)


async def test_a_path_the_server_does_not_know(
    connect: Connect, server: InferenceServer, relay: Relay
) -> None:
    client = connect(server)
    await client.health()
    relay.target = f"{server.url}/elsewhere"

    with pytest.raises(ServerIncompatibleError):
        await client.health()
    relay.faults.clear()  # the API documents only the responses of its own paths
