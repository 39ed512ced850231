"""Tokens: ids of words with the places of tokens, sentences and documents, made once for a corpus.

The corpus is cut into blocks of documents, each kept in the cache under what it was made from, so
that documents that are added cost only their own blocks. Questions go through the blocks one by
one: what they need in memory does not grow with the corpus.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from analysis.corpus import Corpus
from analysis.errors import InputError
from analysis.language import chinese
from analysis.language.words import folded, function_words, is_stop_word, stop_words
from analysis.store.ahead import ahead
from analysis.store.arrow import as_bools, as_numbers, coded, column_of
from analysis.store.blocks import Job, block_of, make_blocks, workers
from analysis.store.cache import (
    Entry,
    code_of,
    entry,
    existing,
    key_of,
    packed,
    remember,
    remembered,
    save,
    unpacked,
    versions_of,
)

if TYPE_CHECKING:
    from scipy import sparse

_T = TypeVar("T")
_BLOCK_BYTES = 3_000_000
"""Bytes of text after which a block ends."""
_MOST_KEPT = 20_000_000


@dataclass(frozen=True, eq=False)
class Block:
    """Documents that follow each other in the corpus.

    `first_document`, `first_token` and `first_sentence` are the numbers, in the corpus, of those
    the block begins with; the numbers inside the arrays begin with the block. `ids` are places in
    the vocabulary of the block, `forms` tells their places in that of the corpus.
    `document_start` and `sentence_start` hold the first token of each document and sentence and
    are one longer; `start` is the byte of its document at which a token begins, `size` how many
    bytes it has and `end` one past its last byte, also where a line end cuts the token; `span` the
    first and one past the last byte of a sentence, `paragraph` the number of its (first) line from
    1; `wrapped` are the documents whose lines are joined for cutting; `form_counts` is how often
    each form of its vocabulary occurs.
    """

    first_document: int
    first_token: int
    first_sentence: int
    ids: np.ndarray
    start: np.ndarray
    size: np.ndarray
    document_start: np.ndarray
    sentence_start: np.ndarray
    sentence_document: np.ndarray
    paragraph: np.ndarray
    span: np.ndarray
    wrapped: np.ndarray
    form_counts: np.ndarray
    forms: np.ndarray
    types: np.ndarray

    @property
    def n_documents(self) -> int:
        return len(self.document_start) - 1

    @property
    def n_sentences(self) -> int:
        return len(self.sentence_document)

    @property
    def documents(self) -> slice:
        """The block's documents among those of the corpus."""
        return slice(self.first_document, self.first_document + self.n_documents)

    @property
    def end(self) -> np.ndarray:
        """One past the last byte, in its document, of each token."""
        return self.start + self.size

    @cached_property
    def document_of(self) -> np.ndarray:
        """Document (in the block) of each token."""
        return np.repeat(np.arange(self.n_documents, dtype=np.int32), np.diff(self.document_start))

    @cached_property
    def sentence_of(self) -> np.ndarray:
        """Sentence (in the block) of each token."""
        return np.repeat(np.arange(self.n_sentences, dtype=np.int32), np.diff(self.sentence_start))

    @cached_property
    def noted(self) -> set[str]:
        """What was noted of the block while it was kept."""
        return set()

    @cached_property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """The tokens of each form of the block, one form after the other, and where each one's begin."""
        tokens = np.arange(len(self.ids), dtype=np.int64)
        keys = np.sort((self.ids.astype(np.int64) << 32) | tokens)
        begins = np.cumsum(self.form_counts) - self.form_counts
        return (keys & 0xFFFFFFFF).astype(np.int32), begins

    @cached_property
    def line_spans(self) -> tuple[np.ndarray, np.ndarray]:
        """First byte of the first sentence of each line and one past the last of its last, and which
        line each sentence stands in."""
        new = (np.diff(self.sentence_document) != 0) | (np.diff(self.paragraph) != 0)
        first = np.concatenate(([0], np.flatnonzero(new) + 1))
        last = np.append(first[1:] - 1, self.n_sentences - 1)
        spans = np.column_stack((self.span[first, 0], self.span[last, 1]))
        return spans, np.concatenate(([0], np.cumsum(new)))

    @cached_property
    def type_ids(self) -> np.ndarray:
        """Type (in the corpus) of each token."""
        return self.types.take(self.ids)


