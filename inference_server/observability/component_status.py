"""State of the detector or the assessor, with its time and cause."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum


class ComponentState(StrEnum):
    """State of a component."""

    LOADING = "loading"  # the first attempt to load it has not ended
    READY = "ready"
    FAILED = "failed"  # the error says why
    ABSENT = "absent"  # disabled in the settings, or unloaded


class Reason(StrEnum):
    """Why the detector is not ready; contains nothing confidential."""

    LOADING = "loading"
    LOAD_FAILED = "load_failed"
    GPU_LOST = "gpu_lost"  # to this process, which stops soon
    CANARY_FAILED = "canary_failed"  # the self-test finds other objects than when it was loaded
    DECODER_STUCK = "decoder_stuck"  # an image decoder does not return; the process stops soon
    UNPROVEN = "unproven"  # neither an image nor the self-test has succeeded for too long
    UNLOADED = "unloaded"  # on request


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentStatus:
    """A component's state at one moment."""

    state: ComponentState
    error: str | None = None  # a sentence that says what to do
    reason: Reason | None = None
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    def then(
        self, state: ComponentState, error: str | None = None, *, reason: Reason | None = None
    ) -> "ComponentStatus":
        """Return the next status; `since` changes only if something else does."""
        if (state, error, reason) == (self.state, self.error, self.reason):
            return self
        return ComponentStatus(state=state, error=error, reason=reason)
