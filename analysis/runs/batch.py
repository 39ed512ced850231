"""Runs: notebooks executed with parameters, checked, written down in a receipt, published."""

from __future__ import annotations

import contextlib
import copy
import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from analysis import VERSION
from analysis.corpus import Corpus, locate, read_corpus, texts_place
from analysis.errors import InputError, shown
from analysis.files import read_yaml
from analysis.report.results import (
    FINDINGS,
    RUNNING,
    findings_part,
    json_bytes,
    merge_findings,
    write_whole,
)
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
    recover,
    sha256,
    source_of,
    versions,
)

NOTEBOOKS, _FIGURES, _RUNS = ROOT / "notebooks", ROOT / "figures", ROOT / "runs"
DEFAULT_RUN = "default"
_INJECTED = "injected-parameters"
_MANNER = ("columns", "dates", "encoding")
_COUNTED = ("exclusions", "unique", "similarity")
"""Parameters of a notebook that say how its corpus is read, and what of it is counted."""
_START_TIMEOUT = 120
_HELD = ".lock"
_MARKS = {kind: f"This folder belongs to `workbook {kind}`.\n" for kind in ("run", "sweep")}
"""What the file HELD of a run folder says: a run that was killed at once is known again by it."""
_KEPT = (
    "analysis",
    "notebooks",
    "figures",
    "seeds",
    "tests",
    "benchmarks",
    "docs",
    ".git",
    ".venv",
)
"""Folders of this project that no run may write into."""
_UNCHANGED = "nothing changed"


@dataclass(frozen=True)
class Plan:
    """What is to be run: notebooks, their full parameters, the folder, and how.

    `publish` says whether this is the default run, whose figures go to `figures/`. `lacking` names
    the notebooks that cannot run on this corpus, each with what it needs.
    """

    name: str
    folder: Path
    notebooks: tuple[Declared, ...]
    parameters: Mapping[str, Mapping[str, object]]
    workers: int
    force: bool
    timeout: int
    publish: bool
    lacking: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """How one notebook ended: 'done', 'failed', 'skipped' or 'interrupted', and why.

    `error` says where and why it failed, `reason` why it was skipped.
    """

    notebook: str
    state: str
    error: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


Report = Callable[[str, str, int, int], None]
"""Called with notebook, event ('started', 'cell', a state), cells done, cells in all."""


# --- planning --------------------------------------------------------------------------------------


def project() -> Project:
    """The user's own workbook where the command is given inside one, else this project."""
    return own_project() or Project(NOTEBOOKS, _FIGURES, _RUNS)


def _configured() -> dict[str, str]:
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
    chosen = _configured()
    settle(find_notebooks(), chosen, CONFIGURATION)
    mine = {name for notebook in notebooks for name in notebook.parameters}
    chosen = {name: value for name, value in chosen.items() if name in mine}
    parameters = settle(notebooks, {**chosen, **given})
    for values in parameters.values():
        values["out"] = str(folder)
    check_folder(folder, "run", parameters.values() if out else None)
    lacking = _check_meaning(parameters)
    if names and lacking:
        name, reason = next(iter(lacking.items()))
        raise InputError(reason, where=name)
    return Plan(
        name=run,
        folder=folder,
        notebooks=notebooks,
        parameters=parameters,
        workers=workers or min(len(notebooks), (os.cpu_count() or 1) + 1),
        force=force,
        timeout=timeout,
        publish=not (names or given or out) and run == DEFAULT_RUN,
        lacking=lacking,
    )


