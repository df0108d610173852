"""The small rules: backoff, presence, facts, capture time of a file."""

from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.aio.backoff import retry_delay
from hsi_core.domain.context import Context
from hsi_core.domain.errors import InputError
from hsi_core.domain.file_version import Version, version_of
from hsi_core.domain.levels import Bands
from hsi_core.domain.models import (
    AssessmentState,
    Box,
    Detection,
    EventState,
    Image,
    ImageState,
    SecurityEvent,
)
from hsi_core.domain.presence import person_until
from hsi_core.domain.settings import Settings
from hsi_core.events.facts import Judged, facts_of
from hsi_core.files.reader import read_capture_time, read_image
from hsi_core.risk.facts import gather
from hsi_core.risk.rules import judge

SETTINGS = Settings()
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
BOX = Box(x1=0.1, y1=0.1, x2=0.2, y2=0.2)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (9999, 30)]
)
def test_the_wait_doubles_up_to_a_limit(failures: int, seconds: float) -> None:
    assert retry_delay(failures, jitter=0, settings=SETTINGS) == timedelta(seconds=seconds)


@given(failures=st.integers(1, 10_000), jitter=st.floats(0, 1))
def test_jitter_only_adds_and_only_so_much(failures: int, jitter: float) -> None:
    plain = retry_delay(failures, jitter=0, settings=SETTINGS)
    assert plain <= retry_delay(failures, jitter=jitter, settings=SETTINGS) <= plain * 1.25
    assert plain <= retry_delay(failures + 1, jitter=0, settings=SETTINGS)


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


def test_a_person_is_present_for_a_while_after_the_picture() -> None:
    assert person_until(image("person"), SETTINGS) == NOON + timedelta(seconds=30)
    assert person_until(image("car"), SETTINGS) is None


def test_facts_are_one_object_a_label_with_its_surest_sighting() -> None:
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
    sheet = gather("front", seen, Context(time_zone=BERLIN), started_at=NOON)
    facts = facts_of(event, "N" * 200, Judged(sheet=sheet, verdict=judge(sheet, Bands())))
    assert len(facts.camera) == 100
    assert facts.started_at.utcoffset() == timedelta(hours=1)
    person, car = facts.objects
    assert (person.label, person.confidence, person.images) == ("person", 0.6, 2)
    assert (person.first_seen, person.last_seen) == (NOON, NOON + timedelta(seconds=9))
    assert (car.label, car.images) == ("car", 1)


def write(path: Path, content: bytes, mtime: datetime) -> int:
    path.write_bytes(content)
    os.utime(path, (mtime.timestamp(), mtime.timestamp()))
    return path.stat().st_mtime_ns


def test_a_picture_counts_by_its_files_time_and_never_from_the_future(tmp_path: Path) -> None:
    past = write(tmp_path / "a.jpg", b"x", NOON)
    ahead = write(tmp_path / "b.jpg", b"x", NOON + timedelta(days=3))

    def taken(path: str, mtime_ns: int) -> datetime:
        return read_capture_time(
            tmp_path, path, mtime_ns=mtime_ns, time_zone=BERLIN, now=NOON + timedelta(hours=1)
        )

    assert taken("a.jpg", past) == NOON
    assert taken("b.jpg", ahead) == NOON + timedelta(hours=1)
    assert taken("gone.jpg", past) == NOON
    # Its name says a time that has not come yet.
    name = "20260301_150000.jpg"
    assert taken(name, write(tmp_path / name, b"x", NOON)) == NOON


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("gone.jpg", "file_gone"),
        ("empty.jpg", "file_empty"),
        ("large.jpg", "file_too_large"),
        ("folder.jpg", "not_a_file"),
        ("../outside.jpg", "path_escape"),
        ("link.jpg", "path_escape"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, path: str, code: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside.jpg").write_bytes(b"secret")
    (root / "link.jpg").symlink_to(tmp_path / "outside.jpg")
    (root / "empty.jpg").touch()
    (root / "large.jpg").write_bytes(b"x" * 101)
    (root / "folder.jpg").mkdir()
    there = (root / path).exists()
    version = version_of((root / path).stat()) if there else Version(size=1, mtime_ns=1)
    with pytest.raises(InputError) as caught:
        read_image(root, path, version, max_bytes=100)
    assert caught.value.code == code
