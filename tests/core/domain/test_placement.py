"""A camera's placement is guessed from its name, in any of the integration's languages."""

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.placement import Placement, guess_placement


@pytest.mark.parametrize(
    ("name", "placement"),
    [
        ("Front door", Placement.OUTDOORS_PUBLIC),
        ("front_drive", Placement.OUTDOORS_PUBLIC),
        ("Einfahrt", Placement.OUTDOORS_PUBLIC),
        ("Haustür", Placement.OUTDOORS_PUBLIC),
        ("Back yard", Placement.OUTDOORS_PRIVATE),
        ("Garten 2", Placement.OUTDOORS_PRIVATE),
        ("jardín trasero", Placement.OUTDOORS_PRIVATE),
        ("Living room", Placement.INDOORS),
        ("Flur-oben", Placement.INDOORS),
        ("kuchnia", Placement.INDOORS),
        ("balkon", Placement.BALCONY),
        ("Pool", Placement.POOL),
        ("garden pool", Placement.POOL),
        ("Keller", Placement.GARAGE),
        ("Garage", Placement.GARAGE),
        ("cam1", None),
        ("Hallein", None),
        ("", None),
    ],
)
def test_a_name_suggests_where_a_camera_hangs(name: str, placement: Placement | None) -> None:
    assert guess_placement(name) is placement
