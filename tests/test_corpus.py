"""Corpora: read unaltered, metadata as text, every mistake named with its place."""

import gzip
import hashlib
import json
import re
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from analysis.corpus import others_told, read_corpus, unused_rules
from analysis.errors import InputError
from analysis.reading.exclusions import like
from analysis.reading.parquet import parquet_batches
from analysis.store.texts import prepared

TEXTS = {"7": "b", "007": ' "quoted", café\r\nline 2\n\n', "10": "cafe\u0301 人工智能 😀 "}
RULE = "rules:\n  - id: r\n    why: w\n    documents: [a]\n"
KINDS = "a folder, or a file .txt, .md, .html, .htm, .docx, .pdf, .rtf, .csv, .csv.gz, .jsonl, .jsonl.gz, .parquet, .zip"


@pytest.fixture
def folder_of(tmp_path):
    """Make a folder with the text a.txt and more: `folder_of("text", {"metadata.csv": …})`."""

    def make(text: str, files: dict[str, str] | None = None):
        folder = tmp_path / "corpus"
        folder.mkdir()
        for name, content in {"a.txt": text, **(files or {})}.items():
            (folder / name).write_bytes(content.encode())
        return folder

    return make


@pytest.fixture
def refusal():
    """The message with which a corpus is refused."""

    def message(path, **options) -> str:
        with pytest.raises(InputError) as error:
            read_corpus(path, **options)
        return str(error.value)

    return message


# --- formats ---------------------------------------------------------------------------------------


def write_folder(folder, rows):
    folder.mkdir()
    lines = ["file,id,date,party"]
    for n, row in enumerate(rows):
        (folder / f"{n}.txt").write_bytes(row["text"].encode())
        lines.append(f"{n}.txt,{row['id']},{row['date']},{row['party']}")
    (folder / "metadata.csv").write_text("\n".join(lines))


def write_csv(file, rows):
    quoted = [[value.replace('"', '""') for value in row.values()] for row in rows]
    lines = ["\ufeff" + ",".join(rows[0]), *('"' + '","'.join(row) + '"' for row in quoted)]
    file.write_bytes("\r\n".join(lines).encode())


WRITERS = {
    "folder": write_folder,
    "c.csv": write_csv,
    "c.jsonl": lambda file, rows: file.write_text("\n\n".join(map(json.dumps, rows))),
    "c.parquet": lambda file, rows: parquet.write_table(pa.Table.from_pylist(rows), file),
}


@pytest.mark.parametrize("name", WRITERS)
def test_formats_give_the_same_corpus(tmp_path, name):
    """Every format: ids are text in order, texts unaltered but for NFC, metadata kept as text."""
    rows = [{"id": i, "text": t, "date": "2024-07", "party": "1.0"} for i, t in TEXTS.items()]
    WRITERS[name](tmp_path / name, rows)
    corpus = read_corpus(tmp_path / name)
    columns = ["id", "title", "source", "date", "date_precision", "language", "party"]
    assert corpus.documents[columns].to_numpy().tolist() == [
        [i, "", "(none)", "2024-07", "month", "", "1.0"] for i in ("007", "10", "7")
    ]
    assert list(corpus.texts) == [
        unicodedata.normalize("NFC", TEXTS[i]) for i in ("007", "10", "7")
    ]


def test_one_text_is_a_corpus_of_one(tmp_path):
    """A single .txt is a document named like the file."""
    (tmp_path / "007.txt").write_text("text")
    corpus = read_corpus(tmp_path / "007.txt")
    assert (corpus.documents["id"].tolist(), list(corpus.texts)) == (["007"], ["text"])


@pytest.mark.parametrize(
    ("metadata", "ids", "rejected"),
    [
        ({}, ["B", "a"], ["c.log"]),
        ({"metadata.csv": "id,file\nz,a.txt\n"}, ["z"], ["c.log", "B.TXT"]),
    ],
)
def test_texts_of_a_folder(folder_of, metadata, ids, rejected):
    """Without metadata.csv every .txt is a document; whatever else lies there is rejected by name."""
    corpus = read_corpus(folder_of("x", {"B.TXT": "y", "c.log": "z", **metadata}))
    assert corpus.documents["id"].tolist() == ids
    assert [where for where, _ in corpus.rejected] == rejected


