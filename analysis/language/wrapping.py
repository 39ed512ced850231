"""Wrapping: line ends that only break a paragraph into lines of like width (hard-wrapped text).

A run is a stretch of lines without a blank line, an excluded line, a table row or a very long line
between them. It is wrapped when it has at least four lines, most of its lines are so full that the
next word would not have fitted, most end in mid-sentence, and enough of the lines that follow begin
with a small letter: verse and lists of names begin theirs with capitals. The shorter runs of a
document that holds such a run are joined where their lines are as full.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from itertools import pairwise

import regex

MIN_LINES = 4
_MIN_WIDTH, MAX_WIDTH = 35, 140
"""Columns of a wrapped line: the widest of a run has at least the one, no line more than the other."""
_SLACK = 0.1
_LIKE, _MIN_FULL, _MIN_OPEN, _MIN_SMALL = 0.8, 0.6, 0.6, 0.25
"""Tuned by hand on prose, verse, lists and tables: lines are of like width from LIKE of the widest on;
of the lines of a run the share that is full within SLACK of its width; of these the share that ends in
mid-sentence; of the lines that follow them and begin with a cased letter the share that begins with a
small one."""
_MAX_EXCESS, _MAX_LISTED = 1.25, 0.25
"""A line wider than MAX_EXCESS times the upper quartile is outside of the run; more than MAX_LISTED of
the lines with a number or a dash in front make a list."""
CJK = regex.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
_LINE_END = ("\n", "\r\n", "\r", "")
_TABLE_ROW = regex.compile(r"\S\t|\S {5,}\S|\S {3,}\S.*\S {3,}\S|\.{4}|\. \. \. \.|^\||\S \| ")
_BULLET = regex.compile(r"[•·▪▫◦‣⁃∙●○■□◆◇►▶➢✓✔]|[*+#>]\s")
_LISTED = regex.compile(
    r"(?:[-–—]|\(?\d[\d.,/]*[.):]?|\(?[A-Za-z][.)]|\(?[ivxlc]+[.)])\s"
    r"|[（(]?[一二三四五六七八九十]+[、）)．]"
)
_SENTENCE_END = regex.compile(r"[.!?。！？…:：;；][\"'”’»」』）)\]]*\Z")
_SMALL = regex.compile(r"\P{L}*\p{Ll}")
_CASED = regex.compile(r"\P{L}*[\p{Lu}\p{Lt}\p{Ll}]")
_ENDS_IN_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]\Z")
_FIRST_WORD = regex.compile(rf"(?V1){CJK.pattern}|[\S--{CJK.pattern}]+")
_HYPHEN = "\\-\u2010\u00ad"
_CUT_WORD = regex.compile(rf"(?<![\p{{L}}\p{{N}}{_HYPHEN}])(\p{{L}}+)\Z")
_ENDS_IN_HYPHEN = regex.compile(rf"[\p{{L}}\p{{N}}][{_HYPHEN}]\Z")
_REST_OF_WORD = regex.compile(r"\p{Ll}\p{L}*")
_HYPHENATED = regex.compile(rf"(?<!\p{{L}})(\p{{L}}++)[{_HYPHEN}](?=(\p{{L}}+))")
_AND_OR = frozenset(["and", "or", "und", "ou"])
_FIRST_PARTS = "self well half non quasi twenty thirty forty fifty sixty seventy eighty ninety"
"""What is written with a hyphen before another word, and hardly ever cut from one."""
_BREAK = regex.compile(r"[^\S\r\n]*(?:\r\n|\r|\n)\s*")

_Joint = tuple[int, int, str]
"""First and one past the last character between two lines that are joined, and what replaces them where
sentences are cut: a blank or nothing."""


@dataclass(frozen=True)
class _Line:
    """A line without the white space around it: its first and one past its last character, its text,
    its indentation and its width with it, in columns."""

    start: int
    end: int
    text: str
    indent: int
    width: int


def joints(text: str, excluded: Container[int] = ()) -> list[_Joint]:
    """Where lines of a text are joined for cutting sentences, none where it is not hard-wrapped.

    `excluded` are the numbers of lines, from 1, that are left out.

    >>> text = "The delegates in the old harbour hall spoke of\\nartificial intelligence as though it were wea-\\n"
    >>> text += "ther of some kind, and nobody in the room was\\nable to say who had used the word before the\\nwar."
    >>> [text[start:end] for start, end, _ in joints(text)]
    ['\\n', '-\\n', '\\n', '\\n']
    """
    runs = [part for run in _runs(text, excluded) for part in _without_long_lines(run)]
    wrapped = [run for run in runs if _is_wrapped(run)]
    if not wrapped:
        return []
    widest = max(map(_width_of, wrapped))
    pairs = []
    for run in runs:
        loose = run in wrapped
        pairs += _joined(run, _width_of(run) if loose else widest, loose=loose)
    cut = any(_ENDS_IN_HYPHEN.search(before.text) for before, _ in pairs)
    known = hyphenated(text) if cut else frozenset()
    return [_joint(before, after, known) for before, after in pairs]


def one_line(text: str) -> str:
    """A sentence with its line ends as blanks, between Chinese characters as nothing.

    >>> one_line("hall spoke of\\n  artificial"), one_line("人工\\n智能")
    ('hall spoke of artificial', '人工智能')
    """
    return _BREAK.sub(_between, text) if "\n" in text or "\r" in text else text


def _between(found: regex.Match) -> str:
    """What replaces a line end."""
    text, start, end = found.string, found.start(), found.end()
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    return "" if CJK.match(before) and CJK.match(after) else " "


# --- runs of lines -----------------------------------------------------------------------------------


def _runs(text: str, excluded: Container[int]) -> list[list[_Line]]:
    """The stretches of lines that may be one paragraph, or several without a blank line between."""
    runs: list[list[_Line]] = [[]]
    place = 0
    lines = zip(text.splitlines(), text.splitlines(keepends=True), strict=True)
    for number, (raw, whole) in enumerate(lines, start=1):
        line = _line(place, raw) if len(raw) <= MAX_WIDTH and number not in excluded else None
        if line and line.text and line.width <= MAX_WIDTH and not _TABLE_ROW.search(line.text):
            runs[-1].append(line)
        else:
            runs.append([])
        if whole[len(raw) :] not in _LINE_END:
            runs.append([])
        place += len(whole)
    return [run for run in runs if len(run) > 1]


def _line(place: int, raw: str) -> _Line:
    """A line that begins at a character of its text."""
    text = raw.strip()
    first = len(raw) - len(raw.lstrip())
    indent = len(raw[:first].expandtabs())
    return _Line(place + first, place + first + len(text), text, indent, indent + _columns(text))


def _columns(text: str) -> int:
    """The width of a text: Chinese characters take two columns."""
    return len(text) + (0 if text.isascii() else len(CJK.findall(text)))


def _without_long_lines(run: list[_Line]) -> list[list[_Line]]:
    """A run divided at the lines that are much wider than the others, as a title above it may be."""
    widths = sorted(line.width for line in run)
    most = _MAX_EXCESS * widths[3 * len(widths) // 4]
    parts: list[list[_Line]] = [[]]
    for line in run:
        if line.width > most and len(line.text.split()) > 1:
            parts.append([])
        else:
            parts[-1].append(line)
    return [part for part in parts if len(part) > 1]


def _width_of(run: list[_Line]) -> int:
    """The width at which a run may be wrapped; a long word by itself (a URL) does not count."""
    return max(
        (line.width for line in run if _FIRST_WORD.match(line.text)[0] != line.text), default=0
    )


def _follows_in(run: list[_Line]) -> Callable[[_Line, _Line], bool]:
    """A function that says of two lines of a run whether the second may continue the first: it is not
    an item of a list and does not begin an indented paragraph."""
    listed = sum(bool(_LISTED.match(line.text)) for line in run)
    is_list = listed > 1 and listed > _MAX_LISTED * len(run)
    usual = sorted(line.indent for line in run)[len(run) // 2]

    def follows(before: _Line, after: _Line) -> bool:
        if _BULLET.match(after.text):
            return False
        if _LISTED.match(after.text) and (is_list or _SENTENCE_END.search(before.text)):
            return False
        item = _BULLET.match(before.text) or _LISTED.match(before.text)
        return bool(item) or after.indent <= max(before.indent, usual)

    return follows


def _is_full(before: _Line, after: _Line, width: float) -> bool:
    """Whether the first word of the next line would not have fitted into a line."""
    return before.width + 1 + _columns(_FIRST_WORD.match(after.text)[0]) > width


def _is_wrapped(run: list[_Line]) -> bool:
    """Whether a run is hard-wrapped."""
    width, follows = _width_of(run), _follows_in(run)
    if width < _MIN_WIDTH or sum(line.width >= _LIKE * width for line in run) < MIN_LINES:
        return False
    pairs = [pair for pair in pairwise(run) if follows(*pair)]
    full = [pair for pair in pairs if _is_full(*pair, width * (1 - _SLACK))]
    if len(full) < max(MIN_LINES - 1, _MIN_FULL * len(pairs)):
        return False
    inside = [pair for pair in full if not _SENTENCE_END.search(pair[0].text)]
    if len(inside) < _MIN_OPEN * len(full):
        return False
    if not any(_SMALL.match(word) for line in run for word in line.text.split()):
        return True  # in capitals, or in a script that has none
    cased = [after for _, after in inside if _CASED.match(after.text)]
    small = [after for after in cased if _SMALL.match(after.text)]
    return not cased or len(small) >= _MIN_SMALL * len(cased)


# --- joining -----------------------------------------------------------------------------------------


def _joined(run: list[_Line], width: int, *, loose: bool) -> list[tuple[_Line, _Line]]:
    """The pairs of lines of a run that are joined.

    A line that is not full goes on in the next only in a `loose` run, after a word and before a small
    letter. A line that ends a sentence must be full without any slack: it may end its paragraph.
    """
    follows = _follows_in(run)
    found = []
    for before, after in pairwise(run):
        ends = _SENTENCE_END.search(before.text)
        goes_on = _SMALL.match(after.text) and (
            _ENDS_IN_WORD.search(before.text) or _ENDS_IN_HYPHEN.search(before.text)
        )
        full = _is_full(before, after, width if ends else width * (1 - _SLACK))
        if follows(before, after) and (full or (loose and goes_on)):
            found.append((before, after))
    return found


def hyphenated(text: str) -> frozenset[tuple[str, str]]:
    """The parts before and after each hyphen within a line of a text, in lower case."""
    return frozenset((a.lower(), b.lower()) for a, b in _HYPHENATED.findall(text))


def at_hyphen(before: str, after: str, known: frozenset[tuple[str, str]]) -> str:
    """What stands between a line, less the hyphen at its end, and the next: '', '-' or '- '.

    The hyphen goes before a small letter, unless the word is one of `known` (see `hyphenated`), has
    another hyphen, or begins with one of FIRST_PARTS. It stays before `and` and its like.

    >>> [at_hyphen("interna", "tional", frozenset()), at_hyphen("short", "and long", frozenset())]
    ['', '- ']
    >>> at_hyphen("deep", "sea cables", hyphenated("The deep-sea line"))
    '-'
    """
    rest, cut = _REST_OF_WORD.match(after), _CUT_WORD.search(before)
    if rest and rest[0] in _AND_OR:
        return "- "
    if not rest or not cut or cut[1].lower() in _FIRST_PARTS.split():
        return "-"
    return "-" if (cut[1].lower(), rest[0].lower()) in known else ""


def _joint(before: _Line, after: _Line, known: frozenset[tuple[str, str]]) -> _Joint:
    """How two lines are joined."""
    if _ENDS_IN_HYPHEN.search(before.text):
        between = at_hyphen(before.text[:-1], after.text, known)
        return before.end - (not between), after.start, between[1:]
    if CJK.match(before.text[-1]) and CJK.match(after.text[0]):
        return before.end, after.start, ""
    return before.end, after.start, " "
