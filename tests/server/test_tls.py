"""The server serves https with a configured or a self-signed certificate."""

from collections.abc import Iterator
import hashlib
from pathlib import Path
import socket
import ssl
import subprocess
import sys

import pytest

from inference_server import healthcheck
from inference_server.http.tls import load_tls
from inference_server.settings import Settings, SettingsError
from testbed.services.inference_server import InferenceServer


@pytest.fixture(scope="module")
def server(
    detector_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InferenceServer]:
    folder = tmp_path_factory.mktemp("tls")
    running = InferenceServer(
        folder,
        detector=detector_folder / "none",
        python=Path(sys.executable),
        environ={"TLS_SELF_SIGNED": "true"},
    )
    running.start(wait_ready=False)
    yield running
    running.stop()


def fingerprint_of(port: int) -> str:
    """Return the fingerprint of a server's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        context.wrap_socket(plain) as connection,
    ):
        certificate = connection.getpeercert(binary_form=True)
        assert certificate
        return hashlib.sha256(certificate).hexdigest()


def test_it_prints_the_fingerprint_of_its_certificate(
    server: InferenceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server.url.startswith("https://")
    port = int(server.url.rpartition(":")[2])
    assert server.process.stdout
    line = server.process.stdout.readline()
    assert line.startswith("certificate's SHA-256 fingerprint ")
    assert line.split()[-1].replace(":", "").lower() == fingerprint_of(port)
    assert "detector" in server.ready()

    monkeypatch.setenv("PORT", str(port))
    monkeypatch.setenv("TLS_SELF_SIGNED", "true")
    assert healthcheck.main() == 0
    monkeypatch.setenv("TLS_SELF_SIGNED", "false")
    assert healthcheck.main() == 1


def test_a_self_signed_certificate_is_made_once_with_a_private_key(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path, tls_self_signed=True)
    first, second = load_tls(settings), load_tls(settings)
    assert first
    assert second
    assert first.fingerprint == second.fingerprint
    assert (tmp_path / "tls/key.pem").stat().st_mode & 0o777 == 0o600
    with pytest.raises(SettingsError, match="Set TLS_SELF_SIGNED or TLS_CERT_FILE"):
        load_tls(Settings(tls_self_signed=True, tls_cert_file=tmp_path / "own.pem"))


def test_a_configured_certificate_is_used(tmp_path: Path) -> None:
    made = load_tls(Settings(state_dir=tmp_path, tls_self_signed=True))
    certificate, key = tmp_path / "tls/certificate.pem", tmp_path / "tls/key.pem"
    own = load_tls(Settings(tls_cert_file=certificate, tls_key_file=key))
    assert own
    assert made
    assert own.fingerprint == made.fingerprint
    assert load_tls(Settings()) is None


def test_a_wrong_certificate_is_reported_in_one_line(tmp_path: Path) -> None:
    load_tls(Settings(state_dir=tmp_path / "one", tls_self_signed=True))
    load_tls(Settings(state_dir=tmp_path / "other", tls_self_signed=True))
    certificate = tmp_path / "one/tls/certificate.pem"
    locked = tmp_path / "locked.pem"
    subprocess.run(
        [
            *("openssl", "pkey", "-aes128", "-passout", "pass:secret"),
            *("-in", tmp_path / "one/tls/key.pem", "-out", locked),
        ],
        check=True,
    )
    garbled = tmp_path / "garbled.pem"
    garbled.write_text("nothing")
    for settings, message in (
        (Settings(tls_cert_file=certificate), "go together: set both"),
        (Settings(tls_cert_file=certificate, tls_key_file=tmp_path / "no"), "There is no file"),
        (
            Settings(tls_cert_file=garbled, tls_key_file=garbled),
            "are not a certificate and its key",
        ),
        (
            Settings(tls_cert_file=certificate, tls_key_file=tmp_path / "other/tls/key.pem"),
            "are not a certificate and its key",
        ),
        (Settings(tls_cert_file=certificate, tls_key_file=locked), "without a password"),
    ):
        with pytest.raises(SettingsError, match=message):
            load_tls(settings)
