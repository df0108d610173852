"""Every file that a file system can have is registered, once."""

from dataclasses import replace
from random import Random
import string

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

# isort: split
from hsi_core.domain.file_version import version_in
from hsi_core.domain.found_file import FoundFile, storable_mtime
from hsi_core.domain.models import Image, SkipReason
from hsi_core.store import images, registration, retention
from hsi_core.store.engine import begin
from hsi_core.store.registration import NewImage
from tests.core.store.conftest import NOON, at

# PostgreSQL compresses what repeats itself, such as the names of folders by date.
LONG = "/".join("".join(Random(1).choices(string.ascii_letters, k=200)) for _ in range(20))
UNUSUAL = {
    "long path": FoundFile(camera="front", path=f"front/{LONG}.jpg", size=1, mtime_ns=1),
    "backslash": FoundFile(camera="front", path="front/\\x00\\a\\.jpg", size=1, mtime_ns=1),
    "before 1678": FoundFile(
        camera="front", path="front/a.jpg", size=1, mtime_ns=storable_mtime(-(2**70))
    ),
    "after 2262": FoundFile(
        camera="front", path="front/b.jpg", size=1, mtime_ns=storable_mtime(2**70)
    ),
    "huge": FoundFile(camera="front", path="front/c.jpg", size=2**63 - 1, mtime_ns=1),
}


async def register(connection: AsyncConnection, file: FoundFile) -> tuple[Image, ...]:
    new = [NewImage(file=file, captured_at=NOON)]
    return (await registration.register(connection, new, found_at=NOON, now=NOON)).images


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize("file", UNUSUAL.values(), ids=UNUSUAL)
async def test_an_unusual_file_is_registered_once(engine: AsyncEngine, file: FoundFile) -> None:
    async with begin(engine) as connection:
        assert await registration.find_known(connection, [file]) == set()
        [image] = await register(connection, file)
        assert await register(connection, file) == ()
        assert await registration.find_known(connection, [file]) == {file}
        await images.set_skipped(connection, [(image, None)], SkipReason.REPLACED)
        other = replace(image, id=0)
        assert await images.is_skipped_as_replaced(connection, other, version_in(image))


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize("file", UNUSUAL.values(), ids=UNUSUAL)
async def test_an_unusual_file_is_remembered_after_its_record_is_deleted(
    engine: AsyncEngine, file: FoundFile
) -> None:
    async with begin(engine) as connection:
        [image] = await register(connection, file)
        await images.set_dead(connection, image.id, "broken")
        due = await retention.find_due_images(connection, at(1), limit=10)
        await retention.delete_images(connection, due, at(1), due)
        assert await registration.find_known(connection, [file]) == {file}
