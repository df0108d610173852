"""Which clean-ups have to be confirmed."""

from datetime import UTC, datetime, timedelta

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.clean_up import CleanUpHistory, Stored, amount_doubt
from hsi_core.domain.models import CleanupReport

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)


def doubt(
    *,
    files: int = 0,
    images: int = 0,
    stored: int = 1000,
    history: tuple[int, ...] = (),
    newest: datetime | None = NOW,
    ran_at: datetime | None = YESTERDAY,
    days: float = 30.0,
) -> str | None:
    return amount_doubt(
        CleanupReport(files=files, images=images),
        Stored(images=stored, files=stored, newest=newest),
        CleanUpHistory(ran_at=ran_at, images=history, files=history),
        record_days=days,
        file_days=days,
        now=NOW,
    )


@pytest.mark.parametrize("kind", ["files", "images"])
@pytest.mark.parametrize(
    ("due", "how", "expected"),
    [
        (200, {}, None),
        (201, {}, "201 of 1000"),
        (900, {"history": (33, 34, 35)}, "more than 10 times the usual 34"),
        (150, {"history": (9, 10, 11)}, "more than 10 times the usual 10"),
        (99, {"history": (0, 1, 2)}, None),  # a busy day of a quiet camera
        (150, {"history": (9,)}, None),  # what is usual is not known yet
        # A large share is usual: few days are kept, or few bytes.
        (500, {"days": 1.0}, None),
        (500, {"days": 5.0}, "500 of 1000"),
        (300, {"days": 0.0, "history": (290, 310, 280)}, None),
        (600, {"days": 0.0, "history": (290, 310, 280)}, "600 of 1000"),
        # After a pause the time is known by this machine's clock only.
        (30, {"newest": NOW - timedelta(days=90), "ran_at": None}, "since 2026-09-01"),
        (30, {"newest": None, "ran_at": NOW - timedelta(days=90)}, "since 2026-09-01"),
        (30, {"newest": NOW - timedelta(days=90)}, None),
        (30, {"newest": None, "ran_at": None}, None),
        (0, {"newest": NOW - timedelta(days=90), "ran_at": None}, None),
    ],
)
def test_what_has_to_be_confirmed(
    kind: str, due: int, how: dict[str, object], expected: str | None
) -> None:
    found = doubt(**{kind: due, **how})  # type: ignore[arg-type]  # the arguments of `doubt`
    assert found is None if expected is None else expected in str(found)


def test_few_records_need_no_confirmation_but_every_file_does() -> None:
    assert doubt(images=20, stored=20) is None
    assert doubt(images=21, stored=21) is not None
    assert doubt(files=1, stored=1) is not None
