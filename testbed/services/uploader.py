"""Upload into camera folders with the file operations of an FTP daemon."""

from __future__ import annotations

from pathlib import Path
import time

PIECE = 16 * 1024  # bytes an FTP daemon writes at a time
NOT_AN_IMAGE = b"421 Service not available, closing control connection.\r\n" * 40


class Uploader:
    """Uploads into the folders below one root; `pace` is the pause between pieces, in seconds."""

    def __init__(self, root: Path, *, pace: float = 0.01) -> None:
        self.root = root
        self._pace = pace

    def in_pieces(self, camera: str, name: str, content: bytes) -> Path:
        """Write under the final name, piece by piece, and close, as for most cameras."""
        target = self._target(camera, name)
        self._write(target, content)
        return target

    def by_rename(self, camera: str, name: str, content: bytes) -> Path:
        """Write under a temporary name and rename it once it is complete."""
        target = self._target(camera, name)
        partial = target.with_name(f"{name}.part")
        self._write(partial, content)
        return partial.rename(target)

    def broken_off(self, camera: str, name: str, content: bytes) -> Path:
        """Write half of the content and close, as after a lost connection."""
        target = self._target(camera, name)
        self._write(target, content[: len(content) // 2])
        return target

    def no_image(self, camera: str, name: str) -> Path:
        """Write an error message under the name of an image."""
        return self.in_pieces(camera, name, NOT_AN_IMAGE)

    def _target(self, camera: str, name: str) -> Path:
        target = self.root / camera / name
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _write(self, target: Path, content: bytes) -> None:
        with target.open("wb", buffering=0) as file:
            for start in range(0, len(content), PIECE):
                file.write(content[start : start + PIECE])
                time.sleep(self._pace)
