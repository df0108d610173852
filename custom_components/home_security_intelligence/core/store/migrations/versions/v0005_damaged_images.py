"""What is wrong with the file of an image that can be shown all the same."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of images detected before, nothing is known."""
    op.execute("ALTER TABLE hsi.images ADD COLUMN damaged text")
