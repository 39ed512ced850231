"""Workbooks of one's own: made on a corpus, they are checked and run at once, and nothing is overwritten."""

import json
import os
import re
import shlex
import subprocess

import pytest

from analysis import cli
from analysis.corpus import locate, read_corpus
from analysis.errors import InputError
from analysis.rules.codebook import corpus_codebook
from analysis.runs import plans, receipts
from analysis.runs.parameters import read_declared, read_values
from analysis.runs.workbooks import _configuration, _pointer, new_workbook
from analysis.store.texts import Texts
from analysis.tables.findings import read_claims

FILES = {
    "README.md", "workbook.yaml", "corpus/codebook.yaml", "corpus/events.csv", "corpus/exclusions.yaml",
    "corpus/findings.yaml", "corpus/corpus.yaml",
}  # fmt: skip


@pytest.fixture
def speeches(tmp_path):
    """A corpus of one file with columns of other names."""
    file = tmp_path / "speeches.csv"
    rows = [
        "when,who,text",
        "1999,A,We want peace and no war.",
        "2001,B,War is near. Peace is far.",
    ]
    file.write_text("\n".join(rows), encoding="utf-8")
    return file


@pytest.fixture
def mine(speeches, tmp_path):
    """A workbook on the speeches."""
    new_workbook(tmp_path / "mine", corpus=str(speeches), columns={"date": "when", "source": "who"})
    return tmp_path / "mine"


def test_everything_is_there(mine):
    """Templates, choices, the place of the texts, and a copy of every notebook."""
    made = {str(file.relative_to(mine)) for file in mine.rglob("*") if file.is_file()}
    notebooks = {f"notebooks/{file.name}" for file in plans.BUNDLED.notebooks.glob("*.ipynb")}
    assert made == FILES | notebooks


def test_the_corpus_is_read_where_it_lies(mine, speeches):
    """Its folder says where the texts are and which columns are renamed; they are not copied."""
    corpus = read_corpus(mine / "corpus")
    assert corpus.documents["date"].tolist() == ["1999", "2001"]
    assert corpus.groups("source").tolist() == ["A", "B"]
    assert "texts: ../../speeches.csv" in (mine / "corpus" / "corpus.yaml").read_text("utf-8")
    assert list(corpus_codebook(corpus).frames) == ["peace"]


def test_notebooks_are_clean_and_know_their_corpus(mine):
    """The copies hold no output of another corpus, and their defaults are those of this one."""
    for file in (mine / "notebooks").iterdir():
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
        declared = read_declared(file).parameters
        assert declared["corpus"].default == "corpus"
        assert declared["corpus"].help
        if "terms" in declared:
            assert declared["terms"].default == ["peace", "war"]


@pytest.mark.slow
def test_check_and_run_work_at_once(mine, monkeypatch, capsys):
    """In the folder `workbook check corpus` and `workbook run` need nothing more; the figures stay there."""
    monkeypatch.chdir(mine)
    assert cli.main(["check", "corpus"]) == cli._DONE
    assert "documents read: 2" in capsys.readouterr().out
    assert cli.main(["run"]) == cli._DONE
    receipt = json.loads((mine / "runs" / "default" / "run.json").read_text(encoding="utf-8"))
    assert {entry["state"] for entry in receipt["notebooks"].values()} == {"done"}
    assert (mine / "figures" / "frame_shares.png").is_file()
    trends = (mine / "runs" / "default" / "tables" / "trends.csv").read_text(encoding="utf-8")
    assert "peace,1999,A,1,6" in trends


def test_a_notebook_opened_in_its_folder_finds_the_corpus(mine, monkeypatch):
    """JupyterLab starts a notebook where it lies: `corpus` is the one beside `notebooks/`."""
    monkeypatch.chdir(mine / "notebooks")
    assert locate("corpus") == mine / "corpus"
    assert len(read_corpus("corpus")) == 2
    assert plans.project().figures == mine / "figures"


def test_elsewhere_the_project_is_this_one(tmp_path, monkeypatch):
    """Outside a workbook the notebooks and figures are this project's."""
    monkeypatch.chdir(tmp_path)
    assert plans.project() is plans.BUNDLED
    assert not plans.project().configuration.is_file()


