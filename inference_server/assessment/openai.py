"""Assess with a model on a server with OpenAI's chat completions API (llama.cpp, vLLM, ...)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from http import HTTPStatus
import logging
from time import perf_counter
from typing import Final

import aiohttp

from inference_server.assessment.base import AssessmentResult, Downloader, SelfTestResult
from inference_server.assessment.change_odds import TOP_TOKENS, Odds, read_odds
from inference_server.assessment.completion import (
    Completion,
    model_names,
    read_completion,
)
from inference_server.assessment.explanation import explain, wants_note
from inference_server.assessment.facts import Facts
from inference_server.assessment.model_family import THINKING_ROOM
from inference_server.assessment.prompt import (
    PROMPT_VERSION,
    WARM_UP_TOKENS,
    build_messages,
    empty_messages,
    shown_factors,
)
from inference_server.assessment.refusals import reason_in, refusal, retry_after
from inference_server.assessment.schema import (
    MAX_ANSWER_TOKENS,
    TRIAL_QUESTION,
    TRIAL_SCHEMA,
    TRIAL_TOKENS,
    answer_schema,
    keeps_to_schema,
    parse_answer,
)
from inference_server.errors import (
    AssessorCrashedError,
    AssessorModelMissingError,
    AssessorTimeoutError,
    AssessorUnavailableError,
    PullUnsupportedError,
)

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """Fields of a request beyond the schema, and tokens for thoughts that they cannot prevent."""

    fields: dict[str, object]
    room: int = 0


# Servers differ in their defaults; these leave the most likely answer.
_EXACT: Final[dict[str, object]] = {
    "seed": 0,
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "logprobs": True,
    "top_logprobs": TOP_TOKENS,
}
# The best first. Thinking would use up the answer's tokens. `chat_template_kwargs` is supported by
# llama.cpp, vLLM and SGLang; OpenAI's own service refuses it, as others do the rest.
_WAYS: Final = (
    _Way(fields={**_EXACT, "chat_template_kwargs": {"enable_thinking": False}}),
    _Way(fields=_EXACT, room=THINKING_ROOM),
    _Way(fields={}, room=THINKING_ROOM),
)


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
        self._way = _WAYS[0]
        self._prior: Odds | None = None

    async def start(self) -> None:
        """Check the model, find how it keeps to a schema, and learn its habit."""
        await self.check()
        self._way = await self._choose_way()
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
            completion = self._read(await response.text())
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
            completion = self._read(await response.text())
        self._prior = read_odds(completion.tokens)
        return completion

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()
            self._session = None

    async def _choose_way(self) -> _Way:
        """Return how the model keeps to a schema; raises AssessorUnavailableError if it does not."""
        refused: AssessorUnavailableError | None = None
        for way in _WAYS:
            body = self._body(
                [{"role": "user", "content": TRIAL_QUESTION}],
                TRIAL_SCHEMA,
                max_tokens=TRIAL_TOKENS,
                way=way,
            )
            try:
                async with self._request(
                    "POST", "/v1/chat/completions", timeout=self._timeout, body=body
                ) as response:
                    completion = self._read(await response.text())
            except AssessorUnavailableError as err:  # some servers refuse fields they do not know
                refused = refused or err
                continue
            if keeps_to_schema(completion.text):
                if way.room:
                    _LOG.warning("%s may think before it answers, which takes time", self.model)
                return way
        raise refused or AssessorUnavailableError(
            f"{self._url} does not enforce the answer's schema for {self.model}: use a server that "
            "supports response_format with a JSON schema, or another model (NEMOTRON_MODEL)."
        )

    def _body(
        self,
        messages: list[dict[str, str]],
        schema: dict[str, object],
        *,
        max_tokens: int,
        way: _Way | None = None,
    ) -> dict[str, object]:
        way = way or self._way
        return {
            "model": self.model,
            "messages": messages,
            "max_tokens": max_tokens + way.room,
            "temperature": 0,
            **way.fields,
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
                    raise refusal(
                        self._url,
                        response.status,
                        reason_in(await response.text(errors="replace")),
                        model=self.model,
                        retry_after_s=retry_after(response.headers.get("Retry-After", "")),
                    )
                yield response
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as err:
            raise AssessorUnavailableError(
                f"{self._url} cannot be reached (NEMOTRON_URL): {err}"
            ) from err
        except TimeoutError as err:
            raise AssessorTimeoutError(f"{self._url} did not answer in {timeout:g} s") from err
        except (aiohttp.ClientError, UnicodeDecodeError) as err:
            raise AssessorCrashedError(
                f"{self._url} closed the connection: {err or type(err).__name__}"
            ) from err

    def _read(self, body: str) -> Completion:
        return read_completion(body, server=self._url, model=self.model)
