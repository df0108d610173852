"""A TCP proxy that gives a PostgreSQL without TLS a certificate, as a TLS-only provider has it."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
import hashlib
from ipaddress import ip_address
from pathlib import Path
import ssl
import struct
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
# What PostgreSQL says: severity, SQLSTATE, message, and the function that says it.
_REFUSAL = (
    b"SFATAL\0VFATAL\0C28000\0"
    b'Mno pg_hba.conf entry for host "127.0.0.1", user "hsi", database "hsi", no encryption\0'
    b"RClientAuthentication\0\0"
)


class TlsProxy:
    """Speaks TLS with clients and without with the database; refuses clients without TLS."""

    def __init__(self, target: int, folder: Path, *, name: str = "127.0.0.1") -> None:
        """Present a self-signed certificate for an address, kept in the folder."""
        self.port = 0
        self.certificate = folder / "certificate.pem"
        self._target = target
        self._key = folder / "key.pem"
        self._name = name
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.passed_on = b""  # what clients sent after their certificate check
        self.renew()

    @property
    def fingerprint(self) -> str:
        """The certificate's SHA-256 in hex."""
        text = self.certificate.read_text()
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(text)).hexdigest()

    def renew(self) -> None:
        """Present another certificate from now on."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "database")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address(self._name))]),
                critical=False,
            )
            .sign(key, hashes.SHA256())
        )
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        self._key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.certificate, self._key)

    def cut_all(self) -> None:
        """Cut all connections."""
        for connection in self._connections:
            connection.cancel()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        self.cut_all()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_target = None
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                if await reader.readexactly(8) != _SSL_REQUEST:
                    writer.write(b"E" + struct.pack("!i", len(_REFUSAL) + 4) + _REFUSAL)
                    await writer.drain()
                    return
                writer.write(b"S")
                await writer.start_tls(self._context)
                from_target, to_target = await asyncio.open_connection("127.0.0.1", self._target)

                async def pass_on() -> None:
                    while data := await reader.read(65536):
                        self.passed_on += data
                        to_target.write(data)

                async def answer() -> None:
                    while data := await from_target.read(65536):
                        writer.write(data)

                ways = [asyncio.create_task(way()) for way in (pass_on, answer)]
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()
                    await asyncio.gather(*ways, return_exceptions=True)
        finally:
            for each in (writer, to_target):
                if each is not None:
                    each.transport.abort()
