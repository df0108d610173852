"""An image without permission to read it is waited for: its writer may still grant it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.core.pipeline.harness import House

# isort: split
from hsi_core.domain.errors import ImageUnreadableError
from hsi_core.domain.models import ImageState
from hsi_core.domain.queries import DeadLetterQuery
from hsi_core.files import image_loader, privacy
from hsi_core.files.reader import read_image

FORBIDDEN = ImageUnreadableError("there is no permission", code="file_forbidden")


def forbid(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Refuse to read files so often, as the system does to a user without permission."""
    read: Callable[..., Any] = read_image
    left = iter(range(times))

    def read_or_fail(*arguments: Any, **options: Any) -> Any:
        if next(left, None) is not None:
            raise FORBIDDEN
        return read(*arguments, **options)

    monkeypatch.setattr(privacy, "read_image", read_or_fail)


async def test_an_image_is_read_once_there_is_permission(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(monkeypatch, 5)  # more often than an image may fail
    pipeline, journal = await house.run()
    house.upload("front/a.jpg")
    assert (await journal.image("front/a.jpg")).state is ImageState.DETECTED
    assert (await pipeline.queries.list_dead_letters(DeadLetterQuery())).total == 0


async def test_an_image_that_stays_forbidden_becomes_a_dead_letter(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(monkeypatch, 1000)
    monkeypatch.setattr(image_loader, "_FORBIDDEN_LIMIT", 0.5)
    pipeline, journal = await house.run()
    house.upload("front/a.jpg")
    assert (await journal.image("front/a.jpg")).state is ImageState.DEAD
    [letter] = (await pipeline.queries.list_dead_letters(DeadLetterQuery())).items
    assert letter.error_type == "file_forbidden"
