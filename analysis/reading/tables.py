"""Tables: CSV and JSON lines, plain or gzipped, row by row; what is broken costs its own row."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import os
import re
import stat
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from analysis.errors import InputError, shown
from analysis.reading.encodings import decoded
from analysis.reading.proposals import columns_option, propose_columns
from analysis.reading.rows import Rejected, Remark, Row

_T = TypeVar("T")
_MB = 1_000_000
_LARGEST = 2_000 * _MB
_MOST_TIMES = 250
_LONGEST_LINE = 64 * _MB
LONGEST_FIELD = 100_000
_MOST_LINES_OF_A_RECORD = 1_000_000
MOST_REJECTED = 10_000
_MOST_UNCLOSED = 20
_SAMPLE = 200_000
_NOT_ASCII_LINES = ("utf-16", "utf-32")
_SURROGATE = re.compile("[\ud800-\udfff]")
SUFFIXES = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz")
_DELIMITERS = ",;\t"
_Line = tuple[int, str | Rejected]
_OPEN_QUOTE = "a quote is not closed, or stands where none may; what follows is read as rows"


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

    Every value stays the text that stands in the file: `007`, `1e3`, `NA`, `null` in quotes.
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
        if rejected == MOST_REJECTED and isinstance(item, Rejected):
            yield Rejected(item.where, f"{MOST_REJECTED:,} rows rejected: the rest is not read")
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
    """A row of a table: where it stands and its values by column."""

    where: str
    values: dict[str, str]


def _row_of(record: Record, columns: Mapping[str, str]) -> Row | Rejected:
    """A record as a row, its columns renamed; rejected where a value is too long or no text."""
    values = renamed(record.values, columns)
    text = values.pop("text", None)
    if text is None:
        return Rejected(record.where, "has no text")
    for column, value in values.items():
        if len(value) > LONGEST_FIELD:
            told = f"{shown(column, quote=False)} is too long ({len(value):,} characters)"
            return Rejected(record.where, f"{told}; allowed: up to {LONGEST_FIELD:,}")
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
        stream = _Bounded(file, packed)
        sample = stream.read_ahead(_SAMPLE)
        name, said = _encoding_of(sample, file.name, encoding)
        yield from said
        yield from reader(file.name, _lines(stream, file.name, name))


def _encoding_of(sample: bytes, name: str, encoding: str) -> tuple[str, list[Remark]]:
    """The encoding of a table by its first bytes, and what is to be said of it.

    Where they are in none they are taken as UTF-8, so that each wrong line is rejected alone.
    """
    cut = sample.rfind(b"\n") + 1 if len(sample) == _SAMPLE else len(sample)
    try:
        found = decoded(sample[: cut or len(sample)], where=name, encoding=encoding)
    except InputError as error:
        if encoding:
            raise
        return "utf-8", [Remark(name, f"read as utf-8, though it {str(error).partition(': ')[2]}")]
    known = found.how in ("valid", "declared")
    return found.encoding, [] if known else [
        Remark(name, f"read as {found.told.partition(';')[0]}")
    ]


def opened(file: Path) -> BinaryIO:
    """A regular file, open; raises InputError for a device, a pipe or what may not be read."""
    try:
        descriptor = os.open(
            file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        )
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or "no such name is possible"
        raise InputError(f"cannot be read ({told})", where=file.name) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError("is no regular file", where=file.name)
    return os.fdopen(descriptor, "rb")


class _Bounded(io.RawIOBase):
    """The bytes of a file, unpacked where it is gzipped, up to a size and a ratio.

    Reading further raises InputError that says the limit, as does a broken gzip.
    """

    def __init__(self, file: Path, packed: BinaryIO):
        super().__init__()
        self.name = file.name
        self.packed_size = max(1, os.fstat(packed.fileno()).st_size)
        is_packed = file.name.lower().endswith(".gz")
        self.source = gzip.GzipFile(fileobj=packed) if is_packed else packed
        self.most = (
            min(_LARGEST, max(_MB, self.packed_size * _MOST_TIMES)) if is_packed else math.inf
        )
        self.total = 0
        self.ahead = b""

    def readable(self) -> bool:
        return True

    def read_ahead(self, size: int) -> bytes:
        """The first bytes, which are read again afterwards."""
        parts: list[bytes] = []
        while size > 0 and (part := self.piece(size)):
            parts.append(part)
            size -= len(part)
        self.ahead = b"".join(parts)
        return self.ahead

    def piece(self, size: int) -> bytes:
        """Up to `size` more bytes."""
        try:
            part = self.source.read(size)
        except (EOFError, OSError, zlib.error) as error:
            raise InputError("gzip is broken or cut", where=self.name) from error
        self.total += len(part)
        if self.total > self.most:
            raise InputError(
                "unpacks to too much", where=self.name, allowed=f"up to {self.most:,} bytes"
            )
        return part

    def readinto(self, buffer) -> int:
        part = self.ahead[: len(buffer)] or self.piece(len(buffer))
        self.ahead = self.ahead[len(part) :]
        buffer[: len(part)] = part
        return len(part)


def _lines(stream: _Bounded, name: str, encoding: str) -> Iterator[_Line]:
    """Numbered lines with their newlines; one that is too long or in another encoding is rejected.

    A file that breaks off, or that is too large, ends with a rejection of the rest.
    """
    buffered = io.BufferedReader(stream, buffer_size=_SAMPLE)
    wide = encoding.startswith(_NOT_ASCII_LINES)
    readline: Callable[[int], bytes | str] = buffered.readline
    if wide:
        readline = io.TextIOWrapper(buffered, encoding=encoding, newline="\n").readline
    number = 0
    try:
        while line := readline(_LONGEST_LINE):
            number += 1
            where = f"{name}, line {number}"
            if len(line) == _LONGEST_LINE:
                while line and line[-1:] not in ("\n", b"\n"):
                    line = readline(_LONGEST_LINE)
                yield number, Rejected(where, f"is longer than {_LONGEST_LINE:,} bytes")
                continue
            yield number, _line_text(line, where, encoding, first=number == 1)
    except InputError as error:
        told = str(error).removeprefix(f"{name}: ")
        yield number + 1, Rejected(f"{name}, after line {number}", f"the rest is not read: {told}")
    except UnicodeDecodeError:
        yield number + 1, Rejected(f"{name}, after line {number}", f"the rest is not {encoding}")


def _line_text(line: bytes | str, where: str, encoding: str, *, first: bool) -> str | Rejected:
    """A line as text, without the byte order mark before the first."""
    if isinstance(line, bytes):
        try:
            line = line.decode(encoding)
        except UnicodeDecodeError as error:
            told = f"is not {encoding}: byte {error.start} of the line: 0x{line[error.start]:02x}"
            return Rejected(where, told)
    return line.removeprefix("\ufeff") if first else line


# --- JSON lines ------------------------------------------------------------------------------------


def _json_records(name: str, numbered: Iterator[_Line]) -> Iterator[Record | Rejected]:
    """A record for each line that is a JSON object; blank lines are passed over."""
    for number, line in numbered:
        where = f"{name}, line {number}"
        if isinstance(line, Rejected):
            yield line
        elif line.strip():
            yield _json_record(line, where)


def _json_record(line: str, where: str) -> Record | Rejected:
    """The record of one line: numbers as they are written, `null` empty; else its rejection."""
    try:
        values = json.loads(
            line, object_pairs_hook=_once, parse_float=str, parse_int=str, parse_constant=str
        )
    except (ValueError, RecursionError) as error:
        told = (
            "nested too deeply"
            if isinstance(error, RecursionError)
            else str(error).partition(":")[0]
        )
        return Rejected(where, f"broken JSON ({told}): {shown(line.strip())}")
    if not isinstance(values, dict):
        return Rejected(where, f"is no JSON object: {shown(line.strip())}")
    nested = [column for column, value in values.items() if isinstance(value, (dict, list))]
    if nested:
        return Rejected(where, f"{shown(nested[0], quote=False)} is no text but nested JSON")
    texts = {column: _json_text(value) for column, value in values.items()}
    problem = _escape_problem(texts) if "\\u" in line else ""
    return Rejected(where, problem) if problem else Record(where, texts)


def _escape_problem(texts: Mapping[str, str]) -> str:
    """What an escape of JSON may write and no text may hold, '' for nothing of the kind."""
    for column, value in (*texts.items(), *((name, name) for name in texts)):
        if _SURROGATE.search(value):
            return f"{shown(column, quote=False)} holds half a surrogate pair"
        if "\x00" in value:
            return f"{shown(column, quote=False)} holds a NUL character"
    return ""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """The pairs as a dictionary; raises ValueError where a key stands twice."""
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key stands twice")
    return values


def _json_text(value: object) -> str:
    """A JSON value that is not nested as text."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value


