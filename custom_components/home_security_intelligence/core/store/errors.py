"""From what asyncpg and SQLAlchemy raise to the core's tree of errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from asyncpg import InterfaceError, PostgresError  # type: ignore[import-untyped]  # has no types
from sqlalchemy.exc import DBAPIError, TimeoutError as PoolTimeoutError

from ..errors import (
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


@contextmanager
def translated() -> Iterator[None]:
    """Raise StoreError for trouble with the database; let our own mistakes through."""
    try:
        yield
    except (DBAPIError, PostgresError, InterfaceError, PoolTimeoutError, OSError) as error:
        known = _translate(error)
        if known is None:
            raise
        raise known from error


def _translate(error: BaseException) -> StoreError | None:
    origin = _origin(error)
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
