"""Several inference servers as one: who is asked next, and who is left alone for a while."""

from .gate import StageGate
from .pool import ServerPool
from .server import Server
from .wiring import Servers, wire

__all__ = ["Server", "ServerPool", "Servers", "StageGate", "wire"]
