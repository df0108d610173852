"""What language model servers answered to people who reported it in public.

The shape of each body is the reported one; the answer in it is one to our own schema.
"""

from dataclasses import dataclass, field
import json
from typing import Any

ANSWER = {"because": "night", "change": "lower", "note": "This needs no attention."}
JSON = json.dumps(ANSWER)
PRETTY = json.dumps(ANSWER, indent=2)
OTHER = json.dumps({**ANSWER, "change": "higher"})
READ = ""  # the answer is read

THOUGHT = "Okay, a car at night. The alarm is off, so this is likely a resident."


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response with the status 200."""

    name: str
    source: str  # an issue or a pull request on GitHub
    body: Any
    problem: str = READ  # else the code of the expected problem
    says: str = ""  # and a part of its text


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A response with another status, or with an error in a 200."""

    name: str
    source: str  # an issue or a pull request on GitHub
    status: int
    body: Any  # JSON, or a text as it is
    problem: str  # the code of the expected problem
    says: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def openai(
    content: Any = JSON, finish_reason: Any = "stop", *, choice: Any = None, **message: Any
) -> dict[str, Any]:
    return {
        "id": "chatcmpl-y36bq9agw2dsb1um6ydpy",
        "object": "chat.completion",
        "created": 1774653779,
        "model": "a-model",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, **message},
                "finish_reason": finish_reason,
                **(choice or {}),
            }
        ],
        "usage": {"prompt_tokens": 400, "completion_tokens": 30, "total_tokens": 430},
    }


def ollama(content: Any = JSON, done_reason: Any = "stop", **message: Any) -> dict[str, Any]:
    return {
        "model": "a-model",
        "created_at": "2026-04-03T10:11:12.123456Z",
        "message": {"role": "assistant", "content": content, **message},
        "done": True,
        "done_reason": done_reason,
        "eval_count": 30,
        "eval_duration": 500_000_000,
    }


def call(arguments: str) -> dict[str, Any]:
    function = {"name": "json_tool_call", "arguments": arguments}
    return {"id": "call_1", "type": "function", "function": function}
