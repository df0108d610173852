"""Finding new, complete pictures in the camera folders."""

from .captured_at import capture_time
from .found import FoundFile
from .paths import contained
from .watcher import FolderWatcher

__all__ = ["FolderWatcher", "FoundFile", "capture_time", "contained"]
