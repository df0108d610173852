"""The connection to PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import ssl as ssl_module

from sqlalchemy import event, text
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from ..domain.errors import StoreUnreachableError
from .errors import contained, translated
from .migrate import ensure_schema, refuse_newer, refuse_other, upgrade

CONNECT_TIMEOUT = 10.0  # seconds
STATEMENT_TIMEOUT = 30.0  # seconds, so that a lost host is detected
POOL_SIZE = 10  # connections; none is in use during a model call
DRIVER = "postgresql+asyncpg"


def database_url(text_url: str) -> URL:
    """Return the URL with this project's driver; raises StoreError.

    All usual schemes and libpq's `sslmode` are accepted.
    """
    try:
        url = make_url(text_url)
        if url.get_backend_name() not in {"postgres", "postgresql"}:
            raise StoreUnreachableError("the database URL must start with postgresql://")
        (url.host or "").encode("idna")  # the resolver would raise an unexpected error
    except (ArgumentError, ValueError) as error:
        # Without the original text: it may hold a password.
        raise StoreUnreachableError("the database URL is not valid") from error
    if mode := url.query.get("sslmode"):
        url = url.difference_update_query(["sslmode"]).update_query_pairs([("ssl", str(mode))])
    return url.set(drivername=DRIVER)


async def connect(
    url: str,
    *,
    ssl: ssl_module.SSLContext | None = None,
    application_name: str,
    statement_timeout: float = STATEMENT_TIMEOUT,
) -> AsyncEngine:
    """Return an engine on a reachable database with up-to-date tables; raises StoreError."""
    with contained():
        engine = _engine(
            url, ssl, application_name, pooled=True, statement_timeout=statement_timeout
        )
        try:
            async with begin(engine) as connection:
                await connection.execute(text("SELECT 1"))
            await upgrade(lambda: _engine(url, ssl, application_name, pooled=False))
        except BaseException:
            await engine.dispose()
            raise
        return engine


async def connect_read_only(url: str, *, application_name: str) -> AsyncEngine:
    """Return a read-only engine on a database with up-to-date tables; raises StoreError."""
    with contained():
        engine = _engine(url, None, application_name, pooled=True, read_only=True)
        try:
            async with begin(engine) as connection:
                await refuse_other(connection)
        except BaseException:
            await engine.dispose()
            raise
        return engine


async def check(url: str, ssl: ssl_module.SSLContext | None = None) -> None:
    """Try everything that `connect` needs, and roll it back; raises StoreError."""
    with contained():
        engine = _engine(url, ssl, "hsi check", pooled=False)
        try:
            async with engine.connect() as connection:
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
    """Return the same engine in autocommit mode: each statement is its own transaction."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


@asynccontextmanager
async def connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a connection without a transaction; raises StoreError."""
    with translated():
        async with engine.connect() as connection:
            yield connection


def _engine(
    url: str,
    ssl: ssl_module.SSLContext | None,
    application_name: str,
    *,
    pooled: bool,
    read_only: bool = False,
    statement_timeout: float = STATEMENT_TIMEOUT,
) -> AsyncEngine:
    target = database_url(url)
    arguments: dict[str, object] = {
        "timeout": CONNECT_TIMEOUT,
        "command_timeout": statement_timeout,
        "server_settings": {
            "application_name": application_name,
            "default_transaction_read_only": "on" if read_only else "off",
        },
    }
    if ssl is not None:
        arguments["ssl"] = ssl
    elif "ssl" not in target.query:
        # Without a value, asyncpg would look for certificates on disk, in the event loop.
        arguments["ssl"] = False
    if not pooled:
        return create_async_engine(
            target, connect_args=arguments, poolclass=NullPool, hide_parameters=True
        )
    engine = create_async_engine(
        target,
        connect_args=arguments,
        pool_size=POOL_SIZE,
        pool_timeout=statement_timeout,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "handle_error", _replace_unresponsive_connections)
    return engine


def _replace_unresponsive_connections(context: ExceptionContext) -> None:
    """Replace all pooled connections after a timeout: the others would not respond either."""
    if isinstance(context.original_exception, TimeoutError):
        context.invalidate_pool_on_disconnect = True  # type: ignore[misc]  # documented as settable
