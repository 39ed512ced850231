"""Formulas against published numbers, against brute force, and against what must not move them."""

import json
from pathlib import Path

import naive
import numpy as np
import pytest
import regex
from scipy import sparse

from analysis.statistics import measures
from analysis.statistics.measures import TypesInTexts

PUBLISHED = json.loads((Path(__file__).parent / "data" / "published.json").read_text("utf-8"))
DUNNING = PUBLISHED["log_likelihood_dunning_1993"]["rows"]
FIGHTIN = PUBLISHED["fightin_words_uniform_prior"]
GRIES = PUBLISHED["dispersion_gries"]
WAR = PUBLISHED["keyness_brezina_2018_war"]
WAR_CELLS = (WAR["counts"][0], WAR["sizes"][0], WAR["counts"][1], WAR["sizes"][1])
LEXICAL_RICHNESS = """Measure of textual lexical diversity, computed as the mean length of sequential
words in a text that maintains a minimum threshold TTR score. Iterates over words until TTR scores
falls below a threshold, then increase factor counter by 1 and start over. McCarthy and Jarvis
(2010, pg. 385) recommends a factor threshold in the range of [0.660, 0.750]. (McCarthy 2005,
McCarthy and Jarvis 2010)"""
SIGNED = (measures.log_likelihood, measures.log_likelihood_2cell, measures.log_ratio)


def type_numbers(words) -> np.ndarray:
    return np.unique(list(words), return_inverse=True)[1]


@pytest.fixture
def readme_types() -> np.ndarray:
    """The README text of LexicalRichness as that package reads it: lower case, letters only."""
    return type_numbers(regex.sub(r"[^a-z\s]", " ", LEXICAL_RICHNESS.lower()).split())


def test_per_million():
    """Three in 2,000 tokens are 1,500 per million; no tokens, no rate."""
    assert measures.per_million([3, 0], [2000, 0]) == pytest.approx([1500, np.nan], nan_ok=True)


# --- keyness ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "published", "digits"),
    [
        (measures.log_likelihood_2cell, "log_likelihood_2cell", 5e-5),
        (measures.log_likelihood, "log_likelihood_4cell", 5e-5),
        (measures.log_ratio, "log_ratio", 5e-5),
        (measures.percent_difference, "percent_diff", 5e-4),
    ],
)
def test_keyness_of_war(measure, published, digits):
    """'war' in AmE06 and BE06 as Brezina (2018, chapter 3) works it out."""
    assert measure(*WAR_CELLS) == pytest.approx(WAR[published], abs=digits)


@pytest.mark.parametrize("pair", DUNNING)
def test_log_likelihood_of_dunning(pair):
    """G² of seven bigrams as printed in Dunning (1993)."""
    k11, k12, k21, k22, printed = DUNNING[pair]
    g2 = measures.log_likelihood(k11, k11 + k12, k21, k21 + k22)
    assert g2 == pytest.approx(printed, abs=0.005)


@pytest.mark.parametrize("pair", DUNNING)
def test_collocation_of_dunning(pair):
    """The G² of a collocation is the printed one as well, from counts and margins."""
    k11, k12, k21, k22, printed = DUNNING[pair]
    _, g2, _ = measures.collocation(k11, k11 + k12, k11 + k21, k11 + k12 + k21 + k22)
    assert g2 == pytest.approx(printed, abs=0.005)


@pytest.mark.parametrize("measure", [*SIGNED, measures.percent_difference])
def test_equal_rates_have_no_keyness(measure):
    """3 in 100 against 30 in 1,000 is exactly 0."""
    assert measure(3, 100, 30, 1000) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("measure", SIGNED)
@pytest.mark.parametrize("cells", [WAR_CELLS, (0, 500, 7, 900), (2, 10, 300, 10_000)])
def test_swapped_groups_flip_the_sign(measure, cells):
    """A against B is minus B against A, and not 0."""
    a, n, b, m = cells
    assert measure(b, m, a, n) == pytest.approx(-measure(a, n, b, m))
    assert measure(a, n, b, m) != 0


