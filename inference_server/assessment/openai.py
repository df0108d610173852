"""Assess with a model on a server with OpenAI's chat completions API (llama.cpp, vLLM, ...)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from http import HTTPStatus
from time import perf_counter
from typing import Final

import aiohttp

from inference_server.assessment.base import AssessmentResult, Downloader, SelfTestResult
from inference_server.assessment.change_odds import TOP_TOKENS, Odds, read_odds
from inference_server.assessment.completion import (
    Completion,
    error_text,
    model_names,
    read_completion,
)
from inference_server.assessment.explanation import explain, wants_note
from inference_server.assessment.facts import Facts
from inference_server.assessment.prompt import (
    PROMPT_VERSION,
    WARM_UP_TOKENS,
    build_messages,
    empty_messages,
    shown_factors,
)
from inference_server.assessment.schema import MAX_ANSWER_TOKENS, answer_schema, parse_answer
from inference_server.errors import (
    AssessorFailedError,
    AssessorModelMissingError,
    AssessorTimeoutError,
    AssessorUnavailableError,
    OverloadedError,
    ProblemError,
    PullUnsupportedError,
)

BUSY_RETRY_S: Final = 5.0  # seconds, if the server names no time
MAX_RETRY_S: Final = 600.0  # seconds; longer values are not passed on


class OpenAiAssessor:
    """Assess with a model on an OpenAI-compatible server; `url` may end in /v1."""

    def __init__(
        self,
        *,
        url: str,
        model: str,
        api_key: str | None,
        connect_timeout: float,
        timeout: float,
        backend: str = "openai",
        model_digest: str | None = None,
    ) -> None:
        self.backend: Final = backend
        self.model: Final = model
        self.vision: Final = False  # not reported by such servers
        self.model_digest: Final = model_digest
        self._url = url.rstrip("/").removesuffix("/v1")
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._connect_timeout = connect_timeout
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None
        self._prior: Odds | None = None

    async def start(self) -> None:
        """Check the model, have it read the prompt's fixed prefix, and learn its habit."""
        await self.check()
        await self.warm_up()

    async def check(self) -> None:
        """Check that the model is listed."""
        async with self._request("GET", "/v1/models", timeout=self._connect_timeout) as response:
            names = model_names(await response.text())
        if self.model not in names:
            raise AssessorModelMissingError(
                f"{self._url} has no model {self.model} (NEMOTRON_MODEL); "
                f"it has {', '.join(names[:10]) or 'none'}"
            )

    async def assess(self, facts: Facts) -> AssessmentResult:
        """Assess one event; cancelling it closes the request, which stops the model."""
        note, factors = wants_note(facts, self.model), shown_factors(facts)
        started = perf_counter()
        async with self._request(
            "POST",
            "/v1/chat/completions",
            timeout=self._timeout,
            body=self._body(
                build_messages(facts),
                answer_schema(factors, note=note),
                max_tokens=MAX_ANSWER_TOKENS,
            ),
        ) as response:
            completion = read_completion(await response.text())
        answer = parse_answer(completion.text, completion.finish_reason, factors=factors, note=note)
        explained = explain(facts, answer, odds=read_odds(completion.tokens), prior=self._prior)
        return AssessmentResult(
            **asdict(explained),
            backend=self.backend,
            model=self.model,
            model_digest=self.model_digest,
            prompt_version=PROMPT_VERSION,
            usage=completion.usage,
            timings_ms=completion.timings(total=(perf_counter() - started) * 1000),
        )

    async def self_test(self) -> SelfTestResult | None:
        """Return None: tokens may cost money."""
        return None

    def downloader(self) -> Downloader:
        """Raise PullUnsupportedError."""
        raise PullUnsupportedError(
            f"The server at {self._url} has the models it was started with; "
            "install the model there (NEMOTRON_URL, NEMOTRON_MODEL)."
        )

    async def warm_up(self) -> Completion:
        """Have the server read the prompt's fixed prefix, and note its answer to empty facts."""
        body = self._body(
            empty_messages(), answer_schema((), note=False), max_tokens=WARM_UP_TOKENS
        )
        async with self._request(
            "POST", "/v1/chat/completions", timeout=self._timeout, body=body
        ) as response:
            completion = read_completion(await response.text())
        self._prior = read_odds(completion.tokens)
        return completion

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()
            self._session = None

    def _body(
        self, messages: list[dict[str, str]], schema: dict[str, object], *, max_tokens: int
    ) -> dict[str, object]:
        return {
            "model": self.model,
            "messages": messages,
            "max_tokens": max_tokens,
            # Servers differ in their defaults; these leave the most likely answer.
            "temperature": 0,
            "seed": 0,
            "presence_penalty": 0,
            "frequency_penalty": 0,
            "logprobs": True,
            "top_logprobs": TOP_TOKENS,
            # Thinking would use up the answer's tokens.
            # Supported by llama.cpp, vLLM and SGLang; OpenAI's own service rejects it.
            "chat_template_kwargs": {"enable_thinking": False},
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "assessment", "strict": True, "schema": schema},
            },
        }

    @asynccontextmanager
    async def _request(
        self, method: str, path: str, *, timeout: float, body: dict[str, object] | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._session is None:
            self._session = aiohttp.ClientSession(headers=self._headers)
        limits = aiohttp.ClientTimeout(total=None, sock_connect=self._connect_timeout)
        try:
            async with (
                asyncio.timeout(timeout),
                self._session.request(
                    method, self._url + path, json=body, timeout=limits, allow_redirects=False
                ) as response,
            ):
                if response.status != HTTPStatus.OK:
                    raise self._problem(response, error_text(await response.text()))
                yield response
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as err:
            raise AssessorUnavailableError(
                f"{self._url} cannot be reached (NEMOTRON_URL): {err}"
            ) from err
        except TimeoutError as err:
            raise AssessorTimeoutError(f"{self._url} did not answer in {timeout:g} s") from err
        except (aiohttp.ClientError, UnicodeDecodeError) as err:
            raise AssessorFailedError(
                f"{self._url} closed the connection: {err or type(err).__name__}"
            ) from err

    def _problem(self, response: aiohttp.ClientResponse, detail: str) -> ProblemError:
        match response.status:
            case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
                return AssessorUnavailableError(
                    f"{self._url} refuses the API key (NEMOTRON_API_KEY)"
                )
            case HTTPStatus.NOT_FOUND:
                return AssessorModelMissingError(
                    f"{self._url} does not find {response.url.path} or the model {self.model}: "
                    f"{detail}"
                )
            case HTTPStatus.TOO_MANY_REQUESTS:
                return OverloadedError(
                    f"{self._url} has too many requests waiting: {detail}",
                    retry_after_s=_retry_after(response),
                )
            case HTTPStatus.INTERNAL_SERVER_ERROR | HTTPStatus.BAD_GATEWAY:
                return AssessorFailedError(f"{self._url} failed: {detail}")
            case status:
                return AssessorUnavailableError(f"{self._url} failed ({status}): {detail}")


def _retry_after(response: aiohttp.ClientResponse) -> float:
    # A date is ignored: the wait is a matter of seconds.
    text = response.headers.get("Retry-After", "")
    return min(float(text), MAX_RETRY_S) if text.isdecimal() else BUSY_RETRY_S
