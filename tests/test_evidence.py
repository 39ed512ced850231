"""Matches: equal to a naive matcher, at the right places, and safe to show."""

import random

import naive
import numpy as np
import pytest

from analysis.codebook import RuleSet, parse_rule, term_sets
from analysis.errors import InputError
from analysis.evidence import (
    Matcher,
    check_unit,
    concordance,
    concordance_page,
    evidence_table,
    find,
    marked,
    sentence_pages,
    table_page,
    unit_of_sentence,
)
from analysis.tokens import tokenize

HOSTILE = "race <script>alert('1')</script> <img onerror=\"a\"> \x1b[2J \u202e \x00 &amp; race"


def rule_set(rules, exceptions=()) -> RuleSet:
    return RuleSet("set", tuple(map(parse_rule, rules)), tuple(map(parse_rule, exceptions)))


def matches(tokens, rules: RuleSet) -> list[tuple[int, int, int]]:
    return [tuple(row) for row in Matcher(tokens).matches(rules).tolist()]


def naive_matcher(tokens) -> naive.Matcher:
    forms = np.array(tokens.vocabulary, dtype=object)[tokens.ids]
    return naive.Matcher([part.tolist() for part in np.split(forms, tokens.sentence_start[1:-1])])


# --- which matches ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rules", "exceptions", "expected"),
    [
        ("Gap gaps gap's", ["gap*"], [], ["gap*: Gap", "gap*: gaps", "gap*: gap's"]),
        ("US told us", ["us"], [], ["us: US", "us: us"]),
        ("US told us", ["US"], [], ["US: US"]),
        ("Regulator regulates", ["Regulat*"], [], ["Regulat*: Regulator"]),
        ("chinas inchina", ["china"], [], []),
        ("a-b, a b", ["a-b"], [], ["a-b: a-b", "a-b: a b"]),
        ("narrow gap", ["narrow ~1 gap"], [], ["narrow ~1 gap: narrow gap"]),
        ("narrow the gap", ["narrow ~1 gap"], [], ["narrow ~1 gap: narrow the gap"]),
        ("narrow the big gap", ["narrow ~1 gap", "big narrow"], [], []),
        ("catch up with it", ["catch", "catch up", "up with it"], [], ["catch: catch", "up with it: up with it"]),
        ("a b c", ["b c", "a b"], [], ["a b: a b"]),
        ("US", ["us", "US"], [], ["us: US"]),
        ("a a a", ["a a"], [], ["a a: a a"]),
        ("race condition, race", ["race"], ["race condition"], ["race: race"]),
        ("the race condition", ["the race"], ["race condition"], ["the race: the race"]),
        ("arms race", ["arms race"], ["race"], ["arms race: arms race"]),
        ("arms race", ["arms race", "race"], ["arms race"], []),
        ("a b c d", ["b c", "c d"], ["a b c"], ["c d: c d"]),
        ("Mind the gap. China leads.", ["gap China", "gap ~5 leads"], [], []),
        ("the gap\nChina leads", ["gap China"], [], []),
    ],
)  # fmt: skip
def test_match(corpus_of, text, rules, exceptions, expected):
    """Longest, then earliest, then first written; never in an exception or across a sentence."""
    tokens = tokenize(corpus_of(text))
    found = find(tokens, {"set": rule_set(rules, exceptions)})
    table = evidence_table(tokens, found, "sentence")
    assert [f"{row.rule}: {row.text}" for row in table.itertuples()] == expected


def test_random_rules_match_as_the_naive_matcher(corpus_of):
    """300 random sets of rules and exceptions over random sentences: the very same matches."""
    rng = random.Random(2026)
    words = ["race", "Race", "races", "gap", "US", "us"]
    patterns = [*words, "rac*", "Rac*", "*s", "g*p", "*a*", "u*", "gap-us"]
    lines = [" ".join(rng.choices(words, k=rng.randint(1, 9))) for _ in range(30)]
    tokens = tokenize(corpus_of("\n".join(lines), ". The ".join(lines)))
    reference = naive_matcher(tokens)

    def rule() -> str:
        gaps = rng.choices((" ", " ", " ~1 ", " ~2 ", " ~3 "), k=rng.choice((0, 1, 1, 2)))
        return rng.choice(patterns) + "".join(gap + rng.choice(patterns) for gap in gaps)

    for _ in range(300):
        rules = [rule() for _ in range(rng.randint(1, 4))]
        exceptions = [rule() for _ in range(rng.choice((0, 0, 1, 2)))]
        found = matches(tokens, rule_set(rules, exceptions))
        assert (rules, exceptions, found) == (
            rules,
            exceptions,
            reference.matches(rules, exceptions),
        )


def test_codebook_matches_as_the_naive_matcher(tokens, codebook):
    """Every set of the bundled codebook finds in the five texts what the naive matcher finds."""
    reference = naive_matcher(tokens)
    sets = [*codebook.frames.values(), *codebook.actors.values(), *codebook.terms.values()]
    for rules in sets:
        texts = ([rule.text for rule in part] for part in (rules.rules, rules.exceptions))
        assert (rules.name, matches(tokens, rules)) == (rules.name, reference.matches(*texts))


