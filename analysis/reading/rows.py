"""Rows: what a reader finds, a document or a batch of them, a rejected item, a remark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

CODINGS, KEY = "codings", "sample.csv"
"""A folder of a corpus that holds this key has coding sheets, and no document of the corpus."""


@dataclass(frozen=True)
class Row:
    """One document as found: its place for messages, its text, its metadata as text."""

    where: str
    text: str
    metadata: dict[str, str]


@dataclass(frozen=True)
class Batch:
    """Some documents: their places (for messages), their texts (a list, or an Arrow array), and their
    metadata by column; places and metadata are Arrow arrays of texts."""

    places: pa.LargeStringArray
    texts: Sequence
    metadata: dict[str, pa.LargeStringArray]

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class Rejected:
    """Something that did not become a document: its place, safe to print, and why."""

    where: str
    reason: str


@dataclass(frozen=True)
class Remark:
    """What a reader did, or guessed, to read a document: reported, and no reason to reject it."""

    where: str
    note: str


@dataclass(frozen=True)
class Reading:
    """What a reader found, by kind, each in the order found."""

    rows: list[Row] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def _sorted_out(found: Iterable[Row | Rejected | Remark]) -> Reading:
    """What a reader yields, by kind."""
    reading = Reading()
    lists = {Row: reading.rows, Rejected: reading.rejected, Remark: reading.remarks}
    for item in found:
        lists[type(item)].append(item)
    return reading
