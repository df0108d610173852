"""Inputs that may be the cause of what looks like an outage of the server."""

from collections.abc import Hashable

_LIMIT = 1000  # inputs that are remembered


class Suspects:
    """Remember at which inputs a server failed, and whether it answered others since.

    An outage meets every input. One that meets the same input again, although others were answered
    in between, is caused by that input: an image that crashes the server, or that a firewall refuses.
    """

    def __init__(self) -> None:
        self._answers = 0
        self._answers_at: dict[int, int] = {}  # at the last failure, by the hash of the input

    def note_answer(self) -> None:
        """Note that the server answered a request."""
        self._answers += 1

    def accuse(self, subject: Hashable) -> bool:
        """Note that the server failed at an input; return whether the input is the cause."""
        key = hash(subject)
        before = self._answers_at.pop(key, self._answers)
        self._answers_at[key] = self._answers
        if len(self._answers_at) > _LIMIT:
            del self._answers_at[next(iter(self._answers_at))]
        return self._answers > before
