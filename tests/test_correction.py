"""Corrected shares: by hand, against known truth in simulation, and refused where too few are coded."""

import json
from pathlib import Path

import numpy as np
import pytest

from analysis.coding import correction, sampling
from analysis.errors import InputError

PUBLISHED = json.loads((Path(__file__).parent / "data" / "published.json").read_text("utf-8"))
NAN = float("nan")


def one_frame(automatic, codes, strata) -> correction._FrameSample:
    strata = np.array(strata)
    return correction._FrameSample(automatic, codes, strata, strata)


def first_frame(study: correction.Study) -> correction._FrameSample:
    return next(study.samples())[1]


def share_of(study: correction.Study, *sides):
    """The corrected share of the first frame on a side, or the difference of two sides."""
    return correction.corrected_share(first_frame(study), *sides, confidence=0.95)


def world(rng, n: int = 3000, documents: int = 5):
    """Units of two sources, of which the automatic coder errs differently on each."""
    document = np.sort(rng.integers(0, documents, n))
    second = document % 2
    truth = rng.random(n) < np.array([0.1, 0.25])[second]
    found = rng.random(n) < np.array([0.7, 0.85])[second]
    false = rng.random(n) < np.array([0.05, 0.15])[second]
    groups = np.array(["A", "B"], dtype=object)[second]
    return truth, np.where(truth, found, false), groups, document


def studied(truth, automatic, groups, document, n: int, seed: int) -> correction.Study:
    """A study of one frame: n units drawn in equal parts from the strata and coded without error."""
    strata = sampling.frame_strata(automatic, groups)
    places = sampling.draw(strata, n, random_seed=seed, allocation="equal")["place"].to_numpy()
    codes = truth[places][:, None]
    return correction.make_study(
        ["race"], automatic[:, None], places, codes, strata, groups, document
    )


@pytest.fixture(scope="module")
def study() -> correction.Study:
    return studied(*world(np.random.default_rng(1)), 400, 1)


# --- by hand -----------------------------------------------------------------------------------------


def test_pseudo_outcome_by_hand():
    """Two of four units coded, one missed by the machine: it stands for two, 0 + 2 × 1."""
    sample = one_frame([0, 0, 0, 0, 1, 1], [1, 0, NAN, NAN, 0, NAN], [0, 0, 0, 0, 1, 1])
    assert sample.pseudo.tolist() == [2, 0, 0, 0, -1, 1]
    assert sample.pseudo.mean() == pytest.approx(2 / 6)


def test_design_variance_by_hand():
    """N² (1/n - 1/N) s²: 10 units, 4 coded, 1 missed, and one error more taken as unseen.

    Squares (1 + 1) / (4 + 1), mean 1 / 5, s² = 0.4 - 0.04 = 0.36; 10 (10 / 4 - 1) 0.36 = 5.4.
    """
    sample = one_frame([0] * 10, [1, 0, 0, 0] + [NAN] * 6, [0] * 10)
    within = sample.stratum_variances(np.ones(10))
    assert sample.design_variance(within, sample.drawn) == pytest.approx(5.4)


def test_clustered_variance_by_hand():
    """Sums of 3, -1 and -2 over three documents: 3 / 2 × (9 + 1 + 4) = 21."""
    parts, documents = np.array([1.0, 2, -1, -2]), np.array([0, 0, 1, 2])
    assert correction._clustered_variance(parts, documents) == pytest.approx(21)


def test_rogan_gladen_of_the_textbook():
    """23 of 150 positive, sensitivity 0.96, specificity 0.89: 0.051."""
    example = PUBLISHED["rogan_gladen"]
    share = example["positive"] / example["n"]
    got = correction._rogan_gladen(share, example["sensitivity"], example["specificity"])
    assert got == pytest.approx(example["prevalence"], abs=5e-4)


@pytest.mark.parametrize(
    ("share", "rates", "corrected"),
    [(0.02, (0.9, 0.95), 0), (1.0, (0.9, 0.95), 1), (0.3, (0.4, 0.6), NAN)],
)
def test_rogan_gladen_at_its_ends(share, rates, corrected):
    """Cut to 0 and 1; a coder no better than chance corrects nothing."""
    assert correction._rogan_gladen(share, *rates) == pytest.approx(corrected, nan_ok=True)