def test_choices_are_taken_and_the_command_line_wins(mine, monkeypatch):
    """workbook.yaml gives parameters to the default run; -p overrides them, in a run of its own."""
    monkeypatch.chdir(mine)
    file = mine / "workbook.yaml"
    file.write_text("corpus: corpus\nperiod: year\nterms: [war]\n", encoding="utf-8")
    plan = plans.make_plan()
    assert plan.publish
    assert str(plan.folder) == "runs/default"
    assert plan.parameters["02-term-trends"]["terms"] == ["war"]
    other = plans.make_plan(["02-term-trends"], {"terms": "peace"}, run="other")
    chosen = other.parameters["02-term-trends"]
    assert (chosen["terms"], chosen["period"], other.publish) == (["peace"], "year", False)
    assert plans.make_plan(["01-corpus-overview"], run="one")  # it has no terms


def test_a_mistake_in_the_choices_names_their_file(mine, monkeypatch):
    """An unknown parameter in workbook.yaml is named with that file."""
    monkeypatch.chdir(mine)
    (mine / "workbook.yaml").write_text("perod: year\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"workbook\.yaml: unknown parameter: 'perod'"):
        plans.make_plan()


def test_every_choice_can_be_taken(mine, monkeypatch):
    """With every # taken away, workbook.yaml is accepted: the defaults are what they were."""
    monkeypatch.chdir(mine)
    usual = plans.make_plan().parameters
    file = mine / "workbook.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r"^# (?=\w+: )", "", text, flags=re.M), encoding="utf-8")
    assert len(read_values(file)) > 12
    assert plans.make_plan().parameters == usual


def test_own_files_of_a_corpus_folder_are_taken_over(tmp_path, seeds):
    """Of a folder with codebook, exclusions, events and findings the workbook gets copies to change."""
    new_workbook(tmp_path / "mine", corpus="seeds")
    corpus = read_corpus(tmp_path / "mine" / "corpus")
    assert corpus_codebook(corpus).fingerprint == corpus_codebook(seeds).fingerprint
    assert corpus.fingerprint == seeds.fingerprint
    assert len(read_claims(corpus)) == len(read_claims(seeds))
    assert (tmp_path / "mine" / "corpus" / "sweep.yaml").is_file()
    assert (tmp_path / "mine" / "corpus" / "codings" / "sample.csv").is_file()
    rules = tmp_path / "mine" / "corpus" / "exclusions.yaml"
    rules.write_text("rules: []\n", encoding="utf-8")
    assert len(read_corpus(tmp_path / "mine" / "corpus").excluded) == 0


@pytest.mark.parametrize("target", ["/dev/null", "..", "nowhere"])
def test_odd_entries_among_codings_are_not_copied(tmp_path, target):
    """A link to a device, a folder or nothing is named, not followed without end; nothing is left."""
    codings = tmp_path / "texts" / "codings"
    codings.mkdir(parents=True)
    (codings.parent / "a.txt").write_text("A race.", encoding="utf-8")
    (codings / "odd").symlink_to(target)
    with pytest.raises(InputError, match="codings: is neither file nor folder: 'odd'"):
        new_workbook(tmp_path / "mine", corpus=str(codings.parent))
    assert not (tmp_path / "mine").exists()


def test_columns_without_a_corpus_are_refused(tmp_path, capsys):
    """What would be ignored is said."""
    assert cli.main(["new", str(tmp_path / "mine"), "--columns", "date=year"]) == cli._WRONG_USE
    assert "--columns: renames columns of a corpus" in capsys.readouterr().err


def test_printed_commands_run_as_typed(speeches, tmp_path, monkeypatch, capsys):
    """What `workbook new` prints can be typed in a shell that has another folder and no environment."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(["new", "it's mine", "--corpus", str(speeches)]) == cli._DONE
    first, change, check, run = capsys.readouterr().out.splitlines()
    assert "Next" in first
    assert run == check.removesuffix("check corpus") + "run"
    typed = "\n".join([change, check])
    told = subprocess.run(
        ["bash", "-e", "-c", typed],
        cwd="/",
        env={"PATH": os.defpath, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    assert "documents read: 2" in told.stdout


def test_a_changed_text_elsewhere_is_another_corpus(mine, speeches):
    """The receipt's hash of the corpus is over the texts too, wherever they lie."""
    before = receipts._hash_of_path(mine / "corpus")
    speeches.write_text(speeches.read_text("utf-8") + "\n2002,C,Peace.", encoding="utf-8")
    assert receipts._hash_of_path(mine / "corpus") != before


# --- refused -----------------------------------------------------------------------------------------


def test_nothing_is_overwritten(mine, speeches):
    """A folder that holds anything, and a file, are refused and left as they are."""
    before = sorted(mine.rglob("*"))
    for place in (mine, speeches):
        with pytest.raises(InputError, match="exists already, and nothing is overwritten"):
            new_workbook(place)
    assert sorted(mine.rglob("*")) == before


def test_an_empty_folder_is_filled(tmp_path, monkeypatch):
    """`workbook new .` in an empty folder fills that very folder."""
    monkeypatch.chdir(tmp_path)
    assert new_workbook(".") is None
    assert {file.name for file in tmp_path.iterdir()} == {
        "README.md", "workbook.yaml", "corpus", "notebooks",
    }  # fmt: skip


def test_without_texts_the_run_says_so(tmp_path, monkeypatch, capsys):
    """A workbook without a corpus waits for texts in corpus/."""
    assert cli.main(["new", str(tmp_path / "mine")]) == cli._DONE
    assert "put texts into corpus/" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path / "mine")
    assert cli.main(["run"]) == cli._WRONG_USE
    assert "the corpus is empty" in capsys.readouterr().err
    (tmp_path / "mine" / "corpus" / "a.txt").write_text("Peace at last.", encoding="utf-8")
    assert plans.make_plan().publish


