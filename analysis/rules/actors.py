"""Actors: which is nearest to each frame, whom a sentence is about, and in what tone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from analysis.rules.codebook import NOBODY
from analysis.rules.negation import Negations
from analysis.store.arrow import as_bools
from analysis.tokens import Block, Tokens

_BOTH, _SEVERAL = "both", "several"
_SIDE_BY_SIDE = 3
"""Tokens between two actors that are named together, at most: 'China and the US'."""
_NEGATED = -0.74
"""The factor by which a negation changes a valence (N_SCALAR of Hutto and Gilbert 2014)."""
_LANGUAGES = ("", "en")


def _distances(frames: np.ndarray, actors: np.ndarray) -> np.ndarray:
    """Tokens from each match of a frame to the nearest mention of an actor in its sentence.

    0 where they share a token, 1 side by side, NaN where the sentence does not name the actor.
    Both are rows (first token, last token, sentence); mentions must not overlap each other.
    """
    nearest = np.full(len(frames), np.nan)
    if not len(actors):
        return nearest
    first, last, sentence = frames.T
    begin, end, place = actors[np.argsort(actors[:, 0], kind="stable")].T
    before = np.searchsorted(begin, first, side="right") - 1
    for candidate in (before, before + 1):
        there = np.clip(candidate, 0, len(begin) - 1)
        known = (candidate >= 0) & (candidate < len(begin)) & (place[there] == sentence)
        distance = np.maximum(np.maximum(first - end[there], begin[there] - last), 0)
        nearest = np.fmin(nearest, np.where(known, distance, np.nan))
    return nearest


def inverse_weight(distance: np.ndarray) -> np.ndarray:
    """1 / (1 + distance): 1 at the target itself, 0 where there is none.

    The default weight of quanteda.proximity (Chan 2023), which counts proximity from 1.
    """
    return np.nan_to_num(1 / (1 + np.asarray(distance, dtype=float)))


def actor_distances(frames: np.ndarray, actors: np.ndarray, n_actors: int) -> np.ndarray:
    """Distance of every frame match (rows) to the nearest mention of every actor (columns).

    `frames` and `actors` are rows (set, first token, last token, sentence).
    """
    columns = [
        _distances(frames[:, 1:], actors[actors[:, 0] == number, 1:]) for number in range(n_actors)
    ]
    return np.column_stack(columns) if columns else np.empty((len(frames), 0))


def nearest_actor(distance: np.ndarray) -> np.ndarray:
    """The number of the actor nearest to each match, as a place of `sides`."""
    n = distance.shape[1]
    if not n:
        return np.ones(len(distance), dtype=np.int64)
    filled = np.where(np.isnan(distance), np.inf, distance)
    least = filled.min(axis=1)
    ties = (filled == least[:, None]).sum(axis=1)
    return np.where(np.isinf(least), n + 1, np.where(ties > 1, n, filled.argmin(axis=1)))


def sides(actors: Sequence[str]) -> tuple[str, ...]:
    """What a match or a sentence can belong to: each actor, several at once, or none.

    >>> sides(["china", "us"])
    ('china', 'us', 'both', 'no actor')
    """
    return (*actors, _BOTH if len(actors) == 2 else _SEVERAL, NOBODY)


def sentence_actors(actors: np.ndarray, n_sentences: int, n_actors: int) -> np.ndarray:
    """Whom each sentence is about, as a place of `sides`.

    Several where two actors are named side by side, at most three tokens apart ('US–China',
    'China and the US'); else the one named first, where an English sentence has its subject.
    `actors` are rows (set, first token, last token, sentence); a sentence may be any unit.
    """
    actor, first, last, sentence = actors[np.lexsort((actors[:, 1], actors[:, 3]))].T
    about = np.full(n_sentences, n_actors + 1, dtype=np.int64)
    places, leading = np.unique(sentence, return_index=True)
    about[places] = actor[leading]
    near = first[1:] - last[:-1] <= _SIDE_BY_SIDE
    joined = (actor[1:] != actor[:-1]) & (sentence[1:] == sentence[:-1]) & near
    about[sentence[1:][joined]] = n_actors
    return about


@cache
def _valences() -> dict[str, float]:
    """Words in lower case and how good they sound, from -4 to 4.

    The lexicon of VADER (Hutto and Gilbert 2014, ICWSM), each word rated by ten people. Emoticons
    are left out, and so are the words that are negations themselves.
    """
    from vader.data.lexicon import LEXICON

    return {word: value for word, value in LEXICON.items() if word.isalpha() and word != "no"}


class Tones:
    """Gives the tokens in the blocks of a corpus their valences.

    `words` are the forms of the vocabulary that have one.
    """

    def __init__(self, tokens: Tokens):
        import pyarrow as pa
        import pyarrow.compute as pc

        known = _valences()
        has = as_bools(pc.is_in(tokens.lower, pa.array(sorted(known), pa.large_string())))
        found = np.flatnonzero(has)
        self.words = np.array(tokens.lower.take(pa.array(found)).to_pylist(), dtype=object)
        self.valence = np.array([known[word] for word in self.words], dtype=float)
        self.word_of = np.full(len(tokens.vocabulary), -1, dtype=np.int32)
        self.word_of[found] = np.arange(len(found))
        self.negations = Negations(tokens)
        languages = tokens.corpus.documents["language"]
        self.english = languages.map(lambda name: name[:2].lower() in _LANGUAGES).to_numpy(bool)

    def of(self, block: Block, silent: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The tokens of a block that carry tone, which word each is, and its valence there.

        `silent` is a mask of tokens that carry none. A negation reverses a valence.
        """
        word = self.word_of[block.forms][block.ids]
        is_english = self.english[block.documents][block.document_of]
        at = np.flatnonzero((word >= 0) & ~silent & is_english)
        factor = np.where(self.negations.of(block, at), _NEGATED, 1.0)
        return at, word[at], self.valence[word[at]] * factor
