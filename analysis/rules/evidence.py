"""Evidence: every match of a rule, with its place in the text."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd

from analysis.errors import InputError
from analysis.language.signs import APOSTROPHE, FULL_STOP, INSIDE, table_of
from analysis.language.words import TOKEN
from analysis.language.wrapping import one_line
from analysis.rules.codebook import RuleSet
from analysis.rules.matching import Matcher, ranges
from analysis.statistics import uncertainty
from analysis.store.arrow import as_bools, as_numbers, places_of
from analysis.store.texts import PADDING
from analysis.tokens import Block, Tokens

if TYPE_CHECKING:
    from scipy import sparse

_T, _U = TypeVar("T"), TypeVar("U")
_UNITS = ("sentence", "paragraph", "document")
KEPT = 300
_FEWEST_TO_SIFT = 200_000
_OUT_OF_TOKEN = ~INSIDE
_OUT_OF_TOKEN[FULL_STOP] = False
_AN_S = table_of(b"sS")
_WINDOWS, _LONGEST_TOKEN = (16, 40), 2**24
"""Bytes looked at from the beginning of a token, more of them where these do not hold its end."""


@dataclass(frozen=True, eq=False)
class Found:
    """The matches of rule sets in a corpus: counts of all of them, and those kept for reading.

    `counts` has the matches of each set (columns) in each document (rows); `squares` and
    `products` are sums over its sentences of matches² and of matches × tokens. `n_sentences` is
    how many sentences hold a match of each set, `rule_totals` the matches of each rule, those of all
    sets one after the other. `kept` has one row a match that is kept, by set and place: name, rule
    (as written), first, last (token), sentence, document (numbers in the corpus). Of each rule at
    most `keep` are kept, drawn at random. `sets` are the rules.
    """

    tokens: Tokens
    names: tuple[str, ...]
    counts: sparse.csr_array
    squares: sparse.csr_array
    products: sparse.csr_array
    n_sentences: np.ndarray
    rule_totals: np.ndarray
    kept: pd.DataFrame
    keep: int
    sets: tuple[RuleSet, ...]

    @cached_property
    def rule_counts(self) -> tuple[pd.Series, ...]:
        """Matches of each rule as it is written, a series for each set."""
        ends = np.cumsum([len(rules.rules) for rules in self.sets])
        return tuple(
            pd.Series(counts, index=np.array([rule.text for rule in rules.rules], dtype=object))
            for counts, rules in zip(np.split(self.rule_totals, ends[:-1]), self.sets, strict=True)
        )

    @cached_property
    def totals(self) -> np.ndarray:
        """Matches of each set."""
        return np.asarray(self.counts.sum(axis=0)).ravel()

    def of(self, name: str) -> pd.DataFrame:
        """The kept matches of one set."""
        return self.kept[self.kept["name"] == name]

    def has_rules_in(self, language: str) -> np.ndarray:
        """Which sets have a rule in a language."""
        return np.array([rules.has_rules_in(language) for rules in self.sets], dtype=bool)

    def occurs_in(self, language: str) -> np.ndarray:
        """Which sets have a rule in a language, or a match in one of its documents (ChatGPT)."""
        inside = self.tokens.corpus.languages == language
        met = np.asarray(self.counts[inside].sum(axis=0)).ravel() > 0
        return self.has_rules_in(language) | met

    def measured(
        self, covers: Callable[[str], np.ndarray]
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Numbers of sets, and the mask of the documents they are measured in, until none is left.

        A set is measured in the languages that `covers` finds it in.
        """
        strata = self.tokens.corpus.strata
        table = np.array([covers(language) for language, _ in strata]).reshape(len(strata), -1)
        for pattern in dict.fromkeys(map(tuple, table.T.tolist())):
            masks = [inside for (_, inside), there in zip(strata, pattern, strict=True) if there]
            documents = np.logical_or.reduce([np.zeros(len(self.tokens.corpus), bool), *masks])
            yield np.flatnonzero((pattern == table.T).all(axis=1)), documents

    def sentence_effects(self, inside: np.ndarray) -> np.ndarray:
        """How much sentences of some documents resemble themselves, per set: the design effect."""
        tokens = self.tokens
        sums = [
            np.asarray(part[inside].sum(axis=0)).ravel()
            for part in (self.counts, self.squares, self.products)
        ]
        n_sentences = int(np.diff(tokens.sentence_start)[inside].sum())
        sizes = int(tokens.document_sizes[inside].sum()), int(tokens.sentence_squares[inside].sum())
        return uncertainty.design_effects(*sums, *sizes, n_sentences)


