"""Part: the tokens of some documents of a corpus, read out of the blocks of the whole."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis.corpus import Corpus
from analysis.errors import InputError
from analysis.store.cache import entry, key_of, packed, save
from analysis.tokens import Block, Tokens, code, starts, types_of


@dataclass(frozen=True, eq=False)
class _Part(Tokens):
    """The tokens of some documents: `inside` says which of the documents of `whole` they are."""

    whole: Tokens
    inside: np.ndarray

    def opened_block(self, number: int) -> Block:
        """The block of the whole, without the documents that are not inside."""
        first = int(self.found["block_document"][number])
        forms = self.found["form_ids"][slice(*self.found["form_start"][number : number + 2])]
        block = self.whole.opened_block(int(self.found["block_of_whole"][number]))
        return replace(
            _part_of_block(block, self.inside[block.documents]),
            first_document=first,
            first_token=int(self.document_start[first]),
            first_sentence=int(self.sentence_start[first]),
            forms=forms,
            types=self.type_of[forms],
        )


def part_of(tokens: Tokens, inside: np.ndarray) -> Tokens:
    """The tokens of some documents (a mask), as if the corpus held no other; nothing is cut anew.

    Raises InputError where they hold no token.
    """
    if inside.all():
        return tokens
    corpus = _part_of_corpus(tokens.corpus, inside)
    if not tokens.document_sizes[inside].sum():
        raise InputError("no document that counts holds a letter or a digit", where=corpus.name)
    key = key_of(code("tables.part"), tokens.keys, np.packbits(inside).tobytes())
    found = entry("tokens", key, lambda folder: save(folder, key, {}, _arrays_of(tokens, inside)))
    keys = tuple(tokens.keys[number] for number in found["block_of_whole"])
    return _Part(corpus, found, keys, tokens, inside)


def _part_of_corpus(corpus: Corpus, inside: np.ndarray) -> Corpus:
    """Some documents of a corpus as a corpus."""
    documents = corpus.documents[inside].reset_index(drop=True)
    mine = corpus.excluded["document"].isin(documents["id"])
    return replace(
        corpus,
        documents=documents,
        texts=corpus.texts.ordered(np.flatnonzero(inside)),
        excluded=corpus.excluded[mine].reset_index(drop=True),
        key="",
    )


def _part_of_block(block: Block, inside: np.ndarray) -> Block:
    """Some documents of a block; its forms are those that occur in them."""
    token = np.repeat(inside, np.diff(block.document_start))
    sentence = inside[block.sentence_document]
    ids = block.ids[token]
    counts = np.bincount(ids, minlength=len(block.forms))
    used = counts > 0
    place = np.cumsum(used, dtype=np.int32) - 1
    return replace(
        block,
        ids=place[ids],
        start=block.start[token],
        size=block.size[token],
        document_start=starts(np.diff(block.document_start)[inside]),
        sentence_start=starts(np.diff(block.sentence_start)[sentence]),
        sentence_document=(np.cumsum(inside) - 1)[block.sentence_document[sentence]],
        paragraph=block.paragraph[sentence],
        span=block.span[sentence],
        wrapped=(np.cumsum(inside) - 1)[block.wrapped[inside[block.wrapped]]],
        form_counts=counts[used],
        forms=block.forms[used],
        types=block.types[used],
    )


def _arrays_of(tokens: Tokens, inside: np.ndarray) -> dict[str, np.ndarray]:
    """What `tokens.merged` makes of a corpus, of some of its documents."""
    forms, sizes, numbers, documents = [], [], [], []
    counts = np.zeros(len(tokens.vocabulary), dtype=np.int64)
    for number in range(len(tokens.keys)):
        block = tokens.opened_block(number)
        mine = inside[block.documents]
        if mine.any():
            part = _part_of_block(block, mine)
            counts[part.forms] += part.form_counts
            forms.append(part.forms)
            sizes.append(len(part.forms))
            numbers.append(number)
            documents.append(int(mine.sum()))
    used = counts > 0
    vocabulary = tokens.vocabulary.take(np.flatnonzero(used))
    place = np.cumsum(used, dtype=np.int32) - 1
    return {
        "form_counts": counts[used],
        "document_start": starts(tokens.document_sizes[inside]),
        "sentence_start": starts(np.diff(tokens.sentence_start)[inside]),
        "block_document": starts(np.array(documents))[:-1],
        "block_of_whole": np.array(numbers, dtype=np.int64),
        "form_start": starts(np.array(sizes)),
        "form_ids": place[np.concatenate(forms)],
        **packed("forms", vocabulary),
        **types_of(vocabulary),
    }
