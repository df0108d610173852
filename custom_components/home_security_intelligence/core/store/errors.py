"""From what asyncpg and SQLAlchemy raise to the core's tree of errors."""

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
    """One transaction stood in another's way; the database itself is well."""

    code = "database_conflict"


# SQLSTATE classes and codes that are about the database as a whole and not about one statement;
# everything else is a mistake of ours and must not be taken for an outage.
_BY_STATE: tuple[tuple[str, type[StoreError], str], ...] = (
    ("28", StoreAuthError, "PostgreSQL does not accept the user or the password"),
    ("3D000", StoreMissingError, "there is no such database on that PostgreSQL"),
    ("42501", StorePermissionError, "the database user may not do what is needed there"),
    ("08", StoreUnreachableError, "the connection to PostgreSQL was lost"),
    ("55000", StoreUnreachableError, "PostgreSQL lets nobody into this database at the moment"),
    ("57P", StoreUnreachableError, "PostgreSQL is shutting down or starting"),
    ("53", StoreError, "PostgreSQL has run out of connections, memory or disk space"),
    ("25006", StoreError, "PostgreSQL does not accept writing at the moment"),
    ("40", StoreConflictError, "PostgreSQL gave up a transaction in favour of another"),
    ("55P03", StoreConflictError, "PostgreSQL gave up waiting for a lock"),
    ("58", StoreError, "PostgreSQL has trouble with its own files"),
    ("XX", StoreError, "PostgreSQL has internal trouble"),
)

_BAD_TEXT = "a text has a character that PostgreSQL cannot hold"


@contextmanager
def translated() -> Iterator[None]:
    """Raise StoreError for trouble with the database, InputError for values that it cannot hold.

    Our own mistakes are let through.
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
    # Without the value: it may be anything, and where it is shown may not take it either.
    if isinstance(origin, CharacterNotInRepertoireError):
        return InputError(_BAD_TEXT, code="bad_text")
    if isinstance(origin, DataError):  # what asyncpg could not even send has its reason below it
        match origin.__cause__:
            case UnicodeEncodeError():
                return InputError(_BAD_TEXT, code="bad_text")
            case OverflowError():
                return InputError(
                    "a time or a number is beyond what PostgreSQL can hold", code="out_of_range"
                )
    if isinstance(origin, PostgresError):
        state = origin.sqlstate or ""
        for prefix, kind, sentence in _BY_STATE:
            if state.startswith(prefix):
                return kind(f"{sentence}: {origin}")
        return None
    if isinstance(origin, OSError):  # refused, no such host, reset, timed out
        detail = str(origin) or type(origin).__name__
        return StoreUnreachableError(f"no PostgreSQL answers: {detail}")
    if isinstance(error, PoolTimeoutError):
        return StoreError("all connections to PostgreSQL are busy")
    if isinstance(origin, InterfaceError) or _disconnected(error):
        return StoreUnreachableError(f"the connection to PostgreSQL was lost: {origin}")
    return None


def _origin(error: BaseException) -> BaseException:
    """Return what asyncpg or the system raised, below SQLAlchemy's wrapping."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, PostgresError | OSError | InterfaceError):
            return seen
        seen = seen.orig if isinstance(seen, DBAPIError) else seen.__cause__
    return error


def _disconnected(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated
