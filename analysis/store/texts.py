"""Texts: what the documents say, in NFC, kept as bytes on the disk and read when asked for."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np

from analysis.errors import InputError
from analysis.files import composed
from analysis.language.chinese import read_as_chinese
from analysis.store.cache import Entry, existing
from analysis.store.spool import Numbers

FILE = "texts.bin"
TEXTS = ("spans", "digests", "sums", "characters")
"""The arrays that say where the texts stand, and what they are."""
PADDING = 256
"""Bytes behind the last text, so that what looks a little ahead need not see where it ends."""
_DIGEST = 16
_PORTION = 4_000_000
_MOST_OPEN = 64
_NEVER_DECOMPOSED = (
    r"[^\x00-\x{2FF}\x{2002}-\x{20CF}\x{3000}-\x{3029}\x{4E00}-\x{9FFF}\x{FF00}-\x{FFEF}]"
)
"""A character outside these ranges may change in NFC; those inside them never do by themselves."""
_STABLE_LEADS = 0xCC
"""The first byte, in UTF-8, of the characters behind the first of these ranges."""
_STABLE = np.array(
    [[0xE28082, 0xE2838F], [0xE38080, 0xE380A9], [0xE4B880, 0xE9BFBF], [0xEFBC80, 0xEFBFAF]]
)
"""The first and the last character, in UTF-8, of each of the other ranges."""


def _digest_of(content: bytes | memoryview) -> bytes:
    """What tells one text from another."""
    return hashlib.sha256(content).digest()[:_DIGEST]


class _Files:
    """The files of a folder that hold texts, as if they were one: `sizes` of them in their order."""

    def __init__(self, folder: Path, sizes: np.ndarray):
        self.folder = folder
        self.begin = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
        self.handles: dict[int, BinaryIO] = {}

    def place(self, start: int) -> tuple[int, int]:
        """The number of the file that holds a byte, and its place there; ValueError where none does."""
        number = int(np.searchsorted(self.begin, start, side="right")) - 1
        if number == len(self.begin) - 1:
            raise ValueError("no file holds this byte")
        return number, int(start - self.begin[number])

    def handle(self, number: int) -> BinaryIO:
        """A file, opened once; of many files those that were opened last."""
        found = self.handles.get(number)
        if found is None:
            if len(self.handles) >= _MOST_OPEN:
                self.handles = {}
            found = self.handles[number] = (self.folder / file_name(number)).open("rb", buffering=0)
        return found

    def read(self, start: int, end: int) -> bytes:
        """Bytes of one file, fewer where it does not hold all of them."""
        try:
            number, place = self.place(start)
            return os.pread(self.handle(number).fileno(), int(end - start), place)
        except (OSError, ValueError):
            return b""

    def mapped(self, start: int, end: int) -> np.ndarray:
        """Bytes of one file, none where it does not hold all of them; let go with the array, so that a
        question that reads every text does not hold them all."""
        try:
            number, place = self.place(start)
            file = self.folder / file_name(number)
            return np.asarray(np.memmap(file, np.uint8, "r", place, (int(end - start),)))
        except (OSError, ValueError):
            return np.empty(0, dtype=np.uint8)


def file_name(number: int) -> str:
    """The name of a file of texts, of several the number-th."""
    return f"{FILE}-{number}" if number else FILE


class Texts(Sequence):
    """The texts of a corpus in its order; each is read and decoded when it is asked for.

    `spans` are the first and one past the last byte of each text in `files`, `digests` tell
    one from another, `sums` (CRC-32) whether they are still what was written, `characters` are
    their lengths. `renew` reads the corpus again, for a text that is not.
    """

    def __init__(self, files: _Files, spans, digests, sums, characters):
        self.files, self.spans, self.digests = files, spans, digests
        self.sums, self.characters = sums, characters
        self.renew: Callable[[], Texts] | None = None

    def __len__(self) -> int:
        return len(self.spans)

    def __getitem__(self, number: int) -> str:
        return self.content(range(len(self))[number]).decode("utf-8")

    @cached_property
    def checked(self) -> np.ndarray:
        """Which texts this process has held against their sums."""
        return np.zeros(len(self), dtype=bool)

    def content(self, number: int) -> bytes:
        """The bytes of a text; the corpus is read again where the cache no longer holds them."""
        content = self.files.read(*self.spans[number])
        if self.checked[number] or zlib.crc32(content) == self.sums[number]:
            self.checked[number] = True
            return content
        if self.renew is None:
            raise InputError("the corpus changed while it was read", where="corpus")
        fresh = self.renew()
        self.files, self.spans, self.renew = fresh.files, fresh.spans, None
        self.checked[:] = False
        return self.content(number)

    def portions(self) -> Iterator[range]:
        """The numbers of all texts in order, as many at a time as hold some PORTION bytes."""
        ends = np.cumsum(self.spans[:, 1] - self.spans[:, 0])
        first = 0
        while first < len(self):
            before = ends[first - 1] if first else 0
            last = max(first + 1, int(np.searchsorted(ends, before + _PORTION, side="right")))
            yield range(first, last)
            first = last

    def gathered(self, numbers: range) -> tuple[bytes, np.ndarray]:
        """Some texts with a newline after each; the place of each text's first byte, and their end."""
        spans = self.spans[numbers.start : numbers.stop]
        follow = len(spans) and (spans[1:, 0] == spans[:-1, 1] + 1).all()
        content = self.files.read(spans[0, 0], spans[-1, 1] + 1) if follow else b""
        if not follow or not self.as_written(numbers, content):
            contents = [self.content(number) for number in numbers]
            spans = self.spans[numbers.start : numbers.stop]
            content = b"\n".join([*contents, b""])
        sizes = spans[:, 1] - spans[:, 0] + 1
        return content, np.concatenate(([0], np.cumsum(sizes)))

    def stretch(self, numbers: range) -> tuple[np.ndarray, np.ndarray]:
        """The bytes of some texts, each at its place, and at least PADDING more bytes behind the last;
        the place of each text's first byte.

        Nothing is copied where the texts follow each other in the file.
        """
        spans = self.spans[numbers.start : numbers.stop]
        if (spans[1:, 0] == spans[:-1, 1] + 1).all():
            data = self.files.mapped(spans[0, 0], spans[-1, 1] + PADDING)
            if len(data) and self.as_written(numbers, data):
                return data, spans[:, 0] - spans[0, 0]
        content, origin = self.gathered(numbers)
        return np.frombuffer(content + bytes(PADDING), dtype=np.uint8), origin[:-1]

    def as_written(self, numbers: range, content: bytes | np.ndarray) -> bool:
        """Whether texts that follow each other in some bytes are what was written; asked of each once."""
        view, first = memoryview(content), self.spans[numbers.start, 0]
        if len(content) <= self.spans[numbers.stop - 1, 1] - first:
            return False
        unseen = np.flatnonzero(~self.checked[numbers.start : numbers.stop])
        for number in (numbers.start + unseen).tolist():
            start, end = (self.spans[number] - first).tolist()
            if zlib.crc32(view[start:end]) != self.sums[number]:
                return False
            self.checked[number] = True
        return True

    def ordered(self, order: np.ndarray) -> Texts:
        """The same texts in another order, or some of them."""
        if np.array_equal(order, np.arange(len(self))):
            return self
        arrays = (self.spans, self.digests, self.sums, self.characters)
        texts = Texts(self.files, *(array[order] for array in arrays))
        if self.renew is not None:
            texts.renew = lambda: self.renew().ordered(order)
        return texts


