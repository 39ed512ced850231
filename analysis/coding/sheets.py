"""Coding sheets: a sample written for each coder as CSV and XLSX, and read back with nothing lost."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import regex

from analysis.coding.sampling import assign, check_coders
from analysis.errors import InputError
from analysis.files import check_header, composed, read_text

ANSWERS = {"1": True, "0": False, "yes": True, "no": False, "true": True, "false": False}
_TEXT_COLUMNS = ("unit_id", "before", "text", "after")
NOTE = "note"
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
_LONGEST_CELL = 32_767
_LARGEST_WORKBOOK = 200_000_000
_MOST_ROWS = 1_000_000
_UNSEEN = regex.compile(r"[^\P{Cc}\t\n]|\p{Cs}|[\uFFFE\uFFFF]")
_PROBLEMS = ["coder", "place", "unit_id", "column", "problem", "value"]


# --- written --------------------------------------------------------------------------------------


def _sheet_table(units: pd.DataFrame, variables: Sequence[str]) -> pd.DataFrame:
    """A coding sheet: unit_id, before, text, after, an empty column a variable, and a note.

    Nothing in it tells the automatic code or the stratum. Raises InputError for a variable named
    as another column.
    """
    for name in variables:
        if name in (*_TEXT_COLUMNS, NOTE) or list(variables).count(name) > 1:
            raise InputError("column stands twice in the sheet", where="variables", value=name)
    sheet = units[list(_TEXT_COLUMNS)].map(_cell_text)
    for name in (*variables, NOTE):
        sheet[name] = ""
    return sheet.reset_index(drop=True)


def _cell_text(text: object) -> str:
    """A text as a cell of a sheet holds it: characters no sheet holds replaced, cut to its length."""
    text = _UNSEEN.sub("\ufffd", str(text))
    return text if len(text) <= _LONGEST_CELL - 1 else text[: _LONGEST_CELL - 2] + "…"


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
    return "'" + text if text.startswith(_FORMULA_SIGNS) else text


def _unquoted(text: str) -> str:
    """The text that `_quoted` was given."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA_SIGNS) else text


def _sheet_xlsx(sheet: pd.DataFrame, variables: Sequence[str]) -> bytes:
    """A sheet as XLSX: every cell a text, never a formula; answers are offered as a list.

    Raises InputError where openpyxl (the extra `sheets`) is not installed.
    """
    openpyxl = _spreadsheets()
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = openpyxl.Workbook()
    page = book.active
    page.title = "coding"
    for row, values in enumerate((tuple(sheet), *sheet.itertuples(index=False)), 1):
        for column, value in enumerate(values, 1):
            cell = page.cell(row, column)
            if value != "":
                cell.value, cell.data_type = str(value), "s"
            cell.number_format = "@"
            cell.quotePrefix = True
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(bold=row == 1 or tuple(sheet)[column - 1] == "text")
    answers = DataValidation(type="list", formula1='"0,1"', allow_blank=True)
    page.add_data_validation(answers)
    for column, name in enumerate(sheet, 1):
        letter = get_column_letter(column)
        page.column_dimensions[letter].width = 50 if name in _TEXT_COLUMNS[1:] else 16
        if name in variables and len(sheet):
            answers.add(f"{letter}2:{letter}{len(sheet) + 1}")
    page.freeze_panes = "A2"
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def _spreadsheets():
    """The library that reads and writes XLSX; raises InputError where it is not installed."""
    try:
        import openpyxl
    except ImportError as error:
        raise InputError(
            "XLSX needs openpyxl, which is not installed",
            allowed="the extra `sheets`, or the sheets in CSV",
        ) from error
    return openpyxl


# --- read back ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Codings:
    """What coders coded: `codes` is coders × units × variables, 1, 0 or NaN (not coded).

    `problems` names everything that is not as it was given out (columns coder, place, unit_id,
    column, problem, value); `others` holds every other filled cell (coder, unit_id, column,
    value), so that nothing a coder wrote is lost.
    """

    coders: tuple[str, ...]
    units: tuple[str, ...]
    variables: tuple[str, ...]
    codes: np.ndarray
    problems: pd.DataFrame
    others: pd.DataFrame


def read_sheet(file: str | Path) -> list[tuple[str, dict[str, str]]]:
    """Rows of a coding sheet in CSV or XLSX with where they stand; every value is text.

    A CSV may come back with semicolons or tabs. Raises InputError for what is no such sheet.
    """
    file = Path(file)
    rows = _xlsx_rows(file) if file.suffix.lower() == ".xlsx" else _csv_rows(file)
    where, header = rows[0] if rows else (file.name, [])
    header = [name.strip() for name in header]
    while header and not header[-1]:
        header.pop()
    check_header(header, file.name)
    if "unit_id" not in header:
        raise InputError("is no coding sheet: no column unit_id", where=where)
    return [
        (place, _row_of(header, values))
        for place, values in rows[1:]
        if any(value.strip() for value in values)
    ]


