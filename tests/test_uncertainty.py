"""Intervals, tests and corrections against published numbers, enumeration and simulation."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from analysis.errors import InputError
from analysis.statistics import change_points, uncertainty
from analysis.statistics.uncertainty import Clusters

PUBLISHED = json.loads((Path(__file__).parent / "data" / "published.json").read_text("utf-8"))


def column(counts, sizes) -> Clusters:
    """Clusters that hold one thing to count."""
    return Clusters(np.asarray(counts).reshape(-1, 1), np.asarray(sizes))


def drawn(n: int = 7) -> np.random.Generator:
    return uncertainty.generator(n, "test")


# --- choices and seeds -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("confidence", "resamples", "told"),
    [
        (95, 2000, "confidence is out of range: 95"),
        (0, 2000, "confidence is out of range: 0"),
        (1.0, 2000, "confidence is out of range: 1.0"),
        (float("nan"), 2000, "confidence is out of range: nan"),
        (0.95, 99, "resamples is out of range: 99; allowed: a whole number, 100 to 100000"),
        (0.95, 100_001, "resamples is out of range: 100001"),
    ],
)
def test_choices_out_of_range(confidence, resamples, told):
    """The error names the choice, its value and what is allowed."""
    with pytest.raises(InputError, match=told):
        uncertainty.check_choices(confidence=confidence, resamples=resamples)


@pytest.mark.parametrize("resamples", [100, 100_000])
def test_choices_at_the_limits(resamples):
    """The limits themselves are allowed."""
    uncertainty.check_choices(confidence=0.99, resamples=resamples)


@pytest.mark.parametrize(
    ("seed", "label", "same"), [(1, "a", True), (1, "b", False), (2, "a", False)]
)
def test_draws_follow_seed_and_label(seed, label, same):
    """The same seed and label draw the same; another label or seed draws otherwise."""
    first = uncertainty.generator(1, "a").random(4)
    assert np.array_equal(uncertainty.generator(seed, label).random(4), first) is same


# --- intervals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "n", "low", "high"), PUBLISHED["wilson_newcombe_1998"]["rows"], ids=str
)
def test_wilson_of_newcombe(count, n, low, high):
    """The score intervals printed in Newcombe (1998, table I)."""
    assert uncertainty.wilson(count, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_at_its_ends():
    """None is exactly 0, all exactly 1, and of nothing there is no interval."""
    low, high = uncertainty.wilson([0, 7, 0], [7, 7, 0])
    assert (low[0], high[1]) == (0, 1)
    assert np.isnan([low[2], high[2]]).all()


def test_a_design_effect_divides_the_sample():
    """20 of 100 with a design effect of 2 is as sure as 10 of 50."""
    got = uncertainty.wilson([20], [100], 0.9, 2.0)
    assert np.ravel(got) == pytest.approx(np.ravel(uncertainty.wilson([10], [50], 0.9)))


def effect_of(clusters: Clusters) -> np.ndarray:
    """The design effects of clusters, from plain sums over them."""
    rows = [(c, n) for c, n in zip(clusters.counts, clusters.sizes, strict=True)]
    sums = (sum(c for c, _ in rows), sum(c**2 for c, _ in rows), sum(c * n for c, n in rows))
    sizes = sum(n for _, n in rows), sum(n**2 for _, n in rows)
    return uncertainty.design_effects(*sums, *sizes, len(rows))


def difference(a, n, b, m) -> tuple[float, float]:
    (low, rest_low), (high, rest_high) = uncertainty.wilson([a, b], [n, m])
    return uncertainty._difference_interval(a / n, low, high, b / m, rest_low, rest_high)


def test_difference_interval_of_newcombe():
    """56/70 against 48/80: 0.0524 to 0.3339 by method 10 of Newcombe (1998)."""
    assert difference(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@pytest.mark.parametrize(
    ("counts", "sizes", "effect"),
    [
        ([5, 5, 0, 0], [5, 5, 5, 5], 5 * 4 / 3),
        ([3, 3, 3, 3], [9, 9, 9, 9], 1),
        ([1, 0, 0, 1], [1, 1, 1, 1], 4 / 3),
        ([4], [9], 1),
        ([0, 0], [9, 9], 1),
        ([0, 0], [0, 0], 1),
    ],
)
def test_design_effect_by_hand(counts, sizes, effect):
    """K clusters of m tokens, all or none: m K / (K - 1); even clusters, one, or none: 1."""
    assert effect_of(column(counts, sizes)) == pytest.approx([effect])


def test_design_effect_of_independent_tokens():
    """Over 300 clusters of 20 independent tokens it is close to 1."""
    counts = drawn().binomial(20, 0.2, 300)
    assert 1 <= effect_of(column(counts, np.full(300, 20)))[0] < 1.2


def test_percentiles_by_hand():
    """Of 0, 1 … 100 the middle 90 per cent runs from 5 to 95."""
    low, high = uncertainty.percentiles(np.arange(101.0)[:, None], 0.9)
    assert (low[0], high[0]) == pytest.approx((5, 95))


def intervals(clusters, sentences=None, **choices):
    effects = 1.0 if sentences is None else effect_of(sentences)
    choices = {"confidence": 0.95, **choices}
    return uncertainty.rate_intervals(clusters, effects=effects, **choices)


@pytest.mark.parametrize(("n", "over"), [(9, "texts"), (10, "documents")])
def test_intervals_speak_of_documents_from_ten(n, over):
    """Nine documents speak of their own wording, ten of documents of the kind."""
    assert intervals(column(np.arange(n), np.full(n, 100))).over == over


def test_nothing_to_count_has_no_interval():
    """Without a token the interval is missing and speaks of nothing."""
    interval = intervals(column([0], [0]))
    assert np.isnan([interval.low[0], interval.high[0]]).all()
    assert interval.over == ""


def test_few_documents_take_wilson():
    """Below ten documents the interval is Wilson's over tokens."""
    interval = intervals(column([3, 1], [50, 70]))
    assert [*interval.low, *interval.high] == pytest.approx(np.ravel(uncertainty.wilson(4, 120)))


