"""Sources and validation of the server's settings."""

from dataclasses import fields
from pathlib import Path
import pwd
from typing import NoReturn

import pytest

from inference_server.settings import (
    DetectorRuntime,
    Device,
    LlmBackend,
    Settings,
    SettingsError,
)
from inference_server.settings_sources import environment_names, load_settings

OLD, NEW = "an-old-token-of-tests", "a-new-token-of-tests"


def test_defaults_are_those_of_the_dataclass() -> None:
    assert load_settings([], {}) == Settings()


def test_the_environment_is_read() -> None:
    settings = load_settings(
        [],
        {
            "PORT": "9000",
            "DETECTOR_MODEL": "/models/r50",
            "DEVICE": "CPU",
            "DETECTOR_RUNTIME": "torch",
            "DETECTION_CONFIDENCE_THRESHOLD": "0.25",
            "LLM_BACKEND": "none",
            "NEMOTRON_URL": "http://llm:11434/",
            "AI_CONNECT_TIMEOUT": "3",
        },
    )
    assert settings == Settings(
        port=9000,
        detector_model=Path("/models/r50"),
        device=Device.CPU,
        detector_runtime=DetectorRuntime.TORCH,
        confidence_threshold=0.25,
        llm_backend=LlmBackend.NONE,
        nemotron_url="http://llm:11434",
        connect_timeout=3.0,
    )


def test_a_flag_wins_over_the_environment() -> None:
    assert load_settings(["--port", "1234"], {"PORT": "9000"}).port == 1234


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load_settings([], {"PORT": "", "API_TOKEN": ""}) == Settings()


def test_several_tokens_are_separated_by_commas() -> None:
    assert load_settings([], {"API_TOKEN": f"{OLD}, {NEW}"}).api_tokens == (OLD, NEW)


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{OLD}\n")
    assert load_settings([], {"API_TOKEN_FILE": str(file)}).api_tokens == (OLD,)


@pytest.mark.parametrize("text", ["short", f"{OLD},1", f"{OLD[:10]},{OLD[10:]}", "a" * 15])
def test_a_guessable_token_is_refused_and_not_repeated(text: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(text)
    for environ in ({"API_TOKEN": text}, {"API_TOKEN_FILE": str(file)}):
        with pytest.raises(SettingsError, match="at least 16 characters") as raised:
            load_settings([], environ)
        assert not any(part in str(raised.value) for part in text.split(",") if len(part) > 1)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"PORT": "70000"}, "PORT '70000': Input should be less than or equal to 65535"),
        ({"PORT": "http"}, "PORT 'http': Input should be a valid integer"),
        ({"DETECTION_CONFIDENCE_THRESHOLD": "nan"}, "should be a finite number"),
        ({"DEVICE": "tpu"}, "DEVICE 'tpu': Input should be 'auto', 'cpu' or 'cuda'"),
        ({"NEMOTRON_URL": "llm:11434"}, "NEMOTRON_URL 'llm:11434': must start with http://"),
        ({"NEMOTRON_URL": "http://["}, "NEMOTRON_URL 'http://[': Invalid IPv6"),
        ({"NEMOTRON_URL": "http://:80"}, "must name a host"),
        ({"NEMOTRON_URL": "http://llm:port"}, "NEMOTRON_URL 'http://llm:port': Port"),
        ({"NEMOTRON_URL": "http://llm:99999"}, "Port out of range"),
        (
            {"NEMOTRON_URL": "http://me:secret@llm"},
            "NEMOTRON_URL: must not contain a user or password",
        ),
        ({"API_TOKEN_FILE": "/bin/true"}, "API_TOKEN_FILE /bin/true: is not a text file"),
        ({"API_TOKEN": " , "}, "API_TOKEN: contains no token"),
        ({"API_TOKEN_FILE": "/does/not/exist"}, "No such file"),
        ({"API_TOKEN": "a", "API_TOKEN_FILE": "/b"}, "not both"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable(
    environ: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings([], environ)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_user_without_a_home_folder_has_to_set_the_state_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown_user(_: int) -> NoReturn:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown_user)
    with pytest.raises(SettingsError, match="Set STATE_DIR: this user has no home folder"):
        load_settings([], {})
    with pytest.raises(SettingsError, match="DETECTOR_MODEL '~/model': there is no such home"):
        load_settings([], {"DETECTOR_MODEL": "~/model", "STATE_DIR": "/state"})
    assert load_settings([], {"STATE_DIR": "/state"}).state_dir == Path("/state")


def test_an_invalid_secret_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings([], {"API_TOKEN": "secret\u00e9"})
    assert "secret" not in str(raised.value)


def test_secrets_are_not_in_the_repr() -> None:
    settings = load_settings([], {"API_TOKEN": "s3cret" * 3, "NEMOTRON_API_KEY": "s3cret"})
    assert "s3cret" not in repr(settings)


def test_secrets_are_not_flags() -> None:
    with pytest.raises(SystemExit):
        load_settings(["--api-tokens", "x"], {})


def test_every_setting_has_a_variable() -> None:
    names = environment_names()
    # A secret may also come from the file that <name>_FILE names.
    variables = [name for name in names if name.removesuffix("_FILE") not in {*names} - {name}]
    assert len(variables) == len(set(variables)) == len(fields(Settings))


def test_help_lists_every_flag_with_its_variable(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        load_settings(["--help"], {})
    printed = " ".join(capsys.readouterr().out.split())
    secrets = {"API_TOKEN", "API_TOKEN_FILE", "NEMOTRON_API_KEY", "NEMOTRON_API_KEY_FILE"}
    missing = [name for name in environment_names() if f"({name})" not in printed]
    assert set(missing) == secrets
