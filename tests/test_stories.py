"""Stories: one document of each counts, the earliest, and syndication cannot fake a trend."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis.corpus import read_corpus
from analysis.errors import InputError
from analysis.report.counts import describe_stories
from analysis.rules.codebook import term_sets
from analysis.rules.evidence import concordance, evidence_table, find
from analysis.tables import stories
from analysis.tables.framing import code_units, frames_by_story, keyness_table, story_frames_told
from analysis.tables.overview import collocation_table, document_table, vocabulary_table
from analysis.tables.trends import movers, story_trends_told, trend_table, trends_by_story
from analysis.tokens import part_of, tokenize

WIRE = " ".join(f"word{number}" for number in range(60))
EDITED = WIRE.replace("word0 ", "Reuters ")
"""58 three-word sequences, one of which differs: 57 of 59 are shared."""
RACE = term_sets(["race"], {})


def test_three_edited_copies_are_one_story(corpus_of):
    """Three papers print a wire story with small edits: one story, and the others are their own."""
    texts = (WIRE, EDITED, WIRE + " end", "Nothing of the kind.", "Another text.")
    found = stories.stories_of(tokenize(corpus_of(*texts)))
    assert found.found.story.tolist() == [0, 0, 0, 3, 4]
    assert len(found) == 3
    table = stories.duplicate_table(found)
    assert table[["document", "other", "kind"]].to_numpy().tolist() == [
        ["d0", "d1", "near"],
        ["d0", "d2", "near"],
        ["d1", "d2", "near"],
    ]
    assert table["similarity"].tolist() == pytest.approx([57 / 59, 58 / 59, 57 / 60])


@pytest.mark.parametrize(
    ("begins", "pairs"), [((0, 8, 16), [[0, 1], [1, 2]]), ((0, 16, 8), [[0, 2], [1, 2]])]
)
def test_a_chain_is_one_story(corpus_of, begins, pairs):
    """A is like B and B like C: one story, though A and C are no pair, in whichever order."""
    words = [f"w{number}" for number in range(100)]
    texts = [" ".join(words[start : start + 80]) for start in begins]
    found = stories.stories_of(tokenize(corpus_of(*texts)))
    assert (len(found), found.found.pairs.tolist()) == (1, pairs)


@pytest.mark.parametrize(
    ("dates", "kept"),
    [
        (["2024-03-02", "2024-03-01", "2024-03-03"], 1),
        (["2024-03-01", "2024-03-01", "2024-03-01"], 0),
        (["", "", "2024"], 2),
        (["2024", "2024-12", "2024-12-31"], 2),
        (["2024-02", "2024-02-05", "2023"], 2),
        (["", "", ""], 0),
    ],
)
def test_the_earliest_dated_counts(corpus_of, dates, kept):
    """The earliest stands for the story; a month counts from its end, no date is last, then the id."""
    found = stories.stories_of(tokenize(corpus_of(WIRE, WIRE, WIRE, date=dates)))
    assert np.flatnonzero(found.counts).tolist() == [kept]
    assert set(found.representative) == {kept}


def test_excluded_lines_do_not_make_copies(tmp_path):
    """Two texts that share but an excluded line of boilerplate are no copies; case is no difference."""
    (tmp_path / "a.txt").write_text(f"{WIRE}\nParity.", encoding="utf-8")
    (tmp_path / "b.txt").write_text(f"{WIRE}\nTwo.", encoding="utf-8")
    (tmp_path / "c.txt").write_text("PARITY!", encoding="utf-8")
    rule = "rules: [{id: x, sources: ['(none)'], why: boilerplate, line: 'word0 *'}]"
    (tmp_path / "exclusions.yaml").write_text(rule, encoding="utf-8")
    found = stories.stories_of(tokenize(read_corpus(tmp_path)))
    assert found.found.story.tolist() == [0, 1, 0]


# --- counts ------------------------------------------------------------------------------------------


def syndicated(corpus_of):
    """A's story (60 tokens) printed again by B, twice, and by C, who also prints 2 tokens of his own."""
    return tokenize(
        corpus_of(
            WIRE, EDITED, WIRE, WIRE, "The race.",
            source=["A", "B", "B", "C", "C"],
            date=["2024-01", "2024-02", "2024-02", "2024-03", "2024-03"],
        )
    )  # fmt: skip


def test_counts_per_article_and_per_story_by_hand(corpus_of):
    """5 articles are 2 stories; the wire story is credited to A; B printed one story and has none."""
    found = stories.stories_of(syndicated(corpus_of))
    assert stories.story_counts(found, "source").to_numpy().tolist() == [
        ["all", 5, 242, 2, 2, 62],
        ["A", 1, 60, 1, 1, 60],
        ["B", 2, 120, 1, 0, 0],
        ["C", 2, 62, 2, 1, 2],
    ]
    assert describe_stories(found, "stories") == (
        "5 articles are 2 stories: 3 copies hold 74% of the tokens. "
        "One article of each story counts below; 3 are left out."
    )


