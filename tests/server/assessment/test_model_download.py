"""A real Ollama downloads a model, and one that is in trouble says so."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from inference_server.assessment.assessor_service import AssessorService
from inference_server.assessment.base import DownloadProgress
from inference_server.assessment.model_download import DownloadState, ModelDownload
from inference_server.assessment.ollama import OllamaAssessor
from inference_server.errors import AssessorFailedError, AssessorModelMissingError
from inference_server.observability.component_status import ComponentState
from testbed.services.ollama import TestOllama
from tests.server.assessment.conftest import MODEL
from tests.server.assessment.registry import Registry
from tests.server.support import eventually

Make = Callable[..., OllamaAssessor]


@pytest_asyncio.fixture
async def registry(ollama: TestOllama, tmp_path: Path) -> AsyncIterator[Registry]:
    async with Registry(ollama.folder / "models", tmp_path) as registry:
        yield registry


@pytest.fixture
def empty_ollama(registry: Registry, tmp_path: Path) -> Iterator[TestOllama]:
    environ = {"SSL_CERT_FILE": str(registry.certificate)}
    with TestOllama(tmp_path / "empty", environ=environ) as server:
        yield server


async def test_a_missing_model_is_downloaded_and_then_ready(
    empty_ollama: TestOllama, registry: Registry, make_ollama_assessor: Make
) -> None:
    assessor = make_ollama_assessor(url=empty_ollama.url, model=registry.name(MODEL))
    assessor_service = AssessorService(lambda: assessor, timeout=60)
    pull = ModelDownload(assessor_service)
    assessor_service.start()
    try:
        await eventually(lambda: assessor_service.status.state is ComponentState.FAILED)
        assert assessor_service.problem == AssessorModelMissingError.code

        begun = pull.start()
        assert (begun.state, begun.model) == (DownloadState.RUNNING, assessor.model)
        await eventually(lambda: bool(pull.status and pull.status.completed_bytes))
        halfway = pull.start()  # asked again, it goes on
        assert 0 < halfway.completed_bytes < halfway.total_bytes
        registry.go.set()

        await eventually(lambda: assessor_service.status.state is ComponentState.READY, timeout=60)
        done = pull.status
        assert done
        assert (done.state, done.completed_bytes) == (DownloadState.DONE, done.total_bytes)
        assert assessor_service.problem is None
        assert assessor_service.model_digest
    finally:
        await pull.stop()
        await assessor_service.stop()


async def test_a_model_that_no_registry_has_is_an_error_with_its_words(
    empty_ollama: TestOllama, registry: Registry, make_ollama_assessor: Make
) -> None:
    assessor = make_ollama_assessor(url=empty_ollama.url, model=registry.name("no-such-model"))
    seen: list[DownloadProgress] = []

    with pytest.raises(AssessorFailedError, match="does not exist"):
        await assessor.downloader()(seen.append)


async def test_a_registry_that_goes_away_ends_the_download_with_an_error(
    empty_ollama: TestOllama, registry: Registry, make_ollama_assessor: Make
) -> None:
    assessor_service = AssessorService(
        lambda: make_ollama_assessor(url=empty_ollama.url, model="localhost:1/library/smollm2"),
        timeout=60,
    )
    pull = ModelDownload(assessor_service)
    assessor_service.start()
    try:
        pull.start()
        await eventually(lambda: bool(pull.status and pull.status.state is DownloadState.FAILED))
        assert pull.status
        assert pull.status.error
    finally:
        await pull.stop()
        await assessor_service.stop()


async def test_stopping_the_server_ends_the_download(
    empty_ollama: TestOllama, registry: Registry, make_ollama_assessor: Make
) -> None:
    assessor = make_ollama_assessor(url=empty_ollama.url, model=registry.name(MODEL))
    assessor_service = AssessorService(lambda: assessor, timeout=60)
    assessor_service.start()
    pull = ModelDownload(assessor_service)
    pull.start()
    await eventually(lambda: bool(pull.status and pull.status.completed_bytes))

    async with asyncio.timeout(60):
        await pull.stop()
    await assessor_service.stop()
