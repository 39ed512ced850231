"""Runs: notebooks executed with parameters, checked, written down in a receipt, published."""

from __future__ import annotations

import contextlib
import copy
import fcntl
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from analysis import VERSION
from analysis.corpus import Corpus, read_corpus
from analysis.errors import InputError, shown
from analysis.files import read_yaml
from analysis.results import json_bytes, merge_findings, write_whole
from analysis.runs.parameters import Declared, node_text, read_declared, settle
from analysis.runs.receipts import (
    CONFIGURATION,
    KINDS,
    ROOT,
    Project,
    figure_hashes,
    hash_of_code,
    hash_of_file,
    hash_of_path,
    own_project,
    publish,
    read_receipt,
    sha256,
    source_of,
    versions,
)

NOTEBOOKS, FIGURES, RUNS = ROOT / "notebooks", ROOT / "figures", ROOT / "runs"
DEFAULT_RUN = "default"
INJECTED = "injected-parameters"
MANNER = ("columns", "dates", "encoding")
COUNTED = ("exclusions", "unique", "similarity")
"""Parameters of a notebook that say how its corpus is read, and what of it is counted."""
START_TIMEOUT = 120


@dataclass(frozen=True)
class Plan:
    """What is to be run: notebooks, their full parameters, the folder, and how.

    `publish` says whether this is the default run, whose figures go to `figures/`.
    """

    name: str
    folder: Path
    notebooks: tuple[Declared, ...]
    parameters: Mapping[str, Mapping[str, object]]
    workers: int
    force: bool
    timeout: int
    publish: bool


@dataclass(frozen=True)
class Outcome:
    """How one notebook ended: 'done', 'failed' or 'skipped', and where and why it failed."""

    notebook: str
    state: str
    error: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)


Report = Callable[[str, str, int, int], None]
"""Called with notebook, event ('started', 'cell', a state), cells done, cells in all."""


# --- planning --------------------------------------------------------------------------------------


def project() -> Project:
    """The user's own workbook where the command is given inside one, else this project."""
    return own_project() or Project(NOTEBOOKS, FIGURES, RUNS)


def configured() -> dict[str, str]:
    """The parameters as text that the project's file of choices gives, none where there is none."""
    file = project().configuration
    return (
        {name: node_text(node) for name, node in read_yaml(file).entries().items()} if file else {}
    )


def find_notebooks(names: Sequence[str] = ()) -> tuple[Declared, ...]:
    """The project's notebooks by name (all for none), in their order; else InputError."""
    files = {file.stem: file for file in sorted(project().notebooks.glob("*.ipynb"))}
    wanted = [Path(name).name.removesuffix(".ipynb") for name in names] or list(files)
    for name in wanted:
        if name not in files:
            raise InputError("no such notebook", value=name, allowed=files)
    declared = tuple(read_declared(files[name]) for name in sorted(set(wanted)))
    owner: dict[str, str] = {}
    for one in declared:
        for figure in one.figures:
            if figure in owner:
                raise InputError(
                    f"figure is also declared by {owner[figure]}", where=one.name, value=figure
                )
            owner[figure] = one.name
    return declared


def make_plan(
    names: Sequence[str] = (),
    given: Mapping[str, str] | None = None,
    *,
    run: str = DEFAULT_RUN,
    out: str = "",
    workers: int = 0,
    force: bool = False,
    timeout: int = 3600,
) -> Plan:
    """Check everything that can be checked before a notebook starts; raises InputError.

    `given` are parameters as text. `out` is the run folder, `runs/RUN` if empty. `workers` 0 is one
    for every core.
    """
    given = dict(given or {})
    if (
        not run.replace("-", "").replace("_", "").replace(".", "").isalnum()
        or run.startswith(".")
        or len(run) > 100
    ):
        raise InputError(
            "is no run name", where="--name", value=run, allowed="letters, digits, - _ and ."
        )
    check_effort(workers, timeout)
    notebooks = find_notebooks(names)
    folder = Path(out) if out else Path(os.path.relpath(project().runs / run))
    chosen = configured()
    settle(find_notebooks(), chosen, CONFIGURATION)
    mine = {name for notebook in notebooks for name in notebook.parameters}
    chosen = {name: value for name, value in chosen.items() if name in mine}
    parameters = settle(notebooks, {**chosen, **given})
    for values in parameters.values():
        values["out"] = str(folder)
    check_meaning(parameters)
    return Plan(
        name=run,
        folder=folder,
        notebooks=notebooks,
        parameters=parameters,
        workers=workers or min(len(notebooks), (os.cpu_count() or 1) + 1),
        force=force,
        timeout=timeout,
        publish=not (names or given or out) and run == DEFAULT_RUN,
    )


