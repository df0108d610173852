"""The tables in SQLAlchemy Core; the scripts in migrations/ create them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Double,
    Enum,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    cast,
    func,
    literal_column,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from ..domain.context import AlarmMode, HomeEventKind, Occupancy
from ..domain.models import (
    AssessmentState,
    EventMark,
    EventState,
    FailureClass,
    ImageState,
    JobKind,
    JobState,
    RiskLevel,
)
from ..domain.placement import Placement
from ..domain.shared_settings import SettingsSource

SCHEMA = "hsi"
FRESH, BACKLOG = 0, 10  # priorities of jobs: of live images, and of a backlog

metadata = MetaData(schema=SCHEMA)


def _text_enum(enum: type) -> Enum:
    """Store a StrEnum as its text; the migration creates the CHECK constraint."""
    return Enum(
        enum,
        native_enum=False,
        create_constraint=False,
        values_callable=lambda members: [member.value for member in members],
    )


def in_state[S: StrEnum](column: ColumnElement[S], value: S) -> ColumnElement[bool]:
    """Compare with a literal value.

    With a parameter instead, a prepared statement could not use the partial indices of that state.
    """
    return column == literal_column(f"'{value.value}'", column.type)


def path_hash(path: ColumnElement[str]) -> ColumnElement[bytes]:
    """Return a path's SHA-256 as the indices have it: an index cannot store a long path."""
    escaped = func.replace(path, literal_column(r"'\'"), literal_column(r"'\\'"))
    return func.sha256(cast(escaped, LargeBinary))


def _moment(name: str, *, nullable: bool = False, now_by_default: bool = False) -> Column[datetime]:
    """Return a column for a time; with `now_by_default` the database sets it on insert."""
    default = func.now() if now_by_default else None
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=default)


