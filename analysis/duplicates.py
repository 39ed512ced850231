"""Duplicates: documents that are the same story, to the letter or nearly, and which pairs say so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import regex

from analysis.errors import InputError

SHINGLE = 3
LEAST_SIMILARITY = 0.5
PERMUTATIONS = 128
SEED = 42
BATCH = 1_000
MARGIN = 0.15
MOST_CANDIDATES = 20_000_000
KEPT = 2_000
WORD = regex.compile(r"\p{Han}|[\p{L}\p{M}\p{Nd}--\p{Han}]+", regex.VERSION1)
COLUMNS = ("document", "other", "similarity", "kind")
MULTIPLIERS = tuple(
    np.uint64(number) for number in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)


@dataclass(frozen=True)
class Pair:
    """Two documents of one story: how similar (1 for the same), and 'exact' or 'near'."""

    document: str
    other: str
    similarity: float
    kind: str


@dataclass(frozen=True)
class Stories:
    """The story of each document, named by its smallest document, and the pairs that make stories.

    `names` are in the order of the documents given; `numbers` count stories from 0 in the order of
    their names. Of exact copies each has one pair, with the smallest of them.
    """

    names: tuple[str, ...]
    pairs: tuple[Pair, ...]

    @property
    def numbers(self) -> np.ndarray:
        """The number of each document's story."""
        rank = {name: number for number, name in enumerate(sorted(set(self.names)))}
        return np.array([rank[name] for name in self.names], dtype=np.int64)

    def __len__(self) -> int:
        return len(set(self.names))


def find_stories(
    ids: Sequence[str], documents: Sequence[np.ndarray | str], *, similarity: float = 0.8
) -> Stories:
    """Which documents are one story: equal, or alike in at least `similarity` of their shingles.

    `documents` are arrays of token ids, or texts; they are read more than once and never all kept.
    Similarity is the Jaccard index of the sets of three tokens in a row, computed exactly for the
    pairs that MinHash proposes (rensa; at 0.8 one pair in ten million is not proposed). Stories
    are the connected components, so that two documents of one story may be less similar. The order
    of the documents is irrelevant. Raises InputError for a similarity out of range, a doubled id,
    and more candidates than are compared.

    >>> find_stories(["a", "b", "c"], ["The race is on.", "the RACE is on", "Other."]).names
    ('a', 'a', 'c')
    """
    if not LEAST_SIMILARITY <= similarity <= 1:
        raise InputError(
            "similarity is out of range", value=similarity, allowed=f"{LEAST_SIMILARITY} to 1"
        )
    if len(set(ids)) < len(ids) or len(ids) != len(documents):
        raise InputError(
            "every document needs an id of its own",
            value=len(set(ids)),
            allowed=f"{len(documents)} ids",
        )
    order = sorted(range(len(ids)), key=ids.__getitem__)
    groups = equal_groups(order, documents)
    firsts = [group[0] for group in groups]
    parent = list(range(len(ids)))
    pairs = [Pair(ids[group[0]], ids[copy], 1.0, "exact") for group in groups for copy in group[1:]]
    for group in groups:
        for copy in group[1:]:
            unite(parent, group[0], copy, ids)
    for one, other, shared in near_pairs(firsts, documents, similarity):
        pairs.append(Pair(ids[one], ids[other], shared, "near"))
        unite(parent, one, other, ids)
    names = tuple(ids[root(parent, number)] for number in range(len(ids)))
    return Stories(names, tuple(sorted(pairs, key=lambda pair: (pair.document, pair.other))))


def equal_groups(order: list[int], documents: Sequence[np.ndarray | str]) -> list[list[int]]:
    """Documents of the same tokens, each group in the order given; a document of none is alone."""
    groups: dict[bytes, list[int]] = {}
    for number in order:
        tokens = token_hashes(documents[number])
        digest = hashlib.blake2b(tokens.tobytes(), digest_size=16).digest()
        key = digest if len(tokens) else b"%d" % number
        groups.setdefault(key, []).append(number)
    return list(groups.values())


def root(parent: list[int], number: int) -> int:
    """The document that stands for a document's component."""
    while parent[number] != number:
        parent[number] = parent[parent[number]]
        number = parent[number]
    return number


def unite(parent: list[int], one: int, other: int, ids: Sequence[str]) -> None:
    """Two components as one, which the document of the smaller id stands for."""
    first, second = sorted((root(parent, one), root(parent, other)), key=ids.__getitem__)
    parent[second] = first


# --- shingles --------------------------------------------------------------------------------------


def token_hashes(document: np.ndarray | str) -> np.ndarray:
    """A number for each token: its id, or a hash of the word in lower case."""
    if not isinstance(document, str):
        return np.asarray(document).astype(np.uint64)
    words = WORD.findall(document.casefold())
    known = {word: word_hash(word) for word in set(words)}
    return np.fromiter((known[word] for word in words), dtype=np.uint64, count=len(words))


