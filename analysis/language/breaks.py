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

_STOP, _OPEN, _CLOSE, _QUOTE, _APOSTROPHE, _QUOTES, _UNQUOTES, _BULLET, _DOUBT = range(1, 10)
_BLANK = 32


def _byte_classes() -> np.ndarray:
    """What each byte may mean for the end of a sentence; 0 is nothing."""
    classes = np.zeros(256, dtype=np.uint8)
    classes[[*b".!?"]] = _STOP
    classes[ord("(")], classes[ord(")")] = _OPEN, _CLOSE
    classes[[*b"'`[]{}<>@\\*\t\x1f"]] = _DOUBT
    classes[ord('"')] = _QUOTES
    classes[TWO_BYTES], classes[0xC6:] = _DOUBT, _DOUBT
    return classes


_CLASSES = _byte_classes()
_CURLY = np.zeros(256, dtype=np.uint8)
_CURLY[:] = _DOUBT
_CURLY[[0x93, 0x94]] = 0  # dashes
_CURLY[[0x98, 0x99, 0x9C, 0x9D, 0xA2]] = _QUOTE, _APOSTROPHE, _QUOTES, _UNQUOTES, _BULLET
_MEANS_NOTHING = table_of("£§©®°±·".encode("latin-1"))
"""The second bytes of characters of two bytes that sentencex passes over."""
_LOWER = table_of(b"abcdefghijklmnopqrstuvwxyz")
_UPPER = table_of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGIT = table_of(b"0123456789")
_CLOSES = table_of(b')"')
_STOPS, _ROMAN, _MARKER = table_of(b".!?"), table_of(b"ivxlcdmIVXLCDM"), table_of(b".)")
_BLANKS, _ASCII = table_of(b" "), table_of(bytes(range(128)))
_MOST_BLANKS = 8
_WORDS_KNOWN = 200_000


