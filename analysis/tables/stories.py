"""Stories: which documents are copies of each other, exactly or nearly, and which of them count."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
import pandas as pd

from analysis.corpus import EVERY, Corpus
from analysis.errors import InputError
from analysis.store.arrow import coded, column_of
from analysis.store.blocks import WORTH_A_PROCESS
from analysis.store.cache import code_of, entry, key_of, save
from analysis.tokens import Block, Tokens, part_of, starts, tokenize

SIMILARITY = 0.8
_MIN_SIMILARITY = 0.5
_UNIQUE = ("all", "stories")
_MAX_LISTED = 100_000
_SHINGLE = 3
"""Tokens in a row that make a shingle."""
_PERMUTATIONS, _SEED = 128, 42
_MARGIN = 0.15
"""How far below the similarity the estimate by MinHash may lie for a pair to be compared exactly."""
_MAX_CANDIDATES = 5_000_000
_BATCH = 1_000
"""Documents whose minima are computed at once."""
_KEPT_DOCUMENTS, _KEPT_BLOCKS = 2_000, 64
"""Documents whose shingles, and blocks whose tokens, are kept while documents are compared."""
_MULTIPLIERS = tuple(
    np.uint64(number) for number in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """The copies in a corpus; documents are numbers.

    `story` is the first document of each document's story. `pairs` are the pairs of documents that
    make the stories (rows of two numbers, the smaller first, sorted), `similarity` tells how
    similar they are (0 to 1), `exact` whether they hold the same tokens.
    """

    story: np.ndarray
    pairs: np.ndarray
    similarity: np.ndarray
    exact: np.ndarray


@dataclass(frozen=True, eq=False)
class CorpusStories:
    """Which documents of a corpus are one story.

    `tokens` are those of every article, `found` the stories and the pairs that make them. `problem`
    says why near copies were not looked for, '' where they were.
    """

    tokens: Tokens
    found: _Pairs
    problem: str = ""

    def __len__(self) -> int:
        return int((self.found.story == np.arange(len(self.found.story))).sum())

    @cached_property
    def representative(self) -> np.ndarray:
        """For each document the one that represents its story.

        It is the one dated earliest, of several the smallest id. A date counts from its last day:
        `2024` is 31 December 2024; an undated document comes last.
        """
        dates, which = coded(column_of(self.tokens.corpus.documents["date"]))
        last_day = [date + "-99-99"[len(date) - 4 :] if date else "~" for date in dates]
        rank = np.unique(last_day, return_inverse=True)[1].astype(np.int32)
        order = np.argsort(rank[which], kind="stable")
        stories, first = np.unique(self.found.story[order], return_index=True)
        return order[first][np.searchsorted(stories, self.found.story)]

    @cached_property
    def counts(self) -> np.ndarray:
        """Which documents represent their story (a mask)."""
        return self.representative == np.arange(len(self.representative))


class _TooManyCandidates(InputError):
    """More pairs of documents than are compared."""


def stories_of(tokens: Tokens, *, similarity: float = SIMILARITY) -> CorpusStories:
    """Which documents of a corpus are one story; from the cache if it holds them.

    Two documents are one story if they share at least `similarity` (0.5 to 1) of their shingles,
    the sets of three types in a row without excluded lines (Jaccard index). MinHash proposes the
    pairs (at 0.8 it misses one in ten million), which are then compared exactly. Stories are the
    connected components, so two documents of one story may be less similar. The order of the
    documents is irrelevant. Where too many documents share passages, only exact copies are found,
    and `problem` says so. Raises InputError for a similarity out of range.
    """
    if not _MIN_SIMILARITY <= similarity <= 1:
        allowed = f"{_MIN_SIMILARITY} to 1"
        raise InputError("similarity is out of range", value=similarity, allowed=allowed)
    key = key_of(code_of("tokens", "tables.stories"), tokens.keys, similarity)

    def make(folder) -> None:
        found, problem = _find_pairs(tokens, similarity)
        save(folder, key, {"problem": problem}, vars(found))

    made = entry("stories", key, make)
    arrays = (made[field.name] for field in fields(_Pairs))
    return CorpusStories(tokens, _Pairs(*arrays), made.notes["problem"])


def counted_corpus(corpus: Corpus, unique: str, *, similarity: float = SIMILARITY) -> Corpus:
    """The corpus that is counted.

    The tokens and stories of a large one are made on the way, so that several notebooks need not
    make them at once. Raises InputError as `counted`.
    """
    check_unique(unique)
    if unique == "all" and corpus.texts.spans[:, 1].max() <= WORTH_A_PROCESS:
        return corpus
    return counted(stories_of(tokenize(corpus), similarity=similarity), unique).corpus


def check_unique(unique: str) -> None:
    """Raise InputError for an unknown way of counting."""
    if unique not in _UNIQUE:
        raise InputError("unknown way of counting", where="unique", value=unique, allowed=_UNIQUE)


def counted(stories: CorpusStories, unique: str) -> Tokens:
    """The tokens of every article ('all'), or of one article of each story ('stories').

    Raises InputError for another `unique`, or where near copies could not be looked for.
    """
    check_unique(unique)
    if unique == "all":
        return stories.tokens
    if stories.problem:
        raise InputError(stories.problem, where="unique")
    return part_of(stories.tokens, stories.counts)


# --- copies ------------------------------------------------------------------------------------------


def _find_pairs(tokens: Tokens, similarity: float) -> tuple[_Pairs, str]:
    """The copies in a corpus; if too many documents would have to be compared, the exact copies
    only, and the reason."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    n, original = tokens.n_documents, _originals(tokens)
    copies = np.flatnonzero(original != np.arange(n))
    exact = np.column_stack((original[copies], copies))
    near, similarities, problem = np.empty((0, 2), dtype=np.int64), np.empty(0), ""
    try:
        chosen = (original == np.arange(n)) & (tokens.document_sizes > 0)
        near, similarities = _near_pairs(tokens, chosen, similarity)
    except _TooManyCandidates as error:
        problem = str(error)
    pairs = np.concatenate((exact, near))
    joined = sparse.coo_array((np.ones(len(pairs), dtype=bool), pairs.T), shape=(n, n))
    label = connected_components(joined, directed=False)[1]
    first = np.unique(label, return_index=True)[1].astype(np.int64)
    order = np.lexsort(pairs.T[::-1])
    is_exact = np.arange(len(pairs)) < len(exact)
    similarities = np.concatenate((np.ones(len(exact)), similarities))
    return _Pairs(first[label], pairs[order], similarities[order], is_exact[order]), problem


