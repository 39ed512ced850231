"""The cache: made once, checked before use, never older than its source, never in the way."""

import ast
import contextlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import reading

from analysis import corpus, tokens
from analysis.corpus import read_corpus
from analysis.errors import InputError
from analysis.reading import gathering
from analysis.store import cache
from analysis.tokens import tokenize

TEXT = "The race is on. China’s café leads."
FORMS = ["The", "race", "is", "on", "China", "café", "leads"]


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch) -> Path:
    """A cache for each test."""
    monkeypatch.setenv("WORKBOOK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def source(tmp_path) -> Path:
    """A corpus of one text, written long enough ago to be remembered."""
    file = tmp_path / "a.txt"
    file.write_text(TEXT, encoding="utf-8")
    return file


@pytest.fixture
def settled(monkeypatch):
    """Files count as left alone at once."""
    monkeypatch.setattr(cache, "_SETTLED", 0.0)
    time.sleep(0.01)


def files(folder: Path, name: str) -> list[Path]:
    return sorted(file for file in folder.rglob(name))


def states(folder: Path) -> dict[str, tuple]:
    """Inode and time of every file."""
    found = (file for file in folder.rglob("*") if file.is_file())
    return {str(file): (file.stat().st_ino, file.stat().st_mtime_ns) for file in found}


# --- made once ---------------------------------------------------------------------------------------


def test_a_corpus_is_read_and_cut_once(own, source, settled, monkeypatch):
    """The second time nothing is read from the source, nothing is made and no file is touched."""
    first = reading.forms(tokenize(read_corpus(source)))
    before = states(own)
    monkeypatch.setattr(corpus, "_stored", None)
    monkeypatch.setattr("analysis.tokens.make_blocks", None)
    assert (first, reading.forms(tokenize(read_corpus(source)))) == (FORMS, FORMS)
    assert states(own) == before


def test_one_entry_of_each_kind(own, source):
    """A small corpus is one entry of texts, one block and one of tokens, and nothing half made."""
    tokenize(read_corpus(source))
    kinds = [file.relative_to(own).parts[0] for file in files(own, cache._MANIFEST)]
    assert sorted(kinds) == ["blocks", "corpora", "tokens"]
    assert [path for path in own.iterdir() if path.name.startswith(".")] == []


def test_a_lone_document_more_makes_only_its_block(own, in_blocks, monkeypatch):
    """Of 40 documents, one a block, a new one costs one block; the others are not touched."""
    rows = [{"id": f"d{n:02}", "text": f"Race {n} on."} for n in range(40)]
    in_blocks(rows, (0, 1))
    before = states(own / "blocks")
    tokens = in_blocks([*rows, {"id": "d195", "text": "A new race."}], (0, 1))
    after = states(own / "blocks")
    assert len(files(own / "blocks", cache._MANIFEST)) == 41
    assert before.items() <= after.items()
    assert reading.forms(tokens)[20 * 3 : 20 * 3 + 3] == ["A", "new", "race"]


def test_a_document_at_the_end_leaves_other_blocks_alone(own, in_blocks):
    """After 400 documents in dozens of blocks a new one costs the last block only."""
    rows = [{"id": f"d{n:03}", "text": f"Race {n} goes on."} for n in range(400)]
    in_blocks(rows, (60, 400))
    before = {file.parent.name for file in files(own / "blocks", cache._MANIFEST)}
    tokens = in_blocks([*rows, {"id": "d400", "text": "A new race."}], (60, 400))
    made = {file.parent.name for file in files(own / "blocks", cache._MANIFEST)} - before
    assert (len(before) > 40, len(made), len(tokens)) == (True, 1, 1603)


# --- damage ------------------------------------------------------------------------------------------


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content.rstrip(b"\0")) // 2] ^= 1  # in the midst, the padding behind texts left out
    file.write_bytes(content)


def nonsense(file: Path) -> None:
    file.write_text("[1, 2")


def another_key(file: Path) -> None:
    file.write_text(file.read_text().replace('"key": "', '"key": "0'))


def moved_array(file: Path) -> None:
    """Noted with an array that begins eight bytes later."""
    content, _, seal = file.read_text().rpartition("\n")
    noted = json.loads(content)
    name = next(reversed(noted["arrays"]))
    noted["arrays"][name][2] += 8
    file.write_text(f"{json.dumps(noted)}\n{seal}")


DAMAGE = [
    *((cache._ARRAYS, harm) for harm in (cut_off, emptied, flipped, Path.unlink)),
    *((cache._MANIFEST, harm) for harm in (cut_off, emptied, nonsense, another_key, moved_array, Path.unlink)),
]  # fmt: skip


