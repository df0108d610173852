"""Normalize an inference server's address as typed by a user."""

from ipaddress import IPv6Address
import re

from yarl import URL

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):/", re.IGNORECASE)
_HOST = re.compile(r"[\w.-]+|\[[0-9a-f:.]+\]", re.IGNORECASE)


def normalize_url(text: str) -> str:
    """Return `scheme://host[:port]`; raises ValueError with a message for the user."""
    text = _with_scheme(text.strip())
    if not text.isprintable():
        raise ValueError("The address contains characters that are not allowed.")
    try:
        url = URL(text)
        port = url.explicit_port
    except ValueError as err:
        raise ValueError("The address must have the form http://host:port.") from err
    if url.scheme not in {"http", "https"}:
        raise ValueError("The address must start with http:// or https://.")
    if url.user is not None or url.password is not None:
        raise ValueError("The address must not contain a user or password; use the token field.")
    host = url.host_subcomponent
    if host is None or not _HOST.fullmatch(host) or port == 0:
        raise ValueError("The address must have the form http://host:port.")
    return f"{url.scheme}://{host}" + (f":{port}" if port is not None else "")


def _with_scheme(text: str) -> str:
    if _is_bare_ipv6(text):
        return f"http://[{text}]"
    return text if _SCHEME.match(text) else f"http://{text}"


def _is_bare_ipv6(text: str) -> bool:
    try:
        return IPv6Address(text).scope_id is None
    except ValueError:
        return False
