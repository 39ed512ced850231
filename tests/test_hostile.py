"""Hostile corpora, read as a user's command reads them: what is bad is named, the rest is read."""

import gzip
import json
import os
import re
import time
import tracemalloc
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

pytest.importorskip("hypothesis")
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis import cli
from analysis.corpus import read_corpus
from analysis.errors import InputError
from analysis.rules.codebook import read_codebook
from analysis.tokens import tokenize

QUICK = settings(max_examples=60, deadline=5_000, derandomize=True, database=None)
FINE = "One race between two nations."


@pytest.fixture
def check(tmp_path, capsys):
    """What `workbook check` says of files: `check({"a.txt": b"…"})` gives exit status, out and err."""

    def make(files: dict[str, bytes], *options: str, place: str = "corpus") -> tuple[int, str, str]:
        for name, content in files.items():
            (tmp_path / "corpus" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "corpus" / name).write_bytes(content)
        before = sorted(tmp_path.rglob("*"))
        status = cli.main(["check", str(tmp_path / place), *options])
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        assert all(line.isprintable() for line in (told.out + told.err).splitlines())
        assert sorted(tmp_path.rglob("*")) == before
        return status, told.out, told.err

    return make


# --- encodings -------------------------------------------------------------------------------------

CHINESE = "专家认为,大语言模型的发展将改变全球力量的平衡。\n差距正在缩小。\n"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (CHINESE.encode("utf-16-le"), "remark: a.txt: read as utf-16-le (zero bytes)"),
        (CHINESE.encode("utf-16"), "remark: a.txt: read as utf-16-le (byte order mark)"),
        (CHINESE.encode("gb18030"), "remark: a.txt: read as gb18030 (guessed)"),
        ("專家認為，差距正在縮小。".encode("big5"), "remark: a.txt: read as big5 (guessed)"),
        ("It’s naïve".encode("cp1252"), "remark: a.txt: read as cp1252 (guessed)"),
        ("lost \ufffd".encode(), "remark: a.txt: read as utf-8; 1 characters were lost (U+FFFD) before it was given"),
        ("差距正在缩小".encode() + "差距".encode("gb18030"), "rejected: a.txt, line 1: mixes encodings"),
        ("差距正在缩小".encode()[:-1], "rejected: a.txt, line 1: ends in the middle of a utf-8 character"),
        (b"a text with \x00 in it", "rejected: a.txt, line 1: holds a NUL byte: byte 12"),
        (b"", "rejected: a.txt: holds no text"),
        (b" \n\t\n", "rejected: a.txt: holds no text"),
    ],
)  # fmt: skip
def test_bytes_that_say_nothing_of_their_encoding(check, content, told):
    """Whatever the bytes are: they are read by a guess that is said, or rejected with their place."""
    status, out, _ = check({"a.txt": content, "b.txt": FINE.encode()})
    assert status == cli._DONE
    assert f"  {told}" in out


def test_a_declared_encoding_is_an_option(check):
    """--encoding reads bytes as declared, and rejects those that are not in it."""
    files = {"a.txt": "новости".encode("koi8-r"), "b.txt": FINE.encode()}
    assert "guessed" not in check(files, "--encoding", "koi8-r")[1]
    assert "rejected: a.txt, line 1: is not ascii: byte 0" in check(files, "--encoding", "ascii")[1]
    assert "no such encoding: 'utf9'" in check(files, "--encoding", "utf9")[2]


# --- large things ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["x" * 1_000_000, "word " * 200_000, "差" * 300_000, "a\n" * 300_000]
)
def test_a_line_and_a_word_of_a_megabyte(tmp_path, text):
    """A text of one line, one word or nothing but lines is read whole and cut into tokens at once."""
    (tmp_path / "c.csv").write_text(f'id,text\n1,"{text}"\n', encoding="utf-8")
    start = time.monotonic()
    corpus = read_corpus(tmp_path / "c.csv")
    assert list(corpus.texts) == [text]
    assert len(tokenize(corpus)) > 0
    assert time.monotonic() - start < 30


def test_a_large_file_is_read_in_parts(tmp_path):
    """Of a table of 60 MB a small part is held at a time: 200 MB need no more."""
    row = json.dumps({"text": "The race goes on. " * 3_000}) + "\n"
    (tmp_path / "c.jsonl").write_text(row * 1_100)
    tracemalloc.start()
    corpus = read_corpus(tmp_path / "c.jsonl")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(corpus) == 1_100
    assert peak < 80_000_000


# --- tables ----------------------------------------------------------------------------------------


def test_values_stay_as_written(check, tmp_path):
    """Ids and values are text: 007 is not 7, 1e3 no number, NA and null no gaps."""
    rows = "007,NA,null,2024\n7,1e3,no,\n1e3,null,007,2024-07\nNA,x,1.10,NA\n"
    check({"c.csv": f"id,text,kind,date\n{rows}".encode()}, place="corpus/c.csv")
    documents = read_corpus(tmp_path / "corpus" / "c.csv").documents
    assert documents["id"].tolist() == ["007", "1e3", "7", "NA"]
    assert documents["kind"].tolist() == ["null", "007", "no", "1.10"]
    assert documents["date"].tolist() == ["2024", "2024-07", "", ""]


