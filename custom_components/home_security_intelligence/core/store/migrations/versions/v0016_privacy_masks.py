"""Parts of a camera's images that no other program may see."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE hsi.cameras ADD COLUMN privacy_masks jsonb NOT NULL DEFAULT '[]'")