@pytest.mark.parametrize("kind", ["corpora", "blocks", "tokens"])
@pytest.mark.parametrize(("name", "harm"), DAMAGE, ids=lambda value: getattr(value, "__name__", value))  # fmt: skip
def test_a_damaged_entry_is_made_anew(own, source, settled, kind, name, harm):
    """Whatever is cut off, changed or gone in an entry is noticed; the tokens are the same again,
    and so is the entry."""
    tokenize(read_corpus(source))
    (file,) = files(own / kind, name)
    whole = file.read_bytes()
    harm(file)
    assert reading.forms(tokenize(read_corpus(source))) == FORMS
    assert file.read_bytes() == whole


@pytest.mark.parametrize("harm", [cut_off, emptied, flipped, Path.unlink], ids=lambda harm: harm.__name__)  # fmt: skip
def test_a_damaged_text_is_read_again(own, source, settled, harm):
    """A text that is not what was stored is read from the source, and stored as it is there."""
    read_corpus(source)
    (file,) = files(own / "corpora", "texts.bin")
    harm(file)
    assert list(read_corpus(source).texts) == [TEXT]
    assert list(read_corpus(source).texts) == [TEXT]
    assert files(own / "corpora", "texts.bin")[0].read_bytes().rstrip(b"\0") == f"{TEXT}\n".encode()


def test_a_text_damaged_while_the_corpus_is_open_is_read_again(own, source):
    """The corpus is open, its stored texts are changed behind it: the text is the source's."""
    opened = read_corpus(source)
    flipped(files(own / "corpora", "texts.bin")[0])
    assert opened.texts[0] == TEXT


@pytest.mark.parametrize("harm", [cut_off, emptied, flipped], ids=lambda harm: harm.__name__)
def test_tokens_are_those_of_the_texts_that_were_written(own, tmp_path, harm):
    """Texts that follow each other, damaged behind the open corpus, are read again before they are cut."""
    file = tmp_path / "c.csv"
    file.write_text("id,text\na,One race.\nb,Two gaps.\n", encoding="utf-8")
    opened = read_corpus(file)
    harm(files(own / "corpora", "texts.bin")[0])
    assert reading.forms(tokenize(opened)) == ["One", "race", "Two", "gaps"]


def test_a_cache_that_is_emptied_while_the_corpus_is_open(own, source):
    """The user deletes the cache behind an open corpus: its texts and tokens are made again."""
    opened = read_corpus(source)
    shutil.rmtree(own)
    assert opened.texts[0] == TEXT
    shutil.rmtree(own)
    assert reading.forms(tokenize(opened)) == FORMS


def test_a_source_that_lost_a_document_is_told(own, tmp_path):
    """Damaged in the cache and gone from the source: an error that says so."""
    file = tmp_path / "c.csv"
    file.write_text("id,text\na,One race.\nb,Two.\n", encoding="utf-8")
    opened = read_corpus(file)
    flipped(files(own / "corpora", "texts.bin")[0])
    file.write_text("id,text\na,One race.\n", encoding="utf-8")
    with pytest.raises(InputError, match="changed while it was read"):
        list(opened.texts)


@pytest.mark.parametrize("noted", ['{"of": "", "as": ""}', "{", "[]", '{"of": OF, "as": null}'])
def test_a_damaged_note_of_a_source_is_no_note(own, source, settled, noted):
    """What was noted of a source is not believed where it is broken; the source is read."""
    read_corpus(source)
    (note,) = files(own / "sources", "note.json")
    note.write_text(noted.replace("OF", json.dumps(json.loads(note.read_text())["of"])))
    assert list(read_corpus(source).texts) == [TEXT]


def test_a_note_that_cannot_be_written_is_told_or_left(own, source, settled):
    """No room for the note of a source: the corpus is read, or the cache is named."""
    own.mkdir()
    (own / "sources").write_text("no folder")
    with contextlib.suppress(InputError):
        assert list(read_corpus(source).texts) == [TEXT]


def test_a_text_that_neither_cache_nor_source_holds_is_told(own, source):
    """Damaged in the cache and changed in the source: an error, and no wrong text."""
    opened = read_corpus(source)
    flipped(files(own / "corpora", "texts.bin")[0])
    source.write_text("Another text.", encoding="utf-8")
    with pytest.raises(InputError, match="changed while it was read"):
        opened.texts[0]


