"""Spool: columns that grow batch by batch, kept in files and mapped when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from analysis.store.arrow import empty_texts
from analysis.store.cache import mapped, packed


class Numbers:
    """Arrays by name that rows are added to, each in a file of a folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.kinds: dict[str, tuple[np.dtype, tuple[int, ...]]] = {}

    def add(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Add rows to arrays."""
        for name, rows in arrays.items():
            self.kinds[name] = rows.dtype, rows.shape[1:]
            with (self.folder / name).open("ab") as sink:
                sink.write(np.ascontiguousarray(rows))

    def __getitem__(self, name: str) -> np.ndarray:
        dtype, shape = self.kinds[name]
        return mapped(self.folder / name).view(dtype).reshape(-1, *shape)


@dataclass
class _Column:
    """A column of texts: its number, texts and bytes so far."""

    number: int
    n: int = 0
    size: int = 0


class TextColumns(Mapping):
    """Columns of texts by name, whatever that is, as long as each other; empty where a batch lacks one.

    A column is an Arrow array that is mapped anew whenever it is asked for.
    """

    def __init__(self, folder: Path):
        self.n = 0
        self.columns: dict[str, _Column] = {}
        self.numbers = Numbers(folder)

    def __len__(self) -> int:
        return len(self.columns)

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def add(self, columns: Mapping[str, pa.LargeStringArray], n: int) -> None:
        """Add `n` texts to every column."""
        for name in columns:
            if name not in self.columns:
                self.columns[name] = _Column(len(self.columns))
                self.numbers.add({f"{self.columns[name].number}_begin": np.zeros(1, np.int64)})
        self.n += n
        for name, texts in columns.items():
            self.fill(self.columns[name], self.n - n)
            self.extend(self.columns[name], texts)

    def fill(self, column: _Column, n: int) -> None:
        """Make a column `n` texts long, the new ones empty."""
        if column.n < n:
            self.extend(column, empty_texts(n - column.n))

    def extend(self, column: _Column, texts: pa.LargeStringArray) -> None:
        parts = packed(str(column.number), texts)
        begins = f"{column.number}_begin"
        self.numbers.add(parts | {begins: parts[begins][1:] + column.size})
        column.n += len(texts)
        column.size += int(parts[begins][-1])

    def __getitem__(self, name: str) -> pa.LargeStringArray:
        column = self.columns[name]
        self.fill(column, self.n)
        parts = (self.numbers[f"{column.number}_{part}"] for part in ("begin", "text"))
        return pa.LargeStringArray.from_buffers(self.n, *map(pa.py_buffer, parts))