@pytest.mark.parametrize("measure", [*SIGNED, measures.percent_difference])
def test_a_zero_cell_is_finite(measure):
    """A word that one side lacks is negative for that side, positive for the other, never infinite."""
    assert -2000 < measure(0, 1000, 9, 1000) < 0 < measure(9, 1000, 0, 1000) < 2000


def test_percent_difference_takes_half_for_zero():
    """Nine against none in texts of one size: (9 - 0.5) / 0.5; none against none is no difference."""
    got = measures.percent_difference(np.array([9, 0]), 100, np.array([0, 0]), 100)
    assert got.tolist() == pytest.approx([1700, 0])


@pytest.mark.parametrize(
    ("measure", "factor"),
    [
        (measures.log_likelihood, 10),
        (measures.log_likelihood_2cell, 10),
        (measures.log_ratio, 1),
        (measures.percent_difference, 1),
    ],
)
def test_ten_times_the_corpus(measure, factor):
    """Ten times every count is ten times the evidence (G²) and the same effect (ratio, %DIFF)."""
    assert measure(60, 2000, 40, 3000) == pytest.approx(factor * measure(6, 200, 4, 300))


def test_log_ratio_takes_half_for_zero():
    """Four against none in texts of one size: log2(4 / 0.5) = 3."""
    assert measures.log_ratio(4, 800, 0, 800) == pytest.approx(3)


def test_log_odds_of_fightin_words():
    """z of every word of the two example sentences under a flat prior of 0.05 a word."""
    a, b = FIGHTIN["a"].split(), FIGHTIN["b"].split()
    words = sorted({*a, *b})
    counts = [[side.count(word) for word in words] for side in (a, b)]
    _, z = measures.log_odds(*counts, FIGHTIN["alpha"])
    expected = {**dict.fromkeys(words, 0.0), **FIGHTIN["z"]}
    assert dict(zip(words, z, strict=True)) == pytest.approx(expected)


def test_log_odds_flip_and_stay_finite():
    """Swapped corpora flip every log-odds ratio and z; a word that one side lacks stays finite."""
    y, r, prior = np.array([8, 0, 12]), np.array([1, 5, 30]), np.array([3.0, 1.0, 6.0])
    there, back = np.array(measures.log_odds(y, r, prior)), np.array(measures.log_odds(r, y, prior))
    assert there == pytest.approx(-back)
    assert np.isfinite(there).all()
    assert (np.sign(there) == [1, -1, -1]).all()


def test_a_stronger_prior_shrinks_log_odds():
    """The more pseudo-counts, the nearer to 0."""
    sizes = [measures.log_odds([9, 1], [1, 9], prior)[0][0] for prior in (0.1, 1, 10, 100)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] > 0


# --- dispersion ------------------------------------------------------------------------------------


def gries_counts(word: str) -> tuple[np.ndarray, np.ndarray]:
    parts = [part.split() for part in GRIES["parts"]]
    return np.array([part.count(word) for part in parts]), np.array([len(p) for p in parts])


def dp_of(counts, sizes) -> float:
    column = sparse.csr_array(np.asarray(counts).reshape(-1, 1))
    return float(measures.deviation_of_proportions(column, np.asarray(sizes))[0])


GRIES_ROWS = [
    *zip(GRIES["words"], GRIES["dp"], GRIES["dp_norm"], GRIES["juilland_d"], strict=True),
    ("a", *GRIES["a"].values()),
]


@pytest.mark.parametrize(("word", "dp", "dp_norm", "juilland_d"), GRIES_ROWS)
def test_dispersion_of_gries(word, dp, dp_norm, juilland_d):
    """DP, DPnorm and Juilland's D of Gries's corpus of five parts."""
    counts, sizes = gries_counts(word)
    own = dp_of(counts, sizes)
    assert own == pytest.approx(dp, abs=5e-4)
    assert measures.normalised_deviation(own, sizes) == pytest.approx(dp_norm, abs=5e-4)
    assert measures._juilland_d(counts, sizes) == pytest.approx(juilland_d, abs=5e-4)


