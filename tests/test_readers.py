"""Folders and archives: documents as rows, everything else rejected by name and never opened."""

import json
import os
import socket
import stat
import struct
import warnings
import zipfile

import pytest
from made import BODY, FACTIVA, FACTIVA_HTML, NEXIS, PAGE, PARAGRAPHS, docx_of, pdf_of

from analysis.errors import InputError
from analysis.reading import folders
from analysis.reading.folders import TABLE
from analysis.reading.readers import read_path
from analysis.reading.rows import Remark, _sorted_out

for library in ("bibtexparser", "docx", "lxml", "pypdfium2", "trafilatura"):
    pytest.importorskip(library)

KINDS = {
    "a.txt": b"Plain.",
    "sub/b.md": b"# Marked",
    "sub/deep/c.html": PAGE.encode(),
    "d.docx": docx_of("Word."),
    "e.PDF": pdf_of(["Portable."]),
}


@pytest.fixture(params=["folder", "zip"])
def read(request, tmp_path):
    """Read these files from a folder, and from an archive: `read({"a.txt": b"…"})`."""

    def make(files: dict[str, bytes], **options):
        place = (write_folder if request.param == "folder" else write_zip)(tmp_path, files)
        return _sorted_out(read_path(place, **options))

    return make


@pytest.fixture
def folder(tmp_path):
    """A folder with one text, a.txt."""
    return write_folder(tmp_path, {"a.txt": b"text"})


def write_folder(place, files):
    for name, content in files.items():
        (place / "corpus" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "corpus" / name).write_bytes(content)
    return place / "corpus"


