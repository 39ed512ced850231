"""Breaks: lines in which it is certain where sentencex ends a sentence, found on the bytes.

sentencex reads a line with great care for quotations, brackets, abbreviations, lists and initials.
Most lines hold none of these at a place where a sentence may end. For them its answer is known:
a full stop, question or exclamation mark ends a sentence where a word stands before it that it
takes for no abbreviation, and one blank and a plain capital behind it. Every other line is
doubtful and is left to it.
"""

from __future__ import annotations

import numpy as np

from analysis.language.sentences import BETWEEN, pieces

STOP, OPEN, CLOSE, QUOTE, APOSTROPHE, QUOTES, UNQUOTES, DOUBT = range(1, 9)
BLANK = 32


def byte_classes() -> bytes:
    """What each byte may mean for the end of a sentence; 0 is nothing."""
    classes = np.zeros(256, dtype=np.uint8)
    classes[[*b".!?"]] = STOP
    classes[ord("(")], classes[ord(")")] = OPEN, CLOSE
    classes[[*b"\"'`[]{}<>@\\*\t\x1f"]] = DOUBT
    classes[0xC2], classes[0xC6:] = DOUBT, DOUBT
    return classes.tobytes()


CLASSES = byte_classes()
CURLY = np.zeros(256, dtype=np.uint8)
CURLY[:] = DOUBT
CURLY[[0x93, 0x94]] = 0  # dashes
CURLY[[0x98, 0x99, 0x9C, 0x9D]] = QUOTE, APOSTROPHE, QUOTES, UNQUOTES
LOWER = np.zeros(256, dtype=bool)
LOWER[97:123] = True
UPPER = np.zeros(256, dtype=bool)
UPPER[65:91] = True
LETTER = LOWER | UPPER
MARKER = np.zeros(256, dtype=bool)
MARKER[[*b".)"]] = True


def certain_breaks(
    content: bytes, start: np.ndarray, end: np.ndarray, ends_sentence
) -> tuple[np.ndarray, np.ndarray]:
    """Which lines (first and one past the last byte) are certain, and where in them a sentence begins.

    A line's own beginning is not among the places. `ends_sentence(places)` tells of full stops
    whether the word before each is one that ends a sentence.
    """
    data = np.frombuffer(content, dtype=np.uint8)
    place, kind = marks(content, data)
    line = np.searchsorted(start, place, side="right") - 1
    inside = (line >= 0) & (place < end[np.maximum(line, 0)])
    place, kind, line = place[inside], kind[inside], line[inside]
    doubtful = np.zeros(len(start), dtype=bool)
    doubtful[line[kind == DOUBT]] = True
    doubtful |= ~plain_beginning(data, start, end)
    for opening, closing in ((OPEN, CLOSE), (QUOTES, UNQUOTES)):
        mark_unbalanced(doubtful, place, kind, line, opening, closing)
    mark_open_quotes(doubtful, kind, line)
    stops = place[kind == STOP]
    line = line[kind == STOP]
    last = stops + 1 >= end[line]
    after = [data[np.minimum(stops + k, len(data) - 1)] for k in (1, 2, 3)]
    next_word = stops + 2 + (after[1] == BLANK)
    capital = UPPER[np.where(after[1] == BLANK, after[2], after[1])]
    capital &= (after[0] == BLANK) & (next_word < end[line])
    candidates = np.flatnonzero(capital & ~doubtful[line])
    ends = np.zeros(len(stops), dtype=bool)
    ends[candidates] = ends_sentence(stops[candidates])
    doubtful[line[~last & ~ends]] = True
    return ~doubtful, next_word[ends & ~doubtful[line]]


def marks(content: bytes, data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where a byte may matter, and what it means; dashes and straight apostrophes in words do not."""
    classes = np.frombuffer(content.translate(CLASSES), dtype=np.uint8)
    place = np.flatnonzero(classes)
    kind = classes[place].copy()
    padded = np.concatenate((data[-1:], data, np.zeros(4, dtype=np.uint8)))  # place p is at p + 1
    wide = np.flatnonzero(data[place] == 0xE2)
    at = place[wide] + 1
    kind[wide] = np.where(padded[at + 1] == 0x80, CURLY[padded[at + 2]], DOUBT)
    after_stop = np.isin(padded[at - 1], np.frombuffer(b".!?", dtype=np.uint8))
    closing = (kind[wide] == APOSTROPHE) | (kind[wide] == UNQUOTES)
    kind[wide[closing & after_stop]] = DOUBT
    straight = np.flatnonzero(data[place] == ord("'"))
    at = place[straight] + 1
    kind[straight[LETTER[padded[at - 1]] & LETTER[padded[at + 1]]]] = 0
    return place[kind > 0], kind[kind > 0]


def plain_beginning(data: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Which lines begin with a letter that is no part of a list's marker (`a.`, `ii)`)."""
    plain = (end > start) & LETTER[data[np.minimum(start, len(data) - 1)]]
    for step in range(1, 6):
        near = data[np.minimum(start + step, len(data) - 1)]
        plain &= ~(MARKER[near] & (start + step < end - 1))
    return plain


def mark_unbalanced(doubtful, place, kind, line, opening: int, closing: int) -> None:
    """Mark lines in which a bracket is open at a stop, closes unopened, stays open, or holds little."""
    step = (kind == opening).astype(np.int64) - (kind == closing)
    depth = np.cumsum(step)
    before = depth - step
    first = np.concatenate(([True], line[1:] != line[:-1]))
    base = before[np.flatnonzero(first)][np.cumsum(first) - 1] if len(line) else before
    inner, outer = before - base, depth - base
    doubtful[line[(outer < 0) | (outer > 1)]] = True
    doubtful[line[(kind == STOP) & (inner != 0)]] = True
    doubtful[line[np.concatenate((first[1:], [True])) & (outer != 0)]] = True
    pair = np.flatnonzero((kind == opening) | (kind == closing))
    short = np.flatnonzero((kind[pair[1:]] == closing) & (np.diff(place[pair]) < 8))
    doubtful[line[pair[short]]] = True


def mark_open_quotes(doubtful, kind, line) -> None:
    """Mark lines in which no apostrophe follows a single quotation mark before the next stop."""
    some = np.flatnonzero((kind == QUOTE) | (kind == APOSTROPHE) | (kind == STOP))
    here, where = kind[some], line[some]
    follows = np.concatenate((here[1:], [0]))
    same = np.concatenate((where[1:] == where[:-1], [False]))
    doubtful[where[(here == QUOTE) & ~((follows == APOSTROPHE) & same)]] = True


def ending_words(words: list[str], language: str) -> np.ndarray:
    """Which words end a sentence when a full stop stands behind them and a plain capital follows."""
    found = np.zeros(len(words), dtype=bool)
    cut = pieces(BETWEEN.join(f"Qa {word}. Qb" for word in words), language)
    n = 0
    for number, word in enumerate(words):
        found[number] = cut[n : n + 2] == [f"Qa {word}. ", "Qb"]
        n += 2 if found[number] else 1
    return found
