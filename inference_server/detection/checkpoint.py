"""Read an RT-DETRv2 checkpoint in transformers' format."""

from collections.abc import Collection
from dataclasses import dataclass
import json
import logging
from pathlib import Path
from typing import cast

from safetensors import SafetensorError
import torch
from transformers import RTDetrV2ForObjectDetection
from transformers.utils import logging as transformers_logging

from inference_server.detection.base import DetectorLoadError, join_sentences
from inference_server.detection.decoding.preprocess import InputSize, read_input_size
from inference_server.detection.labels import are_nameless, current_label

transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call] # the log is JSON lines

_LOG = logging.getLogger(__name__)
_MODEL_TYPE = "rt_detr_v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A loaded model on the CPU in fp32, the input of every runtime."""

    folder: Path
    model: torch.nn.Module
    labels: tuple[str, ...]  # in the order of the classes
    size: InputSize
    test_model: bool  # trained on synthetic scenes only
    warning: str | None = None  # why detections may be of no use, as a sentence


def load_checkpoint(folder: Path) -> Checkpoint:
    """Load model, labels and input size; raises DetectorLoadError."""
    config = _read_config(folder)
    try:
        size = read_input_size(folder)
        model, names = _load_model(folder)
    except (OSError, ValueError, RuntimeError, SafetensorError) as err:
        raise DetectorLoadError(f"The detector in {folder} cannot be loaded: {err}") from err
    labels = tuple(current_label(name) for name in names)
    warning = _warning(folder, labels, size)
    if warning:
        _LOG.warning("%s", warning)
    return Checkpoint(
        folder=folder,
        model=model.eval(),
        labels=labels,
        warning=warning,
        size=size,
        test_model=config.get("hsi_test_model") is True,
    )


def _warning(folder: Path, labels: tuple[str, ...], size: InputSize) -> str | None:
    """Return why detections may be of no use, as sentences; None if nothing is wrong."""
    nameless = unknown_size = None
    if are_nameless(labels):
        nameless = (
            f"The detector's labels have no names ({', '.join(labels[:3])}), so no event begins: set "
            f"id2label in {folder / 'config.json'}."
        )
    if size.assumed:
        unknown_size = (
            f"{folder / 'preprocessor_config.json'} names no size of the input: {size.width} x "
            f"{size.height} pixels are assumed. Copy the file from the model's source."
        )
    return join_sentences(nameless, unknown_size)


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
            folder,
            local_files_only=True,
            use_safetensors=True,
            output_loading_info=True,
            dtype=torch.float32,  # a checkpoint in fp16 or bf16 does not compute on every CPU
        ),
    )
    # A weight missing in the file is random: the detector would run and detect nothing.
    for kind in ("missing_keys", "mismatched_keys", "error_msgs"):
        if loaded[kind]:
            some = ", ".join(sorted(map(str, loaded[kind]))[:3])
            raise ValueError(f"{len(loaded[kind])} {kind.replace('_', ' ')}, such as {some}")
    names = {int(index): str(name) for index, name in (model.config.id2label or {}).items()}
    if sorted(names) != [*range(len(names))]:
        raise ValueError(
            f"id2label in config.json numbers the classes {', '.join(map(str, sorted(names)[:3]))} "
            "..., not from 0 on without a gap"
        )
    return model, [names[index] for index in range(len(names))]
