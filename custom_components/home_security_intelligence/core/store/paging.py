"""Pages that stay in step while rows come and go: a cursor names the last row seen."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
import json

from sqlalchemy import ColumnElement, tuple_

from ..domain.errors import InputError


class BadCursorError(InputError):
    """A cursor that this software has not given out for this list."""

    code = "bad_cursor"


def encode(moment: datetime, key: object) -> str:
    """Return the opaque cursor after a row, given by what its list is sorted by."""
    plain = json.dumps([moment.isoformat(), str(key)])
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def decode[K](cursor: str, key_of: Callable[[str], K]) -> tuple[datetime, K]:
    """Return what `encode` was given; raises BadCursorError."""
    try:
        plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        moment, key = json.loads(plain)
        # astimezone: PostgreSQL takes no moment without its offset
        return datetime.fromisoformat(moment).astimezone(UTC), key_of(key)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise BadCursorError("the cursor is not one of this list") from error


def after[K](
    cursor: str,
    moment: ColumnElement[datetime],
    key: ColumnElement[K],
    key_of: Callable[[str], K],
) -> ColumnElement[bool]:
    """Return the condition of the rows after a cursor in a list sorted downwards."""
    last_moment, last_key = decode(cursor, key_of)
    return tuple_(moment, key) < (last_moment, last_key)