def test_what_a_stopped_run_left_does_no_harm(own, source):
    """A half-made folder, and a file in the place of an entry, do not stop anything."""
    tokens = tokenize(read_corpus(source))
    place = cache._place_of("blocks", tokens.keys[0])
    (own / ".making-left").mkdir()
    (own / ".making-left" / cache._ARRAYS).write_bytes(b"half")
    for file in place.iterdir():
        file.unlink()
    place.rmdir()
    place.write_text("no folder")
    assert reading.forms(tokenize(read_corpus(source))) == FORMS
    assert place.is_dir()


@pytest.mark.parametrize(
    ("code", "kind"),
    [("analysis.tokens._versions", "blocks"), ("analysis.tokens.code_of", "tokens"), ("analysis.corpus._code", "corpora")],
)  # fmt: skip
def test_another_code_makes_its_own_entry(own, source, monkeypatch, code, kind):
    """Other code that makes an entry uses nothing that the old one made."""
    tokenize(read_corpus(source))
    monkeypatch.setattr(code, lambda *_: "other")
    assert reading.forms(tokenize(read_corpus(source))) == FORMS
    assert len(files(own / kind, cache._MANIFEST)) == 2


# --- the source --------------------------------------------------------------------------------------


def test_a_changed_source_of_the_same_size_and_time_is_noticed(source, settled):
    """The size and the time of change are put back; the file is read anew all the same."""
    read_corpus(source)
    status = source.stat()
    source.write_text(TEXT.replace("race", "pace"), encoding="utf-8")
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert source.stat().st_size == status.st_size
    assert list(read_corpus(source).texts) == [TEXT.replace("race", "pace")]


def test_a_source_that_was_just_written_is_not_trusted(source):
    """A file changed within the last two seconds is read each time, whatever its times say."""
    read_corpus(source)
    assert cache.signature([source]) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "b.txt").write_text("Two.", encoding="utf-8"),
        lambda folder: (folder / "a.txt").unlink() or (folder / "c.txt").write_text(TEXT, "utf-8"),
        lambda folder: (folder / "metadata.csv").write_text("file,source\na.txt,S\n", "utf-8"),
        lambda folder: (folder / "exclusions.yaml").write_text(RULES, "utf-8"),
        lambda folder: (folder / "notes.md").write_text("x", "utf-8"),
    ],
    ids=["text added", "text renamed", "metadata", "exclusions", "another file"],
)  # fmt: skip
def test_any_change_in_a_folder_is_noticed(tmp_path, settled, change):
    """The corpus of a folder is the one that a cache of its own would hold."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.txt").write_text(TEXT, encoding="utf-8")
    read_corpus(folder)
    change(folder)
    assert told(read_corpus(folder)) == told_afresh(folder)


RULES = "rules:\n  - id: old\n    why: first reason\n    documents: [a]\n    line: The *\n"


@pytest.mark.parametrize("edit", [("old", "new"), ("first", "second"), ("The *", "'*leads.'")])
def test_a_rule_in_other_words_is_noticed(tmp_path, settled, edit):
    """The same line excluded under another id, for another reason, by another pattern: all of
    what the table of excluded lines says is of the rule as it is now."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.txt").write_text(f"{TEXT}\nMore.", encoding="utf-8")
    (folder / "exclusions.yaml").write_text(RULES, encoding="utf-8")
    read_corpus(folder)
    (folder / "exclusions.yaml").write_text(RULES.replace(*edit), encoding="utf-8")
    assert told(read_corpus(folder)) == told_afresh(folder)
    assert corpus.unused_rules(read_corpus(folder)) == []


def told(found) -> tuple:
    """All that a corpus says."""
    return (
        list(found.texts),
        found.documents.to_csv(),
        found.excluded.to_csv(),
        found.rejected,
        found.name,
        found.texts.characters.tolist(),
    )