@pytest.mark.parametrize(
    ("counts", "sizes", "dp"),
    [
        ([1, 2, 3], [10, 20, 30], 0),
        ([0, 0, 6], [10, 10, 10], 2 / 3),
        ([6, 0], [10, 90], 0.9),
        ([0, 0], [10, 90], np.nan),
        ([2, 0], [10, 0], 0),
    ],
)
def test_dp_by_hand(counts, sizes, dp):
    """0 in proportion to the parts, 1 minus the part's share in one part, NaN for no occurrence."""
    assert dp_of(counts, sizes) == pytest.approx(dp, nan_ok=True)


def test_dp_of_many_words_is_the_plain_formula():
    """Computed from the cells that are there, DP is half the sum of the absolute differences."""
    rng = np.random.default_rng(3)
    counts, sizes = rng.poisson(0.7, (8, 40)) + np.eye(8, 40, dtype=int), rng.integers(50, 90, 8)
    plain = np.abs(counts / counts.sum(axis=0) - (sizes / sizes.sum())[:, None]).sum(axis=0) / 2
    got = measures.deviation_of_proportions(sparse.csr_array(counts), sizes)
    assert got == pytest.approx(plain)


@pytest.mark.parametrize(
    ("counts", "sizes", "d"),
    [([2, 4, 6], [10, 20, 30], 1), ([0, 0], [9, 9], np.nan), ([4], [9], np.nan)],
)
def test_juilland_d_at_its_ends(counts, sizes, d):
    """Even rates give 1; a word that is not there, or one part only, has no D."""
    assert measures._juilland_d(counts, sizes) == pytest.approx(d, nan_ok=True)


# --- diversity -------------------------------------------------------------------------------------


def test_diversity_of_the_lexicalrichness_text(readme_types):
    """57 tokens, 39 types: MTLD 46.79226, HD-D 0.74687, MATTR(25) 0.83515 in its README."""
    text = TypesInTexts.of_one(readme_types)
    assert (text.sizes.tolist(), text.n_types.tolist()) == ([57], [39])
    assert measures.mtld(text) == pytest.approx(46.79226361, abs=5e-9)
    assert measures.hdd(text) == pytest.approx(0.74687033, abs=5e-9)
    assert measures.mattr(text, 25) == pytest.approx(0.83515, abs=5e-6)


@pytest.mark.parametrize(
    ("text", "mtld"), [("aaaa", 2), ("aab", 3), ("abca", 4.48), ("abc", np.nan), ("", np.nan)]
)
def test_mtld_by_hand(text, mtld):
    """aa|aa, 2 factors; abca, (1 - 3/4) / (1 - 0.72) of one; a ratio that never falls has none."""
    found = measures.mtld(TypesInTexts.of_one(type_numbers(text)))
    assert found == pytest.approx(mtld, nan_ok=True)


@pytest.mark.parametrize(("measure", "tokens"), [(measures.mattr, 49), (measures.hdd, 41)])
def test_diversity_of_a_text_that_is_too_short(measure, tokens):
    """One token below the window or sample there is no value, at it there is."""
    zeros = np.zeros(2 * tokens + 1, dtype=int)
    found = measure(TypesInTexts(zeros, np.array([0, tokens, 2 * tokens + 1])))
    assert found == pytest.approx([np.nan, 1 / (tokens + 1)], nan_ok=True)


