"""What today's code would have said of the events in a database: `evaluate-risk --from-database`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.domain.models import LANGUAGE_MODEL, EventMark, RiskFactor, RiskLevel  # isort: skip
from hsi_core.events.replay import Replayed, replay  # isort: skip
from hsi_core.domain.levels import LevelBounds  # isort: skip
from hsi_core.risk.llm_adjustment import adjust_score

from hsi_core.domain.settings import Settings  # isort: skip
from hsi_core.store.engine import connect_read_only  # isort: skip

from testbed.risk.judges import RULES, Ask, asking
from testbed.risk.measures import Share, share_json, share_text

_ORDER = tuple(RiskLevel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One event, or one moment that was missed, as it was and as it would be."""

    event_id: str | None  # None where there was no event
    camera: str
    at: datetime
    mark: EventMark | None
    before: tuple[int | None, RiskLevel | None]  # no level where there was no assessment
    after: tuple[int | None, RiskLevel | None]
    gone: tuple[str, ...]  # factors as "name +points"
    new: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether score, level or factors are others."""
        return self.before != self.after or bool(self.gone or self.new)

    def caught(self, when: tuple[int | None, RiskLevel | None]) -> bool:
        """Tell whether an event that mattered was reported: at medium or above.

        What was missed was rated too low, so it has to be higher than it was.
        """
        if self.mark is EventMark.MISSED and _rank(when[1]) <= _rank(self.before[1]):
            return False
        return self.alarmed(when)

    def alarmed(self, when: tuple[int | None, RiskLevel | None]) -> bool:
        """Whether a notification was sent: at medium or above."""
        return when[1] not in {None, RiskLevel.LOW}


async def outcomes(
    url: str,
    backend: str,
    bounds: LevelBounds,
    *,
    since: datetime | None,
    todays_zones: bool,
    connect_model: Callable[[str], AbstractAsyncContextManager[Ask | None]] = asking,
) -> tuple[Outcome, ...]:
    """Return what becomes of the events in a database; raises StoreError and JudgeError.

    `connect_model` takes the backend's name.
    """
    settings = Settings(
        medium_from=bounds.medium, high_from=bounds.high, critical_from=bounds.critical
    )
    engine = await connect_read_only(url, application_name="hsi evaluate-risk")
    try:
        async with connect_model(backend) as ask_model:
            again = replay(engine, settings, since=since, todays_zones=todays_zones)
            return tuple([await _outcome(each, ask_model) async for each in again])
    finally:
        await engine.dispose()


def lines(found: Sequence[Outcome], backend: str) -> list[str]:
    """Put into words what changes, event by event, and what it comes to."""
    moments = sum(each.event_id is None for each in found)
    marked = sum(each.mark is not None for each in found) - moments
    scores = "the provisional ones" if backend == RULES else "those that were stored"
    text = [
        f"{len(found) - moments} events, {marked} of them marked",
        f"{moments} moments marked as missed without an event; scores before are {scores}",
        *(_line(each) for each in found if each.changed),
    ]
    return [
        *text,
        *(
            f"  {name:<42} before {share_text(before)}, after {share_text(after)}"
            for name, (before, after) in shares(found).items()
        ),
        f"  {'level changed':<42} {share_text(levels_changed(found))}",
    ]


def shares(found: Sequence[Outcome]) -> dict[str, tuple[Share, Share]]:
    """Return the figures, each before and after."""
    mattered = [each for each in found if each.mark in {EventMark.TRUE_ALARM, EventMark.MISSED}]
    false = [each for each in found if each.mark is EventMark.FALSE_ALARM]
    unmarked = [each for each in found if each.mark is None]
    return {
        "true alarms and missed, reported": (
            Share(count=sum(each.caught(each.before) for each in mattered), of=len(mattered)),
            Share(count=sum(each.caught(each.after) for each in mattered), of=len(mattered)),
        ),
        **{
            name: (
                Share(count=sum(each.alarmed(each.before) for each in some), of=len(some)),
                Share(count=sum(each.alarmed(each.after) for each in some), of=len(some)),
            )
            for name, some in (
                ("false alarms, at medium or above", false),
                ("not marked, at medium or above", unmarked),
            )
        },
    }


def levels_changed(found: Sequence[Outcome]) -> Share:
    """Return how many have another level."""
    return Share(count=sum(each.before[1] != each.after[1] for each in found), of=len(found))


def as_json(found: Sequence[Outcome]) -> dict[str, object]:
    """Return the figures and each outcome for a machine."""
    return {
        "figures": {
            name: {"before": share_json(before), "after": share_json(after)}
            for name, (before, after) in shares(found).items()
        },
        "levels_changed": share_json(levels_changed(found)),
        "events": [
            {
                "event_id": each.event_id,
                "camera": each.camera,
                "at": each.at.isoformat(),
                "mark": each.mark,
                "before": {"score": each.before[0], "level": each.before[1]},
                "after": {"score": each.after[0], "level": each.after[1]},
                "factors_gone": each.gone,
                "factors_new": each.new,
            }
            for each in found
        ],
    }


async def _outcome(each: Replayed, ask_model: Ask | None) -> Outcome:
    was, event = _factors(each.event.factors if each.event else ()), each.event
    by_rules = ask_model is None
    score = None if event is None else event.provisional_score if by_rules else event.risk_score
    after: tuple[int | None, RiskLevel | None] = (None, None)
    now: set[str] = set()
    if each.judged is not None:
        verdict = each.judged.verdict
        now = _factors(verdict.factors)
        said = verdict.score
        if ask_model is not None:
            answer = await ask_model(each.judged)
            if answer.score is not None:
                said, _ = adjust_score(verdict.score, verdict.llm_range, answer.score)
                after = (said, verdict.level)
        else:
            after = (said, verdict.level)
    return Outcome(
        event_id=None if event is None else str(event.id),
        camera=each.camera,
        at=each.at,
        mark=each.mark,
        before=(score, None if event is None else event.risk_level),
        after=after,
        gone=tuple(sorted(was - now)),
        new=tuple(sorted(now - was)),
    )


def _factors(factors: Sequence[RiskFactor]) -> set[str]:
    return {f"{each.name} {each.points:+d}" for each in factors if each.name != LANGUAGE_MODEL}


def _line(each: Outcome) -> str:
    mark = "" if each.mark is None else f", {each.mark.replace('_', ' ')}"
    why = "; ".join([*(f"without {name}" for name in each.gone), *each.new])
    return (
        f"  {each.at:%Y-%m-%d %H:%M:%S} {each.camera}{mark}: {_said(each.before)} -> "
        f"{_said(each.after)} ({why or 'the same factors'}) {each.event_id or ''}".rstrip()
    )


def _said(when: tuple[int | None, RiskLevel | None]) -> str:
    score, level = when
    return f"{'no score' if score is None else score} {level or 'unassessed'}"


def _rank(level: RiskLevel | None) -> int:
    return -1 if level is None else _ORDER.index(level)
