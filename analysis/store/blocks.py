"""Blocks: some documents cut into lines, sentences and tokens, all at once on their bytes.

A token is found by its pattern (`words.TOKEN`) only once for each different run of bytes that may
hold one; the result is then set in wherever the run stands. What comes out is what the pattern
finds line by line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.language import chinese, wrapping
from analysis.language.breaks import certain_breaks
from analysis.language.sentences import BETWEEN, LANGUAGE, Span, mended, pieces, sentence_spans
from analysis.language.signs import (
    ALPHABET,
    FULL_STOP,
    Signs,
    line_ends,
    read_signs,
    table_of,
    word_runs,
)
from analysis.language.words import TOKEN, normal_form
from analysis.store.arrow import as_bools, as_numbers, mask_of, places_of, texts_of, texts_sized
from analysis.store.cache import Entry, entry, existing, packed, save

_NUMBER_OF = np.array([*((1 << 8 * size) - 1 for size in range(9)), 0], dtype=np.uint64)
"""The bits of a number of 64 that a run of so many bytes takes, none for a longer one."""
_RUNS_KNOWN = 100_000
_INDENTS, _ENDS = table_of(b" \t"), table_of(b".!?:;")
MAY_BE_CHINESE = r"[^\x00-\x{2E7F}]"


@dataclass(frozen=True)
class _Lines:
    """Lines of several documents: first and one past the last byte, document, number from 1."""

    start: np.ndarray
    end: np.ndarray
    document: np.ndarray
    number: np.ndarray

    def moved(self, joints: _Joints) -> _Lines:
        """The lines of the joined bytes (see `_Joints`); each has the number of its first line."""
        first = np.searchsorted(self.start, joints.start, side="right") - 1
        starts, document, number = (
            np.delete(values, first + 1) for values in (self.start, self.document, self.number)
        )
        ends = np.delete(self.end, first)
        return _Lines(joints.forward(starts), joints.forward(ends), document, number)


@dataclass(frozen=True)
class _Joints:
    """Where lines are joined for cutting: first and one past the last byte between them, and whether a
    blank stands for these bytes (else nothing)."""

    start: np.ndarray
    end: np.ndarray
    blank: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    @cached_property
    def removed(self) -> np.ndarray:
        """How many bytes less there are behind each number of joints."""
        return np.concatenate(([0], np.cumsum(self.end - self.start - self.blank)))

    def joined(self, content: bytes) -> bytes:
        """The bytes with the lines joined."""
        edges = zip([0, *self.end.tolist()], [*self.start.tolist(), len(content)], strict=True)
        fills = [b"", *(b" " if blank else b"" for blank in self.blank.tolist())]
        return b"".join(f + content[a:b] for f, (a, b) in zip(fills, edges, strict=True))

    def forward(self, places: np.ndarray) -> np.ndarray:
        """Places of bytes, none of them in a joint, as places in the joined bytes."""
        if not len(self):
            return places
        return places - self.removed[np.searchsorted(self.end, places, side="right")]

    def back(self, places: np.ndarray) -> np.ndarray:
        """Places in the joined bytes as places of the bytes."""
        if not len(self):
            return places
        ends = self.end - self.removed[1:]
        return places + self.removed[np.searchsorted(ends, places, side="right")]


@dataclass(frozen=True)
class _Runs:
    """Runs of bytes that may hold tokens: the different ones, which each is, its first byte and one
    past its last."""

    kinds: pa.Array
    codes: np.ndarray
    begin: np.ndarray
    end: np.ndarray


@dataclass(frozen=True)
class _Words:
    """Tokens of a stretch of bytes: places in `forms`, first byte and one past the last of each."""

    forms: pa.Array
    ids: np.ndarray
    start: np.ndarray
    end: np.ndarray


# --- lines -------------------------------------------------------------------------------------------


def _find_lines(signs: Signs, document_start: np.ndarray) -> _Lines:
    """The lines of documents that follow each other with a newline after each.

    Lines end where `str.splitlines` ends them. `document_start` holds the first byte of every
    document and the end of the last one's newline.
    """
    end, after = line_ends(signs)
    start = np.concatenate(([0], after[:-1])) if len(after) else np.empty(0, dtype=np.int64)
    document = np.searchsorted(document_start, start, side="right") - 1
    first_line = np.searchsorted(start, document_start[:-1])
    number = np.arange(len(start)) - first_line[document] + 1
    return _Lines(start, end, document, number)


def _find_joints(
    content: bytes, lines: _Lines, document_start: np.ndarray, excluded: Mapping[str, Sequence[int]]
) -> _Joints:
    """Where the lines of hard-wrapped texts are joined (`wrapping.joints`).

    Only documents that may have some are looked at: those with enough lines in a row that are short
    enough, of them enough that are long enough and some that end in mid-sentence.
    """
    data = np.frombuffer(content, dtype=np.uint8)
    size = lines.end - lines.start
    short = size > 0
    if not content.isascii():
        inner = ((data & 0xC0) == 0x80).view(np.uint8)
        size = size - np.add.reduceat(inner, lines.start, dtype=np.int64)
    short &= size <= wrapping.MAX_WIDTH
    run = np.cumsum(~short | (np.diff(lines.document, prepend=-1) != 0))
    least = int(wrapping.LIKE * wrapping.MIN_WIDTH)
    wide = short & ((lines.end - lines.start >= least) | _INDENTS[data[lines.start]])
    inside = short & ~_ENDS[data[np.maximum(lines.end - 1, 0)]]
    many = np.bincount(run[wide], minlength=len(run) + 1) >= wrapping.MIN_LINES
    many &= np.bincount(run[inside], minlength=len(run) + 1) > 1
    found = []
    for document in np.unique(lines.document[many[run]]).tolist():
        begin, end = document_start[document], document_start[document + 1] - 1
        text = content[begin:end].decode("utf-8")
        spans = wrapping.joints(text, excluded.get(str(document), ()))
        leads = np.flatnonzero((np.frombuffer(content[begin:end], dtype=np.uint8) & 0xC0) != 0x80)
        found += [(begin + leads[a], begin + leads[b], fill == " ") for a, b, fill in spans]
    start, end, blank = np.array(found, dtype=np.int64).reshape(-1, 3).T
    return _Joints(start, end, blank.astype(bool))


def joined_lines(
    content: bytes, document_start: np.ndarray, excluded: Mapping[str, Sequence[int]]
) -> np.ndarray:
    """First byte and one past the last of each line; joined lines are one."""
    lines = _find_lines(read_signs(content), document_start)
    joints = _find_joints(content, lines, document_start, excluded)
    lines = lines.moved(joints)
    return np.column_stack((joints.back(lines.start), joints.back(lines.end)))


def places(content: bytes, mark: bytes) -> Iterator[int]:
    """Where a mark stands in the bytes."""
    place = content.find(mark)
    while place >= 0:
        yield place
        place = content.find(mark, place + len(mark))


# --- tokens ------------------------------------------------------------------------------------------


def _find_words(signs: Signs, own: Sequence[str] = ()) -> tuple[_Words, _Runs]:
    """Every token of the bytes, and the runs in which they stand.

    `own` are Chinese words that the segmenter keeps whole.
    """
    begins, ends = word_runs(signs)
    kinds, codes = _distinct_runs(signs.data, begins, ends - begins)
    runs = _Runs(kinds, codes, begins, ends)
    return _placed(signs.data, runs, tuple(own)), runs


def _distinct_runs(
    data: np.ndarray, begins: np.ndarray, sizes: np.ndarray
) -> tuple[pa.Array, np.ndarray]:
    """The different ones among runs of bytes, none of them zero, and which of them each run is.

    Those of up to eight bytes are told apart as numbers, which is faster than as texts.
    """
    words, short_codes = _distinct_short(_numbers_at(data, begins, np.minimum(sizes, 9))[:, None])
    rest = np.flatnonzero(sizes > 8)
    texts, codes_of_rest = _distinct_long(data, begins[rest], sizes[rest])
    codes = short_codes.astype(np.intp)
    codes[rest] = codes_of_rest + len(words)
    return pa.concat_arrays([words, texts]), codes


def _distinct_long(
    data: np.ndarray, begins: np.ndarray, sizes: np.ndarray
) -> tuple[pa.Array, np.ndarray]:
    """The same for runs of more than eight bytes: up to sixteen as two numbers, others as texts."""
    pairs = np.empty((len(begins), 2), dtype=np.uint64)
    pairs[:, 0] = _numbers_at(data, begins, np.full(len(begins), 8))
    pairs[:, 1] = _numbers_at(data, begins + 8, np.minimum(sizes - 8, 9))
    pairs[sizes > 16] = 0
    words, codes = _distinct_short(pairs)
    rest = np.flatnonzero(sizes > 16)
    texts, codes_of_rest = _distinct_texts(data, begins[rest], sizes[rest])
    codes = codes.copy()
    codes[rest] = codes_of_rest + len(words)
    return pa.concat_arrays([words, texts]), codes


def _numbers_at(data: np.ndarray, begins: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Runs of up to eight bytes as one number each, the first byte the lowest; 0 for longer ones.

    Eight bytes stand behind the last run.
    """
    every = np.ndarray(len(data) - 8, dtype="<u8", buffer=data, strides=(1,))
    return every[begins] & _NUMBER_OF[sizes]


