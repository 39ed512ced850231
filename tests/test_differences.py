"""Tests of differences between groups: worked by hand, held to plain references, and to known truths."""

from math import sqrt

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq

from analysis.report import framing as report_framing
from analysis.rules.codebook import Codebook, term_sets
from analysis.statistics import measures, uncertainty
from analysis.statistics.uncertainty import Clusters
from analysis.tables import findings, framing, keyness
from analysis.tables.keyness import keyness_table
from analysis.tokens import tokenize
from benchmarks.calibration import beta_binomial, word_counts, word_side

SETS = Codebook("made", "", term_sets(["war"], {}), {}, {})


def drawn(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


def column(counts, sizes) -> Clusters:
    """Documents that hold one thing to count."""
    return Clusters(np.asarray(counts).reshape(-1, 1), np.asarray(sizes))


def compared(group: Clusters, other: Clusters, confidence: float = 0.95):
    return uncertainty.rate_difference(group, other, confidence=confidence)


# --- the interval and its p --------------------------------------------------------------------------


def plain_sample(counts, sizes) -> tuple[float, float, float]:
    """Rate, independent units and degrees of freedom of one side, in loops, by the formulas."""
    size, total = sum(sizes), sum(counts)
    rate = total / size
    residuals = [(x - rate * m) ** 2 / (1 - m / size) for x, m in zip(counts, sizes, strict=True)]
    effect = max(sum(residuals) / (size * rate * (1 - rate)), 1)
    carriers = min(
        sum(x > 0 for x in counts), sum(x < m for x, m in zip(counts, sizes, strict=True))
    )
    alike = size**2 / sum(m**2 for m in sizes)
    absent = [m - x for x, m in zip(counts, sizes, strict=True)]
    effective = min(
        total**2 / sum(x**2 for x in counts), sum(absent) ** 2 / sum(x**2 for x in absent)
    )
    freedom = max(sqrt(min(carriers, alike) * effective) - 1, min(4, alike - 1), 1)
    return rate, size / effect, freedom


def plain_limits(sample, level: float) -> tuple[float, float]:
    """The roots of (p - rate)² = t² p (1 - p) / units."""
    rate, units, freedom = sample
    w = stats.t.isf(level / 2, freedom) ** 2 / units
    return tuple(sorted(np.roots([1 + w, -2 * rate - w, rate**2])))


def plain_difference(first, second, level: float) -> tuple[float, float]:
    (a, b), (c, d) = plain_limits(first, level), plain_limits(second, level)
    r, q = first[0], second[0]
    return r - q - sqrt((r - a) ** 2 + (d - q) ** 2), r - q + sqrt((b - r) ** 2 + (q - c) ** 2)


SHORT = [1, 0, 3, 2, 1, 0, 2, 4, 1, 0, 2, 3], [10, 12, 9, 10, 11, 10, 8, 10, 10, 12, 10, 10]
LONG = (
    [5, 9, 3, 12, 8, 7, 15, 4, 9, 11, 6, 10] * 3,
    [40, 50, 45, 50, 55, 50, 60, 50, 30, 50, 50, 50] * 3,
)


def test_interval_and_p_are_those_of_a_plain_reference():
    """Both limits, and the level at which the nearer one is zero."""
    first, second = plain_sample(*SHORT), plain_sample(*LONG)
    found = compared(column(*SHORT), column(*LONG))
    assert (found.low[0], found.high[0]) == pytest.approx(plain_difference(first, second, 0.05))
    p = brentq(lambda level: plain_difference(first, second, level)[1], 1e-9, 0.99)
    assert found.p[0] == pytest.approx(p, rel=1e-6)
    assert found.no_test == [""]


def test_design_effect_and_freedom_by_hand():
    """Ten documents of 2 units, five of them full: h = 10/9, effect (10 × 10/9) / 5, and 5 - 1."""
    sample = uncertainty._Sample.of(column([2] * 5 + [0] * 5, [2] * 10))
    assert sample.effect == pytest.approx([20 / 9])
    assert sample.df == pytest.approx([4])


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_the_test_never_contradicts_the_interval(confidence):
    """p is at most 1 - confidence exactly where the interval excludes zero, in 2,000 comparisons."""
    rng, tested = drawn(), 0
    for n, mean in ((10, 60), (12, 10), (40, 25), (30, 3)):
        sizes = rng.integers(1, 2 * mean, n), rng.integers(1, 100, 50)
        shares = rng.uniform(0.1, 0.5, 500)
        sides = [Clusters(rng.binomial(m[:, None], shares + d), m) for m, d in zip(sizes, (0, 0.06), strict=True)]  # fmt: skip
        found = compared(*sides, confidence)
        some = ~np.isnan(found.p)
        clear = (found.low > 0) | (found.high < 0)
        assert (clear == (found.p <= 1 - confidence))[some].all()
        tested += some.sum()
    assert tested > 1000


def test_swapped_groups_mirror_the_difference():
    """The same p; low and high change places and signs."""
    there, back = compared(column(*SHORT), column(*LONG)), compared(column(*LONG), column(*SHORT))
    assert there.p == pytest.approx(back.p)
    assert (there.low, there.high) == (pytest.approx(-back.high), pytest.approx(-back.low))


def test_equal_groups_have_p_one():
    """The same documents on both sides: no difference, p 1."""
    found = compared(column(*LONG), column(*LONG))
    assert (found.rate - found.other, found.p) == (0, 1)


def test_p_falls_as_the_difference_grows():
    """More coded units in every document of the group: a smaller p each time, and never zero."""
    sizes = np.full(400, 50)
    other = column(drawn().binomial(50, 0.2, 400), sizes)
    p = [compared(column(other.counts[:, 0] + k, sizes), other).p[0] for k in (1, 2, 4, 25)]
    assert p == sorted(p, reverse=True)
    assert p[-1] > 0


@pytest.mark.parametrize("n", [10, 12, 17, 40, 1000])
def test_the_surest_difference_has_the_smallest_p(n):
    """1 of 1,000 units in every document against 999: p is the smallest that is printed, or near it."""
    sizes, noise = np.full(n, 1000), np.arange(n) % 2
    found = compared(column(1 + noise, sizes), column(999 - noise, sizes))
    assert 0 < found.p[0] < 1e-9
    assert found.p[0] >= uncertainty._MIN_P


ONES, TENS, FIFTIES = np.ones(200, dtype=int), np.full(12, 10), np.full(60, 50)
SOME = column(drawn().binomial(50, 0.3, 60), FIFTIES)
EXTREME = {
    "none on one side": (column(0 * TENS, TENS), SOME),
    "all on one side": (column(TENS, TENS), SOME),
    "none against all": (column(0 * TENS, TENS), column(FIFTIES, FIFTIES)),
    "none anywhere": (column(0 * TENS, TENS), column(0 * FIFTIES, FIFTIES)),
    "all everywhere": (column(TENS, TENS), column(FIFTIES, FIFTIES)),
    "one unit a document": (column(drawn(1).binomial(1, 0.4, 200), ONES), column(drawn(2).binomial(1, 0.3, 200), ONES)),
    "one unit a document, none": (column(0 * ONES, ONES), column(drawn(2).binomial(1, 0.3, 200), ONES)),
    "empty documents": (column([0, 0, *TENS // 5], [0, 0, *TENS]), SOME),
    "one document with nearly all": (column([3] * 11 + [200_000], [10] * 11 + [1_000_000]), SOME),
    "one document alone": (column([0] * 11 + [20], [0] * 11 + [100]), SOME),
    "no document": (column([], []).some(np.zeros(0, dtype=bool)), SOME),
}  # fmt: skip


@pytest.mark.parametrize("confidence", [0.5, 0.9999])
@pytest.mark.parametrize("name", EXTREME)
def test_extremes_have_a_p_or_a_reason(name, confidence):
    """A p above 0 and at most 1, or none and the reason; low at most high; no warning."""
    found = compared(*EXTREME[name], confidence)
    p, why = found.p[0], found.no_test[0]
    assert (np.isnan(p) and why) or (0 < p <= 1 and not why)
    assert found.low[0] <= found.high[0] or not found.over


def test_units_of_one_document_each_are_a_plain_binomial():
    """200 against 200 documents of one sentence, 40 % against none: Fisher is far below 1e-6, so is p."""
    found = compared(column([1, 0, 0, 1, 0] * 40, ONES), column(0 * ONES, ONES))
    assert found.p[0] < 1e-6


@pytest.mark.parametrize("n", [(9, 60), (60, 9), (9, 9), (0, 12)])
def test_fewer_than_ten_documents_are_not_tested(n):
    """Whatever the difference: no p, the numbers in the reason, an interval of these texts."""
    sides = [column(np.full(k, size // 3 * one), np.full(k, size)) for one, (k, size) in enumerate(zip(n, (30, 30), strict=True), 1)]  # fmt: skip
    found = compared(*sides)
    told = "one side has no text" if not min(n) else f"{n[0]} against {n[1]} documents: fewer than 10 on a side"  # fmt: skip
    assert found.no_test == [told]
    assert np.isnan(found.p[0])
    assert found.over != "documents"


@pytest.mark.parametrize(
    ("counts", "size", "others", "told"),
    [
        ([1] + [0] * 9, 20, [1] * 20 + [0] * 40, "too rare for a test: 21 documents have it, of which 3.0 are"),
        ([1] * 10, 2, [5] * 60, "too rare for a test: one side expects it in 5.1 independent units"),
        ([19] * 10, 20, [20] * 30 + [19] * 30, "too common for a test: 40 are not full of it, of which 5.7"),
    ],
)  # fmt: skip
def test_what_is_too_rare_is_not_tested(counts, size, others, told):
    """21 × 10/70 = 3 documents, 310/1220 × 20 = 5.1 units, 40 × 10/70 = 5.7: fewer than 8 each."""
    found = compared(column(counts, [size] * 10), column(others, [20] * 60))
    assert found.no_test[0].startswith(told)
    assert np.isnan(found.p[0])


def test_a_frame_in_a_fifth_of_short_documents_is_tested():
    """12 documents of 10 sentences against 60 of 50, every fifth coded: tested."""
    short = drawn().binomial(10, 0.2, 12)
    assert compared(column(short, TENS), column(drawn(8).binomial(50, 0.2, 60), FIFTIES)).no_test == [""]  # fmt: skip


# --- known truths ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "other", "share", "correlation"),
    [
        ((10, 5), (60, 50), 0.4, 0.05),
        ((12, 10), (60, 50), 0.3, 0.1),
        ((30, 5), (200, 50), 0.2, 0.2),
    ],
)
def test_short_documents_against_long_ones(group, other, share, correlation):
    """No difference: p is at most .05 in 7.5 of 100 tests at most; twice the share: in half or more.

    Relabelling documents finds a difference in 22 of 100 where there is none."""
    rng, p = drawn(), {}
    for ratio in (1, 2):
        found = []
        for _ in range(60):
            sides = [
                Clusters(beta_binomial(np.full(n, m), one, correlation, 20, rng), np.full(n, m))
                for (n, m), one in zip((group, other), (share * ratio, share), strict=True)
            ]
            found.append(compared(*sides).p)
        p[ratio] = np.concatenate(found)
    tested = ~np.isnan(p[1])
    assert tested.mean() > 0.2
    assert (p[1][tested] <= 0.05).mean() <= 0.075
    assert (p[2][~np.isnan(p[2])] <= 0.05).mean() >= 0.5


def words(n: int, m: int, own: int, other: int, ratio: float, shape: float, corpora: int):
    """p of 300 words in drawn corpora of n against m documents of `own` and `other` tokens, and
    which of the words the group lacks."""
    rng, p, absent = drawn(), [], []
    rates = 0.02 / np.arange(1, 301)
    for _ in range(corpora):
        sizes = np.full(n, own), np.full(m, other)
        first, second = (
            word_side(word_counts(size, one, shape, rng), size)
            for size, one in zip(sizes, (rates * ratio, rates), strict=True)
        )
        p.append(uncertainty.word_p(first, second))
        absent.append(first.counts == 0)
    return np.array(p), np.array(absent)


@pytest.mark.parametrize(("own", "other"), [(300, 300), (60, 600), (600, 60)])
def test_words_that_do_not_differ_are_seldom_significant(own, other):
    """12 against 150 documents, clumped: p at most .05 in 7.5 of 100 tests, of words that are absent
    from the twelve in none, and hardly ever some q."""
    p, absent = words(12, 150, own, other, 1, 1.0, 60)
    tested = ~np.isnan(p)
    assert tested.sum() > 80
    assert (p[tested] <= 0.05).mean() <= 0.075
    assert absent.any()
    assert (p[absent & tested] <= 0.05).sum() <= 0.05 * absent.sum()
    assert np.mean([(uncertainty.false_discovery(row) <= 0.05).any() for row in p]) <= 0.075


def test_words_that_differ_are_found():
    """Three times as frequent in 30 of 150 documents: half the words that are tested have p <= .05."""
    p, _ = words(30, 120, 500, 500, 3, 1.0, 10)
    assert (p[~np.isnan(p)] <= 0.05).mean() > 0.5


# --- keyness -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("here", "there"), [(12, 30), (3, 60), (0, 60), (20, 20)])
def test_words_that_do_not_clump_have_the_binomial_mid_p(here, there):
    """At most once in each of 60 documents of 100 tokens a side: mid-p of so many among all, by
    Student's t with 120 - 2 degrees of freedom."""
    sizes = np.full(60, 100)
    own, rest = (word_side((np.arange(60) < k)[:, None].astype(int), sizes) for k in (here, there))
    binomial = stats.binom(here + there, 0.5)
    tails = (
        binomial.sf(here) + binomial.pmf(here) / 2,
        binomial.cdf(here - 1) + binomial.pmf(here) / 2,
    )
    z = stats.norm.ppf(min(1, 2 * min(tails)) / 2)
    assert uncertainty.word_p(own, rest)[0] == pytest.approx(2 * stats.t.cdf(z, 118))


def test_a_side_is_as_unsure_as_its_own_documents():
    """40 occurrences in 4 of 20 documents of 100 tokens against 40 in 40 of 180: the first side's own
    design effect, 20/19 × (4 × 8² + 16 × 2²) / 40, exceeds that of both, 1 + its clumping."""
    first = [10] * 4 + [0] * 16
    second = [1] * 40 + [0] * 140
    sides = [word_side(np.array(x)[:, None], np.full(len(x), 100)) for x in (first, second)]
    sides = [uncertainty.replace(one, carriers=one.carriers + 40) for one in sides]
    own = 20 / 19 * (4 * 8**2 + 16 * 2**2) / 40
    other = 180 / 179 * (40 * (7 / 9) ** 2 + 140 * (2 / 9) ** 2) / 40
    clumping = ((own + other) * 40 - 80) / (80 / 20_000) ** 2 / (200 * 100**2)
    pooled = 1 + clumping * 80 / 20_000 * 100
    assert own > pooled > other
    seen, rest, size, rest_size = 40 / own, 40 / pooled, 2000 / own, 18_000 / pooled
    share = size / (size + rest_size)
    tails = [stats.beta.cdf(share, seen + k, rest + 1 - k) for k in (0, 1)]
    p = 2 * stats.t.cdf(stats.norm.ppf(sum(tails) / 2), 198)
    assert uncertainty.word_p(*sides)[0] == pytest.approx(p)


def test_a_clumped_word_is_less_sure_than_an_even_one():
    """40 against 10 occurrences: p is larger where each document that has the word has it ten times."""
    sizes = np.full(40, 200)
    even = [word_side((np.arange(40) < k)[:, None].astype(int), sizes) for k in (40, 10)]
    tenfold = [word_side(10 * (np.arange(40) < k)[:, None].astype(int), sizes) for k in (4, 1)]
    tenfold = [uncertainty.replace(one, carriers=one.carriers + 10) for one in tenfold]
    assert uncertainty.word_p(*even)[0] < 0.001
    assert uncertainty.word_p(*tenfold)[0] > 0.05


def test_sides_can_be_exchanged():
    """The p of a word is the same from either side."""
    rng, rates = drawn(), 0.02 / np.arange(1, 50)
    one, other = (word_side(word_counts(m, rates, 1.0, rng), m) for m in (rng.integers(50, 300, 40), rng.integers(50, 900, 90)))  # fmt: skip
    there, back = uncertainty.word_p(one, other), uncertainty.word_p(other, one)
    assert np.isfinite(there).sum() > 10
    assert there == pytest.approx(back, nan_ok=True)


def made(corpus_of, lantern, n=(10, 60)):
    """Documents of two sources, the same words in each, and 'lantern' in some (see the counts)."""
    texts, sources = [], []
    for source, documents, held in zip(("Small", "Large"), n, lantern, strict=True):
        texts += [
            "The ship left the harbour" + " lantern" * (k < held) + "." for k in range(documents)
        ]
        sources += [source] * documents
    return tokenize(corpus_of(*texts, source=sources))


@pytest.mark.parametrize(
    ("n", "lantern"), [((10, 60), (0, 12)), ((30, 30), (0, 5)), ((12, 150), (0, 75))]
)
def test_a_word_is_not_significant_for_being_absent(corpus_of, n, lantern):
    """Fisher over documents: .19, .05 and .0005; the first two have no p, and the reason."""
    table = keyness_table(made(corpus_of, lantern, n), "source", prior=10)
    row = table.set_index(["token", "group"]).loc[("lantern", "Small")]
    if lantern == (0, 75):
        assert row["p"] < 0.01
        return
    assert np.isnan([row["p"], row["q"]]).all()
    least = {(10, 60): 35, (30, 30): 10}[n]
    assert row["no_test"] == f"too rare to test: fewer than {least} documents have it"


@pytest.mark.parametrize(("n", "lantern"), [((30, 60), (10, 20)), ((10, 60), (2, 12))])
def test_equal_rates_have_p_one(corpus_of, n, lantern):
    """10 of 30 against 20 of 60 documents, and a rare word in 2 of 10 against 12 of 60: p and q 1, and
    every measure 0."""
    table = keyness_table(made(corpus_of, lantern, n), "source", prior=10)
    row = table[table["token"] == "lantern"]
    assert (row[["p", "q"]] == 1).all(axis=None)
    assert (row[["z", "g2", "log_odds", "log_ratio", "percent_difference"]] == 0).all(axis=None)


def test_q_counts_only_the_words_that_are_tested(corpus_of):
    """Four words are tested, one is too rare: q is Benjamini and Hochberg's of four."""
    table = keyness_table(made(corpus_of, (9, 2), (30, 60)), "source", prior=10)
    part = table[table["group"] == "Small"].set_index("token")
    assert part["p"].notna().sum() == 4
    assert part["q"].dropna().to_numpy() == pytest.approx(uncertainty.false_discovery(part["p"].dropna()))  # fmt: skip
    assert (part["no_test"] == "").tolist() == part["p"].notna().tolist()


def tables_of(tokens, masks):
    """The full table of counts of each group, and the sizes of its documents."""
    counts = np.zeros((tokens.n_documents, len(tokens.types)), dtype=int)
    for documents, part in tokens.type_counts():
        counts[documents] = part.toarray()
    return [(counts[mask], tokens.document_sizes[mask]) for mask in masks]


@pytest.mark.parametrize("groups", [2, 3])
def test_sums_by_group_are_those_of_plain_tables(corpus_of, groups):
    """With two groups to the last digit; with three the rest's variance is at most 2 % too large."""
    rng = drawn()
    vocabulary = np.array(["ship", "harbour", "lantern", "dawn", "night"])
    texts = [" ".join(rng.choice(vocabulary, k, p=[0.4, 0.2, 0.2, 0.1, 0.1])) for k in rng.integers(1, 40, 90)]  # fmt: skip
    tokens = tokenize(corpus_of(*texts, source=["ABC"[k % groups] for k in range(90)]))
    masks = np.array([np.arange(90) % groups == g for g in range(groups)])
    for g, (own, rest) in enumerate(keyness._word_sums(tokens, masks)):
        (mine,), (others,) = tables_of(tokens, [masks[g]]), tables_of(tokens, [~masks[g]])
        for found, plain in ((own, word_side(*mine)), (rest, word_side(*others))):
            exact = found is own or groups == 2
            assert found.counts.tolist() == plain.counts.tolist()
            assert found.carriers.tolist() == plain.carriers.tolist()
            assert (found.size, found.size_squares) == (plain.size, plain.size_squares)
            ratio = found.variance() / plain.variance()
            assert ((ratio >= 1 - 1e-9) & (ratio <= (1 + 1e-9 if exact else 1.02))).all()


def test_every_measure_has_one_sign():
    """Zero counts, groups of any size: log ratio, %DIFF, both G², log-odds and z agree in 4,000 words."""
    rng = drawn()
    for size, rest_size in ((10, 440), (440, 10), (1000, 1000), (7, 100_000), (3, 5)):
        first, second = rng.multinomial(size, [0.9] + [0.1 / 799] * 799), rng.multinomial(rest_size, [0.9] + [0.1 / 799] * 799)  # fmt: skip
        first, second = first[first + second > 0], second[first + second > 0]
        cells, both = (first, size, second, rest_size), first + second
        log_odds, z = measures.log_odds(first, second, both / both.sum() * 500)
        signs = [np.sign(one(*cells)) for one in (measures.log_likelihood, measures.log_likelihood_2cell, measures.log_ratio, measures.percent_difference)]  # fmt: skip
        for other in signs[1:]:
            assert (signs[0] == other).all()
        uneven = signs[0] != 0
        assert (np.sign(z) == signs[0])[uneven].all()
        assert (np.sign(log_odds) == signs[0])[uneven].all()


@pytest.mark.parametrize(
    ("cells", "ratio"),
    [
        ((0, 10, 20, 440), np.log2(440 / 450 / 20)),
        ((1, 1000, 0, 10), np.log2(1.01)),
        ((0, 10, 0, 10), 0),
    ],
)
def test_log_ratio_of_a_zero(cells, ratio):
    """A rate of zero is that of one occurrence in both corpora together."""
    assert measures.log_ratio(*cells) == pytest.approx(ratio)


# --- tables and findings -----------------------------------------------------------------------------


def coded(corpus_of, wars, sentences) -> framing.Coding:
    """Documents of sources A and B with so many sentences, so many of them on war."""
    texts = [
        "They saw war. " * k + "They saw rain. " * (n - k)
        for counts, n in zip(wars, sentences, strict=True)
        for k in counts
    ]
    sources = ["A"] * len(wars[0]) + ["B"] * len(wars[1])
    return framing.code_units(tokenize(corpus_of(*texts, source=sources)), SETS)


WIRE = [0, 3, 1, 0, 2, 3, 1, 0, 3, 1]
REVIEW = [5, 4, 3, 7, 6, 2, 8, 0, 9, 1] * 4


def test_short_documents_of_one_source_are_not_significant(corpus_of):
    """Ten documents of 4 sentences against forty of 20, .35 against .225: not significant, and the
    interval holds zero."""
    row = framing.difference_table(coded(corpus_of, (WIRE, REVIEW), (4, 20)), "source").iloc[0]
    assert row["low"] < 0 < row["high"]
    assert not row["p"] <= 0.05
    assert row["no_test"].startswith("too rare for a test: one side expects it in ")


def test_the_share_has_the_interval_that_the_difference_is_made_of(corpus_of):
    """`frames.csv` and `frame_differences.csv`: the difference's interval is that of the two shares'."""
    coding = coded(corpus_of, (WIRE * 4, REVIEW), (4, 20))
    shares = framing.frame_table(coding, "source").set_index("group").loc[["A", "B"]]
    ends = shares[["share", "low", "high"]].to_numpy()
    row = framing.difference_table(coding, "source").iloc[0]
    assert tuple(row[["low", "high"]]) == pytest.approx(uncertainty._difference_interval(*ends[0], *ends[1]))  # fmt: skip


def test_many_reasons_are_cut_short(corpus_of):
    """Of five reasons three are told, and how many are left for the table."""
    table = framing.difference_table(coded(corpus_of, (WIRE, REVIEW), (4, 20)), "source")
    table = table.loc[[0] * 5].assign(no_test=[f"reason {n}" for n in range(5)])
    told = report_framing.describe_tests(table)
    assert told.startswith("5 differences, 0 of them tested. Not tested: reason 0.")
    assert told.endswith("Not tested: reason 2. 2 more reasons are in the column no_test.")


@pytest.mark.parametrize(("wars", "holds"), [([1] * 8 + [0] * 16, None), ([3] * 24, True)])
def test_a_finding_does_not_rest_on_what_is_too_rare_to_test(corpus_of, tmp_path, wars, holds):
    """Eight sentences on war against none in 480: cannot be said. Three quarters against none: holds."""
    coding = coded(corpus_of, (wars, [0] * 24), (4, 20))
    claim = findings.Claim("f1", "More.", "larger_share", "war", {"source": "A"}, {}, "")
    found = findings.check_shares([claim], coding)[0]
    assert found.holds is holds
    assert ("too rare for a test" in found.measure) is (holds is None)
