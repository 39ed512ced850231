"""Sources: where documents come from, as rows and batches of rows; read strictly, or with rejections."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.errors import InputError, shown
from analysis.files import read_lines, read_table, read_text
from analysis.reading.rows import CODINGS, KEY, Reading, Rejected, Remark, Row

BATCH_ROWS, BATCH_SIZE = 2000, 8_000_000
SURROGATE = re.compile("[\ud800-\udfff]")
OF_THE_FOLDER = (
    "metadata.csv",
    "codebook.yaml",
    "events.csv",
    "exclusions.yaml",
    "findings.yaml",
    "sweep.yaml",
    "words.yaml",
    "SHA256SUMS",
    "README.md",
)
OTHER_KINDS = (".md", ".html", ".htm", ".docx", ".pdf", ".rtf", ".bib", ".json")


@dataclass(frozen=True)
class Batch:
    """Some documents: where each stands (for messages), texts, and metadata by column, as text."""

    where: Callable[[int], str]
    texts: object
    metadata: dict[str, list[str]]

    def __len__(self) -> int:
        return len(self.texts)


def batched(rows: Iterable[Row]) -> Iterator[Batch]:
    """Rows in batches of bounded size."""
    part: list[Row] = []
    size = 0
    for row in rows:
        part.append(row)
        size += len(row.text)
        if len(part) >= BATCH_ROWS or size >= BATCH_SIZE:
            yield batch_of(part)
            part, size = [], 0
    if part:
        yield batch_of(part)


def batch_of(rows: list[Row]) -> Batch:
    known = dict.fromkeys(column for row in rows for column in row.metadata)
    metadata = {column: [row.metadata.get(column, "") for row in rows] for column in known}
    places = [row.where for row in rows]
    return Batch(lambda n: places[n], [row.text for row in rows], metadata)


def read_folder(folder: Path, columns: Mapping[str, str]) -> tuple[Iterator[Row], list[str]]:
    """Rows of a folder of texts, and the names of everything in it that was left out."""
    check_sums(folder)
    entries = sorted(folder.iterdir())
    found = [e.name for e in entries if e.suffix.lower() == ".txt" and e.is_file()]
    others = [e.name for e in entries if e.name not in {*found, *described(folder)}]
    for name in found:
        check_name(folder, name)
    metadata = folder / "metadata.csv"
    if not metadata.exists():
        return (one_text(folder / name) for name in found), others
    listed = [(f"{metadata.name}, line {line}", values) for line, values in read_table(metadata)]
    names = {listed_file(folder, values, where) for where, values in listed}
    rows = (listed_row(folder, where, values) for where, values in listed)
    return rows, [name for name in [*found, *others] if name not in names]


def listed_row(folder: Path, where: str, values: Mapping[str, str]) -> Row:
    """The row of a file that metadata.csv names; its id is the file's name where there is none."""
    kept = {column: value for column, value in values.items() if column != "file"}
    kept.setdefault("id", Path(values["file"]).stem)
    return Row(where, read_text(folder / values["file"]), kept)


def listed_file(folder: Path, values: Mapping[str, str], where: str) -> str:
    """The file that a row of metadata.csv names; it must be a plain name inside the folder."""
    if "file" not in values:
        raise InputError(
            "metadata.csv has no column 'file'", where=where, allowed="a column 'file'"
        )
    name = values["file"]
    if not name or Path(name).name != name or name in (".", ".."):
        raise InputError(
            "is no plain file name",
            where=f"{where}, column file",
            value=name,
            allowed="the name of a file in the corpus folder",
        )
    try:
        there = (folder / name).is_file()
    except (OSError, ValueError):
        there = False
    if not there:
        raise InputError("text is missing", where=f"{where}, column file", value=name)
    check_name(folder, name)
    return name


def check_name(folder: Path, name: str) -> None:
    """Raise InputError for a file whose name is no Unicode text, or a link out of the folder."""
    if SURROGATE.search(name):
        raise InputError("file name is no Unicode text", where=folder.name, value=name)
    if not (folder / name).resolve().is_relative_to(folder.resolve()):
        raise InputError("is a link that leads out of the corpus folder", where=name)


def check_sums(folder: Path) -> None:
    """Compare the folder's files with its SHA256SUMS, where it has one; raises InputError."""
    sums = folder / "SHA256SUMS"
    if not sums.exists():
        return
    for number, line in enumerate(read_text(sums).splitlines(), start=1):
        where = f"{sums.name}, line {number}"
        digest, _, name = line.partition("  ")
        if not re.fullmatch("[0-9a-f]{64}", digest) or Path(name).name != name or not name:
            raise InputError(
                "is no checksum line", where=where, value=line, allowed="'<sha256>  <file name>'"
            )
        if not (folder / name).is_file():
            raise InputError("text is missing", where=where, value=name)
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise InputError(
                "text has changed: it does not have the checksum that stands here",
                where=where,
                value=name,
                allowed="the file as it was, or a new checksum (sha256sum *.txt metadata.csv)",
            )


def one_text(file: Path) -> Row:
    """A text file without metadata, its name as its id."""
    return Row(file.name, read_text(file), {"id": file.stem})


def rows_of_csv(file: Path, text: str) -> Iterator[Row]:
    """Rows of a CSV file; `text` is the column that holds the texts."""
    for line, values in read_table(file):
        if text not in values:
            raise no_text(file, text, values)
        yield Row(f"{file.name}, line {line}", values.pop(text), values)


