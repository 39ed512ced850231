"""A sweep: every specification computed, and those that decide confirmed with papermill."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import VERSION, plots
from analysis.errors import InputError
from analysis.files import write_whole
from analysis.report.results import FINDINGS, Results, json_bytes
from analysis.rules.codebook import corpus_codebook
from analysis.runs import batch, plans
from analysis.runs.parameters import settle
from analysis.runs.receipts import Outcome
from analysis.runs.specifications import (
    CHOICES,
    Specification,
    read_sweep,
    reversing_specifications,
    specifications,
    sweep_findings,
    sweep_table,
)

_Report = Callable[[str, str], None]
"""Called with the name of a notebook run and its event ('started', 'done', 'failed', 'skipped')."""


@dataclass(frozen=True)
class _SweepPlan:
    """A sweep, computed: its specifications, the table of findings, and the runs that confirm it.

    `runs` are the plans of the base and of the specifications that reverse a finding, by number.
    """

    folder: Path
    every: Sequence[Specification]
    table: pd.DataFrame
    runs: Mapping[int, plans.Plan]


def plan_sweep(
    file: str | Path,
    given: Mapping[str, str] | None = None,
    *,
    run: str = "",
    out: str = "",
    **options: object,
) -> _SweepPlan:
    """Check and compute everything before a notebook starts; raises InputError.

    `given` are parameters as text, the same under every specification. `options` are workers,
    force and timeout of every run.
    """
    given, sweep, run = dict(given or {}), read_sweep(file), run or Path(file).stem
    usual = [one.name for one in plans.find_notebooks() if "findings.json" in one.tables]
    notebooks = plans.find_notebooks(sweep.notebooks or usual)
    inputs = settle(notebooks, given).values()
    for name in given:
        if name in sweep.choices or (name == "leave_out" and sweep.left_out):
            raise InputError("is a choice of the sweep", where="-p", value=name)
    folder = plans.run_folder(run, out)
    plans.check_run_folder(folder, "sweep", inputs if out else None)
    known = {name for one in notebooks for name in one.parameters}

    def run_plan(number: int, values: Mapping[str, str]) -> plans.Plan:
        place = str(folder / "specifications" / f"{number:03d}")
        values = {**given, **{name: text for name, text in values.items() if name in known}}
        names = [notebook.name for notebook in notebooks]
        return plans.make_plan(names, values, run=run, out=place, **options)

    base = run_plan(1, {name: texts[0] for name, texts in sweep.choices.items()})
    values = {
        name: value for several in base.parameters.values() for name, value in several.items()
    }
    corpus = plans.read_parameter_corpus(values)
    codebook = corpus_codebook(corpus, values.get("codebook", ""))
    every = specifications(sweep, corpus, codebook)
    choices = {n: values[n] for n in (*CHOICES, "resamples", "random_seed") if n in values}
    table = sweep_table(corpus, codebook, sweep, **choices)
    runs = {n: run_plan(n, every[n - 1].values) for n in (1, *reversing_specifications(table))}
    return _SweepPlan(folder, every, table, runs)


def run_sweep(plan: _SweepPlan, report: _Report = lambda *_: None) -> dict[str, Outcome]:
    """Confirm a sweep with papermill; returns the outcome of each notebook run.

    A run that comes to other findings than the table has failed. Written to the folder:
    tables/sweep.csv, tables/sweep_findings.csv, the specification curve and the receipt.
    """
    outcomes: dict[str, Outcome] = {}
    with batch.held(plan.folder, "sweep"):
        for number, run in plan.runs.items():
            outcomes |= _confirmed(run, plan.table, number, report)
        summary = sweep_findings(plan.table)
        results = Results("sweep", plan.folder)
        results.table("sweep", plan.table)
        results.table("sweep_findings", summary)
        results.figure(plots.specification_curve(plan.table, summary))
        write_whole(plan.folder / "run.json", json_bytes(_receipt(plan.every, outcomes)))
    return outcomes


def _confirmed(
    run: plans.Plan, table: pd.DataFrame, number: int, report: _Report
) -> dict[str, Outcome]:
    """The outcomes of the notebooks under one specification, failed if their findings differ."""
    prefix = f"{number:03d}"

    def report_run(name: str, event: str, *_: int) -> None:
        if event != "cell":
            report(f"{prefix}/{name}", event)

    outcomes, _ = batch.execute(run, report_run)
    rows = table[table["specification"] == number].set_index("finding")
    found = json.loads((run.folder / FINDINGS).read_text(encoding="utf-8"))
    other = [one["id"] for one in found if not _agrees(one, rows)]
    if other:
        error = f"papermill comes to another result than sweep.csv: {', '.join(other)}"
        outcomes = [replace(one, state="failed", error=one.error or error) for one in outcomes]
    return {f"{prefix}/{one.notebook}": one for one in outcomes}


def _agrees(finding: Mapping[str, object], rows: pd.DataFrame) -> bool:
    """Whether a finding of a notebook is the one in the table: its verdict and its numbers."""
    row = rows.loc[finding["id"]]
    names = ["estimate", "low", "high"]
    numbers = [np.nan if finding[name] is None else finding[name] for name in names]
    same = np.isclose(numbers, row[names].to_numpy(float), rtol=1e-8, atol=0, equal_nan=True)
    return same.all() and row["holds"] == {True: "true", False: "false", None: ""}[finding["holds"]]


def _receipt(every: Sequence[Specification], outcomes: Mapping[str, Outcome]) -> dict:
    """The sweep as a record without time or absolute path: `run.json`."""
    runs = {
        n: {"state": one.state, "reason": one.error or one.reason} for n, one in outcomes.items()
    }
    return {
        "workbook": VERSION,
        "specifications": [
            {
                "number": one.number,
                "changed": one.label,
                "values": dict(one.values),
                "runs": [name for name in runs if name.startswith(f"{one.number:03d}/")],
            }
            for one in every
        ],
        "runs": runs,
    }