def test_clustered_sentences_widen_the_interval():
    """Six occurrences in one sentence say less of the rate than one in each of six."""
    sizes = np.full(12, 10)
    even = column([1, 0] * 6, sizes)
    clustered = column([6, *[0] * 11], sizes)
    document = column([6], [120])
    width = [np.ptp([i.low, i.high]) for i in (intervals(document, s) for s in (even, clustered))]
    assert width[1] > 1.5 * width[0]


@pytest.mark.parametrize("n", [3, 12])
def test_a_count_of_zero_has_an_upper_limit(n):
    """Of 0 in 100 n tokens the limit is at least Wilson's, z² / (100 n + z²)."""
    interval = intervals(column(np.zeros(n, dtype=int), np.full(n, 100)))
    z2 = 1.959964**2
    assert interval.low[0] == 0
    assert z2 / (100 * n + z2) - 1e-9 <= interval.high[0] < 1


@pytest.mark.parametrize("most_weights", [10_000_000, 400])
def test_the_bootstrap_is_a_plain_loop_over_what_is_drawn(monkeypatch, most_weights):
    """Bit for bit: of every resample the counts of the documents drawn by their sizes, whether the
    resamples are drawn at once or ten at a time."""
    monkeypatch.setattr(uncertainty, "_MAX_WEIGHTS", most_weights)
    counts, sizes = drawn().poisson(3, (40, 5)), drawn(8).integers(0, 900, 40)
    got = uncertainty._bootstrap_rates(counts, sizes[:, None], 200, drawn(9))
    rng, documents = drawn(9), pd.DataFrame(counts).assign(size=sizes)
    rates, at_once = [], min(200, most_weights // 40)
    for _ in range(200 // at_once):
        for numbers in rng.integers(40, size=(at_once, 40), dtype=np.int32):
            sums = documents.take(numbers).sum()
            rates.append([sums[n] / sums["size"] for n in range(5)])
    assert np.array_equal(got, np.array(rates))


def test_a_resample_without_a_token_has_no_rate():
    """One of two documents is empty: a resample of it alone is missing, all others are 1 in 10."""
    counts, sizes = np.array([[1], [0]]), np.array([[10], [0]])
    rates = uncertainty._bootstrap_rates(counts, sizes, 200, drawn()).ravel()
    assert set(rates[~np.isnan(rates)]) == {0.1}
    assert 20 < np.isnan(rates).sum() < 80


@pytest.mark.parametrize("n", [10, 29, 30, 40])
def test_the_interval_of_a_rate_covers(n):
    """Clumped words: a 95 per cent interval holds the true rate in 91 to 99 of 100 words."""
    rng, rate = drawn(), 0.01
    sizes = rng.integers(200, 1200, n)
    counts = rng.poisson(rng.gamma(2, rate / 2, (n, 1000)) * sizes[:, None])
    interval = intervals(Clusters(counts, sizes))
    assert 0.91 < np.mean((interval.low <= rate) & (rate <= interval.high)) < 0.99


@pytest.mark.parametrize("rate", [0.0002, 0.00005])
def test_the_interval_of_a_rare_word_covers(rate):
    """Of some 8 or 2 occurrences in 60 documents, clumped: it holds the rate in 92 of 100 words."""
    rng = drawn()
    sizes = rng.integers(200, 1200, 60)
    counts = rng.poisson(rng.gamma(0.5, rate / 0.5, (60, 2000)) * sizes[:, None])
    interval = intervals(Clusters(counts, sizes))
    assert np.mean((interval.low <= rate) & (rate <= interval.high)) > 0.92


def test_intervals_do_not_jump_at_thirty_documents():
    """The same documents once more widen no interval: 29 and 30 alike differ by a twentieth at most."""
    counts = np.tile([0, 1, 5, 2, 0], 6)
    width = []
    for n in (29, 30):
        interval = intervals(column(counts[:n], np.full(n, 100)))
        width.append(interval.high[0] - interval.low[0])
    assert width[1] == pytest.approx(width[0], rel=0.05)


def test_wilson_covers_only_with_the_design_effect():
    """Clustered tokens: near 95 of 100 with the design effect of sentences, below 75 without."""
    rng, share = drawn(), 0.1
    sizes = np.full(80, 20)
    sentences = Clusters(rng.binomial(20, rng.beta(0.3, 2.7, (80, 1000))), sizes)
    document = Clusters(sentences.counts.sum(axis=0, keepdims=True), np.array([1600]))
    both = [intervals(document, s) for s in (sentences, None)]
    covered = [np.mean((one.low <= share) & (share <= one.high)) for one in both]
    assert 0.91 < covered[0] < 0.98
    assert covered[1] < 0.75


# --- tests -------------------------------------------------------------------------------------------


def spoken(n: int, rates, seed: int = 7) -> Clusters:
    """Counts of things with these rates in n documents of uneven length, some documents full of them."""
    rng = drawn(seed)
    sizes = np.maximum(1, rng.lognormal(5, 0.6, n)).round()
    means = sizes[:, None] * np.asarray(rates) * rng.gamma(0.5, 2, (n, 1))
    return Clusters(rng.poisson(means).astype(float), sizes)


def test_the_interval_of_many_documents_is_that_of_resamples():
    """What is worked out for 4,000 documents differs from 4,000 resamples by less than a tenth of the width."""
    documents = spoken(4000, [0.01, 0.0003])
    low, high = uncertainty.percentiles(
        uncertainty._bootstrap_rates(documents.counts, documents.sizes[:, None], 4000, drawn()),
        0.95,
    )
    worked_out = uncertainty.rate_intervals(documents, confidence=0.95)
    assert (np.abs(worked_out.low - low) < (high - low) / 10).all()
    assert (np.abs(worked_out.high - high) < (high - low) / 10).all()
    assert worked_out.over == "documents"


def test_means_of_many_documents_need_no_resamples(monkeypatch):
    """As for rates: a tenth of the width at most, and nothing is drawn."""
    documents = spoken(3000, [0.02])
    counts, totals = documents.counts, np.minimum(documents.sizes, 40)[:, None]
    counts = np.minimum(counts, totals)
    parts, options = (counts, counts**2, totals), {"confidence": 0.95, "resamples": 4000}
    by_draws = uncertainty.mean_estimates(*parts, **options, rng=drawn())
    monkeypatch.setattr(uncertainty, "_MANY", 3000)
    monkeypatch.setattr(uncertainty, "_bootstrap_rates", None)
    worked_out = uncertainty.mean_estimates(*parts, **options, rng=drawn())
    width = by_draws.high - by_draws.low
    assert np.abs(worked_out.low - by_draws.low) < width / 10
    assert np.abs(worked_out.high - by_draws.high) < width / 10


def test_sparse_counts_are_counts():
    """Intervals and tests are the same from a sparse table as from a full one."""
    dense, is_group = spoken(1500, [0.01, 0.0004]), np.arange(1500) % 3 == 0
    thin = Clusters(sparse.csr_array(dense.counts), dense.sizes)
    full, kept = (uncertainty.rate_intervals(one, confidence=0.95) for one in (dense, thin))
    assert np.allclose((full.low, full.high), (kept.low, kept.high), rtol=1e-12)
    tests = [
        uncertainty.rate_difference(one.some(is_group), one.some(~is_group), confidence=0.95).p
        for one in (dense, thin)
    ]
    assert np.allclose(*tests, rtol=1e-9)


def test_false_discovery_of_benjamini_and_hochberg():
    """Of their 15 p-values (1995, section 4) four are rejected at 0.05."""
    q = uncertainty.false_discovery(np.array(PUBLISHED["benjamini_hochberg_1995"]["p"]))
    assert (q <= 0.05).tolist() == [True] * 4 + [False] * 11


def test_a_missing_p_is_not_counted():
    """Two p-values beside a missing one are two tests: q = 2 × 0.01 and 0.5."""
    q = uncertainty.false_discovery([0.01, np.nan, 0.5])
    assert q == pytest.approx([0.02, np.nan, 0.5], nan_ok=True)


def test_bonferroni_rejects_fewer_than_benjamini_and_hochberg():
    """Three of the 15 p-values are below 0.05 / 15, as Benjamini and Hochberg (1995) say."""
    published = PUBLISHED["benjamini_hochberg_1995"]
    p = np.array(published["p"])
    assert (p <= 0.05 / len(p)).sum() == published["rejected_bonferroni_at_.05"]
    assert (uncertainty.false_discovery(p) <= 0.05).sum() == published["rejected_bh_at_.05"]


# --- change points -----------------------------------------------------------------------------------

NILE = PUBLISHED["change_point_nile"]


def changed(values, n: int = 7):
    return change_points.change_point(values, confidence=0.95, resamples=400, rng=drawn(n))


def test_change_point_of_the_nile():
    """1898|1899, in 1895 to 1902: the interval that R's strucchange gives; p is the least there is."""
    point = changed(NILE["values"])
    years = [NILE["first_year"] + n - 1 for n in (point.before, point.low, point.high)]
    assert years == [NILE["last_year_before_change"], *NILE["interval_95_years"]]
    assert (point.p, point.refusal) == (pytest.approx(1 / 401), "")


@pytest.mark.parametrize(("level", "value"), [(0.95, 7.69), (0.975, 11.03), (0.5, 0)])
def test_quantiles_of_bai(level, value):
    """7 and 11 are the rounded quantiles of Bai (1997) for equal variances."""
    assert change_points._break_quantile(level, 1.0) == pytest.approx(value, abs=0.005)


def test_break_distribution_agrees_with_simulation():
    """Argmax of random walks whose right side has twice the variance, within four standard errors."""
    rng, step, n, walks = drawn(), 0.02, 2500, 3000
    ends = []
    for ratio in (1.0, 2.0):
        walk = np.cumsum(rng.normal(-step / 2, np.sqrt(step * ratio), (walks, n)), axis=1)
        ends.append((walk.max(axis=1), (walk.argmax(axis=1) + 1) * step))
    (left, before), (right, after) = ends
    place = np.where(left > np.maximum(right, 0), -before, np.where(right > 0, after, 0))
    for x in (-4, -1, 1, 4):
        assert (place <= x).mean() == pytest.approx(change_points._break_cdf(x, 2.0), abs=0.04)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (NILE["values"][20:39], "19 periods: no interval below 20"),
        ([1, 2, 3, 4, 5], "5 periods: fewer than 6"),
        ([1.0] * 25 + [float("nan")], "a period has no value"),
    ],
)
def test_a_change_point_is_refused_where_periods_are_few(values, told):
    """Too few periods, or one without a value: no interval, no p, and why."""
    point = changed(values)
    assert point.refusal == told
    assert np.isnan([point.low, point.high, point.p]).all()


