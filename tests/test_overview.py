"""Documents, vocabulary, collocations, growth and overlap, counted by hand and held to each other."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import reading
from nltk import BigramAssocMeasures, BigramCollocationFinder, FreqDist

from analysis import plots
from analysis.language.words import folded
from analysis.report import corpus as report_corpus
from analysis.tables import overview
from analysis.tokens import tokenize

CATS = ("The cat sat. The cat ran.\nA dog.", "A dog ran.")
CONTRACTS = {
    overview.document_table: "document title source date language tokens types sentences paragraphs"
    " characters excluded_lines mattr mtld hdd",
    overview.vocabulary_table: "token count documents per_million dp",
    overview.collocation_table: "collocation count expected g2 pmi",
}


@pytest.fixture
def cats(corpus_of):
    """Eight tokens in three sentences on two lines, and three tokens."""
    return tokenize(corpus_of(*CATS, source=["A", "B"], date=["2024", "2023-05"]))


@pytest.mark.parametrize(
    ("table", "columns"), CONTRACTS.items(), ids=["documents", "vocabulary", "collocations"]
)
def test_columns_are_those_of_the_contract(tokens, table, columns):
    """What stands in design.md comes first, in that order."""
    names = columns.split()
    assert list(table(tokens))[: len(names)] == names


def test_reading_account_adds_up(seeds):
    """Lines kept and lines excluded are the lines of the five texts."""
    account = overview.reading_account(seeds).set_index("what")["count"]
    assert account["documents read"] == account["documents with a date"] == 5
    assert account["lines kept"] + account["lines excluded by a rule"] == account["lines of text"]
    assert account["lines excluded by a rule"] == len(seeds.excluded) > 0


def test_document_table_by_hand(cats):
    """The counts of the two small texts; a window of 50 tokens fits in neither."""
    table = overview.document_table(cats)
    columns = ["tokens", "types", "sentences", "paragraphs", "characters", "excluded_lines"]
    assert table[columns].to_numpy().tolist() == [[8, 6, 3, 2, 32, 0], [3, 3, 1, 1, 10, 0]]
    assert table[["mattr", "hdd"]].isna().all(axis=None)


def test_vocabulary_table_by_hand(cats):
    """'cat' 2 of 11 tokens, all in 8/11 of the corpus: DP 3/11, over 8/11 DPnorm 3/8, D 0; 'dog' half
    and half: |1/2 - 3/11|, rates 1/8 and 1/3 with D 1 - 5/11."""
    table = overview.vocabulary_table(cats).set_index("token")
    assert table.loc["cat"].tolist() == pytest.approx([2, 1, 2e6 / 11, 3 / 11, 3 / 8, 0])
    assert table.loc["dog"].tolist() == pytest.approx([2, 2, 2e6 / 11, 5 / 22, 5 / 16, 6 / 11])
    assert table.index.tolist() == ["a", "cat", "dog", "ran", "the", "sat"]


def test_one_document_has_no_dispersion(corpus_of):
    """Dispersion over a single document is missing, not 0."""
    table = overview.vocabulary_table(tokenize(corpus_of("a race a day")))
    assert table[["dp", "dp_norm", "juilland_d"]].isna().all(axis=None)


def test_counts_of_the_five_texts_add_up(tokens):
    """Documents and vocabulary each hold every token once, whatever way they are added up."""
    documents, words = overview.document_table(tokens), overview.vocabulary_table(tokens)
    groups = overview.group_overview(tokens, "genre")
    assert (
        documents["tokens"].sum() == words["count"].sum() == groups["tokens"].sum() == len(tokens)
    )
    assert documents["sentences"].sum() == tokens.n_sentences
    assert (words["documents"] <= words["count"]).all()
    assert words["per_million"].sum() == pytest.approx(1e6)
    assert groups["share"].sum() == pytest.approx(1)


def test_group_overview_by_hand(cats):
    """A: 8 of 11 tokens, B: 3 of 11, each with its own date."""
    rows = overview.group_overview(cats, "source").to_numpy().tolist()
    assert rows[0] == ["A", 1, 8, pytest.approx(8 / 11), "2024", "2024"]
    assert rows[1] == ["B", 1, 3, pytest.approx(3 / 11), "2023-05", "2023-05"]


def test_collocation_table_by_hand(corpus_of):
    """'red wine' in 3 of 9 pairs: expected 3 × 3 / 9, PMI log2 3, G² 2 (3 ln 3 + 6 ln 1.5)."""
    table = overview.collocation_table(tokenize(corpus_of("\n".join(["red wine is good"] * 3))))
    assert table["collocation"].tolist() == ["red wine"]
    g2 = 2 * (3 * np.log(3) + 6 * np.log(1.5))
    assert table.iloc[0, 1:].tolist() == pytest.approx([3, 1, g2, np.log2(3)])


def test_no_collocation_across_sentences(corpus_of):
    """'wine' ends a sentence and 'white' begins the next: no pair."""
    table = overview.collocation_table(tokenize(corpus_of("Red wine. White bread.")), fewest=1)
    assert table["collocation"].tolist() == ["red wine", "white bread"]


def test_pairs_as_frequent_as_expected_are_no_collocations(corpus_of):
    """Each colour once with each thing: 1 together, 2 × 2 / 4 = 1 expected, nothing to show."""
    made = tokenize(corpus_of("red wine\nred bread\nwhite wine\nwhite bread"))
    assert overview.collocation_table(made, fewest=1).empty


def test_collocations_agree_with_nltk(tokens):
    """NLTK's finder, fed with the words by their place in the pair, counts and scores the same."""
    pairs = [
        (("first", folded(a)), ("second", folded(b)))
        for sentence in reading.sentence_forms(tokens)
        for a, b in pairwise(sentence)
    ]
    finder = BigramCollocationFinder(FreqDist(w for pair in pairs for w in pair), FreqDist(pairs))
    finder.N //= 2
    finder.apply_freq_filter(overview.MIN_TOGETHER)
    score = dict(finder.score_ngrams(BigramAssocMeasures.likelihood_ratio))
    table = overview.collocation_table(tokens)
    keys = [tuple(zip(("first", "second"), c.split(), strict=True)) for c in table["collocation"]]
    assert table["count"].tolist() == [finder.ngram_fd[key] for key in keys]
    assert table["g2"].tolist() == pytest.approx([score[key] for key in keys])
    assert len(table) > 50


