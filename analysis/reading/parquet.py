"""Parquet: the documents of a file batch by batch, its texts never copied one by one; what is no
text costs its own row."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path

from analysis.errors import InputError, shown
from analysis.reading.rows import Batch, Rejected
from analysis.reading.tables import LONGEST_FIELD, MOST_REJECTED, opened, refuse_missing, renamed

SUFFIX = ".parquet"
ROWS, SIZE = 2000, 8_000_000
BUFFER = 1 << 20
TEXTS = ("string", "large_string")
Problems = dict[int, str]


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
        source = pq.ParquetFile(file, pre_buffer=False, buffer_size=BUFFER)  # else it is held whole
        check_names(source.schema_arrow.names, columns or {}, file.name)
        for part in source.iter_batches(rows_at_once(source.metadata)):
            for piece in in_pieces(part):
                for item in found_in(piece, columns or {}, file.name, first):
                    rejected += isinstance(item, Rejected)
                    yield item
                first += len(piece)
                if rejected >= MOST_REJECTED:
                    where = f"{file.name}, row {first - 1}"
                    yield Rejected(where, f"{rejected:,} rows rejected: the rest is not read")
                    return
    except (pa.ArrowException, OSError, OverflowError, ValueError) as error:
        raise InputError("cannot be read as Parquet", where=file.name) from error


def rows_at_once(metadata) -> int:
    """Rows of a file that are read together: ROWS, or fewer where they are long."""
    size = sum(metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups))
    return max(1, min(ROWS, SIZE * metadata.num_rows // max(size, 1)))


def check_names(names: list[str], columns: Mapping[str, str], file: str) -> None:
    """Raise InputError for a column that stands twice, or is wanted and not there."""
    for name in names:
        if names.count(name) > 1:
            raise InputError("column stands twice", where=file, value=name)
    refuse_missing({"text": "text", **columns}, dict.fromkeys(names), file)


def in_pieces(batch) -> Iterator:
    """An Arrow batch cut so that no piece of several rows is large."""
    rows = max(1, int(len(batch) * SIZE / max(batch.nbytes, 1)))
    for first in range(0, len(batch), rows):
        yield batch.slice(first, rows)


def found_in(
    piece, columns: Mapping[str, str], file: str, first: int
) -> Iterator[Batch | Rejected]:
    """The rejected rows of a piece, then its documents; `first` is the number of its first row."""
    arrays = dict(zip(piece.schema.names, piece.columns, strict=True))
    text = columns.get("text", "text")
    problems: Problems = {}
    texts = texts_of_documents(arrays.pop(text), text, problems)
    metadata = {name: texts_of(values, name, problems) for name, values in arrays.items()}
    for n in sorted(problems):
        yield Rejected(f"{file}, row {first + n}", problems[n])
    kept = [n for n in range(len(piece)) if n not in problems]
    if kept and problems:
        texts = texts.take(kept)
        metadata = {name: [values[n] for n in kept] for name, values in metadata.items()}
    if kept:
        yield Batch(lambda n: f"{file}, row {first + kept[n]}", texts, renamed(metadata, columns))


def texts_of_documents(values, name: str, problems: Problems):
    """A column of texts as an Arrow array of them; what is blank or none is noted in `problems`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if str(values.type) not in TEXTS or values.null_count or not is_valid(values):
        values = pa.array(texts_of(values, name, problems, longest=None), pa.large_string())
    elif not pa.types.is_large_string(values.type):
        values = values.cast(pa.large_string())
    blank = pc.or_(pc.equal(pc.binary_length(values), 0), pc.utf8_is_space(values))
    holds_nul = pc.match_substring_regex(values, "\\x00")
    for found, problem in ((blank, "text is blank"), (holds_nul, "text holds a NUL character")):
        for n in pc.indices_nonzero(found).to_pylist():
            problems.setdefault(n, problem)
    return values


def is_valid(values) -> bool:
    """Whether what is called text is UTF-8."""
    import pyarrow as pa

    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def texts_of(
    values, name: str, problems: Problems, *, longest: int | None = LONGEST_FIELD
) -> list[str]:
    """A column as texts, a missing value as the empty text; what is none is noted in `problems`."""
    if str(values.type) in TEXTS and is_valid(values):
        texts = [value or "" for value in values.to_pylist()]
    else:
        texts = [text_of(value, n, name, problems) for n, value in enumerate(values)]
    if not longest or (max(map(len, texts), default=0) <= longest and "\x00" not in "".join(texts)):
        return texts
    for n, text in enumerate(texts):
        if len(text) > longest or "\x00" in text:
            told = "holds a NUL character" if len(text) <= longest else "is too long"
            problems.setdefault(n, f"{shown(name, quote=False)} {told}")
    return texts


def text_of(value, number: int, name: str, problems: Problems) -> str:
    """An Arrow scalar as text; '' where it is none, which is noted in `problems`."""
    try:
        found = as_text(value.as_py())
    except (ValueError, OverflowError, TypeError) as error:
        kind = "no UTF-8" if isinstance(error, UnicodeDecodeError) else str(value.type)
        problems.setdefault(
            number,
            f"{shown(name, quote=False)} is no text: {shown(kind)}; allowed: text or a number",
        )
        return ""
    return found


def as_text(value: object) -> str:
    """A value of Parquet as text; raises TypeError for one that is nested or bytes.

    >>> as_text(datetime.datetime(2024, 7, 12)), as_text(None), as_text(7)
    ('2024-07-12', '', '7')
    """
    if value is None or value != value:
        return ""
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        value = value.date()
    if isinstance(value, (dict, list, tuple, bytes)):
        raise TypeError
    return str(value)
