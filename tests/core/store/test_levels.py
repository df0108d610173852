"""Whatever the order of the images, each stored level is that of the rules over the stored images."""

from dataclasses import replace
from random import Random

import pytest

from tests.core.store.conftest import Archive
from tests.faults.levels import find_wrong_levels


@pytest.mark.parametrize("seed", [6, 10])
async def test_no_level_is_outdated(archive: Archive, database_url: str, seed: int) -> None:
    """Images that open, join, extend and split events, or are evidence on those around them."""
    random = Random(seed)
    archive.settings = replace(
        archive.settings, event_window=60.0, event_idle=15.0, history_images=10
    )
    for _ in range(14):
        await archive.see_batch(
            [
                (
                    random.choice(["front", "front", "yard"]),
                    random.randrange(400),
                    random.choice(["person", "person", "tree", "car"]),
                    random.choice([0.6, 0.95]),
                )
                for _ in range(random.randrange(1, 5))
            ]
        )
    assert len(await archive.events()) > 3
    assert await find_wrong_levels(database_url, archive.settings) == []
