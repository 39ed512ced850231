"""Batches: notebooks executed with parameters, checked, written down in a receipt, published."""

from __future__ import annotations

import contextlib
import fcntl
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from analysis.errors import InputError, shown
from analysis.files import write_whole
from analysis.report.results import FINDINGS, findings_part, merge_findings
from analysis.runs.kernels import Kernels
from analysis.runs.parameters import Declared
from analysis.runs.plans import HELD, MARKS, Plan, declared_files, project
from analysis.runs.publishing import publish, recover
from analysis.runs.receipts import (
    Outcome,
    Record,
    figures_among,
    hash_of_file,
    input_hashes,
    is_verified,
)

_INJECTED = "injected-parameters"
_START_TIMEOUT = 120

Report = Callable[[str, str, int, int], None]
"""Called with notebook, event ('started', 'cell', a state), cells begun, cells in all."""


def execute(plan: Plan, report: Report = lambda *_: None) -> tuple[list[Outcome], dict]:
    """Run a plan; returns the outcomes in the order of the notebooks, and the receipt.

    The receipt is written as each notebook starts and ends; figures are published only if no
    notebook failed and the plan says so. Raises InputError if another run holds the folder. An
    interrupt ends the kernels, and the receipt says so.
    """
    with held(plan.folder):
        if plan.publish:
            recover(project().figures)
        inputs = {o.name: input_hashes(o.file, plan.parameters[o.name]) for o in plan.notebooks}
        record = Record(plan.name, plan.folder, inputs)
        (plan.folder / FINDINGS).unlink(missing_ok=True)  # rebuilt below from what is verified
        try:
            _run_all(_Batch(plan, record, report))
        finally:
            known = {file.stem for file in project().notebooks.glob("*.ipynb")}
            merge_findings(plan.folder, record.with_findings(known))
            receipt = record.write(record.final_state())
        outcomes = [record.outcomes[one.name] for one in plan.notebooks]
        if plan.publish and all(outcome.state != "failed" for outcome in outcomes):
            drawn = figures_among(file for outcome in outcomes for file in outcome.outputs)
            figures = {name: receipt["figures"][name] for name in drawn}
            publish(plan.folder / "figures", figures, project().figures)
    return outcomes, receipt


