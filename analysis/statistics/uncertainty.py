"""Intervals, tests and corrections, and the refusal of what the data cannot carry."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import InputError
from analysis.statistics import measures

if TYPE_CHECKING:
    from scipy import sparse

RANGES = {
    "confidence": (0.5, 0.9999),
    "resamples": (100, 100_000),
    "random_seed": (0, 2**63 - 1),
    "prior": (1e-3, 1e9),
    "lines": (0, 1000),
    "examples": (0, 1000),
    "evidence": (0, 1_000_000),
    "similarity": (0.5, 1),
    "negation": (0, 20),
    "threshold": (1, 1000),
    "correct_with": (0, 1_000_000),
}
_WHOLE = (
    *("resamples", "random_seed", "lines", "examples", "evidence", "negation"),
    *("threshold", "correct_with"),
)
_MOST_WEIGHTS = 2_000_000
"""Cells of an array of draws: small enough that its memory is used again for the next one."""
_ENOUGH_TO_RESAMPLE = 30
"""Documents from which on the interval of a mean comes from resamples of them."""
_MANY = 50_000
"""Documents from which on it is worked out again: that many leave no difference worth the time."""
_FEWEST_VALUES = 5
"""Values below which a mean has no interval."""
FEWEST_DOCUMENTS = 10
"""Documents below which no interval or test speaks of more than the texts at hand."""
_MIN_EXPECTED_UNITS = 8
"""Expected independent units with (or without) a frame on a side, below which it is not tested.
Tuned by simulation (`benchmarks/calibration.py`), as are the next three."""
_MIN_EXPECTED_CARRIERS = 8
"""Expected documents with (or not full of) a frame on the side with fewer of them, below which it is
not tested."""
MIN_EXPECTED_WORD_CARRIERS = 5
"""Expected documents with a word on the side with fewer documents, below which it is not tested."""
_MIN_FREEDOM = 4
"""Degrees of freedom of an interval of a rate that few of many documents of like length carry."""
_MIN_P = 1e-100
"""The smallest p that is printed: a p is never zero, and quantiles are exact to here."""


def check_choices(**choices: float) -> None:
    """Raise InputError for a named number that no result can be made with (see RANGES)."""
    for name, value in choices.items():
        low, high = RANGES[name]
        if not low <= value <= high or (name in _WHOLE and value != int(value)):
            kind = "a whole number, " if name in _WHOLE else ""
            raise InputError(
                f"{name} is out of range", value=value, allowed=f"{kind}{low:g} to {high:g}"
            )


def generator(seed: int, label: str) -> np.random.Generator:
    """A random generator of its own for each result, so that no result depends on another."""
    return np.random.default_rng([seed, zlib.crc32(label.encode("utf-8"))])


def normal_quantile(confidence: float) -> float:
    """The z of a two-sided interval: 1.96 for 0.95."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + confidence / 2))


def wilson(
    count, n, confidence: float = 0.95, design_effect=1.0, df=np.inf
) -> tuple[np.ndarray, np.ndarray]:
    """Wilson score interval of a share (Wilson 1927; method 3 of Newcombe 1998, Two-sided
    confidence intervals for the single proportion).

    With a design effect the interval is that of n / design_effect independent units, the effective
    sample size of Korn and Graubard (1998, Confidence intervals for proportions with small expected
    number of positive counts estimated from survey data); Dean and Pagano (2015, Evaluating
    confidence interval methods for binomial proportions in clustered surveys) compare this form
    with others. `df` are the degrees of freedom of the quantile, which is Student's unless they
    are infinite. Low and high are NaN where n is 0.
    """
    count, n = np.broadcast_arrays(np.asarray(count, dtype=float), np.asarray(n, dtype=float))
    size = np.where(n > 0, n, np.nan) / design_effect
    return _score_limits(ratio(count, n), size, 1 - confidence, df)