def _distinct_short(numbers: np.ndarray) -> tuple[pa.Array, np.ndarray]:
    """The different ones among runs given as rows of numbers, as texts, and which each is."""
    width = numbers.itemsize * numbers.shape[1]
    kind = pa.uint64() if width == numbers.itemsize else pa.binary(width)
    found = pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(numbers)])
    found = found.dictionary_encode()
    content = np.frombuffer(found.dictionary.buffers()[1] or b"", dtype=np.uint8)
    signs = content[: len(found.dictionary) * width].reshape(-1, width)
    texts = texts_sized(signs[signs > 0], np.count_nonzero(signs, axis=1))
    return texts, as_numbers(found.indices)


def _distinct_texts(
    data: np.ndarray, begins: np.ndarray, sizes: np.ndarray
) -> tuple[pa.Array, np.ndarray]:
    """The different ones among stretches of bytes, as texts, and which each is."""
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    places = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - begins, sizes)
    found = texts_sized(data[places], sizes).dictionary_encode()
    return found.dictionary, as_numbers(found.indices)


def _placed(data: np.ndarray, runs: _Runs, own: tuple[str, ...]) -> _Words:
    """The tokens of runs: those of each different run, set in where the run stands.

    A full stop behind a run belongs to an abbreviation that ends it (`U.S.`).
    """
    kinds, codes, begins, ends = runs.kinds, runs.codes, runs.begin, runs.end
    plain = as_bools(pc.ascii_is_alnum(kinds))
    forms, form, bounds, sizes = _tokens_of_runs(kinds, plain, own)
    forms, rank = _distinct_forms(forms)
    if not len(form):
        nothing = np.empty(0, dtype=np.int64)
        return _Words(forms, nothing.astype(np.int32), nothing, nothing)
    ids = rank[form]
    first = np.cumsum(sizes) - sizes
    found = ids[np.minimum(first, len(form) - 1)].take(codes)
    odd = np.flatnonzero(~plain.take(codes))
    many = sizes[codes[odd]]
    place = np.repeat(np.arange(len(odd)), many)
    token = np.arange(len(place)) - np.repeat(np.cumsum(many) - many - first[codes[odd]], many)
    before = odd[place] - place  # runs of plain letters and digits that stand before

    def set_in(values: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        return np.insert(np.delete(values, odd), before, tokens)

    start, end = begins[odd][place] + bounds[token].T
    last = ends[odd][place]
    end -= (end > last) & (data[last] != FULL_STOP)
    return _Words(forms, set_in(found, ids[token]), set_in(begins, start), set_in(ends, end))


def _tokens_of_runs(kinds: pa.Array, plain: np.ndarray, own: tuple[str, ...]) -> tuple:
    """Normal forms, those of the plain runs first; and the tokens of all runs, one after the other:
    the place of each one's form, the bytes of its run between which it stands (0 for a plain one,
    which is the run), how many each run has. They are cut as if a full stop stood behind the run.
    """
    mask = mask_of(plain)
    simple = kinds.filter(mask)
    forms: dict[str, int] = {}
    others = kinds.filter(pc.invert(mask))
    wide = as_bools(pc.match_substring_regex(others, MAY_BE_CHINESE)).tolist()
    rest = [
        tuple(_tokens_of_chinese(run, own)) if may_be_chinese else _tokens_of_run(run)
        for run, may_be_chinese in zip((f"{run}." for run in others.to_pylist()), wide, strict=True)
    ]
    sizes = np.ones(len(kinds), dtype=np.int64)
    sizes[~plain] = np.fromiter(map(len, rest), dtype=np.int64, count=len(rest))
    among = np.repeat(plain, sizes)
    form = np.zeros(len(among), dtype=np.int32)
    form[among] = np.arange(len(simple))
    form[~among] = [
        forms.setdefault(name, len(simple) + len(forms)) for found in rest for name, *_ in found
    ]
    bounds = np.zeros((len(among), 2), dtype=np.int64)
    inner = [bound for found in rest for _, *bound in found]
    bounds[~among] = np.array(inner, dtype=np.int64).reshape(-1, 2)
    return pa.concat_arrays([simple, texts_of(forms)]), form, bounds, sizes


_TokenOfRun = tuple[str, int, int]
"""Normal form of a token of a run, and the bytes of the run between which it stands."""


@lru_cache(_RUNS_KNOWN)
def _tokens_of_run(run: str) -> tuple[_TokenOfRun, ...]:
    """The tokens of a run without Chinese characters."""
    return tuple(
        (normal_form(match.group()), *_byte_span(run, match.span()))
        for match in TOKEN.finditer(run)
    )


def _tokens_of_chinese(run: str, own: tuple[str, ...]) -> Iterator[_TokenOfRun]:
    """The tokens of a run with Chinese characters."""
    spans = [match.span() for match in TOKEN.finditer(run)]
    byte = place = 0
    for start, end in chinese.segmented(run, spans, own):
        byte += len(run[place:start].encode())
        size = len(run[start:end].encode())
        yield chinese.form_of(run[start:end]), byte, byte + size
        byte, place = byte + size, end


def _distinct_forms(forms: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """The different forms, and for every form given its place among them."""
    encoded = forms.dictionary_encode()
    return encoded.dictionary, as_numbers(encoded.indices)


# --- sentences ---------------------------------------------------------------------------------------


def _find_sentences(
    signs: Signs, lines: _Lines, spoken: np.ndarray, languages: Sequence[str], runs: _Runs
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Line, first byte and one past the last byte of each sentence of the lines numbered in `spoken`."""
    names = np.array(languages, dtype=object)[lines.document[spoken]]
    parts = [np.empty((3, 0), dtype=np.int64)]
    for language in sorted(set(names)):
        mine = spoken[names == language]
        if chinese.is_chinese(language):
            mine, found = _chinese_sentences(signs.content, lines, mine)
            parts.append(found)
        if len(mine) and _is_english(language):
            sure, certain = _certain_sentences(signs, lines, mine, runs)
            parts.append(certain)
            mine = mine[~sure]
        if len(mine):
            parts.append(np.stack(_sentences_of_lines(signs.content, lines, mine, language)))
    line, start, end = np.concatenate(parts, axis=1)
    order = np.lexsort((start, line))
    return line[order], start[order], end[order]


def _chinese_sentences(
    content: bytes, lines: _Lines, mine: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Lines without a Chinese character; line, first and last byte of the sentences of the others."""
    rows, rest = [], []
    for number in mine.tolist():
        start, end = int(lines.start[number]), int(lines.end[number])
        text = content[start:end].decode("utf-8")
        if not chinese.HAN.search(text):
            rest.append(number)
            continue
        place = 0
        for first, last in chinese.sentence_spans(text):
            start += len(text[place:first].encode())
            size = len(text[first:last].encode())
            rows.append((number, start, start + size))
            start, place = start + size, last
    found = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return np.array(rest, dtype=np.int64), found


def _is_english(language: str) -> bool:
    """Whether sentencex is asked for English."""
    return language == "en" or not LANGUAGE.fullmatch(language)


def _certain_sentences(
    signs: Signs, lines: _Lines, mine: np.ndarray, runs: _Runs
) -> tuple[np.ndarray, np.ndarray]:
    """Which of the lines are certain (see `breaks`), and line, first and last byte of their sentences."""

    def judged(places: np.ndarray, pattern: str, judge, before: np.ndarray) -> np.ndarray:
        run = np.minimum(np.searchsorted(runs.end, places), len(runs.end) - 1)
        apart = before[signs.data[runs.begin[run] - 1]]
        kinds = np.where((runs.end[run] == places) & apart, runs.codes[run], -1)
        found = np.zeros(len(runs.kinds) + 1, dtype=bool)  # the last stands for no run
        found[kinds] = True
        asked = np.flatnonzero(found[:-1])
        words = runs.kinds.take(places_of(asked))
        chosen = asked[as_bools(pc.match_substring_regex(words, pattern))]
        found[:] = False
        found[chosen] = judge(runs.kinds.take(places_of(chosen)).to_pylist())
        return found[kinds]

    start, end = lines.start[mine], lines.end[mine]
    sure, breaks = certain_breaks(signs, start, end, judged)
    begins = np.sort(np.concatenate((start[sure], breaks)))
    line = mine[np.searchsorted(start, begins, side="right") - 1]
    last = np.concatenate((line[1:] != line[:-1], [True])) if len(line) else np.empty(0, bool)
    ends = np.where(last, lines.end[line], np.append(begins[1:], 0))
    return sure, np.stack((line, *_trimmed_bytes(signs.data, begins, ends)))


def _sentences_of_lines(content: bytes, lines: _Lines, mine: np.ndarray, language: str) -> tuple:
    """The same for lines of one language."""
    bounds = list(zip(lines.start[mine].tolist(), lines.end[mine].tolist(), strict=True))
    parts = [content[start:end] for start, end in bounds]
    text = b"".join(parts)
    cut = pieces(BETWEEN.encode().join(parts).decode("utf-8"), language)
    data = np.frombuffer(text, dtype=np.uint8)
    begins = _piece_bytes(cut, data)
    if begins[-1] != len(text):
        return _one_by_one(content, bounds, mine, language)
    sizes = lines.end[mine] - lines.start[mine]
    line_at = np.cumsum(sizes) - sizes
    cuts = begins[:-1]
    line = np.searchsorted(line_at, cuts, side="right") - 1
    first = np.concatenate(([True], line[1:] != line[:-1]))
    start, end = _trimmed_bytes(data, cuts, begins[1:])
    doubtful = _needs_mending(data, text, start, end, first)
    if doubtful.any():
        touched = np.zeros(len(mine), dtype=bool)
        touched[line[doubtful]] = True
        again = touched[line]
        fresh = list(_mended_lines(data, line[again], cuts[again], line_at, sizes))
        old = np.column_stack((line, start, end))[~again]
        rows = np.concatenate((old, np.array(fresh, dtype=np.int64).reshape(-1, 3)))
        line, start, end = rows[np.lexsort((rows[:, 1], rows[:, 0]))].T
    origin = (lines.start[mine] - line_at)[line]
    return mine[line], start + origin, end + origin


def _piece_bytes(cut: list[str], data: np.ndarray) -> np.ndarray:
    """Where each piece of the text begins, in bytes, and the end of the last.

    In the pieces a wide blank may have become a plain one: then places are counted in characters.
    """
    sizes = [len(piece) if piece.isascii() else len(piece.encode()) for piece in cut]
    begins = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
    if begins[-1] == len(data):
        return begins
    characters = np.concatenate(([0], np.cumsum([len(piece) for piece in cut], dtype=np.int64)))
    leads = np.append(np.flatnonzero((data & 0xC0) != 0x80), len(data))
    return leads[characters] if characters[-1] == len(leads) - 1 else begins


def _trimmed_bytes(data: np.ndarray, start: np.ndarray, end: np.ndarray) -> tuple:
    """The spans without plain blanks at their ends."""
    start, end = start.copy(), end.copy()
    blank = np.zeros(256, dtype=bool)
    blank[[9, 31, 32]] = True
    moved = np.flatnonzero((start < end) & blank[data[np.minimum(start, len(data) - 1)]])
    while len(moved):
        start[moved] += 1
        moved = moved[(start[moved] < end[moved])]
        moved = moved[blank[data[start[moved]]]]
    moved = np.flatnonzero((start < end) & blank[data[end - 1]])
    while len(moved):
        end[moved] -= 1
        moved = moved[(start[moved] < end[moved])]
        moved = moved[blank[data[end[moved] - 1]]]
    return start, end


def _needs_mending(
    data: np.ndarray, text: bytes, start: np.ndarray, end: np.ndarray, first: np.ndarray
) -> np.ndarray:
    """Pieces that are no plain sentence for certain.

    Those that may be a citation or begin with the number of a footnote, have wide white space at
    an end, hold no plain letter, or stand beside a spaced ellipsis.
    """
    at = [data[np.minimum(start + k, len(data) - 1)] for k in range(3)]
    spaces = (at[1] == 0x80) & ((at[2] < 0x8B) | (at[2] == 0xAF)) | (at[1] == 0x81)
    wide = np.isin(at[0], _WIDE_LEADS) | (at[0] == 0xE2) & spaces
    number = (at[0] >= 48) & (at[0] < 58) | (at[0] > 0x80) & (at[0] != 0xE2)
    silent = ~ALPHABET[at[0]]
    unsure = np.flatnonzero(silent & ~first)
    bounds = zip(start[unsure].tolist(), end[unsure].tolist(), strict=True)
    silent[unsure] = [not ALPHABET[data[a:b]].any() for a, b in bounds]
    doubtful = (start >= end) | wide | np.isin(data[np.maximum(end - 1, 0)], _WIDE_TAILS)
    cited = (at[0] == ord("(")) & _MAY_END_CITATION[data[np.maximum(end - 1, 0)]]
    doubtful |= ~first & (number | silent | cited)
    for place in places(text, b". . ."):
        near = np.searchsorted(start, place, side="right") - 1
        doubtful[max(near, 0) : near + 2] = True
    return doubtful


_MAY_END_CITATION = table_of(b").;,")
_WIDE_LEADS = np.array([0xC2, 0xE1, 0xE3], dtype=np.uint8)
_WIDE_TAILS = np.array([*range(0x80, 0x8B), 0x9F, 0xA0, 0xA8, 0xA9, 0xAF], dtype=np.uint8)


def _mended_lines(data, line, cuts, line_at, sizes) -> Iterator[tuple[int, int, int]]:
    """Line, first byte and one past the last of each sentence of lines, `sentences.mended` applied.

    `line` and `cuts` are the line and the first byte of each piece.
    """
    rows = zip(line.tolist(), cuts.tolist(), strict=True)
    for number, group in groupby(rows, key=lambda row: row[0]):
        origin, size = int(line_at[number]), int(sizes[number])
        places = [place - origin for _, place in group]
        places[0] = 0
        content = data[origin : origin + size]
        leads = np.append(
            np.flatnonzero((content & 0xC0) != 0x80), size
        )  # a character's first byte
        chars = [*np.searchsorted(leads, places).tolist(), len(leads) - 1]
        for first, last in mended(content.tobytes().decode("utf-8"), list(pairwise(chars))):
            yield number, origin + int(leads[first]), origin + int(leads[last])


def _byte_span(text: str, span: Span) -> Span:
    """A span of characters as one of bytes."""
    first = len(text[: span[0]].encode())
    return first, first + len(text[span[0] : span[1]].encode())


def _one_by_one(content: bytes, bounds: list[Span], mine: np.ndarray, language: str) -> tuple:
    """Sentences line by line, where the lines together stop the splitter."""
    rows = []
    for number, (start, end) in zip(mine.tolist(), bounds, strict=True):
        text = content[start:end].decode("utf-8")
        for span in sentence_spans(text, language):
            first, last = _byte_span(text, span)
            rows.append((number, start + first, start + last))
    return tuple(np.array(rows, dtype=np.int64).reshape(-1, 3).T)


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
    excluded: Mapping[str, Sequence[int]]
    words: Sequence[str] = ()


def _make_block(texts, job: Job) -> dict[str, np.ndarray]:
    """The arrays of a block.

    `ids` (places in `forms`), `start` (byte in the document) and `size` (bytes) of every token;
    `document_start` and `sentence_start`, the first token of each, one longer; `sentence_document`,
    `paragraph` and `span` (bytes in the document) of every sentence; `wrapped`, the documents whose
    lines are joined; `forms`, the different normal forms, and `form_counts`, how often each occurs.
    """
    content, given_start = texts.gathered(range(job.first, job.last))
    signs, document_start = read_signs(content), given_start
    lines = _find_lines(signs, document_start)
    joints = _find_joints(content, lines, document_start, job.excluded)
    if len(joints):
        signs = read_signs(joints.joined(content))
        lines, document_start = lines.moved(joints), joints.forward(document_start)
    words, runs = _find_words(signs, job.words)
    first_token = np.searchsorted(words.start, np.append(lines.start, len(signs)))
    spoken = np.diff(first_token) > 0
    if job.excluded:
        spoken &= ~_excluded_lines(lines, job.excluded)
        words = _only(words, np.repeat(spoken, np.diff(first_token)))
    line, start, end = _find_sentences(signs, lines, np.flatnonzero(spoken), job.languages, runs)
    begins = np.where(np.diff(line, prepend=-1) != 0, lines.start[line], start)
    sentence_start = np.append(np.searchsorted(words.start, begins), len(words.ids))
    said = np.diff(sentence_start) > 0
    line, start, end = line[said], start[said], end[said]
    document = lines.document[line]
    origin = given_start[document]
    token_document = np.searchsorted(words.start, document_start)
    token_origin = np.repeat(given_start[:-1], np.diff(token_document))
    token_start = joints.back(words.start)
    token_size = joints.back(words.end - 1) + 1 - token_start
    span = np.column_stack((joints.back(start), joints.back(end - 1) + 1))
    return {
        "ids": words.ids.astype(np.int32),
        "start": (token_start - token_origin).astype(np.int32),
        "size": token_size.astype(np.min_scalar_type(token_size.max(initial=0))),
        "document_start": token_document.astype(np.int64),
        "sentence_start": np.append(sentence_start[:-1][said], len(words.ids)).astype(np.int32),
        "sentence_document": document.astype(np.int32),
        "paragraph": lines.number[line].astype(np.int32),
        "span": (span - origin[:, None]).astype(np.int32),
        "wrapped": np.unique(np.searchsorted(given_start, joints.start, side="right") - 1).astype(
            np.int32
        ),
        "form_counts": np.bincount(words.ids, minlength=len(words.forms)),
        **packed("forms", words.forms),
    }


def _excluded_lines(lines: _Lines, excluded: Mapping[str, Sequence[int]]) -> np.ndarray:
    """Which lines are excluded."""
    out = np.zeros(len(lines.start), dtype=bool)
    for document, numbers in excluded.items():
        out |= (lines.document == int(document)) & np.isin(lines.number, numbers)
    return out


def _only(words: _Words, kept: np.ndarray) -> _Words:
    """Some of the tokens, and the forms that occur in them."""
    ids = words.ids[kept]
    used = np.zeros(len(words.forms), dtype=bool)
    used[ids] = True
    place = np.cumsum(used) - 1
    forms = words.forms.filter(mask_of(used))
    return _Words(forms, place[ids].astype(np.int32), words.start[kept], words.end[kept])


@dataclass(frozen=True)
class Product:
    """What is made of the documents of each block and kept in the cache.

    `kind` is that of its entries, `key` gives the key of a job's and `make` its arrays; `module` is
    run by a process that helps.
    """

    kind: str
    module: str
    key: Callable[[Job], str]
    make: Callable[..., Mapping[str, np.ndarray]]

    def known(self, job: Job) -> Entry | None:
        """What the cache holds of a job, None where it holds nothing whole."""
        return existing(self.kind, self.key(job))

    def made(self, texts, job: Job) -> Entry:
        """What the cache holds of a job, made where it holds nothing whole."""
        key = self.key(job)
        return entry(self.kind, key, lambda folder: save(folder, key, {}, self.make(texts, job)))


BLOCKS = Product("blocks", "analysis.store.blocks", lambda job: job.key, _make_block)


def block_of(texts, job: Job) -> Entry:
    """The block of a job from the cache, made where it is not there."""
    return BLOCKS.made(texts, job)


def make_untaken(
    texts, jobs: Sequence[Job], desk: Path, product: Product = BLOCKS
) -> Iterator[Entry]:
    """Make one by one what no other process has taken; `desk` is a folder that notes it."""
    for number, job in enumerate(jobs):
        try:
            (desk / str(number)).open("x").close()
        except FileExistsError:
            continue
        yield product.made(texts, job)


def take_part(product: Product) -> None:
    """Take part in a task, as JSON on standard input: a corpus of the cache, jobs, and a desk."""
    from analysis.store.texts import cached_texts

    task = json.load(sys.stdin)
    jobs = [Job(**job) for job in task["jobs"]]
    for _ in make_untaken(cached_texts(task["corpus"]), jobs, Path(task["desk"]), product):
        pass


if __name__ == "__main__":
    take_part(BLOCKS)
