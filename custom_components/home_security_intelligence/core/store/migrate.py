"""Migrates the database's tables to the current version."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..domain.errors import StoreMissingError, StoreNewerError
from .errors import translated
from .tables import SCHEMA

VERSION_TABLE = "schema_version"
# Any fixed number. One process migrates; the others wait and then find it done.
ADVISORY_LOCK = 0x48534931
# Alembic keeps the migration under way in its modules: one at a time in a process. It is taken after
# the advisory lock, so that a database that another process migrates delays no other one.
_ALEMBIC = Lock()
_MIGRATIONS = Path(__file__).with_name("migrations")


async def upgrade(make_engine: Callable[[], AsyncEngine]) -> None:
    """Run the missing migrations in one transaction; raises StoreNewerError and other StoreErrors.

    Concurrent calls are safe. Alembic reads its scripts from disk, so this runs in a thread with
    its own event loop and engine.
    """
    await asyncio.to_thread(asyncio.run, _upgrade(make_engine))


async def ensure_schema(connection: AsyncConnection) -> None:
    """Create the schema if it does not exist; checking first needs no right to create one."""
    exists = await connection.scalar(
        text("SELECT 1 FROM pg_namespace WHERE nspname = :schema"), {"schema": SCHEMA}
    )
    if exists is None:
        await connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))


async def refuse_newer(connection: AsyncConnection) -> None:
    """Raise StoreNewerError if a newer version of this software made the tables."""
    revisions = await connection.run_sync(_revisions)
    _check_known(revisions, await asyncio.to_thread(_known_revisions))


async def refuse_other(connection: AsyncConnection) -> None:
    """Raise StoreError unless the tables exist in exactly this version."""
    await refuse_newer(connection)
    there = await connection.run_sync(_revisions)
    wanted = await asyncio.to_thread(lambda: _scripts().get_heads())
    if set(there) != set(wanted):
        raise StoreMissingError("the database has no tables of this version")


async def _upgrade(make_engine: Callable[[], AsyncEngine]) -> None:
    engine = make_engine()
    try:
        with translated():
            async with engine.begin() as connection:
                await connection.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK}
                )
                await ensure_schema(connection)
                await connection.run_sync(_run)
    finally:
        await engine.dispose()


def _run(connection: Connection) -> None:
    _check_known(_revisions(connection), _known_revisions())
    scripts = _scripts()

    def missing(revision: str, _: MigrationContext) -> object:
        return scripts._upgrade_revs("head", revision)  # noqa: SLF001 - Alembic's documented recipe

    with _ALEMBIC, EnvironmentContext(Config(), scripts, fn=missing) as environment:
        environment.configure(
            connection=connection, version_table=VERSION_TABLE, version_table_schema=SCHEMA
        )
        environment.run_migrations()


def _revisions(connection: Connection) -> tuple[str, ...]:
    options = {"version_table": VERSION_TABLE, "version_table_schema": SCHEMA}
    return MigrationContext.configure(connection, opts=options).get_current_heads()


def _known_revisions() -> frozenset[str]:
    return frozenset(script.revision for script in _scripts().walk_revisions())


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_MIGRATIONS))


def _check_known(revisions: tuple[str, ...], known: frozenset[str]) -> None:
    if unknown := sorted(set(revisions) - known):
        raise StoreNewerError(
            f"the database was migrated by a newer version (migration {unknown[0]} is unknown here); "
            "update this installation"
        )
