"""Memory of a process."""

from pathlib import Path


def resident_mib(pid: int) -> float:
    """Return the resident memory in MiB; raises OSError without such a process."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(f"process {pid} has no memory")