def test_the_interval_of_a_change_covers():
    """24 periods, a shift of two standard deviations after 8: 95 per cent holds in 91 to 98 of 100."""
    rng, held = drawn(), []
    for _ in range(500):
        values = rng.normal(0, 1, 24) + 2 * (np.arange(24) >= 8)
        before, _ = change_points._mean_shift(values, 3)
        low, high = change_points._break_interval(values[:before], values[before:], 0.95)
        held.append(low <= 8 <= high)
    assert 0.91 < np.mean(held) < 0.98


def test_a_short_side_borrows_its_variance():
    """Three equal values on a side say nothing of certainty: the variance is of both sides."""
    many = np.tile([4.0, 6.0], 10)
    for sides in ((np.ones(3), many), (many, np.ones(3))):
        low, high = change_points._break_interval(*sides, 0.95)
        assert low < len(sides[0]) < high


def test_a_side_that_never_varies_is_not_certainty():
    """No use in 15 periods, then noise: the date has an interval, held in 91 of 100 or more."""
    rng, held = drawn(), []
    for _ in range(200):
        values = np.append(np.zeros(15), rng.normal(1, 1, 15).clip(0))
        before, _ = change_points._mean_shift(values, 3)
        low, high = change_points._break_interval(values[:before], values[before:], 0.95)
        held.append(low <= 15 <= high)
    assert np.mean(held) >= 0.91


