"""Evidence: every match of a rule, with its place in the text."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd

from analysis.errors import InputError
from analysis.language.wrapping import one_line
from analysis.rules.codebook import RuleSet
from analysis.rules.matching import Matcher
from analysis.statistics import uncertainty
from analysis.tokens import Block, Tokens

if TYPE_CHECKING:
    from scipy import sparse

_T = TypeVar("T")
_UNITS = ("sentence", "paragraph", "document")
KEPT = 300
_MIN_TO_DOWNSAMPLE = 200_000
"""Matches that are held at least before those above the limit of their rule are dropped."""


@dataclass(frozen=True, eq=False)
class Found:
    """The matches of rule sets in a corpus: counts of all of them, and those kept for reading.

    `counts` has the matches of each set (columns) in each document (rows); `squares` and
    `products` are sums over its sentences of matches² and of matches × tokens. `n_sentences` is
    how many sentences hold a match of each set, `rule_totals` the matches of each rule, the rules
    of all sets in a row. `kept` has one row for each match that is kept, by set and place: name,
    rule (as written), first, last (token), sentence, document (numbers in the corpus). Of each rule
    at most `keep` are kept, drawn at random. `sets` are the rules.
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
    """The matches of a block, counted: tables of documents × sets (see `Found`), sentences of each
    set, matches of each rule; and of each match the row (see `_located`) and a random number."""

    tables: tuple[sparse.csr_array, ...]
    n_sentences: np.ndarray
    rule_counts: np.ndarray
    rows: np.ndarray
    draws: np.ndarray


class Gatherer:
    """Collects the matches of one block after the other."""

    def __init__(self, tokens: Tokens, sets: Mapping[str, RuleSet], keep: int, random_seed: int):
        self.tokens, self.sets, self.keep = tokens, sets, keep
        self.first_rule = np.cumsum([0, *(len(rules.rules) for rules in sets.values())])
        rules = [(name, rule.text) for name in sets for rule in sets[name].rules]
        self.rule_texts = np.array([text for _, text in rules], dtype=object)
        self.salt = np.uint64(zlib.crc32(f"kept {random_seed}".encode()))
        self.rule_salts = _checksums(f"{name} {text}" for name, text in rules)
        self.tables: list[tuple[sparse.csr_array, ...]] = []
        self.n_sentences = np.zeros(len(sets), dtype=np.int64)
        self.rule_counts = np.zeros(len(rules), dtype=np.int64)
        self.rows = np.empty((0, 6), dtype=np.int64)
        self.draws = np.empty(0, dtype=np.uint64)
        self.room = _MIN_TO_DOWNSAMPLE

    def counted(self, block: Block, matches: np.ndarray) -> _Counted:
        """The matches of a block (see `Matcher.matches`), counted."""
        owner, sentence = matches[:, 0], block.sentence_of[matches[:, 1]]
        new = np.ones(len(matches), dtype=bool)  # the first of its set in a sentence
        new[1:] = (owner[1:] != owner[:-1]) | (sentence[1:] != sentence[:-1])
        begins = np.flatnonzero(new)
        together = np.diff(np.append(begins, len(matches)))
        owners, sentences = owner[begins], sentence[begins]
        sizes = np.diff(block.sentence_start)[sentences]
        document = block.sentence_document[sentences]
        rule = self.first_rule[owner] + matches[:, 3]
        return _Counted(
            tuple(
                by_document(block, document, owners, len(self.sets), weights.astype(np.int64))
                for weights in (together, together**2, together * sizes)
            ),
            np.bincount(owners, minlength=len(self.sets)),
            np.bincount(rule, minlength=len(self.rule_counts)),
            _located(block, matches, rule)[: len(matches) if self.keep else 0],
            self.drawn(block, matches, rule) if self.keep else self.draws[:0],
        )

    def drawn(self, block: Block, matches: np.ndarray, rule: np.ndarray) -> np.ndarray:
        """A random number for each match; it depends on the document, the place in it and the rule."""
        document = block.document_of[matches[:, 1]]
        inner = (matches[:, 1] - block.document_start[document]).astype(np.uint64)
        ids = _checksums(self.tokens.corpus.documents["id"].iloc[block.documents])
        return _mixed(_mixed(_mixed(ids[document] ^ self.salt) ^ inner) ^ self.rule_salts[rule])

    def add(self, block: Block, counted: _Counted) -> None:
        """Take the matches of a block."""
        self.tables.append(counted.tables)
        self.n_sentences += counted.n_sentences
        self.rule_counts += counted.rule_counts
        self.rows = np.concatenate((self.rows, counted.rows))
        self.draws = np.concatenate((self.draws, counted.draws))
        if len(self.rows) > self.room:
            self.downsample()
            self.room = max(_MIN_TO_DOWNSAMPLE, 2 * len(self.rows))

    def downsample(self) -> None:
        """Keep of each rule the matches with the lowest random numbers."""
        order = np.lexsort((self.rows[:, 2], self.draws, self.rows[:, 1]))
        rank = pd.Series(self.rows[order, 1]).groupby(self.rows[order, 1]).cumcount().to_numpy()
        chosen = order[rank < self.keep]
        self.rows, self.draws = self.rows[chosen], self.draws[chosen]

    def found(self) -> Found:
        """All matches that were taken."""
        from scipy import sparse

        self.downsample()
        rows = self.rows[np.lexsort((self.rows[:, 2], self.rows[:, 0]))]
        kept = {
            "name": np.array(list(self.sets), dtype=object)[rows[:, 0]],
            "rule": self.rule_texts[rows[:, 1]],
            **dict(zip(("first", "last", "sentence", "document"), rows[:, 2:].T, strict=True)),
        }
        return Found(
            self.tokens,
            tuple(self.sets),
            *(sparse.vstack(parts).tocsr() for parts in zip(*self.tables, strict=True)),
            self.n_sentences,
            self.rule_counts,
            pd.DataFrame(kept),
            self.keep,
            tuple(self.sets.values()),
        )


