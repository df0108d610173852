"""The schema of a model's answer about one event, and its strict parser."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Never, TypeVar

from inference_server.assessment.answer_text import is_object, read_value
from inference_server.assessment.change_odds import CHANGES, Change
from inference_server.errors import (
    AssessorInvalidOutputError,
    AssessorNotJsonError,
    AssessorTruncatedError,
)

MAX_NOTE: Final = 160  # characters
NO_FACTOR: Final = "none"  # the only choice of `because` for an event without factors

# The longest English answer within the schema has about 80 tokens; a longer one is cut off.
MAX_ANSWER_TOKENS: Final = 112

# Finish reasons in lower case, as servers spell them: OpenAI, Claude, Gemini, Together, TGI ...
_COMPLETE: Final = frozenset(
    {"", "stop", "eos", "eos_token", "end_turn", "stop_sequence", "complete", "completed"}
    | {"tool_calls", "tool_use", "function_call"}
)
_CUT_OFF: Final = frozenset(
    {"length", "max_tokens", "max_output_tokens", "max_new_tokens", "model_length", "token_limit"}
    | {"model_context_window_exceeded"}
)
_BROKEN_OFF: Final = frozenset(
    {"content_filter", "safety", "recitation", "refusal", "blocklist", "prohibited_content", "spii"}
    | {"error", "abort", "aborted", "cancelled", "canceled", "load", "unload"}
)

_SUBJECT: Final = "The language model's answer"
_Name = TypeVar("_Name", bound=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A model's answer: the decisive factor, the change it would make, and an interpretation."""

    because: str | None  # None if the event has no factor
    change: Change
    note: str | None  # None if none was asked for, or if it is blank


# A question that invites prose, so that only an enforced schema gives JSON.
TRIAL_QUESTION: Final = "Tell me in two sentences what you like about the sea. No JSON, please."
TRIAL_SCHEMA: Final[dict[str, object]] = {
    "type": "object",
    "properties": {"sea": {"type": "string", "enum": ["waves", "wind"]}},
    "required": ["sea"],
    "additionalProperties": False,
}
TRIAL_TOKENS: Final = 24


def keeps_to_schema(text: str | None) -> bool:
    """Whether an answer to TRIAL_QUESTION keeps to TRIAL_SCHEMA."""
    try:
        value = read_value(
            text or "", object_pairs_hook=_unique_keys, parse_constant=_refuse_constant
        )
    except (ValueError, AssessorInvalidOutputError):
        return False
    return isinstance(value, dict) and value.get("sea") in {"waves", "wind"}


def answer_schema(factors: Sequence[str], *, note: bool) -> dict[str, object]:
    """Return the JSON schema of the answer about an event with these factors.

    The model writes the fields in this order: the reason before the choice that it leads to.
    """
    properties: dict[str, object] = {
        "because": {"type": "string", "enum": [*factors] or [NO_FACTOR]},
        "change": {"type": "string", "enum": [*CHANGES]},
    }
    if note:
        properties["note"] = {"type": "string", "maxLength": MAX_NOTE}
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def parse_answer(
    text: str | None, finish_reason: str | None, *, factors: Sequence[str], note: bool
) -> Answer:
    """Parse an answer without repairing it; raises AssessorInvalidOutputError with the problem.

    An answer in a fence, in prose or after thoughts is read if it is the only one. The error never
    repeats the answer. A note that is too long is left out: it is dispensable.
    """
    reason = (finish_reason or "").strip().lower().removeprefix("finish_reason_")
    if reason in _CUT_OFF:
        raise AssessorTruncatedError(f"{_SUBJECT} was cut off after {MAX_ANSWER_TOKENS} tokens")
    # A reason that no known server gives does no harm to an answer that is complete.
    if reason in _BROKEN_OFF or (reason not in _COMPLETE and not is_object(text or "")):
        raise AssessorInvalidOutputError(f"{_SUBJECT} ended early ({str(finish_reason)[:30]})")
    if not text or not text.strip():
        raise AssessorInvalidOutputError(f"{_SUBJECT} is empty")
    try:
        value = read_value(text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except ValueError as err:
        raise AssessorNotJsonError(f"{_SUBJECT} is not JSON") from err
    if not isinstance(value, dict):
        raise AssessorInvalidOutputError(f"{_SUBJECT} is not an object")
    asked = ("because", "change", "note") if note else ("because", "change")
    if missing := [name for name in asked if name not in value]:
        raise AssessorInvalidOutputError(f"{_SUBJECT} is invalid: {missing[0]} is missing")
    if len(value) > len(asked):
        raise AssessorInvalidOutputError(f"{_SUBJECT} has a field that was not asked for")
    because = _choice(value, "because", [*factors] or [NO_FACTOR])
    change = _choice(value, "change", CHANGES)
    return Answer(
        because=because if factors else None, change=change, note=_note(value) if note else None
    )


def _choice(value: dict[str, object], name: str, choices: Sequence[_Name]) -> _Name:
    for each in choices:
        if value[name] == each:
            return each
    raise AssessorInvalidOutputError(f"{_SUBJECT} is invalid: {name} is none of its choices")


def _note(value: dict[str, object]) -> str | None:
    note = value["note"]
    if not isinstance(note, str):
        raise AssessorInvalidOutputError(f"{_SUBJECT} is invalid: note is not a text")
    plain = " ".join(note.split())
    return plain if 0 < len(plain) <= MAX_NOTE else None


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise AssessorInvalidOutputError(f"{_SUBJECT} has a field twice")
    return value


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")
