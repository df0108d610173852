"""The file systems mounted at and below a folder, and whether inotify reports their changes."""

from dataclasses import dataclass
from pathlib import Path
import re

MOUNTINFO = Path("/proc/self/mountinfo")

# Other machines change these files as well; inotify does not report their changes.
_SHARED = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda"),  # file servers
        *("ceph", "glusterfs", "lustre", "ocfs2", "gfs2", "beegfs", "gpfs", "orangefs"),  # clusters
        *("9p", "virtiofs", "vboxsf", "vmhgfs", "prl_fs", "hgfs"),  # a virtual machine's host
        *("fuse", "fakeowner", "osxfs"),
    }
)
_SHARED_PREFIX = "fuse."  # sshfs, rclone, mergerfs, Docker Desktop's and Unraid's shares
_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderMounts:
    """The file systems that hold a folder and everything below it."""

    real: Path  # the folder
    holder: str  # where the file system that holds the folder itself is mounted
    types: frozenset[str]
    ids: frozenset[str]  # of the mounts; a file system mounted again has another one


def read_mounts(mountinfo: Path) -> str | None:
    """Return the system's list of mounts; None if it has none. Blocks."""
    try:
        return mountinfo.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None


def mounts_of(real: Path, mounts: str | None) -> FolderMounts:
    """Return the mounts of a folder, given text in the format of /proc/self/mountinfo.

    Without it, the device of the folder stands for its mount, which blocks.
    """
    if mounts is None:
        device = frozenset({str(real.stat().st_dev)})
        return FolderMounts(real=real, holder="", types=frozenset(), ids=device)
    below: dict[str, str] = {}  # type by id
    holder, kind, number = "", "", ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), fields[4])
        mount = " ".join(fields[:4])
        if real.is_relative_to(point):
            # Of two mounts at one path, the later one is visible.
            if len(point) >= len(holder):
                holder, kind, number = point, after.split(" ")[0], mount
        elif Path(point).is_relative_to(real):
            below[mount] = after.split(" ")[0]
    if kind:
        below[number] = kind
    return FolderMounts(
        real=real, holder=holder, types=frozenset(below.values()), ids=frozenset(below)
    )


def supports_inotify(mounts: FolderMounts) -> bool:
    """Return whether inotify reports every change in and below a folder.

    True if the types of its file systems are unknown.
    """
    return not any(_is_shared(kind) for kind in mounts.types)


def _is_shared(kind: str) -> bool:
    return kind in _SHARED or kind.startswith(_SHARED_PREFIX)
