"""Voices: whose words the tokens of a corpus are, found once for each block and kept in the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.language.wrapping import one_line
from analysis.rules.quoting import HINTS, OPENING, VOICES, reported, speech
from analysis.store.blocks import Job, Product, block_of, joined_lines, places, take_part
from analysis.store.cache import Entry, code_of, key_of, unpacked
from analysis.store.texts import Texts

if TYPE_CHECKING:
    from analysis.tokens import Block, Tokens

_REPORTED, _QUOTED = VOICES.index("reported"), VOICES.index("quoted")
_HINT_WORDS = frozenset(HINTS.split())


class Voices:
    """Says of the tokens in the blocks of a corpus whose words they are, as places of VOICES.

    Quoted: a token lies in `speech`; reported: its sentence is `reported`, which is known of English
    verbs only; else the author's.
    """

    def __init__(self, tokens: Tokens):
        self.tokens, self.texts = tokens, tokens.corpus.texts

    def prepared(self) -> Voices:
        """The same, what is heard in all blocks found by several processes where that is worth it."""
        from analysis.tokens import made

        for _ in made(self.tokens.corpus, self.tokens.jobs, _HEARD):
            pass
        return self

    def of(self, block: Block, asked: np.ndarray | None = None) -> np.ndarray:
        """The voice of each token of a block.

        Where a mask of sentences is given nobody is heard in the others, and no more is looked at
        than need be.
        """
        job = self.tokens.jobs[self.tokens.block_number(block.first_document)]
        kept = _HEARD.known(job) if asked is not None else _HEARD.made(self.texts, job)
        if kept is None:
            telling, spans = _heard_in(self.texts, job, block_of(self.texts, job), asked)
        else:
            telling = np.unpackbits(kept["reported"], count=block.n_sentences).view(bool)
            spans = kept["speech"]
        voice = np.where(telling, _REPORTED, 0).astype(np.int8)[block.sentence_of]
        if len(spans):
            begin, end = spans.T
            place = block.start + _origin_of(self.texts, job)[block.document_of]
            nearest = np.maximum(np.searchsorted(begin, place, side="right") - 1, 0)
            voice[(begin[nearest] <= place) & (place < end[nearest])] = _QUOTED
        return voice if asked is None else voice * asked[block.sentence_of]


def _origin_of(texts: Texts, job: Job) -> np.ndarray:
    """The byte of its block at which each text of a block begins, a newline standing after each."""
    spans = texts.spans[job.first : job.last]
    return np.concatenate(([0], np.cumsum(spans[:, 1] - spans[:, 0] + 1)))


# --- what is heard in a block ------------------------------------------------------------------------


def _heard(texts: Texts, job: Job) -> dict[str, np.ndarray]:
    """The arrays of what is heard in a block: its `reported` sentences as bits, and of all `speech` in
    it the first byte and one past the last."""
    telling, spans = _heard_in(texts, job, block_of(texts, job))
    return {"reported": np.packbits(telling), "speech": spans}


def _heard_in(
    texts: Texts, job: Job, block: Entry, asked: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Which sentences of a block are reported, and the spans of speech; of a mask's sentences only, where
    one is given, and of the lines in which they stand."""
    content, origin = texts.gathered(range(job.first, job.last))
    spans = block["span"] + origin[block["sentence_document"]][:, None]
    asked = np.ones(len(spans), dtype=bool) if asked is None else asked
    telling = np.zeros(len(spans), dtype=bool)
    hinted = np.flatnonzero(_hinted_sentences(block) & asked)
    telling[hinted] = [
        reported(one_line(content[start:end].decode("utf-8")))
        for start, end in spans[hinted].tolist()
    ]
    lines = joined_lines(content, origin, job.excluded)
    return telling, _spans_of_speech(content, _lines_asked(content, lines, spans[asked, 0]))


def _hinted_sentences(block: Entry) -> np.ndarray:
    """Which sentences of a block hold a word without which none is reported."""
    forms = unpacked(block, "forms").to_pylist()
    hint = np.fromiter(
        (form.lower() in _HINT_WORDS for form in forms), dtype=bool, count=len(forms)
    )
    hits = np.flatnonzero(hint[block["ids"]])
    found = np.zeros(len(block["span"]), dtype=bool)
    found[np.searchsorted(block["sentence_start"], hits, side="right") - 1] = True
    return found


def _lines_asked(content: bytes, lines: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """The lines (first byte and one past the last) with an opening mark in which a sentence begins at
    one of these bytes."""
    marks = np.array([at for mark in OPENING for at in places(content, mark)], dtype=np.int64)
    held_marks, held_sentences = (
        np.unique(np.searchsorted(lines[:, 0], found, side="right") - 1)
        for found in (marks, begins)
    )
    return lines[np.intersect1d(held_marks, held_sentences)]


def _spans_of_speech(content: bytes, lines: np.ndarray) -> np.ndarray:
    """First byte, and one past the last, of what is `speech` in some lines."""
    rows = []
    for begin, end in lines.tolist():
        line = content[begin:end].decode("utf-8")
        for quote in speech(line):
            first = begin + len(line[: quote.start].encode())
            rows.append((first, first + len(line[quote.start : quote.end].encode())))
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def _key_in(job: Job) -> str:
    """The key of what is heard in a block."""
    modules = ("language", "rules.quoting", "rules.voices", "store.blocks", "store.texts")
    return key_of(code_of(*modules), job.key)


_HEARD = Product("voices", "analysis.rules.voices", _key_in, _heard)

if __name__ == "__main__":
    take_part(_HEARD)
