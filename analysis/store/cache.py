"""The cache: named arrays made once under a key, checked before use, rebuilt where they are damaged.

An entry is one Arrow IPC stream, memory-mapped when it is read: every array is a list in a single
row, notes stand in the schema, and a CRC-32 of all of it follows. A new entry is written aside and
moved to its place, so that another process finds a whole one or none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from analysis.errors import InputError
from analysis.store.arrow import as_numbers, from_numbers

_KINDS = ("sources", "extracts", "corpora", "texts", "blocks", "voices", "tokens", "stories")
_FORMER_KINDS = ("shards",)
_ENTRY = "entry"
_WHOLE = 0x2144DF1C
"""The CRC-32 of any bytes followed by their own CRC-32."""
_PIECE = 1 << 22
_SETTLED = 2.0
"""Seconds that a file must have been left alone before its times show that it is unchanged."""

_Arrays = Mapping[str, np.ndarray | pa.Array]


def cache_folder() -> Path:
    """The folder of the cache: $WORKBOOK_CACHE, else below $XDG_CACHE_HOME or ~/.cache.

    Raises InputError where no folder can be made there.
    """
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("WORKBOOK_CACHE") or base / "ai-race-workbook")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"cannot be the cache folder ({error.strerror})"
        raise InputError(problem, where="--cache", value=str(folder)) from error
    return folder


def size() -> int:
    """Bytes of all files in the cache."""
    return sum(file.stat().st_size for file in cache_folder().rglob("*") if file.is_file())


def clear() -> None:
    """Remove what the cache has made, and nothing else in its folder."""
    for name in (*_KINDS, *_FORMER_KINDS):
        shutil.rmtree(cache_folder() / name, ignore_errors=True)
    for folder in cache_folder().glob(".making-*"):
        shutil.rmtree(folder, ignore_errors=True)


def key_of(*parts: object) -> str:
    """A SHA-256 of these parts (texts, numbers, bytes, lists)."""
    digest = hashlib.sha256()
    for part in parts:
        ready = isinstance(part, (bytes, memoryview))
        content = part if ready else json.dumps(part).encode("utf-8")
        digest.update(memoryview(content).nbytes.to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()


# --- entries -----------------------------------------------------------------------------------------


class Entry:
    """Arrays by name, memory-mapped, and the notes that were saved with them."""

    def __init__(self, file: Path):
        self.file = file
        with pa.ipc.open_stream(pa.memory_map(str(file))) as stream:
            self.row = stream.read_next_batch()
        known = self.row.schema.metadata
        self.key: str = known[b"key"].decode()
        self.notes: dict = json.loads(known[b"notes"])

    def __getitem__(self, name: str) -> np.ndarray | pa.LargeStringArray:
        values = self.row.column(name).values
        if pa.types.is_large_string(values.type):
            return values
        if pa.types.is_fixed_size_list(values.type):
            return as_numbers(values.values).reshape(-1, values.type.list_size)
        return as_numbers(values)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    @property
    def names(self) -> list[str]:
        """The names of all arrays."""
        return self.row.schema.names


def save(folder: Path, key: str, notes: dict, arrays: _Arrays) -> None:
    """Write numpy arrays of numbers and Arrow arrays of texts, with notes, into a staged folder."""
    file = folder / _ENTRY
    row = pa.RecordBatch.from_arrays(
        [_in_one_row(array) for array in arrays.values()],
        names=list(arrays),
        metadata={"key": key, "notes": json.dumps(notes)},
    )
    with file.open("wb") as sink, pa.ipc.new_stream(sink, row.schema) as stream:
        stream.write_batch(row)
    crc = _crc_of(file).to_bytes(4, "little")
    with file.open("ab") as sink:
        sink.write(crc)
    _verified.add(_identity(file))


def _in_one_row(array: np.ndarray | pa.Array) -> pa.LargeListArray:
    """An array as a list in a single row; of two dimensions, as a list of lists."""
    values = array if isinstance(array, pa.Array) else from_numbers(array.reshape(-1))
    if values is not array and array.ndim == 2:
        values = pa.FixedSizeListArray.from_arrays(values, array.shape[1])
    return pa.LargeListArray.from_arrays(from_numbers(np.array([0, len(values)])), values)


def entry(kind: str, key: str, make: Callable[[Path], None]) -> Entry:
    """The entry of a key, made by `make(folder)` where there is none or a damaged one.

    `make` ends with `save`; other files in its folder are temporary. Raises InputError where the
    cache cannot be written.
    """
    found = existing(kind, key)
    if found is None:
        with staged() as desk:
            make(desk)
            place = _place_of(kind, key)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(desk / _ENTRY, place)
        found = existing(kind, key)
    if found is None:
        raise InputError("cannot be written to", where="--cache", value=str(cache_folder()))
    return found


def existing(kind: str, key: str) -> Entry | None:
    """The entry of a key, None where there is none or it is damaged.

    A file that this process has not written itself is read once to compare its CRC-32.
    """
    file = _place_of(kind, key)
    try:
        seen = _identity(file)
        if seen not in _verified and _crc_of(file) != _WHOLE:
            return None
        _verified.add(seen)
        found = Entry(file)
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError):
        return None
    return found if found.key == key else None


def drop(kind: str, key: str) -> None:
    """Remove an entry, where that is possible."""
    with contextlib.suppress(OSError):
        _place_of(kind, key).unlink()


@contextlib.contextmanager
def staged() -> Iterator[Path]:
    """A new folder inside the cache that is removed at the end.

    An error of writing there becomes an InputError that names the cache.
    """
    folder = None
    try:
        folder = Path(tempfile.mkdtemp(prefix=".making-", dir=cache_folder()))
        yield folder
    except OSError as error:
        if error.filename and not Path(error.filename).is_relative_to(cache_folder()):
            raise
        problem = f"the cache cannot be written ({error.strerror})"
        raise InputError(problem, where="--cache", value=str(cache_folder())) from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def packed(name: str, texts: pa.LargeStringArray) -> dict[str, pa.LargeStringArray]:
    """Texts as an array to `save`."""
    return {name: texts}


def unpacked(found: Entry, name: str) -> pa.LargeStringArray:
    """The texts that were packed."""
    return found[name]


_verified: set[tuple] = set()
"""The entries that this process has written, or compared with their CRC-32 (see `_identity`)."""


def _place_of(kind: str, key: str) -> Path:
    """The file of an entry."""
    return cache_folder() / kind / key[:2] / key


def _identity(file: Path) -> tuple:
    """What distinguishes a file from every other, and from itself after a change."""
    status = file.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _crc_of(file: Path) -> int:
    """The CRC-32 of a file, read in pieces: a mapped file would count as memory in use."""
    crc = 0
    with file.open("rb", buffering=0) as source:
        while piece := source.read(_PIECE):
            crc = zlib.crc32(piece, crc)
    return crc


# --- what a source was read as -----------------------------------------------------------------------


def code_of(*modules: str) -> str:
    """A hash of the source of some of the package's modules, and of its lists of words.

    A module is named as it is imported ("store.texts"); a folder of modules stands for all of them.
    """
    package = Path(__file__).parent.parent
    places = [package.joinpath(*name.split(".")) for name in modules]
    files = [file for place in places for file in sorted(place.glob("*.py"))]
    files += [place.with_suffix(".py") for place in places if not place.is_dir()]
    files += sorted((package / "language").glob("*/*.txt"))
    return key_of(*(file.read_bytes() for file in files))


def versions_of(*libraries: str) -> list[str]:
    """The versions of libraries, '' of one that is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    found = dict.fromkeys(libraries, "")
    for name in libraries:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return list(found.values())


def signature(files: Iterable[Path]) -> list | None:
    """What shows that files are unchanged; None where one was changed too recently to be sure."""
    states, now = [], time.time()
    for file in files:
        status = file.stat()
        if now - max(status.st_mtime, status.st_ctime) < _SETTLED:
            return None
        states.append([file.name, *_identity(file), status.st_ctime_ns])
    return states


def known(kind: str, key: str, make: Callable[[], object]) -> object:
    """A value that JSON can hold, kept under a key; made where there is none."""
    found = entry(kind, key, lambda folder: save(folder, key, {"value": make()}, {}))
    return found.notes["value"]


def remembered(source: str) -> str:
    """The key that a source was read as, '' where none is remembered."""
    found = existing("sources", source)
    return found.notes["value"] if found else ""


def remember(source: str, key: str) -> None:
    """Remember that a source (a key over its signature) was read as this key, where that is possible."""
    with contextlib.suppress(InputError):
        drop("sources", source)
        known("sources", source, lambda: key)
