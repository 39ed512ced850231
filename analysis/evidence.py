"""Evidence: every match of a rule, with its place in the text."""

from __future__ import annotations

import bisect
import html
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from numbers import Integral
from typing import TypeVar

import numpy as np
import pandas as pd
from scipy import sparse

from analysis import uncertainty
from analysis.blocks import FULL_STOP, INSIDE
from analysis.codebook import Rule, RuleSet
from analysis.errors import InputError, shown
from analysis.exclusions import like
from analysis.tokens import Block, Tokens, as_numbers
from analysis.words import TOKEN

T = TypeVar("T")
LONGEST_LINE = 4000
NO_MATHS = "tex2jax_ignore mathjax_ignore"
UNITS = ("sentence", "paragraph", "document")
KEPT = 300
FEWEST_TO_SIFT = 200_000
IN_TOKEN = np.frombuffer(INSIDE, dtype=bool).copy()
IN_TOKEN[FULL_STOP] = True
WINDOW, LONGEST_TOKEN = 40, 2**24


def word_ids(tokens: Tokens, pattern: str) -> np.ndarray:
    """Sorted places of the vocabulary's forms that a word pattern matches.

    A pattern in lower case is compared with the lower-case form, one with a capital with the form
    itself.
    """
    smart = pattern == pattern.lower()
    forms = tokens.lower if smart else tokens.vocabulary
    order = tokens.by_lower if smart else range(len(forms))
    prefix, star, _ = pattern.partition("*")

    def form(place: int) -> str:
        return forms[int(order[place])].as_py()

    first = bisect.bisect_left(range(len(forms)), prefix, key=form)
    if not star:
        last = bisect.bisect_right(range(len(forms)), prefix, first, key=form)
    else:
        last = bisect.bisect_left(
            range(len(forms)), True, first, key=lambda n: not form(n).startswith(prefix)
        )
    found = np.arange(first, last) if not smart else np.asarray(order[first:last], dtype=np.int64)
    if star and pattern != prefix + "*":
        fits = [like(pattern, name) for name in forms.take(found).to_pylist()]
        found = found[np.array(fits, dtype=bool)]
    return np.sort(found)


