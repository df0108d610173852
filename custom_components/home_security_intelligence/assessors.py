"""The state of the inference servers' language models."""

from .core.domain.inference import AssessorHealth, ComponentState, ModelDownload
from .core.domain.updates import Health


def assessors(health: Health) -> list[AssessorHealth]:
    """Return the risk assessment component of each reachable server."""
    return [
        server.health.assessor
        for server in health.servers
        if server.health is not None and server.reachable
    ]


def has_model(assessor: AssessorHealth) -> bool:
    """Return whether a language model is configured."""
    return assessor.state is not ComponentState.ABSENT and assessor.backend is not None


def missing_models(health: Health) -> list[str]:
    """Return the names of the configured models that are not installed."""
    missing = {each.model for each in assessors(health) if each.model_missing and each.model}
    return sorted(missing)


def lost_gpus(health: Health) -> list[str]:
    """Return the server's explanation for each language model that lost its GPU."""
    return [each.fallback for each in assessors(health) if each.fallback]


def pulls(health: Health) -> list[ModelDownload]:
    """Return the last model downloads."""
    return [each.pull for each in assessors(health) if each.pull]