def by_document(block: Block, document, column, n: int, weights=None) -> sparse.csr_array:
    """A table of a block's documents × n columns: how many rows fall on each cell, or their weight."""
    from scipy import sparse

    weights = np.ones(len(document), dtype=np.int32) if weights is None else weights
    places = np.asarray(document, dtype=np.int32), np.asarray(column, dtype=np.int32)
    return sparse.coo_array((weights, places), shape=(block.n_documents, n)).tocsr()


def _located(block: Block, matches: np.ndarray, rule: np.ndarray) -> np.ndarray:
    """Rows (set, rule, first, last, sentence, document) of matches, numbered through the corpus."""
    sentence = block.sentence_of[matches[:, 1]]
    tokens = matches[:, 1:3] + block.first_token
    document = block.sentence_document[sentence] + block.first_document
    sentence = sentence + block.first_sentence
    return np.column_stack((matches[:, 0], rule, tokens, sentence, document)).astype(np.int64)


def _checksums(texts: Iterable[str]) -> np.ndarray:
    """A number for each text, the same on every machine."""
    return np.array([zlib.crc32(text.encode()) for text in texts], dtype=np.uint64)


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Whole numbers scattered over all of 64 bits (the finaliser of SplitMix64, Steele et al. 2014)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def find(
    tokens: Tokens, sets: Mapping[str, RuleSet], *, keep: int = KEPT, random_seed: int = 0
) -> Found:
    """The matches of rule sets: all of them counted, at most `keep` of each rule kept for reading."""
    collector = Gatherer(tokens, sets, keep, random_seed)
    matcher = Matcher(tokens, sets.values())
    for block, counted in tokens.each(lambda one: collector.counted(one, matcher.matches(one))):
        collector.add(block, counted)
    return collector.found()


def all_matches(found: Found, documents: Iterable[int]) -> pd.DataFrame:
    """Every match in some documents (numbers), kept for reading or not: name, document, first (token).

    Sorted by set and place.
    """
    tokens, matcher = found.tokens, Matcher(found.tokens, found.sets)
    wanted, parts = np.unique(list(documents)), [np.empty((0, 6), dtype=np.int64)]
    for number in sorted({tokens.block_number(document) for document in wanted}):
        block = tokens.block(number)
        matches = matcher.matches(block)
        parts.append(_located(block, matches, matches[:, 3]))
    rows = np.concatenate(parts)
    rows = rows[np.isin(rows[:, 5], wanted)]
    rows = rows[np.lexsort((rows[:, 2], rows[:, 0]))]
    names = np.array(found.names, dtype=object)
    return pd.DataFrame({"name": names[rows[:, 0]], "document": rows[:, 5], "first": rows[:, 2]})


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
    """A match in its text: document (number), text of the document, places of the match, its
    sentence and its paragraph (characters), its block, and its sentence's number in the block."""

    document: int
    text: str
    start: int
    end: int
    sentence: tuple[int, int]
    paragraph: tuple[int, int]
    block: Block
    number: int


