"""What the headless worker is told by its environment and its command line."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..domain.errors import RiskBandsError
from ..domain.levels import HIGHEST_SCORE, Bands
from ..domain.settings import DRAIN_RANGE, POLLING_RANGE, RETENTION_RANGE, Settings
from ..inference.certificate import read_fingerprint
from ..inference.url import normalize_url

_DESCRIPTION = """
A worker without Home Assistant: the same pipeline. Any number may share one database.

environment:
  DATABASE_URL          postgresql://user:password@host/database
  CAMERA_ROOT           the folder with one folder a camera (FOSCAM_BASE_PATH is taken as well)
  INFERENCE_URL         the inference server's address, or several, separated by commas
  INFERENCE_TOKEN       its token, or one for each server, separated by commas
  INFERENCE_TOKEN_FILE  a file with the token, or with one for each server, a line each
  INFERENCE_FINGERPRINT the sha256 fingerprint of the server's own certificate, as it prints it,
                        or one for each server, separated by commas
  TZ                    the home's time zone, UTC unless given
  FILE_WATCHER_POLLING  true: look through the folders regularly, whatever the system tells
  FILE_WATCHER_POLLING_INTERVAL  seconds between such looks, 1 unless given
  SEVERITY_LOW_MAX      the highest score that is low, 29 unless given; SEVERITY_MEDIUM_MAX (59) and
                        SEVERITY_HIGH_MAX (84) as well
  PICTURES_TO_MODEL     true: up to three pictures of each event go to the language model's server,
                        if that model can see; no picture does unless this is given
  RETENTION_DAYS        days that events, images and jobs are kept, 30 unless given; 0: for ever
  DRAIN_SECONDS         that a stopped worker may take to finish what it has in hand, 8 unless given

The cameras are those that the database knows; while it knows none, each folder in the camera root
is one.
"""
_CEILINGS = ("SEVERITY_LOW_MAX", "SEVERITY_MEDIUM_MAX", "SEVERITY_HIGH_MAX")
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class UsageError(Exception):
    """What is needed was not said, or was said wrongly; the message names the variable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """Where an inference server is, the token it wants and the only certificate taken of it."""

    url: str
    token: str | None
    fingerprint: str | None = None  # sha256 in hex; None trusts the usual certificates


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """All but the settings."""

    database_url: str
    camera_root: Path
    servers: tuple[ServerAddress, ...]
    time_zone: ZoneInfo


def with_arguments(environ: Mapping[str, str], arguments: Sequence[str]) -> dict[str, str]:
    """Return the environment with what the command line says instead; exits where that is wrong."""
    parser = argparse.ArgumentParser(
        prog="python path/to/core",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--server-url",
        action="append",
        metavar="URL",
        help="an inference server; give it once for each (instead of INFERENCE_URL)",
    )
    parser.add_argument(
        "--server-token-file", metavar="FILE", help="instead of INFERENCE_TOKEN_FILE"
    )
    options = parser.parse_args(arguments)
    changed = dict(environ)
    if options.server_url is not None:
        changed["INFERENCE_URL"] = ",".join(options.server_url)
    if options.server_token_file is not None:
        changed["INFERENCE_TOKEN_FILE"] = options.server_token_file
    return changed


