"""Negation within a window of the sentence, and nowhere else."""

import numpy as np
import pytest

from analysis.errors import InputError
from analysis.stance import negation


def negated(text: str, word: str = "gap", **choices) -> list[bool]:
    """Whether each occurrence of a word is negated; `|` separates sentences."""
    sentences = [sentence.split() for sentence in text.split("|")]
    tokens = [token for sentence in sentences for token in sentence]
    vocabulary = sorted(set(tokens))
    ids = np.array([vocabulary.index(token) for token in tokens])
    starts = np.cumsum([0, *map(len, sentences)])
    first = np.flatnonzero(np.array(tokens) == word)
    return negation.negated(vocabulary, ids, starts, first, **choices).tolist()


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
    assert negated("中国 没有 差距", "差距", language="zh") == [True]


def test_no_match_is_no_negation():
    """Nothing to look at gives nothing."""
    assert negated("not here") == []


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"window": 0}, "window is out of range: 0; allowed: 1 to 20"),
        ({"window": 21}, "window is out of range: 21"),
        ({"language": "tlh"}, "no negations of this language: 'tlh'; allowed: en, zh"),
    ],
)
def test_refused(choices, message):
    """A window out of range and a language without cues are refused with what is allowed."""
    with pytest.raises(InputError) as error:
        negated("no gap", **choices)
    assert str(error.value).startswith(message)


def test_negation_table():
    """Three matches of race, one of them negated; one of market."""
    table = negation.negation_table(["race", "race", "race", "market"], [True, False, False, False])
    assert table.to_numpy().tolist() == [["race", 3, 1, pytest.approx(1 / 3)], ["market", 1, 0, 0]]
