"""What the environment tells the headless worker."""

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.headless import UsageError, read_settings
from hsi_core.settings import Settings


def test_nothing_said_means_the_defaults() -> None:
    assert read_settings({}) == Settings()


def test_polling_can_be_forced() -> None:
    settings = read_settings({"FILE_WATCHER_POLLING": "true", "FILE_WATCHER_POLLING_INTERVAL": "5"})
    assert settings == Settings(watch_polling=True, polling_interval=5.0)


def test_how_long_things_are_kept_can_be_said() -> None:
    assert read_settings({"RETENTION_DAYS": "7"}) == Settings(retention_days=7.0)
    assert read_settings({"RETENTION_DAYS": "0"}) == Settings(retention_days=0.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FILE_WATCHER_POLLING", "maybe"),
        ("FILE_WATCHER_POLLING_INTERVAL", "soon"),
        ("FILE_WATCHER_POLLING_INTERVAL", "0"),
        ("FILE_WATCHER_POLLING_INTERVAL", "nan"),
        ("FILE_WATCHER_POLLING_INTERVAL", "61"),
        ("RETENTION_DAYS", "-1"),
    ],
)
def test_what_is_wrong_is_named(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=name):
        read_settings({name: value})