# --- CSV -------------------------------------------------------------------------------------------


def csv_records(name: str, numbered: Iterator[_Line]) -> Iterator[Record | Rejected | Remark]:
    """A record for each row under the header; a ragged or broken row is rejected.

    A quote that is never closed rejects the line it stands in, and reading goes on after it.
    Raises InputError for a header that is missing, broken or doubled.
    """
    fed = _Fed(_parted(numbered))
    header, delimiter = _csv_header(name, fed)
    if delimiter != ",":
        yield Remark(name, f"columns are divided by {shown(delimiter)}")
    unclosed = 0
    while unclosed < _MOST_UNCLOSED:
        reader = csv.reader(fed, delimiter=delimiter, strict=True)
        try:
            for values in reader:
                number = fed.whole()
                yield from fed.rejections()
                if values:
                    yield _csv_record(f"{name}, line {number}", header, values)
        except csv.Error:
            yield from fed.rejections()
            yield Rejected(f"{name}, line {fed.passed_over()}", _OPEN_QUOTE)
            unclosed += 1
        else:
            yield from fed.rejections()
            return
    yield Rejected(
        f"{name}, after line {fed.last}",
        f"{_MOST_UNCLOSED} quotes are not closed: the rest is not read",
    )


def _csv_record(where: str, header: list[str], values: list[str]) -> Record | Rejected:
    """The record of a row; rejected where it is ragged, the header again, or holds a NUL."""
    if len(values) != len(header):
        told = f"row has {len(values)} values; allowed: {len(header)}, as in the header"
        return Rejected(where, told)
    if values == header:
        return Rejected(where, "is the header again")
    for column, value in zip(header, values, strict=True):
        if "\x00" in value:
            return Rejected(where, f"{shown(column, quote=False)} holds a NUL character")
    return Record(where, dict(zip(header, values, strict=True)))


