"""Coding sheets: a sample written for each coder as CSV and XLSX, and read back with nothing lost."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import regex

from analysis.coding.sampling import assign, check_coders, draw
from analysis.errors import InputError
from analysis.files import check_header, composed, read_text

ANSWERS = {"1": True, "0": False, "yes": True, "no": False, "true": True, "false": False}
NOTE = "note"
KEY = "sample.csv"
_TEXT_COLUMNS = ("unit_id", "before", "text", "after")
_KEY_COLUMNS = ["unit_id", "document", "unit", "text", "place", "stratum", "population", "drawn"]
_KEY_COLUMNS += ["probability", "weight", "coders"]
_KEY_TYPES = dict.fromkeys(("unit", "place", "population", "drawn"), int)
_KEY_TYPES |= dict.fromkeys(("probability", "weight"), float)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
_MAX_CELL = 32_767
_MAX_WORKBOOK = 200_000_000
_MAX_ROWS = 1_000_000
_INVISIBLE = regex.compile(r"[^\P{Cc}\t\n]|\p{Cs}|[\uFFFE\uFFFF]")
_PROBLEMS = ["coder", "place", "unit_id", "column", "problem", "value"]
_OTHERS = ["coder", "unit_id", "column", "value"]


# --- written --------------------------------------------------------------------------------------


def _sheet_table(units: pd.DataFrame, variables: Sequence[str]) -> pd.DataFrame:
    """A coding sheet: unit_id, before, text, after, an empty column a variable, and a note.

    Nothing in it tells the automatic code or the stratum. Raises InputError for a variable named
    as another column.
    """
    for name in variables:
        if name in (*_TEXT_COLUMNS, NOTE) or list(variables).count(name) > 1:
            raise InputError("column appears twice in the sheet", where="variables", value=name)
    sheet = units[list(_TEXT_COLUMNS)].map(_cell_text)
    return sheet.assign(**dict.fromkeys((*variables, NOTE), "")).reset_index(drop=True)


def _cell_text(text: object) -> str:
    """A text as a cell of a sheet holds it: characters no sheet holds replaced, cut to its length."""
    text = _INVISIBLE.sub("\ufffd", str(text))
    return text if len(text) <= _MAX_CELL - 1 else text[: _MAX_CELL - 2] + "…"


def sheet_csv(sheet: pd.DataFrame) -> bytes:
    """A sheet as CSV (UTF-8 with a mark, as spreadsheets want it); no cell runs as a formula."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\r\n")
    for row in (list(sheet), *sheet.itertuples(index=False)):
        writer.writerow([_quoted(str(value)) for value in row])
    return sink.getvalue().encode("utf-8-sig")


