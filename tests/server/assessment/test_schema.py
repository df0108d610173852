"""A model's answer is taken as it stands or not at all."""

import json
from typing import Any

import pytest

from inference_server.assessment.schema import LONGEST_REASONING, LONGEST_SUMMARY, parse_answer
from inference_server.errors import (
    AssessorInvalidOutputError,
    AssessorNotJsonError,
    AssessorScoreOutOfRangeError,
    AssessorTruncatedError,
)

ANSWER: dict[str, Any] = {
    "reasoning": "One person by day, seen for seconds.",
    "risk_score": 12,
    "summary": "Someone walked past the front door at noon.",
}


def answer(**changes: object) -> str:
    return json.dumps({**ANSWER, **changes})


def without(name: str) -> str:
    return json.dumps({key: value for key, value in ANSWER.items() if key != name})


@pytest.mark.parametrize("finish_reason", ["stop", "", None])
def test_an_answer_that_keeps_to_the_schema_is_read(finish_reason: str | None) -> None:
    parsed = parse_answer(answer(), finish_reason)

    assert parsed.risk_score == 12
    assert parsed.summary == ANSWER["summary"]
    assert parsed.reasoning == ANSWER["reasoning"]


def test_the_order_and_the_spaces_do_not_matter() -> None:
    text = json.dumps(dict(reversed(ANSWER.items())), indent=4)

    assert parse_answer(f"\n {text} \n", "stop").risk_score == 12


@pytest.mark.parametrize("score", [0, 100])
def test_the_ends_of_the_scale_are_scores(score: int) -> None:
    assert parse_answer(answer(risk_score=score), "stop").risk_score == score


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "is empty"),
        ("", "is empty"),
        (" \n", "is empty"),
        ("The risk is 12.", "is not JSON"),
        (answer()[:-1], "is not JSON"),
        (f"```json\n{answer()}\n```", "is not JSON"),
        (f"Sure: {answer()}", "is not JSON"),
        (answer() * 2, "is not JSON"),
        ("<think>a person</think>" + answer(), "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        (answer(risk_score=float("nan")), "is not JSON"),
        (f"[{answer()}]", "is not an object"),
        ("12", "is not an object"),
        ("{}", "has no reasoning and no risk_score and no summary"),
        (without("risk_score"), "has no risk_score"),
        (without("summary"), "has no summary"),
        (without("reasoning"), "has no reasoning"),
        (answer(risk_level="low"), "has a field that was not asked for"),
        (answer()[:-1] + ', "risk_score": 99}', "has a field twice"),
        (answer(risk_score="12"), "risk_score that is no whole number"),
        (answer(risk_score=12.0), "risk_score that is no whole number"),
        (answer(risk_score=True), "risk_score that is no whole number"),
        (answer(risk_score=None), "risk_score that is no whole number"),
        (answer(risk_score=-1), "risk_score outside 0-100"),
        (answer(risk_score=101), "risk_score outside 0-100"),
        (answer(summary=None), "summary that is no text"),
        (answer(summary=["a"]), "summary that is no text"),
        (answer(summary=" "), "an empty summary"),
        (answer(reasoning=""), "an empty reasoning"),
        (answer(summary="x" * (LONGEST_SUMMARY + 1)), "summary of more than"),
        (answer(reasoning="x" * (LONGEST_REASONING + 1)), "reasoning of more than"),
    ],
)
def test_anything_else_is_an_error_that_says_what(text: str | None, complaint: str) -> None:
    kinds = {
        "is not JSON": AssessorNotJsonError,
        "risk_score outside 0-100": AssessorScoreOutOfRangeError,
    }
    with pytest.raises(AssessorInvalidOutputError, match=complaint) as caught:
        parse_answer(text, "stop")

    assert type(caught.value) is kinds.get(complaint, AssessorInvalidOutputError)


def test_an_answer_cut_off_by_the_token_limit_is_refused_even_if_it_reads_well() -> None:
    with pytest.raises(AssessorTruncatedError, match="cut off after"):
        parse_answer(answer(), "length")


def test_an_answer_that_a_filter_ended_is_refused() -> None:
    with pytest.raises(AssessorInvalidOutputError, match="content_filter"):
        parse_answer(answer(), "content_filter")


def test_the_error_never_repeats_the_answer() -> None:
    with pytest.raises(AssessorInvalidOutputError) as caught:
        parse_answer("the resident's secret", "stop")

    assert "secret" not in str(caught.value)
