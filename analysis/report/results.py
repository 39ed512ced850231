"""Results: figures, tables and findings shown in a notebook and, with a folder, written to it."""

from __future__ import annotations

import base64
import io
import json
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from analysis import VERSION
from analysis.corpus import Corpus
from analysis.errors import shown
from analysis.files import write_whole
from analysis.plots.sheet import SIGNIFICANT_DIGITS, Drawing, own_style
from analysis.report.pages import NO_MATHS, escaped, plain
from analysis.rules.codebook import Codebook
from analysis.tables.findings import Finding

_PNG_METADATA = {"Software": None}
_SVG_METADATA = {"Date": None, "Creator": None}
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_SHOWN_WIDTH = 750
_ROWS_AT_ONCE = 20_000
"""Rows of a table that are turned into text together."""
FINDINGS = "tables/findings.json"
RUNNING = "running"
"""The state of a run in its receipt, `run.json`, while its notebooks are executed."""


@dataclass(frozen=True)
class _Picture:
    """A figure as a notebook shows it: the picture, with its alternative text."""

    png: bytes
    alt: str

    def _ipython_display_(self) -> None:
        """The picture, and below it the alternative text to unfold (JupyterLab hides `alt`)."""
        from IPython.display import publish_display_data

        encoded = base64.b64encode(self.png).decode("ascii")
        publish_display_data(
            {"image/png": encoded, "text/plain": self.alt},
            {"image/png": {"alt": self.alt, "width": _SHOWN_WIDTH}},
        )
        page = f'<details class="{NO_MATHS}"><summary>Alternative text</summary>{escaped(self.alt)}</details>'
        publish_display_data({"text/html": page, "text/plain": self.alt})


@dataclass(frozen=True)
class Results:
    """Where a notebook's results go. `folder` None: they are shown only.

    Files of a folder: figures/NAME.png .svg .csv, tables/NAME.csv, tables/NAME.parquet and
    findings. Every file is written whole or not at all.
    """

    notebook: str
    folder: Path | None = None

    def figure(self, drawing: Drawing) -> _Picture:
        """Save a drawing as PNG, SVG and the CSV of its numbers; returns what the notebook shows."""
        png, unseen = _rendered(drawing, "png")
        if self.folder:
            self.write(f"figures/{drawing.name}.png", png)
            self.write(f"figures/{drawing.name}.svg", _rendered(drawing, "svg")[0])
            self.write(f"figures/{drawing.name}.csv", csv_bytes(drawing.data))
        note = f" {unseen} characters have no glyph in the fonts and are drawn as boxes."
        return _Picture(png, plain(drawing.alt + (note if unseen else "")))

    def table(self, name: str, table: pd.DataFrame) -> pd.DataFrame:
        """Save a table as tables/NAME.csv; returns the table."""
        if self.folder:
            self.write(f"tables/{name}.csv", _csv_parts(table))
        return table

    def parquet(self, name: str, table: pd.DataFrame) -> pd.DataFrame:
        """Save a table as tables/NAME.parquet, its text raw; returns the table."""
        if self.folder:
            self.write(f"tables/{name}.parquet", _parquet_bytes(table))
        return table

    def findings(self, found: Sequence[Finding]) -> Sequence[Finding]:
        """Save the findings of this notebook, and tables/findings.json of all notebooks so far.

        While `workbook run` executes the notebook, it makes that file itself, from verified parts.
        """
        if self.folder:
            entries = [{name: _rounded(v) for name, v in asdict(one).items()} for one in found]
            self.write(findings_part(self.notebook), json_bytes(entries))
            if not _run_goes_on(self.folder):
                merge_findings(self.folder)
        return found

    def provenance(self, corpus: Corpus, codebook: Codebook | None = None) -> str:
        """What the numbers above were made from, in words without clock or path."""
        lines = [f"notebook {self.notebook}, workbook {VERSION}"]
        made = f"{len(corpus)} documents, {corpus.fingerprint[:16]}"
        lines.append(f"corpus {shown(corpus.name)}: {made}")
        if codebook is not None:
            version = f" version {codebook.version}" if codebook.version else ""
            lines.append(f"codebook {shown(codebook.name)}{version}: {codebook.fingerprint[:16]}")
        return "\n".join(lines)

    def write(self, name: str, content: bytes | Iterable[bytes]) -> None:
        write_whole(self.folder / name, content)


