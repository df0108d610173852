"""The order in which the home's states were recorded."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Written out in SQL: a migration must not change when the code's tables and enums do.
STATEMENTS = (
    "ALTER TABLE hsi.home_states ADD COLUMN number bigint",
    """
    UPDATE hsi.home_states SET number = ordered.number
    FROM (SELECT since, row_number() OVER (ORDER BY since <= now(), since) AS number
        FROM hsi.home_states) AS ordered
    WHERE home_states.since = ordered.since
    """,
    """
    ALTER TABLE hsi.home_states
        ALTER COLUMN number SET NOT NULL,
        ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY,
        ADD UNIQUE (number)
    """,
    """
    SELECT setval(pg_get_serial_sequence('hsi.home_states', 'number'), max(number))
    FROM hsi.home_states HAVING max(number) IS NOT NULL
    """,
)


def upgrade() -> None:
    """Add the column, and number the stored states: first those of a clock that was ahead."""
    for statement in STATEMENTS:
        op.execute(statement)
