"""Cursors of pages: each identifies the last row, so that new rows do not shift the pages."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
import json

from sqlalchemy import ColumnElement, tuple_

from ..domain.errors import InputError


class BadCursorError(InputError):
    """A cursor that does not belong to this list."""

    code = "bad_cursor"


def encode(moment: datetime, key: object) -> str:
    """Return the opaque cursor of a row, by the values that its list is sorted by."""
    text = json.dumps([moment.isoformat(), str(key)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode[K](cursor: str, key_of: Callable[[str], K]) -> tuple[datetime, K]:
    """Return the arguments of `encode`; raises BadCursorError."""
    try:
        plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        moment, key = json.loads(plain)
        # astimezone: PostgreSQL accepts no time without its offset
        return datetime.fromisoformat(moment).astimezone(UTC), key_of(key)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise BadCursorError("the cursor does not belong to this list") from error


def after[K](
    cursor: str,
    moment: ColumnElement[datetime],
    key: ColumnElement[K],
    key_of: Callable[[str], K],
) -> ColumnElement[bool]:
    """Return the condition for the rows after a cursor in a list in descending order."""
    last_moment, last_key = decode(cursor, key_of)
    return tuple_(moment, key) < (last_moment, last_key)