def _quoted(text: str) -> str:
    """A text behind an apostrophe where a spreadsheet could take it for a formula.

    >>> _quoted("=1+1"), _unquoted("'=1+1"), _quoted("China")
    ("'=1+1", '=1+1', 'China')
    """
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def _unquoted(text: str) -> str:
    """The text that `_quoted` was given."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA_STARTS) else text


def _sheet_xlsx(sheet: pd.DataFrame, variables: Sequence[str]) -> bytes:
    """A sheet as XLSX: every cell a text, never a formula; answers are offered as a list.

    Raises InputError where openpyxl (the extra `sheets`) is not installed.
    """
    book = _openpyxl().Workbook()
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    page = book.active
    page.title, page.freeze_panes = "coding", "A2"
    answers = DataValidation(type="list", formula1='"0,1"', allow_blank=True)
    page.add_data_validation(answers)
    for column, name in enumerate(sheet, 1):
        for row, value in enumerate((name, *sheet[name]), 1):
            cell = page.cell(row, column)
            if value != "":
                cell.value, cell.data_type = str(value), "s"
            cell.number_format, cell.quotePrefix = "@", True
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(bold=row == 1 or name == "text")
        letter = get_column_letter(column)
        page.column_dimensions[letter].width = 50 if name in _TEXT_COLUMNS[1:] else 16
        if name in variables and len(sheet):
            answers.add(f"{letter}2:{letter}{len(sheet) + 1}")
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def _openpyxl():
    """The library that reads and writes XLSX; raises InputError where it is not installed."""
    try:
        import openpyxl
    except ImportError as error:
        raise InputError(
            "XLSX needs openpyxl, which is not installed",
            allowed="the extra `sheets`, or the sheets in CSV",
        ) from error
    return openpyxl


def sample_files(
    found,
    size: int,
    coders: Sequence[str],
    *,
    both: int,
    random_seed: int,
    xlsx: bool = False,
    allocation: str = "proportional",
) -> dict[str, bytes]:
    """The files of a stratified sample of units by name: `sample.csv`, the key, and NAME.csv for
    each coder, with `xlsx` NAME.xlsx as well.

    `found` is what `validation.coded_units` gives: its strata are the groups, each divided into
    units that the rules code and units that they do not. At most `both` units are for all coders.
    The key holds strata and weights and is not for coders, as the strata tell the automatic code.
    Raises InputError as `draw`, `assign` and `_sheet_table` do.
    """
    if any(coder.casefold() == Path(KEY).stem for coder in coders):
        raise InputError("name of a coder is reserved", where="coders", value=Path(KEY).stem)
    drawn = draw(found.strata, size, random_seed=random_seed, allocation=allocation)
    chosen = found.units.iloc[drawn["place"].to_numpy()].reset_index(drop=True)
    parts = assign(size, coders, min(both, size), random_seed)
    key = chosen.join(drawn)
    key["text"] = key["text"].map(_cell_text)
    given = {coder: set(places) for coder, places in parts.items()}
    key["coders"] = [";".join(one for one in coders if n in given[one]) for n in range(size)]
    files = {KEY: sheet_csv(key[_KEY_COLUMNS])}
    for coder, places in parts.items():
        sheet = _sheet_table(chosen.iloc[places], found.frames)
        files[f"{coder}.csv"] = sheet_csv(sheet)
        if xlsx:
            files[f"{coder}.xlsx"] = _sheet_xlsx(sheet, found.frames)
    return files


# --- a sheet read back ----------------------------------------------------------------------------


def read_sheet(file: str | Path) -> list[tuple[str, dict[str, str]]]:
    """Rows of a coding sheet in CSV or XLSX, each with its place; every value is text.

    A CSV may come back with semicolons or tabs. Raises InputError for a file that is not such a
    sheet.
    """
    file = Path(file)
    rows = _xlsx_rows(file) if file.suffix.lower() == ".xlsx" else _csv_rows(file)
    where, header = next(rows, (file.name, []))
    header = [name.strip() for name in header]
    while header and not header[-1]:
        header.pop()
    check_header(header, file.name)
    if "unit_id" not in header:
        raise InputError("is not a coding sheet: no column unit_id", where=where)
    return [(place, _row_of(header, row)) for place, row in rows if any(map(str.strip, row))]


def _row_of(header: list[str], values: list[str]) -> dict[str, str]:
    """A row by the names of its columns; cells beyond them are under '(no column)'."""
    row = dict(zip(header, values + [""] * len(header), strict=False))
    beyond = " | ".join(value for value in values[len(header) :] if value.strip())
    return {**row, "(no column)": beyond} if beyond else row


def _csv_rows(file: Path) -> Iterator[tuple[str, list[str]]]:
    """Every row of a CSV file, the separator being the one that its header is written with."""
    text = read_text(file)
    separator = max(",;\t", key=text.split("\n", 1)[0].count)
    reader, line = csv.reader(io.StringIO(text, newline=""), delimiter=separator), 1
    try:
        for values in reader:
            yield f"{file.name}, line {line}", [_unquoted(value) for value in values]
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"broken CSV ({error})", where=file.name) from error


def _xlsx_rows(file: Path) -> Iterator[tuple[str, list[str]]]:
    """Every row of the first page of an XLSX file."""
    _openpyxl()
    try:
        with zipfile.ZipFile(file) as packed:
            size = sum(part.file_size for part in packed.infolist())
        cells = {"header": None, "dtype": str, "keep_default_na": False, "nrows": _MAX_ROWS + 1}
        page = pd.read_excel(file, **cells) if size <= _MAX_WORKBOOK else None
    except Exception as error:
        problem = f"cannot be read as XLSX ({type(error).__name__})"
        raise InputError(problem, where=file.name) from error
    if page is None or len(page) > _MAX_ROWS:
        raise InputError("is too large for a coding sheet", where=file.name)
    for number, row in enumerate(page.fillna("(error)").itertuples(index=False), 1):
        yield f"{file.name}, row {number}", list(row)


# --- the codes of all coders ----------------------------------------------------------------------


@dataclass(frozen=True)
class Codings:
    """What coders coded: `codes` is coders × units × variables, 1, 0 or NaN (not coded).

    `problems` lists everything that is not as it was given out (columns coder, place, unit_id,
    column, problem, value); `others` holds every other filled cell (coder, unit_id, column,
    value), so that nothing a coder wrote is lost.
    """

    coders: tuple[str, ...]
    units: tuple[str, ...]
    variables: tuple[str, ...]
    codes: np.ndarray
    problems: pd.DataFrame
    others: pd.DataFrame


def no_codings() -> Codings:
    """The codings of no coder."""
    return _read_codings({}, {}, {}, ())


def read_sample(folder: str | Path, variables: Sequence[str]) -> tuple[pd.DataFrame, Codings]:
    """The key of a sample in a folder, and what its coders coded in the sheets there.

    Of a coder's two sheets the one that is filled in counts. Raises InputError where a coder's
    sheet is not there, or both are filled in.
    """
    folder = Path(folder)
    key = read_key(folder / KEY)
    assigned: dict[str, list[str]] = {}
    for unit, names in zip(key["unit_id"], key["coders"], strict=True):
        for coder in names.split(";"):
            assigned.setdefault(coder, []).append(unit)
    check_coders(list(assigned))
    sheets = {coder: _filled_sheet(folder, coder, variables) for coder in sorted(assigned)}
    texts = dict(zip(key["unit_id"], key["text"], strict=True))
    return key, _read_codings(sheets, texts, assigned, variables)


def _filled_sheet(folder: Path, coder: str, variables: Sequence[str]) -> Path:
    """The sheet that a coder filled in, the CSV where neither is."""
    there = [file for suffix in ("csv", "xlsx") if (file := folder / f"{coder}.{suffix}").exists()]
    if not there:
        raise InputError("sheet of a coder is not there", where=str(folder), value=f"{coder}.csv")
    filled = [
        file
        for file in there
        if any(row.get(name, "").strip() for _, row in read_sheet(file) for name in variables)
    ]
    if len(filled) > 1:
        names = " and ".join(file.name for file in filled)
        raise InputError(f"{names} are both filled in", where=str(folder), allowed="one of them")
    return (filled or there)[0]


def _read_codings(
    sheets: Mapping[str, Path],
    texts: Mapping[str, str],
    assigned: Mapping[str, Collection[str]],
    variables: Sequence[str],
) -> Codings:
    """The coders' sheets read back and compared with what was given out.

    `sheets` are the coders' files, `texts` the sampled units by id, `assigned` the unit ids each
    coder was given. Listed as problems: an empty cell, an unknown label, an edited text, a row that
    appears twice, is lost, was not given out or is of no unit of the sample, a column that is
    missing. Where two rows of a unit differ, the unit counts as not coded.
    """
    codes = np.full((len(sheets), len(texts), len(variables)), np.nan)
    problems, others = [], []
    for number, (coder, file) in enumerate(sheets.items()):
        found, wrong, more = _read_coder(file, texts, set(assigned[coder]), variables)
        for place, unit in enumerate(texts):
            codes[number, place] = found.get(unit, np.nan)
        problems += [(coder, *one) for one in wrong]
        others += [(coder, *one) for one in more]
    problems = pd.DataFrame(problems, columns=_PROBLEMS, dtype=object)
    others = pd.DataFrame(others, columns=_OTHERS, dtype=object)
    return Codings(tuple(sheets), tuple(texts), tuple(variables), codes, problems, others)


def _read_coder(
    file: Path, texts: Mapping[str, str], given: set[str], variables: Sequence[str]
) -> tuple[dict[str, np.ndarray], list[tuple], list[tuple]]:
    """The codes of one coder by unit, and the coder's rows of the tables of problems and others."""
    rows, found, others = read_sheet(file), {}, []
    missing = [name for name in variables if rows and name not in rows[0][1]]
    problems = [(file.name, "", name, "column is missing", "") for name in missing]
    for place, row in rows:
        unit, code = row["unit_id"].strip(), _row_codes(row, variables)
        wrong = _row_problems(unit, row, variables, code, texts, given)
        if unit in found:
            values = "; ".join(row.get(name, "").strip() for name in variables)
            wrong.append(("unit_id", "row appears twice", values))
            code = code if np.array_equal(found[unit], code, equal_nan=True) else code * np.nan
        if unit in texts:
            found[unit] = code
        problems += [(place, unit, *one) for one in wrong]
        others += [
            (unit, name, value.strip())
            for name, value in row.items()
            if value.strip() and name not in (*_TEXT_COLUMNS, *variables)
        ]
    lost = [unit for unit in texts if unit in given and unit not in found]
    problems += [(file.name, unit, "unit_id", "row is lost", "") for unit in lost]
    return found, problems, others


