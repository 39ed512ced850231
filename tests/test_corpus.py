"""Corpora: read unaltered, metadata as text, every mistake named with its place."""

import hashlib
import json
import unicodedata

import pyarrow as pa
import pytest
from pyarrow import parquet

from analysis.corpus import date_precision, like, line_spans, read_corpus
from analysis.errors import InputError

TEXTS = {"7": "b", "007": ' "quoted", café\r\nline 2\n\n', "10": "naïve 人工智能 😀 "}
RULE = "rules:\n  - id: r\n    why: w\n    documents: [a]\n"


@pytest.fixture
def folder_of(tmp_path):
    """Make a corpus folder: `folder_of({"a.txt": "text", "metadata.csv": …})`."""

    def make(files: dict[str, str | bytes]):
        folder = tmp_path / "corpus"
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder

    return make


def excluded(folder) -> list[tuple]:
    """Line, start, end and text of every excluded line."""
    columns = ["line", "start", "end", "text"]
    return list(read_corpus(folder).excluded[columns].itertuples(index=False, name=None))


# --- formats ---------------------------------------------------------------------------------------


def write_corpus(folder, kind: str):
    """TEXTS as a corpus of one kind; returns its path."""
    rows = [{"id": i, "text": t, "date": "2024-07", "party": "A"} for i, t in TEXTS.items()]
    file = folder / f"corpus{kind}"
    if kind == ".csv":
        quoted = [[v.replace('"', '""') for v in row.values()] for row in rows]
        lines = ["id,text,date,party", *('"' + '","'.join(row) + '"' for row in quoted)]
        file.write_bytes("\n".join(lines).encode())
    elif kind == ".jsonl":
        file.write_text("\n\n".join(map(json.dumps, rows)), encoding="utf-8")
    elif kind == ".parquet":
        parquet.write_table(pa.Table.from_pylist(rows), file)
    else:
        file.mkdir()
        for number, row in enumerate(rows):
            (file / f"{number}.txt").write_bytes(row["text"].encode())
        lines = [f"{row['id']},{number}.txt,2024-07,A" for number, row in enumerate(rows)]
        (file / "metadata.csv").write_text("\n".join(["id,file,date,party", *lines]))
    return file


@pytest.mark.parametrize("kind", ["", ".csv", ".jsonl", ".parquet"])
def test_formats_give_the_same_corpus(tmp_path, kind):
    """Ids are text in their order, texts unaltered but for NFC, metadata as text, in every format."""
    corpus = read_corpus(write_corpus(tmp_path, kind))
    assert corpus.documents.to_dict("list") == {
        "id": ["007", "10", "7"],
        "title": [""] * 3,
        "source": ["(none)"] * 3,
        "date": ["2024-07"] * 3,
        "date_precision": ["month"] * 3,
        "language": [""] * 3,
        "party": ["A"] * 3,
    }
    assert corpus.texts == tuple(unicodedata.normalize("NFC", TEXTS[i]) for i in ("007", "10", "7"))


def test_one_text_is_a_corpus_of_one(tmp_path):
    """A single .txt is a document named like the file."""
    (tmp_path / "007.txt").write_text("text")
    corpus = read_corpus(tmp_path / "007.txt")
    assert (corpus.documents["id"].tolist(), corpus.texts, corpus.folder) == (
        ["007"],
        ("text",),
        None,
    )


def test_texts_without_metadata(folder_of):
    """A folder without metadata.csv holds every .txt under its name."""
    corpus = read_corpus(folder_of({"b.txt": "x", "a.txt": "y", "c.md": "z"}))
    assert (corpus.documents["id"].tolist(), corpus.texts) == (["a", "b"], ("y", "x"))


def test_unlisted_text_is_told(folder_of):
    """A text that metadata.csv does not list is no document, and is named."""
    folder = folder_of({"a.txt": "x", "b.txt": "y", "metadata.csv": "id,file\nz,a.txt\n"})
    corpus = read_corpus(folder)
    assert (corpus.documents["id"].tolist(), corpus.unlisted) == (["z"], ("b.txt",))


def test_numbers_become_text(tmp_path):
    """Numbers of Parquet stand as text, and a missing one is empty."""
    table = pa.table({"id": [8, 7], "text": ["b", "a"], "year": [None, 2024]})
    parquet.write_table(table, tmp_path / "c.parquet")
    corpus = read_corpus(tmp_path / "c.parquet", columns={"date": "year"})
    assert corpus.documents[["id", "date", "year"]].to_numpy().tolist() == [
        ["7", "2024", "2024"],
        ["8", "", ""],
    ]