def test_numbers_become_text(tmp_path):
    """Numbers of Parquet stand as text, and a missing one is empty."""
    table = pa.table({"id": [8, 7], "text": ["b", "a"], "date": [None, 2024]})
    parquet.write_table(table, tmp_path / "c.parquet")
    documents = read_corpus(tmp_path / "c.parquet").documents[["id", "date"]]
    assert documents.to_numpy().tolist() == [["7", "2024"], ["8", ""]]


@pytest.mark.parametrize("name", ["c.csv", "c.jsonl", "c.parquet"])
@pytest.mark.parametrize("column", ["id", "date", "text"])
def test_column_renamed(tmp_path, name, column):
    """An id, a date and the text are read from the column that is named for them."""
    row = {"id": "7", "date": "2024", "text": "race", "party": "A"}
    row = {"other" if key == column else key: value for key, value in row.items()}
    WRITERS[name](tmp_path / name, [row])
    corpus = read_corpus(tmp_path / name, columns={column: "other"})
    assert [*corpus.documents.loc[0, ["id", "date"]], *corpus.texts] == ["7", "2024", "race"]


def test_renamed_date_has_its_own_precision(tmp_path):
    """A date read from another column is as precise as that one."""
    (tmp_path / "c.csv").write_text("text,date,date_precision,year\nrace,2024-07,month,2023\n")
    documents = read_corpus(tmp_path / "c.csv", columns={"date": "year"}).documents
    assert documents[["date", "date_precision"]].to_numpy().tolist() == [["2023", "year"]]


def test_every_character_is_read_in_nfc():
    """Alone, after a letter and before an accent each character of Unicode comes out as in NFC."""
    every = map(chr, range(0x110000))
    signs = [sign for sign in every if unicodedata.category(sign) not in ("Cn", "Co", "Cs")]
    for before, after in [("", ""), ("e", ""), ("", "\u0301"), ("\u1100", "\u11a8")]:
        texts = [before + sign + after for sign in signs]
        expected = [unicodedata.normalize("NFC", text) for text in texts]
        content, arrays = prepared(texts)
        assert content == "".join(f"{text}\n" for text in expected).encode()
        assert arrays["characters"].tolist() == list(map(len, expected))


# --- mistakes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("none", None, f"no such corpus: 'none'; allowed: {KINDS}"),
        ("c.odt", b"x", f"unknown kind of corpus: 'c.odt'; allowed: {KINDS}"),
        ("c.parquet", b"x", "c.parquet: cannot be read as Parquet"),
        ("c.txt", b"...", "c.txt: the corpus is empty: no document holds a letter or a digit"),
        ("c.txt", b" \n", "c.txt: the corpus is empty: it holds no document; 1 rejected, first: c.txt: holds no text"),
        ("c.csv", b"id,text\n", "c.csv: the corpus is empty: it holds no document"),
        ("c.csv", b"id,body\na,b\n", "c.csv: column is missing: 'text'; allowed: id, body"),
        ("c.csv", b"id,id\na,b\n", "c.csv, line 1: column appears twice in the header: 'id'"),
        ("c.csv", b"text,date\na,NO\n", "c.csv: the corpus is empty: no document is left; 1 rejected, first: c.csv, line 2: date is not understood: 'NO'"),
        ("c.jsonl", b'{"id": "a", "body": "x"}', "c.jsonl: column is missing: 'text'; allowed: id, body"),
        ("c.csv", b"text,date\na,03/05/2024\n", "c.csv, line 2: 1 dates can be read two ways, the first: '03/05/2024'; allowed: set with the option --dates (in a notebook the parameter dates): day_first or month_first"),
    ],
)  # fmt: skip
def test_corpus_refused(tmp_path, monkeypatch, refusal, file, content, message):
    """What is no corpus at all is refused: where it stands, the value, what is allowed."""
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / file).write_bytes(content)
    assert refusal(file).startswith(message)


