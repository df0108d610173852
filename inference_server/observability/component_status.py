"""What state a part of the server is in, since when and why."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum


class PartState(StrEnum):
    """Where a part is between start and work."""

    LOADING = "loading"  # not tried to the end yet
    READY = "ready"
    FAILED = "failed"  # the error says why
    ABSENT = "absent"  # switched off in the settings


class Reason(StrEnum):
    """Why the detector is not ready, in a word that may be told to anybody."""

    LOADING = "loading"
    LOAD_FAILED = "load_failed"
    GPU_LOST = "gpu_lost"  # to this process, which ends soon
    CANARY_FAILED = "canary_failed"  # it no longer finds what it found when it was loaded
    UNPROVEN = "unproven"  # nobody has seen it work for too long
    UNLOADED = "unloaded"  # on request


@dataclass(frozen=True, slots=True, kw_only=True)
class PartStatus:
    """A part's state at one moment."""

    state: PartState
    error: str | None = None  # a sentence that says what to do
    reason: Reason | None = None
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    def then(
        self, state: PartState, error: str | None = None, *, reason: Reason | None = None
    ) -> "PartStatus":
        """Return the status after this one; `since` moves only when something changed."""
        if (state, error, reason) == (self.state, self.error, self.reason):
            return self
        return PartStatus(state=state, error=error, reason=reason)
