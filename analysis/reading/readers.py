"""Readers: the documents at a path as rows; everything else there is rejected by name.

A folder (with all folders in it) and a .zip archive hold texts of the kinds in `formats`, perhaps
with `metadata.csv`, CSL-JSON, Zotero JSON or BibTeX that describes them; a text may be an export of
a news database. A table is a corpus by itself; so are the tables of a folder without texts, which
`gathering` reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path, PurePosixPath

from analysis.errors import InputError, shown
from analysis.reading.encodings import decoded, is_utf8
from analysis.reading.exports import articles, layout
from analysis.reading.folders import METADATA, Item, archive_items, file_item, folder_items
from analysis.reading.formats import LARGEST, Extract, extracted, html_text, html_tree, line_texts
from analysis.reading.manner import LIBRARIES
from analysis.reading.references import KINDS as BIBLIOGRAPHIES
from analysis.reading.references import Reference, joined, references
from analysis.reading.rows import Rejected, Remark, Row
from analysis.reading.tables import SUFFIXES as TABLES
from analysis.reading.tables import Record, csv_records, is_table, renamed, table_rows
from analysis.store.cache import code_of, key_of, known, versions_of

KINDS = "a folder, or a file " + ", ".join((*LARGEST, *TABLES, ".parquet", ".zip"))
_MAX_DESCRIPTION = 100_000_000
_EXPORT_MARKS = (b"articleParagraph", b"DOCUMENTS", b"End of Document", b"Factiva")
_EXPORT_HEAD = 2_000_000
_Found = Row | Rejected | Remark


def read_path(
    path: Path, *, columns: Mapping[str, str] | None = None, encoding: str = ""
) -> Iterator[_Found]:
    """Everything found at a path: rows, what was rejected and why, remarks on how it was read.

    `columns` renames as {"date": "year"}; `encoding` declares that of every text or table.
    Raises InputError for a path that is not a corpus, and for a column that no row has.
    """
    if path.is_dir():
        found = _item_rows(folder_items(path), encoding)
    elif is_table(path.name):
        yield from table_rows(path, columns=columns, encoding=encoding)
        return
    elif path.suffix.lower() == ".zip":
        found = _archive_rows(path, encoding)
    elif path.suffix.lower() in LARGEST:
        found = _text_rows(file_item(path.name, path), path.stem, encoding)
    else:
        raise InputError("unknown kind of corpus", value=path.name, allowed=KINDS)
    yield from _renamed_rows(found, dict(columns or {}), path.name)


def _archive_rows(path: Path, encoding: str) -> Iterator[_Found]:
    """The rows of a .zip archive."""
    with archive_items(path) as items:
        yield from _item_rows(items, encoding)


def rejection(error: InputError, where: str) -> Rejected:
    """An error about one item as its rejection, at the line that the error names."""
    if error.where in ("", where, where.rpartition("/")[2]):
        return Rejected(where, error.reason)
    if error.where.startswith(f"{where}, "):
        return Rejected(error.where, error.reason)
    return Rejected(where, str(error))


def _renamed_rows(found: Iterable[_Found], columns: dict[str, str], name: str) -> Iterator[_Found]:
    """The rows with columns renamed; raises InputError for a column that no row has."""
    seen: dict[str, None] = {}
    for item in found:
        if isinstance(item, Row) and columns:
            seen |= dict.fromkeys(item.metadata)
            item = replace(item, metadata=renamed(item.metadata, columns))
        yield item
    missing = [old for new, old in columns.items() if old not in seen or new == "text"]
    if missing and seen:
        raise InputError(
            "no such column to rename", where=name, value=missing[0], allowed=list(seen)
        )


# --- texts and what describes them -----------------------------------------------------------------


def _item_rows(items: Iterable[Item | Rejected | Remark], encoding: str) -> Iterator[_Found]:
    """The rows of a folder's or an archive's files, with what metadata.csv and references say."""
    texts: list[Item] = []
    described: list[Reference | Rejected] = []
    listing: Item | None = None
    for item in items:
        if not isinstance(item, Item):
            yield item
        elif item.name == METADATA:
            listing = item
        elif item.kind in BIBLIOGRAPHIES:
            described += _bibliography(item)
        else:
            texts.append(item)
    names = [item.name for item in texts]
    listed = (yield from _listed_texts(listing, set(names), encoding)) if listing else {}
    references_of, problems = joined(described, names) if described else ({}, [])
    yield from (one for one in problems if not listing or isinstance(one, Rejected))
    stems = Counter(item.stem for item in texts)
    for item in texts:
        record = listed.get(item.name)
        if listing and not record:
            yield Rejected(item.where, f"is not listed in {METADATA}")
            continue
        reference = references_of.get(item.name)
        metadata = (reference.metadata if reference else {}) | (record.values if record else {})
        for found in _text_rows(item, item.stem if stems[item.stem] == 1 else item.name, encoding):
            if isinstance(found, Row):
                where = f"{found.where} ({record.where})" if record else found.where
                found = replace(found, where=where, metadata={**found.metadata, **metadata})
            yield found


def _text_rows(item: Item, identity: str, encoding: str) -> Iterator[_Found]:
    """The row of one text, or the rows of the export that it is; a broken one is rejected."""
    try:
        content = item.read(LARGEST[item.kind])
        page = _export_page(content, item, encoding)
        found = Extract(page, {}) if page else _known_extract(content, item, encoding)
        if layout(found.text[:_EXPORT_HEAD]):
            yield from articles(found.text, name=item.where)
            return
    except InputError as error:
        yield rejection(error, item.where)
        return
    yield from (Remark(item.where, note) for note in found.notes)
    if not found.text.strip():
        yield Rejected(item.where, "holds no text")
        return
    folder = str(PurePosixPath(item.name).parent)
    metadata = {"id": identity} | ({"folder": folder} if folder != "." else {})
    yield Row(item.where, found.text, metadata | found.metadata)


def _known_extract(content: bytes, item: Item, encoding: str) -> Extract:
    """The text in a file; of a kind that takes long to read it is cached under its content."""

    def read() -> Extract:
        return extracted(content, item.kind, where=item.where, encoding=encoding)

    if item.kind in (".txt", ".md"):
        return read()
    key = key_of(_made_by(), item.kind, encoding, content)
    found = known("extracts", key, lambda: asdict(read()))
    return Extract(found["text"], found["metadata"], tuple(found["notes"]))


@cache
def _made_by() -> list[str]:
    """What decides which text is found in a file: our code and the libraries."""
    return [code_of("files", "reading"), *versions_of(*LIBRARIES)]


def _export_page(content: bytes, item: Item, encoding: str) -> str:
    """The lines of a web page that is an export of a news database, '' for any other file."""
    if item.kind not in (".html", ".htm") or not any(mark in content for mark in _EXPORT_MARKS):
        return ""
    text, _ = html_text(content, item.where, encoding)
    lines = "\n\n".join(line_texts(html_tree(text, item.where))) if "<" in text else ""
    return lines if layout(lines) else ""


def _bibliography(item: Item) -> list[Reference | Rejected]:
    """The references of a bibliography; one rejection where it cannot be read."""
    try:
        text = decoded(item.read(_MAX_DESCRIPTION), where=item.where).text
        return references(text, item.kind, name=item.where)
    except InputError as error:
        return [rejection(error, item.where)]


def _listed_texts(
    item: Item, names: set[str], encoding: str
) -> Generator[Rejected | Remark, None, dict[str, Record]]:
    """The row of metadata.csv of each text, by the text's name; rows of no text are rejected.

    It is read as UTF-8, else in the encoding that is declared for the texts. Raises InputError where
    it cannot be read or has no column `file`.
    """
    listed: dict[str, Record] = {}
    content = item.read(_MAX_DESCRIPTION)
    found = decoded(content, where=item.where, encoding="" if is_utf8(content) else encoding)
    if not found.is_expected:
        yield Remark(item.where, f"read as {found.description}")
    lines = ((n, f"{line}\n") for n, line in enumerate(found.text.split("\n"), start=1))
    for record in csv_records(item.where, lines):
        if not isinstance(record, Record):
            yield record
            continue
        if "file" not in record.values:
            raise InputError("has no column 'file'", where=item.where, allowed="a column 'file'")
        name = record.values.pop("file")
        where = f"{record.where}, column file"
        if name not in names:
            yield Rejected(where, f"text is missing, or of a kind that is not read: {shown(name)}")
        elif name in listed:
            yield Rejected(where, f"text is listed twice: {shown(name)}")
        else:
            listed[name] = record
    return listed
