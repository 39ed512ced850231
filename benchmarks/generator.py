"""Corpora for timing: real sentences resampled, with a vocabulary tail as long as real news has.

A pool of fixed sentences flatters every design that works on a dictionary of words, so a share of
the content words gives way to made-up words drawn from a Zipf-Mandelbrot law. Its constants are
set so that the types (in lower case) follow Heaps's law as measured on Reuters RCV1, 44 n^0.49
(Manning, Raghavan and Schütze 2008, Introduction to Information Retrieval, 5.1.1).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.corpus import read_corpus
from analysis.language.sentences import sentence_spans
from analysis.language.words import TOKEN, stop_words

TOKENS_A_DOCUMENT = 600
REPLACED = 0.3
EXPONENT, SHIFT = 2.04, 3640.0
MONTHS = 24
SOURCES = (
    "Agency A",
    "Agency B",
    "Daily C",
    "Daily D",
    "Magazine E",
    "Post F",
    "Times G",
    "Wire H",
)
SYLLABLES = [c + v for c in "bdfghklmnprstvz" for v in ("a", "e", "i", "o", "u")]
BATCH = 2000


def pool(folder: str | Path) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """The pieces of every sentence of a corpus: texts, which are slots, where sentences begin, sizes.

    A piece is the text between two slots or a slot; a slot is a content word that may be replaced.
    `sizes` are tokens of each sentence.
    """
    pieces, slots, begins, sizes = [], [], [0], []
    common = stop_words("en")
    for text in read_corpus(folder).texts:
        for line in filter(str.strip, text.splitlines()):
            for start, end in sentence_spans(line, "en"):
                sentence, place = line[start:end], 0
                found = list(TOKEN.finditer(sentence))
                if len(found) < 4:
                    continue
                for match in found:
                    word = match.group()
                    if word.isalpha() and len(word) > 3 and word.lower() not in common:
                        pieces += [sentence[place : match.start()], word]
                        slots += [False, True]
                        place = match.end()
                pieces.append(sentence[place:])
                slots.append(False)
                begins.append(len(pieces))
                sizes.append(len(found))
    return pieces, np.array(slots), np.array(begins), np.array(sizes)


def made_up(rank: int) -> str:
    """The word of a rank: the same for the same rank; every third is a name."""
    word, rest = "", rank + len(SYLLABLES)
    while rest:
        rest, digit = divmod(rest, len(SYLLABLES))
        word += SYLLABLES[digit]
    return word.capitalize() if rank % 3 == 0 else word


def ranks(rng: np.random.Generator, n: int) -> np.ndarray:
    """Ranks of n words of the tail (Zipf-Mandelbrot, by inversion)."""
    return (SHIFT * (rng.random(n) ** (-1 / (EXPONENT - 1)) - 1)).astype(np.int64)


def documents(rng: np.random.Generator, n: int, source: tuple, tokens: int) -> pa.Array:
    """The texts of n documents of some so many tokens."""
    pieces, slots, begins, sizes = source
    lengths = rng.lognormal(np.log(tokens) - 0.125, 0.5, n) / sizes.mean()
    per_document = np.maximum(1, np.round(lengths)).astype(np.int64)
    sentences = rng.integers(len(sizes), size=per_document.sum())
    last = np.zeros(len(sentences), dtype=bool)
    last[np.cumsum(per_document) - 1] = True
    paragraph = rng.random(len(sentences)) < 0.4
    n_pieces = np.diff(begins)[sentences] + 1  # and the separator after each
    ends = np.cumsum(n_pieces)
    place = np.arange(ends[-1]) - np.repeat(ends - n_pieces, n_pieces)
    codes = np.repeat(begins[sentences], n_pieces) + place
    between = ends - 1
    codes[between] = len(pieces) + np.where(last, 0, np.where(paragraph, 1, 2))
    is_slot = np.concatenate((slots, [False, False, False]))[codes]
    replaced = np.flatnonzero(is_slot)
    replaced = replaced[rng.random(len(replaced)) < REPLACED]
    kinds, which = np.unique(ranks(rng, len(replaced)), return_inverse=True)
    codes[replaced] = len(pieces) + 3 + which
    strings = pa.array([*pieces, "", "\n", " ", *map(made_up, kinds.tolist())], pa.large_string())
    flat = strings.take(pa.array(codes))
    offsets = np.frombuffer(flat.buffers()[1], dtype=np.int64)[: len(flat) + 1]
    edges = np.concatenate(([0], offsets[ends[last]]))
    return pa.LargeStringArray.from_buffers(
        n, pa.py_buffer(edges.astype(np.int64)), flat.buffers()[2]
    )


def write(
    file: Path, n: int, seeds: str | Path, seed: int = 20221130, tokens: int = TOKENS_A_DOCUMENT
) -> Path:
    """A Parquet corpus of n documents with id, date, source and text; the same for the same seed."""
    source = pool(seeds)
    rng = np.random.default_rng([seed, n])
    schema = pa.schema([(name, pa.large_string()) for name in ("id", "date", "source", "text")])
    with pq.ParquetWriter(
        file, schema, compression="NONE", use_dictionary=["source", "date"]
    ) as writer:
        for first in range(0, n, BATCH):
            size = min(BATCH, n - first)
            days = rng.integers(28 * MONTHS, size=size)
            month = days // 28
            dates = [
                f"{2023 + m // 12}-{m % 12 + 1:02d}-{d % 28 + 1:02d}"
                for d, m in zip(days.tolist(), month.tolist(), strict=True)
            ]
            columns = [
                pa.array(
                    [f"d{number:08d}" for number in range(first, first + size)], pa.large_string()
                ),
                pa.array(dates, pa.large_string()),
                pa.array(
                    [SOURCES[k] for k in rng.integers(len(SOURCES), size=size)], pa.large_string()
                ),
                documents(rng, size, source, tokens),
            ]
            writer.write_table(pa.table(columns, schema=schema))
    return file