@pytest.mark.parametrize("most", [1, 10, 50])
def test_the_strongest_pairs_are_listed(tokens, most, monkeypatch):
    """A short list is the head of the long one, its order among equals the same; and it says so."""
    monkeypatch.setattr(report_corpus, "MAX_PAIRS", most)
    whole = overview.collocation_table(tokens, most_pairs=10_000)
    short = overview.collocation_table(tokens, most_pairs=most)
    assert short.equals(whole.head(most))
    assert (
        report_corpus.describe_collocations(short)
        == f"{most:,} pairs are listed, those with the highest G²."
    )
    assert "all that occur together 3 times" in report_corpus.describe_collocations(
        whole.head(most - 1)
    )


def test_content_words_leave_out_function_words(cats):
    """'a' and 'the' go, the rest stays in its order."""
    left = overview.content_words(overview.vocabulary_table(cats))
    assert left["token"].tolist() == ["cat", "dog", "ran", "sat"]


def test_growth_ends_at_the_whole_vocabulary(tokens):
    """The line through the corpus ends at all tokens and all types."""
    table = overview.growth_table(tokens)
    last = table[table["document"] == overview.WHOLE_CORPUS].iloc[-1]
    assert (last["tokens"], last["types"]) == (len(tokens), len(tokens.types))


def test_growth_reads_the_corpus_by_date(cats):
    """'A dog ran' is the earlier: 3 types in the first 3 tokens, then 'the', 'cat', 'sat'."""
    table = overview.growth_table(cats)
    whole = table[table["document"] == overview.WHOLE_CORPUS]["types"]
    assert whole.tolist() == [1, 2, 3, 4, 5, 6, 6, 6, 6, 6, 6]


