"""Negation: which matches stand behind a `not` in their sentence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.errors import InputError
from analysis.store.arrow import as_bools
from analysis.tokens import Block, Tokens

WINDOW = 3
_WIDEST_WINDOW = 20
_CUES = {
    "en": "not no nor neither never none nobody nothing nowhere without cannot",
    "zh": "不 不是 不会 不能 没 没有 无 未 非 并非 并未 从未 别",
}
_NEGATED_ENDING = "n't"
_ENDING_SCOPE = {"en": "but however yet although though except", "zh": "但 但是 而是 却 然而"}
_NOT_NEGATING = {
    "not": "only just merely simply least",
    "no": "doubt wonder",
    "nothing": "but",
    "不": "仅 仅仅 但 只",
}
"""Words after which the cue before them denies nothing: 'not only'."""


@dataclass(frozen=True, eq=False)
class _Cues:
    """Which places of a vocabulary hold a cue, end the scope of cues, or excuse the cue before.

    `pairs` are words that deny nothing before certain others: masks of the one and of the others.
    """

    cue: np.ndarray
    ends: np.ndarray
    pairs: tuple[tuple[np.ndarray, np.ndarray], ...]

    def among(self, forms: np.ndarray) -> _Cues:
        """The same for some places of the vocabulary, as a block numbers them."""
        pairs = tuple((word[forms], following[forms]) for word, following in self.pairs)
        return _Cues(self.cue[forms], self.ends[forms], pairs)

    def excused(self, here: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Of pairs of ids, whether the second takes the denial from the first."""
        return np.any([word[here] & following[after] for word, following in self.pairs], axis=0)


def _cues_of(lower) -> _Cues:
    """The cues of all languages in a vocabulary, an Arrow array of words in lower case."""
    import pyarrow.compute as pc

    cue = _held(lower, " ".join(_CUES.values()))
    cue |= as_bools(pc.ends_with(lower, _NEGATED_ENDING))
    pairs = ((_held(lower, word), _held(lower, after)) for word, after in _NOT_NEGATING.items())
    return _Cues(cue, _held(lower, " ".join(_ENDING_SCOPE.values())), tuple(pairs))


def _held(lower, words: str) -> np.ndarray:
    """Which places of an Arrow array hold one of some words."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return as_bools(pc.is_in(lower, pa.array(words.split(), pa.large_string())))


def _negated(
    cues: _Cues,
    ids: np.ndarray,
    sentence_start: np.ndarray,
    first: np.ndarray,
    *,
    window: int = WINDOW,
) -> np.ndarray:
    """Which matches are negated: a cue stands at most `window` tokens before, in the sentence.

    `ids` are the tokens as places of the vocabulary of `cues`, `sentence_start` the first token of
    each sentence (sorted), `first` the first token of each match. A cue does not reach beyond 'but'
    and its like, 'not only' is none, and a cue inside a match is part of it. Lexicoder's `neg_`
    categories (Young and Soroka 2012, Affective news) count such matches apart.

    Raises InputError for a window out of range.
    """
    if not 1 <= window <= _WIDEST_WINDOW:
        raise InputError("window is out of range", value=window, allowed=f"1 to {_WIDEST_WINDOW}")
    first = np.asarray(first, dtype=np.int64)
    if not len(first):
        return np.zeros(0, dtype=bool)
    begins = sentence_start[np.searchsorted(sentence_start, first, side="right") - 1]
    reached, found = np.ones(len(first), dtype=bool), np.zeros(len(first), dtype=bool)
    for step in range(1, window + 1):
        place = first - step
        reached &= place >= begins
        here, after = ids[np.maximum(place, 0)], ids[np.maximum(place + 1, 0)]
        reached &= ~cues.ends[here]
        found |= reached & cues.cue[here] & ~cues.excused(here, after)
    return found


class Negations:
    """Says of matches in the blocks of a corpus whether they are negated."""

    def __init__(self, tokens: Tokens, window: int = WINDOW):
        self.window = window
        self.cues = _cues_of(tokens.lower)
        languages = tokens.corpus.documents["language"]
        self.known = languages.map(_has_cues).to_numpy(dtype=bool)

    def of(self, block: Block, first: np.ndarray) -> np.ndarray:
        """Which matches of a block, given by their first tokens, are negated."""
        cues = self.cues.among(block.forms)
        found = _negated(cues, block.ids, block.sentence_start, first, window=self.window)
        return found & self.known[block.documents][block.document_of[first]]


def _has_cues(language: str) -> bool:
    """Whether the negations of a language are known; a text without a language counts as English.

    >>> [_has_cues(language) for language in ("en", "zh-TW", "", "de")]
    [True, True, True, False]
    """
    return language[:2].lower() in ("", *_CUES)
