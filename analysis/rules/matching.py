"""Matching: where the rules of a codebook fit in the tokens of a block."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Mapping
from itertools import product

import numpy as np

from analysis.errors import InputError
from analysis.language.chinese import simplified
from analysis.language.parts import Piece, alternatives
from analysis.reading.exclusions import like
from analysis.rules.codebook import Rule, RuleSet, is_chinese_word
from analysis.store.arrow import as_bools
from analysis.store.blocks import MAY_BE_CHINESE
from analysis.tokens import Block, Tokens

_MOST_ALTERNATIVES = 64
_ASKED = "asked where words stand"
_WORTH_LOOKING_UP = 8
"""The places of words are looked up where one token in so many is asked for, or fewer."""
_Word = str | Piece


def _word_ids(tokens: Tokens, pattern: str) -> np.ndarray:
    """Sorted places of the vocabulary's forms that a word pattern matches, looked up once.

    A pattern in lower case is compared with the lower-case form, one with a capital with the form
    itself.
    """
    known = tokens.known_words
    if pattern not in known:
        known[pattern] = _looked_up(tokens, pattern)
    return known[pattern]


def _looked_up(tokens: Tokens, pattern: str) -> np.ndarray:
    """The same, looked up in the vocabulary."""
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


def _chinese_forms(tokens: Tokens) -> tuple[np.ndarray, object]:
    """Places of the vocabulary's forms that may be Chinese, and those forms."""
    import pyarrow as pa
    import pyarrow.compute as pc

    may = as_bools(pc.match_substring_regex(tokens.vocabulary, MAY_BE_CHINESE))
    places = np.flatnonzero(may)
    return places, tokens.vocabulary.take(pa.array(places))


def _piece_ids(forms: tuple[np.ndarray, object], piece: Piece) -> np.ndarray:
    """Sorted places of the vocabulary's forms that hold a piece of a Chinese word."""
    import pyarrow.compute as pc

    places, names = forms
    may = np.flatnonzero(as_bools(pc.match_substring(names, piece.core)))
    fits = [piece.fits(name.as_py()) for name in names.take(may)]
    return places[may[np.array(fits, dtype=bool)]]


