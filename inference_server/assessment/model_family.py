"""What is known of a model from its name and from Ollama's description of it."""

from dataclasses import dataclass
import re
from typing import Final

# Ollama ignores the answer's schema with `think: false` before 0.31.2. 0.32.10 is the oldest version
# whose enforcement was checked in its source for every family below.
NEEDED_OLLAMA: Final = "0.32.10"

THINKING_ROOM: Final = 1536  # tokens

_CLOUD: Final = re.compile(r"(?:-|:)cloud$")
# Tags that cannot stop thinking. Ollama's library, August 2026.
_ALWAYS_THINKS: Final = re.compile(
    r"(?:^|[-:/])(?:thinking|qwq|magistral|phi4(?:-mini)?-reasoning|deepseek-v3\.1-thinking)(?:[-:]|$)"
)
_GPT_OSS: Final = re.compile(r"(?:^|/)gpt-oss(?:[-:]|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinking:
    """The `think` field of a request, and how many tokens thinking may take."""

    think: bool | str | None  # None: not sent
    room: int = 0  # tokens beyond the answer's
    warning: str | None = None


def thinking_of(model: str, capabilities: list[str] | None) -> Thinking:
    """Return how to keep a model from thinking, or how much it must think.

    `capabilities` is what Ollama reports since 0.6.4, None before.
    """
    name = model.lower()
    if _GPT_OSS.search(name):
        return Thinking(think="low", room=512)  # it takes levels and cannot be stopped
    if _ALWAYS_THINKS.search(name):
        return Thinking(
            think=True,
            room=THINKING_ROOM,
            warning=f"{model} always thinks before it answers, which takes many seconds. "
            "Choose a model without thinking (NEMOTRON_MODEL).",
        )
    if capabilities is not None and "thinking" not in capabilities:
        return Thinking(think=None)
    return Thinking(think=False)


def other_ways(tried: Thinking) -> tuple[Thinking, ...]:
    """Return what else may keep a model to a schema, the fastest first.

    Builds of some families drop the schema with `think: false`, others leave the answer empty
    without it. A model that cannot think has no other way.
    """
    if tried.think is None:
        return ()
    warning = (
        "This Ollama keeps the model to the answer's schema only if it may think, which takes many "
        f"seconds. Update Ollama to {NEEDED_OLLAMA} or later."
    )
    return tuple(
        Thinking(think=think, room=THINKING_ROOM, warning=warning)
        for think in (None, True, False)
        if think != tried.think
    )


def is_cloud(model: str, shown: dict[str, object]) -> bool:
    """Whether Ollama passes the model's requests on to another host."""
    return bool(_CLOUD.search(model.lower()) or shown.get("remote_host"))