def test_no_change_is_seldom_found():
    """In periods without a change p is below 0.05 about as often as it should be."""
    rng = drawn()
    p = [changed(rng.normal(size=20), n).p for n in range(150)]
    assert np.mean(np.array(p) <= 0.05) < 0.12


def test_a_series_that_never_varies_has_no_change():
    """Equal values: p is 1 and the interval is the whole series."""
    point = changed([3.0] * 20)
    assert (point.p, point.low, point.high, point.shift) == (1, 0, 20, 0)


# --- shares and means of their own denominators ------------------------------------------------------

DRAWN = {"confidence": 0.95, "resamples": 400}


@pytest.mark.parametrize("n", [4, 15, 40])
def test_shares_with_one_denominator_are_rates(n):
    """Where all columns have the same totals the intervals are those of `rate_intervals`."""
    rng = np.random.default_rng(n)
    sizes = rng.integers(5, 30, n)
    counts = rng.binomial(sizes[:, None], [0.2, 0.6, 0.0], size=(n, 3))
    got = uncertainty.share_estimates(counts, np.repeat(sizes[:, None], 3, axis=1), confidence=0.95)
    rates = uncertainty.rate_intervals(uncertainty.Clusters(counts, sizes), confidence=0.95)
    assert got.values == pytest.approx(counts.sum(axis=0) / sizes.sum())
    assert got.low == pytest.approx(rates.low)
    assert got.high == pytest.approx(rates.high)
    assert set(got.over) == {rates.over}