def _row_of(header: list[str], values: list[str]) -> dict[str, str]:
    """A row by the names of its columns; what stands beyond them under '(no column)'."""
    row = dict(zip(header, values + [""] * len(header), strict=False))
    beyond = " | ".join(value for value in values[len(header) :] if value.strip())
    return {**row, "(no column)": beyond} if beyond else row


def _csv_rows(file: Path) -> list[tuple[str, list[str]]]:
    """Every row of a CSV file, the separator being the one that its header is written with."""
    text = read_text(file)
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows: list[tuple[str, list[str]]] = []
    try:
        line = 1
        for values in reader:
            rows.append((f"{file.name}, line {line}", [_unquoted(value) for value in values]))
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"broken CSV ({error})", where=file.name) from error
    return rows


def _xlsx_rows(file: Path) -> list[tuple[str, list[str]]]:
    """Every row of the first page of an XLSX file; a formula comes back as its text."""
    openpyxl = _spreadsheets()
    try:
        with zipfile.ZipFile(file) as packed:
            if sum(part.file_size for part in packed.infolist()) > _LARGEST_WORKBOOK:
                raise InputError("is too large for a coding sheet", where=file.name)
        page = openpyxl.load_workbook(file, read_only=True, keep_links=False).worksheets[0]
        page.reset_dimensions()
        rows = []
        for number, row in enumerate(page.iter_rows(values_only=True), 1):
            if number > _MOST_ROWS:
                raise InputError("is too large for a coding sheet", where=file.name)
            rows.append((f"{file.name}, row {number}", [_cell_value(value) for value in row]))
        return rows
    except InputError:
        raise
    except Exception as error:
        kind = type(error).__name__
        raise InputError(f"cannot be read as XLSX ({kind})", where=file.name) from error


def _cell_value(value: object) -> str:
    """A cell as text: nothing is '', a whole number without its decimals.

    >>> [_cell_value(value) for value in (None, 1.0, True, " a ")]
    ['', '1', '1', ' a ']
    """
    if value is None:
        return ""
    if isinstance(value, (bool, float)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _read_codings(
    sheets: Mapping[str, str | Path],
    units: pd.DataFrame,
    variables: Sequence[str],
    assigned: Mapping[str, Iterable[str]] | None = None,
) -> Codings:
    """The coders' sheets read back and compared with what was given out.

    `sheets` are the coders' files, `units` the sampled units (columns unit_id, text); `assigned`
    the unit ids each coder was given, all of them where it is None. Named as problems: an empty
    cell, an unknown label, an edited text, a row that stands twice, is lost, was not given out or
    is of no unit of the sample, a column that is missing. Where two rows of a unit differ, the
    unit counts as not coded.
    """
    check_coders(list(sheets))
    given = dict(zip(units["unit_id"], units["text"], strict=True))
    codes = np.full((len(sheets), len(given), len(variables)), np.nan)
    problems: list[tuple] = []
    others: list[tuple] = []
    for number, (coder, file) in enumerate(sheets.items()):
        mine = set(given if assigned is None else assigned.get(coder, ()))
        found = _read_coder(coder, file, given, mine, tuple(variables), problems, others)
        for place, unit in enumerate(given):
            codes[number, place] = found.get(unit, np.nan)
    return Codings(
        tuple(sheets),
        tuple(given),
        tuple(variables),
        codes,
        pd.DataFrame(problems, columns=_PROBLEMS, dtype=object),
        pd.DataFrame(others, columns=["coder", "unit_id", "column", "value"], dtype=object),
    )


def _read_coder(coder, file, given, mine, variables, problems, others) -> dict[str, np.ndarray]:
    """The codes of one coder by unit; problems and other cells are added to their lists."""
    rows = read_sheet(file)
    missing = [name for name in variables if rows and name not in rows[0][1]]
    problems += [(coder, Path(file).name, "", name, "column is missing", "") for name in missing]
    found: dict[str, np.ndarray] = {}
    for place, row in rows:
        unit = row["unit_id"].strip()
        said = [(name, row.get(name, "").strip()) for name in row if name not in _TEXT_COLUMNS]
        others += [(coder, unit, name, v) for name, v in said if v and name not in variables]
        answers = [_answer(row[name]) if name in row else None for name in variables]
        told = _row_problems(unit, row, answers, given, mine, variables)
        code = np.array([np.nan if a is None else float(a) for a in answers])
        if unit in found:
            values = "; ".join(row.get(name, "").strip() for name in variables)
            told.append(("unit_id", "row stands twice", values))
            same = np.array_equal(found[unit], code, equal_nan=True)
            code = code if same else np.full(len(variables), np.nan)
        if unit in given:
            found[unit] = code
        problems += [(coder, place, unit, *one) for one in told]
    lost = [unit for unit in given if unit in mine and unit not in found]
    problems += [(coder, Path(file).name, unit, "unit_id", "row is lost", "") for unit in lost]
    return found


def _row_problems(unit, row, answers, given, mine, variables) -> list[tuple[str, str, str]]:
    """What is wrong with one row: (column, problem, value)."""
    told: list[tuple[str, str, str]] = []
    for name, code in zip(variables, answers, strict=True):
        if name in row and code is None:
            value = row[name].strip()
            told.append((name, "unknown label" if value else "cell is empty", value))
    if unit not in given:
        told.append(("unit_id", "unit is not in the sample", _as_read(row.get("text", ""))))
    else:
        if unit not in mine:
            told.append(("unit_id", "unit was not given to this coder", ""))
        if "text" in row and _as_read(row["text"]) != _as_read(_cell_text(given[unit])):
            told.append(("text", "text was edited", _as_read(row["text"])))
    return told


def _answer(value: str) -> bool | None:
    """The code in a cell, None where there is none.

    >>> [_answer(value) for value in ("1", " No ", "0.0", "maybe", "")]
    [True, False, False, None, None]
    """
    text = value.strip().casefold()
    return ANSWERS.get(text.removesuffix(".0").removesuffix(",0"))


def _as_read(text: str) -> str:
    """A text as it is compared: composed, its white space evened out."""
    return " ".join(composed(text).split())


# --- a whole sample as files -------------------------------------------------------------------------

KEY = "sample.csv"
_KEY_COLUMNS = ["unit_id", "document", "unit", "text", "place", "stratum", "population", "drawn"]
_KEY_COLUMNS += ["probability", "weight", "coders"]


def sample_files(
    units: pd.DataFrame,
    drawn: pd.DataFrame,
    variables: Sequence[str],
    coders: Sequence[str],
    *,
    both: int,
    random_seed: int,
    xlsx: Sequence[str] = (),
) -> dict[str, bytes]:
    """The files of a sample by name: `sample.csv`, the key, and NAME.csv for each coder, NAME.xlsx
    for those in `xlsx`.

    `units` is `unit_table` of the corpus, `drawn` what `draw` drew from it. The key holds strata
    and weights and is not for coders, as the strata tell the automatic code. Raises InputError as
    `assign` and `_sheet_table` do.
    """
    if any(coder.casefold() == Path(KEY).stem for coder in coders):
        raise InputError("name of a coder is reserved", where="coders", value=Path(KEY).stem)
    chosen = units.iloc[drawn["place"].to_numpy()].reset_index(drop=True)
    parts = assign(len(chosen), coders, both, random_seed)
    key = chosen.join(drawn.reset_index(drop=True))
    key["text"] = key["text"].map(_cell_text)
    given = {coder: set(places) for coder, places in parts.items()}
    key["coders"] = [
        ";".join(coder for coder in coders if n in given[coder]) for n in range(len(key))
    ]
    files = {KEY: sheet_csv(key[_KEY_COLUMNS])}
    for coder, places in parts.items():
        sheet = _sheet_table(chosen.iloc[places], variables)
        files[f"{coder}.csv"] = sheet_csv(sheet)
        if coder in xlsx:
            files[f"{coder}.xlsx"] = _sheet_xlsx(sheet, variables)
    return files


def read_key(file: str | Path) -> pd.DataFrame:
    """The key of a sample, as `sample_files` wrote it; raises InputError where it is none."""
    file = Path(file)
    rows = read_sheet(file)
    missing = [name for name in _KEY_COLUMNS if rows and name not in rows[0][1]]
    if missing or not rows:
        raise InputError("is no key of a sample", where=file.name, allowed=_KEY_COLUMNS)
    key = pd.DataFrame([row for _, row in rows], columns=_KEY_COLUMNS, dtype=object)
    try:
        whole = key.astype(dict.fromkeys(("unit", "place", "population", "drawn"), int))
        key = whole.astype(dict.fromkeys(("probability", "weight"), float))
    except (ValueError, OverflowError) as error:
        raise InputError(f"is no key of a sample ({error})", where=file.name) from error
    _check_key(key, file.name)
    return key


def _check_key(key: pd.DataFrame, name: str) -> None:
    """Raise InputError, with the unit, for numbers that no draw of a sample gives."""
    fitting = {
        "place": key["place"] >= 0,
        "drawn": key["drawn"] >= 1,
        "population": key["population"] >= key["drawn"],
        "probability": (key["probability"] > 0) & (key["probability"] <= 1),
        "weight": np.isfinite(key["weight"]) & (key["weight"] >= 1),
    }
    for column, fits in fitting.items():
        if not fits.all():
            number = int(np.argmin(fits))
            problem = f"is no key of a sample: {column} that no draw gives"
            value = str(key[column].iloc[number])
            raise InputError(problem, where=f"{name}, unit {number + 1}", value=value)


def places_in(key: pd.DataFrame, units: pd.DataFrame) -> np.ndarray:
    """The place of each sampled unit among the units of the corpus as it is now.

    Raises InputError where a unit is not there, as its text was changed since.
    """
    place = {unit: number for number, unit in enumerate(units["unit_id"])}
    gone = [unit for unit in key["unit_id"] if unit not in place]
    if gone:
        problem = f"{len(gone)} units of the sample are not in the corpus, such as"
        raise InputError(problem, value=gone[0], allowed="the corpus that was sampled")
    return np.array([place[unit] for unit in key["unit_id"]], dtype=int)


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
    return key, _read_codings(sheets, key, variables, assigned)


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