@pytest.mark.parametrize(("few", "step"), [(0, 1), (0, 64), (3, 7), (99, 64)])
def test_diversity_of_many_texts_is_that_of_each(monkeypatch, few, step):
    """Forty texts of none to 400 tokens at once, however many are read at a time: types, MATTR and
    MTLD of each are those of a plain loop, HD-D is that of the text alone, to the last bit."""
    monkeypatch.setattr(measures, "_MTLD_FEW", few)
    monkeypatch.setattr(measures, "_MTLD_STEP", step)
    rng = np.random.default_rng(3)
    texts = [rng.zipf(1.1 + 0.5 * rng.random(), n) % 300 for n in rng.integers(0, 400, 39)]
    texts.insert(20, np.empty(0, dtype=int))
    starts = np.cumsum([0, *map(len, texts)])
    together = TypesInTexts(np.concatenate(texts), starts)
    assert together.n_types.tolist() == [len(set(text.tolist())) for text in texts]
    assert measures.mattr(together).tolist() == same([naive.mattr(text, 50) for text in texts])
    assert measures.mtld(together).tolist() == same([naive.mtld(text, 0.72) for text in texts])
    alone = [measures.hdd(TypesInTexts.of_one(text))[0] for text in texts]
    assert measures.hdd(together).tolist() == same(alone)


def same(values: list[float]):
    """Equal to these values, missing ones to missing ones."""
    return pytest.approx(values, rel=0, abs=0, nan_ok=True)


def test_the_order_of_large_numbers_is_stable():
    """Numbers too large to be sorted together with their places are sorted all the same."""
    assert measures._in_stable_order(np.array([2**61, 5, 2**61, 0])).tolist() == [3, 1, 0, 2]


# --- agreement of coders -----------------------------------------------------------------------------

ALPHAS = [
    (example, level, alpha)
    for example in ("A", "B", "C")
    for level, alpha in PUBLISHED[f"krippendorff_alpha_{example}"]["published"].items()
]


@pytest.mark.parametrize(("example", "level", "alpha"), ALPHAS)
def test_alpha_of_krippendorff(example, level, alpha):
    """Alpha of Krippendorff's (2011) sections A, B and C, C at all four levels of measurement."""
    codes = PUBLISHED[f"krippendorff_alpha_{example}"]["data"]
    assert measures._krippendorff_alpha(codes, level) == pytest.approx(alpha, abs=5e-4)


def test_coincidences_of_krippendorff():
    """Section C: 40 pairable values, of which 1 is paired with 1 seven times, with 2 4/3 times."""
    _, pairs = measures.coincidences(PUBLISHED["krippendorff_alpha_C"]["data"])
    matrix = pairs.sum(axis=0)
    assert (matrix.sum(), matrix[0, 0], matrix[0, 1]) == pytest.approx((40, 7, 4 / 3))


@pytest.mark.parametrize(
    ("codes", "alpha"),
    [
        ([[1, 1, 1], [1, 1, 1]], np.nan),
        ([[1, None, 2], [None, 2, None]], np.nan),
        ([[0, 1], [1, 0]], -0.5),
        ([[0, 1], [0, 1]], 1),
    ],
)
def test_alpha_at_its_ends(codes, alpha):
    """One category, or nothing coded twice: no alpha; two crossed units: 1 - 3 × 4 / 8 = -0.5."""
    assert measures._krippendorff_alpha(codes) == pytest.approx(alpha, nan_ok=True)


def test_alpha_ignores_the_order_of_coders_and_units():
    """Rows and columns may be given in any order."""
    codes = np.array(PUBLISHED["krippendorff_alpha_C"]["data"], dtype=object)
    turned = codes[::-1, ::-1]
    assert measures._krippendorff_alpha(turned, "ratio") == pytest.approx(
        measures._krippendorff_alpha(codes, "ratio")
    )


def test_alpha_at_an_unknown_level():
    """A level that is none of the four is refused."""
    with pytest.raises(ValueError, match="unknown level 'cardinal'; allowed: nominal, ordinal"):
        measures._krippendorff_alpha([[1, 2], [2, 1]], "cardinal")


