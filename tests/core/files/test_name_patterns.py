"""What the names of real devices state: some at once, some after many names, some never."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.files.name_patterns import NamePatterns
from tests.core.files.camera_names import Device, devices, moments

HOME = ZoneInfo("Europe/Berlin")
COPIED = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)
LATER = datetime(2026, 12, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)

# 40 images an hour apart, in the days before and after the clocks go back.
HOURLY = partial(
    moments,
    time_zone=HOME,
    start=datetime(2026, 10, 23, 6, tzinfo=UTC),
    every=timedelta(hours=1),
)


def device_id(device: Device) -> str:
    return device.device


def stated(names: NamePatterns, path: str, camera: str = "cam") -> datetime | None:
    reading = names.read(camera, f"{camera}/{path}")
    return None if reading is None else reading.wall.replace(tzinfo=reading.zone or HOME)


def learn(names: NamePatterns, path: str, written: datetime, camera: str = "cam") -> None:
    names.learn(camera, f"{camera}/{path}", written)


def teach(
    names: NamePatterns, device: Device, taken: Iterable[datetime], off: timedelta = SECOND
) -> None:
    for number, at in enumerate(taken, 1):
        learn(names, device.name(at, number), at + off)


@pytest.mark.parametrize("device", devices("one"), ids=device_id)
def test_one_name_states_the_time(device: Device) -> None:
    found = stated(NamePatterns(HOME), device.path)
    expected = device.stated(HOME)

    assert found is not None
    assert expected is not None
    assert abs(found - expected) < SECOND


@pytest.mark.parametrize("device", devices("many", "none"), ids=device_id)
def test_one_name_is_never_enough_to_tell_what_it_means(device: Device) -> None:
    names = NamePatterns(HOME)
    learn(names, device.path, LATER)

    assert stated(names, device.path) is None


@pytest.mark.parametrize("off", [SECOND, timedelta(hours=1)], ids=["right", "an hour behind"])
@pytest.mark.parametrize("device", devices("one", "many"), ids=device_id)
def test_many_names_tell_what_they_mean(device: Device, off: timedelta) -> None:
    names = NamePatterns(HOME)
    images = list(HOURLY(70))
    # With a wrong clock, the order of a date does not show within one day.
    learned = 10 if off == SECOND else 50
    teach(names, device, images[:learned], off)

    for number, at in enumerate(images[learned:], learned + 1):
        path = device.name(at, number)
        learn(names, path, at + off)
        found = stated(names, path)
        assert found is not None, path
        # A local time that occurs twice is settled by its file, not here.
        assert min(abs(found - at), abs(found.replace(fold=1) - at)) <= SECOND, path


@pytest.mark.parametrize(
    "device", [each for each in devices("none") if each.template != "-"], ids=device_id
)
@pytest.mark.parametrize("every", [timedelta(seconds=2), timedelta(minutes=5), timedelta(hours=1)])
def test_names_without_a_time_are_never_read(device: Device, every: timedelta) -> None:
    names = NamePatterns(HOME)
    for number, at in enumerate(HOURLY(every=every), 1):
        path = device.name(at, number)
        learn(names, path, at + SECOND)
        assert stated(names, path) is None, path


@pytest.mark.parametrize("copied", [False, True], ids=["as uploaded", "copied"])
@pytest.mark.parametrize("first", [1, 9_990, 59_000, 123_456])
@pytest.mark.parametrize("every", [timedelta(seconds=1), timedelta(minutes=10)])
def test_a_date_and_a_counter_are_no_time(every: timedelta, first: int, copied: bool) -> None:
    names = NamePatterns(HOME)
    for number, at in enumerate(HOURLY(100, every=every), first):
        path = f"{at:%Y%m%d}_{number:06}.jpg"
        learn(names, path, COPIED if copied else at)
        assert stated(names, path) is None, path


def test_a_counter_that_begins_anew_every_midnight_is_no_time() -> None:
    names = NamePatterns(HOME)
    midnight = datetime(2026, 11, 22, tzinfo=HOME)
    for day in range(5):
        for number in range(1, 60):
            at = midnight + timedelta(days=day, seconds=number)
            path = f"{at:%Y%m%d}_{number:06}.jpg"
            learn(names, path, at)
            assert stated(names, path) is None, path


@pytest.mark.parametrize(
    "template", ["{t:%Y-%m-%d_%I-%M-%S}", "{t:%Y%m%d_%I%M%S}", "{t:%d-%m-%Y_%I.%M.%S}"]
)
def test_a_12_hour_clock_without_am_or_pm_is_no_time(template: str) -> None:
    names = NamePatterns(HOME)
    images = list(HOURLY(60))
    for at in images[:40]:
        learn(names, template.format(t=at), at)

    for at in images[40:]:
        learn(names, template.format(t=at), at)
        assert stated(names, template.format(t=at)) is None
    # A name with an hour that no such clock shows ends the doubt.
    for at in HOURLY(100, start=images[-1]):
        learn(names, f"{at:%Y-%m-%d_%H-%M-%S}", at)
    assert stated(names, "2026-12-01_15-00-00.jpg") == datetime(2026, 12, 1, 15, tzinfo=HOME)


@pytest.mark.parametrize(("day", "month"), [(5, 11), (11, 5)], ids=["day first", "month first"])
def test_a_date_that_can_be_read_both_ways_is_settled_by_its_files(day: int, month: int) -> None:
    names = NamePatterns(HOME)
    for minute in range(5):
        at = datetime(2026, 11, 5, 12, minute, tzinfo=HOME)
        learn(names, f"{day:02}-{month:02}-2026_12.{minute:02}.00.jpg", at)

    found = stated(names, f"{day:02}-{month:02}-2026_12.09.00.jpg")
    assert found == datetime(2026, 11, 5, 12, 9, tzinfo=HOME)


def test_a_date_that_means_the_same_both_ways_settles_nothing() -> None:
    names = NamePatterns(HOME)
    for minute in range(40):
        at = datetime(2026, 11, 11, 12, minute, tzinfo=HOME)
        learn(names, f"11-11-2026_12.{minute:02}.00.jpg", at)

    assert stated(names, "05-11-2026_12.00.00.jpg") is None


def test_names_settle_their_order_by_themselves_if_the_files_were_copied() -> None:
    names = NamePatterns(HOME)
    for at in HOURLY(100, every=timedelta(hours=9)):
        learn(names, f"{at:%d-%m-%Y_%H.%M.%S}.jpg", COPIED)

    assert stated(names, "05-11-2026_12.00.00.jpg") == datetime(2026, 11, 5, 12, tzinfo=HOME)
    # Any number of ten digits counts some seconds: only files show that it does.
    for at in HOURLY(100, every=timedelta(hours=9)):
        learn(names, f"front-{at.timestamp():.0f}.jpg", COPIED, "front")
    assert stated(names, "front-1795000000.jpg", "front") is None


def test_what_was_learned_stays_known_in_names_that_would_not_show_it() -> None:
    names = NamePatterns(HOME)
    for at in HOURLY():
        learn(names, f"{at:%Y%m%d_%H%M%S}.jpg", at)
    night = list(HOURLY(100, start=datetime(2026, 11, 21, 23, tzinfo=UTC), every=30 * SECOND))
    resent = list(HOURLY(100, start=datetime(2026, 10, 23, 6, tzinfo=UTC)))

    for at, written in [(at, at) for at in night] + [(at, COPIED) for at in resent]:
        path = f"{at:%Y%m%d_%H%M%S}.jpg"
        learn(names, path, written)
        assert stated(names, path) is not None, path


def test_a_camera_that_is_set_up_anew_is_learned_anew() -> None:
    names = NamePatterns(HOME)
    images = list(HOURLY(160))
    for at in images[:80]:
        learn(names, f"{at:%d-%m-%Y_%H.%M.%S}.jpg", at)
    for at in images[80:]:
        learn(names, f"{at:%m-%d-%Y_%H.%M.%S}.jpg", at)

    assert stated(names, "11-05-2026_12.00.00.jpg") == datetime(2026, 11, 5, 12, tzinfo=HOME)


def test_each_camera_and_each_kind_of_name_is_learned_by_itself() -> None:
    names = NamePatterns(HOME)
    for number, at in enumerate(HOURLY()):
        learn(names, f"MDAlarm_{at:%Y%m%d-%H%M%S}.jpg", at)
        learn(names, f"no. {at:%Y%m%d}-{number:06}.jpg", at)
        learn(names, f"MDAlarm_{at:%Y%m%d}-{number:06}.jpg", at, "yard")

    taken = datetime(2026, 11, 5, 12, tzinfo=HOME)
    assert stated(names, "MDAlarm_20261105-120000.jpg") == taken
    assert stated(names, "Schedule_20261105-120000.jpg") == taken  # made in the same way
    assert stated(names, "no. 20261105-120000.jpg") is None
    assert stated(names, "MDAlarm_20261105-120000.jpg", "yard") is None


def test_a_start_of_a_recording_in_each_name_is_no_time() -> None:
    names = NamePatterns(HOME)
    images = list(HOURLY(60, every=timedelta(minutes=2)))
    for at in images[:30]:
        learn(names, f"2026-10-23_08-00-00_image.{at:%M%S}.jpg", at)
    for at in images[30:]:
        path = f"2026-10-23_09-00-00_image.{at:%M%S}.jpg"
        learn(names, path, at)
        assert stated(names, path) is None


def test_random_names_take_no_more_memory() -> None:
    names = NamePatterns(HOME)
    for number in range(300):
        separators = f"{number:b}".replace("0", "-").replace("1", "_")
        learn(names, f"{separators}20261105-120000.jpg", LATER)

    (patterns,) = names._cameras.values()
    assert len(patterns) <= 8


@given(st.text(max_size=300))
def test_arbitrary_paths_never_raise(path: str) -> None:
    names = NamePatterns(HOME)
    learn(names, path, LATER)
    names.read("cam", path)


@given(st.from_regex(r"\A[0-9T@:. /_-]{8,60}\Z"))
def test_arbitrary_numbers_never_raise(path: str) -> None:
    names = NamePatterns(HOME)
    learn(names, path, LATER)
    names.read("cam", path)


@pytest.mark.parametrize(
    "path",
    [
        "20261323131903.jpg",
        "20261123256199.jpg",
        "2026-1123_131903.jpg",
        "1202611231319031.jpg",
        "snapshot-0001.jpg",
        "1926-11-23_13-19-03-45.jpg",
        "2026-11-23/13.19.03[M]/a.jpg",
        "2026-13-23/13.19.03[M][0@0][0].jpg",
        "2026-11-23/10.20.30.40_01.jpg",
        "2026-11-23_13-19-03/42.jpg",
        "31-Feb-2026_16-19-41.jpg",
        "2026/12-Nov/30/16-19-41.jpg",
        "5mayor2026/16-19-41.jpg",
        "30-November/16-19-41.jpg",
        "PXL_20241301_012612027.jpg",
        "PXL_261130161941.jpg",
        "1-" * 5000 + "1.jpg",
    ],
)
def test_numbers_that_are_no_time(path: str) -> None:
    assert stated(NamePatterns(HOME), path) is None


def test_a_number_after_a_time_is_no_offset() -> None:
    found = NamePatterns(HOME).read("cam", "cam/2026-11-23_13-19-03-0500.jpg")
    assert found is not None
    assert found.zone is None
