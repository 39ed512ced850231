"""The codings that come with the five texts, made by a machine (seeds/codings/README.md), and what
notebook 04 makes of them."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.coding import correction, sampling, sheets, validation
from analysis.corpus import read_corpus
from analysis.errors import InputError
from analysis.report.coding import describe_codings, describe_sample
from analysis.rules.codebook import Codebook, term_sets
from analysis.tables.framing import code_units
from analysis.tokens import tokenize

REFERENCE = Path(__file__).parent / "data" / "reference"
SENTENCES = {"unit": "sentence", "group": "source"}
ACTORS = ["China", "US", "both", "other"]


@pytest.fixture(scope="module")
def coded(tokens, codebook):
    return validation.corpus_codings(tokens, codebook, **SENTENCES)


@pytest.fixture(scope="module")
def coders(coded):
    return validation.automatic_coders(coded, random_seed=1)


def test_the_codings_are_the_reference(coded):
    """Every coded unit has the frames that the machine's two passes gave the text of that unit."""
    texts = {
        (row["document"], row["unit"]): row["text"]
        for row in csv.DictReader((REFERENCE / "units.csv").open(encoding="utf-8"))
    }
    names = dict(zip(coded.codings.units, range(len(coded.key)), strict=True))
    place = {
        (d, t): names[u]
        for d, t, u in coded.key[["document", "text", "unit_id"]].itertuples(index=False)
    }
    seen = 0
    for number, name in enumerate("ab"):
        for row in csv.DictReader((REFERENCE / f"coder_{name}.csv").open(encoding="utf-8")):
            where = place.get((row["document"], texts[row["document"], row["unit"]]))
            if where is not None:
                given = set(filter(None, row["frames"].split(";")))
                mine = coded.codings.codes[number, where]
                assert {
                    f for f, code in zip(coded.found.frames, mine, strict=True) if code
                } == given
                seen += 1
    assert seen == 2 * 377


def test_what_is_said_of_the_codings(coded):
    """Nothing is wrong with the sheets; the coders' names say what they are."""
    told = describe_codings(coded)
    assert told.startswith("377 of 381 sentences coded by machine-a and machine-b.")
    assert "Not as given out: nothing." in told


def test_agreement_is_the_published_one(coded):
    """Alpha of the two passes as the reference reports it, but for the two units that are parted."""
    table = validation.agreement_of_coders(coded, resamples=100).set_index("variable")
    published = {"race": 0.968, "security": 0.976, "market": 0.941, "society": 0.885}
    for frame, alpha in published.items():
        assert table.loc[frame, "alpha"] == pytest.approx(alpha, abs=0.001)


def test_confusion_counts_every_unit(coded):
    """The four cells of a frame add up to the units both coded."""
    table = validation.confusion_of_coders(coded)
    cells = table[["both", "only_coder", "only_other", "neither"]].sum(axis=1)
    assert set(cells) == {377}


def test_the_rules_reach_what_is_claimed(coded, coders):
    """Macro-F1 of the rules is above 0.80 against each pass, in-sample and against a machine."""
    scores = validation.automatic_scores(coded, coders)
    macro = scores[(scores["frame"] == "macro") & (scores["coder"] == "rules")]
    assert len(macro) == 3
    assert (macro["f1"] > 0.80).all()


def test_of_a_whole_coding_a_part_is_taken(coded):
    """150 of 377 sentences, each weighted with the sentences of its stratum."""
    sample = validation.sample_of_codings(coded, 150, 1)
    assert len(sample.key) == 150
    assert sample.key["weight"].sum() == pytest.approx(381)
    assert len(validation.sample_of_codings(coded, 0, 1).key) == 377
    assert "As if only 150" in describe_sample(coded, sample)


def test_a_sample_is_used_whole(coded):
    """Codings of fewer than nearly all units are not thrown away."""
    few = validation.sample_of_codings(coded, 200, 1)
    assert len(validation.sample_of_codings(few, 50, 1).key) == 200
    assert describe_sample(few, few) == "All 200 coded sentences are used."


