"""Limit open connections, in all and per client."""

from collections import Counter
import contextlib
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
import logging
import socket
from time import monotonic
from typing import Final
import weakref

from aiohttp import web

_LOG = logging.getLogger(__name__)
MAX_CONNECTIONS: Final = 512  # a TLS connection takes 256 KiB
_LOG_INTERVAL: Final = 60.0  # seconds


@dataclass(slots=True)
class _Connection:
    socket: weakref.ref[socket.socket]
    client: str
    exempt: bool = False  # from eviction

    def is_open(self, number: int) -> bool:
        connection = self.socket()
        return connection is not None and connection.fileno() == number


class ConnectionLimiter:
    """Admit connections, from their first byte on.

    At a limit, the oldest unauthenticated connection of the client with the most is evicted.
    """

    def __init__(self, *, total: int = MAX_CONNECTIONS, per_client: int | None = None) -> None:
        """Without `per_client`, a client may have half of `total`."""
        self._total = total
        self._per_client = per_client or max(1, total // 2)
        self._connections: dict[int, _Connection] = {}  # by file descriptor, the oldest first
        self._logged_at = -_LOG_INTERVAL

    def admit(self, connection: socket.socket, address: str) -> bool:
        """Count the connection until it is closed; return False if it has to be refused."""
        client, number = client_of(address), connection.fileno()
        self._connections.pop(number, None)  # closed, as its number is free
        if len(self._connections) >= self._per_client:
            self._forget_closed()
        counts = Counter(each.client for each in self._connections.values())
        admitted = True
        if counts[client] >= self._per_client:
            admitted = self._evict_one({client}, address)
        elif counts.total() >= self._total:
            admitted = self._evict_one(set(counts), address)
        if admitted:
            self._connections[number] = _Connection(weakref.ref(connection), client)
        return admitted

    def exempt(self, request: web.BaseRequest) -> None:
        """Exempt the connection of an authorized request from eviction."""
        transport = request.transport
        if transport and (connection := transport.get_extra_info("socket")):
            known = self._connections.get(connection.fileno())
            if known:
                known.exempt = True

    def _forget_closed(self) -> None:
        closed = [number for number, each in self._connections.items() if not each.is_open(number)]
        for number in closed:
            del self._connections[number]

    def _evict_one(self, clients: set[str], address: str) -> bool:
        candidates = {
            number: each.client
            for number, each in self._connections.items()
            if not each.exempt and each.client in clients
        }
        if not candidates:
            self._log(address, "was refused")
            return False
        self._log(address, "replaced an older one")
        [(client, _)] = Counter(candidates.values()).most_common(1)
        oldest = next(number for number, each in candidates.items() if each == client)
        if connection := self._connections.pop(oldest).socket():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # its transport notices, and closes it
        return True

    def _log(self, address: str, outcome: str) -> None:
        if monotonic() - self._logged_at >= _LOG_INTERVAL:
            self._logged_at = monotonic()
            _LOG.warning(
                "A connection from %s %s: %d are open; the limit is %d, and %d per client",
                address,
                outcome,
                len(self._connections),
                self._total,
                self._per_client,
            )


def client_of(address: str) -> str:
    """Return the client an address belongs to: an IPv6 machine has a network of 2^64 addresses."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or parsed.packed[:8].hex())
    return address
