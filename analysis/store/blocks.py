"""Blocks: some documents cut into lines, sentences and tokens.

Tokens are cut from the bytes of all documents of a block at once. The token pattern (`words.TOKEN`)
is applied once to each different run of bytes that may hold tokens, and the result is used wherever
the run occurs. The tokens are those that the pattern finds line by line.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from multiprocessing import get_context, parent_process
from types import ModuleType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.language import chinese, wrapping
from analysis.language.sentences import sentence_spans
from analysis.language.words import TOKEN
from analysis.store.arrow import as_bools, as_numbers, mask_of, texts_of, texts_sized
from analysis.store.cache import Entry, entry, existing, packed, save
from analysis.store.texts import Texts, cached_texts

WORTH_A_PROCESS = 40_000_000
"""Bytes of text from which several processes make blocks."""
MAY_BE_CHINESE = r"[^\x00-\x{2E7F}]"
_RUNS_KNOWN = 100_000
_SEPARATES, _IN_WORD, _JOINS = 0, 1, 2
"""What a byte is to a run: apostrophes and full stops join what stands on both sides of them. Every
byte that is not ASCII is part of a run; the token pattern decides about its character."""
_FULL_STOP = ord(".")


def _byte_classes() -> bytes:
    """The class of each byte, as a table for `bytes.translate`."""
    classes = [_IN_WORD if n >= 128 or chr(n).isalnum() else _SEPARATES for n in range(256)]
    classes[ord("'")] = classes[_FULL_STOP] = _JOINS
    return bytes(classes)


_CLASSES = _byte_classes()
_Excluded = Mapping[str, Sequence[int]]
"""The numbers of the excluded lines by the number of their document, as text."""


@dataclass(frozen=True)
class _Lines:
    """Lines of several documents: text, first character, first byte and one past the last, document,
    number from 1. `byte_of` is the first byte of each character of all the documents."""

    texts: list[str]
    first: np.ndarray
    start: np.ndarray
    end: np.ndarray
    document: np.ndarray
    number: np.ndarray
    byte_of: np.ndarray


@dataclass(frozen=True)
class _Joints:
    """Where lines are joined for cutting: first byte and one past the last between them, and whether a
    blank replaces these bytes (else nothing)."""

    start: np.ndarray
    end: np.ndarray
    blank: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    @cached_property
    def removed(self) -> np.ndarray:
        """How many bytes fewer there are after each number of joints."""
        return np.concatenate(([0], np.cumsum(self.end - self.start - self.blank)))

    def joined(self, content: bytes) -> bytes:
        """The bytes with the lines joined."""
        edges = zip([0, *self.end.tolist()], [*self.start.tolist(), len(content)], strict=True)
        fills = [b"", *(b" " if blank else b"" for blank in self.blank.tolist())]
        return b"".join(f + content[a:b] for f, (a, b) in zip(fills, edges, strict=True))

    def forward(self, places: np.ndarray) -> np.ndarray:
        """Places of bytes, none of them in a joint, as places in the joined bytes."""
        return places - self.removed[np.searchsorted(self.end, places, side="right")]

    def back(self, places: np.ndarray) -> np.ndarray:
        """Places in the joined bytes as places of the bytes."""
        ends = self.end - self.removed[1:]
        return places + self.removed[np.searchsorted(ends, places, side="right")]


@dataclass(frozen=True)
class _Words:
    """Tokens of some bytes: places in `forms`, first byte and one past the last of each."""

    forms: pa.Array
    ids: np.ndarray
    start: np.ndarray
    end: np.ndarray


def _byte_places(content: bytes) -> np.ndarray:
    """The first byte of each character of a text in UTF-8, and the end of the last."""
    lead = (np.frombuffer(content + b" ", dtype=np.uint8) & 0xC0) != 0x80
    return np.flatnonzero(lead)


# --- lines -------------------------------------------------------------------------------------------


def _find_lines(content: bytes, document_start: np.ndarray) -> _Lines:
    """The lines (as `str.splitlines` finds them) of documents that follow each other.

    A newline follows each document. `document_start` holds the first byte of every document and the
    end of the last one's newline.
    """
    text = content.decode("utf-8")
    byte_of, texts = _byte_places(content), text.splitlines()
    whole = np.array([len(line) for line in text.splitlines(keepends=True)], dtype=np.int64)
    first = np.cumsum(whole) - whole
    start = byte_of[first]
    end = byte_of[first + np.array([len(line) for line in texts], dtype=np.int64)]
    document = np.searchsorted(document_start, start, side="right") - 1
    first_line = np.searchsorted(start, document_start[:-1])
    number = np.arange(len(start)) - first_line[document] + 1
    return _Lines(texts, first, start, end, document, number, byte_of)


def _find_joints(
    content: bytes, lines: _Lines, document_start: np.ndarray, excluded: _Excluded
) -> _Joints:
    """Where the lines of hard-wrapped texts are joined (`wrapping.joints`).

    Documents with fewer lines of that width than make a run are not looked at.
    """
    found = []
    size = np.array([len(line) for line in lines.texts], dtype=np.int64)
    narrow = np.bincount(lines.document[(size > 0) & (size <= wrapping.MAX_WIDTH)])
    for document in np.flatnonzero(narrow >= wrapping.MIN_LINES).tolist():
        begin, end = document_start[document : document + 2].tolist()
        text = content[begin : end - 1].decode("utf-8")
        if spans := wrapping.joints(text, excluded.get(str(document), ())):
            byte_of = begin + _byte_places(content[begin:end])
            found += [(byte_of[a], byte_of[b], fill == " ") for a, b, fill in spans]
    start, end, blank = np.array(found, dtype=np.int64).reshape(-1, 3).T
    return _Joints(start, end, blank.astype(bool))


def _read_lines(
    content: bytes, document_start: np.ndarray, excluded: _Excluded
) -> tuple[bytes, _Lines, _Joints]:
    """The bytes with the lines of hard-wrapped texts joined, their lines, and the joints.

    A line that was joined has the number of its first line.
    """
    lines = _find_lines(content, document_start)
    joints = _find_joints(content, lines, document_start, excluded)
    if not len(joints):
        return content, lines, joints
    content = joints.joined(content)
    joined = _find_lines(content, joints.forward(document_start))
    first = np.searchsorted(lines.start, joints.back(joined.start), side="right") - 1
    return content, replace(joined, number=lines.number[first]), joints


def joined_lines(content: bytes, document_start: np.ndarray, excluded: _Excluded) -> np.ndarray:
    """First byte and one past the last of each line; joined lines are one."""
    _, lines, joints = _read_lines(content, document_start, excluded)
    return np.column_stack((joints.back(lines.start), joints.back(lines.end)))


def _without_lines(content: bytes, lines: _Lines, excluded: _Excluded) -> bytes:
    """The bytes with blanks in place of the excluded lines."""
    kept = bytearray(content)
    for document, numbers in excluded.items():
        mine = (lines.document == int(document)) & np.isin(lines.number, numbers)
        for start, end in zip(lines.start[mine].tolist(), lines.end[mine].tolist(), strict=True):
            kept[start:end] = b" " * (end - start)
    return bytes(kept)


# --- tokens ------------------------------------------------------------------------------------------


def _find_words(content: bytes, own: tuple[str, ...] = ()) -> _Words:
    """Every token of the bytes; `own` are Chinese words that the segmenter keeps whole."""
    data = np.frombuffer(content + b" ", dtype=np.uint8)
    inside = _inside_runs(content + b" ")
    edges = np.flatnonzero(np.diff(inside, prepend=False))
    begins, ends = edges[::2], edges[1::2]
    found = texts_sized(data[inside], ends - begins).dictionary_encode()
    run_of = as_numbers(found.indices)
    forms, form, bounds, first, sizes = _tokens_of_runs(found.dictionary, own)
    n_tokens = sizes[run_of]
    run = np.repeat(np.arange(len(run_of)), n_tokens)
    shift = first[run_of] - (np.cumsum(n_tokens) - n_tokens)
    token = np.arange(len(run)) + shift[run]
    start, end = (begins[run] + bound[token] for bound in bounds)
    end -= (end > ends[run]) & (data[ends[run]] != _FULL_STOP)
    return _Words(forms, form[token], start, end)


def _tokens_of_runs(runs: pa.Array, own: tuple[str, ...]) -> tuple:
    """The tokens of different runs: those that are one plain word first, then those of the others.

    Different forms; the form of each token and the bytes of its run between which it stands; the first
    token of each run and how many it has.
    """
    is_plain = as_bools(pc.ascii_is_alnum(runs))
    plain, others = runs.filter(mask_of(is_plain)), runs.filter(mask_of(~is_plain))
    cut = [_tokens_of_run(run, own) for run in others.to_pylist()]
    names = texts_of(form for tokens in cut for form, *_ in tokens)
    forms = pa.concat_arrays([plain, names]).dictionary_encode()
    bounds = np.zeros((2, len(plain) + len(names)), dtype=np.int64)
    bounds[1, : len(plain)] = as_numbers(pc.binary_length(plain))
    inner = [bound for tokens in cut for _, *bound in tokens]
    bounds[:, len(plain) :] = np.array(inner, dtype=np.int64).reshape(-1, 2).T
    sizes = np.ones(len(runs), dtype=np.int64)
    sizes[~is_plain] = [len(tokens) for tokens in cut]
    first = np.empty(len(runs), dtype=np.int64)
    first[is_plain] = np.arange(len(plain))
    first[~is_plain] = len(plain) + np.cumsum(sizes[~is_plain]) - sizes[~is_plain]
    return forms.dictionary, as_numbers(forms.indices), bounds, first, sizes


def _inside_runs(content: bytes) -> np.ndarray:
    """Which bytes belong to a run that may hold tokens; the last byte separates.

    A run ends at every ASCII byte that is in no token for certain: blanks, most punctuation, and an
    apostrophe or a full stop without such a byte on both sides.
    """
    classes = np.frombuffer(content.translate(_CLASSES), dtype=np.uint8)
    may_be_inside = classes != _SEPARATES
    joins = np.flatnonzero(classes == _JOINS)
    inside = may_be_inside.copy()
    inside[joins] = may_be_inside[joins - 1] & may_be_inside[joins + 1]
    return inside


_TokenOfRun = tuple[str, int, int]
"""Normal form of a token of a run, and the bytes of the run between which it stands."""


def _tokens_of_run(run: str, own: tuple[str, ...]) -> Sequence[_TokenOfRun]:
    """The tokens of a run, as if a full stop followed it: it may belong to an abbreviation (`U.S.`)."""
    return _cut_run(run, own) if chinese.HAN.search(run) else _cut_known_run(run)


def _cut_run(run: str, own: tuple[str, ...] = ()) -> Sequence[_TokenOfRun]:
    """The tokens of a run."""
    text = f"{run}."
    spans = chinese.segmented(text, [match.span() for match in TOKEN.finditer(text)], own)
    tokens, byte, place = [], 0, 0
    for start, end in spans:
        first = byte + len(text[place:start].encode())
        byte, place = first + len(text[start:end].encode()), end
        tokens.append((chinese.form_of(text[start:end]), first, byte))
    return tokens


_cut_known_run = lru_cache(_RUNS_KNOWN)(_cut_run)
"""Runs with Chinese characters are long and seldom occur twice: only the others are remembered."""


# --- sentences ---------------------------------------------------------------------------------------


def _find_sentences(
    lines: _Lines, spoken: np.ndarray, languages: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Line, first byte and one past the last of each sentence of the lines numbered in `spoken`."""
    rows = []
    numbers = zip(spoken.tolist(), lines.document[spoken].tolist(), strict=True)
    for number, document in numbers:
        spans = sentence_spans(lines.texts[number], languages[document])
        rows += [(number, start, end) for start, end in spans]
    line, start, end = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    first = lines.first[line]
    return line, lines.byte_of[first + start], lines.byte_of[first + end]


