"""Shares with their 95 % intervals, and what an evaluation of risk scores comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.domain.inference import AnswerProblem  # isort: skip
from hsi_core.domain.models import RiskLevel  # isort: skip

from testbed.risk.scenarios import Scenario

_Z = 1.959964  # standard normal, 97.5 %
_ORDER = tuple(RiskLevel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many of so many."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """The share, None of nothing."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval, None of nothing."""
        if not self.of:
            return None
        share, n = self.count / self.of, self.of
        middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z * sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)) / (1 + _Z**2 / n)
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One question to a language model."""

    seconds: float
    prompt_tokens: int | None
    completion_tokens: int | None
    failure: str | None  # the error's code; None where it answered
    note_refused: bool = False  # its note claimed more than the facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one scenario; `score` is its worst event's."""

    scenario: Scenario
    score: int
    level: RiskLevel
    factors: tuple[str, ...]  # of that event, as "name +points"
    calls: tuple[Call, ...] = ()
    suggested_points: float = 0.0  # of the model for that event; not part of the score
    unassessed: bool = False  # a language model gave no answer at last on one of the events

    @property
    def caught(self) -> bool:
        """Whether it reached the lowest level expected of it."""
        return _ORDER.index(self.level) >= min(map(_ORDER.index, self.scenario.levels))

    @property
    def alarmed(self) -> bool:
        """Whether it reached medium."""
        return self.level is not RiskLevel.LOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The figures of a set of scenarios."""

    recall: Share  # incidents at their level or above; without an answer, by the rules' score
    told: Share  # incidents at their level or above of which every event got a score
    false_alarms: Share  # benign scenes at medium or above
    agreement: Share  # scenarios at one of the levels expected
    schema_failures: Share  # of the calls; cut off, no JSON or against the schema
    notes_refused: Share  # of the answers; the note claimed more than the facts
    other_failures: Share  # of the calls
    unassessed: Share  # of the scenarios a model was asked about: an event got no answer at last
    prompt_tokens: int | None  # the most in one call
    completion_tokens: int | None  # the most in one call
    median_seconds: float | None
    slowest_seconds: float | None


def measure(results: Sequence[Result]) -> Measures:
    """Return the figures of results."""
    incidents = [each for each in results if each.scenario.incident]
    benign = [each for each in results if not each.scenario.incident]
    calls = [call for each in results for call in each.calls]
    broken = [call for call in calls if call.failure in AnswerProblem]
    failed = [call for call in calls if call.failure is not None]
    asked = [each for each in results if each.calls]
    seconds = sorted(call.seconds for call in calls)
    return Measures(
        recall=Share(count=sum(each.caught for each in incidents), of=len(incidents)),
        told=Share(
            count=sum(each.caught and not each.unassessed for each in incidents), of=len(incidents)
        ),
        false_alarms=Share(count=sum(each.alarmed for each in benign), of=len(benign)),
        agreement=Share(
            count=sum(each.level in each.scenario.levels for each in results), of=len(results)
        ),
        schema_failures=Share(count=len(broken), of=len(calls)),
        notes_refused=Share(
            count=sum(call.note_refused for call in calls), of=len(calls) - len(failed)
        ),
        other_failures=Share(count=len(failed) - len(broken), of=len(calls)),
        unassessed=Share(count=sum(each.unassessed for each in asked), of=len(asked)),
        prompt_tokens=max((call.prompt_tokens or 0 for call in calls), default=None),
        completion_tokens=max((call.completion_tokens or 0 for call in calls), default=None),
        median_seconds=seconds[len(seconds) // 2] if seconds else None,
        slowest_seconds=seconds[-1] if seconds else None,
    )


def share_text(share: Share) -> str:
    """Put a share into words, with its interval."""
    if share.value is None or share.interval is None:
        return "none"
    low, high = share.interval
    return f"{share.value:.3f} ({share.count} of {share.of}; 95 %: {low:.3f}-{high:.3f})"


def share_json(share: Share) -> dict[str, object]:
    """Return a share for a machine, with its interval."""
    return {
        "count": share.count,
        "of": share.of,
        "share": share.value,
        "interval_95": share.interval,
    }
