"""The command: what it prints, how it ends, and that a mistake stops it before anything runs."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from test_runs import SAVE, write_notebook

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
    assert cli.main(arguments) == cli._WRONG_USE
    told = capsys.readouterr()
    assert told.out == ""
    assert "Traceback" not in told.err
    assert len(told.err.splitlines()) <= 3
    return told.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-p", "perod=month"], "unknown parameter: 'perod'; allowed: "),
        (["-p", "resamples=many"], "is not of type int: 'many'; allowed: a whole number"),
        (["-p", "resamples=5"], "resamples is out of range: 5"),
        (["-p", "confidence=95"], "confidence is out of range: 95.0"),
        (
            ["-p", "group=publisher"],
            "group is not a metadata column: 'publisher'; allowed: id, source",
        ),
        (["-p", "compare=BBC,CNN"], "no document with this source: 'BBC'; allowed: British"),
        (["-p", "compare=Shenzhen Post"], "compare takes two different values"),
        (["-p", "period=fortnight"], "unknown period: 'fortnight'; allowed: day, week"),
        (["-p", "unit=word"], "unknown unit: 'word'; allowed: sentence, paragraph, document"),
        (["-p", "terms=(a+)+$"], "a character that no word holds, in rule: '(a+)+$'"),
        (["-p", "terms=*"], "a * without any letter, in rule: '*'"),
        (["-p", "prior=0"], "prior is out of range"),
        (["-p", "unique=story"], "unique: unknown way of counting: 'story'; allowed: all, stories"),
        (["-p", "similarity=0.4"], "similarity is out of range: 0.4; allowed: 0.5 to 1"),
        (["-p", "voice=Quoted"], "unknown voice: 'Quoted'; allowed: all, author, reported"),
        (["-p", "codings=none"], "codings: holds no sample: 'none'; allowed: a folder with sample"),
        (["-p", "sweep=none.yaml"], "no such sweep: 'none.yaml'"),
        (
            ["--columns", "id=date,id=source"],
            "is not of type dict: 'id=date,id=source'; allowed: names and",
        ),
        (["--columns", "=date"], "is not of type dict: '=date'"),
        (["--columns", '{"id": "date", "id": "source"}'], "is not of type dict"),
        (["--encoding", "punycode"], "is not punycode"),
        (["-p", "events=none.csv"], "no such events file: 'none.csv'"),
        (["-p", "out=x"], "--out"),
        (["--corpus", "nowhere"], "no such corpus: 'nowhere'"),
        (["--codebook", "nowhere.yaml"], "no such codebook"),
        (["--columns", "date=jahr"], "no such column to rename: 'jahr'"),
        (["04-nothing"], "no such notebook: '04-nothing'; allowed: 01-corpus-overview"),
        (["--name", "../out"], "is not a run name: '../out'"),
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
        (
            {"a.txt": b"x", "codebook.yaml": b"frames: race"},
            "codebook.yaml, line 1: a mapping (name: value) is expected here: 'race'",
        ),
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


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("notebooks", "is the project's folder notebooks/"),
        ("figures", "is the project's folder figures/"),
        ("notebooks/new", "lies inside the project's folder notebooks/"),
        ("analysis/runs/new", "lies inside the project's folder analysis/"),
        ("seeds/codings", "lies inside the project's folder seeds/"),
        (".", "holds the project's folder"),
        ("runs", "is the folder of all runs"),
        ("README.md", "is not a folder: 'README.md'"),
        ("{corpus}", "is the corpus of this run"),
        ("{corpus}/new", "lies inside the corpus of this run"),
        ("{tmp}/data", "holds the corpus of this run"),
        ("{tmp}/link", "is the project's folder notebooks/"),
        ("{tmp}/mine", "holds files that no run of this workbook made"),
        ("{home}", "is the home folder"),
    ],
)
@pytest.mark.parametrize("command", [["run"], ["sweep", "seeds/sweep.yaml"]], ids=["run", "sweep"])
def test_out_is_a_new_folder_or_that_of_an_earlier_run(
    out, told, command, capsys, no_run, root, tmp_path, monkeypatch
):
    """--out takes no folder that holds other files, or lies where inputs or the project do."""
    corpus, mine, home = tmp_path / "data" / "corpus", tmp_path / "mine", tmp_path / "home"
    for folder in (corpus, mine, home):
        folder.mkdir(parents=True)
    (corpus / "a.txt").write_text("One race.", encoding="utf-8")
    (corpus / "codebook.yaml").write_text(CODEBOOK, encoding="utf-8")
    (mine / "notes.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "link").symlink_to(root / "notebooks")
    monkeypatch.chdir(root)
    monkeypatch.setenv("HOME", str(home))
    places = {"corpus": corpus, "tmp": tmp_path, "home": home}
    out, kind = out.format(**places), command[0]
    before = {*tmp_path.rglob("*"), *(root / "notebooks").iterdir(), *(root / "figures").iterdir()}
    given = ["--corpus", str(corpus), "--out", out]
    assert told.replace("no run", f"no {kind}") in refused(capsys, *command, *given)
    after = {*tmp_path.rglob("*"), *(root / "notebooks").iterdir(), *(root / "figures").iterdir()}
    assert after == before


@pytest.mark.parametrize("command", [["check"], ["run", "--corpus"]])
def test_strict_fails_on_any_rejection(command, capsys, no_run, tmp_path):
    """--strict ends with 2 and the first rejection, before anything runs."""
    (tmp_path / "c.csv").write_text("id,text\na,One race.\na,Two.\n")
    options = ["--strict", "--codebook", "seeds/codebook.yaml"]
    assert cli.main([*command, str(tmp_path / "c.csv"), *options]) == cli._WRONG_USE
    told = "workbook: --strict: 1 items are rejected, first: c.csv, line 3: id appears twice"
    assert capsys.readouterr().err.startswith(told)


def test_the_order_of_dates_is_an_option(tmp_path, capsys):
    """03/05/2024 is asked about, and read as --dates says."""
    (tmp_path / "c.csv").write_text("id,text,date\na,One race.,03/05/2024\n")
    assert "day_first or month_first" in refused(capsys, "check", str(tmp_path / "c.csv"))
    options = ["--dates", "day_first", "--codebook", "seeds/codebook.yaml"]
    assert cli.main(["check", str(tmp_path / "c.csv"), *options]) == cli._DONE
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
    assert cli.main(["run", "--params", str(file), "-p", "period=year"]) == cli._DONE
    assert (seen["period"], seen["terms"]) == ("year", ["China", "US"])


def test_check_says_what_was_read_and_left_out(capsys):
    """`workbook check` counts documents, lines, groups and rules."""
    assert cli.main(["check", "seeds"]) == cli._DONE
    told = capsys.readouterr().out
    assert "documents read: 5" in told
    assert "lines excluded by a rule: 17" in told
    assert "frames: 10" in told


def test_failed_run_ends_with_1_and_names_cell_and_error(monkeypatch, capsys):
    """Exit 1 with the notebook, the cell and the error's last line."""
    outcome = batch.Outcome("02-term-trends", "failed", "cell 4: ValueError: no")
    monkeypatch.setattr(batch, "execute", lambda *_: ([outcome], {}))
    assert cli.main(["run", "--name", "x"]) == cli._FAILED
    assert "02-term-trends failed: cell 4: ValueError: no" in capsys.readouterr().err