def check_effort(workers: int, timeout: int) -> None:
    """Raise InputError for less than no worker, and for no time."""
    if workers < 0 or timeout < 1:
        raise InputError(
            "is too small", where="--workers or --timeout", value=min(workers, timeout)
        )


def check_meaning(parameters: Mapping[str, Mapping[str, object]]) -> None:
    """Read the corpus, codebook, terms, events, groups and claims once, as the notebooks will.

    Raises InputError for whatever would stop a notebook later.
    """
    from analysis import codebook, evidence, findings, framing, trends, uncertainty
    from analysis.coding import validation
    from analysis.stance import quoting

    for texts, several in corpora_of(parameters):
        claims = findings.read_claims(texts)
        for values in several:
            choices = {k: v for k, v in values.items() if k in uncertainty.RANGES}
            uncertainty.check_choices(**choices)
            framing.group_names(texts, values["group"], values.get("compare", ()))
            if "codebook" not in values:
                continue
            left_out = values.get("leave_out", ())
            book = codebook.corpus_codebook(texts, values["codebook"], leave_out=left_out)
            findings.check_claims(claims, book)
            if "terms" in values:
                codebook.term_sets(values["terms"], book.terms)
                trends.check_period(values["period"])
                trends.corpus_events(texts, values["events"])
            if "unit" in values:
                evidence.check_unit(values["unit"])
                framing.check_frames(book.frames)
            if "voice" in values:
                quoting.check_voice(values["voice"])
            if values.get("codings"):
                validation.check_folder(values["codings"])


def corpora_of(
    parameters: Mapping[str, Mapping[str, object]],
) -> Iterator[tuple[Corpus, list[Mapping[str, object]]]]:
    """Each corpus that the notebooks count, once, with the parameters of those that count it."""
    from analysis.duplicates import stories

    alike: dict[str, list[Mapping[str, object]]] = {}
    for values in parameters.values():
        chosen = [values.get(name) for name in ("corpus", *MANNER, *COUNTED)]
        alike.setdefault(json.dumps(chosen), []).append(values)
    for several in alike.values():
        manner = {name: several[0][name] for name in MANNER if name in several[0]}
        corpus = read_corpus(several[0]["corpus"], **manner)
        corpus = corpus.with_exclusions(several[0].get("exclusions", "on"))
        share = several[0].get("similarity", stories.SIMILARITY)
        unique = several[0].get("unique", "all")
        yield stories.counted_corpus(corpus, unique, similarity=share), several


def refuse_rejections(plan: Plan) -> None:
    """Raise InputError where any item of a corpus is rejected."""
    for corpus, _ in corpora_of(plan.parameters):
        corpus.refuse_rejections()


# --- executing -------------------------------------------------------------------------------------


def execute(plan: Plan, report: Report = lambda *_: None) -> tuple[list[Outcome], dict]:
    """Run a plan; returns the outcomes in the order of the notebooks, and the receipt.

    The receipt is written whatever happens; figures are published only if every notebook is
    done or skipped and the plan says so. Raises InputError if another run holds the folder.
    """
    try:
        plan.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"cannot be a run folder ({error.strerror})"
        raise InputError(problem, where="--out", value=str(plan.folder)) from error
    with held(plan.folder):
        before = read_receipt(plan.folder)
        inputs = {one.name: input_hashes(plan, one) for one in plan.notebooks}
        with ThreadPoolExecutor(plan.workers) as pool:
            jobs = [  # later notebooks take longer: begun first, none is left alone at the end
                pool.submit(run_one, plan, one, inputs[one.name], before, report)
                for one in reversed(plan.notebooks)
            ]
            outcomes = [job.result() for job in reversed(jobs)]
        merge_findings(plan.folder)
        receipt = make_receipt(plan, outcomes, inputs, before)
        write_whole(plan.folder / "run.json", json_bytes(receipt))
        if plan.publish and all(outcome.state != "failed" for outcome in outcomes):
            publish(plan.folder / "figures", receipt["figures"], project().figures)
    return outcomes, receipt


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a run folder for this process; raises InputError if another one does."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError("another run is writing here", where=folder.name) from error
        yield


def run_one(plan: Plan, one: Declared, inputs: dict, before: dict, report: Report) -> Outcome:
    """One notebook: skipped if nothing changed, else executed and held against its declaration."""
    old = before.get("notebooks", {}).get(one.name, {})
    if not plan.force and unchanged(plan, one, inputs, old):
        report(one.name, "skipped", 0, 0)
        return Outcome(one.name, "skipped", outputs=old["outputs"])
    for file in declared_files(one):
        (plan.folder / file).unlink(missing_ok=True)
    error = ""
    try:
        notebook = run_notebook(plan, one, report)
        error = ledger(notebook)
    except Exception as raised:
        notebook, error = getattr(raised, "notebook", None), describe(raised)
    if notebook is not None:
        write_whole(plan.folder / f"{one.name}.ipynb", notebook_bytes(notebook))
    missing = [file for file in declared_files(one) if not (plan.folder / file).is_file()]
    if not error and missing:
        error = f"it ended, but left out {', '.join(missing)}"
    state = "failed" if error else "done"
    report(one.name, state, 0, 0)
    return Outcome(one.name, state, error, {} if error else output_hashes(plan, one))


