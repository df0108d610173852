"""Reading a picture's file, and saying plainly why that does not work."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
import hashlib
from pathlib import Path, PurePosixPath
import stat

from .errors import ImageUnreadableError, PathEscapeError
from .watch import contained
from .watch.captured_at import HEAD_BYTES, capture_time

_CONTENT_TYPES = {".png": "image/png", ".webp": "image/webp"}
_NS = 1_000_000_000  # nanoseconds in a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A file's bytes, their SHA-256, and what kind of picture its name says they are."""

    content: bytes
    sha256: bytes
    content_type: str


def read(root: Path, path: str, *, max_bytes: int) -> Content:
    """Return a picture's content; raises ImageUnreadableError or PathEscapeError. Blocks."""
    try:
        real = contained(root, path)
        status = real.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ImageUnreadableError("it is not a regular file", code="not_a_file")
        with real.open("rb") as file:
            content = file.read(max_bytes + 1)
    except FileNotFoundError as error:
        raise ImageUnreadableError(
            "the file was gone before it could be looked at", code="file_gone"
        ) from error
    except PermissionError as error:
        raise ImageUnreadableError("the file may not be read", code="file_forbidden") from error
    if not content:
        raise ImageUnreadableError("the file is empty", code="file_empty")
    if len(content) > max_bytes:
        raise ImageUnreadableError(
            f"the file has more than {max_bytes} bytes", code="file_too_large"
        )
    return Content(
        content=content,
        sha256=hashlib.sha256(content).digest(),
        content_type=content_type(path),
    )


def content_type(path: str) -> str:
    """Return the media type a picture's name stands for."""
    return _CONTENT_TYPES.get(PurePosixPath(path).suffix.lower(), "image/jpeg")


def captured_at(
    root: Path, path: str, *, mtime_ns: int, time_zone: tzinfo, now: datetime
) -> datetime:
    """Return when a picture was taken, in UTC and never later than now. Blocks.

    A file that cannot be read counts by its mtime here; looking at it will say what is wrong.
    """
    mtime = min(datetime.fromtimestamp(mtime_ns / _NS, UTC), now)
    try:
        with contained(root, path).open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError, PathEscapeError:
        return mtime
    moment = capture_time(head, PurePosixPath(path).name, mtime, time_zone).astimezone(UTC)
    # A camera clock that is ahead would keep its event open until that time comes.
    return moment if moment <= now else mtime
