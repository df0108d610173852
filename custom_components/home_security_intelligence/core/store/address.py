"""Read the address of a database as providers and people write it: libpq's URLs and keywords.

The parameters are those of libpq ("Parameter Key Words" in PostgreSQL's documentation) and those
that other drivers have added to such URLs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
import re
from urllib.parse import parse_qsl, unquote

from ..domain.errors import StoreParameterError, StoreUnreachableError

CONNECT_TIMEOUT = 10.0  # seconds
DEFAULT_PORT = 5432
_MIN_CONNECT_TIMEOUT = 2.0  # seconds, as in libpq

_SCHEMES = {"postgres", "postgresql"}
_TRUE = {"1", "on", "t", "true", "y", "yes"}
_FALSE = {"0", "f", "false", "n", "no", "off"}
_KEYWORD = re.compile(r"\s*(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s'\\]|\\.)*)(?=\s|$)")

# Tuning that is not needed: a silent connection is noticed by its queries.
_WITHOUT_EFFECT = frozenset(
    [
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "tcp_user_timeout",
        "fallback_application_name",
        "load_balance_hosts",
        "sslcertmode",
        "sslcompression",
        "sslsni",
        "gssdelegation",
        "gsslib",
        "krbsrvname",
        "min_protocol_version",
        "max_protocol_version",
        "sslkeylogfile",
        "connection_limit",
        "currentschema",
        "max_connections",
        "pool_max",
        "pool_max_conns",
        "pool_min",
        "pool_size",
        "pool_timeout",
        "socket_timeout",
        "schema",
        "supa",
        "uselibpqcompat",
        "workaround",
    ]
)
# Values at which a parameter asks for nothing that the driver does not do anyway.
_HARMLESS = {
    "client_encoding": {"", "auto", "unicode", "utf-8", "utf8"},
    "gssencmode": {"", "disable", "prefer"},
    "replication": {"", "0", "false", "no", "off"},
    "requiressl": {"", "0"},
}
# Other drivers' ways to say that a pooler is in between.
_POOLER_SIGNS = {
    "pool_mode": {"transaction", "statement"},
    "prepared_statement_cache_size": {"0"},
    "preparethreshold": {"0"},
    "statement_cache_size": {"0"},
}


class TlsMode(StrEnum):
    """How much of TLS is asked for; the values are those of `sslmode`."""

    DISABLE = "disable"
    ALLOW = "allow"  # only if the server wants it
    PREFER = "prefer"  # if the server has it
    REQUIRE = "require"  # with any certificate
    VERIFY_CA = "verify-ca"
    VERIFY_FULL = "verify-full"

    @property
    def is_certain(self) -> bool:
        """Whether the connection is refused if it cannot be encrypted."""
        return self in {TlsMode.REQUIRE, TlsMode.VERIFY_CA, TlsMode.VERIFY_FULL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How the connection is encrypted, and whom it trusts."""

    mode: TlsMode = TlsMode.DISABLE
    root_certificate: Path | None = None
    system_roots: bool = False  # only the system's root certificates, even if libpq's file exists
    revocation_list: Path | None = None
    certificate: Path | None = None  # of this client
    key: Path | None = None
    key_password: str = field(default="", repr=False)
    direct: bool = False  # TLS from the first byte


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseAddress:
    """Where a database is and how to connect to it."""

    hosts: tuple[tuple[str, int], ...]  # a host that starts with / is the folder of a socket
    database: str
    user: str | None
    password: str | None = field(repr=False)
    tls: Tls
    connect_timeout: float = CONNECT_TIMEOUT  # seconds
    server_settings: Mapping[str, str] = field(default_factory=dict)
    target_session_attrs: str | None = None
    password_file: Path | None = None
    pooler: bool | None = None  # in transaction mode; None: find out


