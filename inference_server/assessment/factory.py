"""Create the configured assessor."""

from importlib.util import find_spec
from typing import assert_never

from inference_server.assessment.base import Assessor
from inference_server.errors import AssessorUnavailableError
from inference_server.settings import LlmBackend, Settings


def create_assessor(settings: Settings) -> Assessor | None:
    """Create the configured assessor; None if there is none.

    Nothing is loaded or asked before its `start`. Raises AssessorUnavailableError where the
    backend's package is not installed.
    """
    match settings.llm_backend:
        case LlmBackend.NONE:
            return None
        case LlmBackend.OLLAMA:
            _require("ollama")
            from inference_server.assessment.ollama import OllamaAssessor  # noqa: PLC0415 # only where it is used

            return OllamaAssessor(
                url=settings.nemotron_url,
                model=settings.nemotron_model,
                api_key=settings.nemotron_api_key,
                context_tokens=settings.nemotron_num_ctx,
                digest=settings.nemotron_digest,
                allow_cloud=settings.nemotron_allow_cloud,
                connect_timeout=settings.connect_timeout,
                timeout=settings.assess_timeout,
            )
        case LlmBackend.OPENAI:
            from inference_server.assessment.openai import OpenAiAssessor  # noqa: PLC0415 # only where it is used

            return OpenAiAssessor(
                url=settings.nemotron_url,
                model=settings.nemotron_model,
                api_key=settings.nemotron_api_key,
                connect_timeout=settings.connect_timeout,
                timeout=settings.assess_timeout,
            )
        case LlmBackend.EMBEDDED:
            _require("xllamacpp")
            from inference_server.assessment.embedded import EmbeddedAssessor  # noqa: PLC0415 # only where it is used

            return EmbeddedAssessor(gguf=settings.embedded_model, timeout=settings.assess_timeout)
        case _:
            assert_never(settings.llm_backend)


def _require(package: str) -> None:
    if find_spec(package) is None:
        raise AssessorUnavailableError(
            f"The Python package {package} is not installed: install it, "
            "or choose another LLM_BACKEND."
        )
