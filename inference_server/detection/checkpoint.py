"""Read an RT-DETRv2 checkpoint in transformers' format."""

from collections.abc import Collection
from dataclasses import dataclass
import json
from pathlib import Path
from typing import cast

from safetensors import SafetensorError
import torch
from transformers import RTDetrV2ForObjectDetection
from transformers.utils import logging as transformers_logging

from inference_server.detection.base import DetectorLoadError
from inference_server.detection.decoding.preprocess import InputSize, read_input_size
from inference_server.detection.labels import current_label

transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call] # the log is JSON lines

_MODEL_TYPE = "rt_detr_v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A loaded model on the CPU in fp32, the input of every runtime."""

    folder: Path
    model: torch.nn.Module
    labels: tuple[str, ...]  # in the order of the classes
    size: InputSize
    test_model: bool  # trained on synthetic scenes only


def load_checkpoint(folder: Path) -> Checkpoint:
    """Load model, labels and input size; raises DetectorLoadError."""
    config = _read_config(folder)
    try:
        size = read_input_size(folder)
        model, names = _load_model(folder)
    except (OSError, ValueError, RuntimeError, SafetensorError) as err:
        raise DetectorLoadError(f"The detector in {folder} cannot be loaded: {err}") from err
    return Checkpoint(
        folder=folder,
        model=model.eval(),
        labels=tuple(current_label(name) for name in names),
        size=size,
        test_model=config.get("hsi_test_model") is True,
    )


def _read_config(folder: Path) -> dict[str, object]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kind = config.get("model_type")
    except (OSError, ValueError, AttributeError) as err:
        raise DetectorLoadError(f"{folder / 'config.json'} cannot be read: {err}") from err
    if kind != _MODEL_TYPE:
        raise DetectorLoadError(f"The model in {folder} is {kind!r}, not an RT-DETRv2.")
    return dict(config)


def _load_model(folder: Path) -> tuple[torch.nn.Module, list[str]]:
    """Return the model and its labels in the order of its classes."""
    model, loaded = cast(
        "tuple[RTDetrV2ForObjectDetection, dict[str, Collection[object]]]",
        RTDetrV2ForObjectDetection.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, output_loading_info=True
        ),
    )
    # A weight missing in the file is random: the detector would run and detect nothing.
    for kind in ("missing_keys", "mismatched_keys", "error_msgs"):
        if loaded[kind]:
            some = ", ".join(sorted(map(str, loaded[kind]))[:3])
            raise ValueError(f"{len(loaded[kind])} {kind.replace('_', ' ')}, such as {some}")
    names = sorted((int(index), name) for index, name in (model.config.id2label or {}).items())
    return model, [name for _, name in names]
