"""Receipts: what a run depends on and leaves behind, written down as it happens."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path

from analysis import VERSION
from analysis.corpus import files_of, locate, texts_place
from analysis.files import write_whole
from analysis.report.results import RUNNING, findings_part, json_bytes

ROOT = Path(__file__).parent.parent.parent
FIGURE_KINDS = ("png", "svg", "csv")
INPUTS = ("corpus", "codebook", "events", "codings", "sweep")
"""Parameters that name a file or folder whose content a notebook reads."""
_ENTRY = {"state": str, "inputs": dict, "outputs": dict}


# --- hashes ----------------------------------------------------------------------------------------


def _sha256(content: bytes) -> str:
    """SHA-256 of bytes, as hexadecimal text."""
    return hashlib.sha256(content).hexdigest()


def hash_of_file(file: Path) -> str:
    """SHA-256 of a file's bytes."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _hash_of_path(path: str | Path) -> str:
    """Of a file its bytes; of a folder the names and bytes of all files below it, links left out.

    If the texts of a corpus folder lie elsewhere, those as well.
    """
    place = locate(path)
    texts = texts_place(place)
    if texts != place:
        return _sha256(f"{_hash_of_place(place)} {_hash_of_place(texts)}".encode())
    return _hash_of_place(place)


def _hash_of_place(place: Path) -> str:
    """Of a file its bytes; of a folder, or a file with rules beside it, all names and bytes."""
    files = [file for file in files_of(place) if file.is_file()]
    if files == [place]:
        return hash_of_file(place)
    return _hash_of_files(files, place if place.is_dir() else place.parent)


def _hash_of_files(files: Iterable[Path], home: Path) -> str:
    """Over the names of files below a folder and their bytes."""
    lines = (f"{file.relative_to(home)}\0{hash_of_file(file)}\n" for file in files)
    return _sha256("".join(lines).encode("utf-8", "surrogateescape"))


@cache
def _hash_of_code() -> str:
    """Over every file of the package that bears on a result."""
    files = [
        file for kind in ("*.py", "*.txt", "*.mplstyle") for file in (ROOT / "analysis").rglob(kind)
    ]
    return _hash_of_files(sorted(files), ROOT)


@cache
def versions() -> dict[str, str]:
    """Every installed distribution and Python itself."""
    found = {d.metadata["Name"].lower(): d.version for d in metadata.distributions()}
    return {"python": sys.version.split()[0], **dict(sorted(found.items()))}


def _hash_of_notebook(file: Path) -> str:
    """Over a notebook without its outputs: what it does."""
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    parts = [[cell["cell_type"], cell["source"], cell["metadata"]] for cell in cells]
    return _sha256(json.dumps(parts).encode())


def input_hashes(notebook: Path, values: Mapping[str, object]) -> dict[str, object]:
    """All that the results of a notebook with these parameters depend on."""
    places = {name: values.get(name) for name in INPUTS}
    return {
        "parameters": dict(values),
        "notebook": _hash_of_notebook(notebook),
        "code": _hash_of_code(),
        **{n: _hash_of_path(place) if place else "in the corpus" for n, place in places.items()},
        "environment": _sha256(json.dumps(versions()).encode()),
    }


def figure_hashes(folder: Path, names: Iterable[str] | None = None) -> dict[str, dict[str, str]]:
    """Of figures of a folder (every one by default) the hashes of their bytes (PNG, SVG), pixels
    and plotted data; a figure of which a file is missing is left out."""
    found = {}
    names = (png.stem for png in folder.glob("*.png")) if names is None else names
    for name in sorted(names):
        png, svg, data = (folder / f"{name}.{kind}" for kind in FIGURE_KINDS)
        if png.is_file() and svg.is_file() and data.is_file():
            hashes = {"png": hash_of_file(png), "svg": hash_of_file(svg)}
            found[name] = {**hashes, "pixels": _pixel_hash(png), "data": hash_of_file(data)}
    return found


def _pixel_hash(png: Path) -> str:
    """Over the decoded picture: the same for two files that show the same."""
    from PIL import Image

    with Image.open(png) as image:
        picture = image.convert("RGBA")
        return _sha256(f"{picture.size}".encode() + picture.tobytes())


# --- the receipt -----------------------------------------------------------------------------------


