"""What the inference servers say of their language models, in the few words that are shown."""

from .core.domain.inference import AssessorHealth, Pull
from .core.domain.updates import Health


def assessors(health: Health) -> list[AssessorHealth]:
    """Return the risk assessment of each server that can be reached."""
    return [
        server.health.assessor
        for server in health.servers
        if server.health is not None and server.reachable
    ]


def missing_models(health: Health) -> list[str]:
    """Return the names of the models that are not where they should be."""
    missing = {each.model for each in assessors(health) if each.model_missing and each.model}
    return sorted(missing)


def lost_gpus(health: Health) -> list[str]:
    """Return a sentence for each language model that has lost its GPU."""
    return [each.fallback for each in assessors(health) if each.fallback]


def pulls(health: Health) -> list[Pull]:
    """Return the last downloads."""
    return [each.pull for each in assessors(health) if each.pull]
