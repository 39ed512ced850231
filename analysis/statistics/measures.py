"""Formulas: rates, dispersion, diversity, keyness, collocation. Arrays in, arrays out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse

MATTR_WINDOW = 50
MTLD_THRESHOLD = 0.72
_MTLD_STEP, _MTLD_FEW = 64, 40
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


def _juilland_d(counts, sizes) -> float:
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


@dataclass(frozen=True, eq=False)
class TypesInTexts:
    """The integer types of the tokens of several texts in order, one text after the other.

    `starts` holds the first token of each text and the end of the last. Places are those in `types`.
    """

    types: np.ndarray
    starts: np.ndarray

    @classmethod
    def of_one(cls, types) -> TypesInTexts:
        """A single text."""
        return cls(np.asarray(types), np.array([0, len(types)]))

    @cached_property
    def sizes(self) -> np.ndarray:
        """Tokens of each text."""
        return np.diff(self.starts)

    @cached_property
    def text(self) -> np.ndarray:
        """The text of each token."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @cached_property
    def runs(self) -> tuple[np.ndarray, np.ndarray]:
        """The places in the order of text, type and place; and whether text and type are those of the
        place before."""
        kinds = int(self.types.max(initial=0)) + 1
        keys = self.text * kinds + self.types
        order = _in_stable_order(keys)
        keys = keys[order]
        return order, np.concatenate(([False], keys[1:] == keys[:-1]))[: len(keys)]

    @cached_property
    def last_met(self) -> np.ndarray:
        """Where the type of each token was met last before it in its text, -1 for the first time."""
        order, same = self.runs
        met = np.full(len(order), -1, dtype=np.int64)
        met[order[same]] = order[np.flatnonzero(same) - 1]
        return met

    @cached_property
    def n_types(self) -> np.ndarray:
        """Different types of each text."""
        return np.bincount(self.text[self.last_met < 0], minlength=len(self.sizes))

    def reversed(self) -> TypesInTexts:
        """The same read from the last token of the last text to the first of the first."""
        return TypesInTexts(self.types[::-1], self.starts[-1] - self.starts[::-1])


def _in_stable_order(values: np.ndarray) -> np.ndarray:
    """The places of whole numbers (0 or more) in their order, the earlier of two that are equal first."""
    bits = len(values).bit_length()
    if int(values.max(initial=0)).bit_length() + bits > 62:
        return np.argsort(values, kind="stable")
    keys = np.sort((values.astype(np.int64) << bits) | np.arange(len(values)))
    return keys & ((1 << bits) - 1)


def last_met(types: np.ndarray) -> np.ndarray:
    """Where the type of each token of a text was met last before it, -1 for the first time."""
    return TypesInTexts.of_one(types).last_met


def mattr(texts: TypesInTexts, window: int = MATTR_WINDOW) -> np.ndarray:
    """Moving-average type-token ratio of each text (Covington and McFall 2010); NaN below one window.

    Each token adds one type to every window in which it is the first of its type.
    """
    place, start = np.arange(len(texts.types)), texts.starts[:-1][texts.text]
    first = np.maximum(np.maximum(texts.last_met + 1, place - window + 1), start)
    last = np.minimum(place, texts.starts[1:][texts.text] - window)
    sums = np.concatenate(([0], np.cumsum(np.maximum(last - first + 1, 0))))[texts.starts]
    windows = texts.sizes - window + 1
    there = windows > 0
    return np.where(there, np.diff(sums) / np.where(there, windows, 1) / window, np.nan)


def mtld(texts: TypesInTexts, threshold: float = MTLD_THRESHOLD) -> np.ndarray:
    """Measure of textual lexical diversity, mean of both directions (McCarthy and Jarvis 2010).

    The mean length in tokens of stretches whose type-token ratio stays above the threshold.
    NaN for an empty text, or one whose ratio never falls.
    """
    return (_mtld_one_way(texts, threshold) + _mtld_one_way(texts.reversed(), threshold)[::-1]) / 2


def _mtld_one_way(texts: TypesInTexts, threshold: float) -> np.ndarray:
    """MTLD read in one direction.

    All texts are read at once, MTLD_STEP tokens at a time, each to the end of its next factor; the
    last few, which are longer than the others, one by one.
    """
    met, ends = texts.last_met, texts.starts[1:]
    first, place = texts.starts[:-1].copy(), texts.starts[:-1].copy()
    factors, kinds = np.zeros((2, len(ends)), dtype=np.int64)
    open_ones = np.flatnonzero(place < ends)
    while len(open_ones) > _MTLD_FEW:
        begin, end = first[open_ones, None], ends[open_ones, None]
        at = place[open_ones, None] + np.arange(_MTLD_STEP)
        inside = at < end
        new = (met[np.minimum(at, len(met) - 1)] < begin) & inside
        met_now = np.cumsum(new, axis=1) + kinds[open_ones, None]
        low = (met_now / (at + 1 - begin) <= threshold) & inside
        fallen = low.any(axis=1)
        read_to = np.where(fallen, at[:, 0] + low.argmax(axis=1) + 1, at[:, 0] + _MTLD_STEP)
        place[open_ones] = np.minimum(read_to, end[:, 0])
        factors[open_ones] += fallen
        kinds[open_ones] = np.where(fallen, 0, met_now[:, -1])
        first[open_ones[fallen]] = place[open_ones[fallen]]
        open_ones = open_ones[place[open_ones] < ends[open_ones]]
    for n in open_ones.tolist():
        state = first[n], kinds[n], factors[n]
        first[n], kinds[n], factors[n] = _read_on(
            met[place[n] : ends[n]], place[n], *state, threshold
        )
    length = ends - first
    left = (1 - kinds / np.maximum(length, 1)) / (1 - threshold)
    parts = factors + np.where(length > 0, left, 0.0)
    return np.divide(texts.sizes, parts, out=np.full(len(parts), np.nan), where=parts > 0)