class Matcher:
    """Finds rules in the blocks of a corpus; their words are looked up in the vocabulary once.

    All rules of all sets are laid flat: `owner` is the set of a rule, `number` its place in the
    set (exceptions count on from the rules), `words` the number of each of its words among the
    different words of all rules, `gaps` the most tokens that may stand before each. A rule is
    looked for where its `anchor`, its rarest word, stands.
    """

    def __init__(self, tokens: Tokens, sets: Iterable[RuleSet]):
        self.tokens = tokens
        self.sets = tuple(sets)
        flat = [
            (owner, number, rule)
            for owner, rules in enumerate(self.sets)
            for number, rule in enumerate((*rules.rules, *rules.exceptions))
        ]
        rules = [rule for _, _, rule in flat]
        self.owner = np.array([owner for owner, _, _ in flat], dtype=np.int64)
        self.number = np.array([number for _, number, _ in flat], dtype=np.int64)
        n_rules = np.array([len(one.rules) for one in self.sets], dtype=np.int64)
        self.is_exception = self.number >= n_rules[self.owner]
        self.length = np.array([len(rule.words) for rule in rules], dtype=np.int64)
        self.has_gap = np.array([any(rule.gaps) for rule in rules], dtype=bool)
        different = dict.fromkeys(word for rule in rules for word in rule.words)
        self.members = [word_ids(tokens, word) for word in different]
        self.lay_out(rules, {word: n for n, word in enumerate(different)})

    def lay_out(self, rules: list[Rule], numbers: Mapping[str, int]) -> None:
        """Set words, gaps and anchors, and which forms of the vocabulary anchor which rules."""
        counts = [int(self.tokens.form_counts[found].sum()) for found in self.members]
        longest = int(self.length.max(initial=1))
        self.words = np.zeros((len(rules), longest), dtype=np.int64)
        self.gaps = np.zeros((len(rules), longest), dtype=np.int64)
        self.anchor = np.zeros(len(rules), dtype=np.int64)
        for n, rule in enumerate(rules):
            words = [numbers[word] for word in rule.words]
            self.words[n, : len(words)] = words
            self.gaps[n, 1 : len(words)] = rule.gaps
            self.anchor[n] = min(range(len(words)), key=lambda k: counts[words[k]])
        found = [self.members[words[k]] for words, k in zip(self.words, self.anchor, strict=True)]
        form = np.concatenate([np.empty(0, dtype=np.int64), *found])
        rule = np.repeat(np.arange(len(rules)), list(map(len, found)))
        order = np.argsort(form, kind="stable")
        self.anchored = rule[order]
        self.begin = np.searchsorted(form[order], np.arange(len(self.tokens.vocabulary) + 1))

    def fits(self, block: Block) -> np.ndarray:
        """Which forms of the block's vocabulary (columns) each different word (rows) matches."""
        place = np.full(len(self.tokens.vocabulary), -1, dtype=np.int32)
        place[block.forms] = np.arange(len(block.forms))
        table = np.zeros((len(self.members), len(block.forms)), dtype=bool)
        word = np.repeat(np.arange(len(self.members)), list(map(len, self.members)))
        form = place[np.concatenate([np.empty(0, dtype=np.int64), *self.members])]
        table[word[form >= 0], form[form >= 0]] = True
        return table

    def candidates(self, block: Block) -> np.ndarray:
        """Rows (rule, first token, last token) wherever a rule fits, each once."""
        many = np.diff(self.begin)[block.forms]
        hits = np.flatnonzero((many > 0)[block.ids])
        repeats = many[block.ids[hits]]
        rule = self.anchored[ranges(self.begin[block.forms][block.ids[hits]], repeats)]
        place = np.repeat(hits, repeats)
        single = self.length[rule] == 1
        gap = self.has_gap[rule]
        table = self.fits(block)
        return np.concatenate(
            (
                np.column_stack((rule[single], place[single], place[single])),
                self.side_by_side(block, table, rule[~single & ~gap], place[~single & ~gap]),
                self.with_gaps(block, table, rule[gap], place[gap]),
            )
        )

    def side_by_side(self, block: Block, table, rule, place) -> np.ndarray:
        """The rows of rules without gaps whose anchor stands at a place."""
        first = place - self.anchor[rule]
        last = first + self.length[rule] - 1
        inside = (first >= 0) & (last < len(block.ids))
        rule, first, last = rule[inside], first[inside], last[inside]
        for k in range(self.words.shape[1]):
            at = np.minimum(first + k, last)
            asked = (self.length[rule] > k) & (self.anchor[rule] != k)
            kept = ~asked | table[self.words[rule, k], block.ids[at]]
            rule, first, last = rule[kept], first[kept], last[kept]
        same = block.sentence_of[first] == block.sentence_of[last]
        return np.column_stack((rule[same], first[same], last[same]))

    def with_gaps(self, block: Block, table, rule, place) -> np.ndarray:
        """The rows of rules with gaps whose anchor stands at a place, each once."""
        rows = np.column_stack((rule, place, place))
        for side in (1, -1):
            for step in range(1, self.words.shape[1]):
                rows = self.reached(block, table, rows, self.anchor + side * step, side)
                rows = distinct(rows)
        return rows

    def reached(
        self, block: Block, table, rows: np.ndarray, word: np.ndarray, side: int
    ) -> np.ndarray:
        """The rows from which the next word of their rule (`word` by rule) is reached on one side.

        Rows whose rule has no such word stay as they are; the others are stretched to it.
        """
        there = (word >= 0) & (word < self.length)
        more = there[rows[:, 0]]
        rows, left = rows[more], rows[~more]
        edge = 2 if side > 0 else 1
        gap = np.where(there, word + (side < 0), 0)
        reach = self.gaps[rows[:, 0], gap[rows[:, 0]]] + 1
        step = ranges(np.ones(len(rows), dtype=np.int64), reach)
        rows = np.repeat(rows, reach, axis=0)
        at = rows[:, edge] + side * step
        kept = np.flatnonzero((at >= 0) & (at < len(block.ids)))
        kept = kept[table[self.words[rows[kept, 0], word[rows[kept, 0]]], block.ids[at[kept]]]]
        kept = kept[block.sentence_of[rows[kept, edge]] == block.sentence_of[at[kept]]]
        rows = rows[kept]
        rows[:, edge] = at[kept]
        return np.concatenate((left, rows))

    def matches(self, block: Block) -> np.ndarray:
        """Rows (set, first token, last token, rule of the set), none of a set overlapping another.

        Matches inside an exception are left out; then the longest wins, the earlier of two as
        long, the rule written first of two at the same place. Sorted by set and place.
        """
        found = self.candidates(block)
        rule = found[:, 0]
        apart = self.owner[rule] * (len(block.ids) + 1)  # sets never meet
        rows = np.column_stack((found[:, 1] + apart, found[:, 2] + apart, self.number[rule]))
        barred = self.is_exception[rule]
        if barred.any():
            rows, spans = rows[~barred], rows[barred]
            rows = rows[~inside_any(rows, spans)]
        rows = longest(rows)
        owner = rows[:, 0] // (len(block.ids) + 1)
        apart = owner * (len(block.ids) + 1)
        return np.column_stack((owner, rows[:, 0] - apart, rows[:, 1] - apart, rows[:, 2]))