@pytest.mark.parametrize("sets", [{}, term_sets(["absent", "absent ~2 too"], {})])
def test_no_match(corpus_of, sets):
    """Nothing asked or nothing found gives an evidence table with its columns and no row."""
    tokens = tokenize(corpus_of("text"))
    table = evidence_table(tokens, find(tokens, sets), "sentence")
    columns = ["frame", "rule", "document", "unit", "start", "end", "text", "sentence"]
    assert (list(table), len(table)) == (columns, 0)


# --- where they stand ------------------------------------------------------------------------------


def test_offsets_give_the_match(tokens, codebook):
    """text[start:end] is a match of the rule from its first to its last word, in its sentence."""
    table = evidence_table(tokens, find(tokens, codebook.terms), "sentence")
    texts = dict(zip(tokens.corpus.documents["id"], tokens.corpus.texts, strict=True))
    for row in table.itertuples():
        assert texts[row.document][row.start : row.end] == row.text
        assert row.text in row.sentence
        words = [naive.normal(word) for word in naive.words(row.text)]
        assert (0, len(words) - 1) in naive.Matcher([words]).spans(row.rule)


@pytest.mark.parametrize(
    ("unit", "numbers"),
    [("sentence", [1, 2, 3, 4, 1]), ("paragraph", [1, 1, 2, 2, 1]), ("document", [1, 1, 1, 1, 1])],
)
def test_units_are_numbered_within_a_document(corpus_of, unit, numbers):
    """Units count from 1 in each document; a document or line without a word has none."""
    tokens = tokenize(corpus_of("A race. No race.\n\n \nThe race. Go race.", "—", "My race."))
    table = evidence_table(tokens, find(tokens, term_sets(["race"], {})), unit)
    assert table["unit"].tolist() == numbers
    assert table["document"].tolist() == ["d0"] * 4 + ["d2"]


@pytest.mark.parametrize(
    ("unit", "numbers"),
    [("sentence", [0, 1, 2]), ("paragraph", [0, 0, 1]), ("document", [0, 0, 1])],
)
def test_units_end_with_their_document(corpus_of, unit, numbers):
    """The only line of one document is another unit than the only line of the next."""
    assert unit_of_sentence(tokenize(corpus_of("One. Two.", "Three.")), unit).tolist() == numbers


def test_unknown_unit():
    """An unknown unit is named with those there are."""
    with pytest.raises(InputError, match="unknown unit: 'word'; allowed: sentence, paragraph, doc"):
        check_unit("word")


def test_order_of_documents_is_irrelevant(seeds, codebook, corpus_of):
    """The same texts in the opposite order give the same evidence."""

    def evidence(texts):
        tokens = tokenize(corpus_of(*texts))
        table = evidence_table(tokens, find(tokens, codebook.terms), "sentence")
        return sorted(table[["frame", "rule", "start", "text", "sentence"]].itertuples(index=False))

    assert evidence(seeds.texts) == evidence(reversed(seeds.texts))


# --- how they are shown ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "left", "right"),
    [
        ("all before race all after", "before ", " all af"),
        ("before\nrace\nafter", "", ""),
        ("before\n\n race \nafter", " ", " "),
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
        ("a b c", [(4, 5), (0, 1)], "<mark>a</mark> b <mark>c</mark>"),
        ("a b c", [(0, 3), (2, 5)], "<mark>a b</mark> c"),
        ("<b>&\"'", [(1, 2)], "&lt;<mark>b</mark>&gt;&amp;&quot;&#x27;"),
        ("\x1b\u202e", [], "\\x1b\\u202e"),
    ],
)
def test_marked(sentence, spans, expected):
    """Matches are marked once, everything else is escaped, invisible characters are written out."""
    assert marked(sentence, spans) == expected


@pytest.mark.parametrize(
    "show",
    [
        lambda tokens, found, name: sentence_pages(tokens, found, [name], most=9, random_seed=1),
        lambda tokens, found, name: concordance_page(tokens, found, most=9, random_seed=1, label=name),
        lambda tokens, found, name: table_page(concordance(tokens, found).assign(**{name: name})),
    ],
    ids=["sentences", "concordance", "table"],
)  # fmt: skip
def test_page_shows_text_and_does_nothing(corpus_of, show):
    """Script, handlers, control and bidirectional characters of a text, an id or a name stay text."""
    tokens = tokenize(corpus_of(HOSTILE, id=[HOSTILE]))
    name = "<script>\u202e"
    page = show(tokens, find(tokens, {name: rule_set(["race"])}), name)
    assert [bad for bad in ("<script", "<img", "\x1b", "\u202e", "\x00") if bad in page.html] == []
    assert page.html.count("&lt;script&gt;") >= 2
    assert page.text.replace("\n", "").isprintable()


def test_pages_count_what_they_leave_out(tokens, codebook):
    """A page says how many it shows of how many: the term group race has 45 sentences."""
    found = find(tokens, codebook.terms)
    page = sentence_pages(tokens, found, ["race"], most=3, random_seed=1)
    assert page.text.startswith("race: 3 of 45 sentences (drawn at random)\n- ")
    assert page.html.count("<li>") == 3
    assert table_page(found.head(5), most=2).text.endswith("\n3 more rows not shown")


def test_many_overlaps_take_linear_time(corpus_of):
    """Forty thousand places where two rules overlap are settled at once, the longer rule kept."""
    tokens = tokenize(corpus_of("the arms race goes. " * 40_000))
    found = find(tokens, {"race": RuleSet("race", (parse_rule("race"), parse_rule("arms race")))})
    assert (len(found), set(found["rule"])) == (40_000, {"arms race"})
