"""torch on an NVIDIA GPU: batches of few sizes, each recorded once and then replayed."""

from collections.abc import Callable, Iterator
import contextlib
import copy
from dataclasses import dataclass
import os

import torch

from inference_server.detection.checkpoint import Checkpoint
from inference_server.detection.runtimes.base import RawModel, RawOutput

BATCHES = (1, 2, 4, 8, 16)  # pictures; smaller ones are filled up
_WARM_UPS = 3  # the first choose algorithms and fill caches
_NUMBERS = {"fp32": None, "fp16": torch.float16, "bf16": torch.bfloat16}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    """The model for one size of batch: it reads `pixels` and returns its raw output."""

    pixels: torch.Tensor
    run: Callable[[], tuple[torch.Tensor, torch.Tensor, torch.Tensor]]


class CudaRuntime:
    """A checkpoint on a GPU; all sizes of batches are warm once it is made.

    Weights stay in fp32 and are cast where that is safe: converted as a whole, this model gives
    numbers that are not finite. Raises what torch raises. On a CPU it computes the same without
    recording, so that filling up can be tested without a GPU.
    """

    def __init__(
        self, checkpoint: Checkpoint, device: torch.device, *, precision: str, graphs: bool
    ) -> None:
        on_gpu = device.type == "cuda"
        self.name = f"torch {torch.__version__}" + (", CUDA graphs" if graphs else "")
        self.device = f"{device} ({torch.cuda.get_device_name(device)})" if on_gpu else device.type
        self.precision = precision
        self.best_batch = BATCHES[-1]
        self._device = device
        self._numbers = _NUMBERS[precision]
        # A copy: the checkpoint's own model stays on the CPU as the reference.
        model = RawModel(copy.deepcopy(checkpoint.model)).to(device)
        self._model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's types lack it
        size = (3, checkpoint.size.height, checkpoint.size.width)
        self._stream = torch.cuda.Stream(device) if on_gpu else None  # type: ignore[no-untyped-call] # torch's types lack it
        # Memory the GPU can fetch by itself.
        self._staging = torch.zeros(BATCHES[-1], *size, dtype=torch.uint8, pin_memory=on_gpu)
        self._pool = torch.cuda.graph_pool_handle() if graphs else None
        # The largest first, whose memory the others can use.
        self._programs = {count: self._prepare(count, size) for count in reversed(BATCHES)}

    @torch.inference_mode()
    def infer(self, batch: torch.Tensor) -> RawOutput:
        """Compute the output for up to 16 pictures."""
        count = len(batch)
        program = self._programs[min(each for each in BATCHES if each >= count)]
        self._staging[:count].copy_(batch)
        with torch.cuda.stream(self._stream):
            # What is left in the places after them is computed, too, and dropped.
            sent = self._staging[:count].to(self._device, non_blocking=True)
            torch.div(sent, 255, out=program.pixels[:count])
            logits, boxes, candidates = (each[:count].cpu() for each in program.run())
        return RawOutput(logits=logits, boxes=boxes, candidates=candidates)

    @torch.inference_mode()
    def _prepare(self, count: int, size: tuple[int, int, int]) -> _Program:
        pixels = torch.zeros(count, *size, device=self._device)
        pixels = pixels.contiguous(memory_format=torch.channels_last)

        def compute() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
            # Casts must not be kept from one run to the next: a recording would point to them.
            with torch.autocast(
                self._device.type,
                self._numbers,
                enabled=self._numbers is not None,
                cache_enabled=self._pool is None,
            ):
                output: tuple[torch.Tensor, torch.Tensor, torch.Tensor] = self._model(pixels)
                return output

        with _without_checks(), torch.cuda.stream(self._stream):
            for _ in range(_WARM_UPS if self._stream else 1):
                compute()
            if self._pool is None:
                return _Program(pixels=pixels, run=compute)
            torch.cuda.synchronize(self._device)
            graph = torch.cuda.CUDAGraph()
            # Other threads may use the GPU meanwhile: the previous detector works until the switch.
            with torch.cuda.graph(
                graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"
            ):
                output = compute()

        def replay() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
            graph.replay()
            return output

        return _Program(pixels=pixels, run=replay)


@contextlib.contextmanager
def _without_checks() -> Iterator[None]:
    """Keep transformers from checking shapes: it waits for the GPU, which no recording survives."""
    name = "TRANSFORMERS_DISABLE_TORCH_CHECK"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
