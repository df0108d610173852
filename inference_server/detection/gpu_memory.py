"""Gives back what torch keeps of a GPU's memory."""

import gc
import sys


def release_gpu_memory() -> None:
    """Let other programs have what detectors that are gone left on the GPU: torch keeps it."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        gc.collect()
        torch.cuda.empty_cache()
