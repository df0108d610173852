"""Texts of a server, made harmless where they enter: bounded, printable, without credentials."""

import re
from typing import Final

NAME_LIMIT: Final = 100  # characters, of a model's or a label's name; a state may have 255
TEXT_LIMIT: Final = 500  # characters, of an explanation

_HIDDEN: Final = "***"
# Control characters but the end of a line, surrogates, and those that change a text's direction.
_UNPRINTABLE: Final = re.compile(
    "[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_CREDENTIALS: Final = (
    # user:password@ in an address of any scheme
    (
        re.compile(r"(\b[a-z][a-z0-9+.-]{0,30}://)[^\s\"'<>]{0,1000}@", re.IGNORECASE),
        rf"\1{_HIDDEN}@",
    ),
    (
        re.compile(r"\b(bearer|basic)\s+(?=\S{0,1000}\d)[\w.~+/=-]{12,}", re.IGNORECASE),
        rf"\1 {_HIDDEN}",
    ),
    (
        re.compile(
            r"\b([\w-]{0,30}(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key))"
            r"([\"']?\s?[=:]\s?[\"']?)(?!\*)[^\s\"',;&]+",
            re.IGNORECASE,
        ),
        rf"\1\2{_HIDDEN}",
    ),
    (re.compile(r"\b(sk-|glpat-|hf_|gh[opsu]_)[\w-]{20,}"), rf"\1{_HIDDEN}"),
)


def clean(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return up to `limit` characters of a text, without credentials and unprintable characters."""
    # Cut first, so that a long text costs little; what is cut off may have ended a credential.
    readable = _UNPRINTABLE.sub(" ", text[: 4 * limit])
    for pattern, replacement in _CREDENTIALS:
        readable = pattern.sub(replacement, readable)
    return readable if len(readable) <= limit else readable[: limit - 1] + "…"
