"""Decide whether a language model's note may be shown.

A note is dispensable: the event keeps its sentence, level and factors. So a note that claims
anything beyond the facts is dropped, and a doubt may drop a note that was true.
"""

from collections.abc import Iterator
import re
from typing import Final

from inference_server.assessment.claims.home_state import find_wrong_states
from inference_server.assessment.claims.moments import MOMENT_NAMES, find_wrong_moments
from inference_server.assessment.claims.numbers import find_wrong_numbers
from inference_server.assessment.claims.places import find_wrong_places
from inference_server.assessment.claims.text import split_clauses
from inference_server.assessment.claims.unseen import find_unseen
from inference_server.assessment.facts import Facts
from inference_server.assessment.grounding import find_foreign_claims
from inference_server.assessment.vocabulary import word_kinds

MAX_REASON: Final = 200  # characters
MAX_NAMED: Final = 5  # claims in a reason

_NAME: Final = re.compile(r"(?<=[a-z,;] )(?!I\b)[^\W\d_a-z][\w'-]*")
# A name at the start of a sentence, as what somebody did follows.
_SUBJECT: Final = re.compile(
    r"(?:^|[.!?] )([^\W\d_a-z][\w'-]*) (?:and [^\W\d_a-z]\w* )?"
    r"(?:came|stood|walked|waited|stayed|left|visited|returned|approached|arrived|lingered|moved)\b"
)
_SUBJECTS: Final = frozenset(
    {
        *("it", "they", "someone", "somebody", "nobody", "everyone", "everybody", "both", "all"),
        *("one", "neither", "nothing", "two", "three", "four", "several", "residents", "some"),
    }
)
_MARKUP: Final = re.compile(r"[<>{}\[\]|`*_#\\@\n]|https?:|www\.")

_CHECKS: Final = (
    find_wrong_numbers,
    find_wrong_moments,
    find_wrong_places,
    find_wrong_states,
    find_unseen,
)


def find_refusal(note: str, facts: Facts) -> str | None:
    """Return why the English note must not be shown; None if the facts support it."""
    claims = [*find_foreign_claims(note, facts), *_names(note, facts)]
    for clause in split_clauses(note, facts):
        for check in _CHECKS:
            claims.extend(check(clause, facts))
    if not claims:
        return None
    named = ", ".join(dict.fromkeys(claims[:MAX_NAMED]))
    return f"not in the facts: {named}"[:MAX_REASON]


def _names(note: str, facts: Facts) -> Iterator[str]:
    """Return names other than the camera's, and markup."""
    for found in _NAME.finditer(note):
        word = found[0].lower().removesuffix("'s")
        if word not in facts.camera.lower() and word not in MOMENT_NAMES:
            yield found[0]
    for found in _SUBJECT.finditer(note):
        word = found[1].lower()
        if word not in _SUBJECTS and not word_kinds(word) and word not in facts.camera.lower():
            yield found[1]
    if markup := _MARKUP.search(note):
        yield markup[0]
