"""Matching: where the rules of a codebook match the tokens of a block."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import product

import numpy as np
import pandas as pd

from analysis.errors import InputError
from analysis.language.chinese import simplified
from analysis.language.parts import Piece, alternatives
from analysis.reading.exclusions import like
from analysis.rules.codebook import Rule, RuleSet, is_chinese_word
from analysis.store.arrow import as_bools
from analysis.store.blocks import MAY_BE_CHINESE
from analysis.tokens import Block, Tokens

_MAX_ALTERNATIVES = 64
_Word = str | Piece


class Matcher:
    """Finds rules in the blocks of a corpus; their words are looked up in the vocabulary once.

    The rules of all sets are numbered in a row: `rule_set` is the set of each, `number` its place
    in the set (exceptions are counted on from the rules), `words` are the numbers of its words
    among the distinct words of all rules, `gaps` the most tokens that may be skipped before each. A
    rule is looked for at its `anchor`, its rarest word: a form anchors the `n_anchored` rules from
    `begin` on of those in `anchored`. A rule with Chinese words is entered once for each way in
    which the texts may hold them (`language.parts`).
    """

    def __init__(self, tokens: Tokens, sets: Iterable[RuleSet]):
        self.tokens, self.sets = tokens, tuple(sets)
        self.known: dict[Piece, np.ndarray] = {}
        flat = [
            (place, number, rule)
            for place, rules in enumerate(self.sets)
            for number, rule in enumerate((*rules.rules, *rules.exceptions))
        ]
        self.chinese = _chinese_forms(tokens) if any(r.is_chinese for *_, r in flat) else None
        flat = [(*place, variant) for *place, rule in flat for variant in self.variants(rule)]
        rules = [rule for _, _, rule in flat]
        self.rule_set = np.array([place for place, _, _ in flat], dtype=np.int64)
        self.number = np.array([number for _, number, _ in flat], dtype=np.int64)
        n_rules = np.array([len(one.rules) for one in self.sets], dtype=np.int64)
        self.is_exception = self.number >= n_rules[self.rule_set]
        self.length = np.array([len(rule.words) for rule in rules], dtype=np.int64)
        self.lay_out(rules)

    def variants(self, rule: Rule) -> list[Rule]:
        """The rule with its Chinese words in every way in which this vocabulary can hold them.

        Raises InputError for one with too many ways.
        """
        if not rule.is_chinese:
            return [rule]
        ways = [self.ways_of(word) for word in rule.words]
        if math.prod(map(len, ways)) > _MAX_ALTERNATIVES:
            problem = "its Chinese words can be cut in too many ways, in rule"
            raise InputError(problem, value=rule.text, allowed="fewer words in one rule")
        return [_joined(rule, way) for way in product(*ways)]

    def ways_of(self, word: str) -> list[tuple[_Word, ...]]:
        """The pieces of one word of a rule, in every way of which the vocabulary has each piece."""
        if not is_chinese_word(word):
            return [(word,)]
        if not len(self.chinese[0]):
            return []
        if "*" in word.strip("*"):
            return [(simplified(word),)]
        ways = alternatives(word, self.tokens.corpus.words)
        return [way for way in ways if all(len(self.forms_of(piece)) for piece in way)]

    def forms_of(self, word: _Word) -> np.ndarray:
        """Sorted places of the vocabulary that a word of a rule, or a piece of one, matches."""
        known = self.known if isinstance(word, Piece) else self.tokens.known_words
        if word not in known:
            is_piece = isinstance(word, Piece)
            known[word] = _with_piece(*self.chinese, word) if is_piece else _like(self.tokens, word)
        return known[word]

    def lay_out(self, rules: list[Rule]) -> None:
        """Set words, gaps and anchors, and which forms of the vocabulary anchor which rules."""
        numbers: dict[_Word, int] = {}
        longest = int(self.length.max(initial=1))
        self.words, self.gaps = np.zeros((2, len(rules), longest), dtype=np.int64)
        for n, rule in enumerate(rules):
            words = [numbers.setdefault(word, len(numbers)) for word in rule.words]
            self.words[n, : len(words)] = words
            self.gaps[n, 1 : len(words)] = rule.gaps
        self.members = [self.forms_of(word) for word in numbers]
        counts = np.array([self.tokens.form_counts[forms].sum() for forms in self.members])
        rarity = [counts[self.words[n, : len(rule.words)]] for n, rule in enumerate(rules)]
        self.anchor = np.array([one.argmin() for one in rarity], dtype=np.int64)
        found = [self.members[words[k]] for words, k in zip(self.words, self.anchor, strict=True)]
        form = np.concatenate([np.empty(0, dtype=np.int64), *found])
        rule = np.repeat(np.arange(len(rules)), list(map(len, found)))
        self.anchored = rule[np.argsort(form, kind="stable")]
        self.n_anchored = np.bincount(form, minlength=len(self.tokens.vocabulary))
        self.begin = np.cumsum(self.n_anchored) - self.n_anchored

    def matches(self, block: Block) -> np.ndarray:
        """Rows (set, first token, last token, rule of the set), none of a set overlapping another.

        Matches inside an exception are left out; then the longest wins, the earlier of two as
        long, the rule written first of two at the same place. Sorted by set and place.
        """
        found = self.candidates(block)
        rule = found[:, 0]
        shift = self.rule_set[rule] * (len(block.ids) + 1)  # so that sets do not overlap
        rows = np.column_stack((found[:, 1] + shift, found[:, 2] + shift, self.number[rule]))
        barred = self.is_exception[rule]
        if barred.any():
            rows, spans = rows[~barred], rows[barred]
            rows = rows[~_inside_any(rows, spans)]
        rows = _longest(rows)
        rule_set = rows[:, 0] // (len(block.ids) + 1)
        shift = rule_set * (len(block.ids) + 1)
        return np.column_stack((rule_set, rows[:, 0] - shift, rows[:, 1] - shift, rows[:, 2]))

    def candidates(self, block: Block) -> np.ndarray:
        """Rows (rule, first token, last token) wherever a rule matches, each once."""
        n_anchored = self.n_anchored[block.forms]
        hits = np.flatnonzero((n_anchored > 0).take(block.ids))
        forms = block.ids[hits]
        repeats = n_anchored[forms]
        rule = self.anchored[ranges(self.begin[block.forms[forms]], repeats)]
        place = np.repeat(hits, repeats)
        rows = np.column_stack((rule, place, place))
        complete = self.length[rule] == 1
        if complete.all():
            return rows
        return np.concatenate((rows[complete], self.completed(block, rows[~complete])))

    def completed(self, block: Block, rows: np.ndarray) -> np.ndarray:
        """The rows of rules of several words, which begin as those of their anchors."""
        is_form = self.forms_in(block)
        for side in (1, -1):
            for step in range(1, self.words.shape[1]):
                rows = self.extended(block, is_form, rows, self.anchor + side * step, side)
                rows = pd.DataFrame(rows).drop_duplicates().to_numpy()
        return rows

    def forms_in(self, block: Block) -> np.ndarray:
        """Which forms of the block's vocabulary (columns) each distinct word (rows) matches."""
        place = np.full(len(self.tokens.vocabulary), -1, dtype=np.int32)
        place[block.forms] = np.arange(len(block.forms))
        table = np.zeros((len(self.members), len(block.forms)), dtype=bool)
        word = np.repeat(np.arange(len(self.members)), list(map(len, self.members)))
        form = place[np.concatenate([np.empty(0, dtype=np.int64), *self.members])]
        table[word[form >= 0], form[form >= 0]] = True
        return table

    def extended(
        self, block: Block, is_form: np.ndarray, rows: np.ndarray, word: np.ndarray, side: int
    ) -> np.ndarray:
        """The rows after which (side 1) or before which (-1) the next word of their rule follows,
        extended to it.

        `word` is the place of the next word in each rule. Rows whose rule has no such word stay as
        they are.
        """
        exists = (word >= 0) & (word < self.length)
        more = exists[rows[:, 0]]
        rows, rest = rows[more], rows[~more]
        edge = 2 if side > 0 else 1
        gap = np.where(exists, word + (side < 0), 0)
        reach = self.gaps[rows[:, 0], gap[rows[:, 0]]] + 1
        step = ranges(np.ones(len(rows), dtype=np.int64), reach)
        rows = np.repeat(rows, reach, axis=0)
        at = rows[:, edge] + side * step
        kept = np.flatnonzero((at >= 0) & (at < len(block.ids)))
        kept = kept[is_form[self.words[rows[kept, 0], word[rows[kept, 0]]], block.ids[at[kept]]]]
        kept = kept[block.sentence_of[rows[kept, edge]] == block.sentence_of[at[kept]]]
        rows = rows[kept]
        rows[:, edge] = at[kept]
        return np.concatenate((rest, rows))