def test_debug_shows_the_traceback(capsys):
    """--debug adds the traceback that is hidden otherwise."""
    assert cli.main(["run", "--debug", "--corpus", "nowhere"]) == cli._WRONG_USE
    assert "Traceback" in capsys.readouterr().err


def test_help_lists_the_commands():
    """`workbook --help` works from the shell and names both commands and the exit status."""
    done = subprocess.run(
        [sys.executable, "-m", "analysis.cli", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert {"run", "check"} <= set(done.stdout.split())
    assert "Exit status" in done.stdout


@pytest.mark.slow
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


# --- without frames ----------------------------------------------------------------------------------


def test_a_corpus_without_a_codebook_is_no_error(tmp_path, monkeypatch, capsys):
    """01 and 02 run; what 03 and 04 lack is printed, and the exit status is 0."""
    (tmp_path / "c.csv").write_text("id,text\na,One race.\n", encoding="utf-8")
    seen = {}

    def remember(plan, report):
        seen.update(plan.lacking)
        reasons = [(one.name, plan.lacking.get(one.name, "")) for one in plan.notebooks]
        return [
            batch.Outcome(name, "skipped" if why else "done", reason=why) for name, why in reasons
        ], {}

    monkeypatch.setattr(batch, "execute", remember)
    assert cli.main(["run", "--corpus", str(tmp_path / "c.csv")]) == cli._DONE
    assert list(seen) == ["03-framing-comparison", "04-validity-and-robustness"]
    told = capsys.readouterr().out
    assert "03-framing-comparison skipped: needs frames; give --codebook PATH" in told
    assert "02-term-trends done, 03-framing-comparison skipped (needs frames)" in told


def test_check_says_what_is_missing_without_a_codebook(tmp_path, capsys):
    """`workbook check` names the notebooks that would be skipped, and what they need."""
    (tmp_path / "a.txt").write_text("One race.", encoding="utf-8")
    assert cli.main(["check", str(tmp_path)]) == cli._DONE
    told = "03-framing-comparison and 04-validity-and-robustness will be skipped: needs frames; "
    assert told + "add codebook.yaml to the corpus folder" in capsys.readouterr().out


# --- pipes and signals -------------------------------------------------------------------------------


@pytest.fixture
def workbook(tmp_path):
    """A workbook with one small notebook; a function that starts a command in it."""
    folder = tmp_path / "workbook"
    (folder / "corpus").mkdir(parents=True)
    (folder / "corpus" / "a.txt").write_text("One race.", encoding="utf-8")
    (folder / "workbook.yaml").write_text("corpus: corpus\n", encoding="utf-8")

    def start(*arguments: str, cell: str = "", **streams) -> subprocess.Popen:
        write_notebook(folder / "notebooks", "good", cell, SAVE)
        command = [sys.executable, "-m", "analysis.cli", *arguments]
        return subprocess.Popen(command, cwd=folder, text=True, **streams)

    return folder, start


@pytest.fixture
def unread():
    """The end of a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


def test_a_run_whose_output_nobody_reads_succeeds_in_silence(workbook, unread):
    """`workbook run | head -1`: the run goes on, ends with 0, and Python complains of nothing."""
    folder, start = workbook
    run = start("run", stdout=unread, stderr=subprocess.PIPE)
    told = run.communicate()[1]
    assert run.returncode == 0, told
    assert told == "good: started\ngood: done\n"
    assert (folder / "figures" / "good.png").is_file()


def test_a_run_whose_messages_nobody_reads_succeeds(workbook, unread):
    """`workbook run 2>&1 | head -1`: the progress of a run is not its life."""
    folder, start = workbook
    run = start("run", stdout=unread, stderr=unread)
    assert run.wait() == 0
    assert (folder / "figures" / "good.png").is_file()


def test_a_failed_run_stays_failed_when_nobody_reads(workbook, unread):
    """`workbook run 2>&1 | head -1` on a notebook that fails ends with 1."""
    assert workbook[1]("run", cell="1 / 0", stdout=unread, stderr=unread).wait() == 1


def test_a_rejection_stays_one_when_nobody_reads(workbook, unread):
    """`workbook check --strict | head -1` on a corpus with a broken row ends with 2."""
    folder, start = workbook
    (folder / "c.csv").write_text("id,text\na,One race.\na,Two.\n", encoding="utf-8")
    command = ["check", "--strict", "c.csv"]
    assert start(*command, stdout=unread, stderr=unread).wait() == 2
    assert start(*command, stdout=unread, stderr=subprocess.DEVNULL).wait() == 2


def test_help_that_nobody_reads_is_no_failure(workbook, unread):
    """`workbook --help | head -1` ends with 0 and without a complaint."""
    run = workbook[1]("--help", stdout=unread, stderr=subprocess.PIPE)
    assert (run.communicate()[1], run.returncode) == ("", 0)


def test_output_on_a_full_disk_is_an_error(workbook):
    """`workbook cache > /dev/full` ends with 2 and says so once."""
    with open("/dev/full", "w") as full:
        run = workbook[1]("cache", stdout=full, stderr=subprocess.PIPE)
        assert run.communicate()[1] == "workbook: cannot use: No space left on device\n"
    assert run.returncode == 2


def test_a_command_runs_with_its_streams_closed(workbook):
    """`workbook check … >&- 2>&-` ends as it would with them, here with 2."""
    folder, start = workbook
    (folder / "c.csv").write_text("id,text\na,One race.\na,Two.\n", encoding="utf-8")

    def close() -> None:
        os.closerange(1, 3)

    assert start("check", "--strict", "c.csv", preexec_fn=close).wait() == 2


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_says_so(workbook, number, status):
    """The kernels are ended, the status tells the signal, and the receipt says interrupted."""

    def listen() -> None:  # a test run in the background of a shell would have it ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    folder, start = workbook
    sleep = "import pathlib, time; pathlib.Path('asleep').touch(); time.sleep(100)"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    run = start("run", cell=sleep, preexec_fn=listen, **quiet)
    begun = time.monotonic()
    while not (folder / "asleep").exists() and time.monotonic() < begun + 60:
        time.sleep(0.05)
    run.send_signal(number)
    assert run.wait(60) == status
    receipt = json.loads((folder / "runs" / "default" / "run.json").read_text(encoding="utf-8"))
    assert receipt["state"] == receipt["notebooks"]["good"]["state"] == "interrupted"
    assert not (folder / "figures").exists()
