"""Intervals, tests and corrections, and the refusal of what the data cannot carry."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from analysis import measures
from analysis.errors import InputError

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
WHOLE = (
    *("resamples", "random_seed", "lines", "examples", "evidence", "negation"),
    *("threshold", "correct_with"),
)
MOST_WEIGHTS = 2_000_000
"""Cells of an array of draws: small enough that its memory is used again for the next one."""
ENOUGH_TO_RESAMPLE = 30
MANY = 50_000
"""Documents from which on intervals and tests are worked out and not drawn: that many leave no
difference worth the time."""
MANY_CARRIERS = 100
"""Documents with a match, to be expected on the smaller side, below which a test is drawn for all that."""
SMALLEST_EFFECT = 1e-9
FEWEST_VALUES = 5
"""Values below which a mean has no interval."""
FEWEST_DOCUMENTS = 10
"""Documents below which no interval or test speaks of more than the texts at hand."""


def check_choices(**choices: float) -> None:
    """Raise InputError for a named number that no result can be made with (see RANGES)."""
    for name, value in choices.items():
        low, high = RANGES[name]
        if not low <= value <= high or (name in WHOLE and value != int(value)):
            kind = "a whole number, " if name in WHOLE else ""
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
    count, n, confidence: float = 0.95, design_effect=1.0, clusters: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Wilson score interval of a share (Wilson 1927; method 3 of Newcombe 1998, Two-sided
    confidence intervals for the single proportion).

    With a design effect the interval is that of n / design_effect independent units (Dean and
    Pagano 2015, for clustered samples); with `clusters`, the quantile is Student's with one degree
    of freedom less than there are clusters. Low and high are NaN where n is 0.
    """
    count, n = np.broadcast_arrays(np.asarray(count, dtype=float), np.asarray(n, dtype=float))
    there = n > 0
    size = np.divide(n, design_effect, out=np.ones(n.shape), where=there)
    share = np.divide(count, n, out=np.zeros(n.shape), where=there)
    z2 = (student_quantile(confidence, clusters) if clusters else normal_quantile(confidence)) ** 2
    middle = (share + z2 / (2 * size)) / (1 + z2 / size)
    half = np.sqrt(z2 * (share * (1 - share) / size + z2 / (4 * size**2))) / (1 + z2 / size)
    low = np.where(there, np.where(count == 0, 0.0, middle - half), np.nan)
    high = np.where(there, np.where(count == n, 1.0, middle + half), np.nan)
    return low, high


def student_quantile(confidence: float, clusters: int) -> float:
    """The t of a two-sided interval with clusters - 1 degrees of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(clusters - 1, 0.5 + confidence / 2))


def difference_interval(share, low, high, rest, rest_low, rest_high):
    """Interval of share - rest from the interval of each (MOVER: Zou and Donner 2008).

    From two Wilson intervals this is method 10 of Newcombe (1998, Interval estimation for the
    difference between independent proportions).
    """
    down = np.sqrt((share - low) ** 2 + (rest_high - rest) ** 2)
    up = np.sqrt((high - share) ** 2 + (rest - rest_low) ** 2)
    return share - rest - down, share - rest + up


def design_effects(
    totals, squares, products, size, size_squares, n_clusters: int, least: float = 1.0
) -> np.ndarray:
    """How many times the variance of each rate exceeds that of independent tokens, at least `least`.

    From sums over the clusters (sentences, documents) of one text or group: of counts, counts² and
    counts × sizes (one of each a column), sizes and sizes². The numerator is the linearised
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
    return np.where(varies, np.maximum(least, variance / independent), 1.0)


@dataclass(frozen=True)
class Clusters:
    """Counts of things (columns) in clusters (rows), dense or sparse, and the size of each cluster."""

    counts: np.ndarray | sparse.csr_array
    sizes: np.ndarray

    @classmethod
    def of(cls, counts: sparse.csr_array, sizes: np.ndarray) -> Clusters:
        """Clusters of sparse counts, which stay so from MANY on, as hardly anything is drawn then."""
        return cls(counts if len(sizes) >= MANY else counts.toarray(), sizes)

    def some(self, chosen: np.ndarray) -> Clusters:
        """Some of the clusters."""
        return Clusters(self.counts[chosen], self.sizes[chosen])

    def only(self, columns: np.ndarray) -> Clusters:
        """The counts of some things."""
        return Clusters(self.counts[:, columns], self.sizes)

    def sums(self) -> tuple[np.ndarray, ...]:
        """Sums over clusters, of every column: counts, counts² and counts × sizes."""
        counts, sizes = self.counts.astype(float), self.sizes.astype(float)
        return counts.sum(axis=0), (counts * counts).sum(axis=0), sizes @ counts


