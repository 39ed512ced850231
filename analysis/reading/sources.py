"""Sources: the documents of whatever path is given, their texts written to a file.

The tables of a folder are one corpus where no text lies among them; a table of a folder that cannot
be read is rejected, and the others are read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.errors import InputError, shown
from analysis.files import read_text
from analysis.reading.folders import TABLE, folder_items, folder_tables
from analysis.reading.manner import ReadOptions
from analysis.reading.parquet import ROWS, SIZE, SUFFIX, parquet_batches
from analysis.reading.readers import read_path, rejection
from analysis.reading.rows import Batch, Reading, Rejected, Remark, Row
from analysis.store.ahead import ahead
from analysis.store.arrow import empty_texts, texts_of
from analysis.store.texts import PADDING, Texts, prepared


@dataclass(frozen=True)
class Source:
    """All documents of a source: places for messages, metadata by column, texts, which of these are
    written in Chinese characters, and which hold a letter or a digit."""

    places: pa.LargeStringArray
    metadata: dict[str, pa.LargeStringArray]
    texts: Texts
    chinese: np.ndarray
    words: np.ndarray


def read_source(place: Path, options: ReadOptions, account: Reading, file: Path) -> Source | None:
    """Read every document of a path, its texts into a file; None where there is none.

    What is rejected or remarked on goes to `account`. Raises InputError for what is not a corpus at
    all, and for a folder that does not fit its SHA256SUMS.
    """
    tables = []
    if place.is_dir():
        _check_sums(place)
        tables = folder_tables(place)
    with file.open("wb") as sink:
        intake = _Intake(sink)
        if tables:
            _read_tables(place, tables, options, account, intake)
        else:
            intake.take(_batches(place, options, account))
        sink.write(bytes(PADDING))
    return intake.source(file) if intake.arrays else None


class _Intake:
    """Takes documents batch by batch: texts are written at once, the rest is kept until the end."""

    def __init__(self, sink: BinaryIO):
        self.sink = sink
        self.batches: list[Batch] = []
        self.arrays: list[dict[str, np.ndarray]] = []

    def take(self, batches: Iterable[Batch]) -> None:
        """Take all batches, or none where reading them raises InputError."""
        known, begin = len(self.arrays), self.sink.tell()
        try:
            for batch, (content, arrays) in ahead(batches, lambda one: prepared(one.texts), 2):
                arrays["spans"] += self.sink.tell()
                self.sink.write(content)
                self.batches.append(replace(batch, texts=()))
                self.arrays.append(arrays)
        except InputError:
            del self.batches[known:], self.arrays[known:]
            self.sink.seek(begin)
            self.sink.truncate()
            raise

    def source(self, file: Path) -> Source:
        """Everything taken, put together; a column that a batch lacks is empty there."""
        names = dict.fromkeys(name for batch in self.batches for name in batch.metadata)
        metadata = {name: self.column(name) for name in names}
        places = pa.concat_arrays([batch.places for batch in self.batches])
        joined = {
            name: np.concatenate([arrays[name] for arrays in self.arrays])
            for name in self.arrays[0]
        }
        chinese, words = joined.pop("chinese"), joined.pop("words")
        return Source(places, metadata, Texts(file, **joined), chinese, words)

    def column(self, name: str) -> pa.LargeStringArray:
        """A column of the metadata."""
        parts = [
            batch.metadata[name] if name in batch.metadata else empty_texts(len(batch.places))
            for batch in self.batches
        ]
        return pa.concat_arrays(parts)


def _read_tables(
    folder: Path, tables: list[str], options: ReadOptions, account: Reading, intake: _Intake
) -> None:
    """Take the tables of a folder; one that cannot be read is rejected, as are other files."""
    for item in folder_items(folder):
        if isinstance(item, Remark):
            account.remarks.append(item)
        elif isinstance(item, Rejected) and item.reason != TABLE:
            account.rejected.append(item)
    for name in tables:
        inner = str(PurePosixPath(name).parent)
        lead = "" if inner == "." else f"{shown(inner, quote=False, longest=200)}/"
        found = Reading()
        try:
            batches = _batches(folder / name, options, found)
            intake.take(_moved(batches, inner, lead) if lead else batches)
        except InputError as error:
            account.rejected.append(rejection(error, shown(name, quote=False, longest=200)))
            continue
        account.rejected.extend(Rejected(lead + one.where, one.reason) for one in found.rejected)
        account.remarks.extend(Remark(lead + one.where, one.note) for one in found.remarks)


def _moved(batches: Iterable[Batch], folder: str, lead: str) -> Iterator[Batch]:
    """Batches with their folder in their places, and as a column where they have none of that name."""
    kind = pa.large_string()
    for batch in batches:
        names = pa.repeat(pa.scalar(folder, kind), len(batch))
        places = pc.binary_join_element_wise(
            pa.scalar(lead, kind), batch.places, pa.scalar("", kind)
        )
        yield Batch(places, batch.texts, {"folder": names, **batch.metadata})


def _batches(place: Path, options: ReadOptions, account: Reading) -> Iterator[Batch]:
    """The documents of a path in batches; what is rejected or remarked on goes to `account`."""
    part: list[Row] = []
    size = 0
    for item in _found_at(place, options):
        if isinstance(item, Batch):
            yield item
        elif isinstance(item, Rejected):
            account.rejected.append(item)
        elif isinstance(item, Remark):
            account.remarks.append(item)
        elif not item.text or item.text.isspace():
            account.rejected.append(Rejected(item.where, "text is blank"))
        else:
            part.append(item)
            size += len(item.text)
            if len(part) >= ROWS or size >= SIZE:
                yield _batch_of(part)
                part, size = [], 0
    if part:
        yield _batch_of(part)


def _found_at(place: Path, options: ReadOptions) -> Iterator[Row | Batch | Rejected | Remark]:
    """Everything found at a path, by the reader of its kind."""
    if place.suffix.lower() == SUFFIX and not place.is_dir():
        return parquet_batches(place, columns=options.columns)
    return read_path(place, columns=options.columns, encoding=options.encoding)


def _batch_of(rows: list[Row]) -> Batch:
    """Some rows as a batch, a column that a row lacks empty."""
    known = dict.fromkeys(column for row in rows for column in row.metadata)
    metadata = {column: texts_of(row.metadata.get(column, "") for row in rows) for column in known}
    return Batch(texts_of(row.where for row in rows), [row.text for row in rows], metadata)


def _check_sums(folder: Path) -> None:
    """Compare the folder's files with its SHA256SUMS, where it has one; raises InputError."""
    sums = folder / "SHA256SUMS"
    if not sums.exists():
        return
    for number, line in enumerate(read_text(sums).splitlines(), start=1):
        where = f"{sums.name}, line {number}"
        if not re.fullmatch("[0-9a-f]{64}  [^/]+", line):
            allowed = "'<sha256>  <file name>'"
            raise InputError("is not a checksum line", where=where, value=line, allowed=allowed)
        digest, name = line.split("  ", 1)
        if not (folder / name).is_file():
            raise InputError("text is missing", where=where, value=name)
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            problem = "text has changed: it does not have the checksum given here"
            allowed = "the file as it was, or a new checksum (sha256sum *.txt metadata.csv)"
            raise InputError(problem, where=where, value=name, allowed=allowed)
