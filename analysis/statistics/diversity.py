"""Lexical diversity of many texts at once: MATTR, MTLD and HD-D."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

MATTR_WINDOW = 50
MTLD_THRESHOLD = 0.72
HDD_SAMPLE = 42


@dataclass(frozen=True, eq=False)
class TypesInTexts:
    """The integer types of the tokens of several texts in order, one text after the other.

    `starts` holds the first token of each text and the end of the last. Places are those in `types`.
    """

    types: np.ndarray
    starts: np.ndarray

    @classmethod
    def of_one(cls, types) -> TypesInTexts:
        """A single text."""
        return cls(np.asarray(types), np.array([0, len(types)]))

    @cached_property
    def sizes(self) -> np.ndarray:
        """Tokens of each text."""
        return np.diff(self.starts)

    @cached_property
    def text(self) -> np.ndarray:
        """The text of each token."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @cached_property
    def text_and_type(self) -> np.ndarray:
        """One number for each token: equal where text and type are equal, sorted by text."""
        return self.text * (int(self.types.max(initial=0)) + 1) + self.types

    @cached_property
    def last_met(self) -> np.ndarray:
        """Where the type of each token occurred last before it in its text, -1 for the first time."""
        keys = self.text_and_type
        order = np.argsort(keys, kind="stable")
        again = np.flatnonzero(keys[order[1:]] == keys[order[:-1]])
        met = np.full(len(keys), -1, dtype=np.int64)
        met[order[again + 1]] = order[again]
        return met

    @cached_property
    def n_types(self) -> np.ndarray:
        """Different types of each text."""
        return np.bincount(self.text[self.last_met < 0], minlength=len(self.sizes))

    def reversed(self) -> TypesInTexts:
        """The same read from the last token of the last text to the first of the first."""
        return TypesInTexts(self.types[::-1], self.starts[-1] - self.starts[::-1])


def mattr(texts: TypesInTexts, window: int = MATTR_WINDOW) -> np.ndarray:
    """Moving-average type-token ratio of each text (Covington and McFall 2010); NaN below one window.

    Each token adds one type to every window in which it is the first of its type.
    """
    place, start = np.arange(len(texts.types)), texts.starts[:-1][texts.text]
    first = np.maximum(np.maximum(texts.last_met + 1, place - window + 1), start)
    last = np.minimum(place, texts.starts[1:][texts.text] - window)
    types = np.cumsum(np.append(0, np.maximum(last - first + 1, 0)))[texts.starts]
    windows = np.maximum(texts.sizes - window + 1, 0)
    return np.where(windows > 0, np.diff(types) / np.maximum(windows, 1) / window, np.nan)


def mtld(texts: TypesInTexts, threshold: float = MTLD_THRESHOLD) -> np.ndarray:
    """Measure of textual lexical diversity, mean of both directions (McCarthy and Jarvis 2010).

    The mean length in tokens of stretches whose type-token ratio stays above the threshold.
    NaN for an empty text, or one whose ratio never falls.
    """
    return (_mtld_one_way(texts, threshold) + _mtld_one_way(texts.reversed(), threshold)[::-1]) / 2


def _mtld_one_way(texts: TypesInTexts, threshold: float) -> np.ndarray:
    """MTLD read in one direction."""
    bounds = zip(texts.starts[:-1].tolist(), texts.starts[1:].tolist(), strict=True)
    parts = [_factors(texts.last_met[start:end], start, threshold) for start, end in bounds]
    factors = np.array(parts, dtype=float)
    return np.divide(texts.sizes, factors, out=np.full(len(parts), np.nan), where=factors > 0)


def _factors(met: np.ndarray, start: int, threshold: float) -> float:
    """How many factors a text has; the last, which does not reach the threshold, counts in part.

    `met` are the places where its types occurred last, `start` is the place of its first token.
    """
    factors, first, types, end = 0, start, 0, start + len(met)
    for after, before in enumerate(met.tolist(), start=start + 1):
        types += before < first
        if types / (after - first) <= threshold:
            factors, first, types = factors + 1, after, 0
    rest = (1 - types / (end - first)) / (1 - threshold) if end > first else 0
    return factors + rest


def hdd(texts: TypesInTexts, sample: int = HDD_SAMPLE) -> np.ndarray:
    """HD-D of each text (McCarthy and Jarvis 2007): expected type-token ratio of `sample` tokens
    drawn at random; NaN for a text with fewer tokens than that."""
    types, first, counts = np.unique(texts.text_and_type, return_index=True, return_counts=True)
    text = texts.text[first]
    # types of a text that are equally frequent have one chance: it is worked out once for all
    most = int(counts.max(initial=0)) + 1
    cells, types = np.unique(text * most + counts, return_counts=True)
    text, counts = np.divmod(cells, most)
    chances = types * _chance_of_type(texts.sizes[text], counts, sample)
    expected = np.bincount(text, chances, minlength=len(texts.sizes)) / sample
    return np.where(texts.sizes >= sample, expected, np.nan)


def _chance_of_type(total, count, sample) -> np.ndarray:
    """The chance that `sample` of `total` tokens, drawn without replacement, hold a type with `count`."""
    from scipy.special import gammaln

    rest, all_rest = total - count - sample, np.maximum(total - sample, 0)
    ways = gammaln(total - count + 1) - gammaln(np.maximum(rest, 0) + 1)
    ways_in_all = gammaln(total + 1) - gammaln(all_rest + 1)
    return 1 - np.where(rest >= 0, np.exp(ways - ways_in_all), 0.0)
