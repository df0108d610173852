"""Hands every update to whoever has subscribed."""

from collections.abc import Callable, Iterable
import logging

from ..domain.updates import Listener, Update

_LOGGER = logging.getLogger(__name__)


class Publisher:
    """Calls listeners on the event loop, in the order they came; one that fails hurts no other."""

    def __init__(self) -> None:
        self._listeners: dict[object, Listener] = {}

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call the listener for every update from now on; returns how to stop that."""
        key = object()
        self._listeners[key] = listener

        def unsubscribe() -> None:
            self._listeners.pop(key, None)

        return unsubscribe

    def publish(self, updates: Iterable[Update]) -> None:
        """Hand over updates whose transaction is committed."""
        for update in updates:
            for listener in tuple(self._listeners.values()):
                try:
                    listener(update)
                except Exception:
                    _LOGGER.exception("a listener failed on %s", type(update).__name__)
