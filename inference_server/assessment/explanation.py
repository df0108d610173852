"""Combine a model's answer with the facts: the texts and the score of the response."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from inference_server.assessment.change_odds import Change, Odds, suggested_points
from inference_server.assessment.facts import Facts
from inference_server.assessment.note_guard import find_refusal
from inference_server.assessment.prompt import MAX_CAMERA_BYTES, MAX_LABEL_BYTES, sanitize_name
from inference_server.assessment.schema import Answer

# Share of the suggested points that enters the score. 0 until they are measured to order events
# within a level better than the rules alone.
POINTS_SHARE: Final = 0.0

# A note is shown only in a language with a guard, from a model that is allowed to write in it.
# None allows every model.
_GUARDS: Final[Mapping[str, Callable[[str, Facts], str | None]]] = {"en": find_refusal}
_MODELS: Final[Mapping[str, frozenset[str] | None]] = {"en": None}

_CHANGES: Final = {
    "lower": "The facts have a harmless explanation.",
    "same": "The rules' score fits.",
    "higher": "The signs support each other.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The words about one event, and the score that goes with them."""

    risk_score: int  # 0-100
    summary: str
    reasoning: str
    change: Change
    because: str | None
    note: str | None
    note_refused: str | None
    suggested_points: float


def wants_note(facts: Facts, model: str) -> bool:
    """Whether a note of this model in the home's language could be checked and shown."""
    language = _language(facts)
    if language not in _GUARDS:
        return False
    allowed = _MODELS[language]
    return allowed is None or model.lower().partition(":")[0] in allowed


def explain(
    facts: Facts, answer: Answer, *, odds: Odds | None = None, prior: Odds | None = None
) -> Explanation:
    """Return the words and the score; a note that the facts do not support is left out."""
    note, refused = answer.note, None
    if note is not None and (guard := _GUARDS.get(_language(facts))):
        refused = guard(note, facts)
        note = None if refused else note
    points = suggested_points(answer.change, odds, prior)
    rules = facts.rules
    score = round(rules.score + POINTS_SHARE * points)
    narrative = facts.narrative or _narrative(facts)
    return Explanation(
        risk_score=min(max(score, rules.low), rules.high),
        summary=f"{narrative} {note}" if note else narrative,
        reasoning=_reasoning(answer),
        change=answer.change,
        because=answer.because,
        note=note,
        note_refused=refused,
        suggested_points=points,
    )


def _language(facts: Facts) -> str:
    return (facts.language or "en").partition("-")[0].lower()


def _narrative(facts: Facts) -> str:
    """Return the sentence for a client that sends none: one of an earlier version."""
    labels = list(
        dict.fromkeys(sanitize_name(each.label, MAX_LABEL_BYTES) for each in facts.objects)
    )
    camera = sanitize_name(facts.camera, MAX_CAMERA_BYTES)
    seconds = round((facts.ended_at - facts.started_at).total_seconds())
    lasted = f", for {seconds} {'second' if seconds == 1 else 'seconds'}" if seconds else ""
    return f"At {camera}, {facts.started_at:%Y-%m-%d %H:%M}: {', '.join(labels[:3])}{lasted}."


def _reasoning(answer: Answer) -> str:
    decisive = f"Decisive: {answer.because}. " if answer.because else ""
    return decisive + _CHANGES[answer.change]
