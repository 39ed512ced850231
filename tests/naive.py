"""Tokens, sentences and matches by the letter of their rules, slowly: what the package is held to."""

import re
import sys
import unicodedata
from collections import defaultdict
from itertools import pairwise
from typing import NamedTuple

from nltk.tokenize import RegexpTokenizer

from analysis.language import chinese
from analysis.language.parts import alternatives
from analysis.language.sentences import sentence_spans
from analysis.language.wrapping import joints
from analysis.rules.codebook import _words_in, is_chinese_word

Match = tuple[int, int, int]


def class_of(categories: str) -> str:
    """The characters of these categories (`L`, `M`, `Nd`, by their beginnings) as ranges for `re`."""
    fits = [unicodedata.category(chr(n)).startswith(tuple(categories.split())) for n in range(sys.maxunicode + 1)]  # fmt: skip
    fits[0x2BC] = categories == "L"  # a letter to Unicode, an apostrophe to this project
    edges = [n for n, (a, b) in enumerate(pairwise([False, *fits, False])) if a != b]
    ranges = zip(edges[::2], edges[1::2], strict=True)
    return "".join(f"{chr(first)}-{chr(last - 1)}" for first, last in ranges)


APOSTROPHES = "'’ʼ＇"
LETTER, WORD = f"[{class_of('L')}]", f"[{class_of('L M Nd')}]"
TOKENIZER = RegexpTokenizer(
    rf"(?<!{WORD}){LETTER}(?:\.{LETTER})+(?!{WORD})\.?(?:[{APOSTROPHES}][sS](?!{WORD}))?"
    rf"|{WORD}+(?:[{APOSTROPHES}]{WORD}+)*"
)


def words(text: str) -> list[str]:
    """The tokens of a text by NLTK, as they stand there."""
    return TOKENIZER.tokenize(text)


def normal(word: str) -> str:
    """The normal form of a token."""
    for mark in APOSTROPHES:
        word = word.replace(mark, "'")
    bare = word.removesuffix("'s").removesuffix("'S")
    return (bare or word).replace(".", "")


# --- what a text is read as --------------------------------------------------------------------------


class Sentence(NamedTuple):
    """A sentence: number of its line, its span, and start, end and form of each token; places in bytes."""

    line: int
    span: tuple[int, int]
    tokens: list[tuple[int, int, str]]


def spans_of(line: str, language: str) -> list[tuple[int, int]]:
    """The sentences of a line: Chinese ones where the text is Chinese and the line holds some."""
    if chinese.is_chinese(language) and chinese.HAN.search(line):
        return chinese.chinese_sentences(line)
    return sentence_spans(line, language)


def form_of(word: str) -> str:
    """The normal form of a token: simplified characters, else what `normal` says."""
    return chinese.form_of(word) if chinese.HAN.search(word) else normal(word)


def sentences(
    text: str, language: str, excluded: tuple[int, ...] = (), own: tuple[str, ...] = ()
) -> list[Sentence]:
    """The sentences of a text that hold a token, line by line, excluded lines left out; the lines of
    hard-wrapped text are one."""
    found, begin = [], 0
    number_of = [n for n, line in enumerate(text.splitlines(keepends=True), 1) for _ in line]
    cut, origin = unwrapped(text, excluded)

    def byte(place: int) -> int:
        return len(text[:place].encode())

    for whole in cut.splitlines(keepends=True):
        line, number = whole.splitlines()[0], number_of[origin[begin]]
        tokens = [] if number in excluded else list(TOKENIZER.span_tokenize(line))
        tokens = chinese.segmented(line, tokens, own)
        spans = spans_of(line, language) if tokens else []
        begins = [0, *(start for start, _ in spans[1:]), len(line)]
        at = origin[begin:]
        for span, (first, last) in zip(spans, pairwise(begins), strict=False):
            mine = [
                (byte(at[a]), byte(at[b - 1] + 1), form_of(line[a:b]))
                for a, b in tokens
                if first <= a < last
            ]
            if mine:
                found.append(Sentence(number, (byte(at[span[0]]), byte(at[span[1] - 1] + 1)), mine))
        begin += len(whole)
    return found


