"""Sentences: the spans of sentences in lines of text."""

from __future__ import annotations

from itertools import accumulate, pairwise

import regex
import sentencex

from analysis.language.words import stop_words

_CITATION = regex.compile(r"\([^()]*\)[.;,]?\s*")
_FOUR_DIGITS = regex.compile(r"\d{4}")
_FOOTNOTE = regex.compile(r"\d{1,2}\s+(?=(\p{Lu}\p{L}*))")
_LETTER = regex.compile(r"\p{L}")
_WIDE_BLANKS = "\t\x1f\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""White space, but for the plain blank and for what ends a line."""
LANGUAGE = regex.compile(r"[a-z]{2,3}")
_SPACED_ELLIPSIS = regex.compile(r"\. \. \.\s*\Z")
BETWEEN = "\n\n"

Span = tuple[int, int]


def pieces(text: str, language: str) -> list[str]:
    """The text cut by sentencex, none where it fails.

    `text` is one line or several with BETWEEN between them, which is no piece. sentencex is given
    plain blanks only, as some others stop it.
    """
    for blank in _WIDE_BLANKS:
        if blank in text:
            text = text.replace(blank, " ")
    try:
        cut = sentencex.segment(language if LANGUAGE.fullmatch(language) else "en", text)
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        return []
    return [piece for piece in cut if piece != BETWEEN]


def sentence_spans(line: str, language: str) -> list[Span]:
    """Start and end of each sentence in one line of text, white space at its ends left out.

    sentencex finds the boundaries, `mended` corrects them; a line that stops it stays whole.

    >>> sentence_spans("It blurs warfare. 2 While this holds. (CAC, 2023)", "en")
    [(0, 17), (20, 49)]
    """
    cut = list(pairwise(accumulate(map(len, pieces(line, language)), initial=0)))
    whole = cut and cut[-1][1] == len(line)
    return mended(line, cut if whole else [(0, len(line))])


def mended(line: str, spans: list[Span]) -> list[Span]:
    """The spans of a line's pieces as sentences, four cases mended.

    A citation in parentheses stays with its sentence; a footnote number (before a function word:
    `2 While`, not `12 Chinese firms`) belongs to no sentence's text; a piece without a letter is
    no sentence; a spaced ellipsis does not end one.
    """
    found = spans[:1]
    for start, end in spans[1:]:
        piece = line[start:end]
        if _is_citation(piece) or _ends_in_ellipsis(line[found[-1][0] : start]):
            found[-1] = (found[-1][0], end)
        elif _LETTER.search(piece):
            note = _FOOTNOTE.match(piece) if piece[0].isdecimal() else None
            note = note if note and note[1].lower() in stop_words() else None
            found.append((start + note.end() if note else start, end))
    return [_trimmed(line, start, end) for start, end in found]


def _is_citation(piece: str) -> bool:
    """Whether a piece is nothing but brackets with a year in them."""
    return piece[0] == "(" and bool(_CITATION.fullmatch(piece) and _FOUR_DIGITS.search(piece))


def _ends_in_ellipsis(text: str) -> bool:
    """Whether a text ends with a spaced ellipsis."""
    return ". . ." in text and bool(_SPACED_ELLIPSIS.search(text))


def _trimmed(line: str, start: int, end: int) -> Span:
    """The span without white space at its ends."""
    piece = line[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
