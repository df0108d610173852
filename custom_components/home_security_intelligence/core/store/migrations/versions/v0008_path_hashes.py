"""Indices of paths by their hash: a row of an index has 2,704 bytes at most, a path 4,096."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Written out in SQL: a migration must not change when the code's tables and enums do.
# A cast to bytea reads backslashes as escapes; unlike convert_to, it may be used in an index.
_KEY = r"camera, sha256(CAST(replace(path, '\', '\\') AS bytea)), mtime_ns, size"
STATEMENTS = (
    "ALTER TABLE hsi.images DROP CONSTRAINT images_identity",
    f"CREATE UNIQUE INDEX images_identity ON hsi.images ({_KEY})",
    "ALTER TABLE hsi.forgotten_files DROP CONSTRAINT forgotten_files_pkey",
    f"CREATE UNIQUE INDEX forgotten_files_identity ON hsi.forgotten_files ({_KEY})",
    "DROP INDEX hsi.forgotten_files_found",
    "CREATE INDEX forgotten_files_found ON hsi.forgotten_files (found_at, camera)",
)


def upgrade() -> None:
    """Replace the indices."""
    for statement in STATEMENTS:
        op.execute(statement)
