"""The sentences on an event say what the facts say, and nothing else."""

import re

from hypothesis import given, strategies as st
import pytest

from tests.core.risk.scenes import DOOR, NIGHT, NOON, PATH, SIDEWALK, facts, person, thing

# isort: split
from hsi_core.domain.context import Elsewhere
from hsi_core.domain.levels import LevelBounds
from hsi_core.domain.models import Detection
from hsi_core.risk.facts import FactSheet
from hsi_core.risk.narrative import Message, Narrative, describe_event, render
from hsi_core.risk.narrative_english import TEMPLATES
from hsi_core.risk.rules import apply_rules

PACKAGE = thing("package", 0.5, 0.92)
UNZONED: dict[str, object] = {"zones": ()}
MAX_LENGTH = 280  # of the request to the inference server


def narrative(sheet: FactSheet) -> Narrative:
    return describe_event(sheet, apply_rules(sheet, LevelBounds()))


@pytest.mark.parametrize(
    ("seen", "known", "text"),
    [
        (
            {0: [person(0.5, DOOR)], 35: [person(0.5, DOOR)]},
            {},
            "A person was seen at an entry point for 35 seconds, on Saturday at 02:15 (night).",
        ),
        (
            {0: [person(0.5, PATH)]},
            {"start": NOON},
            "A person was seen in the yard in one image, on Saturday at 12:00 (day).",
        ),
        (
            {0: [person(0.2, PATH), person(0.8, PATH)], 1: [person(0.2, PATH), person(0.8, PATH)]},
            {},
            "2 people were seen in the yard for 1 second, on Saturday at 02:15 (night).",
        ),
        (
            {0: [person(0.2, PATH)], 50: [person(0.8, PATH)]},
            {},
            "A person was seen in the yard for 50 seconds, on Saturday at 02:15 (night).",
        ),
        (
            {float(s): [person(0.1, SIDEWALK)] for s in range(0, 181, 30)},
            {},
            "A person was seen on the pavement for 3 minutes, on Saturday at 02:15 (night).",
        ),
        (
            {0: [person(0.5, DOOR, 0.5)]},
            {},
            "Possibly a person was seen in view in one image, on Saturday at 02:15 (night).",
        ),
        (
            {0: [person(0.5, DOOR)]},
            UNZONED,
            "A person was seen close to the camera in one image, on Saturday at 02:15 (night).",
        ),
        (
            {0: [thing("cat", 0.5, PATH)], 5: [thing("cat", 0.5, PATH)]},
            {},
            "A cat was seen in the yard for 5 seconds, on Saturday at 02:15 (night).",
        ),
        (
            {0: [thing("umbrella", 0.5, PATH), thing("dog", 0.2, PATH)]},
            UNZONED,
            "A dog and an umbrella were seen in view in one image, on Saturday at 02:15 (night).",
        ),
        (
            {0: []},
            {},
            "Nothing was seen in view in one image, on Saturday at 02:15 (night).",
        ),
        (
            {
                0: [person(0.1, SIDEWALK)],
                6: [person(0.5, DOOR)],
                12: [person(0.3, PATH), PACKAGE],
                18: [person(0.05, SIDEWALK), PACKAGE],
            },
            {},
            (
                "A person was seen at an entry point for 18 seconds, on Saturday at 02:15 (night). "
                "A package was left behind."
            ),
        ),
        (
            {
                0: [PACKAGE, person(0.1, SIDEWALK)],
                6: [PACKAGE, person(0.5, DOOR)],
                12: [person(0.3, PATH)],
                18: [person(0.05, SIDEWALK)],
            },
            {},
            (
                "A person was seen at an entry point for 18 seconds, on Saturday at 02:15 (night). "
                "A package was carried off."
            ),
        ),
        (
            {0: [person(0.5, PATH)]},
            {"elsewhere": (Elsewhere(camera="yard", at=NIGHT, label="person"),)},
            (
                "A person was seen in the yard in one image, on Saturday at 02:15 (night). "
                "Another camera saw a person around that time."
            ),
        ),
    ],
)
def test_who_where_when_and_how_long(
    seen: dict[float, list[Detection]], known: dict[str, object], text: str
) -> None:
    assert narrative(facts(seen, **known)).text == text  # type: ignore[arg-type]


def test_only_the_time_of_the_event_counts() -> None:
    parked = {float(s): [thing("car", 0.5, PATH, 0.2)] for s in range(-600, 11, 10)}

    assert "for 10 seconds" in narrative(facts(parked)).text


def test_another_language_needs_other_templates_only() -> None:
    said = narrative(facts({0: [person(0.5, DOOR)], 35: [person(0.5, DOOR)]}))
    german = {
        **TEMPLATES,
        "seen": "{weekday}, {time} ({part_of_day}): {who} {how_long} {where}.",
        "person": "eine Person",
        "for_seconds": "{seconds} Sekunden lang",
        "at_entry_point": "an einem Eingang",
        "weekday_5": "Samstag",
        "part_night": "nachts",
    }

    text = render(said, german)

    assert text == "Samstag, 02:15 (nachts): eine Person 35 Sekunden lang an einem Eingang."


LABELS = ["person", "car", "package", "dog", "a" * 40, "e" * 40, "i" * 40]


@given(
    seen=st.dictionaries(
        st.floats(0, 300),
        st.lists(
            st.builds(thing, st.sampled_from(LABELS), st.floats(0.1, 0.9), st.floats(0.3, 1.0)),
            max_size=4,
        ),
        min_size=1,
        max_size=6,
    ),
    zones_known=st.booleans(),
    start=st.sampled_from([NIGHT, NOON]),
)
def test_every_event_has_a_short_text_with_no_placeholder_left(
    seen: dict[float, list[Detection]], zones_known: bool, start: object
) -> None:
    known: dict[str, object] = {"start": start} if zones_known else {"start": start, **UNZONED}

    said = narrative(facts(seen, **known))  # type: ignore[arg-type]

    assert len(said.text) <= MAX_LENGTH
    assert re.fullmatch(r"([A-Z0-9][^{}\n]*\.)( [A-Z0-9][^{}\n]*\.)*", said.text)
    assert all(_keys(message) <= TEMPLATES.keys() for message in said.sentences)


def _keys(message: Message) -> set[str]:
    nested = (value for value in message.params.values() if isinstance(value, Message))
    return {message.key}.union(*map(_keys, nested))
