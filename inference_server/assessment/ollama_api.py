"""Ollama's HTTP API: the requests that the assessor needs, with every failure as a ProblemError.

The environment's proxies and keys are not used and redirects are not followed, because a prompt or
a key must reach no other machine than the one that the settings name.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
import json
from typing import Final

import httpx  # noqa: TID251 # its errors and hooks pass through the ollama package
import ollama

from inference_server.assessment.refusals import (
    MAX_REASON,
    reason_in,
    refusal,
    reported_error,
    retry_after,
)
from inference_server.errors import (
    AssessorCrashedError,
    AssessorFailedError,
    AssessorInvalidOutputError,
    AssessorModelMissingError,
    AssessorTimeoutError,
    AssessorUnavailableError,
    ProblemError,
)

# Statuses that mean the same from every server: a key, a firewall, a limit of size, a limit of rate.
_OF_A_PROXY: Final = frozenset({401, 403, 413, 429})


class _Client(ollama.AsyncClient):
    """Return responses as they are: the package's own types drop fields that are needed here."""

    async def fetch(
        self, method: str, path: str, body: Mapping[str, object] | None
    ) -> dict[str, object]:
        found: dict[str, object] = await self._request(dict, method, path, stream=False, json=body)
        return found

    async def follow(
        self, path: str, body: Mapping[str, object]
    ) -> AsyncIterator[dict[str, object]]:
        async for part in await self._request(dict, "POST", path, json=body, stream=True):
            yield part


class OllamaApi:
    """One Ollama server; `model` is named in errors."""

    def __init__(
        self, *, url: str, model: str, api_key: str | None, connect_timeout: float
    ) -> None:
        self.url: Final = url
        self._model = model
        self._api_key = api_key
        # Only connecting has a limit here: an answer comes in one piece at the very end.
        self._client = _Client(
            url,
            timeout=httpx.Timeout(None, connect=connect_timeout),
            follow_redirects=False,
            trust_env=False,
            event_hooks={"request": [self._authorize], "response": [self._check]},
        )

    async def get(self, path: str, *, timeout: float) -> dict[str, object]:
        """Return the JSON object at a path."""
        with self._translated():
            async with asyncio.timeout(timeout):
                return self._object(await self._client.fetch("GET", path, None))

    async def post(
        self, path: str, body: Mapping[str, object], *, timeout: float
    ) -> dict[str, object]:
        """Return the JSON object that answers a request; cancelling it stops the model."""
        with self._translated():
            async with asyncio.timeout(timeout):
                return self._object(await self._client.fetch("POST", path, body))

    async def stream(
        self, path: str, body: Mapping[str, object], *, silence: float
    ) -> AsyncIterator[dict[str, object]]:
        """Return the JSON objects of a streamed response; `silence` is the longest pause in seconds."""
        loop = asyncio.get_running_loop()
        with self._translated():
            async with asyncio.timeout(silence) as patience:
                async for part in self._client.follow(path, {**body, "stream": True}):
                    patience.reschedule(None)
                    yield self._object(part)
                    patience.reschedule(loop.time() + silence)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()  # type: ignore[no-untyped-call] # of the package

    async def _authorize(self, request: httpx.Request) -> None:
        # The package takes a key from the environment, which may be meant for another server.
        request.headers.pop("authorization", None)
        if self._api_key:
            request.headers["authorization"] = f"Bearer {self._api_key}"

    async def _check(self, response: httpx.Response) -> None:
        if response.status_code != HTTPStatus.OK:
            await response.aread()
            raise self._problem(
                response.status_code,
                response.content.decode("utf-8", "replace"),
                retry_after(response.headers.get("retry-after", "")),
            )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (ConnectionError, httpx.ConnectError, httpx.ConnectTimeout) as err:
            raise AssessorUnavailableError(
                f"Ollama cannot be reached at {self.url}: is it running there (NEMOTRON_URL)?"
            ) from err
        except (TimeoutError, httpx.TimeoutException) as err:
            raise AssessorTimeoutError(
                f"Ollama at {self.url} did not answer in time with {self._model}"
            ) from err
        except httpx.HTTPError as err:
            raise AssessorCrashedError(
                f"Ollama at {self.url} closed the connection: {err or type(err).__name__}"
            ) from err
        except ollama.ResponseError as err:  # in the middle of a stream
            raise AssessorFailedError(
                f"Ollama at {self.url} failed: {err.error[:MAX_REASON]}"
            ) from err
        except (ValueError, TypeError, AttributeError, RecursionError) as err:
            raise AssessorInvalidOutputError(
                f"{self.url} sent a response that is not Ollama's"
            ) from err

    def _object(self, value: dict[str, object]) -> dict[str, object]:
        if (error := reported_error(value)) is not None:
            raise refusal(self._name, error.status, error.reason, model=self._model)
        return value

    def _problem(self, status: int, body: str, retry_after_s: float) -> ProblemError:
        reason = reason_in(body)
        if not _is_ollamas(body) and status not in _OF_A_PROXY:
            # Another program: its 404 says nothing about Ollama's models.
            return AssessorUnavailableError(
                f"{self.url} answered {status} ({reason or 'no reason'}), but not as Ollama does; "
                "check NEMOTRON_URL and the proxy before Ollama"
            )
        if status == HTTPStatus.NOT_FOUND:
            return AssessorModelMissingError(
                f"{self._name} has no model {self._model}: run `ollama pull {self._model}`"
            )
        return refusal(self._name, status, reason, model=self._model, retry_after_s=retry_after_s)

    @property
    def _name(self) -> str:
        return f"Ollama at {self.url}"


def _is_ollamas(body: str) -> bool:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and isinstance(value.get("error"), str)
