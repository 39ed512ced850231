"""Rates: how often things occur in cells of documents, one row each, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from analysis.corpus import Corpus
from analysis.rules.evidence import Found
from analysis.statistics.measures import ratio
from analysis.statistics.uncertainty import FEWEST_DOCUMENTS, Clusters, rate_intervals
from analysis.tables.stories import CorpusStories, beside

_Effects = np.ndarray | float
_NUMBERS = ["size", "documents", "interval", "count", "rate", "low", "high"]


def group_cells(corpus: Corpus, group: str) -> Iterator[tuple[dict[str, str], np.ndarray]]:
    """Every group in every language, all documents first: the values of its columns and its mask."""
    for language, spoken in corpus.spoken:
        for name, inside in corpus.group_masks(group):
            yield {"group": name, **language}, inside & spoken


def table_by_language(corpus: Corpus, made: Callable[[np.ndarray], pd.DataFrame]) -> pd.DataFrame:
    """What a function makes of the documents (a mask) of each language, one below the other, with a
    column language where there are several."""
    parts = [made(inside) for _, inside in corpus.strata]
    if len(parts) == 1:
        return parts[0]
    codes = [code for code, _ in corpus.strata]
    parts = [part.assign(language=code) for part, code in zip(parts, codes, strict=True)]
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def rate_table(
    names: Sequence[str],
    side: Callable[[np.ndarray, np.ndarray], tuple[Clusters, _Effects]],
    measured: Iterable[tuple[np.ndarray, np.ndarray]],
    cells: Iterable[tuple[dict[str, str], np.ndarray]],
    confidence: float,
) -> pd.DataFrame:
    """The rate of each thing in each cell of documents, with its interval.

    A cell is the values of its columns and the mask of its documents. `measured` has numbers of
    things and the mask of the documents in which they are measured; `side` gives the counts of some
    things in some documents, with the design effects of sentences (see `rate_intervals`). Columns
    name, those of the cells, size, documents, interval, count, rate, low, high; by name, then cell.
    """
    measured, keys, rows = list(measured), [], []
    for values, inside in cells:
        keys = list(values)
        for numbers, within in measured:
            mine = inside & within
            documents, effects = side(mine, numbers)
            found = rate_intervals(documents, effects=effects, confidence=confidence)
            size, n = int(documents.sizes.sum()), int(mine.sum())
            cell = (*values.values(), size, n, found.over)
            columns = (documents.counts.sum(axis=0), found.values, found.low, found.high)
            rows += [(n, *cell, *row) for n, *row in zip(numbers.tolist(), *columns, strict=True)]
    table = pd.DataFrame(rows, columns=["number", *keys, *_NUMBERS])
    table = table.sort_values("number", kind="stable", ignore_index=True)
    table.insert(0, "name", np.array(names, dtype=object)[table.pop("number").astype(int)])
    return table


def term_side(
    found: Found, inside: np.ndarray, terms: np.ndarray | slice = slice(None)
) -> tuple[Clusters, _Effects]:
    """Counts of some terms and sizes of some documents, and the design effects of their sentences
    where the documents are few."""
    documents = Clusters(found.counts, found.tokens.document_sizes).some(inside, terms)
    few = np.count_nonzero(documents.sizes) < FEWEST_DOCUMENTS
    return documents, found.sentence_effects(inside)[terms] if few else 1.0


def rates_by_story(
    stories: CorpusStories,
    keys: pd.DataFrame,
    names: Sequence[str],
    counts,
    sizes: np.ndarray,
    called: Sequence[str],
) -> pd.DataFrame:
    """Rates by article and by story, one row a name and cell of documents (see `stories.beside`).

    `called` is what the name, the size, the count and the rate are called in the table, whose
    columns are name, those of `keys`, articles, article size, count and rate, and the same of stories.
    """
    table = beside(stories, keys, names, counts, sizes)
    name, *parts = called
    order, titles = ["name", *keys], [name, *keys]
    for side, documents in (("article", "articles"), ("story", "stories")):
        table[f"{side}_rate"] = ratio(table[f"{side}_count"], table[f"{side}_size"])
        order += [documents, *(f"{side}_{part}" for part in ("size", "count", "rate"))]
        titles += [documents, *(f"{side}_{part}" for part in parts)]
    return table[order].set_axis(titles, axis=1)