# --- blocks ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Job:
    """The documents of one block: a stretch of a corpus, the language of each, and the excluded lines of
    some (by their number in the block, as text).

    `words` are Chinese words of the corpus's own; `key` is where the block belongs in the cache.
    """

    key: str
    first: int
    last: int
    languages: Sequence[str]
    excluded: _Excluded
    words: Sequence[str] = ()


def _make_block(texts: Texts, job: Job) -> dict[str, np.ndarray]:
    """The arrays of a block.

    `ids` (places in `forms`), `start` (byte in the document) and `size` (bytes) of every token;
    `document_start` and `sentence_start`, the first token of each, one longer; `sentence_document`,
    `paragraph` and `span` (bytes in the document) of every sentence; `wrapped`, the documents whose
    lines are joined; `forms`, the different normal forms, and `form_counts`, how often each occurs.
    """
    given, given_start = texts.gathered(range(job.first, job.last))
    content, lines, joints = _read_lines(given, given_start, job.excluded)
    words = _find_words(_without_lines(content, lines, job.excluded), tuple(job.words))
    first_token = np.searchsorted(words.start, np.append(lines.start, len(content)))
    line, start, end = _find_sentences(lines, np.flatnonzero(np.diff(first_token)), job.languages)
    begins = np.where(np.diff(line, prepend=-1) != 0, lines.start[line], start)
    sentence_start = np.append(np.searchsorted(words.start, begins), len(words.ids))
    holds_tokens = np.diff(sentence_start) > 0
    line, start, end = line[holds_tokens], start[holds_tokens], end[holds_tokens]
    document = lines.document[line]
    span = np.column_stack((joints.back(start), joints.back(end - 1) + 1))
    token_start, token_end = joints.back(words.start), joints.back(words.end - 1) + 1
    token_document = np.searchsorted(token_start, given_start)
    token_origin = np.repeat(given_start[:-1], np.diff(token_document))
    size = token_end - token_start
    wrapped = np.unique(np.searchsorted(given_start, joints.start, side="right") - 1)
    return {
        "ids": words.ids,
        "start": (token_start - token_origin).astype(np.int32),
        "size": size.astype(np.min_scalar_type(size.max(initial=0))),
        "document_start": token_document.astype(np.int64),
        "sentence_start": np.append(sentence_start[:-1][holds_tokens], len(words.ids)).astype(
            np.int32
        ),
        "sentence_document": document.astype(np.int32),
        "paragraph": lines.number[line].astype(np.int32),
        "span": (span - given_start[document][:, None]).astype(np.int32),
        "wrapped": wrapped.astype(np.int32),
        "form_counts": np.bincount(words.ids, minlength=len(words.forms)),
        **packed("forms", words.forms),
    }