def test_precision_and_recall_by_hand():
    """12 of 20 coded with the frame (weight 1) are right; 2 of 20 without (weight 5) were missed."""
    automatic = [1] * 20 + [0] * 100
    codes = [1] * 12 + [0] * 8 + [1] * 2 + [0] * 18 + [NAN] * 80
    strata = np.array([0] * 20 + [1] * 100)
    data = correction.Study(
        ("race",),
        np.array(automatic, bool)[:, None],
        np.array(codes)[:, None],
        strata,
        strata,
        strata,
    )
    row = correction.accuracy_table(data).iloc[0]
    assert (row["coded"], row["positive"], row["reason"]) == (40, 14, "")
    assert (row["precision"], row["recall"]) == pytest.approx((12 / 20, 12 / (12 + 2 * 5)))
    assert row["recall_low"] < row["recall"] < row["recall_high"]


def test_few_positives_have_no_interval():
    """Four units with the frame: precision and recall are shown, their intervals are not."""
    automatic, codes = np.zeros((60, 1), bool), np.zeros((60, 1))
    automatic[:5], codes[:4] = True, 1.0
    strata = np.zeros(60, dtype=int)
    data = correction.Study(("race",), automatic, codes, strata, strata, strata)
    row = correction.accuracy_table(data).iloc[0]
    assert (row["precision"], row["recall"]) == (0.8, 1)
    assert np.isnan([row["precision_low"], row["recall_low"]]).all()
    assert row["reason"].startswith("5 coded units with the frame by the automatic coder")


def test_a_whole_coding_needs_no_correction(study):
    """Where every unit is coded the corrected share is the coded one, without any doubt left."""
    truth, automatic, groups, document = world(np.random.default_rng(2), 300)
    every = correction.make_study(
        ["race"], automatic[:, None], np.arange(300), truth[:, None], groups, groups, document
    )
    row = correction.prevalence_table(every).iloc[0]
    assert row[["corrected", "low", "high"]].tolist() == pytest.approx([truth.mean()] * 3)
    assert row["further_units"] == 0


@pytest.mark.parametrize(
    ("codes", "majority"),
    [
        ([1, 1, 0], 1),
        ([0, 0, 1], 0),
        ([1, 0, NAN], NAN),
        ([1, NAN, NAN], 1),
        ([NAN, NAN, NAN], NAN),
    ],
)
def test_consensus(codes, majority):
    """The majority's code; a tie, or no code, is none."""
    got = correction.consensus(np.array(codes).reshape(3, 1, 1))
    assert got.item() == pytest.approx(majority, nan_ok=True)


# --- known truth -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def simulated() -> dict[str, np.ndarray]:
    """300 worlds of 3,000 units, 200 of them coded: corrected and naive against the truth."""
    rng = np.random.default_rng(7)
    rows: dict[str, list] = {"held": [], "held_difference": [], "naive": [], "error": []}
    for seed in range(300):
        truth, automatic, groups, document = world(rng)
        data = studied(truth, automatic, groups, document, 200, seed)
        first = groups == "A"
        share = share_of(data, first)
        true = truth[first].mean()
        rows["held"].append(share.low <= true <= share.high)
        rows["error"].append(share.value - true)
        rows["naive"].append(automatic[first].mean() - true)
        apart = share_of(data, first, ~first)
        true = truth[first].mean() - truth[~first].mean()
        rows["held_difference"].append(apart.low <= true <= apart.high)
    return {name: np.array(values, float) for name, values in rows.items()}


def test_corrected_intervals_cover(simulated):
    """The 95 per cent intervals hold the true share and difference in 93 to 99.5 of 100 worlds."""
    for name in ("held", "held_difference"):
        assert 0.93 <= simulated[name].mean() <= 0.995


def test_the_correction_is_unbiased(simulated):
    """The mean error is within three standard errors of 0 and below a quarter of the naive one."""
    error, naive = simulated["error"], simulated["naive"]
    assert abs(error.mean()) < 3 * error.std() / np.sqrt(len(error))
    assert abs(error.mean()) < abs(naive.mean()) / 4


def test_intervals_over_documents_cover():
    """40 documents of a kind with a true share of 0.2: held in 91 to 98 of 100 samples of documents."""
    rng, held = np.random.default_rng(5), []
    document = np.repeat(np.arange(40), 60)
    groups = np.full(2400, "A", dtype=object)
    for seed in range(200):
        truth = rng.random(2400) < rng.beta(2, 8, 40)[document]
        automatic = np.where(truth, rng.random(2400) < 0.7, rng.random(2400) > 0.9)
        share = share_of(studied(truth, automatic, groups, document, 200, seed), groups == "A")
        held.append(share.low <= 0.2 <= share.high)
    assert share.over == "documents"
    assert 0.91 < np.mean(held) < 0.98


