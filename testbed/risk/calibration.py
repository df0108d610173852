"""How often a score is right: the share of incidents among scenes of a score, as a curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from testbed.risk.evidence_table import Floats, Numbers
from testbed.risk.measures import Share

_BINS: Final = 10
_SIZE, _EDGE = 360, 48  # pixels: the plot, and the space for its labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Scenes of neighbouring scores; incidents and benign scenes weigh alike."""

    predicted: float  # their average chance of being an incident
    incidents: Share


def bins_of(log_odds: Floats, label: Numbers) -> tuple[Bin, ...]:
    """Sort scenes by their highest log-odds into equally large bins."""
    order = np.argsort(log_odds, kind="stable")
    found = []
    for part in np.array_split(order, _BINS):
        if len(part):
            chance = 1 / (1 + np.exp(-np.clip(log_odds[part], -40, 40)))
            share = Share(count=int(label[part].sum()), of=len(part))
            found.append(Bin(predicted=float(chance.mean()), incidents=share))
    return tuple(found)


def error_of(bins: Sequence[Bin]) -> float:
    """Return the average distance between prediction and share, by scenes."""
    total = sum(each.incidents.of for each in bins)
    return sum(abs(each.predicted - _share(each)) * each.incidents.of for each in bins) / total


def svg_of(bins: Sequence[Bin], title: str) -> str:
    """Draw the curve with its 95 % intervals; the diagonal is perfect."""
    points = [(each.predicted, _share(each)) for each in bins]
    path = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
    side = _SIZE + 2 * _EDGE
    marks = []
    for each, (x, y) in zip(bins, points, strict=True):
        low, high = each.incidents.interval or (y, y)
        marks.append(
            f'<line x1="{_x(x):.1f}" y1="{_y(low):.1f}" x2="{_x(x):.1f}" y2="{_y(high):.1f}" '
            'stroke="#4878a8" stroke-width="1.5"/>'
        )
        marks.append(f'<circle cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="4" fill="#4878a8"/>')
    ticks = []
    for step in range(0, 11, 2):
        value = step / 10
        ticks.append(_text(_x(value), _EDGE + _SIZE + 16, f"{value:.1f}", "middle"))
        ticks.append(_text(_EDGE - 6, _y(value) + 4, f"{value:.1f}", "end"))
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" '
                f'width="{side}" height="{side}" font-family="sans-serif" font-size="12">'
            ),
            f"<title>{title}</title>",
            f'<rect width="{side}" height="{side}" fill="white"/>',
            (
                f'<rect x="{_EDGE}" y="{_EDGE}" width="{_SIZE}" height="{_SIZE}" fill="none" '
                'stroke="#888"/>'
            ),
            (
                f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="#bbb" '
                'stroke-dasharray="4 4"/>'
            ),
            *ticks,
            *marks,
            f'<polyline points="{path}" fill="none" stroke="#4878a8" stroke-width="1.5"/>',
            _text(side / 2, 24, title, "middle"),
            _text(side / 2, side - 8, "chance of an incident by the score", "middle"),
            (
                f'<text transform="translate(14 {side / 2}) rotate(-90)" text-anchor="middle">'
                "share of incidents</text>"
            ),
            "</svg>",
            "",
        ]
    )


def _share(each: Bin) -> float:
    return each.incidents.value or 0.0


def _x(value: float) -> float:
    return _EDGE + value * _SIZE


def _y(value: float) -> float:
    return _EDGE + (1 - value) * _SIZE


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'
