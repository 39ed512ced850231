"""Duplicates: documents that are the same story, to the letter or nearly, and which pairs say so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

import numpy as np
import regex

from analysis.errors import InputError
from analysis.store.ahead import ahead
from analysis.tokens import starts

_SHINGLE = 3
_LEAST_SIMILARITY = 0.5
_PERMUTATIONS = 128
_SEED = 42
_BATCH = 1_000
_MARGIN = 0.15
_MOST_CANDIDATES = 5_000_000
_KEPT = 2_000
_WORD = regex.compile(r"\p{Han}|[\p{L}\p{M}\p{Nd}--\p{Han}]+", regex.VERSION1)
_MULTIPLIERS = tuple(
    np.uint64(number) for number in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)


@dataclass(frozen=True)
class _Pair:
    """Two documents of one story: how similar (1 for the same), and 'exact' or 'near'."""

    document: str
    other: str
    similarity: float
    kind: str


@dataclass(frozen=True)
class _Stories:
    """The story of each document, named by its smallest document, and the pairs that make stories.

    `names` are in the order of the documents given; `numbers` count stories from 0 in the order of
    their names. Of exact copies each has one pair, with the smallest of them.
    """

    names: tuple[str, ...]
    pairs: tuple[_Pair, ...]

    @property
    def numbers(self) -> np.ndarray:
        """The number of each document's story."""
        rank = {name: number for number, name in enumerate(sorted(set(self.names)))}
        return np.array([rank[name] for name in self.names], dtype=np.int64)

    def __len__(self) -> int:
        return len(set(self.names))


def _find_stories(
    ids: Sequence[str], documents: Sequence[np.ndarray | str], *, similarity: float = 0.8
) -> _Stories:
    """Which documents are one story: equal, or alike in at least `similarity` of their shingles.

    `documents` are arrays of token ids, or texts; they are read more than once and never all kept.
    Similarity is the Jaccard index of the sets of three tokens in a row, computed exactly for the
    pairs that MinHash proposes (rensa; at 0.8 one pair in ten million is not proposed). Stories
    are the connected components, so that two documents of one story may be less similar. The order
    of the documents is irrelevant. Raises InputError for a similarity out of range, a doubled id,
    and more candidates than are compared.

    >>> _find_stories(["a", "b", "c"], ["The race is on.", "the RACE is on", "Other."]).names
    ('a', 'a', 'c')
    """
    check_similarity(similarity)
    if len(set(ids)) < len(ids) or len(ids) != len(documents):
        raise InputError(
            "every document needs an id of its own",
            value=len(set(ids)),
            allowed=f"{len(documents)} ids",
        )
    order = sorted(range(len(ids)), key=ids.__getitem__)
    found = find_pairs(_Given([documents[number] for number in order]), similarity=similarity)
    names = [ids[number] for number in order]
    own = np.empty(len(ids), dtype=np.int64)
    own[order] = found.story
    rows = zip(found.pairs.tolist(), found.similarity.tolist(), found.exact.tolist(), strict=True)
    pairs = (
        _Pair(names[one], names[other], alike, "exact" if exact else "near")
        for (one, other), alike, exact in rows
    )
    return _Stories(tuple(names[number] for number in own), tuple(pairs))


def check_similarity(similarity: float) -> None:
    """Raise InputError for a similarity that is not looked for."""
    if not _LEAST_SIMILARITY <= similarity <= 1:
        raise InputError(
            "similarity is out of range", value=similarity, allowed=f"{_LEAST_SIMILARITY} to 1"
        )


@dataclass(frozen=True, eq=False)
class Pairs:
    """Documents of one story as numbers: `story` is the first document of each document's story.

    `pairs` (rows of two numbers, the smaller first, sorted), how similar each is, and whether it
    is of the same tokens.
    """

    story: np.ndarray
    pairs: np.ndarray
    similarity: np.ndarray
    exact: np.ndarray


