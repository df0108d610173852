"""What decodes the pictures: the GPU where it is asked for and comes to the same."""

from dataclasses import replace
import logging

import torch

from inference_server.detection.base import UnavailableError, in_one
from inference_server.detection.decoding.decoder_parity import check_decoder
from inference_server.detection.decoding.gpu_decode import GpuDecoder, nvjpeg
from inference_server.detection.decoding.preprocess import InputSize
from inference_server.detection.selection.parity import ParityError
from inference_server.detection.selection.selection import Choice
from inference_server.settings import DetectorDecode, Settings

_LOG = logging.getLogger(__name__)


def with_decoder(choice: Choice, settings: Settings, size: InputSize) -> Choice:
    """Return the choice with the GPU's decoder, or with why the processor decodes instead."""
    if settings.detector_decode is DetectorDecode.CPU:
        return choice
    try:
        decoder = _decoder(choice, size, max_pixels=settings.max_pixels)
        check_decoder(decoder, size)
    except UnavailableError as err:
        reason = str(err)
    except ParityError as err:
        reason = f"It does not decode as the processor does: {err}"
    except Exception as err:  # noqa: BLE001 - whatever is wrong with it, the processor can do the work
        reason = f"It does not run here ({type(err).__name__}: {err})."
    else:
        return replace(choice, decoder=decoder)
    told = f"DETECTOR_DECODE=gpu is not to be had: {reason} Used instead: the processor."
    _LOG.error("%s", told)
    return replace(choice, fallback=in_one(choice.fallback, told))


def _decoder(choice: Choice, size: InputSize, *, max_pixels: int) -> GpuDecoder:
    if not choice.runtime.device.startswith("cuda"):
        raise UnavailableError("The detector does not run on a GPU.")
    device = torch.device("cuda", 0)
    return GpuDecoder(nvjpeg(device), device, size, max_pixels=max_pixels)
