"""Report a GPU that is present but not used."""

from pathlib import Path

import torch


def describe_unused_gpu(driver_gpus: Path) -> str | None:
    """Return why this machine's GPU is not used, as a sentence; None if there is no GPU.

    `driver_gpus` has a folder per card that is known to the driver.
    """
    if not (driver_gpus.is_dir() and any(driver_gpus.iterdir())):
        return None
    if torch.version.cuda is None:
        why = "this build of torch has no CUDA support; install a CUDA build"
    else:
        why = (
            f"torch (built for CUDA {torch.version.cuda}) finds no usable device; check the driver, "
            "and in a container that the GPU is passed through"
        )
    return (
        f"This machine has an NVIDIA GPU, but {why}. The detector runs on the CPU, many times "
        "slower. Set DEVICE=cpu to accept that."
    )
