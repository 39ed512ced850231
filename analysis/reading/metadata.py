"""Metadata: ids, dates and languages of all documents, checked; what they do not allow is rejected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.errors import shown
from analysis.reading.dates import read_dates
from analysis.reading.rows import Rejected, Remark
from analysis.store.arrow import as_bools, as_numbers, empty_texts, mask_of, places_of, texts_of

COLUMNS = ("id", "title", "source", "date", "date_precision", "language")
MISSING = "(none)"
WHOLE_CORPUS = "whole corpus, by date"
_Columns = dict[str, pa.LargeStringArray]


@dataclass(frozen=True)
class Validated:
    """Metadata of the documents that are kept, every standard column first; `kept` are the numbers of
    these documents, in the order of their ids."""

    columns: _Columns
    kept: np.ndarray
    rejected: list[Rejected]
    remarks: list[Remark]


def validated(
    metadata: Mapping[str, pa.LargeStringArray],
    places: pa.LargeStringArray,
    chinese: np.ndarray,
    dates: str,
) -> Validated:
    """The metadata of documents, checked.

    `places` say where each document stands, `chinese` which are written in Chinese characters,
    `dates` is the order of dates that can be read two ways.
    """
    n = len(places)
    columns = {**{column: empty_texts(n) for column in COLUMNS}, **metadata}
    if "id" not in metadata:
        numbers = places_of(np.arange(1, n + 1)).cast(pa.large_string())
        columns["id"] = pc.utf8_lpad(numbers, 8, "0")
    remarks, problems = _read_dates(columns, places, dates)
    order = as_numbers(pc.array_sort_indices(columns["id"])).astype(np.int64)
    problems = _id_problems(columns["id"], order, problems, places) | problems
    kept = order[~np.isin(order, list(problems))] if problems else order
    remarks += _guess_languages(columns, chinese, kept)
    columns["source"] = pc.if_else(pc.equal(columns["source"], ""), MISSING, columns["source"])
    for name in columns:
        columns[name] = columns[name].take(places_of(kept))
    rejected = [Rejected(places[number].as_py(), problems[number]) for number in sorted(problems)]
    return Validated(columns, kept, rejected, remarks)


def _read_dates(
    columns: _Columns, places: pa.LargeStringArray, order: str
) -> tuple[list[Remark], dict[int, str]]:
    """Set the dates as ISO text and their precisions; remarks, and why documents are rejected."""
    found = read_dates(columns["date"], order=order, where=lambda number: places[number].as_py())
    read = [(date.iso, date.precision) if date else ("", "") for date in found.different]
    which = places_of(found.which)
    isos, precisions = (texts_of(part).take(which) for part in zip(*read, strict=True))
    problems = dict(found.rejected)
    given = columns["date_precision"]
    wrong = as_bools(pc.not_equal(given, precisions)) & as_bools(pc.not_equal(given, ""))
    for number in np.flatnonzero(wrong).tolist():
        date, precision = columns["date"][number].as_py(), given[number].as_py()
        allowed = precisions[number].as_py() or "none, as there is no date"
        problem = f"date_precision does not fit the date {shown(date)}: {shown(precision)}"
        problems.setdefault(number, f"{problem}; allowed: {allowed}")
    columns |= {"date": isos, "date_precision": precisions}
    return [Remark("dates", note) for note in found.told], problems


def _id_problems(
    ids: pa.LargeStringArray,
    order: np.ndarray,
    rejected: Mapping[int, str],
    places: pa.LargeStringArray,
) -> dict[int, str]:
    """Why documents cannot have their ids; of equal ones the first that is not `rejected` has it.

    `order` are the numbers of the documents in the order of their ids, equal ones as they came.
    """
    silent = ~as_bools(pc.match_substring_regex(ids, r"[\p{L}\p{N}]"))
    blank = [n for n in np.flatnonzero(silent).tolist() if not ids[n].as_py().strip()]
    problems = dict.fromkeys(blank, "id is empty; allowed: a text that no other row has")
    for number in np.flatnonzero(as_bools(pc.equal(ids, WHOLE_CORPUS))).tolist():
        problems[number] = f"id is reserved: {shown(WHOLE_CORPUS)}"
    ordered = ids.take(places_of(order))
    again = as_bools(pc.equal(ordered[1:], ordered[:-1]))
    begins = np.flatnonzero(np.diff(again, prepend=False, append=False))
    for first, last in begins.reshape(-1, 2).tolist():
        same = [number for number in order[first : last + 1].tolist() if number not in rejected]
        for number in same[1:]:
            where = shown(places[same[0]].as_py(), quote=False)
            problem = f"id appears twice (first in {where}): {shown(ids[number].as_py())}"
            problems.setdefault(number, problem)
    return problems


def _guess_languages(columns: _Columns, chinese: np.ndarray, kept: np.ndarray) -> list[Remark]:
    """Set the language of documents that declare none and are written in Chinese characters to `zh`;
    a remark where such a document is kept."""
    guessed = as_bools(pc.equal(columns["language"], "")) & chinese
    mine = kept[guessed[kept]]
    if not len(mine):
        return []
    columns["language"] = pc.if_else(mask_of(guessed), "zh", columns["language"])
    first = shown(columns["id"][mine[0]].as_py(), quote=False)
    note = f"not declared: {len(mine)} documents read as zh by their script, first {first}"
    return [Remark("language", note)]