def block_of(texts: Texts, job: Job) -> Entry:
    """The block of a job from the cache, made where it is not there."""
    return _made("blocks", job.key, _make_block, texts, job)


def make_blocks(corpus, jobs: Sequence[Job]) -> Iterator[Entry]:
    """The blocks of jobs in their order (see `per_block`)."""
    return per_block(corpus, jobs, "blocks", _key_of_block, _make_block)


def _key_of_block(job: Job) -> str:
    return job.key


# --- what is made of each block ----------------------------------------------------------------------

_Make = Callable[[Texts, Job], Mapping[str, np.ndarray]]


def per_block(
    corpus, jobs: Sequence[Job], kind: str, key: Callable[[Job], str], make: _Make
) -> Iterator[Entry]:
    """What `make(corpus.texts, job)` returns for each block, in their order, kept in the cache as `kind`.

    Several processes share the work where there is enough of it; so `make` is a function of a module.
    What a process leaves undone is done here.
    """
    missing = [job for job in jobs if existing(kind, key(job)) is None]
    size = sum(int(np.diff(corpus.texts.spans[job.first : job.last]).sum()) for job in missing)
    helpers = min(workers(), len(missing)) if corpus.key and size > WORTH_A_PROCESS else 1
    tasks = {}
    with _pool_of(helpers) if helpers > 1 else contextlib.nullcontext() as pool:
        with _without_main_module(), contextlib.suppress(BrokenProcessPool):
            for job in missing if pool else ():
                given = kind, key(job), make, corpus.key, job
                tasks[job.key] = pool.submit(_make_in_cache, *given)
        for job in jobs:
            with contextlib.suppress(BrokenProcessPool):
                if job.key in tasks:
                    tasks[job.key].result()
            yield _made(kind, key(job), make, corpus.texts, job)


def workers() -> int:
    """Processes that make blocks: as many as there are cores, or $WORKBOOK_WORKERS."""
    given = os.environ.get("WORKBOOK_WORKERS", "")
    return int(given) if given.isdecimal() and int(given) else len(os.sched_getaffinity(0))


def _made(kind: str, key: str, make: _Make, texts: Texts, job: Job) -> Entry:
    """What the cache holds under a key, made where it holds nothing whole."""
    return entry(kind, key, lambda folder: save(folder, key, {}, make(texts, job)))


def _make_in_cache(kind: str, key: str, make: _Make, corpus: str, job: Job) -> None:
    """Put what is made of a block into the cache; called in a process of the pool."""
    _made(kind, key, make, cached_texts(corpus), job)


@contextlib.contextmanager
def _pool_of(processes: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of processes; what they have not begun when it is left is not done."""
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _end_with_parent)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """Let this process end with the one that started it, also where that is killed."""

    def watch() -> None:
        parent_process().join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def _without_main_module() -> Iterator[None]:
    """Start processes without the main module: they would run a user's script a second time."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
