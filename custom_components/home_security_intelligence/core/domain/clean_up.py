"""Whether a clean-up would delete so much that a person has to confirm it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from .models import CleanupReport

MAX_SHARE = 0.2  # of what is stored
MAX_TIMES_USUAL = 10
MIN_HISTORY = 3  # runs from which on there is a usual number
KEPT_HISTORY = 14  # runs
FEW = 20  # records that are deleted without a question, if no file is
MANY = 100  # more than this is compared with what is usual
MAX_PAUSE = timedelta(days=7)  # without an image and a clean-up


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanUpHistory:
    """The clean-ups of one camera root: when the last one ran, and what the nightly ones deleted."""

    ran_at: datetime | None = None
    images: tuple[int, ...] = ()  # of each run, the latest last
    files: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a clean-up chooses from."""

    images: int
    files: int
    newest: datetime | None  # when the newest image was found


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingCleanUp:
    """A nightly clean-up that waits for a confirmation.

    `judged_at` is the time by which it was decided what is due. `by_clock`: it waits because the
    machine's clock differs from others, and no longer once they agree.
    """

    judged_at: datetime
    reason: str
    by_clock: bool
    images: int
    stored_images: int
    files: int
    stored_files: int
    file_bytes: int


def amount_doubt(
    report: CleanupReport,
    stored: Stored,
    history: CleanUpHistory,
    *,
    record_days: float,
    file_days: float,
    now: datetime,
) -> str | None:
    """Return why it has to be confirmed that so much is deleted; None if it does not.

    `record_days` and `file_days` are the retention; 0 if there is none by age.
    """
    if not report.files and report.images <= FEW:
        return None
    known = [moment for moment in (stored.newest, history.ran_at) if moment is not None]
    if known and now - max(known) > MAX_PAUSE:
        return f"no image was found and nothing was deleted since {max(known):%Y-%m-%d}"
    return _kind_doubt(
        "image files", report.files, stored.files, history.files, file_days
    ) or _kind_doubt("image records", report.images, stored.images, history.images, record_days)


def _kind_doubt(
    kind: str, due: int, stored: int, history: Sequence[int], days: float
) -> str | None:
    if not due:
        return None
    usual = median(history) if len(history) >= MIN_HISTORY else None
    if usual is not None and due > max(MANY, MAX_TIMES_USUAL * usual):
        return f"{due} {kind} are more than {MAX_TIMES_USUAL} times the usual {usual:g}"
    # A retention of few days always deletes a large share: the records of one day in so many.
    expected = 1 / (days + 1) if days > 0 else 0.0
    is_usual = bool(history) and due <= 2 * min(history[-MIN_HISTORY:])
    if due > stored * max(MAX_SHARE, 2 * expected) and not is_usual:
        return f"{due} of {stored} {kind} are more than {MAX_SHARE:.0%}"
    return None
