"""Values of settings from text; each parser raises ValueError with the rule the text breaks."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

_LEAST_TOKEN = 16  # characters: right ones are never slowed, so none may be guessed


def whole(low: int, high: int) -> Callable[[str], int]:
    """Accept whole numbers from low to high."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ValueError("must be a whole number") from None
        if not low <= value <= high:
            raise ValueError(f"must be {low} to {high}")
        return value

    return parse


def number(low: float, high: float) -> Callable[[str], float]:
    """Accept numbers from low to high."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError("must be a number") from None
        if not low <= value <= high:
            raise ValueError(f"must be {low:g} to {high:g}")
        return value

    return parse


def choice(choices: type[StrEnum]) -> Callable[[str], StrEnum]:
    """Accept one of the choices, in either case."""

    def parse(text: str) -> StrEnum:
        try:
            return choices(text.lower())
        except ValueError:
            raise ValueError(f"must be one of {', '.join(choices)}") from None

    return parse


def path(text: str) -> Path:
    """Accept a path; ~ is the home folder."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ValueError("there is no such home folder") from None


def http_url(text: str) -> str:
    """Accept an http or https address without a user; a slash at its end is dropped."""
    if not text.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    parts = urlsplit(text)
    if not parts.hostname or parts.port == 0:  # port raises ValueError where it is none
        raise ValueError("must name a host, and a port other than 0 if any")
    if parts.username is not None:  # errors quote the address
        raise ValueError("must hold no user and password")
    return text.rstrip("/")


def flag(text: str) -> bool:
    """Accept true or false, in either case."""
    if text.strip().lower() not in {"true", "false"}:
        raise ValueError("must be true or false")
    return text.strip().lower() == "true"


def tokens(text: str) -> tuple[str, ...]:
    """Accept at least one token, none that could be guessed; commas separate them."""
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    if not parts:
        raise ValueError("holds no token")
    if any(not part.isascii() or not part.isprintable() or " " in part for part in parts):
        raise ValueError("a token is made of printable ASCII without spaces")
    if any(len(part) < _LEAST_TOKEN for part in parts):
        raise ValueError(
            f"each token needs at least {_LEAST_TOKEN} characters, and a comma ends one; "
            "make one with: openssl rand -hex 32"
        )
    return parts
