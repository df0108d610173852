"""Delivery of updates to subscribers in this process."""

from collections.abc import Callable, Iterable
import logging

from ..domain.updates import Listener, Update

_LOGGER = logging.getLogger(__name__)


class Publisher:
    """Calls listeners on the event loop in order of subscription; one that fails stops no other."""

    def __init__(self) -> None:
        self._listeners: dict[object, Listener] = {}

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call the listener for every update from now on; return a function that unsubscribes it."""
        key = object()
        self._listeners[key] = listener

        def unsubscribe() -> None:
            self._listeners.pop(key, None)

        return unsubscribe

    def publish(self, updates: Iterable[Update]) -> None:
        """Pass updates of a committed transaction to every listener."""
        for update in updates:
            for listener in tuple(self._listeners.values()):
                try:
                    listener(update)
                except Exception:
                    _LOGGER.exception("a listener failed on %s", type(update).__name__)
