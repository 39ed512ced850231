"""The tables of a folder: a corpus together. The text of a web page is extracted once."""

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest
from made import PAGE

from analysis.corpus import read_corpus
from analysis.errors import InputError
from analysis.reading import readers, sources
from analysis.store import cache

CSV = "id,date,source,text\nb,2023,Lancet,Models race.\na,2024,BMJ,China and the US.\n"
LINES = [
    {"id": "d", "source": "Nature", "text": "Chips are short."},
    {"id": "c", "source": "Science", "text": "É là: an accord.\nAnd more.", "folder": "own"},
]


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """A cache in which nothing is known."""
    monkeypatch.setenv("WORKBOOK_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def folder(tmp_path) -> Path:
    """Three tables of three kinds, one in a folder of its own, and what else lies there."""
    place = tmp_path / "corpus"
    (place / "2024").mkdir(parents=True)
    (place / "first.csv").write_text(CSV, encoding="utf-8")
    content = "".join(json.dumps(line) + "\n" for line in LINES)
    (place / "2024" / "second.jsonl.gz").write_bytes(gzip.compress(content.encode()))
    pd.DataFrame({"id": ["e"], "text": ["Five it is."], "rank": [3]}).to_parquet(
        place / "third.parquet"
    )
    (place / "README.md").write_text("Where they are from.", encoding="utf-8")
    return place


def test_the_tables_of_a_folder_are_one_corpus(folder):
    """Documents of every table stand in the order of their ids, with their text and metadata."""
    corpus = read_corpus(folder)
    assert corpus.documents["id"].tolist() == list("abcde")
    assert corpus.documents["source"].tolist() == ["BMJ", "Lancet", "Science", "Nature", "(none)"]
    assert corpus.documents["rank"].tolist() == ["", "", "", "", "3"]
    assert corpus.texts[2] == "É là: an accord.\nAnd more."
    assert corpus.texts[4] == "Five it is."
    assert corpus.rejected == ()


def test_a_table_in_a_folder_tells_which(folder):
    """The folder of a table is a column, unless the table has one of that name."""
    assert read_corpus(folder).documents["folder"].tolist() == ["", "", "own", "", ""]
    (folder / "2024" / "other.csv").write_text("id,text\nf,Six.\n", encoding="utf-8")
    assert read_corpus(folder).documents["folder"].tolist() == ["", "", "own", "", "", "2024"]


def test_a_corpus_in_parts_is_the_corpus_in_one(tmp_path):
    """Texts and metadata divided over tables give the fingerprint and the texts of one table."""
    names = [f"d{n}" for n in (4, 0, 7, 1, 6, 2, 5, 3)]
    rows = [f'{name},2024,"Text of {name}.\nIt is long."\n' for name in names]
    (tmp_path / "one.csv").write_text("id,date,text\n" + "".join(rows), encoding="utf-8")
    (tmp_path / "parts").mkdir()
    for n in range(4):
        content = "id,date,text\n" + "".join(rows[2 * n : 2 * n + 2])
        (tmp_path / "parts" / f"{n}.csv").write_text(content, encoding="utf-8")
    one, parts = read_corpus(tmp_path / "one.csv"), read_corpus(tmp_path / "parts")
    assert one.fingerprint == parts.fingerprint
    assert list(one.texts) == list(parts.texts)
    assert one.texts.gathered(range(8))[0] == parts.texts.gathered(range(8))[0]


def test_stretches_reach_over_files(tmp_path):
    """Texts in two files are given together where their ids are in the order of the files."""
    for n in range(2):
        rows = "".join(f"d{n}{k},Text {n} {k}.\n" for k in range(3))
        (tmp_path / f"{n}.csv").write_text(f"id,text\n{rows}", encoding="utf-8")
    texts = read_corpus(tmp_path).texts
    data, begins = texts.stretch(range(6))
    ends = begins + [len(text) for text in texts]
    found = [bytes(data[a:b]).decode() for a, b in zip(begins, ends, strict=True)]
    assert found == [f"Text {n} {k}." for n in range(2) for k in range(3)]


def test_a_table_that_is_added_or_changed_is_read(folder):
    """A new table and a changed word are in the corpus at once."""
    read_corpus(folder)
    (folder / "fourth.csv").write_text("id,text\nf,Six.\n", encoding="utf-8")
    (folder / "first.csv").write_text(CSV.replace("race", "walk"), encoding="utf-8")
    corpus = read_corpus(folder)
    assert corpus.documents["id"].tolist() == list("abcdef")
    assert corpus.texts[1] == "Models walk."


def test_tables_are_read_with_the_options(folder):
    """A column renamed is one in tables that were read without, too."""
    read_corpus(folder)
    for file in ("third.parquet", "2024/second.jsonl.gz"):
        (folder / file).unlink()
    corpus = read_corpus(folder, columns={"title": "source"})
    assert corpus.documents["title"].tolist() == ["BMJ", "Lancet"]


def test_a_broken_table_is_rejected_and_the_rest_read(folder):
    """One without texts, one cut off and one with a wrong row are named with their folder."""
    (folder / "2024" / "authors.csv").write_text("id,name\n1,Li\n", encoding="utf-8")
    (folder / "2024" / "cut.parquet").write_bytes(b"PAR1")
    (folder / "2024" / "ragged.csv").write_text("id,text\nx\ny,Why.\n", encoding="utf-8")
    corpus = read_corpus(folder)
    assert corpus.documents["id"].tolist() == [*"abcde", "y"]
    assert dict(corpus.rejected) == {
        "2024/authors.csv": "column is missing: 'text'; allowed: id, name",
        "2024/cut.parquet": "cannot be read as Parquet",
        "2024/ragged.csv, line 2": "row has 1 values; allowed: 2, as in the header",
    }


def test_an_id_of_two_tables_is_rejected_with_both_places(folder):
    """The same id in another table is told with the place of the first."""
    (folder / "2024" / "again.csv").write_text("id,text\na,Again.\n", encoding="utf-8")
    corpus = read_corpus(folder)
    assert len(corpus) == 5
    [(where, reason)] = corpus.rejected
    assert where == "2024/again.csv, line 2"
    assert "first.csv, line 3" in reason


def test_what_else_lies_there_is_rejected_by_name(folder):
    """A link, an archive and a file of no kind are told; none of them is read."""
    (folder / "link.csv").symlink_to(folder / "first.csv")
    (folder / "old.zip").write_bytes(b"PK")
    (folder / "_SUCCESS").write_bytes(b"")
    corpus = read_corpus(folder)
    assert len(corpus) == 5
    assert sorted(place for place, _ in corpus.rejected) == ["_SUCCESS", "link.csv", "old.zip"]


def test_tables_among_texts_are_no_part_of_them(folder):
    """Where a text lies in the folder the corpus is its texts, and every table is rejected."""
    (folder / "note.txt").write_text("A note.", encoding="utf-8")
    corpus = read_corpus(folder)
    assert corpus.documents["id"].tolist() == ["note"]
    assert len(corpus.rejected) == 3


def test_no_table_that_can_be_read_is_no_corpus(tmp_path):
    """The first reason is told."""
    (tmp_path / "a.csv").write_text("id,body\n1,x\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.csv: column is missing: 'text'"):
        read_corpus(tmp_path)


def test_an_empty_table_adds_nothing(folder):
    """A header alone, first by name, is no obstacle."""
    (folder / "a.csv").write_text("id,text\n", encoding="utf-8")
    assert len(read_corpus(folder)) == 5


def test_a_table_that_goes_while_it_is_read_is_rejected(folder, monkeypatch):
    """One that was there when the folder was looked through, and is not when its turn comes."""
    real = sources.folder_tables

    def and_gone(place):
        found = real(place)
        (place / "first.csv").unlink()
        return found

    monkeypatch.setattr(sources, "folder_tables", and_gone)
    corpus = read_corpus(folder)
    assert corpus.documents["id"].tolist() == list("cde")
    assert dict(corpus.rejected) == {"first.csv": "cannot be read (No such file or directory)"}


def test_a_table_that_breaks_off_is_rejected_as_a_whole(folder):
    """Of packed lines that end early no document is kept, whatever came before the end."""
    lines = "".join(json.dumps({"id": f"x{n}", "text": f"Text {n}."}) + "\n" for n in range(5000))
    (folder / "cut.jsonl.gz").write_bytes(gzip.compress(lines.encode())[:-30])
    corpus = read_corpus(folder)
    assert corpus.documents["id"].tolist() == list("abcde")
    assert list(corpus.texts)[:2] == ["China and the US.", "Models race."]
    assert [where for where, _ in corpus.rejected] == ["cut.jsonl.gz"]


# --- files of texts --------------------------------------------------------------------------------


@pytest.fixture
def extractions(monkeypatch) -> list[str]:
    """The files whose text is looked for, in turn."""
    pytest.importorskip("lxml")
    pytest.importorskip("trafilatura")
    read = []
    real = readers.extracted

    def noted(content, kind, **options):
        read.append(options["where"])
        return real(content, kind, **options)

    monkeypatch.setattr(readers, "extracted", noted)
    return read


def test_the_text_of_a_page_is_found_once(tmp_path, extractions):
    """A page is known again when another is added, under another name, and until it changes."""
    place = tmp_path / "pages"
    place.mkdir()
    (place / "a.html").write_text(PAGE, encoding="utf-8")
    first = read_corpus(place)
    (place / "b.html").write_text(PAGE.replace("</p>", " It is new.</p>"), encoding="utf-8")
    (place / "c.html").write_text(PAGE, encoding="utf-8")
    both = read_corpus(place)
    assert extractions == ["a.html", "b.html"]
    assert both.texts[0] == both.texts[2] == first.texts[0]
    assert both.documents["date"].tolist() == first.documents["date"].tolist() * 3
    assert dict(both.remarks)["c.html"] == dict(first.remarks)["a.html"]


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_text_of_the_cache_is_found_again(tmp_path, extractions, damage):
    """What is not what was written is not used."""
    place = tmp_path / "pages"
    place.mkdir()
    (place / "a.html").write_text(PAGE, encoding="utf-8")
    first = read_corpus(place)
    [file] = (p for p in (cache.cache_folder() / "extracts").rglob("*") if p.is_file())
    content = file.read_bytes()
    damaged = {"cut": content[:-9], "changed": content.replace(b"the", b"thy", 1), "empty": b""}
    assert damaged[damage] != content
    file.write_bytes(damaged[damage])
    (place / "b.txt").write_text("Another.", encoding="utf-8")
    assert read_corpus(place).texts[0] == first.texts[0]
    assert extractions.count("a.html") == 2


def test_plain_text_is_not_kept_twice(tmp_path):
    """What is read as it stands has no entry of its own."""
    (tmp_path / "a.txt").write_text("Plain.", encoding="utf-8")
    read_corpus(tmp_path)
    assert not (cache.cache_folder() / "extracts").exists()
