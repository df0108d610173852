"""A file overwritten under the same name is another image: each version is processed once."""

import os
from pathlib import Path

import pytest

from testbed.services.postgres import Postgres
from tests.core.pipeline.harness import House
from tests.core.pipeline.sql import query

# isort: split
from hsi_core.domain.errors import ImageReplacedError
from hsi_core.domain.models import Image, ImageState
from hsi_core.domain.queries import DeadLetterQuery, EventQuery

FIRST = "car 0.9 #first"
SECOND = "person 0.8 #the second one"


async def block_worker(house: House) -> None:
    """Keep the only worker busy with another camera's image."""
    house.server.detect_gate.clear()
    house.upload("yard/hold.jpg", "car 0.7")
    await house.server.requested.wait()


def overwrite(path: Path, content: str) -> None:
    path.write_text(content)


def rename(path: Path, content: str) -> None:
    aside = path.with_suffix(".part")
    aside.write_text(content)
    aside.rename(path)


def of(path: str, found: list[Image]) -> list[Image]:
    return [image for image in found if image.path == path]


@pytest.mark.parametrize("replace", [overwrite, rename])
async def test_an_image_replaced_before_it_is_read(house: House, replace: object) -> None:
    assert callable(replace)
    pipeline, journal = await house.run(detect_concurrency=1)
    await block_worker(house)
    house.upload("front/a.jpg", FIRST, age=5)
    await journal.depth(2)
    replace(house.root / "front/a.jpg", SECOND)
    await journal.depth(3)
    house.server.detect_gate.set()

    one, two = of("front/a.jpg", await journal.ended(3))
    assert {(i.state, i.reason, i.size) for i in (one, two)} == {
        (ImageState.SKIPPED, "replaced", len(FIRST)),
        (ImageState.DETECTED, None, len(SECOND)),
    }
    assert house.server.detected == {b"car 0.7": 1, SECOND.encode(): 1}
    assert (await pipeline.queries.list_dead_letters(DeadLetterQuery())).total == 0
    events = (await pipeline.queries.list_events(EventQuery(camera="front"))).items
    assert [(event.labels, event.image_count) for event in events] == [(("person",), 1)]


async def test_a_replacement_without_a_file_event_is_found_at_once(house: House) -> None:
    """Such as by an FTP server that sets a file's time after it has closed it."""
    _, journal = await house.run(detect_concurrency=1)
    await block_worker(house)
    house.upload("front/a.jpg", FIRST, age=5)
    await journal.depth(2)
    os.utime(house.root / "front/a.jpg", (1_795_000_000, 1_795_000_000))
    house.server.detect_gate.set()
    ended = of("front/a.jpg", await journal.ended(3))
    assert [image.reason for image in ended] == ["replaced", None]
    assert house.server.detected[FIRST.encode()] == 1


@pytest.mark.parametrize(
    "half", ["", "broken #half of an upload"], ids=["empty", "broken off or stalled"]
)
async def test_a_newer_version_ends_the_dead_letter_of_an_older_one(
    house: House, half: str
) -> None:
    """Of a file that was empty at first, or whose upload was broken off and resumed."""
    pipeline, journal = await house.run()
    house.upload("front/a.jpg", half, age=5)
    house.upload("front/other.jpg", "broken, too", age=5)
    assert {image.state for image in await journal.ended(2)} == {ImageState.DEAD}

    house.upload("front/a.jpg", SECOND)

    ended = of("front/a.jpg", await journal.ended(4))
    assert [(image.state, image.reason) for image in ended[1:]] == [
        (ImageState.SKIPPED, "replaced"),
        (ImageState.DETECTED, None),
    ]
    assert ended[1].id == ended[0].id
    letters = (await pipeline.queries.list_dead_letters(DeadLetterQuery())).items
    assert [letter.image_path for letter in letters] == ["front/other.jpg"]


async def test_a_version_that_fails_after_its_replacement_is_found_is_no_dead_letter(
    house: House,
) -> None:
    pipeline, journal = await house.run(detect_concurrency=1)
    house.server.detect_gate.clear()
    house.upload("front/a.jpg", "broken #half of an upload", age=5)
    await house.server.requested.wait()
    house.upload("front/a.jpg", SECOND)
    await journal.depth(2)
    house.server.detect_gate.set()

    ended = of("front/a.jpg", await journal.ended(2))
    assert {(image.state, image.reason) for image in ended} == {
        (ImageState.SKIPPED, "replaced"),
        (ImageState.DETECTED, None),
    }
    assert (await pipeline.queries.list_dead_letters(DeadLetterQuery())).total == 0


async def test_a_file_whose_time_differs_between_machines_is_processed_once(
    house: House, postgres: Postgres
) -> None:
    _, journal = await house.run(detect_concurrency=1)
    await block_worker(house)
    path = house.upload("front/a.jpg", FIRST, age=5)
    await journal.depth(2)
    # As the other machine sees it, which has skipped the file as this one sees it.
    query(
        postgres,
        house,
        f"""
        UPDATE hsi.images SET mtime_ns = mtime_ns - 3600 * 1000000000::bigint
        WHERE path = '{path}';
        INSERT INTO hsi.images (camera, path, mtime_ns, size, captured_at, found_at, state, reason)
        SELECT camera, path, mtime_ns + 3600 * 1000000000::bigint, size, captured_at, found_at,
            'skipped', 'replaced'
        FROM hsi.images WHERE path = '{path}'
        """,
    )
    house.server.detect_gate.set()
    assert (await journal.image(path)).state is ImageState.DETECTED
    assert house.server.detected[FIRST.encode()] == 1


async def test_a_later_image_is_not_returned_for_an_earlier_one(house: House) -> None:
    pipeline, journal = await house.run()
    house.upload("front/a.jpg", FIRST, age=5)
    image = await journal.image("front/a.jpg")
    house.upload("front/a.jpg", SECOND)
    with pytest.raises(ImageReplacedError):
        await pipeline.queries.read_image(image.id)
    await journal.ended(2)
    later = journal.images[-1]
    assert (await pipeline.queries.read_image(later.id)).content == SECOND.encode()