_Judge = Callable[[list[str]], np.ndarray]
_Judged = Callable[[np.ndarray, str, _Judge, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class _Marks:
    """Bytes that may matter: where each stands, what it means, and its line."""

    place: np.ndarray
    kind: np.ndarray
    line: np.ndarray

    def of(self, *kinds: int) -> _Marks:
        """Those of some kinds."""
        chosen = np.isin(self.kind, kinds)
        return _Marks(self.place[chosen], self.kind[chosen], self.line[chosen])


@dataclass(frozen=True)
class _Stops:
    """Full stops, question and exclamation marks: where each stands, its line, whether it ends a
    quotation, one past it (and past the mark that closes the quotation), and the byte at which the
    next word may begin."""

    place: np.ndarray
    line: np.ndarray
    closes: np.ndarray
    after: np.ndarray
    word: np.ndarray


def certain_breaks(
    signs: Signs, start: np.ndarray, end: np.ndarray, judged: _Judged
) -> tuple[np.ndarray, np.ndarray]:
    """Which lines (first and one past the last byte) are certain, and where in them a sentence begins.

    A line's own beginning is not among the places. The lines are English. `judged(places, pattern,
    judge, before)` tells before which places a word stands that fits a pattern and a judgment of words,
    itself behind a byte of a table.
    """
    data = signs.data
    found = _marks(signs, start, end)
    doubtful = np.zeros(len(start), dtype=bool)
    doubtful[found.line[found.kind == _DOUBT]] = True
    depth = _depth_of(doubtful, found, _OPEN, _CLOSE)
    quoted = _depth_of(doubtful, found, _QUOTES, _UNQUOTES) + _in_single_quotes(doubtful, found)
    _mark_crossed_quotes(doubtful, found, data, depth)
    _mark_list_markers(doubtful, found, data)
    begin = _beginnings(data, start, end)
    items, in_list = _list_items(doubtful, found, data, begin, depth + quoted)
    doubtful |= ~_plain_beginning(data, begin, end)
    stops = _stops_among(found, data)
    depth, quoted, in_list = (kept[found.kind == _STOP] for kept in (depth, quoted, in_list))
    midst = ~stops.closes & (_goes_on(stops, data) | (quoted == 0))
    inside = (depth > 0) & (midst | stops.closes) | midst & (in_list | (quoted > 0))
    ellipsis = _in_ellipsis(stops, data)
    blank = data[stops.after] == _BLANK
    unclear = ~inside & np.where(stops.closes, in_list, quoted > 0)
    unclear |= blank & _STOPS[data[stops.after + 1]] & ~ellipsis
    doubtful[stops.line[unclear]] = True
    last = stops.after + blank >= end[stops.line]
    settled = inside | last | ellipsis | _goes_on_at_once(stops, data)
    settled |= _after_abbreviation(stops, data, judged, settled | doubtful[stops.line])
    begins = blank & (stops.word < end[stops.line]) & _begins_sentence(stops, found, data)
    ends = begins & ~settled & ~doubtful[stops.line]
    ends[ends] = _after_ending_word(stops.place[ends], data, judged)
    doubtful[stops.line[~(settled | ends)]] = True
    ends &= ~doubtful[stops.line]
    items = items.place[~doubtful[items.line]]
    breaks = np.union1d(stops.word[ends], items) if len(items) else stops.word[ends]
    return ~doubtful, breaks


def _after_ending_word(places: np.ndarray, data: np.ndarray, judged: _Judged) -> np.ndarray:
    """Which stops stand behind a word that ends a sentence, a bracket, or the end of a quotation."""
    closes = (data[places - 1] == 0x99) | (data[places - 1] == 0x9D)
    closes &= (data[places - 2] == 0x80) & (data[places - 3] == PUNCTUATION)
    words = judged(places, "^([A-Za-z]{2,}|[0-9]{2,})$", _ending_words, _ASCII)
    return words | _CLOSES[data[places - 1]] | closes


def _after_abbreviation(
    stops: _Stops, data: np.ndarray, judged: _Judged, known: np.ndarray
) -> np.ndarray:
    """Which stops, of those not yet known, belong to an abbreviation before a small letter."""
    found = ~known & (data[stops.place] == FULL_STOP) & (stops.word == stops.place + 2)
    found &= (data[stops.after] == _BLANK) & _LOWER[data[stops.word]]
    pattern = r"^([A-Za-z]{2,}|[A-Z]\.[A-Z])$"
    found[found] = judged(stops.place[found], pattern, _abbreviations, _BLANKS)
    inner = found & (data[stops.place - 2] == FULL_STOP) & (np.diff(stops.place, prepend=-9) == 2)
    found[:-1] |= inner[1:]
    return found


def _marks(signs: Signs, start: np.ndarray, end: np.ndarray) -> _Marks:
    """The bytes of the lines that may matter; dashes and straight apostrophes in words do not.

    Straight quotation marks open and close in turn in each line.
    """
    data = signs.data
    kind = _CLASSES[signs.kind]
    place, kind = signs.place[kind > 0], kind[kind > 0]
    line = np.searchsorted(start, place, side="right") - 1
    inside = (line >= 0) & (place < end[np.maximum(line, 0)])
    place, line, kind = place[inside], line[inside], kind[inside]
    lead = data[place]
    wide = np.flatnonzero(lead == PUNCTUATION)
    at = place[wide]
    kind[wide] = np.where(data[at + 1] == 0x80, _CURLY[data[at + 2]], _DOUBT)
    kind[wide[(kind[wide] == _APOSTROPHE) & _STOPS[data[at - 1]]]] = _DOUBT
    two = np.flatnonzero(lead == TWO_BYTES)
    kind[two[_MEANS_NOTHING[data[place[two] + 1]]]] = 0
    single = np.flatnonzero(lead == ord("'"))
    at = place[single]
    kind[single[ALPHABET[data[at - 1]] & ALPHABET[data[at + 1]]]] = 0
    straight = np.flatnonzero(lead == ord('"'))
    of_line = line[straight]
    before = np.arange(len(straight)) - np.searchsorted(of_line, of_line)
    kind[straight[before % 2 == 1]] = _UNQUOTES
    return _Marks(place[kind > 0], kind[kind > 0], line[kind > 0])


def _stops_among(found: _Marks, data: np.ndarray) -> _Stops:
    """The stops among marks."""
    at = np.flatnonzero(found.kind == _STOP)
    place = found.place[at]
    behind = np.minimum(at + 1, len(found.kind) - 1)
    closes = (found.kind[behind] == _UNQUOTES) & (found.place[behind] == place + 1)
    after = place + 1 + closes * np.where(data[place + 1] == PUNCTUATION, 3, 1)
    word = after + 1 + (data[after + 1] == _BLANK)
    return _Stops(place, found.line[at], closes, after, word)


def _begins_sentence(stops: _Stops, found: _Marks, data: np.ndarray) -> np.ndarray:
    """Behind which stops a letter stands, or a quotation or a hashtag that begins with one, or a bullet,
    or a bracket behind which one follows; behind the end of a quotation it must be a capital."""
    letter, other = _first_letter(data, stops.word), _curly_at(data, stops.word) == _BULLET
    bracket = np.flatnonzero(data[stops.word] == ord("("))
    if len(bracket):
        close = np.append(found.of(_CLOSE).place, len(data) - 3)
        close = close[np.searchsorted(close[:-1], stops.word[bracket])]
        other[bracket] = (data[close + 1] == _BLANK) & ALPHABET[data[close + 2]]
    return np.where(stops.closes, _UPPER[letter], ALPHABET[letter] | other)


def _goes_on_at_once(stops: _Stops, data: np.ndarray) -> np.ndarray:
    """Behind which stops a small letter or a digit follows at once; behind the end of a quotation also
    after a blank, or a comma."""
    more = _LOWER | _DIGIT
    follows = more[data[stops.after]]
    blank = (data[stops.after] == _BLANK) & more[data[stops.word]]
    follows |= stops.closes & (blank | (data[stops.after] == ord(",")))
    return follows & ~_STOPS[data[stops.place - 1]]


def _goes_on(stops: _Stops, data: np.ndarray) -> np.ndarray:
    """Behind which stops a letter or a digit follows, at once or after a blank."""
    after = data[stops.place + 1]
    return (ALPHABET | _DIGIT)[np.where(after == _BLANK, data[stops.place + 2], after)]


def _in_ellipsis(stops: _Stops, data: np.ndarray) -> np.ndarray:
    """Stops of a spaced ellipsis (`. . .`) behind which, after a blank, a letter or a digit follows."""
    at = stops.place
    alone = (data[at] == FULL_STOP) & ~_STOPS[data[at - 1]] & (data[at + 1] == _BLANK)
    more = alone & (data[at + 2] == FULL_STOP)
    before = np.concatenate(([False], more[:-1])) & (data[at - 2] == FULL_STOP)
    middle = before & more
    three = middle | more & np.append(middle[1:], False)
    three |= before & np.concatenate(([False], middle[:-1]))
    return alone & three & (more | (ALPHABET | _DIGIT)[data[at + 2]])


def _beginnings(data: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The first byte of each line that is no plain blank; blanks beyond MOST_BLANKS are not passed."""
    begin = start.copy()
    for _ in range(_MOST_BLANKS):
        blank = np.flatnonzero((data[begin] == _BLANK) & (begin < end))
        if not len(blank):
            break
        begin[blank] += 1
    return begin


def _plain_beginning(data: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Which lines begin with a letter that is no part of a list's marker (`a.`, `ii)`), with a quotation
    or a hashtag that begins with a letter, or with a bullet."""
    plain = (end > begin) & ALPHABET[data[begin]]
    word = plain
    for step in range(1, _MOST_BLANKS + 1):
        at = np.minimum(begin + step, len(data) - 1)
        plain = plain & ~(word & _MARKER[data[at]] & (at < end - 1))
        word = word & ALPHABET[data[at]]
    opened = ~ALPHABET[data[begin]] & ALPHABET[_first_letter(data, begin)]
    return plain | (end > begin + 4) & (opened | (_curly_at(data, begin) == _BULLET))


def _curly_at(data: np.ndarray, place: np.ndarray) -> np.ndarray:
    """What the curly quotation mark or bullet at each place means; 0 where there is none."""
    lead = (data[place] == PUNCTUATION) & (data[place + 1] == 0x80)
    return np.where(lead, _CURLY[data[place + 2]], 0)


def _first_letter(data: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The byte at each place, or behind the quotation mark or hash that stands there."""
    curly = _curly_at(data, place)
    opens = (curly == _QUOTES) | (curly == _QUOTE)
    one = (data[place] == ord('"')) | (data[place] == ord("#"))
    return data[place + np.where(opens, 3, one)]


def _depth_of(doubtful, found: _Marks, opening: int, closing: int) -> np.ndarray:
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


def _in_single_quotes(doubtful, found: _Marks) -> np.ndarray:
    """Which marks stand in single quotation marks, which the next apostrophe closes.

    Lines in which none does, or another quotation begins or ends before it, are marked as doubtful.
    """
    at = np.flatnonzero(np.isin(found.kind, (_QUOTE, _APOSTROPHE, _QUOTES, _UNQUOTES)))
    opens = found.kind[at] == _QUOTE
    closed = np.append(found.kind[at[1:]] == _APOSTROPHE, False)
    closed &= np.append(found.line[at[1:]] == found.line[at[:-1]], False)
    doubtful[found.line[at[opens & ~closed]]] = True
    step = np.zeros(len(found.kind) + 1, dtype=np.int8)
    step[at[opens & closed] + 1] = 1
    step[at[1:][(opens & closed)[:-1]]] -= 1
    return np.cumsum(step[:-1], dtype=np.int8)


def _mark_crossed_quotes(doubtful, found: _Marks, data: np.ndarray, depth: np.ndarray) -> None:
    """Mark lines in which a quotation begins and ends with marks of two kinds, or a bracket opens or
    closes in it, but not both."""
    brackets = np.cumsum((found.kind == _OPEN) | (found.kind == _CLOSE))
    at = np.flatnonzero((found.kind == _QUOTES) | (found.kind == _UNQUOTES))
    first, last = at[:-1], at[1:]
    fit = (depth[first] == 0) & (depth[last] == 0) | (brackets[first] == brackets[last])
    fit &= data[found.place[first]] == data[found.place[last]]
    doubtful[found.line[first[(found.kind[first] == _QUOTES) & ~fit]]] = True


def _mark_list_markers(doubtful, found: _Marks, data: np.ndarray) -> None:
    """Mark lines with a marker in brackets, as `(a) Then`, or two of which close as `b)` or `2) Then`."""
    pair = found.of(_OPEN, _CLOSE)
    held, close = pair.place[:-1] + 1, pair.place[1:]
    item = (data[close + 1] == _BLANK) & ~_LOWER[data[close + 2]] & (data[held - 2] == _BLANK)
    item = np.flatnonzero(item & (pair.kind[1:] == _CLOSE))
    marker = _holds_marker(data, held[item], close[item])
    doubtful[pair.line[item[marker]]] = True
    close = pair.of(_CLOSE)
    item = (data[close.place + 1] == _BLANK) & ~_LOWER[data[close.place + 2]]
    close_at = close.place[item]
    marker = _closes_marker(data, close_at - (data[close_at - 1] == ord(".")))
    doubtful[np.bincount(close.line[item][marker], minlength=len(doubtful)) > 1] = True


def _holds_marker(data: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Which stretches are a letter, one or two digits, or a Roman number."""
    size = last - first
    roman = first
    for _ in range(_MOST_BLANKS):
        roman = roman + _ROMAN[data[roman]]
    digits = _DIGIT[data[first]] & ((size == 1) | (size == 2) & _DIGIT[data[first + 1]])
    long = (size > _MOST_BLANKS) & (roman == first + _MOST_BLANKS)
    return (size == 1) & ALPHABET[data[first]] | digits | (roman == last) | long


def _closes_marker(data: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Before which places a letter, a number or a Roman number stands by itself."""
    found = ALPHABET[data[place - 1]] & (data[place - 2] == _BLANK)
    for table in (_DIGIT, _ROMAN):
        at = place - 1
        for _ in range(_MOST_BLANKS):
            at = at - table[data[at]]
        found |= table[data[place - 1]] & (table | _BLANKS)[data[at]]
    return found


def _list_items(doubtful, found: _Marks, data, begin, depth) -> tuple[_Marks, np.ndarray]:
    """Bullets at which an item of a list begins, but at the beginning of a line; which marks stand
    after the first of their line.

    A bullet that begins a line or two of them make a list; one before a small letter begins nothing
    elsewhere. Lines with other bullets than between blanks, before a letter, and outside brackets
    and quotations, are marked as doubtful.
    """
    bullets = found.of(_BULLET)
    at = bullets.place
    at_begin = at == begin[bullets.line]
    odd = (data[at + 3] != _BLANK) | ~ALPHABET[data[at + 4]] | (depth[found.kind == _BULLET] > 0)
    doubtful[bullets.line[odd | ~at_begin & (data[at - 1] != _BLANK)]] = True
    counts = at_begin | ~_LOWER[data[at + 4]]
    at, line, at_begin = at[counts], bullets.line[counts], at_begin[counts]
    many = np.bincount(line, minlength=len(begin)) > 1
    many[line[at_begin]] = True
    first = np.full(len(begin), len(data))
    first[line[::-1]] = at[::-1]
    in_list = many[found.line] & (found.place > first[found.line])
    chosen = many[line] & ~at_begin
    return _Marks(at[chosen], np.full(chosen.sum(), _BULLET), line[chosen]), in_list


def _ending_words(words: list[str]) -> np.ndarray:
    """Which words end a sentence when a full stop stands behind them and a plain letter follows.

    sentencex is asked behind a name and behind a number (`6 in.`).
    """
    return _known_of(words, "Qb", ("Qa", "Qa 6"), ends=True)


def _abbreviations(words: list[str]) -> np.ndarray:
    """Which words end no sentence when a full stop stands behind them and a small letter follows."""
    return _known_of(words, "qb", ("Qa", "qa", "Qa 6"), ends=False)


def _known_of(words: list[str], after: str, before: tuple[str, ...], *, ends: bool) -> np.ndarray:
    """What is known of words, asked of sentencex where nothing is."""
    known = _words_known(after)
    if len(known) > _WORDS_KNOWN:
        known.clear()
    unknown = [word for word in words if word not in known]
    found = np.ones(len(unknown), dtype=bool)
    for context in before:
        asked = [f"{context} {word}. " for word in unknown]
        firsts = _first_pieces([text + after for text in asked])
        pairs = zip(firsts, asked, strict=True)
        as_wanted = [first == (text if ends else text + after) for first, text in pairs]
        found &= np.array(as_wanted, dtype=bool)
    known |= zip(unknown, found.tolist(), strict=True)
    return np.array([known[word] for word in words], dtype=bool)


@cache
def _words_known(after: str) -> dict[str, bool]:
    """What this process knows of words before another."""
    return {}


def _first_pieces(texts: list[str]) -> list[str]:
    """The first piece into which sentencex cuts each of several English texts."""
    cut = iter(pieces(BETWEEN.join(texts), "en"))
    found = []
    for text in texts:
        found.append(next(cut, ""))
        size = len(found[-1])
        while 0 < size < len(text):
            size += len(next(cut, text))
    return found