def write_zip(place, files, **options):
    with zipfile.ZipFile(place / "corpus.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return place / "corpus.zip"


def rejected(reading) -> dict[str, str]:
    return {item.where: item.reason for item in reading.rejected}


# --- what is read ----------------------------------------------------------------------------------


def test_mixed_kinds(read):
    """Texts of every kind are rows in the order of their names; a folder is told."""
    reading = read(KINDS)
    rows = {row.metadata["id"]: row for row in reading.rows}
    assert [rows[name].text.split("\n")[0] for name in ("a", "sub/b", "d", "e")] == [
        "Plain.",
        "# Marked",
        "Word.",
        "Portable.",
    ]
    page = rows["sub/deep/c"]
    assert page.text.split("\n")[1:] == PARAGRAPHS
    assert (page.metadata["folder"], page.metadata["title"]) == ("sub/deep", "The race & the gap")
    assert reading.rejected == []


def test_same_name_of_two_kinds(read):
    """Two files that differ in their kind only have their whole names as ids."""
    ids = [row.metadata["id"] for row in read({"a.txt": b"x", "a.md": b"y", "b.txt": b"z"}).rows]
    assert ids == ["a.md", "a.txt", "b"]


def test_broken_files_cost_themselves(read):
    """A broken, an empty and an unknown file are rejected by name; the rest is read."""
    reading = read(
        {
            "a.txt": b"x",
            "b.docx": b"PK",
            "c.txt": b" \n",
            "d.xls": b"x",
            "e/f.txt": b"some text a\x00b",
            "g": b"x",
        }
    )
    assert [row.metadata["id"] for row in reading.rows] == ["a"]
    assert rejected(reading) == {
        "b.docx": "cannot be read as DOCX",
        "c.txt": "holds no text",
        "d.xls": "is of a kind that is not read: '.xls'",
        "e/f.txt, line 1": "holds a NUL byte: byte 11; allowed: text; UTF-16 and UTF-32 with a byte order mark",
        "g": "is of a kind that is not read: ''",
    }


def test_guess_is_remarked(read):
    """An encoding that was guessed is said."""
    reading = read({"a.txt": "naïve".encode("cp1252")})
    assert (reading.rows[0].text, reading.remarks) == (
        "naïve",
        [Remark("a.txt", "read as cp1252 (guessed)")],
    )


def test_exports_among_texts(read):
    """A file that is an export gives a row for each article; another is one row."""
    reading = read(
        {
            "n.txt": NEXIS.encode(),
            "f.html": FACTIVA_HTML.encode(),
            "g.txt": FACTIVA.encode(),
            "x.txt": b"x",
        }
    )
    assert [(row.where, row.text.split("\n")[0]) for row in reading.rows] == [
        ("f.html, article 1", BODY[0]),
        ("g.txt, article 1", BODY[0]),
        ("n.txt, article 1", BODY[0]),
        ("n.txt, article 2", "NOTE: this stays in the body."),
        ("x.txt", "x"),
    ]


def test_metadata_csv(read):
    """metadata.csv describes the texts that it lists; others, and lines without a text, are rejected."""
    metadata = b"file,source,date\na.txt,NA,2024\nsub/b.txt,null,\nc.txt,x,\n"
    reading = read(
        {
            "metadata.csv": metadata,
            "a.txt": b"A",
            "sub/b.txt": b"B",
            "d.txt": b"D",
            "codebook.yaml": b"x",
        }
    )
    assert [(row.text, row.metadata["source"]) for row in reading.rows] == [
        ("A", "NA"),
        ("B", "null"),
    ]
    assert rejected(reading) == {
        "metadata.csv, line 4, column file": "text is missing, or of a kind that is not read: 'c.txt'",
        "d.txt": "is not listed in metadata.csv",
    }


def test_a_text_is_listed_by_its_very_name(read):
    """A row of metadata.csv never reaches another text, nor one twice, nor out of the corpus."""
    names = ("a.txt", "A.txt", "a.txt", "../b.txt", "/b.txt", "sub/../a.txt", "..", "")
    metadata = "file,id\n" + "".join(f"{name},{n}\n" for n, name in enumerate(names))
    reading = read({"metadata.csv": metadata.encode(), "a.txt": b"A"})
    assert [row.metadata["id"] for row in reading.rows] == ["0"]
    places = [item.where for item in reading.rejected]
    assert places == [f"metadata.csv, line {n}, column file" for n in range(3, 10)]


def test_metadata_in_another_encoding(read):
    """metadata.csv that is no UTF-8 is read as the texts are declared, else by a guess that is said."""
    files = {"a.txt": b"A", "metadata.csv": "file,title\na.txt,naïve\n".encode("cp1252")}
    for options, told in (({"encoding": "cp1252"}, []), ({}, ["read as cp1252 (guessed)"])):
        reading = read(files, **options)
        assert reading.rows[0].metadata["title"] == "naïve"
        assert [item.note for item in reading.remarks] == told


def test_references_beside_texts(read):
    """A bibliography describes the texts beside it; a text without a reference stays, and is said."""
    csl = json.dumps(
        [{"id": "roe", "title": "T", "container-title": "J", "issued": {"date-parts": [[2024, 7]]}}]
    )
    reading = read(
        {"my.json": csl.encode(), "texts/roe.txt": b"A", "b.txt": b"B", "settings.json": b"{}"}
    )
    assert {row.text: row.metadata.get("source") for row in reading.rows} == {"A": "J", "B": None}
    assert reading.remarks == [Remark("b.txt", "no reference describes it")]
    assert rejected(reading) == {"settings.json": "holds no list of references"}


def test_columns_are_renamed(read):
    """A column of the metadata is read under another name; one that is nowhere is an error."""
    files = {"a.txt": b"A", "metadata.csv": b"file,year\na.txt,2024\n"}
    assert read(files, columns={"date": "year"}).rows[0].metadata["date"] == "2024"
    with pytest.raises(InputError, match="no such column to rename: 'yaer'; allowed: id, year"):
        read(files, columns={"date": "yaer"})


def test_one_text_and_one_table(tmp_path):
    """A single text, and a table, are read by the same function."""
    (tmp_path / "a.md").write_text("one")
    (tmp_path / "b.csv").write_text("id,text\n007,two\n")
    rows = [_sorted_out(read_path(tmp_path / name)).rows[0] for name in ("a.md", "b.csv")]
    assert [(row.text, row.metadata["id"]) for row in rows] == [("one", "a"), ("two", "007")]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.xls", "unknown kind of corpus: 'a.xls'; allowed: a folder, or a file .txt"),
        ("a.zip", "a.zip: cannot be read as a zip archive"),
    ],
)
def test_path_refused(tmp_path, name, message):
    """A file of another kind, or one that is not what its name says, is refused."""
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError) as error:
        list(read_path(tmp_path / name))
    assert str(error.value).startswith(message)


# --- hostile folders -------------------------------------------------------------------------------


def test_links_are_not_followed(folder, tmp_path):
    """Links to a loop, out of the folder, to nowhere and to a text inside are rejected by name."""
    (tmp_path / "secret.txt").write_text("secret")
    targets = {
        "loop": ".",
        "out.txt": "../secret.txt",
        "gone.txt": "none",
        "self.txt": "self.txt",
        "in.txt": "a.txt",
    }
    for name, target in targets.items():
        (folder / name).symlink_to(target)
    reading = _sorted_out(read_path(folder))
    assert [row.text for row in reading.rows] == ["text"]
    assert rejected(reading) == dict.fromkeys(targets, "is a link, and links are not followed")


