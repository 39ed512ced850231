"""Matches: equal to a naive matcher, at the right places, and safe to show."""

import random

import naive
import numpy as np
import pytest

from analysis.codebook import RuleSet, parse_rule, term_sets
from analysis.corpus import read_corpus
from analysis.errors import InputError
from analysis.evidence import (
    Matcher,
    check_unit,
    concordance,
    concordance_page,
    evidence_table,
    find,
    joined,
    marked,
    sentences_page,
    spread_sample,
    table_page,
    unit_of_sentence,
)
from analysis.tokens import tokenize

HOSTILE = (
    "race <script>alert('1')</script> <img src=x onerror=\"a\"> \x1b[2J \u202e \x00 &amp; race"
)


def rule_set(rules, exceptions=()) -> RuleSet:
    return RuleSet("set", tuple(map(parse_rule, rules)), tuple(map(parse_rule, exceptions)))


def naive_matches(tokens, rules, exceptions=()) -> list[tuple[int, int, int]]:
    """(first, last, rule) by the naive matcher, sentence by sentence."""
    rows = []
    for first, end in zip(tokens.sentence_start, tokens.sentence_start[1:], strict=False):
        sentence = [tokens.vocabulary[number] for number in tokens.ids[first:end]]
        found = naive.matches(rules, exceptions, sentence)
        rows += [(int(first) + a, int(first) + b, n) for a, b, n in found]
    return rows


def matches(tokens, rules, exceptions=()) -> list[tuple[int, int, int]]:
    rows = Matcher(tokens).matches(rule_set(rules, exceptions))
    return [tuple(row) for row in rows.tolist()]


# --- which matches ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rules", "exceptions", "expected"),
    [
        ("the race, the races", ["race"], [], ["race: race"]),
        ("Gap gaps gap's", ["gap*"], [], ["gap*: Gap", "gap*: gaps", "gap*: gap's"]),
        ("US told us", ["us"], [], ["us: US", "us: us"]),
        ("US told us", ["US"], [], ["US: US"]),
        ("Regulator regulates", ["Regulat*"], [], ["Regulat*: Regulator"]),
        ("self-reliance, self reliance", ["self-reliance"], [], ["self-reliance: self-reliance", "self-reliance: self reliance"]),
        ("narrow gap", ["narrow ~1 gap"], [], ["narrow ~1 gap: narrow gap"]),
        ("narrow the gap", ["narrow ~1 gap"], [], ["narrow ~1 gap: narrow the gap"]),
        ("narrow the big gap", ["narrow ~1 gap"], [], []),
        ("narrow the gap", ["narrow gap"], [], []),
        ("we catch up with it", ["catch", "catch up", "up with it"], [], ["catch: catch", "up with it: up with it"]),
        ("a b c", ["b c", "a b"], [], ["a b: a b"]),
        ("US", ["us", "US"], [], ["us: US"]),
        ("a a a", ["a a"], [], ["a a: a a"]),
        ("a x a x a", ["a ~1 a"], [], ["a ~1 a: a x a"]),
        ("race condition, race", ["race"], ["race condition"], ["race: race"]),
        ("the race condition", ["the race"], ["race condition"], ["the race: the race"]),
        ("arms race", ["arms race"], ["race"], ["arms race: arms race"]),
        ("arms race", ["arms race", "race"], ["arms race"], []),
        ("a b c d", ["b c", "c d"], ["a b c"], ["c d: c d"]),
        ("Mind the gap. China leads.", ["gap China", "gap ~5 leads"], [], []),
        ("the gap\nChina leads", ["gap China"], [], []),
        ("chinas inchina", ["china"], [], []),
    ],
)  # fmt: skip
def test_match(corpus_of, text, rules, exceptions, expected):
    """Longest, then earliest, then first written; never in an exception or across a sentence."""
    tokens = tokenize(corpus_of(text))
    found = find(tokens, {"set": rule_set(rules, exceptions)})
    table = evidence_table(tokens, found, "sentence")
    assert [f"{row.rule}: {row.text}" for row in table.itertuples()] == expected
    assert matches(tokens, rules, exceptions) == naive_matches(tokens, rules, exceptions)


