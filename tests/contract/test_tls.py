"""The real client and the real server's own certificate: unknown, confirmed, changed."""

from collections.abc import Iterator
import shutil

import aiohttp
import pytest

from testbed.services.inference_server import InferenceServer

# isort: split
from hsi_core.domain.errors import (
    ServerCertificateChangedError,
    ServerCertificateError,
    ServerTlsError,
)
from hsi_core.domain.models import FailureClass
from hsi_core.domain.settings import Settings
from hsi_core.inference.client import InferenceClient


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InferenceServer]:
    folder = tmp_path_factory.mktemp("tls")
    running = InferenceServer(
        folder, detector=folder / "no-such-model", environ={"TLS_SELF_SIGNED": "true"}
    )
    running.start(wait_ready=False)
    yield running
    running.stop()


async def test_a_certificate_is_unknown_then_confirmed_then_changed(
    server: InferenceServer,
) -> None:
    async with aiohttp.ClientSession() as session:

        def client(fingerprint: str | None = None) -> InferenceClient:
            return InferenceClient(
                session, server.url, server.token, settings=Settings(), fingerprint=fingerprint
            )

        with pytest.raises(ServerCertificateError) as unknown:
            await client().health()
        assert type(unknown.value) is ServerCertificateError
        assert unknown.value.failure is FailureClass.OUTAGE
        confirmed = unknown.value.fingerprint
        first = await client(confirmed).health()

        server.stop()
        state = server.log_path.parent / "inference_server_state"
        shutil.rmtree(state / "tls")
        server.start(wait_ready=False)
        with pytest.raises(ServerCertificateChangedError) as changed:
            await client(confirmed).health()
        assert changed.value.failure is FailureClass.OUTAGE
        again = await client(changed.value.fingerprint).health()
        assert again.instance_id == first.instance_id


async def test_a_fingerprint_is_no_excuse_for_a_server_without_tls(
    detectorless_server: InferenceServer,
) -> None:
    url = detectorless_server.url.replace("http:", "https:")
    async with aiohttp.ClientSession() as session:
        client = InferenceClient(session, url, None, settings=Settings(), fingerprint="ab" * 32)
        with pytest.raises(ServerTlsError):
            await client.health()
