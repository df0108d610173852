"""What a language model receives about an event, and how long a person counts as present."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.context import Context
from hsi_core.domain.levels import LevelBounds
from hsi_core.domain.models import (
    AssessmentState,
    Box,
    Camera,
    Detection,
    EventState,
    Image,
    ImageState,
    SecurityEvent,
)
from hsi_core.domain.presence import PresenceClass, present_until, upload_interval
from hsi_core.domain.settings import Settings
from hsi_core.events.judge import JudgedEvent, facts_for_model
from hsi_core.risk.facts import build_fact_sheet
from hsi_core.risk.narrative import describe_event
from hsi_core.risk.rules import apply_rules

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
BOX = Box(x1=0.1, y1=0.1, x2=0.2, y2=0.2)


def image(*labels: str, at: datetime = NOON) -> Image:
    return Image(
        id=1,
        camera="front",
        path="front/a.jpg",
        size=1,
        mtime_ns=0,
        captured_at=at,
        found_at=at,
        state=ImageState.DETECTED,
        detections=tuple(
            Detection(label=label, confidence=0.5 + index / 10, box=BOX)
            for index, label in enumerate(labels)
        ),
    )


def test_a_person_is_present_until_the_hold_time_is_over() -> None:
    camera = Camera(folder="front", name="Front")
    seen = present_until(image("person", "car"), camera, Settings())
    assert seen == {
        PresenceClass.PERSON: NOON + timedelta(seconds=30),
        PresenceClass.VEHICLE: NOON + timedelta(seconds=60),
    }
    slow = replace(camera, presence_hold=90.0)
    assert present_until(image("dog"), slow, Settings()) == {
        PresenceClass.ANIMAL: NOON + timedelta(seconds=90)
    }
    assert present_until(image("chair"), camera, Settings()) == {}


def test_presence_lasts_until_the_next_upload_of_a_slow_camera() -> None:
    camera = Camera(folder="front", name="Front")
    visits = [0, 60, 121, 7200, 7260]  # seconds; a pause between two visits is no interval
    interval = upload_interval(NOON + timedelta(seconds=each) for each in visits)
    assert interval == timedelta(seconds=60)
    seen = present_until(image("person"), camera, Settings(), interval)
    assert seen == {PresenceClass.PERSON: NOON + timedelta(seconds=90)}
    chosen = replace(camera, presence_hold=10.0)
    seen = present_until(image("person"), chosen, Settings(), interval)
    assert seen == {PresenceClass.PERSON: NOON + timedelta(seconds=10)}
    assert upload_interval([NOON, NOON + timedelta(hours=1)]) is None


def test_a_model_receives_each_object_once_with_its_highest_confidence() -> None:
    event = SecurityEvent(
        id=UUID(int=1),
        camera="front",
        state=EventState.CLOSED,
        started_at=NOON,
        last_activity_at=NOON + timedelta(seconds=9),
        ended_at=NOON + timedelta(seconds=9),
        labels=("car", "person"),
        image_count=2,
        best_image_id=1,
        assessment=AssessmentState.PENDING,
    )
    seen = [image("car", "person"), image("person", "person", at=NOON + timedelta(seconds=9))]
    sheet = build_fact_sheet("front", seen, (), Context(time_zone=BERLIN))
    facts = facts_for_model(
        event,
        "N" * 200,
        JudgedEvent(sheet=sheet, verdict=apply_rules(sheet, LevelBounds())),
        language="de",
    )
    assert (len(facts.camera), facts.language) == (100, "de")
    assert facts.started_at.utcoffset() == timedelta(hours=1)
    person, car = facts.objects
    assert (person.label, person.confidence, person.images) == ("person", 0.6, 2)
    assert (person.first_seen, person.last_seen) == (NOON, NOON + timedelta(seconds=9))
    assert (car.label, car.images) == ("car", 1)
    assert facts.narrative == describe_event(sheet, apply_rules(sheet, LevelBounds())).text
