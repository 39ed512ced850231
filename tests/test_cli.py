"""The command: what it prints, how it ends, and that a mistake stops it before anything runs."""

import re
import shlex
import subprocess
import sys

import pytest

from analysis import cli
from analysis.runs import batch

CODEBOOK = "name: x\nframes:\n  race:\n    rules: [race]\n"


@pytest.fixture
def no_run(monkeypatch):
    """Fail the test if a notebook is started."""

    def refuse(*_):
        raise AssertionError("a notebook was started")

    monkeypatch.setattr(batch, "execute", refuse)


def refused(capsys, *arguments: str) -> str:
    """Run the command, expect exit 2 and nothing but a few lines on standard error."""
    assert cli.main(arguments) == cli.WRONG_USE
    told = capsys.readouterr()
    assert told.out == ""
    assert "Traceback" not in told.err
    assert len(told.err.splitlines()) <= 3
    return told.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-p", "perod=month"], "unknown parameter: 'perod'; allowed: "),
        (["-p", "resamples=many"], "is no int: 'many'; allowed: a whole number"),
        (["-p", "resamples=5"], "resamples is out of range: 5"),
        (["-p", "confidence=95"], "confidence is out of range: 95.0"),
        (
            ["-p", "group=publisher"],
            "group is no metadata column: 'publisher'; allowed: id, source",
        ),
        (["-p", "compare=BBC,CNN"], "no document with this source: 'BBC'; allowed: British"),
        (["-p", "compare=Shenzhen Post"], "compare takes two different values"),
        (["-p", "period=fortnight"], "unknown period: 'fortnight'; allowed: day, week"),
        (["-p", "unit=word"], "unknown unit: 'word'; allowed: sentence, paragraph, document"),
        (["-p", "terms=(a+)+$"], "a sign that no word holds, in rule: '(a+)+$'"),
        (["-p", "terms=*"], "a * without any letter, in rule: '*'"),
        (["-p", "prior=0"], "prior is out of range"),
        (["-p", "unique=story"], "unique: unknown way of counting: 'story'; allowed: all, stories"),
        (["-p", "similarity=0.4"], "similarity is out of range: 0.4; allowed: 0.5 to 1"),
        (["-p", "voice=Quoted"], "unknown voice: 'Quoted'; allowed: all, author, reported"),
        (["-p", "codings=none"], "codings: holds no sample: 'none'; allowed: a folder with sample"),
        (["-p", "sweep=none.yaml"], "no such sweep: 'none.yaml'"),
        (["--columns", "id=date,id=source"], "is no dict: 'id=date,id=source'; allowed: names and"),
        (["--columns", "=date"], "is no dict: '=date'"),
        (["--columns", '{"id": "date", "id": "source"}'], "is no dict"),
        (["--encoding", "punycode"], "is not punycode"),
        (["-p", "events=none.csv"], "no such events file: 'none.csv'"),
        (["-p", "out=x"], "--out"),
        (["--corpus", "nowhere"], "no such corpus: 'nowhere'"),
        (["--codebook", "nowhere.yaml"], "no such codebook"),
        (["--columns", "date=jahr"], "no such column to rename: 'jahr'"),
        (["04-nothing"], "no such notebook: '04-nothing'; allowed: 01-corpus-overview"),
        (["--name", "../out"], "is no run name: '../out'"),
        (["--store", "-p", "group=genre"], "outputs are stored from the default run only"),
    ],
)
def test_wrong_use_is_named_before_anything_runs(arguments, told, capsys, no_run):
    """A mistake in the command line gives one line: the value, what is wrong, what is allowed."""
    assert told in refused(capsys, "run", *arguments)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "the corpus is empty"),
        ({"a.txt": b"...\n"}, "the corpus is empty: no document holds a letter or a digit"),
        ({"a.txt": b"  \n"}, "it holds no document; 1 rejected, first: a.txt: holds no text"),
        (
            {"a.txt": b"x", "codebook.yaml": b"frames: {race: {ruls: [a]}}"},
            "unknown key (is 'rules' meant?): 'ruls'",
        ),
        ({"a.txt": b"x", "codebook.yaml": b"frames: {race: {rules: []}}"}, "'race' has no rules"),
        (
            {"a.txt": b"x", "codebook.yaml": b"frames: {race: {about: x}}"},
            "key is missing: 'rules'",
        ),
        ({"a.txt": b"x", "codebook.yaml": b"frames: {}"}, "the codebook has no frames"),
        (
            {"a.txt": b"x", "findings.yaml": b"findings: [{id: a, statment: b}]"},
            "is 'statement' meant?",
        ),
        (
            {"a.txt": b"x", "metadata.csv": b"file,date\na.txt,3/5/2024\n"},
            "a.txt (metadata.csv, line 2): 1 dates can be read two ways, the first: '3/5/2024'",
        ),
    ],
)
def test_bad_corpus_is_named_before_anything_runs(files, told, capsys, no_run, tmp_path):
    """A mistake in a corpus or its codebook names file, line, value and what is allowed."""
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    assert told in refused(capsys, "run", "--corpus", str(tmp_path))


@pytest.mark.parametrize("command", [["check"], ["run", "--corpus"]])
def test_strict_fails_on_any_rejection(command, capsys, no_run, tmp_path):
    """--strict ends with 2 and the first rejection, before anything runs."""
    (tmp_path / "c.csv").write_text("id,text\na,One race.\na,Two.\n")
    options = ["--strict", "--codebook", "seeds/codebook.yaml"]
    assert cli.main([*command, str(tmp_path / "c.csv"), *options]) == cli.WRONG_USE
    told = "workbook: --strict: 1 items are rejected, first: c.csv, line 3: id stands twice"
    assert capsys.readouterr().err.startswith(told)


def test_the_order_of_dates_is_an_option(tmp_path, capsys):
    """03/05/2024 is asked about, and read as --dates says."""
    (tmp_path / "c.csv").write_text("id,text,date\na,One race.,03/05/2024\n")
    assert "day_first or month_first" in refused(capsys, "check", str(tmp_path / "c.csv"))
    options = ["--dates", "day_first", "--codebook", "seeds/codebook.yaml"]
    assert cli.main(["check", str(tmp_path / "c.csv"), *options]) == cli.DONE
    assert "2024-05-03" in capsys.readouterr().out


def test_parameters_come_from_a_file_and_the_line_wins(tmp_path, monkeypatch, capsys):
    """--params gives values, -p overrides them."""
    file = tmp_path / "p.yaml"
    file.write_text("period: month\nterms: [China, US]\n", encoding="utf-8")
    seen = {}

    def remember(plan, report):
        seen.update(plan.parameters["02-term-trends"])
        return [], {}

    monkeypatch.setattr(batch, "execute", remember)
    assert cli.main(["run", "--params", str(file), "-p", "period=year"]) == cli.DONE
    assert (seen["period"], seen["terms"]) == ("year", ["China", "US"])


def test_check_says_what_was_read_and_left_out(capsys):
    """`workbook check` counts documents, lines, groups and rules."""
    assert cli.main(["check", "seeds"]) == cli.DONE
    told = capsys.readouterr().out
    assert "documents read: 5" in told
    assert "lines excluded by a rule: 17" in told
    assert "frames: 10" in told


def test_failed_run_ends_with_1_and_names_cell_and_error(monkeypatch, capsys):
    """Exit 1 with the notebook, the cell and the error's last line."""
    outcome = batch.Outcome("02-term-trends", "failed", "cell 4: ValueError: no")
    monkeypatch.setattr(batch, "execute", lambda *_: ([outcome], {}))
    assert cli.main(["run", "--name", "x"]) == cli.FAILED
    assert "02-term-trends failed: cell 4: ValueError: no" in capsys.readouterr().err


def test_debug_shows_the_traceback(capsys):
    """--debug adds the traceback that is hidden otherwise."""
    assert cli.main(["run", "--debug", "--corpus", "nowhere"]) == cli.WRONG_USE
    assert "Traceback" in capsys.readouterr().err


def test_readme_commands_are_accepted(root, monkeypatch):
    """Every `workbook run` and `workbook check` line of the README has a valid command line."""
    text = (root / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\.venv/bin/workbook (.*)$", text, flags=re.M)
    assert len(lines) >= 4
    for line in lines:
        cli.parser().parse_args(shlex.split(line))


WALKED = """id,date,year,president,party,text
1789-Washington,NA,1789,Washington,none,"Fellow citizens, peace and liberty."
1865-Lincoln,NA,1865,Lincoln,Republican,"Both parties deprecated war, and the war came."
"""


def test_readme_walks_from_a_file_to_the_notebooks(root, tmp_path, monkeypatch, capsys):
    """The README's commands on `inaugural.csv` say what it tells, and their run is ready to start."""
    text = (root / "README.md").read_text(encoding="utf-8").partition("## Your own corpus")[2]
    codebook = text.partition("```yaml\n")[2].partition("```")[0]
    commands = re.findall(r"^\.venv/bin/workbook (.*inaugural\.csv.*)$", text, flags=re.M)
    (tmp_path / "inaugural.csv").write_text(WALKED, encoding="utf-8")
    (tmp_path / "peace.yaml").write_text(codebook, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(batch, "execute", lambda *_: ([], {}))
    told = []
    for command in commands:
        assert cli.main(shlex.split(command)) == cli.DONE
        told.append(capsys.readouterr().out)
    assert len(told) == 4
    assert "remark: dates: 2 dates are no date but a word for none, as 'NA'" in told[0]
    assert "source: (none) (2)" in told[0]
    assert "dates: 1789 to 1865" in told[1]
    assert "frames: 3 (9 rules)" in told[2]


def test_readme_names_make_targets_that_exist(root):
    """The README's make commands are targets of the Makefile."""
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make (\w+)", (root / "README.md").read_text(encoding="utf-8")):
        if target not in ("figures", "test", "lab"):
            continue
        assert re.search(rf"^{target}:", makefile, flags=re.M)


def test_readme_lists_the_notebooks(root):
    """The README's table has every notebook."""
    text = (root / "README.md").read_text(encoding="utf-8")
    for file in (root / "notebooks").glob("*.ipynb"):
        assert f"`{file.stem}`" in text


def test_help_lists_the_commands():
    """`workbook --help` works from the shell and names both commands and the exit status."""
    done = subprocess.run(
        [sys.executable, "-m", "analysis.cli", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert {"run", "check"} <= set(done.stdout.split())
    assert "Exit status" in done.stdout


def test_plain_papermill_runs_a_notebook_with_parameters(root, tmp_path):
    """`papermill NOTEBOOK OUT -p period quarter` needs nothing but its parameters."""
    out = tmp_path / "out.ipynb"
    command = [sys.executable, "-m", "papermill", "notebooks/02-term-trends.ipynb", str(out)]
    done = subprocess.run(
        [*command, "-p", "period", "quarter", "--no-progress-bar"],
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "2024-Q3" in out.read_text(encoding="utf-8")
