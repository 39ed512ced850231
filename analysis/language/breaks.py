"""Breaks: lines in which it is certain where sentencex ends a sentence, found on the bytes.

sentencex reads a line with great care for quotations, brackets, abbreviations, lists and initials.
Most lines hold nothing that leaves its answer open: a full stop, question or exclamation mark ends
a sentence where a word stands before it that it takes for no abbreviation, and one blank and a
plain letter, or a quotation or bracket that begins with one, behind it; so does one at the end of a
quotation where a capital follows. It ends none in brackets, in the midst of a quotation, in an item
of a list, in a spaced ellipsis, behind an abbreviation before a small letter, and where a small
letter or a digit follows at once. Every other line is doubtful and is left to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from analysis.language.sentences import BETWEEN, pieces
from analysis.language.signs import ALPHABET, FULL_STOP, PUNCTUATION, TWO_BYTES, Signs, table_of

STOP, OPEN, CLOSE, QUOTE, APOSTROPHE, QUOTES, UNQUOTES, BULLET, DOUBT = range(1, 10)
BLANK = 32


def byte_classes() -> np.ndarray:
    """What each byte may mean for the end of a sentence; 0 is nothing."""
    classes = np.zeros(256, dtype=np.uint8)
    classes[[*b".!?"]] = STOP
    classes[ord("(")], classes[ord(")")] = OPEN, CLOSE
    classes[[*b"'`[]{}<>@\\*\t\x1f"]] = DOUBT
    classes[ord('"')] = QUOTES
    classes[TWO_BYTES], classes[0xC6:] = DOUBT, DOUBT
    return classes


CLASSES = byte_classes()
CURLY = np.zeros(256, dtype=np.uint8)
CURLY[:] = DOUBT
CURLY[[0x93, 0x94]] = 0  # dashes
CURLY[[0x98, 0x99, 0x9C, 0x9D, 0xA2]] = QUOTE, APOSTROPHE, QUOTES, UNQUOTES, BULLET
MEANS_NOTHING = table_of("£§©®°±·".encode("latin-1"))
"""The second bytes of characters of two bytes that sentencex passes over."""
LOWER = table_of(b"abcdefghijklmnopqrstuvwxyz")
UPPER = table_of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
DIGIT = table_of(b"0123456789")
CLOSES = table_of(b')"')
STOPS, ROMAN, MARKER = table_of(b".!?"), table_of(b"ivxlcdmIVXLCDM"), table_of(b".)")
BLANKS, ASCII = table_of(b" "), table_of(bytes(range(128)))
MOST_BLANKS = 8
WORDS_KNOWN = 200_000


Judge = Callable[[list[str]], np.ndarray]
Judged = Callable[[np.ndarray, str, Judge, np.ndarray], np.ndarray]


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


@dataclass(frozen=True)
class Stops:
    """Full stops, question and exclamation marks: where each stands, its line, whether it ends a
    quotation, one past it (and past the mark that closes the quotation), and the byte at which the
    next word may begin."""

    place: np.ndarray
    line: np.ndarray
    closes: np.ndarray
    after: np.ndarray
    word: np.ndarray


def certain_breaks(
    signs: Signs, start: np.ndarray, end: np.ndarray, judged: Judged
) -> tuple[np.ndarray, np.ndarray]:
    """Which lines (first and one past the last byte) are certain, and where in them a sentence begins.

    A line's own beginning is not among the places. The lines are English. `judged(places, pattern,
    judge, before)` tells before which places a word stands that fits a pattern and a judgment of words,
    itself behind a byte of a table.
    """
    data = signs.data
    found = marks(signs, start, end)
    doubtful = np.zeros(len(start), dtype=bool)
    doubtful[found.line[found.kind == DOUBT]] = True
    depth = depth_of(doubtful, found, OPEN, CLOSE)
    quoted = depth_of(doubtful, found, QUOTES, UNQUOTES) + in_single_quotes(doubtful, found)
    mark_crossed_quotes(doubtful, found, data, depth)
    mark_list_markers(doubtful, found, data)
    begin = beginnings(data, start, end)
    items, in_list = list_items(doubtful, found, data, begin, depth + quoted)
    doubtful |= ~plain_beginning(data, begin, end)
    stops = stops_among(found, data)
    depth, quoted, in_list = (kept[found.kind == STOP] for kept in (depth, quoted, in_list))
    midst = ~stops.closes & (goes_on(stops, data) | (quoted == 0))
    inside = (depth > 0) & (midst | stops.closes) | midst & (in_list | (quoted > 0))
    ellipsis = in_ellipsis(stops, data)
    blank = data[stops.after] == BLANK
    unclear = ~inside & np.where(stops.closes, in_list, quoted > 0)
    unclear |= blank & STOPS[data[stops.after + 1]] & ~ellipsis
    doubtful[stops.line[unclear]] = True
    last = stops.after + blank >= end[stops.line]
    settled = inside | last | ellipsis | goes_on_at_once(stops, data)
    settled |= after_abbreviation(stops, data, judged, settled | doubtful[stops.line])
    begins = blank & (stops.word < end[stops.line]) & begins_sentence(stops, found, data)
    ends = begins & ~settled & ~doubtful[stops.line]
    ends[ends] = after_ending_word(stops.place[ends], data, judged)
    doubtful[stops.line[~(settled | ends)]] = True
    ends &= ~doubtful[stops.line]
    items = items.place[~doubtful[items.line]]
    breaks = np.union1d(stops.word[ends], items) if len(items) else stops.word[ends]
    return ~doubtful, breaks


def after_ending_word(places: np.ndarray, data: np.ndarray, judged: Judged) -> np.ndarray:
    """Which stops stand behind a word that ends a sentence, a bracket, or the end of a quotation."""
    closes = (data[places - 1] == 0x99) | (data[places - 1] == 0x9D)
    closes &= (data[places - 2] == 0x80) & (data[places - 3] == PUNCTUATION)
    words = judged(places, "^([A-Za-z]{2,}|[0-9]{2,})$", ending_words, ASCII)
    return words | CLOSES[data[places - 1]] | closes


def after_abbreviation(
    stops: Stops, data: np.ndarray, judged: Judged, known: np.ndarray
) -> np.ndarray:
    """Which stops, of those not yet known, belong to an abbreviation before a small letter."""
    found = ~known & (data[stops.place] == FULL_STOP) & (stops.word == stops.place + 2)
    found &= (data[stops.after] == BLANK) & LOWER[data[stops.word]]
    pattern = r"^([A-Za-z]{2,}|[A-Z]\.[A-Z])$"
    found[found] = judged(stops.place[found], pattern, abbreviations, BLANKS)
    inner = found & (data[stops.place - 2] == FULL_STOP) & (np.diff(stops.place, prepend=-9) == 2)
    found[:-1] |= inner[1:]
    return found


def marks(signs: Signs, start: np.ndarray, end: np.ndarray) -> Marks:
    """The bytes of the lines that may matter; dashes and straight apostrophes in words do not.

    Straight quotation marks open and close in turn in each line.
    """
    data = signs.data
    kind = CLASSES[signs.kind]
    place, kind = signs.place[kind > 0], kind[kind > 0]
    line = np.searchsorted(start, place, side="right") - 1
    inside = (line >= 0) & (place < end[np.maximum(line, 0)])
    place, line, kind = place[inside], line[inside], kind[inside]
    lead = data[place]
    wide = np.flatnonzero(lead == PUNCTUATION)
    at = place[wide]
    kind[wide] = np.where(data[at + 1] == 0x80, CURLY[data[at + 2]], DOUBT)
    kind[wide[(kind[wide] == APOSTROPHE) & STOPS[data[at - 1]]]] = DOUBT
    two = np.flatnonzero(lead == TWO_BYTES)
    kind[two[MEANS_NOTHING[data[place[two] + 1]]]] = 0
    single = np.flatnonzero(lead == ord("'"))
    at = place[single]
    kind[single[ALPHABET[data[at - 1]] & ALPHABET[data[at + 1]]]] = 0
    straight = np.flatnonzero(lead == ord('"'))
    of_line = line[straight]
    before = np.arange(len(straight)) - np.searchsorted(of_line, of_line)
    kind[straight[before % 2 == 1]] = UNQUOTES
    return Marks(place[kind > 0], kind[kind > 0], line[kind > 0])


def stops_among(found: Marks, data: np.ndarray) -> Stops:
    """The stops among marks."""
    at = np.flatnonzero(found.kind == STOP)
    place = found.place[at]
    behind = np.minimum(at + 1, len(found.kind) - 1)
    closes = (found.kind[behind] == UNQUOTES) & (found.place[behind] == place + 1)
    after = place + 1 + closes * np.where(data[place + 1] == PUNCTUATION, 3, 1)
    word = after + 1 + (data[after + 1] == BLANK)
    return Stops(place, found.line[at], closes, after, word)


def begins_sentence(stops: Stops, found: Marks, data: np.ndarray) -> np.ndarray:
    """Behind which stops a letter stands, or a quotation or a hashtag that begins with one, or a bullet,
    or a bracket behind which one follows; behind the end of a quotation it must be a capital."""
    letter, other = first_letter(data, stops.word), curly_at(data, stops.word) == BULLET
    bracket = np.flatnonzero(data[stops.word] == ord("("))
    if len(bracket):
        close = np.append(found.of(CLOSE).place, len(data) - 3)
        close = close[np.searchsorted(close[:-1], stops.word[bracket])]
        other[bracket] = (data[close + 1] == BLANK) & ALPHABET[data[close + 2]]
    return np.where(stops.closes, UPPER[letter], ALPHABET[letter] | other)


def goes_on_at_once(stops: Stops, data: np.ndarray) -> np.ndarray:
    """Behind which stops a small letter or a digit follows at once; behind the end of a quotation also
    after a blank, or a comma."""
    more = LOWER | DIGIT
    follows = more[data[stops.after]]
    blank = (data[stops.after] == BLANK) & more[data[stops.word]]
    follows |= stops.closes & (blank | (data[stops.after] == ord(",")))
    return follows & ~STOPS[data[stops.place - 1]]


def goes_on(stops: Stops, data: np.ndarray) -> np.ndarray:
    """Behind which stops a letter or a digit follows, at once or after a blank."""
    after = data[stops.place + 1]
    return (ALPHABET | DIGIT)[np.where(after == BLANK, data[stops.place + 2], after)]


def in_ellipsis(stops: Stops, data: np.ndarray) -> np.ndarray:
    """Stops of a spaced ellipsis (`. . .`) behind which, after a blank, a letter or a digit follows."""
    at = stops.place
    alone = (data[at] == FULL_STOP) & ~STOPS[data[at - 1]] & (data[at + 1] == BLANK)
    more = alone & (data[at + 2] == FULL_STOP)
    before = np.concatenate(([False], more[:-1])) & (data[at - 2] == FULL_STOP)
    middle = before & more
    three = middle | more & np.append(middle[1:], False)
    three |= before & np.concatenate(([False], middle[:-1]))
    return alone & three & (more | (ALPHABET | DIGIT)[data[at + 2]])


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
    """Which lines begin with a letter that is no part of a list's marker (`a.`, `ii)`), with a quotation
    or a hashtag that begins with a letter, or with a bullet."""
    plain = (end > begin) & ALPHABET[data[begin]]
    word = plain
    for step in range(1, MOST_BLANKS + 1):
        at = np.minimum(begin + step, len(data) - 1)
        plain = plain & ~(word & MARKER[data[at]] & (at < end - 1))
        word = word & ALPHABET[data[at]]
    opened = ~ALPHABET[data[begin]] & ALPHABET[first_letter(data, begin)]
    return plain | (end > begin + 4) & (opened | (curly_at(data, begin) == BULLET))


def curly_at(data: np.ndarray, place: np.ndarray) -> np.ndarray:
    """What the curly quotation mark or bullet at each place means; 0 where there is none."""
    lead = (data[place] == PUNCTUATION) & (data[place + 1] == 0x80)
    return np.where(lead, CURLY[data[place + 2]], 0)


def first_letter(data: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The byte at each place, or behind the quotation mark or hash that stands there."""
    curly = curly_at(data, place)
    opens = (curly == QUOTES) | (curly == QUOTE)
    one = (data[place] == ord('"')) | (data[place] == ord("#"))
    return data[place + np.where(opens, 3, one)]


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


def in_single_quotes(doubtful, found: Marks) -> np.ndarray:
    """Which marks stand in single quotation marks, which the next apostrophe closes.

    Lines in which none does, or another quotation begins or ends before it, are marked as doubtful.
    """
    at = np.flatnonzero(np.isin(found.kind, (QUOTE, APOSTROPHE, QUOTES, UNQUOTES)))
    opens = found.kind[at] == QUOTE
    closed = np.append(found.kind[at[1:]] == APOSTROPHE, False)
    closed &= np.append(found.line[at[1:]] == found.line[at[:-1]], False)
    doubtful[found.line[at[opens & ~closed]]] = True
    step = np.zeros(len(found.kind) + 1, dtype=np.int8)
    step[at[opens & closed] + 1] = 1
    step[at[1:][(opens & closed)[:-1]]] -= 1
    return np.cumsum(step[:-1], dtype=np.int8)


def mark_crossed_quotes(doubtful, found: Marks, data: np.ndarray, depth: np.ndarray) -> None:
    """Mark lines in which a quotation begins and ends with marks of two kinds, or a bracket opens or
    closes in it, but not both."""
    brackets = np.cumsum((found.kind == OPEN) | (found.kind == CLOSE))
    at = np.flatnonzero((found.kind == QUOTES) | (found.kind == UNQUOTES))
    first, last = at[:-1], at[1:]
    fit = (depth[first] == 0) & (depth[last] == 0) | (brackets[first] == brackets[last])
    fit &= data[found.place[first]] == data[found.place[last]]
    doubtful[found.line[first[(found.kind[first] == QUOTES) & ~fit]]] = True


def mark_list_markers(doubtful, found: Marks, data: np.ndarray) -> None:
    """Mark lines with a marker in brackets, as `(a) Then`, or two of which close as `b)` or `2) Then`."""
    pair = found.of(OPEN, CLOSE)
    held, close = pair.place[:-1] + 1, pair.place[1:]
    item = (data[close + 1] == BLANK) & ~LOWER[data[close + 2]] & (data[held - 2] == BLANK)
    item = np.flatnonzero(item & (pair.kind[1:] == CLOSE))
    marker = holds_marker(data, held[item], close[item])
    doubtful[pair.line[item[marker]]] = True
    close = pair.of(CLOSE)
    item = (data[close.place + 1] == BLANK) & ~LOWER[data[close.place + 2]]
    close_at = close.place[item]
    marker = closes_marker(data, close_at - (data[close_at - 1] == ord(".")))
    doubtful[np.bincount(close.line[item][marker], minlength=len(doubtful)) > 1] = True


def holds_marker(data: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Which stretches are a letter, one or two digits, or a Roman number."""
    size = last - first
    roman = first
    for _ in range(MOST_BLANKS):
        roman = roman + ROMAN[data[roman]]
    digits = DIGIT[data[first]] & ((size == 1) | (size == 2) & DIGIT[data[first + 1]])
    long = (size > MOST_BLANKS) & (roman == first + MOST_BLANKS)
    return (size == 1) & ALPHABET[data[first]] | digits | (roman == last) | long


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

    A bullet that begins a line or two of them make a list; one before a small letter begins nothing
    elsewhere. Lines with other bullets than between blanks, before a letter, and outside brackets
    and quotations, are marked as doubtful.
    """
    bullets = found.of(BULLET)
    at = bullets.place
    at_begin = at == begin[bullets.line]
    odd = (data[at + 3] != BLANK) | ~ALPHABET[data[at + 4]] | (depth[found.kind == BULLET] > 0)
    doubtful[bullets.line[odd | ~at_begin & (data[at - 1] != BLANK)]] = True
    counts = at_begin | ~LOWER[data[at + 4]]
    at, line, at_begin = at[counts], bullets.line[counts], at_begin[counts]
    many = np.bincount(line, minlength=len(begin)) > 1
    many[line[at_begin]] = True
    first = np.full(len(begin), len(data))
    first[line[::-1]] = at[::-1]
    in_list = many[found.line] & (found.place > first[found.line])
    chosen = many[line] & ~at_begin
    return Marks(at[chosen], np.full(chosen.sum(), BULLET), line[chosen]), in_list


def ending_words(words: list[str]) -> np.ndarray:
    """Which words end a sentence when a full stop stands behind them and a plain letter follows.

    sentencex is asked behind a name and behind a number (`6 in.`).
    """
    return known_of(words, "Qb", ("Qa", "Qa 6"), ends=True)


def abbreviations(words: list[str]) -> np.ndarray:
    """Which words end no sentence when a full stop stands behind them and a small letter follows."""
    return known_of(words, "qb", ("Qa", "qa", "Qa 6"), ends=False)


def known_of(words: list[str], after: str, before: tuple[str, ...], *, ends: bool) -> np.ndarray:
    """What is known of words, asked of sentencex where nothing is."""
    known = words_known(after)
    if len(known) > WORDS_KNOWN:
        known.clear()
    unknown = [word for word in words if word not in known]
    found = np.ones(len(unknown), dtype=bool)
    for context in before:
        asked = [f"{context} {word}. " for word in unknown]
        firsts = first_pieces([text + after for text in asked])
        pairs = zip(firsts, asked, strict=True)
        as_wanted = [first == (text if ends else text + after) for first, text in pairs]
        found &= np.array(as_wanted, dtype=bool)
    known |= zip(unknown, found.tolist(), strict=True)
    return np.array([known[word] for word in words], dtype=bool)


@cache
def words_known(after: str) -> dict[str, bool]:
    """What this process knows of words before another."""
    return {}


def first_pieces(texts: list[str]) -> list[str]:
    """The first piece into which sentencex cuts each of several English texts."""
    cut = iter(pieces(BETWEEN.join(texts), "en"))
    found = []
    for text in texts:
        found.append(next(cut, ""))
        size = len(found[-1])
        while 0 < size < len(text):
            size += len(next(cut, text))
    return found