@pytest.mark.parametrize(
    ("file", "content", "where", "reason"),
    [
        ("c.csv", b"id,text\na,b\na,c\n", "line 3", "id appears twice (first in c.csv, line 2): 'a'"),
        ("c.csv", b"id,text\na,b\na,b\n", "line 3", "id appears twice (first in c.csv, line 2): 'a'"),
        ("c.csv", b"id,text\n ,b\nc,d\n", "line 2", "id is empty; allowed: a text that no other row has"),
        ("c.csv", b'id,text\n"whole corpus, by date",b\nc,d\n', "line 2", "id is reserved: 'whole corpus, by date'"),
        ("c.csv", b"id,text\na, \nc,d\n", "line 2", "text is blank"),
        ("c.csv", b"text,date\na,12.17.24\nb,\n", "line 2", "date is not understood: '12.17.24'; allowed: 2024-07-12, "),
        ("c.csv", b"text,date\na,2023-02-29\nb,\n", "line 2", "no such date (day "),
        ("c.csv", b"text,date,date_precision\na,2024,day\nb,,\n", "line 2", "date_precision does not fit the date '2024': 'day'; allowed: year"),
        ("c.csv", b"text,date,date_precision\na,,day\nb,,\n", "line 2", "date_precision does not fit the date '': 'day'; allowed: none, as there is no date"),
        ("c.csv", b"id,text\na,b\nc\n", "line 3", "row has 1 values; allowed: 2, as in the header"),
        ("c.csv", b"id,text\na,b\nid,text\n", "line 3", "is the header again"),
        ("c.csv", b'id,text\na,"b\nc,d\n', "line 2", "a quote is not closed, or is where none may be; what follows is read as rows"),
        ("c.jsonl", b'{"text": "x"}\n{oops', "line 2", "broken JSON (Expecting property name enclosed in double quotes): '{oops'"),
        ("c.jsonl", b'[1]\n{"text": "x"}', "line 1", "is not a JSON object: '[1]'"),
        ("c.jsonl", b'{"text": ["x"]}\n{"text": "x"}', "line 1", "text is nested JSON, not text"),
        ("c.jsonl", b'{"text": "x"}\n{"text": null}', "line 2", "text is blank"),
        ("c.jsonl", b'{"text": "x"}\n{"text": "\\ud800"}', "line 2", "text holds half a surrogate pair"),
    ],
)  # fmt: skip
def test_bad_row_is_rejected(tmp_path, file, content, where, reason):
    """A bad row costs itself: it is named with its line, its value and what is allowed."""
    (tmp_path / file).write_bytes(content)
    corpus = read_corpus(tmp_path / file)
    ((place, told),) = corpus.rejected
    assert (place, told[: len(reason)]) == (f"{file}, {where}", reason)
    assert len(corpus) == 1


def test_of_a_doubled_id_the_first_that_can_stays(tmp_path):
    """A row that is rejected for its date leaves its id to the next."""
    rows = "id,text,date\na,one,2023-02-30\na,two,2024\na,three,2024\n"
    (tmp_path / "c.csv").write_text(rows)
    corpus = read_corpus(tmp_path / "c.csv")
    assert list(corpus.texts) == ["two"]
    assert [where for where, _ in corpus.rejected] == ["c.csv, line 2", "c.csv, line 4"]


@pytest.mark.parametrize("column", ["id", "text"])
def test_bytes_that_are_no_text_are_rejected(tmp_path, column):
    """Parquet may call bytes a text that are no UTF-8: the row is rejected, the others are read."""
    offsets = np.array([0, 3, 6], dtype=np.int64).tobytes()
    broken = pa.Array.from_buffers(
        pa.large_string(), 2, [None, pa.py_buffer(offsets), pa.py_buffer(b"a\xffbfin")]
    )
    whole = pa.array(["a", "b"], pa.large_string())
    table = pa.table({name: broken if name == column else whole for name in ("id", "text")})
    parquet.write_table(table, tmp_path / "c.parquet")
    corpus = read_corpus(tmp_path / "c.parquet")
    assert len(corpus) == 1
    assert corpus.rejected == (
        ("c.parquet, row 1", f"{column} is not text: 'not UTF-8'; allowed: text or a number"),
    )