def cached_texts(key: str) -> Texts:
    """The texts of a corpus of the cache."""
    found = existing("corpora", key)
    if found is None:
        raise InputError("no such corpus in the cache", where="cache", value=key)
    return texts_of_entry(found)


def texts_of_entry(found: Entry) -> Texts:
    """The texts of an entry."""
    return Texts(_Files(found.folder, found["files"]), *(found[name] for name in TEXTS))


@dataclass(frozen=True)
class _Prepared:
    """A batch of texts in NFC: bytes with a newline after each text, first and one past the last of
    each, digests, CRC-32, characters, whether any of them holds a letter or a digit, and which are written in
    Chinese characters."""

    content: bytes
    spans: np.ndarray
    digests: np.ndarray
    sums: np.ndarray
    characters: np.ndarray
    speaks: bool
    chinese: np.ndarray


def prepared(texts) -> _Prepared:
    """A batch of texts (an Arrow array or a list) as it will be written."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.large_string())
    content, spans = _with_newlines(texts)
    leads = _leads_of(content)
    if not _never_decomposed(content, leads):
        texts = _in_nfc(texts)
        content, spans = _with_newlines(texts)
        leads = _leads_of(content)
    view = memoryview(content)
    parts = [view[start:end] for start, end in spans.tolist()]
    digests = b"".join(map(_digest_of, parts))
    return _Prepared(
        content,
        spans,
        np.frombuffer(digests, dtype=np.uint8).reshape(-1, _DIGEST),
        np.fromiter(map(zlib.crc32, parts), dtype=np.uint32, count=len(parts)),
        np.asarray(pc.utf8_length(texts).to_pylist(), dtype=np.int64),
        any(map(str.isalnum, _iter_signs(texts))),
        read_as_chinese(content, spans, leads),
    )


class TextWriter:
    """Takes texts batch by batch and writes them to a folder, what is noted of each to a spool."""

    def __init__(self, folder: Path, notes: Numbers):
        self.file = folder / FILE
        self.sink = self.file.open("wb")
        self.place = 0
        self.notes = notes
        self.speaks = False

    def write(self, batch: _Prepared) -> None:
        """Write a batch."""
        self.sink.write(batch.content)
        arrays = {name: getattr(batch, name) for name in (*TEXTS, "chinese")}
        self.notes.add(arrays | {"spans": batch.spans + self.place})
        self.place += len(batch.content)
        self.speaks = self.speaks or batch.speaks

    def close(self) -> None:
        """Write what stands behind the last text; `place` is the size of the file then."""
        self.place += self.sink.write(bytes(PADDING))
        self.sink.close()


def _iter_signs(texts):
    """The characters of the texts of an Arrow array one by one."""
    return (sign for text in texts for sign in text.as_py())


def _with_newlines(texts) -> tuple[bytes, np.ndarray]:
    """The texts of an Arrow array (large_string) with a newline after each, and the first byte and one
    past the last of each."""
    _, offsets, data = texts.buffers()
    begins = np.frombuffer(offsets, dtype=np.int64)[texts.offset :][: len(texts) + 1]
    view = memoryview(data) if data else memoryview(b"")
    parts = (view[start:end] for start, end in pairwise(begins.tolist()))
    spans = np.column_stack((begins[:-1], begins[1:])) - begins[0]
    return b"\n".join([*parts, b""]), spans + np.arange(len(texts))[:, None]


def _in_nfc(texts):
    """An Arrow array of texts with every text in NFC; those that cannot change are not looked at."""
    import pyarrow as pa
    import pyarrow.compute as pc

    doubtful = pc.match_substring_regex(texts, _NEVER_DECOMPOSED)
    if not pc.any(doubtful).as_py():
        return texts
    several = zip(texts.to_pylist(), doubtful.to_pylist(), strict=True)
    return pa.array([composed(t) if look else t for t, look in several], pa.large_string())


def _leads_of(content: bytes) -> np.ndarray:
    """Where the characters of a text in UTF-8 begin that stand behind the first range of STABLE."""
    return np.flatnonzero(np.frombuffer(content, dtype=np.uint8) >= _STABLE_LEADS)


def _never_decomposed(content: bytes, leads: np.ndarray) -> bool:
    """Whether no character of a text, of those that begin at `leads`, lies outside STABLE."""
    data = np.frombuffer(content, dtype=np.uint8)
    if (data[leads] < 0xE0).any():
        return False
    code = data[leads].astype(np.int32) << 16
    code |= data[leads + 1].astype(np.int32) << 8
    code |= data[leads + 2]
    at = np.searchsorted(_STABLE[:, 0], code, side="right") - 1
    return bool(((at >= 0) & (code <= _STABLE[np.maximum(at, 0), 1])).all())
