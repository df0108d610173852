"""JPEGs decoded and resized on an NVIDIA GPU, where that comes to what the processor makes of them."""

import logging
from threading import Lock
from time import perf_counter
from typing import Protocol

import numpy as np
import torch

from inference_server.detection.base import Prepared, UnavailableError
from inference_server.detection.decoding.decode import admit, is_sound, upright
from inference_server.detection.decoding.headers import ImageHeader
from inference_server.detection.decoding.preprocess import InputSize
from inference_server.detection.decoding.simple_jpeg import is_simple

_LOG = logging.getLogger(__name__)
_FAILURES = 10  # in a row
GAVE_UP = (
    f"The GPU failed to decode {_FAILURES} pictures in a row. Used instead, until the detector is "
    "loaded again: the processor."
)


class JpegDecoder(Protocol):
    """Decodes JPEGs on a device."""

    def __call__(self, data: torch.Tensor) -> torch.Tensor:
        """Return (3, rows, columns) uint8, RGB as stored, of a file's bytes; raises what it likes."""
        ...


def nvjpeg(device: torch.device) -> JpegDecoder:
    """Return NVIDIA's decoder; raises UnavailableError."""
    try:
        from torchvision.io import decode_jpeg  # type: ignore[import-not-found,import-untyped,unused-ignore] # noqa: PLC0415 - optional
    except ModuleNotFoundError as err:
        raise UnavailableError(
            f"The package {err.name} is not installed. Install the server with its gpu-decode "
            "extra, then restart it."
        ) from err
    except Exception as err:
        raise UnavailableError(
            f"torchvision does not fit this build of torch ({type(err).__name__}: {err})."
        ) from err

    def decode(data: torch.Tensor) -> torch.Tensor:
        pixels: torch.Tensor = decode_jpeg(data, mode="RGB", device=device)
        return pixels

    return decode


class GpuDecoder:
    """Makes the detector's input of the JPEGs that are simple and whole; leaves the rest alone.

    On a CPU it does the same, so that all but the decoding itself can be tested without a GPU.
    """

    def __init__(
        self, decode: JpegDecoder, device: torch.device, size: InputSize, *, max_pixels: int
    ) -> None:
        self._decode = decode
        self._size = size
        self._max_pixels = max_pixels
        self._failures = 0
        # nvJPEG's hardware writes its pixels without waiting for the stream it is given, also into
        # memory that work queued there still reads (pytorch/vision pull request 9606). So: one
        # picture at a time, on a stream that has nothing queued. Streams come from a pool for each
        # priority, used in turn, and nothing else here asks for this one.
        self._lock = Lock()
        self._stream = torch.cuda.Stream(device, priority=-1) if device.type == "cuda" else None  # type: ignore[no-untyped-call] # torch's types lack it

    @property
    def works(self) -> bool:
        """Whether it has not failed so often that the processor was left to decode everything."""
        return self._failures < _FAILURES

    def prepare(self, data: bytes) -> Prepared | None:
        """Decode and resize one picture; None where that is the processor's.

        Raises ImageTooLargeError or InvalidImageError, as decode() does.
        """
        started = perf_counter()
        header = admit(data, max_pixels=self._max_pixels)
        # nvJPEG need not say what is broken: it is given nothing that the processor would refuse.
        if not (self.works and is_simple(data) and is_sound(data)):
            return None
        with self._lock:
            if not self.works:
                return None
            try:
                pixels, decoded = self.run(data, header)
            except Exception as err:  # noqa: BLE001 - whatever it is, the processor can do the work
                self._note_failure(err)
                return None
            self._failures = 0
        on_its_side = header.orientation >= 5
        return Prepared(
            pixels=pixels,
            width=header.height if on_its_side else header.width,
            height=header.width if on_its_side else header.height,
            started_at=started,
            decode_ms=(decoded - started) * 1000,
            preprocess_ms=(perf_counter() - decoded) * 1000,
        )

    @torch.inference_mode()
    def run(self, data: bytes, header: ImageHeader) -> tuple[torch.Tensor, float]:
        """Return the detector's input, in the processor's memory, and when it was decoded."""
        height, width = self._size.height, self._size.width
        if header.orientation >= 5:
            height, width = width, height
        with torch.cuda.stream(self._stream):
            stored = self._decode(torch.from_numpy(np.frombuffer(data, np.uint8).copy()))
            self._wait()
            decoded = perf_counter()
            if stored.shape != (3, header.height, header.width) or stored.dtype != torch.uint8:
                raise ValueError(f"it decoded {tuple(stored.shape)} of {stored.dtype}")
            resized = torch.nn.functional.interpolate(
                stored[None].float(), size=(height, width), mode="bilinear", antialias=True
            )
            fetched = resized[0].round().clamp(0, 255).to(torch.uint8).cpu()
            self._wait()
        turned = upright(fetched.permute(1, 2, 0).numpy(), header.orientation)
        return torch.from_numpy(turned).permute(2, 0, 1).contiguous(), decoded

    def _wait(self) -> None:
        if self._stream:
            self._stream.synchronize()

    def _note_failure(self, err: Exception) -> None:
        self._failures += 1
        if self._failures == 1:
            _LOG.warning("A picture was decoded by the processor: the GPU failed (%s)", err)
        elif not self.works:
            _LOG.error("%s The last failure: %s", GAVE_UP, err)
