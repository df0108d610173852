"""A note as clauses of lower-case words."""

from dataclasses import dataclass
import re
from typing import Final

from inference_server.assessment.facts import Facts
from inference_server.assessment.prompt import MAX_CAMERA_BYTES, sanitize_name

_TOKENS: Final = re.compile(r"\d+(?::\d\d)?(?:\.\d+)?|[^\W\d_]+(?:'[^\W\d_]+)?|[%.,;:!?]")
_ENDS: Final = frozenset(".,;:!?")
_JOINS: Final = frozenset({"and", "but", "yet", "while", "because", "so", "although", "though"})
_NEGATIONS: Final = frozenset(
    {"no", "not", "never", "nobody", "none", "neither", "nor", "without", "cannot", "nothing"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """Consecutive words between punctuation or conjunctions."""

    words: tuple[str, ...]

    def has(self, *words: str) -> bool:
        """Whether the clause has one of the words."""
        return any(word in words for word in self.words)

    @property
    def text(self) -> str:
        """The words, separated by one space."""
        return " ".join(self.words)

    @property
    def negated(self) -> bool:
        """Whether the clause has a negation anywhere."""
        return any(is_negation(word) for word in self.words)

    def negated_before(self, index: int) -> bool:
        """Whether a negation precedes the word."""
        return any(is_negation(word) for word in self.words[:index])


def is_negation(word: str) -> bool:
    """Whether a word negates what follows."""
    return word in _NEGATIONS or word.endswith("n't")


def split_clauses(text: str, facts: Facts) -> tuple[Clause, ...]:
    """Return the clauses of a text; the camera's name, which is a fact, is left out."""
    clauses: list[Clause] = []
    words: list[str] = []
    for token in _TOKENS.findall(_without_camera(text.lower().replace("\u2019", "'"), facts)):
        if token in _ENDS or (token in _JOINS and _is_clause(words)):
            clauses.append(Clause(words=tuple(words)))
            words = []
        else:
            words.append(token)
    clauses.append(Clause(words=tuple(words)))
    return tuple(clause for clause in clauses if clause.words)


def _is_clause(words: list[str]) -> bool:
    # "The alarm was set and somebody was home" are two; "the yard and the entrance" is none.
    return any(word in _CLAUSE_VERBS or word.endswith("ed") for word in words)


_CLAUSE_VERBS: Final = frozenset(
    {"is", "was", "are", "were", "has", "had", "came", "stood", "left"}
)


def _without_camera(text: str, facts: Facts) -> str:
    for name in (facts.camera, sanitize_name(facts.camera, MAX_CAMERA_BYTES)):
        text = re.sub(rf"(?<!\w){re.escape(name.lower())}(?!\w)", " ", text)
    return text
