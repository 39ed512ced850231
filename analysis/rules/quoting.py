"""Voice: what stands in quotation marks or is reported, against the author's own words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import regex

from analysis.errors import InputError

VOICES = ("author", "reported", "quoted")
CHOICES = {
    "all": VOICES,
    "author": ("author",),
    "reported": ("reported",),
    "quoted": ("quoted",),
    "others": ("reported", "quoted"),
}
"""The voices that each choice of voices lets count."""
_LEAST_WORDS = 4
"""Words in quotation marks below which they mark a term and not speech."""
_CLOSING = {"“": "”", "„": "“”", "«": "»", "‹": "›", "「": "」", "『": "』", "‘": "’", '"': '"'}
_MARK = regex.compile("[" + "".join(sorted({*_CLOSING, *"".join(_CLOSING.values())})) + "]")
OPENING = sorted(sign.encode() for sign in _CLOSING if sign != "’")
_LETTER = regex.compile(r"[\p{L}\p{N}]")
_WORD = regex.compile(r"\p{Han}|[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}\p{N}]+)*")
_VERBS = (
    "said says told tells argued argues arguing claimed claiming wrote writes added adds adding "
    "explained explains stated warned warns warning noted notes noting suggested suggests asserted "
    "asserts asserting contended contends contending insisted insists insisting acknowledged "
    "acknowledges announced announces articulated confirmed confirms declared declares believed "
    "believes emphasized emphasised emphasizes emphasises emphasizing emphasising stressed stressing "
    "reported remarked revealed reveals observed commented predicted predicts cautioned cautions "
    "recalled maintained maintains conceded concedes alleged alleges denied denies admitted admits "
    "urged quipped feared expects expected hoped"
)
_VERBS_OR_NOUNS = (
    "claim claims report reports argue say comments stress stresses warn believe contend worry "
    "worries worried think thinks thought"
)
_ALWAYS = "said says argued asserted contended contends insisted insists"
_PEOPLE = (
    "academics analysts commentators critics developers diplomats economists executives experts "
    "insiders investors journalists lawmakers observers officials opponents politicians researchers "
    "residents scholars scientists sources strategists supporters users many others some"
)
_THINK = (
    "argue believe call caution claim contend describe doubt emphasise emphasize expect fear foresee "
    "highlight hope insist note predict question recognise recognize say stress suggest think warn "
    "worry"
)
_PAPERS = (
    "document documents editorial headline letter newspaper poll report reports research statement "
    "studies survey surveys website"
)
_TELL = "argues cautions claims finds found highlights reveals says shows states suggested suggests warns"
_NEED = (
    "emphasised emphasises emphasized emphasizes highlighted highlights stressed stresses underlined "
    "underlines underscored underscores"
)
_HELD = (
    "alleged anticipated argued believed claimed considered deemed estimated expected reported "
    "rumored rumoured said thought"
)
_AUTHOR = frozenset(["i", "we", "article", "paper", "essay", "chapter", "section", "study"])


_HAVING = frozenset(["have", "has", "had", "also", "further", "repeatedly", "publicly"])
_IS = frozenset(["is", "are", "was", "were", "been"])
_SOURCE = regex.compile(
    r"\b(?i:according to(?! (?:the )?laws?\b)|in the words of|as (?:\w+ ){0,3}(?:put|puts) it"
    r"|in (?:his|her|their) view|from (?:this|that|their|his|her) perspective|reportedly|allegedly)\b"
)
_SOURCES = "according words put puts view perspective reportedly allegedly"
"""Words without one of which SOURCE fits nowhere."""
_PIECE = re.compile(r"\w+|[^\w\s]")
_LONGEST_SENTENCE = 5000
_DEEPEST = 8


@dataclass(frozen=True)
class _Quote:
    """A span in quotation marks, the marks not included; `depth` 1 is outermost. `closed` is False
    where the closing mark is missing: the span then ends with the paragraph."""

    start: int
    end: int
    depth: int
    closed: bool


def _quotes(paragraph: str) -> list[_Quote]:
    """What stands in quotation marks in a paragraph, by start, the outer before the inner.

    Curly, straight, low and angle marks, and 「」. A straight or curly apostrophe between letters is
    no mark; a straight double mark after a digit (5") opens nothing. A closing mark that closes
    nothing is passed over, and so is an opening one inside DEEPEST others.
    """
    found: list[_Quote] = []
    open_marks: list[tuple[str, int]] = []
    for mark in _MARK.finditer(paragraph):
        place, sign = mark.start(), mark.group()
        before, after = paragraph[place - 1 : place], paragraph[place + 1 : place + 2]
        level = next(
            (n for n in reversed(range(len(open_marks))) if sign in _CLOSING[open_marks[n][0]]),
            None,
        )
        if level is not None and not _apostrophe(sign, before, after):
            found += [
                _Quote(start, place, depth + 1, depth == level)
                for depth, (_, start) in enumerate(open_marks)
                if depth >= level
            ]
            del open_marks[level:]
        elif (
            sign in _CLOSING
            and len(open_marks) < _DEEPEST
            and not (sign == '"' and before.isdigit())
        ):
            open_marks.append((sign, place + 1))
    end = len(paragraph)
    found += [_Quote(start, end, depth + 1, False) for depth, (_, start) in enumerate(open_marks)]
    return sorted(found, key=lambda quote: (quote.start, quote.depth))


def _apostrophe(sign: str, before: str, after: str) -> bool:
    """Whether a single closing mark is an apostrophe inside a word."""
    return sign == "’" and bool(_LETTER.match(after)) and bool(_LETTER.match(before))


def speech(paragraph: str, least_words: int = _LEAST_WORDS) -> list[_Quote]:
    """The outermost quotes that hold at least `least_words` words; shorter ones mark a term."""
    return [
        quote
        for quote in _quotes(paragraph)
        if quote.depth == 1
        and len(_WORD.findall(paragraph[quote.start : quote.end])) >= least_words
    ]


class _Told:
    """A sentence cut into words and signs, and the same in lower case."""

    def __init__(self, sentence: str):
        self.sentence, lower = sentence, sentence.lower()
        same = len(lower) == len(sentence)  # else a letter has become two
        self.lower = _PIECE.findall(lower) if same else [piece.lower() for piece in self.pieces]

    @cached_property
    def pieces(self) -> list[str]:
        return _PIECE.findall(self.sentence)

    def at(self, place: int) -> str:
        """The piece at a place in lower case, '' outside of the sentence."""
        return self.lower[place] if 0 <= place < len(self.lower) else ""

    def speaker(self, verb: int, passed: frozenset[str] = frozenset()) -> bool:
        """Whether a word stands before a verb that is not the author, words to be passed over aside."""
        place = verb - 1
        while self.at(place) in passed:
            place -= 1
        return self.at(place)[:1].isalnum() and self.at(place) not in _AUTHOR

    def after(self, verb: int, words: frozenset[str], reach: int) -> bool:
        """Whether one of some words follows with at most `reach` other words between."""
        for place in range(verb + 1, verb + 2 + reach):
            if self.at(place) in words:
                return True
            if not self.at(place)[:1].isalnum():
                return False
        return False

    def before(self, verb: int, words: frozenset[str], reach: int) -> bool:
        """Whether one of some words precedes with at most `reach` other words between."""
        for place in range(verb - 1, verb - 2 - reach, -1):
            if self.at(place) in words:
                return True
            if not self.at(place)[:1].isalnum():
                return False
        return False


_GROUPS, _TEXTS = frozenset(_PEOPLE.split()), frozenset(_PAPERS.split())
_CLAUSE, _PRONOUNS = frozenset(["that", "how"]), frozenset(["it", "they", "he", "she", "there"])
_NEEDS = frozenset(["need", "importance", "necessity"])
_RULES: tuple[tuple[str, Callable[[_Told, int], bool]], ...] = (
    # Liu said …; Liu argued that …; …, said Liu; …, Liu warned.
    (
        _ALWAYS,
        lambda told, n: told.speaker(n) or (told.at(n - 1)[-2:] == "ly" and told.speaker(n - 1)),
    ),
    (
        f"{_VERBS} {_VERBS_OR_NOUNS}",
        lambda told, n: (
            told.after(n, _CLAUSE, 2) and (told.at(n - 1) == "," or told.speaker(n, _HAVING))
        ),
    ),
    (_VERBS, lambda told, n: _parted(told, n + 1) and (told.speaker(n) or told.at(n - 1) in _ENDS)),
    # Microsoft confirmed it would …
    (_VERBS, lambda told, n: told.at(n + 1) in _PRONOUNS and told.speaker(n)),
    # many analysts believe …; the survey suggests …
    (_THINK, lambda told, n: told.before(n, _GROUPS, 6)),
    (_TELL, lambda told, n: told.before(n, _TEXTS, 5)),
    # Liu stressed the need …; … advocate for …; … described it as …
    (
        _NEED,
        lambda told, n: told.after(n, _NEEDS, 3) and (told.at(n - 1) == "," or told.speaker(n)),
    ),
    ("advocate advocates advocated", lambda told, n: told.at(n + 1) == "for" and told.speaker(n)),
    (
        "describe describes described",
        lambda told, n: "as" in told.lower[n + 1 : n + 16] and told.speaker(n, _HAVING),
    ),
    # prices are expected to …; it is often pointed out that …
    (_HELD, lambda told, n: told.at(n + 1) in ("to", "that") and told.before(n, _IS, 1)),
    ("point points pointed", lambda told, n: told.lower[n + 1 : n + 3] == ["out", "that"]),
)
_ENDS = frozenset([",", "”", "’", '"'])
HINTS = " ".join([_SOURCES, *(words for words, _ in _RULES)])
"""Words without one of which no sentence is reported."""
_RULES_OF: dict[str, list[Callable[[_Told, int], bool]]] = {}
for _words, _rule in _RULES:
    for _word in _words.split():
        _RULES_OF.setdefault(_word, []).append(_rule)


def _parted(told: _Told, place: int) -> bool:
    """Whether a sign that ends or opens speech, or a capital, stands at a place."""
    piece = told.pieces[place] if place < len(told.pieces) else ""
    return piece in (",", ":", ".", "“", '"') or piece[:1].isupper()


def reported(sentence: str) -> bool:
    """Whether a sentence gives what somebody else says, thinks or expects, by a verb or a formula
    that says so: 'according to', 'said' and its like, 'many analysts believe', 'the report suggests',
    'it is argued that'. 'We argue that' and 'this article argues that' are the author's own, and so
    is what somebody is only said to see in a light ('is seen as').

    >>> [reported(text) for text in ("Xi said that it grew.", "It grew, Li said.", "It grew.")]
    [True, True, False]
    """
    told = _Told(sentence[:_LONGEST_SENTENCE])
    for place, word in enumerate(told.lower):
        if word in _RULES_OF and any(rule(told, place) for rule in _RULES_OF[word]):
            return True
    return not _SOURCE_WORDS.isdisjoint(told.lower) and bool(_SOURCE.search(told.sentence))


_SOURCE_WORDS = frozenset(_SOURCES.split())


def check_voice(voice: str) -> None:
    """Raise InputError for an unknown choice of voices."""
    if voice not in CHOICES:
        raise InputError("unknown voice", value=voice, allowed=CHOICES)


def chosen(voice: str) -> np.ndarray:
    """Which voices a choice lets count, as a mask over VOICES."""
    check_voice(voice)
    return np.array([one in CHOICES[voice] for one in VOICES])