def test_copies_are_listed(corpus_of):
    """Each left-out article with the one that stands for it."""
    table = stories.copy_table(stories.stories_of(syndicated(corpus_of)))
    assert table["document"].tolist() == ["d1", "d2", "d3"]
    assert set(zip(table["counted"], table["counted_source"], strict=True)) == {("d0", "A")}


def test_without_copies_one_line_says_so(tokens):
    """The five texts are five stories, and counting stories is counting articles."""
    found = stories.stories_of(tokens)
    assert describe_stories(found, "all") == (
        "No article is a copy of another: 5 articles, 5 stories."
    )
    assert stories.duplicate_table(found).empty
    assert stories.counted(found, "stories") is tokens


def test_a_group_of_copies_alone_is_missed_before_anything_runs(corpus_of):
    """B printed copies only: counted by stories, there is no B to compare, and the corpus says so."""
    corpus = syndicated(corpus_of).corpus
    assert set(stories.counted_corpus(corpus, "all").groups("source")) == {"A", "B", "C"}
    assert set(stories.counted_corpus(corpus, "stories").groups("source")) == {"A", "C"}


@pytest.mark.parametrize("unique", ["", "story", "All"])
def test_an_unknown_way_of_counting_is_refused(tokens, unique):
    """Only all and stories are ways of counting."""
    with pytest.raises(InputError, match=r"unknown way of counting: '.*'; allowed: all, stories"):
        stories.counted(stories.stories_of(tokens), unique)


def test_too_many_candidates_are_told_and_not_counted_by(corpus_of, monkeypatch):
    """Where near copies cannot be looked for, exact ones are, it is said, and stories are refused."""
    monkeypatch.setattr(stories, "_MAX_CANDIDATES", 2)
    texts = [f"{WIRE} {number}" for number in range(4)]
    found = stories.stories_of(tokenize(corpus_of(*texts, texts[0])), similarity=0.7)
    assert found.found.story.tolist() == [0, 1, 2, 3, 0]
    assert "Near copies were not looked for: too many" in describe_stories(found, "all")
    with pytest.raises(InputError, match="unique: too many documents share passages"):
        stories.counted(found, "stories")


# --- tokens of some documents ------------------------------------------------------------------------


def made_rows(n: int) -> list[dict]:
    """Documents of made-up sentences, some in lines of their own, some without a word."""
    rng = np.random.default_rng(3)
    words = np.array([f"w{k}" for k in range(40)] + ["race", "Race", "naïve", "US", "us"])
    return [
        {
            "id": f"d{number:03d}",
            "source": "AB"[number % 2],
            "date": f"20{20 + number % 4}",
            "text": ". ".join(
                " ".join(rng.choice(words, rng.integers(1, 9))) for _ in range(rng.integers(1, 6))
            )
            + ".\nA race." * (number % 3)
            if number % 7
            else "…",
        }
        for number in range(n)
    ]


@pytest.mark.parametrize("cut", [(10**9, 10**9), (200, 600)])
def test_part_is_as_a_corpus_of_its_own(in_blocks, tmp_path, cut):
    """Every question gives of some documents what it gives of a corpus that holds no others."""
    rows = made_rows(60)
    inside = np.random.default_rng(5).random(60) < 0.5
    part = part_of(in_blocks(rows, cut), inside)
    file = tmp_path / "own.jsonl"
    kept = [row for row, mine in zip(rows, inside, strict=True) if mine]
    file.write_text("\n".join(map(json.dumps, kept)), encoding="utf-8")
    own = tokenize(read_corpus(file))
    assert (len(part), part.n_sentences) == (len(own), own.n_sentences)
    assert len(list(part.blocks())) > (1 if cut[0] < 1000 else 0)
    rules = term_sets(["race", "US", "w1*", "w2 ~2 w3", "race w*"], {})
    asked = (
        document_table,
        vocabulary_table,
        collocation_table,
        lambda tokens: keyness_table(tokens, "source", prior=500),
        lambda tokens: movers(tokens, period="year", prior=500)[0],
        lambda tokens: evidence_table(find(tokens, rules), "sentence"),
        lambda tokens: concordance(tokens, rules["race"]),
        lambda tokens: trend_table(find(tokens, rules), group="source", resamples=100).table,
    )
    for ask in asked:
        pd.testing.assert_frame_equal(ask(part), ask(own))


def test_the_order_of_documents_is_irrelevant(tmp_path):
    """The same articles listed in another order are the same stories, and the same ones count."""
    rows = [
        {"id": f"{number:02d}", "text": text, "date": f"2024-01-{20 - number:02d}"}
        for number, text in enumerate([WIRE, EDITED, "Own text.", WIRE, "Other text.", EDITED])
    ]
    tables = []
    for name, order in (("one", rows), ("two", rows[::-1])):
        file = tmp_path / f"{name}.jsonl"
        file.write_text("\n".join(map(json.dumps, order)), encoding="utf-8")
        found = stories.stories_of(tokenize(read_corpus(file)))
        tables.append((stories.duplicate_table(found), stories.copy_table(found)))
    for one, two in zip(*tables, strict=True):
        pd.testing.assert_frame_equal(one, two)
    assert set(tables[0][1]["counted"]) == {"05"}