def check_folder(
    folder: Path, kind: str, inputs: Iterable[Mapping[str, object]] | None = None
) -> None:
    """Raise InputError for a folder that a run (or, for `kind` "sweep", a sweep) may not write into.

    It must be new, empty, or the folder of an earlier run of the same kind. `inputs` are the
    parameters of notebooks where the user names the folder: then it must also lie outside the
    inputs and the project's own folders, and hold none of them.
    """
    where = "--name" if inputs is None else "--out"
    allowed = f"a new folder, an empty one, or that of an earlier {kind}"
    place = Path(os.path.realpath(folder))
    for what, kept, inside_too in _kept_places(inputs) if inputs is not None else ():
        kept = Path(os.path.realpath(kept))
        inside = inside_too and place.is_relative_to(kept)
        if inside or kept.is_relative_to(place):
            relation = "is" if place == kept else "lies inside" if inside else "holds"
            raise InputError(f"{relation} {what}", where=where, value=str(folder), allowed=allowed)
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise InputError("is not a folder", where=where, value=str(folder), allowed=allowed)
    if _kind_of(folder) != kind and any(not _is_trace(file) for file in folder.iterdir()):
        problem = f"holds files that no {kind} of this workbook made"
        raise InputError(problem, where=where, value=str(folder), allowed=allowed)


def _kept_places(inputs: Iterable[Mapping[str, object]]) -> Iterator[tuple[str, Path, bool]]:
    """What no run folder may be or hold: its name for people, its place, and whether a run may not
    lie inside it either."""
    for part in (*(ROOT / name for name in _KEPT), project().notebooks, project().figures):
        yield f"the project's folder {part.name}/", part, True
    yield "the folder of all runs", project().runs, False
    yield "the current folder", Path.cwd(), False
    yield "the home folder", Path(os.path.expanduser("~")), False
    for values in inputs:
        for name in ("corpus", "codebook", "events", "codings", "sweep"):
            if values.get(name):
                place = locate(values[name])
                yield f"the {name} of this run", place, True
                if name == "corpus":
                    yield "the texts of this run", texts_place(place), True


def _kind_of(folder: Path) -> str:
    """The kind of run that made a folder: "run", "sweep", or "" for neither."""
    receipt = read_receipt(folder)
    if "workbook" in receipt and "specifications" in receipt:
        return "sweep"
    if "workbook" in receipt and "notebooks" in receipt:
        return "run"
    try:
        mark = (folder / _HELD).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
    return next((kind for kind, text in _MARKS.items() if text == mark), "")


def _is_trace(file: Path) -> bool:
    """Whether a file is all that a run leaves that was killed before it wrote anything."""
    return file.name == _HELD and file.is_file() and not file.stat().st_size


def check_effort(workers: int, timeout: int) -> None:
    """Raise InputError for less than no worker, and for no time."""
    if workers < 0 or timeout < 1:
        raise InputError(
            "is too small", where="--workers or --timeout", value=min(workers, timeout)
        )