def run_notebook(plan: Plan, one: Declared, report: Report):
    """Execute a notebook with papermill; returns it, whatever became of it.

    An exception that is no failed cell (a dead kernel, a time-out) is raised with the notebook as
    far as it got as its attribute `notebook`.
    """
    papermill = loaded_papermill()
    import nbformat

    source = nbformat.read(one.file, as_version=4)
    total = sum(cell.cell_type == "code" for cell in source.cells) + 1
    report(one.name, "started", 0, total)

    def begun(done: int) -> None:
        report(one.name, "cell", done, total)

    try:
        return attempt(papermill, source, plan, one, begun)
    except Exception as error:
        if getattr(error, "cells", 0):
            raise
    return attempt(papermill, source, plan, one, begun)  # the kernel had not even started


def attempt(papermill, source, plan: Plan, one: Declared, progress: Callable[[int], None]):
    """Execute a notebook once; an exception carries `notebook` and how many `cells` were begun."""
    state: dict[str, object] = {"cells": 0}
    from analysis.runs.kernels import kernel_config

    try:
        return papermill.execute_notebook(
            copy.deepcopy(source),
            None,
            parameters=dict(plan.parameters[one.name]),
            engine_name="workbook",
            kernel_name="python3",
            progress_bar=False,
            request_save_on_cell_execute=False,
            autosave_cell_every=0,
            start_timeout=START_TIMEOUT,
            execution_timeout=plan.timeout,
            shutdown_kernel="immediate",
            record_timing=False,
            config=kernel_config(),
            state=state,
            progress=progress,
        )
    except Exception as error:
        error.notebook, error.cells = state.get("notebook"), state["cells"]
        raise


def load_nbformat() -> None:
    """Import nbformat without the grammar of internationalised addresses.

    jsonschema compiles that grammar at import (2.5 s) where `rfc3987_syntax` is installed, as
    JupyterLab has it, and does without where it is not. No notebook holds such an address.
    """
    blocked = "rfc3987_syntax" not in sys.modules and "jsonschema" not in sys.modules
    if blocked:
        sys.modules["rfc3987_syntax"] = None
    import nbformat  # noqa: F401

    if blocked:
        sys.modules.pop("rfc3987_syntax", None)


def loaded_papermill():
    """papermill with the engine that reports each cell; quiet about what it runs."""
    import logging

    load_nbformat()
    import papermill
    from papermill.engines import NBClientEngine, papermill_engines

    class ReportingEngine(NBClientEngine):
        """papermill's own engine; it also keeps the notebook and tells of every finished cell."""

        @classmethod
        def execute_managed_notebook(cls, nb_man, kernel_name, *, state, progress, **options):
            state["notebook"] = nb_man.nb
            complete = nb_man.cell_complete

            def counted(cell, **which):
                state["cells"] += cell.cell_type == "code"
                progress(state["cells"])
                return complete(cell, **which)

            nb_man.cell_complete = counted
            return super().execute_managed_notebook(nb_man, kernel_name, **options)

    papermill_engines.register("workbook", ReportingEngine)
    logging.getLogger("papermill").setLevel(logging.ERROR)
    return papermill


def describe(error: BaseException) -> str:
    """An error in one line: the cell and the last line of what it said."""
    cell = getattr(error, "exec_count", None)
    last = f"{getattr(error, 'ename', '')}: {getattr(error, 'evalue', '')}".strip(": ")
    if not last:
        lines = str(error).strip().splitlines() or [""]
        last = f"{type(error).__name__}: {lines[0]}"
    place = f"cell [{cell}]: " if cell else ""
    return place + shown(last.splitlines()[-1], quote=False, longest=300)


def ledger(notebook) -> str:
    """What is wrong with an executed notebook, '' if nothing: an error, or a cell that never ran.

    papermill's own status is not enough: a killed kernel and an exit in the middle pass there.
    """
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        for output in cell.outputs:
            if output.output_type == "error":
                return f"cell {number}: {shown(output.ename + ': ' + output.evalue, quote=False, longest=300)}"
        if cell.execution_count is None:
            return f"cell {number} was never executed: the kernel ended before it"
    return ""