@dataclass(frozen=True)
class _Counted:
    """The matches of a block with their sentences and documents, and counts of them: sums for each
    set and document, sentences of each set, matches of each rule."""

    rows: np.ndarray
    sentence: np.ndarray
    document: np.ndarray
    moments: tuple[np.ndarray, ...]
    n_sentences: np.ndarray
    rule_counts: np.ndarray


class Gatherer:
    """Takes the matches of one block after the other and puts them together."""

    def __init__(self, tokens: Tokens, sets: Mapping[str, RuleSet], keep: int, random_seed: int):
        self.tokens, self.sets, self.keep = tokens, sets, keep
        self.salt = np.uint64(zlib.crc32(f"kept {random_seed}".encode()))
        self.moments: list[tuple[np.ndarray, ...]] = []
        n_rules = [len(rules.rules) for rules in sets.values()]
        self.first_rule = np.cumsum([0, *n_rules])
        self.rule_counts = np.zeros(sum(n_rules), dtype=np.int64)
        written = [f"{name} {rule.text}" for name in sets for rule in sets[name].rules]
        self.salts = np.array([zlib.crc32(text.encode()) for text in written], dtype=np.uint64)
        self.n_sentences = np.zeros(len(sets), dtype=np.int64)
        self.rows = np.empty((0, 6), dtype=np.int64)
        self.draws = np.empty(0, dtype=np.uint64)
        self.room = _FEWEST_TO_SIFT

    def counted(self, block: Block, rows: np.ndarray) -> _Counted:
        """The matches of a block (see `Matcher.matches`), counted."""
        sentence = block.sentence_of[rows[:, 1]]
        document = block.sentence_document[sentence]
        n = len(self.sets)
        new = np.ones(len(rows), dtype=bool)  # the first of its set in a sentence
        new[1:] = (rows[1:, 0] != rows[:-1, 0]) | (sentence[1:] != sentence[:-1])
        begins = np.flatnonzero(new)
        together = np.diff(np.append(begins, len(rows)))
        owner, inside = rows[begins, 0], sentence[begins]
        sizes = block.sentence_start[inside + 1] - block.sentence_start[inside]
        cells = document[begins] * n + owner
        sums = [
            np.bincount(cells, weights, block.n_documents * n).astype(np.int64)
            for weights in (together, together**2, together * sizes)
        ]
        kinds = np.flatnonzero(sums[0])
        flat = self.first_rule[rows[:, 0]] + rows[:, 3]
        return _Counted(
            rows,
            sentence,
            document,
            tuple(
                map(_fitting, (kinds + block.first_document * n, *(part[kinds] for part in sums)))
            ),
            np.bincount(owner, minlength=n),
            np.bincount(flat, minlength=len(self.rule_counts)),
        )

    def add(self, block: Block, counted: _Counted) -> None:
        """Take the matches of a block."""
        self.moments.append(counted.moments)
        self.n_sentences += counted.n_sentences
        self.rule_counts += counted.rule_counts
        if self.keep:
            self.take(block, counted.rows, counted.sentence, counted.document)

    def take(
        self, block: Block, rows: np.ndarray, sentence: np.ndarray, document: np.ndarray
    ) -> None:
        """Keep matches for reading; which ones depends on the document, the place in it and the rule."""
        inner = (rows[:, 1] - block.document_start[document]).astype(np.uint64)
        rule = self.salts[self.first_rule[rows[:, 0]] + rows[:, 3]]
        ids = self.tokens.corpus.documents["id"].iloc[block.documents]
        named = np.array([zlib.crc32(name.encode()) for name in ids], dtype=np.uint64)
        draws = _mixed(_mixed(_mixed(named[document] ^ self.salt) ^ inner) ^ rule)
        new = np.column_stack(
            (
                rows[:, 0],
                rows[:, 3],
                rows[:, 1:3] + block.first_token,
                sentence + block.first_sentence,
                document + block.first_document,
            )
        )
        self.rows = np.concatenate((self.rows, new))
        self.draws = np.concatenate((self.draws, draws))
        if len(self.rows) > self.room:
            self.sift()
            self.room = max(_FEWEST_TO_SIFT, 2 * len(self.rows))

    def sift(self) -> None:
        """Leave of each rule the matches with the lowest draws."""
        order = np.lexsort((self.rows[:, 2], self.draws, self.rows[:, 1], self.rows[:, 0]))
        rows = self.rows[order]
        new = np.any(rows[1:, :2] != rows[:-1, :2], axis=1)
        begins = np.flatnonzero(np.concatenate(([True], new))[: len(rows)])
        rank = np.arange(len(rows)) - np.repeat(begins, np.diff(np.append(begins, len(rows))))
        chosen = order[rank < self.keep]
        self.rows, self.draws = self.rows[chosen], self.draws[chosen]

    def found(self) -> Found:
        """Everything that was taken."""
        from scipy import sparse

        self.sift()
        rows = self.rows[np.lexsort((self.rows[:, 2], self.rows[:, 0]))]
        names = np.array(list(self.sets), dtype=object)
        texts = [
            np.array([rule.text for rule in rules.rules], dtype=object)
            for rules in self.sets.values()
        ]
        rules = [texts[owner][number] for owner, number in rows[:, :2].tolist()]
        table = {
            "name": names[rows[:, 0]] if len(names) else [],
            "rule": np.array(rules, dtype=object),
        }
        for column, place in (("first", 2), ("last", 3), ("sentence", 4), ("document", 5)):
            table[column] = rows[:, place]
        cells, *sums = (np.concatenate(part) for part in zip(*self.moments, strict=True))
        shape = (self.tokens.n_documents, len(self.sets))
        row, column = np.divmod(cells, max(len(self.sets), 1))
        ends = np.cumsum(np.bincount(row, minlength=shape[0]))
        kind = sparse.get_index_dtype(maxval=max(len(cells), shape[1]))
        where = column.astype(kind), np.append(0, ends).astype(kind)  # cells come in order
        return Found(
            self.tokens,
            tuple(self.sets),
            sparse.csr_array((sums[0].astype(np.int64), *where), shape=shape),
            *(sparse.csr_array((part, *where), shape=shape) for part in sums[1:]),
            self.n_sentences,
            self.rule_counts,
            pd.DataFrame(table),
            self.keep,
            tuple(self.sets.values()),
        )


