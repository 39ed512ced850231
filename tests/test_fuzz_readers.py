"""Whatever bytes are given: a result, a rejection or an InputError, never a traceback or a hang."""

import gzip
import io
import os
import tempfile
import zipfile
from datetime import date
from pathlib import Path

import pytest

pytest.importorskip("hypothesis")
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made import FACTIVA, FACTIVA_TABLE, NEXIS, PAGE, UNI, docx_of, pdf_of

from analysis.errors import InputError
from analysis.reading.dates import _PRECISIONS, _read_date, read_dates
from analysis.reading.encodings import decoded
from analysis.reading.exports import articles, layout
from analysis.reading.formats import LARGEST, extracted
from analysis.reading.readers import read_path
from analysis.reading.references import joined, references
from analysis.reading.rows import Rejected, Remark, Row

for library in ("bibtexparser", "docx", "lxml", "pypdfium2", "striprtf", "trafilatura"):
    pytest.importorskip(library)

QUICK = settings(max_examples=60, deadline=2_000, derandomize=True, database=None)
ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-32-be",
    "gb18030",
    "big5",
    "cp1252",
    "koi8-r",
    "shift_jis",
)
TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=60)
BYTES = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda text, name: text.encode(name, "ignore"), TEXT, st.sampled_from(ENCODINGS)),
    st.builds(lambda one, other: one.encode("gb18030") + other.encode(), TEXT, TEXT),
)
DATED = st.one_of(
    TEXT,
    st.from_regex(r"\A[0-9]{1,4}[-/. ][0-9A-Za-z]{1,9}[-/., ]{1,2}[0-9]{0,4}\Z"),
    st.from_regex(r"\A[0-9一二三四五六七八九十〇]{0,5}年[0-9十二]{0,3}月?[0-9三十]{0,3}日?\Z"),
)
MEMBERS = {
    ".html": PAGE.encode(),
    ".docx": docx_of("A text."),
    ".pdf": pdf_of(["A text."]),
    ".rtf": rb"{\rtf1\ansi It\'92s \u20154? {\b x}\par}",
    ".txt": NEXIS.encode(),
    ".md": "# 人工智能".encode("utf-16"),
}


def safe(item) -> bool:
    """Whether an item found is a row of texts, or says where and why on one safe line."""
    if isinstance(item, Row):
        return all(
            isinstance(text, str) for text in (item.text, *item.metadata, *item.metadata.values())
        )
    told = item.reason if isinstance(item, Rejected) else item.note
    return isinstance(item, (Rejected, Remark)) and told.isprintable() and item.where.isprintable()


