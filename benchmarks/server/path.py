"""Time that the server adds to the model: upload, decoding, resizing, boxes, response.

The server runs with a runtime that responds at once, under the load of one client. The CPU time is
that of all its threads; unlike the latency, it hardly depends on other load of the machine.
"""

import argparse
import json
import os
from pathlib import Path
from statistics import median
import sys
import tempfile

from benchmarks.server.clients import Target, send_count
from benchmarks.server.machine import describe
from benchmarks.server.processes import cpu_seconds, peer
from benchmarks.server.scenes import FULL_HD, UHD, draw_jpegs
from benchmarks.server.weights import make_r18

_WARM_UP = 20  # images


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench path", description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--images", type=int, default=200, help="of each size, in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="torch's")
    options = parser.parse_args()
    machine = describe()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    figures: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_r18(folder / "r18")
        sizes = {"1080p": draw_jpegs(folder, FULL_HD, 4), "4K": draw_jpegs(folder, UHD, 2)}
        log = folder / "modelless.log"
        with peer("modelless", str(folder / "r18"), python=Path(sys.executable), log=log) as server:
            target = Target(url=f"{server.url}/v1/detect")
            for size, files in sizes.items():
                send_count(target, files, clients=1, count=_WARM_UP)
                waits: list[float] = []
                cpu: list[float] = []
                for _ in range(options.rounds):
                    before = cpu_seconds(server.pid)
                    responses = send_count(target, files, clients=1, count=options.images)
                    spent = cpu_seconds(server.pid) - before
                    cpu.append(spent / (len(responses.waits_ms) + 1) * 1000)
                    waits += responses.waits_ms
                figures[size] = {
                    "cpu_ms": round(median(cpu), 2),
                    "cpu_ms_least": round(min(cpu), 2),
                    "cpu_ms_most": round(max(cpu), 2),
                    "wait_ms_median": round(median(waits), 2),
                    "wait_ms_p10": round(sorted(waits)[len(waits) // 10], 2),
                }
    text = json.dumps({**machine, "threads": options.threads, **figures}, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
