"""The folders and names of camera makers: each image is found with its camera and its time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hsi_core.files.name_patterns import NamePatterns
from hsi_core.files.reader import read_stated_times
from tests.core.watch.conftest import Watch, write

type Make = Callable[..., Watch]

HOME = ZoneInfo("Europe/Berlin")
TAKEN = datetime(2026, 11, 23, 13, 19, 3, tzinfo=HOME)
LAYOUTS = {
    "Foscam": "FI9900P_00626E000000/snap/MDAlarm_{t:%Y%m%d-%H%M%S}.jpg",
    "Foscam by schedule": "FI9900P_00626E000000/snap/Schedule_{t:%Y%m%d-%H%M%S}.jpg",
    "Reolink": "{t:%Y/%m/%d}/Front door_00_{t:%Y%m%d%H%M%S}.jpg",
    "Hikvision": "192.0.2.7/{t:%Y-%m/%d}/192.0.2.7_01_{t:%Y%m%d%H%M%S}000_MOTION_DETECTION.jpg",
    "Dahua": "{t:%Y-%m-%d}/pic_001/{t:%H.%M.%S}[M][0@0][0].jpg",
    "Amcrest": "AMC0000000000/{t:%Y-%m-%d}/001/jpg/{t:%H/%M/%S}[M][0@0][0].jpg",
    "Axis": "{t:%Y%m%d/%H}/image{t:%y-%m-%d_%H-%M-%S}-45.jpg",
    "Axis by number": "axis/{t:%Y%m%d}/{t:%Y%m%d_%H%M%S}_ACCC8E000000.jpg",
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
async def test_an_image_in_the_folders_of_a_maker(watch: Make, root: Path, layout: str) -> None:
    path = layout.format(t=TAKEN)
    before, after = root / "front" / path, root / "yard/gate" / path
    write(before, age=60)
    seen = watch()
    await seen.start()
    found = [await seen.next()]
    # All its folders are new, and the image is written at the same moment.
    write(after)
    found.append(await seen.next())
    assert [(file.camera, file.path) for file in found] == [
        ("front", f"front/{path}"),
        ("yard/gate", f"yard/gate/{path}"),
    ]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_its_capture_time_comes_from_its_name(root: Path, layout: str) -> None:
    names = NamePatterns(HOME)
    for minutes in range(1, 10):
        earlier = TAKEN - timedelta(minutes=minutes)
        names.learn("front", f"front/{layout.format(t=earlier)}", earlier)
    path = f"front/{layout.format(t=TAKEN)}"
    write(root / path)
    [stated] = read_stated_times(
        root,
        path,
        named=names.read("front", path),
        near=TAKEN + timedelta(minutes=10),
        time_zone=HOME,
    )
    assert stated.at == TAKEN
