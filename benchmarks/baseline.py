"""Minimum cost of an image: the pipeline's own SQL and requests alone.

Each is a bare loop on one connection: no files, no threads, no objects for rows, no events.
"""

# ruff: noqa: SLF001 - it measures the very statements of the product

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import time
from uuid import UUID

import aiohttp
import asyncpg  # type: ignore[import-untyped]  # has no types
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql import asyncpg as dialect

import testbed.core  # noqa: F401 - makes hsi_core importable
from testbed.fake_inference_server import TOKEN

# isort: split
from hsi_core.domain.models import JobKind
from hsi_core.domain.settings import Settings
from hsi_core.inference.client import InferenceClient
from hsi_core.store import cameras, detections, images, leases
from hsi_core.store.fair_claim import claim_statement

FILL = """
WITH camera AS (INSERT INTO hsi.cameras (folder, name) VALUES ('baseline', 'Baseline') RETURNING folder),
added AS (
    INSERT INTO hsi.images (camera, path, mtime_ns, size, captured_at, found_at, state)
    SELECT folder, n::text, n, 1, now() - n * interval '1 s', now(), 'pending'
    FROM camera, generate_series(1, $1::int) AS n RETURNING *
)
INSERT INTO hsi.jobs (kind, state, camera, image_id, priority, happened_at, fence, attempts, crashes,
    requeues)
SELECT 'detect', 'pending', camera, id, 10, captured_at, 0, 0, 0, 0 FROM added
"""
_LEASE = timedelta(seconds=Settings().lease)
_NO_EVENT: UUID | None = None
_COMPILED: dict[Executable, tuple[str, list[str], dict[str, object]]] = {}


async def sql_alone(url: str, count: int, batch: int) -> dict[str, float]:
    """Claim, look for duplicates twice, finish and store, in batches of `batch` images."""
    connection = await asyncpg.connect(url)
    await connection.execute("TRUNCATE hsi.cameras CASCADE")
    await connection.execute(FILL.replace("$1", str(count)))
    await connection.execute("ANALYZE")
    claim, lock = claim_statement(JobKind.DETECT, batch, oldest_first=False), cameras._LOCK
    due = {"wanted": batch, "lease": _LEASE, "lag_camera": [], "lag_turns": []}
    began, cpu, done = time.perf_counter(), time.process_time(), 0
    while done < count:
        rows = await _fetch(connection, claim, due)
        done += len(rows)
        ids = [row["image_id"] for row in rows]
        content = [image.to_bytes(32) for image in ids]
        duplicates: dict[str, object] = {
            "images": ids,
            "cameras": ["baseline"] * len(ids),
            "contents": content,
        }
        await _fetch(connection, images._FIND_DUPLICATES, duplicates)
        async with connection.transaction():
            await _fetch(connection, lock, {"folders": ["baseline"]})
            fences = [row["fence"] for row in rows]
            leased = {"token_id": [row["id"] for row in rows], "token_fence": fences}
            await _fetch(connection, leases._FINISH, leased)
            await _fetch(connection, images._FIND_DUPLICATES, duplicates)
            await _fetch(connection, detections._INSERT, _detected(ids, content))
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    await connection.close()
    return {"images_per_s": count / wall, "cpu_ms_per_image": cpu / count * 1000}


async def requests_alone(server: str, count: int, concurrency: int) -> dict[str, float]:
    """Send `count` detect requests to a server that responds at once."""
    left = iter(range(count))

    async with aiohttp.ClientSession() as session:
        client = InferenceClient(session, server, TOKEN, settings=Settings())

        async def send() -> None:
            for number in left:
                image = f"image {number}".encode()
                await client.detect(image, content_type="image/jpeg", threshold=0.5)

        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(send() for _ in range(concurrency)))
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {"images_per_s": count / wall, "cpu_ms_per_image": cpu / count * 1000}


def _detected(ids: list[int], content: list[bytes]) -> dict[str, object]:
    count = len(ids)
    return {
        "detected_at": datetime.now(UTC),
        "images": ids,
        "contents": content,
        "widths": [640] * count,
        "heights": [480] * count,
        "models": ["instant"] * count,
        "events": [_NO_EVENT] * count,
        "damages": [None] * count,
        "of_images": ids,
        "positions": [0] * count,
        "labels": ["person"] * count,
        **{name: [0.5] * count for name in ("confidences", "x1", "y1", "x2", "y2")},
    }


async def _fetch(
    connection: asyncpg.Connection, statement: Executable, values: Mapping[str, object]
) -> list[asyncpg.Record]:
    compiled = _COMPILED.get(statement)
    if compiled is None:
        rendered = statement.compile(dialect=dialect.dialect())  # type: ignore[attr-defined, no-untyped-call]  # every statement has it
        constant = {name: bind.value for name, bind in rendered.binds.items()}
        compiled = _COMPILED[statement] = (str(rendered), rendered.positiontup, constant)
    sql, names, constant = compiled
    arguments = [values[name] if name in values else _as_plain(constant[name]) for name in names]
    return list(await connection.fetch(sql, *arguments))


def _as_plain(value: object) -> object:
    return str(value) if isinstance(value, str) else value
