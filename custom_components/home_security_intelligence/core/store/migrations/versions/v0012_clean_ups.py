"""Clean-ups that can wait for a confirmation, and that do not slow down as tables grow."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Written out in SQL: a migration must not change when the code's tables and enums do.
STATEMENTS = (
    """
    CREATE TABLE hsi.clean_ups (
        root integer PRIMARY KEY REFERENCES hsi.roots ON DELETE CASCADE,
        ran_at timestamptz,
        deleted_images bigint[] NOT NULL DEFAULT '{}',
        deleted_files bigint[] NOT NULL DEFAULT '{}',
        waiting jsonb,
        confirmed boolean NOT NULL DEFAULT false,
        orphans_checked_until timestamptz
    )
    """,
    # The files that a clean-up may delete, without the millions that it deleted before.
    """
    CREATE INDEX images_files ON hsi.images (found_at, id)
    WHERE NOT file_gone AND state <> 'pending'
    """,
)


def upgrade() -> None:
    """Create the table and the indices."""
    for statement in STATEMENTS:
        op.execute(statement)
