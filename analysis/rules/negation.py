"""Negation: which matches are negated, and which matches count."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.errors import InputError
from analysis.rules.codebook import Codebook
from analysis.rules.matching import Matcher
from analysis.rules.voices import Voices, chosen_voices
from analysis.store.arrow import as_bools
from analysis.tokens import Block, Tokens

WINDOW = 3
_MAX_WINDOW = 20
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
"""Words that take the denial from the cue before them: 'not only'."""


class Negations:
    """Says of matches in the blocks of a corpus whether they are negated.

    A match is negated if a cue is at most `window` tokens before it, in its sentence. A cue does
    not reach beyond 'but' and the like, 'not only' is not a cue, and a cue inside a match is part of
    it. Lexicoder's `neg_` categories (Young and Soroka 2012, Affective news) count such matches
    separately. Raises InputError for a window out of range.
    """

    def __init__(self, tokens: Tokens, window: int = WINDOW):
        import pyarrow.compute as pc

        if not 1 <= window <= _MAX_WINDOW:
            allowed = f"1 to {_MAX_WINDOW}"
            raise InputError("window is out of range", value=window, allowed=allowed)
        lower = tokens.lower
        self.window = window
        self.is_cue = _is_one_of(lower, *_CUES.values())
        self.is_cue |= as_bools(pc.ends_with(lower, _NEGATED_ENDING))
        self.ends_scope = _is_one_of(lower, *_ENDING_SCOPE.values())
        self.excuses = [
            (_is_one_of(lower, cue), _is_one_of(lower, words))
            for cue, words in _NOT_NEGATING.items()
        ]
        languages = tokens.corpus.documents["language"]
        self.known = languages.map(_has_cues).to_numpy(dtype=bool)

    def of(self, block: Block, first: np.ndarray) -> np.ndarray:
        """Which matches of a block, given by their first tokens, are negated."""
        begin = block.sentence_start[block.sentence_of[first]]
        reached, found = np.ones(len(first), dtype=bool), np.zeros(len(first), dtype=bool)
        for step in range(1, self.window + 1):
            places = np.maximum(first - step, 0), np.maximum(first - step + 1, 0)
            here, after = (block.forms[block.ids[place]] for place in places)
            reached &= (first - step >= begin) & ~self.ends_scope[here]
            excused = [cue[here] & words[after] for cue, words in self.excuses]
            found |= reached & self.is_cue[here] & ~np.any(excused, axis=0)
        return found & self.known[block.documents][block.document_of[first]]


def _is_one_of(lower, *words: str) -> np.ndarray:
    """Which places of an Arrow array hold one of some words, given in texts with blanks between."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return as_bools(pc.is_in(lower, pa.array(" ".join(words).split(), pa.large_string())))


def _has_cues(language: str) -> bool:
    """Whether the negations of a language are known; a text without a language counts as English.

    >>> [_has_cues(language) for language in ("en", "zh-TW", "", "de")]
    [True, True, True, False]
    """
    return language[:2].lower() in ("", *_CUES)


class CountedMatches:
    """Finds the matches of frames and actors that count, and the negated matches of frames."""

    def __init__(self, tokens: Tokens, codebook: Codebook, negation: int, voice: str):
        chosen = chosen_voices(voice)
        self.n_frames = len(codebook.frames)
        self.matcher = Matcher(tokens, [*codebook.frames.values(), *codebook.actors.values()])
        self.chosen = None if chosen.all() else chosen
        self.voices = None if chosen.all() else Voices(tokens).prepared()
        self.negations = Negations(tokens, negation) if negation else None

    def matches(self, block: Block) -> tuple[np.ndarray, np.ndarray]:
        """Rows as `Matcher.matches` gives them: those that count, and negated ones of frames.

        Actors count in every voice, negated or not.
        """
        rows = self.matcher.matches(block)
        if self.voices:
            is_chosen = self.chosen[self.voices.of(block)[rows[:, 1]]]
            rows = rows[is_chosen | (rows[:, 0] >= self.n_frames)]
        if self.negations is None:
            return rows, rows[:0]
        negated = (rows[:, 0] < self.n_frames) & self.negations.of(block, rows[:, 1])
        return rows[~negated], rows[negated]


def marks_of(tokens: Tokens, kept: pd.DataFrame, window: int) -> tuple[np.ndarray, np.ndarray]:
    """The voice of each kept match, as a place of VOICES, and whether it is negated."""
    first, document = kept["first"].to_numpy(int), kept["document"].to_numpy(int)
    voice, negated = np.zeros(len(kept), dtype=np.int8), np.zeros(len(kept), dtype=bool)
    voices, negations = Voices(tokens), Negations(tokens, window)
    block_of = np.array([tokens.block_number(number) for number in document], dtype=int)
    for number in np.unique(block_of).tolist():
        block, mine = tokens.block(number), np.flatnonzero(block_of == number)
        place = first[mine] - block.first_token
        voice[mine] = voices.of(block)[place]
        negated[mine] = negations.of(block, place)
    return voice, negated
