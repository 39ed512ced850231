"""References beside full texts: read from three formats, joined to the texts they describe."""

import json

import pytest

from analysis.errors import InputError
from analysis.reading.references import Reference, _attached_files, joined, references
from analysis.reading.rows import Rejected, Remark

pytest.importorskip("bibtexparser")

CSL = {
    "id": "roe2024", "type": "article-newspaper", "title": "The race", "container-title": "Morning Herald",
    "issued": {"date-parts": [[2024, 7, 12]]}, "author": [{"family": "Roe", "given": "J."}, {"literal": "Staff"}],
    "language": "en-GB", "URL": "u",
}  # fmt: skip
ZOTERO = {
    "itemType": "newspaperArticle", "citationKey": "roe2024", "title": "The race", "publicationTitle": "Morning Herald",
    "date": "2024-07-12", "creators": [{"lastName": "Roe"}, {"name": "Staff"}], "language": "en", "url": "u",
    "attachments": [{"title": "PDF", "path": "files/1/race.pdf"}],
}  # fmt: skip
BIBTEX = r"""
@comment{x}
@article{roe2024,
  title = {The {AI} race \& the gap},
  journal = "Morning Herald",
  author = {Roe, J. and Staff},
  year = 2024, month = jul,
  file = {Full Text:files/1/race.pdf:application/pdf},
}
@article{broken, title = {open
@book{poe2023, title = "Second", publisher = {P}, date = {2023-05-01}}
"""
COMMON = {
    "title": "The race",
    "source": "Morning Herald",
    "date": "2024-07-12",
    "author": "Roe; Staff",
    "language": "en",
    "url": "u",
}


@pytest.mark.parametrize(
    "top",
    [[CSL], {"items": [ZOTERO]}, [{"key": "X", "data": ZOTERO}], [ZOTERO, {"itemType": "note"}]],
)
def test_json(top):
    """CSL-JSON and the JSON of Zotero say the same of a document."""
    (item,) = references(json.dumps(top), ".json", name="f")
    assert {name: item.metadata[name] for name in COMMON} == COMMON
    assert item.key == "roe2024"


def test_bibtex():
    """BibTeX entries, braces taken off; a broken entry is rejected by its line, the rest is read."""
    first, second, broken = references(BIBTEX, ".bib", name="f")
    assert first.metadata == {
        "title": "The AI race & the gap", "source": "Morning Herald", "date": "2024-07", "author": "Roe, J. and Staff",
    }  # fmt: skip
    assert first.attachments == ("files/1/race.pdf",)
    assert (second.key, second.metadata["date"]) == ("poe2023", "2023-05-01")
    assert broken == Rejected("f, line 10", "broken BibTeX entry")


def test_nothing_is_printed(caplog):
    """The parser's own complaints about a broken entry are not printed."""
    references(BIBTEX, ".bib", name="f")
    assert caplog.records == []


@pytest.mark.parametrize(
    ("issued", "date"),
    [
        ({"date-parts": [[2024]]}, "2024"),
        ({"date-parts": [["2024", 7]]}, "2024-07"),
        ({"date-parts": [[2024, 13, 45]]}, "2024-13-45"),
        ({"date-parts": [[]], "literal": "spring"}, "spring"),
        ({"date-parts": [[-44, 3]]}, ""),
        ({"date-parts": 7}, ""),
        ("12 July 2024", "12 July 2024"),
        (None, ""),
    ],
)
def test_date_of_a_record(issued, date):
    """A split date is ISO, another stays as written; whether it ever was is asked elsewhere."""
    (item,) = references(json.dumps([{**CSL, "issued": issued}]), ".json", name="f")
    assert item.metadata.get("date", "") == date


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("{", ".json", "f: broken JSON"),
        ("[" * 100_000, ".json", "f: broken JSON"),
        ('{"a": 1}', ".json", "f: holds no list of references"),
        ("[1]", ".json", "f: holds no reference; allowed: CSL-JSON, Zotero JSON, BibTeX"),
        ("no entry", ".bib", "f: holds no reference"),
        ("x", ".ris", "f: unknown kind of bibliography: '.ris'; allowed: .json, .bib"),
    ],
)
def test_bibliography_refused(text, kind, message):
    """A file that is no bibliography is refused."""
    with pytest.raises(InputError) as error:
        references(text, kind, name="f")
    assert str(error.value).startswith(message)


def test_file_field():
    """Attachments are named in several ways."""
    assert _attached_files(r"C\:\\a\\b.pdf:application/pdf;x.pdf;:y.html:text/html")[1:] == (
        "x.pdf",
        "y.html",
    )


def owner(reference: Reference, *names: str) -> dict[str, str]:
    return {name: item.key for name, item in joined([reference], names)[0].items()}


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        (Reference("w", "k", {}, ("files/1/race.pdf",)), "files/1/race.pdf"),
        (Reference("w", "k", {}, ("C:\\zotero\\1\\Race.pdf",)), "texts/race.pdf"),
        (Reference("w", "http://zotero.org/u/items/ABC1", {}), "ABC1.txt"),
        (Reference("w", "roe2024", {}), "sub/Roe2024.html"),
        (Reference("w", "k", {"title": "The race: who wins?"}), "The race - who wins.docx"),
    ],
)
def test_joined_by(reference, name):
    """A text is found by attachment, by key and by title."""
    assert owner(reference, "other.txt", name) == {name: reference.key}


def test_attachment_is_surer_than_a_key():
    """Where an attachment fits, a text named like the key is not taken."""
    assert owner(Reference("w", "a", {}, ("b.txt",)), "a.txt", "b.txt") == {"b.txt": "a"}


def test_what_cannot_be_joined_is_told():
    """No text, several texts, a text claimed twice, a text without a reference: each is told."""
    items = [
        Reference("r1", "a", {}),
        Reference("r2", "a", {}),
        Reference("r3", "none", {}),
        Reference("r4", "two", {}),
    ]
    owners, problems = joined(items, ["a.txt", "two.txt", "x/two.pdf"])
    assert list(owners) == ["a.txt"]
    assert problems == [
        Rejected("r2", "its text has a reference already: 'a'"),
        Rejected("r3", "no full text for reference 'none'"),
        Rejected("r4", "2 texts fit reference 'two'"),
        Remark("two.txt", "no reference describes it"),
        Remark("x/two.pdf", "no reference describes it"),
    ]