def _fitting(numbers: np.ndarray) -> np.ndarray:
    """The numbers, none below 0, in 32 bits where they fit."""
    return numbers.astype(np.int32) if numbers.max(initial=0) < 1 << 31 else numbers


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Whole numbers scattered over all of 64 bits (the finaliser of SplitMix64, Steele et al. 2014)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def find(
    tokens: Tokens, sets: Mapping[str, RuleSet], *, keep: int = KEPT, random_seed: int = 0
) -> Found:
    """The matches of rule sets: all of them counted, at most `keep` of each rule kept for reading."""
    gatherer = Gatherer(tokens, sets, keep, random_seed)
    matcher = Matcher(tokens, sets.values())
    for block, counted in tokens.each(lambda one: gatherer.counted(one, matcher.matches(one))):
        gatherer.add(block, counted)
    return gatherer.found()


def all_matches(found: Found, documents: Iterable[int]) -> pd.DataFrame:
    """Every match in some documents (numbers), kept for reading or not: name, document, first (token).

    Sorted by set and place.
    """
    tokens, matcher = found.tokens, Matcher(found.tokens, found.sets)
    wanted = np.zeros(tokens.n_documents, dtype=bool)
    wanted[list(documents)] = True
    parts = [np.empty((0, 3), dtype=np.int64)]
    for number in sorted({tokens.block_number(document) for document in np.flatnonzero(wanted)}):
        block = tokens.block(number)
        rows = matcher.matches(block)
        document = block.document_of[rows[:, 1]] + block.first_document
        rows = np.column_stack((rows[:, 0], document, rows[:, 1] + block.first_token))
        parts.append(rows[wanted[document]])
    rows = np.concatenate(parts)
    owner, document, first = rows[np.lexsort((rows[:, 2], rows[:, 0]))].T
    names = np.array(found.names, dtype=object)
    return pd.DataFrame({"name": names[owner], "document": document, "first": first})


def check_unit(unit: str) -> None:
    """Raise InputError for an unknown unit."""
    if unit not in _UNITS:
        raise InputError("unknown unit", value=unit, allowed=_UNITS)