def _check_meaning(parameters: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """Read the corpus, codebook, terms, events, groups and claims once, as the notebooks will.

    Returns the notebooks that need frames where there are none, each with what is missing. Raises
    InputError for whatever would stop a notebook later.
    """
    from analysis.coding import validation
    from analysis.rules import codebook, evidence, voices
    from analysis.statistics import uncertainty
    from analysis.tables import findings, framing, trends

    lacking = {}
    for texts, several in _corpora_of(parameters):
        claims = findings.read_claims(texts)
        for name, values in several.items():
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
            if needs_frames(values):
                evidence.check_unit(values["unit"])
                if not book.frames:
                    lacking[name] = frames_missing(texts, values["codebook"])
            if "voice" in values:
                voices.check_voice(values["voice"])
            if values.get("codings"):
                validation.check_folder(values["codings"])
    return {name: lacking[name] for name in parameters if name in lacking}


def needs_frames(parameters: Iterable[str]) -> bool:
    """Whether a notebook with these parameters codes units with frames."""
    return {"codebook", "unit"} <= set(parameters)


def frames_missing(corpus: Corpus, codebook: str = "") -> str:
    """What a notebook that needs frames lacks, where the codebook of a corpus has none."""
    own = corpus.folder / "codebook.yaml" if corpus.folder else None
    if codebook or (own is not None and own.exists()):
        name = shown(codebook or "codebook.yaml", quote=False)
        return f"needs frames; {name} has none: add them under frames:, or give --codebook PATH"
    if corpus.folder:
        return "needs frames; add codebook.yaml to the corpus folder or give --codebook PATH"
    return (
        "needs frames; give --codebook PATH "
        "(a corpus that is a folder can hold them in its codebook.yaml)"
    )


def _corpora_of(
    parameters: Mapping[str, Mapping[str, object]],
) -> Iterator[tuple[Corpus, dict[str, Mapping[str, object]]]]:
    """Each corpus that the notebooks count, once, with the parameters of those that count it."""
    from analysis.tables import stories

    alike: dict[str, dict[str, Mapping[str, object]]] = {}
    for name, values in parameters.items():
        alike.setdefault(_corpus_key(values), {})[name] = values
    for several in alike.values():
        first = next(iter(several.values()))
        manner = {name: first[name] for name in _MANNER if name in first}
        corpus = read_corpus(first["corpus"], **manner)
        corpus = corpus.with_exclusions(first.get("exclusions", "on"))
        share = first.get("similarity", stories.SIMILARITY)
        unique = first.get("unique", "all")
        yield stories.counted_corpus(corpus, unique, similarity=share), several


def _corpus_key(values: Mapping[str, object]) -> str:
    """The parameters that say which documents are counted, as one text."""
    return json.dumps([values.get(name) for name in ("corpus", *_MANNER, *_COUNTED)])


def refuse_rejections(plan: Plan) -> None:
    """Raise InputError where any item of a corpus is rejected."""
    for corpus, _ in _corpora_of(plan.parameters):
        corpus.refuse_rejections()


# --- executing -------------------------------------------------------------------------------------


def execute(
    plan: Plan, report: Report = lambda *_: None, kernels: Kernels | None = None
) -> tuple[list[Outcome], dict]:
    """Run a plan; returns the outcomes in the order of the notebooks, and the receipt.

    The receipt is written as each notebook starts and ends; figures are published only if no
    notebook failed and the plan says so. Raises InputError if another run holds the folder. An
    interrupt ends the kernels, and the receipt says so.
    """
    try:
        plan.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"cannot be a run folder ({error.strerror})"
        raise InputError(problem, where="--out", value=str(plan.folder)) from error
    with held(plan.folder):
        if plan.publish:
            recover(project().figures)
        before = read_receipt(plan.folder)
        inputs = {one.name: _input_hashes(plan, one) for one in plan.notebooks}
        record = _Record(plan, inputs, before.get("notebooks", {}))
        record.write(RUNNING)
        (plan.folder / FINDINGS).unlink(missing_ok=True)  # rebuilt below from what is verified
        _remove_lacking(plan, before)
        kernels = kernels or Kernels()
        pool = ThreadPoolExecutor(plan.workers)
        try:
            jobs = {  # later notebooks take longer: begun first, none is left alone at the end
                one.name: pool.submit(_run_one, plan, one, record, before, report, kernels)
                for one in reversed(plan.notebooks)
                if one.name not in plan.lacking
            }
            for name, reason in plan.lacking.items():
                record.end(Outcome(name, "skipped", reason=reason))
            for job in jobs.values():
                job.result()
        except BaseException:
            kernels.end()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
            merge_findings(plan.folder, record.with_findings())
            receipt = record.write()
        outcomes = [record.outcomes[one.name] for one in plan.notebooks]
        if plan.publish and all(outcome.state != "failed" for outcome in outcomes):
            drawn = _figures_of({one.notebook: one.outputs for one in outcomes})
            figures = {name: receipt["figures"][name] for name in drawn}
            publish(plan.folder / "figures", figures, project().figures)
    return outcomes, receipt


@contextlib.contextmanager
def held(folder: Path, kind: str = "run") -> Iterator[None]:
    """Hold a run folder for this process; raises InputError if another one does."""
    with (folder / _HELD).open("a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError("another run is writing here", where=folder.name) from error
        lock.truncate(0)
        lock.write(_MARKS[kind])
        lock.flush()
        yield


def _remove_lacking(plan: Plan, before: dict) -> None:
    """Remove what an earlier run left of notebooks that cannot run now: it is not of this run."""
    for one in plan.notebooks:
        if one.name in plan.lacking and one.name in before.get("notebooks", {}):
            for file in (*_declared_files(one), findings_part(one.name), f"{one.name}.ipynb"):
                (plan.folder / file).unlink(missing_ok=True)


def _run_one(
    plan: Plan, one: Declared, record: _Record, before: dict, report: Report, kernels: Kernels
) -> Outcome:
    """One notebook: skipped if nothing changed, else executed and held against its declaration."""
    if kernels.ended:
        return Outcome(one.name, "interrupted")
    old = before.get("notebooks", {}).get(one.name, {})
    if not plan.force and _unchanged(plan, one, record.inputs[one.name], old):
        report(one.name, "skipped", 0, 0)
        return record.end(Outcome(one.name, "skipped", "", old["outputs"], _UNCHANGED))
    record.start(one.name)
    for file in (*_declared_files(one), findings_part(one.name)):
        (plan.folder / file).unlink(missing_ok=True)
    error = ""
    try:
        notebook = _run_notebook(plan, one, report, kernels)
        error = _ledger(notebook)
    except Exception as raised:
        notebook, error = getattr(raised, "notebook", None), _describe(raised)
    if notebook is not None:
        write_whole(plan.folder / f"{one.name}.ipynb", _notebook_bytes(notebook))
    missing = [file for file in _declared_files(one) if not (plan.folder / file).is_file()]
    if not error and missing:
        error = f"it ended, but left out {', '.join(missing)}"
    if error and kernels.ended:
        return record.end(Outcome(one.name, "interrupted"))
    state = "failed" if error else "done"
    report(one.name, state, 0, 0)
    return record.end(Outcome(one.name, state, error, {} if error else _output_hashes(plan, one)))


class Kernels:
    """The kernels of a run, so that an interrupt can end them all: they do not get the signal."""

    def __init__(self) -> None:
        self.ended = False
        self._processes: list[subprocess.Popen] = []
        self._lock = threading.Lock()

    def add(self, process: subprocess.Popen) -> None:
        """Take a kernel that has started; it is ended at once if all are."""
        with self._lock:
            self._processes.append(process)
        if self.ended:
            self.end()

    def end(self) -> None:
        """Kill every kernel that still runs; whoever waits for one hears that it died."""
        self.ended = True
        with self._lock:
            for process in self._processes:
                process.kill()

    def manager(self) -> type:
        """A class of kernel managers that hands each kernel over when it has started."""
        from jupyter_client import AsyncKernelManager

        kernels = self

        class _Manager(AsyncKernelManager):
            async def start_kernel(self, **options):
                await super().start_kernel(**options)
                kernels.add(self.provisioner.process)

        return _Manager


def _run_notebook(plan: Plan, one: Declared, report: Report, kernels: Kernels):
    """Execute a notebook with papermill; returns it, whatever became of it.

    An exception that is no failed cell (a dead kernel, a time-out) is raised with the notebook as
    far as it got as its attribute `notebook`.
    """
    papermill = _loaded_papermill()
    import nbformat

    source = nbformat.read(one.file, as_version=4)
    total = sum(cell.cell_type == "code" for cell in source.cells) + 1
    report(one.name, "started", 0, total)

    def begun(done: int) -> None:
        report(one.name, "cell", done, total)

    try:
        return _attempt(papermill, source, plan, one, begun, kernels)
    except Exception as error:
        if getattr(error, "cells", 0) or kernels.ended:
            raise
    return _attempt(papermill, source, plan, one, begun, kernels)  # the kernel had not even started


def _attempt(
    papermill, source, plan: Plan, one: Declared, progress: Callable[[int], None], kernels: Kernels
):
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
            start_timeout=_START_TIMEOUT,
            execution_timeout=plan.timeout,
            shutdown_kernel="immediate",
            record_timing=False,
            config=kernel_config(),
            kernel_manager_class=kernels.manager(),
            state=state,
            progress=progress,
        )
    except Exception as error:
        error.notebook, error.cells = state.get("notebook"), state["cells"]
        raise


def _load_nbformat() -> None:
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


def _loaded_papermill():
    """papermill with the engine that reports each cell; quiet about what it runs."""
    import logging

    _load_nbformat()
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


def _describe(error: BaseException) -> str:
    """An error in one line: the cell and the last line of what it said."""
    cell = getattr(error, "exec_count", None)
    last = f"{getattr(error, 'ename', '')}: {getattr(error, 'evalue', '')}".strip(": ")
    if not last:
        lines = str(error).strip().splitlines() or [""]
        last = f"{type(error).__name__}: {lines[0]}"
    place = f"cell [{cell}]: " if cell else ""
    return place + shown(last.splitlines()[-1], quote=False, longest=300)


def _ledger(notebook) -> str:
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


def _notebook_bytes(notebook) -> bytes:
    """An executed notebook without what differs from run to run."""
    import nbformat

    notebook = nbformat.from_dict(json.loads(json.dumps(notebook)))
    notebook.metadata.pop("papermill", None)
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if _INJECTED in cell.metadata.get("tags", []):
            cell["id"] = _INJECTED
        if cell.cell_type == "code":
            cell["outputs"] = _merged_streams(cell.outputs)
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)
    return (text + "\n").encode("utf-8")


