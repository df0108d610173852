"""An index of pending jobs by camera, so that claims can take the cameras in turn."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Written out in SQL: a migration must not change when the code's tables and enums do.
STATEMENTS = (
    """
    CREATE INDEX jobs_claim_by_camera ON hsi.jobs (kind, camera, priority, happened_at, id)
    INCLUDE (run_after) WHERE state = 'pending'
    """,
    "DROP INDEX hsi.jobs_claim",
)


def upgrade() -> None:
    """Replace the index by time with one by camera and time."""
    for statement in STATEMENTS:
        op.execute(statement)