def read_all(name: str, content: bytes, **options) -> list:
    """Everything found in a file of this name, or nothing where it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(content)
        try:
            return list(read_path(file, **options))
        except InputError as error:
            return [Rejected(name, str(error))]


@QUICK
@given(BYTES, st.sampled_from(["", "utf-8", "gb18030", "utf-16-le", "no such"]))
def test_bytes_are_text_or_refused(content, encoding):
    """Decoded text encodes to the very bytes again, so nothing was replaced or lost."""
    try:
        found = decoded(content, where="f", encoding=encoding)
    except InputError:
        return
    again = found.text.encode(found.encoding)
    assert content.endswith(again)
    assert len(content) - len(again) in (0, 2, 3, 4)


@QUICK
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00\x1b~"), max_size=80))
def test_utf8_is_never_guessed(text):
    """Text in UTF-8 comes back as it was, whatever it holds."""
    assert decoded(text.encode(), where="f").text == text.removeprefix("\ufeff")


@QUICK
@given(DATED, st.sampled_from(["", "day_first", "month_first"]))
@example("13/05/2024", "")
@example("9999-12-31", "")
def test_dates_are_iso_or_refused(text, order):
    """A date that is read is a day that was, in ISO, as precise as it says."""
    try:
        found = _read_date(text, order=order)
    except InputError:
        return
    if found.iso:
        assert len(found.iso) == {"year": 4, "month": 7, "day": 10}[found.precision]
        assert date.fromisoformat((found.iso + "-01-01")[:10])
    assert found.precision in ("", *_PRECISIONS)


@QUICK
@given(st.lists(DATED, max_size=8))
def test_every_date_is_accounted_for(texts):
    """Each date of a corpus is read or rejected, unless the corpus is asked about."""
    try:
        found = read_dates(texts)
    except InputError:
        return
    dates = [found.different[place] for place in found.which]
    assert len(dates) == len(texts)
    assert sum(each is None for each in dates) == len(found.rejected)


@QUICK
@given(st.sampled_from(sorted(LARGEST)), BYTES, st.booleans())
def test_formats(kind, content, marked):
    """Bytes of any kind, with its mark or without, give a text or are refused."""
    marks = {".pdf": b"%PDF-1.7\n", ".rtf": b"{\\rtf1 ", ".html": b"<p>", ".docx": b"PK\x03\x04"}
    try:
        found = extracted(marks.get(kind, b"") * marked + content, kind, where="f")
    except InputError:
        return
    found.text.encode()


@QUICK
@given(st.sampled_from(sorted(MEMBERS)), st.data())
def test_damaged_files(kind, data):
    """A good file with some bytes changed, or cut, gives rows or is rejected."""
    content = bytearray(MEMBERS[kind])
    for _ in range(data.draw(st.integers(0, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    assert all(
        map(
            safe,
            read_all(f"f{kind}", bytes(content[:cut] if data.draw(st.booleans()) else content)),
        )
    )


@QUICK
@given(
    st.sampled_from(["c.csv", "c.jsonl", "c.csv.gz", "c.jsonl.gz"]),
    st.lists(
        st.one_of(
            BYTES,
            st.sampled_from(
                [b'"', b",", b"\n", b'{"text": "a"}', b"[[", b"\x00", b'a,"b\nc"', b"1,2"]
            ),
        ),
        max_size=8,
    ),
)
def test_tables(name, parts):
    """Any bytes under a header give rows of texts and safe rejections."""
    content = (b"id,text\n" if "csv" in name else b'{"text": "a"}\n') + b"\n".join(parts)
    found = read_all(name, gzip.compress(content) if name.endswith("gz") else content)
    assert all(map(safe, found))


@QUICK
@given(
    st.dictionaries(
        st.one_of(
            TEXT.filter(bool),
            st.sampled_from(["a.txt", "../b.md", "m.json", "metadata.csv", "c/d.html"]),
        ),
        BYTES,
        max_size=5,
    )
)
def test_archives(files):
    """Archives of any names and contents give rows and safe rejections, and write nothing."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("\x00", "") or "x", content)
    before = sorted(os.listdir("."))
    assert all(map(safe, read_all("c.zip", file.getvalue())))
    assert sorted(os.listdir(".")) == before


@QUICK
@given(st.data())
def test_damaged_archives(data):
    """An archive with some bytes changed gives rows and safe rejections."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "some text " * 20)
        archive.writestr("b/c.md", "more")
    content = bytearray(file.getvalue())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert all(map(safe, read_all("c.zip", bytes(content))))


LINES = st.sampled_from(
    [line for text in (NEXIS, UNI, FACTIVA, FACTIVA_TABLE) for line in text.split("\n")]
)


@QUICK
@given(st.lists(st.one_of(LINES, TEXT), max_size=60))
def test_exports(lines):
    """Lines of the layouts in any order give articles and safe rejections, or no export."""
    text = "\n".join(lines)
    if layout(text):
        assert all(map(safe, articles(text, name="f")))


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "title",
                    "issued",
                    "date-parts",
                    "items",
                    "data",
                    "attachments",
                    "path",
                    "author",
                    "id",
                    "raw",
                ]
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=12,
)


@QUICK
@given(JSON)
def test_bibliographies(top):
    """Any JSON gives references of texts, rejections or an InputError."""
    import json

    try:
        found = references(json.dumps(top), ".json", name="f")
    except InputError:
        return
    owners, problems = joined(found, ["a.txt", "b/a.pdf"])
    assert all(
        isinstance(value, str) for item in owners.values() for value in item.metadata.values()
    )
    assert all(map(safe, problems))


@QUICK
@given(
    st.lists(
        st.one_of(
            TEXT,
            st.sampled_from(["@article{", "@string{", "}", "{", '"', "=", ",", "a", "\n", "@"]),
        ),
        max_size=20,
    )
)
def test_bibtex(parts):
    """Any text gives references, rejections or an InputError."""
    try:
        found = references("".join(parts), ".bib", name="f")
    except InputError:
        return
    assert all(map(safe, joined(found, ["a.txt"])[1]))
