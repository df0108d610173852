"""Real runtimes for language models, each with the small real model SmolLM2."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
import socket

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest
import pytest_asyncio

from inference_server.assessment.ollama import OllamaAssessor
from testbed.services.ollama import TestOllama
from tests.server.assessment.llama import LlamaServer

MODEL = "smollm2"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture(scope="session")
def ollama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestOllama]:
    """A real Ollama that has the model."""
    with TestOllama(tmp_path_factory.mktemp("ollama")) as server:
        server.create_model(MODEL)
        yield server


@pytest_asyncio.fixture
async def make_ollama_assessor(
    ollama: TestOllama,
) -> AsyncIterator[Callable[..., OllamaAssessor]]:
    """Make an assessor on the real Ollama; what a test names differs."""
    made: list[OllamaAssessor] = []

    def make(
        *,
        url: str = "",
        model: str = MODEL,
        connect_timeout: float = 10,
        timeout: float = 120,
        api_key: str | None = None,
        context_tokens: int | None = None,
        digest: str | None = None,
        allow_cloud: bool = False,
    ) -> OllamaAssessor:
        assessor = OllamaAssessor(
            url=url or ollama.url,
            model=model,
            connect_timeout=connect_timeout,
            timeout=timeout,
            api_key=api_key,
            context_tokens=context_tokens,
            digest=digest,
            allow_cloud=allow_cloud,
        )
        made.append(assessor)
        return assessor

    yield make
    for assessor in made:
        await assessor.close()


@pytest.fixture(scope="session")
def llama() -> Iterator[LlamaServer]:
    """A real llama.cpp server, which speaks OpenAI's chat completions."""
    with LlamaServer() as server:
        yield server


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Callable[[Handler], Awaitable[str]]]:
    """Serve one handler on every path; for answers that no real server can be made to give."""
    servers: list[TestServer] = []

    async def start(handler: Handler) -> str:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        server = TestServer(app)
        servers.append(server)
        await server.start_server()
        return str(server.make_url("")).rstrip("/")

    yield start
    for server in servers:
        await server.close()


@pytest.fixture
def nobody() -> str:
    """An address where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"
