"""The text in one file of any kind: what was done is said, what is broken or too large is refused."""

import importlib
import io
import zipfile

import pytest
from made import PAGE, PARAGRAPHS, docx_of, docx_of_xml, pdf_of

from analysis.errors import InputError
from analysis.reading import formats
from analysis.reading.formats import extracted

pytest.importorskip("docx")
pytest.importorskip("trafilatura")
pytest.importorskip("pypdfium2")
pytest.importorskip("striprtf")


def refusal(content: bytes, kind: str) -> str:
    with pytest.raises(InputError) as error:
        extracted(content, kind, where="a")
    return str(error.value)


@pytest.mark.parametrize("kind", [".txt", ".md"])
def test_plain_text_is_unaltered(kind):
    """Plain text and Markdown stay as they are, markup included."""
    text = "# Title\r\n\r\n*race*  <b>x</b>\n"
    assert (extracted(text.encode(), kind, where="a").text,) == (text,)


def test_encoding_of_plain_text_is_said():
    """A guess is a note."""
    assert extracted("naïve".encode("cp1252"), ".txt", where="a").notes == (
        "read as cp1252 (guessed)",
    )


def test_article_of_a_page():
    """Of a web page the article is taken, with title and date as its head declares them."""
    found = extracted(PAGE.encode(), ".html", where="a")
    assert found.text.split("\n") == ["The race", *PARAGRAPHS]
    assert found.metadata == {"title": "The race & the gap", "date": "2024-07-12T10:00:00Z"}
    assert found.notes == ("article taken from the page, 93% of its text",)


def test_page_without_an_article():
    """Where no article is found all seen text is taken, a line for each block, and it is said."""
    found = extracted(
        b"<div>One <b>bold</b> word</div><script>no()</script>two<br>three", ".html", where="a"
    )
    assert found.text == "One bold word\ntwo\nthree"
    assert found.notes == ("no article found: all text of the page",)


def test_share_of_a_page_is_said():
    """Where an article is a small part of a page's text, the note says how small."""
    page = PAGE.replace("<footer>", "<footer>" + "Subscribe to our letter. " * 90)
    assert extracted(page.encode(), ".html", where="a").notes == (
        "article taken from the page, 12% of its text",
    )


def test_page_of_tables():
    """Where what is found is hardly any of the text, all of it is taken."""
    page = b"<table><tr><td>cell</td></tr></table>" * 200
    found = extracted(page, ".html", where="a")
    assert found.text.count("cell") == 200
    assert found.notes == ("no article found: all text of the page",)


def test_page_of_many_tags_is_taken_whole(monkeypatch):
    """A page of very many tags is not searched for an article."""
    monkeypatch.setattr(formats, "_MAX_TAGS", 10)
    assert "All rights reserved" in extracted(PAGE.encode(), ".html", where="a").text


@pytest.mark.parametrize(
    ("declared", "encoding", "notes"),
    [
        ("gb2312", "gb18030", ()),
        ("iso-8859-1", "cp1252", ()),
        (
            "utf-8",
            "cp1252",
            ("is not in the encoding it declares (utf-8)", "read as cp1252 (guessed)"),
        ),
    ],
)
def test_page_is_read_as_it_declares(declared, encoding, notes):
    """A page is read in the encoding of its head, as browsers take it; a wrong one is said."""
    word = "“café”" if encoding == "cp1252" else "“人工智能”"
    page = f"<meta charset='{declared}'><p>{word}</p>".encode(encoding)
    found = extracted(page, ".html", where="a")
    assert word in found.text
    assert found.notes[:-1] == notes


def test_word_document():
    """Paragraphs and tables in their order, a line each."""
    text = extracted(docx_of("The “race”.", "人工智能"), ".docx", where="a").text
    assert text == "The “race”.\n人工智能\nleft\tright"


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*content: str) -> str:
    return f"<w:p>{''.join(content)}</w:p>"


