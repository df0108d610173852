"""A clean-up reads what it may delete, however much it deleted before and however much stays."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy.event import listen
from sqlalchemy.ext.asyncio import AsyncEngine

import testbed.core  # noqa: F401 - makes hsi_core importable
from testbed.services.postgres import Postgres
from tests.core.store.conftest import at

# isort: split
from hsi_core.aio.file_executor import FileExecutor
from hsi_core.aio.health_board import HealthBoard
from hsi_core.aio.publisher import Publisher
from hsi_core.domain.found_file import FoundFile
from hsi_core.domain.settings import Settings
from hsi_core.files import source_files
from hsi_core.files.camera_root import CameraRoot
from hsi_core.stages import expired_files
from hsi_core.stages.expired_files import ExpiredFiles
from hsi_core.store import retention
from hsi_core.store.database import Database
from hsi_core.store.engine import begin
from hsi_core.store.outbox import Outbox

FILES = 30
FILL = f"""
INSERT INTO hsi.cameras (folder, name) VALUES ('front', 'Front');
INSERT INTO hsi.roots (host, path) VALUES ('here', '/cameras');
INSERT INTO hsi.forgotten_files SELECT 'front', 'front/' || n || '.jpg', 1, 1,
    timestamptz '2026-03-01 12:00Z' - n * interval '1 day', 1
FROM generate_series(0, {FILES - 1}) AS n;
INSERT INTO hsi.images (camera, path, mtime_ns, size, captured_at, found_at, state, reason, root)
SELECT 'front', 'front/' || n || '.jpg', 2, 1, t, t, 'skipped', 'duplicate', 1
FROM generate_series(0, {FILES - 1}) AS n,
    LATERAL (SELECT timestamptz '2026-03-01 12:00Z' - n * interval '1 day' AS t) AS at;
"""


class Storage:
    """A camera root whose files are all missing, and a count of those that were looked for."""

    def __init__(self, engine: AsyncEngine, folder: Path) -> None:
        self.engine = engine
        self.root = CameraRoot(id=1, path=folder, worker=uuid4())
        self.looked_for: list[str] = []
        self.files_executor = FileExecutor(stall_limit=60.0)

    def files(self, **settings: float) -> ExpiredFiles:
        board = HealthBoard(Publisher())
        board.database_answered()
        return ExpiredFiles(
            Database(self.engine, board, Settings(), Outbox(Publisher())),
            root=self.root,
            files=self.files_executor,
            settings=Settings(**settings),  # type: ignore[arg-type]  # numbers only
        )


@pytest.fixture
async def storage(
    engine: AsyncEngine,
    postgres: Postgres,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Storage]:
    postgres.execute(FILL, database="shared")
    (tmp_path / "front").mkdir()
    (tmp_path / "front/other.jpg").write_bytes(b"x")
    made = Storage(engine, tmp_path)
    check = source_files.check_files

    def counted(root: Path, files: list[FoundFile]) -> source_files.FileCheck:
        made.looked_for += [file.path for file in files]
        return check(root, files)

    monkeypatch.setattr(expired_files, "check_files", counted)
    yield made
    made.files_executor.close()


async def test_forgotten_files_are_looked_for_in_turns(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expired_files, "ORPHANS_A_RUN", 8)
    monkeypatch.setattr(expired_files, "FILES_STEP", 3)
    for number in range(FILES):
        (storage.root.path / f"front/{number}.jpg").touch()
    async with begin(storage.engine) as connection:
        # As they are on disk, so that none is an orphan but the last.
        for number in range(1, FILES):
            status = (storage.root.path / f"front/{number}.jpg").stat()
            await connection.exec_driver_sql(
                f"UPDATE hsi.forgotten_files SET size = 0, mtime_ns = {status.st_mtime_ns}"
                f" WHERE path = 'front/{number}.jpg'"
            )
    files = storage.files()
    assert [await files.delete_orphans(dry_run=True) for _ in range(2)] == [0, 0]
    assert storage.looked_for == 2 * [f"front/{n}.jpg" for n in range(29, 21, -1)]
    storage.looked_for.clear()
    assert [await files.delete_orphans(dry_run=False) for _ in range(4)] == [0, 0, 0, 1]
    once = [f"front/{n}.jpg" for n in range(29, -1, -1)]
    assert storage.looked_for == [*once, "front/29.jpg", "front/28.jpg"]


async def test_files_that_age_does_not_decide_on_are_not_looked_for(storage: Storage) -> None:
    assert await storage.files(original_days=20.0).delete(at(0), dry_run=True) == (0, 0)
    assert len(storage.looked_for) == 2 * (FILES - 21)
    storage.looked_for.clear()
    # All files together are small enough.
    fits = storage.files(original_gigabytes=2 * FILES / 10**9)
    assert await fits.delete(at(0), dry_run=True) == (0, 0)
    assert storage.looked_for == []
    too_large = storage.files(original_gigabytes=(2 * FILES - 1) / 10**9)
    assert await too_large.delete(at(0), dry_run=True) == (0, 0)
    assert len(storage.looked_for) == 2 * FILES


async def test_files_that_are_gone_are_passed_over_by_their_index(
    storage: Storage, postgres: Postgres
) -> None:
    asked: list[str] = []
    listen(storage.engine.sync_engine, "before_cursor_execute", lambda *c: asked.append(c[2]))
    await storage.files(original_days=20.0).delete(at(0), dry_run=True)
    for sql in (sql for sql in asked if "ORDER BY hsi.images.found_at" in sql):
        plan = postgres.execute(
            f"SET enable_seqscan = off; EXPLAIN (GENERIC_PLAN) {sql}", database="shared"
        )
        assert "images_files" in plan, plan
    orphans = storage.files()
    await orphans.delete_orphans(dry_run=False)
    asked.clear()
    await orphans.delete_orphans(dry_run=False)
    for sql in (sql for sql in asked if "FROM hsi.forgotten_files" in sql and "ORDER BY" in sql):
        plan = postgres.execute(
            f"SET enable_seqscan = off; EXPLAIN (GENERIC_PLAN) {sql}", database="shared"
        )
        assert "forgotten_files_found" in plan, plan


async def test_what_is_due_is_counted_by_joins(engine: AsyncEngine, postgres: Postgres) -> None:
    asked: list[str] = []
    listen(engine.sync_engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    async with begin(engine) as connection:
        await retention.count(connection, at(0))
    [counting] = [sql for sql in asked if "due_images" in sql]
    plan = postgres.execute(f"EXPLAIN (GENERIC_PLAN) {counting}", database="shared")
    assert "SubPlan" not in plan, plan
