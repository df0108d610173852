"""The pieces of evidence: a name, the sign of its weight, and when it applies."""

from collections.abc import Callable
from dataclasses import dataclass

from .case import Case

type Reason = str | tuple[str, float] | None  # with the strength if that is not 1
type Finder = Callable[[Case], Reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A piece of evidence on an event: `strength` is 0-1, `reason` is one line in plain words."""

    name: str
    reason: str
    strength: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of evidence.

    `sign` is 1 or -1 if common sense fixes it, else 0. `prior` is the weight in log-odds that it has
    without any scene; scenes move it.
    """

    name: str
    sign: int
    prior: float
    when: str
    find: Finder

    def on(self, case: Case) -> Evidence | None:
        """Return the evidence that a case gives."""
        found = self.find(case)
        if found is None:
            return None
        if isinstance(found, str):
            return Evidence(name=self.name, reason=found)
        reason, strength = found
        return Evidence(name=self.name, reason=reason, strength=strength)


class Kinds:
    """Kinds of evidence on one subject, in the order of their definition."""

    def __init__(self) -> None:
        """Begin without a kind."""
        self.all: list[Kind] = []

    def kind(self, name: str, sign: int, prior: float, when: str) -> Callable[[Finder], Finder]:
        """Declare a function as the finder of a kind of evidence."""

        def declare(find: Finder) -> Finder:
            self.all.append(Kind(name=name, sign=sign, prior=prior, when=when, find=find))
            return find

        return declare


def ramp(value: float, low: float, high: float) -> float:
    """Return 0 below `low`, 1 from `high` on, and in between the share in steps of a quarter."""
    if value < low:
        return 0.0
    share = min(1.0, (value - low) / (high - low))
    return 0.25 + 0.75 * round(share * 3) / 3