class _Given(Sequence):
    """Documents as they were given, the tokens of each as numbers."""

    def __init__(self, documents: Sequence[np.ndarray | str]):
        self.documents = documents

    def __len__(self) -> int:
        return len(self.documents)

    def __getitem__(self, number: int) -> np.ndarray:
        return _token_hashes(self.documents[number])

    def stretches(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The tokens of documents that follow each other, and where each one's begin and the last's end."""
        for first in range(0, len(self), _BATCH):
            tokens = [
                _token_hashes(document) for document in self.documents[first : first + _BATCH]
            ]
            yield np.concatenate(tokens), starts(np.array([len(own) for own in tokens]))


def find_pairs(documents: _Given, *, similarity: float, folder: Path | None = None) -> Pairs:
    """The stories of documents that stand in the order of their ids; see `_find_stories`.

    `documents` has `stretches` as `_Given`. What does not fit in memory is kept in nameless files of
    `folder`. Raises TooManyCandidates where more pairs would have to be compared than MOST_CANDIDATES.
    """
    equal = _equal_rows(documents)
    alone = np.ones(len(documents), dtype=bool)
    alone[equal[1]] = False
    return _united(len(documents), equal, _near_rows(documents, alone, similarity, folder))


def equal_pairs(documents: _Given) -> Pairs:
    """The stories of documents of which only the same are one story."""
    return _united(len(documents), _equal_rows(documents), _no_rows())


_Rows = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Pairs of documents: the smaller number, the other, how similar."""


def _no_rows() -> _Rows:
    """No pair of documents."""
    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)


def _equal_rows(documents: _Given) -> _Rows:
    """Each document that has the tokens of an earlier one, with the first that has; none without a token."""
    digests, spoken = _digests_of(documents)
    order = np.flatnonzero(spoken)
    order = order[np.lexsort(digests[order].T)]  # stable: the same ones in their order
    digests = digests[order]
    again = np.flatnonzero((digests[1:] == digests[:-1]).all(axis=1)) + 1
    first = np.arange(len(order))
    first[again] = 0
    first = order[np.maximum.accumulate(first)]
    return first[again], order[again], np.ones(len(again))


def _digests_of(documents: _Given) -> tuple[np.ndarray, np.ndarray]:
    """A row of two numbers for each document that tells its tokens from any others, and which have any."""
    digests, spoken = [np.empty((0, 2), dtype=np.uint64)], [np.empty(0, dtype=bool)]
    for tokens, begins in documents.stretches():
        view = memoryview(np.ascontiguousarray(tokens).view(np.uint8))
        bounds = pairwise((begins * tokens.itemsize).tolist())
        parts = (hashlib.blake2b(view[a:b], digest_size=16).digest() for a, b in bounds)
        digests.append(np.frombuffer(b"".join(parts), dtype=np.uint64).reshape(-1, 2))
        spoken.append(np.diff(begins) > 0)
    return np.concatenate(digests), np.concatenate(spoken)


