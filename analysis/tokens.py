"""Tokens: ids of words with the places of tokens, sentences and documents, made once for a corpus.

The corpus is cut into blocks of documents, each kept in the cache under what it was made from, so
that documents that are added cost only their own blocks. Questions go through the blocks one by
one: what they need in memory does not grow with the corpus.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from analysis.corpus import Corpus
from analysis.errors import InputError
from analysis.language import chinese
from analysis.store.ahead import ahead
from analysis.store.arrow import as_numbers, coded, column_of
from analysis.store.blocks import Job, block_of, make_blocks, workers
from analysis.store.cache import (
    Entry,
    code_of,
    entry,
    existing,
    key_of,
    remember,
    remembered,
    save,
    unpacked,
    versions_of,
)
from analysis.store.vocabulary import BlockCounts, starts, summarize

if TYPE_CHECKING:
    from scipy import sparse

_T = TypeVar("T")
_BLOCK_BYTES = 3_000_000
"""Bytes of text after which a block ends."""
_MAX_KEPT = 20_000_000
_ARRAYS = (
    *("ids", "start", "size", "document_start", "sentence_start", "sentence_document"),
    *("paragraph", "span", "wrapped", "form_counts"),
)
"""The arrays of a block in the cache, as they are named in `Block`."""


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
        """The blocks in the order of their documents; those of up to MAX_KEPT tokens are kept."""
        for number in range(len(self.keys)):
            yield self.block(number)

    def block(self, number: int) -> Block:
        """One block; made again where the cache no longer holds it whole."""
        if number in self.kept_blocks:
            return self.kept_blocks[number]
        block = self.opened_block(number)
        if len(self) <= _MAX_KEPT:
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
        """One block, opened again."""
        first = int(self.found["block_document"][number])
        forms = self.found["form_ids"][slice(*self.found["form_start"][number : number + 2])]
        numbers = (first, int(self.document_start[first]), int(self.sentence_start[first]))
        arrays = self.block_arrays(number)
        return Block(*numbers, **arrays, forms=forms, types=self.type_of[forms])

    def block_arrays(self, number: int) -> dict[str, np.ndarray]:
        """The arrays of one block as they are in the cache, rebuilt where they are not whole there."""
        entry = existing("blocks", self.keys[number]) or block_of(
            self.corpus.texts, self.jobs[number]
        )
        return {name: entry[name] for name in _ARRAYS}

    def type_counts(self) -> Iterator[tuple[slice, sparse.csr_array]]:
        """Counts of types (columns) in the documents (rows) of each block, and which those are.

        Kept in memory for a corpus of up to MAX_KEPT tokens, counted again for a larger one.
        """
        if len(self) > _MAX_KEPT:
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
        return _jobs_of(self.corpus, [*self.found["block_document"][1:].tolist(), len(self.corpus)])

    def block_number(self, document: int) -> int:
        """The block that holds a document."""
        return int(np.searchsorted(self.found["block_document"], document, side="right")) - 1


@dataclass(frozen=True, eq=False)
class _Part(Tokens):
    """The tokens of some documents: `inside` is the mask of those documents of `whole`."""

    whole: Tokens
    inside: np.ndarray

    def block_arrays(self, number: int) -> dict[str, np.ndarray]:
        """The arrays of a block of the whole, without the documents that are not inside."""
        return _some_of_block(self.whole, int(self.found["block_of_whole"][number]), self.inside)[0]


# --- making ------------------------------------------------------------------------------------------


def tokenize(corpus: Corpus) -> Tokens:
    """The tokens of every line of the corpus that is not excluded; from the cache where they are there.

    Raises InputError where no line that is kept holds a letter or a digit.
    """
    source = key_of(_code(), _versions(), _BLOCK_BYTES, corpus.fingerprint)
    found = existing("tokens", remembered(source))
    if found is None:
        sizes = corpus.texts.spans[:, 1] - corpus.texts.spans[:, 0]
        jobs = _jobs_of(corpus, _block_ends(sizes))
        keys = [job.key for job in jobs]
        key = key_of(_code(), keys)
        notes = {"key": key, "blocks": keys}
        found = entry("tokens", key, lambda folder: save(folder, key, notes, _merged(corpus, jobs)))
        remember(source, key)
    if not found["document_start"][-1]:
        raise InputError("no line that is kept holds a letter or a digit", where=corpus.name)
    return Tokens(corpus, found, tuple(found.notes["blocks"]))


def part_of(tokens: Tokens, inside: np.ndarray) -> Tokens:
    """The tokens of some documents (a mask), as if the corpus held no other; nothing is cut again.

    Raises InputError where they hold no token.
    """
    if inside.all():
        return tokens
    corpus = _part_of_corpus(tokens.corpus, inside)
    if not tokens.document_sizes[inside].sum():
        raise InputError("no document that counts holds a letter or a digit", where=corpus.name)
    key = key_of(_code(), "part", tokens.keys, np.packbits(inside).tobytes())
    found = entry("tokens", key, lambda folder: save(folder, key, {}, _arrays_of(tokens, inside)))
    keys = tuple(tokens.keys[number] for number in found["block_of_whole"])
    return _Part(corpus, found, keys, tokens, inside)


def _part_of_corpus(corpus: Corpus, inside: np.ndarray) -> Corpus:
    """Some documents of a corpus as a corpus."""
    documents = corpus.documents[inside].reset_index(drop=True)
    excluded = corpus.excluded[corpus.excluded["document"].isin(documents["id"])]
    return replace(
        corpus,
        documents=documents,
        texts=corpus.texts.ordered(np.flatnonzero(inside)),
        excluded=excluded.reset_index(drop=True),
        key="",
    )


def _merged(corpus: Corpus, jobs: list[Job]) -> dict[str, np.ndarray]:
    """The arrays of a corpus's tokens, from its blocks."""
    import pyarrow as pa

    blocks = list(make_blocks(corpus, jobs))
    forms = pa.chunked_array([unpacked(block, "forms") for block in blocks])
    forms = forms.dictionary_encode().combine_chunks()
    ends = np.cumsum([len(block["form_counts"]) for block in blocks])
    places = np.split(as_numbers(forms.indices), ends[:-1])
    counts = [_counts_of(*pair) for pair in zip(blocks, places, strict=True)]
    return summarize(forms.dictionary, counts)


