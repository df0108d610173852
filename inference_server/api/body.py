"""Takes a request's body in, within bounds of size and time."""

import asyncio
import json

from aiohttp import hdrs, web

from inference_server.errors import (
    BodyTooLargeError,
    MalformedRequestError,
    RequestTimeoutError,
    UnsupportedMediaTypeError,
)

_CHUNK = 1 << 20  # bytes; up to twice as many may lie there unread
TIMEOUT = 60.0  # seconds; 20 MiB over a slow Wi-Fi take a third of it


async def read_body(request: web.Request, *, most_bytes: int, too_large: str) -> bytes:
    """Read the body.

    Raises BodyTooLargeError with the reason given, RequestTimeoutError, UnsupportedMediaTypeError.
    """
    encoding = request.headers.get(hdrs.CONTENT_ENCODING, "identity")
    if encoding.lower() != "identity":
        raise UnsupportedMediaTypeError("Send the body as it is, without Content-Encoding.")
    if (request.content_length or 0) > most_bytes:
        raise BodyTooLargeError(too_large)
    # Else the sender is stopped and let go on with every 64 KiB, which takes longer than reading.
    request.content.set_read_chunk_size(_CHUNK)
    body = bytearray()
    try:
        async with asyncio.timeout(TIMEOUT):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > most_bytes:  # sent in chunks, without a length
                    raise BodyTooLargeError(too_large)
    except TimeoutError as err:
        raise RequestTimeoutError(f"The body did not arrive within {TIMEOUT:g} s.") from err
    return bytes(body)


async def read_json(request: web.Request, *, most_bytes: int) -> object:
    """Read a body of JSON; raises UnsupportedMediaTypeError, MalformedRequestError and the above."""
    if request.content_type != "application/json":
        raise UnsupportedMediaTypeError(f"{request.content_type} is not application/json.")
    body = await read_body(
        request, most_bytes=most_bytes, too_large=f"This takes up to {most_bytes} bytes."
    )
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as err:
        raise MalformedRequestError(f"The body is not JSON: {err}.") from err


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")
