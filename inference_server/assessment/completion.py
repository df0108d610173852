"""Parse the responses of OpenAI-compatible servers."""

from dataclasses import dataclass
import json

from inference_server.assessment.answer_text import message_text
from inference_server.assessment.base import Timings, Usage
from inference_server.assessment.change_odds import Token
from inference_server.assessment.ollama_reply import read_tokens
from inference_server.assessment.refusals import refusal, reported_error
from inference_server.errors import AssessorInvalidOutputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One chat completion."""

    text: str | None
    finish_reason: str | None
    usage: Usage
    prefill_ms: float | None
    generate_ms: float | None
    tokens: tuple[Token, ...]  # empty if the server reports no probabilities

    def timings(self, *, total: float) -> Timings:
        """Return the time by stage; such servers do not report the load time."""
        return Timings(prefill=self.prefill_ms, generate=self.generate_ms, total=total)


def read_completion(body: str, *, server: str, model: str) -> Completion:
    """Read a chat completion; raises AssessorInvalidOutputError, or the error that it reports."""
    answer = _object(_decoded(body))
    if (error := reported_error(answer)) is not None:
        raise refusal(server, error.status, error.reason, model=model)
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices:
        raise AssessorInvalidOutputError("The server's response is not a chat completion")
    choice = _object(choices[0])
    usage = _object(answer.get("usage"))
    timings = _object(answer.get("timings"))  # an extension of llama.cpp
    return Completion(
        text=message_text(_object(choice.get("message"))),
        finish_reason=_text(choice.get("finish_reason")),
        usage=Usage(
            prompt_tokens=_count(usage.get("prompt_tokens")),
            completion_tokens=_count(usage.get("completion_tokens")),
        ),
        prefill_ms=_duration(timings.get("prompt_ms")),
        generate_ms=_duration(timings.get("predicted_ms")),
        tokens=read_tokens(_object(choice.get("logprobs")).get("content")),
    )


def model_names(body: str) -> list[str]:
    """Read the names of a server's models; raises AssessorInvalidOutputError."""
    models = _object(_decoded(body)).get("data")
    if not isinstance(models, list):
        raise AssessorInvalidOutputError("The server's response is not a list of models")
    return [name for model in models if (name := _text(_object(model).get("id")))]


def _decoded(body: str) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as err:
        raise AssessorInvalidOutputError("The server's response is not JSON") from err


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def _duration(value: object) -> float | None:
    return value if isinstance(value, int | float) and value >= 0 else None
