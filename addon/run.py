"""Starts the inference server with the options that Home Assistant keeps for this app.

Reads them as root, who alone may, and hands over to the server as a user without rights.
"""

from __future__ import annotations

import json
import os
from pathlib import Path, PurePosixPath
import sys

OPTIONS = Path("/data/options.json")
SHARE = PurePosixPath("/share")
STATE = Path("/data/state")
USER = 10001
BASE = {"HOME": str(STATE), "PYTHONUNBUFFERED": "1", "USER": "hsi"}  # libraries ask who they are

PLAIN = {
    "confidence_threshold": "DETECTION_CONFIDENCE_THRESHOLD",
    "llm_api_key": "NEMOTRON_API_KEY",
    "llm_backend": "LLM_BACKEND",
    "llm_model": "NEMOTRON_MODEL",
    "llm_url": "NEMOTRON_URL",
    "log_level": "LOG_LEVEL",
    "token": "API_TOKEN",
}
BELOW_SHARE = {"detector_model": "DETECTOR_MODEL", "embedded_model": "EMBEDDED_MODEL"}


def environment(options: dict[str, object]) -> dict[str, str]:
    """Translate the app's options to the server's settings; an empty one stays at its default."""
    settings = {
        variable: str(options[name])
        for name, variable in PLAIN.items()
        if options.get(name) not in (None, "")
    }
    for name, variable in BELOW_SHARE.items():
        if path := options.get(name):
            settings[variable] = str(SHARE / str(path).removeprefix(f"{SHARE}/"))
    return settings | {
        "DEVICE": "cpu",
        "HOST": "0.0.0.0",  # noqa: S104 - the container's own network
        "PORT": "8090",
        "STATE_DIR": str(STATE),
    }


def main() -> None:
    """Become the server."""
    settings = environment(json.loads(OPTIONS.read_text(encoding="utf-8")))
    STATE.mkdir(exist_ok=True)
    os.chown(STATE, USER, USER)
    os.setgroups([])
    os.setgid(USER)
    os.setuid(USER)
    os.execve(  # noqa: S606 - the server takes this process's place
        sys.executable,
        [sys.executable, "-m", "inference_server"],
        {**BASE, "PATH": os.environ["PATH"], **settings},
    )


if __name__ == "__main__":
    main()
