"""Matches: equal to a naive matcher, at the right places, and safe to show."""

import random

import naive
import numpy as np
import pandas as pd
import pytest
import reading
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import matches, rule_set

import analysis.rules.evidence
from analysis.errors import InputError
from analysis.report.pages import (
    _marked,
    concordance_page,
    concordance_pages,
    sentence_pages,
    table_page,
)
from analysis.rules.codebook import term_sets
from analysis.rules.evidence import check_unit, concordance, evidence_table, find, units_of
from analysis.tokens import tokenize

HOSTILE = "race <script>alert('1')</script> <img onerror=\"a\"> \x1b[2J \u202e \x07 &amp; race"


def naive_matcher(tokens) -> naive.Matcher:
    return naive.Matcher(reading.sentence_forms(tokens))


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
    table = evidence_table(found, "sentence")
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


PATTERNS = [
    "race",
    "Race",
    "rac*",
    "Rac*",
    "*s",
    "g*p",
    "*a*",
    "US",
    "us",
    "u*",
    "gap-us",
    "É*",
    "é",
]
WORDS = ["race", "Race", "races", "gap", "US", "us", "Us", "U.S.", "É", "é", "race's", "x"]
SENTENCES = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=7), max_size=4)
DOCUMENTS = st.lists(SENTENCES, min_size=1, max_size=5)


@st.composite
def rules(draw, fewest: int):
    """Up to three rules of one to three words, with gaps of up to three words."""

    def rule() -> str:
        words = draw(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3))
        gaps = [draw(st.sampled_from([" ", " ", " ~1 ", " ~3 "])) for _ in words[1:]]
        return words[0] + "".join(map("".join, zip(gaps, words[1:], strict=True)))

    return [rule() for _ in range(draw(st.integers(fewest, 3)))]


