"""Words that figures share: numbers, lists, and what a title may claim."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from unicodedata import east_asian_width

import numpy as np
import pandas as pd

from analysis.corpus import EVERY, NO_VALUE, OTHERS
from analysis.errors import shown
from analysis.statistics.uncertainty import FEWEST_DOCUMENTS

CLEAR_Z = 1.96
_WIDE = 1.75
"""Columns that a wide character (Chinese, Japanese, Korean) takes."""

# --- text that fits its place ----------------------------------------------------------------------


def _width_of(text: str) -> float:
    """The columns that a text takes, a Latin letter one.

    >>> _width_of("AI"), _width_of("芯片")
    (2.0, 3.5)
    """
    return sum(_WIDE if east_asian_width(character) in "WF" else 1.0 for character in text)


def wrapped(text: str, columns: int) -> list[str]:
    """The text in lines, none of which takes more columns."""
    for width in range(columns, 0, -1):
        lines = textwrap.wrap(text, width)
        if all(_width_of(line) <= columns for line in lines):
            break
    return lines


def short(label: object, longest: int = 26) -> str:
    """A label cut to so many columns, nothing invisible in it."""
    text = shown(str(label), quote=False, longest=400)
    if _width_of(text) <= longest:
        return text
    while _width_of(text) > longest - 1:
        text = text[:-1]
    return text.rstrip() + "…"


def inches_for(labels: Iterable[str], base: float = 0.36) -> float:
    """The room that the longest of some labels needs beside a panel."""
    return base + 0.068 * max(map(_width_of, labels), default=0)


# --- numbers and lists ---------------------------------------------------------------------------


def percent(share: float) -> str:
    """A share as '12 %', a missing one as a dash."""
    return "–" if not np.isfinite(share) else f"{share * 100:.0f} %"


def plural(n: int, noun: str) -> str:
    """'1 document', '2 documents'."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def named(labels: Sequence[str], what: str) -> str:
    """'‘a’', '‘a’ and ‘b’', '‘a’, ‘b’ and ‘c’', or '4 words'."""
    names = [f"‘{short(label)}’" for label in labels[:3]]
    if len(labels) > 3:
        return f"{len(labels)} {what}"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def first_of(drawn: Sequence[object], n: int, what: str) -> str:
    """' First 12 of 15 terms.', or nothing where all are drawn."""
    return f" First {len(drawn)} of {n} {what}." if len(drawn) < n else ""


def listing(labels: Collection[str], values: Iterable[str], most: int = 8) -> str:
    """'label value, label value, …' for alternative texts; no more are read than are named."""
    pairs = islice(zip(labels, values, strict=True), most)
    named = ", ".join(f"{label} {value}" for label, value in pairs)
    return named + (f" and {len(labels) - most} more" if len(labels) > most else "")


def interval_words(
    kinds: Iterable[str],
    confidence: float,
    mark: str = "Lines",
    documents: str = "over documents: Wilson, with their design effect and Student's t",
    texts: str = f"below {FEWEST_DOCUMENTS} documents: Wilson, describes these texts only",
) -> str:
    """How the intervals of a figure are to be read."""
    words = {"documents": documents, "texts": texts}
    parts = "; ".join(words[kind] for kind in words if kind in set(kinds))
    return f"{mark}: {confidence * 100:g} % interval ({parts})" if parts else "No intervals"


# --- languages -----------------------------------------------------------------------------------


def by_language(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows of a table that describe one language each, the language beside the name in `column`.

    What is measured in no document of a language has no rows of it. The table itself where the
    corpus has one language.
    """
    if "language" not in table:
        return table
    single = table[table["language"] != EVERY]
    size = "tokens" if "tokens" in single else "units"
    single = single[single.groupby([column, "language"])[size].transform("sum") > 0]
    named = single[column] + " (" + single["language"].replace("", "no language") + ")"
    return single.assign(**{column: named}).reset_index(drop=True)


def of_the_language(table: pd.DataFrame) -> str:
    """What is added to 'all documents' where a corpus has several languages."""
    return " of the language" if "language" in table else ""


# --- claims --------------------------------------------------------------------------------------


def leading(part: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows that share the highest value of a column."""
    return part[part[column] == part[column].max()]


def nameable(rows: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """The rows whose group a title may name, and whether they stand for these texts only.

    Never '(none)' or '(others)'. Where any group has FEWEST_DOCUMENTS documents, only the rows with
    so many; where none has, a title describes these texts only.
    """
    rows = rows[~rows["group"].isin([EVERY, NO_VALUE, OTHERS])]
    large = rows["documents"] >= FEWEST_DOCUMENTS
    return (rows[large], False) if large.any() else (rows, True)


def clear_pair(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series] | None:
    """The two rows whose intervals lie farthest apart, the higher first; None where all overlap."""
    known = rows.dropna(subset=["low", "high"])
    if len(known) < 2:
        return None
    high, low = known.loc[known["low"].idxmax()], known.loc[known["high"].idxmin()]
    return (high, low) if high["low"] > low["high"] else None


def clear_gaps(rows: pd.DataFrame, by: str, value: str) -> list[tuple]:
    """(gap, name, higher row, lower row) of every part of a table that has a clear pair of rows."""
    pairs = {name: clear_pair(part) for name, part in rows.groupby(by, sort=False)}
    return [(pair[0][value] - pair[1][value], name, *pair) for name, pair in pairs.items() if pair]


def widest_gap(rows: pd.DataFrame, by: str, value: str) -> tuple | None:
    """(name, higher row, lower row) of the part of a table with the largest clear difference."""
    gaps = clear_gaps(rows, by, value)
    return max(gaps, key=lambda gap: gap[0])[1:] if gaps else None


def of_these_texts(title: str, few: bool) -> str:
    """A title, where documents are few as one that describes these texts only."""
    return f"In these texts {title[0].lower()}{title[1:]}" if few else title


def rest_on_texts(*rows: pd.Series) -> bool:
    """Whether an interval among some rows describes these texts only."""
    return any(row["interval"] != "documents" for row in rows)