def _row_codes(row: Mapping[str, str], variables: Sequence[str]) -> np.ndarray:
    """The codes of a row, NaN where a cell is missing, empty or holds no answer.

    >>> _row_codes({"a": "1", "b": " No ", "c": "0.0", "d": "maybe"}, "abcde")
    array([ 1.,  0.,  0., nan, nan])
    """
    cells = (row.get(name, "").strip().casefold() for name in variables)
    answers = (ANSWERS.get(cell.removesuffix(".0").removesuffix(",0")) for cell in cells)
    return np.array([np.nan if answer is None else float(answer) for answer in answers])


def _row_problems(unit, row, variables, code, texts, given) -> list[tuple[str, str, str]]:
    """What is wrong with one row: (column, problem, value)."""
    found = [
        (name, "unknown label" if row[name].strip() else "cell is empty", row[name].strip())
        for name, missing in zip(variables, np.isnan(code), strict=True)
        if missing and name in row
    ]
    if unit not in texts:
        return [*found, ("unit_id", "unit is not in the sample", _as_read(row.get("text", "")))]
    if unit not in given:
        found.append(("unit_id", "unit was not given to this coder", ""))
    if "text" in row and _as_read(row["text"]) != _as_read(_cell_text(texts[unit])):
        found.append(("text", "text was edited", _as_read(row["text"])))
    return found


