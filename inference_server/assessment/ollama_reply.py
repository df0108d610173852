"""Read Ollama's descriptions of answers and loaded models."""

from dataclasses import dataclass
import math
from typing import Final

from inference_server.assessment.answer_text import message_text
from inference_server.assessment.base import Usage
from inference_server.assessment.change_odds import Token
from inference_server.errors import AssessorInvalidOutputError

_MS_PER_NS: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatReply:
    """The answer of `/api/chat`; durations in milliseconds."""

    text: str | None
    finish_reason: str | None
    usage: Usage
    load_ms: float | None
    prefill_ms: float | None
    generate_ms: float | None
    tokens: tuple[Token, ...]  # empty if the server reports no probabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """How a model is loaded; None is unknown."""

    gpu_share: float | None  # 0-1
    context_tokens: int | None


def read_chat(body: dict[str, object]) -> ChatReply:
    """Read an answer; raises AssessorInvalidOutputError."""
    message = body.get("message")
    if not isinstance(message, dict):
        raise AssessorInvalidOutputError("Ollama's response has no message")
    return ChatReply(
        text=message_text(message),
        finish_reason=_text(body.get("done_reason")),
        usage=Usage(
            prompt_tokens=_count(body.get("prompt_eval_count")),
            completion_tokens=_count(body.get("eval_count")),
        ),
        load_ms=_ms(body.get("load_duration")),
        prefill_ms=_ms(body.get("prompt_eval_duration")),
        generate_ms=_ms(body.get("eval_duration")),
        tokens=read_tokens(body.get("logprobs")),
    )


def read_loaded(model: dict[str, object]) -> LoadedModel:
    """Read an entry of `/api/ps`."""
    size = _count(model.get("size"))
    on_gpu = _count(model.get("size_vram")) or 0  # Ollama omits it if it is 0
    return LoadedModel(
        gpu_share=min(1.0, on_gpu / size) if size else None,
        context_tokens=_count(model.get("context_length")),
    )


def read_tokens(listed: object) -> tuple[Token, ...]:
    """Read tokens with their alternatives; empty if one is malformed."""
    if not isinstance(listed, list):
        return ()
    tokens: list[Token] = []
    for each in listed:
        if not isinstance(each, dict) or (text := _text(each.get("token"))) is None:
            return ()
        top = each.get("top_logprobs")
        pairs = [
            (_text(other.get("token")), other.get("logprob"))
            for other in (top if isinstance(top, list) else ())
            if isinstance(other, dict)
        ]
        tokens.append(
            Token(
                text=text,
                top=tuple(
                    (word, float(value))
                    for word, value in pairs
                    if word is not None and isinstance(value, int | float) and math.isfinite(value)
                ),
            )
        )
    return tuple(tokens)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _ms(nanoseconds: object) -> float | None:
    count = _count(nanoseconds)
    return None if count is None else count * _MS_PER_NS
