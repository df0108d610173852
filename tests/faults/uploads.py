"""Upload the files of a plan, and record which of them have to be found."""

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from datetime import datetime, timedelta
import os
from pathlib import Path
import time

from testbed.services.uploader import NOT_AN_IMAGE, Uploader
from tests.faults.images import make_image
from tests.faults.plan import Kind, Upload

_GROWING_PAUSE = 0.5  # seconds, longer than the workers' settle time
_FLOOD_NUMBERS = 1_000_000  # beyond the plan's
_OTHERS = (".hidden-{n}.jpg", "half-{n}.jpg.part", "log-{n}.txt", "half-{n}.part.jpg")


class Cameras:
    """The cameras, which upload the files of a plan."""

    def __init__(self, root: Path) -> None:
        self._uploader = Uploader(root, pace=0.0)
        self._root = root
        self._contents: dict[
            str, tuple[bytes, float]
        ] = {}  # by camera: the latest content and its time
        self.files: set[Path] = set()  # files that have to be registered
        self.sound: set[str] = set()  # paths of files that are whole images
        self.by_age: deque[tuple[float, Path]] = deque()  # uploads and their times, oldest first
        self.deleted: dict[Path, tuple[int, int]] = {}  # size and mtime of files deleted since
        self.keeping_files = asyncio.Lock()  # held while no file may be deleted
        self.uploaded: Counter[str] = Counter()
        self._flooded = 0

    async def upload(self, uploads: Sequence[Upload], started: float) -> None:
        """Upload each file at its time, growing files in parallel."""
        async with asyncio.TaskGroup() as growing:
            for item in uploads:
                await asyncio.sleep(max(0.0, started + item.at - time.monotonic()))
                if item.kind is Kind.GROWING:
                    growing.create_task(self._grow(item))
                else:
                    await asyncio.to_thread(self._put, item)
                self.uploaded[item.kind] += 1

    def flood(self, camera: str, count: int) -> None:
        """Upload images of one camera at once."""
        for _ in range(count):
            self._flooded += 1
            number = _FLOOD_NUMBERS + self._flooded
            content = make_image(number, number)
            self._record(self._uploader.by_rename(camera, f"flood {number}.jpg", content))

    def _put(self, item: Upload) -> None:
        content = make_image(item.scene, item.number)
        place, taken = _path_and_time(item)
        camera, _, name = place.rpartition("/")
        match item.kind:
            case Kind.RENAMED:
                self._record(self._uploader.by_rename(camera, name, content))
            case Kind.BROKEN:
                self._record(self._uploader.broken_off(camera, name, content), sound=False)
            case Kind.NO_IMAGE:
                # Distinct, or it would be a duplicate of an earlier one.
                no_image = NOT_AN_IMAGE + str(item.number).encode()
                self._record(self._uploader.in_pieces(camera, name, no_image), sound=False)
            case Kind.EMPTY:
                self._record(self._uploader.in_pieces(camera, name, b""), sound=False)
            case Kind.DUPLICATE:
                earlier, taken = self._contents.get(item.camera, (content, taken))
                self._record(
                    self._uploader.in_pieces(item.camera, f"again {item.number}.jpg", earlier)
                )
                _set_time(self._root / item.camera / f"again {item.number}.jpg", taken)
            case Kind.OVERWRITTEN:
                self._uploader.in_pieces(camera, name, make_image(item.scene + 1, -item.number - 1))
                self._record(self._uploader.in_pieces(camera, name, content))
            case Kind.DELIVERED_TWICE:
                path = self._uploader.in_pieces(camera, name, content)
                path.rename(path.with_suffix(".part")).rename(path)
                self._record(path)
            case Kind.LATE:
                path = self._uploader.by_rename(camera, name, content)
                _set_time(path, taken)
                # Renamed to be reported with its new time, as by an FTP server that keeps times.
                path.rename(path.with_suffix(".part")).rename(path)
                self._record(path)
            case Kind.LEFT_ALONE:
                other = _OTHERS[item.number % len(_OTHERS)].format(n=item.number)
                self._uploader.in_pieces(item.camera, other, content)
            case _:
                self._record(self._uploader.in_pieces(camera, name, content))
                self._contents[item.camera] = (content, taken)

    async def _grow(self, item: Upload) -> None:
        content = make_image(item.scene, item.number)
        path = self._root / item.camera / f"growing {item.number}.jpg"
        with path.open("wb", buffering=0) as file:
            for start in range(0, len(content), len(content) // 3 + 1):
                file.write(content[start : start + len(content) // 3 + 1])
                await asyncio.sleep(_GROWING_PAUSE)
        self._record(path)

    def _record(self, path: Path, *, sound: bool = True) -> None:
        self.files.add(path)
        self.by_age.append((time.monotonic(), path))
        if sound:
            self.sound.add(path.relative_to(self._root).as_posix())


def _path_and_time(item: Upload) -> tuple[str, float]:
    """Return the file's path, which is unique, and its capture time."""
    moment = datetime.now().astimezone() - timedelta(seconds=item.age)
    return f"{item.camera}/{item.name.format(t=moment, n=item.number)}", moment.timestamp()


def _set_time(path: Path, taken: float) -> None:
    os.utime(path, (taken, taken))
