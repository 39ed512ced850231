"""Tables: CSV and JSON lines, plain or gzipped, row by row; what is broken costs its own row."""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from analysis.errors import InputError, shown
from analysis.files import MAX_LINE, NumberedLine, csv_table, opened
from analysis.reading.encodings import decoded
from analysis.reading.proposals import columns_option, propose_columns
from analysis.reading.rows import Rejected, Remark, Row

_T = TypeVar("T")
_MB = 1_000_000
_MAX_UNPACKED = 2_000 * _MB
_MAX_RATIO = 250
MAX_FIELD = 100_000
MAX_REJECTED = 10_000
_SAMPLE = 200_000
_BROKEN = (EOFError, OSError, zlib.error)
_BROKEN_GZIP = "gzip is broken or cut"
_SURROGATE = re.compile("[\ud800-\udfff]")
SUFFIXES = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz")


def is_table(name: str) -> bool:
    """Whether a file's name is one of a table."""
    return name.lower().endswith(SUFFIXES)


def _is_csv(name: str) -> bool:
    """Whether a table's name is one of CSV."""
    return name.lower().endswith((".csv", ".csv.gz"))


def table_rows(
    file: Path, *, columns: Mapping[str, str] | None = None, encoding: str = ""
) -> Iterator[Row | Rejected | Remark]:
    """The rows of a .csv, .jsonl, .csv.gz or .jsonl.gz file that has a column `text`.

    Every value stays the text that is in the file: `007`, `1e3`, `NA`, `null` in quotes.
    `columns` renames as {"date": "year"}. A broken line, a ragged row, a nested or over-long value
    rejects its row. Raises InputError for a file that cannot be opened, a header that is broken or
    doubled, and a column that is in no row.
    """
    columns = dict(columns or {})
    wanted = {"text": "text", **columns}
    seen: dict[str, list[str]] = {}
    rejected = 0
    for item in _records(file, encoding):
        if isinstance(item, Record):
            if item.values.keys() - seen.keys():
                seen |= {name: [value] for name, value in item.values.items() if name not in seen}
                if _is_csv(file.name):
                    refuse_missing(wanted, seen, file.name)
            item = _row_of(item, columns)
        yield item
        rejected += isinstance(item, Rejected)
        if rejected == MAX_REJECTED and isinstance(item, Rejected):
            yield Rejected(item.where, f"{MAX_REJECTED:,} rows rejected: the rest is not read")
            return
    if seen:
        refuse_missing(wanted, seen, file.name)


def refuse_missing(wanted: Mapping[str, str], seen: Mapping[str, Sequence[str]], name: str) -> None:
    """Raise InputError for a column that is to be read and that no row has.

    `seen` holds some values of each column. Where the text is missing, the error proposes the
    columns that could be it and its metadata.
    """
    for new, old in wanted.items():
        if old not in seen:
            problem = "column is missing" if new == old else "no such column to rename"
            renames = propose_columns(seen) if new == "text" else {}
            given = {name: column for name, column in wanted.items() if column in seen}
            hint = columns_option({**renames, **given}) if renames else ""
            raise InputError(problem, where=name, value=old, allowed=list(seen), hint=hint)


@dataclass(frozen=True)
class Record:
    """A row of a table: its place and its values by column."""

    where: str
    values: dict[str, str]


def _row_of(record: Record, columns: Mapping[str, str]) -> Row | Rejected:
    """A record as a row, its columns renamed; rejected where a value is too long or the text missing."""
    values = renamed(record.values, columns)
    text = values.pop("text", None)
    if text is None:
        return Rejected(record.where, "has no text")
    for column, value in values.items():
        if len(value) > MAX_FIELD:
            problem = f"{shown(column, quote=False)} is too long ({len(value):,} characters)"
            return Rejected(record.where, f"{problem}; allowed: up to {MAX_FIELD:,}")
    return Row(record.where, text, values)


def renamed(
    values: Mapping[str, _T], columns: Mapping[str, str], *, missing: _T = ""
) -> dict[str, _T]:
    """The values with each column `old` under its new name as well; a text under that alone.

    A date that is read from another column has no precision but its own. `missing` stands for the
    value of a column that is not there.
    """
    found = dict(values)
    if "text" in columns:
        found.pop(columns["text"], None)
    if "date" in columns:
        found.pop("date_precision", None)
    return found | {
        new: values.get(old, missing)
        for new, old in columns.items()
        if new != "text" or old in values
    }


# --- lines -----------------------------------------------------------------------------------------


def _records(file: Path, encoding: str) -> Iterator[Record | Rejected | Remark]:
    """The records of a table by its name's ending."""
    reader = csv_records if _is_csv(file.name) else _json_records
    with opened(file) as packed:
        source, max_size = packed, math.inf
        if file.name.lower().endswith(".gz"):
            source = gzip.GzipFile(fileobj=packed)
            size = os.fstat(packed.fileno()).st_size
            max_size = min(_MAX_UNPACKED, max(_MB, size * _MAX_RATIO))
        stream = io.BufferedReader(source, _SAMPLE)
        try:
            sample = stream.peek(_SAMPLE)
        except _BROKEN as error:
            raise InputError(_BROKEN_GZIP, where=file.name) from error
        name, remarks = _encoding_of(sample, file.name, encoding)
        yield from remarks
        yield from reader(file.name, _lines(stream, file.name, name, max_size))


