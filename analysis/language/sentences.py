"""Sentences: the spans of sentences in lines of text."""

from __future__ import annotations

import re

import regex
import sentencex

from analysis.language.chinese import HAN, chinese_sentences, is_chinese
from analysis.language.words import stop_words

_CITATION = regex.compile(r"\([^()]*\)[.;,]?\s*")
_FOUR_DIGITS = regex.compile(r"\d{4}")
_FOOTNOTE = regex.compile(r"\d{1,2}\s+(?=(\p{Lu}\p{L}*))")
_LETTER = regex.compile(r"\p{L}")
_WIDE_BLANK = re.compile("[\t\x1f\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
"""White space, except the plain blank and what ends a line."""
_LANGUAGE = regex.compile(r"[a-z]{2,3}")

Span = tuple[int, int]


def sentence_spans(line: str, language: str) -> list[Span]:
    """Start and end of each sentence in one line of text, white space at its ends left out.

    Chinese sentences are those of `chinese_sentences`. In other languages sentencex cuts the line,
    with four corrections. A citation in parentheses stays with its sentence. A footnote number
    (before a function word: `2 While`, not `12 Chinese firms`) belongs to no sentence. A piece
    without a letter is not a sentence. A spaced ellipsis does not end one.

    >>> sentence_spans("It blurs warfare. 2 While this holds. (CAC, 2023)", "en")
    [(0, 17), (20, 49)]
    """
    if is_chinese(language) and HAN.search(line):
        return chinese_sentences(line)
    found: list[Span] = []
    has_ellipsis, end = ". . ." in line, 0
    for piece in _pieces(line, language):
        start, end = end, end + len(piece)
        if not found:
            found.append((start, end))
        elif _is_citation(piece) or (
            has_ellipsis and _ends_in_ellipsis(line[found[-1][0] : start])
        ):
            found[-1] = (found[-1][0], end)
        elif _LETTER.search(piece):
            found.append((start + _footnote_size(piece), end))
    return [_trimmed(line, start, end) for start, end in found]


def _pieces(line: str, language: str) -> list[str]:
    """The line cut by sentencex, whole where that fails; some blanks but the plain one stop it."""
    text = _WIDE_BLANK.sub(" ", line)
    try:
        cut = sentencex.segment(language if _LANGUAGE.fullmatch(language) else "en", text)
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        cut = []
    return cut if sum(map(len, cut)) == len(line) else [line]


def _is_citation(piece: str) -> bool:
    """Whether a piece is nothing but brackets with a year in them."""
    found = piece[0] == "(" and _CITATION.fullmatch(piece)
    return bool(found and _FOUR_DIGITS.search(piece))


def _ends_in_ellipsis(text: str) -> bool:
    """Whether a text ends in a spaced ellipsis."""
    return text.rstrip().endswith(". . .")


def _footnote_size(piece: str) -> int:
    """Characters of the footnote number that a piece begins with, 0 where there is none."""
    note = _FOOTNOTE.match(piece) if piece[0].isdecimal() else None
    return note.end() if note and note[1].lower() in stop_words() else 0


def _trimmed(line: str, start: int, end: int) -> Span:
    """The span without white space at its ends."""
    piece = line[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
