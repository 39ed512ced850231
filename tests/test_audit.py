"""The audit of a codebook: every rule counted, over the whole corpus."""

import pytest

from analysis.coding.audit import leading_rules, rule_audit
from analysis.report.coding import describe_audit
from analysis.rules.codebook import Codebook, RuleSet, parse_rule
from analysis.tables.framing import code_units


def book(*rules: str) -> Codebook:
    frames = {"race": RuleSet("race", tuple(map(parse_rule, rules)))}
    return Codebook("b", "", frames, {}, {})


@pytest.fixture
def audit(corpus_of):
    """Two documents of four tokens each: race stands three times, rival once, arms race never."""
    from analysis.tokens import tokenize

    tokens = tokenize(corpus_of("race, race. Two more.", "A race. A rival."))
    rules = book("rival", "race", "arms race")
    return rule_audit(code_units(tokens, rules), rules)


def test_every_rule_is_counted(audit):
    """By matches: race 3 of 4, rival 1 of 4, and the rule without a match has a row too."""
    assert audit["rule"].tolist() == ["race", "rival", "arms race"]
    assert audit["matches"].tolist() == [3, 1, 0]
    assert audit["share"].tolist() == [0.75, 0.25, 0.0]
    assert audit["documents"].tolist() == [2, 1, 0]


def test_documents_and_dispersion(audit):
    """race: 2 of 3 in d0, DP = (|2/3 - 1/2| + |1/3 - 1/2|) / 2 = 1/6; rival sits in one of two."""
    assert audit["top_document"].tolist() == ["d0", "d1", ""]
    assert audit["top_document_share"].tolist()[:2] == pytest.approx([2 / 3, 1.0])
    assert audit["dp"].tolist()[:2] == pytest.approx([1 / 6, 1 / 2])


def test_a_sentence_of_each_rule(audit):
    """The sentence holds a match of its rule; a rule without one has none."""
    assert audit["sentence"].tolist()[1:] == ["A rival.", ""]
    assert audit["sentence"].iloc[0] in ("race, race.", "A race.")


def test_counts_do_not_depend_on_what_is_kept(tokens, codebook):
    """Of each rule one match kept for reading: the same counts."""
    whole = rule_audit(code_units(tokens, codebook), codebook)
    few = rule_audit(code_units(tokens, codebook, keep=1), codebook)
    columns = ["rule", "matches", "documents", "dp"]
    assert whole[columns].equals(few[columns])


def test_counts_are_those_of_the_coding(tokens, codebook):
    """The matches of a frame's rules are the matches of the frame."""
    coding = code_units(tokens, codebook)
    totals = rule_audit(coding, codebook).groupby("frame", sort=False)["matches"].sum()
    assert totals.tolist() == coding.found.totals.tolist()


def test_what_the_audit_says(audit):
    """Two of three rules match; one brings half of all matches."""
    assert describe_audit(audit).splitlines() == [
        "2 of 3 rules match in this corpus.",
        "race: 2 rules match, 1 bring half of its matches.",
    ]
    assert leading_rules(audit, 1)["rule"].tolist() == ["race"]
