"""How a source is read, as far as its files do not say it themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from analysis.reading.dates import check_order
from analysis.reading.encodings import check_encoding

LIBRARIES = (
    *("bibtexparser", "lxml", "pyarrow", "pypdfium2", "python-docx", "striprtf", "trafilatura"),
)
"""What files are read with."""


@dataclass(frozen=True)
class ReadOptions:
    """Columns renamed, the order of day and month in dates, the encoding of texts.

    Raises InputError for an unknown order or encoding.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    dates: str = ""
    encoding: str = ""

    def __post_init__(self) -> None:
        check_order(self.dates)
        check_encoding(self.encoding)

    @property
    def key(self) -> list:
        """The options as JSON can hold them."""
        return [sorted(self.columns.items()), self.dates, self.encoding]
