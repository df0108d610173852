"""The headless worker's environment and command line."""

from pathlib import Path

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.cli.environment import (
    CommandLine,
    ServerAddress,
    UsageError,
    parse_arguments,
    read_environment,
    read_settings,
)
from hsi_core.domain.levels import LevelBounds
from hsi_core.domain.settings import DECLARATIONS, Settings


def read(environ: dict[str, str]) -> Settings:
    return read_settings(environ).settings


def test_an_empty_environment_means_the_defaults() -> None:
    assert read({}) == Settings()


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("AI_CONNECT_TIMEOUT", "5", "connect_timeout", 5.0),
        ("BATCH_IDLE_TIMEOUT_SECONDS", "60", "event_idle", 60.0),
        ("BATCH_WINDOW_SECONDS", "120", "event_window", 120.0),
        ("DETECTION_CONFIDENCE_THRESHOLD", "0.7", "confidence_threshold", 0.7),
        ("DRAIN_SECONDS", "60", "drain_timeout", 60.0),
        ("FILE_WATCHER_POLLING", "true", "watch_polling", True),
        ("FILE_WATCHER_POLLING_INTERVAL", "5", "polling_interval", 5.0),
        ("HOME_LANGUAGE", "pt-BR", "language", "pt-BR"),
        ("IGNORED_NAMES", "Thumbs, *_small.*", "ignored_names", {"thumbs", "*_small.*"}),
        ("INCIDENT_WINDOW_SECONDS", " 60 ", "incident_window", 60.0),
        ("NEMOTRON_READ_TIMEOUT", "300", "assess_timeout", 300.0),
        ("ORIGINAL_DAYS", "14", "original_days", 14.0),
        ("ORIGINAL_GIGABYTES", "0.5", "original_bytes", 500_000_000),
        ("PICTURES_TO_MODEL", "yes", "images_to_model", True),
        ("QUEUE_MAX_SIZE", "100", "queue_limit", 100),
        ("RETENTION_DAYS", "0", "retention_days", 0.0),
        ("RTDETR_READ_TIMEOUT", "30", "detect_timeout", 30.0),
        ("SEVERITY_LOW_MAX", "19", "medium_from", 20),
        ("TZ", "Europe/Berlin", "time_zone", "Europe/Berlin"),
        ("WATCHED_LABELS", "Person, cell phone", "watched_labels", {"person", "cell phone"}),
    ],
)
def test_a_variable_sets_its_setting(variable: str, text: str, name: str, value: object) -> None:
    assert getattr(read({variable: text}), name) == value


def test_every_variable_can_be_written_back() -> None:
    for declaration in DECLARATIONS.values():
        assert declaration.parse(declaration.format(declaration.default)) == declaration.default


def test_only_what_is_set_counts_as_configured() -> None:
    environ = {"RETENTION_DAYS": "30", "TZ": "", "PATH": "/bin"}
    assert read_settings(environ).names == {"retention_days"}


def test_the_help_names_every_variable(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments({}, ["--help"])
    text = capsys.readouterr().out
    variables = {declaration.variable for declaration in DECLARATIONS.values()} - {None}
    assert not [name for name in (*variables, *NEEDED) if str(name) not in text]


def test_the_levels_follow_from_their_highest_scores() -> None:
    environ = {"SEVERITY_LOW_MAX": "19", "SEVERITY_HIGH_MAX": "94"}
    assert read(environ).level_bounds == LevelBounds(medium=20, high=60, critical=95)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BATCH_IDLE_TIMEOUT_SECONDS", "91"),  # longer than the event itself
        ("BATCH_WINDOW_SECONDS", "20"),
        ("DETECTION_CONFIDENCE_THRESHOLD", "50"),
        ("DRAIN_SECONDS", "-1"),
        ("FILE_WATCHER_POLLING", "maybe"),
        ("FILE_WATCHER_POLLING_INTERVAL", "soon"),
        ("FILE_WATCHER_POLLING_INTERVAL", "0"),
        ("FILE_WATCHER_POLLING_INTERVAL", "nan"),
        ("FILE_WATCHER_POLLING_INTERVAL", "61"),
        ("HOME_LANGUAGE", "de_DE"),
        ("QUEUE_MAX_SIZE", "1000.5"),
        ("RETENTION_DAYS", "-1"),
        ("SEVERITY_LOW_MAX", "100"),
        ("SEVERITY_HIGH_MAX", "59"),
        ("TZ", "Middle/Earth"),
        ("TZ", "../../etc"),
        ("WATCHED_LABELS", ","),
    ],
)
def test_an_invalid_value_is_refused_by_its_variable(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=name):
        read({name: value})


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


def test_flags_override_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("t\n")
    command = parse_arguments(
        NEEDED,
        ["--server-url", "b:2", "--server-url", "c:3", "--server-token-file", str(file)],
    )
    assert read_environment(command.environ).servers == (
        ServerAddress(url="http://b:2", token="t"),
        ServerAddress(url="http://c:3", token="t"),
    )
    assert parse_arguments(NEEDED, []) == CommandLine(environ=NEEDED, store_settings=False)
    assert parse_arguments(NEEDED, ["--store-settings"]).store_settings
    assert parse_arguments(NEEDED, ["--confirm-clean-up"]).confirm_clean_up


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("INFERENCE_URL", "", "INFERENCE_URL"),
        ("INFERENCE_URL", " , ", "INFERENCE_URL"),
        ("INFERENCE_URL", "ftp://a", "INFERENCE_URL"),
        ("INFERENCE_URL", "a:1,http://a:1", "INFERENCE_URL"),
        ("INFERENCE_TOKEN", "one,two", "INFERENCE_TOKEN"),
        ("INFERENCE_TOKEN_FILE", "/does/not/exist", "INFERENCE_TOKEN_FILE"),
        ("CAMERA_ROOT", "", "CAMERA_ROOT"),
        ("DATABASE_URL", "mysql://u@h/d", "DATABASE_URL"),
        ("DATABASE_URL", "postgresql://u@h/d?no_such=1", "DATABASE_URL: .*no_such"),
        ("DATABASE_DIRECT_URL", "postgresql://u@h:x/d", "DATABASE_DIRECT_URL"),
        ("DATABASE_FINGERPRINT", "ab", "DATABASE_FINGERPRINT"),
    ],
)
def test_a_missing_or_invalid_connection_is_refused_by_its_variable(
    name: str, value: str, named: str
) -> None:
    with pytest.raises(UsageError, match=named):
        read_environment({**NEEDED, name: value})


def test_the_database_behind_a_pooler_with_a_certificate_of_its_own() -> None:
    direct, fingerprint = "postgresql://u@direct/d", ":".join(["AB"] * 32)
    environ = {"DATABASE_DIRECT_URL": direct, "DATABASE_FINGERPRINT": fingerprint}
    found = read_environment({**NEEDED, **environ})
    assert (found.direct_database_url, found.database_fingerprint) == (direct, "ab" * 32)
    plain = read_environment(NEEDED)
    assert (plain.direct_database_url, plain.database_fingerprint) == (None, None)


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
def test_a_fingerprint_requires_tls(url: str) -> None:
    environ = {
        "DATABASE_URL": "postgresql://hsi@db/hsi",
        "CAMERA_ROOT": "/cameras",
        "INFERENCE_URL": url,
        "INFERENCE_FINGERPRINT": "ab" * 32,
    }
    with pytest.raises(UsageError, match="https://"):
        read_environment(environ)
