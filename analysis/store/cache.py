"""The cache: folders of arrays made once under a key, checked before use, made anew if amiss."""

from __future__ import annotations

import contextlib
import fcntl
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

from analysis.errors import InputError

_VARIABLE = "WORKBOOK_CACHE"
_NAME = "ai-race-workbook"
_MANIFEST, _ARRAYS = "manifest.json", "arrays.bin"
_KINDS = ("sources", "extracts", "shards", "corpora", "blocks", "voices", "tokens", "stories")
_ALIGNMENT = 64
_PIECE = 1 << 22
_SETTLED = 2.0
"""Seconds that a file must have been left alone before its times tell that it is unchanged."""


def cache_folder() -> Path:
    """Where the cache lies: $WORKBOOK_CACHE, else below $XDG_CACHE_HOME or ~/.cache.

    Raises InputError where no folder can be made there.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(os.environ.get(_VARIABLE) or Path(base) / _NAME)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"cannot be the cache folder ({error.strerror})"
        raise InputError(problem, where="--cache", value=str(folder)) from error
    return folder


def size() -> int:
    """Bytes of all files in the cache, one that has several names counted once."""
    states = (file.stat() for file in cache_folder().rglob("*") if file.is_file())
    return sum({(state.st_dev, state.st_ino): state.st_size for state in states}.values())


def clear() -> None:
    """Remove all that the cache holds (what it has made, and nothing else that lies there)."""
    for name in _KINDS:
        shutil.rmtree(cache_folder() / name, ignore_errors=True)
    for folder in cache_folder().glob(".*ing-*"):
        shutil.rmtree(folder, ignore_errors=True)


def key_of(*parts: object) -> str:
    """A key for what these parts (texts, numbers, bytes, lists) decide."""
    digest = hashlib.sha256()
    for part in parts:
        ready = isinstance(part, (bytes, memoryview))
        content = part if ready else json.dumps(part).encode("utf-8")
        digest.update(memoryview(content).nbytes.to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()


class Entry:
    """A folder of the cache: arrays by name, memory-mapped, and what was noted with them."""

    def __init__(self, folder: Path, manifest: dict):
        self.folder = folder
        self.notes: dict = manifest["notes"]
        self.layout: dict = manifest["arrays"]
        self.data = mapped(folder / _ARRAYS)

    def __getitem__(self, name: str) -> np.ndarray:
        dtype, shape, offset = self.layout[name]
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        return self.data[offset : offset + size].view(dtype).reshape(shape)

    def __contains__(self, name: str) -> bool:
        return name in self.layout


def mapped(file: Path) -> np.ndarray:
    """The bytes of a file, read when they are used and not before."""
    if not file.stat().st_size:
        return np.empty(0, dtype=np.uint8)
    return np.asarray(np.memmap(file, dtype=np.uint8, mode="r"))


def _place_of(kind: str, key: str) -> Path:
    """The folder of an entry."""
    return cache_folder() / kind / key[:2] / key


def entry(kind: str, key: str, make: Callable[[Path], None]) -> Entry:
    """The entry of a key, made by `make(folder)` where there is none that is whole.

    `make` ends with `save`. Whoever is first puts its folder in place; another process that makes
    the same one at the same time takes that.
    """
    found = existing(kind, key)
    if found is None:
        with staged() as folder:
            make(folder)
            found = put(folder, kind, key)
    if found is None:
        raise InputError("cannot be written to", where="--cache", value=str(cache_folder()))
    return found


@contextlib.contextmanager
def staged() -> Iterator[Path]:
    """A new folder inside the cache, gone at the end unless it was put in its place."""
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


def put(folder: Path, kind: str, key: str) -> Entry | None:
    """Move a finished folder to the place of its key, a broken one there making way; what lies there
    then, None where it could not be moved.

    One process at a time judges and changes what lies there, so that none takes away the whole
    entry that another has just put in the place of a broken one.
    """
    place = _place_of(kind, key)
    place.parent.mkdir(parents=True, exist_ok=True)
    with _alone(place.parent):
        if not _renamed(folder, place) and existing(kind, key) is None:
            drop(kind, key)
            _renamed(folder, place)
        return existing(kind, key)


def _renamed(folder: Path, place: Path) -> bool:
    """Whether a folder could be moved to a place, where there may be one already."""
    try:
        folder.rename(place)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder of the cache against other processes; not where its file system knows no locks."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def drop(kind: str, key: str) -> None:
    """Take an entry out of the cache."""
    with staged() as aside, contextlib.suppress(OSError):
        _place_of(kind, key).rename(aside / "entry")


_verified: set[tuple] = set()
"""The files of arrays that this process has written, or read through once (see `identity`)."""


def identity(file: Path) -> tuple:
    """What tells a file from every other, and from itself after a change."""
    status = file.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def existing(kind: str, key: str) -> Entry | None:
    """The entry of a key if it is whole, None otherwise.

    Every file must have the size that was noted; arrays that this process has not written itself
    are read through once.
    """
    folder = _place_of(kind, key)
    try:
        content, _, seal = (folder / _MANIFEST).read_text(encoding="utf-8").rpartition("\n")
        if seal != key_of(content):
            return None
        manifest = json.loads(content)
        sizes = {name: (folder / name).stat().st_size for name in manifest["files"]}
        if manifest["key"] != key or sizes != manifest["files"]:
            return None
        found = Entry(folder, manifest)
        seen = identity(folder / _ARRAYS)
        if seen not in _verified:
            if _crc_of(folder / _ARRAYS) != manifest["crc32"]:
                return None
            _verified.add(seen)
        return found
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _crc_of(file: Path) -> int:
    """The CRC-32 of a file, read a piece at a time: a mapped file would count as memory held."""
    crc = 0
    with file.open("rb", buffering=0) as source:
        while piece := source.read(_PIECE):
            crc = zlib.crc32(piece, crc)
    return crc


class Draft:
    """An entry on its way: arrays are written into a folder one after the other, then sealed."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.layout: dict[str, tuple] = {}
        self.crc = self.place = 0
        (folder / _ARRAYS).write_bytes(b"")

    def add(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Write arrays."""
        with (self.folder / _ARRAYS).open("ab") as sink:
            for name, array in arrays.items():
                array = np.ascontiguousarray(array)
                padding = bytes(-self.place % _ALIGNMENT)
                self.layout[name] = (array.dtype.str, array.shape, self.place + len(padding))
                for content in (padding, array.reshape(-1).view(np.uint8)):
                    sink.write(content)
                    self.crc = zlib.crc32(content, self.crc)
                    self.place += len(content)

    def opened(self) -> Entry:
        """What is written so far, without notes."""
        return Entry(self.folder, {"notes": {}, "arrays": self.layout})

    def seal(self, key: str, notes: dict) -> None:
        """Write the manifest, with notes; other files of the folder are noted in it."""
        files = {file.name: file.stat().st_size for file in sorted(self.folder.iterdir())}
        manifest = {"key": key, "files": files, "crc32": self.crc, "arrays": self.layout}
        content = json.dumps(manifest | {"notes": notes})
        (self.folder / _MANIFEST).write_text(f"{content}\n{key_of(content)}", encoding="utf-8")
        _verified.add(identity(self.folder / _ARRAYS))


def save(folder: Path, key: str, notes: dict, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays and notes into a folder, the manifest last; other files in it are noted."""
    draft = Draft(folder)
    draft.add(arrays)
    draft.seal(key, notes)


# --- texts as arrays -------------------------------------------------------------------------------


def packed(name: str, texts) -> dict[str, np.ndarray]:
    """An Arrow array of texts (large_string) as two arrays: bytes, and where each text begins."""
    import pyarrow as pa

    texts = pa.concat_arrays([texts]) if texts.offset else texts
    _, offsets, data = texts.buffers()
    begins = np.frombuffer(offsets, dtype=np.int64)[: len(texts) + 1] if offsets else [0]
    begins = np.asarray(begins, dtype=np.int64)
    content = np.frombuffer(data, dtype=np.uint8) if data else np.empty(0, dtype=np.uint8)
    return {f"{name}_begin": begins, f"{name}_text": content[: begins[-1]]}


def unpacked(found: Entry, name: str):
    """The Arrow array that was packed, without a copy."""
    import pyarrow as pa

    begins, content = found[f"{name}_begin"], found[f"{name}_text"]
    parts = (pa.py_buffer(np.ascontiguousarray(part)) for part in (begins, content))
    return pa.LargeStringArray.from_buffers(len(begins) - 1, *parts)


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
    """What tells that files are unchanged; None where one was touched so lately that it may not."""
    states, now = [], time.time()
    for file in files:
        status = file.stat()
        if now - max(status.st_mtime, status.st_ctime) < _SETTLED:
            return None
        times = (status.st_mtime_ns, status.st_ctime_ns)
        states.append([file.name, status.st_dev, status.st_ino, status.st_size, *times])
    return states


def known(kind: str, key: str, make: Callable[[], object]) -> object:
    """What is kept under a key as JSON, made where nothing is, or nothing whole."""
    place = _place_of(kind, key)
    with contextlib.suppress(OSError, ValueError):
        content, _, seal = place.read_text(encoding="utf-8").rpartition("\n")
        if seal == key_of(key, content):
            return json.loads(content)
    found = make()
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps(found)
        _replaced(place, f"{content}\n{key_of(key, content)}")
    return found


def _replaced(file: Path, content: str) -> None:
    """Put a file in its place all at once."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as sink:
        sink.write(content)
    os.replace(sink.name, file)


def remembered(source: str) -> str:
    """What was noted for a source, '' for nothing."""
    try:
        note = json.loads((_place_of("sources", source) / "note.json").read_text(encoding="utf-8"))
        return note["as"] if note["of"] == source and isinstance(note["as"], str) else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def remember(source: str, key: str) -> None:
    """Note that a source (a key over its signature) was read as this key; left where it cannot be."""
    place = _place_of("sources", source)
    with contextlib.suppress(OSError):
        place.mkdir(parents=True, exist_ok=True)
        _replaced(place / "note.json", json.dumps({"of": source, "as": key}))
