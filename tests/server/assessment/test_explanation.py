"""What becomes of a model's answer."""

import pytest

from inference_server.assessment.explanation import explain, wants_note
from inference_server.assessment.schema import Answer
from tests.server.assessment.bodies import RULES, facts

NARRATIVE = "A person was at the front door on Saturday at 02:15 for 84 seconds."
NOTE = "Nobody is expected there at night."


def answer(note: str | None = NOTE) -> Answer:
    return Answer(because="night", change="higher", note=note)


def test_the_summary_is_the_narrative_and_the_note() -> None:
    said = explain(facts(narrative=NARRATIVE), answer())

    assert said.summary == f"{NARRATIVE} {NOTE}"
    assert (said.because, said.change, said.note, said.note_refused) == (
        "night",
        "higher",
        NOTE,
        None,
    )
    assert said.reasoning == "Decisive: night. The signs support each other."


def test_a_refused_note_drops_the_note_only() -> None:
    said = explain(facts(narrative=NARRATIVE), answer("A man with a knife stood there."))

    assert said.summary == NARRATIVE
    assert (said.because, said.change, said.note) == ("night", "higher", None)
    assert said.note_refused is not None
    assert "knife" in said.note_refused


def test_a_client_that_sends_no_narrative_gets_a_sentence_of_the_facts() -> None:
    said = explain(facts(), answer(None))

    assert said.summary == "At Front door, 2026-11-21 02:15: person, for 84 seconds."


@pytest.mark.parametrize("change", ["lower", "same", "higher"])
def test_the_score_is_that_of_the_rules_whatever_the_model_chooses(change: str) -> None:
    said = explain(facts(), Answer(because=None, change=change, note=None))  # type: ignore[arg-type]

    assert said.risk_score == RULES["score"]
    assert said.suggested_points == {"lower": -6, "same": 0, "higher": 6}[change]


@pytest.mark.parametrize(
    ("language", "wanted"), [(None, True), ("en", True), ("en-GB", True), ("de", False)]
)
def test_a_note_is_wanted_where_it_can_be_checked(language: str | None, wanted: bool) -> None:
    assert wants_note(facts(language=language), "nemotron-3-nano:4b") is wanted


def test_the_longest_texts_fit_the_response() -> None:
    said = explain(facts(narrative="x" * 330), answer("a" * 160))

    assert len(said.summary) <= 500