def notebook_bytes(notebook) -> bytes:
    """An executed notebook without what differs from run to run."""
    import nbformat

    notebook = nbformat.from_dict(json.loads(json.dumps(notebook)))
    notebook.metadata.pop("papermill", None)
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if INJECTED in cell.metadata.get("tags", []):
            cell["id"] = INJECTED
        if cell.cell_type == "code":
            cell["outputs"] = merged_streams(cell.outputs)
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)
    return (text + "\n").encode("utf-8")


def merged_streams(outputs: list) -> list:
    """Outputs with neighbouring pieces of one stream joined: how they are cut is chance."""
    merged: list = []
    for output in outputs:
        last = merged[-1] if merged else None
        if (
            last is not None
            and output.output_type == last.output_type == "stream"
            and output.name == last.name
        ):
            last["text"] += output.text
        else:
            merged.append(output)
    return merged


def input_hashes(plan: Plan, one: Declared) -> dict[str, object]:
    """All that a notebook's results depend on."""
    values = dict(plan.parameters[one.name])
    given = {
        name: hash_of_path(values[name])
        for name in ("corpus", "codebook", "events", "codings", "sweep")
        if values.get(name)
    }
    return {
        "parameters": values,
        "notebook": sha256(source_of(one.file)),
        "code": hash_of_code(),
        "corpus": given["corpus"],
        "codebook": given.get("codebook", "in the corpus"),
        **{name: given.get(name, "in the corpus") for name in ("events", "codings", "sweep")},
        "environment": sha256(json.dumps(versions()).encode()),
    }


def declared_files(one: Declared) -> list[str]:
    """Files below the run folder that a notebook must leave behind."""
    figures = [f"figures/{name}.{kind}" for name in one.figures for kind in KINDS]
    return figures + [f"tables/{name}" for name in one.tables if name != "findings.json"]


def output_hashes(plan: Plan, one: Declared) -> dict[str, str]:
    """Hashes of all files that a notebook left behind."""
    files = [*declared_files(one), f"{one.name}.ipynb"]
    return {file: hash_of_file(plan.folder / file) for file in files}


def unchanged(plan: Plan, one: Declared, inputs: dict, old: dict) -> bool:
    """Whether an earlier run had the same inputs and its outputs are all as it left them."""
    if old.get("state") not in ("done", "skipped") or old.get("inputs") != inputs:
        return False
    files = [*declared_files(one), f"{one.name}.ipynb"]
    if sorted(old.get("outputs", {})) != sorted(files):
        return False
    return all(
        (plan.folder / file).is_file() and hash_of_file(plan.folder / file) == digest
        for file, digest in old["outputs"].items()
    )


def make_receipt(plan: Plan, outcomes: Iterable[Outcome], inputs: dict, before: dict) -> dict:
    """The run as a record without clock or path of the machine: `run.json`."""
    notebooks = dict(before.get("notebooks", {}))
    for outcome in outcomes:
        notebooks[outcome.notebook] = {
            "state": outcome.state,
            "error": outcome.error,
            "inputs": inputs[outcome.notebook],
            "outputs": dict(outcome.outputs),
        }
    failed = any(entry["state"] == "failed" for entry in notebooks.values())
    return {
        "run": plan.name,
        "state": "failed" if failed else "done",
        "workbook": VERSION,
        "notebooks": dict(sorted(notebooks.items())),
        "figures": figure_hashes(plan.folder / "figures"),
        "versions": versions(),
    }


def store_outputs(plan: Plan) -> list[str]:
    """Put the outputs of an executed default run into the notebooks themselves.

    Returns the names of the notebooks that changed. Raises InputError if this is no default run.
    """
    if not plan.publish:
        raise InputError("outputs are stored from the default run only", where="--store")
    changed = []
    for one in plan.notebooks:
        executed = json.loads((plan.folder / f"{one.name}.ipynb").read_text(encoding="utf-8"))
        cells = [c for c in executed["cells"] if INJECTED not in c["metadata"].get("tags", [])]
        notebook = json.loads(one.file.read_text(encoding="utf-8"))
        ran = 0
        for cell, done in zip(notebook["cells"], cells, strict=True):
            if cell["cell_type"] == "code":
                ran += 1
                cell["outputs"] = renumbered(done["outputs"], ran)
                cell["execution_count"] = ran
        text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        if text != one.file.read_text(encoding="utf-8"):
            write_whole(one.file, text.encode("utf-8"))
            changed.append(one.name)
    return changed


def renumbered(outputs: list[dict], number: int) -> list[dict]:
    return [
        {**output, "execution_count": number} if "execution_count" in output else output
        for output in outputs
    ]


def elapsed(since: float) -> str:
    """Seconds since a moment, for people."""
    return f"{time.monotonic() - since:.1f} s"
