"""The alarm's state and the residents' presence in a note."""

from collections.abc import Iterator
import re
from typing import Final

from inference_server.assessment.claims.text import Clause, is_negation
from inference_server.assessment.facts import Facts

_UNKNOWN: Final = re.compile(
    r"\b(?:whether|if|unclear|uncertain|unsure|(?:is|was|are|were|remains?) unknown|"
    r"unknown (?:at|by|to)|not (?:\w+ )?known)\b"
)
_ON: Final = re.compile(
    r"\b(?:(?:set|armed|active|activated|enabled)\b|(?:was|is|being|turned|switched) on\b|on$)"
)
_OFF: Final = re.compile(r"\b(?:off|disarmed|unarmed|inactive|deactivated|disabled|unset)\b")
_SOUNDS: Final = re.compile(r"\b(?:went off|rang|sounded|triggered|ringing|siren)\b")
_SUBJECTS: Final = (
    r"(?:somebody|someone|anybody|anyone|residents?|family|owners?|people|parents|occupants?|"
    r"nobody|no one|household|they|he|she)"
)
_GOING: Final = re.compile(
    r"\b(?:come|comes|coming|came|arriv\w+|return\w*|going|goes|went|get|gets|way|headed|let) home\b"
)
_PRESENT: Final = re.compile(
    rf"\b(?:{_SUBJECTS}(?: \w+){{0,3}} (?:at )?home|(?:were|was|is|are|be|been) (?:at )?home|"
    r"(?:residents?|family|owners?|occupants?) (?:\w+ ){0,2}(?:inside|asleep|sleeping|indoors|upstairs)|(?:house|home) (?:was|is) occupied|"
    r"occupied (?:house|home))\b"
)
_ABSENT: Final = re.compile(
    r"\b(?:(?:empty|deserted|unoccupied|unattended|vacant) (?:house|home|property|building)|"
    r"(?:house|home|property) (?:\w+ ){0,3}(?:empty|deserted|unoccupied|unattended|vacant)|"
    r"(?:residents?|family|owners?|occupants?|everybody|everyone) (?:\w+ ){0,3}(?:away|out|left|gone|absent))\b"
)


def find_wrong_states(clause: Clause, facts: Facts) -> Iterator[str]:
    """Return each claim on the alarm or the residents that is not in the facts."""
    unknown = bool(_UNKNOWN.search(clause.text)) or (clause.has("known") and clause.negated)
    if clause.has("alarm", "alarms", "alarm's"):
        yield from _wrong_alarm(clause, facts.armed, unknown=unknown)
    yield from _wrong_presence(clause, facts, unknown=unknown)


def _wrong_alarm(clause: Clause, armed: bool | None, *, unknown: bool) -> Iterator[str]:
    text = clause.text
    if sound := _SOUNDS.search(text):
        yield f"alarm {sound[0]}"
    elif unknown:
        if armed is not None:
            yield "alarm unknown"
    elif said := _OFF.search(text):
        if armed is not _flip(False, clause, said.start()):
            yield f"alarm {said[0]}"
    elif (said := _ON.search(text)) and armed is not _flip(True, clause, said.start()):
        yield f"alarm {said[0]}"


def _wrong_presence(clause: Clause, facts: Facts, *, unknown: bool) -> Iterator[str]:
    text = _GOING.sub(" ", clause.text)
    home = None if facts.occupancy is None else facts.occupancy == "home"
    absent, present = _ABSENT.search(text), _PRESENT.search(text)
    if not (absent or present):
        return
    if unknown:
        if home is not None:
            yield "home unknown"
    elif absent:
        if home is not _flip(False, clause, absent.start()):
            yield absent[0]
    elif present and home is not _flip(True, clause, present.end()):
        yield present[0]


def _flip(said: bool, clause: Clause, position: int) -> bool:
    """Return the claim, reversed if a negation precedes it."""
    before = clause.text[:position].split()
    return said is not (sum(is_negation(word) for word in before) % 2 == 1)