@contextlib.contextmanager
def held(folder: Path, kind: str = "run") -> Iterator[None]:
    """Make a run folder and hold it for this process; raises InputError if another one does."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"cannot be a run folder ({error.strerror})"
        raise InputError(problem, where="--out", value=str(folder)) from error
    with (folder / HELD).open("a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError("another run is writing here", where=folder.name) from error
        lock.truncate(0)
        lock.write(MARKS[kind])
        lock.flush()
        yield


class _Batch:
    """A plan while it is executed: its record, whom to report to, and its kernels."""

    def __init__(self, plan: Plan, record: Record, report: Report) -> None:
        self.plan, self.record, self.report, self.kernels = plan, record, report, Kernels()


def _run_all(batch: _Batch) -> None:
    """Every notebook of a plan, some at once; whatever stops the batch ends its kernels."""
    plan = batch.plan
    pool = ThreadPoolExecutor(plan.workers)
    try:
        for one in plan.notebooks:
            if one.name in plan.lacking:
                _leave_out(batch, one)
        jobs = [  # later notebooks take longer: begun first, none is left alone at the end
            pool.submit(_run_one, batch, one)
            for one in reversed(plan.notebooks)
            if one.name not in plan.lacking
        ]
        for job in jobs:
            job.result()
    except BaseException:
        batch.kernels.end()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_out(batch: _Batch, one: Declared) -> None:
    """Record that a notebook cannot run, and remove what an earlier run left of it."""
    if one.name in batch.record.before:
        _remove_outputs(batch.plan, one)
        (batch.plan.folder / f"{one.name}.ipynb").unlink(missing_ok=True)
    batch.record.end(Outcome(one.name, "skipped", reason=batch.plan.lacking[one.name]))


def _remove_outputs(plan: Plan, one: Declared) -> None:
    """Remove the declared files and the findings of a notebook."""
    for file in (*declared_files(one), findings_part(one.name)):
        (plan.folder / file).unlink(missing_ok=True)


def _run_one(batch: _Batch, one: Declared) -> None:
    """One notebook: skipped if nothing changed, else executed and checked for what it declares."""
    plan, record = batch.plan, batch.record
    if batch.kernels.ended:
        return
    old = record.before.get(one.name, {})
    if not plan.force and _is_unchanged(plan, one, record.inputs[one.name], old):
        batch.report(one.name, "skipped", 0, 0)
        record.end(Outcome(one.name, "skipped", "", old["outputs"], "nothing changed"))
        return
    record.start(one.name)
    _remove_outputs(plan, one)
    notebook, error = _run_notebook(batch, one)
    if notebook is not None:
        write_whole(plan.folder / f"{one.name}.ipynb", _notebook_bytes(notebook))
    missing = [file for file in declared_files(one) if not (plan.folder / file).is_file()]
    if not error and missing:
        error = f"it ended, but left out {', '.join(missing)}"
    if error and batch.kernels.ended:
        record.end(Outcome(one.name, "interrupted"))
        return
    state = "failed" if error else "done"
    batch.report(one.name, state, 0, 0)
    record.end(Outcome(one.name, state, error, {} if error else _output_hashes(plan, one)))


# --- outputs ---------------------------------------------------------------------------------------


def _output_hashes(plan: Plan, one: Declared) -> dict[str, str]:
    """Hashes of all files that a notebook left behind, its findings among them."""
    files = dict.fromkeys([*declared_files(one), f"{one.name}.ipynb"])
    if (plan.folder / findings_part(one.name)).is_file():
        files[findings_part(one.name)] = None
    return {file: hash_of_file(plan.folder / file) for file in files}


def _is_unchanged(plan: Plan, one: Declared, inputs: dict, old: dict) -> bool:
    """Whether an earlier run had the same inputs and its outputs are all as it left them."""
    if old.get("state") not in ("done", "skipped") or old.get("inputs") != inputs:
        return False
    files, part = {*declared_files(one), f"{one.name}.ipynb"}, findings_part(one.name)
    known = set(old["outputs"])
    return files <= known <= {*files, part} and is_verified(plan.folder, old["outputs"])


# --- one notebook ----------------------------------------------------------------------------------


def _run_notebook(batch: _Batch, one: Declared) -> tuple[object | None, str]:
    """Execute a notebook with papermill; returns it as far as it got, and what is wrong with it.

    It is tried a second time if its kernel did not even start.
    """
    _load_papermill()
    import nbformat

    source = nbformat.read(one.file, as_version=4)
    total = sum(cell.cell_type == "code" for cell in source.cells) + 1
    begun: list[int] = []

    def count(cell, cell_index: int) -> None:
        if cell.cell_type == "code":
            begun.append(cell_index)
            batch.report(one.name, "cell", len(begun), total)

    batch.report(one.name, "started", 0, total)
    notebook, error = _attempt(batch, one, source, count)
    if error and not begun and not batch.kernels.ended:
        notebook, error = _attempt(batch, one, source, count)
    return notebook, error


def _attempt(batch: _Batch, one: Declared, source, count: Callable) -> tuple[object | None, str]:
    """Execute a notebook once; `count` is called with each cell as it begins."""
    started: list[object] = []
    try:
        notebook = _load_papermill().execute_notebook(
            source,
            None,
            parameters=dict(batch.plan.parameters[one.name]),
            kernel_name="python3",
            progress_bar=False,
            request_save_on_cell_execute=False,
            autosave_cell_every=0,
            start_timeout=_START_TIMEOUT,
            execution_timeout=batch.plan.timeout,
            shutdown_kernel="immediate",
            record_timing=False,
            on_notebook_start=lambda notebook: started.append(notebook),
            on_cell_start=count,
            **batch.kernels.options(),
        )
        return notebook, _cell_error(notebook)
    except Exception as error:
        return started[-1] if started else None, _describe(error)


def _load_papermill():
    """papermill without its log, imported fast.

    jsonschema compiles a grammar of internationalised addresses at import (2.5 s) if
    `rfc3987_syntax` is installed, as with JupyterLab, and does without it otherwise. No notebook
    holds such an address.
    """
    import logging

    blocked = "rfc3987_syntax" not in sys.modules and "jsonschema" not in sys.modules
    if blocked:
        sys.modules["rfc3987_syntax"] = None
    import papermill

    if blocked:
        sys.modules.pop("rfc3987_syntax", None)
    logging.getLogger("papermill").setLevel(logging.ERROR)
    return papermill


def _describe(error: BaseException) -> str:
    """An error in one line: the cell and the last line of its message."""
    cell = getattr(error, "exec_count", None)
    last = f"{getattr(error, 'ename', '')}: {getattr(error, 'evalue', '')}".strip(": ")
    if not last:
        lines = str(error).strip().splitlines() or [""]
        last = f"{type(error).__name__}: {lines[0]}"
    place = f"cell [{cell}]: " if cell else ""
    return place + shown(last.splitlines()[-1], quote=False, longest=300)


def _cell_error(notebook) -> str:
    """What is wrong with an executed notebook, '' if nothing: an error, or a cell that never ran.

    papermill's own status is not enough: a killed kernel and an exit in the middle pass there.
    """
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        for output in cell.outputs:
            if output.output_type == "error":
                text = shown(f"{output.ename}: {output.evalue}", quote=False, longest=300)
                return f"cell {number}: {text}"
        if cell.execution_count is None:
            return f"cell {number} was never executed: the kernel ended before it"
    return ""


def _notebook_bytes(notebook) -> bytes:
    """An executed notebook without what differs from run to run."""
    notebook = json.loads(json.dumps(notebook))
    for name in ("papermill", "widgets"):
        notebook["metadata"].pop(name, None)
    notebook["metadata"]["language_info"] = {"name": "python"}
    for cell in notebook["cells"]:
        for name in ("papermill", "execution"):
            cell["metadata"].pop(name, None)
        if _is_injected(cell):
            cell["id"] = _INJECTED
        if cell["cell_type"] == "code":
            cell["outputs"] = _merged_streams(cell["outputs"])
    return _stored_form(notebook)


def _stored_form(notebook: dict) -> bytes:
    """A notebook as the bytes of its file."""
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)
    return (text + "\n").encode("utf-8")


def _is_injected(cell: dict) -> bool:
    """Whether a cell holds the parameters that papermill set."""
    return _INJECTED in cell["metadata"].get("tags", [])


def _merged_streams(outputs: list[dict]) -> list[dict]:
    """Outputs with neighbouring pieces of one stream joined: how they are cut is chance."""
    merged: list[dict] = []
    for output in outputs:
        is_stream = output["output_type"] == "stream"
        if is_stream and merged and merged[-1].get("name") == output["name"]:
            merged[-1]["text"] += output["text"]
        else:
            merged.append(output)
    return merged


# --- stored outputs --------------------------------------------------------------------------------


def store_outputs(plan: Plan) -> list[str]:
    """Put the outputs of an executed default run into the notebooks themselves.

    Returns the names of the notebooks that changed. Raises InputError if this is not a default run.
    """
    refuse_store(plan)
    changed = []
    for one in plan.notebooks:
        if one.name in plan.lacking:
            continue
        executed = json.loads((plan.folder / f"{one.name}.ipynb").read_text(encoding="utf-8"))
        cells = [cell for cell in executed["cells"] if not _is_injected(cell)]
        notebook = json.loads(one.file.read_text(encoding="utf-8"))
        pairs = zip(notebook["cells"], cells, strict=True)
        code = [pair for pair in pairs if pair[0]["cell_type"] == "code"]
        for number, (cell, done) in enumerate(code, start=1):
            cell["outputs"] = _renumbered(done["outputs"], number)
            cell["execution_count"] = number
        content = _stored_form(notebook)
        if content != one.file.read_bytes():
            write_whole(one.file, content)
            changed.append(one.name)
    return changed


def refuse_store(plan: Plan) -> None:
    """Raise InputError if outputs cannot be stored in the notebooks: this is not the default run."""
    if not plan.publish:
        raise InputError("outputs are stored from the default run only", where="--store")


def _renumbered(outputs: list[dict], number: int) -> list[dict]:
    """Outputs that carry the number of their cell, with another number."""
    return [
        {**output, "execution_count": number} if "execution_count" in output else output
        for output in outputs
    ]
