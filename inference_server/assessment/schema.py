"""The schema of a model's answer, and its strict parser."""

import json
from typing import Annotated, Final, Never

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from inference_server.errors import (
    AssessorInvalidOutputError,
    AssessorNotJsonError,
    AssessorScoreOutOfRangeError,
    AssessorTruncatedError,
)

MAX_SUMMARY: Final = 200  # characters
MAX_REASONING: Final = 240  # characters

# The longest English answer within the schema has about 140 tokens; a longer one is cut off.
MAX_ANSWER_TOKENS: Final = 160

_SUBJECT: Final = "The language model's answer"

# Written out because the model is sent these bytes. It writes the fields in this order: the reasons
# before the score they lead to.
ANSWER_SCHEMA: Final[dict[str, object]] = {
    "type": "object",
    "properties": {
        "reasoning": {"type": "string", "minLength": 1, "maxLength": MAX_REASONING},
        "risk_score": {"type": "integer", "minimum": 0, "maximum": 100},
        "summary": {"type": "string", "minLength": 1, "maxLength": MAX_SUMMARY},
    },
    "required": ["reasoning", "risk_score", "summary"],
    "additionalProperties": False,
}


def _strip(text: str) -> str:
    if not (stripped := text.strip()):
        raise PydanticCustomError("empty", "Text should not be empty")
    return stripped


_Text = Annotated[str, AfterValidator(_strip)]


class Answer(BaseModel):
    """A model's answer that matches ANSWER_SCHEMA."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    reasoning: _Text = Field(min_length=1, max_length=MAX_REASONING)
    risk_score: int = Field(ge=0, le=100)
    summary: _Text = Field(min_length=1, max_length=MAX_SUMMARY)


def parse_answer(text: str | None, finish_reason: str | None) -> Answer:
    """Parse an answer without repairing it; raises AssessorInvalidOutputError with the problem."""
    if finish_reason == "length":
        raise AssessorTruncatedError(f"{_SUBJECT} was cut off after {MAX_ANSWER_TOKENS} tokens")
    if finish_reason not in {"stop", "", None}:
        raise AssessorInvalidOutputError(f"{_SUBJECT} ended early ({finish_reason[:30]})")
    if not text or not text.strip():
        raise AssessorInvalidOutputError(f"{_SUBJECT} is empty")
    try:
        value = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as err:
        raise AssessorNotJsonError(f"{_SUBJECT} is not JSON") from err
    try:
        return Answer.model_validate(value)
    except ValidationError as err:
        raise _problem(err) from err


def _problem(err: ValidationError) -> AssessorInvalidOutputError:
    """Return the problem without repeating the answer; its shape counts before its values."""
    problems = {error["type"]: error for error in reversed(err.errors(include_url=False))}
    if "model_type" in problems:
        return AssessorInvalidOutputError(f"{_SUBJECT} is not an object")
    if "extra_forbidden" in problems and "missing" not in problems:
        return AssessorInvalidOutputError(f"{_SUBJECT} has a field that was not asked for")
    out_of_range = problems.keys() & {"greater_than_equal", "less_than_equal"}
    if out_of_range and "missing" not in problems:
        return AssessorScoreOutOfRangeError(f"{_SUBJECT} has a risk_score outside 0-100")
    first = problems.get("missing") or next(reversed(problems.values()))
    return AssessorInvalidOutputError(f"{_SUBJECT} is invalid: {first['loc'][0]}: {first['msg']}")


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise AssessorInvalidOutputError(f"{_SUBJECT} has a field twice")
    return value


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")
