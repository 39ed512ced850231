"""A sweep run by papermill: every specification as notebooks, collected into one table."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis import VERSION, plots
from analysis.corpus import read_corpus
from analysis.errors import InputError
from analysis.report.results import Results, findings_part, json_bytes, write_whole
from analysis.rules.codebook import corpus_codebook
from analysis.runs import batch
from analysis.runs.parameters import Declared, parse_value
from analysis.runs.specifications import (
    Specification,
    collected,
    read_sweep,
    specifications,
    sweep_findings,
)

_DEFAULT_NOTEBOOKS = ("03-framing-comparison",)
_NAME = "sweep"


@dataclass(frozen=True)
class _SweepPlan:
    """A sweep, checked: its specifications, and the notebook runs that these need.

    `jobs` are plans by name; `needs` the names of the jobs of each specification. Two
    specifications that give a notebook the same parameters share one run of it.
    """

    folder: Path
    every: tuple[Specification, ...]
    jobs: Mapping[str, batch.Plan]
    needs: tuple[tuple[str, ...], ...]
    workers: int


_Report = Callable[[str, str], None]
"""Called with the name of a job and its event ('started', 'done', 'failed', 'skipped')."""


def plan_sweep(
    file: str | Path,
    given: Mapping[str, str] | None = None,
    *,
    run: str = "",
    out: str = "",
    workers: int = 0,
    force: bool = False,
    timeout: int = 3600,
) -> _SweepPlan:
    """Check everything that can be checked before a notebook starts; raises InputError.

    `given` are parameters as text, the same under every specification.
    """
    batch.check_effort(workers, timeout)
    given, sweep = dict(given or {}), read_sweep(file)
    notebooks = batch.find_notebooks(sweep.notebooks or _DEFAULT_NOTEBOOKS)
    known = sorted({name for one in notebooks for name in one.parameters})
    for name in (*given, *sweep.choices):
        if name not in known:
            where = "-p" if name in given else Path(file).name
            raise InputError("unknown parameter", where=where, value=name, allowed=known)
        if name in given and name in sweep.choices:
            raise InputError("is a choice of the sweep", where="-p", value=name)
    every = specifications(sweep, *_corpus_of(notebooks, given))
    folder = (
        Path(out) if out else Path(os.path.relpath(batch.project().runs / (run or Path(file).stem)))
    )
    values = _inputs_of(notebooks, given, every) if out else None
    batch.check_folder(folder, "sweep", values)
    chosen = {"run": run or Path(file).stem, "workers": 1, "force": force, "timeout": timeout}
    jobs: dict[str, batch.Plan] = {}
    names: dict[tuple, str] = {}
    needs = []
    for one in every:
        mine = []
        for notebook in notebooks:
            values = {k: v for k, v in {**given, **one.values}.items() if k in notebook.parameters}
            key = (notebook.name, *sorted(values.items()))
            if key not in names:
                number = sum(job.startswith(notebook.name) for job in jobs) + 1
                names[key] = name = f"{notebook.name}/{number:03d}"
                place = str(folder / "specifications" / name)
                jobs[name] = batch.make_plan([notebook.name], values, out=place, **chosen)
            mine.append(names[key])
        needs.append(tuple(mine))
    return _SweepPlan(folder, tuple(every), jobs, tuple(needs), workers or os.cpu_count() or 1)


def _inputs_of(
    notebooks: Sequence[Declared], given: Mapping[str, str], every: Sequence[Specification]
) -> list[dict[str, object]]:
    """What the notebooks read under each specification: their defaults, and what is given."""
    usual = {name: p.default for one in notebooks for name, p in one.parameters.items()}
    return [{**usual, **given, **one.values} for one in every]


def _corpus_of(notebooks: Sequence[Declared], given: Mapping[str, str]):
    """The corpus and the codebook that the notebooks will read."""
    default = notebooks[0].parameters["corpus"].default
    columns = parse_value(given.get("columns", ""), "dict", "columns")
    manner = {name: given[name] for name in ("dates", "encoding") if name in given}
    corpus = read_corpus(given.get("corpus", default), columns=columns, **manner)
    return corpus, corpus_codebook(corpus, given.get("codebook", ""))


def execute(plan: _SweepPlan, report: _Report = lambda *_: None) -> tuple[dict, pd.DataFrame]:
    """Run a sweep; returns the outcome of each job and the table of `collected`.

    Written to the folder: tables/sweep.csv, tables/sweep_findings.csv, the specification curve and
    the receipt. A specification of which a notebook failed has no rows.
    """
    plan.folder.mkdir(parents=True, exist_ok=True)
    with batch.held(plan.folder, "sweep"):
        kernels, pool = batch.Kernels(), ThreadPoolExecutor(plan.workers)
        try:
            running = {
                name: pool.submit(_run_job, name, job, report, kernels)
                for name, job in plan.jobs.items()
            }
            outcomes = {name: job.result() for name, job in running.items()}
        except BaseException:
            kernels.end()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        good = [
            (one, names)
            for one, names in zip(plan.every, plan.needs, strict=True)
            if all(outcomes[name].state != "failed" for name in names)
        ]
        found = [
            [f for name in names for f in _findings_of(plan, name, outcomes[name])]
            for _, names in good
        ]
        table = collected([one for one, _ in good], found)
        _write_results(plan, table)
        write_whole(plan.folder / "run.json", json_bytes(_receipt(plan, outcomes)))
    return outcomes, table


def _run_job(name: str, job: batch.Plan, report: _Report, kernels: batch.Kernels) -> batch.Outcome:
    """One notebook under one set of parameters."""

    def told(_: str, event: str, *__: int) -> None:
        if event != "cell":
            report(name, event)

    outcomes, _ = batch.execute(job, told, kernels)
    return outcomes[0]


def _findings_of(plan: _SweepPlan, name: str, outcome: batch.Outcome) -> list[dict]:
    """What a job found, [] for a notebook that checks no findings."""
    part = findings_part(outcome.notebook)
    if part not in outcome.outputs:
        return []
    return json.loads((plan.jobs[name].folder / part).read_text(encoding="utf-8"))


def _write_results(plan: _SweepPlan, table: pd.DataFrame) -> None:
    """The table, its summary and its figure."""
    results = Results(_NAME, plan.folder)
    summary = sweep_findings(table)
    results.table("sweep", table)
    results.table("sweep_findings", summary)
    results.figure(plots.specification_curve(table, summary))


def _receipt(plan: _SweepPlan, outcomes: Mapping[str, batch.Outcome]) -> dict:
    """The sweep as a record without clock or path of the machine: `run.json`."""
    return {
        "workbook": VERSION,
        "specifications": [
            {"number": one.number, "changed": one.told, "values": dict(one.values), "runs": names}
            for one, names in zip(plan.every, plan.needs, strict=True)
        ],
        "runs": {
            name: {"state": one.state, "reason": one.error or one.reason}
            for name, one in outcomes.items()
        },
    }