@settings(max_examples=100, derandomize=True, deadline=None, database=None,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(DOCUMENTS, st.lists(st.tuples(rules(1), rules(0)), min_size=1, max_size=3), st.booleans())
def test_any_rules_match_as_the_naive_matcher(in_blocks, documents, sets, cut):
    """Several sets at once over any documents, in one block or in one a document: the same matches,
    counts per document, per rule and of sentences."""
    texts = ["\n".join(map(" ".join, document)) for document in [*documents, [["end"]]]]
    texts = [text if text.strip() else "." for text in texts]  # a blank text is no document
    rows = [{"id": f"d{n}", "text": text} for n, text in enumerate(texts)]
    tokens = in_blocks(rows, (0, 1) if cut else (10**9, 10**9))
    reference = naive_matcher(tokens)
    wanted = [reference.matches(*one) for one in sets]
    named = {f"s{n}": rule_set(*one) for n, one in enumerate(sets)}
    assert [matches(tokens, one) for one in named.values()] == wanted
    found = find(tokens, named, keep=10**6)
    columns = [found.of(name) for name in named]
    kept = [list(zip(c["first"], c["last"], strict=True)) for c in columns]
    assert kept == [[(first, last) for first, last, _ in one] for one in wanted]
    document = np.searchsorted(
        tokens.document_start, [r[0] for one in wanted for r in one], "right"
    )
    assert found.counts.sum(axis=1).tolist() == np.bincount(document, minlength=len(texts) + 1)[1:].tolist()  # fmt: skip
    for one, counts, n_sentences in zip(wanted, found.rule_counts, found.n_sentences, strict=True):
        assert counts.tolist() == [sum(r == n for *_, r in one) for n in range(len(counts))]
        assert n_sentences == len({reference.sentence[first] for first, *_ in one})


def test_a_question_asked_again_has_the_same_answer(in_blocks, codebook):
    """Words that were looked up before have the same counts and matches."""
    rows = [
        {"id": str(n), "text": text} for n, text in enumerate(["The AI race. No race", "A gap"])
    ]
    tokens = in_blocks(rows)
    first, other = (find(tokens, codebook.terms | term_sets(["race", "a*"], {})) for _ in range(2))
    assert (first.counts != other.counts).nnz == 0
    pd.testing.assert_frame_equal(first.kept, other.kept)


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
    table = evidence_table(find(tokens, sets), "sentence")
    columns = ["frame", "rule", "document", "unit", "start", "end", "text", "sentence"]
    assert (list(table), len(table)) == (columns, 0)


# --- where they stand ------------------------------------------------------------------------------


def test_offsets_give_the_match(tokens, codebook):
    """text[start:end] is a match of the rule from its first to its last word, in its sentence."""
    table = evidence_table(find(tokens, codebook.terms), "sentence")
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
    table = evidence_table(find(tokens, term_sets(["race"], {})), unit)
    assert table["unit"].tolist() == numbers
    assert table["document"].tolist() == ["d0"] * 4 + ["d2"]


@pytest.mark.parametrize(
    ("unit", "numbers"),
    [("sentence", [0, 1, 2]), ("paragraph", [0, 0, 1]), ("document", [0, 0, 1])],
)
def test_units_end_with_their_document(corpus_of, unit, numbers):
    """The only line of one document is another unit than the only line of the next."""
    (block,) = tokenize(corpus_of("One. Two.", "Three.")).blocks()
    assert units_of(block, unit).tolist() == numbers


def test_unknown_unit():
    """An unknown unit is named with those there are."""
    with pytest.raises(InputError, match="unknown unit: 'word'; allowed: sentence, paragraph, doc"):
        check_unit("word")


def test_order_of_documents_is_irrelevant(seeds, codebook, corpus_of):
    """The same texts in the opposite order give the same evidence."""

    def evidence(texts):
        tokens = tokenize(corpus_of(*texts))
        table = evidence_table(find(tokens, codebook.terms), "sentence")
        return sorted(table[["frame", "rule", "start", "text", "sentence"]].itertuples(index=False))

    assert evidence(seeds.texts) == evidence(reversed(list(seeds.texts)))


# --- what is kept for reading ------------------------------------------------------------------------

RACES = [{"id": f"d{n:02}", "text": f"Race {n} on. " * (n % 5 + 1)} for n in range(40)]
RULES = {"race": rule_set(["race", "on"]), "on": rule_set(["on"])}
COLUMNS = ["frame", "rule", "document", "start", "end"]


def sample(tokens, keep: int, seed: int = 1) -> pd.DataFrame:
    return evidence_table(find(tokens, RULES, keep=keep, random_seed=seed), "sentence")


@pytest.mark.parametrize(("keep", "kept"), [(0, 0), (7, 7), (119, 119), (120, 120), (10**6, 120)])
def test_of_each_rule_so_many_are_kept_and_all_are_counted(in_blocks, keep, kept):
    """Each of three rules matches 120 times; `keep` bounds what is kept of it, not what is counted."""
    found = find(in_blocks(RACES), RULES, keep=keep)
    assert found.totals.tolist() == [240, 120]
    assert [counts.tolist() for counts in found.rule_counts] == [[120, 120], [120]]
    assert found.n_sentences.tolist() == [120, 120]
    assert found.kept.groupby(["name", "rule"]).size().tolist() == [kept] * 3 * bool(kept)


@pytest.mark.parametrize("min_to_downsample", [0, 200_000])
def test_the_sample_owes_nothing_to_blocks_order_or_memory(
    in_blocks, monkeypatch, min_to_downsample
):
    """The same matches are kept in one block, in forty, from a file the other way round, and
    however often the surplus is dropped on the way."""
    whole = sample(in_blocks(RACES), 7)
    monkeypatch.setattr(analysis.rules.evidence, "_MIN_TO_DOWNSAMPLE", min_to_downsample)
    for rows, cut in [(RACES, (0, 1)), (RACES, (100, 300)), (RACES[::-1], (0, 1))]:
        pd.testing.assert_frame_equal(whole, sample(in_blocks(rows, cut), 7))


def test_another_seed_keeps_others(in_blocks):
    """Two seeds keep different matches, both in the order of the texts."""
    tokens = in_blocks(RACES)
    one, other = (sample(tokens, 7, seed)[COLUMNS] for seed in (1, 2))
    assert not one.equals(other)
    for table in (one, other):
        assert table.equals(table.sort_values(["frame", "document", "start"], key=rank))


def rank(values: pd.Series) -> pd.Series:
    """Frames in the order they were asked for, everything else as it is."""
    return values.map({"race": 0, "on": 1}) if values.name == "frame" else values


def test_every_match_is_as_likely_to_be_kept(in_blocks):
    """Over 200 seeds a fifth of 60 matches is kept: each between 20 and 62 times, 40 on average."""
    tokens = in_blocks(
        [{"id": f"d{n}", "text": f"Text {n}: race. " + "Race. " * 11} for n in range(5)]
    )
    firsts = [find(tokens, {"r": rule_set(["race"])}, keep=12, random_seed=n).kept["first"] for n in range(200)]  # fmt: skip
    counts = pd.concat(firsts).value_counts()
    assert (len(counts), counts.mean()) == (60, 40)
    assert 20 <= counts.min() <= counts.max() <= 62


# --- how they are shown ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "left", "right"),
    [
        ("all before race all after", "before ", " all af"),
        ("before\nrace\nafter", "", ""),
        ("before\n\n race \nafter", "", ""),
    ],
)
def test_concordance_stays_in_its_line(corpus_of, text, left, right):
    """Seven bytes on each side of the match, but nothing of another line, nor the blanks at its ends."""
    tokens = tokenize(corpus_of(text))
    lines = concordance(tokens, rule_set(["race"]), width=7)
    assert lines.to_numpy().tolist() == [["d0", left, "race", right]]


