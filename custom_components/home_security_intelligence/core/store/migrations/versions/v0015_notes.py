"""A person who marks an event may say why."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE hsi.events ADD COLUMN note text CHECK (length(note) <= 1000)")
