"""Logistic regression with a quadratic penalty and bounds on the coefficients, in NumPy."""

from __future__ import annotations

import numpy as np

from testbed.risk.evidence_table import Floats

_STEPS = 25
_SWEEPS = 60
_TOLERANCE = 1e-5


def fit(
    rows: Floats,
    target: Floats,
    *,
    weight: Floats,
    penalty: Floats,
    lower: Floats,
    upper: Floats,
    prior: Floats,
    start: Floats | None = None,
) -> Floats:
    """Return the coefficients of the least weighted loss; the problem is convex.

    `penalty` is half the weight of each squared distance of a coefficient from `prior`. An intercept is a column of ones.
    Newton's method, each step by coordinate descent within the bounds.
    """
    now = np.clip(prior if start is None else start, lower, upper)
    loss = _loss(rows, target, weight, penalty, now, prior)
    for _ in range(_STEPS):
        chance = _sigmoid(rows @ now)
        slope = rows.T @ (weight * (chance - target)) + 2 * penalty * (now - prior)
        spread = weight * np.maximum(chance * (1 - chance), 1e-4)
        curve = rows.T @ (rows * spread[:, None])
        curve[np.diag_indices_from(curve)] += 2 * penalty + 1e-9
        step = _within(slope, curve, lower - now, upper - now)
        share = 1.0
        while share > 1e-4:
            tried = _loss(rows, target, weight, penalty, now + share * step, prior)
            if tried <= loss:
                break
            share /= 2
        else:
            break
        now, done = now + share * step, loss - tried < _TOLERANCE * max(1.0, abs(loss))
        loss = tried
        if done:
            break
    return now


def _within(slope: Floats, curve: Floats, lower: Floats, upper: Floats) -> Floats:
    """Minimize slope.d + d.curve.d / 2 within bounds by coordinate descent."""
    step = np.zeros_like(slope)
    rest = slope.copy()  # the slope at the present step
    for _ in range(_SWEEPS):
        largest = 0.0
        for j in range(len(slope)):
            new = min(max(step[j] - rest[j] / curve[j, j], lower[j]), upper[j])
            change = new - step[j]
            if change:
                rest += curve[j] * change
                step[j] = new
                largest = max(largest, abs(change))
        if largest < 1e-4:
            break
    return step


def _loss(
    rows: Floats, target: Floats, weight: Floats, penalty: Floats, now: Floats, prior: Floats
) -> float:
    odds = rows @ now
    return float(weight @ (np.logaddexp(0, odds) - target * odds) + penalty @ (now - prior) ** 2)


def _sigmoid(odds: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-np.clip(odds, -40, 40)))
    return found
