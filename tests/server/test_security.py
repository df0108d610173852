"""Authorization and rate limits."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
import pytest
import pytest_asyncio

from inference_server.detection.base import Detector
from inference_server.detection.detector_manager import DetectorManager
from inference_server.detection.service import DetectionService
from inference_server.errors import RateLimitedError
from inference_server.http.problems import problem_details
from inference_server.http.rate_limiter import RateLimiter
from inference_server.http.security import bearer, check_exposure
from inference_server.observability.metrics import Metrics
from inference_server.settings import Settings, SettingsError
from tests.server.support import TOKEN, check_problem, no_assessor, serve

pytestmark = pytest.mark.asyncio(loop_scope="module")
Client = TestClient[web.Request, web.Application]
GUARDED = [
    ("GET", "/v1/health"),
    ("POST", "/v1/detect"),
    ("POST", "/v1/assess"),
    ("POST", "/v1/models/unload"),
    ("GET", "/x"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def anonymous(settings: Settings, detector: Detector) -> AsyncIterator[Client]:
    """Return a client without a token; the server accepts an old and a new token."""
    settings = replace(settings, api_tokens=("the-old-one", TOKEN))
    service = DetectionService(DetectorManager(lambda: detector), queue_limit=4)
    client = await serve(settings, service, no_assessor(), token=None)
    await service.detectors.settled.wait()
    yield client
    await client.close()


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_a_request_without_a_token_is_refused(
    anonymous: Client, method: str, path: str
) -> None:
    response = await anonymous.request(method, path)
    problem = await check_problem(response, 401, "unauthorized")
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert problem["retryable"] is False


@pytest.mark.parametrize(
    "header",
    [
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN.upper()}",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer",
        "Bearer ",
        f"Bearer the-old-one,{TOKEN}",
        "Bearer t\u00f6ken",
    ],
)
async def test_a_wrong_token_is_refused(anonymous: Client, header: str) -> None:
    response = await anonymous.get("/v1/health", headers={"Authorization": header})
    await check_problem(response, 401, "unauthorized")


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"bearer {TOKEN}", "Bearer the-old-one"])
async def test_each_of_the_tokens_is_valid(anonymous: Client, header: str) -> None:
    response = await anonymous.get("/v1/health", headers={"Authorization": header})
    assert response.status == 200


@pytest.mark.parametrize("path", ["/v1/live", "/v1/ready"])
async def test_a_probe_needs_no_token(anonymous: Client, path: str) -> None:
    assert (await anonymous.get(path)).status == 200


async def test_without_tokens_the_server_is_open_on_loopback(
    settings: Settings, detector: Detector
) -> None:
    service = DetectionService(DetectorManager(lambda: detector), queue_limit=4)
    client = await serve(replace(settings, api_tokens=()), service, no_assessor(), token=None)
    assert (await client.get("/v1/health")).status == 200
    await client.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.20", "server.lan", ""])
async def test_a_reachable_host_requires_a_token(host: str) -> None:
    with pytest.raises(SettingsError, match="Refusing to listen"):
        check_exposure(Settings(host=host))
    check_exposure(Settings(host=host, api_tokens=("t",)))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.4.5", "::1", "localhost"])
async def test_loopback_needs_no_token(host: str) -> None:
    check_exposure(Settings(host=host))


async def test_a_client_above_its_rate_limit_gets_a_retry_after(
    settings: Settings, detector: Detector
) -> None:
    service = DetectionService(DetectorManager(lambda: detector), queue_limit=4)
    settings = replace(settings, api_tokens=("one", "other"), rate_limit=2)
    client = await serve(settings, service, no_assessor(), token=None)

    async def ask(token: str) -> ClientResponse:
        return await client.get("/v1/health", headers={"Authorization": f"Bearer {token}"})

    assert [(await ask("one")).status for _ in range(4)] == [200] * 4
    response = await ask("one")
    problem = await check_problem(response, 429, "rate_limited")
    assert problem["retryable"] is True
    assert response.headers["Retry-After"] == "1"
    assert (await ask("other")).status == 200  # another client
    assert (await client.get("/v1/ready")).status in {200, 503}  # a probe is never refused
    await client.close()


async def test_guessing_tokens_is_limited_while_valid_ones_pass(
    settings: Settings, detector: Detector
) -> None:
    service = DetectionService(DetectorManager(lambda: detector), queue_limit=4)
    client = await serve(settings, service, no_assessor(), token=None)
    for _ in range(100):
        response = await client.get("/v1/health", headers={"Authorization": "Bearer guess"})
        assert response.status == 401
    for wrong in ("Bearer guess", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", ""):
        response = await client.get("/v1/health", headers={"Authorization": wrong})
        problem = await check_problem(response, 429, "rate_limited")
        assert "token" in problem["detail"]
    for _ in range(3):  # of the same address, as behind a router
        response = await client.get("/v1/health", headers={"Authorization": f"Bearer {TOKEN}"})
        assert response.status == 200
    await client.close()


async def test_an_ipv6_network_that_guesses_tokens_is_limited_as_one_client() -> None:
    addresses = (f"2001:db8::{number:x}" for number in range(1, 200))

    @web.middleware
    async def from_another_address(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        return await handler(request.clone(remote=next(addresses)))

    guard = bearer([TOKEN], open_paths=())
    app = web.Application(middlewares=[problem_details(Metrics()), from_another_address, guard])
    async with TestClient(TestServer(app)) as client:
        statuses = [(await client.get("/")).status for _ in range(110)]
    assert statuses[:100] == [401] * 100
    assert statuses[-1] == 429


async def test_a_bucket_refills_and_the_least_recent_client_is_forgotten() -> None:
    now = 0.0
    limit = RateLimiter(10, burst=2, clock=lambda: now)
    limit.acquire("a")
    limit.acquire("a")
    with pytest.raises(RateLimitedError):
        limit.acquire("a")
    now = 0.1
    limit.acquire("a")
    with pytest.raises(RateLimitedError):
        limit.acquire("a")
    for number in range(5000):
        limit.acquire(f"other {number}")
    limit.acquire("a")  # forgotten: it starts with a full bucket
    limit.acquire("a")
    with pytest.raises(RateLimitedError):
        limit.acquire("a")
    now = 100.0
    limit.acquire("a")
    limit.acquire("a")
    with pytest.raises(RateLimitedError):
        limit.acquire("a")
