"""Runs: an honest state for every notebook, a receipt, and figures all together or not at all."""

import json
import re

import pytest

from analysis.errors import InputError
from analysis.runs import batch, plans, publishing, receipts

PARAMETERS = "\n".join(
    [
        'corpus: str = "seeds"  # c',
        'out: str = ""  # o',
        'group: str = "source"  # g',
        "random_seed: int = 1  # r",
        "confidence: float = 0.95  # c",
        "resamples: int = 200  # r",
    ]
)
SAVE = """
from pathlib import Path
folder = Path(out) / "figures"; folder.mkdir(parents=True, exist_ok=True)
import base64
png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
for kind in ("png", "svg", "csv"):
    _ = (folder / f"NAME.{kind}").write_bytes(base64.b64decode(png))
"""
BROKEN = {
    "error": "1 / 0",
    "exit": "import sys; sys.exit(0)",
    "killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "missing": "pass",
}


FIND = """
import json
part = Path(out) / "tables" / ".findings" / "NAME.json"; part.parent.mkdir(parents=True, exist_ok=True)
_ = part.write_text(json.dumps([{"id": "NAME", "holds": True}]))
"""
FRAMES = '\ncodebook: str = ""  # c\nunit: str = "sentence"  # u'


def write_notebook(
    folder, name: str, *cells: str, tables=(), parameters: str = "", corpus: str = "seeds"
) -> None:
    """A small notebook with the common parameters, the given cells and a figure of its name."""
    first = (PARAMETERS + parameters).replace('"seeds"', json.dumps(str(corpus)))
    code = [first, *(cell.replace("NAME", name) for cell in cells)]
    notebook = {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"c{n}",
                "metadata": {"tags": ["parameters"]} if n == 0 else {},
                "outputs": [],
                "source": text,
            }
            for n, text in enumerate(code)
        ],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "workbook": {"figures": [name], "tables": list(tables)},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    folder.mkdir(exist_ok=True, parents=True)
    (folder / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A run of four notebooks that each fail in their own way, and one that does not."""
    place = tmp_path_factory.mktemp("broken")
    for name, cell in BROKEN.items():
        write_notebook(
            place / "notebooks", name, "x = 1", cell, "y = 2" if name == "missing" else SAVE
        )
    write_notebook(place / "notebooks", "good", SAVE)
    published = place / "figures"
    published.mkdir()
    (published / "old.png").write_bytes(b"old")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plans, "BUNDLED", plans.Project(place))
        plan = plans.make_plan()
        assert plan.publish
        outcomes, receipt = batch.execute(plan)
    return place, {outcome.notebook: outcome for outcome in outcomes}, receipt


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("error", "ZeroDivisionError: division by zero"),
        ("exit", "SystemExit|never executed"),
        ("killed", "DeadKernelError|Kernel died"),
        ("missing", "left out figures/missing.png"),
    ],
)
def test_a_broken_notebook_is_failed_and_says_why(broken, name, told):
    """An error, an early exit, a killed kernel and a missing figure are failures, each named."""
    outcome = broken[1][name]
    assert outcome.state == "failed"
    assert re.search(told, outcome.error), outcome.error


def test_a_cell_that_never_ran_is_told():
    """A notebook that ended early without an error is told by its first cell that never ran."""
    from nbformat.v4 import new_code_cell, new_notebook

    cells = [new_code_cell("x", execution_count=1), new_code_cell(""), new_code_cell("y")]
    told = batch._cell_error(new_notebook(cells=cells))
    assert told == "cell 3 was never executed: the kernel ended before it"


def test_a_good_notebook_beside_broken_ones_is_done(broken):
    """One notebook's failure does not take the others with it."""
    assert broken[1]["good"].state == "done"


def test_nothing_is_published_from_a_failed_run(broken):
    """With one notebook failed the old figures stay as they are."""
    assert [path.name for path in (broken[0] / "figures").iterdir()] == ["old.png"]


def test_receipt_of_a_failed_run_says_so(broken):
    """The receipt is written for a failed run, with every notebook's state and error."""
    receipt = json.loads((broken[0] / "runs" / "default" / "run.json").read_text(encoding="utf-8"))
    assert receipt["state"] == "failed"
    assert {n: e["state"] for n, e in receipt["notebooks"].items()} == {
        **dict.fromkeys(BROKEN, "failed"),
        "good": "done",
    }


def test_failed_notebook_is_kept_as_far_as_it_got(broken):
    """The executed notebook of a failure is there to be read, error included."""
    text = (broken[0] / "runs" / "default" / "error.ipynb").read_text(encoding="utf-8")
    assert "ZeroDivisionError" in text


def test_two_notebooks_cannot_own_one_figure(tmp_path, monkeypatch):
    """A figure that two notebooks declare is refused before anything runs."""
    write_notebook(tmp_path / "notebooks", "one", SAVE)
    text = (tmp_path / "notebooks" / "one.ipynb").read_text(encoding="utf-8")
    (tmp_path / "notebooks" / "two.ipynb").write_text(text, encoding="utf-8")
    monkeypatch.setattr(plans, "BUNDLED", plans.Project(tmp_path))
    with pytest.raises(InputError, match="two: figure is also declared by one: 'one'"):
        plans.make_plan()


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A project with one good notebook; returns a function that runs it."""
    write_notebook(tmp_path / "notebooks", "good", SAVE)
    monkeypatch.setattr(plans, "BUNDLED", plans.Project(tmp_path))

    def run(**options):
        outcomes, receipt = batch.execute(plans.make_plan(**options))
        return outcomes[0].state, receipt

    return tmp_path, run


def test_unchanged_notebook_is_skipped_until_something_changes(small):
    """A second run skips; a changed output, notebook or parameter, or --force, runs again."""
    place, run = small
    assert run()[0] == "done"
    assert run()[0] == "skipped"
    assert run(force=True)[0] == "done"
    (place / "runs" / "default" / "figures" / "good.csv").write_bytes(b"tampered")
    assert run()[0] == "done"
    write_notebook(place / "notebooks", "good", SAVE, "z = 3")
    assert run()[0] == "done"


def test_published_figures_come_with_their_hashes(small):
    """figures/ holds what the run drew, and a lock file with bytes, pixels and data."""
    place, run = small
    run()
    lock = json.loads((place / "figures" / publishing._LOCK).read_text(encoding="utf-8"))
    assert set(lock["figures"]["good"]) == {"png", "svg", "pixels", "data"}


def test_a_run_with_parameters_publishes_nothing(small):
    """Only the default run publishes."""
    place, run = small
    run(given={"confidence": "0.9"}, run="other")
    assert not (place / "figures").exists()


def test_publication_that_was_cut_off_is_recovered(tmp_path):
    """Between the two renames the old figures are only aside: the next run puts them back."""
    aside = tmp_path / ".figures-old"
    aside.mkdir()
    (aside / "kept.png").write_bytes(b"kept")
    publishing.recover(tmp_path / "figures")
    assert (tmp_path / "figures" / "kept.png").read_bytes() == b"kept"


def test_two_runs_cannot_write_one_folder(small):
    """A run folder is held by one process at a time."""
    place, run = small
    (place / "runs" / "default").mkdir(parents=True)
    with batch.held(place / "runs" / "default"), pytest.raises(InputError, match="another run"):
        run()


# --- the user's files --------------------------------------------------------------------------------


def draw(folder, *names: str, content: str = "1") -> dict:
    """Write figures into a folder; returns what `publish` takes as their hashes."""
    folder.mkdir(exist_ok=True)
    for name in names:
        for kind in receipts.FIGURE_KINDS:
            (folder / f"{name}.{kind}").write_text(f"{name} {kind} {content}", encoding="utf-8")
    return {name: {"png": content} for name in names}


def contents(folder) -> dict[str, str]:
    """Every file of a folder with its text."""
    return {file.name: file.read_text("utf-8") for file in folder.iterdir() if file.is_file()}


def test_publishing_leaves_the_files_of_the_user(tmp_path):
    """Pictures, tables, folders and links beside the figures stay; a figure that is gone goes."""
    to = tmp_path / "figures"
    publishing.publish(tmp_path / "a", draw(tmp_path / "a", "one", "two"), to)
    for name in ("mine.png", "mine.csv", ".hidden"):
        (to / name).write_text("mine", encoding="utf-8")
    (to / "folder").mkdir()
    (to / "folder" / "one.png").write_text("mine", encoding="utf-8")
    (to / "link").symlink_to("nowhere")
    publishing.publish(tmp_path / "b", draw(tmp_path / "b", "one", content="2"), to)
    names = {"mine.png", "mine.csv", ".hidden", "folder", "link", publishing._LOCK}
    assert {file.name for file in to.iterdir()} == names | {"one.png", "one.svg", "one.csv"}
    assert contents(to)["one.png"] == "one png 2"
    assert (to / "folder" / "one.png").read_text("utf-8") == "mine"


def test_figures_may_be_a_link_to_a_folder(tmp_path):
    """Publishing goes through the link, which stays."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "figures").symlink_to("elsewhere")
    publishing.publish(tmp_path / "a", draw(tmp_path / "a", "one"), tmp_path / "figures")
    assert (tmp_path / "figures").is_symlink()
    assert contents(tmp_path / "elsewhere")["one.png"] == "one png 1"


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_a_file_that_no_lock_names_is_never_overwritten(tmp_path, kind):
    """The user's own `one.png` stops the publication, by its name, and everything stays."""
    to = tmp_path / "figures"
    publishing.publish(tmp_path / "a", draw(tmp_path / "a", "other"), to)
    mine = to / "one.png"
    if kind == "file":
        mine.write_text("mine", encoding="utf-8")
    elif kind == "folder":
        mine.mkdir()
    else:
        mine.symlink_to("other.png")
    before = contents(to), sorted(to.iterdir())
    with pytest.raises(InputError, match=r"figures/: nothing was published: .*: 'one\.png'"):
        publishing.publish(tmp_path / "b", draw(tmp_path / "b", "one", "other", content="2"), to)
    assert (contents(to), sorted(to.iterdir())) == before


def test_the_same_bytes_without_a_lock_are_taken_over(tmp_path):
    """Figures whose lock file was lost are published again where they are the same."""
    to = tmp_path / "figures"
    hashes = draw(tmp_path / "a", "one")
    publishing.publish(tmp_path / "a", hashes, to)
    (to / publishing._LOCK).unlink()
    publishing.publish(tmp_path / "a", hashes, to)
    assert (to / publishing._LOCK).is_file()


def test_a_lock_that_cannot_be_read_stops_a_publication(tmp_path):
    """Without the names of the lock nobody knows what may be replaced."""
    to = tmp_path / "figures"
    to.mkdir()
    (to / publishing._LOCK).write_text("<<<<<<< HEAD", encoding="utf-8")
    with pytest.raises(InputError, match=r"figures/figures\.lock\.json: cannot be read"):
        publishing.publish(tmp_path / "a", draw(tmp_path / "a", "one"), to)


@pytest.mark.parametrize("step", range(1, 9))
def test_a_publication_that_was_cut_off_is_completed_or_undone(tmp_path, monkeypatch, step):
    """Killed at any rename, the next call leaves all old figures or all new ones."""
    to = tmp_path / "figures"
    publishing.publish(tmp_path / "a", draw(tmp_path / "a", "one", "old"), to)
    old, left = contents(to), iter(range(1, step))

    def cut_off(*paths):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return replace(*paths)

    replace = publishing.os.replace
    hashes = draw(tmp_path / "b", "one", "new", content="2")
    with monkeypatch.context() as patch:
        patch.setattr(publishing.os, "replace", cut_off)
        with pytest.raises(KeyboardInterrupt):
            publishing.publish(tmp_path / "b", hashes, to)
    publishing.recover(to)
    new = {**contents(tmp_path / "b"), publishing._LOCK: contents(to)[publishing._LOCK]}
    assert contents(to) == (old if step == 1 else new)
    assert not (to / publishing._STAGED).exists()


def test_a_run_that_only_skips_leaves_the_files_of_the_user(small):
    """A second default run publishes again, and what the user added is still there."""
    place, run = small
    run()
    (place / "figures" / "mine.png").write_bytes(b"mine")
    (place / "runs" / "default" / "figures" / "mine.png").write_bytes(b"mine")
    assert run()[0] == "skipped"
    assert (place / "figures" / "mine.png").read_bytes() == b"mine"
    assert (place / "figures" / "good.png").is_file()


# --- folders that a run may write into ---------------------------------------------------------------


def test_a_run_that_was_killed_at_once_is_known_again(small):
    """A folder that holds the mark of a run, a running receipt, or nothing yet is taken again."""
    place, _ = small
    folder = place / "there"
    folder.mkdir()
    (folder / plans.HELD).touch()
    plans.check_run_folder(folder, "run")
    with batch.held(folder):
        pass
    (folder / "figures").mkdir()
    plans.check_run_folder(folder, "run")
    with pytest.raises(InputError, match="holds files that no sweep of this workbook made"):
        plans.check_run_folder(folder, "sweep")


def test_a_run_does_not_take_a_folder_of_foreign_files(small):
    """`runs/NAME` with files of the user and without a receipt is refused, and stays as it is."""
    place, run = small
    mine = place / "runs" / "mine"
    mine.mkdir(parents=True)
    (mine / "notes.txt").write_text("mine", encoding="utf-8")
    (mine / "run.json").write_text('{"name": "of another program"}', encoding="utf-8")
    with pytest.raises(InputError, match="--name: holds files that no run"):
        run(run="mine")
    assert {file.name for file in mine.iterdir()} == {"notes.txt", "run.json"}


def test_an_earlier_run_folder_is_used_again(small):
    """`--out` takes the folder of an earlier run, and the user's file in it stays."""
    place, run = small
    run(out=str(place / "there"))
    (place / "there" / "notes.txt").write_text("mine", encoding="utf-8")
    assert run(out=str(place / "there"))[0] == "skipped"
    assert (place / "there" / "notes.txt").read_text("utf-8") == "mine"


def test_the_receipt_says_running_while_a_notebook_runs(small):
    """The receipt is written when a notebook starts: a kill leaves no run that looks done."""
    place, run = small
    run()
    seen = place / "seen.json"
    cell = f"import shutil; _ = shutil.copy(Path(out) / 'run.json', {str(seen)!r})"
    write_notebook(place / "notebooks", "good", SAVE, cell)
    run()
    receipt = json.loads(seen.read_text(encoding="utf-8"))
    assert (receipt["state"], receipt["notebooks"]["good"]["state"]) == ("running", "running")


# --- findings ------------------------------------------------------------------------------------------


@pytest.fixture
def finding(small):
    """A project with one notebook that declares a finding; a function that runs it, and the file."""
    place, run = small
    write_notebook(place / "notebooks", "good", SAVE, FIND, tables=["findings.json"])

    def found(**options) -> tuple[str, list[str]]:
        state = run(**options)[0]
        file = place / "runs" / "default" / "tables" / "findings.json"
        return state, [one["id"] for one in json.loads(file.read_text(encoding="utf-8"))]

    return place, found


@pytest.mark.parametrize("content", ["", "[]", '[{"id": "forged", "holds": true}]', None])
def test_findings_that_were_changed_are_found_again(finding, content):
    """A part that was emptied, edited or removed reruns its notebook; nothing is 'skipped'."""
    place, found = finding
    assert found() == ("done", ["good"])
    part = place / "runs" / "default" / "tables" / ".findings" / "good.json"
    part.unlink() if content is None else part.write_text(content, encoding="utf-8")
    assert found() == ("done", ["good"])


def test_findings_are_joined_from_verified_parts_only(finding):
    """An edited findings.json is rebuilt, and a part that no notebook of the run wrote stays out."""
    place, found = finding
    found()
    tables = place / "runs" / "default" / "tables"
    (tables / "findings.json").write_text("[]", encoding="utf-8")
    (tables / ".findings" / "00-forged.json").write_text('[{"id": "forged"}]', encoding="utf-8")
    (tables / ".findings" / "broken.json").write_text("", encoding="utf-8")
    assert found() == ("skipped", ["good"])


def test_findings_of_a_notebook_that_is_gone_are_left_out(finding):
    """A notebook that the project no longer has says nothing any more."""
    place, found = finding
    write_notebook(place / "notebooks", "more", SAVE, FIND, tables=["findings.json"])
    assert found()[1] == ["good", "more"]
    (place / "notebooks" / "more.ipynb").unlink()
    assert found() == ("skipped", ["good"])


def test_findings_of_a_failed_notebook_are_not_kept(finding):
    """What a notebook found before it failed is not a result, nor what an earlier run found."""
    place, found = finding
    assert found()[1] == ["good"]
    write_notebook(place / "notebooks", "good", SAVE, FIND, "1 / 0", tables=["findings.json"])
    assert found() == ("failed", [])


def test_findings_of_another_corpus_are_left_out(finding):
    """One file of findings is about one corpus: parts of a run on other texts stay out."""
    place, found = finding
    write_notebook(place / "notebooks", "more", SAVE, FIND, tables=["findings.json"])
    (place / "c.csv").write_text("id,text\na,One race.\n", encoding="utf-8")
    assert found()[1] == ["good", "more"]
    assert found(names=["more"], given={"corpus": str(place / "c.csv")})[1] == ["more"]


# --- what cannot run on a corpus -------------------------------------------------------------------------


@pytest.fixture
def unframed(small):
    """A project on a folder without a codebook, with one notebook that needs frames."""
    place, _ = small
    (place / "texts").mkdir()
    (place / "texts" / "a.txt").write_text("One race.", encoding="utf-8")
    write_notebook(place / "notebooks", "good", SAVE, corpus=place / "texts")
    write_notebook(
        place / "notebooks", "needy", SAVE, FIND, parameters=FRAMES, corpus=place / "texts"
    )
    return place


def test_a_notebook_without_frames_is_skipped_with_the_reason(unframed):
    """The others run; the skipped one has a reason in the outcome and the receipt."""
    outcomes, receipt = batch.execute(plans.make_plan())
    assert [one.state for one in outcomes] == ["done", "skipped"]
    told = "needs frames; add codebook.yaml to the corpus folder or give --codebook PATH"
    assert outcomes[1].reason == told
    assert receipt["state"] == "done"
    assert receipt["notebooks"]["needy"]["state"] == "skipped"
    assert receipt["notebooks"]["needy"]["reason"] == told


@pytest.mark.parametrize("content", ["frames: {}", "frames:\n  # race: [race]", "# nothing yet"])
def test_a_codebook_without_frames_skips_too(unframed, content):
    """A codebook in which every frame is left out is one without frames, and is named."""
    (unframed / "texts" / "codebook.yaml").write_text(content, encoding="utf-8")
    assert plans.make_plan().lacking == {
        "needy": "needs frames; codebook.yaml has none: add them under frames:, "
        "or give --codebook PATH"
    }


def test_a_notebook_that_is_named_and_cannot_run_is_refused(unframed):
    """To ask for what cannot be is an error before anything runs."""
    with pytest.raises(InputError, match=r"needy: needs frames; add codebook\.yaml"):
        plans.make_plan(["needy"])


def test_results_of_frames_do_not_outlive_the_codebook(unframed):
    """Without its codebook a notebook's earlier results leave the run folder and figures/."""
    book = unframed / "texts" / "codebook.yaml"
    book.write_text("frames:\n  race:\n    rules: [race]\n", encoding="utf-8")
    batch.execute(plans.make_plan())
    assert (unframed / "figures" / "needy.png").is_file()
    book.unlink()
    batch.execute(plans.make_plan())
    left = [str(file) for file in unframed.rglob("*needy*") if "notebooks" not in str(file)]
    assert left == []
    assert (unframed / "figures" / "good.png").is_file()
    entries = (unframed / "runs" / "default" / "tables" / "findings.json").read_text("utf-8")
    assert json.loads(entries) == []


def test_fresh_run_is_done(fresh_run):
    """All notebooks run at their defaults."""
    assert [outcome.state for outcome in fresh_run[1]] == ["done"] * 4


def test_receipt_holds_hashes_and_no_clock(fresh_run):
    """The receipt names what a result depends on, and nothing that changes by itself."""
    folder, _, receipt = fresh_run
    inputs = receipt["notebooks"]["02-term-trends"]["inputs"]
    assert {"parameters", "notebook", "code", "corpus", "codebook", "environment"} <= set(inputs)
    text = json.dumps(receipt).replace(str(folder), "")
    assert not re.search(r"\d\d:\d\d:\d\d|timestamp|\"duration", text)


def test_run_folder_holds_the_promised_tables(fresh_run):
    """Every table of the run folder is there with its columns first, in their order."""
    import pandas as pd

    promised = {
        "documents": "document title source date language tokens types sentences paragraphs characters excluded_lines mattr mtld hdd",
        "vocabulary": "token count documents per_million dp",
        "collocations": "collocation count expected g2 pmi",
        "trends": "term period group count tokens documents per_million low high",
        "frames": "frame group units coded share low high",
        "frames_by_document": "frame document units coded share",
        "keyness": "token group count tokens rest_count rest_tokens log_odds z g2 log_ratio p q",
    }
    for name, columns in promised.items():
        table = pd.read_csv(fresh_run[0] / "tables" / f"{name}.csv", keep_default_na=False)
        assert list(table.columns)[: len(columns.split())] == columns.split()
    evidence = pd.read_parquet(fresh_run[0] / "tables" / "evidence.parquet")
    columns = ["frame", "rule", "document", "unit", "start", "end", "text", "sentence"]
    assert list(evidence.columns)[: len(columns)] == columns


def test_findings_of_all_notebooks_stand_in_one_file(fresh_run):
    """findings.json joins what the notebooks found, each entry with its verdict and numbers."""
    entries = json.loads((fresh_run[0] / "tables" / "findings.json").read_text(encoding="utf-8"))
    assert len(entries) == 8
    assert {"id", "statement", "holds", "estimate", "low", "high", "n", "evidence"} <= set(
        entries[0]
    )


def test_stored_outputs_come_from_the_default_run_only(small):
    """Outputs made with other parameters never get into the notebooks."""
    _, _ = small
    plan = plans.make_plan(given={"confidence": "0.9"}, run="other")
    with pytest.raises(InputError, match="default run only"):
        batch.store_outputs(plan)