# --- words -------------------------------------------------------------------------------------------


def _like(tokens: Tokens, pattern: str) -> np.ndarray:
    """Sorted places of the vocabulary's forms that a word with `*` matches.

    A pattern in lower case is compared with the lower-case form, one with a capital with the form
    itself.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    forms = tokens.lower if pattern == pattern.lower() else tokens.vocabulary
    prefix, star, _ = pattern.partition("*")
    if not star:
        return np.flatnonzero(as_bools(pc.equal(forms, pa.scalar(pattern, pa.large_string()))))
    found = np.flatnonzero(as_bools(pc.starts_with(forms, prefix)))
    matches = [like(pattern, form) for form in forms.take(found).to_pylist()]
    return found[np.array(matches, dtype=bool)]


def _chinese_forms(tokens: Tokens) -> tuple[np.ndarray, object]:
    """Places of the vocabulary's forms that may be Chinese, and those forms."""
    import pyarrow.compute as pc

    places = np.flatnonzero(as_bools(pc.match_substring_regex(tokens.vocabulary, MAY_BE_CHINESE)))
    return places, tokens.vocabulary.take(places)


def _with_piece(places: np.ndarray, forms, piece: Piece) -> np.ndarray:
    """Those of some places of the vocabulary whose forms hold a piece of a Chinese word."""
    import pyarrow.compute as pc

    found = np.flatnonzero(as_bools(pc.match_substring(forms, piece.core)))
    fits = [piece.fits(form) for form in forms.take(found).to_pylist()]
    return places[found[np.array(fits, dtype=bool)]]


