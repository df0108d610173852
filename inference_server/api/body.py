"""Read request bodies within limits of size and time."""

import asyncio
import json

from aiohttp import hdrs, web

from inference_server.errors import (
    BodyTooLargeError,
    MalformedRequestError,
    RequestTimeoutError,
    UnsupportedMediaTypeError,
)

_CHUNK = 1 << 20  # bytes; up to twice as many are buffered
TIMEOUT = 60.0  # seconds; 20 MiB over slow Wi-Fi take a third of it


async def read_body(request: web.Request, *, max_bytes: int, too_large: str) -> bytes:
    """Read the body.

    Raises BodyTooLargeError with the detail `too_large`, RequestTimeoutError, UnsupportedMediaTypeError.
    """
    encoding = request.headers.get(hdrs.CONTENT_ENCODING, "identity")
    if encoding.lower() != "identity":
        raise UnsupportedMediaTypeError("Send the body without Content-Encoding.")
    if (request.content_length or 0) > max_bytes:
        raise BodyTooLargeError(too_large)
    # With the default of 64 KiB, pausing and resuming the sender takes longer than reading.
    request.content.set_read_chunk_size(_CHUNK)
    body = bytearray()
    try:
        async with asyncio.timeout(TIMEOUT):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > max_bytes:  # sent in chunks without a length
                    raise BodyTooLargeError(too_large)
    except TimeoutError as err:
        raise RequestTimeoutError(f"The body did not arrive within {TIMEOUT:g} s.") from err
    return bytes(body)


async def read_json(request: web.Request, *, max_bytes: int) -> object:
    """Read a JSON body; raises like read_body, and MalformedRequestError."""
    if request.content_type != "application/json":
        raise UnsupportedMediaTypeError(f"{request.content_type} is not application/json.")
    body = await read_body(
        request, max_bytes=max_bytes, too_large=f"The limit is {max_bytes} bytes."
    )
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as err:
        raise MalformedRequestError(f"The body is not JSON: {err}.") from err


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")
