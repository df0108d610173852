"""Cameras share the claims equally, and none saves up turns."""

from collections import Counter, deque
from collections.abc import Sequence

from hypothesis import given, strategies as st
import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.queue.fair_shares import FairShares


def claim(shares: FairShares, waiting: dict[str, deque[int]], limit: int) -> list[str]:
    """Claim as the store does, a job of each camera in turn; return the cameras."""
    lags = shares.lags
    places = sorted(
        (lags.get(camera, 0) + place, jobs[place], camera)
        for camera, jobs in waiting.items()
        for place in range(len(jobs))
    )
    claimed = [camera for _, _, camera in places[:limit]]
    for camera in claimed:
        waiting[camera].popleft()
    shares.count(claimed)
    return claimed


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_an_image_waits_for_its_own_camera_only(limit: int) -> None:
    shares = FairShares()
    waiting = {"front": deque(range(1000)), "yard": deque[int]()}
    for number in range(50):
        claim(shares, waiting, limit)
        waiting["yard"].append(10_000 + number)  # younger than all of the other camera
        claims = claim(shares, waiting, limit)
        assert "yard" in claims
        waiting["front"].append(20_000 + number)


@given(
    st.lists(st.sampled_from("abc"), max_size=40),
    st.lists(st.integers(1, 5), min_size=1, max_size=20),
)
def test_busy_cameras_have_equally_many_turns(served: Sequence[str], limits: Sequence[int]) -> None:
    shares = FairShares()
    shares.count(served)  # in any order before
    waiting = {camera: deque(range(200)) for camera in "abc"}
    behind = max(shares.lags.values(), default=0)
    turns = Counter(dict.fromkeys("abc", 0))
    for limit in limits:
        turns.update(claim(shares, waiting, limit))
    assert max(turns.values()) - min(turns.values()) <= behind + 1


def test_a_camera_without_jobs_saves_up_no_turns() -> None:
    shares = FairShares()
    shares.count(["front"] * 1000)
    assert shares.lags == {"front": 1}


def test_every_fourth_claim_takes_the_oldest_jobs() -> None:
    shares = FairShares()
    assert [shares.is_turn_of_age() for _ in range(8)] == [False, False, False, True] * 2
