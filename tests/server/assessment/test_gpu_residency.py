"""A GPU that goes silently is noticed; a model that never had one misses none."""

import pytest

from inference_server.assessment.gpu_residency import CONSECUTIVE_SLOW, GpuResidency


def watch(*seen: tuple[float | None, float | None]) -> GpuResidency:
    watch = GpuResidency()
    for share, speed in seen:
        watch.record_share(share)
        watch.record_speed(speed)
    return watch


@pytest.mark.parametrize(
    "seen",
    [
        [],
        [(None, None)],
        [(None, 40.0), (None, 1.0), (None, 1.0), (None, 1.0)],
        [(0.0, 8.0), (0.0, 1.0), (0.0, 1.0), (0.0, 1.0)],  # from the CPU from the start
        [(1.0, 90.0), (1.0, 30.0), (1.0, 30.0), (1.0, 30.0)],  # the GPU has other work, too
        [(1.0, 90.0), (0.6, 60.0)],
        [(1.0, 90.0), *[(1.0, 5.0)] * (CONSECUTIVE_SLOW - 1)],
        [(1.0, 90.0), (1.0, 5.0), (1.0, 80.0), (1.0, 5.0), (1.0, 5.0)],
        [(1.0, 90.0), (1.0, None), (1.0, None), (1.0, None)],
        [(1.0, 90.0), (0.0, 4.0), (1.0, 85.0)],  # it is back
        [(1.0, 90.0), (None, 80.0)],
    ],
)
def test_nothing_is_lost(seen: list[tuple[float | None, float | None]]) -> None:
    assert watch(*seen).lost is None


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ([(1.0, 90.0), (0.0, 80.0)], "0% of the language model is on the GPU; it was 100%"),
        ([(0.8, 90.0), (0.3, 80.0)], "30% of the language model is on the GPU; it was 80%"),
        ([(1.0, 90.0), *[(1.0, 5.0)] * CONSECUTIVE_SLOW], "writes 5.0 tokens a second; it was"),
    ],
)
def test_a_lost_gpu_is_told_with_what_to_do(
    seen: list[tuple[float | None, float | None]], said: str
) -> None:
    lost = watch(*seen).lost

    assert lost
    assert said in lost
    assert "restart" in lost
