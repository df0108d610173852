"""The capture time comes from the first plausible source."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from hsi_core.files.capture_time import capture_time
from testbed.drawing.scenes import draw, jpeg as jpeg_of
from tests.core.files.exif_bytes import exif, jpeg, segment

HOME = ZoneInfo("Europe/Berlin")
MTIME = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
TAKEN = datetime(2026, 11, 23, 13, 19, 3, tzinfo=HOME)
EXIF_TAKEN = "2026:11:23 13:19:03"


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
def test_exif_time_is_in_the_home_time_zone(order: str) -> None:
    head = jpeg(segment(0xE0, b"JFIF\0"), exif(EXIF_TAKEN, order=order))

    assert capture_time(head, "a.jpg", MTIME, HOME) == TAKEN


def test_exif_written_by_an_image_library() -> None:
    image = jpeg_of(draw(1, size=(64, 48)), captured_at=TAKEN)

    assert capture_time(image, "a.jpg", MTIME, HOME) == TAKEN


def test_exif_with_an_offset() -> None:
    taken = capture_time(jpeg(exif(EXIF_TAKEN, "-05:00")), "a.jpg", MTIME.replace(hour=20), HOME)

    assert taken == TAKEN.replace(tzinfo=UTC) + timedelta(hours=5)
    assert taken.tzinfo is HOME


def test_an_empty_offset_is_ignored() -> None:
    assert capture_time(jpeg(exif(EXIF_TAKEN, "   :  ")), "a.jpg", MTIME, HOME) == TAKEN


@pytest.mark.parametrize(
    "name",
    [
        "20261123_131903.jpg",
        "20261123131903.jpg",
        "2026-11-23_13-19-03.jpg",
        "2026-11-23T13:19:03.jpg",
        "2026.11.23 13.19.03.jpg",
        "MDAlarm_20261123-131903.jpg",
        "Front_00_20261123131903.jpg",
        "192.0.2.7_01_20261123131903187_MOTION.jpg",
        "IPC_20261123-131903-007.jpeg",
    ],
)
def test_a_name_with_a_time(name: str) -> None:
    assert capture_time(b"", name, MTIME, HOME) == TAKEN


@pytest.mark.parametrize(
    "name",
    [
        "a.jpg",
        "20261123.jpg",
        "20261323_131903.jpg",
        "20261123_256199.jpg",
        "2026-1123_131903.jpg",
        "1202611231319031.jpg",
        "snapshot-0001.jpg",
        "26-11-23_13-19-03.jpg",
        "1926-11-23_13-19-03-45.jpg",
        "2026-11-23/13.19.03.jpg",
        "2026-11-23/13.19.03[M]/a.jpg",
        "2026-13-23/13.19.03[M][0@0][0].jpg",
    ],
)
def test_a_name_without_a_time(name: str) -> None:
    assert capture_time(b"", name, MTIME, HOME) == MTIME


@pytest.mark.parametrize(
    "implausible", ["1999:12:31 23:59:59", "0000:00:00 00:00:00", "2026:11:25 13:19:03", "soon"]
)
def test_an_implausible_time_falls_back_to_the_next_source(implausible: str) -> None:
    head = jpeg(exif(implausible))

    assert capture_time(head, "20261123_131903.jpg", MTIME, HOME) == TAKEN
    assert capture_time(head, "19991231_235959.jpg", MTIME, HOME) == MTIME
    assert capture_time(head, "20261125_131903.jpg", MTIME, HOME) == MTIME


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        # In Berlin, 25 October 2026 has the hour from 2 to 3 twice: until 01:00 UTC, and after it.
        pytest.param("2026-10-25T00:30:04Z", "2026-10-25T00:30:00Z", id="first pass"),
        pytest.param("2026-10-25T01:30:04Z", "2026-10-25T01:30:00Z", id="second pass"),
        pytest.param("2026-10-25T01:10:00Z", "2026-10-25T00:30:00Z", id="uploaded 40 minutes late"),
        pytest.param("2026-10-25T01:27:00Z", "2026-10-25T01:30:00Z", id="camera 3 minutes ahead"),
    ],
)
@pytest.mark.parametrize(
    ("head", "name"),
    [
        (jpeg(exif("2026:10:25 02:30:00")), "a.jpg"),
        (b"", "2026-10-25_02-30-00.jpg"),
    ],
    ids=["EXIF", "name"],
)
def test_the_file_decides_which_pass_of_the_repeated_hour_it_is(
    head: bytes, name: str, written: str, taken: str
) -> None:
    found = capture_time(head, name, datetime.fromisoformat(written), HOME)

    assert found.astimezone(UTC) == datetime.fromisoformat(taken)


def test_the_hour_that_spring_skips_is_read_in_winter_time() -> None:
    found = capture_time(b"", "2026-03-29_02-30-00.jpg", MTIME, HOME)

    assert found.astimezone(UTC) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def whole() -> bytes:
    return jpeg(segment(0xE0, b"JFIF\0"), exif(EXIF_TAKEN, "+01:00"))


@pytest.mark.parametrize("length", range(0, len(whole()), 7))
def test_a_truncated_head_is_not_an_error(length: int) -> None:
    assert capture_time(whole()[:length], "a.jpg", MTIME, HOME) in {MTIME, TAKEN}


@given(st.binary(max_size=300))
def test_arbitrary_bytes_never_raise(noise: bytes) -> None:
    assert capture_time(noise, "a.jpg", MTIME, HOME).tzinfo is HOME


@given(st.binary(max_size=200), st.sampled_from([b"II*\0", b"MM\0*"]))
def test_arbitrary_exif_never_raises(noise: bytes, order: bytes) -> None:
    head = jpeg(segment(0xE1, b"Exif\0\0" + order + noise))

    assert capture_time(head, "a.jpg", MTIME, HOME).tzinfo is HOME


@given(st.integers(0, len(whole()) - 1), st.integers(0, 255))
def test_one_broken_byte_never_raises(position: int, value: int) -> None:
    head = bytearray(whole())
    head[position] = value

    assert capture_time(bytes(head), "a.jpg", MTIME, HOME).year >= 2000


@given(st.text(max_size=60))
def test_arbitrary_names_never_raise(name: str) -> None:
    assert capture_time(b"", name, MTIME, HOME) <= MTIME + timedelta(days=1)
