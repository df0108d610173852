"""Several camera roots on one database: the same folder elsewhere, another one, a changed one."""

import asyncio
from pathlib import Path
import shutil

import pytest

from testbed.postgres import Postgres
from tests.core.pipeline.house import CAMERAS, SOON, House
from tests.core.pipeline.test_crashes import query

# isort: split
from hsi_core.errors import CameraRootForeignError
from hsi_core.models import FailureClass, ImageState
from hsi_core.pipeline import DeadLetterQuery, Pipeline


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Return another folder with the same cameras."""
    root = tmp_path / "other"
    for camera in CAMERAS:
        (root / camera).mkdir(parents=True)
    return root


async def registered(house: House, count: int) -> Pipeline:
    """Have so many pictures registered by a pipeline that looks at none."""
    pipeline, journal = await house.run(detect_workers=0)
    for number in range(count):
        house.upload(f"front/{number}.jpg", f"car 0.9 #{number}", age=60 - number)
    await journal.depth(count)
    return pipeline


async def test_the_same_folder_mounted_elsewhere_on_another_machine(
    house: House, tmp_path: Path
) -> None:
    await registered(house, 3)
    (tmp_path / "mount").symlink_to(house.root)
    house.root, house.host = tmp_path / "mount", "there"
    pipeline, journal = await house.run()
    assert {image.state for image in await journal.ended(3)} == {ImageState.DETECTED}
    house.upload("front/later.jpg", "car 0.8")
    assert (await journal.image("front/later.jpg")).state is ImageState.DETECTED
    assert (await pipeline.list_dead_letters(DeadLetterQuery())).total == 0
    assert house.server.detected.total() == 4


async def test_another_machine_with_other_pictures_is_refused(house: House, other: Path) -> None:
    await registered(house, 1)
    house.root, house.host = other, "there"
    with pytest.raises(CameraRootForeignError, match="here works on this database"):
        await house.run()


async def test_a_machine_that_has_gone_keeps_nobody_out(
    house: House, other: Path, postgres: Postgres
) -> None:
    await (await registered(house, 1)).stop()
    query(postgres, house, "UPDATE hsi.roots SET seen_at = seen_at - interval '2 minutes'")
    house.root, house.host = other, "there"
    await house.run()


async def test_a_picture_in_a_folder_that_others_work_on_waits_for_them(
    house: House, other: Path, postgres: Postgres
) -> None:
    await registered(house, 1)
    mine, house.root = house.root, other
    pipeline, _ = await house.run()
    async with asyncio.timeout(SOON):
        while not query(postgres, house, "SELECT error_type FROM hsi.jobs"):  # noqa: ASYNC110 - nobody tells of a job that waits
            await asyncio.sleep(0.05)
    waits = query(postgres, house, "SELECT state, error_type, attempts FROM hsi.jobs")
    assert waits.removeprefix("pending").removeprefix("leased") == "|file_elsewhere|0"
    assert (await pipeline.list_dead_letters(DeadLetterQuery())).total == 0

    house.root = mine
    _, journal = await house.run()
    assert (await journal.image("front/0.jpg")).state is ImageState.DETECTED


async def test_a_changed_folder_has_what_was_moved_and_says_what_was_not(
    house: House, other: Path, postgres: Postgres
) -> None:
    await (await registered(house, 3)).stop()
    before, house.root = house.root, other
    shutil.copy2(before / "front/0.jpg", other / "front/0.jpg")
    shutil.copyfile(before / "front/1.jpg", other / "front/1.jpg")  # with a time of its own
    query(postgres, house, "UPDATE hsi.roots SET seen_at = seen_at - interval '2 minutes'")

    pipeline, journal = await house.run()
    ended = {(i.path, i.state, i.reason) for i in await journal.ended(4)}
    [letter] = (await pipeline.list_dead_letters(DeadLetterQuery())).items
    assert ended == {
        ("front/0.jpg", ImageState.DETECTED, None),
        ("front/1.jpg", ImageState.SKIPPED, "replaced"),
        ("front/1.jpg", ImageState.DETECTED, None),
        ("front/2.jpg", ImageState.DEAD, letter.message),
    }
    assert (letter.failure, letter.error_type) == (FailureClass.INPUT, "root_changed")
    assert str(before) in letter.message
    assert str(other) in letter.message

    shutil.copy2(before / "front/2.jpg", other / "front/2.jpg")
    await pipeline.requeue_dead_letters()
    await journal.until(lambda j: [i for i in j.images if i.path == "front/2.jpg" and not i.reason])
