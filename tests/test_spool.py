"""Columns kept in files while a corpus is read, and tables written in parts."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from analysis.files import write_whole
from analysis.report import results
from analysis.report.results import csv_bytes
from analysis.store.spool import Numbers, TextColumns
from analysis.store.texts import Texts


def texts(*values: str) -> pa.LargeStringArray:
    return pa.array(values, pa.large_string())


def test_numbers_grow_row_by_row(tmp_path):
    """Rows of two numbers added twice come back in their order, with their type."""
    spool = Numbers(tmp_path)
    spool.add({"spans": np.array([[0, 4]]), "sums": np.array([7], dtype=np.uint32)})
    spool.add({"spans": np.array([[5, 9], [10, 11]]), "sums": np.array([], dtype=np.uint32)})
    assert spool["spans"].tolist() == [[0, 4], [5, 9], [10, 11]]
    assert spool["sums"].tolist() == [7]
    assert spool["sums"].dtype == np.uint32


def test_a_column_that_a_batch_lacks_is_empty_there(tmp_path):
    """A column that comes late, goes missing and comes again is as long as the others."""
    columns = TextColumns(tmp_path)
    columns.add({"id": texts("a", "b")}, 2)
    columns.add({"id": texts("c"), "title": texts("é…")}, 1)
    columns.add({"id": texts("d")}, 1)
    columns.add({"id": texts("e"), "title": texts("x")}, 1)
    columns.add({"id": texts("f")}, 1)
    assert columns["id"].to_pylist() == ["a", "b", "c", "d", "e", "f"]
    assert columns["title"].to_pylist() == ["", "", "é…", "", "x", ""]
    assert list(columns) == ["id", "title"]


def test_part_of_an_array_is_added_as_it_stands(tmp_path):
    """A slice of an Arrow array begins in the midst of its bytes."""
    columns = TextColumns(tmp_path)
    columns.add({"id": texts("first", "second", "third")[1:]}, 2)
    columns.add({"id": texts("fourth", "fifth")[1:]}, 1)
    assert columns["id"].to_pylist() == ["second", "third", "fifth"]


@pytest.mark.parametrize("name", ["../../x", "", "/etc/passwd", "a\x00b", "x" * 5000])
def test_the_name_of_a_column_is_no_path(tmp_path, name):
    """Whatever a column is called, its file lies in the folder."""
    folder = tmp_path / "inner" / "spool"
    folder.mkdir(parents=True)
    columns = TextColumns(folder)
    columns.add({name: texts("value")}, 1)
    assert columns[name].to_pylist() == ["value"]
    outside = [p for p in tmp_path.rglob("*") if p.is_file() and p.parent != folder]
    assert not outside


@pytest.mark.parametrize("portion", [1, 5, 6, 1000])
def test_portions_hold_every_text_once(monkeypatch, tmp_path, portion):
    """Texts of 5, 0, 7 and 1 bytes are taken some at a time, each once, in their order."""
    monkeypatch.setattr("analysis.store.texts._PORTION", portion)
    spans = np.array([[0, 5], [6, 6], [7, 14], [15, 16]])
    parts = list(Texts(tmp_path / "none", spans, None, None, None).portions())
    assert [number for part in parts for number in part] == [0, 1, 2, 3]
    assert all(len(part) for part in parts)


@pytest.mark.parametrize("rows", [0, 1, 2, 5])
def test_a_table_in_parts_is_the_table(monkeypatch, rows):
    """The bytes are the same whether rows are written together or two at a time."""
    table = pd.DataFrame(
        {
            "word": ["=1+1", "a,b", 'say "x"', None, "é"][:rows],
            "rate": [0.1, np.nan, 1e-9, 1 / 3, 2e12][:rows],
            "n": np.arange(rows),
            "there": np.arange(rows) > 1,
        }
    )
    whole = csv_bytes(table)
    monkeypatch.setattr(results, "_ROWS_AT_ONCE", 2)
    assert csv_bytes(table) == whole
    assert whole.count(b"\n") == rows + 1


def test_a_file_that_cannot_be_finished_is_not_there(tmp_path):
    """Parts that fail on the way leave the file as it was, and nothing beside it."""
    file = tmp_path / "table.csv"
    write_whole(file, b"old")

    def parts():
        yield b"new"
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        write_whole(file, parts())
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]