def test_a_workbook_inside_its_corpus_is_refused(tmp_path):
    """A folder inside the corpus would be read as part of it."""
    (tmp_path / "a.txt").write_text("One text.", encoding="utf-8")
    with pytest.raises(InputError, match="lies inside the corpus"):
        new_workbook(tmp_path / "mine", corpus=str(tmp_path))


def test_a_corpus_that_cannot_be_read_leaves_nothing(tmp_path, capsys):
    """The mistake is named, and no folder is made."""
    assert cli.main(["new", str(tmp_path / "mine"), "--corpus", "nowhere"]) == cli._WRONG_USE
    assert "no such corpus: 'nowhere'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_points_to_texts_is_opened_without_reading_them(tmp_path, monkeypatch):
    """Without exclusion rules no text is looked at, and the corpus is the one that is pointed to."""
    (tmp_path / "texts.csv").write_text("id,text\na,The race is on.\n", encoding="utf-8")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "corpus.yaml").write_text("texts: ../texts.csv\n", encoding="utf-8")
    expected = read_corpus(tmp_path / "texts.csv").fingerprint
    monkeypatch.setattr(Texts, "content", lambda texts, number: pytest.fail("was read"))
    assert read_corpus(folder).fingerprint == expected


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("texts: nowhere.csv\n", r"corpus\.yaml, line 1: no such corpus: 'nowhere\.csv'"),
        ("texts: .\n", r"corpus\.yaml, line 1: that folder has a corpus\.yaml itself"),
        ("columns: {date: when}\n", "key is missing: 'texts'"),
        ("texts: ../speeches.csv\ncolums: {}\n", r"unknown key \(is 'columns' meant\?\)"),
        ("texts: ../speeches.csv\ncolumns: {date: jahr}\n", "no such column to rename: 'jahr'"),
    ],
)
def test_a_broken_pointer_is_named(tmp_path, speeches, content, told):
    """A mistake in corpus.yaml is named with what is allowed."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "corpus.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=told):
        read_corpus(folder)


@pytest.mark.parametrize("name", ["a: b #c.csv", 'it\'s "so".csv', "国*.csv", "- [x].csv"])
def test_odd_names_of_files_and_columns_are_kept(tmp_path, name):
    """Names that mean something in YAML stay names."""
    (tmp_path / name).write_text('"a: b",text\n1999,Peace.\n', encoding="utf-8")
    new_workbook(tmp_path / "mine", corpus=str(tmp_path / name), columns={"date": "a: b"})
    assert read_corpus(tmp_path / "mine" / "corpus").documents["date"].tolist() == ["1999"]


def test_a_corpus_far_away_is_named_in_full(tmp_path):
    """Where the two share nothing but the root, the path is absolute."""
    assert "texts: /srv/texts" in _pointer(receipts.Path("/srv/texts"), tmp_path, {})


def test_readme_commands_are_accepted(mine):
    """Every `workbook` line of the workbook's README has a valid command line."""
    text = (mine / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^workbook ([^#\n]*)", text, flags=re.M)
    assert len(lines) == 3
    for line in lines:
        name, *arguments = shlex.split(line)
        cli._workbook.commands[name].make_context(name, arguments)


def test_configuration_tells_every_parameter_once(root):
    """Each parameter with its default and its help; `out` is not set this way."""
    declared = [read_declared(file) for file in sorted((root / "notebooks").glob("*.ipynb"))]
    names = re.findall(r"^(?:# )?(\w+): ", _configuration(declared), flags=re.M)
    assert sorted(names) == sorted({n for one in declared for n in one.parameters} - {"out"})