def read_address(text: str) -> DatabaseAddress:
    """Return the address that a URL or a keyword string means; raises StoreError.

    No message repeats the text, which may hold a password.
    """
    values = _Parameters(split_address(text))
    tls = _tls(values)
    settings = {
        name: value for name in ("application_name", "options") if (value := values.take(name))
    }
    address = DatabaseAddress(
        hosts=_hosts(values),
        database=values.take("dbname") or "",
        user=values.take("user"),
        password=values.take("password"),
        tls=tls,
        connect_timeout=_connect_timeout(values),
        server_settings=settings,
        target_session_attrs=values.choice(
            "target_session_attrs",
            ("any", "primary", "standby", "prefer-standby", "read-write", "read-only"),
        ),
        password_file=values.path("passfile"),
        pooler=_pooler(values),
    )
    values.refuse_the_rest()
    return address


def split_address(text: str) -> dict[str, str]:
    """Return the parameters of a URL or a keyword string under libpq's names; raises StoreError."""
    text = text.strip().removeprefix("psql ").strip()
    if text[:1] in {"'", '"'} and text[-1:] == text[:1]:
        text = text[1:-1]
    text = text.removeprefix("jdbc:")
    scheme, separator, rest = text.partition("://")
    if not separator:
        return _split_keywords(text)
    if scheme.partition("+")[0].lower() not in _SCHEMES:
        raise StoreUnreachableError("the database URL must start with postgresql://")
    try:
        return _split_url(rest)
    except ValueError as error:
        raise StoreUnreachableError("the database URL is not valid") from error


def read_query(query: str) -> dict[str, str]:
    """Return the parameters after a URL's question mark under libpq's names."""
    # In such a URL, a plus sign is no space.
    pairs = parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)
    return {_libpq_name(name): value for name, value in pairs}


class _Parameters:
    """The parameters, each of which is taken once."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._left = dict(given)

    def take(self, name: str) -> str | None:
        """Return a parameter's value; None if it is absent or empty."""
        return self._left.pop(name, None) or None

    def choice(self, name: str, allowed: Sequence[str]) -> str | None:
        """Return a value that is one of the allowed ones."""
        value = self.take(name)
        if value is None or value in allowed:
            return value
        raise StoreParameterError(
            f"the connection parameter {name} must be one of {', '.join(allowed)}"
        )

    def flag(self, name: str) -> bool | None:
        """Return a value that is true or false."""
        value = self.take(name)
        if value is None:
            return None
        if value.lower() in _TRUE | _FALSE:
            return value.lower() in _TRUE
        raise StoreParameterError(f"the connection parameter {name} must be true or false")

    def path(self, name: str) -> Path | None:
        """Return a value that is a file."""
        value = self.take(name)
        return None if value is None else Path(value).expanduser()

    def refuse_the_rest(self) -> None:
        """Raise StoreParameterError for parameters that would be disregarded."""
        unknown = [
            name
            for name, value in self._left.items()
            if name not in _WITHOUT_EFFECT and value.lower() not in _HARMLESS.get(name, ())
        ]
        if unknown:
            names = ", ".join(sorted(unknown))
            raise StoreParameterError(
                f"these connection parameters are not supported, remove them: {names}"
            )


def _split_url(rest: str) -> dict[str, str]:
    before, _, query = rest.partition("?")
    if "@" not in before and "=" not in query.partition("@")[0] and "@" in query:
        # The question mark belongs to a password that was not encoded.
        login, _, after = rest.rpartition("@")
        place, _, query = after.partition("?")
        has_login = "@"
    else:
        login, has_login, place = before.rpartition("@")
    hosts, _, database = place.partition("/")
    found: dict[str, str] = {}
    if has_login:
        user, has_password, password = login.partition(":")
        found["user"] = unquote(user)
        if has_password:
            found["password"] = unquote(password)
    names, ports = [], []
    for host in hosts.split(","):
        match = re.fullmatch(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::(\d*))?", host)
        if match is None:
            raise ValueError("not a host and a port")
        names.append(unquote(match[1]).removeprefix("[").removesuffix("]"))
        ports.append(match[2] or "")
    if any(names):
        found["host"] = ",".join(names)
    if any(ports):
        found["port"] = ",".join(ports)
    if database:
        found["dbname"] = unquote(database)
    found |= read_query(query)
    return found


