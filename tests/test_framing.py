"""Coded units, shares, differences, keyness and actors, worked by hand and held to their sums."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import InputError
from analysis.report import framing as report_framing
from analysis.rules.codebook import Codebook, RuleSet, parse_rule, term_sets
from analysis.rules.evidence import evidence_table
from analysis.tables import framing
from analysis.tables.keyness import keyness_table
from analysis.tokens import tokenize

SETS = Codebook("made", "", term_sets(["race", "peace"], {}), {}, {})
PEACE = ("The race is on. We rest. Race and peace.\nPeace now.", "We rest. Peace.")


@pytest.fixture(scope="module")
def coding(tokens, codebook):
    """The sentences of the five texts."""
    return framing.code_units(tokens, codebook)


@pytest.fixture
def coded(corpus_of):
    """Four sentences of A: race in two, peace in two; two of B: race in none, peace in one."""

    def make(unit: str = "sentence") -> framing.Coding:
        return framing.code_units(tokenize(corpus_of(*PEACE, source=["A", "B"])), SETS, unit)

    return make


@pytest.fixture
def tiny(corpus_of):
    """24 documents of two to four sentences: every text of A holds a race, one of B's does."""

    def make(n_of_a: int = 12, n: int = 24) -> framing.Coding:
        texts = ["The race goes on. " + "They talk. " * (1 + k % 3) for k in range(n_of_a)]
        texts += ["A chip was made. " + "We talk. " * (1 + k % 3) for k in range(n - 1 - n_of_a)]
        texts += ["One chip, one race. We talk."]
        groups = ["A"] * n_of_a + ["B"] * (n - n_of_a)
        return framing.code_units(tokenize(corpus_of(*texts, source=groups)), SETS)

    return make


# --- coded units -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "race", "peace"),
    [
        ("sentence", [[6, 2], [4, 2], [2, 0]], [[6, 3], [4, 2], [2, 1]]),
        ("paragraph", [[3, 1], [2, 1], [1, 0]], [[3, 3], [2, 2], [1, 1]]),
        ("document", [[2, 1], [1, 1], [1, 0]], [[2, 2], [1, 1], [1, 1]]),
    ],
)
def test_units_and_coded_by_hand(coded, unit, race, peace):
    """Units and coded units of all, A and B; a unit with two matches is coded once."""
    table = framing.frame_table(coded(unit), "source")
    assert table["group"].tolist() == ["all", "A", "B"] * 2
    assert table["documents"].tolist() == [2, 1, 1] * 2
    assert table[["units", "coded"]].to_numpy().tolist() == race + peace
    assert table["share"].tolist() == pytest.approx([c / u for u, c in race + peace])


def test_frames_by_document_by_hand(coded):
    """Race 2 of 4 and 0 of 2 sentences, peace 2 of 4 and 1 of 2."""
    rows = framing.frames_by_document(coded()).drop(columns="share").to_numpy().tolist()
    assert rows[:2] == [["race", "d0", 4, 2], ["race", "d1", 2, 0]]
    assert rows[2:] == [["peace", "d0", 4, 2], ["peace", "d1", 2, 1]]


def test_of_many_documents_those_that_carry_a_frame_are_listed(coding, monkeypatch):
    """Above the limit the rows without a coded unit are left out, the others stay as they are."""
    whole = framing.frames_by_document(coding)
    monkeypatch.setattr(framing, "_MAX_LISTED", 4)
    short = framing.frames_by_document(coding)
    expected = whole[whole["coded"] > 0].reset_index(drop=True)
    pd.testing.assert_frame_equal(short, expected)
    assert len(short) < len(whole)


CONTRACTS = {
    "frame group units coded share low high": lambda c: framing.frame_table(c, "source"),
    "frame document units coded share": framing.frames_by_document,
    "token group count tokens rest_count rest_tokens log_odds z g2 log_ratio p q": (
        lambda c: keyness_table(c.tokens, "source", prior=500)
    ),
    "frame rule document unit start end text sentence": (
        lambda c: evidence_table(c.found, "sentence")
    ),
}


@pytest.mark.parametrize("columns", CONTRACTS)
def test_columns_are_those_of_the_contract(coding, columns):
    """What stands in design.md comes first, in that order."""
    names = columns.split()
    assert list(CONTRACTS[columns](coding))[: len(names)] == names


