"""Signs: the bytes of texts at which a word, a line or a sentence may begin or end, found in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

_PADDING = bytes(8)
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
APOSTROPHE, FULL_STOP, TWO_BYTES, PUNCTUATION = 0x27, 0x2E, 0xC2, 0xE2
"""Bytes that are looked at more closely; the last two lead characters of two and of three bytes."""
_NEWLINES = b"\n\v\f\r\x1c\x1d\x1e"
_SENTENCE_MARKS = b'.!?()"`[]{}<>@\\*\t\x1f'


def table_of(content: bytes) -> np.ndarray:
    """Which of the 256 bytes are among these."""
    found = np.zeros(256, dtype=bool)
    found[[*content]] = True
    return found


ALPHABET = table_of(_LETTERS)
INSIDE = ALPHABET | table_of(b"0123456789'") | (np.arange(256) >= 128)
"""Bytes that may stand in a token: letters, digits, the apostrophe, and all that is not ASCII."""
_IN_WORD, _NOTABLE = 1, 2
_MEANING = np.where(INSIDE, _IN_WORD, 0).astype(np.uint8)
_MEANING[[*_NEWLINES, *_SENTENCE_MARKS, APOSTROPHE, TWO_BYTES, *range(0xC6, 256)]] |= _NOTABLE
_BESIDE_APOSTROPHE = (INSIDE & ~table_of(b"'")) | table_of(b".")
_LATIN_LETTERS = table_of(b"\xaa\xb5\xba")
"""The second bytes of the only letters among the characters that TWO_BYTES leads."""
_IS_NEWLINE = table_of(_NEWLINES)


@dataclass(frozen=True)
class Signs:
    """Bytes with zeros behind them, what each may mean, and the places of those that are notable."""

    content: bytes
    data: np.ndarray
    meaning: np.ndarray
    place: np.ndarray

    @cached_property
    def kind(self) -> np.ndarray:
        """The bytes at the notable places."""
        return self.data[self.place]

    def __len__(self) -> int:
        return len(self.content)


def read_signs(content: bytes) -> Signs:
    """The signs of some bytes."""
    padded = content + _PADDING
    meaning = np.frombuffer(padded.translate(_MEANING.tobytes()), dtype=np.uint8)
    return Signs(
        content, np.frombuffer(padded, dtype=np.uint8), meaning, np.flatnonzero(meaning >= _NOTABLE)
    )


def word_runs(signs: Signs) -> tuple[np.ndarray, np.ndarray]:
    """First byte and one past the last of every run of bytes that may hold tokens.

    A run ends at every byte that is in no token for certain: at a blank, at most punctuation, at an
    apostrophe or a full stop with no word on both sides.
    """
    data = signs.data
    inside = (signs.meaning & np.uint8(_IN_WORD)).view(bool)
    lead = signs.place[signs.kind == TWO_BYTES]
    lead = lead[~_LATIN_LETTERS[data[lead + 1]]]
    inside[lead] = inside[lead + 1] = False
    lead = signs.place[signs.kind == PUNCTUATION]
    lead = lead[data[lead + 1] == 0x80]
    apostrophe = data[lead + 2] == 0x99
    joins = _BESIDE_APOSTROPHE[data[lead - 1]] & _BESIDE_APOSTROPHE[data[lead + 3]]
    lead = lead[~(apostrophe & joins)]
    inside[lead] = inside[lead + 1] = inside[lead + 2] = False
    single = signs.place[signs.kind == APOSTROPHE]
    joins = _BESIDE_APOSTROPHE[data[single - 1]] & _BESIDE_APOSTROPHE[data[single + 1]]
    inside[single[~joins]] = False
    stops = signs.place[signs.kind == FULL_STOP]
    inside[stops[inside[stops - 1] & inside[stops + 1]]] = True
    edge = np.empty(len(inside), dtype=bool)
    edge[0] = inside[0]
    np.not_equal(inside[1:], inside[:-1], out=edge[1:])
    edges = np.flatnonzero(edge)
    return edges[::2], edges[1::2]


def line_ends(signs: Signs) -> tuple[np.ndarray, np.ndarray]:
    """First byte and one past the last of everything at which `str.splitlines` ends a line."""
    place, data = signs.place, signs.data
    second = data[place + 1]
    wide = (signs.kind == PUNCTUATION) & (second == 0x80) & ((data[place + 2] & 0xFE) == 0xA8)
    two = (signs.kind == TWO_BYTES) & (second == 0x85)
    chosen = np.flatnonzero(_IS_NEWLINE[signs.kind] | wide | two)
    first = place[chosen]
    after = first + 1 + two[chosen] + 2 * wide[chosen]
    joined = (data[first[:-1]] == 13) & (data[first[1:]] == 10) & (np.diff(first) == 1)
    after[:-1] += joined
    keep = np.concatenate(([True], ~joined))[: len(first)]
    return first[keep], after[keep]
