"""The database form's values become a correct PostgreSQL URL."""

import pytest

from custom_components.home_security_intelligence.bridge import (
    database_url,
    direct_database_url,
)
from custom_components.home_security_intelligence.core.store.address import TlsMode, read_address

TYPED = {
    "host": "db",
    "port": 5432,
    "database": "hsi",
    "username": "hsi",
    "password": "secret",
    "ssl": False,
}


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("db.home.arpa", "db.home.arpa"),
        (" db ", "db"),
        ("192.168.1.2", "192.168.1.2"),
        ("fd00::2", "fd00::2"),
        ("[fd00::2]", "fd00::2"),
        ("/run/postgresql", "/run/postgresql"),
    ],
)
def test_hosts_are_normalized(typed: str, host: str) -> None:
    address = read_address(database_url(TYPED | {"host": typed}))
    assert (address.hosts, address.database) == (((host, 5432),), "hsi")


@pytest.mark.parametrize("secret", ["p@ss/word", "a%40b", "?x=1#y", "[::]:1", "é ü 🦆", "+ +", ":"])
def test_special_characters_survive(secret: str) -> None:
    typed = TYPED | dict.fromkeys(("username", "password", "database"), secret)
    address = read_address(database_url(typed))
    assert (address.user, address.password, address.database) == (secret, secret, secret)
    assert address.hosts == (("db", 5432),)


def test_encryption_verifies_the_certificate() -> None:
    assert read_address(database_url(TYPED)).tls.mode is TlsMode.DISABLE
    assert read_address(database_url(TYPED | {"ssl": True})).tls.mode is TlsMode.VERIFY_FULL


def test_parameters_are_passed_on() -> None:
    query = "connect_timeout=3&pgbouncer=true&options=-c%20work_mem%3D8MB"
    address = read_address(database_url(TYPED | {"parameters": query}))
    assert (address.connect_timeout, address.pooler) == (3.0, True)
    assert address.server_settings == {"options": "-c work_mem=8MB"}
    assert direct_database_url(TYPED | {"parameters": query}) is None
    assert direct_database_url(TYPED | {"parameters": None}) is None


def test_a_direct_connection_past_a_pooler() -> None:
    typed = TYPED | {"port": 6543, "parameters": "direct_host=direct&direct_port=5433"}
    assert read_address(database_url(typed)).hosts == (("db", 6543),)
    direct = direct_database_url(typed)
    assert direct is not None
    address = read_address(direct)
    assert (address.hosts, address.user, address.database) == ((("direct", 5433),), "hsi", "hsi")
