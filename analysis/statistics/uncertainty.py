"""Intervals, tests and corrections, and the refusal of what the data cannot carry."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import InputError
from analysis.statistics.measures import ratio

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
# the choices that need not be whole numbers
_FRACTIONS = ("confidence", "prior", "similarity")
# cells of an array of draws: small enough that its memory is used again for the next one
_MAX_WEIGHTS = 2_000_000
# documents from which on the interval of a mean comes from resamples of them
_MIN_RESAMPLED = 30
# documents from which on it is worked out again: that many leave no difference worth the time
_MANY = 50_000
# values below which a mean has no interval
_MIN_VALUES = 5
# documents below which no interval or test says more than what these texts hold
FEWEST_DOCUMENTS = 10
# expected independent units with (or without) a frame on a side, below which it is not tested;
# tuned by simulation (`benchmarks/calibration.py`), as are the next three
_MIN_EXPECTED_UNITS = 8
# expected documents with (or not full of) a frame on the side with fewer of them, below which it is
# not tested
_MIN_EXPECTED_CARRIERS = 8
# expected documents with a word on the side with fewer documents, below which it is not tested
MIN_EXPECTED_WORD_CARRIERS = 5
# degrees of freedom of an interval of a rate that few of many documents of like length carry
_MIN_FREEDOM = 4
# the smallest p that is printed: a p is never zero, and quantiles are exact to here
_MIN_P = 1e-100


def check_choices(**choices: float) -> None:
    """Raise InputError for a named number that no result can be made with (see RANGES)."""
    for name, value in choices.items():
        low, high = RANGES[name]
        whole = name not in _FRACTIONS
        if not low <= value <= high or (whole and value != int(value)):
            allowed = f"{'a whole number, ' if whole else ''}{low:g} to {high:g}"
            raise InputError(f"{name} is out of range", value=value, allowed=allowed)


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

    def some(self, chosen: np.ndarray, columns: np.ndarray | slice = slice(None)) -> Clusters:
        """Some of the clusters, with the counts of some things."""
        return Clusters(self.counts[chosen][:, columns], self.sizes[chosen])


def weights_of(drawn: np.ndarray) -> np.ndarray:
    """How often each document appears in each row of drawn documents: rows × documents."""
    rows, n = drawn.shape
    flat = drawn + (np.arange(rows, dtype=np.int64) * n)[:, None]
    return np.bincount(flat.ravel(), minlength=rows * n).reshape(rows, n).astype(float)


def _bootstrap_rates(counts, sizes, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Rates (counts / sizes) of every column in every resample of documents: resamples × columns.

    Documents (rows) are drawn with replacement, as many as there are; a resample with a size of 0
    gives NaN. Drawn in blocks, so that memory stays bounded.
    """
    n = counts.shape[0]
    block = max(1, _MAX_WEIGHTS // n)
    rates = []
    for first in range(0, resamples, block):
        drawn = rng.integers(n, size=(min(block, resamples - first), n), dtype=np.int32)
        weights = weights_of(drawn)
        rates.append(ratio(weights @ counts, weights @ sizes))
    return np.concatenate(rates)


def percentiles(values: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval (Efron 1979) of resampled values along the first axis."""
    tail = (1 - confidence) / 2
    quantile = np.nanquantile if np.isnan(values).any() else np.quantile
    low, high = quantile(values, [tail, 1 - tail], axis=0)
    return low, high


@dataclass(frozen=True)
class _Estimates:
    """Rates, shares or means with the low and high of their intervals, a column each.

    `over` is what the intervals describe: 'documents' (other documents of the kind), 'texts' (the
    wording of these texts only) or '' where there is nothing to count. It is one word where all
    columns have the same documents, else a word for each.
    """

    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    over: str | np.ndarray


def rate_intervals(
    documents: Clusters, *, effects: np.ndarray | float = 1.0, confidence: float
) -> _Estimates:
    """The rates of one group of documents with their intervals.

    From FEWEST_DOCUMENTS on: Wilson with the design effect of documents and Student's t (see
    `_Sample`). With fewer, the interval describes the texts at hand: Wilson, with the design
    `effects` of their sentences. It says how far the wording of these texts settles the rate, not
    how other texts would read. A rate of zero or one takes that last form in every case, without a
    design effect, as nothing varies in it.
    """
    totals, size = documents.counts.sum(axis=0), documents.sizes.sum()
    n = np.count_nonzero(documents.sizes)
    if n < FEWEST_DOCUMENTS:
        limits = wilson(totals, size, confidence, effects)
    else:
        limits = _Sample.of(documents).limits(1 - confidence)
    return _Estimates(ratio(totals, size), *limits, str(_described_by(n)))


@dataclass(frozen=True)
class _Sample:
    """What the documents of one group show about the rate of each thing (a column each).

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
        carriers = np.minimum(np.minimum(held, lacking), alike)
        freedom = np.sqrt(carriers * np.minimum(present, absent)) - 1
        df = np.maximum(freedom, max(min(_MIN_FREEDOM, alike - 1), 1.0))
        df = np.where(varies, df, np.inf)
        sums = float(squares), float((m**4).sum())
        return cls(rate, float(size), len(m), effect, df, varies, held, lacking, *sums)

    def filled(self, effect: np.ndarray, df: float) -> _Sample:
        """The same, with this design effect and these degrees of freedom where nothing varies."""
        effect, df = np.where(self.varies, self.effect, effect), np.where(self.varies, self.df, df)
        return replace(self, effect=effect, df=df)

    def limits(self, level) -> tuple[np.ndarray, np.ndarray]:
        """Low and high of each rate at a level (0.05 for 95 per cent)."""
        return _score_limits(self.rate, self.size / self.effect, level, self.df)


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
    return _Estimates(ratio(count, total), low, high, _described_by(n))


def mean_estimates(
    sums, squares, sizes, *, confidence: float, resamples: int, rng: np.random.Generator
) -> _Estimates:
    """Means of values that lie in documents, with intervals, a column each.

    `sums` and `squares` are of the values and their squares in each document, `sizes` how many
    there are (documents × columns). From _MIN_RESAMPLED documents on: percentile bootstrap over
    documents; from FEWEST_DOCUMENTS on, and again from _MANY: Student's t with the linearised
    variance of a ratio over documents (Cochran 1977, 6.3); with fewer: Student's t over the values,
    which describes these texts only. NaN where there are fewer than _MIN_VALUES.
    """
    from scipy import sparse

    sums, squares, sizes = (sparse.csc_array(part) for part in (sums, squares, sizes))
    size, n = sizes.sum(axis=0), (sizes > 0).sum(axis=0)
    mean = ratio(sums.sum(axis=0), size)
    low, high = np.full(mean.shape, np.nan), np.full(mean.shape, np.nan)
    many = (n >= _MIN_RESAMPLED) & (n < _MANY)
    for column in np.flatnonzero(~many & (size >= _MIN_VALUES)):
        held = _column_of(sizes, column) > 0
        mine = (_column_of(part, column)[held] for part in (sums, squares, sizes))
        half = _half_width(*mine, confidence)
        low[column], high[column] = mean[column] - half, mean[column] + half
    if many.any():
        rates = _bootstrap_rates(sums[:, many], sizes[:, many], resamples, rng)
        low[many], high[many] = percentiles(rates, confidence)
    return _Estimates(mean, low, high, _described_by(n))


def _half_width(sums, squares, sizes, confidence: float) -> float:
    """Half the width of a Student interval of a mean, over documents or, if they are few, values."""
    n, size = len(sizes), sizes.sum()
    mean = sums.sum() / size
    if n < FEWEST_DOCUMENTS:
        mean_square = squares.sum() / size
        variance = mean_square - mean**2
        variance = variance if variance > 1e-12 * mean_square else 0.0  # not a rounding error
        return student_quantile(confidence, int(size)) * (variance / (size - 1)) ** 0.5
    residuals = sums - mean * sizes
    variance = (residuals**2).sum() * n / (n - 1) / size**2
    return student_quantile(confidence, n) * variance**0.5


def _column_of(table, column: int) -> np.ndarray:
    """One column of a sparse table, a number a row."""
    return table[:, [column]].toarray()[:, 0].astype(float)


def _described_by(n) -> np.ndarray:
    """What an interval from n documents describes (see `_Estimates`)."""
    return np.select([np.equal(n, 0), np.less(n, FEWEST_DOCUMENTS)], ["", "texts"], "documents")


# --- tests -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Difference:
    """Differences of two groups' rates, a column each, with interval and test.

    `over` is what the intervals describe (see `_Estimates`), the weaker of the two sides. `p` is
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
    documents, keeps its interval and is not tested (_MIN_EXPECTED_UNITS, _MIN_EXPECTED_CARRIERS):
    such an interval can exclude zero too often to carry a claim. With fewer documents the intervals
    describe the texts at hand (`rate_intervals`, with the design `effects` of their sentences), and
    nothing is tested.
    """
    sides = group, other
    n = [np.count_nonzero(side.sizes) for side in sides]
    if min(n) < FEWEST_DOCUMENTS:
        one, rest = (
            rate_intervals(side, effects=effect, confidence=confidence)
            for side, effect in zip(sides, effects, strict=True)
        )
        rates = one.values, rest.values
        limits = _difference_interval(rates[0], one.low, one.high, rates[1], rest.low, rest.high)
        why = f"{n[0]} against {n[1]} documents: fewer than {FEWEST_DOCUMENTS} on a side"
        no_test = [why if all(n) else "one side has no text"] * len(rates[0])
        over = min(one.over, rest.over, key=("", "texts", "documents").index)
        return _Difference(*rates, *limits, np.full(len(rates[0]), np.nan), over, no_test)
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
    one, rest = first.limits(level), second.limits(level)
    return _difference_interval(first.rate, *one, second.rate, *rest)


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
    filled = [one.filled(effect, df) for one, effect in zip(sides, effects, strict=True)]
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
        rarer, where = "too rare for a test", f"{held:,} documents have it"
        if held > lacking:
            rarer, where = "too common for a test", f"{lacking:,} are not full of it"
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
    (sum of squared sizes)² / sum of fourth powers - 2. Both choices are tuned by simulation. NaN
    where a side has fewer than FEWEST_DOCUMENTS or the word is too rare (MIN_EXPECTED_WORD_CARRIERS),
    but 1 where the rates are equal, however rare the word.
    """
    from scipy.special import ndtri, stdtr

    sides = own, rest
    documents = own.documents, rest.documents
    if min(documents) < FEWEST_DOCUMENTS:
        return np.full(len(own.counts), np.nan)
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
    equal = own.counts * rest.size == rest.counts * own.size
    p = np.where(equal, 1.0, np.clip(p, _MIN_P, 1))
    carriers = (own.carriers + rest.carriers) * (min(documents) / sum(documents))
    return np.where(equal | (carriers >= MIN_EXPECTED_WORD_CARRIERS), p, np.nan)


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


def false_discovery(p: np.ndarray) -> np.ndarray:
    """q-values of Benjamini and Hochberg (1995); a missing p stays missing and is not counted."""
    from scipy.stats import false_discovery_control

    p = np.asarray(p, dtype=float)
    q, tested = np.full(p.shape, np.nan), ~np.isnan(p)
    q[tested] = false_discovery_control(p[tested])
    return q
