"""Since when the folder of a job's image has been away without interruption."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; a folder that is away now is waited for once more."""
    op.execute("ALTER TABLE hsi.jobs ADD COLUMN away_since timestamptz")