def units_of(block: Block, unit: str) -> np.ndarray:
    """The unit (numbered through the block from 0) that each sentence belongs to."""
    if unit == "sentence":
        return np.arange(block.n_sentences)
    keys = block.sentence_document.reshape(-1, 1)
    if unit == "paragraph":
        keys = np.column_stack((block.sentence_document, block.paragraph))
    changed = np.any(keys[1:] != keys[:-1], axis=1)
    return np.cumsum(np.concatenate(([False], changed)))[: len(keys)]


@dataclass(frozen=True)
class Reading:
    """A match where it stands: document (number), text of the document, places of the match, its
    sentence and its paragraph (characters), and the sentence's number in its block."""

    document: int
    text: str
    start: int
    end: int
    sentence: tuple[int, int]
    paragraph: tuple[int, int]
    number: int
    block: Block


def read_each(tokens: Tokens, rows: pd.DataFrame, function: Callable[[Reading], _T]) -> list[_T]:
    """What a function makes of each of the matches where it stands, in the order of the rows.

    Texts are read document by document, and none is held for longer than its matches take.
    """
    columns = rows[["document", "first", "last", "sentence"]].to_numpy(dtype=np.int64)
    made: list = [None] * len(columns)
    order = np.lexsort((columns[:, 1], columns[:, 0]))
    block_of = np.searchsorted(tokens.found["block_document"], columns[order, 0], side="right") - 1
    for block, mine in _parts_of(order, block_of, tokens.block):
        bounds = _match_bounds(block, columns[mine])
        number = (columns[mine, 3] - block.first_sentence).tolist()
        for document, places in _parts_of(np.arange(len(mine)), columns[mine, 0], int):
            content = tokens.corpus.texts.content(document)
            text = content.decode("utf-8")
            found = bounds[places]
            if len(text) < len(content):
                signs = np.frombuffer(content, dtype=np.uint8)
                found = np.searchsorted(np.flatnonzero((signs & 0xC0) != 0x80), found)
            for n, (start, last, after, cut, *bounds_of) in zip(
                places.tolist(), found.tolist(), strict=True
            ):
                end = cut or min(TOKEN.match(text, last).end(), after)
                spans = tuple(bounds_of[:2]), tuple(bounds_of[2:])
                made[mine[n]] = function(
                    Reading(document, text, start, end, *spans, number[n], block)
                )
    return made


def _parts_of(
    places: np.ndarray, keys: np.ndarray, known: Callable[[int], _U]
) -> Iterator[tuple[_U, np.ndarray]]:
    """What is known of each key (sorted), and its part of the places."""
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    if not len(first):
        return
    for key, part in zip(keys[first].tolist(), np.split(places, first[1:]), strict=True):
        yield known(key), part


def _match_bounds(block: Block, rows: np.ndarray) -> np.ndarray:
    """Of matches in a block, rows (document, first, last, sentence) numbered in the corpus, the bytes of
    their document at which their first and their last token begin, at which the last one ends at
    the latest, at which it ends where a line end cuts it (else 0), and at which their sentence and
    their paragraph begin and end."""
    tokens = rows[:, 1:3] - block.first_token
    after = _next_begins(block, tokens[:, 1])
    sentence = rows[:, 3] - block.first_sentence
    paragraphs, paragraph_of = block.line_spans
    spans = block.span[sentence], paragraphs[paragraph_of[sentence]]
    return np.column_stack((block.start[tokens], after, _cut_ends(block, tokens[:, 1]), *spans))


def _cut_ends(block: Block, token: np.ndarray) -> np.ndarray:
    """One past the last byte of each token that a line end cuts, 0 for the others."""
    place = np.searchsorted(block.cut_token, token)
    held = np.append(block.cut_token, -1)[place] == token
    return np.where(held, np.append(block.cut_end, 0)[place], 0)


def _next_begins(block: Block, token: np.ndarray) -> np.ndarray:
    """The byte at which the token after each begins, where a token ends at the latest.

    Chinese words touch each other. Behind a document's last token lies LONGEST_TOKEN.
    """
    last = token + 1 >= block.document_start[block.document_of[token] + 1]
    begins = block.start[np.minimum(token + 1, len(block.start) - 1)]
    return np.where(last, block.start[token] + _LONGEST_TOKEN, begins)


