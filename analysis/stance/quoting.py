"""Voice: what stands in quotation marks or is reported, against the author's own words."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import regex

from analysis.files import line_spans

VOICES = ("quoted", "reported", "own")
LEAST_WORDS = 4
"""Words in quotation marks below which they mark a term and not speech."""
CLOSING = {"“": "”", "„": "“”", "«": "»", "‹": "›", "「": "」", "『": "』", "‘": "’", '"': '"'}
MARK = regex.compile("[" + "".join(sorted({*CLOSING, *"".join(CLOSING.values())})) + "]")
LETTER = regex.compile(r"[\p{L}\p{N}]")
WORD = regex.compile(r"\p{Han}|[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}\p{N}]+)*")
VERBS = (
    "said says told tells argued argues claimed wrote writes added adds explained explains "
    "stated warned warns noted notes suggested suggests asserted asserts contended contends "
    "insisted insists acknowledged acknowledges announced announces declared declares believed "
    "believes emphasized emphasised emphasizes stressed reported remarked observed commented "
    "predicted predicts cautioned cautions recalled maintained maintains conceded concedes alleged "
    "alleges denied denies admitted admits urged quipped"
)
VERBS_OR_NOUNS = (
    "claim claims report reports argue say comments stress stresses warn believe contend"
)
ALWAYS = "said says argued asserted contended contends insisted insists"
AUTHOR = frozenset(["i", "we", "article", "paper", "essay", "chapter", "section", "study"])
SOURCE = regex.compile(
    r"\b(?i:according to(?! (?:the )?laws?\b)|in the words of|as (?:\w+ ){0,3}(?:put|puts) it|in (?:his|her|their) view)\b"
)
REPORTING = regex.compile(rf"\b(?<who>\w+)\s+(?:\w+ly\s+)?(?i:{'|'.join(ALWAYS.split())})\b")
THAT = regex.compile(
    rf"\b(?<who>\w+)\s+(?:(?:have|has|had|also|further|repeatedly|publicly)\s+)*"
    rf"(?i:{'|'.join((VERBS + ' ' + VERBS_OR_NOUNS).split())})\s+(?:\w+\s+){{0,2}}that\b"
)
SAID = regex.compile(
    rf"(?:\b(?<who>\w+)\s+|,\s*)(?i:{'|'.join(VERBS.split())})\b(?=\s*[,:.“\"]|\s+\p{{Lu}})"
)
HINT = regex.compile(
    rf"\b(?i:according|words|puts?|view|{'|'.join((VERBS + ' ' + VERBS_OR_NOUNS + ' ' + ALWAYS).split())})\b"
)
LONGEST_SENTENCE = 5000
DEEPEST = 8


@dataclass(frozen=True)
class Quote:
    """A span in quotation marks, the marks not included; `depth` 1 is outermost. `closed` is False
    where the closing mark is missing: the span then ends with the paragraph."""

    start: int
    end: int
    depth: int
    closed: bool


def quotes(paragraph: str) -> list[Quote]:
    """What stands in quotation marks in a paragraph, by start, the outer before the inner.

    Curly, straight, low and angle marks, and 「」. A straight or curly apostrophe between letters is
    no mark; a straight double mark after a digit (5") opens nothing. A closing mark that closes
    nothing is passed over, and so is an opening one inside DEEPEST others.
    """
    found: list[Quote] = []
    open_marks: list[tuple[str, int]] = []
    for mark in MARK.finditer(paragraph):
        place, sign = mark.start(), mark.group()
        before, after = paragraph[place - 1 : place], paragraph[place + 1 : place + 2]
        level = next(
            (n for n in reversed(range(len(open_marks))) if sign in CLOSING[open_marks[n][0]]), None
        )
        if level is not None and not apostrophe(sign, before, after):
            found += [
                Quote(start, place, depth + 1, depth == level)
                for depth, (_, start) in enumerate(open_marks)
                if depth >= level
            ]
            del open_marks[level:]
        elif (
            sign in CLOSING and len(open_marks) < DEEPEST and not (sign == '"' and before.isdigit())
        ):
            open_marks.append((sign, place + 1))
    end = len(paragraph)
    found += [Quote(start, end, depth + 1, False) for depth, (_, start) in enumerate(open_marks)]
    return sorted(found, key=lambda quote: (quote.start, quote.depth))


def apostrophe(sign: str, before: str, after: str) -> bool:
    """Whether a single closing mark is an apostrophe inside a word."""
    return sign == "’" and bool(LETTER.match(after)) and bool(LETTER.match(before))


def speech(paragraph: str, least_words: int = LEAST_WORDS) -> list[Quote]:
    """The outermost quotes that hold at least `least_words` words; shorter ones mark a term."""
    return [
        quote
        for quote in quotes(paragraph)
        if quote.depth == 1 and len(WORD.findall(paragraph[quote.start : quote.end])) >= least_words
    ]


def reported(sentence: str) -> bool:
    """Whether a sentence gives what somebody else says: 'according to', 'said' and its like, another
    verb of reporting with 'that', or one that ends or interrupts the sentence. 'We argue that' and
    'this article argues that' are the author's own.

    >>> [reported(text) for text in ("Xi said that it grew.", "It grew, Li said.", "It grew.")]
    [True, True, False]
    """
    sentence = sentence[:LONGEST_SENTENCE]
    if not HINT.search(sentence):
        return False
    if SOURCE.search(sentence):
        return True
    hits = (hit for pattern in (REPORTING, THAT, SAID) for hit in pattern.finditer(sentence))
    return any((hit["who"] or "").lower() not in AUTHOR for hit in hits)


def voices(
    paragraph: str,
    sentences: Sequence[tuple[int, int]],
    matches: Iterable[tuple[int, int]],
    least_words: int = LEAST_WORDS,
) -> list[str]:
    """The voice of each match in a paragraph: 'quoted', 'reported' or 'own'.

    `sentences` and `matches` are spans of characters in the paragraph. Quoted: the match lies in
    `speech`; reported: its sentence is `reported`.
    """
    spoken = speech(paragraph, least_words)
    begins = [start for start, _ in sentences]
    told = []
    for start, end in matches:
        number = bisect_right(begins, start) - 1
        sentence = paragraph[slice(*sentences[number])] if number >= 0 else ""
        if any(quote.start <= start and end <= quote.end for quote in spoken):
            told.append("quoted")
        else:
            told.append("reported" if reported(sentence) else "own")
    return told


def match_voices(
    texts: Sequence[str], matches: pd.DataFrame, least_words: int = LEAST_WORDS
) -> np.ndarray:
    """The voice of every match of a corpus, in the order of `matches`.

    Columns of `matches`: document (number), start, end, sentence_start, sentence_end (characters
    in the document's text). Paragraphs are lines of text.
    """
    columns = ["document", "start", "end", "sentence_start", "sentence_end"]
    rows = matches[columns].to_numpy(dtype=np.int64)
    told = np.full(len(rows), "own", dtype=object)
    order = np.lexsort((rows[:, 1], rows[:, 0]))
    changes = np.flatnonzero(np.diff(rows[order, 0])) + 1
    for mine in np.split(order, changes) if len(order) else []:
        text = texts[rows[mine[0], 0]]
        lines = line_spans(text)
        line = np.searchsorted([begin for begin, _ in lines], rows[mine, 1], side="right") - 1
        for part in np.split(np.arange(len(mine)), np.flatnonzero(np.diff(line)) + 1):
            begin, end = lines[line[part[0]]]
            spans = (rows[mine[part], 1:] - begin).tolist()
            sentences = sorted({(row[2], row[3]) for row in spans})
            places = [(row[0], row[1]) for row in spans]
            told[mine[part]] = voices(text[begin:end], sentences, places, least_words)
    return told


def quote_table(texts: Sequence[str], ids: Sequence[str]) -> pd.DataFrame:
    """Every quote of a corpus to be looked at: document, start, end, words, depth, closed, text."""
    rows = []
    for document, text in zip(ids, texts, strict=True):
        for begin, end in line_spans(text):
            for quote in quotes(text[begin:end]):
                inside = text[begin + quote.start : begin + quote.end]
                place = (begin + quote.start, begin + quote.end)
                words = len(WORD.findall(inside))
                rows.append((document, *place, words, quote.depth, quote.closed, inside))
    columns = ["document", "start", "end", "words", "depth", "closed", "text"]
    return pd.DataFrame(rows, columns=columns)