def test_overlap_by_hand(cats):
    """3 of the 6 types of d0 stand in d1 as well, all 3 of d1 in d0."""
    rows = overview.overlap_table(cats).to_numpy().tolist()
    assert rows == [["d0", 1, 3, 0.5], ["d0", 2, 3, 0.5], ["d1", 1, 0, 0.0], ["d1", 2, 3, 1.0]]


def test_words_only_here_and_everywhere(cats):
    """'cat' and 'sat' are content words of d0 alone; 'dog' and 'ran' stand in both."""
    rows = overview.only_here(cats).to_numpy().tolist()
    assert rows == [["d0", 2, "cat (2), sat (1)"], ["d1", 0, ""]]
    everywhere = overview.in_every_document(overview.vocabulary_table(cats), 2)
    assert everywhere["token"].tolist() == ["dog", "ran"]


def test_words_only_here_of_some_documents(tokens, monkeypatch):
    """Of many documents only some are told of, each as it is among all, and it says so."""
    whole = overview.only_here(tokens)
    assert report_corpus.describe_drawn(whole, tokens) == "Every document is in the table."
    monkeypatch.setattr(overview, "_MAX_LISTED", 2)
    some = overview.only_here(tokens, random_seed=1)
    assert whole[whole["document"].isin(some["document"])].reset_index(drop=True).equals(some)
    assert report_corpus.describe_drawn(some, tokens).startswith("2 of 5 documents")


def test_the_answer_is_made_of_the_numbers(cats):
    """Two documents, 11 tokens in 4 sentences, 8 of 11 in the longest, no pairs."""
    words, pairs = overview.vocabulary_table(cats), overview.collocation_table(cats)
    assert report_corpus.describe_corpus(cats, "source", words, pairs).splitlines() == [
        "2 documents (2 values of source) hold 11 tokens in 4 sentences; 0 lines were left out.",
        "The longest document holds 73% of the tokens.",
        "Most frequent content words: cat, dog, ran, sat. Strongest pairs: none.",
    ]


@pytest.mark.parametrize("table", [overview.vocabulary_table, overview.collocation_table])
def test_the_order_of_documents_is_irrelevant(corpus_of, seeds, table):
    """The five texts the other way round give the same table."""
    there, back = (
        table(tokenize(corpus_of(*texts))) for texts in (list(seeds.texts), list(seeds.texts)[::-1])
    )
    pd.testing.assert_frame_equal(there, back)


def test_growth_of_many_documents_says_that_some_are_drawn(corpus_of):
    """Of more documents than curves the figure says how many are drawn of how many."""
    tokens = tokenize(corpus_of(*(f"race {n} gap" for n in range(50))))
    drawing = plots.vocabulary_growth(overview.growth_table(tokens), 50)
    told = " ".join(text.get_text() for text in drawing.figure.texts).replace("\n", " ")
    assert "40 of 50 documents, drawn at random" in told


@pytest.mark.parametrize(("texts", "words"), [(("a1 b1", "a1 c1", "a1 d1"), 1), (("a1 b1", "b1 c1", "d1"), 0)])  # fmt: skip
def test_words_in_all_documents_are_in_all(corpus_of, texts, words):
    """A word in two of three documents is not called a word of all."""
    overlap = overview.overlap_table(tokenize(corpus_of(*texts)))
    assert plots.shared_vocabulary(overlap, 3).title.startswith(f"{words} words occur in all 3")


def test_stretches_of_documents_are_not_called_all(corpus_of):
    """Above 200 documents the numbers stand for stretches, and no word is said to be in all."""
    overlap = overview.overlap_table(tokenize(corpus_of(*(f"race n{n}" for n in range(201)))))
    assert overlap["in_documents"].max() == 128
    assert "occur in all" not in plots.shared_vocabulary(overlap, 201).title


def test_words_only_here_are_within_a_language(corpus_of):
    """A word of two German documents is that of one English document alone, if no other has it."""
    tokens = tokenize(
        corpus_of("chip haus", "chip haus", "chip gap", "gap", language=["de", "de", "en", "en"])
    )
    alone = overview.only_here(tokens).set_index("document")["most_frequent"]
    assert alone.to_dict() == {"d0": "", "d1": "", "d2": "chip (1)", "d3": ""}