def read_each(tokens: Tokens, rows: pd.DataFrame, function: Callable[[Reading], _T]) -> list[_T]:
    """What a function makes of each match (rows of `Found.kept`), in the order of the rows.

    Texts are read document by document, and none is held for longer than its matches take.
    """
    made: list = [None] * len(rows)
    columns = rows[["document", "first", "last", "sentence"]].to_numpy(dtype=np.int64)
    block_of = np.searchsorted(tokens.found["block_document"], columns[:, 0], side="right") - 1
    for number in np.unique(block_of).tolist():
        block, mine = tokens.block(number), np.flatnonzero(block_of == number)
        mine = mine[np.argsort(columns[mine, 0], kind="stable")]
        sentence = columns[mine, 3] - block.first_sentence
        bounds = _bounds(block, columns[mine, 1:3] - block.first_token, sentence)
        for document, group in groupby(range(len(mine)), key=columns[mine, 0].tolist().__getitem__):
            places = list(group)
            text, spans = _in_characters(tokens.corpus.texts.content(document), bounds[places])
            for place, (start, end, *more) in zip(places, spans.tolist(), strict=True):
                sides = tuple(more[:2]), tuple(more[2:])
                reading = Reading(document, text, start, end, *sides, block, int(sentence[place]))
                made[mine[place]] = function(reading)
    return made


def _bounds(block: Block, tokens: np.ndarray, sentence: np.ndarray) -> np.ndarray:
    """The bytes of their document at which matches (first and last token), their sentences and
    their paragraphs begin and end: six columns."""
    first, last = tokens.T
    paragraphs, paragraph_of = block.line_spans
    match = block.start[first], block.start[last] + block.size[last]
    return np.column_stack((*match, block.span[sentence], paragraphs[paragraph_of[sentence]]))


def _in_characters(content: bytes, places: np.ndarray) -> tuple[str, np.ndarray]:
    """A text, and places of its bytes as places of its characters."""
    text = content.decode("utf-8")
    if len(text) == len(content):
        return text, places
    is_first_byte = (np.frombuffer(content, dtype=np.uint8) & 0xC0) != 0x80
    return text, np.searchsorted(np.flatnonzero(is_first_byte), places)


def evidence_table(found: Found, unit: str) -> pd.DataFrame:
    """The kept matches as readers follow them: `evidence.parquet` of the run folder.

    Columns: frame, rule, document (id), unit (number within the document, from 1), start, end
    (character offsets into the document's text), text (`text[start:end]`), sentence (line ends in it
    as blanks).
    """
    check_unit(unit)
    ids = found.tokens.corpus.documents["id"].array
    units_in = lru_cache(1)(lambda block: _units_in_documents(block, unit))

    def row(one: Reading) -> tuple:
        match, sentence = one.text[one.start : one.end], one.text[slice(*one.sentence)]
        number = int(units_in(one.block)[one.number])
        return number, one.start, one.end, match, one_line(sentence)

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
    character is cut. All lines are held in memory.
    """
    ids = tokens.corpus.documents["id"].array
    kept = find(tokens, {rules.name: rules}, keep=max(len(tokens), 1)).kept

    def line(one: Reading) -> tuple:
        text, start, end = one.text, one.start, one.end
        low, high = max(one.paragraph[0], start - width), min(one.paragraph[1], end + width)
        left = text[low:start].encode()
        left = left[max(len(left) - width, 0) :].decode(errors="ignore")
        right = text[end:high].encode()[:width].decode(errors="ignore")
        return ids[one.document], *map(one_line, (left, text[start:end], right))

    columns = ["document", "left", "match", "right"]
    return pd.DataFrame(read_each(tokens, kept, line), columns=columns)
