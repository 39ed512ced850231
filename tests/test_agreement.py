"""Agreement against published examples and by hand; what is undefined is never 1."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from analysis.coding import agreement

DATA = Path(__file__).parent / "data"
PUBLISHED = json.loads((DATA / "published.json").read_text("utf-8"))
FRAMES = {
    "race": 0.968,
    "security": 0.976,
    "ideology": 0.991,
    "self_reliance": 1.0,
    "restriction": 0.911,
    "regulation": 1.0,
    "cooperation": 1.0,
    "market": 0.941,
    "innovation": 0.950,
    "society": 0.885,
}


def reference(coder: str) -> list[dict[str, str]]:
    """The rows of one machine coder (see tests/data/reference/README.md)."""
    with (DATA / "reference" / f"coder_{coder}.csv").open(encoding="utf-8", newline="") as file:
        return sorted(csv.DictReader(file), key=lambda row: (row["document"], int(row["unit"])))


@pytest.fixture(scope="module")
def machine() -> dict[str, np.ndarray]:
    """Ten frames and the actor as two passes of a machine coded them: coders × units."""
    both = [reference("a"), reference("b")]
    sets = [[set(row["frames"].split(";")) for row in rows] for rows in both]
    codes = {f: np.array([[float(f in one) for one in rows] for rows in sets]) for f in FRAMES}
    return {**codes, "actor": np.array([[row["actor"] for row in rows] for rows in both])}


def table(codes, **choices):
    choices = {"resamples": 300, **choices}
    return agreement.agreement_table({"x": np.array(codes, dtype=object)}, **choices).iloc[0]


def test_alpha_of_the_machine_codings(machine):
    """The alphas stated beside the two machine codings, frame by frame and of the actor."""
    got = agreement.agreement_table(machine, resamples=100).set_index("variable")
    assert got["alpha"].to_dict() == pytest.approx({**FRAMES, "actor": 0.933}, abs=5e-4)
    assert (got["units"] == 379).all()


def test_coefficients_of_cohens_table():
    """20, 5, 10, 15 of 50 units: percent 0.7, kappa 0.4, alpha 1 - 99 × 30 / (2 × 55 × 45)."""
    codes = [[1] * 25 + [0] * 25, [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15]
    row = table(codes)
    assert (row["percent"], row["cohen"]) == pytest.approx((0.7, 0.4))
    assert row["alpha"] == pytest.approx(1 - 99 * 30 / (2 * 55 * 45))
    assert row["low"] < row["alpha"] < row["high"]


def test_fleiss_of_the_published_example():
    """Ten subjects, fourteen raters: 0.2099, and no Cohen's kappa."""
    counts = PUBLISHED["fleiss_kappa"]["counts"]
    codes = np.array([np.repeat(np.arange(5), row) for row in counts]).T
    row = table(codes)
    assert row["fleiss"] == pytest.approx(PUBLISHED["fleiss_kappa"]["kappa"], abs=5e-5)
    assert np.isnan(row["cohen"])


def test_fleiss_takes_units_that_every_coder_coded():
    """A unit that one of two coders left out pairs nothing: the coefficients are of the others."""
    codes = [[1, 0, 1, 0, 1], [1, 0, 0, 0, None]]
    whole = [row[:4] for row in codes]
    assert table(codes)["fleiss"] == pytest.approx(table(whole)["fleiss"])
    assert table(codes)["alpha"] == pytest.approx(table(whole)["alpha"])


@pytest.mark.parametrize(
    ("codes", "reason"),
    [
        ([[0.0] * 30, [0.0] * 30], "undefined: every code is 0.0"),
        ([["us"] * 30, ["us"] * 29 + [None]], "undefined: every code is us"),
        ([[1, None], [None, 0]], "no unit was coded twice"),
        ([[1, 0, 1], [1, 0, 1]], "3 units: no interval below 10"),
    ],
)
def test_what_is_undefined_says_why(codes, reason):
    """One category, or nothing coded twice: no coefficient, never 1.0; few units: no interval."""
    row = table(codes)
    assert row["reason"] == reason
    assert np.isnan([row["low"], row["high"]]).all()
    if "units" not in reason:
        assert np.isnan(row[["cohen", "fleiss", "alpha"]].astype(float)).all()


def test_rare_codes_have_no_interval():
    """One positive unit in 30 is left out of 36 per cent of resamples: no interval is claimed."""
    row = table([[1] + [0] * 29, [0] * 30], resamples=2000)
    assert row["reason"].startswith("codes too rare for an interval: undefined in 3")
    assert np.isnan(row["low"])


def test_coders_who_never_differ_have_no_interval():
    """30 of 100 units coded, all alike: alpha is 1, and no interval from 1 to 1 is claimed."""
    row = table([[1] * 30 + [0] * 70] * 2)
    assert (row["alpha"], row["reason"][:19]) == (1, "coders never differ")
    assert np.isnan([row["low"], row["high"]]).all()


def test_the_interval_of_alpha_covers():
    """150 units, a true alpha of 0.5: the 95 per cent interval holds it in 90 to 98 of 100 samples."""
    rng, held = np.random.default_rng(5), []
    for seed in range(200):
        true = rng.random(150) < 0.5
        second = np.where(rng.random(150) < 0.5, true, rng.random(150) < 0.5)
        row = table([true.astype(float), second.astype(float)], random_seed=seed, resamples=200)
        held.append(row["low"] <= 0.5 <= row["high"])
    assert 0.9 < np.mean(held) < 0.98


def test_confusion_table_by_hand():
    """Every pair of codes of every two coders, uncoded units left out."""
    got = agreement.confusion_table({"x": [[1, 0, 1, None], [1, 1, 0, 1]]}, ["a", "b"])
    assert got[["code", "other_code", "units"]].to_numpy().tolist() == [
        [0, 0, 0],
        [0, 1, 1],
        [1, 0, 1],
        [1, 1, 1],
    ]


def test_pairs_of_three_coders():
    """Three coders are three pairs, each with its own agreement."""
    got = agreement.pair_table({"x": [[1, 0, 1], [1, 0, 0], [0, 0, 0]]}, ["a", "b", "c"])
    assert got[["coder", "other"]].to_numpy().tolist() == [["a", "b"], ["a", "c"], ["b", "c"]]
    assert got["percent"].to_numpy() == pytest.approx([2 / 3, 1 / 3, 2 / 3])


def test_disagreements_of_the_machine_codings(machine):
    """93.9 per cent of units have one set of frames: 23 of 379 differ in some frame."""
    frames = {name: machine[name] for name in FRAMES}
    units = [f"{row['document']}:{row['unit']}" for row in reference("a")]
    differ = agreement.disagreements(frames, units, ["a", "b"])
    assert differ["unit_id"].nunique() == 23
    assert (differ["a"] != differ["b"]).all()


def test_frame_codes_keep_what_is_missing():
    """Codes of coders × units × frames, NaN becoming None."""
    codes = agreement.frame_codes(np.array([[[1, np.nan]], [[0, 1]]]), ["race", "market"])
    assert codes["market"].tolist() == [[None], [1.0]]
