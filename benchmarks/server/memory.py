"""Memory and CPU use of the idle server, and its memory after many images."""

import argparse
import json
from pathlib import Path
import sys
import tempfile
import time

from benchmarks.server.clients import Target, send_count
from benchmarks.server.machine import describe
from benchmarks.server.processes import cpu_seconds
from benchmarks.server.scenes import FULL_HD, draw_jpegs
from benchmarks.server.weights import make_r18
from inference_server.settings import DetectorRuntime
from testbed.services.inference_server import InferenceServer
from testbed.services.memory import resident_mib


def _show(figures: dict[str, object]) -> None:
    print(list(figures.items())[-3:], file=sys.stderr, flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench memory", description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--idle", type=float, default=60, help="seconds")
    parser.add_argument("--runtime", type=DetectorRuntime, default=DetectorRuntime.AUTO)
    options = parser.parse_args()
    figures = describe()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = folder / "r18"
        make_r18(model)
        images = draw_jpegs(folder, FULL_HD, 4)
        with InferenceServer(
            folder,
            detector=model,
            environ={"DETECTOR_RUNTIME": options.runtime},
            python=Path(sys.executable),
        ) as server:
            figures["resident_mib_ready"] = round(resident_mib(server.pid))
            before, began = cpu_seconds(server.pid), time.monotonic()
            time.sleep(options.idle)
            spent = (cpu_seconds(server.pid) - before) / (time.monotonic() - began)
            figures["idle_cpu_percent"] = round(spent * 100, 2)
            figures["resident_mib_idle"] = round(resident_mib(server.pid))
            target = Target(url=f"{server.url}/v1/detect", token=server.token)
            _show(figures)
            done = 0
            for count in (options.images // 10, options.images):
                send_count(target, images, clients=4, count=count - done)
                done = count
                figures[f"resident_mib_after_{count}"] = round(resident_mib(server.pid))
                _show(figures)
    text = json.dumps(figures, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
