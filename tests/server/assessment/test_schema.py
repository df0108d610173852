"""A model's answer is taken as it stands or not at all."""

import json
from typing import Any

import pytest

from inference_server.assessment.schema import (
    ANSWER_SCHEMA,
    MAX_REASONING,
    MAX_SUMMARY,
    Answer,
    parse_answer,
)
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
        ("{}", "reasoning: Field required"),
        (without("risk_score"), "risk_score: Field required"),
        (without("summary"), "summary: Field required"),
        (without("reasoning"), "reasoning: Field required"),
        (answer(risk_level="low"), "has a field that was not asked for"),
        (answer()[:-1] + ', "risk_score": 99}', "has a field twice"),
        (answer(risk_score="12"), "risk_score: Input should be a valid integer"),
        (answer(risk_score=12.0), "risk_score: Input should be a valid integer"),
        (answer(risk_score=True), "risk_score: Input should be a valid integer"),
        (answer(risk_score=None), "risk_score: Input should be a valid integer"),
        (answer(risk_score=-1), "risk_score outside 0-100"),
        (answer(risk_score=101), "risk_score outside 0-100"),
        (answer(summary=None), "summary: Input should be a valid string"),
        (answer(summary=["a"]), "summary: Input should be a valid string"),
        (answer(summary=" "), "summary: Text should not be empty"),
        (answer(reasoning=""), "reasoning: String should have at least 1 character"),
        (
            answer(summary="x" * (MAX_SUMMARY + 1)),
            "summary: String should have at most 200 characters",
        ),
        (
            answer(reasoning="x" * (MAX_REASONING + 1)),
            "reasoning: String should have at most 240 characters",
        ),
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


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (answer(risk_score=101, summary=""), AssessorScoreOutOfRangeError),
        (answer(risk_score=101, risk_level="low"), AssessorInvalidOutputError),
        ('{"risk_score": 101}', AssessorInvalidOutputError),
    ],
)
def test_of_several_problems_the_shape_counts_first_then_the_score(
    text: str, error: type[Exception]
) -> None:
    with pytest.raises(AssessorInvalidOutputError) as caught:
        parse_answer(text, "stop")

    assert type(caught.value) is error


def test_the_schema_sent_to_the_model_is_the_one_answers_are_checked_with() -> None:
    schema = Answer.model_json_schema()
    del schema["title"], schema["description"]
    for field in schema["properties"].values():
        del field["title"]

    assert schema == ANSWER_SCHEMA


def test_the_bytes_of_the_schema_sent_to_the_model() -> None:
    assert json.dumps(ANSWER_SCHEMA, separators=(",", ":")) == (
        '{"type":"object","properties":{"reasoning":{"type":"string","minLength":1,"maxLength":240},'
        '"risk_score":{"type":"integer","minimum":0,"maximum":100},"summary":{"type":"string",'
        '"minLength":1,"maxLength":200}},"required":["reasoning","risk_score","summary"],'
        '"additionalProperties":false}'
    )


def test_the_error_never_repeats_the_answer() -> None:
    with pytest.raises(AssessorInvalidOutputError) as caught:
        parse_answer("the resident's secret", "stop")

    assert "secret" not in str(caught.value)
