"""RT-DETRv2 detection on any runtime: images in, labelled boxes out."""

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

import torch

from inference_server.detection.base import (
    Detection,
    DetectorInfo,
    ImageResult,
    PreparedImage,
    join_sentences,
)
from inference_server.detection.checkpoint import Checkpoint
from inference_server.detection.decoding.decode import decode
from inference_server.detection.decoding.preprocess import InputSize, content_size, to_input
from inference_server.detection.postprocess import clip, drop_duplicates, select
from inference_server.detection.runtimes.base import RawOutput
from inference_server.detection.selection.selection import Selection
from inference_server.errors import DetectorMemoryError


class RtDetr:
    """An RT-DETRv2 on its selected runtime."""

    def __init__(self, checkpoint: Checkpoint, selection: Selection, *, max_pixels: int) -> None:
        runtime = selection.runtime
        self._max_pixels = max_pixels
        self._size = checkpoint.size
        self._labels = checkpoint.labels
        # Several classes may have one label, such as man and woman: their boxes are of one object.
        self._classes = torch.tensor([self._labels.index(label) for label in self._labels])
        self._runtime = runtime
        self.info = DetectorInfo(
            model=checkpoint.folder.resolve().name,
            device=runtime.device,
            runtime=runtime.name,
            labels=tuple(dict.fromkeys(self._labels)),
            test_model=checkpoint.test_model,
            precision=runtime.precision,
            parity=selection.parity,
            best_batch=runtime.best_batch,
            fallback=join_sentences(checkpoint.warning, selection.fallback),
        )
        self._infer(_black_image(self._size))  # warm-up: the first run is slow

    def prepare(self, data: bytes) -> PreparedImage:
        """Decode and resize one image."""
        started = perf_counter()
        image = decode(data, max_pixels=self._max_pixels, size=self._size)
        decoded = perf_counter()
        pixels = to_input(image.pixels, self._size)
        rows, columns = image.pixels.shape[:2]
        width, height = content_size(columns, rows, self._size)
        return PreparedImage(
            pixels=pixels,
            width=image.width,
            height=image.height,
            started_at=started,
            decode_ms=(decoded - started) * 1000,
            preprocess_ms=(perf_counter() - decoded) * 1000,
            damage=image.damage,
            content=(width / self._size.width, height / self._size.height),
        )

    def detect(
        self, images: Sequence[PreparedImage], thresholds: Sequence[float]
    ) -> list[ImageResult]:
        """Detect objects in a batch of images, each with its own confidence threshold."""
        started = perf_counter()
        output = self._infer(_batch([image.pixels for image in images]))
        inferred = perf_counter()
        found = [
            self._read(logits, boxes, threshold, image.content)
            for logits, boxes, threshold, image in zip(
                output.logits, output.boxes, thresholds, images, strict=True
            )
        ]
        finished = perf_counter()
        return [
            ImageResult(
                detections=detections,
                started_at=started,
                batch=len(images),
                infer_ms=(inferred - started) * 1000,
                postprocess_ms=(finished - inferred) * 1000,
            )
            for detections in found
        ]

    def _infer(self, batch: torch.Tensor) -> RawOutput:
        try:
            output = self._runtime.infer(batch)
        except torch.OutOfMemoryError as err:
            torch.cuda.empty_cache()  # smaller batches may then fit
            raise DetectorMemoryError(
                f"The device has no memory for a batch of {len(batch)} images.", retry_after_s=1
            ) from err
        if not (output.logits.isfinite().all() and output.boxes.isfinite().all()):
            raise RuntimeError(
                "the detector's output is not finite"
            )  # NaN would look like an empty result
        return output

    def _read(
        self,
        logits: torch.Tensor,
        boxes: torch.Tensor,
        threshold: float,
        content: tuple[float, float],
    ) -> tuple[Detection, ...]:
        selected = select(logits, boxes, threshold)
        selected = replace(
            selected,
            classes=self._classes[selected.classes],
            boxes=selected.boxes / torch.tensor([*content, *content]),
        )
        found = drop_duplicates(clip(selected))
        return tuple(
            Detection(label=self._labels[label], confidence=score, box=(x1, y1, x2, y2))
            for score, label, (x1, y1, x2, y2) in zip(
                found.scores.tolist(), found.classes.tolist(), found.boxes.tolist(), strict=True
            )
        )


def _black_image(size: InputSize) -> torch.Tensor:
    return torch.zeros(1, 3, size.height, size.width, dtype=torch.uint8)


def _batch(images: list[torch.Tensor]) -> torch.Tensor:
    return torch.stack(images) if len(images) > 1 else images[0][None]  # no copy