def told_afresh(folder: Path) -> tuple:
    """All that a corpus says when it is read into an empty cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBOOK_CACHE", str(folder.parent / "fresh"))
        return told(read_corpus(folder))


# --- others at work, and no place to work -------------------------------------------------------------

READ = """
import sys, time
from analysis.corpus import read_corpus
from analysis.tokens import tokenize
while time.time() < float(sys.argv[2]): pass
print(len(tokenize(read_corpus(sys.argv[1]))))
"""


def test_processes_at_once_end_with_one_whole_entry(own, tmp_path, root):
    """Three processes make the same corpus at the same moment: all succeed, nothing is left over,
    and what lies there is whole."""
    file = tmp_path / "c.txt"
    file.write_text(f"{TEXT}\n" * 20_000, encoding="utf-8")
    start = str(time.time() + 2.5)
    command = [sys.executable, "-c", READ, str(file), start]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root) for _ in range(3)]  # fmt: skip
    told = [process.communicate() for process in running]
    assert told == [(b"140000\n", b"")] * 3
    found = files(own, cache._MANIFEST)
    assert sorted(path.relative_to(own).parts[0] for path in found) == [
        "blocks",
        "corpora",
        "tokens",
    ]
    for path in found:
        assert cache.existing(path.relative_to(own).parts[0], path.parent.name) is not None
    assert [path for path in own.iterdir() if path.name.startswith(".")] == []


def test_a_whole_entry_is_never_taken_away(own, monkeypatch):
    """While one process takes a broken entry away, another that puts a whole one there waits, so
    that only the broken one goes; both end with a whole one."""
    taken, others, drop = [], [], cache.drop

    def make(folder):
        cache.save(folder, "key", {}, {"a": np.arange(3)})

    def late_drop(kind, key):
        if not others:
            others.append(threading.Thread(target=cache.entry, args=(kind, key, make)))
            others[0].start()
            others[0].join(0.5)
        taken.append(cache.existing(kind, key))
        drop(kind, key)

    cut_off(cache.entry("blocks", "key", make).folder / cache._ARRAYS)
    monkeypatch.setattr(cache, "drop", late_drop)
    assert cache.entry("blocks", "key", make)["a"].tolist() == [0, 1, 2]
    others[0].join()
    assert taken == [None]
    assert cache.existing("blocks", "key") is not None


@pytest.mark.parametrize("place", ["/proc", "/dev/null", "/dev/null/below", "{file}"])
def test_a_cache_that_cannot_be_written_is_told(source, monkeypatch, place):
    """Where no folder can be made or written the error names the cache, without a traceback."""
    monkeypatch.setenv("WORKBOOK_CACHE", place.format(file=source))
    with pytest.raises(InputError, match=r"--cache: .*cache"):
        tokenize(read_corpus(source))


def test_a_full_disk_is_told(source, monkeypatch):
    """Room that runs out on the way is told as that, and nothing half made stays."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.Draft, "seal", full)
    with pytest.raises(InputError, match=r"cannot be written \(No space left on device\)"):
        read_corpus(source)
    assert files(Path(os.environ["WORKBOOK_CACHE"]), "*") == []


def test_arrays_come_back_as_they_went(own):
    """Every shape and type that is saved is there again, an empty one too, and texts of any kind."""
    import pyarrow as pa

    arrays = {
        "empty": np.empty((0, 2), dtype=np.int64),
        "pairs": np.arange(6, dtype=np.int32).reshape(3, 2),
        "shares": np.array([0.5, np.nan]),
        **cache.packed("names", pa.array(["", "é", "人\0"], pa.large_string())),
        **cache.packed("part", pa.array(["left", "ab", "c", "right"], pa.large_string())[1:3]),
        **cache.packed("none", pa.array([], pa.large_string())),
    }
    found = cache.entry("kind", "0" * 64, lambda folder: cache.save(folder, "0" * 64, {"n": 1}, arrays))  # fmt: skip
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array, equal_nan=array.dtype == float)
    names = [cache.unpacked(found, name).to_pylist() for name in ("names", "part", "none")]
    assert names == [["", "é", "人\0"], ["ab", "c"], []]
    assert (found.notes, "pairs" in found, "none" in found) == ({"n": 1}, True, False)


@pytest.mark.parametrize("module", ["corpus", "reading.gathering", "tokens", "duplicates.part"])
def test_keys_know_every_module_that_decides_what_is_stored(module, monkeypatch):
    """What a module that stores imports of the store is part of a key of it; how it is kept is not."""
    found = importlib.import_module(f"analysis.{module}")
    keyed: list[str] = []

    def noted(*modules: str) -> str:
        keyed.extend(modules)
        return "code"

    for place in (corpus, gathering, tokens):
        monkeypatch.setattr(place, "code_of", noted)
    made_by = {
        "corpus": [corpus._code],
        "reading.gathering": [gathering._code],
        "tokens": [tokens.code, tokens._versions],
    }
    for function in made_by.get(module, [lambda: tokens.code("duplicates.part")]):
        getattr(function, "__wrapped__", function)()
    tree = ast.parse(Path(found.__file__).read_text(encoding="utf-8"))
    names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    stores = {n.removeprefix("analysis.") for n in names if n.startswith("analysis.store.")}
    assert stores - {"store.cache", "store.ahead"} <= set(keyed)
    assert module in keyed or module.split(".")[0] in keyed
