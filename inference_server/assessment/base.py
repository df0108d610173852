"""The interface of the language model's backends, and their results."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from inference_server.assessment.change_odds import Change
from inference_server.assessment.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Token counts; None if the runtime does not report them."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Time by stage, in milliseconds; None if the runtime does not report it."""

    load: float | None = None
    prefill: float | None = None
    generate: float | None = None
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentResult:
    """One event's assessment with its model, tokens and time."""

    risk_score: int  # 0-100
    summary: str
    reasoning: str
    backend: str
    model: str
    model_digest: str | None  # sha256 of the model that answered; None if unknown
    prompt_version: str
    usage: Usage
    timings_ms: Timings
    pictures_used: int = 0  # number of images from the facts given to the model
    change: Change | None = None
    because: str | None = None  # the name of the decisive factor
    note: str | None = None  # one sentence of interpretation that the facts support
    note_refused: str | None = None  # why the model's note was left out
    suggested_points: float | None = None  # -6 to 6; not part of the score

    @property
    def tokens_per_second(self) -> float | None:
        """Generation speed; None if the runtime does not report it."""
        return token_rate(self.usage.completion_tokens, self.timings_ms.generate)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestResult:
    """Speed and GPU share measured with a short answer."""

    tokens_per_second: float | None
    gpu_share: float | None  # 0-1 of the model's memory; None if unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadProgress:
    """Progress of a download; bytes are of the parts known so far."""

    completed_bytes: int
    total_bytes: int


# Downloads a model, reporting its progress to the callback; raises ProblemErrors.
Downloader = Callable[[Callable[[DownloadProgress], None]], Awaitable[None]]


class Assessor(Protocol):
    """A language model that assesses events; every error is a ProblemError."""

    @property
    def backend(self) -> str:
        """The kind of runtime: ollama, openai or embedded."""

    @property
    def model(self) -> str:
        """The model's display name."""

    @property
    def model_digest(self) -> str | None:
        """The sha256 of the model as last checked; None if unknown."""

    @property
    def vision(self) -> bool | None:
        """Whether the model accepts images, as last checked; None if unknown."""

    async def start(self) -> None:
        """Connect, load and warm up; raises AssessorUnavailableError, AssessorModelMissingError ..."""

    async def check(self) -> None:
        """Check without generating that the model is available; raises the errors of `start`."""

    async def self_test(self) -> SelfTestResult | None:
        """Have the model generate a few tokens; None if tokens may cost money."""

    def downloader(self) -> Downloader:
        """Return a function that downloads the model; raises PullUnsupportedError."""

    async def assess(self, facts: Facts) -> AssessmentResult:
        """Assess one event; cancelling it stops the model's work."""

    async def close(self) -> None:
        """Release the resources of `start`."""


def token_rate(tokens: int | None, milliseconds: float | None) -> float | None:
    """Return tokens per second; None if a value is missing or zero."""
    return tokens / milliseconds * 1000 if tokens and milliseconds else None