def cell(*content: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{''.join(content)}</w:tc>"


def table(*rows: str) -> str:
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


WORDS = paragraph(run("words"))
BOX = f"<w:txbxContent>{paragraph(run('in a box'))}</w:txbxContent>"
FIELD = "<w:r><w:fldChar w:fldCharType='{}'/></w:r>"
DELETED = "<w:del w:id='1' w:author='a'><w:r><w:delText>deleted </w:delText></w:r></w:del>"
MOVED = f"<w:moveFrom w:id='2' w:author='a'>{run('moved away ')}</w:moveFrom>"
VERTICAL, FURTHER = "<w:vMerge w:val='restart'/>", "<w:vMerge/>"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (paragraph(run("a "), f"<w:ins w:id='1' w:author='a'>{run('new ')}</w:ins>", run("b")), "a new b"),
        (paragraph(run("a "), DELETED, MOVED, run("b")), "a b"),
        (paragraph(run("a "), f"<w:moveTo w:id='3' w:author='a'>{run('here ')}</w:moveTo>", run("b")), "a here b"),
        (f"<w:ins w:id='1' w:author='a'>{WORDS}</w:ins>{WORDS}", "words\nwords"),
        (f"<w:p><w:pPr><w:rPr><w:del w:id='4' w:author='a'/></w:rPr></w:pPr>{run('no end, ')}</w:p>{WORDS}", "no end, words"),
        (paragraph(f"<w:smartTag w:uri='u' w:element='e'>{run('London')}</w:smartTag>", run(" calls")), "London calls"),
        (f"<w:sdt><w:sdtPr/><w:sdtContent>{WORDS}</w:sdtContent></w:sdt>", "words"),
        (paragraph(run("a "), f"<w:sdt><w:sdtContent>{run('name')}</w:sdtContent></w:sdt>"), "a name"),
        (paragraph(f"<w:hyperlink>{run('a link')}</w:hyperlink>"), "a link"),
        (paragraph(f"<w:fldSimple w:instr='PAGE'>{run('12')}</w:fldSimple>"), "12"),
        (paragraph(FIELD.format("begin"), "<w:r><w:instrText>HYPERLINK x</w:instrText></w:r>",
                   FIELD.format("separate"), run("shown"), FIELD.format("end")), "shown"),
        (paragraph(run("a"), "<w:r><w:tab/></w:r>", run("b"), "<w:r><w:br/></w:r>", run("c")), "a\tb\nc"),
        (paragraph("<w:r><w:ruby><w:rt><w:r><w:t>jing</w:t></w:r></w:rt><w:rubyBase>", run("竞"), "</w:rubyBase></w:ruby></w:r>"), "竞"),
        (paragraph(run("a"), "<w:r><x:thing><x:t>no word</x:t></x:thing></w:r>"), "a"),
        (table(cell(paragraph(run("wide")), properties="<w:gridSpan w:val='3'/>"), cell(WORDS) * 2), "wide\nwords\twords"),
        (table(cell(paragraph(run("tall")), properties=VERTICAL) + cell(WORDS), cell(paragraph(), properties=FURTHER) + cell(WORDS)), "tall\twords\n\twords"),
        (table(cell(WORDS, table(cell(paragraph(run("nested"))) + cell(WORDS)), paragraph())), "words nested words "),
        (table(f"<w:trPr><w:del w:id='5' w:author='a'/></w:trPr>{cell(WORDS)}", cell(paragraph(run("kept")))), "kept"),
        (f"<w:tbl><w:sdt><w:sdtContent><w:tr>{cell(WORDS)}</w:tr></w:sdtContent></w:sdt></w:tbl>", "words"),
        (paragraph(run("before "), f"<w:r><mc:AlternateContent><mc:Choice Requires='wps'><wps:txbx>{BOX}</wps:txbx></mc:Choice><mc:Fallback><w:pict><v:textbox>{BOX}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>", run("after")), "before after\nin a box"),
        (paragraph(run("a"), f"<w:r><w:pict><v:textbox>{BOX}</v:textbox></w:pict></w:r>"), "a\nin a box"),
    ],
)  # fmt: skip
def test_word_document_loses_and_repeats_nothing(body, text):
    """Tracked changes accepted; tags, controls, fields, links, boxes and nested tables in; each once."""
    assert extracted(docx_of_xml(body + WORDS), ".docx", where="a").text == f"{text}\nwords"


def test_notes_of_a_word_document_are_counted():
    """Footnotes and endnotes are left out, and it is said how many."""
    notes = "<w:r><w:footnoteReference w:id='2'/></w:r><w:r><w:endnoteReference w:id='2'/></w:r>"
    found = extracted(docx_of_xml(paragraph(run("a"), notes)), ".docx", where="a")
    assert found.text == "a"
    assert found.notes == (
        "text of a Word document, without headers; 2 footnotes and endnotes left out",
    )


def test_page_in_utf8_is_read_as_utf8():
    """Valid UTF-8 is read as UTF-8 whatever the page declares, and a wrong declaration is said."""
    page = "<meta charset='iso-8859-1'><p>“café à la carte”</p>"
    found = extracted(page.encode(), ".html", where="a")
    assert found.text == "“café à la carte”"
    assert found.notes[0] == "is UTF-8, not the encoding it declares (iso-8859-1)"


def test_words_cut_at_a_line_end_of_a_pdf_are_whole():
    """A hyphen at the end of a printed line goes, unless it is the word's own."""
    page = [
        "The minister answe-",
        "red the repre-",
        "sentatives, a self-",
        "reliant Anglo-",
        "American council, on short-",
        "and long-term aims of the deep-",
        "sea port, where deep-sea cables end.",
    ]
    text = extracted(pdf_of(page), ".pdf", where="a").text
    assert text == (
        "The minister answered the representatives, a self-reliant Anglo-American council, on "
        "short- and long-term aims of the deep-sea port, where deep-sea cables end."
    )