@pytest.mark.parametrize(
    ("values", "kept", "reason"),
    [
        (pa.array([["x"], None]), [], "text is not text: 'list<element: string>'"),
        (pa.array([{"a": 1}]), [], "text is not text: 'struct<a: int64>'"),
        (pa.array([b"bytes"]), [], "text is not text: 'binary'"),
        (pa.array(["a", None, " "]), ["a"], "text is blank"),
        (pa.array(["a", "b\x00c"]), ["a"], "text holds a NUL character"),
        (pa.array([7, 1000]), ["7", "1000"], ""),
        (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"], ""),
        (pa.array([2**62], pa.timestamp("us")), [], "text is not text: 'timestamp[us]'"),
    ],
)
def test_parquet_of_wrong_types(tmp_path, values, kept, reason):
    """Of Parquet a value that is no text costs its row; numbers and coded texts are read."""
    fine = pa.array(["fine"])
    for name, column in (("c", values), ("d", fine)):
        parquet.write_table(pa.table({"text": column}), tmp_path / f"{name}.parquet")
    if not kept:
        with pytest.raises(InputError, match=re.escape(reason)):
            read_corpus(tmp_path / "c.parquet")
        return
    corpus = read_corpus(tmp_path / "c.parquet")
    assert list(corpus.texts) == kept
    assert {told for _, told in corpus.rejected} == ({reason} if reason else set())


@pytest.mark.parametrize(("n", "rows_together"), [(20_000, 1000), (20_000, 20_000), (100, 100)])
def test_parquet_is_never_held_whole(tmp_path, n, rows_together):
    """Of 44 MB in many row groups or in one, in short rows or long, at most a half is in memory at once."""
    file = tmp_path / "corpus.parquet"
    texts = pa.table({"text": [f"{k:05} race " * (4_000_000 // n) for k in range(n)]})
    plain = {"compression": "none", "use_dictionary": False, "write_batch_size": 10}
    parquet.write_table(texts, file, rows_together, **plain)
    del texts
    before = pa.total_allocated_bytes()
    most = max(pa.total_allocated_bytes() for _ in parquet_batches(file))
    assert most - before < file.stat().st_size / 2


@pytest.mark.parametrize(
    ("old", "message"),
    [
        ("yaer", "c.csv: no such column to rename: 'yaer'; allowed: id, text, year"),
        (
            "year",
            "c.csv: the corpus is empty: no document is left; 1 rejected, first: c.csv, line 2: date is not understood: 'July'",
        ),
    ],
)
def test_renaming_refused(tmp_path, refusal, old, message):
    """An unknown column is named with those there are, and a renamed date is checked."""
    (tmp_path / "c.csv").write_text("id,text,year\na,b,July\n")
    assert refusal(tmp_path / "c.csv", columns={"date": old}).startswith(message)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("SHA256SUMS", "0" * 64 + "  a.txt", "line 1: text has changed: it does not have the checksum"),
        ("SHA256SUMS", "0" * 64 + "  b.txt", "line 1: text is missing: 'b.txt'"),
        ("SHA256SUMS", "0" * 64 + "  ../b.txt", "line 1: is not a checksum line: "),
        ("SHA256SUMS", "0" * 64 + " a.txt", "line 1: is not a checksum line: "),
        ("exclusions.yaml", f"{RULE}    line: x\n    repeated: true\n", "line 2: exactly one of these keys"),
        ("exclusions.yaml", f"{RULE}    line: x\n    to: y\n", "line "),
        ("exclusions.yaml", RULE, "line 2: exactly one of these keys is needed; allowed: line, repeated"),
        ("exclusions.yaml", f"{RULE}    sources: [s]\n    line: x\n", "line 2: exactly one of these keys"),
        ("exclusions.yaml", f"{RULE}    repeated: no\n", "line 5: is not known here: 'no'; allowed: true"),
        ("exclusions.yaml", f"{RULE}    lines: x\n", "line 5: unknown key (is 'line' meant?): 'lines'"),
    ],
)  # fmt: skip
def test_folder_refused(folder_of, refusal, file, content, message):
    """A mistake in a folder is named with file and line; a file name never leaves the folder."""
    folder = folder_of("x\ny", {file: content})
    (folder.parent / "b.txt").write_text("outside")
    assert refusal(folder).startswith(f"{file}, {message}")


@pytest.mark.parametrize("name", ["b.txt", "../b.txt", "/b.txt", "x/b.txt", "..", "."])
def test_a_missing_text_is_rejected(folder_of, name):
    """A row of metadata.csv whose text is not in the folder is rejected; no name leaves the folder."""
    folder = folder_of("x", {"metadata.csv": f"file\na.txt\n{name}\n"})
    (folder.parent / "b.txt").write_text("outside")
    corpus = read_corpus(folder)
    assert list(corpus.texts) == ["x"]
    assert corpus.rejected == (
        (
            "metadata.csv, line 3, column file",
            f"text is missing, or of a kind that is not read: '{name}'",
        ),
    )


def test_metadata_without_its_column_refused(folder_of, refusal):
    """metadata.csv needs the column `file`."""
    told = "metadata.csv: has no column 'file'; allowed: a column 'file'"
    assert refusal(folder_of("x", {"metadata.csv": "id\na\n"})) == told


def test_text_that_fits_its_checksum(folder_of):
    """A folder whose texts have their checksums is read."""
    sums = f"{hashlib.sha256(b'text').hexdigest()}  a.txt\n"
    assert list(read_corpus(folder_of("text", {"SHA256SUMS": sums})).texts) == ["text"]


# --- documents -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "iso", "precision"),
    [
        ("2024", "2024", "year"),
        ("2024-07", "2024-07", "month"),
        ("2024-02-29", "2024-02-29", "day"),
        ("", "", ""),
        ("July 12, 2024", "2024-07-12", "day"),
        ("2024年7月12日", "2024-07-12", "day"),
        ("13/05/2024", "2024-05-13", "day"),
        ("NA", "", ""),
    ],
)
@pytest.mark.parametrize("name", ["c.csv", "c.jsonl", "c.parquet", "folder"])
def test_date_is_as_precise_as_given(tmp_path, name, date, iso, precision):
    """Every format reads every form of a date, no more precise than it is given."""
    WRITERS[name](tmp_path / name, [{"id": "a", "date": f'"{date}"' if name == "folder" else date, "party": "", "text": "x"}])  # fmt: skip
    documents = read_corpus(tmp_path / name).documents
    assert documents.loc[0, ["date", "date_precision"]].tolist() == [iso, precision]


def test_forms_of_dates_are_remarked(tmp_path):
    """What is read otherwise than as ISO is said with an example."""
    (tmp_path / "c.csv").write_text('text,date\na,"July 12, 2024"\nb,NA\nc,2024\n')
    assert read_corpus(tmp_path / "c.csv").remarks == (
        ("dates", "1 dates read by month in words, day, as 'July 12, 2024' = 2024-07-12"),
        ("dates", "1 dates are words for a missing date, as 'NA'"),
    )


@pytest.mark.parametrize(
    ("order", "iso"), [("day_first", "2024-05-03"), ("month_first", "2024-03-05")]
)
def test_order_of_dates_is_said(tmp_path, order, iso):
    """03/05/2024 is read as the corpus's order says, which is kept apart in the cache."""
    (tmp_path / "c.csv").write_text("text,date\na,03/05/2024\n")
    assert read_corpus(tmp_path / "c.csv", dates=order).documents.loc[0, "date"] == iso


def test_encoding_is_declared(tmp_path, refusal):
    """A declared encoding is no guess; an unknown one is named."""
    (tmp_path / "c.txt").write_bytes("差距".encode("big5"))
    corpus = read_corpus(tmp_path / "c.txt", encoding="big5")
    assert list(corpus.texts) == ["差距"]
    assert not [where for where, _ in corpus.remarks if where == "c.txt"]
    assert refusal(tmp_path / "c.txt", encoding="utf9").startswith("no such encoding: 'utf9'")


def test_group_without_a_value(corpus_of):
    """Documents with an empty value form the group '(none)'."""
    assert corpus_of("x", "y", party=["", "A"]).groups("party").tolist() == ["(none)", "A"]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("Party", "column: 'Party'; allowed: id, source, date, date_precision, language, party"),
        ("party", "column 'party' holds the value 'all', which stands for every document"),
    ],
)
def test_group_refused(corpus_of, column, message):
    """An unknown group is named with the columns there are; the value 'all' is reserved."""
    with pytest.raises(InputError, match=message):
        corpus_of("x", party=["all"]).groups(column)


