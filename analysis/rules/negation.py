"""Negation: which matches stand behind a `not` in their sentence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.errors import InputError
from analysis.store.arrow import as_bools
from analysis.tokens import Block, Tokens

WINDOW = 3
WIDEST_WINDOW = 20
CUES = {
    "en": "not no nor neither never none nobody nothing nowhere without cannot",
    "zh": "不 不是 不会 不能 没 没有 无 未 非 并非 并未 从未 别",
}
NEGATED_ENDING = "n't"
ENDING_SCOPE = {"en": "but however yet although though except", "zh": "但 但是 而是 却 然而"}
NOT_NEGATING = {
    "not": "only just merely simply least",
    "no": "doubt wonder",
    "nothing": "but",
    "不": "仅 仅仅 但 只",
}
"""Words after which the cue before them denies nothing: 'not only'."""


@dataclass(frozen=True, eq=False)
class Cues:
    """Which places of a vocabulary hold a cue, end the scope of cues, or excuse the cue before.

    `pairs` are words that deny nothing before certain others: masks of the one and of the others.
    """

    cue: np.ndarray
    ends: np.ndarray
    pairs: tuple[tuple[np.ndarray, np.ndarray], ...]

    def among(self, forms: np.ndarray) -> Cues:
        """The same for some places of the vocabulary, as a block numbers them."""
        pairs = tuple((word[forms], following[forms]) for word, following in self.pairs)
        return Cues(self.cue[forms], self.ends[forms], pairs)

    def excused(self, here: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Of pairs of ids, whether the second takes the denial from the first."""
        return np.any([word[here] & following[after] for word, following in self.pairs], axis=0)


def cues_of(lower) -> Cues:
    """The cues of all languages in a vocabulary, an Arrow array of words in lower case."""
    import pyarrow.compute as pc

    cue = held(lower, " ".join(CUES.values()))
    cue |= as_bools(pc.ends_with(lower, NEGATED_ENDING))
    pairs = ((held(lower, word), held(lower, after)) for word, after in NOT_NEGATING.items())
    return Cues(cue, held(lower, " ".join(ENDING_SCOPE.values())), tuple(pairs))


def held(lower, words: str) -> np.ndarray:
    """Which places of an Arrow array hold one of some words."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return as_bools(pc.is_in(lower, pa.array(words.split(), pa.large_string())))


def negated(
    cues: Cues,
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
    if not 1 <= window <= WIDEST_WINDOW:
        raise InputError("window is out of range", value=window, allowed=f"1 to {WIDEST_WINDOW}")
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
        self.cues = cues_of(tokens.lower)
        languages = tokens.corpus.documents["language"]
        self.known = languages.map(has_cues).to_numpy(dtype=bool)

    def of(self, block: Block, first: np.ndarray) -> np.ndarray:
        """Which matches of a block, given by their first tokens, are negated."""
        cues = self.cues.among(block.forms)
        found = negated(cues, block.ids, block.sentence_start, first, window=self.window)
        return found & self.known[block.documents][block.document_of[first]]


def has_cues(language: str) -> bool:
    """Whether the negations of a language are known; a text without a language counts as English.

    >>> [has_cues(language) for language in ("en", "zh-TW", "", "de")]
    [True, True, True, False]
    """
    return language[:2].lower() in ("", *CUES)
