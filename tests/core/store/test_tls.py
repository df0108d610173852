"""TLS to PostgreSQL: whom the connection trusts, and what a refused one says."""

from collections.abc import AsyncIterator
from pathlib import Path
import ssl

import pytest
from sqlalchemy import text
from yarl import URL

from testbed.services.postgres import Postgres
from testbed.services.tls_proxy import TlsProxy

# isort: split
from hsi_core.domain.errors import (
    StoreCertificateChangedError,
    StoreCertificateError,
    StoreParameterError,
    StoreRefusedError,
    StoreTlsError,
    StoreTlsRequiredError,
    StoreUnreachableError,
    StoreUserError,
)
from hsi_core.store.engine import begin, check, connect

OTHER = "ab" * 32


@pytest.fixture
async def proxy(postgres: Postgres, tmp_path: Path) -> AsyncIterator[TlsProxy]:
    async with TlsProxy(postgres.port, tmp_path) as made:
        yield made


@pytest.fixture
def secure_url(database_url: str, proxy: TlsProxy) -> str:
    """Return the URL of a database that admits encrypted connections only."""
    return str(URL(database_url).with_port(proxy.port))


async def test_a_connection_without_encryption_is_told_that_it_needs_it(secure_url: str) -> None:
    with pytest.raises(StoreTlsRequiredError, match="encrypted"):
        await check(secure_url)
    with pytest.raises(StoreTlsRequiredError):
        await connect(secure_url, application_name="tests")


async def test_an_unknown_certificate_is_shown(secure_url: str, proxy: TlsProxy) -> None:
    with pytest.raises(StoreCertificateError) as caught:
        await check(f"{secure_url}?sslmode=verify-full")
    assert caught.value.fingerprint == proxy.fingerprint
    assert "fingerprint" in str(caught.value)
    assert proxy.passed_on == b""


async def test_a_confirmed_certificate_is_trusted(secure_url: str, proxy: TlsProxy) -> None:
    await check(secure_url, fingerprint=proxy.fingerprint)
    engine = await connect(secure_url, fingerprint=proxy.fingerprint, application_name="tests")
    async with begin(engine) as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    await engine.dispose()


async def test_nothing_is_sent_to_another_certificate(secure_url: str, proxy: TlsProxy) -> None:
    with pytest.raises(StoreCertificateChangedError) as caught:
        await check(secure_url, fingerprint=OTHER)
    assert caught.value.fingerprint == proxy.fingerprint
    assert proxy.passed_on == b""  # neither the password nor the user's name


async def test_a_certificate_that_changes_meanwhile_is_refused(
    secure_url: str, proxy: TlsProxy
) -> None:
    engine = await connect(secure_url, fingerprint=proxy.fingerprint, application_name="tests")
    proxy.renew()
    proxy.cut_all()
    with pytest.raises(StoreUnreachableError):
        async with begin(engine):
            pass
    with pytest.raises(StoreCertificateChangedError):
        async with begin(engine):
            pass
    await engine.dispose()


@pytest.mark.parametrize("mode", ["require", "prefer", "no-verify"])
async def test_modes_that_verify_nothing(secure_url: str, mode: str) -> None:
    await check(f"{secure_url}?sslmode={mode}")


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
async def test_a_root_certificate_is_trusted(secure_url: str, proxy: TlsProxy, mode: str) -> None:
    await check(f"{secure_url}?sslmode={mode}&sslrootcert={proxy.certificate}")


async def test_a_context_of_the_caller_verifies(secure_url: str, proxy: TlsProxy) -> None:
    trusted = ssl.create_default_context(cafile=proxy.certificate)
    await check(f"{secure_url}?sslmode=verify-full", trusted)
    with pytest.raises(StoreCertificateError):
        await check(f"{secure_url}?sslmode=verify-full", ssl.create_default_context())


async def test_channel_binding_means_a_verified_server(secure_url: str, proxy: TlsProxy) -> None:
    wanted = f"{secure_url}?sslmode=require&channel_binding=require"
    with pytest.raises(StoreCertificateError):
        await check(wanted)
    await check(f"{wanted}&sslrootcert={proxy.certificate}")


async def test_a_certificate_of_another_host(
    postgres: Postgres, database_url: str, tmp_path: Path
) -> None:
    async with TlsProxy(postgres.port, tmp_path, name="192.0.2.1") as proxy:
        url = f"{URL(database_url).with_port(proxy.port)}?sslrootcert={proxy.certificate}"
        await check(f"{url}&sslmode=verify-ca")
        with pytest.raises(StoreCertificateError) as caught:
            await check(f"{url}&sslmode=verify-full")
        assert caught.value.fingerprint == proxy.fingerprint


async def test_a_server_without_tls(database_url: str) -> None:
    with pytest.raises(StoreTlsError, match="encrypted"):
        await check(f"{database_url}?sslmode=require")
    await check(f"{database_url}?sslmode=prefer")


async def test_a_file_that_cannot_be_read(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    for file in ("missing.pem", "empty.pem"):
        url = f"{database_url}?sslmode=verify-full&sslrootcert={tmp_path / file}"
        with pytest.raises(StoreParameterError, match="cannot be read"):
            await check(url)


async def test_a_rule_of_the_server_is_no_wrong_password(tmp_path: Path) -> None:
    with Postgres() as server:
        rules = "local all all trust\nhost template1 all all reject\nhost all all all trust\n"
        (server.folder / "data/pg_hba.conf").write_text(rules)
        server.execute("SELECT pg_reload_conf()")
        server.execute("CREATE ROLE idle NOLOGIN")
        with pytest.raises(StoreRefusedError, match="pg_hba") as caught:
            await check(server.url("template1"))
        assert type(caught.value) is StoreRefusedError  # it has no TLS that could help
        for user in ("stranger", "idle"):
            with pytest.raises(StoreUserError, match=user):
                await check(server.url(user=user))
