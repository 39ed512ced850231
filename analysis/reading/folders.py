"""Folders and archives: their files one after another, with the reason for each that is not read.

Links are never followed, devices and pipes never opened, archives never unpacked to the disk;
sizes, numbers and depths are bounded by the constants.
"""

from __future__ import annotations

import contextlib
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from analysis.errors import InputError, shown
from analysis.files import opened
from analysis.reading.encodings import decoded
from analysis.reading.formats import LARGEST, too_large
from analysis.reading.references import KINDS as BIBLIOGRAPHIES
from analysis.reading.rows import CODINGS, KEY, Rejected, Remark
from analysis.reading.tables import is_table

_MB = 1_000_000
_MAX_FILES = 200_000
_MAX_DEPTH = 40
_MAX_NAME = 1_000
_MAX_ARCHIVE = 4_000 * _MB
_MAX_UNPACKED = 2_000 * _MB
_MAX_RATIO = 250
_ARCHIVES = (".zip", ".gz", ".tar", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst")
METADATA, _README = "metadata.csv", "README.md"
_NOT_TEXTS = frozenset(
    ("codebook.yaml", "events.csv", "exclusions.yaml", "findings.yaml", "sweep.yaml", "words.yaml",
     "corpus.yaml", "SHA256SUMS", _README)
)  # fmt: skip
"""Files of a corpus that are read elsewhere."""
_HIDDEN = "is hidden, or a file of the system"
TABLE = "is a table: a corpus by itself, or with other tables where no text lies among them"
_OF_THE_SYSTEM = ("__MACOSX", "Thumbs.db", "desktop.ini")
_BROKEN_ZIP = (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError)


@dataclass(frozen=True)
class Item:
    """A file of a folder or an archive: its relative name, and how its bytes are read to a limit."""

    name: str
    read: Callable[[int], bytes]

    @property
    def kind(self) -> str:
        return _suffix(self.name)

    @property
    def stem(self) -> str:
        return str(PurePosixPath(self.name).with_suffix(""))

    @property
    def where(self) -> str:
        return _place(self.name)


def _suffix(name: str) -> str:
    """The ending of a file's name in lower case, with its dot."""
    return PurePosixPath(name).suffix.lower()


def _place(name: str) -> str:
    """A file's name as it is shown."""
    return shown(name, quote=False, longest=200)


def _name_refused(name: str) -> str:
    """Why a file of this relative name is not read, '' where it is."""
    last = name.rpartition("/")[2]
    if not name:
        return "has no name"
    if not name.isprintable():
        return "its name holds a character that is not visible"
    if len(name) > _MAX_NAME:
        return f"its name is longer than {_MAX_NAME} characters"
    return _HIDDEN if last.startswith(".") or last in _OF_THE_SYSTEM else ""


def _kind_refused(name: str) -> str:
    """Why a file of this kind is not read among others, '' where it is."""
    suffix = _suffix(name)
    if name == METADATA or name in _NOT_TEXTS:
        return ""
    if is_table(name) or suffix == ".parquet":
        return TABLE
    if suffix in _ARCHIVES:
        return "is an archive: a corpus by itself"
    if suffix not in LARGEST and suffix not in BIBLIOGRAPHIES:
        return f"is of a kind that is not read: {shown(suffix)}"
    return ""


def _refused(name: str, reason: str) -> Rejected | Remark:
    """What is not read, with its reason; for hidden files a remark, as nobody meant them as texts."""
    where = _place(name)
    return Remark(where, f"left out: {reason}") if reason == _HIDDEN else Rejected(where, reason)


def _within(limit: int, size: int, source: BinaryIO, where: str) -> bytes:
    """The bytes of an open file of a size; raises InputError for more than the limit."""
    content = source.read(limit + 1) if size <= limit else b""
    if max(size, len(content)) > limit:
        raise too_large(where, max(size, len(content)), limit)
    return content


def folder_items(folder: Path) -> Iterator[Item | Rejected | Remark]:
    """The files of a folder and of all folders in it, by name; what is not read is rejected."""
    for number, (name, entry) in enumerate(_walked(folder), start=1):
        if number > _MAX_FILES:
            yield _refused(name, f"more than {_MAX_FILES:,} files: the rest is not read")
            return
        reason = entry if isinstance(entry, str) else _entry_refused(name, entry)
        if reason:
            yield _refused(name, reason)
        elif name not in _NOT_TEXTS:
            yield file_item(name, folder / name)


def folder_tables(folder: Path) -> list[str]:
    """The names of a folder's tables, none where a text, or what describes texts, is among them."""
    tables = []
    for name, entry in islice(_walked(folder), _MAX_FILES):
        if isinstance(entry, str) or name in _NOT_TEXTS:
            continue
        reason = _entry_refused(name, entry)
        if not reason:
            return []
        if reason == TABLE:
            tables.append(name)
    return tables


def _walked(folder: Path, prefix: str = "") -> Iterator[tuple[str, os.DirEntry | str]]:
    """Relative names with their entries, or with the reason why a folder is not entered."""
    try:
        with os.scandir(folder / prefix) as scanned:
            entries = sorted(scanned, key=lambda entry: entry.name)
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
        if not prefix:
            raise InputError(reason, where=folder.name) from error
        yield prefix.rstrip("/"), reason
        return
    inner = []
    for entry in entries:
        name = prefix + entry.name
        if not entry.is_dir(follow_symlinks=False):
            yield name, entry
        elif name == CODINGS and (folder / CODINGS / KEY).is_file():
            continue
        elif reason := _name_refused(name):
            yield name, reason
        elif name.count("/") >= _MAX_DEPTH:
            yield name, f"is deeper than {_MAX_DEPTH} folders"
        else:
            inner.append(f"{name}/")
    for name in inner:
        yield from _walked(folder, name)


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
        kinds = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFDIR: "a folder"}
        return f"is {kinds.get(stat.S_IFMT(mode), 'a device')}, not a file"
    return _kind_refused(name)


