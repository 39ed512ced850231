"""Negation: which matches stand behind a `not` in their sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.errors import InputError

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


def negated(
    vocabulary: Sequence[str],
    ids: np.ndarray,
    sentence_start: np.ndarray,
    first: np.ndarray,
    *,
    window: int = WINDOW,
    language: str = "en",
) -> np.ndarray:
    """Which matches are negated: a cue stands at most `window` tokens before, in the sentence.

    `vocabulary[ids]` are the tokens of the corpus, `sentence_start` the first token of each
    sentence (sorted), `first` the first token of each match. A cue does not reach beyond 'but' and
    its like, 'not only' is none, and a cue inside a match is part of it. Lexicoder's `neg_`
    categories (Young and Soroka 2012, Affective news) count such matches apart.

    Raises InputError for a window out of range and a language without cues.
    """
    if not 1 <= window <= WIDEST_WINDOW:
        raise InputError("window is out of range", value=window, allowed=f"1 to {WIDEST_WINDOW}")
    cue, ends, excused = cue_masks(vocabulary, language)
    first = np.asarray(first, dtype=np.int64)
    if not len(first):
        return np.zeros(0, dtype=bool)
    begins = sentence_start[np.searchsorted(sentence_start, first, side="right") - 1]
    reached, found = np.ones(len(first), dtype=bool), np.zeros(len(first), dtype=bool)
    for step in range(1, window + 1):
        place = first - step
        reached &= place >= begins
        here, after = ids[np.maximum(place, 0)], ids[np.maximum(place + 1, 0)]
        reached &= ~ends[here]
        found |= reached & cue[here] & ~excused(here, after)
    return found


def cue_masks(vocabulary: Sequence[str], language: str):
    """Masks over the vocabulary of cues and of words that end their scope, and a function that
    says of pairs of ids whether the second takes the denial from the first."""
    if language not in CUES:
        raise InputError("no negations of this language", value=language, allowed=CUES)
    lower = np.array([form.lower() for form in vocabulary], dtype=object)
    cue = np.isin(lower, CUES[language].split())
    if language == "en":
        cue |= np.array([form.endswith(NEGATED_ENDING) for form in lower], dtype=bool)
    ends = np.isin(lower, ENDING_SCOPE[language].split())
    pairs = [
        (lower == word, np.isin(lower, following.split()))
        for word, following in NOT_NEGATING.items()
    ]

    def excused(here: np.ndarray, after: np.ndarray) -> np.ndarray:
        return np.any([word[here] & following[after] for word, following in pairs], axis=0)

    return cue, ends, excused


def negation_table(names: Sequence[str], is_negated: np.ndarray) -> pd.DataFrame:
    """Matches of each rule set, negated and not: name, matches, negated, share (of matches).

    `names` is the rule set of each match.
    """
    table = pd.DataFrame({"name": list(names), "negated": np.asarray(is_negated, dtype=bool)})
    grouped = table.groupby("name", sort=False)["negated"]
    counted = grouped.agg(matches="size", negated="sum").reset_index()
    return counted.assign(share=counted["negated"] / counted["matches"])