def _score_limits(share, size, level, df) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's limits of a share of `size` independent units, at a level (0.05 for 95 per cent).

    The lower limit is the smaller root of (p - share)² = t² p (1 - p) / size, written without a
    difference of large numbers, so that it is exact for a share of 0 and at very small levels.
    """
    from scipy.special import ndtri, stdtrit

    finite = np.isfinite(df)
    t = np.where(finite, stdtrit(np.where(finite, df, 1.0), level / 2), ndtri(level / 2))
    w = np.clip(t, -1e50, -1e-50) ** 2 / size
    root = np.sqrt(w * (share * (1 - share) + w / 4))
    low = share**2 / (share + w / 2 + root)
    high = 1 - (1 - share) ** 2 / (1 - share + w / 2 + root)
    return low, high


def student_quantile(confidence: float, clusters: int) -> float:
    """The t of a two-sided interval with clusters - 1 degrees of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(clusters - 1, 0.5 + confidence / 2))


def _difference_interval(share, low, high, rest, rest_low, rest_high):
    """Interval of share - rest from the interval of each (MOVER: Zou and Donner 2008).

    From two Wilson intervals this is method 10 of Newcombe (1998, Interval estimation for the
    difference between independent proportions).
    """
    down = np.sqrt((share - low) ** 2 + (rest_high - rest) ** 2)
    up = np.sqrt((high - share) ** 2 + (rest - rest_low) ** 2)
    return share - rest - down, share - rest + up


def design_effects(totals, squares, products, size, size_squares, n_clusters: int) -> np.ndarray:
    """How many times the variance of each rate exceeds that of independent tokens, at least 1.

    From sums over the sentences of one text or group: of counts, counts² and counts × sizes (one
    of each a column), sizes and sizes². The numerator is the linearised
    variance of a ratio (Cochran 1977, 6.3), the denominator p(1-p)/n.
    """
    totals = np.asarray(totals, dtype=float)
    shares = totals / size if size else np.zeros(totals.shape)
    varies = (shares > 0) & (shares < 1)
    if n_clusters < 2 or not varies.any():
        return np.ones(totals.shape)
    residuals = squares - 2 * shares * products + shares**2 * size_squares
    variance = n_clusters / (n_clusters - 1) * residuals / size**2
    independent = np.where(varies, shares * (1 - shares) / max(size, 1), 1.0)
    return np.where(varies, np.maximum(1.0, variance / independent), 1.0)


@dataclass(frozen=True)
class Clusters:
    """Counts of things (columns) in clusters (rows), dense or sparse, and the size of each cluster."""

    counts: np.ndarray | sparse.csr_array
    sizes: np.ndarray

    def some(self, chosen: np.ndarray) -> Clusters:
        """Some of the clusters."""
        return Clusters(self.counts[chosen], self.sizes[chosen])

    def only(self, columns: np.ndarray) -> Clusters:
        """The counts of some things."""
        return Clusters(self.counts[:, columns], self.sizes)