def word_hash(word: str) -> int:
    """64 bits of a word, the same on every machine."""
    return int.from_bytes(
        hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "little"
    )


def shingles(document: np.ndarray | str) -> np.ndarray:
    """The set of three tokens in a row, as sorted numbers; a shorter document is one shingle."""
    tokens = token_hashes(document)
    width = min(SHINGLE, len(tokens))
    mixed = np.zeros(len(tokens) - width + 1 if width else 0, dtype=np.uint64)
    for place in range(width):
        part = tokens[place : place + len(mixed)] + np.uint64(place + 1)
        mixed = (mixed ^ part) * MULTIPLIERS[place]
        mixed ^= mixed >> np.uint64(31)
    return np.unique(mixed)


def jaccard(one: np.ndarray, other: np.ndarray) -> float:
    """Shared shingles by all shingles of two sets.

    >>> jaccard(np.array([1, 2, 3]), np.array([2, 3, 4]))
    0.5
    """
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / max(1, len(one) + len(other) - shared)


# --- near ------------------------------------------------------------------------------------------


def near_pairs(
    firsts: list[int], documents: Sequence[np.ndarray | str], similarity: float
) -> Iterator[tuple[int, int, float]]:
    """Pairs of documents at least this similar, and how similar; those of no token left out."""
    digests, kept = digests_of(firsts, documents)
    sets: dict[int, np.ndarray] = {}
    for pair in candidates(digests, similarity):
        one, other = (kept[row] for row in pair)
        if len(sets) >= KEPT:
            sets.clear()
        for number in (one, other):
            if number not in sets:
                sets[number] = shingles(documents[number])
        found = jaccard(sets[one], sets[other])
        if found >= similarity:
            yield one, other, found


def digests_of(
    firsts: list[int], documents: Sequence[np.ndarray | str]
) -> tuple[np.ndarray, list[int]]:
    """A row of minima for each document that has a token, and the documents' numbers."""
    import rensa

    rows, kept = [np.empty((0, PERMUTATIONS), dtype=np.uint32)], []
    for start in range(0, len(firsts), BATCH):
        batch = [(number, shingles(documents[number])) for number in firsts[start : start + BATCH]]
        batch = [(number, found) for number, found in batch if len(found)]
        if not batch:
            continue
        offsets = np.cumsum([0, *(len(found) for _, found in batch)]).tolist()
        flat = np.concatenate([found for _, found in batch])
        matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
            flat, offsets, PERMUTATIONS, SEED
        )
        rows.append(np.array(matrix.to_rows(), dtype=np.uint32))
        kept += [number for number, _ in batch]
    return np.concatenate(rows), kept


def candidates(digests: np.ndarray, similarity: float) -> list[tuple[int, int]]:
    """Pairs of rows that agree in a whole band and, by their minima, may be similar enough.

    Bands of four minima (three below 0.7) propose a pair of that similarity almost surely.
    """
    width = 4 if similarity >= 0.7 else 3
    found: set[tuple[int, int]] = set()
    compared = 0
    for start in range(0, PERMUTATIONS - width + 1, width):
        for bucket in buckets(digests[:, start : start + width]):
            compared += len(bucket) * (len(bucket) - 1) // 2
            if compared > MOST_CANDIDATES:
                raise InputError(
                    "too many documents share passages to compare them all",
                    value=compared,
                    allowed=f"up to {MOST_CANDIDATES:,} pairs; exclude the lines that repeat first",
                )
            found |= set(likely(bucket, digests, similarity))
    return sorted(found)


def buckets(band: np.ndarray) -> Iterator[np.ndarray]:
    """Rows that agree in every column of a band, those alone left out."""
    keys = np.ascontiguousarray(band).view([("", band.dtype)] * band.shape[1]).ravel()
    order = np.argsort(keys, kind="stable")
    same = keys[order][1:] == keys[order][:-1]
    edges = np.flatnonzero(np.diff(np.concatenate(([False], same, [False])).astype(np.int8)))
    for first, last in edges.reshape(-1, 2):
        yield np.sort(order[first : last + 1])


def likely(bucket: np.ndarray, digests: np.ndarray, similarity: float) -> Iterator[tuple[int, int]]:
    """Pairs of a bucket whose minima agree nearly as often as the similarity asks."""
    least = (similarity - MARGIN) * PERMUTATIONS
    for place, one in enumerate(bucket[:-1]):
        others = bucket[place + 1 :]
        agreeing = np.count_nonzero(digests[others] == digests[one], axis=1)
        for other in others[agreeing >= least]:
            yield int(one), int(other)
