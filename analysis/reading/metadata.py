"""Metadata: the columns of all batches put together, and what of a document they do not allow."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping
from itertools import accumulate

from analysis.errors import shown
from analysis.reading.rows import Batch

COLUMNS = ("id", "title", "source", "date", "date_precision", "language")
MISSING = "(none)"
WHOLE_CORPUS = "whole corpus, by date"


def joined(parts: list[dict[str, list[str]]], batches: list[Batch]) -> dict[str, list[str]]:
    """The metadata of all batches by column, empty where a batch lacks the column."""
    known = dict.fromkeys(column for part in parts for column in part)
    return {
        column: [
            value
            for part, batch in zip(parts, batches, strict=True)
            for value in part.get(column) or [""] * len(batch)
        ]
        for column in known
    }


def place_finder(batches: list[Batch]) -> Callable[[int], str]:
    """What gives the place, for messages, of a document by its number from 0."""
    ends = list(accumulate(map(len, batches)))

    def place(number: int) -> str:
        at = bisect.bisect_right(ends, number)
        return batches[at].where(number - (ends[at - 1] if at else 0))

    return place


def validated(
    metadata: dict[str, list[str]], n: int, place: Callable[[int], str], order: str
) -> tuple[dict[str, list[str]], dict[int, str], list[str]]:
    """The metadata with every standard column; why documents are rejected; how dates were read."""
    from analysis.reading.dates import read_dates

    values = {**{column: [""] * n for column in COLUMNS}, **metadata}
    if "id" not in metadata:
        values["id"] = [f"{number:08d}" for number in range(1, n + 1)]
    dates = read_dates(values["date"], order=order, where=place)
    problems = dict(dates.rejected)
    given_precisions = values["date_precision"] if any(values["date_precision"]) else ()
    for number, given in enumerate(given_precisions):
        date = dates.dates[number]
        if date is not None and given not in ("", date.precision):
            told = f"date_precision does not fit the date {shown(values['date'][number])}"
            told += f": {shown(given)}; allowed: {date.precision or 'none, as there is no date'}"
            problems[number] = told
    problems |= id_problems(values["id"], problems, place)
    return (
        {
            **values,
            "date": [date.iso if date else "" for date in dates.dates],
            "date_precision": [date.precision if date else "" for date in dates.dates],
            "source": [source or MISSING for source in values["source"]],
        },
        problems,
        dates.told,
    )


def id_problems(
    ids: list[str], rejected: Mapping[int, str], place: Callable[[int], str]
) -> dict[int, str]:
    """Why documents that are not rejected already cannot have their ids; of equal ones the first has it."""
    problems: dict[int, str] = {}
    seen: dict[str, int] = {}
    for number, identity in enumerate(ids):
        if number in rejected:
            continue
        first = seen.setdefault(identity, number)
        if not identity.strip():
            problems[number] = "id is empty; allowed: a text that no other row has"
        elif identity == WHOLE_CORPUS:
            problems[number] = f"id is reserved: {shown(identity)}"
        elif first != number:
            told = f"id stands twice (first in {shown(place(first), quote=False)})"
            problems[number] = f"{told}: {shown(identity)}"
    return problems
