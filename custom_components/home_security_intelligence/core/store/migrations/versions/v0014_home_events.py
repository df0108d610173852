"""What the home itself reports, its alarm's mode, and where each camera hangs."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# Written out in SQL: a migration must not change when the code's tables and enums do.
STATEMENTS = (
    """
    CREATE TABLE hsi.home_events (
        at timestamptz NOT NULL,
        kind text NOT NULL CHECK (kind IN ('arrived', 'left', 'unlocked', 'wrong_code', 'opened',
            'opened_by_remote', 'doorbell', 'light_on', 'armed', 'disarmed', 'broken', 'expected')),
        name text NOT NULL,
        cameras text[],
        PRIMARY KEY (at, kind, name)
    )
    """,
    """
    ALTER TABLE hsi.home_states
        ADD COLUMN alarm text CHECK (alarm IN ('disarmed', 'armed_home', 'armed_away',
            'armed_night', 'armed_vacation', 'armed_custom_bypass', 'triggered')),
        ADD COLUMN reported jsonb NOT NULL DEFAULT '{}',
        DROP CONSTRAINT home_states_occupancy_check,
        ADD CHECK (occupancy IN ('home', 'away', 'asleep'))
    """,
    """
    ALTER TABLE hsi.cameras
        ADD COLUMN placement text CHECK (placement IN ('outdoors_public', 'outdoors_private',
            'indoors', 'balcony', 'garage', 'pool'))
    """,
)


def upgrade() -> None:
    """Create the table and the columns."""
    for statement in STATEMENTS:
        op.execute(statement)