@dataclass(frozen=True, eq=False)
class Tokens:
    """Every token of a corpus.

    `vocabulary` holds the case-keeping normal forms in code-point order, `lower` the same in lower
    case, `types` the types that are counted: forms folded to lower case (see `words.folded`), all
    as Arrow arrays of texts; `type_of` gives the type of each form, `is_content` whether a type is
    no function word. `document_start` and `sentence_start` are the first token and the first
    sentence of each document, one longer than there are documents.
    """

    corpus: Corpus
    found: Entry
    keys: tuple[str, ...]

    def __len__(self) -> int:
        return int(self.document_start[-1])

    @cached_property
    def document_start(self) -> np.ndarray:
        return self.found["document_start"]

    @cached_property
    def sentence_start(self) -> np.ndarray:
        return self.found["sentence_start"]

    @property
    def n_documents(self) -> int:
        return len(self.document_start) - 1

    @property
    def n_sentences(self) -> int:
        return int(self.sentence_start[-1])

    @cached_property
    def document_sizes(self) -> np.ndarray:
        """Tokens of each document."""
        return np.diff(self.document_start)

    @cached_property
    def sentence_squares(self) -> np.ndarray:
        """Sum of tokens² over the sentences of each document."""
        sums = np.zeros(self.n_documents, dtype=np.int64)
        for block in self.blocks():
            squares = np.diff(block.sentence_start).astype(np.int64) ** 2
            sums[block.documents] = np.bincount(block.sentence_document, squares, block.n_documents)
        return sums

    @cached_property
    def vocabulary(self):
        return unpacked(self.found, "forms")

    @cached_property
    def lower(self):
        return unpacked(self.found, "lower")

    @cached_property
    def by_lower(self) -> np.ndarray:
        """Places of the vocabulary in the order of `lower`."""
        return self.found["by_lower"]

    @cached_property
    def form_counts(self) -> np.ndarray:
        """Occurrences of each form of the vocabulary."""
        return self.found["form_counts"]

    @cached_property
    def types(self):
        return unpacked(self.found, "types")

    @cached_property
    def type_of(self) -> np.ndarray:
        return self.found["type_of"]

    @cached_property
    def is_content(self) -> np.ndarray:
        return self.found["is_content"].view(bool)

    def blocks(self) -> Iterator[Block]:
        """The blocks in the order of their documents; those of up to MOST_KEPT tokens are kept."""
        for number in range(len(self.keys)):
            yield self.block(number)

    def block(self, number: int) -> Block:
        """One block; made anew where the cache no longer holds it whole."""
        if number in self.kept_blocks:
            return self.kept_blocks[number]
        block = self.opened_block(number)
        if len(self) <= _MOST_KEPT:
            self.kept_blocks[number] = block
        return block

    def each(self, function: Callable[[Block], _T]) -> Iterator[tuple[Block, _T]]:
        """Every block with what a function makes of it, in their order, made by several threads."""
        return ahead(self.blocks(), function, workers())

    @cached_property
    def known_words(self) -> dict[str, np.ndarray]:
        """Places of the vocabulary by the word patterns that were looked up (`matching.word_ids`)."""
        return {}

    @cached_property
    def kept_blocks(self) -> dict[int, Block]:
        return {}

    def opened_block(self, number: int) -> Block:
        made = existing("blocks", self.keys[number]) or block_of(
            self.corpus.texts, self.jobs[number]
        )
        first = int(self.found["block_document"][number])
        bounds = slice(*self.found["form_start"][number : number + 2])
        forms = self.found["form_ids"][bounds]
        names = ("ids", "start", "size", "document_start", "sentence_start", "sentence_document")
        names += ("paragraph", "span", "wrapped", "form_counts")
        return Block(
            first,
            int(self.document_start[first]),
            int(self.sentence_start[first]),
            *(made[name] for name in names),
            forms,
            self.type_of[forms],
        )

    def type_counts(self) -> Iterator[tuple[slice, sparse.csr_array]]:
        """Counts of types (columns) in the documents (rows) of each block, and which those are.

        Kept in memory for a corpus of up to MOST_KEPT tokens, counted anew for a larger one.
        """
        if len(self) > _MOST_KEPT:
            yield from (counts for _, counts in self.each(self.counted))
        else:
            yield from self.kept_counts

    @cached_property
    def kept_counts(self) -> list[tuple[slice, sparse.csr_array]]:
        return [counts for _, counts in self.each(self.counted)]

    def counted(self, block: Block) -> tuple[slice, sparse.csr_array]:
        """The counts of one block."""
        from scipy import sparse

        ones = np.ones(len(block.ids), dtype=np.int32)
        parts = (ones, block.types.take(block.ids), block.document_start.astype(np.int32))
        counts = sparse.csr_array(parts, shape=(block.n_documents, len(self.types)))
        counts.sum_duplicates()
        return block.documents, counts

    @cached_property
    def stratum(self) -> np.ndarray:
        """The number of the language of each document, in the order of `Corpus.strata`."""
        import pandas as pd

        return pd.factorize(self.corpus.languages, sort=True)[0].astype(np.int32)

    @cached_property
    def spread(self) -> np.ndarray:
        """In how many documents of each language (rows) each type (columns) stands."""
        spread = np.zeros((int(self.stratum.max()) + 1, len(self.types)), dtype=np.int64)
        for documents, counts in self.type_counts():
            number = np.repeat(self.stratum[documents], np.diff(counts.indptr))
            for language, row in enumerate(spread):
                row += np.bincount(counts.indices[number == language], minlength=len(row))
        return spread

    @cached_property
    def type_totals(self) -> np.ndarray:
        """Occurrences of each type."""
        totals = np.bincount(self.type_of, self.form_counts, len(self.types))
        return totals.astype(np.int64)

    def group_totals(self, groups: np.ndarray) -> np.ndarray:
        """Counts of each type (columns) in each group of documents (rows; a mask of documents each)."""
        kinds, kind_of = np.unique(np.packbits(groups, axis=0), axis=1, return_inverse=True)
        member = np.unpackbits(kinds, axis=0, count=len(groups)).view(bool)
        kind_of, n_kinds = kind_of.reshape(-1), kinds.shape[1]
        totals = np.zeros((len(groups), len(self.types)), dtype=np.int64)

        def counted(block: Block) -> np.ndarray:
            n_forms = len(block.forms)
            first = np.repeat(kind_of[block.documents] * n_forms, np.diff(block.document_start))
            counts = np.bincount(first + block.ids, minlength=n_kinds * n_forms)
            return counts.reshape(n_kinds, n_forms)

        for block, counts in self.each(counted):
            for total, mine in zip(totals, member, strict=True):
                np.add.at(total, block.types, counts[mine].sum(axis=0))
        return totals

    @cached_property
    def jobs(self) -> list[Job]:
        """What each block is made from."""
        return _jobs_of(self.corpus)

    def block_number(self, document: int) -> int:
        """The block that holds a document."""
        return int(np.searchsorted(self.found["block_document"], document, side="right")) - 1


