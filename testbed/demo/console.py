"""Output to a terminal; survives a terminal that closes."""

from __future__ import annotations

from collections.abc import Sequence
import contextlib
import os
import sys
import time

BOLD, DIM, RED, GREEN, YELLOW = "1", "2", "31", "32", "33"


class Console:
    """Prints lines with the seconds since the start in front of them."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def step(self, text: str) -> None:
        """Print one line of progress."""
        self.line(f"{self.paint(DIM, f'{self.seconds:6.1f} s')}  {text}")

    def heading(self, text: str) -> None:
        """Print a heading."""
        self.line(f"\n{self.paint(BOLD, text)}")

    def table(self, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print rows in aligned columns; the last column may be of any length."""
        widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
        widths[-1] = 0
        self.line("  " + self.paint(DIM, _aligned(titles, widths)))
        for row in rows:
            self.line("  " + _aligned(row, widths))

    def line(self, text: str = "") -> None:
        """Print a line."""
        # A closed terminal must not keep the demo from cleaning up.
        with contextlib.suppress(OSError, ValueError):
            print(text, flush=True)

    def error(self, text: str) -> None:
        """Print one line about an error."""
        with contextlib.suppress(OSError, ValueError):
            print(self.paint(RED, f"demo: {text}"), file=sys.stderr, flush=True)

    def paint(self, code: str, text: str) -> str:
        """Return the text in a colour if the terminal shows colours."""
        return f"\x1b[{code}m{text}\x1b[0m" if self._colours else text


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()
