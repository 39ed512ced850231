"""Parquet: the documents of a file batch by batch, its texts never copied one by one; what is no
text costs its own row."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from analysis.errors import InputError, shown
from analysis.reading.rows import Batch, Rejected
from analysis.reading.tables import LONGEST_FIELD, MOST_REJECTED, opened, refuse_missing, renamed
from analysis.store.arrow import empty_texts, places_of

SUFFIX = ".parquet"
ROWS, SIZE = 2000, 8_000_000
_BUFFER = 1 << 20
_TEXTS = ("string", "large_string")
_Problems = dict[int, str]


def parquet_batches(
    file: Path, *, columns: Mapping[str, str] | None = None
) -> Iterator[Batch | Rejected]:
    """The documents of a Parquet file that has a column `text`, and each row that is none.

    A number, a date or a truth value becomes its text, a missing value the empty text. `columns`
    renames as {"date": "year"}. Raises InputError for a file that cannot be read and a column that
    it lacks.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    first, rejected = 1, 0
    opened(file).close()
    try:
        source = pq.ParquetFile(
            file, pre_buffer=False, buffer_size=_BUFFER
        )  # else it is held whole
        _check_names(source, columns or {}, file.name)
        for part in source.iter_batches(_rows_at_once(source.metadata)):
            for piece in _in_pieces(part):
                for item in _found_in(piece, columns or {}, file.name, first):
                    rejected += isinstance(item, Rejected)
                    yield item
                first += len(piece)
                if rejected >= MOST_REJECTED:
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
    """Raise InputError for a column that stands twice, or is wanted and not there."""
    names, wanted = source.schema_arrow.names, {"text": "text", **columns}
    for name in names:
        if names.count(name) > 1:
            raise InputError("column stands twice", where=file, value=name)
    first = next(source.iter_batches(1), None) if wanted["text"] not in names else None
    row = first.to_pylist() if first is not None else []
    values = row[0] if row else {}
    refuse_missing(wanted, {name: [str(values.get(name, ""))] for name in names}, file)


def _in_pieces(batch) -> Iterator:
    """An Arrow batch cut so that no piece of several rows is large."""
    rows = max(1, int(len(batch) * SIZE / max(batch.nbytes, 1)))
    for first in range(0, len(batch), rows):
        yield batch.slice(first, rows)


def _found_in(
    piece, columns: Mapping[str, str], file: str, first: int
) -> Iterator[Batch | Rejected]:
    """The rejected rows of a piece, then its documents; `first` is the number of its first row."""
    arrays = dict(zip(piece.schema.names, piece.columns, strict=True))
    text = columns.get("text", "text")
    problems: _Problems = {}
    texts = _texts_of_documents(arrays.pop(text), text, problems)
    metadata = {name: _metadata_texts(values, name, problems) for name, values in arrays.items()}
    for n in sorted(problems):
        yield Rejected(f"{file}, row {first + n}", problems[n])
    kept = np.delete(np.arange(len(piece)), sorted(problems))
    if not len(kept):
        return
    if problems:
        texts = texts.take(places_of(kept))
        metadata = {name: values.take(places_of(kept)) for name, values in metadata.items()}
    metadata = renamed(metadata, columns, missing=empty_texts(len(kept)))
    yield Batch(_places_in(file, first + kept), texts, metadata)


def _places_in(file: str, rows: np.ndarray):
    """Where rows stand, as an Arrow array of texts."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = places_of(rows).cast(pa.large_string())
    where = pa.scalar(f"{file}, row ", pa.large_string())
    return pc.binary_join_element_wise(where, texts, pa.scalar("", pa.large_string()))


def _texts_of_documents(values, name: str, problems: _Problems):
    """A column of texts as an Arrow array of them; what is blank or none is noted in `problems`."""
    import pyarrow.compute as pc

    values = _as_texts(values, name, problems)
    blank = pc.or_(pc.equal(pc.binary_length(values), 0), pc.utf8_is_space(values))
    holds_nul = pc.match_substring_regex(values, "\\x00")
    for found, problem in ((blank, "text is blank"), (holds_nul, "text holds a NUL character")):
        for n in pc.indices_nonzero(found).to_pylist():
            problems.setdefault(n, problem)
    return values


def _metadata_texts(values, name: str, problems: _Problems):
    """A column of metadata as an Arrow array of texts, a missing value as the empty text; what is none is
    noted in `problems`."""
    import pyarrow.compute as pc

    values = _as_texts(values, name, problems)
    long = pc.greater(pc.utf8_length(values), LONGEST_FIELD)
    holds_nul = pc.match_substring_regex(values, "\\x00")
    for found, told in ((long, "is too long"), (holds_nul, "holds a NUL character")):
        for n in pc.indices_nonzero(found).to_pylist():
            problems.setdefault(n, f"{shown(name, quote=False)} {told}")
    return values


def _as_texts(values, name: str, problems: _Problems):
    """A column as an Arrow array of texts, a missing value as the empty text; what is none is noted in
    `problems`."""
    import pyarrow as pa

    if str(values.type) not in _TEXTS or not _is_valid(values):
        texts = [_text_of(value, n, name, problems) for n, value in enumerate(values)]
        return pa.array(texts, pa.large_string())
    values = values.fill_null("") if values.null_count else values
    return values.cast(pa.large_string())


def _is_valid(values) -> bool:
    """Whether what is called text is UTF-8."""
    import pyarrow as pa

    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _text_of(value, number: int, name: str, problems: _Problems) -> str:
    """An Arrow scalar as text; '' where it is none, which is noted in `problems`."""
    try:
        found = _as_text(value.as_py())
    except (ValueError, OverflowError, TypeError) as error:
        kind = "no UTF-8" if isinstance(error, UnicodeDecodeError) else str(value.type)
        problems.setdefault(
            number,
            f"{shown(name, quote=False)} is no text: {shown(kind)}; allowed: text or a number",
        )
        return ""
    return found


def _as_text(value: object) -> str:
    """A value of Parquet as text; raises TypeError for one that is nested or bytes.

    >>> _as_text(datetime.datetime(2024, 7, 12)), _as_text(None), _as_text(7)
    ('2024-07-12', '', '7')
    """
    if value is None or value != value:
        return ""
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        value = value.date()
    if isinstance(value, (dict, list, tuple, bytes)):
        raise TypeError
    return str(value)