BAD_ROWS = {
    "c.csv": (
        "id,text\n1,差距正在缩小\n2\n3,b,c\n1,again\nid,text\n4,\"open\n5,\n6,".encode() + b"\xb2\xee\n7,fine\n",
        ["line 3", "line 4", "line 6", "line 7", "line 8", "line 9", "line 5"],
    ),
    "c.jsonl": (
        b'{"id": "1", "text": "a"}\n{"id": \n[]\n{"id": "2", "text": {"b": 1}}\n{"id": "1", "text": "c"}\n'
        b'{"id": "3"}\n{"id": "4", "text": "d", "text": "e"}\n{"id": "7", "text": "fine"}\n',
        ["line 2", "line 3", "line 4", "line 6", "line 7", "line 5"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", BAD_ROWS)
def test_every_bad_row_is_named(tmp_path, name, packed):
    """Ragged, broken, nested, doubled and blank rows are rejected by line; the others are read."""
    content, lines = BAD_ROWS[name]
    file = tmp_path / (f"{name}.gz" if packed else name)
    file.write_bytes(gzip.compress(content) if packed else content)
    corpus = read_corpus(file)
    assert corpus.documents["id"].tolist() == ["1", "7"]
    assert [where for where, _ in corpus.rejected] == [f"{file.name}, {line}" for line in lines]


def test_deep_nesting_is_one_bad_row(tmp_path):
    """JSON a hundred thousand levels deep costs its own row."""
    deep = '{"text": ' + "[" * 100_000 + "]" * 100_000 + "}"
    (tmp_path / "c.jsonl").write_text(f'{{"text": "a"}}\n{deep}\n')
    assert "nested" in read_corpus(tmp_path / "c.jsonl").rejected[0][1]


def test_strange_names_of_columns(check, tmp_path):
    """Columns of any name are kept, shown safely, and cannot pass for the corpus's own."""
    columns = ["text", "__class__", "<b>", "=1+1", "a\tb", "\u202eevil", " text", "../x"]
    row = dict.fromkeys(columns, "v")
    status, out, _ = check({"c.jsonl": json.dumps(row).encode()}, place="corpus/c.jsonl")
    assert status == cli._DONE
    assert "\\u202eevil" in out


# --- files -----------------------------------------------------------------------------------------


def test_a_folder_of_traps(check, tmp_path):
    """Links in a circle, pipes, hidden signs in names: each is named, none is opened or followed."""
    folder = tmp_path / "corpus"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "loop").symlink_to(folder)
    (folder / "out.txt").symlink_to("/etc/passwd")
    (folder / "zero.txt").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.txt")
    names = ["new\nline.txt", "\x1b[31mred.txt", "\u202etxt.exe.txt", '"quoted".txt', "=1+1.txt"]
    files = {"a.txt": FINE.encode(), **{name: FINE.encode() for name in names}}
    status, out, _ = check(files)
    assert status == cli._DONE
    assert "documents read: 10" in out
    assert "documents kept: 3" in out
    for told in (
        "out.txt: is a link",
        "pipe.txt: is a pipe",
        "sub/loop: is a link",
        "new\\nline.txt",
    ):
        assert f"rejected: {told}" in out


@pytest.mark.parametrize(
    "name", ["c.csv", "c.jsonl", "c.parquet", "c.zip", "c.txt", "c.csv.gz", "c.pdf"]
)
def test_a_pipe_is_no_corpus(tmp_path, name):
    """A pipe is refused at once, whatever its name says."""
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match="not a regular file"):
        read_corpus(tmp_path / name)


@pytest.mark.parametrize("name", ["metadata.csv", "exclusions.yaml", "codebook.yaml", "findings.yaml", "events.csv", "SHA256SUMS"])  # fmt: skip
def test_a_pipe_in_place_of_a_file_of_the_corpus(check, tmp_path, name):
    """A pipe that is called like a file of the corpus is named and never waited for."""
    (tmp_path / "corpus").mkdir()
    os.mkfifo(tmp_path / "corpus" / name)
    _, out, err = check({"a.txt": FINE.encode()})
    assert name in out + err


def test_an_archive_of_traps(check, tmp_path):
    """A bomb and members that lead out are rejected, and nothing is written."""
    (tmp_path / "corpus").mkdir()
    with zipfile.ZipFile(tmp_path / "corpus" / "c.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.txt", bytes(30_000_000))
        for name in ("../out.txt", "/abs.txt", "a\\b.txt", "inner.zip"):
            archive.writestr(name, FINE)
        archive.writestr("exclusions.yaml", "rules: []")
        archive.writestr("fine.txt", FINE)
    status, out, _ = check({}, place="corpus/c.zip")
    assert status == cli._DONE
    assert "documents rejected: 5" in out
    assert "remark: exclusions.yaml: is not used from an archive: unpack it to use it" in out


def test_parquet_of_nothing_but_wrong_types(tmp_path):
    """A nested column beside the text costs the rows that hold something in it."""
    table = pa.table({"text": ["a", "b"], "tags": pa.array([["x"], None])})
    parquet.write_table(table, tmp_path / "c.parquet")
    corpus = read_corpus(tmp_path / "c.parquet")
    assert list(corpus.texts) == ["b"]
    assert corpus.rejected[0][1].startswith("tags is not text")


# --- YAML and rules --------------------------------------------------------------------------------

BOMB = "a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize("name", ["codebook.yaml", "exclusions.yaml", "findings.yaml"])
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (BOMB, "line 1: anchors and aliases are not allowed: 'a'"),
        ("a: !!python/object/apply:os.system ['x']", "line 1: tags are not allowed"),
        ("frames: {}\nframes: {}\n", "line 2: key appears twice: 'frames'"),
        ("[" * 50_000, "nested deeper than 20"),
        ("\x00", "broken YAML"),
        ("", "the file is empty"),
    ],
)
def test_hostile_yaml(check, name, content, told):
    """A file of rules that is more, or less, than plain YAML is refused with its line."""
    status, _, err = check({"a.txt": FINE.encode(), name: content.encode()})
    assert (status, name in err, told in err) == (cli._WRONG_USE, True, True)