# --- making ------------------------------------------------------------------------------------------


def tokenize(corpus: Corpus) -> Tokens:
    """The tokens of every line of the corpus that is not excluded; from the cache where they are there.

    Raises InputError where no line that is kept holds a letter or a digit.
    """
    source = key_of(code(), _versions(), _BLOCK_BYTES, corpus.fingerprint)
    found = existing("tokens", remembered(source))
    if found is None:
        found = _stored(corpus, _jobs_of(corpus))
        remember(source, found.notes["key"])
    if not found["document_start"][-1]:
        raise InputError("no line that is kept holds a letter or a digit", where=corpus.name)
    return Tokens(corpus, found, tuple(found.notes["blocks"]))


def _stored(corpus: Corpus, jobs: list[Job]) -> Entry:
    """The entry of a corpus's tokens, made where the cache lacks it."""
    keys = [job.key for job in jobs]
    key = key_of(code(), keys)
    notes = {"key": key, "blocks": keys}
    return entry("tokens", key, lambda folder: save(folder, key, notes, _merged(corpus, jobs)))


def _jobs_of(corpus: Corpus) -> list[Job]:
    """The blocks of a corpus: their documents, languages, excluded lines and own words."""
    different, spoken = coded(column_of(corpus.documents["language"]))
    excluded = excluded_by_number(corpus)
    numbers = list(excluded)
    sizes = corpus.texts.spans[:, 1] - corpus.texts.spans[:, 0]
    jobs, first = [], 0
    for last in _block_ends(sizes):
        languages = [different[place] for place in spoken[first:last].tolist()]
        mine = numbers[bisect_left(numbers, first) : bisect_left(numbers, last)]
        lines = {str(n - first): excluded[n] for n in mine}
        digests = corpus.texts.digests[first:last].tobytes()
        key = key_of(_versions(), digests, languages, lines, corpus.words)
        jobs.append(Job(key, first, last, languages, lines, corpus.words))
        first = last
    return jobs