def _originals(tokens: Tokens) -> np.ndarray:
    """The first document with the same types as each; a document without a token is its own."""
    original = np.arange(tokens.n_documents)
    first_with: dict[bytes, int] = {}
    for block in tokens.blocks():
        for number, types in enumerate(_types_of(block), start=block.first_document):
            if len(types):
                digest = hashlib.blake2b(types.tobytes(), digest_size=16).digest()
                original[number] = first_with.setdefault(digest, number)
    return original


def _types_of(block: Block) -> list[np.ndarray]:
    """The types of the tokens of each document of a block."""
    return [block.type_ids[a:b] for a, b in pairwise(block.document_start.tolist())]


def _near_pairs(
    tokens: Tokens, chosen: np.ndarray, similarity: float
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of the chosen documents (a mask) that are at least this similar, and how similar."""
    numbers = np.flatnonzero(chosen)
    minima = _minima_of(tokens, chosen)
    pairs = _candidates(minima, 4 if similarity >= 0.7 else 3)
    agreement = np.array([np.count_nonzero(minima[a] == minima[b]) for a, b in pairs], dtype=int)
    pairs = numbers[pairs[agreement >= (similarity - _MARGIN) * _PERMUTATIONS]]
    shingles = _reader_of_shingles(tokens)
    found = np.array([_jaccard(shingles(a), shingles(b)) for a, b in pairs], dtype=float)
    similar = found >= similarity
    return pairs[similar], found[similar]


def _shingles(types: np.ndarray) -> np.ndarray:
    """A number for every three tokens in a row; a shorter document is one shingle.

    They are not made distinct.
    """
    width = min(_SHINGLE, len(types))
    numbers = np.zeros(len(types) - width + 1, dtype=np.uint64)
    for place in range(width):
        part = types[place : place + len(numbers)].astype(np.uint64) + np.uint64(place + 1)
        numbers = (numbers ^ part) * _MULTIPLIERS[place]
        numbers ^= numbers >> np.uint64(31)
    return numbers


def _jaccard(one: np.ndarray, other: np.ndarray) -> float:
    """Shared shingles by all shingles of two sets.

    >>> _jaccard(np.array([1, 2, 3]), np.array([2, 3, 4]))
    0.5
    """
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / max(1, len(one) + len(other) - shared)


def _reader_of_shingles(tokens: Tokens) -> Callable[[int], np.ndarray]:
    """A function from a document to the set of its shingles; those used last are kept."""
    opened = lru_cache(_KEPT_BLOCKS)(tokens.opened_block)

    @lru_cache(_KEPT_DOCUMENTS)
    def shingles(number: int) -> np.ndarray:
        block = opened(tokens.block_number(number))
        first, last = block.document_start[number - block.first_document :][:2].tolist()
        return np.unique(_shingles(block.types[block.ids[first:last]]))

    return shingles


def _minima_of(tokens: Tokens, chosen: np.ndarray) -> np.ndarray:
    """The MinHash minima (columns) of the chosen documents (rows), their 16 low bits only."""

    def of_block(block: Block) -> np.ndarray:
        mine = np.flatnonzero(chosen[block.documents])
        types = _types_of(block)
        documents = [_shingles(types[number]) for number in mine]
        batches = [documents[k : k + _BATCH] for k in range(0, len(documents), _BATCH)]
        return np.concatenate([np.empty((0, _PERMUTATIONS), np.uint16), *map(_minima, batches)])

    minima, place = np.empty((int(chosen.sum()), _PERMUTATIONS), dtype=np.uint16), 0
    for _, part in tokens.each(of_block):
        minima[place : place + len(part)] = part
        place += len(part)
    return minima


def _minima(documents: list[np.ndarray]) -> np.ndarray:
    """The minima of some documents, given by their shingles."""
    import rensa

    bounds = starts(np.array([len(shingles) for shingles in documents])).tolist()
    matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
        np.concatenate(documents), bounds, _PERMUTATIONS, _SEED
    )
    return np.array(matrix.to_rows(), dtype=np.uint32).astype(np.uint16)


def _candidates(minima: np.ndarray, width: int) -> np.ndarray:
    """Pairs of rows that agree in a whole band of so many minima, the smaller first, sorted.

    Raises _TooManyCandidates.
    """
    found = np.empty(0, dtype=np.int64)
    for first in range(0, _PERMUTATIONS - width + 1, width):
        band = pd.DataFrame(minima[:, first : first + width])
        keys = pd.util.hash_pandas_object(band, index=False).to_numpy()
        found = np.union1d(found, _equal_pairs(keys))
        _check_candidates(len(found))
    return np.column_stack(np.divmod(found, max(len(minima), 1)))


def _equal_pairs(keys: np.ndarray) -> np.ndarray:
    """Pairs of rows with the same key, each pair as one number: row * rows + other row."""
    rows = pd.Series(keys)
    rows = rows[rows.duplicated(keep=False)]
    sizes = rows.value_counts()
    _check_candidates(int((sizes * (sizes - 1) // 2).sum()))
    table = pd.DataFrame({"key": rows.to_numpy(), "row": rows.index})
    both = table.merge(table, on="key")
    both = both[both["row_x"] < both["row_y"]]
    return (both["row_x"] * len(keys) + both["row_y"]).to_numpy()


def _check_candidates(n: int) -> None:
    """Raise _TooManyCandidates for more pairs than are compared."""
    if n > _MAX_CANDIDATES:
        raise _TooManyCandidates(
            "too many documents share passages to compare them all",
            value=n,
            allowed=f"up to {_MAX_CANDIDATES:,} pairs; exclude the lines that repeat first",
        )


# --- tables ------------------------------------------------------------------------------------------


def duplicate_table(stories: CorpusStories) -> pd.DataFrame:
    """Pairs of documents of one story: `duplicates.csv`, at most 100,000 of them.

    Columns document, other, similarity, kind ('exact': of the same tokens, or 'near'), story (its
    smallest id), counted (the document that represents it), source, other_source, date, other_date;
    sorted by story and document.
    """
    found, documents = stories.found, stories.tokens.corpus.documents
    order = np.argsort(found.story[found.pairs[:, 0]], kind="stable")[:_MAX_LISTED]
    one, other = found.pairs[order].T

    def values(column: str, numbers: np.ndarray) -> np.ndarray:
        return documents[column].iloc[numbers].to_numpy(dtype=object)

    table = {
        "document": values("id", one),
        "other": values("id", other),
        "similarity": found.similarity[order],
        "kind": np.where(found.exact[order], "exact", "near"),
        "story": values("id", found.story[one]),
        "counted": values("id", stories.representative[one]),
    }
    for column in ("source", "date"):
        table |= {column: values(column, one), f"other_{column}": values(column, other)}
    return pd.DataFrame(table)


def copy_table(stories: CorpusStories) -> pd.DataFrame:
    """The documents that do not count when stories are counted: `copies.csv`.

    Columns document, source, date, story, counted (the document that represents the story),
    counted_source, counted_date.
    """
    copies = np.flatnonzero(~stories.counts)
    documents = stories.tokens.corpus.documents[["id", "source", "date"]]
    table = documents.iloc[copies].rename(columns={"id": "document"}).reset_index(drop=True)
    table["story"] = documents["id"].array.take(stories.found.story[copies])
    others = documents.iloc[stories.representative[copies]].reset_index(drop=True)
    names = {"id": "counted", "source": "counted_source", "date": "counted_date"}
    return pd.concat([table, others.rename(columns=names)], axis=1)


def story_counts(stories: CorpusStories, group: str) -> pd.DataFrame:
    """Numbers of articles and of stories, for all and by group: `stories.csv`.

    Columns group, articles, tokens, stories (different ones that the group printed), credited
    (those that its own article represents: they add up to all stories) and credited_tokens.
    """
    sizes = stories.tokens.document_sizes
    rows = []
    for name, mine in stories.tokens.corpus.group_masks(group):
        own = mine & stories.counts
        printed = len(np.unique(stories.found.story[mine]))
        counts = (mine.sum(), sizes[mine].sum(), printed, own.sum(), sizes[own].sum())
        rows.append((name, *map(int, counts)))
    columns = ["group", "articles", "tokens", "stories", "credited", "credited_tokens"]
    return pd.DataFrame(rows, columns=columns)


def beside(
    stories: CorpusStories, keys: pd.DataFrame, names: Sequence[str], counts, sizes: np.ndarray
) -> pd.DataFrame:
    """Counts in cells of documents, by article and by story beside each other.

    `keys` has a row a document and a column `group`; a document with an empty value is in no cell.
    `counts` are of the names (columns) in each document (rows), `sizes` what they are shares of.
    Columns name, those of `keys`, articles, article_size, article_count, stories, story_size,
    story_count; a row a name and cell, the group `all` first.
    """
    from scipy import sparse

    rows = np.flatnonzero((keys != "").all(axis=1))
    own = keys.iloc[rows]
    both = pd.concat([own.assign(group=EVERY), own], ignore_index=True)
    both["own"] = both["group"] != EVERY
    order = [*(name for name in keys if name != "group"), "own", "group"]
    cell = both.groupby(order).ngroup().to_numpy()
    cells = both.iloc[np.unique(cell, return_index=True)[1]][[*keys]]
    shape = (len(cells), len(keys))
    table: dict[str, np.ndarray] = {"name": np.repeat(np.array(names, dtype=object), len(cells))}
    table |= {name: np.tile(cells[name].to_numpy(dtype=object), len(names)) for name in keys}
    sides = (("article", "articles", np.ones(len(keys), int)), ("story", "stories", stories.counts))
    for side, documents, weight in sides:
        weights = weight.astype(np.int64)[np.tile(rows, 2)]
        inside = sparse.csr_array((weights, (cell, np.tile(rows, 2))), shape=shape)
        table[documents] = np.tile(inside.sum(axis=1), len(names))
        table[f"{side}_size"] = np.tile(inside @ sizes, len(names))
        table[f"{side}_count"] = (inside @ counts).toarray().T.ravel()
    return pd.DataFrame(table)