def test_precision_and_recall_cover():
    """The intervals of precision and recall hold the corpus's own in 90 to 100 of 100 samples."""
    rng, held = np.random.default_rng(3), []
    for seed in range(150):
        truth, automatic, groups, document = world(rng)
        data = studied(truth, automatic, groups, document, 200, seed)
        row = correction.accuracy_table(data).iloc[0]
        both = (truth & automatic).sum()
        pairs = (("precision", both / automatic.sum()), ("recall", both / truth.sum()))
        held.append([row[f"{n}_low"] <= true <= row[f"{n}_high"] for n, true in pairs])
    assert (np.mean(held, axis=0) >= 0.9).all()


def test_further_units_are_enough():
    """Coding as many more as asked for brings intervals within ± 3 points, a fifth narrower at
    most, as the number rests on errors taken as unseen."""
    parts, every, halves = world(np.random.default_rng(4)), np.ones(3000, bool), []
    for seed in range(20):
        more = correction._further_units(first_frame(studied(*parts, 200, seed)), every, 0.95)
        share = share_of(studied(*parts, 200 + int(more), seed + 50), every)
        halves.append((share.high - share.low) / 2)
    assert 0.8 * 0.03 < np.mean(halves) < 0.03


# --- refused -----------------------------------------------------------------------------------------


def test_a_small_sample_is_refused():
    """29 coded units correct nothing: no number, and why."""
    truth, automatic, groups, document = world(np.random.default_rng(6))
    data = studied(truth, automatic, groups, document, 57, 1)
    table = correction.prevalence_table(data).set_index("group")
    assert table.loc["A", "reason"] == "29 coded units: not corrected below 30"
    assert table.loc["A", ["corrected", "low", "rogan_gladen", "further_units"]].isna().all()
    assert table.loc["all", "reason"] == ""
    assert np.isfinite(table.loc["A", "naive"])


def test_a_stratum_without_coded_units_is_refused():
    """A part of the corpus that nobody coded cannot be spoken for."""
    strata = np.array(["a"] * 100 + ["b"] * 100)
    data = correction.make_study(
        ["race"], np.zeros((200, 1)), np.arange(40), np.zeros((40, 1)), strata, strata, strata
    )
    got = share_of(data, np.ones(200, bool))
    assert (got.reason, got.over) == ("a stratum with fewer than two coded units", "")


def test_a_stratum_of_one_coded_unit_is_whole():
    """A stratum that has one unit, and that one coded, needs no second."""
    strata = np.array(["a"] * 100 + ["b"])
    places = np.append(np.arange(40), 100)
    data = correction.make_study(
        ["race"], np.zeros((101, 1)), places, np.ones((41, 1)), strata, strata, strata
    )
    assert share_of(data, np.ones(101, bool)).value == 1


def test_no_error_seen_is_not_certainty():
    """100 coded units without a single error still leave an interval."""
    codes = np.zeros((100, 1))
    labels = np.zeros(1000, dtype=int)
    data = correction.make_study(
        ["race"], np.zeros((1000, 1)), np.arange(100), codes, labels, labels, labels
    )
    got = share_of(data, np.ones(1000, bool))
    assert got.low == got.value == 0
    assert 0.005 < got.high < 0.05


def test_tables_hold_every_group(study):
    """Rows of all and of each group; naive beside corrected, which is the nearer to the truth."""
    table = correction.prevalence_table(study)
    assert table["group"].tolist() == ["all", "A", "B"]
    truth, automatic, *_ = world(np.random.default_rng(1))
    assert table["naive"][0] == automatic.mean()
    assert abs(table["corrected"][0] - truth.mean()) < abs(table["naive"][0] - truth.mean())
    assert (table["low"] < table["corrected"]).all()


def test_swapped_groups_flip_the_difference(study):
    """A against B is minus B against A, interval and all."""
    there, back = (
        correction.corrected_difference_table(study, pair).iloc[0] for pair in ("AB", "BA")
    )
    assert there["corrected"] == pytest.approx(-back["corrected"])
    assert there["low"] == pytest.approx(-back["high"])


def test_an_unknown_group_is_refused(study):
    """A name that is no group is an error that lists the groups."""
    with pytest.raises(InputError, match="no unit of this group: 'C'; allowed: A, B"):
        correction.corrected_difference_table(study, ["A", "C"])


def test_shapes_must_fit():
    """Labels of another number of units than there are codes are refused."""
    with pytest.raises(ValueError, match="units × frames"):
        correction.make_study(["race"], np.zeros((5, 1)), [0], [[1]], ["a"] * 4, ["a"] * 5, [0] * 5)
