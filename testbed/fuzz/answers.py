"""Read and check the responses of a server over one connection."""

from dataclasses import dataclass
import json

_PROBLEM = "application/problem+json"
_KEYS = frozenset({"type", "title", "status", "detail", "code", "retryable", "request_id"})
_MAY_FAIL = frozenset({501, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response."""

    status: int
    headers: dict[str, str]
    body: bytes


class NoAnswerError(Exception):
    """The bytes are no complete response."""


def read_answers(data: bytes, *, head_only: bool = False) -> list[Answer]:
    """Split the bytes into responses, without interim ones; raises NoAnswerError."""
    answers = []
    while data:
        head, separator, rest = data.partition(b"\r\n\r\n")
        if not separator or not head.startswith(b"HTTP/"):
            raise NoAnswerError(f"{data[:80]!r}")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        status = int(first.split()[1])
        if status < 200:
            data = rest
            continue
        length = 0 if status in {204, 304} else int(headers.get("content-length", 0))
        if head_only and not rest:  # if it could not read the method, the server sends a body
            length = 0
        if len(rest) < length:
            raise NoAnswerError(f"{len(rest)} of {length} bytes")
        answers.append(Answer(status=status, headers=headers, body=rest[:length]))
        data = rest[length:]
    return answers


def complaint(answer: Answer, *, head_only: bool = False) -> str | None:
    """Return the error of a response; None if it is correct."""
    if answer.status >= 500 and answer.status not in _MAY_FAIL:
        return f"status {answer.status}"
    if answer.status < 400 or (head_only and not answer.body):
        return None
    if _is_refused_by_aiohttp(answer):
        return None
    if not answer.headers.get("content-type", "").startswith(_PROBLEM):
        return f"status {answer.status} as {answer.headers.get('content-type')}"
    try:
        problem = json.loads(answer.body)
    except ValueError:
        return f"status {answer.status} with a body that is no JSON"
    if not isinstance(problem, dict) or not problem.keys() >= _KEYS:
        return f"status {answer.status} with an incomplete problem"
    if problem["status"] != answer.status:
        return f"status {answer.status}, the problem has {problem['status']}"
    return None


def _is_refused_by_aiohttp(answer: Answer) -> bool:
    """Return whether aiohttp itself refused a malformed request or an unknown Expect header."""
    return answer.status in {400, 417} and answer.headers.get("content-type", "").startswith(
        "text/plain"
    )