def distinct(rows: np.ndarray) -> np.ndarray:
    """The different ones among rows (rule, first, last)."""
    if len(rows) < 2:
        return rows
    order = np.lexsort(rows.T)
    rows = rows[order]
    return rows[np.concatenate(([True], np.any(rows[1:] != rows[:-1], axis=1)))]


def ranges(starts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Whole numbers from each start, as many as its size, one range after the other."""
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) - np.repeat(ends - sizes - starts, sizes)


def inside_any(rows: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Which rows lie inside at least one of the spans (first, last)."""
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    farthest = np.maximum.accumulate(spans[:, 1])
    before = np.searchsorted(spans[:, 0], rows[:, 0], side="right") - 1
    return (before >= 0) & (farthest[np.maximum(before, 0)] >= rows[:, 1])


def longest(rows: np.ndarray) -> np.ndarray:
    """Rows (first, last, rule) without overlaps, the longest kept, sorted by place."""
    if not len(rows):
        return rows
    first, last, rule = in_order(rows)
    reach = np.maximum.accumulate(last)
    begins = np.concatenate(([True], first[1:] > reach[:-1]))
    alone = begins & np.concatenate((begins[1:], [True]))
    if alone.all():
        return np.column_stack((first, last, rule))
    kept = [np.column_stack((first[alone], last[alone], rule[alone]))]
    left = np.column_stack((first[~alone], last[~alone], rule[~alone]))
    order = np.lexsort((left[:, 2], left[:, 0], left[:, 0] - left[:, 1]))
    kept.append(left[order[clear_of_others(left[order])]])
    rows = np.concatenate(kept)
    return rows[np.argsort(rows[:, 0], kind="stable")]


def clear_of_others(rows: np.ndarray) -> list[int]:
    """Which rows are taken if each is that overlaps none taken before it; the longest come first.

    A row that overlaps one at least as long has one of its own ends inside it.
    """
    taken: set[int] = set()
    chosen = []
    for number, (first, last, _) in enumerate(rows.tolist()):
        if first not in taken and last not in taken:
            taken.update(range(first, last + 1))
            chosen.append(number)
    return chosen


def in_order(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The columns of rows (first, last, rule), sorted; as one number each where that is possible."""
    first, last, rule = rows.T
    bits = [int(part.max()).bit_length() for part in (first, last - first, rule)]
    if sum(bits) > 62:
        order = np.lexsort((rule, last, first))
        return first[order], last[order], rule[order]
    keys = np.sort(((first << bits[1] | last - first) << bits[2]) | rule)
    rule = keys & ((1 << bits[2]) - 1)
    keys >>= bits[2]
    first = keys >> bits[1]
    return first, first + (keys & ((1 << bits[1]) - 1)), rule


# --- what was found --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Found:
    """The matches of rule sets in a corpus: counts of all of them, and those kept for reading.

    `counts` has the matches of each set (columns) in each document (rows); `squares` and
    `products` are sums over its sentences of matches² and of matches × tokens. `n_sentences` is
    how many sentences hold a match of each set, `rule_counts` the matches of each of its rules. `kept` has one row a match that is kept, by set and
    place: name, rule (as written), first, last (token), sentence, document (numbers in the
    corpus). Of each rule at most `keep` are kept, drawn at random.
    """

    tokens: Tokens
    names: tuple[str, ...]
    counts: sparse.csr_array
    squares: sparse.csr_array
    products: sparse.csr_array
    n_sentences: np.ndarray
    rule_counts: tuple[pd.Series, ...]
    kept: pd.DataFrame
    keep: int

    @cached_property
    def totals(self) -> np.ndarray:
        """Matches of each set."""
        return np.asarray(self.counts.sum(axis=0)).ravel()

    def of(self, name: str) -> pd.DataFrame:
        """The kept matches of one set."""
        return self.kept[self.kept["name"] == name]

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
        self.room = FEWEST_TO_SIFT

    def add(self, block: Block, rows: np.ndarray) -> None:
        """Take the matches of a block (see `Matcher.matches`)."""
        sentence = block.sentence_of[rows[:, 1]]
        document = block.sentence_document[sentence]
        n = len(self.sets)
        new = np.ones(len(rows), dtype=bool)  # the first of its set in a sentence
        new[1:] = (rows[1:, 0] != rows[:-1, 0]) | (sentence[1:] != sentence[:-1])
        begins = np.flatnonzero(new)
        together = np.diff(np.append(begins, len(rows)))
        owner = rows[begins, 0]
        self.n_sentences += np.bincount(owner, minlength=n)
        sizes = np.diff(block.sentence_start)[sentence[begins]]
        cells = document[begins] * n + owner
        sums = [
            np.bincount(cells, weights, block.n_documents * n).astype(np.int64)
            for weights in (together, together**2, together * sizes)
        ]
        kinds = np.flatnonzero(sums[0])
        self.moments.append((kinds + block.first_document * n, *(part[kinds] for part in sums)))
        flat = self.first_rule[rows[:, 0]] + rows[:, 3]
        self.rule_counts += np.bincount(flat, minlength=len(self.rule_counts))
        if self.keep:
            self.take(block, rows, sentence, document)

    def take(
        self, block: Block, rows: np.ndarray, sentence: np.ndarray, document: np.ndarray
    ) -> None:
        """Keep matches for reading; which ones depends on the document, the place in it and the rule."""
        inner = (rows[:, 1] - block.document_start[document]).astype(np.uint64)
        rule = self.salts[self.first_rule[rows[:, 0]] + rows[:, 3]]
        ids = self.tokens.corpus.documents["id"].iloc[block.documents]
        named = np.array([zlib.crc32(name.encode()) for name in ids], dtype=np.uint64)
        draws = mixed(mixed(mixed(named[document] ^ self.salt) ^ inner) ^ rule)
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
            self.room = max(FEWEST_TO_SIFT, 2 * len(self.rows))

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
        where = np.divmod(cells, max(len(self.sets), 1))
        return Found(
            self.tokens,
            tuple(self.sets),
            *(sparse.csr_array((part, where), shape=shape) for part in sums),
            self.n_sentences,
            tuple(
                pd.Series(self.rule_counts[slice(*bounds)], index=text)
                for bounds, text in zip(pairwise(self.first_rule), texts, strict=True)
            ),
            pd.DataFrame(table),
            self.keep,
        )


def mixed(numbers: np.ndarray) -> np.ndarray:
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
    for block, rows in tokens.each(matcher.matches):
        gatherer.add(block, rows)
    return gatherer.found()


def check_unit(unit: str) -> None:
    """Raise InputError for an unknown unit."""
    if unit not in UNITS:
        raise InputError("unknown unit", value=unit, allowed=UNITS)


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
    """A match where it stands: document (number), text of the document, places of the match and
    its sentence (characters), and the sentence's number in its block."""

    document: int
    text: str
    start: int
    end: int
    sentence: tuple[int, int]
    number: int
    block: Block


def read_each(tokens: Tokens, rows: pd.DataFrame, function: Callable[[Reading], T]) -> list[T]:
    """What a function makes of each of the matches where it stands, in the order of the rows.

    Texts are read document by document, and none is held for longer than its matches take.
    """
    columns = rows[["document", "first", "last", "sentence"]].to_numpy(dtype=np.int64)
    made: list = [None] * len(columns)
    order = np.lexsort((columns[:, 1], columns[:, 0]))
    block = None
    for document, places in groupby(order.tolist(), key=lambda n: int(columns[n, 0])):
        if block is None or document >= block.documents.stop:
            block = tokens.block(tokens.block_number(document))
        content = tokens.corpus.texts.content(document)
        text, leads = content.decode("utf-8"), None
        if len(text) < len(content):
            leads = np.flatnonzero((np.frombuffer(content, dtype=np.uint8) & 0xC0) != 0x80)
        for place in places:
            match = columns[place, 1:].tolist()
            made[place] = function(reading(block, document, text, leads, *match))
    return made


def reading(block: Block, document: int, text: str, leads, first, last, sentence) -> Reading:
    """One match (tokens and sentence numbered in the corpus) in the text of its document.

    `leads` are the first bytes of the text's characters, None where every character is one byte.
    """
    number = sentence - block.first_sentence
    begins = block.start[[first - block.first_token, last - block.first_token]]
    bounds = [*begins.tolist(), *block.span[number].tolist()]
    if leads is not None:
        bounds = np.searchsorted(leads, bounds).tolist()
    start, last_start, *span = bounds
    end = TOKEN.match(text, last_start).end()
    return Reading(document, text, start, end, tuple(span), number, block)


def evidence_table(found: Found, unit: str) -> pd.DataFrame:
    """The kept matches as readers follow them: `evidence.parquet` of the run folder.

    Columns: frame, rule, document (id), unit (number within the document, from 1), start, end
    (character offsets into the document's text), text (`text[start:end]`), sentence.
    """
    check_unit(unit)
    ids = found.tokens.corpus.documents["id"].to_numpy()
    units: dict[int, np.ndarray] = {}

    def row(one: Reading) -> tuple:
        block = one.block.first_document
        if block not in units:
            units[block] = units_in_documents(one.block, unit)
        match, sentence = one.text[one.start : one.end], one.text[slice(*one.sentence)]
        return ids[one.document], int(units[block][one.number]), one.start, one.end, match, sentence

    columns = ["document", "unit", "start", "end", "text", "sentence"]
    table = pd.DataFrame(read_each(found.tokens, found.kept, row), columns=columns)
    table.insert(0, "frame", found.kept["name"].to_numpy())
    table.insert(1, "rule", found.kept["rule"].to_numpy())
    return table


def units_in_documents(block: Block, unit: str) -> np.ndarray:
    """The unit of each sentence, numbered within its document from 1."""
    units = units_of(block, unit)
    first = np.searchsorted(block.sentence_document, block.sentence_document)
    return units - units[first] + 1


def kept_told(found: Found, parameter: str) -> str:
    """Whether every match is kept for reading, and if not, how many are."""
    total, kept = int(found.totals.sum()), len(found.kept)
    if kept == total:
        return f"All {total:,} matches are kept for reading."
    return (
        f"Counts are of all {total:,} matches; {kept:,} of them are kept for reading, of each rule "
        f"at most {found.keep:,}, drawn at random (parameter {parameter})."
    )


def concordance(tokens: Tokens, rules: RuleSet, *, width: int = 60) -> pd.DataFrame:
    """Every match in its context: document, left, match, right; `width` bytes of UTF-8 on each side.

    The context stays within the sentences of one line; no character is cut.
    """
    import pyarrow as pa

    matcher = Matcher(tokens, [rules])
    ids = tokens.corpus.documents["id"]
    documents, parts = [], []

    def lines(block: Block) -> tuple:
        first, last = matcher.matches(block)[:, 1:3].T
        numbers = block.document_of[first] + block.first_document
        return numbers, lines_in_block(tokens, block, first, last, width) if len(first) else ()

    for _, (numbers, found) in tokens.each(lines):
        if found:
            documents.append(numbers)
            parts.append(found)
    names = ("left", "match", "right")
    columns = {
        name: pa.chunked_array([part[n] for part in parts], pa.large_string())
        for n, name in enumerate(names)
    }
    table = pa.table(columns).to_pandas()
    where = np.concatenate([np.empty(0, dtype=np.int64), *documents])
    table.insert(0, "document", ids.take(where).reset_index(drop=True))
    return table


def lines_in_block(tokens: Tokens, block: Block, first, last, width: int) -> list:
    """Left context, match and right context of each match (its first and last token), as Arrow arrays."""
    content, origin = tokens.corpus.texts.stretch(
        range(block.documents.start, block.documents.stop)
    )
    data = np.frombuffer(content, dtype=np.uint8)
    shift = origin[block.document_of[first]]
    start, end = block.start[first] + shift, block.start[last] + shift
    stop = np.append(origin[1:], len(data))[block.document_of[first]]
    end = end + token_sizes(data, end, stop)
    sentence = block.sentence_of[first]
    breaks = np.any(
        np.column_stack((np.diff(block.sentence_document), np.diff(block.paragraph))), axis=1
    )
    line = np.concatenate(([0], np.cumsum(breaks)))[sentence]
    edges = np.flatnonzero(breaks)
    low = block.span[np.concatenate(([0], edges + 1))[line], 0] + shift
    high = block.span[np.append(edges, block.n_sentences - 1)[line], 1] + shift
    left = whole_characters(data, np.maximum(low, start - width), 1)
    right = whole_characters(data, np.minimum(np.maximum(high, end), end + width), -1)
    return [
        texts_at(data, *pair)
        for pair in ((np.minimum(left, start), start), (start, end), (end, right))
    ]


def whole_characters(data: np.ndarray, place: np.ndarray, step: int) -> np.ndarray:
    """Places moved by up to three bytes so that none lies inside a character."""
    place = place.copy()
    for _ in range(3):
        inside = (data[np.minimum(place, len(data) - 1)] & 0xC0) == 0x80
        if not inside.any():
            break
        place[inside] += step
    return place


def token_sizes(data: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """How many bytes each token has that begins at a place, in a text that ends at `stop`."""
    padded = np.concatenate((data, np.zeros(WINDOW, dtype=np.uint8)))
    outside = ~IN_TOKEN[np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[start]]
    run = np.where(outside.any(axis=1), outside.argmax(axis=1), WINDOW)
    run = np.minimum(run, stop - start)
    runs = texts_at(padded, start, start + run).cast("large_binary").dictionary_encode()
    sizes = [token_size(kind) for kind in runs.dictionary.to_pylist()]
    found = np.array(sizes, dtype=np.int64)[as_numbers(runs.indices)]
    for n in np.flatnonzero(run == WINDOW).tolist():
        found[n] = token_size(data[start[n] : min(stop[n], start[n] + LONGEST_TOKEN)].tobytes())
    return found


def token_size(content: bytes) -> int:
    """The bytes of the token that some bytes begin with."""
    match = TOKEN.match(content.decode("utf-8", errors="ignore"))
    return len(match.group().encode()) if match else 0


def texts_at(data: np.ndarray, start: np.ndarray, end: np.ndarray):
    """The bytes between places as an Arrow array of texts."""
    import pyarrow as pa

    sizes = end - start
    offsets = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
    buffers = (pa.py_buffer(offsets), pa.py_buffer(data[ranges(start, sizes)]))
    return pa.LargeStringArray.from_buffers(len(start), *buffers)


def lines_of(tokens: Tokens, rows: pd.DataFrame, width: int = 60) -> list[tuple]:
    """Document, left context, match and right context of some matches; `width` characters a side."""
    ids = tokens.corpus.documents["id"].to_numpy()

    def line(one: Reading) -> tuple:
        text, start, end = one.text, one.start, one.end
        left = (text[max(0, start - width) : start] + "|").splitlines()[-1][:-1]
        right = ("|" + text[end : end + width]).splitlines()[0][1:]
        return ids[one.document], left, text[start:end], right

    return read_each(tokens, rows, line)


def spread_sample(rows: pd.DataFrame, most: int, rng: np.random.Generator) -> pd.DataFrame:
    """At most `most` rows, drawn at random without replacement, in their old order."""
    if len(rows) <= most:
        return rows
    return rows.iloc[np.sort(rng.choice(len(rows), size=most, replace=False))]


# --- matches as pages to read ------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """Something to read in a notebook: as HTML with everything escaped, and as plain text."""

    html: str
    text: str

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        page = f'<div class="{NO_MATHS}">{self.html}</div>'
        return {"text/html": page, "text/plain": self.text}


def escaped(text: str) -> str:
    """Text as HTML that shows it and does nothing else; invisible characters are made visible."""
    return html.escape(plain(text))


def cell(value: object) -> str:
    """A value of a table as text: numbers to four digits, or whole with thousands set apart.

    >>> [cell(value) for value in (12345, 12345.678, 0.0123456, float("nan"), "a")]
    ['12,345', '12,346', '0.01235', '–', 'a']
    """
    if isinstance(value, float):
        if value != value:
            return "–"
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, Integral) else str(value)


def plain(text: str) -> str:
    """Text as one line of plain output, nothing invisible in it."""
    return shown(text, quote=False, longest=LONGEST_LINE)


def marked(sentence: str, spans: Iterable[tuple[int, int]]) -> str:
    """A sentence as HTML with the spans marked; everything in it is escaped.

    >>> marked("a <b> race", [(6, 10)])
    'a &lt;b&gt; <mark>race</mark>'
    """
    return "".join(marked_pieces(sentence, sorted(spans)))


def marked_pieces(sentence: str, spans: list[tuple[int, int]]) -> Iterator[str]:
    place = 0
    for start, end in spans:
        if start < place:
            continue
        yield escaped(sentence[place:start])
        yield f"<mark>{escaped(sentence[start:end])}</mark>"
        place = end
    yield escaped(sentence[place:])


def table_page(table: pd.DataFrame, *, most: int = 200) -> Page:
    """A table with its texts in full, at most `most` rows, what is not shown counted."""
    head = "".join(f"<th style='text-align:left'>{escaped(str(name))}</th>" for name in table)
    rows = [
        "<tr>"
        + "".join(f"<td style='text-align:left'>{escaped(cell(v))}</td>" for v in row)
        + "</tr>"
        for row in table.head(most).itertuples(index=False)
    ]
    more = f"{len(table) - most:,} more rows not shown" if len(table) > most else ""
    body = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    lines = [plain(" | ".join(map(cell, row))) for row in table.head(most).itertuples(index=False)]
    return Page(body + (f"<p>{more}</p>" if more else ""), "\n".join([*lines, more]).strip())


def concordance_page(found: Found, *, most: int, random_seed: int) -> Page:
    """Matches in their context, one below the other: at most `most`, drawn at random if more."""
    return lines_page(found, found.kept, int(found.totals.sum()), "lines", most, random_seed)


def concordance_pages(found: Found, *, most: int, random_seed: int) -> Page:
    """The concordance lines of each rule set in turn, in the order of `found`."""
    totals = zip(found.names, found.totals.tolist(), strict=True)
    return joined(
        lines_page(found, found.of(name), total, name, most, random_seed)
        for name, total in totals
        if total
    )


def lines_page(
    found: Found, rows: pd.DataFrame, total: int, label: str, most: int, random_seed: int
) -> Page:
    """Some of the matches in their context."""
    rng = uncertainty.generator(random_seed, f"concordance {label}")
    lines = lines_of(found.tokens, spread_sample(rows, most, rng))
    cells = [
        f"<tr><td style='text-align:left'>{escaped(document)}</td>"
        f"<td style='text-align:right'>{escaped(left)}</td>"
        f"<td style='text-align:center'><mark>{escaped(match)}</mark></td>"
        f"<td style='text-align:left'>{escaped(right)}</td></tr>"
        for document, left, match, right in lines
    ]
    text = [plain(f"{document}: {left}[{match}]{right}") for document, left, match, right in lines]
    told = told_sample(label, len(lines), total, "matches")
    page = f"<p><b>{escaped(told)}</b></p><table>{''.join(cells)}</table>"
    return Page(page, "\n".join([plain(told), *text]))


def sentence_pages(found: Found, names: Iterable[str], *, most: int, random_seed: int) -> Page:
    """Sentences behind each rule set, its matches marked: at most `most` each, drawn at random.

    Each is followed by its document and the rules that matched, so that a number can be followed
    to its text.
    """
    return joined(
        sentences_page(found, name, most, uncertainty.generator(random_seed, f"sentences {name}"))
        for name in names
    )


def sentences_page(found: Found, name: str, most: int, rng: np.random.Generator) -> Page:
    """The sentences of one rule set."""
    mine = found.of(name)
    numbers = np.unique(mine["sentence"].to_numpy(int))
    drawn = numbers if len(numbers) <= most else np.sort(rng.choice(numbers, most, replace=False))
    mine = mine[mine["sentence"].isin(drawn)].sort_values(["sentence", "first"])
    ids = found.tokens.corpus.documents["id"].to_numpy()
    pieces, text = [], []

    def marked_place(one: Reading) -> tuple:
        first, last = one.sentence
        return ids[one.document], one.text[first:last], (one.start - first, one.end - first)

    places = read_each(found.tokens, mine, marked_place)
    rows = zip(mine["sentence"], mine["rule"], places, strict=True)
    for _, group in groupby(rows, key=lambda row: row[0]):
        _, rules, ones = zip(*group, strict=True)
        document, sentence, _ = ones[0]
        spans = [span for *_, span in ones]
        origin = f"{document}; {', '.join(dict.fromkeys(rules))}"
        pieces.append(f"<li>{marked(sentence, spans)} <small>({escaped(origin)})</small></li>")
        text.append(plain(f"- {sentence} ({origin})"))
    total = int(found.n_sentences[found.names.index(name)])
    told = told_sample(name, len(drawn), total, "sentences")
    page = f"<p><b>{escaped(told)}</b></p><ul>{''.join(pieces)}</ul>"
    return Page(page, "\n".join([plain(told), *text]))


def told_sample(name: str, drawn: int, total: int, what: str) -> str:
    """'race: 3 of 85 sentences (drawn at random)'."""
    return f"{name}: {drawn:,} of {total:,} {what}" + (
        " (drawn at random)" if drawn < total else ""
    )


def joined(pages: Iterable[Page]) -> Page:
    """Several pages as one."""
    pages = list(pages)
    return Page("".join(page.html for page in pages), "\n\n".join(page.text for page in pages))
