"""Names of files and folders that are not a camera's."""

from collections.abc import Iterable
import re

from ..domain.found_file import FoundFile

# What systems leave behind in a folder: thumbnails, deleted files, snapshots, states of their own.
# `*` stands for any characters. Names that begin with a dot are ignored anyway; among them are
# .Trash-1000, .Trashes, .recycle, .@__thumb, .snapshot, .zfs, .thumbnails, .fuse_hidden and .nfs.
LEFTOVERS = (
    # Synology
    *("@eaDir", "#recycle", "#snapshot", "@sharesnap", "@tmp", "@S2S", "@SynoResource"),
    *("@sharebin", "@synologydrive", "@cloudsync", "SYNOFILE_THUMB_*", "SYNOPHOTO_THUMB_*"),
    # QNAP
    *("@Recycle", "@Recently-Snapshot", "@__thumb", "@Transcode"),
    # other network storage
    *("trashbox", "~snapshot", "Recycle Bin", "Network Recycle Bin*", "RecycleBin"),
    # Windows
    *("$RECYCLE.BIN", "RECYCLER", "RECYCLED", "System Volume Information", "$Extend", "FOUND.???"),
    # macOS
    *("__MACOSX", "Network Trash Folder", "Temporary Items", "TheVolumeSettingsFolder"),
    # Linux and Android
    *("lost+found", "LOST.DIR"),
)


class IgnoredNames:
    """The names to ignore: hidden ones, what systems leave behind, and further ones."""

    def __init__(self, further: Iterable[str] = ()) -> None:
        """Ignore `further` names, too; `*` and `?` stand for any characters and for one."""
        names = (*LEFTOVERS, *(name.strip() for name in further))
        self._pattern = re.compile(
            "|".join(_as_expression(name) for name in names if name), re.IGNORECASE | re.DOTALL
        )

    def __contains__(self, name: str) -> bool:
        """Return whether a file or folder of this name is ignored."""
        return name.startswith(".") or self._pattern.fullmatch(name) is not None

    def exclude(self, file: FoundFile) -> bool:
        """Return whether the file, or a folder that it is in, is ignored within its camera."""
        return any(name in self for name in file.path.removeprefix(file.camera).split("/"))


def _as_expression(name: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in name)