def unwrapped(text: str, excluded: tuple[int, ...]) -> tuple[str, list[int]]:
    """A text with its hard-wrapped lines joined, and where each of its characters stood before."""
    cut, origin, place = "", [], 0
    for start, end, fill in [*joints(text, excluded), (len(text), len(text), "")]:
        cut += text[place:start] + fill
        origin += [*range(place, start), *[start] * len(fill)]
        place = end
    return cut, origin


# --- matches -----------------------------------------------------------------------------------------


def parts(rule: str) -> list[tuple[int, str]]:
    """Each word of a rule, with the most words that may stand before it."""
    found, gap = [], 0
    for piece in re.split(r"[\s-]+", rule):
        if piece.startswith("~"):
            gap = int(piece[1:])
        else:
            for word in _words_in(piece):
                found.append((gap, word))
                gap = 0
    return found


class Matcher:
    """Matches in sentences of normal forms; places are counted through all sentences."""

    def __init__(self, sentences: list[list[str]]):
        self.sentence = [n for n, sentence in enumerate(sentences) for _ in sentence]
        self.exact, self.lower = defaultdict(set), defaultdict(set)
        self.forms = [form for sentence in sentences for form in sentence]
        for place, form in enumerate(self.forms):
            self.exact[form].add(place)
            self.lower[form.lower()].add(place)

    def places(self, pattern: str) -> set[int]:
        """Where a pattern fits: smart case, `*` for any letters."""
        index = self.lower if pattern == pattern.lower() else self.exact
        if "*" not in pattern:
            return index.get(pattern, set())
        stars = re.compile(".*".join(map(re.escape, pattern.split("*"))))
        return set().union(*(index[form] for form in index if stars.fullmatch(form)))

    def spans(self, rule: str) -> set[tuple[int, int]]:
        """Every first and last place at which a rule fits within a sentence."""
        (_, word), *rest = parts(rule)
        found = self.stretches(word)
        for gap, word in rest:
            there = self.stretches(word)
            found = {
                (a, d) for a, b in found for c, d in there
                if b < c <= b + gap + 1 and self.sentence[a] == self.sentence[d]
            }  # fmt: skip
        return found

    def stretches(self, word: str) -> set[tuple[int, int]]:
        """First and last place of what a word of a rule fits: one token, or several of a Chinese word."""
        if not is_chinese_word(word) or "*" in word.strip("*"):
            return {(place, place) for place in self.places(word)}
        found = set()
        for pieces in alternatives(word):
            begins = (places for form, places in self.exact.items() if pieces[0].fits(form))
            for a in set().union(*begins):
                b = a + len(pieces) - 1
                if b >= len(self.forms):
                    continue
                here = zip(pieces, self.forms[a : b + 1], strict=True)
                if self.sentence[a] == self.sentence[b] and all(p.fits(form) for p, form in here):
                    found.add((a, b))
        return found

    def matches(self, rules: list[str], exceptions: list[str]) -> list[Match]:
        """(first, last, rule): exceptions first, then the longest, the earliest, the first written."""
        barred = [span for rule in exceptions for span in self.spans(rule)]
        spans = [(a, b, n) for n, rule in enumerate(rules) for a, b in self.spans(rule)]
        left = [(a, b, n) for a, b, n in spans if not any(x <= a and b <= y for x, y in barred)]
        taken: list[Match] = []
        used: set[int] = set()
        for a, b, n in sorted(left, key=lambda match: (match[0] - match[1], match[0], match[2])):
            if used.isdisjoint(range(a, b + 1)):
                used.update(range(a, b + 1))
                taken.append((a, b, n))
        return sorted(taken)


# --- diversity ---------------------------------------------------------------------------------------


def mattr(types, window: int) -> float:
    """The mean of the type-token ratios of all windows; NaN where there is none."""
    n = len(types) - window + 1
    sums = sum(len(set(types[first : first + window].tolist())) for first in range(n))
    return sums / n / window if n > 0 else float("nan")


def mtld(types, threshold: float) -> float:
    """The mean of both directions: tokens over factors, a part of one for what is left at the end."""

    def one_way(order: list[int]) -> float:
        factors, met, length = 0, set(), 0
        for word in order:
            met.add(word)
            length += 1
            if len(met) / length <= threshold:
                factors, met, length = factors + 1, set(), 0
        part = factors + ((1 - len(met) / length) / (1 - threshold) if length else 0.0)
        return len(order) / part if part else float("nan")

    return (one_way(types.tolist()) + one_way(types.tolist()[::-1])) / 2
