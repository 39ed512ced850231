"""Publishing: the figures of the default run put into figures/, all together or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from analysis.errors import InputError
from analysis.files import write_whole
from analysis.report.results import json_bytes
from analysis.runs.receipts import FIGURE_KINDS, hash_of_file, versions

_LOCK = "figures.lock.json"
_STAGED = ".figures-new"
"""A folder inside figures/ that holds what is about to be published; git ignores it."""
_DECISIVE = ("ipykernel", "matplotlib", "nltk", "numpy", "pandas", "pyarrow", "scipy", "sentencex")


def publish(figures: Path, hashes: Mapping[str, Mapping[str, str]], to: Path) -> None:
    """Put the figures of a run, with their lock file, into the folder `to`.

    Only files that a lock file names are replaced or removed; whatever else is in the folder stays.
    Everything is staged in a hidden folder inside `to` and then renamed file by file, the lock file
    last: a publication that is cut off is completed by `recover`. Raises InputError, with nothing
    changed, if a new figure has the name of a file that is not this workbook's.
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

    Raises InputError if `to` is not a folder, or its lock file cannot be read.
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
    if file.name in owned:
        return not file.is_symlink() and not file.is_file()
    return file.is_symlink() or not file.is_file() or hash_of_file(file) != hash_of_file(fresh)


def _locked(lock: Path) -> set[str]:
    """The names of the files that a lock file names, none if there is no lock file.

    Raises InputError if it cannot be read: it is not known then which files may be replaced.
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
    return [f"{name}.{kind}" for name in figures for kind in FIGURE_KINDS]