def read_receipt(folder: Path) -> dict:
    """The receipt of an earlier run in the folder, empty if there is none that can be read.

    Entries of notebooks that no run writes in this form are left out.
    """
    try:
        receipt = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(receipt, dict):
        return {}
    if "notebooks" in receipt:
        entries = receipt["notebooks"] if isinstance(receipt["notebooks"], dict) else {}
        receipt["notebooks"] = {name: one for name, one in entries.items() if _is_entry(one)}
    return receipt


def _is_entry(entry: object) -> bool:
    """Whether an entry of a receipt has the parts that are relied on."""
    return isinstance(entry, dict) and all(
        isinstance(entry.get(name), kind) for name, kind in _ENTRY.items()
    )


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


def is_verified(folder: Path, hashes: Mapping[str, str]) -> bool:
    """Whether files of a folder are there with the very bytes that were recorded."""
    return all(
        (folder / file).is_file() and hash_of_file(folder / file) == digest
        for file, digest in hashes.items()
    )


def figures_among(files: Iterable[str]) -> list[str]:
    """The names of the figures among the recorded outputs of notebooks."""
    paths = map(Path, files)
    return sorted(f.stem for f in paths if f.parent == Path("figures") and f.suffix == ".png")


class Record:
    """The receipt of a run, `run.json`, written as each notebook starts and ends.

    It holds no time and no absolute path. Notebooks of earlier runs in the folder keep their
    entries. `inputs` are those of each notebook of this run.
    """

    def __init__(self, run: str, folder: Path, inputs: Mapping[str, dict]) -> None:
        self.run, self.folder, self.inputs = run, folder, inputs
        self.before = read_receipt(folder).get("notebooks", {})
        self.outcomes: dict[str, Outcome] = {}
        self._entries = {
            name: {**entry, "state": "interrupted"} if entry["state"] == RUNNING else entry
            for name, entry in self.before.items()
        }
        self._lock = threading.Lock()
        self.write(RUNNING)

    def start(self, name: str) -> None:
        """Record that a notebook has started."""
        self._enter(Outcome(name, RUNNING))

    def end(self, outcome: Outcome) -> None:
        """Record how a notebook ended."""
        self.outcomes[outcome.notebook] = outcome
        self._enter(outcome)

    def _enter(self, outcome: Outcome) -> None:
        with self._lock:
            self._entries[outcome.notebook] = {
                "state": outcome.state,
                "reason": outcome.error or outcome.reason,
                "inputs": self.inputs[outcome.notebook],
                "outputs": dict(outcome.outputs),
            }
        self.write(RUNNING)

    def write(self, state: str) -> dict:
        """Write the receipt and return it; figures are listed only when the run has ended."""
        with self._lock:
            files = [file for one in self._entries.values() for file in one["outputs"]]
            drawn = [] if state == RUNNING else figures_among(files)
            receipt = {
                "run": self.run,
                "state": state,
                "workbook": VERSION,
                "notebooks": dict(sorted(self._entries.items())),
                "figures": figure_hashes(self.folder / "figures", drawn),
                "versions": versions(),
            }
            write_whole(self.folder / "run.json", json_bytes(receipt))
        return receipt

    def final_state(self) -> str:
        """The state of a run that has ended: the worst of its notebooks."""
        states = {entry["state"] for entry in self._entries.values()}
        if len(self.outcomes) < len(self.inputs) or "interrupted" in states:
            return "interrupted"
        return "failed" if "failed" in states else "done"

    def with_findings(self, known: Iterable[str]) -> list[str]:
        """The notebooks whose findings are as they were recorded, and of the corpus of this run.

        `known` are the notebooks of the project: of those that took no part in this run, only they
        count.
        """
        corpora = [_corpus_of(inputs) for inputs in self.inputs.values()]
        found = []
        for name, entry in sorted(self._entries.items()):
            part = findings_part(name)
            ours = name in known and _corpus_of(entry["inputs"]) in corpora
            if (
                entry["state"] in ("done", "skipped")
                and part in entry["outputs"]
                and (name in self.outcomes or ours)
                and is_verified(self.folder, {part: entry["outputs"][part]})
            ):
                found.append(name)
        return found


def _corpus_of(inputs: Mapping[str, object]) -> tuple:
    """Which documents the inputs of a notebook say are counted: the corpus, and how it is read."""
    values = inputs.get("parameters")
    return inputs.get("corpus"), counted_by(values) if isinstance(values, dict) else None


def counted_by(values: Mapping[str, object]) -> str:
    """The parameters that say which documents are counted, as one text."""
    names = ("corpus", "columns", "dates", "encoding", "exclusions", "unique", "similarity")
    return json.dumps([values.get(name) for name in names])
