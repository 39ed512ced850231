"""Intervals, tests and corrections, and the refusal of what the data cannot carry."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from analysis.errors import InputError

FEWEST_RESAMPLES, MOST_RESAMPLES = 100, 100_000
FEWEST_DOCUMENTS = 10
"""Documents below which no interval or test speaks of more than the texts at hand."""


def check_choices(confidence: float, resamples: int) -> None:
    """Raise InputError for a confidence or a number of resamples that no interval can be made of."""
    if not 0 < confidence < 1:
        raise InputError("confidence is out of range", value=confidence, allowed="above 0, below 1")
    if not FEWEST_RESAMPLES <= resamples <= MOST_RESAMPLES:
        raise InputError(
            "resamples is out of range",
            value=resamples,
            allowed=f"{FEWEST_RESAMPLES} to {MOST_RESAMPLES}",
        )


def generator(seed: int, label: str) -> np.random.Generator:
    """A random generator of its own for each result, so that no result depends on another."""
    return np.random.default_rng([seed, zlib.crc32(label.encode("utf-8"))])


def normal_quantile(confidence: float) -> float:
    """The z of a two-sided interval: 1.96 for 0.95."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + confidence / 2))


def wilson(count, n, confidence: float = 0.95, design_effect=1.0) -> tuple[np.ndarray, np.ndarray]:
    """Wilson score interval of a share (Wilson 1927; Newcombe 1998, method 3).

    With a design effect the interval is that of n / design_effect independent units, as for
    clustered samples (Korn and Graubard 1998). Low and high are NaN where n is 0.
    """
    count, n = np.broadcast_arrays(np.asarray(count, dtype=float), np.asarray(n, dtype=float))
    there = n > 0
    size = np.divide(n, design_effect, out=np.ones(n.shape), where=there)
    share = np.divide(count, n, out=np.zeros(n.shape), where=there)
    z2 = normal_quantile(confidence) ** 2
    middle = (share + z2 / (2 * size)) / (1 + z2 / size)
    half = np.sqrt(z2 * (share * (1 - share) / size + z2 / (4 * size**2))) / (1 + z2 / size)
    low = np.where(there, np.where(count == 0, 0.0, middle - half), np.nan)
    high = np.where(there, np.where(count == n, 1.0, middle + half), np.nan)
    return low, high


def difference_interval(share, low, high, rest, rest_low, rest_high):
    """Interval of share - rest from the interval of each (MOVER: Zou and Donner 2008).

    From two Wilson intervals this is Newcombe's hybrid score interval (1998, method 10).
    """
    down = np.sqrt((share - low) ** 2 + (rest_high - rest) ** 2)
    up = np.sqrt((high - share) ** 2 + (rest - rest_low) ** 2)
    return share - rest - down, share - rest + up


def design_effect(counts: np.ndarray, sizes: np.ndarray) -> float:
    """How many times the variance of a rate exceeds that of independent tokens, at least 1.

    `counts` and `sizes` belong to the clusters (sentences, documents) of one text or group. The
    numerator is the linearised variance of a ratio (Cochran 1977, 6.3), the denominator p(1-p)/n.
    """
    total, n, clusters = counts.sum(), sizes.sum(), len(sizes)
    share = total / n if n else 0.0
    if clusters < 2 or not 0 < share < 1:
        return 1.0
    residuals = counts - share * sizes
    variance = clusters / (clusters - 1) * (residuals**2).sum() / n**2
    return max(1.0, float(variance / (share * (1 - share) / n)))


@dataclass(frozen=True)
class Clusters:
    """Counts of things (columns) in clusters (rows), and the size of each cluster."""

    counts: np.ndarray
    sizes: np.ndarray