def _encoding_of(sample: bytes, name: str, encoding: str) -> tuple[str, list[Remark]]:
    """The encoding of a table by its first bytes, and what there is to report about it.

    Where they fit no encoding they are taken as UTF-8, so that each wrong line is rejected alone.
    """
    cut = sample.rfind(b"\n") + 1 if len(sample) == _SAMPLE else len(sample)
    try:
        found = decoded(sample[: cut or len(sample)], where=name, encoding=encoding)
    except InputError as error:
        if encoding:
            raise
        return "utf-8", [Remark(name, f"read as utf-8, though it {error.reason}")]
    if found.how in ("valid", "declared"):
        return found.encoding, []
    return found.encoding, [Remark(name, f"read as {found.encoding} ({found.how})")]


def _lines(
    stream: io.BufferedReader, name: str, encoding: str, max_size: float
) -> Iterator[NumberedLine]:
    """Numbered lines with their newlines; an error for one too long or in another encoding.

    A file that breaks off, or that is larger than allowed, ends with an error for the rest.
    """
    wide = encoding.startswith(("utf-16", "utf-32"))  # a newline is more than one byte in these
    source = io.TextIOWrapper(stream, encoding=encoding, newline="\n") if wide else stream
    number = size = 0
    goes_on = False  # a line that is too long
    problem = ""
    try:
        while line := source.readline(MAX_LINE):
            size += len(line)
            if size > max_size:
                problem = f"read: unpacks to too much; allowed: up to {max_size:,} bytes"
                break
            if not goes_on:
                number += 1
                yield number, _line_text(line, f"{name}, line {number}", encoding, number == 1)
            goes_on = len(line) == MAX_LINE and line[-1:] not in ("\n", b"\n")
    except _BROKEN:
        problem = f"read: {_BROKEN_GZIP}"
    except UnicodeDecodeError:
        problem = encoding
    if problem:
        where = f"{name}, after line {number}"
        yield number + 1, InputError(f"the rest is not {problem}", where=where)


def _line_text(line: bytes | str, where: str, encoding: str, first: bool) -> str | InputError:
    """A line as text, without the byte order mark of the first, or the error in it."""
    if len(line) == MAX_LINE:
        return InputError(f"is longer than {MAX_LINE:,} bytes", where=where)
    try:
        line = line.decode(encoding) if isinstance(line, bytes) else line
    except UnicodeDecodeError as error:
        byte = f"byte {error.start} of the line: 0x{line[error.start]:02x}"
        return InputError(f"is not {encoding}: {byte}", where=where)
    return line.removeprefix("\ufeff") if first else line


# --- records ---------------------------------------------------------------------------------------


def csv_records(name: str, lines: Iterator[NumberedLine]) -> Iterator[Record | Rejected | Remark]:
    """A record for each row under the header; raises InputError for a broken header."""
    _, delimiter, rows = csv_table(lines, name)
    if delimiter != ",":
        yield Remark(name, f"columns are divided by {shown(delimiter)}")
    for row in rows:
        if isinstance(row, InputError):
            yield Rejected(row.where, row.reason)
        else:
            yield Record(f"{name}, line {row[0]}", row[1])


def _json_records(name: str, lines: Iterator[NumberedLine]) -> Iterator[Record | Rejected]:
    """A record for each line that is a JSON object; blank lines are skipped."""
    for number, line in lines:
        where = f"{name}, line {number}"
        if isinstance(line, InputError):
            yield Rejected(line.where, line.reason)
        elif line.strip():
            try:
                yield Record(where, _json_texts(line))
            except InputError as error:
                yield Rejected(where, error.reason)


def _json_texts(line: str) -> dict[str, str]:
    """The values of a JSON object as text: numbers as they are written, `null` empty.

    Raises InputError for what is not an object of plain values.
    """
    try:
        values = json.loads(
            line, object_pairs_hook=_once, parse_float=str, parse_int=str, parse_constant=str
        )
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        problem = "nested too deeply" if deep else getattr(error, "msg", str(error))
        raise InputError(f"broken JSON ({problem})", value=line.strip()) from error
    if not isinstance(values, dict):
        raise InputError("is not a JSON object", value=line.strip())
    for column, value in values.items():
        if isinstance(value, (dict, list)):
            raise InputError(f"{shown(column, quote=False)} is nested JSON, not text")
    texts = {column: _json_text(value) for column, value in values.items()}
    if "\\u" in line:
        _check_escapes(texts)
    return texts


def _check_escapes(texts: Mapping[str, str]) -> None:
    """Raise InputError for what an escape of JSON may write and a text may not hold."""
    for column, value in (*texts.items(), *((name, name) for name in texts)):
        if _SURROGATE.search(value):
            raise InputError(f"{shown(column, quote=False)} holds half a surrogate pair")
        if "\x00" in value:
            raise InputError(f"{shown(column, quote=False)} holds a NUL character")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """The pairs as a dictionary; raises ValueError where a key appears twice."""
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key appears twice")
    return values


def _json_text(value: object) -> str:
    """A JSON value that is not nested as text."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value