# --- exclusions ------------------------------------------------------------------------------------


def test_excluded_lines_of_the_five_texts(seeds):
    """17 lines are excluded, each by the rule that says so, and text[start:end] is the line."""
    texts = dict(zip(seeds.documents["id"], seeds.texts, strict=True))
    rows = list(seeds.excluded.itertuples(index=False))
    assert [texts[row.document][row.start : row.end] for row in rows] == [row.text for row in rows]
    assert [f"{row.line} {row.rule}" for row in rows] == [
        *("1 china-tech-site-name", "5 china-tech-doubled-title"),
        *("1 qubax-back-link", "2 qubax-reading-time", "8 qubax-image-caption"),
        *("60 qubax-tags-heading", "62 qubax-tags", "64 qubax-advert-question"),
        *(
            "66 qubax-advert-price",
            "68 qubax-advert-button",
            "70 qubax-related",
            "72 qubax-related",
        ),
        *("73 bjpir-footnotes", "74 bjpir-acknowledgements", "75 bjpir-acknowledgements"),
        *("76 bjpir-funding", "77 bjpir-funding"),
    ]


def test_texts_are_unaltered(seeds):
    """The texts are the bytes of the files; excluded lines stay in them."""
    files = [file.read_bytes().decode() for file in seeds.folder.glob("*.txt")]
    assert sorted(seeds.texts) == sorted(files)


