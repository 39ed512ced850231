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
MOST_CANDIDATES = 5_000_000
KEPT = 2_000
WORD = regex.compile(r"\p{Han}|[\p{L}\p{M}\p{Nd}--\p{Han}]+", regex.VERSION1)
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
    check_similarity(similarity)
    if len(set(ids)) < len(ids) or len(ids) != len(documents):
        raise InputError(
            "every document needs an id of its own",
            value=len(set(ids)),
            allowed=f"{len(documents)} ids",
        )
    order = sorted(range(len(ids)), key=ids.__getitem__)
    found = find_pairs([documents[number] for number in order], similarity=similarity)
    names = [ids[number] for number in order]
    own = np.empty(len(ids), dtype=np.int64)
    own[order] = found.story
    rows = zip(found.pairs.tolist(), found.similarity.tolist(), found.exact.tolist(), strict=True)
    pairs = (
        Pair(names[one], names[other], alike, "exact" if exact else "near")
        for (one, other), alike, exact in rows
    )
    return Stories(tuple(names[number] for number in own), tuple(pairs))


def check_similarity(similarity: float) -> None:
    """Raise InputError for a similarity that is not looked for."""
    if not LEAST_SIMILARITY <= similarity <= 1:
        raise InputError(
            "similarity is out of range", value=similarity, allowed=f"{LEAST_SIMILARITY} to 1"
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


def find_pairs(documents: Sequence[np.ndarray | str], *, similarity: float) -> Pairs:
    """The stories of documents that stand in the order of their ids; see `find_stories`.

    Raises TooManyCandidates where more pairs would have to be compared than MOST_CANDIDATES.
    """
    groups = equal_groups(documents)
    firsts = [group[0] for group in groups]
    near = [(*pair, False) for pair in near_pairs(firsts, documents, similarity)]
    return united(len(documents), [*equal_rows(groups), *near])


def equal_pairs(documents: Sequence[np.ndarray | str]) -> Pairs:
    """The stories of documents of which only the same are one story."""
    return united(len(documents), list(equal_rows(equal_groups(documents))))


def equal_rows(groups: list[list[int]]) -> Iterator[tuple[int, int, float, bool]]:
    """A row for each copy, with the first of its group."""
    return ((group[0], copy, 1.0, True) for group in groups for copy in group[1:])


def united(n: int, rows: list[tuple[int, int, float, bool]]) -> Pairs:
    """The components that rows (one, other, similarity, exact) make of n documents."""
    rows.sort()
    parent = list(range(n))
    for one, other, *_ in rows:
        unite(parent, one, other)
    return Pairs(
        np.array([root(parent, number) for number in range(n)], dtype=np.int64),
        np.array([row[:2] for row in rows], dtype=np.int64).reshape(-1, 2),
        np.array([row[2] for row in rows], dtype=float),
        np.array([row[3] for row in rows], dtype=bool),
    )


class TooManyCandidates(InputError):
    """More pairs than are compared."""


def equal_groups(documents: Sequence[np.ndarray | str]) -> list[list[int]]:
    """Documents of the same tokens, each group in their order; a document of none is alone."""
    groups: dict[bytes, list[int]] = {}
    for number, document in enumerate(documents):
        tokens = token_hashes(document)
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


def unite(parent: list[int], one: int, other: int) -> None:
    """Two components as one, which its first document stands for."""
    first, second = sorted((root(parent, one), root(parent, other)))
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
    numbers = np.sort(mixed(tokens, min(SHINGLE, len(tokens))))
    return numbers[np.concatenate(([True], numbers[1:] != numbers[:-1]))[: len(numbers)]]


def mixed(tokens: np.ndarray, width: int) -> np.ndarray:
    """A number for every `width` tokens in a row."""
    numbers = np.zeros(len(tokens) - width + 1 if width else 0, dtype=np.uint64)
    for place in range(width):
        part = tokens[place : place + len(numbers)] + np.uint64(place + 1)
        numbers = (numbers ^ part) * MULTIPLIERS[place]
        numbers ^= numbers >> np.uint64(31)
    return numbers


def many_shingles(documents: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The shingles of several documents in a row, and the first of each and the end of the last.

    They are not made distinct: a minimum over them is the same. A document has three tokens or more.
    """
    sizes = np.array([len(tokens) for tokens in documents])
    numbers = mixed(np.concatenate(documents), SHINGLE)
    last = np.cumsum(sizes)[:-1]
    across = (last[:, None] - np.arange(1, SHINGLE)).ravel()
    own = np.delete(numbers, across)
    return own, np.concatenate(([0], np.cumsum(sizes - SHINGLE + 1)))


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
    for pair in likely(candidates(digests, similarity), digests, similarity).tolist():
        one, other = sorted(kept[row] for row in pair)
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
    rows, kept = [np.empty((0, PERMUTATIONS), dtype=np.uint32)], []
    for start in range(0, len(firsts), BATCH):
        batch = [(n, token_hashes(documents[n])) for n in firsts[start : start + BATCH]]
        long = [(number, tokens) for number, tokens in batch if len(tokens) >= SHINGLE]
        if long:
            rows.append(minima(*many_shingles([tokens for _, tokens in long])))
        short = [(number, tokens) for number, tokens in batch if 0 < len(tokens) < SHINGLE]
        rows += [minima(mixed(tokens, len(tokens)), np.array([0, 1])) for _, tokens in short]
        kept += [number for number, _ in (*long, *short)]
    return np.concatenate(rows), kept


def minima(shingles: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """A row of PERMUTATIONS minima for each document, from the shingles of all in a row."""
    import rensa

    matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
        shingles, begins.tolist(), PERMUTATIONS, SEED
    )
    return np.array(matrix.to_rows(), dtype=np.uint32)


def candidates(digests: np.ndarray, similarity: float) -> np.ndarray:
    """Pairs of rows that agree in a whole band: sorted rows of two numbers, the smaller first.

    Bands of four minima (three below 0.7) propose a pair of that similarity almost surely.
    """
    width = 4 if similarity >= 0.7 else 3
    found = np.empty(0, dtype=np.int64)
    for start in range(0, PERMUTATIONS - width + 1, width):
        found = np.union1d(found, agreeing(digests[:, start : start + width]))
        check_candidates(len(found))
    return np.column_stack(np.divmod(found, max(len(digests), 1)))


def agreeing(band: np.ndarray) -> np.ndarray:
    """Pairs of rows that agree in every column of a band, each as one number."""
    keys = np.zeros(len(band), dtype=np.uint64)
    for column in band.T:
        keys = (keys ^ column) * MULTIPLIERS[0]
        keys ^= keys >> np.uint64(29)
    order = np.argsort(keys, kind="stable")
    bucket = np.cumsum(np.concatenate(([False], keys[order][1:] != keys[order][:-1]))[: len(order)])
    sizes = np.bincount(bucket)
    check_candidates(int((sizes * (sizes - 1) // 2).sum()))
    shared = sizes[bucket] > 1
    order, bucket = order[shared], bucket[shared]
    parts = [np.empty(0, dtype=np.int64)]
    for step in range(1, sizes.max(initial=0)):
        same = np.flatnonzero(bucket[step:] == bucket[:-step])
        pair = np.sort(np.column_stack((order[same], order[same + step])), axis=1)
        parts.append(pair[:, 0] * len(band) + pair[:, 1])
    return np.concatenate(parts)


def check_candidates(n: int) -> None:
    """Raise TooManyCandidates for more pairs than are compared."""
    if n > MOST_CANDIDATES:
        raise TooManyCandidates(
            "too many documents share passages to compare them all",
            value=n,
            allowed=f"up to {MOST_CANDIDATES:,} pairs; exclude the lines that repeat first",
        )


def likely(pairs: np.ndarray, digests: np.ndarray, similarity: float) -> np.ndarray:
    """The pairs whose minima agree nearly as often as the similarity asks."""
    least = (similarity - MARGIN) * PERMUTATIONS
    kept = [pairs[:0]]
    for start in range(0, len(pairs), BATCH * 10):
        part = pairs[start : start + BATCH * 10]
        same = digests[part[:, 0]] == digests[part[:, 1]]
        kept.append(part[np.count_nonzero(same, axis=1) >= least])
    return np.concatenate(kept)
