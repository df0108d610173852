"""The uploads of the demo's three cameras, and the expected final state of each image."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import Enum
from pathlib import Path
from zoneinfo import ZoneInfo

from testbed.drawing import scenes
from testbed.services.uploader import Uploader

CAMERAS = ("front_door", "driveway", "back_yard")
SIZE = (1280, 720)
UTC = ZoneInfo("UTC")


class FinalState(Enum):
    """Final states of an image, as in the database."""

    DETECTED = "detected"
    SKIPPED = "skipped"
    DEAD = "dead"


class UploadMethod(Enum):
    """How a file arrives in its folder."""

    PIECES = "in pieces"
    RENAME = "by rename"
    BROKEN_OFF = "broken off half-way"
    NO_IMAGE = "no image at all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file: its content, how it arrives and its expected final state.

    `taken` is the camera's own time in the EXIF data; without it the file's time counts.
    """

    camera: str
    name: str
    state: FinalState
    method: UploadMethod = UploadMethod.PIECES
    seed: int = 0
    labels: tuple[str, ...] = ()
    lighting: scenes.Lighting = "day"
    taken: datetime | None = None

    @property
    def path(self) -> str:
        """The file below the camera root."""
        return f"{self.camera}/{self.name}"


def uploads(zone: ZoneInfo) -> tuple[Upload, ...]:
    """Return the demo's uploads in the order in which they happen."""
    now = datetime.now(zone).replace(tzinfo=None)
    last_night = datetime.combine(now.date(), time(2, 13))
    if last_night > now:
        last_night -= timedelta(days=1)
    the_day_before = last_night - timedelta(hours=10)
    return (
        Upload(camera="back_yard", name="dog.jpg", state=FinalState.DETECTED, seed=16,
               labels=("dog",), taken=the_day_before),
        Upload(camera="front_door", name="visitor.jpg", state=FinalState.DETECTED, seed=24,
               labels=("person",)),
        Upload(camera="driveway", name="arrival.jpg", state=FinalState.DETECTED, seed=5,
               labels=("car", "person")),
        Upload(camera="front_door", name="parcel.jpg", state=FinalState.DETECTED, method=UploadMethod.RENAME,
               seed=24, labels=("person", "package")),
        Upload(camera="driveway", name="cut-short.jpg", state=FinalState.DEAD, method=UploadMethod.BROKEN_OFF,
               seed=5, labels=("car",)),
        Upload(camera="front_door", name="parcel-again.jpg", state=FinalState.SKIPPED, seed=24,
               labels=("person", "package")),
        Upload(camera="back_yard", name="greeting.jpg", state=FinalState.DEAD, method=UploadMethod.NO_IMAGE),
        Upload(camera="driveway", name="empty.jpg", state=FinalState.DETECTED, seed=5),
        Upload(camera="back_yard", name="visitor.jpg", state=FinalState.DETECTED, seed=16,
               labels=("person",), lighting="night", taken=last_night),
    )  # fmt: skip


async def perform(
    root: Path, planned: tuple[Upload, ...], on_upload: Callable[[Upload], None]
) -> None:
    """Upload one file after the other; call `on_upload` after each."""
    uploader = Uploader(root)
    for upload in planned:
        await asyncio.to_thread(_carry_out, uploader, upload)
        on_upload(upload)


def _carry_out(uploader: Uploader, upload: Upload) -> None:
    match upload.method:
        case UploadMethod.PIECES:
            uploader.in_pieces(upload.camera, upload.name, _image(upload))
        case UploadMethod.RENAME:
            uploader.by_rename(upload.camera, upload.name, _image(upload))
        case UploadMethod.BROKEN_OFF:
            uploader.broken_off(upload.camera, upload.name, _image(upload))
        case UploadMethod.NO_IMAGE:
            uploader.no_image(upload.camera, upload.name)


def _image(upload: Upload) -> bytes:
    scene = scenes.draw(upload.seed, size=SIZE, lighting=upload.lighting, labels=upload.labels)
    return scenes.jpeg(scene, captured_at=upload.taken)
