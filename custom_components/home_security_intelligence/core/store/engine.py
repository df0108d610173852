"""The connection to PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
import re
import ssl as ssl_module

from sqlalchemy import event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from ..domain.errors import (
    StoreAuthError,
    StoreCertificateError,
    StoreError,
    StoreRefusedError,
    StoreTlsRequiredError,
    StoreUserError,
)
from .address import DatabaseAddress, read_address
from .errors import contained, translated
from .long_statements import OPTION, detect_lost_hosts
from .migrate import ensure_schema, refuse_newer, refuse_other, upgrade
from .tls import Encryption, encryption, peer_fingerprint

STATEMENT_TIMEOUT = 30.0  # seconds, so that a lost host is detected
POOL_SIZE = 10  # connections; none is in use during a model call
DRIVER = "postgresql+asyncpg://"

# How PostgreSQL, its poolers and its providers say that a connection has to be encrypted.
_WANTS_TLS = re.compile(r"SSL connection is required|SSL required|sslmode=require", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """A database, and everything that a connection to it needs."""

    address: DatabaseAddress
    encryption: Encryption
    application_name: str
    statement_timeout: float | None = STATEMENT_TIMEOUT  # seconds; None: no limit
    read_only: bool = False


async def connect(
    url: str,
    *,
    ssl: ssl_module.SSLContext | None = None,
    fingerprint: str | None = None,
    application_name: str,
    statement_timeout: float = STATEMENT_TIMEOUT,
) -> AsyncEngine:
    """Return an engine on a reachable database with up-to-date tables; raises StoreError.

    `ssl` verifies certificates where the URL names no root certificate. With a `fingerprint` (SHA-256
    in hex), the connection is encrypted and only that certificate is trusted.
    """
    with contained():
        target = await _target(url, ssl, fingerprint, application_name)
        target = replace(target, statement_timeout=statement_timeout)
        async with _explained(target):
            pooler = target.address.pooler
            if pooler is None:
                pooler = await _finds_pooler(target)
            await upgrade(lambda: _long_engine(target))
        return _pooled_engine(target, pooler=pooler)


async def connect_read_only(url: str, *, application_name: str) -> AsyncEngine:
    """Return a read-only engine on a database with up-to-date tables; raises StoreError."""
    with contained():
        target = replace(await _target(url, None, None, application_name), read_only=True)
        async with _explained(target):
            pooler = target.address.pooler
            engine = _pooled_engine(
                target, pooler=await _finds_pooler(target) if pooler is None else pooler
            )
            try:
                async with begin(engine) as connection:
                    await refuse_other(connection)
            except BaseException:
                await engine.dispose()
                raise
        return engine


async def connect_listener(
    url: str,
    *,
    ssl: ssl_module.SSLContext | None = None,
    fingerprint: str | None = None,
    application_name: str,
) -> AsyncEngine:
    """Return an engine for one connection that listens; it connects when it is first used."""
    with contained():
        return _single_engine(await _target(url, ssl, fingerprint, application_name))


async def check(
    url: str, ssl: ssl_module.SSLContext | None = None, *, fingerprint: str | None = None
) -> None:
    """Try everything that `connect` needs, and roll it back; raises StoreError."""
    with contained():
        target = await _target(url, ssl, fingerprint, "hsi check")
        engine = _single_engine(target)
        try:
            async with _explained(target), engine.connect() as connection:
                await ensure_schema(connection)
                await connection.execute(text("CREATE TABLE hsi.check_only (id integer)"))
                await connection.rollback()
                await refuse_newer(connection)
        finally:
            await engine.dispose()


@asynccontextmanager
async def begin(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that commits at the end; raises StoreError."""
    with translated():
        async with engine.begin() as connection:
            yield connection


def without_transactions(engine: AsyncEngine) -> AsyncEngine:
    """Return the same engine in autocommit mode: each statement is its own transaction.

    Behind a pooler it stays as it is: a statement is prepared and run in two steps, and outside of a
    transaction they could meet two connections.
    """
    if has_pooler(engine):
        return engine
    return engine.execution_options(isolation_level="AUTOCOMMIT")


