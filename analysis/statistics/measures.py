"""Formulas: rates, dispersion, keyness, collocation, agreement. Arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse


def _floats(*values) -> list[np.ndarray]:
    """Each as an array of floats."""
    return [np.asarray(value, dtype=float) for value in values]


def ratio(counts, totals) -> np.ndarray:
    """counts / totals, NaN where the total is 0."""
    counts, totals = np.broadcast_arrays(*_floats(counts, totals))
    return np.divide(counts, totals, out=np.full(counts.shape, np.nan), where=totals > 0)


def per_million(count, size) -> np.ndarray:
    """Occurrences per million tokens; NaN where there are no tokens."""
    return ratio(np.asarray(count, dtype=float) * 1e6, size)


# --- dispersion ------------------------------------------------------------------------------------


def deviation_of_proportions(counts: sparse.csr_array, sizes: np.ndarray) -> np.ndarray:
    """Gries's DP of each column: 0 = distributed as the sizes of the parts, towards 1 = in one part.

    Half the sum of |share of the word's occurrences in a part - share of the tokens in that part|
    (Gries 2008, Dispersions and adjusted frequencies in corpora). `counts` is parts × words,
    `sizes` the tokens of each part. NaN for a word that does not occur.
    """
    from scipy import sparse

    counts, sizes = sparse.csr_array(counts), np.asarray(sizes)
    totals = np.asarray(counts.sum(axis=0)).ravel()
    excess = excess_of_proportions(counts, sizes, totals, sizes.sum())
    return np.where(totals > 0, (excess + 1) / 2, np.nan)


def excess_of_proportions(counts: sparse.csr_array, sizes, totals, size) -> np.ndarray:
    """Sum over some parts of |observed - expected| - expected share, of each word that they hold.

    With the sum over all parts, DP is (sum + 1) / 2: a part without the word adds its expected
    share to the |differences|, and all expected shares are 1. `totals` and `size` are the counts
    of the words and the tokens of all parts, `counts` (parts × words) and `sizes` those of some.
    """
    expected = np.repeat(np.asarray(sizes) / size, np.diff(counts.indptr))
    observed = counts.data / totals[counts.indices]
    differences = np.abs(observed - expected) - expected
    return np.bincount(counts.indices, differences, minlength=counts.shape[1])


def normalised_deviation(dp: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """DPnorm: DP divided by 1 - the smallest part's share (Lijffijt and Gries 2012)."""
    return np.asarray(dp) / (1 - np.min(sizes) / np.sum(sizes))


def juilland_of_sums(rates, squares, parts: int) -> np.ndarray:
    """Juilland's D of words: 1 = even, 0 = in one part.

    1 - (population standard deviation of the per-part rates / their mean) / sqrt(parts - 1)
    (Juilland and others 1970, in the form of Gries 2008), from the sums of the rates and of their
    squares over the parts. NaN for a word that does not occur, and where there is one part.
    """
    rates, squares = _floats(rates, squares)
    if parts < 2:
        return np.full(rates.shape, np.nan)
    mean = rates / parts
    deviation = np.sqrt(np.maximum(squares / parts - mean**2, 0.0))
    return 1 - ratio(deviation, mean) / np.sqrt(parts - 1)


# --- keyness ---------------------------------------------------------------------------------------


def log_likelihood(count, size, rest_count, rest_size) -> np.ndarray:
    """G² of a word in two corpora from all four cells (Dunning 1993), with the sign of the difference.

    4-cell form: word and all other words, in both corpora. Positive where the word is the more
    frequent in the first corpus. Never infinite: an empty cell adds nothing.
    """
    a, n, b, m = _floats(count, size, rest_count, rest_size)
    share = (a + b) / (n + m)
    cells = [(a, n * share), (b, m * share), (n - a, n * (1 - share)), (m - b, m * (1 - share))]
    return np.sign(a * m - b * n) * _g2(cells)


def log_likelihood_2cell(count, size, rest_count, rest_size) -> np.ndarray:
    """G² from the word's own two cells (Rayson and Garside 2000), signed like `log_likelihood`."""
    a, n, b, m = _floats(count, size, rest_count, rest_size)
    share = (a + b) / (n + m)
    return np.sign(a * m - b * n) * _g2([(a, n * share), (b, m * share)])


