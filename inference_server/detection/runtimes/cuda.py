"""torch on an NVIDIA GPU: each batch size is recorded once as a CUDA graph and replayed."""

from collections.abc import Callable, Iterator
import contextlib
import copy
from dataclasses import dataclass
import os

import torch

from inference_server.detection.checkpoint import Checkpoint
from inference_server.detection.runtimes.base import RawModel, RawOutput

BATCHES = (1, 2, 4, 8, 16)  # images; smaller batches are padded
_WARM_UPS = 3  # the first runs choose algorithms and fill caches
_DTYPES = {"fp32": None, "fp16": torch.float16, "bf16": torch.bfloat16}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    """The model for one batch size: reads `pixels` and returns the raw output."""

    pixels: torch.Tensor
    execute: Callable[[], tuple[torch.Tensor, torch.Tensor, torch.Tensor]]


class CudaRuntime:
    """A checkpoint on a GPU; the constructor warms up all batch sizes.

    Weights stay in fp32 and are cast by autocast: converted as a whole, this model returns values
    that are not finite. Raises the errors of torch. On a CPU it computes the same without recording,
    so that padding can be tested without a GPU.
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
        self._dtype = _DTYPES[precision]
        # A copy: the checkpoint's own model stays on the CPU as the reference.
        model = RawModel(copy.deepcopy(checkpoint.model)).to(device)
        self._model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's types lack it
        size = (3, checkpoint.size.height, checkpoint.size.width)
        self._stream = torch.cuda.Stream(device) if on_gpu else None  # type: ignore[no-untyped-call] # torch's types lack it
        # Pinned memory, for asynchronous transfers.
        self._staging = torch.zeros(BATCHES[-1], *size, dtype=torch.uint8, pin_memory=on_gpu)
        self._pool = torch.cuda.graph_pool_handle() if graphs else None
        # The largest first: the others reuse its memory.
        self._programs = {count: self._prepare(count, size) for count in reversed(BATCHES)}

    @torch.inference_mode()
    def infer(self, batch: torch.Tensor) -> RawOutput:
        """Compute the output for up to 16 images."""
        count = len(batch)
        program = self._programs[min(each for each in BATCHES if each >= count)]
        self._staging[:count].copy_(batch)
        with torch.cuda.stream(self._stream):
            # The padding is computed, too, and dropped.
            sent = self._staging[:count].to(self._device, non_blocking=True)
            torch.div(sent, 255, out=program.pixels[:count])
            logits, boxes, candidates = (each[:count].cpu() for each in program.execute())
        return RawOutput(logits=logits, boxes=boxes, candidates=candidates)

    @torch.inference_mode()
    def _prepare(self, count: int, size: tuple[int, int, int]) -> _Program:
        pixels = torch.zeros(count, *size, device=self._device)
        pixels = pixels.contiguous(memory_format=torch.channels_last)

        def compute() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
            # No cached casts with graphs: a recording would point to freed memory.
            with torch.autocast(
                self._device.type,
                self._dtype,
                enabled=self._dtype is not None,
                cache_enabled=self._pool is None,
            ):
                output: tuple[torch.Tensor, torch.Tensor, torch.Tensor] = self._model(pixels)
                return output

        with without_checks(), torch.cuda.stream(self._stream):
            for _ in range(_WARM_UPS if self._stream else 1):
                compute()
            if self._pool is None:
                return _Program(pixels=pixels, execute=compute)
            torch.cuda.synchronize(self._device)
            graph = torch.cuda.CUDAGraph()
            # Other threads may use the GPU: the previous detector works until the switch.
            with torch.cuda.graph(
                graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"
            ):
                output = compute()

        def replay() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
            graph.replay()
            return output

        return _Program(pixels=pixels, execute=replay)


@contextlib.contextmanager
def without_checks() -> Iterator[None]:
    """Disable transformers' shape checks: they wait for the GPU, which breaks a recording."""
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
