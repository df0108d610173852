"""Levels that come from the rules at once, incidents, and options of single cameras."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Written out in SQL: a migration must not change when the code's tables and enums do.
STATEMENTS = (
    """
    ALTER TABLE hsi.cameras
        ADD COLUMN watched_labels text[],
        ADD COLUMN presence_hold double precision CHECK (presence_hold >= 0),
        ADD COLUMN neighbours text[]
    """,
    """
    ALTER TABLE hsi.events
        DROP CONSTRAINT events_check3,
        DROP CONSTRAINT events_check6,
        DROP CONSTRAINT events_check7,
        ADD COLUMN phases jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN highest_level text
            CHECK (highest_level IN ('low', 'medium', 'high', 'critical')),
        ADD COLUMN judged_images integer NOT NULL DEFAULT 0,
        ADD COLUMN incident_id uuid DEFAULT gen_random_uuid(),
        ADD COLUMN incident_level text
            CHECK (incident_level IN ('low', 'medium', 'high', 'critical')),
        ADD COLUMN narrative text,
        ADD COLUMN explained_images integer,
        ADD COLUMN explained_score smallint
    """,
    # Events without words get the level of the rules' score, by the bounds in force.
    """
    UPDATE hsi.events
    SET risk_score = provisional_score,
        risk_level = CASE
            WHEN provisional_score >= bounds.critical THEN 'critical'
            WHEN provisional_score >= bounds.high THEN 'high'
            WHEN provisional_score >= bounds.medium THEN 'medium'
            ELSE 'low'
        END
    FROM (
        SELECT coalesce(max(value::int) FILTER (WHERE name = 'medium_from'), 30) AS medium,
            coalesce(max(value::int) FILTER (WHERE name = 'high_from'), 60) AS high,
            coalesce(max(value::int) FILTER (WHERE name = 'critical_from'), 85) AS critical
        FROM hsi.settings
    ) AS bounds
    WHERE assessment <> 'assessed' AND provisional_score IS NOT NULL
    """,
    """
    UPDATE hsi.events
    SET incident_id = id,
        incident_level = risk_level,
        highest_level = risk_level,
        judged_images = CASE WHEN risk_level IS NULL THEN 0 ELSE image_count END,
        explained_images = CASE WHEN assessment = 'assessed' THEN image_count END,
        explained_score = CASE WHEN assessment = 'assessed' THEN provisional_score END
    """,
    """
    ALTER TABLE hsi.events
        ALTER COLUMN incident_id SET NOT NULL,
        ADD CHECK (risk_score BETWEEN band_low AND band_high),
        ADD CHECK (num_nonnulls(risk_score, risk_level, highest_level) IN (0, 3)),
        ADD CHECK ((assessment = 'assessed') =
                   (num_nonnulls(summary, reasoning, assessed_at) = 3)),
        ADD CHECK (assessment = 'assessed' OR num_nonnulls(summary, reasoning, assessed_at) = 0)
    """,
    "CREATE INDEX events_of_incident ON hsi.events (incident_id)",
)


def upgrade() -> None:
    """Add the columns and fill them from what is stored."""
    for statement in STATEMENTS:
        op.execute(statement)
