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

    `penalty` is half the weight of each squared distance of a coefficient from `prior`. An intercept
    is a column of ones. Newton's method, each step within the bounds.
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
    """Minimize slope.d + d.curve.d / 2 within bounds, by fixing what runs against its bound."""
    step = np.zeros_like(slope)
    fixed = np.zeros(len(slope), dtype=bool)
    for _ in range(_SWEEPS):
        free = ~fixed
        new = step.copy()
        rest = slope[free] + curve[np.ix_(free, fixed)] @ step[fixed]
        new[free] = np.linalg.solve(curve[np.ix_(free, free)], -rest)
        outside = (new < lower) | (new > upper)
        step = np.clip(new, lower, upper)
        if outside.any():
            fixed |= outside
            continue
        pull = slope + curve @ step
        freed = np.where(step <= lower, -pull, pull) * fixed
        if freed.max(initial=0.0) < _TOLERANCE:
            break
        fixed[int(freed.argmax())] = False
    return step


def _loss(
    rows: Floats, target: Floats, weight: Floats, penalty: Floats, now: Floats, prior: Floats
) -> float:
    odds = rows @ now
    return float(weight @ (np.logaddexp(0, odds) - target * odds) + penalty @ (now - prior) ** 2)


def _sigmoid(odds: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-np.clip(odds, -40, 40)))
    return found
