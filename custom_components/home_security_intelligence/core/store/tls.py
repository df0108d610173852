"""TLS of the connection to PostgreSQL: whom to trust, and what the server presents."""

import asyncio
from contextlib import suppress
import hashlib
from pathlib import Path
import ssl
import struct
from typing import override

from ..domain.errors import StoreParameterError
from .address import DatabaseAddress, Tls, TlsMode

# What asyncpg takes for `ssl`; it falls back to a connection without TLS by itself.
type Encryption = ssl.SSLContext | str | bool

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)  # "Message Formats" in PostgreSQL's documentation
_OFFERED = b"S"
_PROTOCOLS = ["postgresql"]  # needed for TLS from the first byte


class CertificateMismatchError(ssl.SSLCertVerificationError):
    """The server presents another certificate than the pinned one."""

    fingerprint = ""  # SHA-256 of what it presents, in hex


class _PinnedObject(ssl.SSLObject):
    """Ends the handshake, before anything is sent, unless the certificate is the pinned one."""

    @override
    def do_handshake(self) -> None:
        super().do_handshake()
        found = fingerprint_of(self.getpeercert(binary_form=True) or b"")
        if found != getattr(self.context, "pinned", None):
            error = CertificateMismatchError(1, "the certificate is not the confirmed one")
            error.fingerprint = found
            raise error


class _PinnedContext(ssl.SSLContext):
    """Trusts one certificate only, regardless of its name and date."""

    sslobject_class = _PinnedObject
    pinned: str


def fingerprint_of(certificate: bytes) -> str:
    """Return the SHA-256 of a certificate in hex."""
    return hashlib.sha256(certificate).hexdigest()


async def encryption(
    tls: Tls, *, trusted: ssl.SSLContext | None = None, fingerprint: str | None = None
) -> Encryption:
    """Return what asyncpg needs; raises StoreParameterError for a file that cannot be used.

    `trusted` verifies certificates where the address names no root certificate. With a
    `fingerprint`, only the certificate with this SHA-256 is trusted.
    """
    if fingerprint is None:
        if not tls.mode.is_certain:
            return False if tls.mode is TlsMode.DISABLE else tls.mode.value
        if trusted is not None and tls == Tls(mode=TlsMode.VERIFY_FULL):
            return trusted
    try:
        return await asyncio.to_thread(_context, tls, fingerprint)
    except (OSError, ValueError) as error:
        raise StoreParameterError(
            "a certificate or key that the connection parameters name cannot be read: "
            f"{error.strerror if isinstance(error, OSError) else error}"
        ) from error


async def peer_fingerprint(address: DatabaseAddress, timeout: float) -> str | None:
    """Return the SHA-256 of the first host's certificate; None if it has no TLS."""
    host, port = address.hosts[0]
    if host.startswith("/"):
        return None
    context = _unverified(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    writer = None
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(
                host, port, ssl=context if address.tls.direct else None
            )
            if not address.tls.direct:
                writer.write(_SSL_REQUEST)
                if await reader.read(1) != _OFFERED:
                    return None
                await writer.start_tls(context, server_hostname=host)
        return fingerprint_of(
            writer.get_extra_info("ssl_object").getpeercert(binary_form=True) or b""
        )
    except OSError:
        return None
    finally:
        if writer is not None:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()


def _context(tls: Tls, fingerprint: str | None) -> ssl.SSLContext:
    context: ssl.SSLContext
    root = tls.root_certificate or (None if tls.system_roots else _default("root.crt"))
    if fingerprint is not None:
        pinned = _PinnedContext(ssl.PROTOCOL_TLS_CLIENT)
        pinned.pinned = fingerprint
        context = _unverified(pinned)
    elif tls.mode is TlsMode.REQUIRE and root is None:
        context = _unverified(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    else:
        # As in libpq, a root certificate makes `require` verify the chain.
        context = ssl.create_default_context(cafile=root)
        context.check_hostname = tls.mode is TlsMode.VERIFY_FULL
        if tls.revocation_list:
            context.load_verify_locations(cafile=tls.revocation_list)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(_PROTOCOLS)
    if certificate := tls.certificate or _default("postgresql.crt"):
        key = tls.key or _default("postgresql.key")
        context.load_cert_chain(certificate, key, password=lambda: tls.key_password)
    return context


def _default(name: str) -> Path | None:
    """Return a file of libpq's folder in the home directory, if there is one."""
    with suppress(RuntimeError, OSError):  # no home directory, or not readable
        path = Path("~/.postgresql").expanduser() / name
        if path.is_file():
            return path
    return None


def _unverified(context: ssl.SSLContext) -> ssl.SSLContext:
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