def _united(n: int, equal: _Rows, near: _Rows) -> Pairs:
    """The components that pairs make of n documents."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    one, other, similarity = map(np.concatenate, zip(equal, near, strict=True))
    exact = np.arange(len(one)) < len(equal[0])
    order = np.lexsort((other, one))
    joined = sparse.coo_array((np.ones(len(one), bool), (one, other)), shape=(n, n))
    label = connected_components(joined, directed=False)[1]
    first = np.unique(label, return_index=True)[1]
    pairs = np.column_stack((one, other))[order]
    return Pairs(first[label].astype(np.int64), pairs, similarity[order], exact[order])


class TooManyCandidates(InputError):
    """More pairs than are compared."""


# --- shingles --------------------------------------------------------------------------------------


def _token_hashes(document: np.ndarray | str) -> np.ndarray:
    """A number for each token: its id, or a hash of the word in lower case."""
    if not isinstance(document, str):
        return np.asarray(document).astype(np.uint64)
    words = _WORD.findall(document.casefold())
    known = {word: _word_hash(word) for word in set(words)}
    return np.fromiter((known[word] for word in words), dtype=np.uint64, count=len(words))


def _word_hash(word: str) -> int:
    """64 bits of a word, the same on every machine."""
    return int.from_bytes(
        hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "little"
    )


def _shingles(document: np.ndarray | str) -> np.ndarray:
    """The set of three tokens in a row, as sorted numbers; a shorter document is one shingle."""
    tokens = _token_hashes(document)
    numbers = np.sort(_mixed(tokens, min(_SHINGLE, len(tokens))))
    return numbers[np.concatenate(([True], numbers[1:] != numbers[:-1]))[: len(numbers)]]


def _mixed(tokens: np.ndarray, width: int) -> np.ndarray:
    """A number for every `width` tokens in a row."""
    numbers = np.zeros(len(tokens) - width + 1 if width else 0, dtype=np.uint64)
    for place in range(width):
        part = tokens[place : place + len(numbers)] + np.uint64(place + 1)
        numbers = (numbers ^ part) * _MULTIPLIERS[place]
        numbers ^= numbers >> np.uint64(31)
    return numbers


def _shingles_of(tokens: np.ndarray, begins: np.ndarray, ends: np.ndarray) -> tuple:
    """The shingles of some documents in a row, and where each one's begin and the last's end.

    They are not made distinct: a minimum over them is the same. The documents (first token and one
    past the last, one token at least) stand in a stretch of tokens.
    """
    widths = np.minimum(ends - begins, _SHINGLE)
    bounds = starts(ends - begins - widths + 1)
    places = np.repeat(begins - bounds[:-1], np.diff(bounds)) + np.arange(bounds[-1])
    tokens = tokens.astype(np.uint64)
    numbers = np.empty(len(places), dtype=np.uint64)
    for width in np.unique(widths):
        mine = np.repeat(widths == width, np.diff(bounds))
        numbers[mine] = _mixed(tokens, width)[places[mine]]
    return numbers, bounds


def _jaccard(one: np.ndarray, other: np.ndarray) -> float:
    """Shared shingles by all shingles of two sets.

    >>> _jaccard(np.array([1, 2, 3]), np.array([2, 3, 4]))
    0.5
    """
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / max(1, len(one) + len(other) - shared)


# --- near ------------------------------------------------------------------------------------------


def _near_rows(
    documents: _Given, chosen: np.ndarray, similarity: float, folder: Path | None
) -> _Rows:
    """Pairs of the chosen documents at least this similar; those of no token left out."""
    with _Sketches(_band_width(similarity), folder) as sketches:
        numbers = _sketch(documents, chosen, sketches)
        pairs = numbers[_likely(_candidates(sketches), sketches, similarity)]
    found = np.fromiter(_compared(documents, pairs), dtype=float, count=len(pairs))
    kept = found >= similarity
    return pairs[kept, 0], pairs[kept, 1], found[kept]


def _compared(documents: _Given, pairs: np.ndarray) -> Iterator[float]:
    """How similar the documents of each pair are; of a few documents the shingles are kept."""
    sets: dict[int, np.ndarray] = {}
    for pair in pairs.tolist():
        if len(sets) >= _KEPT:
            sets.clear()
        for number in pair:
            if number not in sets:
                sets[number] = _shingles(documents[number])
        yield _jaccard(*(sets[number] for number in pair))


def _sketch(documents: _Given, chosen: np.ndarray, sketches: _Sketches) -> np.ndarray:
    """Put the minima of the chosen documents that have a token into `sketches`; their numbers."""
    numbers, before = [np.empty(0, dtype=np.int64)], 0
    for tokens, begins in documents.stretches():
        inside = chosen[before : before + len(begins) - 1] & (np.diff(begins) > 0)
        mine = np.flatnonzero(inside)
        numbers.append(mine + before)
        before += len(begins) - 1
        parts = (mine[first : first + _BATCH] for first in range(0, len(mine), _BATCH))
        batches = (_shingles_of(tokens, begins[part], begins[part + 1]) for part in parts)
        for _, found in ahead(batches, _minima, 2):
            sketches.add(found)
    return np.concatenate(numbers)


def _minima(shingles: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """A row of PERMUTATIONS minima for each document, from the shingles of all in a row and their bounds."""
    import rensa

    numbers, bounds = shingles
    matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
        numbers, bounds.tolist(), _PERMUTATIONS, _SEED
    )
    return np.array(matrix.to_rows(), dtype=np.uint32)


def _band_width(similarity: float) -> int:
    """Minima of a band: bands of four (three below 0.7) propose a pair of that similarity almost surely."""
    return 4 if similarity >= 0.7 else 3


class _Sketches:
    """Minima of many documents in nameless files: a number for each band, and the low bits of all."""

    def __init__(self, width: int, folder: Path | None):
        self.width, self.n, self.folder = width, 0, folder
        self.bands: list[BinaryIO] = []

    def __enter__(self) -> _Sketches:
        with ExitStack() as stack:
            self.rows = stack.enter_context(TemporaryFile(dir=self.folder))
            for _ in range(_PERMUTATIONS // self.width):
                self.bands.append(stack.enter_context(TemporaryFile(dir=self.folder)))
            self.opened = stack.pop_all()
        return self

    def __exit__(self, *_) -> None:
        self.opened.close()

    def __len__(self) -> int:
        return self.n

    def add(self, minima: np.ndarray) -> None:
        """Take a row of minima for each of some documents."""
        for number, file in enumerate(self.bands):
            file.write(_bands_of(minima[:, number * self.width :][:, : self.width]))
        self.rows.write(minima.astype(np.uint16))
        self.n += len(minima)

    def band(self, number: int) -> np.ndarray:
        """The number of each document for a band."""
        self.bands[number].seek(0)
        return np.fromfile(self.bands[number], dtype=np.uint64)

    def agreement(self, pairs: np.ndarray) -> np.ndarray:
        """In how many of their minima the documents of each pair (of rows) agree."""
        self.rows.flush()
        rows = np.memmap(self.rows, np.uint16, "r", shape=(self.n, _PERMUTATIONS))
        return np.count_nonzero(rows[pairs[:, 0]] == rows[pairs[:, 1]], axis=1)


def _bands_of(minima: np.ndarray) -> np.ndarray:
    """One number for a row of minima."""
    keys = np.zeros(len(minima), dtype=np.uint64)
    for column in minima.T:
        keys = (keys ^ column) * _MULTIPLIERS[0]
        keys ^= keys >> np.uint64(29)
    return keys


def _candidates(sketches: _Sketches) -> np.ndarray:
    """Pairs of rows that agree in a whole band: sorted rows of two numbers, the smaller first."""
    found = np.empty(0, dtype=np.int64)
    for number in range(len(sketches.bands)):
        found = np.union1d(found, _agreeing(sketches.band(number)))
        _check_candidates(len(found))
    return np.column_stack(np.divmod(found, max(len(sketches), 1)))


def _agreeing(keys: np.ndarray) -> np.ndarray:
    """Pairs of rows that have the same key, each pair as one number."""
    ordered = np.sort(keys)
    several = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(several):
        return np.empty(0, dtype=np.int64)
    bucket = np.minimum(np.searchsorted(several, keys), len(several) - 1)
    shared = np.flatnonzero(several[bucket] == keys)
    bucket = bucket[shared]
    order = np.argsort(bucket, kind="stable")
    rows, bucket = shared[order], bucket[order]
    sizes = np.bincount(bucket)
    _check_candidates(int((sizes * (sizes - 1) // 2).sum()))
    parts = []
    for step in range(1, sizes.max()):
        same = np.flatnonzero(bucket[step:] == bucket[:-step])
        parts.append(rows[same] * len(keys) + rows[same + step])
    return np.concatenate(parts)


def _check_candidates(n: int) -> None:
    """Raise TooManyCandidates for more pairs than are compared."""
    if n > _MOST_CANDIDATES:
        raise TooManyCandidates(
            "too many documents share passages to compare them all",
            value=n,
            allowed=f"up to {_MOST_CANDIDATES:,} pairs; exclude the lines that repeat first",
        )


def _likely(pairs: np.ndarray, sketches: _Sketches, similarity: float) -> np.ndarray:
    """The pairs whose minima agree nearly as often as the similarity asks."""
    least = (similarity - _MARGIN) * _PERMUTATIONS
    parts = (pairs[first : first + _BATCH * 10] for first in range(0, len(pairs), _BATCH * 10))
    kept = [part[sketches.agreement(part) >= least] for part in parts]
    return np.concatenate([pairs[:0], *kept])
