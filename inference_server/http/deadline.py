"""How long the one who asked still waits for an answer."""

from dataclasses import dataclass
import math
from time import perf_counter
from typing import Self

from inference_server.errors import DeadlineExceededError


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A moment after which an answer is of no use; `at` is of time.perf_counter."""

    at: float = math.inf

    @classmethod
    def after(cls, seconds: float) -> Self:
        """Return the deadline that many seconds from now."""
        return cls(at=perf_counter() + seconds)

    @property
    def remaining(self) -> float:
        """Seconds until then, 0 once it is over."""
        return max(0.0, self.at - perf_counter())

    def check(self, *, needed: float = 0.0) -> None:
        """Raise DeadlineExceededError where no more than the seconds `needed` are left."""
        if perf_counter() + needed >= self.at:
            raise too_late()


def too_late() -> DeadlineExceededError:
    """Return what is answered once it is over."""
    return DeadlineExceededError(
        "The request's turn did not come before its deadline (X-Deadline-Ms)."
    )


NEVER = Deadline()
