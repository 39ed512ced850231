"""Arrow arrays from numpy's and back, without a copy where that is possible.

Nothing here is given to pyarrow as a list: pyarrow would import pandas, which takes longer than
making a block.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa


def coded(texts: Iterable[str] | pa.Array) -> tuple[list[str], np.ndarray]:
    """The different texts in the order in which they came, and the place of each text among them.

    >>> coded(["b", "a", "b"])
    (['b', 'a'], array([0, 1, 0], dtype=int32))
    """
    texts = texts if isinstance(texts, pa.Array) else texts_of(texts)
    encoded = texts.dictionary_encode()
    return encoded.dictionary.to_pylist(), as_numbers(encoded.indices)


def empty_texts(n: int) -> pa.LargeStringArray:
    """So many empty texts."""
    return texts_sized(b"", np.zeros(n, dtype=np.int64))


def column_of(values) -> pa.LargeStringArray:
    """A column of a table, all of it text, as one Arrow array."""
    array = pa.array(values, pa.large_string())
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def buffers_of(texts: pa.LargeStringArray) -> tuple[np.ndarray, np.ndarray]:
    """Where each text begins and the last ends, and the bytes of all texts."""
    texts = pa.concat_arrays([texts]) if texts.offset else texts
    _, offsets, data = texts.buffers()
    begins = np.frombuffer(offsets, dtype=np.int64)[: len(texts) + 1]
    return begins, np.frombuffer(data or b"", dtype=np.uint8)[: begins[-1]]


def as_bools(values: pa.Array) -> np.ndarray:
    """An Arrow array of truth values as numpy's; none is missing."""
    bits = np.frombuffer(values.buffers()[1] or b"", dtype=np.uint8)
    bools = np.unpackbits(bits, bitorder="little")[values.offset : values.offset + len(values)]
    return bools.astype(bool)


def as_numbers(values: pa.Array) -> np.ndarray:
    """An Arrow array of numbers or truth values as numpy's; none is missing."""
    if pa.types.is_boolean(values.type):
        return as_bools(values)
    dtype = np.dtype(values.type.to_pandas_dtype())
    return np.frombuffer(values.buffers()[1] or b"", dtype=dtype)[values.offset :][: len(values)]


def from_numbers(numbers: np.ndarray) -> pa.Array:
    """Numbers or truth values as an Arrow array of the same type."""
    if numbers.dtype == bool:
        return mask_of(numbers)
    content = pa.py_buffer(np.ascontiguousarray(numbers))
    kind = pa.from_numpy_dtype(numbers.dtype)
    return pa.Array.from_buffers(kind, len(numbers), [None, content])


def mask_of(bools: np.ndarray) -> pa.Array:
    """Truth values as an Arrow array."""
    bits = pa.py_buffer(np.packbits(bools, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(bools), [None, bits])


def places_of(numbers: np.ndarray) -> pa.Array:
    """Whole numbers as an Arrow array."""
    return from_numbers(np.asarray(numbers, dtype=np.int64))


def texts_of(texts: Iterable[str]) -> pa.LargeStringArray:
    """Texts as an Arrow array."""
    parts = [text.encode() for text in texts]
    sizes = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts))
    return texts_sized(b"".join(parts), sizes)


def texts_sized(content: bytes | np.ndarray, sizes: np.ndarray) -> pa.LargeStringArray:
    """Texts in UTF-8 that follow each other, of these sizes, as an Arrow array."""
    offsets = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
    buffers = (pa.py_buffer(offsets), pa.py_buffer(content))
    return pa.LargeStringArray.from_buffers(len(sizes), *buffers)