def _merged_streams(outputs: list) -> list:
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


def _input_hashes(plan: Plan, one: Declared) -> dict[str, object]:
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


def _declared_files(one: Declared) -> list[str]:
    """Files below the run folder that a notebook must leave behind."""
    figures = [f"figures/{name}.{kind}" for name in one.figures for kind in KINDS]
    files = [f"tables/{name}" for name in one.tables]  # findings.json is made of all their parts
    return figures + [findings_part(one.name) if file == FINDINGS else file for file in files]


def _output_hashes(plan: Plan, one: Declared) -> dict[str, str]:
    """Hashes of all files that a notebook left behind, its findings among them."""
    part = findings_part(one.name)
    files = [*_declared_files(one), f"{one.name}.ipynb"]
    if part not in files and (plan.folder / part).is_file():
        files.append(part)
    return {file: hash_of_file(plan.folder / file) for file in files}


def _unchanged(plan: Plan, one: Declared, inputs: dict, old: dict) -> bool:
    """Whether an earlier run had the same inputs and its outputs are all as it left them."""
    if old.get("state") not in ("done", "skipped") or old.get("inputs") != inputs:
        return False
    files, part = {*_declared_files(one), f"{one.name}.ipynb"}, findings_part(one.name)
    if {*old["outputs"], part} != {*files, part} or not files <= set(old["outputs"]):
        return False
    return _verified(plan.folder, old["outputs"])


