"""Requests and successful responses of the client."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from uuid import UUID

from hsi_core.domain.inference import (
    ComponentState,
    DownloadState,
    EventFacts,
    ObjectFacts,
    RulesFacts,
    ServerStatus,
)
from hsi_core.domain.models import Box, Detection, ModelUse
from hsi_core.domain.movement import Movement
from hsi_core.domain.part_of_day import PartOfDay
from hsi_core.domain.zones import ZoneKind
from hsi_core.inference.client import InferenceClient
from testbed.inference_responses import ASSESSED, DETECTED, HEALTH, MODEL_DOWNLOAD
from tests.core.inference.conftest import ScriptedServer

HOME = timezone(timedelta(hours=1))
FACTS = EventFacts(
    camera="Front door",
    started_at=datetime(2026, 11, 23, 3, 0, tzinfo=HOME),
    ended_at=datetime(2026, 11, 23, 3, 1, tzinfo=HOME),
    part_of_day=PartOfDay.NIGHT,
    image_count=4,
    objects=(
        ObjectFacts(
            label="person",
            confidence=0.91,
            box=Box(x1=0.1, y1=0.2, x2=0.3, y2=0.4),
            first_seen=datetime(2026, 11, 23, 3, 0, tzinfo=HOME),
            last_seen=datetime(2026, 11, 23, 3, 0, 30, tzinfo=HOME),
            images=3,
            movement=Movement.STILL,
            zones=(ZoneKind.ENTRY_POINT,),
        ),
    ),
    armed=None,
    occupancy=None,
    rules=RulesFacts(score=41, low=30, high=53, factors=()),
)


async def test_every_health_field_is_read(client: InferenceClient, server: ScriptedServer) -> None:
    server.respond(HEALTH)

    health = await client.health()

    assert health.status is ServerStatus.OK
    assert health.instance_id == UUID("0b0e5fd2-7a49-4c8e-9a55-2f8a3a7e6d11")
    assert health.detector.state is ComponentState.READY
    assert (health.detector.device, health.detector.labels) == ("cuda:0", ("person", "car"))
    assert health.assessor.state is ComponentState.FAILED
    assert health.assessor.error == "Ollama does not respond."


async def test_detect_sends_the_unchanged_bytes(
    client: InferenceClient, server: ScriptedServer
) -> None:
    server.respond(DETECTED)

    result = await client.detect(b"\xff\xd8image", content_type="image/jpeg", threshold=0.35)

    assert server.bodies == [b"\xff\xd8image"]
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/detect")
    assert request.query == {"threshold": "0.35"}
    assert request.headers["Content-Type"] == "image/jpeg"
    assert request.headers["Authorization"] == "Bearer s3cret"
    assert request.headers["X-Deadline-Ms"] == "5000"  # the time that the client waits
    request_id = request.headers["X-Request-ID"]
    assert request.headers["traceparent"].split("-")[1] == request_id
    assert len(request_id) == 32
    assert (result.width, result.height) == (1920, 1080)
    assert result.detections == (
        Detection(label="person", confidence=0.93, box=Box(x1=0.1, y1=0.2, x2=0.3, y2=0.4)),
    )
    assert result.timings_ms["infer"] == 30.5


async def test_assess_sends_times_with_the_homes_utc_offset(
    client: InferenceClient, server: ScriptedServer
) -> None:
    server.respond(ASSESSED)

    assessment = await client.assess(FACTS)

    assert b"2026-11-23T03:00:30+01:00" in server.bodies[0]
    assert assessment.risk_score == 64
    assert assessment.by == ModelUse(
        model="nemotron-3-nano:4b",
        backend="ollama",
        model_digest=None,
        prompt_version="1",
        prompt_tokens=311,
        completion_tokens=None,
        load_ms=None,
        prefill_ms=20.0,
        generate_ms=600.0,
        total_ms=640.0,
    )


async def test_a_model_download_is_started(client: InferenceClient, server: ScriptedServer) -> None:
    server.respond(MODEL_DOWNLOAD)

    pull = await client.pull_model()

    assert (pull.state, pull.model) == (DownloadState.RUNNING, "nemotron-3-nano:4b")
    assert pull.share == 0.25


async def test_fields_of_a_newer_server_are_ignored(
    client: InferenceClient, server: ScriptedServer
) -> None:
    server.respond({**DETECTED, "gpu": {"name": "new"}})

    assert (await client.detect(b"x", content_type="image/png", threshold=0.5)).width == 1920


async def test_without_token_there_is_no_authorization_header(
    connect: Callable[..., InferenceClient], address: str, server: ScriptedServer
) -> None:
    server.respond(HEALTH)

    await connect(address, token=None).health()

    assert "Authorization" not in server.requests[0].headers
