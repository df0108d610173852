"""Detect that the model moved from the GPU to the CPU without an error."""

from typing import Final

SHARE_KEPT: Final = 0.5  # of the largest share seen on the GPU
SPEED_KEPT: Final = 0.2  # of the best speed; other GPU load costs less, a move to the CPU more
CONSECUTIVE_SLOW: Final = 3  # answers; a single one may have waited for other work


class GpuResidency:
    """Compare a model's GPU share and speed with the best values seen.

    A model that never ran on a GPU is not reported.
    """

    def __init__(self) -> None:
        self.share: float | None = None  # 0-1, last value; None if unknown
        self.tokens_per_second: float | None = None  # last value
        self._best_share = 0.0
        self._best_speed = 0.0
        self._slow = 0  # consecutive answers

    @property
    def lost(self) -> str | None:
        """What was lost and the remedy, as a sentence; None if nothing."""
        if self.share is not None and self.share < SHARE_KEPT * self._best_share:
            return (
                f"{self.share:.0%} of the language model is on the GPU; it was "
                f"{self._best_share:.0%}. Check the driver and whether other "
                "programs fill the GPU's memory; then restart the model's server."
            )
        if self._slow >= CONSECUTIVE_SLOW and self.tokens_per_second is not None:
            return (
                f"The language model writes {self.tokens_per_second:.1f} tokens a second; it "
                f"was {self._best_speed:.1f}. Check the GPU and what else uses it; "
                "then restart the model's server."
            )
        return None

    def record_share(self, share: float | None) -> None:
        """Record the share of the model in GPU memory."""
        self.share = share
        self._best_share = max(self._best_share, share or 0.0)

    def record_speed(self, tokens_per_second: float | None) -> None:
        """Record the speed of an answer."""
        if tokens_per_second is None:
            return
        self.tokens_per_second = tokens_per_second
        if not self._best_share:
            return
        self._best_speed = max(self._best_speed, tokens_per_second)
        slow = tokens_per_second < SPEED_KEPT * self._best_speed
        self._slow = self._slow + 1 if slow else 0