def test_random_rules_match_as_the_naive_matcher(corpus_of):
    """300 random sets of rules and exceptions over 80 random lines: the very same matches."""
    rng = random.Random(2026)
    words = ["race", "Race", "races", "gap", "US", "us"]
    patterns = [*words, "rac*", "Rac*", "*s", "g*p", "*a*", "u*", "gap-us"]
    lines = [" ".join(rng.choices(words, k=rng.randint(1, 9))) for _ in range(80)]
    tokens = tokenize(corpus_of("\n".join(lines), ". The ".join(lines)))

    def rule() -> str:
        text = rng.choice(patterns)
        for _ in range(rng.choice((0, 1, 1, 2))):
            text += rng.choice((" ", " ", " ~1 ", " ~2 ", " ~3 ")) + rng.choice(patterns)
        return text

    total = 0
    for _ in range(300):
        rules = [rule() for _ in range(rng.randint(1, 4))]
        exceptions = [rule() for _ in range(rng.choice((0, 0, 1, 2)))]
        expected = naive_matches(tokens, rules, exceptions)
        assert (rules, exceptions, matches(tokens, rules, exceptions)) == (
            rules,
            exceptions,
            expected,
        )
        total += len(expected)
    assert total > 10_000


@pytest.mark.parametrize("kind", ["frames", "actors", "terms"])
def test_codebook_matches_as_the_naive_matcher(tokens, codebook, kind):
    """Every set of the bundled codebook finds in the five texts what the naive matcher finds."""
    for rules in getattr(codebook, kind).values():
        texts = [rule.text for rule in rules.rules], [rule.text for rule in rules.exceptions]
        found = [tuple(row) for row in Matcher(tokens).matches(rules).tolist()]
        assert found == naive_matches(tokens, *texts)


def test_rule_in_another_normalisation(corpus_of):
    """A rule written with e + accent finds the text's é, as texts are read as NFC."""
    tokens = tokenize(corpus_of("Le caf\u00e9"))
    assert len(find(tokens, term_sets(["cafe\u0301"], {}))) == 1


def test_no_match_and_no_set(corpus_of):
    """Nothing found and nothing asked give an evidence table with its columns and no row."""
    tokens = tokenize(corpus_of("text"))
    columns = ["frame", "rule", "document", "unit", "start", "end", "text", "sentence"]
    for sets in ({}, term_sets(["absent", "absent too"], {})):
        table = evidence_table(tokens, find(tokens, sets), "sentence")
        assert (list(table), len(table)) == (columns, 0)


# --- where they stand ------------------------------------------------------------------------------


def test_offsets_give_the_match(tokens, codebook):
    """text[start:end] is a match of the rule from its first to its last word, in its sentence."""
    table = evidence_table(tokens, find(tokens, codebook.frames), "sentence")
    texts = dict(zip(tokens.corpus.documents["id"], tokens.corpus.texts, strict=True))
    for row in table.itertuples():
        assert texts[row.document][row.start : row.end] == row.text in row.sentence
        words = [naive.normal(word) for word in naive.words(row.text)]
        assert (0, len(words) - 1) in naive.spans(row.rule, words)


@pytest.mark.parametrize(
    ("unit", "numbers"),
    [
        ("sentence", [1, 2, 3, 4, 1]),
        ("paragraph", [1, 1, 2, 2, 1]),
        ("document", [1, 1, 1, 1, 1]),
    ],
)
def test_units_are_numbered_within_a_document(corpus_of, unit, numbers):
    """Units count from 1 in each document; a document or line without a word has none."""
    tokens = tokenize(corpus_of("A race. No race.\n\n \nThe race. Go race.", "—", "My race."))
    table = evidence_table(tokens, find(tokens, term_sets(["race"], {})), unit)
    assert table["unit"].tolist() == numbers
    assert table["document"].tolist() == ["d0"] * 4 + ["d2"]


@pytest.mark.parametrize(
    ("unit", "count"), [("sentence", 381), ("paragraph", 160), ("document", 5)]
)
def test_units_of_the_five_texts(tokens, unit, count):
    """381 sentences in 160 lines that hold a word, in five documents."""
    units = unit_of_sentence(tokens, unit)
    lines = sum(bool(naive.words(line)) for t in tokens.corpus.texts for line in t.splitlines())
    assert units.max() + 1 == len(np.unique(units)) == count
    assert unit != "paragraph" or count == lines - len(tokens.corpus.excluded)