def test_corrected_intervals_hold_the_known_shares(coded):
    """From 150 codings nine in ten corrected intervals or more hold the share by all codings."""
    sample = validation.sample_of_codings(coded, 150, 1)
    seen = validation.automatic_coders(sample, random_seed=1)
    table = validation.corrected_shares(coded, sample, seen, 0.95)
    known = table[table["corrected"].notna() & (table["group"] == "all")]
    holds = (known["low"] <= known["by_coders"]) & (known["by_coders"] <= known["high"])
    assert set(known["coder"]) == {"rules", "learnt"}
    assert holds.mean() >= 0.9


def test_a_frame_that_is_not_learnt_is_not_corrected(coded):
    """A learnt coder that does not know a frame has no counted share of it, and says why."""
    sample = validation.sample_of_codings(coded, 150, 1)
    seen = validation.automatic_coders(sample, random_seed=1)
    table = validation.corrected_shares(coded, sample, seen, 0.95)
    unknown = table[table["reason"].str.contains("not learnt") & (table["coder"] == "learnt")]
    assert len(unknown)
    assert unknown[["naive", "corrected", "low"]].isna().all(axis=None)


def test_known_differences_stand_beside_corrected_ones(coded, coders):
    """The difference by all codings is that of the two shares by all codings."""
    table = validation.corrected_differences(coded, coded, coders, 0.95)
    row = table[(table["frame"] == "security") & (table["coder"] == "rules")].iloc[0]
    groups, codes = coded.found.groups[coded.places], coded.agreed[:, 1]
    inside = groups == row["group"]
    expected = np.nanmean(codes[inside]) - np.nanmean(codes[~inside])
    assert row["by_coders"] == pytest.approx(expected)


def test_known_units_speak_of_themselves():
    """However many strata there are, the interval is of samples of these units: all coded, no width."""
    rng = np.random.default_rng(2)
    strata = np.repeat([f"s{n}" for n in range(12)], 20).astype(object)
    codes = (rng.random((240, 1)) < 0.3).astype(float)
    drawn = sampling.draw(strata, 239, random_seed=1)["place"].to_numpy()
    low, high = correction._intervals(codes, {"x": codes > 0}, strata, drawn, 0.95)[1, 0]
    assert high - low < 0.03
    assert low <= codes.mean() <= high


def test_coverage_of_a_biased_coder(coded, coders):
    """Counted shares of a poor coder miss the truth; the corrected ones hold it as promised."""
    table = validation.correction_coverage(coded, coders, sizes=(100,), draws=30)
    means = table.groupby("estimator")["coverage"].mean()
    assert means["learnt, counted"] < 0.5
    assert means["learnt, corrected"] >= 0.93
    assert means["rules, corrected"] >= 0.95


def test_the_actor_rule_by_hand(corpus_of, tmp_path):
    """Four units: 'Nobody' is about the US for the coder and about nobody for the rule."""
    tokens = tokenize(corpus_of("Über China. The US. China and the US. Nobody."))
    book = Codebook("b", "", term_sets(["lead"], {}), term_sets(["China", "US"], {}), {})
    assert validation._actors_by_rule(tokens, book, "sentence").tolist() == ACTORS
    units = validation.coded_units(tokens, book, "sentence", "source")
    options = {"both": 4, "xlsx": False, "allocation": "equal", "random_seed": 1}
    for name, content in sheets.sample_files(units, 4, ["ann"], **options).items():
        (tmp_path / name).write_bytes(content)
    rows = [row for _, row in sheets.read_sheet(tmp_path / "ann.csv")]
    given = dict(zip(units.units["unit_id"], [*ACTORS[:3], "US"], strict=True))
    sheet = pd.DataFrame(rows).assign(lead="0", actor=[given[row["unit_id"]] for row in rows])
    (tmp_path / "ann.csv").write_bytes(sheets.sheet_csv(sheet))
    coded = validation.corpus_codings(tokens, book, path=str(tmp_path), **SENTENCES)
    row = validation.actor_scores(coded, tokens, book).iloc[0]
    assert row[["coder", "units", "left_out", "percent"]].tolist() == ["ann", 4, 0, 0.75]


def test_the_actor_rule_is_held_against_the_coders(coded, tokens, codebook):
    """One row a coder, all units; without actors in the codebook no row. The rule agrees in six of
    ten units, kappa about one half: fair, which is said wherever it is used."""
    table = validation.actor_scores(coded, tokens, codebook, resamples=100)
    assert table["coder"].tolist() == ["machine-a", "machine-b"]
    assert table["units"].tolist() == [377, 377]
    assert (table["percent"] >= 0.62).all()
    assert (table["cohen"] >= 0.48).all()
    assert (table["low"] < table["alpha"]).all()
    assert (table["alpha"] < table["high"]).all()
    nobody = Codebook("n", "", codebook.frames, {}, {})
    assert validation.actor_scores(coded, tokens, nobody).empty