def _verified(folder: Path, hashes: Mapping[str, str]) -> bool:
    """Whether files of a folder are there with the very bytes that were recorded."""
    return all(
        (folder / file).is_file() and hash_of_file(folder / file) == digest
        for file, digest in hashes.items()
    )


def _figures_of(outputs: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The names of the figures among the recorded outputs of notebooks."""
    files = [Path(file) for several in outputs.values() for file in several]
    return sorted(f.stem for f in files if f.parent == Path("figures") and f.suffix == ".png")


class _Record:
    """The receipt of a run, `run.json`, written as each notebook starts and ends.

    It holds no clock and no path of the machine. Notebooks of earlier runs in the folder keep
    their entries.
    """

    def __init__(self, plan: Plan, inputs: Mapping[str, dict], before: Mapping[str, dict]) -> None:
        self.plan, self.inputs = plan, inputs
        self.entries = {
            name: {**entry, "state": "interrupted"} if entry["state"] == RUNNING else entry
            for name, entry in before.items()
        }
        self.outcomes: dict[str, Outcome] = {}
        self.lock = threading.Lock()

    def start(self, name: str) -> None:
        """Record that a notebook has started."""
        self._enter(Outcome(name, RUNNING))
        self.write(RUNNING)

    def end(self, outcome: Outcome) -> Outcome:
        """Record how a notebook ended; returns the outcome."""
        self.outcomes[outcome.notebook] = outcome
        self._enter(outcome)
        self.write(RUNNING)
        return outcome

    def _enter(self, outcome: Outcome) -> None:
        with self.lock:
            self.entries[outcome.notebook] = {
                "state": outcome.state,
                "reason": outcome.error or outcome.reason,
                "inputs": self.inputs[outcome.notebook],
                "outputs": dict(outcome.outputs),
            }

    def write(self, state: str = "") -> dict:
        """Write the receipt and return it; without a state that of a run that has ended."""
        with self.lock:
            states = {entry["state"] for entry in self.entries.values()}
            ended = [one for one in ("interrupted", "failed") if one in states]
            if len(self.outcomes) < len(self.plan.notebooks):
                ended.insert(0, "interrupted")
            outputs = {name: one["outputs"] for name, one in self.entries.items()}
            names = [] if state else _figures_of(outputs)
            receipt = {
                "run": self.plan.name,
                "state": state or next(iter(ended), "done"),
                "workbook": VERSION,
                "notebooks": dict(sorted(self.entries.items())),
                "figures": figure_hashes(self.plan.folder / "figures", names),
                "versions": versions(),
            }
            write_whole(self.plan.folder / "run.json", json_bytes(receipt))
        return receipt

    def with_findings(self) -> list[str]:
        """The notebooks whose findings are as they were recorded, and of the corpus of this run.

        Notebooks that did not take part in this run count only if the project still has them.
        """
        known = {file.stem for file in project().notebooks.glob("*.ipynb")}
        corpora = {_corpus_of(inputs) for inputs in self.inputs.values()}
        return [
            name
            for name, entry in sorted(self.entries.items())
            if entry["state"] in ("done", "skipped")
            and findings_part(name) in entry["outputs"]
            and (
                name in self.outcomes or (name in known and _corpus_of(entry["inputs"]) in corpora)
            )
            and _verified(self.plan.folder, {p: entry["outputs"][p] for p in [findings_part(name)]})
        ]


def _corpus_of(inputs: Mapping[str, object]) -> tuple[str, str]:
    """Which documents the inputs of a notebook say are counted: the corpus, and how it is read."""
    values = inputs.get("parameters")
    return str(inputs.get("corpus")), _corpus_key(values) if isinstance(values, dict) else ""


def store_outputs(plan: Plan) -> list[str]:
    """Put the outputs of an executed default run into the notebooks themselves.

    Returns the names of the notebooks that changed. Raises InputError if this is no default run.
    """
    if not plan.publish:
        raise InputError("outputs are stored from the default run only", where="--store")
    changed = []
    for one in plan.notebooks:
        if one.name in plan.lacking:
            continue
        executed = json.loads((plan.folder / f"{one.name}.ipynb").read_text(encoding="utf-8"))
        cells = [c for c in executed["cells"] if _INJECTED not in c["metadata"].get("tags", [])]
        notebook = json.loads(one.file.read_text(encoding="utf-8"))
        ran = 0
        for cell, done in zip(notebook["cells"], cells, strict=True):
            if cell["cell_type"] == "code":
                ran += 1
                cell["outputs"] = _renumbered(done["outputs"], ran)
                cell["execution_count"] = ran
        text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        if text != one.file.read_text(encoding="utf-8"):
            write_whole(one.file, text.encode("utf-8"))
            changed.append(one.name)
    return changed


def _renumbered(outputs: list[dict], number: int) -> list[dict]:
    return [
        {**output, "execution_count": number} if "execution_count" in output else output
        for output in outputs
    ]


def elapsed(since: float) -> str:
    """Seconds since a moment, for people."""
    return f"{time.monotonic() - since:.1f} s"
