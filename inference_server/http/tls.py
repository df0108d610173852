"""The server's certificate: a configured one, or a self-signed one made at the first start."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import hashlib
from ipaddress import ip_address
import os
from pathlib import Path
import socket
import ssl

from inference_server.settings import Settings, SettingsError

_VALID = timedelta(days=3650)
_CERTIFICATE = "certificate.pem"
_KEY = "key.pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """TLS context and SHA-256 fingerprint of the certificate, as pairs separated by colons."""

    context: ssl.SSLContext
    fingerprint: str


def load_tls(settings: Settings) -> Tls | None:
    """Return the TLS that the settings ask for, None for plain HTTP; raises SettingsError."""
    own = settings.tls_cert_file, settings.tls_key_file
    if settings.tls_self_signed:
        if any(own):
            raise SettingsError("Set TLS_SELF_SIGNED or TLS_CERT_FILE and TLS_KEY_FILE, not both")
        return _load(*_self_signed(settings.state_dir / "tls"))
    certificate, key = own
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise SettingsError("TLS_CERT_FILE and TLS_KEY_FILE go together: set both")
    return _load(certificate, key)


def _load(certificate: Path, key: Path) -> Tls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for file in (certificate, key):
        if not file.is_file():
            raise SettingsError(f"There is no file {file} for TLS")
    try:
        # An encrypted key would prompt for its password at the terminal.
        context.load_cert_chain(certificate, key, password=lambda: b"")
        text = certificate.read_text(encoding="ascii")
        first = text[text.index("-----BEGIN CERTIFICATE-----") :]
        end = first.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----")
        der = ssl.PEM_cert_to_DER_cert(first[:end])
    except (OSError, ValueError) as err:
        raise SettingsError(
            f"{certificate} and {key} are not a certificate and its key, in PEM and without a "
            f"password: {err}"
        ) from err
    digest = hashlib.sha256(der).hexdigest().upper()
    pairs = (digest[index : index + 2] for index in range(0, len(digest), 2))
    return Tls(context=context, fingerprint=":".join(pairs))


def _self_signed(folder: Path) -> tuple[Path, Path]:
    """Return certificate and key in the folder, made at the first start."""
    certificate, key = folder / _CERTIFICATE, folder / _KEY
    try:
        if not certificate.exists():
            folder.mkdir(parents=True, exist_ok=True)
            certificate_pem, key_pem = _make()
            _write(key, key_pem)
            _write(certificate, certificate_pem)  # last: without it both are made anew
    except OSError as err:
        raise SettingsError(f"STATE_DIR {folder}: {err.strerror or err}") from err
    return certificate, key


def _make() -> tuple[bytes, bytes]:
    """Return a certificate and its key as PEM."""
    try:
        from cryptography import x509  # noqa: PLC0415 - an optional package
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
        from cryptography.x509.oid import NameOID  # noqa: PLC0415
    except ImportError as err:
        raise SettingsError(
            "TLS_SELF_SIGNED needs the package cryptography: install the server with its tls extra"
        ) from err
    key = ec.generate_private_key(ec.SECP256R1())
    host = socket.gethostname()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Home Security Intelligence")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # tolerates clocks that are slow
        .not_valid_after(now + _VALID)
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.DNSName("localhost"),
                    *([x509.DNSName(host)] if host.isascii() and host != "localhost" else []),
                    x509.IPAddress(ip_address("127.0.0.1")),
                ]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(file: Path, content: bytes) -> None:
    """Write a file atomically that only its owner may read."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(content)
    draft.replace(file)
