"""The shape of a model's answer, and the only way to read one."""

from dataclasses import dataclass
import json
from typing import Final, Never

from inference_server.errors import (
    AssessorInvalidOutputError,
    AssessorNotJsonError,
    AssessorScoreOutOfRangeError,
    AssessorTruncatedError,
)

LONGEST_SUMMARY: Final = 200  # characters
LONGEST_REASONING: Final = 240  # characters

# The longest English answer the schema allows is about 140 tokens; what passes this is cut off.
MAX_ANSWER_TOKENS: Final = 160

_SUBJECT: Final = "The language model's answer"

# A model writes the fields in this order: the reasons before the number they lead to.
_FIELDS: Final = ("reasoning", "risk_score", "summary")
ANSWER_SCHEMA: Final[dict[str, object]] = {
    "type": "object",
    "properties": {
        "reasoning": {"type": "string", "minLength": 1, "maxLength": LONGEST_REASONING},
        "risk_score": {"type": "integer", "minimum": 0, "maximum": 100},
        "summary": {"type": "string", "minLength": 1, "maxLength": LONGEST_SUMMARY},
    },
    "required": list(_FIELDS),
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A model's answer that keeps to the schema."""

    risk_score: int
    summary: str
    reasoning: str


def parse_answer(text: str | None, finish_reason: str | None) -> Answer:
    """Read an answer as it stands; raises the AssessorInvalidOutputError that says what is wrong."""
    if finish_reason == "length":
        raise AssessorTruncatedError(f"{_SUBJECT} was cut off after {MAX_ANSWER_TOKENS} tokens")
    if finish_reason not in {"stop", "", None}:
        raise _invalid(f"ended early ({finish_reason[:30]})")
    if not text or not text.strip():
        raise _invalid("is empty")
    try:
        value = json.loads(text, object_pairs_hook=_no_key_twice, parse_constant=_no_constant)
    except (ValueError, RecursionError) as err:
        raise AssessorNotJsonError(f"{_SUBJECT} is not JSON") from err
    if not isinstance(value, dict):
        raise _invalid("is not an object")
    if missing := [name for name in _FIELDS if name not in value]:
        raise _invalid(f"has no {' and no '.join(missing)}")
    if len(value) > len(_FIELDS):
        raise _invalid("has a field that was not asked for")
    return Answer(
        risk_score=_score(value["risk_score"]),
        summary=_text("summary", value["summary"], LONGEST_SUMMARY),
        reasoning=_text("reasoning", value["reasoning"], LONGEST_REASONING),
    )


def _score(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _invalid("has a risk_score that is no whole number")
    if not 0 <= value <= 100:
        raise AssessorScoreOutOfRangeError(f"{_SUBJECT} has a risk_score outside 0-100")
    return value


def _text(name: str, value: object, longest: int) -> str:
    if not isinstance(value, str):
        raise _invalid(f"has a {name} that is no text")
    text = value.strip()
    if not text:
        raise _invalid(f"has an empty {name}")
    if len(value) > longest:
        raise _invalid(f"has a {name} of more than {longest} characters")
    return text


def _no_key_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _invalid("has a field twice")
    return value


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


def _invalid(problem: str) -> AssessorInvalidOutputError:
    return AssessorInvalidOutputError(f"{_SUBJECT} {problem}")
