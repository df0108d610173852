"""Whose turn it is: cameras share the claims of a job runner equally."""

from collections.abc import Iterable, Mapping

_AGE_EVERY = 4  # of so many claims, one takes the oldest jobs


class FairShares:
    """Counts the turns of cameras, as start-time fair queueing does.

    A camera that had more turns than the others waits until they have caught up. One that had no
    jobs for a while has saved up no turns.

    Source: P. Goyal, H. M. Vin, H. Cheng, "Start-time Fair Queueing", SIGCOMM 1996.
    """

    def __init__(self) -> None:
        self._turn = 0  # the latest one that a camera had
        self._next_turns: dict[str, int] = {}  # of cameras that are ahead of it
        self._claims = 0

    @property
    def lags(self) -> Mapping[str, int]:
        """The turns of others that each camera waits for; a camera without an entry waits for none."""
        return {camera: turn - self._turn for camera, turn in self._next_turns.items()}

    def is_turn_of_age(self) -> bool:
        """Count a claim; return whether it takes the oldest jobs, so that none waits for ever."""
        self._claims += 1
        return self._claims % _AGE_EVERY == 0

    def count(self, cameras: Iterable[str]) -> None:
        """Count a turn for the camera of each claimed job, in the order of the claim."""
        for camera in cameras:
            turn = max(self._turn, self._next_turns.get(camera, 0))
            self._next_turns[camera] = turn + 1
            self._turn = turn
        ahead = self._next_turns.items()
        self._next_turns = {camera: turn for camera, turn in ahead if turn > self._turn}
