"""Latency of each runtime on the r18 shape, in turns on the same image; baseline: plain PyTorch."""

import argparse
from collections.abc import Callable
from importlib.util import find_spec
import json
import os
from pathlib import Path
import tempfile
import time

from benchmarks.server.machine import describe
from benchmarks.server.weights import make_r18


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench runtimes", description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--cores", type=int, help="default: all")
    options = parser.parse_args()
    if options.cores:  # before any library counts them
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    figures = describe() | {"cores_used": len(os.sched_getaffinity(0))}
    with tempfile.TemporaryDirectory() as name:
        figures["runtimes"] = _measure(Path(name), options.rounds)
    text = json.dumps(figures, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


def _measure(folder: Path, rounds: int) -> dict[str, dict[str, object]]:
    import torch  # noqa: PLC0415 - counts the cores when it is imported

    from inference_server.detection.checkpoint import load_checkpoint  # noqa: PLC0415
    from inference_server.detection.runtimes.base import Runtime  # noqa: PLC0415
    from inference_server.detection.selection.parity import ParityError, check_parity  # noqa: PLC0415
    from inference_server.detection.selection.reference import Reference  # noqa: PLC0415
    from inference_server.detection.selection.synthetic_images import synthetic_images  # noqa: PLC0415

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    make_r18(folder / "r18")
    checkpoint = load_checkpoint(folder / "r18")
    images = synthetic_images(checkpoint.size)

    def on_torch() -> Runtime:
        from inference_server.detection.runtimes.torch_cpu import TorchRuntime  # noqa: PLC0415

        return TorchRuntime(checkpoint)

    def on_onnx() -> Runtime:
        from inference_server.detection.runtimes.onnx import OnnxRuntime  # noqa: PLC0415

        return OnnxRuntime(checkpoint, folder / "onnx")

    def on_openvino(precision: str) -> Runtime:
        from inference_server.detection.runtimes.openvino import OpenVinoRuntime  # noqa: PLC0415

        return OpenVinoRuntime(checkpoint, folder / "openvino", precision=precision)

    makers: dict[str, Callable[[], Runtime]] = {"torch": on_torch}
    if find_spec("onnxruntime"):
        makers["onnxruntime"] = on_onnx
    if find_spec("openvino"):
        makers["openvino fp32"] = lambda: on_openvino("fp32")
        makers["openvino bf16"] = lambda: on_openvino("bf16")
    figures: dict[str, dict[str, object]] = {}
    runtimes: dict[str, Runtime] = {}
    for name, make in makers.items():
        figures[name] = {}
        try:
            runtimes[name] = make()
        except RuntimeError as err:  # no bf16 on this CPU
            figures[name]["gate"] = str(err)
            continue
        try:
            parity = check_parity(Reference(checkpoint), runtimes[name], images)
        except ParityError as err:
            figures[name]["gate"] = str(err)
        else:
            figures[name]["gate"] = f"passes, scores differ by up to {parity.score_difference:.0e}"
    best = {name: (float("inf"), float("inf")) for name in runtimes}
    for _ in range(rounds):
        for name, runtime in runtimes.items():
            began, spent = time.perf_counter(), time.process_time()
            runtime.infer(images[2][None])
            took = time.perf_counter() - began, time.process_time() - spent
            best[name] = min(best[name][0], took[0]), min(best[name][1], took[1])
    for name, (took_s, spent_s) in best.items():
        figures[name] |= {
            "ms": round(took_s * 1000, 1),
            "cpu_ms": round(spent_s * 1000, 1),
            "times_torch": round(best["torch"][0] / took_s, 2),
            "times_torch_by_cpu": round(best["torch"][1] / spent_s, 2),
        }
    return figures


if __name__ == "__main__":
    main()
