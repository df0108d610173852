"""Every text field of every answer: bounded, printable and without credentials where it enters."""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import asdict
import json
from typing import Any

import pytest

from testbed import inference_responses as responses
import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.errors import CoreError
from hsi_core.inference.error_mapping import error_from_response
from hsi_core.inference.json_reader import JsonReader, read_object
from hsi_core.inference.server_text import NAME_LIMIT, TEXT_LIMIT, clean
from hsi_core.inference.wire import read_detect_result, read_health, read_model_answer, read_pull

type Read = Callable[[JsonReader], object]

LONGEST = 2000  # characters of any text, the model's reasoning
SECRET = "hunter2hunter2"
DSN = f"postgresql://user:{SECRET}@host/db"
HOSTILE = {
    "long": "x" * 210_000,
    "credentials": f"at {DSN}",
    "control characters": "a\x00b\x1b[31mc\u202ed\ud800e\x85f",
}
HEALTH = {
    **responses.HEALTH,
    "detector": {**responses._DETECTOR, "fallback": "cpu", "error": "no weights"},
    "assessor": {
        **responses._ASSESSOR,
        "fallback": "cpu",
        "accepts": ["language"],
        "pull": {**responses.MODEL_DOWNLOAD, "error": "disk full"},
    },
}
ASSESSED = {
    **responses.ASSESSED,
    "model_digest": "b1c2",
    "change": "up",
    "because": "zone_entry",
    "note": "It carries a parcel.",
    "note_refused": "It claimed more.",
}


def read_problem(body: JsonReader) -> object:
    sent = json.dumps(body._fields).encode()
    error = error_from_response(500, {"Content-Type": "application/problem+json"}, sent)
    return {"message": str(error), "code": error.code}


ANSWERS: Mapping[str, tuple[Mapping[str, object], Read]] = {
    "health": (HEALTH, read_health),
    "detect": (responses.DETECTED, read_detect_result),
    "assess": (ASSESSED, read_model_answer),
    "pull": ({**responses.MODEL_DOWNLOAD, "error": "disk full"}, read_pull),
    "problem": (responses.problem(500, "internal"), read_problem),
}


def text_fields(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each text in an answer."""
    match value:
        case str():
            yield path
        case Mapping():
            for key, each in value.items():
                yield from text_fields(each, (*path, key))
        case list():
            for index, each in enumerate(value):
                yield from text_fields(each, (*path, index))


def with_text(answer: Mapping[str, object], path: tuple[Any, ...], text: str) -> bytes:
    """Return an answer's JSON with one text replaced."""
    changed: Any = deepcopy(dict(answer))
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = text
    return json.dumps(changed).encode()


def texts(value: object) -> Iterator[str]:
    """Yield all texts of a value."""
    match value:
        case str():
            yield value
        case Mapping():
            for key, each in value.items():
                yield from (*texts(key), *texts(each))
        case list() | tuple() | frozenset():
            for each in value:
                yield from texts(each)


FIELDS = [
    pytest.param(name, path, id=f"{name}: {'.'.join(map(str, path))}")
    for name, (answer, _) in ANSWERS.items()
    for path in text_fields(answer)
]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(("name", "path"), FIELDS)
def test_each_text_of_each_answer_is_harmless(name: str, path: tuple[Any, ...], text: str) -> None:
    answer, read = ANSWERS[name]
    try:
        value = read(read_object(with_text(answer, path, text)))
    except CoreError as error:
        shown = [str(error), error.code]
    else:
        shown = list(texts(value if isinstance(value, dict) else asdict(value)))  # type: ignore[call-overload]  # a dataclass
    assert shown
    for each in shown:
        assert len(each) <= LONGEST
        assert SECRET not in each
        assert each.replace("\n", "").isprintable()


def test_the_answers_have_texts_in_all_fields() -> None:
    assert len(FIELDS) > 40


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (DSN, "postgresql://***@host/db"),
        ("redis://:pa/ss@h:1 and http://a:b@c", "redis://***@h:1 and http://***@c"),
        ("Authorization: Bearer abc123def456ghi789", "Authorization: Bearer ***"),
        ("password=hunter2 host=db", "password=*** host=db"),
        ('{"api_key": "abc", "n": 1}', '{"api_key": "***", "n": 1}'),
        ("NEMOTRON_API_KEY=abc", "NEMOTRON_API_KEY=***"),
        # What is no secret stays.
        ("http://ollama:11434/api: 404", "http://ollama:11434/api: 404"),
        ("The token is refused; basic movement.", "The token is refused; basic movement."),
        ("hf.co/unsloth/a-very-long-model-name:Q4", "hf.co/unsloth/a-very-long-model-name:Q4"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_credentials_are_hidden(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize("limit", [NAME_LIMIT, TEXT_LIMIT])
def test_a_cut_text_ends_with_an_ellipsis(limit: int) -> None:
    assert clean("x" * limit, limit) == "x" * limit
    assert clean("x" * (limit + 1), limit) == "x" * (limit - 1) + "…"


def test_a_text_is_cleaned_in_linear_time() -> None:
    for text in ("a://" * 250_000, "bearer " * 140_000, "token" * 200_000, "a" * 1_000_000):
        clean(text, LONGEST)
