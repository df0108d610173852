"""A version of each camera's detected images, so that a worker knows when it has all of them."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the version; a worker that starts knows no image, so that any first value will do."""
    op.execute("ALTER TABLE hsi.cameras ADD COLUMN images_version bigint NOT NULL DEFAULT 0")
