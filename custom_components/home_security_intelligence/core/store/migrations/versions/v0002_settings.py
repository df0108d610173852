"""The settings that must agree between all workers on one database."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Written out in SQL: a migration must not change when the code's tables and enums do.
STATEMENTS = (
    """
    CREATE TABLE hsi.settings (
        name text PRIMARY KEY,
        value jsonb NOT NULL,
        source text NOT NULL CHECK (source IN ('home_assistant', 'worker')),
        host text NOT NULL,
        set_at timestamptz NOT NULL DEFAULT now()
    )
    """,
)


def upgrade() -> None:
    """Create the table."""
    for statement in STATEMENTS:
        op.execute(statement)
