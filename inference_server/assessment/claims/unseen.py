"""Claims on what a detector cannot see: looks, sounds, actions, scores."""

from collections.abc import Iterator
import re
from typing import Final

from inference_server.assessment.claims.text import Clause
from inference_server.assessment.facts import Facts

_LOOKS: Final = frozenset(
    {
        *("man", "men", "woman", "women", "boy", "boys", "girl", "girls", "child", "children"),
        *("kid", "kids", "baby", "toddler", "teenager", "teenagers", "adult", "adults", "elderly"),
        *("masked", "hooded", "disguised", "barefoot", "naked", "bearded", "tall", "wearing"),
        *("red", "blue", "green", "yellow", "black", "white", "grey", "gray", "silver", "brown"),
        *("he", "she", "his", "her", "him", "police", "officer", "officers", "guard", "guards"),
        *("neighbour", "neighbours", "neighbor", "neighbors", "firefighter", "firefighters"),
    }
)
_ACTIONS: Final = re.compile(
    r"\b(?:broke|broken|breaks?|breaking|smash\w*|forced|climb\w*|jump\w*|crawl\w*|attack\w*|"
    r"threaten(?:ed|ing)|fought|fight\w*|shot|shoot\w*|shout\w*|scream\w*|bark\w*|ring|rings|rang|"
    r"knock\w*|chas\w*|swim\w*|swam|smok\w*|burn\w*|fire|explod\w*|explosions?|greet\w*|handed|signed|wav(?:ed|ing)|hug\w*|injur\w*|bleed\w*|blood|hid|"
    r"hiding|hidden|sabotag\w*|unlock\w*|picked|picking|pried|pry|vandal\w*|spray\w*|talk\w*|"
    r"spoke|laugh\w*|opened|entered|enters|rained|raining|snow\w*|storm\w*|weather|music|"
    r"stab\w*|kidnap\w*|murder\w*|drunk|carr(?:y|ied|ying|ies))\b"
)
_SCORES: Final = re.compile(r"\b(?:score\w*|percent|points?|probability)\b|%")
_POINTS_TO: Final = re.compile(r"\bpoints? (?:to|towards?|is|of)\b")
_STOLEN: Final = re.compile(
    r"\b(?:stole|stolen|steal\w*|theft|thief|robbed|robbery|(?:was|were|been|being|are) taken)\b"
)
_DELIVERED: Final = re.compile(
    r"\b(?:was|were|been|being) delivered\b|\bdelivery (?:was|is)\b|\bbrought\b"
)
_RESIDENTS: Final = re.compile(
    r"\b(?:the|a|one|his|her) (?:residents?|owners?|family)(?: \w+)? "
    r"(?:took|opened|let|brought|carried|picked|greeted|answered|received|noticed|saw|called)\b"
)
_STOPPED: Final = re.compile(r"\b(?:stopped|parked|waited|stayed|stood)\b")
_PASSED: Final = re.compile(
    r"\b(?:pass(?:ed|es|ing)?(?: by)?|(?:walk|drove|driv|went|rode|rid)\w* (?:by|past))\b"
)
_RATHER: Final = re.compile(r"\b(?:instead of|rather than) .*$")
_DROVE_OFF: Final = re.compile(r"\b(?:drove|driven|drives) (?:away|off)\b")


def find_unseen(clause: Clause, facts: Facts) -> Iterator[str]:
    """Return each claim that no detection can support."""
    text = clause.text
    yield from (word for word in clause.words if word in _LOOKS)
    if clause.negated:
        return
    reasons = {factor.name for factor in facts.rules.factors}
    if found := _ACTIONS.search(text):
        yield found[0]
    if found := _SCORES.search(_POINTS_TO.sub(" ", text)):
        yield found[0]
    if (found := _STOLEN.search(text)) and "taken away" not in reasons:
        yield found[0]
    if found := _RESIDENTS.search(text):
        yield found[0]
    if (found := _DELIVERED.search(text)) and "taken away" in reasons:
        yield found[0]
    if (found := _STOPPED.search(text)) and all(
        each.movement == "passing" for each in facts.objects
    ):
        yield found[0]
    passing = any(each.movement in {"passing", "unknown"} for each in facts.objects)
    if (found := _PASSED.search(_RATHER.sub(" ", text))) and not passing:
        yield found[0]
    leaving = any(each.movement in {"leaving", "passing", "unknown"} for each in facts.objects)
    if (found := _DROVE_OFF.search(text)) and not leaving:
        yield found[0]