def test_devices_are_not_opened(folder):
    """A pipe and a socket are rejected at once, whatever their names."""
    os.mkfifo(folder / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / "socket.txt"))
    assert rejected(_sorted_out(read_path(folder))) == {
        "pipe.txt": "is a pipe, not a file",
        "socket.txt": "is a socket, not a file",
    }


def test_file_that_cannot_be_opened(folder, monkeypatch):
    """A file that the system refuses to open is rejected with the system's reason."""
    (folder / "b.txt").write_text("x")
    really = os.open

    def refuse(path, *options):
        if str(path).endswith("b.txt"):
            raise PermissionError(13, "Permission denied")
        return really(path, *options)

    monkeypatch.setattr(os, "open", refuse)
    reading = _sorted_out(read_path(folder))
    assert (len(reading.rows), rejected(reading)) == (
        1,
        {"b.txt": "cannot be read (Permission denied)"},
    )


@pytest.mark.parametrize(
    "name",
    [
        b"a\nb.txt",
        b"a\x1b[31m.txt",
        "a\u202etxt.exe.txt".encode(),
        b"a\xff.txt",
        "\u200b.txt".encode(),
    ],
)
def test_name_with_hidden_signs(folder, name):
    """A name with newlines, escapes, bidirectional marks or no Unicode is rejected, safe to print."""
    with open(os.path.join(os.fsencode(folder), name), "wb") as file:
        file.write(b"x")
    (item,) = _sorted_out(read_path(folder)).rejected
    assert (item.reason, item.where.isprintable()) == (
        "its name holds a character that is not visible",
        True,
    )


def test_quotes_in_a_name(folder):
    """Quotes, commas and a leading dash in a name are ordinary."""
    (folder / '-Biden\'s "race", 1.txt').write_text("x")
    assert [row.metadata["id"] for row in read_path(folder)] == ['-Biden\'s "race", 1', "a"]


def test_hidden_and_own_files(folder):
    """A table and an archive are rejected as corpora by themselves; what is hidden is left out and said."""
    for name in (
        ".git/x.txt",
        ".DS_Store",
        "t.csv",
        "z.zip",
        "exclusions.yaml",
        "sub/metadata.csv",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    reading = _sorted_out(read_path(folder))
    told = "left out: is hidden, or a file of the system"
    assert reading.remarks == [Remark(".DS_Store", told), Remark(".git", told)]
    assert rejected(reading) == {
        "t.csv": TABLE,
        "z.zip": "is an archive: a corpus by itself",
        "sub/metadata.csv": TABLE,
    }


def test_deep_folders_end(folder):
    """Folders deeper than the limit are not entered."""
    deep = folder.joinpath(*["d"] * 60)
    deep.mkdir(parents=True)
    (item,) = _sorted_out(read_path(folder)).rejected
    assert item.reason == "is deeper than 40 folders"


def test_number_of_files_is_bounded(folder, monkeypatch):
    """More files than the limit are not read, and it is said."""
    monkeypatch.setattr(folders, "_MAX_FILES", 1)
    (folder / "b.txt").write_text("x")
    assert rejected(_sorted_out(read_path(folder))) == {
        "b.txt": "more than 1 files: the rest is not read"
    }


def test_large_file_is_rejected(folder, monkeypatch):
    """A file above the limit of its kind is rejected and not read."""
    monkeypatch.setitem(folders.LARGEST, ".txt", 3)
    assert rejected(_sorted_out(read_path(folder))) == {
        "a.txt": "is too large (4 bytes); allowed: up to 3 bytes"
    }


# --- hostile archives ------------------------------------------------------------------------------


@pytest.fixture
def archive(tmp_path):
    """Read an archive with ok.txt and these members: `archive(("../x.txt", b"…"))`."""

    def make(*members):
        with (
            warnings.catch_warnings(),
            zipfile.ZipFile(tmp_path / "c.zip", "w", zipfile.ZIP_DEFLATED) as packed,
        ):
            warnings.simplefilter("ignore", UserWarning)  # a name that stands twice
            packed.writestr("ok.txt", "fine")
            for info, content in members:
                packed.writestr(info, content)
        reading = _sorted_out(read_path(tmp_path / "c.zip"))
        assert [row.text for row in reading.rows] == ["fine"]
        assert [path.name for path in tmp_path.iterdir()] == ["c.zip"]
        return list(rejected(reading).items())

    return make


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("member", "content", "reason"),
    [
        ("../x.txt", b"x", "its name leads out of the archive"),
        ("a/../../x.txt", b"x", "its name leads out of the archive"),
        ("/etc/x.txt", b"x", "its name leads out of the archive"),
        ("C:/x.txt", b"x", "its name leads out of the archive"),
        ("a\\x.txt", b"x", "its name leads out of the archive"),
        (link("l.txt"), b"/etc/passwd", "is a link, and links are not followed"),
        ("a\x1bb.txt", b"x", "its name holds a character that is not visible"),
        ("n.zip", b"x", "is an archive: a corpus by itself"),
        ("n.txt.gz", b"x", "is an archive: a corpus by itself"),
        ("bomb.txt", bytes(20_000_000), "unpacks to more than 250 times its size"),
        ("ok.txt", b"other", "its name appears twice in the archive"),
        ("x.exe", b"x", "is of a kind that is not read: '.exe'"),
    ],
)
def test_member_refused(archive, member, content, reason):
    """A member that leads elsewhere, or unpacks to too much, is rejected; the rest is read."""
    ((_, told),) = archive((member, content))
    assert told == reason


