"""Files read as text, every value with its place: UTF-8, CSV and YAML."""

from __future__ import annotations

import csv
import difflib
import io
import itertools
import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from analysis.errors import InputError, shown

_MAX_DEPTH = 20
MAX_LINE = 64_000_000
"""Characters of a line, or a row of CSV; a longer one is rejected."""
_MAX_UNCLOSED = 20
_DELIMITERS = ",;\t"
NumberedLine = tuple[int, str | InputError]
"""The number of a line with its text, or with the reason why it cannot be read."""


def read_text(file: Path, *, name: str = "") -> str:
    """The text of a UTF-8 file, every newline kept as it is.

    Raises InputError where the bytes are not UTF-8, with line and byte.
    """
    name = name or file.name
    try:
        with opened(file, name=name) as source:
            content = source.read()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=name) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"is not UTF-8: byte {error.start}",
            where=f"{name}, line {line}",
            value=f"0x{content[error.start]:02x}",
            allowed="text in UTF-8",
        ) from error


def opened(file: Path, *, name: str = "") -> BinaryIO:
    """A regular file, open; raises InputError for a device, a pipe or what may not be read.

    A pipe or a device is not waited for: a read of one might never return.
    """
    name = name or file.name
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(file, flags)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such name is possible"
        raise InputError(f"cannot be read ({reason})", where=name) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError("is not a regular file", where=name)
    return os.fdopen(descriptor, "rb")


def refuse_device(file: Path, name: str) -> None:
    """Raise InputError for a pipe or a device."""
    if file.exists() and not file.is_file():
        raise InputError("is not a regular file", where=name)


# --- CSV -------------------------------------------------------------------------------------------