ODD = [
    "race",
    "RACE’s",
    "U.S.",
    "U.S.’s",
    "ráce",
    "e\u0301",
    "人工",
    " ",
    "\u2003",
    ". ",
    "\n",
    "\u2028",
    "(",
    "race." * 12,
]


def test_concordance_shows_whole_tokens(corpus_of):
    """A match is its token as it is written: possessive, dotted, quoted, or with a sign behind it."""
    texts = (
        "China's gap, China’s, ‘China’ (China); CHINA'S.",
        "U.S. U.S.’s US's US-led 'US' China",
    )
    lines = concordance(tokenize(corpus_of(*texts)), rule_set(["china", "US"]), width=3)
    assert lines["match"].tolist() == [
        "China's", "China’s", "China", "China", "CHINA'S", "U.S.", "U.S.’s", "US's", "US", "US", "China",
    ]  # fmt: skip


@settings(max_examples=80, derandomize=True, deadline=None, database=None,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(st.lists(st.lists(st.sampled_from(ODD), max_size=9).map("".join), min_size=1, max_size=4))
def test_concordance_shows_every_match_in_its_line(in_blocks, texts):
    """Left, match and right of each match in turn stand so in the text, inside one line, and the
    match is that of the evidence; of a side wider than the line all of the sentence is there."""
    tokens = in_blocks([{"id": f"d{n}", "text": f"Race {text}"} for n, text in enumerate(texts)])
    rules = rule_set(["rac*", "us", "é ~2 race", "ráce"])
    table = concordance(tokens, rules, width=9)
    evidence = evidence_table(find(tokens, {"r": rules}, keep=10**6), "sentence")
    assert table["match"].tolist() == evidence["text"].tolist()
    content = dict(zip(tokens.corpus.documents["id"], tokens.corpus.texts, strict=True))
    rows = zip(table.itertuples(), evidence.itertuples(), strict=True)
    for (_, document, left, match, right), row in rows:
        text = content[document]
        assert text[row.start - len(left) : row.end + len(right)] == left + match + right
        assert len((left + match + right).splitlines()) == 1
        assert max(len(left.encode()), len(right.encode())) <= 9


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
    assert _marked(sentence, spans) == expected


@pytest.mark.parametrize(
    "show",
    [
        lambda found, name: sentence_pages(found, [name], most=9, random_seed=1),
        lambda found, name: concordance_page(found, most=9, random_seed=1),
        lambda found, name: concordance_pages(found, most=9, random_seed=1),
        lambda found, name: table_page(concordance(found.tokens, rule_set(["race"])).assign(**{name: name})),
    ],
    ids=["sentences", "one concordance", "concordances", "table"],
)  # fmt: skip
def test_page_shows_text_and_does_nothing(corpus_of, show):
    """Script, handlers, control and bidirectional characters of a text, an id or a name stay text."""
    tokens = tokenize(corpus_of(HOSTILE, id=[HOSTILE]))
    name = "<script>\u202e"
    page = show(find(tokens, {name: rule_set(["race"])}), name)
    assert [bad for bad in ("<script", "<img", "\x1b", "\u202e", "\x07") if bad in page.html] == []
    assert page.html.count("&lt;script&gt;") >= 2
    assert page.text.replace("\n", "").isprintable()


def test_pages_count_what_they_leave_out(tokens, codebook):
    """A page says how many it shows of how many: the term group race has 45 sentences."""
    found = find(tokens, codebook.terms)
    page = sentence_pages(found, ["race"], most=3, random_seed=1)
    assert page.text.startswith("race: 3 of 45 sentences (drawn at random)\n- ")
    assert page.html.count("<li>") == 3
    assert table_page(found.kept.head(5), most=2).text.endswith("\n3 more rows not shown")


def test_many_overlaps_take_linear_time(corpus_of):
    """Forty thousand places where two rules overlap are settled at once, the longer rule kept."""
    tokens = tokenize(corpus_of("the arms race goes. " * 40_000))
    found = find(tokens, {"race": rule_set(["race", "arms race"])})
    assert found.rule_counts[0].to_dict() == {"race": 0, "arms race": 40_000}
