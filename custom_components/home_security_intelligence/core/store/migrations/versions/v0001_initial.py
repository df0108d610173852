"""Cameras, images with their detections, events, and the queue of jobs."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Written out in SQL: a migration must not change when the code's tables and enums do.
STATEMENTS = (
    """
    CREATE TABLE hsi.cameras (
        folder text PRIMARY KEY,
        name text NOT NULL,
        zones jsonb NOT NULL DEFAULT '[]',
        added_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE hsi.home_states (
        since timestamptz PRIMARY KEY,
        until timestamptz NOT NULL,
        armed boolean,
        occupancy text CHECK (occupancy IN ('home', 'away')),
        CHECK (since <= until)
    )
    """,
    """
    CREATE TABLE hsi.camera_hours (
        camera text NOT NULL REFERENCES hsi.cameras,
        began timestamptz NOT NULL,
        counts jsonb NOT NULL,
        PRIMARY KEY (camera, began)
    )
    """,
    """
    CREATE TABLE hsi.events (
        id uuid PRIMARY KEY,
        camera text NOT NULL REFERENCES hsi.cameras,
        state text NOT NULL CHECK (state IN ('open', 'closed')),
        started_at timestamptz NOT NULL,
        last_activity_at timestamptz NOT NULL,
        ended_at timestamptz,
        labels text[] NOT NULL,
        image_count integer NOT NULL CHECK (image_count > 0),
        best_image_id bigint,
        best_confidence double precision NOT NULL,
        assessment text NOT NULL CHECK (assessment IN ('pending', 'assessed', 'unassessed')),
        risk_score smallint CHECK (risk_score BETWEEN 0 AND 100),
        risk_level text CHECK (risk_level IN ('low', 'medium', 'high', 'critical')),
        summary text,
        reasoning text,
        assessed_at timestamptz,
        settled_at timestamptz,
        late boolean NOT NULL DEFAULT false,
        assessed_by_job bigint,
        model text,
        backend text,
        model_digest text,
        prompt_version text,
        prompt_tokens integer,
        completion_tokens integer,
        load_ms double precision,
        prefill_ms double precision,
        generate_ms double precision,
        total_ms double precision,
        provisional_score smallint CHECK (provisional_score BETWEEN 0 AND 100),
        band_low smallint,
        band_high smallint,
        factors jsonb NOT NULL DEFAULT '[]',
        context jsonb NOT NULL DEFAULT '{}',
        mark text CHECK (mark IN ('true_alarm', 'false_alarm', 'missed')),
        marked_at timestamptz,
        CHECK ((mark IS NULL) = (marked_at IS NULL)),
        CHECK (num_nonnulls(provisional_score, band_low, band_high) IN (0, 3)),
        CHECK (provisional_score BETWEEN band_low AND band_high),
        CHECK (assessment <> 'assessed' OR risk_score BETWEEN band_low AND band_high),
        CHECK (started_at <= last_activity_at),
        CHECK ((state = 'closed') = (ended_at IS NOT NULL)),
        CHECK ((assessment = 'assessed') =
               (num_nonnulls(risk_score, risk_level, summary, reasoning, assessed_at) = 5)),
        CHECK (assessment = 'assessed' OR
               num_nonnulls(risk_score, risk_level, summary, reasoning, assessed_at) = 0)
    )
    """,
    "CREATE UNIQUE INDEX events_one_open ON hsi.events (camera) WHERE state = 'open'",
    "CREATE INDEX events_newest ON hsi.events (started_at DESC, id DESC)",
    "CREATE INDEX events_of_camera ON hsi.events (camera, started_at DESC, id DESC)",
    "CREATE INDEX events_settled ON hsi.events (settled_at) WHERE settled_at IS NOT NULL",
    "CREATE INDEX events_of_score ON hsi.events (risk_score, camera)",
    "CREATE INDEX events_of_level ON hsi.events (risk_level, camera)",
    "CREATE INDEX events_of_label ON hsi.events USING gin (labels)",
    "CREATE INDEX events_marked ON hsi.events (mark, camera) WHERE mark IS NOT NULL",
    """
    CREATE TABLE hsi.missed_moments (
        camera text NOT NULL REFERENCES hsi.cameras,
        at timestamptz NOT NULL,
        marked_at timestamptz NOT NULL,
        PRIMARY KEY (camera, at)
    )
    """,
    """
    CREATE TABLE hsi.roots (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        host text NOT NULL,
        path text NOT NULL,
        CONSTRAINT roots_identity UNIQUE (host, path)
    )
    """,
    """
    CREATE TABLE hsi.workers (
        id uuid PRIMARY KEY,
        root integer NOT NULL REFERENCES hsi.roots,
        seen_at timestamptz NOT NULL,
        has_left boolean NOT NULL
    )
    """,
    """
    CREATE TABLE hsi.images (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        camera text NOT NULL REFERENCES hsi.cameras,
        path text NOT NULL,
        mtime_ns bigint NOT NULL,
        size bigint NOT NULL CHECK (size >= 0),
        sha256 bytea CHECK (length(sha256) = 32),
        captured_at timestamptz NOT NULL,
        found_at timestamptz NOT NULL,
        state text NOT NULL CHECK (state IN ('pending', 'detected', 'skipped', 'dead')),
        reason text,
        width integer,
        height integer,
        model text,
        detected_at timestamptz,
        event_id uuid REFERENCES hsi.events,
        file_gone boolean NOT NULL DEFAULT false,
        root integer REFERENCES hsi.roots,
        CONSTRAINT images_identity UNIQUE (camera, path, mtime_ns, size),
        CHECK ((state IN ('skipped', 'dead')) = (reason IS NOT NULL)),
        CHECK ((state = 'detected') = (detected_at IS NOT NULL))
    )
    """,
    "CREATE INDEX images_of_camera ON hsi.images (camera, captured_at DESC, id DESC)",
    "CREATE INDEX images_waiting ON hsi.images (camera, captured_at) WHERE state = 'pending'",
    "CREATE INDEX images_content ON hsi.images (camera, sha256) WHERE state = 'detected'",
    "CREATE INDEX images_of_event ON hsi.images (event_id) WHERE event_id IS NOT NULL",
    "CREATE INDEX images_found ON hsi.images (found_at, id)",
    """
    CREATE TABLE hsi.forgotten_files (
        camera text NOT NULL REFERENCES hsi.cameras,
        path text NOT NULL,
        mtime_ns bigint NOT NULL,
        size bigint NOT NULL,
        found_at timestamptz NOT NULL,
        root integer REFERENCES hsi.roots,
        PRIMARY KEY (camera, path, mtime_ns, size)
    )
    """,
    """
    CREATE INDEX forgotten_files_found
    ON hsi.forgotten_files (found_at, camera, path, size, mtime_ns)
    """,
    """
    CREATE TABLE hsi.detections (
        image_id bigint REFERENCES hsi.images ON DELETE CASCADE,
        position smallint,
        label text NOT NULL,
        confidence double precision NOT NULL CHECK (confidence BETWEEN 0 AND 1),
        x1 double precision NOT NULL,
        y1 double precision NOT NULL,
        x2 double precision NOT NULL,
        y2 double precision NOT NULL,
        PRIMARY KEY (image_id, position)
    )
    """,
    """
    CREATE TABLE hsi.jobs (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        kind text NOT NULL CHECK (kind IN ('detect', 'assess')),
        state text NOT NULL CHECK (state IN ('pending', 'leased', 'done', 'dead', 'discarded')),
        camera text NOT NULL REFERENCES hsi.cameras,
        image_id bigint REFERENCES hsi.images ON DELETE CASCADE,
        event_id uuid REFERENCES hsi.events ON DELETE CASCADE,
        priority smallint NOT NULL,
        happened_at timestamptz NOT NULL,
        run_after timestamptz NOT NULL DEFAULT now(),
        lease_until timestamptz,
        fence bigint NOT NULL DEFAULT 0,
        attempts integer NOT NULL DEFAULT 0,
        crashes integer NOT NULL DEFAULT 0,
        alone boolean NOT NULL DEFAULT false,
        lone_crashes integer NOT NULL DEFAULT 0,
        requeues integer NOT NULL DEFAULT 0,
        failure text CHECK (failure IN ('input', 'capacity', 'outage', 'unknown', 'crash')),
        error_type text,
        message text,
        first_failed_at timestamptz,
        last_failed_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        CHECK ((kind = 'detect') = (image_id IS NOT NULL)),
        CHECK ((kind = 'assess') = (event_id IS NOT NULL)),
        CHECK ((state = 'leased') = (lease_until IS NOT NULL)),
        CHECK (state <> 'dead' OR
               num_nonnulls(failure, error_type, message, first_failed_at, last_failed_at) = 5)
    )
    """,
    # Without a condition on the state, so that deleting an image or event can use them.
    "CREATE UNIQUE INDEX jobs_one_an_image ON hsi.jobs (image_id) WHERE image_id IS NOT NULL",
    "CREATE INDEX jobs_of_event ON hsi.jobs (event_id) WHERE event_id IS NOT NULL",
    """
    CREATE INDEX jobs_claim ON hsi.jobs (kind, priority, happened_at, id) INCLUDE (run_after)
    WHERE state = 'pending'
    """,
    """
    CREATE INDEX jobs_counted ON hsi.jobs (state, kind)
    WHERE state IN ('pending', 'leased', 'dead')
    """,
    "CREATE INDEX jobs_leased ON hsi.jobs (lease_until) WHERE state = 'leased'",
    "CREATE INDEX jobs_dead ON hsi.jobs (last_failed_at DESC, id DESC) WHERE state = 'dead'",
)


def upgrade() -> None:
    """Create all tables and indices."""
    for statement in STATEMENTS:
        op.execute(statement)
