"""The settings decide which backend there is."""

from pathlib import Path
import sys

import pytest

from inference_server.assessment.factory import create_assessor
from inference_server.errors import AssessorUnavailableError
from inference_server.settings import LlmBackend, Settings


@pytest.mark.parametrize(
    ("backend", "model"),
    [
        (LlmBackend.OLLAMA, "nemotron"),
        (LlmBackend.OPENAI, "nemotron"),
        (LlmBackend.EMBEDDED, "own"),
    ],
)
async def test_each_backend_is_made_and_says_its_model(backend: LlmBackend, model: str) -> None:
    assessor = create_assessor(
        Settings(llm_backend=backend, nemotron_model="nemotron", embedded_model=Path("own.gguf"))
    )

    assert assessor
    assert (assessor.backend, assessor.model) == (backend, model)
    await assessor.close()


def test_no_backend_is_no_assessor() -> None:
    assert create_assessor(Settings(llm_backend=LlmBackend.NONE)) is None


@pytest.mark.parametrize(
    ("backend", "package"),
    [(LlmBackend.EMBEDDED, "xllamacpp")],
)
def test_a_missing_package_is_named(
    monkeypatch: pytest.MonkeyPatch, backend: LlmBackend, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(AssessorUnavailableError, match=package):
        create_assessor(Settings(llm_backend=backend))
