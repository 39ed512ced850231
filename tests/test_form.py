"""The coding form: answers go into the coder's sheet at once, and nothing else changes in it."""

import csv

import numpy as np
import pytest

from analysis.coding import form, sampling, sheets, validation
from analysis.errors import InputError
from analysis.rules.codebook import Codebook, RuleSet, parse_rule

BOOK = Codebook(
    "b",
    "",
    {n: RuleSet(n, (parse_rule(n),), about=f"about <{n}>") for n in ("race", "market")},
    {},
    {},
)


@pytest.fixture
def folder(tmp_path):
    """Sheets of three units for ann."""
    units = sampling.unit_table(["d"] * 3, ["A <b>race</b>.", "=1+1", "Rest."])
    groups = np.array(["all"] * 3, dtype=object)
    found = validation._CodedUnits(units, tuple(BOOK.frames), np.zeros((3, 2)), groups)
    made = sheets.sample_files(found, 3, ["ann"], both=3, random_seed=1)
    for name, content in made.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.fixture
def browser(monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "04.ipynb")


def shown_form(folder):
    """The form with its widgets, as `coding_form` makes it."""
    ipywidgets = pytest.importorskip("ipywidgets")

    return form._Form(form._open_sheet(str(folder), "ann", BOOK), BOOK, ipywidgets)


def test_answers_are_read_back_as_given(folder):
    """Codes and note of a unit stand in the sheet that `agree` reads; the others stay empty."""
    sheet = form._open_sheet(str(folder), "ann", BOOK)
    unit = sheet.rows()[1]["unit_id"]
    sheet.answer(unit, {"race": True, "market": False}, "unsure")
    _, codings = sheets.read_sample(folder, tuple(BOOK.frames))
    place = codings.units.index(unit)
    assert codings.codes[0, place].tolist() == [1.0, 0.0]
    assert (codings.problems["problem"] == "cell is empty").sum() == 4
    assert codings.others["value"].tolist() == ["unsure"]


def test_nothing_else_in_the_sheet_changes(folder):
    """An answer given and taken back leaves the file as it was but for that row's codes."""
    before = (folder / "ann.csv").read_bytes()
    sheet = form._open_sheet(str(folder), "ann", BOOK)
    unit = sheet.rows()[0]["unit_id"]
    sheet.answer(unit, {"race": False, "market": False})
    rows = list(csv.reader((folder / "ann.csv").read_text(encoding="utf-8-sig").splitlines()))
    old = list(csv.reader(before.decode("utf-8-sig").splitlines()))
    assert [a == b for a, b in zip(rows, old, strict=True)] == [True, False, True, True]
    assert rows[1][:4] == old[1][:4]


def test_what_others_wrote_meanwhile_is_kept(folder):
    """A sheet that was changed since the form was opened keeps that change."""
    mine, other = (form._open_sheet(str(folder), "ann", BOOK) for _ in range(2))
    units = [row["unit_id"] for row in mine.rows()]
    other.answer(units[2], {"race": True, "market": True})
    mine.answer(units[0], {"race": False, "market": True})
    assert [row["race"] for row in mine.rows()] == ["0", "", "1"]


def test_it_is_taken_up_where_it_was_left(folder):
    """The first unit without codes; the last one where all are coded."""
    sheet = form._open_sheet(str(folder), "ann", BOOK)
    assert sheet.first_open() == 0
    for number, row in enumerate(sheet.rows()):
        sheet.answer(row["unit_id"], {"race": False, "market": False})
        assert sheet.first_open() == min(number + 1, 2)


def test_a_click_saves_and_goes_on(folder):
    """Box ticked, Save: the code is in the file, the next unit is shown with empty boxes."""
    one = shown_form(folder)
    one.boxes["race"].value = True
    one.note.value = "n"
    one.save.click()
    assert form._open_sheet(str(folder), "ann", BOOK).rows()[0]["race"] == "1"
    assert one.place == 1
    assert not one.boxes["race"].value
    one.back.click()
    assert one.boxes["race"].value
    assert one.note.value == "n"
    assert "unit 1 of 3 (coded); 1 coded in ann.csv" in one.status.value


def test_texts_are_shown_as_texts(folder):
    """Markup in a unit or a frame's description is escaped."""
    one = shown_form(folder)
    pages = one.unit.value
    for _ in range(2):
        one.move(1)
        pages += one.unit.value
    assert "&lt;b&gt;race&lt;/b&gt;" in pages
    assert "<b>race</b>" not in pages
    assert any("about &lt;race&gt;" in line.children[1].value for line in one.box.children[1:3])


def test_a_file_that_cannot_be_written_is_told(folder):
    """The form stays at the unit and says that nothing was saved."""
    one = shown_form(folder)
    (folder / "ann.csv").write_text("unit_id,race,market\nother,,\n", encoding="utf-8")
    one.save.click()
    assert one.place == 0
    assert "not saved: ann.csv: unit is not in the sheet" in one.status.value


def test_a_batch_gets_one_line(folder, monkeypatch):
    """Without a coder, or without a browser, the form is a line that says how to get it."""
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    for coder in ("", "ann"):
        line = repr(form.coding_form(str(folder), coder, BOOK))
        assert line.startswith("To code here: open this notebook in JupyterLab")
        assert "\n" not in line


def test_in_a_browser_it_is_a_form(folder, browser):
    """With a coder and a browser it is a widget."""
    pytest.importorskip("ipywidgets")
    assert len(form.coding_form(str(folder), "ann", BOOK).children) == 5


def test_mistakes_are_named(folder, browser):
    """A coder without a sheet, a name that is a path, a codebook with another frame."""
    with pytest.raises(InputError, match=r"sheet of a coder is not there: 'bob\.csv'"):
        form.coding_form(str(folder), "bob", BOOK)
    with pytest.raises(InputError, match="is not a coder's name"):
        form.coding_form(str(folder), "../ann", BOOK)
    with pytest.raises(InputError, match="no folder of coding sheets"):
        form.coding_form("", "ann", BOOK)
    other = Codebook("o", "", {"peace": BOOK.frames["race"]}, {}, {})
    with pytest.raises(InputError, match="sheet has no column of the frame: 'peace'"):
        form.coding_form(str(folder), "ann", other)
