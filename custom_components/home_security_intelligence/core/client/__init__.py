"""The inference server's client library."""

from .client import InferenceClient
from .models import (
    AssessorBackend,
    AssessorHealth,
    DetectorHealth,
    DetectResult,
    EventFacts,
    ObjectFacts,
    PartHealth,
    PartState,
    ServerHealth,
    ServerStatus,
)
from .url import normalize_url

__all__ = [
    "AssessorBackend",
    "AssessorHealth",
    "DetectResult",
    "DetectorHealth",
    "EventFacts",
    "InferenceClient",
    "ObjectFacts",
    "PartHealth",
    "PartState",
    "ServerHealth",
    "ServerStatus",
    "normalize_url",
]
