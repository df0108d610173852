"""Assess with a model on an Ollama server."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from time import perf_counter
from typing import Final

import httpx  # noqa: TID251 # its errors pass through the ollama package
import ollama

from inference_server.assessment.base import (
    AssessmentResult,
    Downloader,
    DownloadProgress,
    SelfTestResult,
    Timings,
    Usage,
    token_rate,
)
from inference_server.assessment.facts import Facts
from inference_server.assessment.images import MAX_IMAGES
from inference_server.assessment.prompt import (
    PICTURES_PROMPT_VERSION,
    PROMPT_VERSION,
    WARM_UP_TOKENS,
    build_messages,
    fixed_prefix,
)
from inference_server.assessment.schema import ANSWER_SCHEMA, MAX_ANSWER_TOKENS, parse_answer
from inference_server.errors import (
    AssessorFailedError,
    AssessorInvalidOutputError,
    AssessorModelMissingError,
    AssessorTimeoutError,
    AssessorUnavailableError,
    OverloadedError,
)

# Ollama silently truncates a longer prompt; MAX_PROMPT_TOKENS and an answer always fit.
CONTEXT_TOKENS: Final = 2048
# Room for one image and its description in the prompt. Gemma 3 uses 256 tokens an image, LLaVA 1.6
# up to 2,880, Mistral Small 3.1 up to 3,080.
IMAGE_TOKENS: Final = 4096
# The model stays loaded: events are rare, and loading takes longer than answering.
KEEP_ALIVE: Final = -1
BUSY_RETRY_S: Final = 5.0  # seconds
LOAD_TIMEOUT: Final = 300.0  # seconds; gigabytes from a slow disk; Ollama's own timeout
PULL_SILENCE: Final = 120.0  # seconds without progress after which a download has failed

_MS_PER_NS: Final = 1e-6


class OllamaAssessor:
    """Assess with a model on an Ollama server."""

    backend: Final = "ollama"

    def __init__(self, *, url: str, model: str, connect_timeout: float, timeout: float) -> None:
        self.model: Final = model
        self._url = url
        self.model_digest: str | None = None
        self.vision: bool | None = None
        self._context = CONTEXT_TOKENS
        self._connect_timeout = connect_timeout
        self._timeout = timeout
        # No read timeout: the response arrives in one piece at the end.
        self._client = ollama.AsyncClient(url, timeout=httpx.Timeout(None, connect=connect_timeout))

    async def start(self) -> None:
        """Check the model, load it and have it read the prompt's fixed prefix."""
        await self.check()
        with self._translate_errors():
            async with asyncio.timeout(max(LOAD_TIMEOUT, self._timeout)):
                await self._warm_up()

    async def check(self) -> None:
        """Check that the model is installed; read its digest and whether it has vision."""
        with self._translate_errors():
            async with asyncio.timeout(self._connect_timeout):
                shown = await self._client.show(self.model)  # fails for a missing model
                models = (await self._client.list()).models
        able = shown.capabilities  # reported since Ollama 0.6.4
        self.vision = None if able is None else "vision" in able
        self.model_digest = next(
            (each.digest for each in models if _same_name(each.model, self.model)), None
        )

    async def self_test(self) -> SelfTestResult | None:
        """Have the model generate a few tokens, and read its share of GPU memory."""
        with self._translate_errors():
            async with asyncio.timeout(self._timeout):
                said = await self._warm_up()
                loaded = (await self._client.ps()).models
        mine = next((each for each in loaded if _same_name(each.model, self.model)), None)
        return SelfTestResult(
            tokens_per_second=token_rate(said.eval_count, _ms(said.eval_duration)),
            # Ollama omits size_vram if it is 0.
            gpu_share=min(1.0, (mine.size_vram or 0) / mine.size) if mine and mine.size else None,
        )

    def downloader(self) -> Downloader:
        """Return a function that has Ollama download the model; completed parts are kept."""
        return self._download

    async def _download(self, on_progress: Callable[[DownloadProgress], None]) -> None:
        parts: dict[str, tuple[int, int]] = {}
        loop = asyncio.get_running_loop()
        with self._translate_errors():
            async with asyncio.timeout(PULL_SILENCE) as silence:
                async for told in await self._client.pull(self.model, stream=True):
                    silence.reschedule(loop.time() + PULL_SILENCE)
                    if told.digest and told.total:
                        parts[told.digest] = (told.completed or 0, told.total)
                    on_progress(
                        DownloadProgress(
                            completed_bytes=sum(done for done, _ in parts.values()),
                            total_bytes=sum(total for _, total in parts.values()),
                        )
                    )

    async def assess(self, facts: Facts) -> AssessmentResult:
        """Assess one event; cancelling it closes the request, which stops the model."""
        images = facts.pictures if self.vision else ()
        if images:
            # Ollama reloads the model when the length changes: keep the longer one.
            self._context = CONTEXT_TOKENS + MAX_IMAGES * IMAGE_TOKENS
        chat: list[dict[str, object]] = [
            {**each} for each in build_messages(facts, pictures=len(images))
        ]
        if images:
            chat[-1]["images"] = list(images)
        started = perf_counter()
        with self._translate_errors():
            async with asyncio.timeout(self._timeout):
                response = await self._client.chat(
                    self.model,
                    messages=chat,
                    format=ANSWER_SCHEMA,
                    # Thinking would use up the answer's tokens; the schema has `reasoning`.
                    think=False,
                    options=self._options(MAX_ANSWER_TOKENS),
                    keep_alive=KEEP_ALIVE,
                )
        answer = parse_answer(response.message.content, response.done_reason)
        return AssessmentResult(
            risk_score=answer.risk_score,
            summary=answer.summary,
            reasoning=answer.reasoning,
            backend=self.backend,
            model=self.model,
            model_digest=self.model_digest,
            prompt_version=PICTURES_PROMPT_VERSION if images else PROMPT_VERSION,
            usage=Usage(
                prompt_tokens=response.prompt_eval_count,
                completion_tokens=response.eval_count,
            ),
            timings_ms=Timings(
                load=_ms(response.load_duration),
                prefill=_ms(response.prompt_eval_duration),
                generate=_ms(response.eval_duration),
                total=(perf_counter() - started) * 1000,
            ),
            pictures_used=len(images),
        )

    async def _warm_up(self) -> ollama.ChatResponse:
        # The same prefix as for every event: it stays in the runner's prefix cache.
        return await self._client.chat(
            self.model,
            messages=[*fixed_prefix(), {"role": "user", "content": "{}"}],
            think=False,
            options=self._options(WARM_UP_TOKENS),
            keep_alive=KEEP_ALIVE,
        )

    def _options(self, most_tokens: int) -> dict[str, int]:
        return {"temperature": 0, "num_ctx": self._context, "num_predict": most_tokens}

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()  # type: ignore[no-untyped-call] # untyped in the package

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except ollama.ResponseError as err:
            raise self._problem(err) from err
        except (ConnectionError, httpx.ConnectTimeout) as err:
            raise AssessorUnavailableError(
                f"Ollama cannot be reached at {self._url}: is it running there (NEMOTRON_URL)?"
            ) from err
        except TimeoutError as err:
            raise AssessorTimeoutError(
                f"Ollama at {self._url} did not answer in time with {self.model}"
            ) from err
        except httpx.TransportError as err:
            raise AssessorFailedError(
                f"Ollama at {self._url} closed the connection: {err or type(err).__name__}"
            ) from err
        except (AttributeError, TypeError, ValueError) as err:
            # The ollama package failed to parse the body.
            raise AssessorInvalidOutputError(
                f"{self._url} sent a response that is not Ollama's"
            ) from err

    def _problem(self, err: ollama.ResponseError) -> Exception:
        if err.status_code == HTTPStatus.NOT_FOUND:
            return AssessorModelMissingError(
                f"Ollama at {self._url} has no model {self.model}: run `ollama pull {self.model}`"
            )
        if err.status_code in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
            return OverloadedError(
                f"Ollama at {self._url} has too many requests waiting", retry_after_s=BUSY_RETRY_S
            )
        # A 4xx is a wrong configuration, not a failure on this request.
        wrong = HTTPStatus.BAD_REQUEST <= err.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
        kind = AssessorUnavailableError if wrong else AssessorFailedError
        return kind(f"Ollama at {self._url} failed: {str(err.error)[:200]} ({err.status_code})")


def _same_name(listed: str | None, asked: str) -> bool:
    # Ollama adds a missing tag and ignores case.
    whole = asked if ":" in asked.rpartition("/")[2] else f"{asked}:latest"
    return listed is not None and listed.lower() == whole.lower()


def _ms(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds * _MS_PER_NS
