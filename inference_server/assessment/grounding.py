"""Find objects that a text claims and that were not detected.

English only, the language of the prompt. Unknown words claim nothing, and with an unknown label no
claim is refused.
"""

from collections.abc import Iterator, Sequence
import re
from typing import Final

from inference_server.assessment.facts import Facts
from inference_server.assessment.prompt import MAX_CAMERA_BYTES, sanitize_name
from inference_server.assessment.vocabulary import label_kinds, word_kinds

_TOKENS: Final = re.compile(r"[a-z]+(?:'[a-z]+)?|[.,;:!?]")
_STOPS: Final = frozenset(".;:!?")

# These negate what follows up to the clause's verb: "no dog, cat or person was seen".
_NONE_OF: Final = frozenset(
    {
        "no",
        "nothing",
        "without",
        "neither",
        "nor",
        "never",
        "absence",
        "lack",
        "lacks",
        "lacking",
        "unlike",
    }
)
_RATHER: Final = frozenset({("rather", "than"), ("instead", "of"), ("free", "of")})
_VERBS: Final = frozenset({"is", "was", "are", "were", "has", "had", "but", "however", "while"})
_BEGINS_ANEW: Final = frozenset({"a", "an", "the", "one", "two", "three", "several"})
# "... was not seen" negates what precedes it.
_SEEN: Final = frozenset(
    {"seen", "detected", "visible", "present", "there", "found", "identified", "observed"}
)
_REACH: Final = 6  # tokens between an object and a negation after it

# Factors that name objects which the event's own images need not show.
_NAMED_BY_REASONS: Final = {
    name: frozenset({"person", "package", "bag", "bicycle"})
    for name in ("brought something", "taken away")
}

_RESIDENTS: Final = frozenset({"someone", "somebody", "people"})

# "Car park" and "dog flap" are places, not objects.
_PLACES: Final = frozenset(
    {
        *("area", "bay", "door", "entrance", "flap", "gate", "house", "kennel", "lane", "park"),
        *("path", "port", "rack", "room", "shed", "shelter", "side", "space", "stand", "station"),
        *("stop", "way", "yard"),
    }
)


def find_foreign_claims(text: str, facts: Facts) -> tuple[str, ...]:
    """Return the words of a text for objects that were not detected."""
    detected = {label_kinds(each.label) for each in facts.objects}
    if None in detected:
        return ()  # an unknown label may stand for any object
    for reason in facts.rules.factors:
        detected.add(_told_by(reason.name, detected) or label_kinds(reason.name))
    known = frozenset[str]().union(*(kinds for kinds in detected if kinds))
    tokens = _TOKENS.findall(_without_camera(text.lower(), facts.camera))
    denied = _denied(tokens)
    return tuple(
        tokens[index]
        for index, kinds in _named(tokens)
        if not kinds & known and not denied[index] and not _denied_behind(tokens, index)
    )


def _told_by(reason: str, detected: set[frozenset[str] | None]) -> frozenset[str]:
    """Return the kinds that a factor may speak of: the detected ones of these, if there are any."""
    named = _NAMED_BY_REASONS.get(reason, frozenset())
    seen = frozenset[str]().union(*(kinds & named for kinds in detected if kinds))
    return seen | (named & {"person"}) if seen - {"person"} else named


def _without_camera(text: str, camera: str) -> str:
    # A camera may be named "Dog run", which claims no dog.
    for name in (camera, sanitize_name(camera, MAX_CAMERA_BYTES)):
        text = text.replace(name.lower(), " ")
    return text


def _named(tokens: Sequence[str]) -> Iterator[tuple[int, frozenset[str]]]:
    for index, word in enumerate(tokens):
        behind = tokens[index + 1] if index + 1 < len(tokens) else ""
        if word in _RESIDENTS and "home" in tokens[index + 1 : index + 4]:
            continue  # "somebody was home" is about the residents
        if (kinds := word_kinds(word)) and behind.removesuffix("s") not in _PLACES:
            yield index, kinds


def _denied(tokens: Sequence[str]) -> list[bool]:
    """Return for each word whether a negation before it applies."""
    denied: list[bool] = []
    reach: str | None = None
    for index, word in enumerate(tokens):
        before = tokens[index - 1] if index else ""
        if (
            word in _STOPS
            or word in _VERBS
            or (before == "and" and word in _BEGINS_ANEW)
            or (reach == "not" and word in {",", "and", "only", "just"})
        ):
            reach = None
        if word == "not" or word.endswith("n't") or word == "cannot":
            reach = "not"
        elif word in _NONE_OF or (before, word) in _RATHER:
            reach = "no"
        denied.append(reach is not None)
    return denied


def _denied_behind(tokens: Sequence[str], index: int) -> bool:
    said_not = False
    for word in tokens[index + 1 : index + 1 + _REACH]:
        if word in _STOPS or word == ",":
            return False
        if said_not and word in _SEEN:
            return True
        said_not = said_not or word in {"not", "cannot", "never"} or word.endswith("n't")
    return False
