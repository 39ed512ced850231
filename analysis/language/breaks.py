"""Breaks: lines in which it is certain where sentencex ends a sentence, found on the bytes.

sentencex reads a line with great care for quotations, brackets, abbreviations, lists and initials.
Most lines hold none of these at a place where a sentence may end. For them its answer is known:
a full stop, question or exclamation mark ends a sentence where a word stands before it that it
takes for no abbreviation, and one blank and a plain letter behind it; it ends none in brackets, in
the midst of a quotation, in an item of a list, and where a small letter or a digit follows at once.
Every other line is doubtful and is left to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from analysis.language.sentences import BETWEEN, pieces
from analysis.language.signs import ALPHABET, Signs, table_of

STOP, OPEN, CLOSE, QUOTE, APOSTROPHE, QUOTES, UNQUOTES, BULLET, DOUBT = range(1, 10)
BLANK = 32


def byte_classes() -> np.ndarray:
    """What each byte may mean for the end of a sentence; 0 is nothing."""
    classes = np.zeros(256, dtype=np.uint8)
    classes[[*b".!?"]] = STOP
    classes[ord("(")], classes[ord(")")] = OPEN, CLOSE
    classes[[*b"\"'`[]{}<>@\\*\t\x1f"]] = DOUBT
    classes[0xC2], classes[0xC6:] = DOUBT, DOUBT
    return classes


CLASSES = byte_classes()
CURLY = np.zeros(256, dtype=np.uint8)
CURLY[:] = DOUBT
CURLY[[0x93, 0x94]] = 0  # dashes
CURLY[[0x98, 0x99, 0x9C, 0x9D, 0xA2]] = QUOTE, APOSTROPHE, QUOTES, UNQUOTES, BULLET
LOWER = table_of(b"abcdefghijklmnopqrstuvwxyz")
UPPER = table_of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
DIGIT = table_of(b"0123456789")
STOPS, ROMAN, MARKER = table_of(b".!?"), table_of(b"ivxlcdmIVXLCDM"), table_of(b".)")
BLANKS = table_of(b" ")
MOST_BLANKS = 8
WORDS_KNOWN = 200_000


@dataclass(frozen=True)
class Marks:
    """Bytes that may matter: where each stands, what it means, and its line."""

    place: np.ndarray
    kind: np.ndarray
    line: np.ndarray

    def of(self, *kinds: int) -> Marks:
        """Those of some kinds."""
        chosen = np.isin(self.kind, kinds)
        return Marks(self.place[chosen], self.kind[chosen], self.line[chosen])


def certain_breaks(
    signs: Signs, start: np.ndarray, end: np.ndarray, ends_sentence
) -> tuple[np.ndarray, np.ndarray]:
    """Which lines (first and one past the last byte) are certain, and where in them a sentence begins.

    A line's own beginning is not among the places. `ends_sentence(places)` tells of full stops
    whether the word before each is one that ends a sentence.
    """
    data = signs.data
    found = marks(signs, start, end)
    doubtful = np.zeros(len(start), dtype=bool)
    doubtful[found.line[found.kind == DOUBT]] = True
    depth = depth_of(doubtful, found, OPEN, CLOSE)
    quoted = depth_of(doubtful, found, QUOTES, UNQUOTES)
    mark_open_quotes(doubtful, found)
    mark_list_markers(doubtful, found, data)
    begin = beginnings(data, start, end)
    items, in_list = list_items(doubtful, found, data, begin, depth)
    doubtful |= ~plain_beginning(data, begin, end)
    is_stop = found.kind == STOP
    stops, line = found.place[is_stop], found.line[is_stop]
    plain = in_plain_quotes(found, data, len(start))
    inside = (depth > 0) | in_list | (quoted > 0) & plain
    unclear = (quoted > 0) & ~inside | (data[found.place + 1] == BLANK) & STOPS[
        data[found.place + 2]
    ]
    doubtful[found.line[is_stop & unclear]] = True
    last = stops + 1 + (data[stops + 1] == BLANK) >= end[line]
    joined = (LOWER | DIGIT)[data[stops + 1]] & ~STOPS[data[stops - 1]]
    word = stops + 2 + (data[stops + 2] == BLANK)
    follows = (data[stops + 1] == BLANK) & (word < end[line])
    follows &= ALPHABET[data[word]] | (data[word] == 0xE2) & (data[word + 2] == 0xA2)
    asked = np.flatnonzero(follows & ~inside[is_stop] & ~last & ~doubtful[line])
    ends = np.zeros(len(stops), dtype=bool)
    ends[asked] = ends_sentence(stops[asked])
    doubtful[line[~(last | ends | joined | inside[is_stop])]] = True
    breaks = np.concatenate((word[ends & ~doubtful[line]], items.place[~doubtful[items.line]]))
    return ~doubtful, np.unique(breaks)


def marks(signs: Signs, start: np.ndarray, end: np.ndarray) -> Marks:
    """The bytes of the lines that may matter; dashes and straight apostrophes in words do not."""
    data = signs.data
    kind = CLASSES[signs.kind]
    place, kind = signs.place[kind > 0], kind[kind > 0]
    line = np.searchsorted(start, place, side="right") - 1
    inside = (line >= 0) & (place < end[np.maximum(line, 0)])
    place, line, kind = place[inside], line[inside], kind[inside]
    wide = np.flatnonzero(data[place] == 0xE2)
    at = place[wide]
    kind[wide] = np.where(data[at + 1] == 0x80, CURLY[data[at + 2]], DOUBT)
    closing = (kind[wide] == APOSTROPHE) | (kind[wide] == UNQUOTES)
    kind[wide[closing & STOPS[data[at - 1]]]] = DOUBT
    straight = np.flatnonzero(data[place] == ord("'"))
    at = place[straight]
    kind[straight[ALPHABET[data[at - 1]] & ALPHABET[data[at + 1]]]] = 0
    return Marks(place[kind > 0], kind[kind > 0], line[kind > 0])


def beginnings(data: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The first byte of each line that is no plain blank; blanks beyond MOST_BLANKS are not passed."""
    begin = start.copy()
    for _ in range(MOST_BLANKS):
        blank = np.flatnonzero((data[begin] == BLANK) & (begin < end))
        if not len(blank):
            break
        begin[blank] += 1
    return begin


