"""Fuzz a real server process; called by scripts/test-fuzz."""

import argparse
import asyncio
import json
from pathlib import Path
import sys
import tempfile
import time
import urllib.request

from testbed.fuzz.attack import attack
from testbed.fuzz.samples import make_samples
from testbed.services.inference_server import InferenceServer
from testbed.services.memory import resident_mib

_AT_ONCE = 8
_GROWTH = 1.15  # limit of the final resident memory over that after the first quarter


def main() -> int:
    """Send all cases, report, and return 0 if every one was handled."""
    parser = argparse.ArgumentParser(prog="scripts/test-fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="send only the request of this number")
    options = parser.parse_args()
    numbers = range(options.requests)
    if options.only is not None:
        numbers = range(options.only, options.only + 1)
    memory: list[float] = []
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        InferenceServer(Path(folder), python=Path(sys.executable)) as server,
    ):

        def progress(number: int) -> None:
            if number % 250 == 0:
                memory.append(resident_mib(server.pid))
                taken = time.monotonic() - started
                print(f"{number:6} requests {taken:6.0f} s {memory[-1]:6.0f} MiB", file=sys.stderr)

        report = asyncio.run(
            attack(
                int(server.url.rpartition(":")[2]),
                server.token,
                make_samples(),
                seed=options.seed,
                numbers=numbers,
                at_once=_AT_ONCE,
                progress=progress,
            )
        )
        complaints = list(report.complaints)
        if not server.running:
            complaints.append("the server has ended")
        elif not _detects(server):
            complaints.append("the server no longer detects")
        complaints += [
            f"the log has: {line[:300]}"
            for line in server.log_path.read_text(encoding="utf-8").splitlines()
            if "Traceback" in line or json.loads(line)["level"] == "error"
        ][:20]
    settled = memory[len(memory) // 4 :] or [0.0]
    if max(settled) > settled[0] * _GROWTH:
        complaints.append(f"resident memory grew from {settled[0]:.0f} to {max(settled):.0f} MiB")
    for (kind, status), count in sorted(report.outcomes.items()):
        print(f"{kind:10} {status:7} {count:6}")
    print(f"seed {options.seed}, {len(numbers)} requests, {time.monotonic() - started:.0f} s")
    if memory:
        print(
            f"resident {memory[0]:.0f} MiB at first, {settled[0]:.0f} settled, {memory[-1]:.0f} last"
        )
    for text in complaints:
        print(f"FOUND {text}")
    print(f"{len(complaints)} found")
    return 1 if complaints else 0


def _detects(server: InferenceServer) -> bool:
    sound = make_samples().images[0]
    headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "image/jpeg"}
    request = urllib.request.Request(f"{server.url}/v1/detect", data=sound, headers=headers)  # noqa: S310 - our own http address
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - as above
        return bool(response.status == 200)


if __name__ == "__main__":
    sys.exit(main())
