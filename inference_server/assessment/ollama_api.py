"""Ollama's HTTP API: the requests that the assessor needs, with every failure as a ProblemError.

The environment's proxies are not used and redirects are not followed, because a prompt or a key
must reach no other machine than the one that the settings name.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
import json
from typing import Final

import aiohttp

from inference_server.errors import (
    AssessorFailedError,
    AssessorInvalidOutputError,
    AssessorModelMissingError,
    AssessorTimeoutError,
    AssessorUnavailableError,
    OverloadedError,
    ProblemError,
)

BUSY_RETRY_S: Final = 5.0  # seconds
MAX_ERROR: Final = 200  # characters of Ollama's own error text
MAX_LINE: Final = 1024 * 1024  # bytes of one line of a download's progress


class OllamaApi:
    """One Ollama server; `model` is named in errors."""

    def __init__(
        self, *, url: str, model: str, api_key: str | None, connect_timeout: float
    ) -> None:
        self.url: Final = url
        self._model = model
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._connect_timeout = connect_timeout
        self._session: aiohttp.ClientSession | None = None

    async def get(self, path: str, *, timeout: float) -> dict[str, object]:
        """Return the JSON object at a path."""
        return await self._whole("GET", path, None, timeout)

    async def post(
        self, path: str, body: Mapping[str, object], *, timeout: float
    ) -> dict[str, object]:
        """Return the JSON object that answers a request; cancelling it stops the model."""
        return await self._whole("POST", path, body, timeout)

    async def stream(
        self, path: str, body: Mapping[str, object], *, silence: float
    ) -> AsyncIterator[dict[str, object]]:
        """Return the JSON objects of a streamed response; `silence` is the longest pause in seconds."""
        async with self._request("POST", path, body, None, silence=silence) as response:
            while line := await response.content.readline():
                yield self._object(line)

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()
            self._session = None

    async def _whole(
        self, method: str, path: str, body: Mapping[str, object] | None, timeout: float
    ) -> dict[str, object]:
        async with self._request(method, path, body, timeout) as response:
            return self._object(await response.read())

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
        timeout: float | None,
        *,
        silence: float | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self._headers, trust_env=False, read_bufsize=MAX_LINE
            )
        limits = aiohttp.ClientTimeout(
            total=None, sock_connect=self._connect_timeout, sock_read=silence
        )
        try:
            async with (
                asyncio.timeout(timeout),
                self._session.request(
                    method, self.url + path, json=body, timeout=limits, allow_redirects=False
                ) as response,
            ):
                if response.status != HTTPStatus.OK:
                    raise self._problem(response.status, await response.read())
                yield response
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as err:
            raise AssessorUnavailableError(
                f"Ollama cannot be reached at {self.url}: is it running there (NEMOTRON_URL)?"
            ) from err
        except TimeoutError as err:
            raise AssessorTimeoutError(
                f"Ollama at {self.url} did not answer in time with {self._model}"
            ) from err
        except aiohttp.ClientError as err:
            raise AssessorFailedError(
                f"Ollama at {self.url} closed the connection: {err or type(err).__name__}"
            ) from err

    def _object(self, body: bytes) -> dict[str, object]:
        value = _decode(body)
        if value is None:
            raise AssessorInvalidOutputError(f"{self.url} sent a response that is not Ollama's")
        if isinstance(error := value.get("error"), str):  # in the middle of a stream
            raise AssessorFailedError(f"Ollama at {self.url} failed: {error[:MAX_ERROR]}")
        return value

    def _problem(self, status: int, body: bytes) -> ProblemError:
        error = (_decode(body) or {}).get("error")
        if not isinstance(error, str):
            # A proxy or another program: its 404 says nothing about Ollama's models.
            return AssessorUnavailableError(
                f"{self.url} answered {status}, but not as Ollama does; check NEMOTRON_URL"
            )
        match status:
            case HTTPStatus.NOT_FOUND:
                return AssessorModelMissingError(
                    f"Ollama at {self.url} has no model {self._model}: "
                    f"run `ollama pull {self._model}`"
                )
            case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
                return AssessorUnavailableError(
                    f"Ollama at {self.url} refuses the API key (NEMOTRON_API_KEY)"
                )
            case HTTPStatus.SERVICE_UNAVAILABLE | HTTPStatus.TOO_MANY_REQUESTS:
                return OverloadedError(
                    f"Ollama at {self.url} has too many requests waiting",
                    retry_after_s=BUSY_RETRY_S,
                )
        # A 4xx is a wrong configuration, not a failure on this request.
        kind = AssessorFailedError if status >= 500 else AssessorUnavailableError
        return kind(f"Ollama at {self.url} failed: {error[:MAX_ERROR]} ({status})")


def _decode(body: bytes) -> dict[str, object] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