@pytest.mark.parametrize("unit", ["sentence", "paragraph", "document"])
def test_all_is_the_sum_of_groups_and_of_documents(tokens, codebook, unit):
    """Units and coded units of the five texts add up to those of `all`, for every frame."""
    coding = framing.code_units(tokens, codebook, unit)
    table, documents = framing.frame_table(coding, "genre"), framing.frames_by_document(coding)
    every = table["group"] == "all"
    counts = ["units", "coded"]
    total = table[every].groupby("frame")[counts].sum()
    pd.testing.assert_frame_equal(total, table[~every].groupby("frame")[counts].sum())
    pd.testing.assert_frame_equal(total, documents.groupby("frame")[counts].sum())
    assert (total["units"] == coding.n_units).all()


@pytest.mark.parametrize(
    ("sets", "unit", "told"),
    [
        (SETS, "page", "unknown unit: 'page'; allowed: sentence, paragraph, document"),
        (Codebook("made", "", {}, {}, {}), "sentence", "the codebook has no frames"),
    ],
)
def test_what_cannot_be_coded_is_refused(tokens, sets, unit, told):
    """The error names the value and what is allowed."""
    with pytest.raises(InputError, match=told):
        framing.code_units(tokens, sets, unit)


@pytest.mark.parametrize(
    ("group", "compare", "told"),
    [
        ("party", [], "group is not a metadata column: 'party'"),
        ("genre", ["news", "poem"], "compare: no document with this genre: 'poem'; allowed: aca"),
        ("genre", ["news"], r"compare takes two different values: \['news'\]"),
        ("genre", ["news", "news"], "compare takes two different values"),
    ],
)
def test_groups_that_cannot_be_compared_are_refused(seeds, group, compare, told):
    """Two different values of a metadata column, or none."""
    with pytest.raises(InputError, match=told):
        framing.group_names(seeds, group, compare)


# --- differences -------------------------------------------------------------------------------------


def test_differences_by_hand(coded):
    """Race 2/4 against 0/2 is 1/2, peace 2/4 against 1/2 is 0, inside an interval round 0."""
    table = framing.difference_table(coded(), "source", ["A", "B"]).set_index("frame")
    assert table["difference"].tolist() == pytest.approx([0.5, 0])
    assert table.loc["peace", "low"] < 0 < table.loc["peace", "high"]


def test_swapped_groups_mirror_every_difference(coding):
    """Academic against news is minus news against academic, low and high with it."""
    there, back = (
        framing.difference_table(coding, "genre", names)[["difference", "low", "high"]]
        for names in (["academic", "news"], ["news", "academic"])
    )
    assert there.to_numpy() == pytest.approx(-back[["difference", "high", "low"]].to_numpy())


def test_five_texts_are_not_tested(coding):
    """One document against four: no p, no q, and the reason why."""
    table = framing.difference_table(coding, "source")
    assert table[["p", "q"]].isna().all(axis=None)
    assert set(table["no_test"]) == {"1 against 4 documents: fewer than 10 on a side"}


def test_many_documents_are_tested(tiny):
    """Thirty against thirty: a small p for race, q at least p; a frame nobody carries is too rare."""
    table = framing.difference_table(tiny(30, 60), "source", ["A", "B"]).set_index("frame")
    assert 0 < table.loc["race", "p"] < 0.01
    assert table.loc["race", "q"] >= table.loc["race", "p"]
    assert table.loc["race", "no_test"] == ""
    assert np.isnan(table.loc["peace", "p"])
    assert table.loc["peace", "no_test"].startswith("too rare for a test: 0 documents have it")


def test_nothing_depends_on_the_seed(coding, tiny):
    """No test and no interval of a difference draws, for few documents or many."""
    for one in (coding, tiny(30, 60)):
        tables = [framing.difference_table(one, "source", random_seed=seed) for seed in (1, 2)]
        pd.testing.assert_frame_equal(*tables)


