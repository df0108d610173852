"""Release GPU memory cached by torch."""

import gc
import sys


def release_gpu_memory() -> None:
    """Free the memory of unloaded detectors for other programs; torch would keep it."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        gc.collect()
        torch.cuda.empty_cache()
