"""Documents taken batch by batch, texts read in portions, and tables written in parts."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from analysis.errors import InputError
from analysis.files import write_whole
from analysis.reading.rows import Batch
from analysis.reading.sources import Source, _Intake
from analysis.report import results
from analysis.report.results import csv_bytes
from analysis.store.texts import Texts


def texts(*values: str) -> pa.LargeStringArray:
    return pa.array(values, pa.large_string())


def taken(folder, *batches: Batch) -> Source:
    """What comes of batches."""
    with (folder / "texts").open("wb") as sink:
        intake = _Intake(sink)
        intake.take(batches)
    return intake.source(folder / "texts")


def test_a_column_that_a_batch_lacks_is_empty_there(tmp_path):
    """A column that comes late, goes missing and comes again is as long as the others."""
    titles = [None, None, "é…", None, "x", None]
    batches = [
        Batch(texts(f"line {n}"), [f"Text {n}"], {"id": texts(name)} | ({"title": texts(title)} if title else {}))
        for n, (name, title) in enumerate(zip("abcdef", titles, strict=True))
    ]  # fmt: skip
    source = taken(tmp_path, *batches)
    assert source.metadata["id"].to_pylist() == ["a", "b", "c", "d", "e", "f"]
    assert source.metadata["title"].to_pylist() == ["", "", "é…", "", "x", ""]
    assert list(source.metadata) == ["id", "title"]
    assert source.places.to_pylist() == [f"line {n}" for n in range(6)]
    assert list(source.texts) == [f"Text {n}" for n in range(6)]
    assert source.texts.characters.tolist() == [6] * 6


def test_part_of_an_array_is_added_as_it_stands(tmp_path):
    """A slice of an Arrow array begins in the middle of its bytes."""
    first = texts("first", "second", "third")[1:]
    last = texts("fourth", "fifth")[1:]
    source = taken(tmp_path, *(Batch(part, part, {"id": part}) for part in (first, last)))
    expected = ["second", "third", "fifth"]
    assert source.metadata["id"].to_pylist() == source.places.to_pylist() == expected
    assert list(source.texts) == expected


def test_batches_that_break_off_are_taken_back(tmp_path):
    """Of a table that cannot be read to its end nothing stays; what follows is read as if it were not."""

    def broken():
        yield Batch(texts("b, line 2"), ["Lost and long."], {"title": texts("t")})
        raise InputError("cannot be read")

    with (tmp_path / "texts").open("wb") as sink:
        intake = _Intake(sink)
        intake.take([Batch(texts("a, line 2"), ["One."], {"id": texts("a")})])
        with pytest.raises(InputError):
            intake.take(broken())
        intake.take([Batch(texts("c, line 2"), ["Two."], {"id": texts("c")})])
    source = intake.source(tmp_path / "texts")
    assert (list(source.texts), list(source.metadata)) == (["One.", "Two."], ["id"])
    assert (tmp_path / "texts").read_bytes() == b"One.\nTwo.\n"


@pytest.mark.parametrize("portion", [1, 5, 6, 1000])
def test_portions_hold_every_text_once(monkeypatch, tmp_path, portion):
    """Texts of 5, 0, 7 and 1 bytes are taken some at a time, each once, in their order."""
    monkeypatch.setattr("analysis.store.texts._PORTION", portion)
    spans = np.array([[0, 5], [6, 6], [7, 14], [15, 16]])
    parts = list(Texts(tmp_path / "none", spans, None, None).portions())
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
