"""Nearest actors against quanteda.proximity's published example, by hand and by brute force."""

import numpy as np
import pytest
import regex

from analysis.rules import actors

REUTERS = (
    "Turkish President Tayyip Erdogan, in his strongest comments yet on the Gaza conflict, said on "
    "Wednesday the Palestinian militant group Hamas was not a terrorist organisation but a "
    "liberation group fighting to protect Palestinian lands.",
    "EU policymakers proposed the new agency in 2021 to stop financial firms from aiding criminals "
    "and terrorists. Brussels has so far relied on national regulators with no EU authority to stop "
    "money laundering and terrorist financing running into billions of euros.",
)


@pytest.mark.parametrize(
    ("text", "targets", "weight"),
    [
        (0, {"turkish"}, 0.03703704),
        (0, {"hamas"}, 0.2),
        (1, {"eu", "brussels"}, 0.45833333),
        (1, {"turkish"}, 0),
    ],
)
def test_weights_of_quanteda_proximity(text, targets, weight):
    """terror* near a word as its README prints it, every sign a token and the text one sentence;
    where nothing is named the weight is 0, not 1 / (length + 1)."""
    tokens = regex.findall(r"\w+|[^\w\s]", REUTERS[text].lower())
    frames = np.array([n for n, token in enumerate(tokens) if token.startswith("terror")])
    named = np.array([n for n, token in enumerate(tokens) if token in targets], dtype=int)
    rows = (np.column_stack((one, one, np.zeros_like(one))) for one in (frames, named))
    distance = actors._distances(*rows)
    assert actors.inverse_weight(distance).sum() == pytest.approx(weight, abs=5e-9)


@pytest.mark.parametrize(
    ("match", "target", "distance"),
    [
        ((5, 6, 0), (2, 3, 0), 2),
        ((5, 6, 0), (7, 7, 0), 1),
        ((5, 6, 0), (6, 8, 0), 0),
        ((5, 5, 0), (3, 9, 0), 0),
        ((5, 6, 0), (7, 7, 1), np.nan),
    ],
)
def test_distance_by_hand(match, target, distance):
    """Tokens from edge to edge, 0 where they overlap, none across a sentence."""
    got = actors._distances(np.array([match]), np.array([target]))
    assert got == pytest.approx([distance], nan_ok=True)


def test_distances_agree_with_every_pair():
    """Over 200 matches and 60 mentions the nearest is the nearest of all pairs in the sentence."""
    rng = np.random.default_rng(3)
    first = np.sort(rng.choice(1000, 200, replace=False))
    target = np.sort(rng.choice(np.arange(0, 1000, 4), 60, replace=False))
    spans = (first, first + rng.integers(0, 3, 200)), (target, target + rng.integers(0, 3, 60))
    sentence, there = spans[0][0] // 12, spans[1][0] // 12
    apart = np.maximum(
        np.maximum(spans[0][0][:, None] - spans[1][1], spans[1][0] - spans[0][1][:, None]), 0
    ).astype(float)
    apart[sentence[:, None] != there] = np.inf
    brute = np.where(np.isinf(apart.min(axis=1)), np.nan, apart.min(axis=1))
    rows = np.column_stack((*spans[0], sentence)), np.column_stack((*spans[1], there))
    got = actors._distances(*rows)
    assert got == pytest.approx(brute, nan_ok=True)
    assert np.isnan(got).any()


RACE = [(0, 1, 1, 0), (0, 14, 14, 1), (0, 25, 25, 2), (0, 40, 40, 3)]
ACTORS = [(0, 0, 0, 0), (0, 10, 10, 1), (0, 23, 23, 2), (1, 16, 16, 1), (1, 27, 27, 2)]
"""Rows (set, first, last, sentence): beside actor 0, nearer to 1, between the two, and alone."""


def test_nearest_actor_by_hand():
    """Four matches: one nearest to each of two actors, a tie, and one alone."""
    distance = actors.actor_distances(np.array(RACE), np.array(ACTORS), 2)
    assert distance[:3].tolist() == [[1, pytest.approx(np.nan, nan_ok=True)], [4, 2], [2, 2]]
    sides = actors.sides(["china", "us"])
    told = [sides[number] for number in actors.nearest_actor(distance)]
    assert told == ["china", "us", "both", "no actor"]


def test_no_actors():
    """Without actors every match stands alone."""
    distance = actors.actor_distances(np.array(RACE), np.empty((0, 4), dtype=int), 0)
    assert actors.sides([])[actors.nearest_actor(distance)[0]] == "no actor"


def test_whom_a_sentence_is_about():
    """The one named, both where they stand side by side, else the first; or none."""
    china = [(0, 0, 0, 0), (0, 15, 15, 1), (0, 39, 39, 3), (0, 52, 52, 5)]
    us = [(1, 12, 12, 1), (1, 20, 20, 2), (1, 30, 30, 3), (1, 56, 57, 5)]
    about = actors.sentence_actors(np.array(us + china), 6, 2)
    sides = actors.sides(["china", "us"])
    told = ["china", "both", "us", "us", "no actor", "china"]
    assert [sides[number] for number in about] == told
