"""Every SQLSTATE is classified on purpose: only a defect spends an attempt of an image."""

from asyncpg import exceptions  # type: ignore[import-untyped]  # has no types
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.aio.health_board import HealthBoard
from hsi_core.aio.publisher import Publisher
from hsi_core.domain.errors import (
    CoreError,
    InputError,
    StoreAuthError,
    StoreConflictError,
    StoreError,
    StoreInterruptedError,
    StoreMissingError,
    StorePermissionError,
    StoreRefusedError,
    StoreUnreachableError,
)
from hsi_core.domain.models import FailureClass
from hsi_core.domain.settings import Settings
from hsi_core.queue.retry_policy import describe
from hsi_core.store.database import Database
from hsi_core.store.engine import begin
from hsi_core.store.errors import translated
from hsi_core.store.outbox import Outbox
from hsi_core.store.sqlstate import CLASSES, CODES, meaning

# All of the driver's error classes, which it generates from PostgreSQL's errcodes.txt.
DRIVER_ERRORS: dict[str, type[Exception]] = {
    kind.sqlstate: kind  # type: ignore[attr-defined]  # has no types
    for kind in vars(exceptions).values()
    if isinstance(kind, type)
    and issubclass(kind, exceptions.PostgresError)
    and getattr(kind, "sqlstate", None)
    # One that is more than a code shares it with its class.
    and kind is not exceptions.InvalidCachedStatementError
}
# Codes that the failing statement's values or a defect of this program can cause.
OWN = [
    "03",
    "09",
    "0F",
    "0L",
    "0Z",
    "10",
    "20",
    "21",
    "22",
    "23",
    "24",
    "27",
    "2B",
    "2F",
    "34",
    "38",
    "39",
    "42",
    "44",
    "54",
    "P0",
]
OWN_CODES = {"55P04"}
# Codes of those classes that concern the installation as a whole.
NOT_OWN = {"42501", "42703", "42704", "42883", "42P01", "42P05"}
FINAL = {"22003", "22008", "22021", "22P05"}


def failure(error: Exception) -> FailureClass:
    return describe(error).failure


def raised(sqlstate: str) -> Exception:
    """Return the error that a failing statement raises in the core."""
    with pytest.raises((CoreError, exceptions.PostgresError)) as caught, translated():
        raise DRIVER_ERRORS[sqlstate](f"as {sqlstate}")
    error: Exception = caught.value
    return error


def test_the_list_is_complete() -> None:
    assert len(DRIVER_ERRORS) > 250
    assert {code[:2] for code in DRIVER_ERRORS} - set(CLASSES) == set()
    without_errors = {"00", "01", "02"}  # success, a warning, no data
    assert set(CLASSES) - {code[:2] for code in DRIVER_ERRORS} == without_errors
    assert set(CODES) <= set(DRIVER_ERRORS)


def expected(sqlstate: str) -> FailureClass:
    if sqlstate in FINAL:
        return FailureClass.INPUT
    own = sqlstate in OWN_CODES or (sqlstate[:2] in OWN and sqlstate not in NOT_OWN)
    return FailureClass.UNKNOWN if own else FailureClass.OUTAGE


def test_only_a_statements_own_failure_spends_an_attempt() -> None:
    classified = {sqlstate: failure(raised(sqlstate)) for sqlstate in DRIVER_ERRORS}
    assert classified == {sqlstate: expected(sqlstate) for sqlstate in DRIVER_ERRORS}


@pytest.mark.parametrize(
    ("sqlstates", "kind"),
    [
        ("57014 25P03 25P04 57P05 57000 72000 25P02 55006 26000 42P05", StoreInterruptedError),
        ("40001 40P01 40003 55P03", StoreConflictError),
        ("53000 53100 53200 53300 53400 25006 58030 XX000 XX001 F0000", StoreError),
        ("08006 08P01 57P01 57P02 57P03 55000", StoreUnreachableError),
        ("28000", StoreRefusedError),
        ("28P01", StoreAuthError),
        ("3D000 57P04", StoreMissingError),
        ("42501 0P000", StorePermissionError),
        ("42P01 42703 3F000", StoreError),
        ("22021 22003 22008 22P05", InputError),
    ],
)
def test_what_a_code_becomes(sqlstates: str, kind: type[CoreError]) -> None:
    for sqlstate in sqlstates.split():
        error = raised(sqlstate)
        assert type(error) is kind
        assert kind is InputError or f"as {sqlstate}" in str(error)


@pytest.mark.parametrize("sqlstate", ["CR000", "AZ001", "0X123", ""])
def test_a_code_of_another_product_is_never_an_images_own_failure(sqlstate: str) -> None:
    known = meaning(sqlstate)
    assert known.kind is not None
    assert failure(known.kind(known.sentence)) is FailureClass.OUTAGE


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (exceptions.InvalidCachedStatementError("cached plan"), StoreInterruptedError),
        (exceptions.InternalClientError("unexpected state"), StoreError),
        (exceptions.TargetServerAttributeNotMatched("none is primary"), StoreError),
        (exceptions.InterfaceError("connection is closed"), StoreUnreachableError),
    ],
)
def test_errors_of_the_driver_itself_spend_no_attempt(
    error: Exception, kind: type[CoreError]
) -> None:
    with pytest.raises(StoreError) as caught, translated():
        raise error
    assert type(caught.value) is kind


class Cancelling:
    """Work whose first statements PostgreSQL cancels by its statement timeout."""

    def __init__(self, times: int) -> None:
        self.left = times

    async def __call__(self, connection: AsyncConnection) -> int:
        if self.left:
            self.left -= 1
            await connection.execute(text("SELECT set_config('statement_timeout', '1', false)"))
            try:
                await connection.execute(text("SELECT pg_sleep(5)"))
            finally:
                await connection.invalidate()
        return int((await connection.execute(text("SELECT 42"))).scalar_one())


async def test_a_cancelled_statement_is_repeated(engine: AsyncEngine) -> None:
    board = HealthBoard(Publisher())
    database = Database(engine, board, Settings(retry_base=0.001), Outbox(Publisher()))
    board.database_answered()
    assert await database.run_statement(Cancelling(1)) == 42
    assert board.health.database_reachable  # it works; one statement took too long


async def test_a_database_that_cancels_everything_shows_in_the_health(
    engine: AsyncEngine,
) -> None:
    seen: list[str | None] = []
    publisher = Publisher()
    board = HealthBoard(publisher)
    publisher.subscribe(lambda update: seen.append(update.health.database_error))  # type: ignore[union-attr]  # only health is published
    database = Database(engine, board, Settings(retry_base=0.001), Outbox(Publisher()))
    board.database_answered()
    assert await database.run_statement(Cancelling(3)) == 42
    assert seen == [None, "database_interrupted", None]
    assert board.health.database_reachable


async def test_a_cancelled_request_says_so(engine: AsyncEngine) -> None:
    async def cancelled() -> None:
        async with begin(engine) as connection:
            await connection.execute(text("SET LOCAL statement_timeout = 1"))
            await connection.execute(text("SELECT pg_sleep(5)"))

    with pytest.raises(StoreInterruptedError, match="cancelled a statement"):
        await cancelled()
