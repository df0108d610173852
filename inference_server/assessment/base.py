"""What every backend that runs a language model offers, and what it answers with."""

from dataclasses import dataclass
from typing import Protocol

from .facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens that went in and came out; None where the runtime does not tell."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Where the time went, in milliseconds; None where the runtime does not tell."""

    load: float | None = None
    prefill: float | None = None
    generate: float | None = None
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentResult:
    """One event's assessment, and what it took."""

    risk_score: int  # 0-100
    summary: str
    reasoning: str
    backend: str
    model: str
    prompt_version: str
    usage: Usage
    timings_ms: Timings


class Assessor(Protocol):
    """A language model that assesses events; every error is a ProblemError."""

    @property
    def backend(self) -> str:
        """The kind of runtime: ollama, openai or embedded."""

    @property
    def model(self) -> str:
        """The model's name, as a person should read it."""

    async def start(self) -> None:
        """Connect and load; raises AssessorUnavailableError or AssessorModelMissingError."""

    async def check(self) -> None:
        """Ask cheaply whether the model is still there; raises what `start` raises."""

    async def assess(self, facts: Facts) -> AssessmentResult:
        """Assess one event; cancelling it stops the model's work."""

    async def close(self) -> None:
        """Let go of everything `start` took."""
