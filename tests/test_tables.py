"""Tables row by row: values stay as written, what is broken costs its own row and is named."""

import gzip
import json
import os

import pytest

from analysis.errors import InputError
from analysis.reading import tables
from analysis.reading.rows import _sorted_out
from analysis.reading.tables import table_rows


@pytest.fixture
def read(tmp_path):
    """Read a table: `read("c.csv", b"id,text…")` gives what was found, sorted."""

    def make(name: str, content: bytes | str, **options):
        content = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return _sorted_out(table_rows(tmp_path / name, **options))

    return make


def texts(reading) -> list[str]:
    return [row.text for row in reading.rows]


def problems(reading) -> list[tuple[str, str]]:
    return [(item.where, item.reason) for item in reading.rejected]


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("value", ["NA", "null", "007", "7", "1e3", "1.10", "nan", "-0", " x ", ""])
def test_csv_value_stays_as_written(read, ending, value):
    """A value of CSV is the text that stands there."""
    (row,) = read(f"c.csv{ending}", f"id,text\n{value},{value}\n").rows
    assert (row.text, row.metadata) == (value, {"id": value})


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize(
    ("written", "text"),
    [('"007"', "007"), ("7", "7"), ("1e3", "1e3"), ("1.10", "1.10"), ('"null"', "null"), ("null", ""), ("true", "true"), ("NaN", "NaN")],
)  # fmt: skip
def test_json_value_stays_as_written(read, ending, written, text):
    """A value of JSON is its text, a number as it is written."""
    (row,) = read(f"c.jsonl{ending}", f'{{"text": "x", "id": {written}}}').rows
    assert row.metadata == {"id": text}


def test_quoted_newlines_and_quotes(read):
    """A quoted value holds newlines of any kind, divisions and doubled quotes."""
    value = 'a,"b"\r\nc\n\nd\re'
    quoted = value.replace('"', '""')
    reading = read("c.csv", f'id,text\r\n1,"{quoted}"\r\n2,5" wide\r\n')
    assert (texts(reading), problems(reading)) == ([value, '5" wide'], [])
    assert reading.rows[1].where == "c.csv, line 6"


@pytest.mark.parametrize(
    ("rows", "where", "reason"),
    [
        ("1,a\n2\n3,c\n", "line 3", "row has 1 values; allowed: 2, as in the header"),
        ("1,a\n2,b,x\n3,c\n", "line 3", "row has 3 values; allowed: 2, as in the header"),
        ('1,a\n2,"b\n3,c\n', "line 3", "a quote is not closed, or is where none may be; what follows is read as rows"),
        ('1,a\n2,"b"x\n3,c\n', "line 3", "a quote is not closed"),
        ('1,a\n2,"b\n3,c\n4,"d"\n', "line 3", "a quote is not closed"),
        ("1,a\n2,b\x00\n3,c\n", "line 3", "text holds a NUL character"),
        (b"1,a\n2,caf\xe9\n3,\xc3\xa9\n", "line 3", "is not utf-8: byte 5 of the line: 0xe9"),
        (f"1,a\n{'x' * 100_001},b\n3,c\n", "line 3", "id is too long (100,001 characters); allowed: up to 100,000"),
    ],
)  # fmt: skip
def test_broken_csv_row_is_rejected(read, rows, where, reason):
    """A broken row is rejected by its line, the rows after it are read."""
    content = b"id,text\n" + (rows if isinstance(rows, bytes) else rows.encode())
    reading = read("c.csv", content)
    assert reading.rejected[0].where == f"c.csv, {where}"
    assert reading.rejected[0].reason.startswith(reason)
    assert {"1", "3"} <= {row.metadata["id"] for row in reading.rows}
    assert len(reading.rejected) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{oops", "broken JSON (Expecting property name enclosed in double quotes): '{oops'"),
        ("[1]", "is not a JSON object: '[1]'"),
        ('{"text": ["x"]}', "text is nested JSON, not text"),
        ('{"text": "x", "a": {"b": 1}}', "a is nested JSON, not text"),
        ('{"text": "x", "text": "y"}', "broken JSON (a key appears twice)"),
        ('{"text": "\\ud800"}', "text holds half a surrogate pair"),
        ('{"text": "\\u0000"}', "text holds a NUL character"),
        ('{"id": "1"}', "has no text"),
        ('{"text": ' + "[" * 100_000, "broken JSON (nested too deeply)"),
        ('{"text": "x", "n": ' + "9" * 200_000 + "}", "n is too long (200,000 characters)"),
    ],
)  # fmt: skip
def test_broken_json_line_is_rejected(read, line, reason):
    """A broken line is rejected by its number, the lines after it are read."""
    reading = read("c.jsonl", f'{{"text": "a"}}\n\n{line}\n{{"text": "b"}}\n')
    assert texts(reading) == ["a", "b"]
    assert [(item.where, item.reason[: len(reason)]) for item in reading.rejected] == [
        ("c.jsonl, line 3", reason)
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("c.csv", "", "c.csv, line 1: header is missing or broken"),
        ("c.csv", '"id,text\na,b\n', "c.csv, line 1: header is missing or broken"),
        ("c.csv", "id,text,id\n", "c.csv, line 1: column appears twice in the header: 'id'"),
        ("c.csv", "id,body\n1,a\n", "c.csv: column is missing: 'text'; allowed: id, body"),
        ("c.jsonl", '{"id": 1}', "c.jsonl: column is missing: 'text'; allowed: id"),
        (
            "c.csv",
            b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
            "c.csv, line 1: is not utf-8: byte 0 of the line: 0x89",
        ),
    ],
)
def test_table_refused(read, name, content, message):
    """A table without a header or a text is refused as a whole."""
    with pytest.raises(InputError) as error:
        read(name, content)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("sign", [";", "\t"])