def test_words_that_yaml_would_change(tmp_path):
    """no, on, 1.10 and 2024-07-12 are the words that they are, also as names of frames."""
    file = tmp_path / "c.yaml"
    file.write_text("frames:\n  no: {rules: [no, on, null]}\n  2024: {rules: [yes, 0x10]}\n")
    frames = read_codebook(file).frames
    assert [rule.text for rule in frames["no"].rules] == ["no", "on", "null"]
    assert [rule.text for rule in frames["2024"].rules] == ["yes", "0x10"]


@pytest.mark.parametrize("rule", ["''", "'*'", "'* *'", "(a+)+$", "'[a-z]'", "'a|b'", "'~3'"])
def test_rules_that_are_none(check, rule):
    """An empty rule, one of stars alone and a regular expression are refused by name."""
    book = f"frames:\n  x:\n    rules: [fine, {rule}]\n"
    status, _, err = check({"a.txt": FINE.encode(), "codebook.yaml": book.encode()})
    assert (status, "codebook.yaml" in err) == (cli._WRONG_USE, True)


def test_ten_thousand_rules(check):
    """A codebook of ten thousand rules is taken in at once."""
    rules = "".join(f"      - word{n}* ~3 other{n}\n" for n in range(10_000))
    start = time.monotonic()
    book = f"frames:\n  x:\n    rules:\n{rules}"
    status, out, _ = check({"a.txt": FINE.encode(), "codebook.yaml": book.encode()})
    assert (status, "frames: 1 (10000 rules)" in out) == (cli._DONE, True)
    assert time.monotonic() - start < 30


# --- any bytes at all ------------------------------------------------------------------------------

SUFFIXES = (
    *(".txt", ".md", ".html", ".docx", ".pdf", ".rtf", ".csv", ".csv.gz", ".jsonl", ".jsonl.gz"),
    *(".parquet", ".zip"),
)
STARTS = {
    **{
        ".csv": b"id,text,date\n",
        ".jsonl": b'{"text": "a", "date": "2024"}\n',
        ".pdf": b"%PDF-1.7\n",
    },
    **{".html": b"<p>a</p>", ".docx": b"PK\x03\x04", ".zip": b"PK\x03\x04", ".parquet": b"PAR1"},
    **{".rtf": b"{\\rtf1 a "},
}
PIECES = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from([b'"', b",", b"\n", b"\r", b'{"text": "b"}\n', b"1,a,2024\n", b"1,a,03/05/2024\n", b"\x00"]),
)  # fmt: skip


@QUICK
@given(st.sampled_from(SUFFIXES), st.lists(PIECES, max_size=6), st.booleans())
@example(".csv", [b"1,a,9999-12-31\n", b"1,b,0001\n"], True)
def test_any_bytes_of_any_kind(suffix, pieces, marked):
    """Bytes under any name give a corpus whose counts add up, or an InputError: nothing else."""
    import tempfile

    kind = suffix.removesuffix(".gz")
    content = STARTS.get(kind, b"") * marked + b"".join(pieces)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"c{suffix}"
        file.write_bytes(gzip.compress(content) if suffix.endswith(".gz") else content)
        try:
            corpus = read_corpus(file)
        except InputError:
            return
    assert len(corpus) == len(corpus.documents) >= 1
    assert corpus.documents["id"].is_unique
    assert all(text.strip() for text in corpus.texts)
    assert all(re.fullmatch(r"(\d{4}(-\d\d){0,2})?", date) for date in corpus.documents["date"])
    assert all(where.isprintable() and reason for where, reason in corpus.rejected)