def no_text(file: Path, text: str, columns: Iterable[str]) -> InputError:
    """What is said of a file in which no document has a text."""
    if text == "text":
        return InputError("column is missing", where=file.name, value=text, allowed=columns)
    allowed = sorted(columns)
    return InputError("no such column to rename", where=file.name, value=text, allowed=allowed)


def rows_of_jsonl(file: Path, text: str) -> Iterator[Row]:
    """Rows of a file of JSON lines; `text` is the key that holds the texts."""
    known: dict[str, None] = {}
    for number, line in enumerate(read_lines(file), start=1):
        if not line.strip():
            continue
        where = f"{file.name}, line {number}"
        try:
            values = json.loads(line, object_pairs_hook=no_doubled_keys)
        except (ValueError, RecursionError) as error:
            told = str(error).partition(":")[0]
            raise InputError(f"broken JSON ({told})", where=where, value=line) from error
        if not isinstance(values, dict):
            raise InputError("is no JSON object", where=where, value=line)
        known |= dict.fromkeys(values)
        texts = as_texts(values, where)
        yield Row(where, texts.pop(text, ""), texts)
    if known and text not in known:
        raise no_text(file, text, sorted(known))


def batches_of_parquet(file: Path, text: str) -> Iterator[Batch]:
    """The documents of a Parquet file; `text` is the column that holds the texts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 1
    try:
        for part in pq.ParquetFile(file).iter_batches(BATCH_ROWS):
            for batch in in_pieces(part):
                columns = dict(zip(batch.schema.names, batch.columns, strict=True))
                first = number
                metadata = {
                    as_text(name, file.name): texts_of_array(values, file.name, name, first)
                    for name, values in columns.items()
                    if name != text
                }
                texts = columns.get(text)
                if texts is None:
                    raise no_text(file, text, columns)
                texts.validate(full=True)
                if not pa.types.is_large_string(texts.type) or texts.null_count:
                    texts = texts_of_array(texts, file.name, text, first)
                yield Batch(lambda n, first=first: f"{file.name}, row {first + n}", texts, metadata)
                number += len(batch)
    except (pa.ArrowException, OSError, OverflowError, ValueError) as error:
        raise InputError("cannot be read as Parquet", where=file.name) from error


def in_pieces(batch) -> Iterator:
    """An Arrow batch cut so that no piece of several rows is large."""
    rows = max(1, int(len(batch) * BATCH_SIZE / max(batch.nbytes, 1)))
    for first in range(0, len(batch), rows):
        yield batch.slice(first, rows)


def texts_of_array(values, file: str, column: str, first: int) -> list[str]:
    """An Arrow array as texts, a missing value as the empty text."""
    if str(values.type) in ("string", "large_string"):
        return [value or "" for value in values.to_pylist()]
    where = f"{file}, row {{}}, {shown(column, quote=False)}"
    return [as_text(value, where.format(first + n)) for n, value in enumerate(values.to_pylist())]


def no_doubled_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """The pairs as a dictionary; raises ValueError where a key stands twice."""
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key stands twice")
    return values


def rows_of_txt(file: Path, text: str) -> Iterator[Row]:
    """The one row of a text file."""
    yield one_text(file)


FILE_READERS = {".txt": rows_of_txt, ".csv": rows_of_csv, ".jsonl": rows_of_jsonl}


def as_texts(values: Mapping[str, object], where: str) -> dict[str, str]:
    """The values of a row as text, their names checked as well."""
    return {
        as_text(key, where): as_text(value, f"{where}, {shown(key, quote=False)}")
        for key, value in values.items()
    }


def as_text(value: object, where: str) -> str:
    """A value of JSON or Parquet as text; missing is empty, nothing nested is taken."""
    if value is None or value != value:
        return ""
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        value = value.date()
    if isinstance(value, (dict, list, bytes)):
        kind = type(value).__name__
        raise InputError("value is no text", where=where, value=kind, allowed="text or a number")
    text = str(value)
    if not text.isascii() and SURROGATE.search(text):
        raise InputError("value holds half a surrogate pair", where=where, value=text)
    return text


def described(folder: Path) -> set[str]:
    """Names of what describes a corpus in its folder: `codings` only where a key of codings is in it."""
    return {*OF_THE_FOLDER, *([CODINGS] if (folder / CODINGS / KEY).is_file() else [])}


def is_plain(folder: Path) -> bool:
    """Whether a folder holds texts of one kind only: .txt, beside what describes them."""
    known = described(folder)
    entries = [entry for entry in folder.iterdir() if entry.name not in known]
    return not any(entry.is_dir() or entry.suffix.lower() in OTHER_KINDS for entry in entries)


def read_mixed(place: Path, columns: Mapping[str, str], told: Reading) -> Iterator[Row]:
    """The rows of anything that `readers` reads; what is rejected or remarked goes to `told`.

    Raises InputError for a date that can be read in two ways.
    """
    from analysis.reading.dates import Ambiguous, read_date
    from analysis.reading.readers import read_path

    if place.is_dir():
        check_sums(place)
    table = place.name.lower().endswith(".gz")
    for item in read_path(place, columns=columns if table else None):
        if isinstance(item, Rejected):
            told.rejected.append(item)
        elif isinstance(item, Remark):
            told.remarks.append(item)
        else:
            try:
                date = read_date(item.metadata.get("date", ""), where=item.where)
            except InputError as error:
                if isinstance(error, Ambiguous):
                    raise
                told.rejected.append(Rejected(item.where, str(error)))
                continue
            yield replace(item, metadata={**item.metadata, "date": date.iso})
