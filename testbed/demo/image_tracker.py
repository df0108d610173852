"""Read the final state of each image from the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass

import asyncpg  # type: ignore[import-untyped] # ships no types

from testbed.demo.scenario import FinalState

POLL_INTERVAL = 0.2  # seconds
FINAL_STATES = {state.value: state for state in FinalState}
IMAGES = """
    SELECT image.path, image.state, image.reason,
           coalesce(array_agg(seen.label || ' ' || round(seen.confidence * 100) || ' %'
                              ORDER BY seen.position) FILTER (WHERE seen.label IS NOT NULL), '{}')
           AS objects,
           coalesce(array_agg(seen.label) FILTER (WHERE seen.label IS NOT NULL), '{}') AS labels
    FROM hsi.images AS image LEFT JOIN hsi.detections AS seen ON seen.image_id = image.id
    GROUP BY image.id ORDER BY image.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One image in the database; `state` is None while it is being processed."""

    path: str  # below the camera root
    state: FinalState | None
    reason: str | None
    objects: tuple[str, ...]  # label and confidence of each, for display
    labels: frozenset[str]


class ImageTracker:
    """Reads the images in the integration's database."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def follow(self) -> AsyncGenerator[Mapping[str, Outcome], None]:
        """Yield all images by path whenever one of them has changed."""
        connection = await asyncpg.connect(self._url)
        try:
            known: Mapping[str, Outcome] | None = None
            while True:
                rows = await connection.fetch(IMAGES)
                found = {row["path"]: _outcome(row) for row in rows}
                if found != known:
                    yield (known := found)
                await asyncio.sleep(POLL_INTERVAL)
        finally:
            await connection.close()


def _outcome(row: asyncpg.Record) -> Outcome:
    return Outcome(
        path=row["path"],
        state=FINAL_STATES.get(row["state"]),
        reason=row["reason"],
        objects=tuple(row["objects"]),
        labels=frozenset(row["labels"]),
    )
