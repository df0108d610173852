"""Reads the headless worker's environment and command line."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..domain.declarations import Value
from ..domain.errors import InputError, StoreError
from ..domain.settings import DECLARATIONS, Settings, changed
from ..inference.certificate import read_fingerprint
from ..inference.url import normalize_url
from ..store.address import read_address
from .variables import help_text


class UsageError(Exception):
    """A variable is missing or invalid; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """An inference server's address, its token and the only certificate that is trusted."""

    url: str
    token: str | None
    fingerprint: str | None = None  # sha256 in hex; None: verify as usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Everything but the settings."""

    database_url: str
    database_fingerprint: str | None = None  # sha256 in hex; None: as the URL says
    direct_database_url: str | None = None  # past a connection pooler
    camera_root: Path
    servers: tuple[ServerAddress, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredSettings:
    """Settings, and the names of those that were set by the user."""

    settings: Settings
    names: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """The environment, overridden by the flags; and the flags that are no variables."""

    environ: Mapping[str, str]
    store_settings: bool
    confirm_clean_up: bool = False


def parse_arguments(environ: Mapping[str, str], arguments: Sequence[str]) -> CommandLine:
    """Return what the command line changes; exits if it is invalid."""
    parser = argparse.ArgumentParser(
        prog="python path/to/core",
        description=help_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--server-url",
        action="append",
        metavar="URL",
        help="an inference server, once for each (overrides INFERENCE_URL)",
    )
    parser.add_argument(
        "--server-token-file", metavar="FILE", help="overrides INFERENCE_TOKEN_FILE"
    )
    parser.add_argument(
        "--store-settings",
        action="store_true",
        help="store this worker's shared settings for all workers, instead of those that another "
        "worker has stored; Home Assistant's are never replaced",
    )
    parser.add_argument(
        "--confirm-clean-up",
        action="store_true",
        help="confirm the clean-ups on this database that wait because they would delete much, "
        "show them, and exit; the running workers then delete",
    )
    options = parser.parse_args(arguments)
    overridden = dict(environ)
    if options.server_url is not None:
        overridden["INFERENCE_URL"] = ",".join(options.server_url)
    if options.server_token_file is not None:
        overridden["INFERENCE_TOKEN_FILE"] = options.server_token_file
    return CommandLine(
        environ=overridden,
        store_settings=options.store_settings,
        confirm_clean_up=options.confirm_clean_up,
    )


def read_environment(environ: Mapping[str, str]) -> Environment:
    """Return the connections that the environment names; raises UsageError."""
    return Environment(
        database_url=_database_url(_required(environ, "DATABASE_URL"), "DATABASE_URL"),
        database_fingerprint=_fingerprint(environ, "DATABASE_FINGERPRINT"),
        direct_database_url=_direct_url(environ),
        camera_root=Path(_required(environ, "CAMERA_ROOT", "FOSCAM_BASE_PATH")),
        servers=_servers(environ),
    )


def read_settings(environ: Mapping[str, str]) -> ConfiguredSettings:
    """Return the defaults, changed by the environment; raises UsageError."""
    values: dict[str, Value] = {}
    for name, declaration in DECLARATIONS.items():
        text = environ.get(declaration.variable or "", "").strip()
        if not text:
            continue
        try:
            values[name] = declaration.parse(text)
        except ValueError as error:
            raise UsageError(f"{declaration.variable}: {error}") from error
    try:
        settings = changed(Settings(), values)
        ZoneInfo(settings.time_zone)
    except InputError as error:
        variables = ", ".join(DECLARATIONS[name].variable or "" for name in values)
        raise UsageError(f"{variables}: {error}") from error
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(f"TZ: there is no time zone {settings.time_zone}") from error
    return ConfiguredSettings(settings=settings, names=frozenset(values))


def _database_url(text: str, name: str) -> str:
    try:
        read_address(text)
    except StoreError as error:
        raise UsageError(f"{name}: {error}") from error
    return text


def _direct_url(environ: Mapping[str, str]) -> str | None:
    text = environ.get("DATABASE_DIRECT_URL")
    return _database_url(text, "DATABASE_DIRECT_URL") if text else None


def _fingerprint(environ: Mapping[str, str], name: str) -> str | None:
    text = environ.get(name, "").strip()
    try:
        return read_fingerprint(text) if text else None
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from error


def _servers(environ: Mapping[str, str]) -> tuple[ServerAddress, ...]:
    try:
        urls = [normalize_url(text) for text in _items(_required(environ, "INFERENCE_URL"))]
    except ValueError as error:
        raise UsageError(f"INFERENCE_URL: {error}") from error
    if not urls:
        raise UsageError("INFERENCE_URL is not set")
    if len(set(urls)) != len(urls):
        raise UsageError("INFERENCE_URL names the same server twice")
    tokens = _per_server("INFERENCE_TOKEN", "tokens", _tokens(environ), urls)
    fingerprints = _per_server(
        "INFERENCE_FINGERPRINT", "fingerprints", _fingerprints(environ), urls
    )
    for url, fingerprint in zip(urls, fingerprints, strict=True):
        if fingerprint and not url.startswith("https://"):
            raise UsageError(
                f"INFERENCE_FINGERPRINT needs TLS, and {url} has none; "
                "change INFERENCE_URL to https://"
            )
    return tuple(
        ServerAddress(url=url, token=token, fingerprint=fingerprint)
        for url, token, fingerprint in zip(urls, tokens, fingerprints, strict=True)
    )


def _per_server(
    name: str, what: str, given: Sequence[str], urls: Sequence[str]
) -> Sequence[str | None]:
    """Return one item for each server; a single item applies to all."""
    if len(given) not in {0, 1, len(urls)}:
        raise UsageError(
            f"{name} has {len(given)} {what} for {len(urls)} servers; give one for all, or one "
            "for each"
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


def _required(environ: Mapping[str, str], *names: str) -> str:
    for name in names:
        if value := environ.get(name):
            return value
    raise UsageError(f"{names[0]} is not set")
