"""Warning about cameras whose files are dated in the future."""

from collections.abc import Iterable
from datetime import datetime
import logging

from ..domain.found_file import LIVE_FOR, FoundFile

_LOGGER = logging.getLogger(__name__)
_NS = 1_000_000_000  # nanoseconds in a second


class ClockCheck:
    """Logs one warning for each camera whose files are dated in the future."""

    def __init__(self) -> None:
        self._warned: set[str] = set()

    def check(self, files: Iterable[FoundFile], *, now: datetime) -> None:
        """Warn if files are dated further ahead of `now` than a clock may be."""
        for file in files:
            ahead = file.mtime_ns / _NS - now.timestamp()
            if ahead > LIVE_FOR.total_seconds() and file.camera not in self._warned:
                self._warned.add(file.camera)
                _LOGGER.warning(
                    "The files of camera %s are dated %.0f s ahead. Without a time in EXIF or in"
                    " the name, the capture time of its images is the time they are found. Set"
                    " the clock of the camera or of the storage",
                    file.camera,
                    ahead,
                )
