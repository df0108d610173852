"""The capture time comes from the first plausible source."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from hsi_core.files.capture_time import clock_time, is_plausible, stated_times, written_at
from hsi_core.files.name_patterns import NamePatterns
from testbed.drawing.scenes import draw, jpeg as jpeg_of
from tests.core.files.exif_bytes import exif, jpeg, segment

HOME = ZoneInfo("Europe/Berlin")
MTIME = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
TAKEN = datetime(2026, 11, 23, 13, 19, 3, tzinfo=HOME)
EXIF_TAKEN = "2026:11:23 13:19:03"


def capture_time(head: bytes, path: str, written: datetime, time_zone: tzinfo) -> datetime:
    """Return the plausible time that the first image of a camera states, else `written`."""
    named = NamePatterns(time_zone).read("", path)
    shown = clock_time(stated_times(head, named, near=written, time_zone=time_zone), written)
    found = shown if shown is not None and is_plausible(shown, written) else written
    return found.astimezone(time_zone)


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


@pytest.mark.parametrize(
    ("offset", "hours"), [("Z", 0), ("+00:00", 0), ("-0500", 5), ("+05:30", -5.5), ("-03:00", 3)]
)
def test_an_offset_in_each_form(offset: str, hours: float) -> None:
    written = MTIME + timedelta(hours=12)
    taken = capture_time(jpeg(exif(EXIF_TAKEN, offset)), "a.jpg", written, HOME)

    assert taken == datetime(2026, 11, 23, 13, 19, 3, tzinfo=UTC) + timedelta(hours=hours)


@pytest.mark.parametrize(
    "text",
    [
        "2026:11:23 13:19:03+01:00",
        "2026-11-23T12:19:03Z",
        "2026-11-23T12:19:03.000Z",
        "2026-11-23 13:19:03",
    ],
)
def test_a_time_as_programs_write_it_into_exif(text: str) -> None:
    assert capture_time(jpeg(exif(text)), "a.jpg", MTIME, HOME) == TAKEN


@pytest.mark.parametrize("field", ["digitized", "changed"])
@pytest.mark.parametrize("original", [None, "0000:00:00 00:00:00", "    :  :     :  :  "])
def test_the_other_times_of_exif_count_without_an_original(
    field: str, original: str | None
) -> None:
    head = jpeg(exif(original, **{field: EXIF_TAKEN}))

    assert capture_time(head, "a.jpg", MTIME, HOME) == TAKEN


def test_each_time_has_its_own_offset() -> None:
    head = jpeg(exif(None, "+09:00", digitized="2026:11:23 12:19:03", digitized_offset="Z"))

    assert capture_time(head, "a.jpg", MTIME, HOME) == TAKEN


def test_the_original_counts_before_the_others_and_a_name_before_the_change() -> None:
    changed = "2026:11:23 13:25:00"
    head = jpeg(exif(EXIF_TAKEN, digitized=changed, changed=changed))

    assert capture_time(head, "20261123132500.jpg", MTIME, HOME) == TAKEN
    assert (
        capture_time(jpeg(exif(None, changed=changed)), "20261123131903.jpg", MTIME, HOME) == TAKEN
    )


def test_the_constant_that_android_writes_is_no_time() -> None:
    head = jpeg(exif(None, digitized="2002:12:08 12:00:00"))

    assert capture_time(head, "a.jpg", MTIME, HOME) == MTIME


@pytest.mark.parametrize(
    "mtime",
    [
        "1970-01-01T00:00:00Z",
        "1979-12-31T23:00:00Z",
        "1980-01-01T00:00:00Z",
        "1999-12-31T23:59:59Z",
        "1601-01-01T00:00:00Z",
        "2026-12-24T00:00:00Z",
    ],
)
def test_a_file_of_a_device_without_a_clock_was_written_when_it_is_found(mtime: str) -> None:
    ns = int(datetime.fromisoformat(mtime).timestamp()) * 10**9

    assert written_at(ns, MTIME) == MTIME


def test_a_file_was_written_at_its_modification_time() -> None:
    assert written_at(int(TAKEN.timestamp()) * 10**9, MTIME) == TAKEN


def test_an_empty_offset_is_ignored() -> None:
    assert capture_time(jpeg(exif(EXIF_TAKEN, "   :  ")), "a.jpg", MTIME, HOME) == TAKEN


@pytest.mark.parametrize(
    "implausible", ["1999:12:31 23:59:59", "0000:00:00 00:00:00", "2026:11:25 13:19:03", "soon"]
)
def test_an_implausible_time_falls_back_to_the_next_source(implausible: str) -> None:
    head = jpeg(exif(implausible))

    assert capture_time(head, "20261123131903.jpg", MTIME, HOME) == TAKEN
    assert capture_time(head, "19991231235959.jpg", MTIME, HOME) == MTIME
    assert capture_time(head, "20261125131903.jpg", MTIME, HOME) == MTIME


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


@pytest.mark.parametrize(
    "shown", ["1970:01:01 00:02:03", "2015:01:01 00:00:00", "2051:01:01 00:00:00"]
)
def test_an_implausible_time_still_tells_what_the_clock_showed(shown: str) -> None:
    times = stated_times(jpeg(exif(shown)), None, near=MTIME, time_zone=UTC)
    assert clock_time(times, MTIME) == datetime.strptime(f"{shown}Z", "%Y:%m:%d %H:%M:%S%z")


@pytest.mark.parametrize("shown", ["0001:01:01 00:00:00", "9999:12:31 23:59:59"])
def test_a_time_that_no_clock_shows_is_none(shown: str) -> None:
    times = stated_times(jpeg(exif(shown)), None, near=MTIME, time_zone=UTC)
    assert clock_time(times, MTIME) is None
