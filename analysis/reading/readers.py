"""Readers: whatever path is given, its documents as rows; everything else is rejected by name.

A folder (with all folders in it) and a .zip archive hold texts of the kinds in `formats`, perhaps
with `metadata.csv`, CSL-JSON, Zotero JSON or BibTeX that describes them; a text may be an export of
a news database. A table is a corpus by itself; so are the tables of a folder without texts, which
`gathering` reads. Links are never followed, devices and pipes never
opened, archives never unpacked to the disk; sizes, numbers and depths are bounded by the constants.
"""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path, PurePosixPath

from analysis.errors import InputError, shown
from analysis.reading.encodings import Decoded, decoded
from analysis.reading.exports import articles, layout
from analysis.reading.formats import (
    LARGEST,
    Extract,
    extracted,
    html_text,
    html_tree,
    line_texts,
    too_large,
)
from analysis.reading.manner import LIBRARIES
from analysis.reading.references import KINDS as BIBLIOGRAPHIES
from analysis.reading.references import Reference, joined, references
from analysis.reading.rows import CODINGS, KEY, Rejected, Remark, Row
from analysis.reading.tables import SUFFIXES as TABLES
from analysis.reading.tables import Record, csv_records, is_table, opened, renamed, table_rows
from analysis.store.cache import code_of, key_of, known, versions_of