@pytest.mark.parametrize(
    ("text", "matcher", "expected"),
    [
        ("tags #a\nkeep tags #a\n", "line: 'tags *'", [(1, 0, 7, "tags #a")]),
        ("End\n  end \nend.", "line: end", [(2, 4, 10, "end")]),
        ("t\n\nt\n\n t \nu", "repeated: true", [(3, 3, 4, "t"), (5, 6, 9, "t")]),
        ("x\nFrom\n\ny\nTo\nz", "from: F*\n    to: To", [(2, 2, 6, "From"), (4, 8, 9, "y")]),
        ("To\nFrom\nTo", "from: From\n    to: To", [(2, 3, 7, "From")]),
        ("x\nFrom\n\ny", "from: From", [(2, 2, 6, "From"), (4, 8, 9, "y")]),
        ("x\ny", "from: From\n    to: To", []),
        ("a\r\nb", "line: b", [(2, 3, 4, "b")]),
        ("a\n\nb", "line: '*'", [(1, 0, 1, "a"), (3, 3, 4, "b")]),
        ("caf\u00e9\nx", "line: cafe\u0301", [(1, 0, 4, "caf\u00e9")]),
    ],
)
def test_exclusion(folder_of, text, matcher, expected):
    """Each matcher excludes the lines it names, blank ones not counted, with their offsets."""
    rules = f"{RULE}    {matcher}\n  - id: s\n    why: w\n    sources: [(none)]\n    line: t\n"
    excluded = read_corpus(folder_of(text, {"exclusions.yaml": rules})).excluded
    first = excluded.loc[excluded["rule"] == "r", ["line", "start", "end", "text"]]
    assert list(first.itertuples(index=False, name=None)) == expected


def test_exclusions_beside_a_file(tmp_path):
    """A single file has its rules beside it, under its name; a change of them is noticed."""
    (tmp_path / "c.csv").write_text("id,text\na,one\n")
    for line, excluded in (("one", ["one"]), ("two", [])):
        (tmp_path / "c.exclusions.yaml").write_text(f"{RULE}    line: {line}\n")
        corpus = read_corpus(tmp_path / "c.csv")
        assert corpus.excluded["text"].tolist() == excluded
    assert unused_rules(corpus) == ["r"]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (f"{RULE}    from: x\n    to: To\n", "document a: rule 'r' finds its 'from' but no later line: 'To'"),
        (f"{RULE}    line: x\n{RULE[7:]}    line: y\n", "exclusions.yaml: rule id appears twice: 'r'"),
        (RULE.replace("[a]", "[b]") + "    line: x\n", "exclusions.yaml: rule 'r' names an unknown document: 'b'; allowed: a"),
    ],
)  # fmt: skip
def test_exclusion_that_does_not_fit(folder_of, refusal, rules, message):
    """A rule that the documents no longer fit is an error and not a silence."""
    assert refusal(folder_of("x\ny", {"exclusions.yaml": rules})) == message


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [("a*b*c", "a1b2c", True), ("a*b*c", "acb", False), ("ab*ba", "aba", False), ("*a*a*", "xa", False),
     ("*", "", True), ("a.c", "abc", False), ("#*#*", "#ai#china", True), ("a*" * 30 + "b", "a" * 200, False)],
)  # fmt: skip
def test_like(pattern, text, fits):
    """`*` stands for any characters, everything else for itself; long patterns cost nothing."""
    assert like(pattern, text) is fits


