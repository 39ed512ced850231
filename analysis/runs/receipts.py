"""Receipts: hashes of what a run depends on and leaves behind, and figures published with theirs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from analysis.corpus import files_of, locate, texts_place
from analysis.errors import InputError
from analysis.report.results import json_bytes, write_whole

ROOT = Path(__file__).parent.parent.parent
CONFIGURATION = "workbook.yaml"
_LOCK = "figures.lock.json"
_STAGED = ".figures-new"
"""A folder inside figures/ that holds what is about to be published; git ignores it."""
KINDS = ("png", "svg", "csv")
_DECISIVE = ("ipykernel", "matplotlib", "nltk", "numpy", "pandas", "pyarrow", "scipy", "sentencex")


def sha256(content: bytes) -> str:
    """SHA-256 of bytes, as hexadecimal text."""
    return hashlib.sha256(content).hexdigest()


def hash_of_file(file: Path) -> str:
    """SHA-256 of a file's bytes."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def hash_of_path(path: str | Path) -> str:
    """Of a file its bytes; of a folder the names and bytes of all files below it, links left out.

    Where a corpus folder's texts lie elsewhere, those as well.
    """
    place = locate(path)
    texts = texts_place(place)
    if texts != place:
        return sha256(f"{_hash_of_files(place)} {_hash_of_files(texts)}".encode())
    return _hash_of_files(place)


def _hash_of_files(place: Path) -> str:
    """Of a file its bytes; of a folder, or a file with rules beside it, all names and bytes."""
    files = [file for file in files_of(place) if file.is_file()]
    if files == [place]:
        return hash_of_file(place)
    home = place if place.is_dir() else place.parent
    names = [str(file.relative_to(home)) for file in files]
    lines = (f"{name}\0{hash_of_file(file)}\n" for name, file in zip(names, files, strict=True))
    return sha256("".join(lines).encode("utf-8", "surrogateescape"))


@dataclass(frozen=True)
class Project:
    """Where notebooks, figures and runs lie, and the file of choices, None where there is none."""

    notebooks: Path
    figures: Path
    runs: Path
    configuration: Path | None = None


def own_project() -> Project | None:
    """The workbook that the current folder is, or is the `notebooks` folder of; None for neither."""
    here = Path.cwd()
    for root in (here, here.parent) if here.name == "notebooks" else (here,):
        if (root / CONFIGURATION).is_file() and (root / "notebooks").is_dir():
            return Project(
                root / "notebooks", root / "figures", root / "runs", root / CONFIGURATION
            )
    return None


@cache
def hash_of_code() -> str:
    """Over every file of the package that bears on a result."""
    files = sorted(f for kind in ("*.py", "*.txt") for f in (ROOT / "analysis").rglob(kind))
    names = [file.relative_to(ROOT).as_posix() for file in files]
    lines = (f"{name}\0{hash_of_file(file)}\n" for name, file in zip(names, files, strict=True))
    return sha256("".join(lines).encode())


@cache
def versions() -> dict[str, str]:
    """Every installed distribution and Python itself."""
    found = {d.metadata["Name"].lower(): d.version for d in metadata.distributions()}
    return {"python": sys.version.split()[0], **dict(sorted(found.items()))}


def source_of(file: Path) -> bytes:
    """A notebook without its outputs: what it does."""
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    return json.dumps([[c["cell_type"], c["source"], c["metadata"]] for c in cells]).encode()


def read_receipt(folder: Path) -> dict:
    """The receipt of an earlier run in the folder, empty if there is none that can be read.

    Entries of notebooks that are not what a run writes are left out.
    """
    try:
        receipt = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(receipt, dict):
        return {}
    entries = receipt.get("notebooks")
    if "notebooks" in receipt:
        entries = entries if isinstance(entries, dict) else {}
        receipt["notebooks"] = {name: one for name, one in entries.items() if _is_entry(one)}
    return receipt


def _is_entry(entry: object) -> bool:
    """Whether an entry of a receipt has the parts that are relied on."""
    return isinstance(entry, dict) and all(
        isinstance(entry.get(name), kind)
        for name, kind in (("state", str), ("inputs", dict), ("outputs", dict))
    )