def _split_keywords(text: str) -> dict[str, str]:
    found, at = {}, 0
    while match := _KEYWORD.match(text, at):
        name, value, at = match[1], match[2], match.end()
        if value.startswith("'"):
            value = value[1:-1]
        found[_libpq_name(name)] = re.sub(r"\\(.)", r"\1", value)
    if not found or text[at:].strip():
        raise StoreUnreachableError("the database URL must start with postgresql://")
    return found


def _libpq_name(name: str) -> str:
    """Return libpq's name of a parameter; some drivers have another one."""
    name = name.strip().lower()
    return {
        "applicationname": "application_name",
        "database": "dbname",
        "ssl": "sslmode",
        "sslrootcertificate": "sslrootcert",
        "timeout": "connect_timeout",
        "username": "user",
    }.get(name, name)


def _hosts(values: _Parameters) -> tuple[tuple[str, int], ...]:
    hosts, addresses = values.take("host"), values.take("hostaddr")
    if hosts and addresses:
        raise StoreParameterError("the connection parameter hostaddr is not supported with a host")
    names = (hosts or addresses or "").split(",")
    ports = (values.take("port") or "").split(",")
    if len(ports) not in {1, len(names)}:
        raise StoreUnreachableError("the database URL has more ports than hosts")
    if len(ports) == 1:
        ports *= len(names)
    try:
        numbers = [int(port or DEFAULT_PORT) for port in ports]
        for name in names:
            if not name.startswith("/"):
                name.encode("idna")  # the resolver would raise an unexpected error
    except ValueError as error:
        raise StoreUnreachableError("the database URL is not valid") from error
    if not all(names) or not all(0 < number < 65536 for number in numbers):
        raise StoreUnreachableError("the database URL names no host, or a wrong port")
    return tuple(zip(names, numbers, strict=True))


def _tls(values: _Parameters) -> Tls:
    mode = _tls_mode(values.take("sslmode"))
    if values.take("requiressl") == "1" and not mode.is_certain:
        mode = TlsMode.REQUIRE
    root = values.take("sslrootcert")
    if root == "system":
        mode = TlsMode.VERIFY_FULL
    if values.take("channel_binding") == "require":
        # The driver has none. It guards against a server in the middle, as a verified name does.
        mode = TlsMode.VERIFY_FULL
    direct = values.choice("sslnegotiation", ("postgres", "direct")) == "direct"
    if direct and not mode.is_certain:
        raise StoreParameterError(
            "the connection parameter sslnegotiation=direct needs sslmode=require or more"
        )
    return Tls(
        mode=mode,
        root_certificate=Path(root).expanduser() if root and root != "system" else None,
        system_roots=root == "system",
        revocation_list=values.path("sslcrl"),
        certificate=values.path("sslcert"),
        key=values.path("sslkey"),
        key_password=values.take("sslpassword") or "",
        direct=direct,
    )


def _tls_mode(text: str | None) -> TlsMode:
    match (text or "disable").lower().replace("_", "-"):
        case "no-verify":  # of node-postgres
            return TlsMode.REQUIRE
        case mode if mode in TlsMode:
            return TlsMode(mode)
        case flag if flag in _TRUE:
            return TlsMode.VERIFY_FULL
        case flag if flag in _FALSE:
            return TlsMode.DISABLE
        case _:
            allowed = ", ".join(TlsMode)
            raise StoreParameterError(f"the connection parameter sslmode must be one of {allowed}")


def _connect_timeout(values: _Parameters) -> float:
    text = values.take("connect_timeout")
    if text is None:
        return CONNECT_TIMEOUT
    try:
        seconds = float(text)
    except ValueError as error:
        raise StoreParameterError(
            "the connection parameter connect_timeout must be a number of seconds"
        ) from error
    # In libpq, 0 waits forever; so would nan.
    return min(max(seconds, _MIN_CONNECT_TIMEOUT), 3600.0) if seconds > 0 else CONNECT_TIMEOUT


def _pooler(values: _Parameters) -> bool | None:
    stated = values.flag("pgbouncer")
    signs = [values.take(name) in meaning for name, meaning in _POOLER_SIGNS.items()]
    return stated if stated is not None else (True if any(signs) else None)
