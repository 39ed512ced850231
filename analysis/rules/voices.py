"""Voices: whose words the tokens of a corpus are: quoted, reported, or the author's own."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import regex

from analysis.errors import InputError
from analysis.language.wrapping import one_line
from analysis.store.blocks import Job, block_of, joined_lines, per_block
from analysis.store.cache import Entry, code_of, key_of, unpacked
from analysis.store.texts import Texts

if TYPE_CHECKING:
    from analysis.tokens import Block, Tokens

VOICES = ("author", "reported", "quoted")
_REPORTED, _QUOTED = 1, 2
_CHOICES = {
    "all": VOICES,
    "author": ("author",),
    "reported": ("reported",),
    "quoted": ("quoted",),
    "others": ("reported", "quoted"),
}
"""The voices that count under each choice."""
_MIN_WORDS = 4
"""Fewer words in quotation marks are a term and not speech."""
_MAX_SENTENCE = 5000
"""Characters of a sentence that are searched for a reporting verb."""
_MAX_DEPTH = 8
_CLOSING = {"“": "”", "„": "“”", "«": "»", "‹": "›", "「": "」", "『": "』", "‘": "’", '"': '"'}
_MARK = regex.compile("[" + "".join(sorted({*_CLOSING, *"".join(_CLOSING.values())})) + "]")
_OPENING = [mark.encode() for mark in _CLOSING]
_LETTER = regex.compile(r"[\p{L}\p{N}]")
_WORD = regex.compile(r"\p{Han}|[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}\p{N}]+)*")
_PIECE = re.compile(r"\w+|[^\w\s]")


def chosen_voices(voice: str) -> np.ndarray:
    """The voices that count under a choice, as a mask over VOICES. Raises InputError."""
    check_voice(voice)
    return np.array([one in _CHOICES[voice] for one in VOICES])


def check_voice(voice: str) -> None:
    """Raise InputError for an unknown choice of voices."""
    if voice not in _CHOICES:
        raise InputError("unknown voice", value=voice, allowed=_CHOICES)


class Voices:
    """Gives the voice of each token in the blocks of a corpus, as a place of VOICES.

    A token is quoted if it lies in speech (`_speech`), else reported if its sentence is (`reported`,
    for English verbs only), else the author's. What is found in a block is kept in the cache.
    """

    def __init__(self, tokens: Tokens):
        self.tokens, self.texts = tokens, tokens.corpus.texts

    def prepared(self) -> Voices:
        """The same, with the voices of all blocks found, by several processes for large corpora."""
        for _ in self.kept(self.tokens.jobs):
            pass
        return self

    def kept(self, jobs: Sequence[Job]) -> Iterator[Entry]:
        """The voices of blocks from the cache, found where they are not there."""
        return per_block(self.tokens.corpus, jobs, "voices", _key_in, _heard)

    def of(self, block: Block) -> np.ndarray:
        """The voice of each token of a block."""
        job = self.tokens.jobs[self.tokens.block_number(block.first_document)]
        kept = next(self.kept([job]))
        is_reported = np.unpackbits(kept["reported"], count=block.n_sentences)
        voice = (is_reported * _REPORTED).astype(np.int8)[block.sentence_of]
        if len(kept["speech"]):
            begin, end = kept["speech"].T
            sizes = np.diff(self.texts.spans[job.first : job.last])[:, 0] + 1  # and a newline
            place = block.start + (np.cumsum(sizes) - sizes)[block.document_of]
            nearest = np.maximum(np.searchsorted(begin, place, side="right") - 1, 0)
            voice[(begin[nearest] <= place) & (place < end[nearest])] = _QUOTED
        return voice


# --- quotation marks ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Quote:
    """A span between quotation marks; `depth` 1 is outermost. `closed` is False where the closing
    mark is missing: the span then ends with the paragraph."""

    start: int
    end: int
    depth: int
    closed: bool


def _quotes(paragraph: str) -> list[_Quote]:
    """The quotes of a paragraph, by start, the outer before the inner.

    Curly, straight, low and angle marks, and 「」. A straight or curly apostrophe between letters is
    not a mark; a straight double mark after a digit (5") opens nothing. A closing mark that closes
    nothing is ignored, and so is an opening one inside eight others.
    """
    found: list[_Quote] = []
    opened: list[tuple[str, int]] = []
    for match in _MARK.finditer(paragraph):
        place, mark = match.start(), match.group()
        before, after = paragraph[place - 1 : place], paragraph[place + 1 : place + 2]
        levels = [n for n, (opening, _) in enumerate(opened) if mark in _CLOSING[opening]]
        is_apostrophe = mark == "’" and _LETTER.match(after) and _LETTER.match(before)
        if levels and not is_apostrophe:
            level = levels[-1]
            for depth, (_, start) in enumerate(opened[level:], level + 1):
                found.append(_Quote(start, place, depth, closed=depth == level + 1))
            del opened[level:]
        elif (
            mark in _CLOSING and len(opened) < _MAX_DEPTH and not (mark == '"' and before.isdigit())
        ):
            opened.append((mark, place + 1))
    for depth, (_, start) in enumerate(opened, 1):
        found.append(_Quote(start, len(paragraph), depth, closed=False))
    return sorted(found, key=lambda quote: (quote.start, quote.depth))


def _speech(paragraph: str) -> list[_Quote]:
    """The outermost quotes of four words or more; shorter ones mark a term."""
    return [
        quote
        for quote in _quotes(paragraph)
        if quote.depth == 1 and len(_WORD.findall(paragraph[quote.start : quote.end])) >= _MIN_WORDS
    ]


# --- reporting verbs ---------------------------------------------------------------------------------

_ENDS = (",", "”", "’", '"')
_SOURCE = regex.compile(
    r"\b(?i:according to(?! (?:the )?laws?\b)|in the words of|as (?:\w+ ){0,3}(?:put|puts) it"
    r"|in (?:his|her|their) view|from (?:this|that|their|his|her) perspective|reportedly|allegedly)\b"
)


@cache
def _words(name: str) -> frozenset[str]:
    """One of the lists of words in `wordlists/en-reporting.txt`."""
    file = Path(__file__).parent.parent / "language" / "wordlists" / "en-reporting.txt"
    lines = file.read_text(encoding="utf-8").splitlines()
    return frozenset(next(line for line in lines if line.startswith(f"{name}: ")).split()[1:])


class _Sentence:
    """A sentence cut into words and other characters, and the same in lower case."""

    def __init__(self, text: str):
        self.text, lower = text, text.lower()
        same = len(lower) == len(text)  # else a letter has become two
        self.lower = _PIECE.findall(lower) if same else [piece.lower() for piece in self.pieces]

    @cached_property
    def pieces(self) -> list[str]:
        return _PIECE.findall(self.text)

    def at(self, place: int) -> str:
        """The piece at a place in lower case, '' outside of the sentence."""
        return self.lower[place] if 0 <= place < len(self.lower) else ""

    def speaker(self, verb: int, skipped: str = "") -> bool:
        """Whether the word before a verb, skipping those of a list, is not the author."""
        place = verb - 1
        while skipped and self.at(place) in _words(skipped):
            place -= 1
        return self.at(place)[:1].isalnum() and self.at(place) not in _words("author")

    def after(self, verb: int, words: str, reach: int, step: int = 1) -> bool:
        """Whether a word of a list follows with at most `reach` other words between."""
        for distance in range(1, reach + 2):
            piece = self.at(verb + step * distance)
            if piece in _words(words):
                return True
            if not piece[:1].isalnum():
                return False
        return False

    def before(self, verb: int, words: str, reach: int) -> bool:
        """Whether a word of a list precedes with at most `reach` other words between."""
        return self.after(verb, words, reach, step=-1)

    def has_clause(self, verb: int) -> bool:
        """Whether 'that' or 'how' follows a verb whose subject is not the author."""
        is_subject = self.at(verb - 1) == "," or self.speaker(verb, "auxiliaries")
        return self.after(verb, "clause", 2) and is_subject

    def separated(self, place: int) -> bool:
        """Whether a mark that ends or opens speech, or a capital, stands at a place."""
        piece = self.pieces[place] if place < len(self.pieces) else ""
        return piece in (",", ":", ".", "“", '"') or piece[:1].isupper()


_RULES: tuple[tuple[str, Callable[[_Sentence, int], bool]], ...] = (
    # Liu said …; Liu argued that …; …, said Liu; …, Liu warned.
    ("certain", lambda s, n: s.speaker(n) or (s.at(n - 1)[-2:] == "ly" and s.speaker(n - 1))),
    ("verbs", lambda s, n: s.has_clause(n)),
    ("verbs-or-nouns", lambda s, n: s.has_clause(n)),
    ("verbs", lambda s, n: s.separated(n + 1) and (s.speaker(n) or s.at(n - 1) in _ENDS)),
    # Microsoft confirmed it would …
    ("verbs", lambda s, n: s.at(n + 1) in _words("pronouns") and s.speaker(n)),
    # many analysts believe …; the survey suggests …
    ("think", lambda s, n: s.before(n, "people", 6)),
    ("tell", lambda s, n: s.before(n, "papers", 5)),
    # Liu stressed the need …; … advocate for …; … described it as …
    ("need", lambda s, n: s.after(n, "needs", 3) and (s.at(n - 1) == "," or s.speaker(n))),
    ("advocate", lambda s, n: s.at(n + 1) == "for" and s.speaker(n)),
    ("describe", lambda s, n: "as" in s.lower[n + 1 : n + 16] and s.speaker(n, "auxiliaries")),
    # prices are expected to …; it is often pointed out that …
    ("held", lambda s, n: s.at(n + 1) in ("to", "that") and s.before(n, "is", 1)),
    ("point", lambda s, n: s.lower[n + 1 : n + 3] == ["out", "that"]),
)
"""The list of words that each rule is for, and what it asks of a sentence at one of them."""


@cache
def _rules_of() -> dict[str, list[Callable[[_Sentence, int], bool]]]:
    """The rules for each word."""
    found = defaultdict(list)
    for name, rule in _RULES:
        for word in _words(name):
            found[word].append(rule)
    return dict(found)


def reported(text: str) -> bool:
    """Whether a sentence gives what somebody else says, thinks or expects.

    It is recognised by a verb or a formula: 'according to', 'said' and the like, 'many analysts
    believe', 'the report suggests', 'it is argued that'. 'We argue that' and 'this article argues
    that' are the author's own words, and so is how somebody is seen ('is seen as').

    >>> [reported(text) for text in ("Xi said that it grew.", "It grew, Li said.", "It grew.")]
    [True, True, False]
    """
    sentence, rules_of = _Sentence(text[:_MAX_SENTENCE]), _rules_of()
    for place, word in enumerate(sentence.lower):
        if word in rules_of and any(rule(sentence, place) for rule in rules_of[word]):
            return True
    return not _words("source").isdisjoint(sentence.lower) and bool(_SOURCE.search(sentence.text))


# --- blocks ------------------------------------------------------------------------------------------


def _heard(texts: Texts, job: Job) -> dict[str, np.ndarray]:
    """The voices of a block: its `reported` sentences as bits, and of all `speech` in it the first
    byte and one past the last."""
    block = block_of(texts, job)
    content, origin = texts.gathered(range(job.first, job.last))
    spans = block["span"] + origin[block["sentence_document"]][:, None]
    is_reported = np.zeros(len(spans), dtype=bool)
    for number in _hinted_sentences(block).tolist():
        start, end = spans[number]
        is_reported[number] = reported(one_line(content[start:end].decode("utf-8")))
    lines = joined_lines(content, origin, job.excluded).tolist()
    rows = [span for begin, end in lines for span in _spans_of_speech(content[begin:end], begin)]
    speech = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return {"reported": np.packbits(is_reported), "speech": speech}


def _hinted_sentences(block: Entry) -> np.ndarray:
    """The sentences of a block that hold a word without which none is reported."""
    hints = _words("source") | set(_rules_of())
    is_hint = [form.lower() in hints for form in unpacked(block, "forms").to_pylist()]
    hits = np.flatnonzero(np.array(is_hint, dtype=bool)[block["ids"]])
    return np.unique(np.searchsorted(block["sentence_start"], hits, side="right") - 1)


def _spans_of_speech(content: bytes, origin: int) -> Iterator[tuple[int, int]]:
    """First byte, and one past the last, of the speech in a line that begins at a byte."""
    if not any(mark in content for mark in _OPENING):
        return
    line = content.decode("utf-8")
    for quote in _speech(line):
        first = origin + len(line[: quote.start].encode())
        yield first, first + len(line[quote.start : quote.end].encode())


def _key_in(job: Job) -> str:
    """The key of the voices of a block."""
    return key_of(code_of("language", "rules.voices", "store.blocks", "store.texts"), job.key)