def read_environment(environ: Mapping[str, str]) -> Environment:
    """Return what the environment says; raises UsageError."""
    return Environment(
        database_url=_needed(environ, "DATABASE_URL"),
        camera_root=Path(_needed(environ, "CAMERA_ROOT", "FOSCAM_BASE_PATH")),
        servers=_servers(environ),
        time_zone=_time_zone(environ),
    )


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings the environment changes; raises UsageError."""
    standard = Settings()
    return Settings(
        watch_polling=_flag(environ, "FILE_WATCHER_POLLING", default=standard.watch_polling),
        polling_interval=_number(
            environ,
            "FILE_WATCHER_POLLING_INTERVAL",
            default=standard.polling_interval,
            allowed=POLLING_RANGE,
        ),
        risk_bands=_bands(environ, standard.risk_bands),
        pictures_to_model=_flag(environ, "PICTURES_TO_MODEL", default=standard.pictures_to_model),
        retention_days=_number(
            environ, "RETENTION_DAYS", default=standard.retention_days, allowed=RETENTION_RANGE
        ),
        drain_limit=_number(
            environ, "DRAIN_SECONDS", default=standard.drain_limit, allowed=DRAIN_RANGE
        ),
    )


def _bands(environ: Mapping[str, str], standard: Bands) -> Bands:
    low, medium, high = (
        int(_number(environ, name, default=floor - 1, allowed=(0, HIGHEST_SCORE - 1)))
        for name, floor in zip(
            _CEILINGS, (standard.medium, standard.high, standard.critical), strict=True
        )
    )
    try:
        return Bands(medium=low + 1, high=medium + 1, critical=high + 1)
    except RiskBandsError as error:
        raise UsageError(f"{', '.join(_CEILINGS)}: {error}") from error


def _servers(environ: Mapping[str, str]) -> tuple[ServerAddress, ...]:
    try:
        urls = [normalize_url(text) for text in _items(_needed(environ, "INFERENCE_URL"))]
    except ValueError as error:
        raise UsageError(f"INFERENCE_URL: {error}") from error
    if not urls:
        raise UsageError("INFERENCE_URL is not set")
    if len(set(urls)) != len(urls):
        raise UsageError("INFERENCE_URL: an address is there twice")
    tokens = _of_each("INFERENCE_TOKEN", "tokens", _tokens(environ), urls)
    fingerprints = _of_each("INFERENCE_FINGERPRINT", "fingerprints", _fingerprints(environ), urls)
    for url, fingerprint in zip(urls, fingerprints, strict=True):
        if fingerprint and not url.startswith("https://"):
            raise UsageError(
                f"INFERENCE_FINGERPRINT: {url} shows no certificate to compare it with; "
                "INFERENCE_URL has to start with https://"
            )
    return tuple(
        ServerAddress(url=url, token=token, fingerprint=fingerprint)
        for url, token, fingerprint in zip(urls, tokens, fingerprints, strict=True)
    )


def _of_each(
    name: str, what: str, given: Sequence[str], urls: Sequence[str]
) -> Sequence[str | None]:
    """Return one for each server; what was given once is for all."""
    if len(given) not in {0, 1, len(urls)}:
        raise UsageError(
            f"{name}: there are {len(given)} {what} for {len(urls)} servers; give one "
            "for all or one for each"
        )
    if len(given) == len(urls):
        return given
    return [given[0] if given else None] * len(urls)


def _fingerprints(environ: Mapping[str, str]) -> list[str]:
    try:
        return [read_fingerprint(text) for text in _items(environ.get("INFERENCE_FINGERPRINT", ""))]
    except ValueError as error:
        raise UsageError(f"INFERENCE_FINGERPRINT: {error}") from error


def _tokens(environ: Mapping[str, str]) -> list[str]:
    path = environ.get("INFERENCE_TOKEN_FILE")
    if not path:
        return _items(environ.get("INFERENCE_TOKEN", ""))
    try:
        return _items(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"INFERENCE_TOKEN_FILE: {path} cannot be read") from error


def _items(text: str) -> list[str]:
    return [item.strip() for item in re.split(r"[,\n]", text) if item.strip()]


def _time_zone(environ: Mapping[str, str]) -> ZoneInfo:
    name = environ.get("TZ") or "UTC"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(f"TZ: there is no time zone {name}") from error


def _needed(environ: Mapping[str, str], *names: str) -> str:
    for name in names:
        if value := environ.get(name):
            return value
    raise UsageError(f"{names[0]} is not set")


def _flag(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environ.get(name, "").strip().lower()
    if text and text not in _FLAGS:
        raise UsageError(f"{name}: {text!r} is neither true nor false")
    return _FLAGS.get(text, default)


def _number(
    environ: Mapping[str, str], name: str, *, default: float, allowed: tuple[float, float]
) -> float:
    text = environ.get(name, "").strip()
    try:
        number = float(text) if text else default
    except ValueError as error:
        raise UsageError(f"{name}: {text!r} is no number") from error
    low, high = allowed
    if not low <= number <= high:
        raise UsageError(f"{name}: {text} is not between {low:g} and {high:g}")
    return number