def _arrays_of(tokens: Tokens, inside: np.ndarray) -> dict[str, np.ndarray]:
    """What `_merged` makes of a corpus, of some of its documents."""
    counts, numbers = [], []
    for number in range(len(tokens.keys)):
        arrays, forms = _some_of_block(tokens, number, inside)
        if len(arrays["document_start"]) > 1:
            counts.append(_counts_of(arrays, forms))
            numbers.append(number)
    return {**summarize(tokens.vocabulary, counts), "block_of_whole": np.array(numbers)}


def _counts_of(arrays: Mapping[str, np.ndarray], forms: np.ndarray) -> BlockCounts:
    """What is counted in a block; `forms` are the places of its forms in the vocabulary."""
    sizes = np.diff(arrays["document_start"])
    sentences = np.bincount(arrays["sentence_document"], minlength=len(sizes))
    return BlockCounts(forms, arrays["form_counts"], sizes, sentences)


def _some_of_block(
    tokens: Tokens, number: int, inside: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The arrays of the documents of a block that are inside, and the places of their forms."""
    block = tokens.opened_block(number)
    inside = inside[block.documents]
    token = np.repeat(inside, np.diff(block.document_start))
    sentence = inside[block.sentence_document]
    counts = np.bincount(block.ids[token], minlength=len(block.forms))
    rank = np.cumsum(counts > 0, dtype=np.int32) - 1
    document = np.cumsum(inside, dtype=np.int32) - 1
    arrays = {
        "ids": rank[block.ids[token]],
        "start": block.start[token],
        "size": block.size[token],
        "document_start": starts(np.diff(block.document_start)[inside]),
        "sentence_start": starts(np.diff(block.sentence_start)[sentence]),
        "sentence_document": document[block.sentence_document[sentence]],
        "paragraph": block.paragraph[sentence],
        "span": block.span[sentence],
        "wrapped": document[block.wrapped[inside[block.wrapped]]],
        "form_counts": counts[counts > 0],
    }
    return arrays, block.forms[counts > 0]


def _jobs_of(corpus: Corpus, ends: Sequence[int]) -> list[Job]:
    """The blocks of a corpus that end before these documents."""
    different, language_of = coded(column_of(corpus.documents["language"]))
    excluded = excluded_by_number(corpus)
    numbers = list(excluded)
    jobs = []
    for first, last in pairwise([0, *ends]):
        languages = [different[place] for place in language_of[first:last].tolist()]
        mine = numbers[bisect_left(numbers, first) : bisect_left(numbers, last)]
        lines = {str(n - first): excluded[n] for n in mine}
        digests = corpus.texts.digests[first:last].tobytes()
        key = key_of(_versions(), digests, languages, lines, corpus.words)
        jobs.append(Job(key, first, last, languages, lines, corpus.words))
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


def _code() -> str:
    """What decides how blocks are put together."""
    return code_of("tokens", "store.arrow", "store.vocabulary")


@cache
def _versions() -> list[str]:
    """What decides where a token or a sentence ends: code and the libraries it rests on."""
    made_by = code_of("language", "store.arrow", "store.blocks")
    return [made_by, *versions_of("regex", "sentencex", "pyarrow", "numpy", *chinese.LIBRARIES)]
