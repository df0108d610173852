"""Who may talk to the server."""

from collections.abc import Callable, Collection, Sequence
import hashlib
import hmac
from ipaddress import ip_address

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from inference_server.errors import UnauthorizedError
from inference_server.http.connection_limiter import client_of
from inference_server.http.rate_limit import RateLimit
from inference_server.settings import Settings, SettingsError

_BURST = 2.0  # seconds' worth of requests that may come at once
_WRONG_PER_SECOND = 1.0  # wrong tokens from one address
_WRONG_BURST = 100.0


def check_exposure(settings: Settings) -> None:
    """Raise SettingsError where others could reach a server that asks for no token."""
    if not settings.api_tokens and not is_loopback(settings.host):
        raise SettingsError(
            f"Refusing to listen on {settings.host} without a token: "
            "set API_TOKEN or API_TOKEN_FILE, or listen on 127.0.0.1"
        )


def bearer(
    tokens: Sequence[str],
    *,
    open_paths: Collection[str],
    per_second: float = 0,
    on_authorized: Callable[[web.BaseRequest], None] | None = None,
) -> Middleware:
    """Let requests pass that carry one of the tokens, and tell of them; without tokens let all pass.

    One client, which is one token from one address or IPv6 network, may send `per_second`; 0 is no limit. An
    address that keeps sending wrong tokens is told to slow down; a right one passes all the same,
    for others may share the address.
    """
    digests = [_digest(token) for token in tokens]
    limit = RateLimit(per_second, burst=per_second * _BURST)
    wrong = RateLimit(
        _WRONG_PER_SECOND,
        burst=_WRONG_BURST,
        refusal="This address has sent too many wrong tokens; send a valid one, or wait.",
    )

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in open_paths:
            return await handler(request)
        client, number = client_of(request.remote or ""), 0
        if digests:
            scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
            # Digests are of one length and every one is compared: time tells nothing of a token.
            matches = [hmac.compare_digest(_digest(given), digest) for digest in digests]
            if scheme.lower() != "bearer" or not any(matches):
                wrong.take(client)
                raise UnauthorizedError("Send a valid token as 'Authorization: Bearer <token>'.")
            number = matches.index(True)
        if on_authorized:
            on_authorized(request)
        limit.take(f"{number} {client}")
        return await handler(request)

    return middleware


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.strip().encode("utf-8", "surrogateescape")).digest()


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a listener there."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