def test_a_share_speaks_of_the_documents_that_have_it():
    """Twelve documents, three of them with the second column's total: that one speaks of texts."""
    totals = np.ones((12, 2)) * 10
    totals[3:, 1] = 0
    counts = np.minimum(totals, np.arange(12)[:, None] % 5)
    got = uncertainty.share_estimates(counts, totals, confidence=0.95)
    assert got.over.tolist() == ["documents", "texts"]


def test_a_mean_of_few_texts_has_students_interval():
    """1, 2, 3, 4, 5 in two documents: 3 ± 2.776 × sqrt(2.5 / 5)."""
    got = uncertainty.mean_estimates(
        [[3], [12]], [[5], [50]], [[2], [3]], rng=np.random.default_rng(0), **DRAWN
    )
    half = 2.776445 * np.sqrt(2.5 / 5)
    assert (got.values[0], got.over[0]) == (3, "texts")
    assert (got.low[0], got.high[0]) == pytest.approx((3 - half, 3 + half))


def test_few_values_have_no_interval():
    """Four values have a mean and no interval; none has neither."""
    got = uncertainty.mean_estimates(
        [[10, 0]], [[30, 0]], [[4, 0]], rng=np.random.default_rng(0), **DRAWN
    )
    assert got.values.tolist() == pytest.approx([2.5, np.nan], nan_ok=True)
    assert np.isnan(got.low).all()


@pytest.mark.parametrize(("n", "least"), [(20, 0.90), (60, 0.90)])
def test_coverage_of_means(n, least):
    """Values that resemble each other within documents: about 95 of 100 intervals hold the mean."""
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(200):
        level = rng.normal(0, 1, n)
        size = rng.integers(2, 12, n)
        values = [rng.normal(mean, 1, k) for mean, k in zip(level, size, strict=True)]
        sums = np.array([[v.sum(), (v**2).sum(), len(v)] for v in values])
        got = uncertainty.mean_estimates(
            *(sums[:, [k]] for k in range(3)), rng=rng, confidence=0.95, resamples=200
        )
        held += got.low[0] <= 0 <= got.high[0]
    assert least <= held / 200 <= 0.99
