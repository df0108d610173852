"""SHA-256 fingerprints of server certificates, for a user to confirm an untrusted one."""

import asyncio
from contextlib import suppress
import hashlib
import ssl

from yarl import URL


def read_fingerprint(text: str) -> str:
    """Return a SHA-256 fingerprint as 64 lower-case hex digits; raises ValueError.

    Colons, spaces and case do not matter.
    """
    digits = text.replace(":", "").replace(" ", "").lower()
    if len(digits) != 64 or any(digit not in "0123456789abcdef" for digit in digits):
        raise ValueError("A fingerprint has 64 hexadecimal digits (SHA-256).")
    return digits


def format_fingerprint(fingerprint: str) -> str:
    """Return a fingerprint as colon-separated pairs, as the server prints it."""
    upper = fingerprint.upper()
    return ":".join(upper[index : index + 2] for index in range(0, len(upper), 2))


async def peer_fingerprint(url: str, timeout: float) -> str | None:
    """Return the SHA-256 fingerprint of a server's certificate; None if it cannot be read."""
    address = URL(url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # only the certificate is read, nothing is sent
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
