"""By how much the cameras' clocks are wrong."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Written out in SQL: a migration must not change when the code's tables and enums do.
STATEMENTS = (
    """
    ALTER TABLE hsi.cameras
        ADD COLUMN clock_offset double precision,
        ADD COLUMN clock_confirmed_at timestamptz,
        ADD CHECK (num_nonnulls(clock_offset, clock_confirmed_at) IN (0, 2))
    """,
)


def upgrade() -> None:
    """Add the columns; no offset is known."""
    for statement in STATEMENTS:
        op.execute(statement)