@asynccontextmanager
async def connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a connection for one statement, which commits by itself; raises StoreError."""
    with translated():
        async with engine.begin() if has_pooler(engine) else engine.connect() as connection:
            yield connection


def has_pooler(engine: AsyncEngine) -> bool:
    """Return whether a connection pooler in transaction mode may be before PostgreSQL.

    Then a connection keeps nothing from one transaction to the next, LISTEN included.
    """
    return bool(engine.get_execution_options().get("hsi_pooler"))


async def _target(
    url: str,
    ssl: ssl_module.SSLContext | None,
    fingerprint: str | None,
    application_name: str,
) -> _Target:
    address = read_address(url)
    return _Target(
        address=address,
        encryption=await encryption(address.tls, trusted=ssl, fingerprint=fingerprint),
        application_name=application_name,
    )


@asynccontextmanager
async def _explained(target: _Target) -> AsyncIterator[None]:
    """Find out more about a refused connection: its certificate, or that it needs TLS."""
    try:
        with translated():
            yield
    except StoreCertificateError as error:
        if error.fingerprint is None:
            error.fingerprint = await peer_fingerprint(
                target.address, target.address.connect_timeout
            )
        raise
    except StoreAuthError, StoreUserError:
        raise
    except StoreError as error:
        if target.encryption is False and await _wants_tls(error, target.address):
            raise StoreTlsRequiredError(
                f"PostgreSQL admits encrypted connections only: {error}"
            ) from error
        raise


async def _wants_tls(error: StoreError, address: DatabaseAddress) -> bool:
    if _WANTS_TLS.search(str(error)):
        return True
    # The text may be in another language: no rule of pg_hba.conf fits, and there is TLS.
    return isinstance(error, StoreRefusedError) and (
        await peer_fingerprint(address, address.connect_timeout) is not None
    )


async def _finds_pooler(target: _Target) -> bool:
    """Connect; return whether the process at the other end is not the one that runs statements."""
    engine = _single_engine(target)
    try:
        async with engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            process = await connection.scalar(text("SELECT pg_backend_pid()"))
            return bool(driver is not None and driver.get_server_pid() != process)
    finally:
        await engine.dispose()


def _single_engine(target: _Target) -> AsyncEngine:
    """Return an engine without a pool, which works with and without a pooler."""
    return create_async_engine(
        DRIVER,
        connect_args=_arguments(target, pooler=True),
        poolclass=NullPool,
        hide_parameters=True,
    )


def _long_engine(target: _Target) -> AsyncEngine:
    """Return an engine without a limit for statements; the system detects a lost host."""
    return detect_lost_hosts(_single_engine(replace(target, statement_timeout=None)))


def _pooled_engine(target: _Target, *, pooler: bool) -> AsyncEngine:
    options: dict[str, object] = {"hsi_pooler": pooler, OPTION: _long_engine(target)}
    if target.read_only:
        # Not as a parameter of the session, which a pooler would refuse.
        options["postgresql_readonly"] = True
    engine = create_async_engine(
        DRIVER,
        connect_args=_arguments(target, pooler=pooler),
        execution_options=options,
        pool_size=POOL_SIZE,
        # The connection that was used last has its statements prepared and planned.
        pool_use_lifo=True,
        pool_timeout=target.statement_timeout,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "handle_error", _replace_unresponsive_connections)
    return detect_lost_hosts(engine)  # a connection may be idle for hours


def _arguments(target: _Target, *, pooler: bool) -> dict[str, object]:
    address = target.address
    arguments: dict[str, object] = {
        "host": [host for host, _ in address.hosts],
        "port": [port for _, port in address.hosts],
        "user": address.user,
        "password": address.password,
        "database": address.database or None,
        "passfile": address.password_file,
        "ssl": target.encryption,
        "direct_tls": address.tls.direct,
        "target_session_attrs": address.target_session_attrs,
        "timeout": address.connect_timeout,
        "command_timeout": target.statement_timeout,
        "server_settings": {"application_name": target.application_name, **address.server_settings},
    }
    if pooler:
        # A named statement would be on another connection when it is run.
        arguments |= {
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": str,
        }
    return arguments


def _replace_unresponsive_connections(context: ExceptionContext) -> None:
    """Replace all pooled connections after a timeout: the others would not respond either."""
    if isinstance(context.original_exception, TimeoutError):
        context.invalidate_pool_on_disconnect = True  # type: ignore[misc]  # documented as settable