def test_a_row_without_a_renamed_column_has_it_empty(tmp_path):
    """A JSON row may lack a column that others have, renamed or not."""
    (tmp_path / "c.jsonl").write_text('{"text": "a", "year": 2024}\n{"text": "b"}')
    documents = read_corpus(tmp_path / "c.jsonl", columns={"date": "year"}).documents
    assert documents["date"].tolist() == ["2024", ""]


# --- other kinds -----------------------------------------------------------------------------------


@pytest.fixture
def mixed(tmp_path) -> Path:
    """A folder with a text, a page in a folder of its own, a picture and a link."""
    folder = tmp_path / "mixed"
    (folder / "web").mkdir(parents=True)
    (folder / "a.txt").write_bytes("Café and the race.".encode("cp1252"))
    (folder / "web" / "b.html").write_text("<html><body><p>The <b>gap</b> closes.</p><script>x()</script></body></html>")  # fmt: skip
    (folder / "c.png").write_bytes(b"\x89PNG")
    (folder / "d.md").symlink_to(folder / "a.txt")
    return folder


def test_a_mixed_folder_is_read(mixed):
    """Texts of every kind are documents; what is none is named with its reason; counts add up."""
    corpus = read_corpus(mixed)
    assert [text.strip() for text in corpus.texts] == ["Café and the race.", "The gap closes."]
    assert corpus.documents["id"].tolist() == ["a", "web/b"]
    reasons = dict(corpus.rejected)
    assert sorted(reasons) == ["c.png", "d.md"]
    assert "link" in reasons["d.md"]


def test_a_guessed_encoding_is_said(mixed):
    """Bytes that are no UTF-8 are read by a guess, and the guess is told."""
    told = dict(read_corpus(mixed).remarks)
    assert "1252" in told["a.txt"]


def test_what_is_rejected_is_kept_in_the_cache(mixed):
    """Read again from the cache, a corpus tells of the same rejections."""
    first = read_corpus(mixed)
    assert (read_corpus(mixed).rejected, read_corpus(mixed).remarks) == (first.rejected, first.remarks)  # fmt: skip


def test_a_zip_archive_is_read(tmp_path):
    """The texts of an archive are documents; a member that leads out of it is rejected."""
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("a.txt", "One race.")
        archive.writestr("../b.txt", "Out.")
    corpus = read_corpus(tmp_path / "c.zip")
    assert list(corpus.texts) == ["One race."]
    assert [reason for _, reason in corpus.rejected] == ["its name leads out of the archive"]


def test_packed_lines_are_read(tmp_path):
    """A broken line of packed JSON is rejected by its number, the others are documents."""
    lines = '{"id": "a", "text": "One.", "year": "2024"}\n{"id": \n{"id": "b", "text": "Two."}\n'
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    corpus = read_corpus(tmp_path / "c.jsonl.gz", columns={"date": "year"})
    assert corpus.documents["date"].tolist() == ["2024", ""]
    assert "line 2" in corpus.rejected[0][0]


def test_a_folder_in_which_all_is_rejected(tmp_path):
    """Nothing that is a document: the error names the first reason."""
    (tmp_path / "f" / "g").mkdir(parents=True)
    (tmp_path / "f" / "g" / "a.xyz").write_text("x")
    with pytest.raises(InputError, match=r"1 rejected, first: g/a\.xyz"):
        read_corpus(tmp_path / "f")


def test_dates_in_words_are_read_and_two_ways_are_asked_about(tmp_path):
    """12 July 2024 is a day; 03/05/2024 is refused with what it may mean."""
    rows = '{{"id": "a", "text": "One.", "date": "{}"}}\n'
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(rows.format("12 July 2024").encode()))
    assert read_corpus(tmp_path / "c.jsonl.gz").documents["date"].tolist() == ["2024-07-12"]
    (tmp_path / "d.jsonl.gz").write_bytes(gzip.compress(rows.format("03/05/2024").encode()))
    with pytest.raises(InputError, match="03/05/2024"):
        read_corpus(tmp_path / "d.jsonl.gz")


def test_rare_groups_stand_together(corpus_of, monkeypatch):
    """Of more values than can be groups the commonest are groups, the first by name among equals."""
    monkeypatch.setattr("analysis.corpus._MOST_GROUPS", 2)
    groups = corpus_of(*"wxyz", source=["c", "b", "c", "a"]).groups("source")
    assert groups.tolist() == ["c", "(others)", "c", "a"]
    assert "more than 2 values" in others_told(set(groups), "source")
