"""Manner: what is said of a source about how it is to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LIBRARIES = [
    "bibtexparser",
    "lxml",
    "pyarrow",
    "pypdfium2",
    "python-docx",
    "striprtf",
    "trafilatura",
]
"""What files are read with."""


@dataclass(frozen=True)
class Manner:
    """How a source is read: columns renamed, the order of dates, the encoding of its texts.

    Raises InputError for an unknown order or encoding.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    dates: str = ""
    encoding: str = ""

    def __post_init__(self) -> None:
        if self.dates:
            from analysis.reading.dates import check_order

            check_order(self.dates)
        if self.encoding:
            from analysis.reading.encodings import check_encoding

            check_encoding(self.encoding)

    @property
    def key(self) -> list:
        """What tells one manner from another."""
        return [sorted(self.columns.items()), self.dates, self.encoding]