def test_pdf_lines_become_paragraphs():
    """The lines of a PDF are put together; a short last line ends a paragraph."""
    page = [
        "The race between the two nations goes on and the",
        "gap is closing.",
        "A second paragraph.",
    ]
    found = extracted(pdf_of(page, ["Page two."]), ".pdf", where="a")
    assert found.text.split("\n") == [f"{page[0]} {page[1]}", page[2], "Page two."]


@pytest.mark.parametrize(
    "middle",
    [
        r"{\revised does not }{\deleted\revauthdel1 will {\b surely\}} }cover",
        r"{\revised does not }{\b\deleted will }cover",
        r"does not \deleted will \deleted0 cover",
    ],
)
def test_deleted_words_of_rich_text(middle):
    """What is marked as deleted in Rich Text is left out; what is inserted stays."""
    content = rf"{{\rtf1\ansi The treaty {middle} weapons.\par}}".encode()
    text = extracted(content, ".rtf", where="a").text
    assert text.split() == ["The", "treaty", "does", "not", "cover", "weapons."]


def test_rich_text():
    """The words of Rich Text, in whatever encoding they are written."""
    found = extracted(
        rb"{\rtf1\ansi It\'92s \u20154?\u24037?\par caf\'e9 \u55357?\u56832?}", ".rtf", where="a"
    )
    assert found.text == "It’s 人工\ncafé 😀"


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (b"a", ".doc", "a: unknown kind of text: '.doc'; allowed: .txt, .md, .html"),
        (b"<p></p><script>x</script>", ".html", "a: the page holds no text"),
        (b"<div>" * 300 + b"x", ".html", "a: is nested too deeply to be read as HTML"),
        (b"PK\x03\x04", ".docx", "a: cannot be read as DOCX"),
        (b"", ".docx", "a: cannot be read as DOCX"),
        (docx_of("x" * 9000)[:-200], ".docx", "a: cannot be read as DOCX"),
        (b"%PDF-1.4 nothing", ".pdf", "a: cannot be read as PDF"),
        (b"", ".pdf", "a: cannot be read as PDF"),
        (pdf_of([]), ".pdf", "a: holds no text in 1 pages: a scan?"),
        (b"text", ".rtf", "a: cannot be read as RTF"),
        (b"{\\rtf1 }", ".rtf", "a: holds no text"),
        (b"{\\rtf1 \\u55357?}", ".rtf", "a: holds half a surrogate pair"),
    ],
)
def test_file_refused(content, kind, message):
    """A file that is broken or holds no text is refused and says so."""
    assert refusal(content, kind).startswith(message)


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [("image.png", 210_000_000, "210,000,000 bytes); allowed: up to 200,000,000"), ("word/document.xml", 31_000_000, "31,000,000 bytes); allowed: up to 30,000,000")],
)  # fmt: skip
def test_package_that_unpacks_to_too_much(name, size, message):
    """A Word document that would unpack to more than the limits is not unpacked."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(name, bytes(size))
    assert refusal(file.getvalue(), ".docx") == f"a: is too large ({message} bytes"


def test_document_is_bounded_in_time(monkeypatch):
    """A Word document that takes too long is refused."""
    monkeypatch.setattr(formats, "_MAX_SECONDS", 0)
    assert refusal(docx_of("x"), ".docx") == "a: takes longer than 0 s"


def test_large_file_refused(monkeypatch):
    """A file above the limit of its kind is refused with size and limit."""
    monkeypatch.setitem(formats.LARGEST, ".txt", 3)
    assert refusal(b"four", ".txt") == "a: is too large (4 bytes); allowed: up to 3 bytes"


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("_MAX_PAGES", "a: has 1 pages; allowed: up to 0"),
        ("_MAX_SECONDS", "a: takes longer than 0 s, at page 1"),
    ],
)
def test_pdf_is_bounded(monkeypatch, limit, message):
    """A PDF of too many pages, or one that takes too long, is refused."""
    monkeypatch.setattr(formats, limit, 0)
    assert refusal(pdf_of(["x"]), ".pdf") == message


@pytest.mark.parametrize(
    ("kind", "content", "name"),
    [
        (".html", b"<p>x", "lxml"),
        (".docx", b"x", "docx"),
        (".pdf", b"x", "pypdfium2"),
        (".rtf", b"{\\rtf1", "striprtf"),
    ],
)
def test_missing_library_names_the_extra(monkeypatch, kind, content, name):
    """Without the library of a kind the error says what to install."""

    def missing(name: str):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    expected = f"a: needs the library {name}, which is not installed; allowed: {formats._EXTRA}"
    assert refusal(content, kind) == expected
