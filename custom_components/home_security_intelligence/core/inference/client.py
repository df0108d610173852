"""The client of the inference server: one request, one answer or one error of our own tree."""

from collections.abc import Mapping, Sequence
from functools import partial
import secrets

import aiohttp

from ..domain.errors import (
    ClientError,
    InputError,
    ServerAuthError,
    ServerCertificateChangedError,
    ServerCertificateError,
    ServerIncompatibleError,
    ServerLostError,
    ServerTimeoutError,
    ServerTlsError,
    ServerUnreachableError,
)
from ..domain.inference import DetectResult, EventFacts, Pull, ServerHealth
from ..domain.models import Assessment
from ..domain.settings import Settings
from .certificate import peer_fingerprint, shown_fingerprint
from .error_mapping import OTHER_PROGRAM, failure_of
from .json_reader import Answer, read_object
from .url import normalize_url
from .wire import (
    API_VERSION,
    facts_json,
    read_assessment,
    read_detect_result,
    read_health,
    read_pull,
)

MAX_ANSWER_BYTES = 1024 * 1024  # a larger answer is not ours

_NOT_HTTP = "not_http"
_MALFORMED = "malformed_answer"


class InferenceClient:
    """Asks one inference server; keeps no state but its session.

    It asks again only where a connection breaks off before the answer, once and at once: it may
    have been kept from before a restart of the server.
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
        """`fingerprint` is the sha256 of the only certificate taken, in hex; None trusts the usual ones."""
        self._session = session
        self._ssl = aiohttp.Fingerprint(bytes.fromhex(fingerprint)) if fingerprint else True
        self._url = normalize_url(url)
        self._token = token
        self._settings = settings

    @property
    def url(self) -> str:
        """The server's address as it is used."""
        return self._url

    async def health(self) -> ServerHealth:
        """Return the server's health; tells a wrong address from a server in trouble."""
        try:
            answer = await self._request("GET", "/v1/health", self._settings.connect_timeout)
        except ClientError as err:
            about_the_address = _about_the_address(err)
            if about_the_address is err:
                raise
            raise about_the_address from err
        except InputError as err:
            raise ServerIncompatibleError(OTHER_PROGRAM) from err
        if not (answer.has("api_version") and answer.has("instance_id")):
            raise ServerIncompatibleError(OTHER_PROGRAM)
        version = answer.integer("api_version")
        if version != API_VERSION:
            older = "integration" if version > API_VERSION else "inference server"
            raise ServerIncompatibleError(
                f"The inference server speaks API version {version}, this integration "
                f"{API_VERSION}. Update the {older}."
            )
        return read_health(answer)

    async def detect(self, image: bytes, *, content_type: str, threshold: float) -> DetectResult:
        """Return what is in the picture; `threshold` is the lowest confidence to answer with."""
        timeout = self._settings.detect_timeout
        answer = await self._request(
            "POST",
            "/v1/detect",
            timeout,
            params={"threshold": str(threshold)},
            headers={"Content-Type": content_type, **_deadline(timeout)},
            data=image,
        )
        return read_detect_result(answer)

    async def assess(self, facts: EventFacts, *, pictures: Sequence[bytes] = ()) -> Assessment:
        """Return how worrying the event is; only a server whose model sees takes pictures."""
        timeout = self._settings.assess_timeout
        answer = await self._request(
            "POST",
            "/v1/assess",
            timeout,
            headers=_deadline(timeout),
            json=facts_json(facts, pictures),
        )
        return read_assessment(answer)

    async def pull_model(self) -> Pull:
        """Have the server download the language model it is set up with; returns at once."""
        return read_pull(
            await self._request("POST", "/v1/models/pull", self._settings.connect_timeout)
        )

    async def _request(
        self,
        method: str,
        path: str,
        answer_timeout: float,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        json: object = None,
    ) -> Answer:
        """Return the answer's JSON object; every other outcome is an error of `core.errors`."""
        request = partial(
            self._ask,
            method,
            path,
            answer_timeout,
            params=params,
            headers=headers,
            data=data,
            json=json,
        )
        try:
            return await request()
        except ServerLostError as lost:
            try:
                return await request()
            except ServerLostError, ServerUnreachableError:
                # Nobody answers any more: it may have been this very request that brought the
                # server down, so it counts as the request's failure and not as an outage.
                raise lost from None

    async def _ask(
        self,
        method: str,
        path: str,
        answer_timeout: float,
        *,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        data: bytes | None,
        json: object,
    ) -> Answer:
        """Ask once; raises ServerLostError where the connection broke off before the answer."""
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
                allow_redirects=False,  # a redirect could carry the token to somebody else
                timeout=aiohttp.ClientTimeout(total=connect + answer_timeout, connect=connect),
            ) as response:
                body = await _read_limited(response.content)
        except aiohttp.ServerFingerprintMismatch as err:
            raise ServerCertificateChangedError(
                "The inference server shows another TLS certificate than the one that was "
                f"confirmed ({shown_fingerprint(err.got.hex())}).",
                fingerprint=err.got.hex(),
            ) from err
        except aiohttp.ClientConnectorCertificateError as err:
            raise await self._untrusted(err) from err
        except aiohttp.ClientSSLError as err:
            raise ServerTlsError(
                "The inference server does not speak TLS at this address. "
                "Use http://, or the port on which it speaks TLS."
            ) from err
        except aiohttp.ConnectionTimeoutError as err:
            raise ServerUnreachableError(
                f"Nothing answers at {self._url} within {connect:g} s."
            ) from err
        except aiohttp.ClientConnectorDNSError as err:
            raise ServerUnreachableError(f"The name in {self._url} is not known.") from err
        except aiohttp.ClientConnectorError as err:
            raise ServerUnreachableError(
                f"Nothing answers at {self._url} ({err.strerror})."
            ) from err
        except TimeoutError as err:
            raise ServerTimeoutError(
                f"The inference server did not answer within {answer_timeout:g} s."
            ) from err
        except aiohttp.ClientResponseError as err:
            raise ClientError("What answers there does not speak HTTP.", code=_NOT_HTTP) from err
        except aiohttp.ClientPayloadError as err:
            raise ClientError(
                "The inference server broke off its answer.", code=ServerLostError.code
            ) from err
        except (aiohttp.ClientError, ConnectionError) as err:
            raise ServerLostError(
                "The inference server broke off the connection before it answered."
            ) from err
        if response.status not in {200, 202}:
            raise failure_of(response.status, response.headers, body)
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
        # One id in both, so that the server's log and any trace tell of the same request.
        trace_id = secrets.token_hex(16)
        merged = {
            "X-Request-ID": trace_id,
            "traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01",
            **(headers or {}),
        }
        if self._token:
            if not (self._token.isascii() and self._token.isprintable()):
                raise ServerAuthError("The token contains characters that no token has.")
            merged["Authorization"] = f"Bearer {self._token}"
        return merged


def _deadline(timeout: float) -> dict[str, str]:
    """Tell the server when nobody will read its answer any more, so that it need not work for it."""
    return {"X-Deadline-Ms": str(max(1, round(timeout * 1000)))}


async def _read_limited(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    async for chunk in content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise ClientError("The inference server's answer is too large.", code=_MALFORMED)
    return bytes(body)


def _about_the_address(err: ClientError) -> ClientError:
    """Return the error as the first thing asked of an address shows it."""
    match err.code:
        case ServerLostError.code:
            return ServerUnreachableError(
                "Something at this address hangs up without an answer. Check the port, and whether "
                "it wants https://."
            )
        case "not_http" | "malformed_answer" | "server_error":
            return ServerIncompatibleError(OTHER_PROGRAM)
        case _:
            return err
