"""Make torchvision importable with a torch that it was not built for."""

import torch

# The models here have no use for torchvision's compiled operators, but importing it names these.
_NAMED = ("nms", "qnms")


def declare_missing() -> None:
    """Declare the operators where torchvision's own do not load; they compute nothing."""
    try:
        import torchvision  # type: ignore[import-not-found] # noqa: PLC0415, F401 - may be absent or broken
    except RuntimeError:
        library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call] # torch's types lack it
        for name in _NAMED:
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call] # as above
        _KEPT.append(library)
    except ImportError:
        pass


_KEPT: list[torch.library.Library] = []  # a library that is collected takes its operators along
