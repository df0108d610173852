"""Bounds how many connections there are, and says which of them give way."""

from collections import Counter
import contextlib
from ipaddress import IPv6Address, ip_address
import logging
import socket
from time import monotonic
import weakref

from aiohttp import web

_LOG = logging.getLogger(__name__)
_OF_ONE = 256  # connections of one client
_OF_ALL = 512  # a process may often open no more than 1,024 files; one over TLS takes 256 KiB
_ENDING = 64  # connections that gave way and are not closed yet
_TELL_EVERY = 60.0  # seconds


class Places:
    """Who holds how many connections, from their first byte on.

    Where none is left, one that has sent no valid token gives way: the oldest of whoever has most.
    """

    def __init__(self) -> None:
        self._held: dict[int, str] = {}  # the client by the connection's file number
        self._strangers: dict[int, weakref.ref[socket.socket]] = {}  # of these, the oldest first
        self._ending: set[int] = set()  # shut, and not closed yet
        self._told_at = -_TELL_EVERY

    def take(self, connection: socket.socket, address: str) -> bool:
        """Have the connection hold a place; False where there is none for it."""
        clients, client = Counter(self._held.values()), client_of(address)
        if clients[client] >= _OF_ONE:
            room = self._free_one(address, {client})
        else:
            room = clients.total() < _OF_ALL or self._free_one(address, set(clients))
        if room:
            self._held[connection.fileno()] = client
            self._strangers[connection.fileno()] = weakref.ref(connection)
        return room

    def give_back(self, number: int) -> None:
        """Forget a connection."""
        self._held.pop(number, None)
        self._strangers.pop(number, None)
        self._ending.discard(number)

    def keep(self, request: web.BaseRequest) -> None:
        """Have the connection of who may talk to the server give way to nobody."""
        transport = request.transport
        if transport and (connection := transport.get_extra_info("socket")):
            self._strangers.pop(connection.fileno(), None)

    def _free_one(self, newcomer: str, clients: set[str]) -> bool:
        of_each = Counter(each for each in map(self._held.get, self._strangers) if each in clients)
        number = None
        if of_each and len(self._ending) < _ENDING:
            [(most, _)] = of_each.most_common(1)
            number = next(each for each in self._strangers if self._held[each] == most)
        self._tell(newcomer, "was refused" if number is None else "took the place of another")
        if number is None:
            return False
        connection = self._strangers[number]()
        self.give_back(number)
        if connection:
            self._ending.add(number)
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # whoever serves it hears of it, and closes
        return True

    def _tell(self, address: str, what: str) -> None:
        if monotonic() - self._told_at >= _TELL_EVERY:
            self._told_at = monotonic()
            _LOG.warning(
                "A connection of %s %s: %d are open, at most %d and %d of one client",
                address,
                what,
                len(self._held),
                _OF_ALL,
                _OF_ONE,
            )


def client_of(address: str) -> str:
    """Return whom an address belongs to: with IPv6, one machine has 2^64 of them."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or parsed.packed[:8].hex())
    return address
