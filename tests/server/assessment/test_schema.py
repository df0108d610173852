"""A model's answer is read if it is unambiguous, and never repaired."""

import json
from typing import Any

from jsonschema import Draft202012Validator
import pytest

from inference_server.assessment.schema import MAX_NOTE, Answer, answer_schema, parse_answer
from inference_server.errors import (
    AssessorInvalidOutputError,
    AssessorNotJsonError,
    AssessorTruncatedError,
)

FACTORS = ("night", "entry point")
ANSWER: dict[str, Any] = {
    "because": "night",
    "change": "higher",
    "note": "Nobody is expected there at night.",
}


def answer(**changes: object) -> str:
    return json.dumps({**ANSWER, **changes})


def without(name: str) -> str:
    return json.dumps({key: value for key, value in ANSWER.items() if key != name})


def parse(text: str | None, finish_reason: str | None = "stop") -> Answer:
    return parse_answer(text, finish_reason, factors=FACTORS, note=True)


@pytest.mark.parametrize("finish_reason", ["stop", "", None])
def test_an_answer_that_keeps_to_the_schema_is_read(finish_reason: str | None) -> None:
    assert parse(answer(), finish_reason) == Answer(
        because="night", change="higher", note="Nobody is expected there at night."
    )


def test_the_order_and_the_spaces_do_not_matter() -> None:
    text = json.dumps(dict(reversed(ANSWER.items())), indent=4)

    assert parse(f"\n {text} \n") == parse(answer())


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{answer()}\n```",
        f"Sure: {answer()}",
        answer() * 2,
        "<think>a person</think>" + answer(),
        f"<think>{answer(change='lower')}</think>\n```\n{answer()}",
        json.dumps(answer()),
        f"{answer()}<|im_end|>",
    ],
)
def test_the_only_answer_in_a_text_is_read(text: str) -> None:
    assert parse(text) == parse(answer())


@pytest.mark.parametrize("finish_reason", ["eos", "STOP", "end_turn", "something new"])
def test_the_finish_reasons_of_other_servers_are_known(finish_reason: str) -> None:
    assert parse(answer(), finish_reason) == parse(answer())


@pytest.mark.parametrize("finish_reason", ["abort", "SAFETY", "error"])
def test_an_answer_that_was_broken_off_is_refused(finish_reason: str) -> None:
    with pytest.raises(AssessorInvalidOutputError, match=finish_reason):
        parse(answer(), finish_reason)


def test_an_unknown_finish_reason_counts_against_an_incomplete_answer() -> None:
    with pytest.raises(AssessorInvalidOutputError, match="something new"):
        parse(f"Sure: {answer()}", "something new")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "is empty"),
        ("", "is empty"),
        (" \n", "is empty"),
        ("The risk is high.", "is not JSON"),
        (answer()[:-1], "is not JSON"),
        (answer() + answer(change="lower"), "is not JSON"),
        (f"```json\n{answer()}\n```\nor ```{answer(change='lower')}```", "is not JSON"),
        (f"<think>a person {answer()}", "is not JSON"),
        (f"Sure: {answer(change=1)}", "change is none of its choices"),
        ("[" * 100_000, "is not JSON"),
        ("{" * 100_000, "is not JSON"),
        ('{"a":' * 10_000, "is not JSON"),
        (answer(note=float("nan")), "is not JSON"),
        (f"[{answer()}]", "is not an object"),
        ("12", "is not an object"),
        ("{}", "because is missing"),
        (without("because"), "because is missing"),
        (without("change"), "change is missing"),
        (without("note"), "note is missing"),
        (answer(risk_level="low"), "has a field that was not asked for"),
        (answer()[:-1] + ', "change": "lower"}', "has a field twice"),
        (answer(because="alarm off"), "because is none of its choices"),
        (answer(because=["night"]), "because is none of its choices"),
        (answer(because=None), "because is none of its choices"),
        (answer(change="Higher"), "change is none of its choices"),
        (answer(change=1), "change is none of its choices"),
        (answer(note=None), "note is not a text"),
        (answer(note=["a"]), "note is not a text"),
    ],
)
def test_anything_else_is_an_error_that_says_what(text: str | None, complaint: str) -> None:
    with pytest.raises(AssessorInvalidOutputError, match=complaint) as caught:
        parse(text)

    kinds = {"is not JSON": AssessorNotJsonError}
    assert type(caught.value) is kinds.get(complaint, AssessorInvalidOutputError)


@pytest.mark.parametrize("note", ["", " \n", "x" * (MAX_NOTE + 1)])
def test_a_note_that_cannot_be_shown_is_left_out(note: str) -> None:
    assert parse(answer(note=note)) == Answer(because="night", change="higher", note=None)


def test_a_note_is_one_line() -> None:
    assert parse(answer(note=" Two\nlines. ")).note == "Two lines."


def test_an_event_without_factors_has_no_reason() -> None:
    text = json.dumps({"because": "none", "change": "same"})

    parsed = parse_answer(text, "stop", factors=(), note=False)

    assert parsed == Answer(because=None, change="same", note=None)


def test_a_note_that_was_not_asked_for_is_refused() -> None:
    with pytest.raises(AssessorInvalidOutputError, match="not asked for"):
        parse_answer(answer(), "stop", factors=FACTORS, note=False)


def test_an_answer_cut_off_by_the_token_limit_is_refused_even_if_it_reads_well() -> None:
    with pytest.raises(AssessorTruncatedError, match="cut off after"):
        parse(answer(), "length")


def test_an_answer_that_a_filter_ended_is_refused() -> None:
    with pytest.raises(AssessorInvalidOutputError, match="content_filter"):
        parse(answer(), "content_filter")


@pytest.mark.parametrize("note", [True, False])
@pytest.mark.parametrize("factors", [FACTORS, ()])
def test_what_the_schema_allows_is_read(factors: tuple[str, ...], note: bool) -> None:
    schema = answer_schema(factors, note=note)
    Draft202012Validator.check_schema(schema)
    said = {"because": factors[0] if factors else "none", "change": "same"}
    if note:
        said["note"] = "x" * MAX_NOTE
    Draft202012Validator(schema).validate(said)

    assert parse_answer(json.dumps(said), "stop", factors=factors, note=note).change == "same"


def test_the_bytes_of_the_schema_sent_to_the_model() -> None:
    assert json.dumps(answer_schema(FACTORS, note=True), separators=(",", ":")) == (
        '{"type":"object","properties":{'
        '"because":{"type":"string","enum":["night","entry point"]},'
        '"change":{"type":"string","enum":["lower","same","higher"]},'
        '"note":{"type":"string","maxLength":160}},'
        '"required":["because","change","note"],"additionalProperties":false}'
    )


def test_the_error_never_repeats_the_answer() -> None:
    with pytest.raises(AssessorInvalidOutputError) as caught:
        parse(answer(because="the resident's secret"))

    assert "secret" not in str(caught.value)