@pytest.mark.parametrize(
    ("columns", "header"),
    [
        ({"date": "year"}, "id,text,year"),
        ({"id": "year"}, "text,year"),
        ({"text": "year"}, "id,year"),
    ],
)
def test_column_renamed(tmp_path, columns, header):
    """A column is read under the name that is asked for: a date, an id, the text."""
    (new,) = columns
    (tmp_path / "c.csv").write_text(f"{header}\n{','.join(['2024'] * len(header.split(',')))}\n")
    corpus = read_corpus(tmp_path / "c.csv", columns=columns)
    read = corpus.texts[0] if new == "text" else corpus.documents[new][0]
    assert read == "2024"


# --- mistakes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        ("", {}, "c.csv: the corpus is empty: it holds no document"),
        ("id,text\n", {}, "c.csv: the corpus is empty: it holds no document"),
        ("id,text\na,  \n", {}, "c.csv: the corpus is empty: no document holds any text"),
        ("id,body\na,b\n", {}, "c.csv: column is missing: 'text'; allowed: id, body"),
        ("id,text\na,b\na,c\n", {}, "c.csv, line 3: id stands twice (first in c.csv, line 2): 'a'"),
        ("id,text\n ,b\n", {}, "c.csv, line 2: id is empty; allowed: "),
        (
            "id,text,date\na,b,12.7.2024\n",
            {},
            "c.csv, line 2: date is not ISO: '12.7.2024'; allowed: an ISO date: 2024-07-12, 2024-07",
        ),
        (
            "id,text,date\na,b,2023-02-29\n",
            {},
            "c.csv, line 2: no such date: '2023-02-29'; allowed: ",
        ),
        (
            "id,text,date,date_precision\na,b,2024,day\n",
            {},
            "c.csv, line 2: date_precision does not fit the date '2024': 'day'; allowed: year",
        ),
        (
            "id,text,year\na,b,2024\n",
            {"date": "yaer"},
            "c.csv: no such column to rename: 'yaer'; allowed: id, year",
        ),
        ("id,text,y\na,b,July\n", {"date": "y"}, "c.csv, line 2: date is not ISO: 'July'"),
        ("id,text,id\na,b,c\n", {}, "c.csv, line 1: column stands twice in the header: 'id'"),
        ("id,text\na,b\nc\n", {}, "c.csv, line 3: row has 1 values; allowed: 2"),
    ],
)
def test_table_refused(tmp_path, content, columns, message):
    """A mistake in a table is named: where it stands, the value, what is allowed."""
    (tmp_path / "c.csv").write_text(content)
    with pytest.raises(InputError) as error:
        read_corpus(tmp_path / "c.csv", columns=columns)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{oops", "line 2: broken JSON: '{oops'"),
        ("[1]", "line 2: is no JSON object: '[1]'"),
        ('{"id": ["x"], "text": "y"}', "line 2, id: value is no text: 'list'; allowed: text or"),
        ('{"id": "b", "text": "\\ud800"}', "line 2"),
    ],
)
def test_jsonl_refused(tmp_path, line, message):
    """A line that is no object of texts is named; half a surrogate pair is no text."""
    (tmp_path / "c.jsonl").write_text('{"id": "a", "text": "x"}\n' + line)
    with pytest.raises(InputError) as error:
        read_corpus(tmp_path / "c.jsonl")
    assert str(error.value).startswith(f"c.jsonl, {message}")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none", None, "no such corpus: .*none'; allowed: a folder, or a file .txt, .csv, .jsonl"),
        ("c.pdf", b"x", "unknown kind of corpus: 'c.pdf'; allowed: .txt, .csv, .jsonl, .parquet"),
        ("c.parquet", b"x", "^c.parquet: cannot be read as Parquet"),
        (
            "c.txt",
            b"ok\nna\xefve",
            "^c.txt, line 2: is not UTF-8: byte 5: '0xef'; allowed: text in",
        ),
    ],
)
def test_file_refused(tmp_path, name, content, message):
    """A corpus that is not there, of no known kind or not readable is named."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_corpus(tmp_path / name)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "corpus: the corpus is empty: it holds no document"),
        ({"a.txt": b"ok\nna\xefve"}, "a.txt, line 2: is not UTF-8: byte 5: '0xef'"),
        ({"metadata.csv": "id\na\n"}, "metadata.csv, line 2: metadata.csv has no column 'file'"),
        (
            {"metadata.csv": "file\nb.txt\n"},
            "metadata.csv, line 2, column file: text is missing: 'b.txt'",
        ),
        *(
            (
                {"metadata.csv": f"file\n{name}\n"},
                f"metadata.csv, line 2, column file: is no plain file name: '{name}'; allowed: the name",
            )
            for name in ("../b.txt", "/b.txt", "x/b.txt", "..", ".")
        ),
        ({"SHA256SUMS": "0" * 64 + "  b.txt"}, "SHA256SUMS, line 1: text is missing: 'b.txt'"),
        ({"SHA256SUMS": "0" * 64 + " b.txt"}, "SHA256SUMS, line 1: is no checksum line: "),
        ({"SHA256SUMS": "0" * 64 + "  ../b.txt"}, "SHA256SUMS, line 1: is no checksum line: "),
    ],
)
def test_folder_refused(folder_of, files, message):
    """A mistake in a folder is named with file and line; a file name never leaves the folder."""
    folder = folder_of(files)
    (folder.parent / "b.txt").write_text("outside")
    with pytest.raises(InputError) as error:
        read_corpus(folder)
    assert str(error.value).startswith(message)


def test_changed_text_is_noticed(folder_of):
    """A text that fits its checksum is read; one changed byte is an error in that line."""
    sums = f"{hashlib.sha256(b'text').hexdigest()}  a.txt\n"
    folder = folder_of({"a.txt": "text", "SHA256SUMS": sums})
    assert len(read_corpus(folder)) == 1
    (folder / "a.txt").write_text("Text")
    with pytest.raises(
        InputError, match=r"^SHA256SUMS, line 1: text has changed.*: 'a.txt'; allowed"
    ):
        read_corpus(folder)


# --- documents -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "precision"), [("2024", "year"), ("2024-07", "month"), ("2024-02-29", "day"), ("", "")]
)
def test_date_is_as_precise_as_given(date, precision):
    """An ISO date tells its precision by its length."""
    assert date_precision(date, "here") == precision


@pytest.mark.parametrize(
    "date", ["24", "2024-7", "2024-13", "0000", "2024-07-12T10", "20240712", "٢٠٢٤"]
)
def test_date_is_never_guessed(date):
    """What is no ISO date of day, month or year is asked about."""
    with pytest.raises(InputError, match="allowed: an ISO date: 2024-07-12, 2024-07 or 2024"):
        date_precision(date, "here")


def test_group_without_a_value(corpus_of):
    """Documents with an empty value form the group '(none)'."""
    assert corpus_of("x", "y", party=["", "A"]).groups("party").tolist() == ["(none)", "A"]


def test_group_refused(corpus_of):
    """An unknown group is named with the columns there are; the value 'all' is reserved."""
    corpus = corpus_of("x", party=["all"])
    allowed = "allowed: id, source, date, date_precision, language, party"
    with pytest.raises(InputError, match=f"group is no metadata column: 'Party'; {allowed}"):
        corpus.groups("Party")
    with pytest.raises(InputError, match="column 'party' holds the value 'all'"):
        corpus.groups("party")


def test_fingerprint_tells_texts_and_exclusions(seeds, folder_of):
    """The same corpus read again has the same fingerprint, one without exclusions another."""
    again = read_corpus(seeds.folder)
    assert again.fingerprint == seeds.fingerprint != seeds.with_everything().fingerprint


@pytest.mark.parametrize(
    "newline", ["\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"]
)
def test_line_spans(newline):
    """Lines end at a newline of any kind, which belongs to none; a blank line is a line."""
    spans = line_spans(f"ab{newline}{newline}c")
    n = len(newline)
    assert spans == [(0, 2), (2 + n, 2 + n), (2 + 2 * n, 3 + 2 * n)]


# --- exclusions ------------------------------------------------------------------------------------


def test_excluded_lines_of_the_five_texts(seeds):
    """17 lines are excluded, each by the rule that says so."""
    lines = seeds.excluded.groupby(["document", "rule"], sort=False)["line"].agg(list)
    assert {f"{document} {rule}": n for (document, rule), n in lines.items()} == {
        "china-tech-2025 china-tech-site-name": [1],
        "china-tech-2025 china-tech-doubled-title": [5],
        "qubax-2026 qubax-back-link": [1],
        "qubax-2026 qubax-reading-time": [2],
        "qubax-2026 qubax-image-caption": [8],
        "qubax-2026 qubax-tags-heading": [60],
        "qubax-2026 qubax-tags": [62],
        "qubax-2026 qubax-advert-question": [64],
        "qubax-2026 qubax-advert-price": [66],
        "qubax-2026 qubax-advert-button": [68],
        "qubax-2026 qubax-related": [70, 72],
        "zeng-2025 bjpir-footnotes": [73],
        "zeng-2025 bjpir-acknowledgements": [74, 75],
        "zeng-2025 bjpir-funding": [76, 77],
    }


def test_offsets_of_excluded_lines(seeds):
    """text[start:end] is the excluded line."""
    texts = dict(zip(seeds.documents["id"], seeds.texts, strict=True))
    rows = seeds.excluded[["document", "start", "end", "text"]].itertuples(index=False)
    assert [texts[d][start:end] for d, start, end, _ in rows] == seeds.excluded["text"].tolist()


def test_texts_are_unaltered(seeds):
    """The texts are the bytes of the files; excluded lines stay in them."""
    files = sorted((seeds.folder / "").glob("*.txt"))
    assert sorted(seeds.texts) == sorted(file.read_bytes().decode() for file in files)


@pytest.mark.parametrize(
    ("text", "matcher", "expected"),
    [
        ("tags #a\nkeep tags #a\n", "line: 'tags *'", [(1, 0, 7, "tags #a")]),
        ("x\n  end \nend.", "line: end", [(2, 2, 8, "end")]),
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
    folder = folder_of({"a.txt": text, "exclusions.yaml": f"{RULE}    {matcher}\n"})
    assert excluded(folder) == expected


def test_first_rule_that_hits_counts(folder_of):
    """A line that two rules exclude is counted once, for the first."""
    second = "  - id: s\n    why: w\n    sources: [(none)]\n    line: x\n"
    folder = folder_of({"a.txt": "x", "exclusions.yaml": f"{RULE}    line: '*'\n{second}"})
    assert read_corpus(folder).excluded["rule"].tolist() == ["r"]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            f"{RULE}    from: x\n    to: To\n",
            "document a: rule 'r' finds its 'from' but no later line: 'To'",
        ),
        (
            f"{RULE}    line: x\n    repeated: true\n",
            "exclusions.yaml, line 2: exactly one of these keys",
        ),
        (f"{RULE}    line: x\n    to: y\n", "exclusions.yaml, line "),
        (
            RULE,
            "exclusions.yaml, line 2: exactly one of these keys is needed; allowed: line, repeated",
        ),
        (
            f"{RULE}    sources: [s]\n    line: x\n",
            "exclusions.yaml, line 2: exactly one of these keys",
        ),
        (
            f"{RULE}    repeated: no\n",
            "exclusions.yaml, line 5: is not known here: 'no'; allowed: true",
        ),
        (
            f"{RULE}    lines: x\n",
            "exclusions.yaml, line 5: unknown key (is 'line' meant?): 'lines'",
        ),
        (
            f"{RULE}    line: x\n{RULE[7:]}    line: y\n",
            "exclusions.yaml: rule id stands twice: 'r'",
        ),
        (
            RULE.replace("[a]", "[b]") + "    line: x\n",
            "exclusions.yaml: rule 'r' names an unknown document: 'b'; allowed: a",
        ),
    ],
)
def test_exclusion_refused(folder_of, rules, message):
    """A rule that is wrong, or that a document no longer fits, is an error and not a silence."""
    with pytest.raises(InputError) as error:
        read_corpus(folder_of({"a.txt": "x\ny", "exclusions.yaml": rules}))
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("a*b*c", "a1b2c", True),
        ("a*b*c", "acb", False),
        ("ab*ba", "aba", False),
        ("*a*a*", "xa", False),
        ("*", "", True),
        ("a.c", "abc", False),
        ("#*#*", "#ai#china", True),
        ("a*" * 30 + "b", "a" * 200, False),
    ],
)
def test_like(pattern, text, fits):
    """`*` stands for any characters, everything else for itself; long patterns cost nothing."""
    assert like(pattern, text) is fits
