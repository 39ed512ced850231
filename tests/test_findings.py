"""Findings: read with their mistakes named, checked against numbers worked by hand."""

from dataclasses import asdict

import pytest

from analysis.corpus import read_corpus
from analysis.errors import InputError
from analysis.rules.codebook import Codebook, term_sets
from analysis.tables import findings
from analysis.tables.framing import code_units
from analysis.tables.overview import document_table
from analysis.tokens import tokenize

TEXTS = {"a.txt": "We race now. " * 10, "b.txt": "We rest now. " * 5, "c.txt": "Race on."}
KEYS = {"share_of_tokens": "", "higher_rate": "term: race, ", "larger_share": "frame: race, "}


def frames(*rules: str) -> Codebook:
    """A codebook with a frame of each rule."""
    return Codebook("made", "", term_sets(rules, {}), {}, {})


CHECKS = {
    "share_of_tokens": lambda claims, tokens, seed: findings.check_token_shares(claims, tokens),
    "higher_rate": lambda claims, tokens, seed: findings.check_rates(
        claims, tokens, None, random_seed=seed
    ),
    "larger_share": lambda claims, tokens, seed: findings.check_shares(
        claims, code_units(tokens, frames("now", "race")), random_seed=seed
    ),
}


@pytest.fixture
def corpus_with(tmp_path):
    """A folder of three texts (30 tokens of A, 15 of B, 2 of C) with the findings given."""

    def make(content: str = ""):
        for name, text in TEXTS.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        rows = "file,source\na.txt,A\nb.txt,B\nc.txt,C\n"
        (tmp_path / "metadata.csv").write_text(rows, encoding="utf-8")
        if content:
            (tmp_path / "findings.yaml").write_text(content, encoding="utf-8")
        return read_corpus(tmp_path)

    return make


def declared(kind: str, selected: str) -> str:
    return f"  - id: f1\n    statement: More.\n    {kind}: {{{KEYS[kind]}{selected}}}\n"


@pytest.fixture
def check(corpus_with):
    """Check one declared finding on the three texts."""

    def run(kind: str, selected: str, seed: int = 0) -> findings.Finding:
        corpus = corpus_with("findings:\n" + declared(kind, selected))
        return CHECKS[kind](findings.read_claims(corpus), tokenize(corpus), seed)[0]

    return run


@pytest.mark.parametrize(
    ("kind", "selected", "holds", "estimate", "n"),
    [
        ("share_of_tokens", "of: {source: A}", True, 30 / 47, 47),
        ("share_of_tokens", "of: {source: B}", False, 15 / 47, 47),
        ("higher_rate", "of: {source: A}, than: {source: B}", True, 1e6 / 3, 45),
        ("higher_rate", "of: {source: B}, than: {source: A}", False, -1e6 / 3, 45),
        ("higher_rate", "of: {source: B}", False, -11e6 / 32, 47),
        ("higher_rate", "of: {source: C}, than: {source: A}", None, 1e6 / 6, 32),
        ("larger_share", "of: {source: A}, than: {source: B}", True, 1, 15),
        ("larger_share", "of: {source: B}, than: {source: A}", False, -1, 15),
        ("larger_share", "of: {source: B}", False, -1, 16),
    ],
)
def test_findings_by_hand(check, kind, selected, holds, estimate, n):
    """Race 10 of 30 tokens and every sentence of A, none of B, 1 of 2 tokens of C: clear, or too few."""
    found = check(kind, selected)
    assert found.holds is holds
    assert (found.estimate, found.n) == (pytest.approx(estimate), n)


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("selected", ["of: {party: A}", "of: {source: nobody}"])
def test_a_column_or_value_the_corpus_lacks_cannot_be_said(check, kind, selected):
    """No such column or value: neither true nor false, no estimate."""
    found = check(kind, selected)
    assert (found.holds, found.verdict) == (None, "cannot be said from these data")
    assert found.estimate != found.estimate


def test_a_column_that_only_the_other_side_names(check):
    """`than` of an unknown column leaves nothing to compare with."""
    assert check("higher_rate", "of: {source: A}, than: {party: B}").holds is None


def test_a_frame_the_codebook_lacks_cannot_be_said(corpus_with):
    """Another codebook without the frame: null, and why."""
    corpus = corpus_with("findings:\n" + declared("larger_share", "of: {source: A}"))
    coding = code_units(tokenize(corpus), frames("rest"))
    found = findings.check_shares(findings.read_claims(corpus), coding)[0]
    assert (found.holds, found.measure) == (None, "the codebook lacks the frame")


@pytest.mark.parametrize(
    ("low", "estimate", "high", "holds"),
    [
        (0.1, 0.2, 0.3, True),
        (-0.3, -0.2, -0.1, False),
        (-0.1, 0.2, 0.5, None),
        (float("nan"), 0.2, 0.3, None),
    ],
)
def test_verdict_follows_the_interval(low, estimate, high, holds):
    """Clear of zero on the right side, on the wrong side, not clear, or no interval."""
    assert findings._verdict(estimate, low, high) is holds


@pytest.mark.parametrize("kind", ["higher_rate", "larger_share"])
def test_few_documents_owe_nothing_to_the_seed(check, kind):
    """With fewer than ten documents nothing is drawn."""
    one, other = (check(kind, "of: {source: A}", seed) for seed in (1, 2))
    assert one == other


GOOD = declared("share_of_tokens", "of: {source: A}")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (GOOD.replace("statement", "statment"), r"line 3: unknown key \(is 'statement' meant\?\)"),
        (GOOD.replace("of:", "off:"), r"line 4: unknown key \(is 'of' meant\?\): 'off'"),
        (GOOD.replace("share_of_tokens", "share"), "unknown key"),
        (GOOD.replace("    statement: More.\n", ""), "key is missing: 'statement'"),
        (GOOD + "    higher_rate: {term: race, of: {source: A}}\n", "exactly one of these keys"),
        (GOOD + GOOD, "line 5: finding appears twice: 'f1'"),
        (declared("higher_rate", "than: {source: A}"), "key is missing: 'of'"),
    ],
)
def test_a_mistake_in_findings_is_named(corpus_with, content, told):
    """The error names the line, the key and, where one is near, the likeliest spelling."""
    with pytest.raises(InputError, match=told):
        findings.read_claims(corpus_with("findings:\n" + content))


def test_no_findings_file_is_no_claim(corpus_with):
    """A corpus without findings.yaml declares nothing."""
    assert findings.read_claims(corpus_with()) == []


def test_findings_of_the_five_texts(seeds, tokens, codebook):
    """Every declared finding is checked by exactly one of the checks, with a finite estimate."""
    claims = findings.read_claims(seeds)
    found = [
        *findings.check_token_shares(claims, tokens),
        *findings.check_rates(claims, tokens, codebook),
        *findings.check_shares(claims, code_units(tokens, codebook)),
    ]
    assert sorted(one.id for one in found) == sorted(claim.id for claim in claims)
    assert all(one.estimate == one.estimate for one in found)
    sizes = document_table(tokens).set_index("document")["tokens"]
    assert found[0].estimate == pytest.approx(sizes["zeng-2025"] / sizes.sum())


def test_findings_hold_what_the_contract_names(check):
    """The keys of findings.json as design.md lists them, and the verdict in words for readers."""
    found = check("share_of_tokens", "of: {source: A}")
    keys = {"id", "statement", "holds", "estimate", "low", "high", "n", "evidence"}
    assert keys <= set(asdict(found))
    verdict = findings.findings_table([found])["verdict"][0]
    assert verdict.startswith("holds")