def _joined(rule: Rule, way: tuple[tuple[_Word, ...], ...]) -> Rule:
    """A rule with pieces in place of its words; the pieces of one word are next to each other."""
    words = [piece for pieces in way for piece in pieces]
    gaps: list[int] = []
    for n, pieces in enumerate(way):
        gaps += ([rule.gaps[n - 1]] if n else []) + [0] * (len(pieces) - 1)
    return Rule(rule.text, tuple(words), tuple(gaps))


# --- rows --------------------------------------------------------------------------------------------


def different(numbers: np.ndarray, n: int) -> np.ndarray:
    """The distinct ones of whole numbers below n, sorted: faster than to sort them all."""
    found = np.zeros(n, dtype=bool)
    found[numbers] = True
    return np.flatnonzero(found)


def ranges(starts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Whole numbers from each start on, as many as its size, one range after the other."""
    if (sizes == 1).all():
        return starts
    ends = np.cumsum(sizes)
    total = int(ends[-1])
    return np.arange(total) - np.repeat(ends - sizes - starts, sizes)


def _inside_any(rows: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Which rows lie inside at least one of the spans (first, last)."""
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    farthest = np.maximum.accumulate(spans[:, 1])
    before = np.searchsorted(spans[:, 0], rows[:, 0], side="right") - 1
    return (before >= 0) & (farthest[np.maximum(before, 0)] >= rows[:, 1])


def _longest(rows: np.ndarray) -> np.ndarray:
    """Rows (first, last, rule) without overlaps, the longest kept, sorted by place."""
    if not len(rows):
        return rows
    rows = rows[np.lexsort(rows.T[::-1])]
    begins = np.concatenate(([True], rows[1:, 0] > np.maximum.accumulate(rows[:-1, 1])))
    alone = begins & np.concatenate((begins[1:], [True]))
    if alone.all():
        return rows
    rest = rows[~alone]
    rest = rest[np.lexsort((rest[:, 2], rest[:, 0], rest[:, 0] - rest[:, 1]))]
    rows = np.concatenate((rows[alone], rest[_clear_of_others(rest)]))
    return rows[np.argsort(rows[:, 0], kind="stable")]


def _clear_of_others(rows: np.ndarray) -> list[int]:
    """Which rows are kept if each is that overlaps none kept before it; the longest come first.

    A row that overlaps one at least as long has one of its own ends inside it.
    """
    taken: set[int] = set()
    chosen = []
    for number, (first, last, _) in enumerate(rows.tolist()):
        if first not in taken and last not in taken:
            taken.update(range(first, last + 1))
            chosen.append(number)
    return chosen