_MB = 1_000_000
_MOST_FILES = 200_000
_DEEPEST = 40
_LONGEST_NAME = 1_000
_LARGEST_ARCHIVE = 4_000 * _MB
_LARGEST_UNPACKED = 2_000 * _MB
_LARGEST_BIBLIOGRAPHY = 100 * _MB
_MOST_TIMES = 250
_ARCHIVES = (".zip", ".gz", ".tar", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst")
KINDS = "a folder, or a file " + ", ".join((*LARGEST, *TABLES, ".parquet", ".zip"))
_OF_THE_CORPUS = (
    *("metadata.csv", "codebook.yaml", "events.csv", "exclusions.yaml", "findings.yaml"),
    *("sweep.yaml", "words.yaml", "corpus.yaml", "SHA256SUMS", "README.md"),
)
_METADATA = "metadata.csv"
_HIDDEN = "is hidden, or of the system"
TABLE = "is a table: a corpus by itself, or with other tables where no text lies among them"
_OF_THE_SYSTEM = ("__MACOSX", "Thumbs.db", "desktop.ini")
_EXPORT_SIGNS = (b"articleParagraph", b"DOCUMENTS", b"End of Document", b"Factiva")
_Found = Row | Rejected | Remark


@dataclass(frozen=True)
class _Item:
    """A file of a folder or an archive: its relative name, and how its bytes are read."""

    name: str
    read: Callable[[int], bytes]

    @property
    def kind(self) -> str:
        return PurePosixPath(self.name).suffix.lower()

    @property
    def where(self) -> str:
        return shown(self.name, quote=False, longest=200)


def read_path(
    path: Path, *, columns: Mapping[str, str] | None = None, encoding: str = ""
) -> Iterator[_Found]:
    """Everything found at a path: rows, what was rejected and why, remarks on how it was read.

    `columns` renames as {"date": "year"}; `encoding` declares that of every text or table.
    Raises InputError for a path that is no corpus at all, and for a column that is nowhere.
    """
    if path.is_dir():
        found = _item_rows(folder_items(path), path.name, encoding)
    elif is_table(path.name):
        yield from table_rows(path, columns=columns, encoding=encoding)
        return
    elif path.suffix.lower() == ".zip":
        found = _archive_rows(path, encoding)
    elif path.suffix.lower() in LARGEST:
        found = _text_rows(_Item(path.name, _file_reader(path)), path.stem, encoding)
    else:
        raise InputError("unknown kind of corpus", value=path.name, allowed=KINDS)
    yield from _renamed_rows(found, dict(columns or {}), path.name)


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


# --- files and their texts -------------------------------------------------------------------------


def _item_rows(
    items: Iterable[_Item | Rejected | Remark], name: str, encoding: str
) -> Iterator[_Found]:
    """The rows of a folder's or an archive's files, with what metadata.csv and references say."""
    texts: list[_Item] = []
    described: list[Reference | Rejected] = []
    listing: _Item | None = None
    for item in items:
        if not isinstance(item, _Item):
            yield item
        elif item.name == _METADATA:
            listing = item
        elif item.kind in BIBLIOGRAPHIES:
            described += _bibliography(item)
        else:
            texts.append(item)
    names = [item.name for item in texts]
    known: dict[str, Record] = {}
    if listing is not None:
        known = yield from _listed_texts(listing, set(names), encoding)
    owners, problems = joined(described, names)
    yield from (
        (one for one in problems if listing is None or isinstance(one, Rejected))
        if described
        else ()
    )
    stems = Counter(map(_stem_of, names))
    for item in texts:
        if listing is not None and item.name not in known:
            yield Rejected(item.where, f"is not listed in {_METADATA}")
            continue
        identity = _stem_of(item.name) if stems[_stem_of(item.name)] == 1 else item.name
        metadata = dict(owners[item.name].metadata) if item.name in owners else {}
        listed = known.get(item.name)
        metadata |= listed.values if listed else {}
        for found in _text_rows(item, identity, encoding):
            if isinstance(found, Row):
                where = f"{found.where} ({listed.where})" if listed else found.where
                found = replace(found, where=where, metadata={**found.metadata, **metadata})
            yield found


def _stem_of(name: str) -> str:
    """A relative name without its kind."""
    return str(PurePosixPath(name).with_suffix(""))


def _text_rows(item: _Item, identity: str, encoding: str) -> Iterator[_Found]:
    """The row of one text, or the rows of the export that it is; a broken one is rejected."""
    try:
        content = item.read(LARGEST[item.kind])
        page = _export_page(content, item, encoding)
        found = None if page else _known_extract(content, item, encoding)
        text = page or found.text
        if layout(text[: 2 * _MB]):
            yield from articles(text, name=item.where)
            return
    except InputError as error:
        yield rejection(error, item.where)
        return
    yield from (Remark(item.where, note) for note in found.notes)
    if not text.strip():
        yield Rejected(item.where, "holds no text")
        return
    folder = str(PurePosixPath(item.name).parent)
    metadata = {"id": identity, **({"folder": folder} if folder != "." else {})}
    yield Row(item.where, text, {**metadata, **found.metadata})


def _known_extract(content: bytes, item: _Item, encoding: str) -> Extract:
    """The text in a file; of a kind that takes long to read it is kept in the cache under its content."""

    def read() -> Extract:
        return extracted(content, item.kind, where=item.where, encoding=encoding)

    if item.kind in (".txt", ".md"):
        return read()
    key = key_of(_made_by(), item.kind, encoding, content)
    found = known("extracts", key, lambda: asdict(read()))
    return Extract(found["text"], found["metadata"], tuple(found["notes"]))


@cache
def _made_by() -> list[str]:
    """What decides which text is found in a file: code and the libraries it rests on."""
    return [code_of("files", "reading"), *versions_of(*LIBRARIES)]


def _export_page(content: bytes, item: _Item, encoding: str) -> str:
    """The lines of a web page that is an export of a news database, '' for any other file."""
    if item.kind not in (".html", ".htm") or not any(sign in content for sign in _EXPORT_SIGNS):
        return ""
    if len(content) > LARGEST[item.kind]:
        raise too_large(item.where, len(content), LARGEST[item.kind])
    text, _ = html_text(content, item.where, encoding)
    lines = "\n\n".join(line_texts(html_tree(text, item.where))) if "<" in text else ""
    return lines if layout(lines) else ""


def rejection(error: InputError, where: str) -> Rejected:
    """An error about one item as its rejection, the place not said twice."""
    told = str(error)
    place, _, reason = told.partition(": ")
    if place in (where, where.rpartition("/")[2]):
        return Rejected(where, reason)
    return Rejected(place, reason) if place.startswith(f"{where}, ") else Rejected(where, told)


def _bibliography(item: _Item) -> list[Reference | Rejected]:
    """The references of a bibliography; one rejection where it cannot be read."""
    try:
        text = decoded(item.read(_LARGEST_BIBLIOGRAPHY), where=item.where).text
        return references(text, item.kind, name=item.where)
    except InputError as error:
        return [rejection(error, item.where)]


def _listed_texts(
    item: _Item, names: set[str], encoding: str
) -> Generator[Rejected | Remark, None, dict[str, Record]]:
    """The row of metadata.csv of each text, by the text's name; rows of no text are rejected.

    Raises InputError where it cannot be read or has no column `file`.
    """
    known: dict[str, Record] = {}
    found = _decoded_listing(item.read(_LARGEST_BIBLIOGRAPHY), item.where, encoding)
    if not found.is_expected:
        yield Remark(item.where, f"read as {found.told}")
    lines = enumerate(found.text.split("\n"), start=1)
    for record in csv_records(item.where, ((number, f"{line}\n") for number, line in lines)):
        if not isinstance(record, Record):
            yield record
            continue
        if "file" not in record.values:
            raise InputError("has no column 'file'", where=item.where, allowed="a column 'file'")
        name = record.values["file"]
        where = f"{record.where}, column file"
        if name not in names:
            yield Rejected(where, f"text is missing, or of no kind that is read: {shown(name)}")
        elif name in known:
            yield Rejected(where, f"text is listed twice: {shown(name)}")
        else:
            known[name] = record
            del record.values["file"]
    return known


def _decoded_listing(content: bytes, where: str, encoding: str) -> Decoded:
    """The text of metadata.csv: UTF-8, else in the encoding that is declared for the texts."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return decoded(content, where=where, encoding=encoding)
    return decoded(content, where=where)


# --- folders ---------------------------------------------------------------------------------------


def folder_items(folder: Path) -> Iterator[_Item | Rejected | Remark]:
    """The files of a folder and of all folders in it, by name; what is not read is rejected."""
    for number, (name, entry) in enumerate(_walked(folder), start=1):
        where = shown(name, quote=False, longest=200)
        if number > _MOST_FILES:
            yield Rejected(where, f"more than {_MOST_FILES:,} files: the rest is not read")
            return
        reason = entry if isinstance(entry, str) else _entry_refused(name, entry)
        if reason:
            yield _refused(where, reason)
        elif name not in _OF_THE_CORPUS or name == _METADATA:
            yield _Item(name, _file_reader(folder / name))


def folder_tables(folder: Path) -> list[str]:
    """The names of the tables of a folder, none where a text, or what describes texts, lies among them."""
    tables = []
    for name, entry in islice(_walked(folder), _MOST_FILES):
        if isinstance(entry, str) or (name in _OF_THE_CORPUS and name != _METADATA):
            continue
        reason = _entry_refused(name, entry)
        if not reason:
            return []
        if reason == TABLE:
            tables.append(name)
    return tables


def _walked(folder: Path) -> Iterator[tuple[str, os.DirEntry | str]]:
    """Relative names with their entries, or with the reason why a folder is not entered."""
    waiting: list[tuple[str, Path]] = [("", folder)]
    while waiting:
        prefix, place = waiting.pop()
        try:
            with os.scandir(place) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError as error:
            if not prefix:
                raise InputError(f"cannot be read ({error.strerror})", where=folder.name) from error
            yield prefix.rstrip("/"), f"cannot be read ({error.strerror})"
            continue
        inner = []
        for entry in entries:
            name = prefix + entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            if is_folder and name == CODINGS and (folder / CODINGS / KEY).is_file():
                continue
            reason = _name_refused(name) if is_folder else ""
            if is_folder and not reason and name.count("/") < _DEEPEST:
                inner.append((f"{name}/", place / entry.name))
            elif is_folder:
                yield name, reason or f"is deeper than {_DEEPEST} folders"
            else:
                yield name, entry
        waiting += reversed(inner)


def _entry_refused(name: str, entry: os.DirEntry) -> str:
    """Why a directory entry is not read, '' where it is."""
    if reason := _name_refused(name):
        return reason
    if entry.is_symlink():
        return "is a link, and links are not followed"
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if not stat.S_ISREG(mode):
        kinds = ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISDIR, "a folder"))
        kind = next((kind for is_kind, kind in kinds if is_kind(mode)), "a device")
        return f"is {kind} and no file"
    return "" if name in _OF_THE_CORPUS else _kind_refused(name)


def _name_refused(name: str) -> str:
    """Why a file of this relative name is not read, '' where it is."""
    last = name.rpartition("/")[2]
    if not name:
        return "has no name"
    if not name.isprintable():
        return "its name holds a sign that is not seen"
    if len(name) > _LONGEST_NAME:
        return f"its name is longer than {_LONGEST_NAME} signs"
    return _HIDDEN if last.startswith(".") or last in _OF_THE_SYSTEM else ""


def _refused(where: str, reason: str) -> Rejected | Remark:
    """What is not read, by its reason: what is hidden was not put there to be read."""
    return Remark(where, f"left out: {reason}") if reason == _HIDDEN else Rejected(where, reason)


def _kind_refused(name: str) -> str:
    """Why a file of this kind is not read among others, '' where it is."""
    suffix = PurePosixPath(name).suffix.lower()
    if name == _METADATA:
        return ""
    if is_table(name) or suffix == ".parquet":
        return TABLE
    if suffix in _ARCHIVES:
        return "is an archive: a corpus by itself"
    if suffix not in LARGEST and suffix not in BIBLIOGRAPHIES:
        return f"is of a kind that is not read: {shown(suffix)}"
    return ""


def _file_reader(file: Path) -> Callable[[int], bytes]:
    """How the bytes of a file are read, up to a limit; a device or a pipe is never waited for."""

    def read(largest: int) -> bytes:
        with opened(file) as source:
            size = os.fstat(source.fileno()).st_size
            content = source.read(largest + 1) if size <= largest else b""
        if max(size, len(content)) > largest:
            raise too_large(file.name, max(size, len(content)), largest)
        return content

    return read


# --- archives --------------------------------------------------------------------------------------


def _archive_rows(file: Path, encoding: str) -> Iterator[_Found]:
    """The rows of a .zip archive, its members read in memory one after another."""
    with opened(file) as packed:
        size = os.fstat(packed.fileno()).st_size
        if size > _LARGEST_ARCHIVE:
            raise too_large(file.name, size, _LARGEST_ARCHIVE)
        try:
            archive = zipfile.ZipFile(packed)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError) as error:
            raise InputError("cannot be read as a zip archive", where=file.name) from error
        with archive:
            yield from _item_rows(_archive_items(archive, file.name), file.name, encoding)


def _archive_items(archive: zipfile.ZipFile, name: str) -> Iterator[_Item | Rejected | Remark]:
    """The members of an archive by name; what is not read is rejected."""
    members = [info for info in archive.infolist() if not info.filename.endswith("/")]
    if len(members) > _MOST_FILES:
        raise InputError(
            f"holds {len(members):,} files", where=name, allowed=f"up to {_MOST_FILES:,}"
        )
    named = sorted(((_member_name(info), info) for info in members), key=lambda pair: pair[0])
    outer = _outer_folder([inner for inner, _ in named])
    total, seen = 0, set()
    coded = any(full == f"{outer}{CODINGS}/{KEY}" for full, _ in named)
    for full, info in named:
        inner = full.removeprefix(outer)
        if coded and inner.startswith(f"{CODINGS}/"):
            continue
        reason = _member_refused(info, full, inner)
        reason = reason or ("its name stands twice in the archive" if inner in seen else "")
        if not reason and total + info.file_size > _LARGEST_UNPACKED:
            reason = f"the archive unpacks to too much; allowed: up to {_LARGEST_UNPACKED:,} bytes"
        where = shown(inner, quote=False, longest=200)
        if reason:
            yield _refused(where, reason)
        elif inner in _OF_THE_CORPUS and inner not in (_METADATA, "README.md"):
            yield Remark(where, "is not used from an archive: unpack it to use it")
        elif inner not in _OF_THE_CORPUS or inner == _METADATA:
            seen.add(inner)
            total += info.file_size
            yield _Item(inner, _member_reader(archive, info, inner))


def _outer_folder(names: list[str]) -> str:
    """The one folder that holds everything in an archive, '' where there is none.

    >>> _outer_folder(["corpus/a.txt", "corpus/b/c.txt", "__MACOSX/x"])
    'corpus/'
    """
    firsts = {name.partition("/")[0] for name in names} - set(_OF_THE_SYSTEM)
    first = firsts.pop() if len(firsts) == 1 else ""
    inside = all("/" in name for name in names if not name.startswith(_OF_THE_SYSTEM))
    return f"{first}/" if first.isprintable() and first not in ("", ".", "..") and inside else ""


def _member_name(info: zipfile.ZipInfo) -> str:
    """A member's name; one that is not marked as UTF-8 is read as other text is."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    try:
        return decoded(info.filename.encode("cp437"), where="").text
    except (InputError, UnicodeEncodeError):
        return info.filename


def _member_refused(info: zipfile.ZipInfo, name: str, inner: str) -> str:
    """Why a member of an archive is not read, '' where it is."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or name[1:2] == ":":
        return "its name leads out of the archive"
    parts = [_name_refused(part) for part in (name, *path.parts)]
    if reason := next((part for part in parts if part), ""):
        return reason
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link, and links are not followed"
    if info.flag_bits & 0x1:
        return "is encrypted"
    if info.file_size > _MB and info.file_size > _MOST_TIMES * max(1, info.compress_size):
        return f"unpacks to more than {_MOST_TIMES} times its size"
    return "" if inner in _OF_THE_CORPUS else _kind_refused(inner)


def _member_reader(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str
) -> Callable[[int], bytes]:
    """How the bytes of a member are read, up to a limit."""
    where = shown(name, quote=False, longest=200)

    def read(largest: int) -> bytes:
        if info.file_size > largest:
            raise too_large(where, info.file_size, largest)
        try:
            with archive.open(info) as source:
                content = source.read(largest + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            ValueError,
            RuntimeError,
            NotImplementedError,
        ) as error:
            raise InputError("is damaged in the archive", where=where) from error
        if len(content) > largest:
            raise too_large(where, len(content), largest)
        return content

    return read
