"""Databases of earlier versions are upgraded, and keep what is in them."""

from collections.abc import Sequence

import pytest

from testbed.services.postgres import Postgres

# isort: split
from hsi_core.store.engine import connect
from hsi_core.store.migrations.versions import v0001_initial, v0002_settings, v0003_levels

FIRST: Sequence[str] = v0001_initial.STATEMENTS
SECOND: Sequence[str] = (*FIRST, *v0002_settings.STATEMENTS)
THIRD: Sequence[str] = (*SECOND, *v0003_levels.STATEMENTS)
CAMERA = "INSERT INTO hsi.cameras (folder, name) VALUES ('front', 'Front')"
EVENTS = """
    INSERT INTO hsi.events (id, camera, state, started_at, last_activity_at, ended_at, labels,
        image_count, best_confidence, assessment, risk_score, risk_level, summary, reasoning,
        assessed_at, provisional_score, band_low, band_high)
    VALUES
        ('00000000-0000-0000-0000-000000000001', 'front', 'closed', 'epoch', 'epoch', 'epoch',
            '{person}', 3, 0.9, 'assessed', 63, 'high', 'a', 'b', 'epoch', 60, 60, 72),
        ('00000000-0000-0000-0000-000000000002', 'front', 'closed', 'epoch', 'epoch', 'epoch',
            '{person}', 2, 0.9, 'unassessed', NULL, NULL, NULL, NULL, NULL, 52, 40, 64),
        ('00000000-0000-0000-0000-000000000003', 'front', 'open', 'epoch', 'epoch', NULL,
            '{person}', 1, 0.9, 'pending', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
"""
LEVELS = """
    SELECT string_agg(concat_ws(' ', assessment, risk_score, risk_level, highest_level,
        judged_images, incident_id = id, incident_level, explained_images), E'\n' ORDER BY id)
    FROM hsi.events
"""


async def upgrade(
    postgres: Postgres, url: str, statements: Sequence[str], version: str, *data: str
) -> str:
    """Create an earlier version's tables with this data, upgrade them; return the database's name."""
    database = url.rsplit("/", 1)[-1]
    made = (
        "CREATE SCHEMA hsi",
        *statements,
        "CREATE TABLE hsi.schema_version (version_num varchar(32) PRIMARY KEY)",
        f"INSERT INTO hsi.schema_version VALUES ('{version}')",
        *data,
    )
    postgres.execute(";".join(made), database=database)
    engine = await connect(url, application_name="tests")
    await engine.dispose()
    return database


@pytest.mark.parametrize(
    ("statements", "version"),
    [(FIRST, "0001"), (SECOND, "0002"), (THIRD, "0003")],
    ids=["0001", "0002", "0003"],
)
async def test_an_earlier_database_is_upgraded(
    postgres: Postgres, empty_url: str, statements: Sequence[str], version: str
) -> None:
    database = await upgrade(postgres, empty_url, statements, version, CAMERA)
    assert postgres.execute("SELECT name FROM hsi.cameras", database=database) == "Front"
    assert postgres.execute("SELECT count(*) FROM hsi.settings", database=database) == "0"


@pytest.mark.parametrize(
    ("bounds", "level"),
    [((), "medium"), (("('high_from', '50')",), "high")],
    ids=["default", "own"],
)
async def test_events_without_words_get_the_level_of_the_rules(
    postgres: Postgres, empty_url: str, bounds: Sequence[str], level: str
) -> None:
    settings = (
        "INSERT INTO hsi.settings (name, value, source, host)"
        f" SELECT name, value::jsonb, 'worker', 'x' FROM (VALUES {bound}) AS v (name, value)"
        for bound in bounds
    )
    database = await upgrade(postgres, empty_url, SECOND, "0002", CAMERA, EVENTS, *settings)
    assert postgres.execute(LEVELS, database=database).splitlines() == [
        "assessed 63 high high 3 t high 3",
        f"unassessed 52 {level} {level} 2 t {level}",
        "pending 0 t",
    ]


async def test_home_states_keep_their_order_and_those_of_a_wrong_clock_come_first(
    postgres: Postgres, empty_url: str
) -> None:
    states = (
        "INSERT INTO hsi.home_states SELECT t, t, true, NULL FROM unnest('{2020-01-02, 2090-01-01,"
        " 2020-01-01}'::timestamptz[]) AS t"
    )
    database = await upgrade(postgres, empty_url, THIRD, "0003", states)
    postgres.execute("INSERT INTO hsi.home_states VALUES ('2021-01-01', now())", database=database)
    years = "SELECT string_agg(to_char(since, 'YYYY-DD'), ' ' ORDER BY number) FROM hsi.home_states"
    assert postgres.execute(years, database=database) == "2090-01 2020-01 2020-02 2021-01"
