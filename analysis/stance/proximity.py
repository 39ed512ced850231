"""Proximity: which actor stands nearest to each frame in its sentence, and how near."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.codebook import NOBODY

SEVERAL = "several"
SIDE_BY_SIDE = 3


def distances(
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


def actor_distances(frames: pd.DataFrame, actors: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Distance of every frame match (rows) to the nearest mention of every actor (columns).

    `frames` and `actors` are matches (columns name, first, last, sentence).
    """
    matches = [frames[column].to_numpy() for column in ("first", "last", "sentence")]
    columns = []
    for name in names:
        mine = actors[actors["name"] == name]
        targets = [mine[column].to_numpy() for column in ("first", "last", "sentence")]
        columns.append(distances(*matches, *targets))
    return np.column_stack(columns) if columns else np.empty((len(frames), 0))


def nearest_actor(distance: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """The actor nearest to each match; 'several' for a tie, 'no actor' where the sentence names none."""
    if not distance.shape[1]:
        return np.full(len(distance), NOBODY, dtype=object)
    filled = np.where(np.isnan(distance), np.inf, distance)
    least = filled.min(axis=1)
    ties = (filled == least[:, None]).sum(axis=1)
    nearest = np.array(names, dtype=object)[filled.argmin(axis=1)]
    return np.where(np.isinf(least), NOBODY, np.where(ties > 1, SEVERAL, nearest))


def proximity_table(
    frames: pd.DataFrame, actors: pd.DataFrame, names: Sequence[str]
) -> pd.DataFrame:
    """Who stands near each frame: frame, actor, matches, in_sentence, nearest, share, weight.

    matches: of the frame; in_sentence: those whose sentence names the actor; nearest: those to
    which the actor is the nearest, share of the matches; weight: the sum of 1 / (1 + distance)
    over the matches. The rows 'several' are ties, 'no actor' the sentences that name none.
    """
    distance = actor_distances(frames, actors, names)
    nearest, weight = nearest_actor(distance, names), inverse_weight(distance)
    rows = []
    for frame in dict.fromkeys(frames["name"]):
        mine = (frames["name"] == frame).to_numpy()
        n = int(mine.sum())
        for number, name in enumerate([*names, SEVERAL, NOBODY]):
            first = int((nearest[mine] == name).sum())
            real = number < len(names)
            named = int((~np.isnan(distance[mine, number])).sum()) if real else first
            summed = float(weight[mine, number].sum()) if real else float("nan")
            rows.append((frame, name, n, named, first, first / n, summed))
    columns = ["frame", "actor", "matches", "in_sentence", "nearest", "share", "weight"]
    return pd.DataFrame(rows, columns=columns)


def sentence_actors(
    actors: pd.DataFrame, pair: tuple[str, str], n_sentences: int, both: str = "both"
) -> np.ndarray:
    """Whom each sentence is about: one of the pair, both of them, or 'no actor'.

    Both where the two stand side by side, at most SIDE_BY_SIDE tokens apart ('US–China', 'China and
    the US'); else the one named first, where an English sentence has its subject. `actors` are
    matches (columns name, first, last, sentence); a sentence may be any unit.
    """
    mine = actors[actors["name"].isin(pair)].sort_values(["sentence", "first"], kind="stable")
    name, sentence = mine["name"].to_numpy(dtype=object), mine["sentence"].to_numpy(dtype=np.int64)
    told = np.full(n_sentences, NOBODY, dtype=object)
    places, leading = np.unique(sentence, return_index=True)
    told[places] = name[leading]
    apart = mine["first"].to_numpy()[1:] - mine["last"].to_numpy()[:-1]
    joined = (name[1:] != name[:-1]) & (sentence[1:] == sentence[:-1]) & (apart <= SIDE_BY_SIDE)
    told[sentence[1:][joined]] = both
    return told


def object_table(
    coded: np.ndarray, about: np.ndarray, frames: Sequence[str], told: Sequence[str]
) -> pd.DataFrame:
    """The share of each frame's units that are about each: frame, actor, units, share.

    `coded` is units × frames, `about` the actor of each unit, `told` the actors in their order.
    """
    rows = []
    for number, frame in enumerate(frames):
        mine = about[np.asarray(coded)[:, number].astype(bool)]
        counts: Mapping[str, int] = pd.Series(mine, dtype=object).value_counts()
        n = len(mine)
        for name in told:
            units = int(counts.get(name, 0))
            rows.append((frame, name, units, units / n if n else float("nan")))
    return pd.DataFrame(rows, columns=["frame", "actor", "units", "share"])
