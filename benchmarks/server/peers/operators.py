"""Make torchvision importable with a torch that it was not built for."""

import torch

# Importing torchvision requires these compiled operators; the models here do not use them.
_NAMED = ("nms", "qnms")


def declare_missing() -> None:
    """Declare the operators, without code, if torchvision's own do not load."""
    try:
        import torchvision  # type: ignore[import-not-found] # noqa: PLC0415, F401 - may be absent or broken
    except RuntimeError:
        library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call] # torch's types lack it
        for name in _NAMED:
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call] # as above
        _KEPT.append(library)
    except ImportError:
        pass


# garbage collection of a library would remove its operators
_KEPT: list[torch.library.Library] = []
