"""Vocabulary: the forms of all blocks together, sorted, and the types they are counted under."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.language.words import folded, function_words, is_stop_word, stop_words
from analysis.store.arrow import as_bools, as_numbers, places_of
from analysis.store.cache import packed


class BlockCounts(NamedTuple):
    """What is counted in a block: its forms (places among others), how often each occurs, and the
    tokens and the sentences of each of its documents."""

    forms: np.ndarray
    form_counts: np.ndarray
    tokens: np.ndarray
    sentences: np.ndarray


def summarize(forms: pa.Array, blocks: Iterable[BlockCounts]) -> dict[str, np.ndarray]:
    """The arrays of all blocks together; forms that do not occur are left out.

    `forms` in code-point order, `form_counts`, `lower`, `types` and what belongs to them (see
    `types_of`); `document_start` and `sentence_start`, the first token and sentence of each
    document; `block_document`, the first document of each block; `form_start` and `form_ids`, the
    places of each block's forms in `forms`.
    """
    places, counts, tokens, sentences = (list(part) for part in zip(*blocks, strict=True))
    form_ids = np.concatenate(places)
    totals = np.bincount(form_ids, np.concatenate(counts), len(forms)).astype(np.int64)
    order = as_numbers(pc.array_sort_indices(forms)).astype(np.int64)
    order = order[totals[order] > 0]
    rank = np.zeros(len(forms), dtype=np.int32)
    rank[order] = np.arange(len(order))
    vocabulary = forms.take(places_of(order))
    return {
        "form_counts": totals[order],
        "document_start": starts(np.concatenate(tokens)),
        "sentence_start": starts(np.concatenate(sentences)),
        "block_document": starts([len(sizes) for sizes in tokens])[:-1],
        "form_start": starts([len(one) for one in places]),
        "form_ids": rank[form_ids],
        **packed("forms", vocabulary),
        **types_of(vocabulary),
    }


def starts(sizes) -> np.ndarray:
    """Where each of several things of these sizes begins, and the end of the last."""
    return np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))


def types_of(vocabulary: pa.Array) -> dict[str, np.ndarray]:
    """Lower-case forms with their order, and the types that forms are counted under.

    `lower` and `by_lower`, the places of the forms in its order; `types`, `type_of` each form, and
    `is_content`, whether a type is not a function word.
    """
    is_wide = pc.invert(pc.string_is_ascii(vocabulary))
    lower = _replaced(pc.ascii_lower(vocabulary), is_wide, vocabulary, str.lower)
    is_common = pc.is_in(lower, pa.array(sorted(stop_words()), pa.large_string()))
    kinds = _replaced(lower, is_common, vocabulary, folded)
    types = pc.unique(kinds)
    types = types.take(pc.array_sort_indices(types))
    listed = pa.array(sorted(function_words()), pa.large_string())
    may_be_stop = pc.match_substring_regex(types, r"^(.|\p{N}.*)$")
    content = ~as_bools(pc.or_(may_be_stop, pc.is_in(types, listed)))
    rest = np.flatnonzero(~content)
    content[rest] = [not is_stop_word(name) for name in types.take(pa.array(rest)).to_pylist()]
    return {
        **packed("lower", lower),
        "by_lower": as_numbers(pc.array_sort_indices(lower)).astype(np.int32),
        **packed("types", types),
        "type_of": as_numbers(pc.index_in(kinds, types)),
        "is_content": content.astype(np.uint8),
    }


def _replaced(values: pa.Array, where: pa.Array, source: pa.Array, function: Callable[[str], str]):
    """An Arrow array with what a function makes of the source in the places of a mask."""
    if not pc.any(where).as_py():
        return values
    fresh = [function(text) for text in source.filter(where).to_pylist()]
    return pc.replace_with_mask(values, where, pa.array(fresh, pa.large_string()))
