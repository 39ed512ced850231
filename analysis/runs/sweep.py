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

_FIXED = ("resamples", "random_seed")

_Report = Callable[[str, str], None]
"""Called with the name of a notebook run and its event ('started', 'done', 'failed', 'skipped')."""


@dataclass(frozen=True)
class _SweepPlan:
    """A sweep, checked: its specifications, the table of findings, and how to run one of them."""

    folder: Path
    every: tuple[Specification, ...]
    compute: Callable[[], pd.DataFrame]
    run_plan: Callable[[Specification], plans.Plan]


def plan_sweep(
    file: str | Path,
    given: Mapping[str, str] | None = None,
    *,
    run: str = "",
    out: str = "",
    **options: object,
) -> _SweepPlan:
    """Check everything that can be checked before a notebook starts; raises InputError.

    `given` are parameters as text, the same under every specification. `options` are workers,
    force and timeout of every run.
    """
    given, sweep, run = dict(given or {}), read_sweep(file), run or Path(file).stem
    for name in given:
        if name in sweep.choices or (name == "leave_out" and sweep.left_out):
            raise InputError("is a choice of the sweep", where="-p", value=name)
    usual = [one.name for one in plans.find_notebooks() if "findings.json" in one.tables]
    notebooks = plans.find_notebooks(sweep.notebooks or usual)
    folder = plans.run_folder(run, out)
    plans.check_folder(folder, "sweep", settle(notebooks, given).values() if out else None)

    def run_plan(one: Specification) -> plans.Plan:
        place = str(folder / "specifications" / f"{one.number:03d}")
        names = [notebook.name for notebook in notebooks]
        return plans.make_plan(names, {**given, **one.values}, run=run, out=place, **options)

    base = {name: values[0] for name, values in sweep.choices.items()}
    several = run_plan(Specification(1, base, ())).parameters.values()
    values = {name: value for one in several for name, value in one.items()}
    corpus = plans.read_parameter_corpus(values)
    codebook = corpus_codebook(corpus, values.get("codebook", ""))
    choices = {name: values[name] for name in (*CHOICES, *_FIXED) if name in values}

    def compute() -> pd.DataFrame:
        return sweep_table(corpus, codebook, sweep, **choices)

    every = tuple(specifications(sweep, corpus, codebook))
    return _SweepPlan(folder, every, compute, run_plan)


def execute(
    plan: _SweepPlan, report: _Report = lambda *_: None
) -> tuple[dict[str, Outcome], pd.DataFrame]:
    """Run a sweep; returns the outcome of each notebook run and the table of findings.

    The base and the specifications that reverse a finding are run with papermill; a run that comes
    to other findings than the table has failed. Written to the folder: tables/sweep.csv,
    tables/sweep_findings.csv, the specification curve and the receipt.
    """
    with batch.held(plan.folder, "sweep"):
        table = plan.compute()
        outcomes: dict[str, Outcome] = {}
        for number in (1, *reversing_specifications(table)):
            one = plan.every[number - 1]
            outcomes |= _confirmed(plan.run_plan(one), table, number, report)
        summary = sweep_findings(table)
        results = Results("sweep", plan.folder)
        results.table("sweep", table)
        results.table("sweep_findings", summary)
        results.figure(plots.specification_curve(table, summary))
        write_whole(plan.folder / "run.json", json_bytes(_receipt(plan.every, outcomes)))
    return outcomes, table


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
