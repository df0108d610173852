"""Notices a GPU that was lost in silence: the model still answers, from the CPU."""

from typing import Final

SHARE_KEPT: Final = 0.5  # of the largest part of the model that was on the GPU
SPEED_KEPT: Final = 0.2  # of the best speed; other work on the GPU costs less, a CPU more
SLOW_IN_A_ROW: Final = 3  # answers; one may have waited for other work


class GpuResidency:
    """Compares where a model runs and how fast with the best that was seen of it.

    A model that never was on a GPU is missing none.
    """

    def __init__(self) -> None:
        self.share: float | None = None  # 0-1, as last seen; None where nobody knows
        self.tokens_per_second: float | None = None  # as last seen
        self._best_share = 0.0
        self._best_speed = 0.0
        self._slow = 0  # answers in a row

    @property
    def lost(self) -> str | None:
        """What was lost, in a sentence that says what to do; None where nothing is."""
        if self.share is not None and self.share < SHARE_KEPT * self._best_share:
            return (
                f"{self.share:.0%} of the language model is on the GPU, where it was "
                f"{self._best_share:.0%}. See whether the driver still works and whether other "
                "programs fill the GPU's memory; then restart the model's server."
            )
        if self._slow >= SLOW_IN_A_ROW and self.tokens_per_second is not None:
            return (
                f"The language model writes {self.tokens_per_second:.1f} tokens a second, where it "
                f"was {self._best_speed:.1f}. See whether the GPU still works and what else it is "
                "busy with; then restart the model's server."
            )
        return None

    def record_share(self, share: float | None) -> None:
        """Take in which part of the model is on the GPU."""
        self.share = share
        self._best_share = max(self._best_share, share or 0.0)

    def record_speed(self, tokens_per_second: float | None) -> None:
        """Take in how fast an answer was written."""
        if tokens_per_second is None:
            return
        self.tokens_per_second = tokens_per_second
        if not self._best_share:
            return
        self._best_speed = max(self._best_speed, tokens_per_second)
        slow = tokens_per_second < SPEED_KEPT * self._best_speed
        self._slow = self._slow + 1 if slow else 0
