"""Authorization by bearer token."""

from collections.abc import Callable, Collection, Sequence
import hashlib
import hmac
from ipaddress import ip_address

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from inference_server.errors import UnauthorizedError
from inference_server.http.connection_limiter import client_of
from inference_server.http.problems import AUTHORIZED
from inference_server.http.rate_limiter import RateLimiter
from inference_server.settings import Settings, SettingsError

_BURST = 2.0  # seconds' worth of requests that a client may send at once
_WRONG_PER_SECOND = 1.0  # wrong tokens from one address
WRONG_BURST = 100.0  # wrong tokens that one address may send at once


def check_exposure(settings: Settings) -> None:
    """Raise SettingsError if a server without a token would be reachable from other machines."""
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
    wrong_burst: float = WRONG_BURST,
    on_authorized: Callable[[web.BaseRequest], None] | None = None,
) -> Middleware:
    """Require one of the tokens, if there are any; call `on_authorized` with each request that passes.

    A client is one token from one address or IPv6 network; `per_second` limits its requests, 0 does
    not. An address that keeps sending wrong tokens is limited after `wrong_burst` of them, but valid
    tokens still pass, as several clients may share the address.
    """
    digests = [_digest(token) for token in tokens]
    limit = RateLimiter(per_second, burst=per_second * _BURST)
    wrong = RateLimiter(
        _WRONG_PER_SECOND,
        burst=wrong_burst,
        refusal="This address has sent too many wrong tokens; send a valid one, or wait.",
    )

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in open_paths:
            return await handler(request)
        client, number = client_of(request.remote or ""), 0
        if digests:
            scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
            # Digests have one length and all are compared: the time reveals nothing about a token.
            matches = [hmac.compare_digest(_digest(given), digest) for digest in digests]
            if scheme.lower() != "bearer" or not any(matches):
                wrong.acquire(client)
                raise UnauthorizedError("Send a valid token as 'Authorization: Bearer <token>'.")
            number = matches.index(True)
        request[AUTHORIZED] = True
        if on_authorized:
            on_authorized(request)
        limit.acquire(f"{number} {client}")
        return await handler(request)

    return middleware


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.strip().encode("utf-8", "surrogateescape")).digest()


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a listener there."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
