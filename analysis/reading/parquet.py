"""Parquet: the documents of a file batch by batch, without copying its texts one by one.

A value that is not text costs its own row.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.errors import InputError, shown
from analysis.files import opened
from analysis.reading.rows import Batch, Rejected
from analysis.reading.tables import MAX_FIELD, MAX_REJECTED, refuse_missing, renamed
from analysis.store.arrow import empty_texts, places_of

SUFFIX = ".parquet"
ROWS, SIZE = 2000, 8_000_000
_BUFFER = 1 << 20
_TEXTS = ("string", "large_string")
_Problems = dict[int, str]


def parquet_batches(
    file: Path, *, columns: Mapping[str, str] | None = None
) -> Iterator[Batch | Rejected]:
    """The documents of a Parquet file that has a column `text`, and each row that is rejected.

    A number, a date or a truth value becomes its text, a missing value the empty text. `columns`
    renames as {"date": "year"}. Raises InputError for a file that cannot be read and a column that
    it lacks.
    """
    import pyarrow.parquet as pq

    first, rejected = 1, 0
    opened(file).close()
    try:
        # without a buffer size the whole file is held in memory
        source = pq.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER)
        _check_names(source, columns or {}, file.name)
        for part in source.iter_batches(_rows_at_once(source.metadata)):
            for item in _found_in(part, columns or {}, file.name, first):
                rejected += isinstance(item, Rejected)
                yield item
            first += len(part)
            if rejected >= MAX_REJECTED:
                where = f"{file.name}, row {first - 1}"
                yield Rejected(where, f"{rejected:,} rows rejected: the rest is not read")
                return
    except (pa.ArrowException, OSError, OverflowError, ValueError) as error:
        raise InputError("cannot be read as Parquet", where=file.name) from error


def _rows_at_once(metadata) -> int:
    """Rows of a file that are read together: ROWS, or fewer where they are long."""
    size = sum(metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups))
    return max(1, min(ROWS, SIZE * metadata.num_rows // max(size, 1)))


def _check_names(source, columns: Mapping[str, str], file: str) -> None:
    """Raise InputError for a column that appears twice, or that is wanted and missing."""
    names, wanted = source.schema_arrow.names, {"text": "text", **columns}
    for name in names:
        if names.count(name) > 1:
            raise InputError("column appears twice", where=file, value=name)
    first = next(source.iter_batches(1), None) if wanted["text"] not in names else None
    row = first.to_pylist() if first is not None else []
    values = row[0] if row else {}
    refuse_missing(wanted, {name: [str(values.get(name, ""))] for name in names}, file)


def _found_in(
    piece, columns: Mapping[str, str], file: str, first: int
) -> Iterator[Batch | Rejected]:
    """The rejected rows of a piece, then its documents; `first` is the number of its first row."""
    text = columns.get("text", "text")
    problems: _Problems = {}
    names = sorted(piece.schema.names, key=lambda name: name != text)
    arrays = {name: _as_texts(piece[name], name, name == text, problems) for name in names}
    for n in sorted(problems):
        yield Rejected(f"{file}, row {first + n}", problems[n])
    kept = np.delete(np.arange(len(piece)), sorted(problems))
    if not len(kept):
        return
    if problems:
        arrays = {name: values.take(places_of(kept)) for name, values in arrays.items()}
    texts = arrays.pop(text)
    metadata = renamed(arrays, columns, missing=empty_texts(len(kept)))
    yield Batch(_places_in(file, first + kept), texts, metadata)


def _places_in(file: str, rows: np.ndarray):
    """The places of rows, as an Arrow array of texts."""
    numbers = places_of(rows).cast(pa.large_string())
    where = pa.scalar(f"{file}, row ", pa.large_string())
    return pc.binary_join_element_wise(where, numbers, pa.scalar("", pa.large_string()))


def _as_texts(values, name: str, is_text: bool, problems: _Problems):
    """A column as an Arrow array of texts, a missing value as the empty text.

    What cannot be a document's text (`is_text`) or metadata is noted in `problems`.
    """
    if str(values.type) in _TEXTS and _is_valid(values):
        values = values.fill_null("").cast(pa.large_string())
    else:
        texts = [_text_of(value, n, name, problems) for n, value in enumerate(values)]
        values = pa.array(texts, pa.large_string())
    label = "text" if is_text else shown(name, quote=False)
    if is_text:
        blank = pc.or_(pc.equal(pc.binary_length(values), 0), pc.utf8_is_space(values))
        checks = [(blank, "is blank")]
    else:
        checks = [(pc.greater(pc.utf8_length(values), MAX_FIELD), "is too long")]
    checks.append((pc.match_substring_regex(values, "\\x00"), "holds a NUL character"))
    for found, problem in checks:
        for n in pc.indices_nonzero(found).to_pylist():
            problems.setdefault(n, f"{label} {problem}")
    return values


def _is_valid(values) -> bool:
    """Whether what is declared text is UTF-8."""
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _text_of(value, number: int, name: str, problems: _Problems) -> str:
    """An Arrow scalar as text; '' for what has no text, which is noted in `problems`."""
    try:
        return _plain_text(value.as_py())
    except (ValueError, OverflowError, TypeError) as error:
        kind = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(value.type)
        problem = f"{shown(name, quote=False)} is not text: {shown(kind)}"
        problems.setdefault(number, f"{problem}; allowed: text or a number")
        return ""


def _plain_text(value: object) -> str:
    """A value of Parquet as text; raises TypeError for one that is nested or bytes.

    >>> _plain_text(datetime.datetime(2024, 7, 12)), _plain_text(None), _plain_text(7)
    ('2024-07-12', '', '7')
    """
    if value is None or value != value:
        return ""
    if isinstance(value, (dict, list, tuple, bytes)):
        raise TypeError
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        value = value.date()
    return str(value)