def test_tests_and_answer_are_told_from_the_numbers(coded):
    """Two differences, none tested, for one reason; the widest is race, 2/4 against 0/2."""
    shares = framing.frame_table(coded(), "source")
    table = framing.difference_table(coded(), "source", ["A", "B"])
    told = report_framing.describe_tests(table)
    assert told.startswith("2 differences, 0 of them tested. Not tested: 1 against 1 documents: ")
    told = report_framing.describe_framing(shares, table).splitlines()
    assert told[0] == "Frames by share of all units: peace 50%, race 33%."
    assert told[1] == (
        "No difference between groups can be tested. "
        "Largest counted one in these texts: race, A 50% against B 0%."
    )


# --- keyness -----------------------------------------------------------------------------------------


def test_keyness_signs_and_zero_cells(coded):
    """'race' never in B, 'peace' 2/12 of A and 1/3 of B: every measure has the sign of the difference."""
    table = keyness_table(coded().tokens, "source", prior=10)
    signs = table.set_index(["group", "token"])[["log_odds", "z", "g2", "log_ratio"]]
    assert (signs.loc[("A", "race")] > 0).all()
    assert (signs.loc[("A", "peace")] < 0).all()
    assert np.isfinite(signs.to_numpy()).all()


def test_two_groups_mirror_each_other(coded):
    """With two groups each word's measures in B are minus those in A."""
    table = keyness_table(coded().tokens, "source", prior=10)
    a, b = (table[table["group"] == g].set_index("token").sort_index() for g in "AB")
    measures = ["log_odds", "z", "g2", "log_ratio"]
    assert a[measures].to_numpy() == pytest.approx(-b[measures].to_numpy())
    assert a["count"].tolist() == b["rest_count"].tolist()


def test_equal_texts_have_no_keyness(corpus_of):
    """The same text in both groups: 0 throughout."""
    made = tokenize(corpus_of(PEACE[0], PEACE[0], source=["A", "B"]))
    table = keyness_table(made, "source", prior=10)
    assert table[["log_odds", "z", "g2", "log_ratio"]].to_numpy() == pytest.approx(0)


def test_keyness_of_the_five_texts_adds_up(tokens):
    """For each group every word stands once, its count and the rest's make that of the corpus."""
    table = keyness_table(tokens, "source", prior=500)
    assert (table["count"] + table["rest_count"]).sum() == 5 * len(tokens)
    assert (table.groupby("group")["token"].nunique() == len(tokens.types)).all()
    assert np.isfinite(table[["log_odds", "z", "g2", "log_ratio"]].to_numpy()).all()


@pytest.mark.parametrize(("n_of_a", "tested"), [(9, False), (14, True), (15, False)])
def test_keyness_is_tested_from_ten_documents_a_side(tiny, n_of_a, tested):
    """9 against 15 has no p either way round, 14 against 10 has."""
    table = keyness_table(tiny(n_of_a).tokens, "source", prior=10)
    assert table["p"].notna().any() == table["q"].notna().any() == tested


def test_keyness_q_is_at_least_p(tiny):
    """False discovery never makes a p smaller; 'race' stands out, 'talk' does not."""
    table = keyness_table(tiny().tokens, "source", prior=10).dropna(subset=["p"])
    q = table[table["group"] == "A"].set_index("token")["q"]
    assert (table["q"] >= table["p"]).all()
    assert q["race"] < 0.01 < 0.5 < q["talk"]


def test_the_order_of_documents_is_irrelevant(corpus_of):
    """The same texts the other way round have the same keyness and the same shares."""
    tables = []
    for step in (1, -1):
        made = tokenize(corpus_of(*PEACE[::step], source=["A", "B"][::step]))
        keyness = keyness_table(made, "source", prior=10)
        tables.append((keyness, framing.frame_table(framing.code_units(made, SETS), "source")))
    for there, back in zip(*tables, strict=True):
        pd.testing.assert_frame_equal(there, back)


# --- actors and concentration ----------------------------------------------------------------------------


def test_actor_table_by_hand(corpus_of):
    """US and China in one sentence with race, China in one without, one race that names nobody."""
    made = tokenize(corpus_of("US and China race. China rests. A race. Nothing."))
    sets = term_sets(["race"], {}), term_sets(["US", "China"], {})
    table = framing.actor_table(framing.code_units(made, Codebook("made", "", *sets, {})))
    counted = table[["actor", "units", "coded", "share"]].to_numpy().tolist()
    assert counted == [["US", 1, 1, 1.0], ["China", 2, 1, 0.5], ["no actor", 2, 1, 0.5]]