@pytest.mark.parametrize(
    ("table", "kappa"),
    [
        (PUBLISHED["cohen_kappa"]["table"], PUBLISHED["cohen_kappa"]["kappa"]),
        ([[9, 0], [0, 0]], np.nan),
        ([[0, 0], [0, 0]], np.nan),
        ([[0, 5], [5, 0]], -1),
    ],
)
def test_cohen_kappa(table, kappa):
    """(0.7 - 0.5) / 0.5 = 0.4; one category or no unit has no kappa; perfect disagreement is -1."""
    assert measures.cohen_kappa(table) == pytest.approx(kappa, nan_ok=True)


def test_fleiss_kappa():
    """The worked example of ten subjects and fourteen raters: 0.2099."""
    example = PUBLISHED["fleiss_kappa"]
    assert measures.fleiss_kappa(example["counts"]) == pytest.approx(example["kappa"], abs=5e-5)


@pytest.mark.parametrize("counts", [[[3, 0], [3, 0]], [[1, 0], [0, 1]], np.empty((0, 2))])
def test_fleiss_kappa_of_nothing_to_compare(counts):
    """One category, one coder, or no unit has no kappa."""
    assert np.isnan(measures.fleiss_kappa(counts))


def test_fleiss_kappa_of_uneven_coders():
    """Units coded two and three times are refused."""
    with pytest.raises(ValueError, match="coded equally often"):
        measures.fleiss_kappa([[2, 0], [2, 1]])


# --- change ------------------------------------------------------------------------------------------


def test_kitagawa_by_hand():
    """Shares 1/2, 1/2 to 1/4, 3/4; rates .1, .3 to .2, .3: -.0375 + .075 from shares, .0375 from rates."""
    composition, rate = measures.kitagawa([10, 30], [100, 100], [10, 45], [50, 150])
    assert composition == pytest.approx([-0.25 * 0.15, 0.25 * 0.3])
    assert rate == pytest.approx([0.1 * 0.375, 0])


@pytest.mark.parametrize("seed", range(5))
def test_kitagawa_sums_to_the_change(seed):
    """Over ten sources, some of them silent, the parts are the change of the whole rate."""
    rng = np.random.default_rng(seed)
    sizes, later_sizes = rng.integers(0, 4, (2, 10)) * 50
    counts, later = rng.binomial(sizes, 0.2), rng.binomial(later_sizes, 0.3)
    change = later.sum() / later_sizes.sum() - counts.sum() / sizes.sum()
    assert np.sum(measures.kitagawa(counts, sizes, later, later_sizes)) == pytest.approx(change)


def test_kitagawa_of_sources_that_take_turns():
    """Where wholly other sources speak, all of the change is composition."""
    composition, rate = measures.kitagawa([10, 0], [100, 0], [0, 60], [0, 200])
    assert (composition.sum(), rate.tolist()) == (pytest.approx(0.2), [0, 0])


def test_kitagawa_of_an_empty_period():
    """A period without a token has no rate to change to."""
    assert np.isnan(measures.kitagawa([1], [10], [0], [0])).all()


def test_mean_shift_of_the_nile():
    """The flow of the Nile falls after 28 values, 1898 (Cobb 1978)."""
    nile = PUBLISHED["change_point_nile"]
    before, _ = measures.mean_shift(nile["values"])
    assert nile["first_year"] + before - 1 == nile["last_year_before_change"]


@pytest.mark.parametrize(
    ("values", "margin", "shift"),
    [([0, 0, 3, 3], 1, (2, 9.0)), ([0, 9, 9, 9, 9], 2, (2, 24.3)), ([1, 2, 3], 2, (0, np.nan))],
)
def test_mean_shift_by_hand(values, margin, shift):
    """0 0 3 3 loses all of its 9; a margin keeps the split inside; three values have no two margins."""
    assert measures.mean_shift(values, margin) == pytest.approx(shift, nan_ok=True)
