"""Proximity: which actor stands nearest to each frame in its sentence, and whom a sentence is about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.rules.codebook import NOBODY

_BOTH, _SEVERAL = "both", "several"
_SIDE_BY_SIDE = 3


def _distances(
    first: np.ndarray,
    last: np.ndarray,
    sentence: np.ndarray,
    target_first: np.ndarray,
    target_last: np.ndarray,
    target_sentence: np.ndarray,
) -> np.ndarray:
    """Tokens from each match to the nearest target of its sentence: 0 where they share a token,
    1 side by side, NaN where the sentence has no target.

    `first` and `last` are token positions. The targets must not overlap each other.
    """
    order = np.argsort(target_first, kind="stable")
    begin, end, place = (
        np.asarray(one)[order] for one in (target_first, target_last, target_sentence)
    )
    first, last, sentence = (np.asarray(one) for one in (first, last, sentence))
    nearest = np.full(len(first), np.nan)
    if not len(begin):
        return nearest
    before = np.searchsorted(begin, first, side="right") - 1
    for candidate in (before, before + 1):
        there = np.clip(candidate, 0, len(begin) - 1)
        known = (candidate >= 0) & (candidate < len(begin)) & (place[there] == sentence)
        apart = np.maximum(np.maximum(first - end[there], begin[there] - last), 0)
        nearest = np.fmin(nearest, np.where(known, apart, np.nan))
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
        _distances(*frames[:, 1:].T, *actors[actors[:, 0] == number, 1:].T)
        for number in range(n_actors)
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

    Several where two actors stand side by side, at most SIDE_BY_SIDE tokens apart ('US–China',
    'China and the US'); else the one named first, where an English sentence has its subject.
    `actors` are rows (set, first token, last token, sentence); a sentence may be any unit.
    """
    owner, first, last, sentence = actors[np.lexsort((actors[:, 1], actors[:, 3]))].T
    told = np.full(n_sentences, n_actors + 1, dtype=np.int64)
    places, leading = np.unique(sentence, return_index=True)
    told[places] = owner[leading]
    near = first[1:] - last[:-1] <= _SIDE_BY_SIDE
    joined = (owner[1:] != owner[:-1]) & (sentence[1:] == sentence[:-1]) & near
    told[sentence[1:][joined]] = n_actors
    return told
