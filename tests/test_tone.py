"""Valences of words against VADER itself."""

import numpy as np
import pytest

from analysis.rules.actors import Tones, _valences
from analysis.tokens import tokenize

SENTENCES = (
    "The threat of war is real",
    "China is not happy with the ban",
    "They never won a good deal",
    "A talent lost and a friend gained",
)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_sums_are_those_of_vader(corpus_of, sentence):
    """Without boosters, capitals and signs the valences of a sentence, negations turned round, add
    up to the sum that VADER squashes into its compound score: c = s / sqrt(s² + 15)."""
    from vader import polarity_scores

    tokens = tokenize(corpus_of(sentence))
    (block,) = tokens.blocks()
    _, _, valence = Tones(tokens).of(block, np.zeros(len(block.ids), dtype=bool))
    compound = polarity_scores(sentence)["compound"]
    assert valence.sum() == pytest.approx(compound * np.sqrt(15 / (1 - compound**2)), abs=2e-3)


def test_other_languages_have_no_tone(corpus_of):
    """A German text with a word of the lexicon carries none."""
    tokens = tokenize(corpus_of("Ein gift", "A gift", language=["de", "en"]))
    (block,) = tokens.blocks()
    at, word, _ = Tones(tokens).of(block, np.zeros(len(block.ids), dtype=bool))
    assert (len(at), Tones(tokens).words[word[0]]) == (1, "gift")


def test_lexicon_holds_words_only():
    """No emoticon, and not the negation itself."""
    known = _valences()
    assert len(known) > 7000
    assert all(word.isalpha() and word == word.lower() for word in known)
    assert "no" not in known
    assert max(map(abs, known.values())) <= 4
