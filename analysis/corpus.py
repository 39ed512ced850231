"""Documents: texts as they were given, metadata validated, exclusions declared and counted."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from analysis.errors import InputError, shown
from analysis.exclusions import Exclusion, exclude_from, read_exclusions
from analysis.files import composed, read_table, read_text

FORMATS = (".txt", ".csv", ".jsonl", ".parquet")
COLUMNS = ("id", "title", "source", "date", "date_precision", "language")
PRECISIONS = {4: "year", 7: "month", 10: "day"}
ISO_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
SURROGATE = re.compile("[\ud800-\udfff]")
MISSING = "(none)"
EVERY = "all"
WHOLE_CORPUS = "whole corpus, by date"
OF_THE_FOLDER = (
    "metadata.csv",
    "codebook.yaml",
    "events.csv",
    "exclusions.yaml",
    "findings.yaml",
    "SHA256SUMS",
    "README.md",
)
EXCLUDED = ("document", "line", "start", "end", "rule", "why", "text")


@dataclass(frozen=True, eq=False)
class Corpus:
    """Documents in the order of their ids.

    `documents` has one row a document: id, title, source, date (ISO text, as precise as given),
    date_precision, language, then every other column of the metadata, all as text.
    `texts` are the texts in NFC, unaltered otherwise; every offset refers to them.
    `excluded` has one row an excluded line (document, line, start, end, rule, why, text).
    `folder` is where a codebook or events file of the corpus lies, None for a single file.
    """

    name: str
    documents: pd.DataFrame
    texts: tuple[str, ...]
    excluded: pd.DataFrame
    folder: Path | None = None
    unlisted: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over every document's metadata, text and excluded lines."""
        digest = hashlib.sha256()
        excluded = self.excluded[["document", "line"]].to_csv(index=False)
        for part in (self.documents.to_csv(index=False), excluded, *self.texts):
            content = part.encode("utf-8")
            digest.update(len(content).to_bytes(8, "big") + content)
        return digest.hexdigest()

    def with_everything(self) -> Corpus:
        """The same corpus with no line excluded."""
        return replace(self, excluded=self.excluded.iloc[:0])

    def groups(self, column: str) -> pd.Series:
        """The group of every document: the values of a metadata column, empty ones as '(none)'.

        Raises InputError for an unknown column, or where a value is the reserved word 'all'.
        """
        if column not in self.documents.columns:
            raise InputError(
                "group is no metadata column",
                where=self.name,
                value=column,
                allowed=self.group_columns(),
            )
        values = self.documents[column].replace("", MISSING)
        if (values == EVERY).any():
            raise InputError(
                f"column {shown(column)} holds the value 'all', which stands for every document",
                where=self.name,
                allowed="any other value",
            )
        return values

    def group_columns(self) -> list[str]:
        """Metadata columns that can be a `group`."""
        return [str(column) for column in self.documents.columns if column != "title"]


def locate(path: str | Path) -> Path:
    """The place of a relative path: below the current folder, else below the project's root.

    A notebook started in `notebooks/` and a batch started at the root thus mean the same corpus.
    """
    path = Path(path)
    root = Path(__file__).parent.parent
    try:
        if path.is_absolute() or path.exists():
            return path
        return root / path if (root / path).exists() else path
    except (OSError, ValueError) as error:
        raise InputError("is no path", value=str(path)) from error


def read_corpus(path: str | Path, *, columns: Mapping[str, str] | None = None) -> Corpus:
    """Read a corpus: a folder of .txt with metadata.csv, or one .txt, .csv, .jsonl or .parquet file.

    `columns` renames: {"date": "year"} reads the dates from the column `year`.
    Raises InputError for anything unreadable, naming file, line or column, value and what is allowed.
    """
    if not str(path).strip():
        raise InputError("no corpus is named", allowed="a folder, or a file " + ", ".join(FORMATS))
    place = locate(path)
    if not place.exists():
        raise InputError(
            "no such corpus", value=str(path), allowed="a folder, or a file " + ", ".join(FORMATS)
        )
    if place.is_dir():
        rows, unlisted = read_folder(place, columns or {})
    elif place.suffix.lower() in FORMATS:
        rows, unlisted = list(read_file(place, columns or {})), ()
    else:
        raise InputError("unknown kind of corpus", value=place.name, allowed=FORMATS)
    folder = place if place.is_dir() else None
    corpus = from_rows(rows, name=place.name, folder=folder)
    corpus = replace(corpus, unlisted=tuple(unlisted))
    rules = folder / "exclusions.yaml" if folder else None
    if rules is None or not rules.exists():
        return corpus
    return replace(corpus, excluded=excluded_lines(corpus, read_exclusions(rules)))


