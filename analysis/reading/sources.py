"""Sources: whatever path is given, its documents in batches, and what was rejected or remarked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from analysis.errors import InputError
from analysis.files import read_text
from analysis.reading.manner import Manner
from analysis.reading.parquet import ROWS, SIZE, SUFFIX, parquet_batches
from analysis.reading.readers import read_path
from analysis.reading.rows import Batch, Reading, Rejected, Remark, Row
from analysis.store.arrow import texts_of


def read_batches(place: Path, manner: Manner, told: Reading) -> Iterator[Batch]:
    """The documents at a path in batches; what is rejected or remarked on goes to `told`.

    Raises InputError for what is no corpus at all, and a folder that does not fit its SHA256SUMS.
    """
    if place.is_dir():
        check_sums(place)
    part: list[Row] = []
    size = 0
    for item in _found_at(place, manner):
        if isinstance(item, Batch):
            yield item
        elif isinstance(item, Rejected):
            told.rejected.append(item)
        elif isinstance(item, Remark):
            told.remarks.append(item)
        elif not item.text or item.text.isspace():
            told.rejected.append(Rejected(item.where, "text is blank"))
        else:
            part.append(item)
            size += len(item.text)
            if len(part) >= ROWS or size >= SIZE:
                yield _batch_of(part)
                part, size = [], 0
    if part:
        yield _batch_of(part)


def _found_at(place: Path, manner: Manner) -> Iterator[Row | Batch | Rejected | Remark]:
    """Everything found at a path, by the reader of its kind."""
    if place.suffix.lower() == SUFFIX and not place.is_dir():
        return parquet_batches(place, columns=manner.columns)
    return read_path(place, columns=manner.columns, encoding=manner.encoding)


def _batch_of(rows: list[Row]) -> Batch:
    """Some rows as a batch, a column that a row lacks empty."""
    known = dict.fromkeys(column for row in rows for column in row.metadata)
    metadata = {column: texts_of(row.metadata.get(column, "") for row in rows) for column in known}
    return Batch(texts_of(row.where for row in rows), [row.text for row in rows], metadata)


def check_sums(folder: Path) -> None:
    """Compare the folder's files with its SHA256SUMS, where it has one; raises InputError."""
    sums = folder / "SHA256SUMS"
    if not sums.exists():
        return
    for number, line in enumerate(read_text(sums).splitlines(), start=1):
        where = f"{sums.name}, line {number}"
        digest, _, name = line.partition("  ")
        if not re.fullmatch("[0-9a-f]{64}", digest) or Path(name).name != name or not name:
            raise InputError(
                "is no checksum line", where=where, value=line, allowed="'<sha256>  <file name>'"
            )
        if not (folder / name).is_file():
            raise InputError("text is missing", where=where, value=name)
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise InputError(
                "text has changed: it does not have the checksum that stands here",
                where=where,
                value=name,
                allowed="the file as it was, or a new checksum (sha256sum *.txt metadata.csv)",
            )
