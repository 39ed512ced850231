"""Gathering: everything that a path holds, in files while it is read; each table of a folder once.

The tables of a folder are a corpus together where no text lies among them. What each was read as is
kept in the cache under its content: a table that is added to them, or changed, is read, the others
are not read again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath

import pyarrow.compute as pc

from analysis.errors import InputError, shown
from analysis.files import opened
from analysis.reading.folders import TABLE, folder_items, folder_tables
from analysis.reading.manner import LIBRARIES, Manner
from analysis.reading.readers import rejection
from analysis.reading.rows import Batch, Reading, Rejected, Remark
from analysis.reading.sources import check_sums, read_batches
from analysis.store.ahead import ahead
from analysis.store.arrow import release_unused, repeated
from analysis.store.cache import (
    Draft,
    Entry,
    code_of,
    drop,
    entry,
    identity,
    key_of,
    packed,
    staged,
    unpacked,
    versions_of,
)
from analysis.store.spool import Numbers, TextColumns
from analysis.store.texts import FILE, TEXTS, TextWriter, file_name, prepared

_NOTED = (*TEXTS, "chinese")


class Spool:
    """What was read, in files of a folder: what is noted of the texts, where each stood, and its metadata.

    `sizes` are those of the files of texts, `shards` the keys of the tables that were read by
    themselves; `speaks` is whether any text holds a letter or a digit.
    """

    def __init__(self, folder: Path):
        for part in ("noted", "places", "metadata"):
            (folder / part).mkdir()
        self.noted = Numbers(folder / "noted")
        self.places = TextColumns(folder / "places")
        self.metadata = TextColumns(folder / "metadata")
        self.sizes: list[int] = []
        self.shards: list[str] = []
        self.speaks = False

    def __len__(self) -> int:
        return self.places.n

    def read(self, batches: Iterable[Batch], folder: Path) -> None:
        """Add everything that batches hold, their texts in a file of a folder."""
        writer = TextWriter(folder, self.noted)
        for batch, texts in ahead(batches, lambda batch: prepared(batch.texts), 2):
            writer.write(texts)
            self.places.add({"place": batch.places}, len(batch))
            self.metadata.add(batch.metadata, len(batch))
        writer.close()
        self.sizes.append(writer.place)
        self.speaks = self.speaks or writer.speaks
        release_unused()

    def add(self, found: Entry, key: str, inside: str, folder: Path) -> None:
        """Add a table that was read by itself, its texts as one more file of a folder.

        `inside` is the folder of the corpus in which it lies, '' for the corpus's own.
        """
        place, n = sum(self.sizes), found.notes["n"]
        _link(found.folder / FILE, folder / file_name(len(self.sizes)))
        self.sizes.append((found.folder / FILE).stat().st_size)
        self.shards.append(key)
        self.speaks = self.speaks or found.notes["speaks"]
        if not n:
            return
        self.noted.add({name: found[name] for name in _NOTED} | {"spans": found["spans"] + place})
        columns = found.notes["columns"]
        metadata = {name: unpacked(found, f"column_{n}") for n, name in enumerate(columns)}
        places = unpacked(found, "places")
        if inside:
            metadata = {"folder": repeated(inside, n)} | metadata
            places = pc.binary_join_element_wise(
                repeated(_before(inside), n), places, repeated("", n)
            )
        self.places.add({"place": places}, n)
        self.metadata.add(metadata, n)


@contextlib.contextmanager
def gathered(place: Path, manner: Manner, told: Reading, folder: Path) -> Iterator[Spool]:
    """Everything that a path holds, the texts written to `folder`; gone at the end is the rest.

    What is rejected or remarked on goes to `told`. Raises InputError as `read_batches` does.
    """
    tables = folder_tables(place) if place.is_dir() else []
    with staged() as desk:
        spool = Spool(desk)
        if tables:
            check_sums(place)
            _read_tables(spool, place, tables, manner, told, folder)
        else:
            spool.read(read_batches(place, manner, told), folder)
        yield spool


def _read_tables(
    spool: Spool, place: Path, tables: list[str], manner: Manner, told: Reading, folder: Path
) -> None:
    """Add the tables of a folder; one that cannot be read is rejected, as all else that lies there."""
    for item in folder_items(place):
        if isinstance(item, Remark):
            told.remarks.append(item)
        elif isinstance(item, Rejected) and item.reason != TABLE:
            told.rejected.append(item)
    for name in tables:
        where = shown(name, quote=False, longest=200)
        inside = str(PurePosixPath(name).parent)
        inside = "" if inside == "." else inside
        try:
            key, found = _shard_of(place / name, manner)
        except _BrokenTable as error:
            told.rejected.append(rejection(error, where))
            continue
        spool.add(found, key, inside, folder)
        lead = _before(inside)
        told.rejected.extend(Rejected(lead + one, why) for one, why in found.notes["rejected"])
        told.remarks.extend(Remark(lead + one, note) for one, note in found.notes["remarks"])


def _before(inside: str) -> str:
    """What is put before the place of a document that lies in a folder of the corpus."""
    return f"{shown(inside, quote=False, longest=200)}/" if inside else ""


# --- a table by itself -----------------------------------------------------------------------------


class _BrokenTable(InputError):
    """A table of a folder that cannot be read."""


@cache
def _code() -> str:
    """What decides how a table is read."""
    stores = ("store.arrow", "store.spool", "store.texts")
    return key_of(code_of("files", "language", "reading", *stores), versions_of(*LIBRARIES))


def _shard_of(file: Path, manner: Manner) -> tuple[str, Entry]:
    """What a table was read as, and its key in the cache; read where its content is not known yet.

    Raises BrokenTable for one that cannot be read, or that changes while it is.
    """
    state = _state_of(file)
    key = key_of(_code(), file.name, manner.key, _digest_of(file))
    found = entry("shards", key, lambda folder: _read_shard(file, manner, key, folder))
    if _state_of(file) != state:
        drop("shards", key)
        raise _BrokenTable("changed while it was read", where=file.name)
    return key, found


def _state_of(file: Path) -> tuple:
    """What tells a file from itself after a change; raises BrokenTable where it is gone."""
    try:
        return identity(file)
    except OSError as error:
        raise _BrokenTable(f"cannot be read ({error.strerror})", where=file.name) from error


def _digest_of(file: Path) -> str:
    """The SHA-256 of a file; raises BrokenTable where it cannot be read."""
    try:
        with opened(file) as source:
            return hashlib.file_digest(source, "sha256").hexdigest()
    except InputError as error:
        raise _BrokenTable.of(error) from error
    except OSError as error:
        raise _BrokenTable(f"cannot be read ({error.strerror})", where=file.name) from error


def _read_shard(file: Path, manner: Manner, key: str, folder: Path) -> None:
    """Read a table into a folder of the cache."""
    draft, told = Draft(folder), Reading()
    with staged() as desk:
        spool = Spool(desk)
        spool.read(_unbroken(read_batches(file, manner, told)), folder)
        if len(spool):
            draft.add({name: spool.noted[name] for name in _NOTED})
            draft.add(packed("places", spool.places["place"]))
        for number, name in enumerate(spool.metadata):
            draft.add(packed(f"column_{number}", spool.metadata[name]))
        notes = {"n": len(spool), "speaks": spool.speaks, "columns": list(spool.metadata)}
    notes["rejected"] = [(one.where, one.reason) for one in told.rejected]
    notes["remarks"] = [(one.where, one.note) for one in told.remarks]
    draft.seal(key, notes)


def _unbroken(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The batches of a table; raises BrokenTable where its reader raises InputError."""
    try:
        yield from batches
    except InputError as error:
        raise _BrokenTable.of(error) from error


def _link(file: Path, name: Path) -> None:
    """Give a file another name, a copy of it where the file system cannot."""
    try:
        os.link(file, name)
    except OSError:
        shutil.copyfile(file, name)
