"""Zones from typed text."""

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.zones import MAX_CORNERS, ZoneError, read_corners


@pytest.mark.parametrize(
    ("typed", "polygon"),
    [
        ("0.1 0.5, 0.4 1", ((0.1, 0.5), (0.4, 0.5), (0.4, 1.0), (0.1, 1.0))),  # a rectangle
        ("0.4 1, 0.1 0.5", ((0.4, 1.0), (0.1, 1.0), (0.1, 0.5), (0.4, 0.5))),
        ("0 0; 1 0\n.5 1", ((0.0, 0.0), (1.0, 0.0), (0.5, 1.0))),
        (" 0  0 , 1 0, 0.5\t1,", ((0.0, 0.0), (1.0, 0.0), (0.5, 1.0))),
    ],
)
def test_corners_make_a_polygon(typed: str, polygon: object) -> None:
    assert read_corners(typed) == polygon


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "too_few_corners"),
        ("0.1 0.5", "too_few_corners"),
        ("0.1 0.5 0.4, 1 1", "not_a_corner"),
        ("left top, 1 1", "not_a_corner"),
        ("0.1, 0.5, 0.4, 1", "not_a_corner"),
        ("10 50, 40 100", "outside_picture"),
        ("nan 0, 1 1", "outside_picture"),
        ("-0.1 0, 1 1", "outside_picture"),
        ("0.1 0.5, 0.1 0.9", "too_small"),
        ("0 0, 0.01 0.01", "too_small"),
        ("0 0, 1 1, 1 0, 0 1", "lines_cross"),
        (", ".join(f"{n / 100} 0" for n in range(MAX_CORNERS)) + ", 1 1", "too_many_corners"),
    ],
)
def test_an_invalid_zone_is_refused_with_its_reason(typed: str, reason: str) -> None:
    with pytest.raises(ZoneError) as caught:
        read_corners(typed)
    assert caught.value.reason == reason
