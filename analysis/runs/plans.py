"""Plans: what a run will do, checked as far as possible before a notebook starts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analysis.corpus import Corpus, locate, read_corpus, texts_place
from analysis.errors import InputError, shown
from analysis.report.results import FINDINGS, findings_part
from analysis.runs.parameters import Declared, read_declared, read_values, settle
from analysis.runs.receipts import FIGURE_KINDS, INPUTS, ROOT, counted_by, read_receipt

DEFAULT_RUN = "default"
HELD = ".lock"
MARKS = {kind: f"This folder belongs to `workbook {kind}`.\n" for kind in ("run", "sweep")}
"""What the file HELD of a run folder says: a run that was killed at once is known again by it."""
_READING = ("columns", "dates", "encoding")
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


@dataclass(frozen=True)
class Project:
    """A workbook by its folder: where its parts lie."""

    root: Path

    @property
    def configuration(self) -> Path:
        return self.root / "workbook.yaml"

    @property
    def notebooks(self) -> Path:
        return self.root / "notebooks"

    @property
    def figures(self) -> Path:
        return self.root / "figures"

    @property
    def runs(self) -> Path:
        return self.root / "runs"


BUNDLED = Project(ROOT)


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


def project() -> Project:
    """The user's own workbook if the current folder is one, or is its `notebooks` folder; else
    the bundled one."""
    here = Path.cwd()
    for root in (here, here.parent) if here.name == "notebooks" else (here,):
        if Project(root).configuration.is_file() and Project(root).notebooks.is_dir():
            return Project(root)
    return BUNDLED


def find_notebooks(names: Sequence[str] = ()) -> tuple[Declared, ...]:
    """The project's notebooks by name (all for none), in their order; else InputError."""
    files = {file.stem: file for file in sorted(project().notebooks.glob("*.ipynb"))}
    wanted = [Path(name).name.removesuffix(".ipynb") for name in names] or list(files)
    for name in wanted:
        if name not in files:
            raise InputError("no such notebook", value=name, allowed=files)
    declared = tuple(read_declared(files[name]) for name in sorted(set(wanted)))
    drawn_by: dict[str, str] = {}
    for one in declared:
        for figure in one.figures:
            if figure in drawn_by:
                problem = f"figure is also declared by {drawn_by[figure]}"
                raise InputError(problem, where=one.name, value=figure)
            drawn_by[figure] = one.name
    return declared


def declared_files(one: Declared) -> list[str]:
    """Files below the run folder that a notebook must leave behind."""
    figures = [f"figures/{name}.{kind}" for name in one.figures for kind in FIGURE_KINDS]
    files = [f"tables/{name}" for name in one.tables]  # findings.json is joined from all parts
    return figures + [findings_part(one.name) if file == FINDINGS else file for file in files]


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
    _check_name(run)
    if workers < 0 or timeout < 1:
        where = "--workers or --timeout"
        raise InputError("is too small", where=where, value=min(workers, timeout))
    notebooks = find_notebooks(names)
    folder = run_folder(run, out)
    parameters = settle(notebooks, {**_configured_for(notebooks), **given})
    for values in parameters.values():
        values["out"] = str(folder)
    check_run_folder(folder, "run", parameters.values() if out else None)
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


def _check_name(run: str) -> None:
    """Raise InputError for a name that cannot be that of a folder below runs/."""
    if not re.fullmatch(r"(?!\.)[\w.-]{1,100}", run) or not re.search(r"[^\W_]", run):
        allowed = "letters, digits, - _ and ."
        raise InputError("is not a run name", where="--name", value=run, allowed=allowed)


def run_folder(run: str, out: str) -> Path:
    """The folder of a run: the given one, else the one of its name below runs/."""
    return Path(out) if out else Path(os.path.relpath(project().runs / run))


def _configured_for(notebooks: Iterable[Declared]) -> dict[str, str]:
    """The parameters as text that the project's file of choices gives to some notebooks.

    Raises InputError for a mistake in that file.
    """
    file = project().configuration
    chosen = read_values(file) if file.is_file() else {}
    settle(find_notebooks(), chosen, file.name)
    names = {name for notebook in notebooks for name in notebook.parameters}
    return {name: value for name, value in chosen.items() if name in names}


# --- the folder ------------------------------------------------------------------------------------