def test_automatic_codes_are_those_of_the_coding(tokens, codebook):
    """Units with their texts are coded as `code_units` codes, under the same choices."""
    chosen = {"threshold": 2, "negation": 3, "voice": "author"}
    units = validation.coded_units(tokens, codebook, "sentence", "source", **chosen)
    counts = code_units(tokens, codebook, "sentence", **chosen).by_document().counts
    assert units.coded.sum(axis=0).tolist() == counts.sum(axis=0).tolist()


def test_codings_of_another_unit_count_as_none(tokens, codebook):
    """Paragraphs have no codings: the reason is told, with the command that draws a sample."""
    none = validation.corpus_codings(tokens, codebook, unit="paragraph", group="source")
    told = describe_codings(none)
    assert "do not fit" in told
    assert "workbook sample DIR --size 200 --coders NAME,NAME --unit paragraph" in told


def test_codings_of_other_frames_count_as_none(tokens, codebook):
    """A codebook without any of the coded frames: nothing to hold it against."""
    other = Codebook("o", "", {"peace": codebook.frames["race"]}, {}, {})
    none = validation.corpus_codings(tokens, other, **SENTENCES)
    assert "holds no code of a frame of this codebook" in none.reason


def test_codings_that_are_named_must_fit(tokens, codebook, seeds, tmp_path):
    """A folder given by name is an error where the corpus's own would be passed over."""
    path = str(seeds.folder / "codings")
    with pytest.raises(InputError, match="units of the sample are not in the corpus"):
        validation.corpus_codings(tokens, codebook, unit="document", group="source", path=path)
    with pytest.raises(InputError, match=r"sample\.csv"):
        validation.corpus_codings(tokens, codebook, path=str(tmp_path), **SENTENCES)


def test_without_codings_every_table_is_empty(corpus_of, codebook):
    """No codings: each function gives its columns and no row."""
    tokens = tokenize(corpus_of("China leads."))
    none = validation.corpus_codings(tokens, codebook, unit="sentence", group="source")
    assert none.coders == "nobody"
    assert validation.automatic_coders(none) == []
    for table in (
        validation.agreement_of_coders(none),
        validation.confusion_of_coders(none),
        validation.divided_units(none),
        validation.rule_accuracy(none, 0.95),
        validation.automatic_scores(none, []),
        validation.corrected_shares(none, none, [], 0.95),
        validation.corrected_differences(none, none, [], 0.95),
        validation.correction_coverage(none, []),
    ):
        assert table.empty
        assert len(table.columns) >= 3


def test_unequal_weights_in_a_stratum_are_refused():
    """Units drawn with another codebook's chances cannot be weighted by this one's strata."""
    weights, strata = np.array([1.0, 4.0]), np.array(["a", "a"], dtype=object)
    with pytest.raises(InputError, match="drawn with different probabilities"):
        validation._check_weights(weights, strata)
    validation._check_weights(weights, np.array(["a", "b"], dtype=object))


def test_codings_in_a_corpus_folder_are_no_documents(tmp_path, seeds):
    """The five texts with their codings are five texts; a folder `codings` without a key is read."""
    assert len(seeds) == 5
    assert not seeds.rejected
    corpus = tmp_path / "c"
    shutil.copytree(seeds.folder / "codings", corpus / "codings")
    (corpus / "a.md").write_text("A text.", encoding="utf-8")
    assert len(read_corpus(corpus)) == 1
    (corpus / "codings" / "sample.csv").unlink()
    assert len(read_corpus(corpus)) > 1


def test_codings_in_an_archive_are_no_documents(tmp_path, seeds):
    """A zip of a corpus with codings holds its texts only."""
    (tmp_path / "c" / "codings").mkdir(parents=True)
    (tmp_path / "c" / "a.txt").write_text("A text.", encoding="utf-8")
    for name in ("README.md", "sample.csv"):
        shutil.copy(seeds.folder / "codings" / name, tmp_path / "c" / "codings" / name)
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "c")
    assert len(read_corpus(archive)) == 1
