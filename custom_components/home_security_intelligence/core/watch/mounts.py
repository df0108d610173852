"""The file systems mounted at and below a folder, and whether inotify reports their changes."""

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


def supports_inotify(real: Path, *, mountinfo: Path = MOUNTINFO) -> bool:
    """Return whether inotify reports every change in and below a folder. Blocks.

    True if the system does not list its mounts in `mountinfo`.
    """
    try:
        mounts = mountinfo.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return True
    return not any(_is_shared(kind) for kind in filesystem_types(real, mounts))


def filesystem_types(real: Path, mounts: str) -> set[str]:
    """Return the types of the file systems that hold a folder and everything below it.

    `mounts` is text in the format of /proc/self/mountinfo.
    """
    below: set[str] = set()
    holder, kind = "", ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), fields[4])
        if real.is_relative_to(point):
            # Of two mounts at one path, the later one is visible.
            if len(point) >= len(holder):
                holder, kind = point, after.split(" ")[0]
        elif Path(point).is_relative_to(real):
            below.add(after.split(" ")[0])
    return below | {kind} if kind else below


def _is_shared(kind: str) -> bool:
    return kind in _SHARED or kind.startswith(_SHARED_PREFIX)
