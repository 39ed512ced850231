"""Tone: how favourable the words are that stand in a sentence about an actor."""

from __future__ import annotations

from functools import cache

import numpy as np

from analysis.rules.negation import Negations
from analysis.store.arrow import as_bools
from analysis.tokens import Block, Tokens

_TURNED = -0.74
"""What a negation makes of a valence (N_SCALAR of Hutto and Gilbert 2014)."""
_LANGUAGES = ("", "en")


@cache
def _valences() -> dict[str, float]:
    """Words in lower case and how good they sound, from -4 to 4.

    The lexicon of VADER (Hutto and Gilbert 2014, ICWSM), each word rated by ten people. Signs and
    emoticons stay out, and so do the words that are negations themselves.
    """
    from vader.data.lexicon import LEXICON

    return {word: value for word, value in LEXICON.items() if word.isalpha() and word != "no"}


class Tones:
    """Gives the tokens in the blocks of a corpus their valences.

    `words` are the forms of the vocabulary that have one; `place` tells for every form which of
    them it is, -1 for the others.
    """

    def __init__(self, tokens: Tokens):
        import pyarrow as pa
        import pyarrow.compute as pc

        known = _valences()
        has = as_bools(pc.is_in(tokens.lower, pa.array(sorted(known), pa.large_string())))
        found = np.flatnonzero(has)
        lower = tokens.lower.take(pa.array(found)).to_pylist()
        self.words = np.array(lower, dtype=object)
        self.valence = np.array([known[word] for word in lower], dtype=float)
        self.place = np.full(len(tokens.vocabulary), -1, dtype=np.int32)
        self.place[found] = np.arange(len(found))
        self.negations = Negations(tokens)
        languages = tokens.corpus.documents["language"]
        self.english = languages.map(lambda name: name[:2].lower() in _LANGUAGES).to_numpy(bool)

    def of(self, block: Block, silent: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The tokens of a block that carry tone, which word each is, and its valence there.

        `silent` is a mask of tokens that carry none, whatever they are. Behind a negation a
        valence is turned round.
        """
        word = self.place[block.forms][block.ids]
        spoken = self.english[block.documents][block.document_of]
        at = np.flatnonzero((word >= 0) & ~silent & spoken)
        turned = np.where(self.negations.of(block, at), _TURNED, 1.0)
        return at, word[at], self.valence[word[at]] * turned
