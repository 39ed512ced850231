"""Runs: an honest state for every notebook, a receipt, and figures all together or not at all."""

import json
import re

import pytest

from analysis.errors import InputError
from analysis.runs import batch, receipts

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


def write_notebook(folder, name: str, *cells: str) -> None:
    """A small notebook with the common parameters, the given cells and a figure of its name."""
    code = [PARAMETERS, *(cell.replace("NAME", name) for cell in cells)]
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
            "workbook": {"figures": [name], "tables": []},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    folder.mkdir(exist_ok=True)
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
        patch.setattr(batch, "NOTEBOOKS", place / "notebooks")
        patch.setattr(batch, "FIGURES", published)
        patch.setattr(batch, "RUNS", place / "runs")
        plan = batch.make_plan()
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
    told = batch.ledger(new_notebook(cells=cells))
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
    monkeypatch.setattr(batch, "NOTEBOOKS", tmp_path / "notebooks")
    with pytest.raises(InputError, match="two: figure is also declared by one: 'one'"):
        batch.make_plan()


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A project with one good notebook; returns a function that runs it."""
    write_notebook(tmp_path / "notebooks", "good", SAVE)
    monkeypatch.setattr(batch, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(batch, "FIGURES", tmp_path / "figures")
    monkeypatch.setattr(batch, "RUNS", tmp_path / "runs")

    def run(**options):
        outcomes, receipt = batch.execute(batch.make_plan(**options))
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
    lock = json.loads((place / "figures" / receipts.LOCK).read_text(encoding="utf-8"))
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
    receipts.recover(tmp_path / "figures")
    assert (tmp_path / "figures" / "kept.png").read_bytes() == b"kept"


def test_two_runs_cannot_write_one_folder(small):
    """A run folder is held by one process at a time."""
    place, run = small
    (place / "runs" / "default").mkdir(parents=True)
    with batch.held(place / "runs" / "default"), pytest.raises(InputError, match="another run"):
        run()


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
    plan = batch.make_plan(given={"confidence": "0.9"}, run="other")
    with pytest.raises(InputError, match="default run only"):
        batch.store_outputs(plan)
