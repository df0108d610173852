"""Share of the hardware's speed that reaches a client: this server, the limit, other servers.

The figures to compare are ratios of two measurements of one round, on the same weights, images and
threads, so that other load of the machine slows both. The contenders take turns in each round.
"""

import argparse
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
import json
import os
from pathlib import Path
from statistics import median
import subprocess
import sys
import tempfile

import torch

from benchmarks.server.clients import Target, send_for
from benchmarks.server.contender import Contender, Measured, OneClient
from benchmarks.server.machine import describe
from benchmarks.server.processes import PeerError, peer
from benchmarks.server.scenes import FULL_HD, UHD, draw_jpegs
from benchmarks.server.upper_bound import Limit
from benchmarks.server.weights import make_r18
from inference_server.settings import DetectorPrecision, DetectorRuntime, Device, Settings
from testbed.services.inference_server import ROOT, InferenceServer

MODEL = "r18"
PEERS_PYTHON = ROOT / ".venv/bench/bin/python"
_PEERS = {
    # name: module, takes a form, its packages
    "plain": ("plain", False),
    "litserve": ("lit", True),
    "ultralytics RT-DETR-l": ("ultra", False),
}


@dataclass(slots=True, kw_only=True)
class Rounds:
    """Measurements, one value a round."""

    many: dict[str, list[Measured]] = field(default_factory=dict)
    one: dict[str, list[OneClient]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)  # reason by name


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench detect", description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--seconds", type=float, default=20, help="for each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runtime", type=DetectorRuntime, default=DetectorRuntime.AUTO)
    parser.add_argument(
        "--precision",
        type=DetectorPrecision,
        default=DetectorPrecision.AUTO,
        help="of this server and the limit; the peers compute in fp32",
    )
    parser.add_argument("--device", type=Device, default=Device.AUTO)
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="torch's, for each")
    parser.add_argument("--without", action="append", default=[], choices=_PEERS)
    options = parser.parse_args()
    machine = describe()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        rounds, runtime = _measure(Path(name), stack, options)
    text = json.dumps(
        {**machine, "threads": options.threads, "runtime": runtime, **_figures(rounds)}, indent=2
    )
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


def _measure(folder: Path, stack: ExitStack, options: argparse.Namespace) -> tuple[Rounds, str]:
    rounds = Rounds()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)  # for every process started here
    torch.set_num_threads(options.threads)
    model = folder / MODEL
    make_r18(model)
    images = draw_jpegs(folder, FULL_HD, 4)
    large = draw_jpegs(folder, UHD, 2)
    server = stack.enter_context(
        InferenceServer(
            folder,
            detector=model,
            environ={
                "DETECTOR_RUNTIME": options.runtime,
                "DETECTOR_PRECISION": options.precision,
                "DEVICE": options.device,
            },
            python=Path(sys.executable),
        )
    )
    # Uses the server's converted model, so that both run the same one.
    limit = Limit(
        Settings(
            detector_model=model,
            detector_runtime=options.runtime,
            detector_precision=options.precision,
            device=options.device,
            state_dir=folder / "inference_server_state",
        ),
        images,
    )
    ours = Target(url=f"{server.url}/v1/detect", token=server.token)
    contender = Contender(target=ours, pid=server.pid)
    turns: dict[str, Callable[[float], Measured]] = {
        "limit": limit.measure,
        "ours": partial(contender.measure, images),
        **{
            name: partial(other.measure, images)
            for name, other in _start_peers(stack, folder, options.without, rounds).items()
        },
    }
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
        for name, measure in turns.items():
            measured = measure(options.seconds)
            rounds.many.setdefault(name, []).append(measured)
            print(f"  {name:24} {measured}", file=sys.stderr)
        for name, files in (("1080p", images), ("4K", large)):
            one = contender.measure_one(files, options.seconds)
            rounds.one.setdefault(name, []).append(one)
            print(f"  {name:24} {one}", file=sys.stderr)
    return rounds, limit.name


def _start_peers(
    stack: ExitStack, folder: Path, without: Sequence[str], rounds: Rounds
) -> dict[str, Contender]:
    found = {}
    for name, (module, form) in _PEERS.items():
        if name in without:
            rounds.skipped[name] = "not wanted"
            continue
        python = Path(sys.executable) if module == "plain" else PEERS_PYTHON
        log = folder / f"{module}.log"
        try:
            started = stack.enter_context(peer(module, str(folder / MODEL), python=python, log=log))
            target = Target(url=f"{started.url}/detect", form=form)
            send_for(target, sorted(folder.glob("*.jpg"))[:1], clients=1, seconds=0)
        except PeerError as err:
            rounds.skipped[name] = str(err)
        except subprocess.CalledProcessError:
            rounds.skipped[name] = f"it does not respond: {log.read_text(errors='replace')[-300:]}"
        else:
            found[name] = Contender(target=target, pid=started.pid)
    return found


def _figures(rounds: Rounds) -> dict[str, object]:
    """Return the figures; a ratio compares two measurements of the same round."""
    ours, limit = rounds.many["ours"], rounds.many["limit"]
    others = {name: values for name, values in rounds.many.items() if name != "ours"}
    return {
        "images_per_s": {n: _spread([each.rate for each in v]) for n, v in rounds.many.items()},
        "cpu_ms_per_image": {
            n: _spread([each.cpu_ms for each in v]) for n, v in rounds.many.items()
        },
        "ours_to_by_rate": {
            name: _spread([a.rate / b.rate for a, b in zip(ours, values, strict=True)])
            for name, values in others.items()
        },
        "ours_to_by_cpu": {
            name: _spread([b.cpu_ms / a.cpu_ms for a, b in zip(ours, values, strict=True)])
            for name, values in others.items()
        },
        "one_client_ms_beyond_the_model": {
            name: _spread([each.beyond_ms for each in values])
            for name, values in rounds.one.items()
        },
        "one_client_cpu_ms_beyond_the_limit": {
            name: _spread([a.cpu_ms - b.cpu_ms for a, b in zip(values, limit, strict=True)])
            for name, values in rounds.one.items()
        },
        "skipped": rounds.skipped,
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {
        "median": round(median(values), 3),
        "least": round(min(values), 3),
        "most": round(max(values), 3),
    }


if __name__ == "__main__":
    main()
