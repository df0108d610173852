"""Takes a request's body in, within bounds of size and time."""

import asyncio

from aiohttp import web

from ..errors import BodyTooLargeError, RequestTimeoutError

TIMEOUT = 60.0  # seconds; 20 MiB over a slow Wi-Fi take a third of it


async def read_body(request: web.Request, *, most_bytes: int, too_large: str) -> bytes:
    """Read the body; raises BodyTooLargeError with the reason given, or RequestTimeoutError."""
    if (request.content_length or 0) > most_bytes:
        raise BodyTooLargeError(too_large)
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
