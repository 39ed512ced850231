"""Marks: which matches count, in whose voice they stand and whether they are negated."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.rules import quoting
from analysis.rules.codebook import Codebook
from analysis.rules.matching import Matcher
from analysis.rules.negation import Negations
from analysis.rules.voices import Voices
from analysis.tokens import Block, Tokens


class CountedMatches:
    """Finds the matches of frames and actors that count, and those of frames that are negated."""

    def __init__(self, tokens: Tokens, codebook: Codebook, negation: int, voice: str):
        chosen = quoting.chosen(voice)
        self.n_frames = len(codebook.frames)
        self.matcher = Matcher(tokens, [*codebook.frames.values(), *codebook.actors.values()])
        self.chosen = None if chosen.all() else chosen
        self.voices = None if chosen.all() else Voices(tokens).prepared()
        self.negations = Negations(tokens, negation) if negation else None

    def matches(self, block: Block) -> tuple[np.ndarray, np.ndarray]:
        """Rows as `Matcher.matches` gives them: those that count, and negated ones of frames.

        Actors are neither negated nor bound to a voice.
        """
        rows = self.matcher.matches(block)
        framed, first = rows[:, 0] < self.n_frames, rows[:, 1]
        if self.voices:
            spoken = self.chosen[self.voices.of(block)[first]]
            rows = rows[spoken | ~framed]
            framed, first = rows[:, 0] < self.n_frames, rows[:, 1]
        if self.negations is None:
            return rows, rows[:0]
        negated = framed & self.negations.of(block, first)
        return rows[~negated], rows[negated]


def marks_of(tokens: Tokens, kept: pd.DataFrame, window: int) -> tuple[np.ndarray, np.ndarray]:
    """The voice of each kept match, as a place of VOICES, and whether it is negated."""
    first, document = kept["first"].to_numpy(int), kept["document"].to_numpy(int)
    voice, negated = np.zeros(len(kept), dtype=np.int8), np.zeros(len(kept), dtype=bool)
    voices, negations = Voices(tokens), Negations(tokens, window)
    for number in sorted({tokens.block_number(one) for one in set(document.tolist())}):
        block = tokens.block(number)
        mine = np.flatnonzero(
            (block.documents.start <= document) & (document < block.documents.stop)
        )
        place = first[mine] - block.first_token
        asked = np.zeros(block.n_sentences, dtype=bool)
        asked[block.sentence_of[place]] = True
        voice[mine] = voices.of(block, asked)[place]
        negated[mine] = negations.of(block, place)
    return voice, negated
