"""Texts: what the documents say, in NFC, kept as bytes in a file and read when asked for."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from analysis.errors import InputError
from analysis.files import composed
from analysis.language.chinese import read_as_chinese
from analysis.store.cache import Entry, cache_folder, existing, save

PADDING = 256
"""Bytes behind the last text, so that reading a little ahead needs no check for the end."""
_DIGEST = 16
_PORTION = 4_000_000
_FIRST_WIDE_LEAD = 0xCC
"""The first byte, in UTF-8, of the characters from U+0300 on."""
_ARRAYS = ("spans", "digests", "characters")


class Texts(Sequence):
    """The texts of a corpus in its order; each is read and decoded when it is asked for.

    `spans` are the first and one past the last byte of each text in `file`, `digests` distinguish
    the texts, `characters` are their lengths. The file stays open, and so readable, where the
    cache is emptied meanwhile.
    """

    def __init__(self, file: Path, spans, digests, characters):
        self.file = file
        self.spans, self.digests, self.characters = spans, digests, characters

    @cached_property
    def handle(self) -> BinaryIO:
        return self.file.open("rb", buffering=0)

    def __len__(self) -> int:
        return len(self.spans)

    def __getitem__(self, number: int) -> str:
        return self.content(range(len(self))[number]).decode("utf-8")

    def content(self, number: int) -> bytes:
        """The bytes of a text."""
        return self._read(*self.spans[number])

    def portions(self) -> Iterator[range]:
        """The numbers of all texts in order, as many at a time as hold about PORTION bytes."""
        ends = np.cumsum(self.spans[:, 1] - self.spans[:, 0])
        first = 0
        while first < len(self):
            before = ends[first - 1] if first else 0
            last = max(first + 1, int(np.searchsorted(ends, before + _PORTION, side="right")))
            yield range(first, last)
            first = last

    def gathered(self, numbers: range) -> tuple[bytes, np.ndarray]:
        """Some texts with a newline after each; the first byte of each text, and the end of the last."""
        spans = self.spans[numbers.start : numbers.stop]
        if _follow_each_other(spans):
            content = self._read(spans[0, 0], spans[-1, 1] + 1)
        else:
            content = b"\n".join([*map(self.content, numbers), b""])
        sizes = spans[:, 1] - spans[:, 0] + 1
        return content, np.concatenate(([0], np.cumsum(sizes)))

    def stretch(self, numbers: range) -> tuple[np.ndarray, np.ndarray]:
        """The bytes of some texts, at least PADDING more behind the last; the first byte of each text.

        Texts that follow each other in the file are mapped and not copied. The map is released with
        the array, so that a question that reads every text does not hold them all.
        """
        spans = self.spans[numbers.start : numbers.stop]
        if _follow_each_other(spans):
            start, end = spans[0, 0], spans[-1, 1] + PADDING
            data = np.memmap(self.handle, np.uint8, "r", int(start), (int(end - start),))
            return np.asarray(data), spans[:, 0] - start
        content, origin = self.gathered(numbers)
        return np.frombuffer(content + bytes(PADDING), dtype=np.uint8), origin[:-1]

    def ordered(self, order: np.ndarray) -> Texts:
        """The same texts in another order, or some of them."""
        parts = (array[order] for array in (self.spans, self.digests, self.characters))
        found = Texts(self.file, *parts)
        found.__dict__["handle"] = self.handle
        return found

    def _read(self, start: int, end: int) -> bytes:
        """Bytes of the file."""
        return os.pread(self.handle.fileno(), int(end - start), int(start))


def _follow_each_other(spans: np.ndarray) -> bool:
    """Whether texts stand in the file in this order, with one byte between them."""
    return len(spans) > 0 and bool((spans[1:, 0] == spans[:-1, 1] + 1).all())


# --- texts of the cache ------------------------------------------------------------------------------


def save_texts(texts: Texts, folder: Path, key: str, notes: dict, arrays: dict) -> None:
    """Save an entry (see `cache.save`) with texts, whose file is moved from a staged folder."""
    place = _folder() / texts.file.parent.name.removeprefix(".")
    arrays |= {name: getattr(texts, name) for name in _ARRAYS}
    save(folder, key, {**notes, "texts": [place.name, *_state_of(texts.file)]}, arrays)
    os.replace(texts.file, place)


def texts_of_entry(found: Entry) -> Texts | None:
    """The texts of an entry of the cache; None where their file is gone or has changed."""
    name, *state = found.notes["texts"]
    texts = Texts(_folder() / name, *(found[name] for name in _ARRAYS))
    try:
        return texts if _state_of(texts.file) == state and texts.handle else None
    except OSError:
        return None


def cached_texts(key: str) -> Texts:
    """The texts of a corpus of the cache."""
    found = existing("corpora", key)
    texts = texts_of_entry(found) if found else None
    if texts is None:
        raise InputError("no such corpus in the cache", where="cache", value=key)
    return texts


def _folder() -> Path:
    """The folder of all files of texts."""
    folder = cache_folder() / "texts"
    folder.mkdir(exist_ok=True)
    return folder


def _state_of(file: Path) -> list[int]:
    """Size and time of the last change of a file."""
    status = file.stat()
    return [status.st_size, status.st_mtime_ns]


# --- writing -----------------------------------------------------------------------------------------


def prepared(given: Sequence[str] | pa.Array) -> tuple[bytes, dict[str, np.ndarray]]:
    """Texts (an Arrow array or a list) as they will be written: in NFC, a newline after each.

    With their bytes come, of each text, its `spans`, `digests` and `characters` (see `Texts`),
    whether it is written in Chinese characters (`chinese`) and holds a letter or digit (`words`).
    """
    texts = given.to_pylist() if isinstance(given, pa.Array) else given
    texts = [composed(text) for text in texts]
    parts = [text.encode("utf-8") for text in texts]
    content = b"\n".join([*parts, b""])
    sizes = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts))
    ends = np.cumsum(sizes + 1) - 1
    spans = np.column_stack((ends - sizes, ends))
    leads = np.flatnonzero(np.frombuffer(content, dtype=np.uint8) >= _FIRST_WIDE_LEAD)
    digests = b"".join(hashlib.sha256(part).digest()[:_DIGEST] for part in parts)
    return content, {
        "spans": spans,
        "digests": np.frombuffer(digests, dtype=np.uint8).reshape(-1, _DIGEST),
        "characters": np.array([len(text) for text in texts], dtype=np.int64),
        "chinese": read_as_chinese(content, spans, leads),
        "words": np.array([any(map(str.isalnum, text)) for text in texts]),
    }
