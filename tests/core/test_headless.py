"""What the environment tells the headless worker."""

from pathlib import Path

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.cli.environment import (
    ServerAddress,
    UsageError,
    read_environment,
    read_settings,
    with_arguments,
)
from hsi_core.domain.levels import Bands
from hsi_core.domain.settings import Settings


def test_nothing_said_means_the_defaults() -> None:
    assert read_settings({}) == Settings()


def test_polling_can_be_forced() -> None:
    settings = read_settings({"FILE_WATCHER_POLLING": "true", "FILE_WATCHER_POLLING_INTERVAL": "5"})
    assert settings == Settings(watch_polling=True, polling_interval=5.0)


def test_how_long_things_are_kept_can_be_said() -> None:
    assert read_settings({"RETENTION_DAYS": "7"}) == Settings(retention_days=7.0)
    assert read_settings({"RETENTION_DAYS": "0"}) == Settings(retention_days=0.0)


def test_where_the_levels_begin_can_be_said() -> None:
    said = {"SEVERITY_LOW_MAX": "19", "SEVERITY_HIGH_MAX": "94"}
    assert read_settings(said).risk_bands == Bands(medium=20, high=60, critical=95)


def test_pictures_may_be_shown_to_the_language_model() -> None:
    assert read_settings({"PICTURES_TO_MODEL": "true"}) == Settings(pictures_to_model=True)


def test_how_long_it_may_take_to_stop_can_be_said() -> None:
    assert read_settings({"DRAIN_SECONDS": "60"}) == Settings(drain_limit=60.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DRAIN_SECONDS", "-1"),
        ("FILE_WATCHER_POLLING", "maybe"),
        ("FILE_WATCHER_POLLING_INTERVAL", "soon"),
        ("FILE_WATCHER_POLLING_INTERVAL", "0"),
        ("FILE_WATCHER_POLLING_INTERVAL", "nan"),
        ("FILE_WATCHER_POLLING_INTERVAL", "61"),
        ("RETENTION_DAYS", "-1"),
        ("SEVERITY_LOW_MAX", "100"),
        ("SEVERITY_HIGH_MAX", "59"),
    ],
)
def test_what_is_wrong_is_named(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=name):
        read_settings({name: value})


NEEDED = {"DATABASE_URL": "postgresql://u@h/d", "CAMERA_ROOT": "/cameras", "INFERENCE_URL": "a:1"}


def servers(**environ: str) -> list[tuple[str, str | None]]:
    read = read_environment({**NEEDED, **environ}).servers
    return [(server.url, server.token) for server in read]


def test_one_server_is_enough() -> None:
    assert servers() == [("http://a:1", None)]
    assert servers(INFERENCE_TOKEN="t") == [("http://a:1", "t")]


def test_several_servers_share_a_token_or_have_their_own(tmp_path: Path) -> None:
    both = "http://a:1, https://b"
    assert servers(INFERENCE_URL=both, INFERENCE_TOKEN="t") == [
        ("http://a:1", "t"),
        ("https://b", "t"),
    ]
    assert servers(INFERENCE_URL=both, INFERENCE_TOKEN="t,u") == [
        ("http://a:1", "t"),
        ("https://b", "u"),
    ]
    file = tmp_path / "tokens"
    file.write_text("t\nu\n")
    assert servers(INFERENCE_URL=both, INFERENCE_TOKEN_FILE=str(file)) == [
        ("http://a:1", "t"),
        ("https://b", "u"),
    ]


def test_the_command_line_names_servers_as_well(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("t\n")
    environ = with_arguments(
        NEEDED,
        ["--server-url", "b:2", "--server-url", "c:3", "--server-token-file", str(file)],
    )
    assert read_environment(environ).servers == (
        ServerAddress(url="http://b:2", token="t"),
        ServerAddress(url="http://c:3", token="t"),
    )
    assert with_arguments(NEEDED, []) == NEEDED


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("INFERENCE_URL", "", "INFERENCE_URL"),
        ("INFERENCE_URL", " , ", "INFERENCE_URL"),
        ("INFERENCE_URL", "ftp://a", "INFERENCE_URL"),
        ("INFERENCE_URL", "a:1,http://a:1", "INFERENCE_URL"),
        ("INFERENCE_TOKEN", "one,two", "INFERENCE_TOKEN"),
        ("INFERENCE_TOKEN_FILE", "/does/not/exist", "INFERENCE_TOKEN_FILE"),
        ("TZ", "Middle/Earth", "TZ"),
        ("TZ", "../../etc", "TZ"),
        ("CAMERA_ROOT", "", "CAMERA_ROOT"),
    ],
)
def test_what_a_worker_cannot_do_without_is_named(name: str, value: str, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        read_environment({**NEEDED, name: value})


def test_a_fingerprint_is_for_all_servers_or_one_for_each() -> None:
    one, other = "AB:" * 31 + "AB", "cd" * 32
    environ = {
        "DATABASE_URL": "postgresql://hsi@db/hsi",
        "CAMERA_ROOT": "/cameras",
        "INFERENCE_URL": "https://a:1,https://b:2",
    }

    def read(text: str) -> list[str | None]:
        found = read_environment({**environ, "INFERENCE_FINGERPRINT": text})
        return [server.fingerprint for server in found.servers]

    assert read("") == [None, None]
    assert read(one) == ["ab" * 32, "ab" * 32]
    assert read(f"{one},{other}") == ["ab" * 32, other]
    with pytest.raises(UsageError, match="64 hexadecimal digits"):
        read("ab")


@pytest.mark.parametrize("url", ["http://a:1", "a:1", "https://a:1,http://b:2"])
def test_a_fingerprint_is_of_no_use_without_tls(url: str) -> None:
    environ = {
        "DATABASE_URL": "postgresql://hsi@db/hsi",
        "CAMERA_ROOT": "/cameras",
        "INFERENCE_URL": url,
        "INFERENCE_FINGERPRINT": "ab" * 32,
    }
    with pytest.raises(UsageError, match="https://"):
        read_environment(environ)
