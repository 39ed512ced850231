"""Corpora: read unaltered, metadata as text, every mistake named with its place."""

import gzip
import hashlib
import json
import unicodedata
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from analysis.corpus import date_precision, read_corpus
from analysis.errors import InputError
from analysis.reading.exclusions import like
from analysis.store.texts import in_nfc

TEXTS = {"7": "b", "007": ' "quoted", café\r\nline 2\n\n', "10": "cafe\u0301 人工智能 😀 "}
RULE = "rules:\n  - id: r\n    why: w\n    documents: [a]\n"
DATES = "an ISO date: 2024-07-12, 2024-07 or 2024"


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
    ("metadata", "ids", "unlisted"),
    [
        ({}, ["B", "a"], ("c.log",)),
        ({"metadata.csv": "id,file\nz,a.txt\n"}, ["z"], ("B.TXT", "c.log")),
    ],
)
def test_texts_of_a_folder(folder_of, metadata, ids, unlisted):
    """Without metadata.csv every .txt is a document; whatever else lies there is told."""
    corpus = read_corpus(folder_of("x", {"B.TXT": "y", "c.log": "z", **metadata}))
    assert (corpus.documents["id"].tolist(), corpus.unlisted) == (ids, unlisted)


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
    """Alone, after a letter and before an accent each character of Unicode comes out as in NFC,
    those that are passed over because they cannot change too."""
    every = map(chr, range(0x110000))
    signs = [sign for sign in every if unicodedata.category(sign) not in ("Cn", "Co", "Cs")]
    for before, after in [("", ""), ("e", ""), ("", "\u0301"), ("\u1100", "\u11a8")]:
        texts = [before + sign + after for sign in signs]
        expected = [unicodedata.normalize("NFC", text) for text in texts]
        assert in_nfc(pa.array(texts, pa.large_string())).to_pylist() == expected


# --- mistakes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("none", None, "no such corpus: 'none'; allowed: a folder, or a file .txt, .csv, .jsonl, .parquet, .zip, .csv.gz, .jsonl.gz, .md, .html, .htm, .docx, .pdf, .rtf"),
        ("c.odt", b"x", "unknown kind of corpus: 'c.odt'; allowed: a folder, or a file .txt, .csv, .jsonl, .parquet, .zip, .csv.gz, .jsonl.gz, .md, .html, .htm, .docx, .pdf, .rtf"),
        ("c.parquet", b"x", "c.parquet: cannot be read as Parquet"),
        ("c.txt", b"ok\nna\xefve", "c.txt, line 2: is not UTF-8: byte 5: '0xef'; allowed: text in UTF-8"),
        ("c.txt", b" \n", "c.txt: the corpus is empty: no document holds a letter or a digit"),
        ("c.csv", b"id,text\n", "c.csv: the corpus is empty: it holds no document"),
        ("c.csv", b"id,body\na,b\n", "c.csv: column is missing: 'text'; allowed: id, body"),
        ("c.csv", b"id,text\na,b\na,c\n", "c.csv, line 3: id stands twice (first in c.csv, line 2): 'a'"),
        ("c.csv", b"id,text\n ,b\n", "c.csv, line 2: id is empty; allowed: a text that no other row has"),
        ("c.csv", b"text,date\na,12.7.2024\n", f"c.csv, line 2: date is not ISO: '12.7.2024'; allowed: {DATES}"),
        ("c.csv", b"text,date\na,2023-02-29\n", f"c.csv, line 2: no such date: '2023-02-29'; allowed: {DATES}"),
        ("c.csv", b"text,date,date_precision\na,2024,day\n", "c.csv, line 2: date_precision does not fit the date '2024': 'day'; allowed: year"),
        ("c.csv", b"id,text\na,b\nc\n", "c.csv, line 3: row has 1 values; allowed: 2, as in the header"),
        ("c.jsonl", b'{"text": "x"}\n{oops', "c.jsonl, line 2: broken JSON (Expecting property name enclosed in double quotes): '{oops'"),
        ("c.jsonl", b'{"id": "a", "body": "x"}', "c.jsonl: column is missing: 'text'; allowed: body, id"),
        ("c.jsonl", b"[1]", "c.jsonl, line 1: is no JSON object: '[1]'"),
        ("c.jsonl", b'{"text": ["x"]}', "c.jsonl, line 1, text: value is no text: 'list'; allowed: text or a number"),
    ],
)  # fmt: skip
def test_corpus_refused(tmp_path, monkeypatch, refusal, file, content, message):
    """A mistake in a corpus is named: where it stands, the value, what is allowed."""
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / file).write_bytes(content)
    assert refusal(file) == message


