"""Metadata: the columns of all batches put together, and what of a document they do not allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.errors import shown
from analysis.reading.dates import read_dates
from analysis.store.arrow import as_bools, as_numbers, empty_texts, places_of, texts_of

COLUMNS = ("id", "title", "source", "date", "date_precision", "language")
MISSING = "(none)"
WHOLE_CORPUS = "whole corpus, by date"


@dataclass(frozen=True)
class _Validated:
    """Metadata with every standard column; why documents are rejected, by their numbers; how dates
    were read; the numbers of all documents in the order of their ids."""

    columns: dict[str, pa.LargeStringArray]
    problems: dict[int, str]
    told: list[str]
    order: np.ndarray


def validated(
    metadata: Mapping[str, pa.LargeStringArray], n: int, place: Callable[[int], str], dates: str
) -> _Validated:
    """The metadata of `n` documents, checked; `dates` is the order of dates that can be read two ways."""
    columns = {**{column: empty_texts(n) for column in COLUMNS}, **metadata}
    if "id" not in metadata:
        columns["id"] = _numbered(n)
    found = read_dates(columns["date"], order=dates, where=place)
    which = places_of(found.which)
    read = [(date.iso, date.precision) if date else ("", "") for date in found.different]
    isos, precisions = (texts_of(part).take(which) for part in zip(*read, strict=True))
    problems = dict(found.rejected)
    problems |= _precision_problems(columns, precisions, problems)
    order = as_numbers(pc.array_sort_indices(columns["id"])).astype(np.int64)
    problems |= _id_problems(columns["id"], order, problems, place)
    source = columns["source"]
    columns |= {"date": isos, "date_precision": precisions}
    columns["source"] = pc.if_else(pc.equal(source, ""), MISSING, source)
    return _Validated(columns, problems, found.told, order)


def _numbered(n: int) -> pa.LargeStringArray:
    """Ids for documents that have none: 00000001 and so on."""
    return pc.utf8_lpad(places_of(np.arange(1, n + 1)).cast(pa.large_string()), 8, "0")


def _precision_problems(
    columns: Mapping[str, pa.LargeStringArray],
    precisions: pa.LargeStringArray,
    rejected: Mapping[int, str],
) -> dict[int, str]:
    """Why documents that are not rejected already cannot have the precisions that were given."""
    given = columns["date_precision"]
    wrong = as_bools(pc.not_equal(given, precisions)) & as_bools(pc.not_equal(given, ""))
    problems: dict[int, str] = {}
    for number in np.flatnonzero(wrong).tolist():
        if number not in rejected:
            date, told = columns["date"][number].as_py(), given[number].as_py()
            allowed = precisions[number].as_py() or "none, as there is no date"
            problem = f"date_precision does not fit the date {shown(date)}: {shown(told)}"
            problems[number] = f"{problem}; allowed: {allowed}"
    return problems


def _id_problems(
    ids: pa.LargeStringArray,
    order: np.ndarray,
    rejected: Mapping[int, str],
    place: Callable[[int], str],
) -> dict[int, str]:
    """Why documents that are not rejected already cannot have their ids; of equal ones the first has it.

    `order` are the numbers of the documents in the order of their ids, equal ones as they came.
    """
    problems: dict[int, str] = {}
    speaks = pc.match_substring_regex(ids, r"[\p{L}\p{N}]")  # what does not may still be an id
    for number in np.flatnonzero(~as_bools(speaks)).tolist():
        if not ids[number].as_py().strip():
            problems[number] = "id is empty; allowed: a text that no other row has"
    for number in np.flatnonzero(as_bools(pc.equal(ids, WHOLE_CORPUS))).tolist():
        problems[number] = f"id is reserved: {shown(WHOLE_CORPUS)}"
    ordered = ids.take(places_of(order))
    again = as_bools(pc.equal(ordered[1:], ordered[:-1]))
    begins = np.flatnonzero(np.diff(again, prepend=False, append=False))
    for first, last in begins.reshape(-1, 2).tolist():
        same = [number for number in order[first : last + 1].tolist() if number not in rejected]
        for number in same[1:]:
            told = f"id stands twice (first in {shown(place(same[0]), quote=False)})"
            problems.setdefault(number, f"{told}: {shown(ids[number].as_py())}")
    return {number: why for number, why in problems.items() if number not in rejected}