def _g2(cells: Iterable[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Twice the sum of observed × ln(observed / expected); an empty cell adds nothing."""
    total = 0.0
    for observed, expected in cells:
        observed, expected = np.broadcast_arrays(observed, expected)
        quotient = np.divide(observed, expected, out=np.ones(observed.shape), where=observed > 0)
        total = total + observed * np.log(quotient)
    return 2 * total


def log_ratio(count, size, rest_count, rest_size) -> np.ndarray:
    """Binary logarithm of the ratio of two rates (Hardie 2014), a zero replaced (`_rates_above_zero`).

    0 for equal rates and for a word that occurs in neither corpus.
    """
    a, b, equal = _rates_above_zero(count, size, rest_count, rest_size)
    return np.where(equal, 0.0, np.log2(a / b))


def percent_difference(count, size, rest_count, rest_size) -> np.ndarray:
    """%DIFF (Gabrielatos and Marchi 2011): by how many per cent the first rate exceeds the second.

    A rate of zero in the second corpus is replaced (`_rates_above_zero`); 0 for equal rates and for a
    word that occurs in neither corpus.
    """
    _, rest, equal = _rates_above_zero(count, size, rest_count, rest_size)
    exceeds = (np.asarray(count, dtype=float) / size - rest) * 100 / rest
    return np.where(equal, 0.0, exceeds)


def _rates_above_zero(count, size, rest_count, rest_size) -> tuple[np.ndarray, ...]:
    """The rates of a word in two corpora, and whether they are equal, for ratios that need them above 0.

    A rate of zero is replaced by that of one occurrence in both corpora together, 1 / (size +
    rest_size). With corpora of one size that is half an occurrence, as Hardie (2014) has it; with
    others, too, it is below any rate that was seen, so that no ratio changes its side.
    """
    a, n, b, m = _floats(count, size, rest_count, rest_size)
    least = 1 / (n + m)
    return np.where(a == 0, least, a / n), np.where(b == 0, least, b / m), a * m == b * n


# measures of a word in two corpora, by their columns in `keyness.csv`
KEYNESS = {
    "g2": log_likelihood,
    "log_ratio": log_ratio,
    "g2_two_cell": log_likelihood_2cell,
    "percent_difference": percent_difference,
}


def log_odds(count, rest_count, prior) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds ratio with a Dirichlet prior, and its z, of every word (Monroe and others 2008).

    `count` and `rest_count` are the counts of the whole vocabulary in the two corpora, `prior` the
    pseudo-counts of the words (an informative prior: proportional to a background corpus).
    Equations 16, 20 and 22 of 'Fightin' Words'. Finite for a word that one side lacks.
    """
    y, r, a = np.broadcast_arrays(*_floats(count, rest_count, prior))
    others, rest_others = y.sum() + a.sum() - y - a, r.sum() + a.sum() - r - a
    if len(y) < 2:
        return np.zeros(y.shape), np.zeros(y.shape)
    delta = np.log((y + a) / others) - np.log((r + a) / rest_others)
    return delta, delta / np.sqrt(1 / (y + a) + 1 / (r + a))


# --- collocation -----------------------------------------------------------------------------------


def collocation(together, first, second, total) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expected count, G² and pointwise mutual information of words side by side.

    `together` is the count of a pair, `first` and `second` the counts of the words in their place,
    `total` the number of pairs. G² is Dunning's (1993) over the four cells, PMI to base 2 (Church
    and Hanks 1990).
    """
    a, first, second = _floats(together, first, second)
    expected = first * second / total
    cells = [
        (a, expected),
        (first - a, first * (total - second) / total),
        (second - a, (total - first) * second / total),
        (total - first - second + a, (total - first) * (total - second) / total),
    ]
    return expected, np.maximum(_g2(cells), 0.0), np.log2(a * total / (first * second))


# --- agreement of coders -----------------------------------------------------------------------------

_LEVELS = ("nominal", "ordinal", "interval", "ratio")


def coincidences(codes) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of values that coders gave to the same unit: the values, and units × values × values.

    `codes` is coders × units, None or NaN where a coder gave no code. A unit that fewer than two
    coders coded pairs nothing: its matrix is 0. Summed over units this is the coincidence matrix
    of Krippendorff (2011, Computing Krippendorff's Alpha-Reliability, section C).
    """
    codes = np.asarray(codes, dtype=object)
    there = np.array([[code is not None and code == code for code in row] for row in codes])
    values = sorted(set(codes[there].tolist()))
    place = {value: number for number, value in enumerate(values)}
    counts = np.zeros((codes.shape[1], len(values)))
    for coder, unit in zip(*np.nonzero(there), strict=True):
        counts[unit, place[codes[coder, unit]]] += 1
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(len(values))
    others = np.maximum(counts.sum(axis=1) - 1, 1)
    return np.array(values), pairs / others[:, None, None]


def alpha_of(matrix: np.ndarray, values: np.ndarray, level: str = "nominal") -> float:
    """Krippendorff's alpha of a coincidence matrix: 1 - observed / expected disagreement.

    1 = agreement, 0 = what chance gives; NaN where fewer than two values occur, as no disagreement
    could have been expected. `level` is the level of measurement, one of _LEVELS.
    """
    totals = matrix.sum(axis=1)
    distance = _disagreement(values, totals, level)
    expected = (np.outer(totals, totals) * distance).sum()
    if not expected > 0:
        return float("nan")
    return float(1 - (totals.sum() - 1) * (matrix * distance).sum() / expected)


def _disagreement(values: np.ndarray, totals: np.ndarray, level: str) -> np.ndarray:
    """How much two values differ at a level of measurement: values × values."""
    if level == "nominal":
        return 1 - np.eye(len(values))
    if level == "ordinal":
        rank = np.cumsum(totals) - totals / 2
        return (rank[:, None] - rank[None, :]) ** 2
    numbers = values.astype(float)
    apart = (numbers[:, None] - numbers[None, :]) ** 2
    if level == "interval":
        return apart
    if level == "ratio":
        both = (numbers[:, None] + numbers[None, :]) ** 2
        return np.divide(apart, both, out=np.zeros(apart.shape), where=both > 0)
    raise ValueError(f"unknown level {level!r}; allowed: {', '.join(_LEVELS)}")


def cohen_kappa(table) -> float:
    """Cohen's kappa (1960) of a table of two coders' codes; NaN where one category is all there is."""
    table = np.asarray(table, dtype=float)
    total = table.sum()
    if not total:
        return float("nan")
    agreed = np.trace(table) / total
    by_chance = (table.sum(axis=0) * table.sum(axis=1)).sum() / total**2
    return float((agreed - by_chance) / (1 - by_chance)) if by_chance < 1 else float("nan")


def fleiss_kappa(counts) -> float:
    """Fleiss' kappa (1971); `counts` is units × categories, every unit coded equally often.

    NaN where one category is all there is, or units were coded fewer than two times.
    Raises ValueError where the units were not coded equally often.
    """
    counts = np.asarray(counts, dtype=float)
    coders = np.unique(counts.sum(axis=1))
    if len(coders) > 1:
        raise ValueError("Fleiss' kappa needs every unit coded equally often")
    if not len(coders) or coders[0] < 2:
        return float("nan")
    n = coders[0]
    agreed = (((counts**2).sum(axis=1) - n) / (n * (n - 1))).mean()
    by_chance = ((counts.sum(axis=0) / counts.sum()) ** 2).sum()
    return float((agreed - by_chance) / (1 - by_chance)) if by_chance < 1 else float("nan")


# --- change ------------------------------------------------------------------------------------------


def kitagawa(counts, sizes, later_counts, later_sizes) -> tuple[np.ndarray, np.ndarray]:
    """A change of a rate split by source: what other sources, and what the same sources, add to it.

    For each source the composition part (share of the tokens later - before, times the mean of its
    two rates) and the rate part (rate later - before, times the mean of its two shares); all parts
    together are exactly the change of the whole rate (Kitagawa 1955, Components of a difference
    between two rates). A source silent in one period has no rate there: it can only add to the
    composition, as if its rate had been that of the other period. NaN where a period is empty.
    """
    count, size, later, later_size = _floats(counts, sizes, later_counts, later_sizes)
    if not size.sum() or not later_size.sum():
        nothing = np.full(size.shape, np.nan)
        return nothing, nothing
    before, after = ratio(count, size), ratio(later, later_size)
    first = np.where(size > 0, before, np.where(later_size > 0, after, 0.0))
    second = np.where(later_size > 0, after, first)
    share, later_share = size / size.sum(), later_size / later_size.sum()
    composition = (later_share - share) * (first + second) / 2
    return composition, (second - first) * (share + later_share) / 2