@pytest.mark.parametrize(
    ("texts", "warning"),
    [
        (["race rivalry", "race rival"], "fewer than 5 matches"),
        (["race rivalry rival", "race rivalry rival"], ""),
        (["race race rivalry", "race rival rivalry"], "rests on one rule"),
        (["race rivalry rival", "race rivalry rival race race"], "rests on one rule"),
        (["race rivalry rival race rivalry rival", "nothing"], "rests on one document"),
        (["race race race race race", "nothing"], "rests on one rule and one document"),
        (["race rivalry rival race rivalry rival"], ""),
    ],
)
def test_concentration_warnings(corpus_of, texts, warning):
    """Half from one rule, three quarters from one document of several, or fewer than five matches."""
    rules = tuple(parse_rule(rule) for rule in ("race", "rivalry", "rival"))
    made = Codebook("made", "", {"race": RuleSet("race", rules)}, {}, {})
    coding = framing.code_units(tokenize(corpus_of(*texts)), made)
    table = framing.concentration_table(coding)
    assert table["warning"].tolist() == [warning]
    assert (f"WARNING race: {warning}" in report_framing.describe_concentration(table)) is bool(
        warning
    )


# --- negation and voice ------------------------------------------------------------------------------

TOLD = (
    "No race here. A race and no race. They said a race is on.",
    "“The race is won by us,” Xi said.",
)


@pytest.mark.parametrize(
    ("choices", "coded"),
    [
        ({}, [3, 1]),
        ({"negation": 3}, [2, 1]),
        ({"voice": "author"}, [2, 0]),
        ({"voice": "quoted"}, [0, 1]),
        ({"voice": "others"}, [1, 1]),
        ({"voice": "author", "negation": 1}, [1, 0]),
    ],
)
def test_which_matches_count(corpus_of, choices, coded):
    """A unit is coded by matches that are not set apart and stand in a voice that counts."""
    made = tokenize(corpus_of(*TOLD))
    coding = framing.code_units(made, SETS, **choices)
    assert coding.coded.toarray()[:, 0].tolist() == coded
    assert coding.units.tolist() == [3, 1]


def test_actors_have_no_voice(corpus_of):
    """Which units name an actor does not hang on whose words count."""
    book = Codebook("made", "", SETS.frames, term_sets(["Xi"], {}), {})
    made = tokenize(corpus_of("We saw Xi.", "“We saw Xi there,” they said."))
    for voice in ("all", "author", "quoted"):
        assert framing.code_units(made, book, voice=voice).named.tolist() == [2, 0]


def test_evidence_tells_voice_and_negation(corpus_of):
    """Every kept match in its place, those set apart among the others."""
    made = tokenize(corpus_of(*TOLD))
    for negation in (0, 3):
        table = framing.evidence_of(framing.code_units(made, SETS, negation=negation))
        assert table["voice"].tolist() == ["author"] * 3 + ["reported", "quoted"]
        assert table["negated"].tolist() == [True, False, True, False, False]
        assert table["sentence"].tolist()[3] == "They said a race is on."


def test_unknown_voice_is_refused(tokens, codebook):
    """The error names the value and what is allowed."""
    with pytest.raises(InputError, match="unknown voice: 'mine'; allowed: all, author"):
        framing.code_units(tokens, codebook, voice="mine")


def test_keyness_has_both_forms_and_a_difference(corpus_of):
    """'a' twice in four tokens against never in four: 2-cell 4 ln 2, %DIFF (0.5 - 0.125) / 0.125."""
    made = tokenize(corpus_of("aa aa bb bb", "bb bb bb bb", source=["A", "B"]))
    table = keyness_table(made, "source", prior=10).set_index(["token", "group"])
    row = table.loc[("aa", "A")]
    assert row["g2_two_cell"] == pytest.approx(4 * np.log(2))
    assert row["percent_difference"] == pytest.approx(300)
    assert table.loc[("aa", "B"), "g2_two_cell"] == pytest.approx(-4 * np.log(2))
