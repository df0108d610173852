"""Says when a machine's GPU is there and not used."""

from pathlib import Path

import torch

_DRIVER = Path("/proc/driver/nvidia/gpus")  # one folder a card that the driver knows


def describe_unused_gpu() -> str | None:
    """Return, as a sentence, why the GPU of this machine goes unused; None where there is none."""
    if not (_DRIVER.is_dir() and any(_DRIVER.iterdir())):
        return None
    if torch.version.cuda is None:
        why = "this build of torch knows no CUDA; install a CUDA build"
    else:
        why = (
            f"torch (built for CUDA {torch.version.cuda}) finds no usable device; check the driver, "
            "and in a container that it is given the GPU"
        )
    return (
        f"This machine has an NVIDIA GPU, but {why}. The detector runs on the CPU, many times "
        "slower; DEVICE=cpu asks for that."
    )