# --- where rows come from ------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One document as found: its place for messages, its text, its metadata as text."""

    where: str
    text: str
    metadata: dict[str, str]


def read_folder(folder: Path, columns: Mapping[str, str]) -> tuple[list[Row], list[str]]:
    """Rows of a folder of texts, and the names of everything in it that was left out."""
    check_sums(folder)
    entries = sorted(folder.iterdir())
    found = [e.name for e in entries if e.suffix.lower() == ".txt" and e.is_file()]
    others = [e.name for e in entries if e.name not in {*found, *OF_THE_FOLDER}]
    for name in found:
        check_name(folder, name)
    metadata = folder / "metadata.csv"
    if not metadata.exists():
        return [one_text(folder / name, columns) for name in found], others
    rows, listed = [], set()
    for line, values in read_table(metadata):
        where = f"{metadata.name}, line {line}"
        name = listed_file(folder, values, where)
        listed.add(name)
        kept = {column: value for column, value in values.items() if column != "file"}
        kept.setdefault("id", Path(name).stem)
        kept = renamed(kept, columns, metadata.name)
        rows.append(Row(where, read_text(folder / name), kept))
    return rows, [name for name in [*found, *others] if name not in listed]


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


def read_file(file: Path, columns: Mapping[str, str]) -> Iterator[Row]:
    """Rows of a corpus in one file."""
    if file.suffix.lower() == ".txt":
        yield one_text(file, columns)
        return
    rows = list(FILE_READERS[file.suffix.lower()](file))
    known = dict.fromkeys(column for _, values in rows for column in values)
    for where, values in rows:
        values = renamed({**dict.fromkeys(known, ""), **values}, columns, file.name)
        if "text" not in values:
            raise InputError("column is missing", where=file.name, value="text", allowed=values)
        yield Row(where, values.pop("text"), values)


def one_text(file: Path, columns: Mapping[str, str]) -> Row:
    """A text file without metadata, its name as its id."""
    return Row(file.name, read_text(file), renamed({"id": file.stem}, columns, file.name))


