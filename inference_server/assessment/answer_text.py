"""Find the answer in a model's message: beside thoughts, in fences, in other fields."""

from collections.abc import Callable, Mapping
import json
import re
from typing import Final

_MAX_SEARCHED: Final = 32_768  # characters; thoughts take up to 1,536 tokens
_MAX_BRACES: Final = 64  # places at which an object may begin

# What ends a model's thoughts. The template may have opened them within the prompt.
_THOUGHTS_END: Final = re.compile(
    r"</(?:think|thinking|thought|reasoning)>|\[/THINK\]|<channel\|>|<\|channel\|>final<\|message\|>",
    re.IGNORECASE,
)
_THOUGHTS_BEGIN: Final = re.compile(
    r"\s*(?:<(?:think|thinking|thought|reasoning)>|\[THINK\]|<\|channel>|<\|channel\|>analysis)",
    re.IGNORECASE,
)
_FENCED: Final = re.compile(r"```[\w-]*(.*?)(?:```|\Z)", re.DOTALL)
# Where servers put an answer that a schema has forced into the thoughts.
_THOUGHTS_FIELDS: Final = ("thinking", "reasoning_content", "reasoning")

PairsHook = Callable[[list[tuple[str, object]]], dict[str, object]]


def message_text(message: Mapping[str, object]) -> str | None:
    """Return the text of an assistant's message that holds its answer; None if there is none.

    Thoughts count only if they are a JSON object and there is nothing else.
    """
    text = _joined(message.get("content"))
    if text and text.strip():
        return text
    for field in _THOUGHTS_FIELDS:
        thoughts = message.get(field)
        if isinstance(thoughts, str) and is_object(thoughts):
            return thoughts
    return _only_arguments(message.get("tool_calls")) or text


def is_object(text: str) -> bool:
    """Whether a text is a JSON object and nothing else but a fence."""
    bare = text.strip()
    if (fenced := _FENCED.fullmatch(bare)) is not None:
        bare = fenced[1]
    try:
        return isinstance(json.loads(bare), dict)
    except (ValueError, RecursionError):
        return False


def read_value(
    text: str, *, object_pairs_hook: PairsHook, parse_constant: Callable[[str], object]
) -> object:
    """Return the JSON value of an answer, or the only JSON object in it; raises ValueError.

    Thoughts before the answer are left out. Equal objects count as one.
    """
    decoder = json.JSONDecoder(object_pairs_hook=object_pairs_hook, parse_constant=parse_constant)

    def decode(candidate: str) -> object:
        try:
            value = decoder.decode(candidate.strip())
            # Some servers encode the answer twice.
            return decoder.decode(value) if isinstance(value, str) else value
        except RecursionError as err:
            raise ValueError("nested too deeply") from err

    try:
        return decode(text)
    except ValueError:
        if len(text) > _MAX_SEARCHED:
            raise
    said = _after_thoughts(text)
    found = [each for each in map(_attempt(decode), _FENCED.findall(said)) if each is not None]
    return _only(found or _objects(said, decoder))


def _attempt(decode: Callable[[str], object]) -> Callable[[str], object]:
    def attempt(candidate: str) -> object:
        try:
            value = decode(candidate)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    return attempt


def _objects(text: str, decoder: json.JSONDecoder) -> list[object]:
    found: list[object] = []
    at = -1
    for _ in range(_MAX_BRACES):
        if (at := text.find("{", at + 1)) < 0:
            break
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            continue
        found.append(value)
        at = end - 1
    return found


def _only(found: list[object]) -> object:
    if not found or any(each != found[0] for each in found):
        raise ValueError("no object, or several")
    return found[0]


def _after_thoughts(text: str) -> str:
    ends = [match.end() for match in _THOUGHTS_END.finditer(text)]
    if ends:
        return text[ends[-1] :]
    if _THOUGHTS_BEGIN.match(text):
        raise ValueError("the thoughts do not end")
    return text


def _joined(content: object) -> str | None:
    """Return the text of a message's content, which may be a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    parts = [
        part if isinstance(part, str) else part.get("text")
        for part in content
        if isinstance(part, str)
        or (isinstance(part, dict) and part.get("type") in {"text", "output_text", None})
    ]
    return "".join(part for part in parts if isinstance(part, str))


def _only_arguments(calls: object) -> str | None:
    """Return the arguments of the only tool call: some servers turn a schema into a tool."""
    match calls:
        case [{"function": {"arguments": str() as arguments}}]:
            return arguments
    return None
