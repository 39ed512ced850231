"""Negation within a window of the sentence, and nowhere else."""

import numpy as np
import pyarrow as pa
import pytest

from analysis.errors import InputError
from analysis.rules import negation
from analysis.tokens import tokenize


def negated(text: str, word: str = "gap", **choices) -> list[bool]:
    """Whether each occurrence of a word is negated; `|` separates sentences."""
    sentences = [sentence.split() for sentence in text.split("|")]
    tokens = [token for sentence in sentences for token in sentence]
    vocabulary = sorted(set(tokens))
    ids = np.array([vocabulary.index(token) for token in tokens])
    starts = np.cumsum([0, *map(len, sentences)])
    first = np.flatnonzero(np.array(tokens) == word)
    cues = negation._cues_of(pa.array(map(str.lower, vocabulary), pa.large_string()))
    return negation._negated(cues, ids, starts, first, **choices).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("there is no gap", True),
        ("they did not close the gap", True),
        ("it never closed the gap", True),
        ("they don't see a gap", True),
        ("without any large gap", True),
        ("Not a gap", True),
        ("they did not quite manage to close the gap", False),
        ("they saw a gap not a wall", False),
        ("that was not so | gap", False),
        ("not only a gap", False),
        ("no doubt a gap", False),
        ("not strength but gap", False),
        ("gap", False),
    ],
)
def test_negation(text, expected):
    """A cue at most three words before, in the sentence, before any 'but', and not 'not only'."""
    assert negated(text) == [expected]


@pytest.mark.parametrize(("window", "expected"), [(1, False), (2, False), (3, True), (20, True)])
def test_the_window_counts_words(window, expected):
    """'not close the gap': the cue is three words before."""
    assert negated("not close the gap", window=window) == [expected]


def test_every_match_by_itself():
    """Of two matches in a sentence only the one behind the cue is negated."""
    assert negated("a gap is not a gap") == [False, True]


def test_chinese():
    """没有 before the match negates it."""
    assert negated("中国 没有 差距", "差距") == [True]


def test_no_match_is_no_negation():
    """Nothing to look at gives nothing."""
    assert negated("not here") == []


@pytest.mark.parametrize("window", [0, 21])
def test_refused(window):
    """A window out of range is refused with what is allowed."""
    with pytest.raises(InputError, match=f"window is out of range: {window}; allowed: 1 to 20"):
        negated("no gap", window=window)


def test_matches_of_a_corpus(corpus_of):
    """In two documents as in the tokens of one text; in a language without cues nothing is negated."""
    texts = ("A gap. No gap here.", "They never closed a gap.", "Kein gap, no gap.")
    tokens = tokenize(corpus_of(*texts, language=["en", "", "de"]))
    (block,) = tokens.blocks()
    gap = tokens.vocabulary.to_pylist().index("gap")
    first = np.flatnonzero(block.forms[block.ids] == gap)
    negations = negation.Negations(tokens)
    assert negations.of(block, first).tolist() == [False, True, True, False, False]
