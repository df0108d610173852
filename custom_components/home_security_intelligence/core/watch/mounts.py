"""Which file systems tell of changes: those whose files only this machine can change."""

from pathlib import Path
import re

MOUNTS = Path("/proc/self/mountinfo")

# Others change these files as well, and then nobody here is told.
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


def tells_changes(real: Path) -> bool:
    """Tell whether inotify hears of every change in and below a folder. Blocks.

    Where the system does not say what is mounted, it is taken to do so.
    """
    try:
        mounts = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return True
    return not any(_is_shared(kind) for kind in kinds_at(real, mounts))


def kinds_at(real: Path, mounts: str) -> set[str]:
    """Return the kinds of file system that hold a folder and what is below it."""
    below: set[str] = set()
    holder, kind = "", ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), fields[4])
        if real.is_relative_to(point):
            # The later of two mounts at one place lies on top.
            if len(point) >= len(holder):
                holder, kind = point, after.split(" ")[0]
        elif Path(point).is_relative_to(real):
            below.add(after.split(" ")[0])
    return below | {kind} if kind else below


def _is_shared(kind: str) -> bool:
    return kind in _SHARED or kind.startswith(_SHARED_PREFIX)
