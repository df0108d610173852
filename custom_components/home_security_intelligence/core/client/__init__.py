"""The inference server's client library."""

from .certificate import read_fingerprint, shown_fingerprint
from .client import InferenceClient
from .models import (
    AnswerProblem,
    AssessorBackend,
    AssessorHealth,
    DetectorHealth,
    DetectResult,
    EventFacts,
    GpuHealth,
    GpuPressure,
    ObjectFacts,
    PartHealth,
    PartState,
    Pull,
    PullState,
    RulesFacts,
    ServerHealth,
    ServerStatus,
)
from .seam import Inference
from .url import normalize_url

__all__ = [
    "AnswerProblem",
    "AssessorBackend",
    "AssessorHealth",
    "DetectResult",
    "DetectorHealth",
    "EventFacts",
    "GpuHealth",
    "GpuPressure",
    "Inference",
    "InferenceClient",
    "ObjectFacts",
    "PartHealth",
    "PartState",
    "Pull",
    "PullState",
    "RulesFacts",
    "ServerHealth",
    "ServerStatus",
    "normalize_url",
    "read_fingerprint",
    "shown_fingerprint",
]
