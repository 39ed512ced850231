"""Change points: where a series changes its mean, with the interval and the test of that place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# periods below which a change point has no interval and no test
_MIN_PERIODS = 20
_MIN_ON_A_SIDE = 3
_MIN_FOR_A_VARIANCE = 10
_MAX_BREAK = 1e6
# values that are permuted at once: their memory is used again for the next ones
_MAX_DRAWN = 2_000_000


@dataclass(frozen=True)
class ChangePoint:
    """Where a series changes its mean: `before` is how many periods lie before the change.

    `low` and `high` bound `before`; `shift` is mean after - mean before; `p` tests that there is no
    change. `refusal` says why there is no interval and no p ('' where there are).
    """

    before: int = 0
    shift: float = np.nan
    low: float = np.nan
    high: float = np.nan
    p: float = np.nan
    refusal: str = ""


def change_point(
    values, *, confidence: float, resamples: int, rng: np.random.Generator
) -> ChangePoint:
    """The one change of the mean of a series, with interval and p where the periods are enough.

    The interval is Bai's (1997, Estimation of a change point in multiple regression models), with
    the variance of each side its own; it takes the periods for independent and the change for
    real. p is a permutation test of the periods' order. Serial dependence makes both too sure.
    """
    values = np.asarray(values, dtype=float)
    n = len(values)
    if np.isnan(values).any():
        return ChangePoint(refusal="a period has no value")
    before, gain = _mean_shift(values, _MIN_ON_A_SIDE)
    if not before:
        return ChangePoint(refusal=f"{n} periods: fewer than {2 * _MIN_ON_A_SIDE}")
    left, right = values[:before], values[before:]
    shift = float(right.mean() - left.mean())
    if n < _MIN_PERIODS:
        refusal = f"{n} periods: no interval below {_MIN_PERIODS}"
        return ChangePoint(before, shift, refusal=refusal)
    p = (1 + np.sum(_permuted_gains(values, resamples, rng) >= gain - 1e-9)) / (resamples + 1)
    return ChangePoint(before, shift, *_break_interval(left, right, confidence), float(p))


def _mean_shift(values, margin: int = 1) -> tuple[int, float]:
    """Where a series changes its mean: how many values lie before it, and the gain of splitting.

    The split in two means with the least sum of squares, at least `margin` values on each side;
    the gain is by how much it falls (Hinkley 1970, Inference about the change-point). A series
    that is shorter than two margins has none: 0 and NaN.
    """
    values = np.asarray(values, dtype=float)
    if len(values) < 2 * margin:
        return 0, float("nan")
    gains = _shift_gains(values, margin)
    best = int(np.argmax(gains))
    return margin + best, float(gains[best])


def _shift_gains(values: np.ndarray, margin: int) -> np.ndarray:
    """The gain of every split of a series in two means (`_mean_shift`); of each row of several."""
    n = values.shape[-1]
    before = np.arange(margin, n - margin + 1)
    sums = np.cumsum(values, axis=-1)[..., before - 1]
    mean = values.mean(axis=-1, keepdims=True)
    return (sums - before * mean) ** 2 * n / (before * (n - before))


def _permuted_gains(values: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """The gain of the best split of a series whose values are put in random order, many times."""
    at_once = max(1, _MAX_DRAWN // len(values))
    parts = []
    for first in range(0, resamples, at_once):
        rows = np.tile(values, (min(at_once, resamples - first), 1))
        parts.append(_shift_gains(rng.permuted(rows, axis=1), _MIN_ON_A_SIDE).max(axis=1))
    return np.concatenate(parts)


def _break_interval(left, right, confidence: float) -> tuple[float, float]:
    """Bai's interval of the number of periods before a change, cut to the series, in whole periods.

    Each side has its own variance where both have enough periods for one and vary, else one for
    both: a side that never varies (a word not yet used) does not make the date certain.
    """
    n, shift2 = len(left) + len(right), float((right.mean() - left.mean()) ** 2)
    first, second = (float(side.var(ddof=1)) for side in (left, right))
    if min(len(left), len(right)) < _MIN_FOR_A_VARIANCE or not first * second:
        first = second = ((len(left) - 1) * first + (len(right) - 1) * second) / (n - 2)
    if not first or not shift2:
        return (float(len(left)), float(len(left))) if shift2 else (0.0, float(n))
    tail, step = (1 - confidence) / 2, first / shift2
    late = _break_quantile(1 - tail, second / first) * step
    early = _break_quantile(tail, second / first) * step
    low, high = np.floor(len(left) - late), np.ceil(len(left) - early)
    return max(0.0, float(low)), min(float(n), float(high))


def _break_quantile(level: float, ratio: float) -> float:
    """The value at which `_break_cdf` reaches a level; at most _MAX_BREAK from 0."""
    from scipy.optimize import brentq

    ends = (-_MAX_BREAK, 0.0) if _break_cdf(0.0, ratio) > level else (0.0, _MAX_BREAK)
    below, above = (_break_cdf(end, ratio) - level for end in ends)
    if below >= 0 or above <= 0:
        return ends[0] if below >= 0 else ends[1]
    return brentq(lambda x: _break_cdf(x, ratio) - level, *ends)


def _break_cdf(x: float, ratio: float) -> float:
    """Distribution of a change point's error in units of variance before / shift squared.

    Of argmax W(s) - |s| / 2, the variance after the change `ratio` times that before it (Bai 1997,
    appendix B, with equal regressors on both sides).
    """
    from scipy.special import log_ndtr

    here, there = (1.0, ratio) if x < 0 else (ratio, 1.0)
    size, phi = abs(x) / here, there / here  # the right tail is the left one, the sides exchanged
    root = size**0.5
    near = (size / 2 - 2 + (phi + 2) ** 2 / (phi + 1)) * np.exp(log_ndtr(-root / 2))
    middle = root * np.exp(-size / 8) / np.sqrt(2 * np.pi)
    exponent = (1 + 1 / phi) * size / (2 * phi) + log_ndtr(-(0.5 + 1 / phi) * root)
    tail = near - middle - phi * (phi + 2) / (phi + 1) * np.exp(exponent)
    return float(tail if x < 0 else 1 - tail)