def evidence_table(found: Found, unit: str) -> pd.DataFrame:
    """The kept matches as readers follow them: `evidence.parquet` of the run folder.

    Columns: frame, rule, document (id), unit (number within the document, from 1), start, end
    (character offsets into the document's text), text (`text[start:end]`), sentence (line ends in it
    as blanks).
    """
    check_unit(unit)
    ids = found.tokens.corpus.documents["id"].array
    units: dict[int, list[int]] = {}

    def row(one: Reading) -> tuple:
        block = one.block.first_document
        if block not in units:
            units[block] = _units_in_documents(one.block, unit).tolist()
        match, sentence = one.text[one.start : one.end], one.text[slice(*one.sentence)]
        return units[block][one.number], one.start, one.end, match, one_line(sentence)

    columns = ["unit", "start", "end", "text", "sentence"]
    table = pd.DataFrame(read_each(found.tokens, found.kept, row), columns=columns)
    table.insert(0, "frame", found.kept["name"].to_numpy())
    table.insert(1, "rule", found.kept["rule"].to_numpy())
    table.insert(2, "document", ids.take(found.kept["document"].to_numpy(int)))
    return table


def _units_in_documents(block: Block, unit: str) -> np.ndarray:
    """The unit of each sentence, numbered within its document from 1."""
    units = units_of(block, unit)
    first = np.searchsorted(block.sentence_document, block.sentence_document)
    return units - units[first] + 1


def concordance(tokens: Tokens, rules: RuleSet, *, width: int = 60) -> pd.DataFrame:
    """Every match in its context: document, left, match, right; `width` bytes of UTF-8 on each side.

    The context stays within the sentences of one paragraph, whose line ends become blanks; no
    character is cut. All lines are held in memory: for many millions of them see `concordance_parts`.
    """
    return _table_of_lines(tokens, list(_found_lines(tokens, rules, width)))


def concordance_parts(tokens: Tokens, rules: RuleSet, *, width: int = 60) -> Iterator[pd.DataFrame]:
    """The rows of `concordance` some thousand documents at a time, so that they need not all be held."""
    return (_table_of_lines(tokens, [part]) for part in _found_lines(tokens, rules, width))


def _found_lines(tokens: Tokens, rules: RuleSet, width: int) -> Iterator[tuple[np.ndarray, list]]:
    """Documents of the matches in each block that has some; left context, match and right context."""
    matcher = Matcher(tokens, [rules])

    def lines(block: Block) -> tuple:
        first, last = matcher.matches(block)[:, 1:3].T
        numbers = block.document_of[first] + block.first_document
        return numbers, _lines_in_block(tokens, block, first, last, width) if len(first) else ()

    return (part for _, part in tokens.each(lines) if len(part[0]))


def _table_of_lines(tokens: Tokens, parts: list[tuple[np.ndarray, list]]) -> pd.DataFrame:
    """The lines of some blocks as a table."""
    import pyarrow as pa

    names = ("left", "match", "right")
    columns = {
        name: pa.chunked_array([found[n] for _, found in parts], pa.large_string())
        for n, name in enumerate(names)
    }
    table = pa.table(columns).to_pandas()
    where = np.concatenate([np.empty(0, dtype=np.int64), *(numbers for numbers, _ in parts)])
    ids = tokens.corpus.documents["id"]
    table.insert(0, "document", ids.take(where).reset_index(drop=True))
    return table


def _lines_in_block(tokens: Tokens, block: Block, first, last, width: int) -> list:
    """Left context, match and right context of each match (its first and last token), as Arrow arrays."""
    numbers = range(block.documents.start, block.documents.stop)
    data, origin = tokens.corpus.texts.stretch(numbers)
    shift = origin[block.document_of[first]]
    start, end = block.start[first] + shift, block.start[last] + shift
    sizes = np.diff(tokens.corpus.texts.spans[block.documents])[:, 0]
    stop = (origin + sizes)[block.document_of[first]]
    stop = np.minimum(stop, _next_begins(block, last) + shift)
    end = end + _token_sizes(data, end, stop, _form_sizes(tokens, block, last))
    cut = _cut_ends(block, last)
    end = np.where(cut > 0, cut + shift, end)
    lines, line_of = block.line_spans
    line = line_of[block.sentence_of[first]]
    low, high = lines[line, 0] + shift, lines[line, 1] + shift
    left = _whole_characters(data, np.maximum(low, start - width), 1)
    right = _whole_characters(data, np.minimum(np.maximum(high, end), end + width), -1)
    parts = ((np.minimum(left, start), start), (start, end), (end, right))
    texts = [_texts_at(data, *pair) for pair in parts]
    return [_unbroken(part) for part in texts] if len(block.wrapped) else texts


