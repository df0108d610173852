"""RT-DETR and YOLO models of ultralytics, which is AGPL-3.0: an extra that nothing else needs."""

from collections.abc import Sequence
import os
from pathlib import Path
from time import perf_counter

# Before it is imported: it would ask its maker for news, and install packages.
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
    """A `.pt` file in ultralytics' own format; it resizes, computes and selects by itself.

    Such a file is a pickle: loading one runs whatever code is in it.
    """

    def __init__(self, file: Path, settings: Settings) -> None:
        """Load it; raises DetectorLoadError."""
        on_gpu = settings.device is not Device.CPU and torch.cuda.is_available()
        if settings.device is Device.CUDA and not on_gpu:
            raise DetectorLoadError(
                "DEVICE=cuda, but torch finds no usable CUDA device. Check the driver, or set "
                "DEVICE=auto to run on the CPU; then restart the server."
            )
        ultralytics.settings.update(sync=False)  # no reports to its maker
        self._device = "cuda:0" if on_gpu else "cpu"
        self._max_pixels = settings.max_pixels
        try:
            self._model = _load(file)
            self._labels = {index: current_label(name) for index, name in self._model.names.items()}
            side = int(self._model.overrides.get("imgsz") or 640)
            self._size = InputSize(height=side, width=side)
            self._predict([np.zeros((side, side, 3), np.uint8)], 0.5)  # the first is slow
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
        """Decode one picture; its resize belongs to the model."""
        started = perf_counter()
        picture = decode(data, max_pixels=self._max_pixels, size=self._size)
        return PreparedImage(
            pixels=torch.from_numpy(picture.pixels),
            width=picture.width,
            height=picture.height,
            started_at=started,
            decode_ms=(perf_counter() - started) * 1000,
            preprocess_ms=0.0,
        )

    def detect(
        self, pictures: Sequence[PreparedImage], thresholds: Sequence[float]
    ) -> list[ImageResult]:
        """Look at a batch of pictures, each with its own lowest confidence."""
        started = perf_counter()
        # It wants OpenCV's order of colours.
        found = self._predict(
            [np.ascontiguousarray(each.pixels.numpy()[:, :, ::-1]) for each in pictures],
            min(thresholds),
        )
        took = (perf_counter() - started) * 1000
        return [
            ImageResult(
                detections=tuple(one for one in detections if one.confidence >= threshold),
                started_at=started,
                batch=len(pictures),
                infer_ms=took,
                postprocess_ms=0.0,
            )
            for detections, threshold in zip(found, thresholds, strict=True)
        ]

    def _predict(
        self, pictures: list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]], threshold: float
    ) -> list[list[Detection]]:
        results = self._model.predict(
            pictures,
            conf=max(threshold, 1e-6),  # it takes 0 for its default
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
