"""The server's id survives restarts."""

from pathlib import Path

import pytest

from inference_server.identity import load_instance_id
from inference_server.settings import SettingsError


def test_the_id_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "state"
    assert load_instance_id(folder) == load_instance_id(folder)


def test_two_servers_differ(tmp_path: Path) -> None:
    assert load_instance_id(tmp_path / "a") != load_instance_id(tmp_path / "b")


def test_the_error_names_a_folder_that_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"STATE_DIR .*file.*: Not a directory"):
        load_instance_id(tmp_path / "file" / "state")


def test_a_file_without_an_id_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "instance_id"
    file.write_text("no id")
    with pytest.raises(SettingsError, match="contains no id"):
        load_instance_id(tmp_path)
    assert file.read_text() == "no id"
