"""RT-DETRv2 on plain torch, from any checkpoint folder in transformers' format."""

from collections.abc import Collection, Sequence
import json
from pathlib import Path
from time import perf_counter
from typing import cast

from safetensors import SafetensorError
import torch
from transformers import RTDetrV2ForObjectDetection
from transformers.utils import logging as transformers_logging

from ..settings import Device
from .base import Detection, DetectorInfo, DetectorLoadError, Found, Prepared
from .decode import decode
from .labels import current_label
from .postprocess import clip, drop_duplicates, select
from .preprocess import read_input_size, to_input

transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call] # the log is JSON lines

_MODEL_TYPE = "rt_detr_v2"


class TorchDetector:
    """A loaded RT-DETRv2, warmed up; raises DetectorLoadError."""

    def __init__(self, folder: Path, *, device: Device, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._device = _choose_device(device)
        config = _read_config(folder)
        try:
            self._size = read_input_size(folder)
            model, names = _load_model(folder)
            model = model.to(self._device)
        except (OSError, ValueError, RuntimeError, SafetensorError) as err:
            raise DetectorLoadError(f"The detector in {folder} cannot be loaded: {err}") from err
        # The backbone is convolutions; this order is the faster one on CPUs and GPUs alike.
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's types lack it
        self._model = model.eval()
        self._labels = tuple(current_label(name) for name in names)
        self.info = DetectorInfo(
            model=folder.resolve().name,
            device=_describe(self._device),
            runtime=f"torch {torch.__version__}",
            labels=self._labels,
            test_model=config.get("hsi_test_model") is True,
        )
        self._infer(torch.zeros(1, 3, self._size.height, self._size.width))  # the first is slow

    def prepare(self, data: bytes) -> Prepared:
        """Decode and resize one picture."""
        started = perf_counter()
        picture = decode(data, max_pixels=self._max_pixels)
        decoded = perf_counter()
        pixels = to_input(picture, self._size)
        return Prepared(
            pixels=pixels,
            width=picture.shape[1],
            height=picture.shape[0],
            started_at=started,
            decode_ms=(decoded - started) * 1000,
            preprocess_ms=(perf_counter() - decoded) * 1000,
        )

    def detect(self, pictures: Sequence[Prepared], thresholds: Sequence[float]) -> list[Found]:
        """Look at a batch of pictures, each with its own lowest confidence."""
        started = perf_counter()
        logits, boxes = self._infer(torch.stack([picture.pixels for picture in pictures]))
        inferred = perf_counter()
        found = [self._read(*output) for output in zip(logits, boxes, thresholds, strict=True)]
        finished = perf_counter()
        return [
            Found(
                detections=detections,
                started_at=started,
                infer_ms=(inferred - started) * 1000,
                postprocess_ms=(finished - inferred) * 1000,
            )
            for detections in found
        ]

    @torch.inference_mode()
    def _infer(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        batch = batch.contiguous(memory_format=torch.channels_last).to(self._device)
        # Weights stay in fp32: converted as a whole, this model gives numbers that are not finite.
        with torch.autocast("cuda", torch.float16, enabled=self._device.type == "cuda"):
            output = self._model(pixel_values=batch)
        logits, boxes = output.logits.cpu(), output.pred_boxes.cpu()
        if not (logits.isfinite().all() and boxes.isfinite().all()):
            raise RuntimeError("the detector's output is not finite")  # not "nothing seen"
        return logits, boxes

    def _read(
        self, logits: torch.Tensor, boxes: torch.Tensor, threshold: float
    ) -> tuple[Detection, ...]:
        found = drop_duplicates(clip(select(logits, boxes, threshold)))
        return tuple(
            Detection(label=self._labels[label], confidence=score, box=(x1, y1, x2, y2))
            for score, label, (x1, y1, x2, y2) in zip(
                found.scores.tolist(), found.classes.tolist(), found.boxes.tolist(), strict=True
            )
        )


def _choose_device(device: Device) -> torch.device:
    if device is Device.CPU:
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda", 0)
    if device is Device.CUDA:
        raise DetectorLoadError(
            "DEVICE=cuda, but torch finds no usable CUDA device. Check the driver and that torch "
            "is a CUDA build, or set DEVICE=auto to run on the CPU; then restart the server."
        )
    return torch.device("cpu")


def _describe(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return device.type


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
    # A weight that was not in the file is random: the detector would run and see nothing.
    for trouble in ("missing_keys", "mismatched_keys", "error_msgs"):
        if loaded[trouble]:
            some = ", ".join(sorted(map(str, loaded[trouble]))[:3])
            raise ValueError(f"{len(loaded[trouble])} {trouble.replace('_', ' ')}, such as {some}")
    names = sorted((int(index), name) for index, name in (model.config.id2label or {}).items())
    return model, [name for _, name in names]
