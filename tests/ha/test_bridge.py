"""The database form's values become a correct PostgreSQL URL."""

import pytest

from custom_components.home_security_intelligence.bridge import database_url
from custom_components.home_security_intelligence.core.store.engine import database_url as parsed

TYPED = {"host": "db", "port": 5432, "database": "hsi", "username": "hsi", "password": "secret"}


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("db.home.arpa", "db.home.arpa"),
        (" db ", "db"),
        ("192.168.1.2", "192.168.1.2"),
        ("fd00::2", "fd00::2"),
        ("[fd00::2]", "fd00::2"),
    ],
)
def test_hosts_are_normalized(typed: str, host: str) -> None:
    url = parsed(database_url(TYPED | {"host": typed}))
    assert (url.host, url.port, url.database) == (host, 5432, "hsi")


@pytest.mark.parametrize("secret", ["p@ss/word", "a%40b", "?x=1#y", "[::]:1", "é ü 🦆", "+ +", ":"])
def test_passwords_with_special_characters_survive(secret: str) -> None:
    url = parsed(database_url(TYPED | {"username": secret, "password": secret}))
    assert (url.username, url.password, url.host) == (secret, secret, "db")
