"""Formulas: rates, dispersion, diversity, keyness, collocation. Arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from scipy import sparse

MATTR_WINDOW = 50
MTLD_THRESHOLD = 0.72
HDD_SAMPLE = 42


def per_million(count, size):
    """Occurrences per million tokens; NaN where there are no tokens."""
    count, size = np.asarray(count, dtype=float), np.asarray(size, dtype=float)
    return np.divide(
        count * 1e6, size, out=np.full(np.broadcast(count, size).shape, np.nan), where=size > 0
    )


# --- dispersion ------------------------------------------------------------------------------------


def deviation_of_proportions(counts: sparse.csr_array, sizes: np.ndarray) -> np.ndarray:
    """Gries's DP of each column: 0 = spread as the sizes of the parts, towards 1 = in one part.

    Half the sum of |share of the word's occurrences in a part - share of the tokens in that part|
    (Gries 2008, Dispersions and adjusted frequencies in corpora). `counts` is parts × words,
    `sizes` the tokens of each part. NaN for a word that does not occur.
    """
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


def juilland_d(counts, sizes) -> float:
    """Juilland's D of one word: 1 = even, 0 = in one part.

    1 - (population standard deviation of the per-part rates / their mean) / sqrt(parts - 1)
    (Juilland and others 1970, in the form of Gries 2008). NaN for a word that does not occur.
    """
    rates = np.asarray(counts, dtype=float) / np.asarray(sizes, dtype=float)
    return float(juilland_of_sums(rates.sum(), (rates**2).sum(), len(rates)))


def juilland_of_sums(rates, squares, parts: int) -> np.ndarray:
    """Juilland's D from the sums of the per-part rates and of their squares over so many parts."""
    rates, squares = np.asarray(rates, dtype=float), np.asarray(squares, dtype=float)
    if parts < 2:
        return np.full(rates.shape, np.nan)
    mean = rates / parts
    deviation = np.sqrt(np.maximum(squares / parts - mean**2, 0.0))
    varied = np.divide(deviation, mean, out=np.full(rates.shape, np.nan), where=mean > 0)
    return 1 - varied / np.sqrt(parts - 1)


# --- diversity -------------------------------------------------------------------------------------


def last_met(types: np.ndarray) -> np.ndarray:
    """Where the type of each token was met last before it, -1 for the first time.

    `types` are the integer types of a text in order.
    """
    types = np.asarray(types)
    order = np.argsort(types, kind="stable")
    same = types[order[1:]] == types[order[:-1]]
    met = np.full(len(types), -1, dtype=np.int64)
    met[order[1:][same]] = order[:-1][same]
    return met


def mattr(types: np.ndarray, window: int = MATTR_WINDOW) -> float:
    """Moving-average type-token ratio (Covington and McFall 2010); NaN below one window.

    `types` are the integer types of a text in order. Each token adds one type to every window in
    which it is the first of its type.
    """
    n = len(types)
    if n < window:
        return float("nan")
    place = np.arange(n)
    first = np.maximum(np.maximum(last_met(types) + 1, place - window + 1), 0)
    windows = np.minimum(place, n - window) - first + 1
    return int(np.maximum(windows, 0).sum()) / (n - window + 1) / window


def mtld(types: np.ndarray, threshold: float = MTLD_THRESHOLD) -> float:
    """Measure of textual lexical diversity, mean of both directions (McCarthy and Jarvis 2010).

    The mean length in tokens of stretches whose type-token ratio stays above the threshold.
    NaN for an empty text, or one whose ratio never falls.
    """
    types = np.asarray(types)
    if not len(types):
        return float("nan")
    return float(np.mean([mtld_one_way(order, threshold) for order in (types, types[::-1])]))


def mtld_one_way(types: np.ndarray, threshold: float) -> float:
    """MTLD read in one direction."""
    factors = first = kinds = 0
    for place, met in enumerate(last_met(types).tolist()):
        kinds += met < first
        if kinds / (place + 1 - first) <= threshold:
            factors, first, kinds = factors + 1, place + 1, 0
    length = len(types) - first
    part = factors + ((1 - kinds / length) / (1 - threshold) if length else 0.0)
    return len(types) / part if part else float("nan")


