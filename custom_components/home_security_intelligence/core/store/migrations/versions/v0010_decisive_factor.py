"""The factor that decides an event in the language model's view."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; earlier words name the factor in their text only."""
    op.execute("ALTER TABLE hsi.events ADD COLUMN decisive_factor text")