@pytest.mark.parametrize("column", ["id", "text"])
def test_bytes_that_are_no_text_refused(tmp_path, refusal, column):
    """Parquet may call bytes a text that are no UTF-8: refused with file and row, like a .txt."""
    offsets, content = pa.py_buffer(bytes(8) + (3).to_bytes(8, "little")), pa.py_buffer(b"a\xffb")
    broken = pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, content])
    whole = pa.array(["a"], pa.large_string())
    table = pa.table({name: broken if name == column else whole for name in ("id", "text")})
    parquet.write_table(table, tmp_path / "c.parquet")
    assert refusal(tmp_path / "c.parquet").startswith("c.parquet")


def test_half_a_surrogate_pair_refused(tmp_path, refusal):
    """What JSON can write and UTF-8 cannot is no text."""
    (tmp_path / "c.jsonl").write_text('{"text": "\\ud800"}')
    assert refusal(tmp_path / "c.jsonl").startswith("c.jsonl, line 1")


@pytest.mark.parametrize(
    ("old", "message"),
    [
        ("yaer", "c.csv: no such column to rename: 'yaer'; allowed: id, text, year"),
        ("year", f"c.csv, line 2: date is not ISO: 'July'; allowed: {DATES}"),
    ],
)
def test_renaming_refused(tmp_path, refusal, old, message):
    """An unknown column is named with those there are, and a renamed date is checked."""
    (tmp_path / "c.csv").write_text("id,text,year\na,b,July\n")
    assert refusal(tmp_path / "c.csv", columns={"date": old}) == message


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("metadata.csv", "id\na\n", "line 2: metadata.csv has no column 'file'"),
        ("metadata.csv", "file\nb.txt\n", "line 2, column file: text is missing: 'b.txt'"),
        *(("metadata.csv", f"file\n{name}\n", f"line 2, column file: is no plain file name: '{name}'; allowed: the")
          for name in ("../b.txt", "/b.txt", "x/b.txt", "..", ".")),
        ("SHA256SUMS", "0" * 64 + "  a.txt", "line 1: text has changed: it does not have the checksum"),
        ("SHA256SUMS", "0" * 64 + "  b.txt", "line 1: text is missing: 'b.txt'"),
        ("SHA256SUMS", "0" * 64 + "  ../b.txt", "line 1: is no checksum line: "),
        ("SHA256SUMS", "0" * 64 + " a.txt", "line 1: is no checksum line: "),
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


def test_text_that_fits_its_checksum(folder_of):
    """A folder whose texts have their checksums is read."""
    sums = f"{hashlib.sha256(b'text').hexdigest()}  a.txt\n"
    assert list(read_corpus(folder_of("text", {"SHA256SUMS": sums})).texts) == ["text"]


# --- documents -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "precision"), [("2024", "year"), ("2024-07", "month"), ("2024-02-29", "day"), ("", "")]
)
def test_date_is_as_precise_as_given(date, precision):
    """An ISO date tells its precision by its length."""
    assert date_precision(date, "here") == precision


@pytest.mark.parametrize(
    "date", ["24", "2024-7", "2024-13", "0000", "20240712", "2024-W28", "٢٠٢٤"]
)
def test_date_is_never_guessed(date):
    """What is no ISO date of day, month or year is asked about."""
    with pytest.raises(InputError, match=f"allowed: {DATES}"):
        date_precision(date, "here")


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


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (f"{RULE}    from: x\n    to: To\n", "document a: rule 'r' finds its 'from' but no later line: 'To'"),
        (f"{RULE}    line: x\n{RULE[7:]}    line: y\n", "exclusions.yaml: rule id stands twice: 'r'"),
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