def excluded_by_number(corpus: Corpus) -> dict[int, list[int]]:
    """The excluded lines of each document that has some, by its number, in the order of these."""
    by_id: dict[str, list[int]] = {}
    for document, line in zip(corpus.excluded["document"], corpus.excluded["line"], strict=True):
        by_id.setdefault(document, []).append(int(line))
    numbers = np.flatnonzero(corpus.documents["id"].isin(list(by_id)))
    names = corpus.documents["id"].iloc[numbers]
    return {n: sorted(by_id[name]) for n, name in zip(numbers.tolist(), names, strict=True)}


def _block_ends(sizes: np.ndarray) -> list[int]:
    """One past the last document of each block, by the bytes of the documents.

    A block holds the documents that begin in the same stretch of BLOCK_BYTES: documents added at
    the end of a corpus change no block but the last.
    """
    block = (np.cumsum(sizes) - sizes) // _BLOCK_BYTES
    return [*(np.flatnonzero(np.diff(block)) + 1).tolist(), len(sizes)]


def code(*modules: str) -> str:
    """What decides how blocks are put together, and what some more modules make of that."""
    return code_of("tokens", "store.arrow", *modules)


@cache
def _versions() -> list[str]:
    """What decides where a token or a sentence ends: code and the libraries it rests on."""
    made_by = code_of("language", "store.arrow", "store.blocks")
    return [made_by, *versions_of("regex", "sentencex", "pyarrow", "numpy", *chinese.LIBRARIES)]


def _merged(corpus: Corpus, jobs: list[Job]) -> dict[str, np.ndarray]:
    """The arrays of a corpus's tokens, its blocks put together."""
    import pyarrow as pa
    import pyarrow.compute as pc

    blocks = list(make_blocks(corpus, jobs))
    several = pa.chunked_array([unpacked(block, "forms") for block in blocks])
    forms = several.dictionary_encode().combine_chunks()
    form_ids, different = as_numbers(forms.indices), forms.dictionary
    order = as_numbers(pc.array_sort_indices(different)).astype(np.int64)
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order))
    form_ids = rank[form_ids]
    vocabulary = different.take(order)
    counts = np.concatenate([block["form_counts"] for block in blocks])
    return {
        "form_counts": np.bincount(form_ids, counts, len(order)).astype(np.int64),
        "document_start": starts(
            np.concatenate([np.diff(block["document_start"]) for block in blocks])
        ),
        "sentence_start": starts(
            np.concatenate(
                [
                    np.bincount(block["sentence_document"], minlength=job.last - job.first)
                    for block, job in zip(blocks, jobs, strict=True)
                ]
            )
        ),
        "block_document": np.array([job.first for job in jobs], dtype=np.int64),
        "form_start": starts(np.array([len(block["form_counts"]) for block in blocks])),
        "form_ids": form_ids,
        **packed("forms", vocabulary),
        **types_of(vocabulary),
    }


def starts(sizes: np.ndarray) -> np.ndarray:
    """Where each of several things of these sizes begins, and the end of the last."""
    return np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))


def types_of(vocabulary) -> dict[str, np.ndarray]:
    """Lower-case forms with their order, and the types that forms are counted under."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lower = _replaced(
        pc.ascii_lower(vocabulary), pc.invert(pc.string_is_ascii(vocabulary)), vocabulary, str.lower
    )
    common = pc.is_in(lower, pa.array(sorted(stop_words()), pa.large_string()))
    kinds = _replaced(lower, common, vocabulary, folded)
    types = pc.unique(kinds)
    types = types.take(pc.array_sort_indices(types))
    doubtful = pc.match_substring_regex(types, r"^(.|\p{N}.*)$")
    listed = pa.array(sorted(function_words()), pa.large_string())
    doubtful = pc.or_(doubtful, pc.is_in(types, listed))
    content = ~as_bools(doubtful)
    rest = np.flatnonzero(~content)
    content[rest] = [not is_stop_word(name) for name in types.take(pa.array(rest)).to_pylist()]
    return {
        **packed("lower", lower),
        "by_lower": as_numbers(pc.array_sort_indices(lower)).astype(np.int32),
        **packed("types", types),
        "type_of": as_numbers(pc.index_in(kinds, types)),
        "is_content": content.astype(np.uint8),
    }


def _replaced(values, where, source, function: Callable[[str], str]):
    """An Arrow array with what a function makes of the source in the places of a mask."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pc.any(where).as_py():
        return values
    fresh = [function(text) for text in source.filter(where).to_pylist()]
    return pc.replace_with_mask(values, where, pa.array(fresh, pa.large_string()))