class Matcher:
    """Finds rules in the blocks of a corpus; their words are looked up in the vocabulary once.

    All rules of all sets are laid flat: `owner` is the set of a rule, `number` its place in the
    set (exceptions count on from the rules), `words` the number of each of its words among the
    different words of all rules, `gaps` the most tokens that may stand before each. A rule is
    looked for where its `anchor`, its rarest word, stands: the rules of a form are the `many` from
    `begin` on of those `anchored`. A rule with Chinese words is laid out
    once for each way in which the texts may hold them (`language.parts`).
    """

    def __init__(self, tokens: Tokens, sets: Iterable[RuleSet]):
        self.tokens = tokens
        self.sets = tuple(sets)
        flat = [
            (owner, number, rule)
            for owner, rules in enumerate(self.sets)
            for number, rule in enumerate((*rules.rules, *rules.exceptions))
        ]
        self.found: dict[_Word, np.ndarray] = {}
        self.chinese = _chinese_forms(tokens) if any(r.is_chinese for *_, r in flat) else None
        flat = [(*place, laid) for *place, rule in flat for laid in self.laid_out(rule)]
        rules = [rule for _, _, rule in flat]
        self.owner = np.array([owner for owner, _, _ in flat], dtype=np.int64)
        self.number = np.array([number for _, number, _ in flat], dtype=np.int64)
        n_rules = np.array([len(one.rules) for one in self.sets], dtype=np.int64)
        self.is_exception = self.number >= n_rules[self.owner]
        self.length = np.array([len(rule.words) for rule in rules], dtype=np.int64)
        self.has_gap = np.array([any(rule.gaps) for rule in rules], dtype=bool)
        different = dict.fromkeys(word for rule in rules for word in rule.words)
        self.members = [self.ids_of(word) for word in different]
        self.lay_out(rules, {word: n for n, word in enumerate(different)})

    def ids_of(self, word: _Word) -> np.ndarray:
        """Places of the vocabulary that a word of a rule, or a piece of a Chinese one, matches."""
        if word not in self.found:
            if isinstance(word, Piece):
                self.found[word] = _piece_ids(self.chinese, word)
            else:
                self.found[word] = _word_ids(self.tokens, word)
        return self.found[word]

    def laid_out(self, rule: Rule) -> list[Rule]:
        """The rule with its Chinese words in every way in which this vocabulary can hold them.

        Raises InputError for one with too many ways.
        """
        if not rule.is_chinese:
            return [rule]
        ways = [self.ways_of(word) for word in rule.words]
        if math.prod(map(len, ways)) > _MOST_ALTERNATIVES:
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
        return [way for way in ways if all(len(self.ids_of(piece)) for piece in way)]

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
        self.many = np.bincount(form, minlength=len(self.tokens.vocabulary))
        self.begin = np.cumsum(self.many) - self.many

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
        many = self.many[block.forms]
        hits = self.anchors(block, many)
        kinds = block.ids[hits]
        repeats = many[kinds]
        rule = self.anchored[ranges(self.begin[block.forms[kinds]], repeats)]
        place = np.repeat(hits, repeats)
        single = self.length[rule] == 1
        alone = np.column_stack((rule[single], place[single], place[single]))
        if single.all():
            return alone
        gap = self.has_gap[rule]
        table = self.fits(block)
        return np.concatenate(
            (
                alone,
                self.side_by_side(block, table, rule[~single & ~gap], place[~single & ~gap]),
                self.with_gaps(block, table, rule[gap], place[gap]),
            )
        )

    def anchors(self, block: Block, many: np.ndarray) -> np.ndarray:
        """The tokens of a block whose form anchors a rule.

        They are looked up where they are few and the block has been asked before.
        """
        forms = np.flatnonzero(many)
        sizes = block.form_counts[forms]
        asked = _ASKED in block.noted
        block.noted.add(_ASKED)
        if asked and sizes.sum() * _WORTH_LOOKING_UP < len(block.ids):
            tokens, begins = block.places
            return tokens[ranges(begins[forms], sizes)]
        return np.flatnonzero((many > 0).take(block.ids))

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
                rows = _distinct(rows)
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
            rows = rows[~_inside_any(rows, spans)]
        rows = _longest(rows)
        owner = rows[:, 0] // (len(block.ids) + 1)
        apart = owner * (len(block.ids) + 1)
        return np.column_stack((owner, rows[:, 0] - apart, rows[:, 1] - apart, rows[:, 2]))


def _joined(rule: Rule, way: tuple[tuple[_Word, ...], ...]) -> Rule:
    """A rule with pieces in the place of its words; those of one word stand side by side."""
    words = [piece for pieces in way for piece in pieces]
    gaps: list[int] = []
    for n, pieces in enumerate(way):
        gaps += ([rule.gaps[n - 1]] if n else []) + [0] * (len(pieces) - 1)
    return Rule(rule.text, tuple(words), tuple(gaps))


def _distinct(rows: np.ndarray) -> np.ndarray:
    """The different ones among rows (rule, first, last)."""
    if len(rows) < 2:
        return rows
    order = np.lexsort(rows.T)
    rows = rows[order]
    return rows[np.concatenate(([True], np.any(rows[1:] != rows[:-1], axis=1)))]


def different(numbers: np.ndarray, n: int) -> np.ndarray:
    """The different ones among whole numbers below n, sorted: faster than to sort them all."""
    found = np.zeros(n, dtype=bool)
    found[numbers] = True
    return np.flatnonzero(found)


def ranges(starts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Whole numbers from each start, as many as its size, one range after the other."""
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
    first, last, rule = _in_order(rows)
    reach = np.maximum.accumulate(last)
    begins = np.concatenate(([True], first[1:] > reach[:-1]))
    alone = begins & np.concatenate((begins[1:], [True]))
    if alone.all():
        return np.column_stack((first, last, rule))
    kept = [np.column_stack((first[alone], last[alone], rule[alone]))]
    left = np.column_stack((first[~alone], last[~alone], rule[~alone]))
    order = np.lexsort((left[:, 2], left[:, 0], left[:, 0] - left[:, 1]))
    kept.append(left[order[_clear_of_others(left[order])]])
    rows = np.concatenate(kept)
    return rows[np.argsort(rows[:, 0], kind="stable")]


def _clear_of_others(rows: np.ndarray) -> list[int]:
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


def _in_order(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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