def drawn_weights(n: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """How often each of n documents is drawn in each resample of n with replacement."""
    drawn = rng.integers(n, size=(resamples, n), dtype=np.int32)
    return weights_of(drawn)


def weights_of(drawn: np.ndarray) -> np.ndarray:
    """How often each document stands in each row of drawn documents: rows × documents."""
    rows, n = drawn.shape
    flat = drawn + (np.arange(rows, dtype=np.int64) * n)[:, None]
    return np.bincount(flat.ravel(), minlength=rows * n).reshape(rows, n).astype(float)


def bootstrap_rates(documents: Clusters, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Rates (count / size) of every column in every resample of documents: resamples × columns.

    Documents are drawn with replacement, as many as there are; a resample without a token gives
    NaN. Drawn in blocks, so that memory stays bounded.
    """
    n = len(documents.sizes)
    counts, sizes = (x.astype(float, copy=False) for x in (documents.counts, documents.sizes))
    documents = Clusters(counts, sizes)
    block = max(1, MOST_WEIGHTS // n)
    parts = []
    for first in range(0, resamples, block):
        weights = drawn_weights(n, min(block, resamples - first), rng)
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
class Intervals:
    """Low and high of each column's rate, and what they speak of.

    `over` is 'documents' (other documents of the kind), 'texts' (the wording of these texts only)
    or '' where there is nothing to count.
    """

    low: np.ndarray
    high: np.ndarray
    over: str


def rate_intervals(
    documents: Clusters,
    *,
    effects: np.ndarray | float = 1.0,
    confidence: float,
    resamples: int,
    rng: np.random.Generator,
) -> Intervals:
    """Intervals of the rates of one group of documents.

    With ENOUGH_TO_RESAMPLE documents or more: percentile bootstrap over documents. From
    FEWEST_DOCUMENTS on: Wilson with the design effect of documents and Student's t, which keeps
    its coverage where the bootstrap with few documents falls short; from MANY on again, as the two
    are the same there, where the effect may be below 1. With fewer, the texts at hand are all there
    is to speak of: Wilson, with the design `effects` of their sentences. It says how far the wording
    of these texts settles the rate, not how other texts would read. A rate of zero or one takes that
    last form in every case, as nothing varies in it.
    """
    totals, size = documents.counts.sum(axis=0), documents.sizes.sum()
    if not size:
        nothing = np.full(len(totals), np.nan)
        return Intervals(nothing, nothing, "")
    n = int((documents.sizes > 0).sum())
    if n < FEWEST_DOCUMENTS:
        return Intervals(*wilson(totals, size, confidence, effects), "texts")
    if not resampled(n):
        low, high = wilson(totals, size, confidence, effects_of(documents), n)
    else:
        low, high = percentiles(bootstrap_rates(documents, resamples, rng), confidence)
    edge = (totals == 0) | (totals == size)
    edge_low, edge_high = wilson(totals, size, confidence)
    return Intervals(np.where(edge, edge_low, low), np.where(edge, edge_high, high), "documents")


def resampled(n):
    """Whether intervals of so many documents come from resamples of them."""
    return (n >= ENOUGH_TO_RESAMPLE) & (n < MANY)


def effects_of(clusters: Clusters) -> np.ndarray:
    """The design effect of every column; below 1 only from MANY clusters on, which show that for sure."""
    sizes = clusters.sizes.astype(float)
    least = SMALLEST_EFFECT if len(sizes) >= MANY else 1.0
    return design_effects(*clusters.sums(), sizes.sum(), (sizes**2).sum(), len(sizes), least)


@dataclass(frozen=True)
class Estimates:
    """Values with their intervals, a column each, and what each interval speaks of (see `Intervals`)."""

    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    over: np.ndarray


def share_estimates(
    counts, totals, of=None, *, confidence: float, resamples: int, rng: np.random.Generator
) -> Estimates:
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
    varies = (count > 0) & (count < total)
    for column in np.flatnonzero((n >= FEWEST_DOCUMENTS) & ~resampled(n) & varies):
        sizes = column_of(totals, of[column])
        mine = column_of(counts, column)[sizes > 0]
        effect = effects_of(Clusters(mine[:, None], sizes[sizes > 0]))[0]
        limits = wilson(count[column], total[column], confidence, effect, int(n[column]))
        low[column], high[column] = map(float, limits)
    many = resampled(n) & varies
    drawn = counts if many.all() else counts[:, many]
    low[many], high[many] = ratio_percentiles(drawn, totals, of[many], confidence, resamples, rng)
    return Estimates(ratio(count, total), low, high, spoken_of(n))


def mean_estimates(
    sums, squares, sizes, *, confidence: float, resamples: int, rng: np.random.Generator
) -> Estimates:
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
    for column in np.flatnonzero(~resampled(n) & (size >= FEWEST_VALUES)):
        held = column_of(sizes, column) > 0
        mine = (column_of(part, column)[held] for part in (sums, squares, sizes))
        half = half_width(*mine, confidence)
        low[column], high[column] = mean[column] - half, mean[column] + half
    many = resampled(n)
    low[many], high[many] = ratio_percentiles(
        sums[:, many], sizes, np.flatnonzero(many), confidence, resamples, rng
    )
    return Estimates(mean, low, high, spoken_of(n))


def half_width(sums, squares, sizes, confidence: float) -> float:
    """Half the width of a Student interval of a mean, over documents or, if they are few, values."""
    n, size = len(sizes), sizes.sum()
    mean = sums.sum() / size
    if n < FEWEST_DOCUMENTS:
        variance = float(spread(squares.sum() / size, mean)) / (size - 1)
        return student_quantile(confidence, int(size)) * variance**0.5
    residuals = sums - mean * sizes
    variance = (residuals**2).sum() * n / (n - 1) / size**2
    return student_quantile(confidence, n) * variance**0.5


def column_of(table, column: int) -> np.ndarray:
    """One column of a sparse table, a number a row."""
    return table[:, [column]].toarray()[:, 0].astype(float)


def ratio(counts: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """counts / totals, NaN where the total is 0."""
    return np.divide(counts, totals, out=np.full(np.shape(totals), np.nan), where=totals > 0)


def spoken_of(n: np.ndarray) -> np.ndarray:
    """What an interval from n documents speaks of."""
    told = np.where(n < FEWEST_DOCUMENTS, "texts", "documents").astype(object)
    return np.where(n == 0, "", told)


def ratio_percentiles(counts, totals, of, confidence, resamples, rng) -> tuple:
    """Percentile intervals of the ratio of each column of `counts` to the one of `totals` that `of`
    numbers, documents drawn with replacement."""
    from scipy import sparse

    k = counts.shape[1]
    if not k:
        return np.empty(0), np.empty(0)
    used, place = np.unique(of, return_inverse=True)
    both = sparse.hstack((counts, totals[:, used]), format="csc", dtype=float)
    drawn = bootstrap_rates(Clusters(both, np.ones(both.shape[0])), resamples, rng)
    with np.errstate(invalid="ignore", divide="ignore"):
        return percentiles(drawn[:, :k] / drawn[:, k:][:, place], confidence)


# --- tests -----------------------------------------------------------------------------------------


def smallest_p(n: int, n_rest: int) -> float:
    """The smallest two-sided p-value that relabelling n + n_rest documents can reach.

    One labelling in C(n + n_rest, n); two of them where the sides are equal, as the mirrored
    labelling differs as much.
    """
    return (1 + (n == n_rest)) / labellings(n + n_rest, n)


def labellings(n: int, chosen: int) -> int:
    """In how many ways some of n documents can be chosen; beyond 10^18 no more than that is said.

    >>> labellings(10, 3), labellings(10_000_000, 5_000_000) > 10**18
    (120, True)
    """
    found = 1
    for k in range(min(chosen, n - chosen)):
        found = found * (n - k) // (k + 1)
        if found > 10**18:
            break
    return found


def cannot_test(n: int, n_rest: int, confidence: float) -> str:
    """Why a permutation test of n against n_rest documents is refused, '' where it is not."""
    if not n or not n_rest:
        return "one side has no text"
    least = smallest_p(n, n_rest)
    if least > 1 - confidence + 1e-12:
        return f"{n} against {n_rest} documents: no p-value below {least:.2g} can occur"
    return ""


def permutation_p(
    documents: Clusters, is_group: np.ndarray, resamples: int, rng: np.random.Generator
) -> np.ndarray:
    """Two-sided p of the difference of two groups' rates, per column, by relabelling documents.

    It tests whether the labels are exchangeable between documents. Every document must have a
    size above 0. Where there are no more relabellings than resamples they are all taken and p is
    exact; else the observed one is counted among those drawn (Phipson and Smyth 2010), so that p
    is never zero. Of MANY documents, where at least MANY_CARRIERS with a match are due on either
    side, p is the limit of that (`limit_p`).
    """
    n, smaller = len(is_group), min(is_group.sum(), (~is_group).sum())
    documents = Clusters(documents.counts.astype(float), documents.sizes.astype(float))
    if n >= MANY:
        p = limit_p(documents, is_group)
        carriers = (documents.counts != 0).sum(axis=0)
        rare = np.flatnonzero(carriers * smaller / n < MANY_CARRIERS)
        if len(rare):
            p[rare] = drawn_p(documents.only(rare), is_group, resamples, rng)
        return p
    return drawn_p(documents, is_group, resamples, rng)


def limit_p(documents: Clusters, is_group: np.ndarray) -> np.ndarray:
    """The p that a permutation test of ever more documents comes to (Hoeffding 1951, A combinatorial
    central limit theorem).

    What is permuted is the sum, over the group, of counts less what the rate of all would give.
    """
    from scipy.special import ndtr

    totals, squares, products = documents.sums()
    mine, sizes = documents.some(is_group), documents.sizes.astype(float)
    rate = totals / sizes.sum()
    residuals = squares - 2 * rate * products + rate**2 * (sizes**2).sum()
    n, chosen = len(is_group), int(is_group.sum())
    variance = chosen * (n - chosen) / (n * (n - 1)) * residuals
    observed = np.abs(mine.counts.sum(axis=0) - rate * mine.sizes.sum())
    z = np.divide(observed, np.sqrt(variance), out=np.zeros(len(variance)), where=variance > 0)
    return np.maximum(2 * ndtr(-z), np.finfo(float).tiny)


def drawn_p(
    documents: Clusters, is_group: np.ndarray, resamples: int, rng: np.random.Generator
) -> np.ndarray:
    """The p of `permutation_p` by relabelling."""
    n, chosen = len(is_group), int(is_group.sum())
    observed = np.abs(rate_difference(documents, is_group[None, :])) - 1e-12
    if (rows := labellings(n, chosen)) <= resamples:
        labels = np.zeros((rows, n), dtype=bool)
        for row, inside in enumerate(combinations(range(n), chosen)):
            labels[row, list(inside)] = True
        return (np.abs(rate_difference(documents, labels)) >= observed).mean(axis=0)
    block = max(1, MOST_WEIGHTS // n)
    reached = np.zeros(documents.counts.shape[1])
    for first in range(0, resamples, block):
        labels = drawn_labels(n, chosen, min(block, resamples - first), rng)
        reached += (np.abs(rate_difference(documents, labels)) >= observed).sum(axis=0)
    return (reached + 1) / (resamples + 1)


def drawn_labels(n: int, chosen: int, rows: int, rng: np.random.Generator) -> np.ndarray:
    """Rows in each of which `chosen` of n documents are drawn without replacement, as a mask."""
    keys = rng.random((rows, n))
    limits = np.array([nth_smallest(mine, chosen) for mine in keys])
    labels = keys <= limits[:, None]
    for row in np.flatnonzero(labels.sum(axis=1) != chosen):  # two equal keys
        labels[row] = np.argsort(np.argsort(keys[row], kind="stable")) < chosen
    return labels


def nth_smallest(keys: np.ndarray, nth: int) -> float:
    """The nth smallest (from 1) of numbers drawn evenly between 0 and 1.

    It is looked for where it is all but certain to lie, and among all of them if it is not there.
    """
    share = nth / len(keys)
    reach = 6 * (share * (1 - share) / len(keys)) ** 0.5
    near = keys[(keys >= share - reach) & (keys < share + reach)]
    rank = nth - np.count_nonzero(keys < share - reach)
    if not 0 < rank <= len(near):
        near, rank = keys, nth
    return np.partition(near, rank - 1)[rank - 1]


def rate_difference(documents: Clusters, labels: np.ndarray) -> np.ndarray:
    """Rate of the labelled documents minus rate of the others: labellings × columns."""
    inside = labels.astype(float)
    counts, sizes = inside @ documents.counts, inside @ documents.sizes
    rest_counts = documents.counts.sum(axis=0) - counts
    rest_sizes = documents.sizes.sum() - sizes
    with np.errstate(invalid="ignore", divide="ignore"):
        return counts / sizes[:, None] - rest_counts / rest_sizes[:, None]


def welch_p(sums, squares, n: int, rest_sums, rest_squares, n_rest: int) -> np.ndarray:
    """Two-sided p of Welch's t-test between per-document rates, per word.

    From sums and sums of squares of the rates over n and n_rest documents. A test over documents
    and not over tokens, as Lijffijt and others (2016, Significance testing of word frequencies in
    corpora) ask for. Documents weigh the same whatever their length, so that the sign may differ
    from that of measures over tokens. NaN where neither side varies.
    """
    from scipy.special import stdtr

    mean, rest = sums / n, rest_sums / n_rest
    v = spread(squares / n, mean) / (n - 1)
    w = spread(rest_squares / n_rest, rest) / (n_rest - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = (mean - rest) / np.sqrt(v + w)
        freedom = (v + w) ** 2 / (v**2 / (n - 1) + w**2 / (n_rest - 1))
    return 2 * stdtr(freedom, -np.abs(t))


def spread(mean_of_squares, mean):
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

FEWEST_PERIODS = 20
"""Periods below which a change point has no interval and no test."""
FEWEST_ON_A_SIDE = 3
FEWEST_FOR_A_VARIANCE = 10
WIDEST_BREAK = 1e6


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
    before, gain = measures.mean_shift(values, FEWEST_ON_A_SIDE)
    if not before:
        told = f"{len(values)} periods: fewer than {2 * FEWEST_ON_A_SIDE}"
        return ChangePoint(0, nothing, nothing, nothing, nothing, told)
    left, right = values[:before], values[before:]
    shift = float(right.mean() - left.mean())
    if len(values) < FEWEST_PERIODS:
        told = f"{len(values)} periods: no interval below {FEWEST_PERIODS}"
        return ChangePoint(before, shift, nothing, nothing, nothing, told)
    drawn = permuted_gains(values, resamples, rng)
    p = (1 + np.sum(drawn >= gain - 1e-9)) / (resamples + 1)
    low, high = break_interval(left, right, confidence)
    return ChangePoint(before, shift, low, high, float(p), "")


def permuted_gains(values: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """The gain of the best split of a series, its values put in another order time after time."""
    block = max(1, MOST_WEIGHTS // len(values))
    parts = []
    for first in range(0, resamples, block):
        rows = np.tile(values, (min(block, resamples - first), 1))
        drawn = rng.permuted(rows, axis=1)
        parts.append(measures.shift_gains(drawn, FEWEST_ON_A_SIDE).max(axis=1))
    return np.concatenate(parts)


def break_interval(left, right, confidence: float) -> tuple[float, float]:
    """Bai's interval of the number of periods before a change, cut to the series, in whole periods.

    Each side has its own variance where both have FEWEST_FOR_A_VARIANCE periods and vary, else one
    for both: a side that never varies (a word not yet used) does not make the date certain.
    """
    n, shift2 = len(left) + len(right), float((right.mean() - left.mean()) ** 2)
    first, second = (float(side.var(ddof=1)) for side in (left, right))
    if min(len(left), len(right)) < FEWEST_FOR_A_VARIANCE or not first * second:
        first = second = ((len(left) - 1) * first + (len(right) - 1) * second) / (n - 2)
    if not first or not shift2:
        return (float(len(left)), float(len(left))) if shift2 else (0.0, float(n))
    tail, step = (1 - confidence) / 2, first / shift2
    late = break_quantile(1 - tail, second / first) * step
    early = break_quantile(tail, second / first) * step
    low, high = np.floor(len(left) - late), np.ceil(len(left) - early)
    return max(0.0, float(low)), min(float(n), float(high))


def break_quantile(level: float, ratio: float) -> float:
    """The value at which `break_cdf` reaches a level; at most WIDEST_BREAK from 0."""
    from scipy.optimize import brentq

    ends = (-WIDEST_BREAK, 0.0) if break_cdf(0.0, ratio) > level else (0.0, WIDEST_BREAK)
    below, above = (break_cdf(end, ratio) - level for end in ends)
    if below >= 0 or above <= 0:
        return ends[0] if below >= 0 else ends[1]
    return brentq(lambda x: break_cdf(x, ratio) - level, *ends)


def break_cdf(x: float, ratio: float) -> float:
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
