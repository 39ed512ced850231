"""Stories: which documents of a corpus are one story, and which of them count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.corpus import EVERY, Corpus
from analysis.errors import InputError, shown_lines
from analysis.store.arrow import coded, column_of
from analysis.store.cache import code_of, entry, key_of, save
from analysis.tables.near import Pairs, TooManyCandidates, check_similarity, equal_pairs, find_pairs
from analysis.tables.part import part_of
from analysis.tokens import WORTH_A_PROCESS, Block, Tokens, tokenize

_UNIQUE = ("all", "stories")
SIMILARITY = 0.8
_MOST_LISTED = 100_000
_MOST_OPEN = 64
"""Blocks that are kept open while documents are compared."""


@dataclass(frozen=True, eq=False)
class CorpusStories:
    """Which documents of a corpus are one story.

    `tokens` are those of every article, `found` the stories and the pairs that make them (numbers
    of documents). `problem` says why near copies were not looked for, '' where they were.
    """

    tokens: Tokens
    found: Pairs
    problem: str = ""

    def __len__(self) -> int:
        return int((self.found.story == np.arange(len(self.found.story))).sum())

    @cached_property
    def standing(self) -> np.ndarray:
        """For each document the one that stands for its story.

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
        """Which documents stand for their story (a mask)."""
        return self.standing == np.arange(len(self.standing))


class _Documents(Sequence):
    """The types of each document in order, read from the blocks when they are asked for."""

    def __init__(self, tokens: Tokens):
        self.tokens = tokens
        self.opened: dict[int, Block] = {}

    def __len__(self) -> int:
        return self.tokens.n_documents

    def __getitem__(self, number: int) -> np.ndarray:
        place = self.tokens.block_number(range(len(self))[number])
        if place not in self.opened:
            if len(self.opened) == _MOST_OPEN:
                del self.opened[next(iter(self.opened))]
            self.opened[place] = self.tokens.opened_block(place)
        block = self.opened[place]
        first, last = block.document_start[number - block.first_document :][:2].tolist()
        return block.types[block.ids[first:last]]

    def stretches(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The types of the documents of each block, and where each document's begin."""
        return ((block.type_ids, block.document_start) for block in self.tokens.blocks())


def stories_of(tokens: Tokens, *, similarity: float = SIMILARITY) -> CorpusStories:
    """Which documents of a corpus are one story; from the cache where they are there.

    As `find_stories`: documents that are alike in at least `similarity` (0.5 to 1) of their sets of
    three types in a row, excluded lines left out. Where too many
    documents share passages, only exact copies are found, and `problem` says so. Raises InputError
    for a similarity out of range.
    """
    check_similarity(similarity)
    key = key_of(code_of("tables.near", "tables.part", "tables.stories"), tokens.keys, similarity)

    def make(folder) -> None:
        found, problem = _found_in(_Documents(tokens), similarity, folder)
        save(folder, key, {"problem": problem}, vars(found))

    made = entry("stories", key, make)
    arrays = (made[field.name] for field in fields(Pairs))
    return CorpusStories(tokens, Pairs(*arrays), made.notes["problem"])


def _found_in(documents: _Documents, similarity: float, folder: Path) -> tuple[Pairs, str]:
    """The pairs of documents, or those of exact copies and why no others."""
    try:
        return find_pairs(documents, similarity=similarity, folder=folder), ""
    except TooManyCandidates as error:
        return equal_pairs(documents), str(error)


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


# --- what is told ----------------------------------------------------------------------------------


def duplicate_table(stories: CorpusStories) -> pd.DataFrame:
    """Pairs of documents of one story: `duplicates.csv`, at most MOST_LISTED of them.

    Columns document, other, similarity, kind ('exact': of the same tokens, or 'near'), story (the
    smallest id of it), counted (the document that stands for it), source, other_source, date,
    other_date; sorted by story and document.
    """
    found, documents = stories.found, stories.tokens.corpus.documents
    order = np.argsort(found.story[found.pairs[:, 0]], kind="stable")[:_MOST_LISTED]
    one, other = found.pairs[order].T

    def told(column: str, numbers: np.ndarray) -> np.ndarray:
        return documents[column].iloc[numbers].to_numpy(dtype=object)

    table = {
        "document": told("id", one),
        "other": told("id", other),
        "similarity": found.similarity[order],
        "kind": np.where(found.exact[order], "exact", "near"),
        "story": told("id", found.story[one]),
        "counted": told("id", stories.standing[one]),
    }
    for column in ("source", "date"):
        table |= {column: told(column, one), f"other_{column}": told(column, other)}
    return pd.DataFrame(table)


def copy_table(stories: CorpusStories) -> pd.DataFrame:
    """The documents that do not count when stories are counted: `copies.csv`.

    Columns document, source, date, story, counted (the document that stands for the story),
    counted_source, counted_date.
    """
    copies = np.flatnonzero(~stories.counts)
    documents = stories.tokens.corpus.documents[["id", "source", "date"]]
    table = documents.iloc[copies].rename(columns={"id": "document"}).reset_index(drop=True)
    table["story"] = documents["id"].array.take(stories.found.story[copies])
    others = documents.iloc[stories.standing[copies]].reset_index(drop=True)
    names = {"id": "counted", "source": "counted_source", "date": "counted_date"}
    return pd.concat([table, others.rename(columns=names)], axis=1)


def story_counts(stories: CorpusStories, group: str) -> pd.DataFrame:
    """Articles and stories beside each other, for all and by group: `stories.csv`.

    Columns group, articles, tokens, stories (different ones that the group printed), credited
    (those that its own article stands for: they add up to all stories) and credited_tokens.
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


def stories_told(stories: CorpusStories, unique: str) -> str:
    """How many articles are how many stories, and which of them count below."""
    articles, n = len(stories.found.story), len(stories)
    problem = f"Near copies were not looked for: {stories.problem}. " if stories.problem else ""
    if n == articles:
        return shown_lines(f"{problem}No article is another's copy: {n:,} articles, {n:,} stories.")
    left = 1 - stories.tokens.document_sizes[stories.counts].sum() / len(stories.tokens)
    told = f"{articles:,} articles are {n:,} stories: {articles - n:,} copies hold {left:.0%} of the tokens. "
    below = {
        "all": "Every article counts below.",
        "stories": f"One article of each story counts below; {articles - n:,} are left out.",
    }
    return shown_lines(problem + told + below[unique])


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
