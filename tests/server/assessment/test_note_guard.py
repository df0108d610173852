"""A note may say what the facts say and interpret it; it may not add a fact."""

from collections.abc import Mapping

from hypothesis import given, strategies as st
import pytest

from inference_server.assessment.note_guard import MAX_REASON, find_refusal
from tests.server.assessment.bodies import OBJECT, RULES, facts
from tests.server.assessment.corpus import Note, read_more_notes, read_notes

NOTES = read_notes()


def test_of_the_false_notes_at_least_99_percent_are_refused() -> None:
    false = [note for note in NOTES if not note.true]
    passed = [note.text for note in false if find_refusal(note.text, note.facts) is None]

    assert len(false) == 200
    assert len(passed) <= len(false) // 100, passed


def test_of_the_true_notes_at_most_1_percent_are_refused() -> None:
    true = [note for note in NOTES if note.true]
    refused = {
        note.text: why for note in true if (why := find_refusal(note.text, note.facts)) is not None
    }

    assert len(true) == 200
    assert len(refused) <= len(true) // 100, refused


@pytest.mark.parametrize("note", read_more_notes(), ids=lambda note: note.text)
def test_further_notes_are_judged_rightly(note: Note) -> None:
    assert (find_refusal(note.text, note.facts) is None) is note.true


# One person, Saturday 02:15 to 02:16:24, alarm set, occupancy unknown, at the door and in the yard.
@pytest.mark.parametrize(
    "note",
    [
        "The person stood there for 37 seconds.",
        "Four people came to the door.",
        "It was on Sunday at 14:05.",
        "The person returned 12 times.",
        "The risk score is 97.",
        "The alarm was off.",
        "The alarm went off.",
        "Nobody was home.",
        "The residents were home.",
        "The person was on the driveway.",
        "The person waited under the window.",
        "It was a sunny afternoon.",
        "It happened in June.",
        "A masked man stood there.",
        "The person knocked.",
        "The person broke into the house.",
        "John came to the door.",
        "Someone from Acme rang.",
        "See http://example.com for more.",
        "The person only passed by.",
        "The event is 40 % likely to be harmless.",
        "The person came back.",
        "Both of them stood there.",
        "An hour went by.",
        "A dog was there.",
        "It was 3 pm.",
        "It was after seven in the evening.",
    ],
)
def test_what_is_not_in_the_facts_is_refused(note: str) -> None:
    why = find_refusal(note, facts())

    assert why is not None
    assert why.startswith("not in the facts: ")


@pytest.mark.parametrize(
    "note",
    [
        "Nobody is expected there at night.",
        "The person stayed for more than a minute.",
        "One person lingered at the entrance.",
        "It was Saturday at 02:15.",
        "It was 2 am.",
        "The alarm was set, and it is unknown whether anyone was home.",
        "The alarm was not off.",
        "The person never came back.",
        "There was no second person.",
        "It was not in the afternoon.",
        "Front Door is where it happened.",
        "This deserves a look.",
    ],
)
def test_what_the_facts_say_or_leave_open_is_kept(note: str) -> None:
    assert find_refusal(note, facts()) is None


@pytest.mark.parametrize(
    ("changes", "note", "kept"),
    [
        ({"armed": None}, "It is unknown whether the alarm was set.", True),
        ({"armed": True}, "It is unknown whether the alarm was set.", False),
        ({"armed": False}, "The alarm was not set.", True),
        ({"armed": False}, "The alarm was switched off.", True),
        ({"occupancy": "away"}, "Nobody was home.", True),
        ({"occupancy": "away"}, "The house was empty.", True),
        ({"occupancy": "home"}, "The house was empty.", False),
        ({"occupancy": "home"}, "Somebody was home.", True),
        ({"occupancy": "away"}, "Somebody was coming home.", True),
        ({"occupancy": "home"}, "The residents were not home.", False),
        ({"occupancy": None}, "The residents were away.", False),
    ],
)
def test_states_of_the_home_are_those_of_the_facts(
    changes: Mapping[str, object], note: str, kept: bool
) -> None:
    assert (find_refusal(note, facts(**changes)) is None) is kept


@pytest.mark.parametrize(
    ("reasons", "kept"), [(("returns",), True), (("returns often",), True), ((), False)]
)
def test_only_a_factor_tells_of_returning(reasons: tuple[str, ...], kept: bool) -> None:
    factors = [{"name": name, "points": 12} for name in reasons]
    told = facts(rules={**RULES, "factors": factors})

    assert (find_refusal("The person came back several times.", told) is None) is kept
    assert find_refusal("The person came back seven times.", told)


def test_two_people_are_counted() -> None:
    two = facts(objects=[OBJECT, OBJECT])

    assert find_refusal("Two people stood there.", two) is None
    assert find_refusal("Three people stood there.", two)
    assert find_refusal("A single person stood there.", two)


def test_the_camera_may_be_named_whatever_its_name_claims() -> None:
    assert find_refusal("It was seen at Dog Run Monday.", facts(camera="Dog Run Monday")) is None


@given(st.text(max_size=160))
def test_any_text_is_judged_and_a_reason_is_short(note: str) -> None:
    why = find_refusal(note, facts())

    assert why is None or 0 < len(why) <= MAX_REASON
