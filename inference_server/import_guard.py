"""Notices that this process can never import what detectors need, and another one could."""

from collections.abc import Callable, Sequence
import logging
import subprocess
import sys

from inference_server.detection.base import Detector
from inference_server.detection.lazy_imports import HalfImportedError
from inference_server.settings import Settings

_LOG = logging.getLogger(__name__)
_TIMEOUT = 300.0  # seconds; torch from a slow disk takes a minute


class ImportGuard:
    """Loads detectors; tells when only another process could."""

    def __init__(
        self,
        load: Callable[[Settings], Detector],
        *,
        on_lost: Callable[[], None],
        probe: Callable[[Sequence[str]], bool],
    ) -> None:
        """`probe` says whether another process can import packages; `on_lost` is called from a thread."""
        self._load = load
        self._on_lost = on_lost
        self._probe = probe
        self._failed = False

    def load(self, settings: Settings) -> Detector:
        """Load a detector; blocks; raises DetectorLoadError."""
        try:
            return self._load(settings)
        except HalfImportedError as err:
            # Not at once: what made it fail, such as want of memory, may still be so.
            if self._failed and self._probe(err.packages):
                self._on_lost()
                raise HalfImportedError(
                    f"{err} Another process can import it: the server ends now, to be started again.",
                    packages=err.packages,
                ) from err
            self._failed = True
            raise


def another_process_can_import(packages: Sequence[str]) -> bool:
    """Tell whether a new process can import what this one could not; takes seconds."""
    try:
        done = subprocess.run(  # noqa: S603 - names that Python itself has
            [sys.executable, "-c", f"import {', '.join(packages)}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        _LOG.error("Another process cannot import them either: %s", err)
        return False
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"it ended with {done.returncode}"]
        _LOG.error("Another process cannot import them either: %s", last[0])
    return done.returncode == 0
