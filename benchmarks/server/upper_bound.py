"""The upper bound: the selected runtime with ready tensors, back to back, without a server."""

from collections.abc import Sequence
from pathlib import Path
import time

import torch

from benchmarks.server.contender import Measured
from inference_server.detection.checkpoint import load_checkpoint
from inference_server.detection.decoding.decode import decode
from inference_server.detection.decoding.preprocess import to_input
from inference_server.detection.selection.selection import select_runtime
from inference_server.settings import Settings


class Limit:
    """The runtime alone, in this process."""

    def __init__(self, settings: Settings, images: Sequence[Path]) -> None:
        checkpoint = load_checkpoint(settings.detector_model)
        self._runtime = select_runtime(checkpoint, settings).runtime
        ready = [
            to_input(
                decode(
                    image.read_bytes(), max_pixels=settings.max_pixels, size=checkpoint.size
                ).pixels,
                checkpoint.size,
            )
            for image in images
        ]
        size = self._runtime.best_batch
        self._batch = torch.stack([ready[index % len(ready)] for index in range(size)])
        self._runtime.infer(self._batch)  # the first is slow

    @property
    def name(self) -> str:
        """Runtime, precision and device."""
        runtime = self._runtime
        return f"{runtime.name} in {runtime.precision} on {runtime.device}"

    def measure(self, seconds: float) -> Measured:
        """Infer batches for so many seconds."""
        done, started, cpu = 0, time.perf_counter(), time.process_time()
        while time.perf_counter() - started < seconds:
            self._runtime.infer(self._batch)
            done += len(self._batch)
        return Measured(
            rate=done / (time.perf_counter() - started),
            cpu_ms=(time.process_time() - cpu) / done * 1000,
        )