def _parted(numbered: Iterator[_Line]) -> Iterator[_Line]:
    """Numbered lines, those that hold carriage returns alone parted at each."""
    for number, line in numbered:
        if isinstance(line, str) and line.find("\r", 0, len(line) - 2) >= 0:
            yield from ((number, part) for part in io.StringIO(line, newline=""))
        else:
            yield number, line


class _Fed:
    """Lines for a CSV reader, kept until their record is whole, so that they can be read again."""

    def __init__(self, numbered: Iterator[_Line]):
        self.numbered = numbered
        self.again: list[_Line] = []
        self.taken: list[_Line] = []
        self.rejected: list[Rejected] = []
        self.size = 0
        self.last = 1

    def __iter__(self) -> _Fed:
        return self

    def __next__(self) -> str:
        """The next line; stops before one that cannot be of the record that was begun."""
        item = self.again.pop() if self.again else next(self.numbered)
        while isinstance(item[1], Rejected) and not self.taken:
            self.rejected.append(item[1])
            item = self.again.pop() if self.again else next(self.numbered)
        self.size += len(item[1]) if isinstance(item[1], str) else _LONGEST_LINE
        long = self.size >= _LONGEST_LINE or len(self.taken) == _MOST_LINES_OF_A_RECORD
        if self.taken and long:
            self.again.append(item)
            raise StopIteration
        self.taken.append(item)
        return item[1]

    def whole(self) -> int:
        """The number of the first line of the record that is read; the next one begins."""
        self.last = self.taken[0][0]
        self.taken, self.size = [], 0
        return self.last

    def passed_over(self) -> int:
        """The number of the first line of a record that is none; its other lines are read again."""
        self.again += reversed(self.taken[1:])
        return self.whole()

    def rejections(self) -> list[Rejected]:
        """The lines rejected since this was last asked."""
        found, self.rejected = self.rejected, []
        return found


def _csv_header(name: str, fed: _Fed) -> tuple[list[str], str]:
    """The columns and the sign that divides them."""
    line = next(fed, "")
    if fed.rejected:
        raise InputError(fed.rejected[0].reason, where=fed.rejected[0].where)
    where = f"{name}, line {fed.whole() if line else 1}"
    delimiter = max(_DELIMITERS, key=line.count) if "," not in line else ","
    csv.field_size_limit(2**31 - 1)
    try:
        rows = list(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error:
        rows = []
    header = rows[0] if rows else []
    if not any(column.strip() for column in header) or "\x00" in line:
        raise InputError("header is missing or broken", where=where)
    doubled = sorted({column for column in header if header.count(column) > 1})
    if doubled:
        raise InputError("column stands twice in the header", where=where, value=doubled[0])
    return header, delimiter