def _unbroken(texts):
    """An Arrow array of texts with the line ends in them as blanks."""
    import pyarrow as pa

    return pa.array(map(one_line, texts.to_pylist()), pa.large_string())


def _whole_characters(data: np.ndarray, place: np.ndarray, step: int) -> np.ndarray:
    """Places moved by up to three bytes so that none lies inside a character."""
    place = place.copy()
    for _ in range(3):
        inside = (data[np.minimum(place, len(data) - 1)] & 0xC0) == 0x80
        if not inside.any():
            break
        place[inside] += step
    return place


def _form_sizes(tokens: Tokens, block: Block, token: np.ndarray) -> np.ndarray:
    """Bytes of the normal form of each token of a block, 0 where it is not plain letters and digits."""
    import pyarrow.compute as pc

    sizes = np.zeros(len(block.forms), dtype=np.int64)
    sizes[block.ids[token]] = 1
    kinds = np.flatnonzero(sizes)
    forms = tokens.vocabulary.take(places_of(block.forms[kinds]))
    sizes[kinds] = as_bools(pc.ascii_is_alnum(forms)) * as_numbers(pc.binary_length(forms))
    return sizes[block.ids[token]]


def _token_sizes(
    data: np.ndarray, start: np.ndarray, stop: np.ndarray, form: np.ndarray
) -> np.ndarray:
    """How many bytes each token has that begins at a place, in a text that ends at `stop`.

    A form is its token with signs left out. So a token of a plain form (`_form_sizes`) is as long as
    its form where nothing that may be in a token stands behind so many bytes, or nothing but a
    possessive 's does. PADDING bytes more follow the last text.
    """
    behind = np.stack([data[start + form + step] for step in range(5)])
    straight = (behind[0] == APOSTROPHE) & _AN_S[behind[1]] & _OUT_OF_TOKEN[behind[2]]
    curly = (behind[0] == 0xE2) & (behind[1] == 0x80) & (behind[2] == 0x99)
    curly &= _AN_S[behind[3]] & _OUT_OF_TOKEN[behind[4]]
    sizes = form + 2 * straight + 4 * curly
    rest = np.flatnonzero((form == 0) | ~(_OUT_OF_TOKEN[behind[0]] | straight | curly))
    sizes[rest] = _sizes_read(data, start[rest], stop[rest])
    return sizes


def _sizes_read(data: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """The same, read from the bytes."""
    run = np.zeros(len(start), dtype=np.int64)
    for window in _WINDOWS:
        more = np.flatnonzero(run == 0)
        run[more] = _OUT_OF_TOKEN[_windows_at(data, start[more], window)].argmax(axis=1)
    run = np.minimum(np.where(run == 0, _WINDOWS[-1], run), stop - start)
    runs = _texts_at(data, start, start + run).cast("large_binary").dictionary_encode()
    sizes = [_token_size(kind) for kind in runs.dictionary.to_pylist()]
    found = np.array(sizes, dtype=np.int64)[as_numbers(runs.indices)]
    for n in np.flatnonzero(run == _WINDOWS[-1]).tolist():
        found[n] = _token_size(data[start[n] : min(stop[n], start[n] + _LONGEST_TOKEN)].tobytes())
    return found


def _windows_at(data: np.ndarray, start: np.ndarray, size: int) -> np.ndarray:
    """As many bytes from each place on: places × size."""
    every = np.ndarray(len(data) - size + 1, dtype=f"V{size}", buffer=data, strides=(1,))
    return every[start].view(np.uint8).reshape(-1, size)


def _token_size(content: bytes) -> int:
    """The bytes of the token that some bytes begin with."""
    match = TOKEN.match(content.decode("utf-8", errors="ignore"))
    return len(match.group().encode()) if match else 0


def _texts_at(data: np.ndarray, start: np.ndarray, end: np.ndarray):
    """The bytes between places as an Arrow array of texts; PADDING bytes more follow the last."""
    import pyarrow as pa

    sizes = end - start
    offsets = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
    widest = int(sizes.max(initial=1))
    if widest <= PADDING:
        signs = _windows_at(data, start, widest)[np.arange(widest) < sizes[:, None]]
    else:
        signs = data[ranges(start, sizes)]
    buffers = (pa.py_buffer(offsets), pa.py_buffer(signs))
    return pa.LargeStringArray.from_buffers(len(start), *buffers)
