"""The server's id, which survives restarts and new addresses."""

import os
from pathlib import Path
from uuid import UUID, uuid4

from inference_server.settings import SettingsError

_FILE = "instance_id"


def load_instance_id(state_dir: Path) -> UUID:
    """Return the id stored in the folder, made at the first start; raises SettingsError."""
    file = state_dir / _FILE
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            _create(file, str(uuid4()))
        return UUID(file.read_text(encoding="ascii").strip())
    except OSError as err:
        raise SettingsError(f"STATE_DIR {state_dir}: {err.strerror or err}") from err
    except ValueError as err:
        raise SettingsError(
            f"{file} contains no id: restore it, or delete it to start as a new server"
        ) from err


def _create(file: Path, text: str) -> None:
    """Write the file atomically."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.write_text(f"{text}\n", encoding="ascii")
    draft.replace(file)