def rows_of_csv(file: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows of a CSV file with their places."""
    for line, values in read_table(file):
        yield f"{file.name}, line {line}", values


def rows_of_jsonl(file: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows of a file of JSON lines with their places."""
    for number, line in enumerate(read_text(file).split("\n"), start=1):
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
        yield where, as_texts(values, where)


def rows_of_parquet(file: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows of a Parquet file with their places."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(file).to_pylist()
    except (pa.ArrowException, OSError, OverflowError, ValueError) as error:
        raise InputError("cannot be read as Parquet", where=file.name) from error
    for number, values in enumerate(rows, start=1):
        where = f"{file.name}, row {number}"
        yield where, as_texts(values, where)


def no_doubled_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """The pairs as a dictionary; raises ValueError where a key stands twice."""
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key stands twice")
    return values


FILE_READERS = {".csv": rows_of_csv, ".jsonl": rows_of_jsonl, ".parquet": rows_of_parquet}


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


def renamed(values: dict[str, str], columns: Mapping[str, str], name: str) -> dict[str, str]:
    """The values with each column `old` standing under its new name as well."""
    found = dict(values)
    for new, old in columns.items():
        if old not in values:
            raise InputError(
                "no such column to rename", where=name, value=old, allowed=sorted(values)
            )
        found[new] = values[old]
    if "date" in columns:
        found.pop("date_precision", None)
    return found


# --- from rows to documents ------------------------------------------------------------------------


def from_rows(rows: Iterable[Row], *, name: str, folder: Path | None = None) -> Corpus:
    """A corpus of validated documents, in the order of their ids.

    Raises InputError for no rows, an empty or doubled id, or a date that is not ISO.
    """
    rows = [with_id(row, number) for number, row in enumerate(rows, start=1)]
    if not rows:
        raise InputError("the corpus is empty: it holds no document", where=name)
    if not any(sign.isalnum() for row in rows for sign in row.text):
        raise InputError("the corpus is empty: no document holds a letter or a digit", where=name)
    seen: dict[str, str] = {}
    for row in rows:
        identity = row.metadata["id"]
        if identity == WHOLE_CORPUS:
            raise InputError("id is reserved", where=row.where, value=identity)
        if identity in seen:
            raise InputError(
                f"id stands twice (first in {seen[identity]})", where=row.where, value=identity
            )
        seen[identity] = row.where
    rows.sort(key=lambda row: row.metadata["id"])
    texts = tuple(composed(row.text) for row in rows)
    documents = pd.DataFrame([validated(row) for row in rows]).fillna("").astype(str)
    others = [column for column in documents.columns if column not in COLUMNS]
    return Corpus(
        name=name,
        documents=documents[[*COLUMNS, *others]],
        texts=texts,
        excluded=pd.DataFrame(columns=list(EXCLUDED)),
        folder=folder,
    )


def with_id(row: Row, number: int) -> Row:
    """The row with an id: its own, or its number where the corpus has no ids."""
    if "id" not in row.metadata:
        return replace(row, metadata={"id": f"{number:08d}", **row.metadata})
    if not row.metadata["id"].strip():
        raise InputError("id is empty", where=row.where, allowed="a text that no other row has")
    return row


def validated(row: Row) -> dict[str, str]:
    """The metadata of a row with every standard column, the date checked."""
    values = {**dict.fromkeys(COLUMNS, ""), **row.metadata}
    precision = date_precision(values["date"], row.where)
    if values["date_precision"] not in ("", precision):
        raise InputError(
            f"date_precision does not fit the date {shown(values['date'])}",
            where=row.where,
            value=values["date_precision"],
            allowed=precision or "nothing, as there is no date",
        )
    values["date_precision"] = precision
    values["source"] = values["source"] or MISSING
    return values


def date_precision(date: str, where: str) -> str:
    """'day', 'month' or 'year' of an ISO date, '' for none; raises InputError for anything else."""
    if not date:
        return ""
    allowed = "an ISO date: 2024-07-12, 2024-07 or 2024"
    if not ISO_DATE.fullmatch(date):
        raise InputError("date is not ISO", where=where, value=date, allowed=allowed)
    try:
        datetime.date.fromisoformat((date + "-01-01")[:10])
    except ValueError as error:
        raise InputError("no such date", where=where, value=date, allowed=allowed) from error
    return PRECISIONS[len(date)]


def excluded_lines(corpus: Corpus, rules: list[Exclusion]) -> pd.DataFrame:
    """One row an excluded line, in the order of documents and lines; the first rule that hits counts.

    Raises InputError for a rule that names a document the corpus does not have.
    """
    known = set(corpus.documents["id"])
    for rule in rules:
        for document in sorted(set(rule.documents) - known):
            raise InputError(
                f"rule {shown(rule.id)} names an unknown document",
                where="exclusions.yaml",
                value=document,
                allowed=sorted(known),
            )
    found = []
    names = zip(corpus.documents["id"], corpus.documents["source"], corpus.texts, strict=True)
    for document, source, text in names:
        mine = [rule for rule in rules if document in rule.documents or source in rule.sources]
        found += exclude_from(document, text, mine) if mine else []
    return pd.DataFrame(found, columns=list(EXCLUDED))


def unused_rules(corpus: Corpus) -> list[str]:
    """Ids of the corpus folder's exclusion rules that exclude no line."""
    file = corpus.folder / "exclusions.yaml" if corpus.folder else None
    if file is None or not file.exists():
        return []
    return [
        rule.id for rule in read_exclusions(file) if rule.id not in set(corpus.excluded["rule"])
    ]
