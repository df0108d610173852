"""The stored settings that must agree between all workers."""

from collections.abc import Mapping
import logging

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.declarations import Value
from ..domain.settings import DECLARATIONS
from ..domain.shared_settings import SettingsSource, StoredSetting, StoredSettings
from .notify import SETTINGS_CHANNEL
from .tables import settings

_LOGGER = logging.getLogger(__name__)
_ALL = select(settings)


async def read(connection: AsyncConnection) -> StoredSettings:
    """Return the stored settings; unknown names and unusable values are left out."""
    stored = {}
    for row in await connection.execute(_ALL):
        declaration = DECLARATIONS.get(row.name)
        if declaration is None or not declaration.shared:
            continue
        try:
            value = declaration.from_json(row.value)
        except ValueError as error:
            _LOGGER.warning("ignored a setting in the database: %s", error)
            continue
        stored[row.name] = StoredSetting(
            value=value, source=row.source, host=row.host, set_at=row.set_at
        )
    return stored


async def write(
    connection: AsyncConnection, values: Mapping[str, Value], source: SettingsSource, host: str
) -> None:
    """Store settings and, once this transaction is committed, notify all workers."""
    if not values:
        return
    rows = [
        {"name": name, "value": DECLARATIONS[name].to_json(value), "source": source, "host": host}
        for name, value in sorted(values.items())
    ]
    statement = insert(settings).values(rows)
    new = statement.excluded
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[settings.c.name],
            set_={
                "value": new.value,
                "source": new.source,
                "host": new.host,
                "set_at": func.now(),
            },
        )
    )
    await connection.execute(select(func.pg_notify(SETTINGS_CHANNEL, "")))