def test_unknown_unit():
    """An unknown unit is named with those there are."""
    with pytest.raises(InputError, match="unknown unit: 'word'; allowed: sentence, paragraph, doc"):
        check_unit("word")


def test_order_of_documents_is_irrelevant(seeds, codebook, tmp_path):
    """The same texts under ids in the opposite order give the same evidence."""
    columns = ["frame", "rule", "start", "end", "text"]

    def evidence(texts):
        for number, text in enumerate(texts):
            (tmp_path / f"{number}.txt").write_bytes(text.encode())
        tokens = tokenize(read_corpus(tmp_path))
        table = evidence_table(tokens, find(tokens, codebook.frames), "sentence")
        return sorted(table[columns].itertuples(index=False, name=None))

    assert evidence(seeds.texts) == evidence(reversed(seeds.texts))


# --- how they are shown ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "left", "right"),
    [
        ("all before race all after", "before ", " all af"),
        ("before\nrace\nafter", "", ""),
        ("before\n\n race \nafter", " ", " "),
        ("race", "", ""),
    ],
)
def test_concordance_stays_in_its_line(corpus_of, text, left, right):
    """Seven characters on each side of the match, but nothing of another line."""
    tokens = tokenize(corpus_of(text))
    lines = concordance(tokens, find(tokens, term_sets(["race"], {})), width=7)
    assert lines.to_numpy().tolist() == [["d0", left, "race", right]]


@pytest.mark.parametrize(
    ("sentence", "spans", "expected"),
    [
        ("a race on", [(2, 6)], "a <mark>race</mark> on"),
        ("a b c", [(4, 5), (0, 1)], "<mark>a</mark> b <mark>c</mark>"),
        ("a b c", [(0, 3), (2, 5)], "<mark>a b</mark> c"),
        ("<b>&\"'", [(1, 2)], "&lt;<mark>b</mark>&gt;&amp;&quot;&#x27;"),
        ("\x1b\u202e", [], "\\x1b\\u202e"),
    ],
)
def test_marked(sentence, spans, expected):
    """Matches are marked once, everything else is escaped, invisible characters are written out."""
    assert marked(sentence, spans) == expected


@pytest.mark.parametrize("kind", ["sentences", "concordance", "table"])
def test_page_shows_text_and_does_nothing(tmp_path, kind):
    """Script, handlers, control and bidirectional characters of a text or an id stay text."""
    import json

    file = tmp_path / "c.jsonl"
    file.write_text(json.dumps({"id": f"<script>{HOSTILE}", "text": HOSTILE}))
    tokens = tokenize(read_corpus(file))
    name = "<script>\u202e"
    found = find(tokens, {name: rule_set(["race"])})
    lines = concordance(tokens, found, width=200)
    page = {
        "sentences": lambda: sentences_page(tokens, found, name, most=9, rng=None),
        "concordance": lambda: concordance_page(lines, len(lines)),
        "table": lambda: table_page(lines.rename(columns={"left": name})),
    }[kind]()
    assert "&lt;script&gt;" in page.html
    assert not [tag for tag in ("<script", "<img", "\x1b", "\u202e", "\x00") if tag in page.html]
    assert page.html.isprintable() and page.text.replace("\n", "").isprintable()


def test_pages_count_what_they_leave_out(tokens, codebook):
    """A page says how many it shows of how many."""
    found = find(tokens, codebook.terms)
    rng = np.random.default_rng(1)
    sentences = found.loc[found["name"] == "race", "sentence"].nunique()
    page = sentences_page(tokens, found, "race", most=3, rng=rng)
    assert page.text.startswith(f"race: 3 of {sentences} sentences (drawn at random)\n- ")
    assert page.html.count("<li>") == 3
    lines = concordance(tokens, spread_sample(found, 4, rng))
    assert concordance_page(lines, len(found)).text.startswith(f"4 of {len(found)} matches (drawn")
    assert joined([table_page(lines, most=1), page]).text.count("3 more rows not shown") == 1


def test_spread_sample_keeps_order(tokens, codebook):
    """A sample is of the asked size, without repetition and in the old order."""
    found = find(tokens, codebook.terms)
    drawn = spread_sample(found, 20, np.random.default_rng(1)).index
    assert (len(drawn), drawn.is_unique, drawn.is_monotonic_increasing) == (20, True, True)