def _as_read(text: str) -> str:
    """A text as it is compared: composed, its white space evened out."""
    return " ".join(composed(text).split())


# --- the key --------------------------------------------------------------------------------------


def read_key(file: str | Path) -> pd.DataFrame:
    """The key of a sample, as `sample_files` wrote it; raises InputError for any other file."""
    file, problem = Path(file), "is not the key of a sample"
    rows = read_sheet(file)
    if not rows or not set(_KEY_COLUMNS) <= set(rows[0][1]):
        raise InputError(problem, where=file.name, allowed=_KEY_COLUMNS)
    key = pd.DataFrame([row for _, row in rows], columns=_KEY_COLUMNS, dtype=object)
    try:
        key = key.astype(_KEY_TYPES)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{problem} ({error})", where=file.name) from error
    fits = {
        "place": key["place"] >= 0,
        "drawn": key["drawn"] >= 1,
        "population": key["population"] >= key["drawn"],
        "probability": (key["probability"] > 0) & (key["probability"] <= 1),
        "weight": np.isfinite(key["weight"]) & (key["weight"] >= 1),
    }
    for column, fitting in fits.items():
        if not fitting.all():
            number = int(np.argmin(fitting))
            raise InputError(
                f"{problem}: {column} that no draw gives",
                where=f"{file.name}, unit {number + 1}",
                value=str(key[column].iloc[number]),
            )
    return key


def places_in(key: pd.DataFrame, units: pd.DataFrame) -> np.ndarray:
    """The place of each sampled unit among the units of the corpus as it is now.

    Raises InputError where a unit is not there, as its text was changed since.
    """
    places = pd.Index(units["unit_id"]).get_indexer(key["unit_id"])
    gone = key["unit_id"][places < 0].tolist()
    if gone:
        problem = f"{len(gone)} units of the sample are not in the corpus, such as"
        raise InputError(problem, value=gone[0], allowed="the corpus that was sampled")
    return places