def _drawn_weights(n: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """How often each of n documents is drawn in each resample of n with replacement."""
    drawn = rng.integers(n, size=(resamples, n), dtype=np.int32)
    return weights_of(drawn)


def weights_of(drawn: np.ndarray) -> np.ndarray:
    """How often each document stands in each row of drawn documents: rows × documents."""
    rows, n = drawn.shape
    flat = drawn + (np.arange(rows, dtype=np.int64) * n)[:, None]
    return np.bincount(flat.ravel(), minlength=rows * n).reshape(rows, n).astype(float)


def _bootstrap_rates(documents: Clusters, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Rates (count / size) of every column in every resample of documents: resamples × columns.

    Documents are drawn with replacement, as many as there are; a resample without a token gives
    NaN. Drawn in blocks, so that memory stays bounded.
    """
    n = len(documents.sizes)
    counts, sizes = (x.astype(float, copy=False) for x in (documents.counts, documents.sizes))
    documents = Clusters(counts, sizes)
    block = max(1, _MOST_WEIGHTS // n)
    parts = []
    for first in range(0, resamples, block):
        weights = _drawn_weights(n, min(block, resamples - first), rng)
        parts.append(weighted_rates(documents, weights))
    return np.concatenate(parts)


def weighted_rates(documents: Clusters, weights: np.ndarray) -> np.ndarray:
    """Rates of every column, documents counted as often as each row of weights says."""
    counts, sizes = (part.astype(float, copy=False) for part in (documents.counts, documents.sizes))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (weights @ counts) / (weights @ sizes)[:, None]


def percentiles(values: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval (Efron 1979) of resampled values along the first axis."""
    tail = (1 - confidence) / 2
    quantile = np.nanquantile if np.isnan(values).any() else np.quantile
    low, high = quantile(values, [tail, 1 - tail], axis=0)
    return low, high


@dataclass(frozen=True)
class _Intervals:
    """Low and high of each column's rate, and what they speak of.

    `over` is 'documents' (other documents of the kind), 'texts' (the wording of these texts only)
    or '' where there is nothing to count.
    """

    low: np.ndarray
    high: np.ndarray
    over: str


def rate_intervals(
    documents: Clusters, *, effects: np.ndarray | float = 1.0, confidence: float
) -> _Intervals:
    """Intervals of the rates of one group of documents.

    From FEWEST_DOCUMENTS on: Wilson with the design effect of documents and Student's t (see
    `_Sample`). With fewer, the texts at hand are all there is to speak of: Wilson, with the design
    `effects` of their sentences. It says how far the wording of these texts settles the rate, not
    how other texts would read. A rate of zero or one takes that last form in every case, without a
    design effect, as nothing varies in it.
    """
    totals, size = documents.counts.sum(axis=0), documents.sizes.sum()
    if not size:
        nothing = np.full(len(totals), np.nan)
        return _Intervals(nothing, nothing, "")
    if np.count_nonzero(documents.sizes) < FEWEST_DOCUMENTS:
        return _Intervals(*wilson(totals, size, confidence, effects), "texts")
    return _Intervals(*_Sample.of(documents).limits(1 - confidence), "documents")


def _resampled(n):
    """Whether intervals of means over so many documents come from resamples of them."""
    return (n >= _ENOUGH_TO_RESAMPLE) & (n < _MANY)


@dataclass(frozen=True)
class _Sample:
    """What the documents of one group say of the rate of each thing (a column each).

    `effect` is the design effect, at least 1, from the linearised variance of a ratio with each
    document's residual weighted by h = 1 / (1 - its share of the size), which is the bias-reduced
    estimate of Bell and McCaffrey (2002, Bias reduction in standard errors for linear regression
    with multi-stage samples; CR2) for a mean. `df` are the degrees of freedom: the geometric mean
    of the number of documents that carry the rarer of presence and absence (at most M² / sum of
    squared sizes) and of the effective number of these, less one. That rule is tuned by
    simulation. Where nothing varies, the effect is 1 and the degrees of freedom are infinite.

    `held` are the documents that hold the thing at all, `lacking` those that are not full of it;
    `squares` and `fourths` the sums of m² and m⁴ over sizes m.
    """

    rate: np.ndarray
    size: float
    documents: int
    effect: np.ndarray
    df: np.ndarray
    varies: np.ndarray
    held: np.ndarray
    lacking: np.ndarray
    squares: float
    fourths: float

    @classmethod
    def of(cls, documents: Clusters) -> _Sample:
        """The sample of a group of documents; those of size 0 do not count."""
        from scipy import sparse

        there = documents.sizes > 0
        x, m = sparse.csr_array(documents.counts[there], dtype=float), documents.sizes[there]
        x.eliminate_zeros()
        m = m.astype(float)
        size, squares, h = m.sum(), m @ m, m.sum() / np.maximum(m.sum() - m, 1)
        x2, total, products = x.multiply(x).tocsr(), x.sum(axis=0), m @ x
        rate = total / size
        variance = h @ x2 - 2 * rate * ((h * m) @ x) + rate**2 * (h @ (m * m))
        varies = (total > 0) & (total < size)
        independent = np.where(varies, size * rate * (1 - rate), 1.0)
        effect = np.where(varies, np.maximum(variance / independent, 1.0), 1.0)
        full = x.indices[x.data == np.repeat(m, np.diff(x.indptr))]
        lacking = len(m) - np.bincount(full, minlength=len(total))
        held = np.bincount(x.indices, minlength=len(total))
        present = total**2 / np.maximum(x2.sum(axis=0), 1e-9)
        absent = (size - total) ** 2 / np.maximum(x2.sum(axis=0) - 2 * products + squares, 1e-9)
        alike = size**2 / squares
        freedom = (
            np.sqrt(np.minimum(np.minimum(held, lacking), alike) * np.minimum(present, absent)) - 1
        )
        df = np.maximum(freedom, max(min(_MIN_FREEDOM, alike - 1), 1.0))
        df = np.where(varies, df, np.inf)
        fourths = float((m**4).sum())
        return cls(
            rate, float(size), len(m), effect, df, varies, held, lacking, float(squares), fourths
        )

    def limits(self, level) -> tuple[np.ndarray, np.ndarray]:
        """Low and high of each rate at a level (0.05 for 95 per cent)."""
        return _score_limits(self.rate, self.size / self.effect, level, self.df)


@dataclass(frozen=True)
class _Estimates:
    """Values with their intervals, a column each, and what each interval speaks of (see `_Intervals`)."""

    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    over: np.ndarray


def share_estimates(counts, totals, of=None, *, confidence: float) -> _Estimates:
    """Shares whose columns each have a denominator, with intervals.

    `counts` and `totals` are documents × columns, dense or sparse; `of` numbers the column of
    `totals` that each column of `counts` is a share of (without it, its own). The rules are those
    of `rate_intervals`, the documents of a column being those with a total above 0.
    """
    from scipy import sparse

    counts, totals = sparse.csc_array(counts), sparse.csc_array(totals)
    of = np.arange(counts.shape[1]) if of is None else of
    count, total, n = counts.sum(axis=0), totals.sum(axis=0)[of], (totals > 0).sum(axis=0)[of]
    low, high = wilson(count, total, confidence)
    for number in np.unique(of[n >= FEWEST_DOCUMENTS]):
        mine = np.flatnonzero(of == number)
        documents = Clusters(counts[:, mine].tocsr(), _column_of(totals, number))
        low[mine], high[mine] = _Sample.of(documents).limits(1 - confidence)
    return _Estimates(ratio(count, total), low, high, _spoken_of(n))


def mean_estimates(
    sums, squares, sizes, *, confidence: float, resamples: int, rng: np.random.Generator
) -> _Estimates:
    """Means of values that lie in documents, with intervals, a column each.

    `sums` and `squares` are of the values and their squares in each document, `sizes` how many
    there are (documents × columns). From ENOUGH_TO_RESAMPLE documents on: percentile bootstrap
    over documents; from FEWEST_DOCUMENTS on, and again from MANY: Student's t with the linearised
    variance of a ratio over documents (Cochran 1977, 6.3); with fewer: Student's t over the values, which speaks of
    these texts only. NaN where there are fewer than FEWEST_VALUES.
    """
    from scipy import sparse

    sums, squares, sizes = (sparse.csc_array(part) for part in (sums, squares, sizes))
    size, n = sizes.sum(axis=0), (sizes > 0).sum(axis=0)
    mean = ratio(sums.sum(axis=0), size)
    low, high = np.full(mean.shape, np.nan), np.full(mean.shape, np.nan)
    for column in np.flatnonzero(~_resampled(n) & (size >= _FEWEST_VALUES)):
        held = _column_of(sizes, column) > 0
        mine = (_column_of(part, column)[held] for part in (sums, squares, sizes))
        half = _half_width(*mine, confidence)
        low[column], high[column] = mean[column] - half, mean[column] + half
    many = _resampled(n)
    low[many], high[many] = _ratio_percentiles(
        sums[:, many], sizes, np.flatnonzero(many), confidence, resamples, rng
    )
    return _Estimates(mean, low, high, _spoken_of(n))


def _half_width(sums, squares, sizes, confidence: float) -> float:
    """Half the width of a Student interval of a mean, over documents or, if they are few, values."""
    n, size = len(sizes), sizes.sum()
    mean = sums.sum() / size
    if n < FEWEST_DOCUMENTS:
        variance = float(_spread(squares.sum() / size, mean)) / (size - 1)
        return student_quantile(confidence, int(size)) * variance**0.5
    residuals = sums - mean * sizes
    variance = (residuals**2).sum() * n / (n - 1) / size**2
    return student_quantile(confidence, n) * variance**0.5


def _column_of(table, column: int) -> np.ndarray:
    """One column of a sparse table, a number a row."""
    return table[:, [column]].toarray()[:, 0].astype(float)


def ratio(counts: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """counts / totals, NaN where the total is 0."""
    return np.divide(counts, totals, out=np.full(np.shape(totals), np.nan), where=totals > 0)


def _spoken_of(n: np.ndarray) -> np.ndarray:
    """What an interval from n documents speaks of."""
    told = np.where(n < FEWEST_DOCUMENTS, "texts", "documents").astype(object)
    return np.where(n == 0, "", told)


def _ratio_percentiles(counts, totals, of, confidence, resamples, rng) -> tuple:
    """Percentile intervals of the ratio of each column of `counts` to the one of `totals` that `of`
    numbers, documents drawn with replacement."""
    from scipy import sparse

    k = counts.shape[1]
    if not k:
        return np.empty(0), np.empty(0)
    used, place = np.unique(of, return_inverse=True)
    both = sparse.hstack((counts, totals[:, used]), format="csc", dtype=float)
    drawn = _bootstrap_rates(Clusters(both, np.ones(both.shape[0])), resamples, rng)
    with np.errstate(invalid="ignore", divide="ignore"):
        return percentiles(drawn[:, :k] / drawn[:, k:][:, place], confidence)


# --- tests -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Difference:
    """Differences of two groups' rates, a column each, with interval and test.

    `over` is what the intervals speak of (see `_Intervals`), the weaker of the two sides. `p` is
    missing where there is no test, and `no_test` then says why ('' where there is one).
    """

    rate: np.ndarray
    other: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray
    over: str
    no_test: list[str]


def rate_difference(
    group: Clusters, other: Clusters, *, effects=(1.0, 1.0), confidence: float
) -> _Difference:
    """The differences of the rates of two groups of documents.

    With FEWEST_DOCUMENTS on each side, the interval joins the Wilson intervals of the two `_Sample`s
    (`_difference_interval`), and p is the level at which an interval so made touches zero: it is at
    most 1 - confidence exactly where the interval excludes zero. A thing too rare, or in too few
    documents, keeps its interval and is not tested (MIN_EXPECTED_UNITS, MIN_EXPECTED_CARRIERS):
    such an interval can exclude zero too often to carry a claim. With fewer documents the intervals
    speak of the texts at hand (`rate_intervals`, with the design `effects` of their sentences), and
    nothing is tested.
    """
    sides = group, other
    n = [np.count_nonzero(side.sizes) for side in sides]
    if min(n) < FEWEST_DOCUMENTS:
        both = [
            rate_intervals(side, effects=effect, confidence=confidence)
            for side, effect in zip(sides, effects, strict=True)
        ]
        rates = [side.counts.sum(axis=0) / (side.sizes.sum() or np.nan) for side in sides]
        ends = [(rate, one.low, one.high) for rate, one in zip(rates, both, strict=True)]
        low, high = _difference_interval(*ends[0], *ends[1])
        why = f"{n[0]} against {n[1]} documents: fewer than {FEWEST_DOCUMENTS} on a side"
        why = why if all(n) else "one side has no text"
        over = min((one.over for one in both), key=("", "texts", "documents").index)
        missing = np.full(len(low), np.nan)
        return _Difference(*rates, low, high, missing, over, [why] * len(low))
    first, second, pooled = _pooled(*(_Sample.of(side) for side in sides))
    low, high = _difference_limits(first, second, 1 - confidence)
    no_test = _too_little(first, second, pooled)
    p = _level_at_zero(first, second)
    clear, level = (low > 0) | (high < 0), 1 - confidence  # rounding must not part the two
    p = np.where(clear, np.minimum(p, level), np.maximum(p, np.nextafter(level, 1)))
    p = np.where(np.array(no_test, dtype=object) == "", p, np.nan)
    return _Difference(first.rate, second.rate, low, high, p, "documents", no_test)


def _difference_limits(first: _Sample, second: _Sample, level) -> tuple[np.ndarray, np.ndarray]:
    """The interval of each difference at a level."""
    ends = (first.rate, *first.limits(level)), (second.rate, *second.limits(level))
    return _difference_interval(*ends[0], *ends[1])


def _level_at_zero(first: _Sample, second: _Sample) -> np.ndarray:
    """The level at which the interval of each difference touches zero, by halving its logarithm."""
    difference = first.rate - second.rate
    below = np.full(len(difference), np.log(_MIN_P))
    above = np.zeros(len(difference))
    for _ in range(45):
        middle = (below + above) / 2
        low, high = _difference_limits(first, second, np.exp(middle))
        clear = np.where(difference > 0, low > 0, high < 0)
        above, below = np.where(clear, middle, above), np.where(clear, below, middle)
    return np.where(difference == 0, 1.0, np.exp(above))


def _pooled(first: _Sample, second: _Sample) -> tuple[_Sample, _Sample, list[np.ndarray]]:
    """Two samples to be compared, and the design effect of each under one intra-class correlation.

    The correlation is that of all documents, by moments: the design effect of a group is
    1 + correlation × (sum of squared sizes / size - 1). A side in which nothing varies takes it, with
    the degrees of freedom of the documents that show it; where neither side varies and the two
    differ, the correlation is 1, as every document is all of one kind.
    """
    sides = first, second
    size = first.size + second.size
    rate = (first.rate * first.size + second.rate * second.size) / size
    squares = first.squares + second.squares
    variance = sum(one.effect * one.rate * (1 - one.rate) * one.size for one in sides)
    excess = variance / np.maximum(rate * (1 - rate), 1e-12) - size
    correlation = np.clip(excess / max(squares - size, 1), 0, 1)
    correlation = np.where(first.varies | second.varies, correlation, 1.0)
    df = max(squares**2 / (first.fourths + second.fourths) - 2, 1)
    effects = [1 + correlation * (one.squares / one.size - 1) for one in sides]
    filled = [
        replace(
            one,
            effect=np.where(one.varies, one.effect, effect),
            df=np.where(one.varies, one.df, df),
        )
        for one, effect in zip(sides, effects, strict=True)
    ]
    return *filled, effects


def _too_little(first: _Sample, second: _Sample, pooled: list[np.ndarray]) -> list[str]:
    """Why each difference is not tested, '' where it is."""
    sides = first, second
    rate = (first.rate * first.size + second.rate * second.size) / (first.size + second.size)
    worth = [one.size / np.maximum(one.effect, e) for one, e in zip(sides, pooled, strict=True)]
    units = np.minimum(rate, 1 - rate) * np.minimum(*worth)
    share = min(first.documents, second.documents) / (first.documents + second.documents)
    documents = first.held + second.held, first.lacking + second.lacking
    found = []
    for due, held, lacking in zip(units.tolist(), *(n.tolist() for n in documents), strict=True):
        rarer = "too rare for a test" if held <= lacking else "too common for a test"
        where = (
            f"{held:,} documents have it" if held <= lacking else f"{lacking:,} are not full of it"
        )
        if (expected := min(held, lacking) * share) < _MIN_EXPECTED_CARRIERS:
            found.append(
                f"{rarer}: {where}, of which {expected:.1f} are expected on the side with fewer "
                f"documents and {_MIN_EXPECTED_CARRIERS} needed"
            )
        elif due < _MIN_EXPECTED_UNITS:
            found.append(
                f"{rarer}: one side expects it in {due:.1f} independent units and "
                f"{_MIN_EXPECTED_UNITS} are needed"
            )
        else:
            found.append("")
    return found


@dataclass(frozen=True)
class WordSums:
    """What one side of a comparison of words needs for a test: sums over its documents.

    Of each word `counts`, `squares` (h × count²), `products` (h × size × count) and `carriers`
    (documents with the word); of all words `size` (tokens), `size_squares` and `size_fourths` (sums
    of powers of size), `weighted` (h × size²) and `documents`. h = 1 / (1 - size / tokens of the
    side), as in `_Sample`.
    """

    counts: np.ndarray
    squares: np.ndarray
    products: np.ndarray
    carriers: np.ndarray
    size: float
    size_squares: float
    size_fourths: float
    weighted: float
    documents: int

    def variance(self) -> np.ndarray:
        """The linearised variance of each count (CR2), not below 0."""
        rate = self.counts / self.size
        found = self.squares - 2 * rate * self.products + rate**2 * self.weighted
        return np.maximum(found, 0.0)


def word_p(own: WordSums, rest: WordSums) -> np.ndarray:
    """Two-sided p of the difference of each word's rate between two sides, over documents.

    A binomial test of how the occurrences divide between the sides, given their sum, with mid-p,
    after both counts and both sizes are divided by the side's design effect (Rao and Scott 1992, A
    simple method for the analysis of clustered binary data). The design effect is that of a
    negative binomial fitted to both sides by moments or, if it is larger, the side's own: a side
    without an occurrence cannot seem certain. As it is an estimate, p is that of Student's t where
    the normal has the binomial's p, with the degrees of freedom of documents of such sizes,
    (sum of squared sizes)² / sum of fourth powers - 2. Both choices are tuned by simulation. 1 where
    the rates are equal. NaN where a side has fewer than FEWEST_DOCUMENTS or the word is too rare
    (MIN_EXPECTED_WORD_CARRIERS).
    """
    from scipy.special import ndtri, stdtr

    sides = own, rest
    missing = np.full(len(own.counts), np.nan)
    if min(one.documents for one in sides) < FEWEST_DOCUMENTS:
        return missing
    count, variance = own.counts + rest.counts, [one.variance() for one in sides]
    rate = np.maximum(count, 1) / (own.size + rest.size)
    squares = own.size_squares + rest.size_squares
    clumping = np.maximum((variance[0] + variance[1] - count) / (rate**2 * squares), 0)
    pooled = [1 + clumping * rate * one.size_squares / one.size for one in sides]
    own_effects = [v / np.maximum(one.counts, 1) for one, v in zip(sides, variance, strict=True)]
    effects = [np.maximum(*both) for both in zip(pooled, own_effects, strict=True)]
    seen, other = (one.counts / effect for one, effect in zip(sides, effects, strict=True))
    size, rest_size = (one.size / effect for one, effect in zip(sides, effects, strict=True))
    share = size / (size + rest_size)
    p = 2 * np.minimum(_mid_tail(seen, other, share), _mid_tail(other, seen, 1 - share))
    df = max(squares**2 / (own.size_fourths + rest.size_fourths) - 2, 1)
    p = 2 * stdtr(df, ndtri(np.clip(p, _MIN_P, 1) / 2))
    p = np.where(own.counts * rest.size == rest.counts * own.size, 1.0, np.clip(p, _MIN_P, 1))
    return np.where(_expected_carriers(own, rest) >= MIN_EXPECTED_WORD_CARRIERS, p, np.nan)


def _expected_carriers(own: WordSums, rest: WordSums) -> np.ndarray:
    """How many documents with each word are due on the side with fewer documents."""
    documents = own.documents, rest.documents
    return (own.carriers + rest.carriers) * (min(documents) / max(sum(documents), 1))


def _mid_tail(seen, other, share) -> np.ndarray:
    """The chance of more than `seen` of seen + other occurrences, and half that of as many.

    Of a binomial distribution continued to counts that are not whole, by the incomplete beta
    function.
    """
    from scipy.special import betainc

    def at_least(k):
        rest = seen + other - k + 1
        inside = betainc(np.maximum(k, 1e-9), np.maximum(rest, 1e-9), share)
        return np.where(k <= 0, 1.0, np.where(rest <= 0, 0.0, inside))

    return (at_least(seen) + at_least(seen + 1)) / 2


def _spread(mean_of_squares, mean):
    """Population variance from the mean of squares and the mean, rounding errors taken for 0."""
    variance = mean_of_squares - mean**2
    return np.where(variance > 1e-12 * mean_of_squares, variance, 0.0)


def false_discovery(p: np.ndarray) -> np.ndarray:
    """q-values of Benjamini and Hochberg (1995); a missing p stays missing and is not counted."""
    p = np.asarray(p, dtype=float)
    order = np.argsort(p, kind="stable")[: int((~np.isnan(p)).sum())]
    stepped = p[order] * (len(order) / np.arange(1, len(order) + 1))
    q = np.full(p.shape, np.nan)
    q[order] = np.minimum.accumulate(stepped[::-1])[::-1].clip(0, 1)
    return q


# --- change points -----------------------------------------------------------------------------------

_FEWEST_PERIODS = 20
"""Periods below which a change point has no interval and no test."""
_FEWEST_ON_A_SIDE = 3
_FEWEST_FOR_A_VARIANCE = 10
_WIDEST_BREAK = 1e6


@dataclass(frozen=True)
class ChangePoint:
    """Where a series changes its mean: `before` is how many periods stand before the change.

    `low` and `high` bound `before`; `shift` is mean after - mean before; `p` tests that there is no
    change. `refusal` says why there is no interval and no p ('' where there are).
    """

    before: int
    shift: float
    low: float
    high: float
    p: float
    refusal: str


def change_point(
    values, *, confidence: float, resamples: int, rng: np.random.Generator
) -> ChangePoint:
    """The one change of the mean of a series, with interval and p where the periods are enough.

    The interval is Bai's (1997, Estimation of a change point in multiple regression models), with
    the variance of each side its own; it takes the periods for independent and the change for
    real. p is a permutation test of the periods' order. Serial dependence makes both too sure.
    """
    values = np.asarray(values, dtype=float)
    nothing = float("nan")
    if np.isnan(values).any():
        return ChangePoint(0, nothing, nothing, nothing, nothing, "a period has no value")
    before, gain = measures.mean_shift(values, _FEWEST_ON_A_SIDE)
    if not before:
        told = f"{len(values)} periods: fewer than {2 * _FEWEST_ON_A_SIDE}"
        return ChangePoint(0, nothing, nothing, nothing, nothing, told)
    left, right = values[:before], values[before:]
    shift = float(right.mean() - left.mean())
    if len(values) < _FEWEST_PERIODS:
        told = f"{len(values)} periods: no interval below {_FEWEST_PERIODS}"
        return ChangePoint(before, shift, nothing, nothing, nothing, told)
    drawn = _permuted_gains(values, resamples, rng)
    p = (1 + np.sum(drawn >= gain - 1e-9)) / (resamples + 1)
    low, high = _break_interval(left, right, confidence)
    return ChangePoint(before, shift, low, high, float(p), "")


def _permuted_gains(values: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """The gain of the best split of a series, its values put in another order time after time."""
    block = max(1, _MOST_WEIGHTS // len(values))
    parts = []
    for first in range(0, resamples, block):
        rows = np.tile(values, (min(block, resamples - first), 1))
        drawn = rng.permuted(rows, axis=1)
        parts.append(measures.shift_gains(drawn, _FEWEST_ON_A_SIDE).max(axis=1))
    return np.concatenate(parts)


def _break_interval(left, right, confidence: float) -> tuple[float, float]:
    """Bai's interval of the number of periods before a change, cut to the series, in whole periods.

    Each side has its own variance where both have FEWEST_FOR_A_VARIANCE periods and vary, else one
    for both: a side that never varies (a word not yet used) does not make the date certain.
    """
    n, shift2 = len(left) + len(right), float((right.mean() - left.mean()) ** 2)
    first, second = (float(side.var(ddof=1)) for side in (left, right))
    if min(len(left), len(right)) < _FEWEST_FOR_A_VARIANCE or not first * second:
        first = second = ((len(left) - 1) * first + (len(right) - 1) * second) / (n - 2)
    if not first or not shift2:
        return (float(len(left)), float(len(left))) if shift2 else (0.0, float(n))
    tail, step = (1 - confidence) / 2, first / shift2
    late = _break_quantile(1 - tail, second / first) * step
    early = _break_quantile(tail, second / first) * step
    low, high = np.floor(len(left) - late), np.ceil(len(left) - early)
    return max(0.0, float(low)), min(float(n), float(high))


def _break_quantile(level: float, ratio: float) -> float:
    """The value at which `_break_cdf` reaches a level; at most WIDEST_BREAK from 0."""
    from scipy.optimize import brentq

    ends = (-_WIDEST_BREAK, 0.0) if _break_cdf(0.0, ratio) > level else (0.0, _WIDEST_BREAK)
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
    tail = (
        (size / 2 - 2 + (phi + 2) ** 2 / (phi + 1)) * np.exp(log_ndtr(-root / 2))
        - root * np.exp(-size / 8) / np.sqrt(2 * np.pi)
        - phi
        * (phi + 2)
        / (phi + 1)
        * np.exp((1 + 1 / phi) * size / (2 * phi) + log_ndtr(-(0.5 + 1 / phi) * root))
    )
    return float(tail if x < 0 else 1 - tail)
