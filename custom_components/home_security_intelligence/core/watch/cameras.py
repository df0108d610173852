"""The cameras' folders as a tree."""

from collections.abc import Iterable, Iterator

from ..domain.models import Camera
from .ignored_names import IgnoredNames


class CameraFolders:
    """Which folder belongs to which camera.

    Paths are relative to the camera root; "" is the root itself.
    """

    def __init__(self, cameras: Iterable[Camera], ignored: IgnoredNames | None = None) -> None:
        self.ignored = ignored or IgnoredNames()  # names within the cameras' folders
        self._folders = frozenset(camera.folder for camera in cameras)

    @property
    def folders(self) -> tuple[str, ...]:
        """Every camera's folder, a camera before those within it."""
        return tuple(sorted(self._folders))

    @property
    def ancestors(self) -> tuple[str, ...]:
        """Every folder that has cameras below it, from the root downwards."""
        return tuple(sorted({up for folder in self._folders for up in ancestors_of(folder)}))

    def camera_of(self, folder: str) -> str | None:
        """Return the camera this folder belongs to: itself or its nearest parent that is one."""
        if folder in self._folders:
            return folder
        return next((up for up in ancestors_of(folder) if up in self._folders), None)

    def is_camera(self, folder: str) -> bool:
        """Return whether this folder is a camera's own."""
        return folder in self._folders

    def is_camera_or_ancestor(self, folder: str) -> bool:
        """Return whether this folder is a camera's or has cameras below it."""
        return folder in self._folders or folder in self.ancestors


def join(folder: str, name: str) -> str:
    """Return the path of the name within the folder."""
    return f"{folder}/{name}" if folder else name


def ancestors_of(folder: str) -> Iterator[str]:
    """Yield the folders that a folder is in, the nearest first and the root last."""
    while folder:
        folder = folder.rpartition("/")[0]
        yield folder
