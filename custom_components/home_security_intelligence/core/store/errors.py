"""Translates errors of asyncpg and SQLAlchemy into the core's errors."""

from collections.abc import Iterator
from contextlib import contextmanager
import logging
import re
import ssl

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
    StoreCertificateChangedError,
    StoreCertificateError,
    StoreError,
    StoreInterruptedError,
    StoreParameterError,
    StoreTlsError,
    StoreUnreachableError,
    StoreUserError,
)
from . import sqlstate
from .tls import CertificateMismatchError

_LOGGER = logging.getLogger(__name__)

_FOREIGN = (
    DBAPIError,
    PostgresError,
    InterfaceError,
    InternalClientError,
    PoolTimeoutError,
    OSError,
)
# In the words of PgBouncer and of those that copied them.
_POOLER_REFUSES = re.compile(r"unsupported startup parameter(?: in options)?: (\w+)", re.IGNORECASE)
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
    if isinstance(origin, OSError):
        return _from_system(origin)
    if isinstance(error, PoolTimeoutError):
        return StoreError("all connections to PostgreSQL are busy")
    if isinstance(origin, InternalClientError):  # such as an unexpected message of a pooler
        return StoreError(f"the connection to PostgreSQL does not work: {origin}")
    if isinstance(origin, InterfaceError) or _disconnected(error):
        return StoreUnreachableError(f"the connection to PostgreSQL was lost: {origin}")
    return None


def _from_sqlstate(origin: PostgresError) -> CoreError | None:
    state = origin.sqlstate or ""
    known = sqlstate.meaning(state)
    if known.kind is None:
        return None
    if origin.server_source_function == "InitializeSessionUserId":
        return StoreUserError(f"the user does not exist or may not log in: {origin}")
    if state.startswith("08") and (refused := _POOLER_REFUSES.search(str(origin))):
        return StoreParameterError(
            f"the connection pooler refuses a connection parameter: {refused[1]}"
        )
    if issubclass(known.kind, InputError):
        # Without the value: it may be impossible to display, too.
        return known.kind(known.sentence, code=known.code)
    return known.kind(f"{known.sentence}: {origin}")


def _from_system(origin: OSError) -> CoreError:
    """Return the error for a connection that failed before PostgreSQL answered."""
    if isinstance(origin, CertificateMismatchError):
        return StoreCertificateChangedError(
            "PostgreSQL's certificate is not the confirmed one", fingerprint=origin.fingerprint
        )
    if isinstance(origin, ssl.SSLCertVerificationError):
        return StoreCertificateError(
            f"PostgreSQL's certificate is not trusted: {origin.verify_message}; correct it, or "
            "confirm its fingerprint"
        )
    detail = str(origin) or type(origin).__name__
    if isinstance(origin, ssl.SSLError) or "SSL upgrade" in detail:
        return StoreTlsError(f"the connection to PostgreSQL cannot be encrypted: {detail}")
    return StoreUnreachableError(f"PostgreSQL does not respond: {detail}")  # or no such host ...


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
