"""Starts the inference server with the options that Home Assistant keeps for this app.

Reads them as root, who alone may, and hands over to the server as a user without rights. With
`check` it asks the running server whether it lives.
"""

from __future__ import annotations

import json
import os
from pathlib import Path, PurePosixPath
import sys

OPTIONS = Path("/data/options.json")
SHARE = PurePosixPath("/share")
SSL = Path("/ssl")
TLS = Path("/tmp/tls")  # noqa: S108 - the container's own, and in no backup
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
BELOW_SSL = {"certfile": "TLS_CERT_FILE", "keyfile": "TLS_KEY_FILE"}
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
    if options.get("ssl"):
        own = {
            variable: str(SSL / str(name).removeprefix(f"{SSL}/"))
            for option, variable in BELOW_SSL.items()
            if (name := options.get(option))
        }
        settings |= own or {"TLS_SELF_SIGNED": "true"}
    return settings | {
        "DEVICE": "cpu",
        "HOST": "0.0.0.0",  # noqa: S104 - the container's own network
        "PORT": "8090",
        "STATE_DIR": str(STATE),
    }


def hand_over(settings: dict[str, str], user: int) -> None:
    """Give the user copies of the certificate and its key, which root alone may read."""
    for variable in BELOW_SSL.values():
        file = Path(settings.get(variable, "")).resolve()
        if not (file.is_relative_to(SSL) and file.is_file()):
            continue  # the server says which file it misses
        TLS.mkdir(mode=0o711, exist_ok=True)  # root's: it may write to nobody else's here
        copy = TLS / variable
        copy.unlink(missing_ok=True)
        copy.touch(mode=0o600)
        copy.write_bytes(file.read_bytes())
        os.chown(copy, user, user)
        settings[variable] = str(copy)


def main() -> None:
    """Become the server, or who asks it whether it lives."""
    settings = environment(json.loads(OPTIONS.read_text(encoding="utf-8")))
    module = "inference_server"
    if sys.argv[1:] == ["check"]:
        module = "inference_server.healthcheck"
    else:
        STATE.mkdir(exist_ok=True)
        os.chown(STATE, USER, USER)
        hand_over(settings, USER)
    os.setgroups([])
    os.setgid(USER)
    os.setuid(USER)
    os.execve(  # noqa: S606 - takes this process's place
        sys.executable,
        [sys.executable, "-m", module],
        {**BASE, "PATH": os.environ["PATH"], **settings},
    )


if __name__ == "__main__":
    main()
