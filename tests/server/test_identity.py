"""The server's id outlives the process."""

from pathlib import Path

import pytest

from inference_server.identity import load_instance_id
from inference_server.settings import SettingsError


def test_the_id_stays(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "state"
    assert load_instance_id(folder) == load_instance_id(folder)


def test_two_servers_differ(tmp_path: Path) -> None:
    assert load_instance_id(tmp_path / "a") != load_instance_id(tmp_path / "b")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"STATE_DIR .*file.*: Not a directory"):
        load_instance_id(tmp_path / "file" / "state")


def test_a_file_that_holds_no_id_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "instance_id"
    file.write_text("no id")
    with pytest.raises(SettingsError, match="contains no id"):
        load_instance_id(tmp_path)
    assert file.read_text() == "no id"
