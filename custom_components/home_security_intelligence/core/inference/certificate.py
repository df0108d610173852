"""The fingerprint of a certificate that nobody vouches for, so that a person can."""

import asyncio
from contextlib import suppress
import hashlib
import ssl

from yarl import URL


def read_fingerprint(text: str) -> str:
    """Return a sha256 fingerprint as 64 hex digits; colons, spaces and case do not matter.

    Raises ValueError where it is none.
    """
    digits = text.replace(":", "").replace(" ", "").lower()
    if len(digits) != 64 or any(digit not in "0123456789abcdef" for digit in digits):
        raise ValueError("A fingerprint is 64 hexadecimal digits (SHA-256).")
    return digits


def shown_fingerprint(fingerprint: str) -> str:
    """Return a fingerprint in pairs, as the server prints it."""
    upper = fingerprint.upper()
    return ":".join(upper[index : index + 2] for index in range(0, len(upper), 2))


async def peer_fingerprint(url: str, timeout: float) -> str | None:
    """Return the sha256 fingerprint that the server shows, None where it cannot be asked."""
    address = URL(url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # it is only looked at; nothing is sent
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(address.host, address.port, ssl=context)
    except OSError:
        return None
    try:
        certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    return hashlib.sha256(certificate).hexdigest() if certificate else None