def _read_on(
    met: np.ndarray, place, first, kinds, factors, threshold: float
) -> tuple[int, int, int]:
    """Where the last factor of a text begins, its types so far and the factors before it.

    `met` are the tokens from `place` on; the factor in which it stands begins at `first`.
    """
    first, kinds, factors = int(first), int(kinds), int(factors)
    for after, before in enumerate(met.tolist(), start=int(place) + 1):
        kinds += before < first
        if kinds / (after - first) <= threshold:
            factors, first, kinds = factors + 1, after, 0
    return first, kinds, factors


def hdd(texts: TypesInTexts, sample: int = HDD_SAMPLE) -> np.ndarray:
    """HD-D of each text (McCarthy and Jarvis 2007): expected type-token ratio of `sample` tokens
    drawn at random.

    NaN for a text with fewer tokens than that.
    """
    order, same = texts.runs
    begins = np.flatnonzero(~same)
    text, counts = texts.text[order[begins]], np.diff(np.append(begins, len(order)))
    long_enough = texts.sizes[text] >= sample
    most = int(counts.max(initial=0)) + 1
    cells, how_many = np.unique((text * most + counts)[long_enough], return_counts=True)
    text, kinds = np.divmod(cells, most)
    expected = how_many * _chance_of_type(texts.sizes[text], kinds, sample)
    bounds = np.searchsorted(text, np.arange(len(texts.sizes) + 1))
    found = np.full(len(texts.sizes), np.nan)
    for size in np.unique(np.diff(bounds)).tolist():  # sums of as many terms are one array
        mine = np.flatnonzero(np.diff(bounds) == size) if size else []
        found[mine] = expected[bounds[mine][:, None] + np.arange(size)].sum(axis=1) / sample
    return found


def _chance_of_type(total, count, sample) -> np.ndarray:
    """The chance that `sample` of `total` tokens, drawn without replacement, hold a type with `count`."""
    from scipy.special import gammaln

    rest = total - count - sample
    ways = gammaln(total - count + 1) - gammaln(np.maximum(rest, 0) + 1)
    ways_in_all = gammaln(total + 1) - gammaln(total - sample + 1)
    return 1 - np.where(rest >= 0, np.exp(ways - ways_in_all), 0.0)


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
    return np.sign(a * m - b * n) * 2 * sum(_information(seen, due) for seen, due in cells)


def log_likelihood_2cell(count, size, rest_count, rest_size) -> np.ndarray:
    """G² from the word's own two cells (Rayson and Garside 2000), signed like `log_likelihood`."""
    a, n = np.asarray(count, dtype=float), np.asarray(size, dtype=float)
    b, m = np.asarray(rest_count, dtype=float), np.asarray(rest_size, dtype=float)
    share = (a + b) / (n + m)
    both = _information(a, n * share) + _information(b, m * share)
    return np.sign(a * m - b * n) * 2 * both


def _information(observed: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """observed × ln(observed / expected), 0 where nothing was observed."""
    observed, expected = np.broadcast_arrays(observed, expected)
    there = observed > 0
    ratio = np.divide(observed, expected, out=np.ones(observed.shape), where=there)
    return observed * np.log(ratio)


def log_ratio(count, size, rest_count, rest_size) -> np.ndarray:
    """Binary logarithm of the ratio of two rates (Hardie 2014), a zero replaced (`_rates`).

    0 for equal rates and for a word that occurs in neither corpus.
    """
    a, b, even = _rates(count, size, rest_count, rest_size)
    return np.where(even, 0.0, np.log2(a / b))


def _rates(count, size, rest_count, rest_size) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rates of a word in two corpora, and whether they are equal, for ratios that need them above 0.

    A rate of zero is replaced by that of one occurrence in both corpora together, 1 / (size +
    rest_size). With corpora of one size that is half an occurrence, as Hardie (2014) has it; with
    others, too, it is below any rate that was seen, so that no ratio changes its side.
    """
    a, n = np.asarray(count, dtype=float), np.asarray(size, dtype=float)
    b, m = np.asarray(rest_count, dtype=float), np.asarray(rest_size, dtype=float)
    least = 1 / (n + m)
    return np.where(a == 0, least, a / n), np.where(b == 0, least, b / m), a * m == b * n


def percent_difference(count, size, rest_count, rest_size) -> np.ndarray:
    """%DIFF (Gabrielatos and Marchi 2011): by how many per cent the first rate exceeds the second.

    A rate of zero in the second corpus is replaced (`_rates`); 0 for equal rates and for a word that
    neither holds.
    """
    _, rest, even = _rates(count, size, rest_count, rest_size)
    exceeds = (np.asarray(count, dtype=float) / size - rest) * 100 / rest
    return np.where(even, 0.0, exceeds)


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
    g2 = 2 * sum(_information(seen, due) for seen, due in cells)
    return expected, np.maximum(g2, 0.0), np.log2(a * total / (first * second))


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


def _krippendorff_alpha(codes, level: str = "nominal") -> float:
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
