"""Tokens and matches by the letter of their rules, slowly: what the package is compared with."""

import re
from collections import defaultdict

from nltk.tokenize import RegexpTokenizer

LETTERS = r"[^\W_]+"
TOKENIZER = RegexpTokenizer(rf"(?:[A-Za-z]\.){{2,}}|{LETTERS}(?:['’]{LETTERS})*")

Match = tuple[int, int, int]


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


class Matcher:
    """Matches in sentences of normal forms; places are counted through all sentences."""

    def __init__(self, sentences: list[list[str]]):
        self.sentence = [n for n, sentence in enumerate(sentences) for _ in sentence]
        self.exact, self.lower = defaultdict(set), defaultdict(set)
        for place, form in enumerate(form for sentence in sentences for form in sentence):
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
        found = {(place, place) for place in self.places(word)}
        for gap, word in rest:
            there = self.places(word)
            ahead = {(a, b + step) for a, b in found for step in range(1, gap + 2)}
            fitting = {(a, b) for a, b in ahead if b in there}
            found = {(a, b) for a, b in fitting if self.sentence[a] == self.sentence[b]}
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
