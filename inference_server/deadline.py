"""How long a client waits for the response."""

from dataclasses import dataclass
import math
from time import perf_counter
from typing import Self

from inference_server.errors import DeadlineExceededError


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """The time until which a response is useful; `at` is of time.perf_counter."""

    at: float = math.inf

    @classmethod
    def after(cls, seconds: float) -> Self:
        """Return the deadline that many seconds from now."""
        return cls(at=perf_counter() + seconds)

    @property
    def remaining(self) -> float:
        """Seconds left, 0 once it has passed."""
        return max(0.0, self.at - perf_counter())

    def check(self, *, needed: float = 0.0) -> None:
        """Raise DeadlineExceededError unless more than `needed` seconds are left."""
        if perf_counter() + needed >= self.at:
            raise deadline_exceeded()


def deadline_exceeded() -> DeadlineExceededError:
    """Return the error for a request whose deadline has passed."""
    return DeadlineExceededError(
        "The request was not processed before its deadline (X-Deadline-Ms)."
    )


NEVER = Deadline()
