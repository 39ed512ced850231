"""Files as text with the place of every value: YAML that stays plain, CSV that is not ragged."""

import pickle

import pytest

from analysis.errors import InputError
from analysis.files import csv_table, read_table, read_yaml


@pytest.fixture
def yaml_of(tmp_path):
    """Read a YAML file with this content: `yaml_of("a: 1")`."""

    def make(content: str | bytes):
        file = tmp_path / "c.yaml"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_yaml(file)

    return make


@pytest.mark.parametrize("written", ["no", "1.10", "2024-07-12", "007", "~", "null", "0x10"])
def test_scalar_stays_as_written(yaml_of, written):
    """A scalar is the text that stands in the file, never a boolean, a number or a date."""
    assert yaml_of(f"a: {written}").text_of("a") == written


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: 1\nb: &x 2", ", line 2: anchors and aliases are not allowed: 'x'"),
        ("a: 1\nb: *x", ", line 2: anchors and aliases are not allowed: 'x'"),
        ("a: !!python/object:os.system 1", ", line 1: tags are not allowed: 'tag:yaml.org,2002:python"),
        ("a: 1\nb: ! 2", ", line 2: tags are not allowed: '!'"),
        ("a: 1\nb: 2\na: 3", ", line 3: key appears twice: 'a'"),
        ("a: 1\n---\nb: 2", ", line 2: a second YAML document is not allowed"),
        ("a: 1\n...\n]]", ", line 3: broken YAML"),
        ("[" * 100_000, ", line 1: nested deeper than 20"),
        ("[" * 21 + "]" * 21, ", line 1: nested deeper than 20"),
        ("a: 1\nb: [1, 2\nc: 3", ", line 3: broken YAML"),
        ("a:\n\t- b", ", line 2: broken YAML"),
        ("a: 1\n[b]: 2", ", line 2: a text is expected here"),
        (b"a: 1\nb: \xff", ", line 2: is not UTF-8: byte 8: '0xff'; allowed: text in UTF-8"),
        ("# nothing", ": the file is empty"),
        ("a: \x00", ": broken YAML"),
    ],
)  # fmt: skip
def test_yaml_refused(yaml_of, content, message):
    """Whatever is more, or less, than plain YAML is refused with file and line."""
    with pytest.raises(InputError) as error:
        yaml_of(content)
    assert str(error.value).startswith(f"c.yaml{message}")


def test_twenty_levels_are_read(yaml_of):
    """Twenty levels are not too deep."""
    assert yaml_of("[" * 20 + "]" * 20).items()[0].where == "c.yaml, line 1"


@pytest.mark.parametrize("value", ["b", "\n  race:\n    - b"])
def test_unknown_key(yaml_of, value):
    """An unknown key is named with its own line, the likeliest spelling and all that is allowed."""
    with pytest.raises(InputError) as error:
        yaml_of(f"name: a\nframe: {value}\n").only(("name", "frames"))
    hint = "unknown key (is 'frames' meant?): 'frame'; allowed: name, frames"
    assert str(error.value) == f"c.yaml, line 2: {hint}"


@pytest.mark.parametrize(
    ("ask", "problem"),
    [
        (lambda top: top.get("list").text(), "line 1: a text is expected here"),
        (lambda top: top.get("text").items(), "line 2: a list is expected here: 'b'"),
        (lambda top: top.get("text").entries(), "line 2: a mapping (name: value) is expected here"),
        (lambda top: top.get("blank").text(), "line 3: a text is expected here"),
        (lambda top: top.get("other"), "line 1: key is missing: 'other'"),
    ],
)
def test_wrong_kind_of_value(yaml_of, ask, problem):
    """A value of another kind than asked for is refused where it stands."""
    with pytest.raises(InputError) as error:
        ask(yaml_of("list: [a]\ntext: b\nblank: ''\n"))
    assert str(error.value).startswith(f"c.yaml, {problem}")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("id,text\na,b\nc,d,e\n", "line 3: row has 3 values; allowed: 2, as in the header"),
        ('id,text\na,"b\nc"\nd\n', "line 4: row has 1 values; allowed: 2, as in the header"),
        ("id,text,id\na,b,c\n", "line 1: column appears twice in the header: 'id'"),
        (
            'id,text\na,"b\n',
            "line 2: a quote is not closed, or is where none may be; what follows is read as rows",
        ),
    ],
)
def test_csv_refused(tmp_path, content, problem):
    """A ragged row, a doubled column and an open quote are refused with the line they begin at."""
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(InputError) as error:
        list(read_table(tmp_path / "t.csv"))
    assert str(error.value) == f"t.csv, {problem}"


def test_message_is_one_bounded_printable_line():
    """A hostile value is shown with escapes, in one line of bounded length."""
    message = str(InputError("bad", where="a\x1b[2J", value="\u202e\r\n\x00" + "x" * 10_000))
    assert (message.isprintable(), len(message) < 200) == (True, True)


def test_csv_goes_on_after_a_broken_row():
    """A broken row is given as an error with its line, and the rows after it are read."""
    lines = ["id,text\n", "a,b\n", 'c,"d\n', "e\n", "f,g\n"]
    given = [*enumerate(lines, start=1), (6, InputError("is too long", where="t.csv, line 6"))]
    columns, delimiter, rows = csv_table(given, "t.csv")
    found = [row if isinstance(row, tuple) else (row.where, row.problem) for row in rows]
    assert (columns, delimiter) == (["id", "text"], ",")
    assert found == [
        (2, {"id": "a", "text": "b"}),
        ("t.csv, line 3", found[1][1]),
        ("t.csv, line 4", "row has 1 values"),
        (5, {"id": "f", "text": "g"}),
        ("t.csv, line 6", "is too long"),
    ]
    assert found[1][1].startswith("a quote is not closed")


def test_an_error_keeps_its_parts():
    """Place, problem, value, what is allowed and the hint can be read, also at another place."""
    error = InputError("is wrong", where="a.csv", value="x", allowed=("y", "z"), hint="y=x")
    assert str(error) == "a.csv: is wrong: 'x'; allowed: y, z; try y=x"
    again = InputError.of(error, where="b.csv")
    assert (again.where, again.reason) == ("b.csv", "is wrong: 'x'; allowed: y, z; try y=x")
    parts = (again.problem, again.value, again.allowed, again.hint)
    assert parts == ("is wrong", "x", "y, z", "y=x")
    assert str(pickle.loads(pickle.dumps(again))) == str(again)
