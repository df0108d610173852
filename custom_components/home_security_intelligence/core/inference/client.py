"""HTTP client of one inference server: a request returns a value or raises a `CoreError`."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
import secrets

import aiohttp

from ..domain.errors import (
    ClientError,
    InputError,
    ResponseLostError,
    ServerAuthError,
    ServerCertificateChangedError,
    ServerCertificateError,
    ServerIncompatibleError,
    ServerLimitError,
    ServerLostError,
    ServerTimeoutError,
    ServerTlsError,
    ServerUnreachableError,
)
from ..domain.inference import DetectResult, EventFacts, ModelDownload, ServerHealth
from ..domain.models import ModelAnswer
from ..domain.settings import Settings
from .certificate import format_fingerprint, peer_fingerprint
from .error_mapping import OTHER_PROGRAM, error_from_response
from .json_reader import JsonReader, read_object
from .url import normalize_url
from .wire import (
    API_VERSION,
    OPTIONAL_FIELDS,
    facts_json,
    read_detect_result,
    read_health,
    read_model_answer,
    read_pull,
)

MAX_RESPONSE_BYTES = 1024 * 1024  # a larger response is not an inference server's

_NOT_HTTP = "not_http"
_MALFORMED = "malformed_answer"


class InferenceClient:
    """Send requests to one inference server; the session is its only state.

    A request is repeated once, at once, if the connection is lost before the response: it may
    be a kept-alive connection from before a restart of the server.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        token: str | None,
        *,
        settings: Settings,
        fingerprint: str | None = None,
    ) -> None:
        """Trust only the certificate with this SHA-256 `fingerprint` (hex), or with None the usual CAs."""
        self._session = session
        self._ssl = aiohttp.Fingerprint(bytes.fromhex(fingerprint)) if fingerprint else True
        self._url = normalize_url(url)
        self._token = token
        self._settings = settings

    @property
    def url(self) -> str:
        """Return the normalized address."""
        return self._url

    async def health(self) -> ServerHealth:
        """Return the server's health; the error tells a wrong address from a failing server."""
        try:
            response = await self._request("GET", "/v1/health", self._settings.connect_timeout)
        except ClientError as err:
            address_error = _address_error(err)
            if address_error is err:
                raise
            raise address_error from err
        except (InputError, ServerLimitError) as err:
            raise ServerIncompatibleError(OTHER_PROGRAM) from err
        if not (response.has("api_version") and response.has("instance_id")):
            raise ServerIncompatibleError(OTHER_PROGRAM)
        version = response.integer("api_version")
        if version != API_VERSION:
            older = "integration" if version > API_VERSION else "inference server"
            raise ServerIncompatibleError(
                f"The inference server uses API version {version}, this integration uses "
                f"{API_VERSION}. Update the {older}."
            )
        return read_health(response)

    async def detect(self, image: bytes, *, content_type: str, threshold: float) -> DetectResult:
        """Return the objects in an image with at least the confidence `threshold` (0-1)."""
        timeout = self._settings.detect_timeout
        response = await self._request(
            "POST",
            "/v1/detect",
            timeout,
            params={"threshold": str(threshold)},
            headers={"Content-Type": content_type, **_deadline(timeout)},
            data=image,
        )
        return read_detect_result(response)

    async def assess(
        self,
        facts: EventFacts,
        *,
        images: Sequence[bytes] = (),
        accepts: Collection[str] = OPTIONAL_FIELDS,
    ) -> ModelAnswer:
        """Return the language model's answer on an event.

        Send images only if the model takes them, and optional fields only if the server `accepts`
        them.
        """
        timeout = self._settings.assess_timeout
        response = await self._request(
            "POST",
            "/v1/assess",
            timeout,
            headers=_deadline(timeout),
            json=facts_json(facts, images, accepts=accepts),
        )
        return read_model_answer(response)

    async def pull_model(self) -> ModelDownload:
        """Start the download of the configured language model; returns at once."""
        return read_pull(
            await self._request("POST", "/v1/models/pull", self._settings.connect_timeout)
        )

    async def _request(
        self,
        method: str,
        path: str,
        response_timeout: float,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        json: object = None,
    ) -> JsonReader:
        """Return the response's JSON object; raises CoreError for every other outcome."""
        request = partial(
            self._send,
            method,
            path,
            response_timeout,
            params=params,
            headers=headers,
            data=data,
            json=json,
        )
        try:
            return await request()
        except ResponseLostError:
            raise
        except ServerLostError as lost:
            try:
                return await request()
            except ServerLostError, ServerUnreachableError:
                # This request may have crashed the server, so it goes to no other one.
                raise lost from None

    async def _send(
        self,
        method: str,
        path: str,
        response_timeout: float,
        *,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        data: bytes | None,
        json: object,
    ) -> JsonReader:
        """Send once; raises ServerLostError if the connection is lost before the response."""
        connect = self._settings.connect_timeout
        try:
            async with self._session.request(
                method,
                f"{self._url}{path}",
                params=params,
                headers=self._headers(headers),
                data=data,
                json=json,
                ssl=self._ssl,
                allow_redirects=False,  # a redirect could leak the token
                timeout=aiohttp.ClientTimeout(total=connect + response_timeout, connect=connect),
            ) as response:
                body = await _read_limited(response.content)
        except aiohttp.ServerFingerprintMismatch as err:
            raise ServerCertificateChangedError(
                "The inference server's TLS certificate is not the confirmed one "
                f"({format_fingerprint(err.got.hex())}).",
                fingerprint=err.got.hex(),
            ) from err
        except aiohttp.ClientConnectorCertificateError as err:
            raise await self._untrusted(err) from err
        except aiohttp.ClientSSLError as err:
            raise ServerTlsError(
                "The inference server does not speak TLS at this address. "
                "Use http://, or its TLS port."
            ) from err
        except aiohttp.ConnectionTimeoutError as err:
            raise ServerUnreachableError(
                f"No response from {self._url} within {connect:g} s."
            ) from err
        except aiohttp.ClientConnectorDNSError as err:
            raise ServerUnreachableError(
                f"The host name in {self._url} cannot be resolved."
            ) from err
        except aiohttp.ClientConnectorError as err:
            raise ServerUnreachableError(f"No connection to {self._url} ({err.strerror}).") from err
        except TimeoutError as err:
            raise ServerTimeoutError(
                f"The inference server did not respond within {response_timeout:g} s."
            ) from err
        except aiohttp.ClientResponseError as err:
            raise ClientError(
                "The program at this address does not speak HTTP.", code=_NOT_HTTP
            ) from err
        except aiohttp.ClientPayloadError as err:
            raise ResponseLostError("The connection was lost during the response.") from err
        except (aiohttp.ClientError, ConnectionError) as err:
            raise ServerLostError(
                "The inference server closed the connection before it responded."
            ) from err
        if response.status not in {200, 202}:
            raise error_from_response(response.status, response.headers, body)
        return read_object(body)

    async def _untrusted(self, err: aiohttp.ClientConnectorCertificateError) -> ServerTlsError:
        message = (
            f"The inference server's TLS certificate is not trusted: {err.certificate_error}. "
            "Correct the certificate, or confirm its fingerprint."
        )
        fingerprint = await peer_fingerprint(self._url, self._settings.connect_timeout)
        if fingerprint is None:
            return ServerTlsError(message)
        return ServerCertificateError(message, fingerprint=fingerprint)

    def _headers(self, headers: Mapping[str, str] | None) -> dict[str, str]:
        # One id in both headers, so that logs and traces can be matched.
        trace_id = secrets.token_hex(16)
        merged = {
            "X-Request-ID": trace_id,
            "traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01",
            **(headers or {}),
        }
        if self._token:
            if not (self._token.isascii() and self._token.isprintable()):
                raise ServerAuthError("The token contains characters that are not allowed.")
            merged["Authorization"] = f"Bearer {self._token}"
        return merged


def _deadline(timeout: float) -> dict[str, str]:
    """Return the header after whose time the server may drop the request."""
    return {"X-Deadline-Ms": str(max(1, round(timeout * 1000)))}


async def _read_limited(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    async for chunk in content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MAX_RESPONSE_BYTES:
            raise ClientError("The inference server's response is too large.", code=_MALFORMED)
    return bytes(body)


def _address_error(err: ClientError) -> ClientError:
    """Return the error to show for the first request to an address."""
    match err.code:
        case ServerLostError.code:
            return ServerUnreachableError(
                "The connection is closed without a response. Check the port, and whether the address "
                "needs https://."
            )
        case "not_http" | "malformed_answer" | "server_error":
            return ServerIncompatibleError(OTHER_PROGRAM)
        case _:
            return err
