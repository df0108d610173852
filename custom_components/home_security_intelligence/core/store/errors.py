"""Translates errors of asyncpg and SQLAlchemy into the core's errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from asyncpg import (  # type: ignore[import-untyped]  # has no types
    CharacterNotInRepertoireError,
    DataError,
    InterfaceError,
    PostgresError,
)
from sqlalchemy.exc import DBAPIError, TimeoutError as PoolTimeoutError

from ..domain.errors import (
    CoreError,
    InputError,
    StoreAuthError,
    StoreError,
    StoreMissingError,
    StorePermissionError,
    StoreUnreachableError,
)


class StoreConflictError(StoreError):
    """Two transactions were in conflict; the database itself works."""

    code = "database_conflict"


# SQLSTATE classes and codes that concern the database as a whole and not one statement. Everything
# else is a defect of this program and must not be taken for an outage.
_BY_STATE: tuple[tuple[str, type[StoreError], str], ...] = (
    ("28", StoreAuthError, "PostgreSQL rejected the user or the password"),
    ("3D000", StoreMissingError, "the database does not exist on that PostgreSQL server"),
    ("42501", StorePermissionError, "the database user lacks the required permissions"),
    ("08", StoreUnreachableError, "the connection to PostgreSQL was lost"),
    (
        "55000",
        StoreUnreachableError,
        "PostgreSQL accepts no connections to this database at the moment",
    ),
    ("57P", StoreUnreachableError, "PostgreSQL is shutting down or starting"),
    ("53", StoreError, "PostgreSQL has run out of connections, memory or disk space"),
    ("25006", StoreError, "PostgreSQL is read-only at the moment"),
    (
        "40",
        StoreConflictError,
        "PostgreSQL aborted a transaction because of a conflict with another",
    ),
    ("55P03", StoreConflictError, "PostgreSQL stopped waiting for a lock"),
    ("58", StoreError, "PostgreSQL cannot access its own files"),
    ("XX", StoreError, "PostgreSQL reports an internal error"),
)

_BAD_TEXT = "a text contains a character that PostgreSQL cannot store"


@contextmanager
def translated() -> Iterator[None]:
    """Raise StoreError for a failure of the database, InputError for values that it cannot store.

    Defects of this program are not translated.
    """
    try:
        yield
    except (DBAPIError, PostgresError, InterfaceError, PoolTimeoutError, OSError) as error:
        known = _translate(error)
        if known is None:
            raise
        raise known from error


def _translate(error: BaseException) -> CoreError | None:
    origin = _origin(error)
    # Without the value: whatever displays it may not be able to, either.
    if isinstance(origin, CharacterNotInRepertoireError):
        return InputError(_BAD_TEXT, code="bad_text")
    if isinstance(origin, DataError):  # asyncpg could not encode it; the cause says why
        match origin.__cause__:
            case UnicodeEncodeError():
                return InputError(_BAD_TEXT, code="bad_text")
            case OverflowError():
                return InputError(
                    "a time or a number is beyond the range of PostgreSQL", code="out_of_range"
                )
    if isinstance(origin, PostgresError):
        state = origin.sqlstate or ""
        for prefix, kind, sentence in _BY_STATE:
            if state.startswith(prefix):
                return kind(f"{sentence}: {origin}")
        return None
    if isinstance(origin, OSError):  # refused, no such host, reset, timed out
        detail = str(origin) or type(origin).__name__
        return StoreUnreachableError(f"PostgreSQL does not respond: {detail}")
    if isinstance(error, PoolTimeoutError):
        return StoreError("all connections to PostgreSQL are busy")
    if isinstance(origin, InterfaceError) or _disconnected(error):
        return StoreUnreachableError(f"the connection to PostgreSQL was lost: {origin}")
    return None


def _origin(error: BaseException) -> BaseException:
    """Return the error of asyncpg or the system that SQLAlchemy has wrapped."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, PostgresError | OSError | InterfaceError):
            return seen
        seen = seen.orig if isinstance(seen, DBAPIError) else seen.__cause__
    return error


def _disconnected(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated
