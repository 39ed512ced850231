"""Files read as text, every value with the place where it stands: UTF-8, CSV and YAML."""

from __future__ import annotations

import csv
import difflib
import io
import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.errors import InputError, shown

_DEEPEST = 20


def read_text(file: Path, *, name: str = "") -> str:
    """The text of a UTF-8 file, every newline kept as it is.

    Raises InputError where the bytes are not UTF-8, with line and byte.
    """
    name = name or file.name
    refuse_device(file, name)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=name) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _not_utf8(name, line, error.start, content[error.start]) from error


def refuse_device(file: Path, name: str) -> None:
    """Raise InputError for a pipe or a device, which might be waited for without end."""
    if file.exists() and not file.is_file():
        raise InputError("is no regular file", where=name)


def _not_utf8(name: str, line: int, place: int, byte: int) -> InputError:
    """What is said of bytes that are no UTF-8."""
    return InputError(
        f"is not UTF-8: byte {place}",
        where=f"{name}, line {line}",
        value=f"0x{byte:02x}",
        allowed="text in UTF-8",
    )


def _read_lines(file: Path) -> Iterator[str]:
    """The lines of a UTF-8 file as `\\n` parts them, one at a time; raises InputError as `read_text`."""
    refuse_device(file, file.name)
    try:
        with file.open("rb") as source:
            place = 0
            for number, content in enumerate(source, start=1):
                try:
                    yield content.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    raise _not_utf8(
                        file.name, number, place + error.start, content[error.start]
                    ) from error
                place += len(content)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=file.name) from error


def read_table(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a CSV file with a header, each with its line number; every value is text.

    Raises InputError, on the way, with the line of whatever is no CSV.
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    lines = (part for line in _read_lines(file) for part in io.StringIO(line, newline=""))
    reader = csv.reader(lines, strict=True)
    line = 1
    try:
        header = next(reader, [])
        check_header(header, file.name)
        line = reader.line_num + 1
        for values in reader:
            if values and len(values) != len(header):
                raise InputError(
                    f"row has {len(values)} values",
                    where=f"{file.name}, line {line}",
                    allowed=f"{len(header)}, as in the header",
                )
            if values:
                yield line, dict(zip(header, values, strict=True))
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"broken CSV ({error})", where=f"{file.name}, line {line}") from error


def check_header(header: list[str], name: str) -> None:
    """Raise InputError for a column that stands twice."""
    doubled = sorted({column for column in header if header.count(column) > 1})
    if doubled:
        raise InputError(
            "column stands twice in the header", where=f"{name}, line 1", value=doubled[0]
        )


@dataclass(frozen=True)
class Node:
    """A value in a YAML file: a text, a list of nodes or a mapping of nodes, and where it stands.

    `key_where` is where the key of a mapping's value stands. Every scalar is the text as written: `no`, `1.10` and `2024-07-12` stay what they are.
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
    """The content of a YAML file; raises InputError with the line of whatever is not allowed."""
    import yaml

    loader = yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader
    try:
        events = _plain_events(yaml.parse(read_text(file), Loader=loader), file.name)
        top = _built(events, file.name)
        for _ in events:  # what follows must be right too
            pass
        return top
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "is not YAML"
        raise InputError(f"broken YAML ({problem})", where=f"{file.name}{line}") from error


def _plain_events(events: Iterator, name: str) -> Iterator:
    """The events of one document; raises InputError for anchors, aliases, tags, depth."""
    import yaml

    depth = documents = 0
    for event in events:
        where = f"{name}, line {event.start_mark.line + 1}"
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if documents > 1:
            raise InputError("a second YAML document is not allowed", where=where)
        if depth > _DEEPEST:
            raise InputError(f"nested deeper than {_DEEPEST}", where=where)
        if getattr(event, "anchor", None):
            raise InputError("anchors and aliases are not allowed", where=where, value=event.anchor)
        if getattr(event, "tag", None):
            raise InputError("tags are not allowed", where=where, value=event.tag)
        if isinstance(event, (yaml.NodeEvent, yaml.CollectionEndEvent)):
            yield event


def _built(events: Iterator, name: str) -> Node:
    first = next(events, None)
    if first is None:
        raise InputError("the file is empty", where=name)
    return _node_from(first, events, name)


def _node_from(event, events: Iterator, name: str) -> Node:
    import yaml

    where = f"{name}, line {event.start_mark.line + 1}"
    if isinstance(event, yaml.ScalarEvent):
        return Node(event.value, where)
    if isinstance(event, yaml.SequenceStartEvent):
        return Node(list(_sequence(events, name)), where)
    return Node(_mapping(events, name), where)


def _sequence(events: Iterator, name: str) -> Iterator[Node]:
    import yaml

    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        yield _node_from(event, events, name)


def _mapping(events: Iterator, name: str) -> dict[str, Node]:
    import yaml

    entries: dict[str, Node] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _node_from(event, events, name)
        if key.text() in entries:
            raise key.error("key stands twice")
        value = _node_from(next(events), events, name)
        entries[key.text()] = replace(value, key_where=key.where)
    return entries


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
