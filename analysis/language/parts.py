"""Parts: where a Chinese word of a rule may begin and end, whatever the segmenter made of the text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise

from analysis.language.chinese import HAN, cut_at_places, cutter_of, form_of, places, segment

_LEAST_OF_PARTS, _MOST_OF_PARTS = 3, 20
"""Characters of the shortest and the longest word that has parts."""


@dataclass(frozen=True)
class Piece:
    """Some characters of a rule's word that one word of the text must hold.

    `before` and `after` say what else that word may hold on either side: 'nothing', 'parts'
    (whole parts of it) or 'anything' (a star).
    """

    core: str
    before: str = "nothing"
    after: str = "nothing"

    def fits(self, form: str) -> bool:
        """Whether the normal form of a word holds the piece as it must."""
        if form == self.core:
            return True
        if form in places():
            return False
        last = len(form) - len(self.core)
        return any(
            _allowed(self.before, at, form) and _allowed(self.after, at + len(self.core), form)
            for at in range(last + 1)
            if form.startswith(self.core, at)
        )


def _allowed(beside: str, place: int, form: str) -> bool:
    """Whether a piece may begin or end at a place of a word."""
    if place in (0, len(form)) or beside == "anything":
        return True
    return beside == "parts" and place in _inner_edges(form)


@lru_cache(maxsize=50_000)
def alternatives(word: str, words: tuple[str, ...] = ()) -> list[tuple[Piece, ...]]:
    """The ways in which the words of a text may hold a Chinese word of a rule.

    The word as a whole in one word of the text, and the words that the segmenter cuts it into one
    after the other. `words` are those of the corpus's own.

    >>> [[piece.core for piece in pieces] for pieces in alternatives("人工智慧競賽")]
    [['人工智能竞赛'], ['人工智能', '竞赛']]
    """
    core = word.strip("*")
    before = "anything" if word.startswith("*") else "parts"
    after = "anything" if word.endswith("*") else "parts"
    forms = [form_of(core[start:end]) for start, end in segment(core, words)]
    cuts = [("".join(forms),), tuple(forms), tuple(_parts_of("".join(forms)))]
    return [_pieces_of(cut, before, after) for cut in dict.fromkeys(cuts)]


def _pieces_of(cut: tuple[str, ...], before: str, after: str) -> tuple[Piece, ...]:
    """The pieces of one cut: only the first may be longer at its beginning, the last at its end.

    A single character is found inside a longer word only where a star asks for it.
    """
    last = len(cut) - 1
    pieces = []
    for n, core in enumerate(cut):
        sides = [before if n == 0 else "nothing", after if n == last else "nothing"]
        if len(core) == 1:
            sides = [side if side == "anything" else "nothing" for side in sides]
        pieces.append(Piece(core, *sides))
    return tuple(pieces)


@lru_cache(maxsize=200_000)
def _inner_edges(form: str) -> frozenset[int]:
    """Where the parts of a word meet, and the parts of its parts.

    >>> [sorted(_inner_edges(form)) for form in ("生成式人工智能", "发展中国家", "印度尼西亚", "国家")]
    [[2, 3, 5], [2], [], []]
    """
    edges: set[int] = set()
    place = 0
    for part in _parts_of(form):
        inner = _inner_edges(part) if _is_whole(part, form) else ()
        edges |= {place, *(place + edge for edge in inner)}
        place += len(part)
    return frozenset(edges - {0})


def _parts_of(form: str) -> list[str]:
    """The words that a word is made of: as few as can be, and of those as few single characters.

    Where two cuts are as good, a word of three characters is cut behind its first two, a longer
    one only where all of them cut it: 中国 is no part of 发展中国家. A word of two has no parts, nor has
    a place that holds another's name, nor what is no Chinese.
    """
    fit = _LEAST_OF_PARTS <= len(form) <= _MOST_OF_PARTS and form not in places()
    if not fit or not HAN.fullmatch(form):
        return [form]
    cuts = [_known_words(form[:at]) + _known_words(form[at:]) for at in range(1, len(form))]
    least = min(map(_coarseness, cuts))
    cuts = [cut for cut in cuts if _coarseness(cut) == least]
    if len(form) == _LEAST_OF_PARTS:
        return max(cuts, key=lambda cut: len(cut[0]))
    common = frozenset.intersection(*(frozenset(accumulate(map(len, cut))) for cut in cuts))
    return [form[start:end] for start, end in pairwise([0, *sorted(common)])]


def _is_whole(part: str, form: str) -> bool:
    """Whether a part is a word of the dictionary, and not all of the word."""
    return part != form and _known_words(part) == [part]


def _coarseness(cut: list[str]) -> tuple[int, int]:
    """Words of a cut, and how many of them are single characters."""
    return len(cut), sum(len(word) == 1 for word in cut)


def _known_words(text: str) -> list[str]:
    """Text cut into words of the dictionary, place names kept whole."""
    cutter = cutter_of(())
    return [
        word
        for piece in cut_at_places(text)
        for word in ([piece] if piece in places() else cutter.cut(piece, False))
    ]
