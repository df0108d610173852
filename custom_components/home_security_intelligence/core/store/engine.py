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
from .errors import translated
from .migrate import ensure_schema, refuse_newer, refuse_other, upgrade

CONNECT_TIMEOUT = 10.0  # seconds
STATEMENT_TIMEOUT = 30.0  # seconds, so that a vanished host is noticed
POOL_SIZE = 10  # connections; workers hold none over a model call
DRIVER = "postgresql+asyncpg"


def database_url(text_url: str) -> URL:
    """Return the URL with our driver, from any spelling people use; raises StoreError.

    libpq's `sslmode` is understood as well.
    """
    try:
        url = make_url(text_url)
        if url.get_backend_name() not in {"postgres", "postgresql"}:
            raise StoreUnreachableError("the database URL does not start with postgresql://")
        (url.host or "").encode("idna")  # as the resolver will, with an error of no kind we expect
    except (ArgumentError, ValueError) as error:
        # Without the original text: it may hold a password.
        raise StoreUnreachableError("the database URL cannot be understood") from error
    if mode := url.query.get("sslmode"):
        url = url.difference_update_query(["sslmode"]).update_query_pairs([("ssl", str(mode))])
    return url.set(drivername=DRIVER)


async def connect(
    url: str, *, ssl: ssl_module.SSLContext | None = None, application_name: str
) -> AsyncEngine:
    """Return an engine on a database that answers and has today's tables; raises StoreError."""
    engine = _engine(url, ssl, application_name, pooled=True)
    try:
        async with begin(engine) as connection:
            await connection.execute(text("SELECT 1"))
        await upgrade(lambda: _engine(url, ssl, application_name, pooled=False))
    except BaseException:
        await engine.dispose()
        raise
    return engine


async def connect_read_only(url: str, *, application_name: str) -> AsyncEngine:
    """Return an engine that changes nothing, on a database with today's tables; or StoreError."""
    engine = _engine(url, None, application_name, pooled=True, read_only=True)
    try:
        async with begin(engine) as connection:
            await refuse_other(connection)
    except BaseException:
        await engine.dispose()
        raise
    return engine


async def check(url: str, ssl: ssl_module.SSLContext | None = None) -> None:
    """Try everything `connect` needs and leave nothing behind; raises StoreError."""
    engine = _engine(url, ssl, "hsi check", pooled=False)
    try:
        with translated():
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
    """Return the same engine for connections on which each statement stands for itself."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


@asynccontextmanager
async def connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a connection and begin nothing; raises StoreError."""
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
) -> AsyncEngine:
    target = database_url(url)
    arguments: dict[str, object] = {
        "timeout": CONNECT_TIMEOUT,
        "command_timeout": STATEMENT_TIMEOUT,
        "server_settings": {
            "application_name": application_name,
            "default_transaction_read_only": "on" if read_only else "off",
        },
    }
    if ssl is not None:
        arguments["ssl"] = ssl
    elif "ssl" not in target.query:
        # Left open, asyncpg would look for certificates on disk, in the event loop.
        arguments["ssl"] = False
    if not pooled:
        return create_async_engine(
            target, connect_args=arguments, poolclass=NullPool, hide_parameters=True
        )
    engine = create_async_engine(
        target,
        connect_args=arguments,
        pool_size=POOL_SIZE,
        pool_timeout=STATEMENT_TIMEOUT,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "handle_error", _doubt_all_that_are_silent)
    return engine


def _doubt_all_that_are_silent(context: ExceptionContext) -> None:
    """Replace the pool's connections: where one does not answer, the others will not either."""
    if isinstance(context.original_exception, TimeoutError):
        context.invalidate_pool_on_disconnect = True  # type: ignore[misc]  # meant to be set