cameras = Table(
    "cameras",
    metadata,
    Column("folder", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("zones", JSONB, nullable=False, server_default="[]"),
    _moment("added_at", now_by_default=True),
    # None: those of the settings, and all other cameras as neighbours.
    Column("watched_labels", ARRAY(Text)),
    Column("presence_hold", Double),
    Column("neighbours", ARRAY(Text)),
    Column("placement", _text_enum(Placement)),  # None: what its name suggests
    Column("privacy_masks", JSONB, nullable=False, server_default="[]"),
    # By how many seconds the camera's clock is ahead, and the last image that confirmed it.
    Column("clock_offset", Double),
    _moment("clock_confirmed_at", nullable=True),
    # Rises with each transaction that stores detections of the camera's images.
    Column("images_version", BigInteger, nullable=False, server_default="0"),
)

# The settings that must agree between all workers, and who set them last.
settings = Table(
    "settings",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", JSONB, nullable=False),
    Column("source", _text_enum(SettingsSource), nullable=False),
    Column("host", Text, nullable=False),
    _moment("set_at", now_by_default=True),
)

# The states of the home, each with the period for which it is recorded. `number` is the order in
# which they were recorded.
home_states = Table(
    "home_states",
    metadata,
    Column("since", DateTime(timezone=True), primary_key=True),
    _moment("until"),
    Column("armed", Boolean),
    Column("occupancy", _text_enum(Occupancy)),
    Column("number", BigInteger, Identity(always=True), unique=True),
    Column("alarm", _text_enum(AlarmMode)),
    # The kinds of events that entities of the home can report, by camera; "" is the home as a whole.
    Column("reported", JSONB, nullable=False, server_default="{}"),
)

# What the home itself reported.
home_events = Table(
    "home_events",
    metadata,
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("kind", _text_enum(HomeEventKind), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("cameras", ARRAY(Text)),  # None: the home as a whole
)

# Events per label that began in a local hour in which the camera worked.
camera_hours = Table(
    "camera_hours",
    metadata,
    Column("camera", ForeignKey(cameras.c.folder), primary_key=True),
    Column("began", DateTime(timezone=True), primary_key=True),
    Column("counts", JSONB, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("camera", ForeignKey(cameras.c.folder), nullable=False),
    Column("state", _text_enum(EventState), nullable=False),
    _moment("started_at"),
    _moment("last_activity_at"),
    _moment("ended_at", nullable=True),
    Column("labels", ARRAY(Text), nullable=False),
    Column("image_count", Integer, nullable=False),
    Column("best_image_id", BigInteger),
    Column("best_confidence", Double, nullable=False),
    Column("assessment", _text_enum(AssessmentState), nullable=False),
    Column("risk_score", SmallInteger),
    Column("risk_level", _text_enum(RiskLevel)),
    Column("summary", Text),
    Column("reasoning", Text),
    Column("decisive_factor", Text),
    _moment("assessed_at", nullable=True),
    # When a phase was last published, by the database's clock; `phases` has the time of each.
    _moment("settled_at", nullable=True),
    Column("phases", JSONB, nullable=False, server_default="{}"),
    Column("late", Boolean, nullable=False, default=False),
    Column("assessed_by_job", BigInteger),
    Column("model", Text),
    Column("backend", Text),
    Column("model_digest", Text),
    Column("prompt_version", Text),
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("load_ms", Double),
    Column("prefill_ms", Double),
    Column("generate_ms", Double),
    Column("total_ms", Double),
    Column("provisional_score", SmallInteger),
    Column("band_low", SmallInteger),
    Column("band_high", SmallInteger),
    Column("factors", JSONB, nullable=False, server_default="[]"),
    Column("context", JSONB, nullable=False, server_default="{}"),
    Column("mark", _text_enum(EventMark)),
    _moment("marked_at", nullable=True),
    Column("note", Text),
    Column("highest_level", _text_enum(RiskLevel)),
    Column("judged_images", Integer, nullable=False, default=0),
    Column("incident_id", Uuid, nullable=False),
    Column("incident_level", _text_enum(RiskLevel)),
    Column("narrative", Text),
    # What the words were based on: the number of images and the rules' score.
    Column("explained_images", Integer),
    Column("explained_score", SmallInteger),
)

# Moments at which a user reports a missing event.
missed_moments = Table(
    "missed_moments",
    metadata,
    Column("camera", ForeignKey(cameras.c.folder), primary_key=True),
    Column("at", DateTime(timezone=True), primary_key=True),
    _moment("marked_at"),
)

roots = Table(
    "roots",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("host", Text, nullable=False),
    Column("path", Text, nullable=False),
)

# Running pipelines, and those that stopped a short while ago.
workers = Table(
    "workers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("root", ForeignKey(roots.c.id), nullable=False),
    _moment("seen_at"),
    Column("has_left", Boolean, nullable=False),
)

# The clean-up of each root: what the last ones deleted, and one that waits for a confirmation.
clean_ups = Table(
    "clean_ups",
    metadata,
    Column("root", ForeignKey(roots.c.id), primary_key=True),
    _moment("ran_at", nullable=True),
    # The numbers of the last nightly ones, the latest last.
    Column("deleted_images", ARRAY(BigInteger), nullable=False, server_default="{}"),
    Column("deleted_files", ARRAY(BigInteger), nullable=False, server_default="{}"),
    Column("waiting", JSONB(none_as_null=True)),
    Column("confirmed", Boolean, nullable=False, server_default="false"),
    _moment("orphans_checked_until", nullable=True),
)

images = Table(
    "images",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("camera", ForeignKey(cameras.c.folder), nullable=False),
    Column("path", Text, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", LargeBinary),
    _moment("captured_at"),
    _moment("found_at"),
    Column("state", _text_enum(ImageState), nullable=False),
    Column("reason", Text),
    Column("width", Integer),
    Column("height", Integer),
    Column("model", Text),
    _moment("detected_at", nullable=True),
    Column("event_id", ForeignKey(events.c.id)),
    Column("file_gone", Boolean, nullable=False, default=False),
    Column("root", ForeignKey(roots.c.id)),
    Column("damaged", Text),
)

# Files that still exist though their image records were deleted: they must not be registered again.
forgotten_files = Table(
    "forgotten_files",
    metadata,
    Column("camera", ForeignKey(cameras.c.folder), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("mtime_ns", BigInteger, primary_key=True),
    Column("size", BigInteger, primary_key=True),
    _moment("found_at"),
    Column("root", ForeignKey(roots.c.id)),
)

detections = Table(
    "detections",
    metadata,
    Column("image_id", ForeignKey(images.c.id), primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    Column("label", Text, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("x1", Double, nullable=False),
    Column("y1", Double, nullable=False),
    Column("x2", Double, nullable=False),
    Column("y2", Double, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("kind", _text_enum(JobKind), nullable=False),
    Column("state", _text_enum(JobState), nullable=False, default=JobState.PENDING),
    Column("camera", ForeignKey(cameras.c.folder), nullable=False),
    Column("image_id", ForeignKey(images.c.id)),
    Column("event_id", ForeignKey(events.c.id)),
    Column("priority", SmallInteger, nullable=False),
    _moment("happened_at"),
    _moment("run_after", now_by_default=True),
    _moment("lease_until", nullable=True),
    Column("fence", BigInteger, nullable=False, default=0),
    Column("attempts", Integer, nullable=False, default=0),
    Column("crashes", Integer, nullable=False, default=0),
    # Whether the worker processes no other job, and the number of crashes while that was so.
    Column("alone", Boolean, nullable=False, default=False),
    Column("lone_crashes", Integer, nullable=False, default=0),
    Column("requeues", Integer, nullable=False, default=0),
    Column("failure", _text_enum(FailureClass)),
    Column("error_type", Text),
    Column("message", Text),
    _moment("first_failed_at", nullable=True),
    _moment("last_failed_at", nullable=True),
    # Since when the image's folder has been away, without a failure of another kind since then.
    _moment("away_since", nullable=True),
    _moment("created_at", now_by_default=True),
    _moment("finished_at", nullable=True),
)