def resample_weights(n: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """How often each of n documents is drawn in each resample: resamples × n, rows sum to n."""
    return rng.multinomial(n, np.full(n, 1 / n), size=resamples)


def bootstrap_rates(documents: Clusters, weights: np.ndarray) -> np.ndarray:
    """Rates (count / size) of every column in every resample of documents: resamples × columns."""
    sizes = weights @ documents.sizes
    with np.errstate(invalid="ignore", divide="ignore"):
        return (weights @ documents.counts) / sizes[:, None]


def percentiles(values: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval (Efron 1979) of resampled values along the first axis."""
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(values, [tail, 1 - tail], axis=0)
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
    sentences: Clusters | None = None,
    *,
    confidence: float,
    resamples: int,
    rng: np.random.Generator,
) -> Intervals:
    """Intervals of the rates of one group of documents.

    With FEWEST_DOCUMENTS or more: percentile bootstrap over documents. With fewer, the texts at
    hand are all there is to speak of: Wilson, with the design effect of `sentences` where they are
    given. It says how far the wording of these texts settles the rate, not how other texts would
    read. A rate of zero takes Wilson in both cases, as no resample can vary it.
    """
    totals, size = documents.counts.sum(axis=0), documents.sizes.sum()
    if len(documents.sizes) >= FEWEST_DOCUMENTS:
        weights = resample_weights(len(documents.sizes), resamples, rng)
        low, high = percentiles(bootstrap_rates(documents, weights), confidence)
        zero_low, zero_high = wilson(totals, size, confidence)
        zero = totals == 0
        return Intervals(
            np.where(zero, zero_low, low), np.where(zero, zero_high, high), "documents"
        )
    effects = np.ones(len(totals))
    if sentences is not None:
        effects = [design_effect(column, sentences.sizes) for column in sentences.counts.T]
    low, high = wilson(totals, size, confidence, np.asarray(effects))
    return Intervals(low, high, "texts" if size else "")


# --- tests -----------------------------------------------------------------------------------------


def smallest_p(n: int, n_rest: int) -> float:
    """The smallest p-value that relabelling n + n_rest documents can reach: 1 / C(n + n_rest, n)."""
    from math import comb

    return 1 / comb(n + n_rest, n)


def cannot_test(n: int, n_rest: int, confidence: float) -> str:
    """Why a permutation test of n against n_rest documents is refused, '' where it is not."""
    if not n or not n_rest:
        return "one side has no documents"
    least = smallest_p(n, n_rest)
    if least > 1 - confidence:
        return f"{n} against {n_rest} documents: no p-value below {least:.2g} can occur"
    return ""


def permutation_p(
    documents: Clusters, is_group: np.ndarray, resamples: int, rng: np.random.Generator
) -> np.ndarray:
    """Two-sided p of the difference of two groups' rates, per column, by relabelling documents.

    The p-value counts the observed labelling as one of the relabellings (Phipson and Smyth 2010),
    so it is never zero.
    """
    observed = np.abs(rate_difference(documents, is_group[None, :]))
    labels = rng.permuted(np.repeat(is_group[None, :], resamples, axis=0), axis=1)
    drawn = np.abs(rate_difference(documents, labels))
    reached = (drawn >= observed - 1e-12).sum(axis=0)
    return (reached + 1) / (resamples + 1)


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
    corpora) ask for. NaN where neither side varies.
    """
    from scipy.special import stdtr

    mean, rest = sums / n, rest_sums / n_rest
    v = np.maximum(squares / n - mean**2, 0) / (n - 1)
    w = np.maximum(rest_squares / n_rest - rest**2, 0) / (n_rest - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = (mean - rest) / np.sqrt(v + w)
        freedom = (v + w) ** 2 / (v**2 / (n - 1) + w**2 / (n_rest - 1))
    return 2 * stdtr(freedom, -np.abs(t))


def false_discovery(p: np.ndarray) -> np.ndarray:
    """q-values of Benjamini and Hochberg (1995); a missing p stays missing and is not counted."""
    from scipy.stats import false_discovery_control

    p = np.asarray(p, dtype=float)
    q = np.full(p.shape, np.nan)
    there = ~np.isnan(p)
    if there.any():
        q[there] = false_discovery_control(p[there], method="bh")
    return q
