"""Exports of news databases: one file, many articles, each with what the database says of it."""

import pytest
from made import BODY, FACTIVA, FACTIVA_HTML, FACTIVA_LINES, FACTIVA_TABLE, NEXIS, UNI, UNI_ARTICLE

from analysis.errors import InputError
from analysis.reading.exports import articles, layout
from analysis.reading.rows import _sorted_out

COMMON = {
    "title": "A race that nobody wins",
    "source": "Morning Herald",
    "date": "12 July 2024",
    "length": "13",
}


def read(text: str):
    return _sorted_out(articles(text, name="f"))


def html_lines(page: str) -> str:
    formats = pytest.importorskip("analysis.reading.formats")
    pytest.importorskip("lxml")
    return "\n\n".join(formats.line_texts(formats.html_tree(page, "f")))


@pytest.mark.parametrize(
    ("text", "kind"),
    [(NEXIS, "nexis"), (UNI, "nexis uni"), (FACTIVA, "factiva"), (FACTIVA_TABLE, "factiva fields"), (FACTIVA_LINES, "factiva fields")],
)  # fmt: skip
def test_layout_is_known(text, kind):
    """An export is known by its marks."""
    assert layout(text) == kind


@pytest.mark.parametrize(
    "text", ["", "A text.\nEnd of Document\n", "1 of 2 documents are here", "HD\nnothing else"]
)
def test_other_texts_are_no_export(text):
    """A text with one of the marks only is no export."""
    assert layout(text) == ""
    with pytest.raises(InputError, match="f: is not an export of a news database"):
        read(text)


def test_nexis():
    """Outlet, date, title, fields and body of the older layout, its wrapped lines put together."""
    first, second = read(NEXIS).rows
    assert first.text == "\n".join(BODY)
    expected = {"title": "A race that nobody wins", "source": "The Morning Herald", "date": "July 12, 2024 Friday",
                "length": "13", "author": "By JANE ROE", "language": "en", "id": "f-0001"}  # fmt: skip
    assert {name: first.metadata[name] for name in expected} == expected
    assert (second.text, second.metadata["date"]) == ("NOTE: this stays in the body.", "July 2024")


def test_nexis_uni():
    """Title, outlet, date, fields and body of Nexis Uni; the list on the first page is left out."""
    (row,) = read(UNI).rows
    assert row.text == "\n".join(BODY)
    expected = {"title": "A race that nobody wins", "source": "The Morning Herald",
                "date": "July 12, 2024 Friday 10:15 AM GMT", "length": "13", "author": "Jane Roe", "language": "en"}  # fmt: skip
    assert {name: row.metadata[name] for name in expected} == expected


@pytest.mark.parametrize("text", [FACTIVA, FACTIVA_TABLE, FACTIVA_LINES, html_lines(FACTIVA_HTML)])
def test_factiva(text):
    """Title, outlet, date, length and body of Factiva, as an article, a table, lines or a page."""
    (row,) = read(text).rows
    assert row.text == "\n".join(BODY)
    assert {name: row.metadata[name] for name in COMMON} == COMMON
    assert (row.metadata["id"], row.metadata["language"]) == ("MHRLD00020240712ek7c0001x", "en")


def test_two_articles_of_fields():
    """An article of fields ends at its number, also where the next begins with its section."""
    second = FACTIVA_TABLE.replace("nobody wins", "somebody wins").replace("0001x", "0002x")
    assert [row.metadata["title"] for row in read(f"{FACTIVA_TABLE}\n{second}").rows] == [
        "A race that nobody wins",
        "A race that somebody wins",
    ]


def test_a_date_can_be_read():
    """The dates of the layouts are dates that are read."""
    from analysis.reading.dates import _read_date

    dates = [read(text).rows[0].metadata["date"] for text in (NEXIS, UNI, FACTIVA)]
    assert {_read_date(date).iso for date in dates} == {"2024-07-12"}


def test_article_without_a_body_is_rejected():
    """An article without a body is rejected by its number; the others stay."""
    found = read(UNI_ARTICLE.format(body="") + UNI_ARTICLE.format(body=BODY[0]))
    assert [item.where for item in found.rejected] == ["f, article 1"]
    assert [row.where for row in found.rows] == ["f, article 2"]


def test_what_does_not_fit_is_remarked():
    """A body far from the stated length, a missing outlet and a missing article are said."""
    found = read(NEXIS.replace("1 of 2", "1 of 3").replace("The Evening Post", ""))
    assert [(item.where, item.note) for item in found.remarks] == [
        ("f, article 2", "no source found"),
        ("f, article 2", "the export says 400 words, the body holds 6"),
        ("f", "export of nexis: 2 articles"),
        ("f", "the export says 3 documents, the file holds 2"),
    ]