def figure_hashes(folder: Path, names: Iterable[str] | None = None) -> dict[str, dict[str, str]]:
    """Of figures of a folder (every one by default) the hashes of their bytes (PNG, SVG), pixels
    and plotted data; a figure of which a file is missing is left out."""
    found = {}
    names = (png.stem for png in folder.glob("*.png")) if names is None else names
    for name in sorted(names):
        png, svg, data = (folder / f"{name}.{kind}" for kind in KINDS)
        if png.is_file() and svg.is_file() and data.is_file():
            found[name] = {
                "png": hash_of_file(png),
                "svg": hash_of_file(svg),
                "pixels": _pixel_hash(png),
                "data": hash_of_file(data),
            }
    return found


def _pixel_hash(png: Path) -> str:
    """Over the decoded picture: the same for two files that show the same."""
    from PIL import Image

    with Image.open(png) as image:
        picture = image.convert("RGBA")
        return sha256(f"{picture.size}".encode() + picture.tobytes())


def publish(figures: Path, hashes: Mapping[str, Mapping[str, str]], to: Path) -> None:
    """Put the figures of a run, with their lock file, into the folder `to`.

    Only files that a lock file names are replaced or removed; whatever else is in the folder stays.
    Everything is staged in a hidden folder inside `to` and then renamed file by file, the lock file
    last: a publication that is cut off is completed by `recover`. Raises InputError, with nothing
    changed, where a new figure has the name of a file that is not this workbook's.
    """
    recover(to)
    to.mkdir(parents=True, exist_ok=True)
    lock = {
        "figures": hashes,
        "made with": {name: versions()[name] for name in _DECISIVE if name in versions()},
    }
    staged = to / _STAGED
    staged.mkdir()
    for name in _files_of(hashes):
        shutil.copyfile(figures / name, staged / name)
    write_whole(staged / _LOCK, json_bytes(lock))
    _complete(to)


def recover(to: Path) -> None:
    """Complete a publication that was cut off; discard what was only staged.

    Raises InputError where `to` is not a folder, or its lock file cannot be read.
    """
    aside = to.with_name(f".{to.name}-old")  # an earlier version renamed the whole folder
    if aside.is_dir() and not os.path.lexists(to):
        os.replace(aside, to)
    if os.path.lexists(to) and not to.is_dir():
        raise InputError("is not a folder, so that no figure can be published", where=to.name)
    if (to / _STAGED / _LOCK).is_file():
        _complete(to)
    shutil.rmtree(to / _STAGED, ignore_errors=True)
    _locked(to / _LOCK)


def _complete(to: Path) -> None:
    """Move what is staged into `to`, remove what the old lock names alone, and put the lock last."""
    staged, owned = to / _STAGED, _locked(to / _LOCK)
    fresh = _locked(staged / _LOCK)
    waiting = [name for name in sorted(fresh) if (staged / name).is_file()]
    if foreign := [name for name in waiting if _is_foreign(to / name, staged / name, owned)]:
        shutil.rmtree(staged)
        raise InputError(
            f"nothing was published: {_LOCK} does not name these files, and publishing would "
            "overwrite them; move or rename them, then run again",
            where=f"{to.name}/",
            value=", ".join(foreign),
        )
    for name in waiting:
        os.replace(staged / name, to / name)
    for name in sorted(owned - fresh):
        if (to / name).is_symlink() or not (to / name).is_dir():
            (to / name).unlink(missing_ok=True)
    os.replace(staged / _LOCK, to / _LOCK)
    shutil.rmtree(staged)


def _is_foreign(file: Path, fresh: Path, owned: set[str]) -> bool:
    """Whether a file that would be overwritten is the user's: a folder, or named by no lock file
    and different from what would replace it."""
    if not os.path.lexists(file):
        return False
    if file.is_symlink() or not file.is_file():
        return file.name not in owned or not file.is_symlink()
    return file.name not in owned and hash_of_file(file) != hash_of_file(fresh)


def _locked(lock: Path) -> set[str]:
    """The names of the files that a lock file names, none where there is no lock file.

    Raises InputError where it cannot be read: nobody knows then which files may be replaced.
    """
    if not os.path.lexists(lock):
        return set()
    try:
        names = list(json.loads(lock.read_text(encoding="utf-8"))["figures"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            "cannot be read, so that it is not known which files may be replaced; "
            "restore it, or remove it together with the figures",
            where=f"{lock.parent.name}/{lock.name}",
        ) from error
    return {name for name in _files_of(map(str, names)) if "/" not in name and "\0" not in name}


def _files_of(figures: Iterable[str]) -> list[str]:
    """The names of the files of figures."""
    return [f"{name}.{kind}" for name in figures for kind in KINDS]
