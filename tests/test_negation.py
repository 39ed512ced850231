"""Negation within a window of the sentence, and nowhere else."""

import numpy as np
import pytest

from analysis.errors import InputError
from analysis.rules.negation import Negations
from analysis.tokens import tokenize


@pytest.fixture
def negated(corpus_of):
    """Whether each occurrence of a word is negated; `|` separates sentences."""

    def ask(text: str, word: str = "gap", language: str = "en", **choices) -> list[bool]:
        tokens = tokenize(corpus_of(text.replace("|", "\n"), language=[language]))
        (block,) = tokens.blocks()
        place = tokens.vocabulary.to_pylist().index(word)
        first = np.flatnonzero(block.forms[block.ids] == place)
        return Negations(tokens, **choices).of(block, first).tolist()

    return ask


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
def test_negation(negated, text, expected):
    """A cue at most three words before, in the sentence, before any 'but', and not 'not only'."""
    assert negated(text) == [expected]


@pytest.mark.parametrize(("window", "expected"), [(1, False), (2, False), (3, True), (20, True)])
def test_the_window_counts_words(negated, window, expected):
    """'not close the gap': the cue is three words before."""
    assert negated("not close the gap", window=window) == [expected]


def test_every_match_by_itself(negated):
    """Of two matches in a sentence only the one behind the cue is negated."""
    assert negated("a gap is not a gap") == [False, True]


def test_chinese(negated):
    """没有 before the match negates it."""
    assert negated("中国 没有 差距", "差距", "zh") == [True]


def test_no_match_is_no_negation(corpus_of):
    """Nothing to look at gives nothing."""
    tokens = tokenize(corpus_of("not here"))
    (block,) = tokens.blocks()
    assert Negations(tokens).of(block, np.empty(0, dtype=int)).tolist() == []


@pytest.mark.parametrize("window", [0, 21])
def test_refused(negated, window):
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
    negations = Negations(tokens)
    assert negations.of(block, first).tolist() == [False, True, True, False, False]
