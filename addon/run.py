"""Start the inference server with the app's options from Home Assistant.

The options are readable by root only; the server then runs as an unprivileged user. With the argument
`check`, run the health check instead.
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
BASE = {"HOME": str(STATE), "PYTHONUNBUFFERED": "1", "USER": "hsi"}  # libraries look the user up

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
    """Translate the app's options into the server's settings; an empty option keeps the default."""
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


def copy_certificates(
    settings: dict[str, str], user: int, *, ssl: Path = SSL, tls: Path = TLS
) -> None:
    """Copy the certificate and its key, readable by root only, for the user."""
    for variable in BELOW_SSL.values():
        file = Path(settings.get(variable, "")).resolve()
        if not (file.is_relative_to(ssl) and file.is_file()):
            continue  # the server reports the missing file
        # owned by root, because root may not write into other users' folders here
        tls.mkdir(mode=0o711, exist_ok=True)
        copy = tls / variable
        copy.unlink(missing_ok=True)
        copy.touch(mode=0o600)
        copy.write_bytes(file.read_bytes())
        os.chown(copy, user, user)
        settings[variable] = str(copy)


def main() -> None:
    """Replace this process by the server or the health check."""
    settings = environment(json.loads(OPTIONS.read_text(encoding="utf-8")))
    module = "inference_server"
    if sys.argv[1:] == ["check"]:
        module = "inference_server.healthcheck"
    else:
        STATE.mkdir(exist_ok=True)
        os.chown(STATE, USER, USER)
        copy_certificates(settings, USER)
    os.setgroups([])
    os.setgid(USER)
    os.setuid(USER)
    os.execve(  # noqa: S606 - replaces this process
        sys.executable,
        [sys.executable, "-m", module],
        {**BASE, "PATH": os.environ["PATH"], **settings},
    )


if __name__ == "__main__":
    main()