def test_other_divisions_are_said(read, sign):
    """Columns divided by semicolons or tabs are read and said."""
    reading = read("c.csv", f"id{sign}text\n1{sign}a, b\n")
    assert (texts(reading), reading.remarks[0].note) == (
        ["a, b"],
        f"columns are divided by {sign!r}",
    )


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8-sig", None), ("utf-16", "read as utf-16-le (byte order mark)"), ("gb18030", "read as gb18030 (guessed)"), ("utf-16-le", "read as utf-16-le (zero bytes)")],
)  # fmt: skip
@pytest.mark.parametrize("name", ["c.csv", "c.csv.gz"])
def test_encoding_of_a_table_is_said(read, name, encoding, told):
    """A table in another encoding is read and its encoding said."""
    reading = read(name, "id,text\n1,人工智能的竞赛\n2,差距正在缩小\n".encode(encoding))
    assert texts(reading) == ["人工智能的竞赛", "差距正在缩小"]
    assert [item.note for item in reading.remarks] == ([told] if told else [])


def test_columns_are_renamed(read):
    """A column is read under another name as well; a row that lacks it has it empty."""
    reading = read(
        "c.jsonl",
        '{"body": "a", "year": 2024}\n{"body": "b"}',
        columns={"text": "body", "date": "year"},
    )
    assert [(row.text, row.metadata["date"]) for row in reading.rows] == [("a", "2024"), ("b", "")]


def test_column_to_rename_is_missing(read):
    """A column that no row has cannot be renamed."""
    with pytest.raises(InputError, match="no such column to rename: 'yaer'; allowed: id, text"):
        read("c.csv", "id,text\n1,a\n", columns={"date": "yaer"})


# --- bounds ----------------------------------------------------------------------------------------


def test_gzip_bomb(read):
    """A gzip that unpacks to far more than it is stops at the limit and says so."""
    content = b'{"text": "a"}\n' + b" " * 30_000_000
    reading = read("c.jsonl.gz", content)
    told = "the rest is not read: unpacks to too much"
    most = len(gzip.compress(content)) * tables._MAX_RATIO
    assert texts(reading) == ["a"]
    assert problems(reading) == [
        ("c.jsonl.gz, after line 1", f"{told}; allowed: up to {most:,} bytes")
    ]


def test_cut_gzip(tmp_path):
    """A gzip that breaks off gives the rows before and says where."""
    packed = gzip.compress(
        "\n".join(json.dumps({"text": os.urandom(90).hex()}) for _ in range(9000)).encode()
    )
    (tmp_path / "c.jsonl.gz").write_bytes(packed[:-60_000])
    reading = _sorted_out(table_rows(tmp_path / "c.jsonl.gz"))
    assert len(reading.rows) > 1000
    assert reading.rejected[-1].reason.startswith("the rest is not read: gzip is broken or cut")


def test_gzip_that_is_none(tmp_path):
    """A file that only is named like a gzip is refused."""
    (tmp_path / "c.csv.gz").write_bytes(b"id,text\n")
    with pytest.raises(InputError, match="gzip is broken or cut"):
        list(table_rows(tmp_path / "c.csv.gz"))


def test_long_line_is_rejected(read, monkeypatch):
    """A line above the limit is rejected and passed over."""
    monkeypatch.setattr(tables, "MAX_LINE", 100)
    reading = read("c.jsonl", '{"text": "a"}\n{"text": "' + "x" * 1000 + '"}\n{"text": "b"}\n')
    assert (texts(reading), problems(reading)) == (
        ["a", "b"],
        [("c.jsonl, line 2", "is longer than 100 bytes")],
    )


def test_a_megabyte_in_a_line(read):
    """A line, and a word, of a megabyte are read."""
    assert texts(read("c.csv", "id,text\n1," + "x" * 1_000_000)) == ["x" * 1_000_000]


def test_many_unclosed_quotes_end_the_reading(read):
    """Lines that each open a quote cost no more than twenty searches for its end."""
    reading = read("c.csv", "id,text\n" + 'a"b,"c\n' * 30_000)
    assert reading.rejected[-1].reason == "20 quotes are not closed: the rest is not read"


def test_many_rejections_end_the_reading(read, monkeypatch):
    """After a great number of broken rows the rest is not read."""
    monkeypatch.setattr(tables, "MAX_REJECTED", 3)
    reading = read("c.csv", "id,text\n0,a\n" + "1\n" * 9)
    assert reading.rejected[-1].reason == "3 rows rejected: the rest is not read"
    assert len(reading.rejected) == 4


def test_pipe_is_not_opened(tmp_path):
    """A named pipe is refused at once."""
    os.mkfifo(tmp_path / "c.csv")
    with pytest.raises(InputError, match=r"c\.csv: is not a regular file"):
        list(table_rows(tmp_path / "c.csv"))
