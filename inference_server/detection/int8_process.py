"""Quantizes the detector's backbone and encoder to int8, a program that the OpenVINO runtime runs.

Reads one line of JSON from stdin: model and to (OpenVINO's files), height, width, max_pixels and
pictures (paths). The decoder and the choice of its candidates stay float: in int8 they find next to
nothing. Ends with its error as the last line of stderr.

Its own process, because NNCF takes seconds and hundreds of MB that the server needs once only, prints
progress, and reports to a third party unless its environment forbids it.
"""

import json
from pathlib import Path
import sys

import nncf  # type: ignore[import-not-found,import-untyped,unused-ignore] # optional
from nncf.quantization.range_estimator import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    RangeEstimatorParametersSet,
)
import openvino  # type: ignore[import-untyped] # no py.typed marker

from inference_server.detection.decoding.preprocess import InputSize, to_float
from inference_server.detection.selection.calibration_images import LEAST_TO_CALIBRATE, prepared
from inference_server.detection.selection.synthetic_images import gate_pictures

_MODEL = r"__module\._model\."
_FLOAT = (
    _MODEL + r"model\.(decoder|decoder_input_proj|enc_output|enc_score_head|enc_bbox_head)[./].*",
    # What the model computes between its parts: the candidates, their scores and places.
    _MODEL + r"model/.*",
    r"__module\._model/.*",
    r"aten::.*",
)


def main() -> None:
    """Quantize one model."""
    order = json.loads(sys.stdin.readline())
    size = InputSize(height=order["height"], width=order["width"])
    files = [Path(file) for file in order["pictures"]]
    pictures = prepared(files, size, max_pixels=order["max_pixels"])
    if len(pictures) < LEAST_TO_CALIBRATE:
        sys.exit(f"Only {len(pictures)} of the pictures can be decoded.")
    # The drawn pictures go to extremes, which the numbers must not cut off.
    pictures += gate_pictures(size)
    quantized = nncf.quantize(
        openvino.Core().read_model(order["model"]),
        nncf.Dataset([to_float(picture[None]).numpy() for picture in pictures]),
        preset=nncf.QuantizationPreset.MIXED,  # what is below zero in SiLU's output counts
        model_type=nncf.ModelType.TRANSFORMER,  # the encoder's attention needs the care
        subset_size=len(pictures),
        ignored_scope=nncf.IgnoredScope(patterns=list(_FLOAT)),
        advanced_parameters=nncf.AdvancedQuantizationParameters(
            # What NNCF takes by itself leaves outliers out, and scores differ three times as much.
            activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX
        ),
    )
    openvino.save_model(quantized, order["to"], compress_to_fp16=False)


if __name__ == "__main__":
    main()
