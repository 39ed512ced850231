"""Tokens and matches by the letter of their rules, slowly: what the package is compared with."""

import re
from collections.abc import Iterable
from functools import cache

from nltk.tokenize import RegexpTokenizer

LETTERS = r"[^\W_]+"
ABBREVIATION = r"(?:[A-Za-z]\.){2,}"
TOKENIZER = RegexpTokenizer(rf"{ABBREVIATION}|{LETTERS}(?:['’]{LETTERS})*")

Span = tuple[int, int]


def words(text: str) -> list[str]:
    """The tokens of a text by NLTK, as they stand there."""
    return TOKENIZER.tokenize(text)


def normal(word: str) -> str:
    return word.replace("’", "'").removesuffix("'s").replace(".", "")


def parts(rule: str) -> list[tuple[int, str]]:
    """Each word of a rule, with the most words that may stand before it."""
    found, gap = [], 0
    for piece in re.split(r"[\s-]+", rule):
        if piece.startswith("~"):
            gap = int(piece[1:])
        else:
            found.append((gap, normal(piece)))
            gap = 0
    return found


@cache
def fits(pattern: str, form: str) -> bool:
    """Smart case; `*` stands for any letters."""
    form = form.lower() if pattern == pattern.lower() else form
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), form) is not None


def spans(rule: str, sentence: list[str]) -> set[Span]:
    """Every first and last place at which a rule fits a sentence of normal forms."""
    (_, word), *rest = parts(rule)
    found = {(n, n) for n, form in enumerate(sentence) if fits(word, form)}
    for gap, word in rest:
        found = {
            (first, place)
            for first, last in found
            for place in range(last + 1, min(last + gap + 2, len(sentence)))
            if fits(word, sentence[place])
        }
    return found


def matches(
    rules: Iterable[str], exceptions: Iterable[str], sentence: list[str]
) -> list[tuple[int, int, int]]:
    """(first, last, rule): exceptions first, then the longest, the earliest, the first written."""
    barred = [span for rule in exceptions for span in spans(rule, sentence)]
    candidates = [
        (first - last, first, number, last)
        for number, rule in enumerate(rules)
        for first, last in spans(rule, sentence)
        if not any(low <= first and last <= high for low, high in barred)
    ]
    taken: list[tuple[int, int, int]] = []
    for _, first, number, last in sorted(candidates):
        if all(last < other[0] or first > other[1] for other in taken):
            taken.append((first, last, number))
    return sorted(taken)
