"""The folders and names of camera makers: each image is found with its camera and its time."""

from collections.abc import Callable
from datetime import UTC, datetime
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hsi_core.files.reader import read_capture_time
from tests.core.watch.conftest import Watch, write

type Make = Callable[..., Watch]

HOME = ZoneInfo("Europe/Berlin")
TAKEN = datetime(2026, 11, 23, 13, 19, 3, tzinfo=HOME)
LAYOUTS = {
    "Foscam": "FI9900P_00626E000000/snap/MDAlarm_20261123-131903.jpg",
    "Foscam by schedule": "FI9900P_00626E000000/snap/Schedule_20261123-131903.jpg",
    "Reolink": "2026/11/23/Front door_00_20261123131903.jpg",
    "Hikvision": "192.0.2.7/2026-11/23/192.0.2.7_01_20261123131903187_MOTION_DETECTION.jpg",
    "Dahua": "2026-11-23/pic_001/13.19.03[M][0@0][0].jpg",
    "Amcrest": "AMC0000000000/2026-11-23/001/jpg/13/19/03[M][0@0][0].jpg",
    "Axis": "20261123/13/image26-11-23_13-19-03-45.jpg",
    "Axis by number": "axis/20261123/20261123_131903_ACCC8E000000.jpg",
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
async def test_an_image_in_the_folders_of_a_maker(watch: Make, root: Path, layout: str) -> None:
    before, after = root / "front" / layout, root / "yard/gate" / layout
    write(before, age=60)
    seen = watch()
    await seen.start()
    found = [await seen.next()]
    # All its folders are new, and the image is written at the same moment.
    write(after)
    found.append(await seen.next())
    assert [(file.camera, file.path) for file in found] == [
        ("front", f"front/{layout}"),
        ("yard/gate", f"yard/gate/{layout}"),
    ]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_its_capture_time_comes_from_its_name(root: Path, layout: str) -> None:
    file = write(root / "front" / layout)
    uploaded = TAKEN.timestamp() + 600
    os.utime(file, (uploaded, uploaded))
    taken = read_capture_time(
        root,
        f"front/{layout}",
        mtime_ns=file.stat().st_mtime_ns,
        time_zone=HOME,
        now=datetime.fromtimestamp(uploaded, UTC),
    )
    assert taken == TAKEN
