"""Events are found by words, and those that no person has reviewed are counted at once."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Written out in SQL: a migration must not change when the code's tables and enums do.
STATEMENTS = (
    # PostgreSQL counts array_to_string as depending on settings, which is not so for text.
    """
    CREATE FUNCTION hsi.event_text(
        camera text, labels text[], narrative text, summary text, reasoning text
    ) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT to_tsvector('pg_catalog.simple', concat_ws(' ', translate(camera, '/_.', '   '),
            array_to_string(labels, ' '), narrative, summary, reasoning))
    $$
    """,
    """
    CREATE INDEX events_text ON hsi.events
    USING gin (hsi.event_text(camera, labels, narrative, summary, reasoning))
    """,
    """
    CREATE INDEX events_unreviewed ON hsi.events (started_at DESC, id DESC)
    WHERE mark IS NULL AND risk_level <> 'low'
    """,
)


def upgrade() -> None:
    """Create the function and the indices."""
    for statement in STATEMENTS:
        op.execute(statement)