def open_results(out: str, notebook: str) -> Results:
    """Results of a notebook; an empty `out` only shows them."""
    return Results(notebook, Path(out) if out else None)


def findings_part(notebook: str) -> str:
    """The file, below the run folder, that holds the findings of one notebook."""
    return f"tables/.findings/{notebook}.json"


def merge_findings(folder: Path, notebooks: Iterable[str] | None = None) -> None:
    """Write tables/findings.json from the findings of the named notebooks, in their order.

    Without names every part in the folder counts; one that cannot be read is left out with a
    warning.
    """
    if notebooks is None:
        notebooks = sorted(file.stem for file in (folder / "tables" / ".findings").glob("*.json"))
    entries = []
    for name in notebooks:
        part = folder / findings_part(name)
        try:
            entries += list(json.loads(part.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, RecursionError):
            told = f"{shown(part.name)} cannot be read: its findings are not in findings.json"
            warnings.warn(told, stacklevel=2)
    write_whole(folder / FINDINGS, json_bytes(entries))


def _run_goes_on(folder: Path) -> bool:
    """Whether the receipt of a folder says that a run is executing its notebooks."""
    try:
        receipt = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(receipt, dict) and receipt.get("state") == RUNNING


def _rendered(drawing: Drawing, kind: str) -> tuple[bytes, int]:
    """The bytes of a drawing, the same on every run, and how many characters have no glyph."""
    sink = io.BytesIO()
    metadata = _PNG_METADATA if kind == "png" else _SVG_METADATA
    with own_style(), warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        drawing.figure.savefig(sink, format=kind, metadata=metadata)
    glyphs = {str(one.message) for one in told if "Glyph" in str(one.message)}
    return sink.getvalue(), len(glyphs)


def csv_bytes(table: pd.DataFrame) -> bytes:
    """A table as CSV for people: ten significant digits, no cell that a spreadsheet would run."""
    return b"".join(_csv_parts(table))


def _csv_parts(table: pd.DataFrame) -> Iterator[bytes]:
    """The same, some rows at a time, so that a long table is never all held as text."""
    for first in range(0, max(len(table), 1), _ROWS_AT_ONCE):
        part = table.iloc[first : first + _ROWS_AT_ONCE]
        safe = part.apply(
            lambda column: column if is_numeric_dtype(column) else column.map(_unrunnable)
        )
        form = {"float_format": f"%.{SIGNIFICANT_DIGITS}g", "lineterminator": "\n"}
        yield safe.to_csv(index=False, header=first == 0, **form).encode("utf-8")


def _unrunnable(value: object) -> object:
    """A text that a spreadsheet would take for a formula, quoted; anything else as it is.

    >>> _unrunnable("=1+1"), _unrunnable("China")
    ("'=1+1", 'China')
    """
    if isinstance(value, str) and value.startswith(_FORMULA_SIGNS):
        return "'" + value
    return value


def _parquet_bytes(table: pd.DataFrame) -> bytes:
    """A table as Parquet without anything that changes from run to run."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    columns = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(columns, sink)
    return sink.getvalue()


def _rounded(value: object) -> object:
    """A number with ten significant digits, a missing one as None; anything else as it is."""
    if isinstance(value, float):
        return float(f"{value:.10g}") if math.isfinite(value) else None
    return value


def json_bytes(value: object) -> bytes:
    """A value as the bytes of a JSON file."""
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False)
    return (text + "\n").encode("utf-8")
