"""The invariants of a run: every file has a final state, and database and disk agree."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import asyncpg  # type: ignore[import-untyped]  # has no types

# Each query returns the violations of an invariant, one a row.
_LOSSES: Mapping[str, str] = {
    "an image without a final state": "SELECT path, state FROM hsi.images WHERE state = 'pending'",
    "an image without exactly one detect job": """
        SELECT i.path, count(j.id) FROM hsi.images i
        LEFT JOIN hsi.jobs j ON j.image_id = i.id AND j.kind = 'detect'
        GROUP BY i.id HAVING count(j.id) <> 1""",
}
_BREACHES: Mapping[str, str] = {
    "a job that is still pending or leased": """
        SELECT id, kind, state, fence FROM hsi.jobs WHERE state IN ('pending', 'leased')""",
    "an image and its job that contradict each other": """
        SELECT i.path, i.state, j.state FROM hsi.images i JOIN hsi.jobs j ON j.image_id = i.id
        WHERE (i.state = 'dead') <> (j.state = 'dead')
           OR (i.state IN ('detected', 'skipped')) <> (j.state = 'done')""",
    "a dead letter without an explanation": """
        SELECT id, failure, error_type FROM hsi.jobs WHERE state = 'dead'
        AND (failure IS NULL OR error_type = '' OR message = '' OR last_failed_at < first_failed_at)""",
    "a dead image without a reason": """
        SELECT path FROM hsi.images WHERE state IN ('dead', 'skipped') AND coalesce(reason, '') = ''""",
    "a job that is dead because of lost workers": """
        SELECT id, kind, crashes, message FROM hsi.jobs WHERE error_type = 'worker_lost'
        AND state = 'dead'""",
    "an open event": "SELECT id, camera, last_activity_at FROM hsi.events WHERE state = 'open'",
    "an event whose words are still coming": """
        SELECT id FROM hsi.events WHERE assessment = 'pending'""",
    "an event without words and without a dead letter": """
        SELECT e.id FROM hsi.events e WHERE e.assessment = 'unassessed' AND NOT EXISTS
        (SELECT FROM hsi.jobs j WHERE j.event_id = e.id AND j.state = 'dead')""",
    "an event without a level": """
        SELECT id FROM hsi.events WHERE num_nonnulls(risk_level, highest_level, risk_score) < 3
        OR judged_images <> image_count""",
    "an event that covers other times than its images": """
        SELECT e.id FROM hsi.events e JOIN hsi.images i ON i.event_id = e.id GROUP BY e.id
        HAVING min(i.captured_at) <> e.started_at OR max(i.captured_at) <> e.last_activity_at""",
    "an image with a watched object and no event": """
        SELECT i.path FROM hsi.images i JOIN hsi.detections d ON d.image_id = i.id
        WHERE i.event_id IS NULL AND d.label IN ('person', 'car', 'dog', 'package')""",
    "an image in an event of another camera": """
        SELECT i.path FROM hsi.images i JOIN hsi.events e ON e.id = i.event_id
        WHERE e.camera <> i.camera""",
}
_DUPLICATES: Mapping[str, str] = {
    "an event that counts an image twice or not at all": """
        SELECT e.id, e.image_count, count(i.id) FROM hsi.events e
        LEFT JOIN hsi.images i ON i.event_id = e.id
        GROUP BY e.id HAVING count(i.id) <> e.image_count""",
    "a file registered twice": """
        SELECT camera, path, mtime_ns, size FROM hsi.images
        GROUP BY 1, 2, 3, 4 HAVING count(*) > 1""",
    "the same content processed twice": """
        SELECT a.path, b.path FROM hsi.images a JOIN hsi.images b
        ON a.camera = b.camera AND a.sha256 = b.sha256 AND a.id < b.id
        WHERE a.state = 'detected' AND b.state = 'detected'""",
    "detections with gaps or repetitions": """
        SELECT image_id FROM hsi.detections GROUP BY image_id
        HAVING max(position) + 1 <> count(*)
        OR count(DISTINCT (label, confidence, x1, y1, x2, y2)) <> count(*)""",
}
UNSETTLED = """
    SELECT (SELECT count(*) FROM hsi.jobs WHERE state IN ('pending', 'leased'))
         + (SELECT count(*) FROM hsi.events WHERE state = 'open')"""


@dataclass(slots=True, kw_only=True)
class InvariantReport:
    """The state of the database after one run."""

    files: int  # on disk that had to be registered
    rows: int
    terminal: Counter[str] = field(default_factory=Counter)  # images by state
    dead: Counter[str] = field(default_factory=Counter)  # dead letters by kind and error
    events: int = 0
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        return not (self.lost or self.duplicated or self.breaches)


async def unregistered(
    connection: asyncpg.Connection,
    root: Path,
    files: set[Path],
    deleted: Mapping[Path, tuple[int, int]],
) -> list[str]:
    """Return the files that have no row for their last version.

    `deleted`: the size and mtime of files that were deleted by the run itself.
    """
    rows = await connection.fetch("SELECT path, size, mtime_ns FROM hsi.images")
    known = {(row["path"], row["size"], row["mtime_ns"]) for row in rows}
    missing = []
    for file in sorted(files):
        path = file.relative_to(root).as_posix()
        try:
            version = deleted.get(file) or _version(file)
        except FileNotFoundError:
            missing.append(f"deleted by a worker: {path}")
            continue
        if (path, *version) not in known:
            missing.append(f"not registered: {path}")
    return missing


async def check_invariants(
    connection: asyncpg.Connection,
    root: Path,
    files: set[Path],
    sound: set[str],
    deleted: Mapping[Path, tuple[int, int]] = MappingProxyType({}),
) -> InvariantReport:
    """Check every invariant; all jobs must have settled. `deleted`: see `unregistered`."""
    states = Counter(
        {
            row["state"]: row["count"]
            for row in await connection.fetch("SELECT state, count(*) FROM hsi.images GROUP BY 1")
        }
    )
    invariants = InvariantReport(
        files=len(files),
        rows=states.total(),
        terminal=states,
        events=await connection.fetchval("SELECT count(*) FROM hsi.events"),
        lost=await unregistered(connection, root, files, deleted),
    )
    for row in await connection.fetch(
        "SELECT kind, failure, error_type, count(*) FROM hsi.jobs WHERE state = 'dead' GROUP BY 1, 2, 3"
    ):
        invariants.dead[f"{row['kind']}: {row['failure']}, {row['error_type']}"] = row["count"]
    # A valid image may become a dead letter because of faults, never because of its content.
    for row in await connection.fetch(
        """SELECT i.path, j.error_type, i.size, i.mtime_ns FROM hsi.images i
        JOIN hsi.jobs j ON j.image_id = i.id WHERE j.state = 'dead' AND j.failure = 'input'"""
    ):
        path = root / row["path"]
        version = deleted.get(path) or (_version(path) if path.exists() else None)
        if row["path"] in sound and version == (row["size"], row["mtime_ns"]):
            invariants.lost.append(f"whole, but dead as {row['error_type']}: {row['path']}")
    invariants.lost += await _violations(connection, _LOSSES)
    invariants.duplicated += await _violations(connection, _DUPLICATES)
    invariants.breaches += await _violations(connection, _BREACHES)
    return invariants


def _version(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_size, status.st_mtime_ns


async def _violations(connection: asyncpg.Connection, queries: Mapping[str, str]) -> list[str]:
    return [
        f"{name}: {tuple(row)}"
        for name, sql in queries.items()
        for row in await connection.fetch(sql)
    ]
