"""Comparable hours by the local clock, and the activity expected in them."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.events.activity_baseline import (
    MIN_HOURS,
    comparable_hours,
    expected_counts,
    hours_between,
)

BERLIN = ZoneInfo("Europe/Berlin")
MOMENTS = st.integers(0, 2 * 366 * 24 * 60).map(
    lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"]).map(ZoneInfo)


def wall(moment: datetime, zone: ZoneInfo) -> tuple[int, int, int]:
    local = moment.astimezone(zone)
    return local.weekday(), local.hour, local.minute


@given(moment=MOMENTS, zone=ZONES)
def test_comparable_hours_have_the_same_local_hour_and_weekday(
    moment: datetime, zone: ZoneInfo
) -> None:
    alike = comparable_hours(moment, zone)
    day, hour, _ = wall(moment, zone)
    assert {wall(each, zone) for each in alike} == {(day, hour, 0)}
    assert max(alike) <= moment - timedelta(days=6, hours=22)
    assert 11 <= len(alike) <= 13


@given(moment=MOMENTS, zone=ZONES)
def test_hours_are_consecutive_and_cover_the_period(moment: datetime, zone: ZoneInfo) -> None:
    hours = list(hours_between(moment - timedelta(weeks=2), moment, zone))
    assert all(one[1] == other[0] for one, other in pairwise(hours))
    assert hours[0][0] <= moment - timedelta(weeks=2)
    assert timedelta(0) <= moment - hours[-1][1] < timedelta(hours=1)
    assert set(comparable_hours(moment, zone, weeks=1)) <= {began for began, _ in hours}


@pytest.mark.parametrize(
    ("moment", "count"),
    [
        (datetime(2026, 4, 5, 2, 30, tzinfo=BERLIN), 11),  # a week after the clock skipped it
        (datetime(2026, 11, 1, 2, 30, tzinfo=BERLIN), 13),  # a week after it came twice
        (datetime(2026, 11, 1, 4, 30, tzinfo=BERLIN), 12),
    ],
)
def test_a_clock_change_removes_or_repeats_an_hour(moment: datetime, count: int) -> None:
    assert len(comparable_hours(moment, BERLIN)) == count


def test_the_activity_of_few_hours_is_unknown() -> None:
    empty: dict[str, int] = {}
    assert expected_counts([empty] * (MIN_HOURS - 1), ["person"]) == {}
    assert expected_counts([empty] * 4, ["person"])["person"] > 0.1  # not yet rare
    assert expected_counts([empty] * 6, ["person"])["person"] < 0.1
    assert expected_counts([{"person": 1}] * 4, ["person", "car"]) == {
        "person": 1.125,
        "car": 0.125,
    }
    assert expected_counts([{"person": 3}, *[empty] * 3], ["person"]) == {"person": 0.875}
