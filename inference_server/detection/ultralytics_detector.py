"""RT-DETR and YOLO models of ultralytics, an optional package under AGPL-3.0."""

from collections.abc import Sequence
import os
from pathlib import Path
from time import perf_counter

# Set before the import: ultralytics would look for updates and install packages.
os.environ["YOLO_OFFLINE"] = "true"
os.environ["YOLO_AUTOINSTALL"] = "false"
os.environ["YOLO_VERBOSE"] = "false"

import numpy as np
import torch
import ultralytics  # type: ignore[import-not-found,import-untyped,unused-ignore] # optional

from inference_server.detection.base import (
    Detection,
    DetectorInfo,
    DetectorLoadError,
    ImageResult,
    PreparedImage,
)
from inference_server.detection.decoding.decode import decode
from inference_server.detection.decoding.preprocess import InputSize
from inference_server.detection.labels import current_label
from inference_server.settings import Device, Settings


class UltralyticsDetector:
    """A `.pt` file in ultralytics' format; the package does resizing, inference and selection.

    Such a file is a pickle: loading it runs the code in it.
    """

    def __init__(self, file: Path, settings: Settings) -> None:
        """Load the file; raises DetectorLoadError."""
        on_gpu = settings.device is not Device.CPU and torch.cuda.is_available()
        if settings.device is Device.CUDA and not on_gpu:
            raise DetectorLoadError(
                "DEVICE=cuda, but torch finds no usable CUDA device. Check the driver, or set "
                "DEVICE=auto to run on the CPU; then restart the server."
            )
        ultralytics.settings.update(sync=False)  # no telemetry
        self._device = "cuda:0" if on_gpu else "cpu"
        self._max_pixels = settings.max_pixels
        try:
            self._model = _load(file)
            self._labels = {index: current_label(name) for index, name in self._model.names.items()}
            side = int(self._model.overrides.get("imgsz") or 640)
            self._size = InputSize(height=side, width=side)
            self._predict(
                [np.zeros((side, side, 3), np.uint8)], 0.5
            )  # warm-up: the first run is slow
        except Exception as err:  # a pickle may raise anything
            raise DetectorLoadError(f"The detector in {file} cannot be loaded: {err}") from err
        self.info = DetectorInfo(
            model=file.stem,
            device=self._device,
            runtime=f"ultralytics {ultralytics.__version__}, torch {torch.__version__}",
            precision="fp32",
            labels=tuple(self._labels[index] for index in sorted(self._labels)),
            test_model=False,
            best_batch=16 if on_gpu else 1,
        )

    def prepare(self, data: bytes) -> PreparedImage:
        """Decode one image; the model resizes it."""
        started = perf_counter()
        image = decode(data, max_pixels=self._max_pixels, size=self._size)
        return PreparedImage(
            pixels=torch.from_numpy(image.pixels),
            width=image.width,
            height=image.height,
            started_at=started,
            decode_ms=(perf_counter() - started) * 1000,
            preprocess_ms=0.0,
            damage=image.damage,
        )

    def detect(
        self, images: Sequence[PreparedImage], thresholds: Sequence[float]
    ) -> list[ImageResult]:
        """Detect objects in a batch of images, each with its own confidence threshold."""
        started = perf_counter()
        # ultralytics expects BGR.
        found = self._predict(
            [np.ascontiguousarray(each.pixels.numpy()[:, :, ::-1]) for each in images],
            min(thresholds),
        )
        took = (perf_counter() - started) * 1000
        return [
            ImageResult(
                detections=tuple(one for one in detections if one.confidence >= threshold),
                started_at=started,
                batch=len(images),
                infer_ms=took,
                postprocess_ms=0.0,
            )
            for detections, threshold in zip(found, thresholds, strict=True)
        ]

    def _predict(
        self, images: list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]], threshold: float
    ) -> list[list[Detection]]:
        results = self._model.predict(
            images,
            conf=max(threshold, 1e-6),  # 0 would select its default
            imgsz=self._size.height,
            device=self._device,
            verbose=False,
        )
        return [
            [
                Detection(label=self._labels[int(label)], confidence=score, box=(x1, y1, x2, y2))
                for (x1, y1, x2, y2), score, label in zip(
                    result.boxes.xyxyn.clamp(0, 1).tolist(),
                    result.boxes.conf.tolist(),
                    result.boxes.cls.tolist(),
                    strict=True,
                )
            ]
            for result in results
        ]


def _load(file: Path) -> ultralytics.YOLO:
    model = ultralytics.YOLO(str(file))
    if model.task != "detect":
        raise ValueError(f"it is a model for {model.task}")
    return model
