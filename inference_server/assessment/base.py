"""What every backend that runs a language model offers, and what it answers with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from inference_server.assessment.facts import Facts


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
    model_digest: str | None  # sha256 of what really answered; None where the runtime does not tell
    prompt_version: str
    usage: Usage
    timings_ms: Timings
    pictures_used: int = 0  # of those that came with the facts

    @property
    def tokens_per_second(self) -> float | None:
        """How fast the answer was written; None where the runtime does not tell."""
        return token_rate(self.usage.completion_tokens, self.timings_ms.generate)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestResult:
    """A tiny answer that a model was seen to give, and what that says of where it runs."""

    tokens_per_second: float | None
    gpu_share: float | None  # 0-1 of the model's memory; None where the runtime does not tell


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadProgress:
    """How far a model's download is; bytes are of the parts known so far."""

    completed_bytes: int
    total_bytes: int


# Downloads, telling how far it is; raises ProblemErrors.
Downloader = Callable[[Callable[[DownloadProgress], None]], Awaitable[None]]


class Assessor(Protocol):
    """A language model that assesses events; every error is a ProblemError."""

    @property
    def backend(self) -> str:
        """The kind of runtime: ollama, openai or embedded."""

    @property
    def model(self) -> str:
        """The model's name, as a person should read it."""

    @property
    def model_digest(self) -> str | None:
        """The sha256 of the model as last checked; None where the runtime does not tell."""

    @property
    def vision(self) -> bool | None:
        """Whether the model sees pictures, as last checked; None where that is not known."""

    async def start(self) -> None:
        """Connect, load and warm up; raises AssessorUnavailableError, AssessorModelMissingError ..."""

    async def check(self) -> None:
        """Ask cheaply whether the model is still there; raises what `start` raises."""

    async def self_test(self) -> SelfTestResult | None:
        """Have the model write a few words; None where that may cost somebody money."""

    def downloader(self) -> Downloader:
        """Return how to download the model; raises PullUnsupportedError where none can."""

    async def assess(self, facts: Facts) -> AssessmentResult:
        """Assess one event; cancelling it stops the model's work."""

    async def close(self) -> None:
        """Let go of everything `start` took."""


def token_rate(tokens: int | None, milliseconds: float | None) -> float | None:
    """Return tokens a second; None of nothing."""
    return tokens / milliseconds * 1000 if tokens and milliseconds else None