def test_nothing_counted_holds_a_word(corpus_of):
    """Documents without a word are nothing to count."""
    with pytest.raises(InputError, match="no document that counts holds a letter"):
        part_of(tokenize(corpus_of("…", "one")), np.array([True, False]))


# --- trends and frames -------------------------------------------------------------------------------


def faked(corpus_of):
    """`race` once in 20 tokens in 2023 and in 2024; in 2024 one such story is printed four times."""
    other = [f"{name}{n}" for name in "abcdef" for n in range(20)]
    texts = [f"race {' '.join(other[start : start + 19])}" for start in (0, 20)]
    quiet = [" ".join(other[start : start + 20]) for start in (40, 60)]
    return tokenize(
        corpus_of(
            texts[0], quiet[0], *[texts[1]] * 4, quiet[1],
            source=list("AABCDEB"), date=["2023"] * 2 + ["2024"] * 5,
        )
    )  # fmt: skip


def test_syndication_cannot_fake_a_trend(corpus_of):
    """By article race rises from 1 in 40 tokens to 4 in 100; by story it stays at 1 in 40."""
    tokens = faked(corpus_of)
    found = stories.stories_of(tokens)
    part = stories.counted(found, "stories")
    table = trend_table(find(part, RACE), group="source", period="year").table
    every = table[table["group"] == "all"]
    assert every["per_million"].tolist() == [25_000, 25_000]
    assert every["documents"].tolist() == [2, 2]


@pytest.mark.parametrize("unique", ["all", "stories"])
def test_trends_stand_beside_each_other(corpus_of, unique):
    """Whichever is counted, the table has both counts, and the trend that goes flat is named."""
    found = stories.stories_of(faked(corpus_of))
    matches = find(stories.counted(found, unique), RACE)
    table = trends_by_story(matches, RACE, found, group="source", period="year")
    every = table[table["group"] == "all"]
    assert list(table) == [
        "term", "period", "group",
        "articles", "article_tokens", "article_count", "article_per_million",
        "stories", "story_tokens", "story_count", "story_per_million",
    ]  # fmt: skip
    assert every.drop(columns="group").to_numpy().tolist() == [
        ["race", "2023", 2, 40, 1, 25_000, 2, 40, 1, 25_000],
        ["race", "2024", 5, 100, 4, 40_000, 2, 40, 1, 25_000],
    ]
    credited = table[table["group"] == "E"][["articles", "article_count", "stories", "story_count"]]
    assert credited.to_numpy().tolist() == [[1, 1, 0, 0]]
    assert story_trends_told(table) == (
        "Per million tokens, 2023 to 2024: 1 of 1 trends turn when stories are counted. "
        "Changed most:\n"
        "  race rises by article (25,000 → 40,000) and stays by story (25,000 → 25,000)"
    )


def test_trends_without_copies_need_no_table_of_changes(tokens, codebook):
    """Of the five texts every rate is the same by article and by story."""
    found = stories.stories_of(tokens)
    matches = find(tokens, codebook.terms)
    table = trends_by_story(matches, codebook.terms, found, group="source", period="year")
    assert (table["article_count"] == table["story_count"]).all()
    assert story_trends_told(table) == (
        "By story every trend is as by article: no dated article is another's copy."
    )


def test_a_half_without_a_story_has_no_trend(corpus_of):
    """Where all of the later half are copies of the earlier, the trend by story is none."""
    tokens = tokenize(corpus_of(f"race {WIRE}", f"race {WIRE}", date=["2023", "2024"]))
    table = trends_by_story(
        find(tokens, RACE), RACE, stories.stories_of(tokens), group="source", period="year"
    )
    assert "race stays by article (16,393 → 16,393) and has no trend by story (–)" in (
        story_trends_told(table)
    )


@pytest.mark.parametrize("unique", ["all", "stories"])
def test_frames_stand_beside_each_other(corpus_of, codebook, unique):
    """Race in 5 of 7 one-sentence articles and in 2 of 4 stories, as `race` is in the frame's rules."""
    found = stories.stories_of(faked(corpus_of))
    coding = code_units(stories.counted(found, unique), codebook)
    table = frames_by_story(coding, codebook, found, group="source")
    race = table[(table["frame"] == "race") & (table["group"] == "all")]
    assert race.drop(columns=["frame", "group"]).to_numpy().tolist() == [
        [7, 7, 5, 5 / 7, 4, 4, 2, 0.5]
    ]
    assert "race 71.4% by article and 50.0% by story" in story_frames_told(table)


@pytest.mark.parametrize("unique", stories._UNIQUE)
def test_shares_by_story_keep_the_voice(corpus_of, codebook, unique):
    """With the author's voice alone, a race in quotation marks counts for no article and no story."""
    found = stories.stories_of(tokenize(corpus_of(*['"It is a race," she said.'] * 2)))
    choices = {"voice": "author"}
    coding = code_units(stories.counted(found, unique), codebook, **choices)
    table = frames_by_story(coding, codebook, found, group="source", **choices)
    assert table["article_coded"].sum() == table["story_coded"].sum() == 0
