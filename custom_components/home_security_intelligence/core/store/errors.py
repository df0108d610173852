"""Translates errors of asyncpg and SQLAlchemy into the core's errors."""

from collections.abc import Iterator
from contextlib import contextmanager
import logging

from asyncpg import (  # type: ignore[import-untyped]  # has no types
    DataError,
    InterfaceError,
    InternalClientError,
    InvalidCachedStatementError,
    PostgresError,
)
from sqlalchemy.exc import DBAPIError, TimeoutError as PoolTimeoutError

from ..domain.errors import (
    CoreError,
    InputError,
    StoreError,
    StoreInterruptedError,
    StoreUnreachableError,
)
from . import sqlstate

_LOGGER = logging.getLogger(__name__)

_FOREIGN = (
    DBAPIError,
    PostgresError,
    InterfaceError,
    InternalClientError,
    PoolTimeoutError,
    OSError,
)
_BAD_TEXT = "a text contains a character that PostgreSQL cannot store"


@contextmanager
def translated() -> Iterator[None]:
    """Raise StoreError for a failure of the database, InputError for values that it cannot store.

    Defects of this program are not translated.
    """
    try:
        yield
    except _FOREIGN as error:
        known = _translate(error)
        if known is None:
            raise
        raise known from error


@contextmanager
def contained() -> Iterator[None]:
    """Raise StoreError for every failure of connecting or migrating; an unexpected one is logged."""
    try:
        with translated():
            yield
    except StoreError:
        raise
    except Exception as error:
        _LOGGER.exception("The connection to PostgreSQL failed unexpectedly")
        kind = type(error).__name__
        raise StoreError(
            f"the connection to PostgreSQL failed unexpectedly ({kind}); see the log"
        ) from error


def _translate(error: BaseException) -> CoreError | None:
    origin = _origin(error)
    if isinstance(origin, InvalidCachedStatementError):
        return StoreInterruptedError("the tables were migrated while they were in use")
    if isinstance(origin, DataError) and (known := _from_value(origin)) is not None:
        return known
    if isinstance(origin, PostgresError):
        return _from_sqlstate(origin)
    if isinstance(origin, OSError):  # refused, no such host, reset, timed out
        detail = str(origin) or type(origin).__name__
        return StoreUnreachableError(f"PostgreSQL does not respond: {detail}")
    if isinstance(error, PoolTimeoutError):
        return StoreError("all connections to PostgreSQL are busy")
    if isinstance(origin, InternalClientError):  # such as an unexpected message of a pooler
        return StoreError(f"the connection to PostgreSQL does not work: {origin}")
    if isinstance(origin, InterfaceError) or _disconnected(error):
        return StoreUnreachableError(f"the connection to PostgreSQL was lost: {origin}")
    return None


def _from_sqlstate(origin: PostgresError) -> CoreError | None:
    known = sqlstate.meaning(origin.sqlstate or "")
    if known.kind is None:
        return None
    if issubclass(known.kind, InputError):
        # Without the value: whatever displays it may not be able to, either.
        return known.kind(known.sentence, code=known.code)
    return known.kind(f"{known.sentence}: {origin}")


def _from_value(origin: DataError) -> CoreError | None:
    """Return the error for a value that asyncpg could not encode; its cause says why."""
    match origin.__cause__:
        case UnicodeEncodeError():
            return InputError(_BAD_TEXT, code="bad_text")
        case OverflowError():
            return InputError(
                "a time or a number is beyond the range of PostgreSQL", code="out_of_range"
            )
        case _:
            return None


def _origin(error: BaseException) -> BaseException:
    """Return the error of asyncpg or the system that SQLAlchemy has wrapped."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, PostgresError | OSError | InterfaceError | InternalClientError):
            return seen
        seen = seen.orig if isinstance(seen, DBAPIError) else seen.__cause__
    return error


def _disconnected(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated
