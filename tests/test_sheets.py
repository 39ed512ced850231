"""No cell of a sheet runs, nothing tells the automatic code, and sheets come back with nothing lost."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from analysis.coding import sampling, sheets
from analysis.errors import InputError

HOSTILE = ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\tx", "'=1", "a\x07b", 'say "no", ok']


@pytest.fixture
def units() -> pd.DataFrame:
    """Eight units of two documents, most of them made to run in a spreadsheet."""
    return sampling.unit_table(["d1"] * 5 + ["d2"] * 3, HOSTILE)


# --- sheets ------------------------------------------------------------------------------------------


def test_sheets_are_blind(units):
    """A sheet holds the text and its neighbours, nothing of the automatic code."""
    sheet = sheets._sheet_table(units, ["race"])
    assert list(sheet) == ["unit_id", "before", "text", "after", "race", "note"]
    assert (sheet[["race", "note"]] == "").all(axis=None)


def test_no_cell_of_the_csv_is_a_formula(units):
    """Whatever a text begins with, its cell begins with a letter or an apostrophe."""
    content = sheets.sheet_csv(sheets._sheet_table(units, ["race"])).decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(content, newline="")) for cell in row if cell]
    assert len(cells) == 6 + 8 * 2 + 6 * 2
    assert not any(cell[0] in "=+-@\t\r\n" for cell in cells)


def test_no_cell_of_the_xlsx_is_a_formula(units):
    """Every cell is of the type text and quoted, the answers offered as a list."""
    import openpyxl

    content = sheets._sheet_xlsx(sheets._sheet_table(units, ["race"]), ["race"])
    page = openpyxl.load_workbook(io.BytesIO(content)).active
    cells = [cell for row in page.iter_rows() for cell in row if cell.value is not None]
    assert {(cell.data_type, cell.quotePrefix) for cell in cells} == {("s", True)}
    assert page["C2"].value == HOSTILE[0]
    (answers,) = page.data_validations.dataValidation
    assert (str(answers.sqref), answers.formula1) == ("E2:E9", '"0,1"')


def test_a_variable_named_as_a_column_is_refused(units):
    """A frame called 'text' would hide the text."""
    with pytest.raises(InputError, match="column appears twice in the sheet: 'text'"):
        sheets._sheet_table(units, ["text"])


# --- read back ---------------------------------------------------------------------------------------


def read_back(files, units, variables, assigned=None) -> sheets.Codings:
    """The sheets of coders, each of whom was given all units unless `assigned` says otherwise."""
    texts = dict(zip(units["unit_id"], units["text"], strict=True))
    given = assigned or {coder: list(texts) for coder in files}
    return sheets._read_codings(files, texts, given, variables)


@pytest.fixture
def returned(units, tmp_path):
    """Write a sheet, let a coder change it, and read it back."""

    def make(change, suffix=".csv", variables=("race", "market"), assigned=None):
        sheet = sheets._sheet_table(units, variables)
        for name in variables:
            sheet[name] = "0"
        sheet = change(sheet)
        file = tmp_path / f"ann{suffix}"
        content = (
            sheets.sheet_csv(sheet) if suffix == ".csv" else sheets._sheet_xlsx(sheet, variables)
        )
        file.write_bytes(content)
        return read_back({"ann": file}, units, variables, assigned)

    return make


def problems(codings) -> list[tuple[str, str, str]]:
    columns = codings.problems[["column", "problem", "value"]]
    return list(columns.itertuples(index=False, name=None))


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_filled_sheet_comes_back(returned, suffix):
    """Codes in any spelling of yes and no, hostile texts unchanged, no problem named."""

    def fill(sheet):
        sheet["race"] = ["1", "0", "yes", "NO ", "1.0", "true", "0,0", "False"]
        return sheet.iloc[::-1]

    codings = returned(fill, suffix)
    assert codings.problems.empty
    assert codings.codes[0, :, 0].tolist() == [1, 0, 1, 0, 1, 1, 0, 0]
    assert (codings.codes[0, :, 1] == 0).all()


def test_an_empty_cell_and_an_unknown_label_are_named(returned, units):
    """Both count as not coded, with file, line, unit, column and value."""

    def change(sheet):
        sheet.loc[0, "race"], sheet.loc[1, "market"] = "", "perhaps"
        return sheet

    codings = returned(change)
    assert codings.problems.to_numpy().tolist() == [
        ["ann", "ann.csv, line 2", units["unit_id"][0], "race", "cell is empty", ""],
        ["ann", "ann.csv, line 3", units["unit_id"][1], "market", "unknown label", "perhaps"],
    ]
    assert np.argwhere(np.isnan(codings.codes)).tolist() == [[0, 0, 0], [0, 1, 1]]


def test_an_edited_text_is_named_and_its_code_kept(returned):
    """The code stands, as the coder may have been right to correct a slip; white space is no edit."""

    def change(sheet):
        sheet.loc[1, "text"], sheet.loc[7, "text"] = "+2", ' say  "no", ok '
        return sheet

    codings = returned(change)
    assert problems(codings) == [("text", "text was edited", "+2")]
    assert not np.isnan(codings.codes).any()


def test_doubled_and_lost_rows_are_named(returned, units):
    """A doubled row that differs leaves the unit uncoded, one that agrees does not."""

    def change(sheet):
        differs, agrees = sheet.iloc[[2]].assign(race="1"), sheet.iloc[[3]]
        return pd.concat([sheet.iloc[1:], differs, agrees])

    codings = returned(change)
    assert problems(codings) == [
        ("unit_id", "row appears twice", "1; 0"),
        ("unit_id", "row appears twice", "0; 0"),
        ("unit_id", "row is lost", ""),
    ]
    assert codings.problems["unit_id"].tolist() == units["unit_id"][[2, 3, 0]].tolist()
    assert np.isnan(codings.codes[0, :, 0]).tolist() == [True, False, True, *[False] * 5]


def test_strange_rows_and_missing_columns_are_named(returned, units):
    """A unit that is not in the sample, one not given to this coder, and a column cut away."""

    def change(sheet):
        sheet.loc[7, "unit_id"] = "d9:1:00000000"
        return sheet.drop(columns="market")

    codings = returned(change, assigned={"ann": units["unit_id"][1:]})
    assert problems(codings) == [
        ("market", "column is missing", ""),
        ("unit_id", "unit was not given to this coder", ""),
        ("unit_id", "unit is not in the sample", 'say "no", ok'),
        ("unit_id", "row is lost", ""),
    ]


def test_what_coders_add_is_kept(returned, units):
    """Notes and columns of their own come back beside the codes."""

    def change(sheet):
        sheet.loc[3, "note"] = "=unclear"
        return sheet.assign(tone=["", "calm", *[""] * 6])

    kept = returned(change).others
    assert kept.to_numpy().tolist() == [
        ["ann", units["unit_id"][1], "tone", "calm"],
        ["ann", units["unit_id"][3], "note", "=unclear"],
    ]


def test_semicolons_are_read(tmp_path, units):
    """A sheet that a spreadsheet saved with semicolons is the same sheet."""
    file = tmp_path / "ann.csv"
    file.write_text(f"unit_id;race\n{units['unit_id'][0]};1;extra\n", encoding="utf-8")
    codings = read_back({"ann": file}, units.iloc[:1], ["race"])
    assert codings.codes.ravel().tolist() == [1]
    assert codings.others["value"].tolist() == ["extra"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"race\n1\n", "a.csv, line 1: is not a coding sheet: no column unit_id"),
        ("a.csv", b"", "a.csv: is not a coding sheet"),
        ("a.csv", b"unit_id,a,a\n", "a.csv, line 1: column appears twice in the header: 'a'"),
        ("a.xlsx", b"PK\x03\x04 broken", "a.xlsx: cannot be read as XLSX (BadZipFile)"),
        ("a.csv", b"unit_id\n\xff\n", "a.csv, line 2: is not UTF-8"),
    ],
)
def test_what_is_no_sheet_is_refused(tmp_path, units, name, content, message):
    """A file without unit ids, a broken one and one in another encoding are refused by name."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as error:
        read_back({"a": tmp_path / name}, units, ["race"])
    assert str(error.value).startswith(message)


def test_a_zip_bomb_is_refused(tmp_path, monkeypatch):
    """A workbook that would unpack beyond the limit is not opened."""
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", "0" * 3000)
    monkeypatch.setattr(sheets, "_MAX_WORKBOOK", 2000)
    with pytest.raises(InputError, match="too large for a coding sheet"):
        sheets.read_sheet(tmp_path / "a.xlsx")
