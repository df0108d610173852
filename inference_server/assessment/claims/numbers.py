"""Numbers in a note: durations, counts of objects and images, repetitions."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
import re
from typing import Final

from inference_server.assessment.claims.text import Clause
from inference_server.assessment.facts import Facts
from inference_server.assessment.vocabulary import label_kinds, word_kinds

_WORDS: Final = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "hundred": 100,
    "thousand": 1000,
}
_UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_TOLERANCE: Final = 0.15  # of a rounded duration
_HALF: Final = {("half", "a"), ("half", "an")}
_MORE: Final = re.compile(r"\b(?:more than|over|longer than|at least|well over) (?:\w+ ){0,1}$")
_LESS: Final = re.compile(r"\b(?:less than|under|within|below|not even|at most) (?:\w+ ){0,1}$")
_PEOPLE: Final = frozenset({"resident", "stranger", "visitor", "figure", "suspect", "of"})
_IMAGES: Final = frozenset({"image", "picture", "frame", "still", "photo", "snapshot"})
_RETURN: Final = re.compile(
    r"\b(?:(?:came|come|comes|coming|been) back|return(?:s|ed)?|again and again|repeated(?:ly)?|"
    r"twice|thrice|(?:second|third|fourth|fifth) time|several times|many times|once more|"
    r"kept coming|over and over)\b"
)
_SEVERAL: Final = re.compile(
    r"\b(?:(?:several|multiple|many|more|some) (?:people|persons)|"
    r"(?:second|another|other) (?:person|visitor|stranger))\b"
)
_ONCE: Final = re.compile(r"\b(?:came|passed|visited|appeared|was there) (?:only |just )?once\b")
_VAGUE: Final = re.compile(r"\b(?:few|several|some|many|couple of) (minute|hour|day|week)s\b")
_NOTHING: Final = frozenset[str]()
_TIMES: Final = re.compile(r"\b(\w+) times\b")


def find_wrong_numbers(clause: Clause, facts: Facts) -> Iterator[str]:
    """Return each number in the clause that is no duration, count or repetition of the facts."""
    words = clause.words
    counts = _object_counts(facts)
    for index, word in enumerate(words):
        if (value := _value(word)) is None:
            continue
        after = [_singular(each) for each in words[index + 1 : index + 4]]
        follows = after[0] if after else ""
        if follows in _UNITS:
            if not _is_duration(value * _UNITS[follows], words[:index], facts):
                yield f"{word} {words[index + 1]}"
        elif follows == "more" and len(after) > 1 and after[1] in _UNITS:
            yield f"{word} more"
        elif any(each in _IMAGES for each in after[:2]):
            if value not in _image_counts(facts):
                yield f"{word} images"
        elif follows == "time" or _is_moment(words, index):
            continue  # repetitions are checked below, moments by themselves
        elif word == "one" and _is_pronoun(words, index):
            continue
        elif kinds := next((kinds for each in after[:2] if (kinds := _kinds(each))), _NOTHING):
            counted = max((counts[kind] for kind in kinds), default=0)
            at_least = " ".join(words[max(0, index - 2) : index]) == "more than"
            if not (counted > value if at_least else counted == value):
                yield f"{word} {after[0]}"
        elif value not in counts.values():
            yield word
    yield from _wrong_articles(clause, facts)
    for found in _VAGUE.finditer(clause.text):
        if max(_durations(facts)) < 1.5 * _UNITS[found[1]]:
            yield found[0]
    yield from _wrong_groups(clause, counts)
    yield from _wrong_repetitions(clause, facts)


def _wrong_articles(clause: Clause, facts: Facts) -> Iterator[str]:
    """Find durations without a number: "half a minute", "over an hour"."""
    words = clause.words
    for index, word in enumerate(words):
        if word not in {"a", "an", "half"} or index + 1 >= len(words):
            continue
        half = index > 0 and words[index - 1] == "half"
        # "A second person" and "a day" are no durations.
        if _singular(words[index + 1]) in {"minute", "hour", "week"}:
            length = _UNITS[_singular(words[index + 1])] * (0.5 if half else 1)
            if not _is_duration(length, words[: index - half], facts):
                yield f"{'half ' if half else ''}{word} {words[index + 1]}"


def _wrong_groups(clause: Clause, counts: Counter[str]) -> Iterator[str]:
    people = counts["person"]
    for word in clause.words:
        wrong = (
            (word in {"alone", "lone", "single"} and people > 1 and not clause.negated)
            or (word in {"both", "pair", "couple"} and max(counts.values(), default=0) < 2)
            or (word in {"group", "crowd", "gang", "party"} and people < 3)
        )
        if wrong:
            yield word
    for word, noun in pairwise(clause.words):
        kinds = word_kinds(noun) if word in {"another", "second"} else _NOTHING
        if kinds and not clause.negated and max(counts[kind] for kind in kinds) < 2:
            yield f"{word} {noun}"
    if people < 2 and (found := _SEVERAL.search(clause.text)) and not clause.negated:
        yield found[0]


def _wrong_repetitions(clause: Clause, facts: Facts) -> Iterator[str]:
    reasons = {factor.name for factor in facts.rules.factors}
    returned = bool(reasons & {"returns", "returns often"})
    for found in _TIMES.finditer(clause.text):
        # How many times is not among the facts.
        if _value(found[1]) is not None:
            yield found[0]
    if clause.negated:
        return
    if returned:
        yield from _ONCE.findall(clause.text)
        return
    for found in _RETURN.finditer(clause.text):
        # "A resident returned" means that somebody came home.
        if not (found[0].startswith("return") and clause.has("resident", "residents", "home")):
            yield found[0]


def _value(word: str) -> float | None:
    if word in _WORDS:
        return _WORDS[word]
    if not word[0].isdigit() or ":" in word:
        return None
    try:
        return float(word)
    except ValueError:
        return None


def _is_pronoun(words: tuple[str, ...], index: int) -> bool:
    before = words[index - 1] if index else ""
    after = words[index + 1] if index + 1 < len(words) else ""
    return before in {"no", "any", "some", "every", "each", "this", "that", "the", "which"} or (
        after in {"of", "another", "is", "was", "would", "could", "might", "who", "to", ""}
    )


def _is_moment(words: tuple[str, ...], index: int) -> bool:
    before = words[index - 1] if index else ""
    after = words[index + 1] if index + 1 < len(words) else ""
    # "Just after six", "one in the night", "3 am", "past two".
    return (
        after in {"am", "pm", "o'clock"}
        or (before in {"past", "after", "before", "until", "since"} and _ends_or_in(words, index))
        or (before in {"at", "around", "by"} and _ends_or_in(words, index))
    )


def _ends_or_in(words: tuple[str, ...], index: int) -> bool:
    return index + 1 == len(words) or words[index + 1] in {"in", "on", "at", "o'clock"}


def _is_duration(length: float, before: tuple[str, ...], facts: Facts) -> bool:
    """Whether the facts have a duration of this many seconds, or as the words before it say."""
    known = _durations(facts)
    text = " ".join(before[-4:]) + " "
    if _MORE.search(text):
        return any(length <= each < 10 * length for each in known)
    if _LESS.search(text):
        return any(each <= length for each in known)
    if re.search(r"\b(?:almost|nearly|about|around|roughly|some|approximately) $", text):
        return any(0.7 * length <= each <= 1.3 * length for each in known)
    exact = 1.0 if length < 60 or length % 60 else _TOLERANCE * length + 10
    return any(abs(each - length) <= exact for each in known) or (
        length == 30 and any(20 <= each <= 40 for each in known)
    )


def _durations(facts: Facts) -> list[float]:
    whole = _seconds(facts.started_at, facts.ended_at)
    return [whole, *(_seconds(each.first_seen, each.last_seen) for each in facts.objects)]


def _image_counts(facts: Facts) -> set[float]:
    return {facts.image_count, *(each.images for each in facts.objects)}


def _object_counts(facts: Facts) -> Counter[str]:
    counts: Counter[str] = Counter()
    for each in facts.objects:
        for kind in label_kinds(each.label) or ():
            counts[kind] += 1
    return counts


def _kinds(word: str) -> frozenset[str]:
    return frozenset({"person"}) if word in _PEOPLE - {"of"} else word_kinds(word)


def _singular(word: str) -> str:
    return word.removesuffix("s") if len(word) > 3 else word


def _seconds(first: datetime, last: datetime) -> float:
    return (last - first).total_seconds()