def check_run_folder(
    folder: Path, kind: str, inputs: Iterable[Mapping[str, object]] | None = None
) -> None:
    """Raise InputError for a folder that a run (or, for `kind` "sweep", a sweep) may not write into.

    It must be new, empty, or the folder of an earlier run of the same kind. `inputs` are the
    parameters of notebooks if the user names the folder: then it must also lie outside the
    inputs and the project's own folders, and hold none of them.
    """
    where = "--name" if inputs is None else "--out"

    def refused(problem: str) -> InputError:
        allowed = f"a new folder, an empty one, or that of an earlier {kind}"
        return InputError(problem, where=where, value=str(folder), allowed=allowed)

    place = Path(os.path.realpath(folder))
    for what, kept, inside_too in _kept_places(inputs) if inputs is not None else ():
        kept = Path(os.path.realpath(kept))
        if place == kept:
            raise refused(f"is {what}")
        if inside_too and place.is_relative_to(kept):
            raise refused(f"lies inside {what}")
        if kept.is_relative_to(place):
            raise refused(f"holds {what}")
    if os.path.lexists(folder) and not folder.is_dir():
        raise refused("is not a folder")
    if folder.is_dir() and _kind_of(folder) != kind and not all(map(_is_trace, folder.iterdir())):
        raise refused(f"holds files that no {kind} of this workbook made")


def _kept_places(inputs: Iterable[Mapping[str, object]]) -> Iterator[tuple[str, Path, bool]]:
    """What no run folder may be or hold: a description, its place, and whether a run may not lie
    inside it either."""
    for part in (*(ROOT / name for name in _KEPT), project().notebooks, project().figures):
        yield f"the project's folder {part.name}/", part, True
    yield "the folder of all runs", project().runs, False
    yield "the current folder", Path.cwd(), False
    yield "the home folder", Path(os.path.expanduser("~")), False
    for values in inputs:
        for name in INPUTS:
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
    mark = folder / HELD
    content = mark.read_bytes() if mark.is_file() else b""
    return next((kind for kind, text in MARKS.items() if text.encode() == content), "")


def _is_trace(file: Path) -> bool:
    """Whether a file is all that a run leaves that was killed before it wrote anything."""
    return file.name == HELD and file.is_file() and not file.stat().st_size


# --- the meaning of parameters ---------------------------------------------------------------------


def _check_meaning(parameters: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """Read the corpus, codebook, terms, events, groups and claims once, as the notebooks will.

    Returns the notebooks that need frames but have none, each with what is missing. Raises
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
    """What a notebook that needs frames lacks if the codebook of a corpus has none."""
    own = corpus.folder / "codebook.yaml" if corpus.folder else None
    if codebook or (own is not None and own.exists()):
        name = shown(codebook or "codebook.yaml", quote=False)
        cure = f"{name} has none: add them under frames:, or give --codebook PATH"
    elif corpus.folder:
        cure = "add codebook.yaml to the corpus folder or give --codebook PATH"
    else:
        cure = "give --codebook PATH (a corpus that is a folder can hold them in its codebook.yaml)"
    return f"needs frames; {cure}"


def read_parameter_corpus(values: Mapping[str, object]) -> Corpus:
    """The corpus that the parameters of a notebook name, read as they say."""
    return read_corpus(values["corpus"], **{k: values[k] for k in _READING if k in values})


def _corpora_of(
    parameters: Mapping[str, Mapping[str, object]],
) -> Iterator[tuple[Corpus, dict[str, Mapping[str, object]]]]:
    """Each corpus that the notebooks count, once, with the parameters of those that count it."""
    from analysis.tables import stories

    alike: dict[str, dict[str, Mapping[str, object]]] = {}
    for name, values in parameters.items():
        alike.setdefault(counted_by(values), {})[name] = values
    for several in alike.values():
        first = next(iter(several.values()))
        corpus = read_parameter_corpus(first).with_exclusions(first.get("exclusions", "on"))
        share = first.get("similarity", stories.SIMILARITY)
        unique = first.get("unique", "all")
        yield stories.counted_corpus(corpus, unique, similarity=share), several


def refuse_rejections(plan: Plan) -> None:
    """Raise InputError if any item of a corpus is rejected."""
    for corpus, _ in _corpora_of(plan.parameters):
        corpus.refuse_rejections()