def file_item(name: str, file: Path) -> Item:
    """A file on the disk under a name of its own."""
    return Item(name, partial(_read_file, file))


def _read_file(file: Path, limit: int) -> bytes:
    """The bytes of a file, up to a limit."""
    with opened(file) as source:
        return _within(limit, os.fstat(source.fileno()).st_size, source, file.name)


# --- archives --------------------------------------------------------------------------------------


@contextlib.contextmanager
def archive_items(file: Path) -> Iterator[Iterator[Item | Rejected | Remark]]:
    """The files in a .zip archive, by name, to be read in memory while it is open."""
    with opened(file) as packed:
        size = os.fstat(packed.fileno()).st_size
        if size > _MAX_ARCHIVE:
            raise too_large(file.name, size, _MAX_ARCHIVE)
        try:
            archive = zipfile.ZipFile(packed)
        except _BROKEN_ZIP as error:
            raise InputError("cannot be read as a zip archive", where=file.name) from error
        with archive:
            yield _members(archive, file.name)


def _members(archive: zipfile.ZipFile, name: str) -> Iterator[Item | Rejected | Remark]:
    """The members of an archive by name; what is not read is rejected."""
    members = [info for info in archive.infolist() if not info.filename.endswith("/")]
    if len(members) > _MAX_FILES:
        problem = f"holds {len(members):,} files"
        raise InputError(problem, where=name, allowed=f"up to {_MAX_FILES:,}")
    named = sorted(((_member_name(info), info) for info in members), key=lambda pair: pair[0])
    outer = _outer_folder([full for full, _ in named])
    coded = any(full == f"{outer}{CODINGS}/{KEY}" for full, _ in named)
    total, seen = 0, set()
    for full, info in named:
        inner = full.removeprefix(outer)
        if coded and inner.startswith(f"{CODINGS}/"):
            continue
        reason = _member_refused(info, full, inner)
        if not reason and inner in seen:
            reason = "its name appears twice in the archive"
        if not reason and total + info.file_size > _MAX_UNPACKED:
            reason = f"the archive unpacks to too much; allowed: up to {_MAX_UNPACKED:,} bytes"
        if reason:
            yield _refused(inner, reason)
        elif inner not in _NOT_TEXTS:
            seen.add(inner)
            total += info.file_size
            yield Item(inner, partial(_read_member, archive, info, _place(inner)))
        elif inner != _README:
            yield Remark(_place(inner), "is not used from an archive: unpack it to use it")


def _outer_folder(names: list[str]) -> str:
    """The one folder that holds everything in an archive, '' where there is none.

    >>> _outer_folder(["corpus/a.txt", "corpus/b/c.txt", "__MACOSX/x"])
    'corpus/'
    """
    names = [name for name in names if not name.startswith(_OF_THE_SYSTEM)]
    first = names[0].partition("/")[0] if names else ""
    inside = all(name.startswith(f"{first}/") for name in names)
    return f"{first}/" if inside and first.isprintable() and first not in ("", ".", "..") else ""


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
    for part in (name, *path.parts):
        if reason := _name_refused(part):
            return reason
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link, and links are not followed"
    if info.flag_bits & 0x1:
        return "is encrypted"
    if info.file_size > _MB and info.file_size > _MAX_RATIO * max(1, info.compress_size):
        return f"unpacks to more than {_MAX_RATIO} times its size"
    return _kind_refused(inner)


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str, limit: int) -> bytes:
    """The bytes of a member of an archive, up to a limit."""
    try:
        with archive.open(info) as source:
            return _within(limit, info.file_size, source, where)
    except (*_BROKEN_ZIP, RuntimeError, zlib.error) as error:
        raise InputError("is damaged in the archive", where=where) from error