def hdd(types: np.ndarray, sample: int = HDD_SAMPLE) -> float:
    """HD-D (McCarthy and Jarvis 2007): expected type-token ratio of `sample` tokens drawn at random.

    NaN for a text with fewer tokens than that.
    """
    if len(types) < sample:
        return float("nan")
    counts = np.unique(np.asarray(types), return_counts=True)[1]
    return float(expected_types(counts, np.array([sample]))[0] / sample)


def expected_types(counts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Types expected among `sizes` tokens drawn without replacement (Hurlbert 1971, rarefaction)."""
    from scipy.special import gammaln

    total = int(np.sum(counts))
    kinds, how_many = np.unique(counts, return_counts=True)
    rest = total - kinds[:, None] - np.asarray(sizes)[None, :]
    ways = gammaln(total - kinds[:, None] + 1) - gammaln(np.maximum(rest, 0) + 1)
    ways_in_all = gammaln(total + 1) - gammaln(total - np.asarray(sizes)[None, :] + 1)
    missing = np.where(rest >= 0, np.exp(ways - ways_in_all), 0.0)
    return ((1 - missing) * how_many[:, None]).sum(axis=0)


def types_met(types: np.ndarray) -> np.ndarray:
    """Different types met up to and with each token: the vocabulary's growth."""
    return np.cumsum(last_met(types) < 0)


# --- keyness ---------------------------------------------------------------------------------------


def log_likelihood(count, size, rest_count, rest_size) -> np.ndarray:
    """G² of a word in two corpora from all four cells (Dunning 1993), with the sign of the difference.

    4-cell form: word and all other words, in both corpora. Positive where the word is the more
    frequent in the first corpus. Never infinite: an empty cell adds nothing.
    """
    a, n = np.asarray(count, dtype=float), np.asarray(size, dtype=float)
    b, m = np.asarray(rest_count, dtype=float), np.asarray(rest_size, dtype=float)
    share = (a + b) / (n + m)
    cells = [(a, n * share), (b, m * share), (n - a, n * (1 - share)), (m - b, m * (1 - share))]
    return np.sign(a * m - b * n) * 2 * sum(information(seen, due) for seen, due in cells)


def log_likelihood_2cell(count, size, rest_count, rest_size) -> np.ndarray:
    """G² from the word's own two cells (Rayson and Garside 2000), signed like `log_likelihood`."""
    a, n = np.asarray(count, dtype=float), np.asarray(size, dtype=float)
    b, m = np.asarray(rest_count, dtype=float), np.asarray(rest_size, dtype=float)
    share = (a + b) / (n + m)
    both = information(a, n * share) + information(b, m * share)
    return np.sign(a * m - b * n) * 2 * both


def information(observed: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """observed × ln(observed / expected), 0 where nothing was observed."""
    observed, expected = np.broadcast_arrays(observed, expected)
    there = observed > 0
    ratio = np.divide(observed, expected, out=np.ones(observed.shape), where=there)
    return observed * np.log(ratio)


def log_ratio(count, size, rest_count, rest_size) -> np.ndarray:
    """Binary logarithm of the ratio of two rates (Hardie 2014); half an occurrence for a zero.

    0 for a word that occurs in neither corpus.
    """
    a = np.where(np.asarray(count) == 0, 0.5, count) / np.asarray(size, dtype=float)
    b = np.where(np.asarray(rest_count) == 0, 0.5, rest_count) / np.asarray(rest_size, dtype=float)
    nowhere = (np.asarray(count) == 0) & (np.asarray(rest_count) == 0)
    return np.where(nowhere, 0.0, np.log2(a / b))


def percent_difference(count, size, rest_count, rest_size) -> np.ndarray:
    """%DIFF (Gabrielatos and Marchi 2011): by how many per cent the first rate exceeds the second.

    Half an occurrence for a word that the second corpus lacks, as in `log_ratio`; 0 for a word
    that neither holds.
    """
    count, rest_count = np.asarray(count, dtype=float), np.asarray(rest_count, dtype=float)
    rest = np.where(rest_count == 0, 0.5, rest_count) / rest_size
    exceeds = (count / size - rest) * 100 / rest
    return np.where((count == 0) & (rest_count == 0), 0.0, exceeds)


def log_odds(count, rest_count, prior) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds ratio with a Dirichlet prior, and its z, of every word (Monroe and others 2008).

    `count` and `rest_count` are the counts of the whole vocabulary in the two corpora, `prior` the
    pseudo-counts of the words (an informative prior: proportional to a background corpus).
    Equations 16, 20 and 22 of 'Fightin' Words'. Finite for a word that one side lacks.
    """
    y, r = np.asarray(count, dtype=float), np.asarray(rest_count, dtype=float)
    a = np.broadcast_to(np.asarray(prior, dtype=float), y.shape)
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
    a, first, second = (np.asarray(part, dtype=float) for part in (together, first, second))
    expected = first * second / total
    cells = [(a, expected)]
    cells += [(first - a, first * (total - second) / total)]
    cells += [(second - a, (total - first) * second / total)]
    cells += [(total - first - second + a, (total - first) * (total - second) / total)]
    g2 = 2 * sum(information(seen, due) for seen, due in cells)
    return expected, np.maximum(g2, 0.0), np.log2(a * total / (first * second))


# --- agreement of coders -----------------------------------------------------------------------------

LEVELS = ("nominal", "ordinal", "interval", "ratio")


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


def krippendorff_alpha(codes, level: str = "nominal") -> float:
    """Krippendorff's alpha: 1 = agreement, 0 = what chance gives; NaN where codes do not vary.

    `codes` is coders × units, missing codes None or NaN; `level` one of LEVELS.
    """
    values, pairs = coincidences(codes)
    return alpha_of(pairs.sum(axis=0), values, level)


def alpha_of(matrix: np.ndarray, values: np.ndarray, level: str = "nominal") -> float:
    """Alpha of a coincidence matrix: 1 - observed / expected disagreement.

    NaN where fewer than two values stand in it, as no disagreement could have been expected.
    """
    totals = matrix.sum(axis=1)
    distance = disagreement(values, totals, level)
    expected = (np.outer(totals, totals) * distance).sum()
    if not expected > 0:
        return float("nan")
    return float(1 - (totals.sum() - 1) * (matrix * distance).sum() / expected)


def disagreement(values: np.ndarray, totals: np.ndarray, level: str) -> np.ndarray:
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
    raise ValueError(f"unknown level {level!r}; allowed: {', '.join(LEVELS)}")


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
    composition, as if it had spoken at the rate of the other period. NaN where a period is empty.
    """
    count, size = np.asarray(counts, dtype=float), np.asarray(sizes, dtype=float)
    later, later_size = np.asarray(later_counts, dtype=float), np.asarray(later_sizes, dtype=float)
    if not size.sum() or not later_size.sum():
        nothing = np.full(size.shape, np.nan)
        return nothing, nothing
    before = np.divide(count, size, out=np.full(size.shape, np.nan), where=size > 0)
    after = np.divide(later, later_size, out=np.full(size.shape, np.nan), where=later_size > 0)
    first = np.where(size > 0, before, np.where(later_size > 0, after, 0.0))
    second = np.where(later_size > 0, after, first)
    share, later_share = size / size.sum(), later_size / later_size.sum()
    composition = (later_share - share) * (first + second) / 2
    return composition, (second - first) * (share + later_share) / 2


def mean_shift(values, margin: int = 1) -> tuple[int, float]:
    """Where a series changes its mean: how many values stand before it, and the gain of splitting.

    The split in two means with the least sum of squares, at least `margin` values on each side;
    the gain is by how much it falls (Hinkley 1970, Inference about the change-point). A series
    that is shorter than two margins has none: 0 and NaN.
    """
    values = np.asarray(values, dtype=float)
    if len(values) < 2 * margin:
        return 0, float("nan")
    gains = shift_gains(values, margin)
    best = int(np.argmax(gains))
    return margin + best, float(gains[best])


def shift_gains(values: np.ndarray, margin: int = 1) -> np.ndarray:
    """The gain of every split of a series in two means (`mean_shift`); of each row of several."""
    n = values.shape[-1]
    before = np.arange(margin, n - margin + 1)
    sums = np.cumsum(values, axis=-1)[..., before - 1]
    mean = values.mean(axis=-1, keepdims=True)
    return (sums - before * mean) ** 2 * n / (before * (n - before))
