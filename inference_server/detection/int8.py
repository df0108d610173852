"""The int8 model: calibrated with the owner's pictures, and kept so that it is once only."""

from collections.abc import Sequence
import hashlib
from importlib.util import find_spec
import json
import logging
import os
from pathlib import Path
import subprocess
import sys

import openvino  # type: ignore[import-untyped] # no py.typed marker

from inference_server.detection.base import UnavailableError
from inference_server.detection.checkpoint import Checkpoint
from inference_server.detection.runtimes.model_cache import converted
from inference_server.detection.selection.calibration_images import (
    LEAST_TO_CALIBRATE,
    to_calibrate_with,
)
from inference_server.settings import Settings

_RECIPE = "1"  # changes with what int8_process does
_PATIENCE = 3600  # seconds
_ROOT = str(Path(__file__).parents[2])  # the folder that has this package
_LOG = logging.getLogger(__name__)


def int8_model(checkpoint: Checkpoint, settings: Settings, model: Path, cache: Path) -> Path:
    """Return the file of the int8 model that `model`, OpenVINO's own, is quantized to.

    It depends on weights, pictures and OpenVINO's version. Raises UnavailableError where the pictures
    or NNCF are missing, RuntimeError where it fails, and what the disk raises.
    """
    if settings.parity_pictures is None:
        raise UnavailableError(
            "DETECTOR_PRECISION=int8 is calibrated with pictures of your own cameras. Put "
            f"{LEAST_TO_CALIBRATE} or more, better 80, in a folder, name it in PARITY_PICTURES, and "
            "restart the server."
        )
    pictures = to_calibrate_with(settings.parity_pictures)
    if len(pictures) < LEAST_TO_CALIBRATE:
        raise UnavailableError(
            f"DETECTOR_PRECISION=int8 takes {LEAST_TO_CALIBRATE} pictures at least, and "
            f"PARITY_PICTURES {settings.parity_pictures} has {len(pictures)}. Put more of your "
            "cameras' there, then restart the server."
        )

    def convert(to: Path) -> None:
        _quantize(checkpoint, settings, model, pictures, to)

    version = f"{openvino.__version__}, recipe {_RECIPE}, pictures {_fingerprint(pictures)}"
    return converted(checkpoint, cache, "model.xml", version, convert)


def _quantize(
    checkpoint: Checkpoint, settings: Settings, model: Path, pictures: Sequence[Path], to: Path
) -> None:
    if find_spec("nncf") is None:
        raise UnavailableError(
            "DETECTOR_PRECISION=int8 needs the package nncf, which is not installed. Install the "
            "server with its int8 extra, then restart it."
        )
    _LOG.info("quantizing the detector to int8 with %d pictures: this takes minutes", len(pictures))
    order = {
        "model": str(model),
        "to": str(to),
        "height": checkpoint.size.height,
        "width": checkpoint.size.width,
        "max_pixels": settings.max_pixels,
        "pictures": [str(file.absolute()) for file in pictures],
    }
    done = subprocess.run(
        [sys.executable, "-m", "inference_server.detection.int8_process"],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
        env={
            **os.environ,
            "NNCF_CI": "1",  # else it reports to a third party, unasked
            "PYTHONPATH": os.pathsep.join(filter(None, (_ROOT, os.environ.get("PYTHONPATH")))),
        },
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"it ended with {done.returncode}"]
        raise RuntimeError(f"quantizing failed: {last[0]}")


def _fingerprint(pictures: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in pictures:
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()