def test_archive_that_unpacks_to_too_much(archive, monkeypatch):
    """Members beyond the limit of the whole archive are rejected."""
    monkeypatch.setattr(folders, "_MAX_UNPACKED", 10)
    assert archive(("z.txt", b"1234567")) == [
        ("z.txt", "the archive unpacks to too much; allowed: up to 10 bytes")
    ]


def patched(content: bytes, signature: bytes, place: int, value: bytes) -> bytes:
    """The bytes with a value put at a place after the last signature."""
    start = content.rindex(signature) + place
    return content[:start] + value + content[start + len(value) :]


@pytest.mark.parametrize(
    ("signature", "place", "value", "reason"),
    [
        (b"PK\x01\x02", 8, struct.pack("<H", 1), "is encrypted"),
        (b"PK\x01\x02", 24, struct.pack("<I", 3), "is damaged in the archive"),
        (b"PK\x01\x02", 16, struct.pack("<I", 7), "is damaged in the archive"),
        (b"PK\x01\x02", 10, struct.pack("<H", 99), "is damaged in the archive"),
    ],
)
def test_damaged_member(tmp_path, signature, place, value, reason):
    """A member that is encrypted, or that lies about its size or sum, is rejected by name."""
    file = write_zip(tmp_path, {"a.txt": b"fine", "b.txt": b"other text"})
    file.write_bytes(patched(file.read_bytes(), signature, place, value))
    reading = _sorted_out(read_path(file))
    assert ([row.text for row in reading.rows], rejected(reading)) == (["fine"], {"b.txt": reason})


def test_names_in_another_encoding(tmp_path):
    """A member's name that is not marked as UTF-8 is read as what it is."""
    raw = "新闻报道".encode("gb18030")
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as packed:
        packed.writestr("x" * len(raw) + ".txt", "text")
    content = (tmp_path / "c.zip").read_bytes().replace(b"x" * len(raw), raw)
    (tmp_path / "c.zip").write_bytes(content)
    assert [row.metadata["id"] for row in read_path(tmp_path / "c.zip")] == ["新闻报道"]


def test_member_without_a_name(tmp_path):
    """A member whose name is empty is rejected."""
    file = write_zip(tmp_path, {"a.txt": b"fine", "qqq.txt": b"x"})
    file.write_bytes(file.read_bytes().replace(b"qqq.txt", b"\x00qq.txt"))
    assert rejected(_sorted_out(read_path(file))) == {"": "has no name"}


def test_outer_folder_is_no_group(tmp_path):
    """A folder that holds everything in an archive is no folder of the corpus."""
    file = write_zip(
        tmp_path,
        {"c/metadata.csv": b"file,source\na.txt,S\n", "c/a.txt": b"x", "__MACOSX/c/a.txt": b"x"},
    )
    reading = _sorted_out(read_path(file))
    assert [row.metadata for row in reading.rows] == [{"id": "a", "source": "S"}]


def test_cut_archive(tmp_path):
    """An archive that breaks off is refused."""
    file = write_zip(tmp_path, {"a.txt": b"x" * 1000})
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"corpus\.zip: cannot be read as a zip archive"):
        list(read_path(file))