def plain_beginning(data: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Which lines begin with a letter that is no part of a list's marker (`a.`, `ii)`), or a bullet."""
    plain = (end > begin) & ALPHABET[data[begin]]
    for step in range(1, 6):
        plain &= ~(MARKER[data[np.minimum(begin + step, len(data) - 1)]] & (begin + step < end - 1))
    return plain | (end > begin + 4) & (data[begin] == 0xE2) & (data[begin + 2] == 0xA2)


def depth_of(doubtful, found: Marks, opening: int, closing: int) -> np.ndarray:
    """In how many brackets (or quotations) each mark stands, one that opens or closes not in its own.

    Lines in which one stands in another, closes unopened or stays open are marked as doubtful.
    """
    kind, line = found.kind, found.line
    step = (kind == opening).astype(np.int32) - (kind == closing)
    after = np.cumsum(step, dtype=np.int32)
    if not len(line):
        return after
    first = np.concatenate(([True], line[1:] != line[:-1]))
    after -= (after - step)[np.flatnonzero(first)][np.cumsum(first) - 1]
    doubtful[line[(after < 0) | (after > 1)]] = True
    doubtful[line[np.append(first[1:], True) & (after != 0)]] = True
    return np.where(step == 0, after, 0)


def in_plain_quotes(found: Marks, data: np.ndarray, n_lines: int) -> np.ndarray:
    """Marks behind which a quotation goes on with a letter or a digit, in lines without single quotes."""
    single = np.zeros(n_lines, dtype=bool)
    single[found.line[found.kind == QUOTE]] = True
    after = data[found.place + 1]
    after = np.where(after == BLANK, data[found.place + 2], after)
    return (ALPHABET | DIGIT)[after] & ~single[found.line]


def mark_open_quotes(doubtful, found: Marks) -> None:
    """Mark lines in which no apostrophe follows a single quotation mark before the next stop."""
    some = found.of(QUOTE, APOSTROPHE, STOP)
    follows = np.append(some.kind[1:], 0)
    same = np.append(some.line[1:] == some.line[:-1], False)
    doubtful[some.line[(some.kind == QUOTE) & ~((follows == APOSTROPHE) & same)]] = True


def mark_list_markers(doubtful, found: Marks, data: np.ndarray) -> None:
    """Mark lines with brackets that hold little, as `(a)`, or two of which close as `b)` or `2) Then`."""
    pair = found.of(OPEN, CLOSE)
    size = np.diff(pair.place) - 1
    held = pair.place[:-1] + 1
    long_number = DIGIT[data[held]] & (size > 2)
    word = ~DIGIT[data[held]] & ~ROMAN[data[held]] & (size > 1)
    little = (pair.kind[1:] == CLOSE) & (size < 7) & ~long_number & ~word
    doubtful[pair.line[1:][little]] = True
    close = pair.of(CLOSE)
    item = (data[close.place + 1] == BLANK) & ~LOWER[data[close.place + 2]]
    close_at = close.place[item]
    marker = closes_marker(data, close_at - (data[close_at - 1] == ord(".")))
    doubtful[np.bincount(close.line[item][marker], minlength=len(doubtful)) > 1] = True


def closes_marker(data: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Before which places a letter, a number or a Roman number stands by itself."""
    found = ALPHABET[data[place - 1]] & (data[place - 2] == BLANK)
    for table in (DIGIT, ROMAN):
        at = place - 1
        for _ in range(MOST_BLANKS):
            at = at - table[data[at]]
        found |= table[data[place - 1]] & (table | BLANKS)[data[at]]
    return found


def list_items(doubtful, found: Marks, data, begin, depth) -> tuple[Marks, np.ndarray]:
    """Bullets at which an item of a list begins, but at the beginning of a line; which marks stand
    after the first of their line.

    A bullet that begins a line or two of them make a list. Lines with other bullets than before a
    blank and a capital are marked as doubtful, and lists with quotations.
    """
    is_bullet = found.kind == BULLET
    bullets = found.of(BULLET)
    at = bullets.place
    at_begin = at == begin[bullets.line]
    odd = (data[at + 3] != BLANK) | ~UPPER[data[at + 4]] | (depth[is_bullet] > 0)
    doubtful[bullets.line[odd | ~at_begin & (data[at - 1] != BLANK)]] = True
    many = np.bincount(bullets.line, minlength=len(begin)) > 1
    many[bullets.line[at_begin]] = True
    quotes = found.of(QUOTE, QUOTES)
    doubtful[quotes.line[many[quotes.line]]] = True
    first = np.full(len(begin), len(data))
    first[bullets.line[::-1]] = at[::-1]
    in_list = many[found.line] & (found.place > first[found.line])
    chosen = many[bullets.line] & ~at_begin
    return Marks(at[chosen], bullets.kind[chosen], bullets.line[chosen]), in_list


def ending_words(words: list[str], language: str) -> np.ndarray:
    """Which words end a sentence when a full stop stands behind them and a plain letter follows."""
    known = words_known(language)
    if len(known) > WORDS_KNOWN:
        known.clear()
    unknown = [word for word in words if word not in known]
    known |= zip(unknown, asked_words(unknown, language).tolist(), strict=True)
    return np.array([known[word] for word in words], dtype=bool)


@cache
def words_known(language: str) -> dict[str, bool]:
    """What this process knows of words."""
    return {}


def asked_words(words: list[str], language: str) -> np.ndarray:
    """Which words end a sentence, asked of sentencex behind a name and behind a number (`6 in.`)."""
    found = np.ones(len(words), dtype=bool)
    for before in ("Qa", "Qa 6"):
        asked = [f"{before} {word}. " for word in words]
        cut = pieces(BETWEEN.join(f"{text}Qb" for text in asked), language)
        if cut[::2] == asked:  # each of them ends one
            continue
        n = 0
        for number, text in enumerate(asked):
            ends = cut[n : n + 2] == [text, "Qb"]
            found[number] &= ends
            n += 2 if ends else 1
    return found