def read_table(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a CSV file with a header, each with its line number; every value is text.

    Raises InputError with the line of the first row that is broken.
    """
    text = read_text(file)
    lines = enumerate(io.StringIO(text, newline=""), start=1)
    for row in csv_table(lines, file.name)[2] if text else ():
        if isinstance(row, InputError):
            raise row
        yield row


def csv_table(
    lines: Iterable[NumberedLine], name: str
) -> tuple[list[str], str, Iterator[tuple[int, dict[str, str]] | InputError]]:
    """The columns of a CSV table, the character between them, and its rows with their line numbers.

    A broken row is given as the InputError that says why; the rows after it are read. Raises
    InputError for a header that is missing or broken, or that has a column twice.
    """
    lines = (part for line in lines for part in _at_carriage_returns(line))
    number, header = next(lines, (1, ""))
    if isinstance(header, InputError):
        raise header
    delimiter = "," if "," in header else max(_DELIMITERS, key=header.count)
    rows = list(csv_rows([(number, header)], name, delimiter))
    columns = rows[0][1] if rows and isinstance(rows[0], tuple) else []
    if not any(column.strip() for column in columns) or "\x00" in header:
        raise InputError("header is missing or broken", where=f"{name}, line {number}")
    check_header(columns, name)
    return columns, delimiter, _by_column(csv_rows(lines, name, delimiter), columns, name)


def csv_rows(
    lines: Iterable[NumberedLine], name: str, delimiter: str
) -> Iterator[tuple[int, list[str]] | InputError]:
    """The values of each row that is not empty, with its line number, or why it cannot be read.

    A quote that is never closed costs the line that it is in, and reading goes on after it.
    """
    csv.field_size_limit(2**31 - 1)
    source, unclosed = _Lines(lines), 0
    while unclosed < _MAX_UNCLOSED and (first := source.next()):
        number, line = first
        if isinstance(line, InputError):
            yield line
            continue
        row = source.row_from(first)
        try:
            values = next(csv.reader(row, delimiter=delimiter, strict=True))
        except csv.Error:
            problem = "a quote is not closed, or is where none may be; what follows is read as rows"
            yield InputError(problem, where=f"{name}, line {number}")
            source.put_back(source.taken[1:])
            unclosed += 1
        else:
            if values:
                yield number, values
    if unclosed == _MAX_UNCLOSED:
        problem = f"{_MAX_UNCLOSED} quotes are not closed: the rest is not read"
        yield InputError(problem, where=f"{name}, after line {number}")


class _Lines:
    """Lines for a CSV reader, which can be put back; `taken` are those of the latest row."""

    def __init__(self, lines: Iterable[NumberedLine]):
        self.lines = iter(lines)
        self.taken: list[NumberedLine] = []

    def next(self) -> NumberedLine | None:
        return next(self.lines, None)

    def put_back(self, lines: list[NumberedLine]) -> None:
        self.lines = itertools.chain(lines, self.lines)

    def row_from(self, line: NumberedLine | None) -> Iterator[str]:
        """The lines of a row, up to one that cannot belong to it."""
        self.taken = []
        size = 0
        while line:
            size += len(line[1]) if isinstance(line[1], str) else MAX_LINE
            if self.taken and size >= MAX_LINE:
                self.put_back([line])
                return
            self.taken.append(line)
            yield line[1]
            line = self.next()


def _at_carriage_returns(line: NumberedLine) -> Iterable[NumberedLine]:
    """A line in its parts where it holds carriage returns alone, as old Macintosh files do."""
    number, text = line
    if isinstance(text, str) and text.find("\r", 0, len(text) - 2) >= 0:
        return [(number, part) for part in io.StringIO(text, newline="")]
    return [line]


def _by_column(
    rows: Iterable[tuple[int, list[str]] | InputError], columns: list[str], name: str
) -> Iterator[tuple[int, dict[str, str]] | InputError]:
    """The rows by column; one that does not fit the header becomes an error."""
    for row in rows:
        if isinstance(row, InputError):
            yield row
            continue
        number, values = row
        where = f"{name}, line {number}"
        if len(values) != len(columns):
            allowed = f"{len(columns)}, as in the header"
            yield InputError(f"row has {len(values)} values", where=where, allowed=allowed)
        elif values == columns:
            yield InputError("is the header again", where=where)
        elif any("\x00" in value for value in values):
            column = next(c for c, v in zip(columns, values, strict=True) if "\x00" in v)
            problem = f"{shown(column, quote=False)} holds a NUL character"
            yield InputError(problem, where=where)
        else:
            yield number, dict(zip(columns, values, strict=True))


def check_header(header: list[str], name: str) -> None:
    """Raise InputError for a column that appears twice."""
    doubled = sorted({column for column in header if header.count(column) > 1})
    if doubled:
        where = f"{name}, line 1"
        raise InputError("column appears twice in the header", where=where, value=doubled[0])


# --- YAML ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Node:
    """A value in a YAML file: a text, a list of nodes or a mapping of nodes, and its place.

    `key_where` is the place of a value's key in a mapping. Every scalar is the text as written:
    `no`, `1.10` and `2024-07-12` stay what they are.
    """

    value: str | list[Node] | dict[str, Node]
    where: str
    key_where: str = ""

    def error(self, problem: str, *, value: object = None, allowed: object = "") -> InputError:
        """An InputError about this node; the value shown is the node's own text if none is given."""
        if value is None and isinstance(self.value, str):
            value = self.value
        return InputError(problem, where=self.where, value=value, allowed=allowed)

    def text(self) -> str:
        """The node as a text that is not blank."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.error("a text is expected here")
        return self.value

    def items(self) -> list[Node]:
        """The node as a list."""
        if not isinstance(self.value, list):
            raise self.error("a list is expected here")
        return self.value

    def entries(self) -> dict[str, Node]:
        """The node as a mapping."""
        if not isinstance(self.value, dict):
            raise self.error("a mapping (name: value) is expected here")
        return self.value

    def has(self, key: str) -> bool:
        return key in self.entries()

    def get(self, key: str) -> Node:
        """The value of a key that must be there."""
        if key not in self.entries():
            raise self.error("key is missing", value=key)
        return self.entries()[key]

    def text_of(self, key: str) -> str:
        """The text of a key, empty where the key is not there."""
        return self.get(key).text() if self.has(key) else ""

    def texts(self, key: str) -> list[str]:
        """The texts of the list under a key, none where the key is not there."""
        return [node.text() for node in self.get(key).items()] if self.has(key) else []

    def only(self, allowed: Iterable[str]) -> None:
        """Raise InputError for a key that is not allowed, with the likeliest spelling meant."""
        allowed = tuple(allowed)
        for key, node in self.entries().items():
            if key not in allowed:
                near = difflib.get_close_matches(key, allowed, 1)
                hint = f" (is {shown(near[0])} meant?)" if near else ""
                raise InputError(
                    f"unknown key{hint}", where=node.key_where, value=key, allowed=allowed
                )

    def exactly_one(self, keys: tuple[str, ...]) -> None:
        """Raise InputError unless exactly one of the keys is there."""
        if sum(self.has(key) for key in keys) != 1:
            raise self.error("exactly one of these keys is needed", allowed=keys)


def read_yaml(file: Path) -> Node:
    """The content of a YAML file; raises InputError with the line of what is not allowed."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = read_text(file)
    try:
        _check_events(yaml.parse(text, Loader=loader), file.name)
        top = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "is not YAML"
        raise InputError(f"broken YAML ({problem})", where=f"{file.name}{line}") from error
    if top is None:
        raise InputError("the file is empty", where=file.name)
    return _node_of(top, file.name)


def _check_events(events: Iterator, name: str) -> None:
    """Raise InputError for anchors, aliases, tags, a second document, and nesting that is too deep."""
    import yaml

    depth = documents = 0
    for event in events:
        where = f"{name}, line {event.start_mark.line + 1}"
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if documents > 1:
            raise InputError("a second YAML document is not allowed", where=where)
        if depth > _MAX_DEPTH:
            raise InputError(f"nested deeper than {_MAX_DEPTH}", where=where)
        for part, problem in (("anchor", "anchors and aliases are"), ("tag", "tags are")):
            if value := getattr(event, part, None):
                raise InputError(f"{problem} not allowed", where=where, value=value)


def _node_of(node, name: str) -> Node:
    """A node of the YAML library as one of ours, in which every scalar is text."""
    where = f"{name}, line {node.start_mark.line + 1}"
    if node.id == "scalar":
        return Node(node.value, where)
    if node.id == "sequence":
        return Node([_node_of(item, name) for item in node.value], where)
    entries: dict[str, Node] = {}
    for key, value in ((_node_of(k, name), _node_of(v, name)) for k, v in node.value):
        if key.text() in entries:
            raise key.error("key appears twice")
        entries[key.text()] = replace(value, key_where=key.where)
    return Node(entries, where)


# --- texts and lines -------------------------------------------------------------------------------


def composed(text: str) -> str:
    """The text in NFC, in which every text and every pattern is compared."""
    return unicodedata.normalize("NFC", text)


def line_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of every line, the newline (of any kind) not included.

    >>> line_spans("a\\r\\nbc")
    [(0, 1), (3, 5)]
    """
    spans, start = [], 0
    for line in text.splitlines(keepends=True):
        spans.append((start, start + len(line.splitlines()[0])))
        start += len(line)
    return spans


def write_whole(file: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file, given whole or in parts, so that no reader ever sees half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with half.open("wb") as sink:
            sink.writelines([content] if isinstance(content, bytes) else content)
        os.replace(half, file)
    finally:
        half.unlink(missing_ok=True)
