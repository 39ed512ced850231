"""Workbooks: a folder of one's own on a corpus, with notebooks, choices and a codebook to fill."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from analysis.corpus import BESIDE, POINTER, Corpus, locate, read_corpus
from analysis.errors import InputError, shown
from analysis.files import write_whole
from analysis.rules.codebook import corpus_codebook
from analysis.runs.parameters import Declared, read_declared
from analysis.runs.plans import BUNDLED, Project

_TEMPLATES = Path(__file__).parent / "templates"
_FOLDER = "corpus"
_ALSO = ("codings", "sweep.yaml", "words.yaml")
"""What else a corpus folder may hold; it is copied."""
_TERMS = ("peace", "war")
_MAX_TERMS = 8


def new_workbook(
    folder: str | Path, *, corpus: str = "", columns: Mapping[str, str] | None = None
) -> Corpus | None:
    """Make a folder with what a workbook on a corpus needs; returns the corpus as it was read.

    Without a corpus the folder `corpus` inside waits for texts, and None is returned. Raises
    InputError if the folder holds anything already or lies inside the corpus, and for a corpus
    that cannot be read; nothing is left behind then.
    """
    given, folder = str(folder), Path(os.path.abspath(folder))
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("exists already, and nothing is overwritten", value=given)
    texts = read_corpus(corpus, columns=columns) if corpus else None
    place = locate(corpus).resolve() if corpus else None
    if place is not None and folder.resolve().is_relative_to(place):
        raise InputError("lies inside the corpus: it would be read as part of it", value=given)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent) as staged:
        made = Path(staged)
        _write_corpus_folder(made / _FOLDER, folder / _FOLDER, texts, place, columns or {})
        _write_notebooks(made / "notebooks", _terms_of(texts))
        declared = [read_declared(file) for file in sorted((made / "notebooks").iterdir())]
        Project(made).configuration.write_text(_configuration(declared), encoding="utf-8")
        (made / "README.md").write_text(_readme(corpus), encoding="utf-8")
        folder.mkdir(exist_ok=True)
        for part in sorted(made.iterdir()):
            part.rename(folder / part.name)
    return texts


def write_example(file: Path) -> None:
    """Write the bundled texts as a CSV file with the columns Headline, Body, Published and Outlet.

    Raises InputError for a file that exists.
    """
    if os.path.lexists(file):
        raise InputError("exists already, and nothing is overwritten", value=str(file))
    texts = read_corpus(BUNDLED.root / "seeds")
    documents = texts.documents
    columns = {"Headline": documents["title"], "Body": list(texts.texts)}
    columns |= {"Published": documents["date"], "Outlet": documents["source"]}
    table = pd.DataFrame(columns).to_csv(index=False, lineterminator="\n")
    write_whole(file, table.encode("utf-8"))


def _readme(corpus: str) -> str:
    """The README of a workbook on a corpus, or on none yet."""
    place = f"in `{shown(corpus, quote=False)}`" if corpus else "yours to put into `corpus/`"
    return (_TEMPLATES / "README.md").read_text(encoding="utf-8").replace("CORPUS", place)


def _write_corpus_folder(
    made: Path, folder: Path, texts: Corpus | None, place: Path | None, columns: Mapping[str, str]
) -> None:
    """Write what lies beside the texts: the corpus's own files if it has them, else templates."""
    made.mkdir()
    for name in BESIDE:
        own = texts.folder / name if texts is not None and texts.folder else None
        shutil.copyfile(own if own and own.is_file() else _TEMPLATES / name, made / name)
    for name in _ALSO if texts is not None and texts.folder else ():
        own = texts.folder / name
        if own.is_dir():
            shutil.copytree(own, made / name, ignore=_refuse_odd)
        elif own.is_file():
            shutil.copyfile(own, made / name)
    if place is not None:
        (made / POINTER).write_text(_pointer(place, folder.resolve(), columns), encoding="utf-8")


def _refuse_odd(folder: str, names: list[str]) -> list[str]:
    """No name to leave out; raises InputError for a pipe, a device, a link to a folder or to nothing."""
    for name in names:
        entry = Path(folder, name)
        if not entry.is_file() and (entry.is_symlink() or not entry.is_dir()):
            raise InputError("is neither file nor folder", where=Path(folder).name, value=name)
    return []


def _pointer(place: Path, folder: Path, columns: Mapping[str, str]) -> str:
    """The YAML that says where the texts lie: relative, unless the two share nothing but the root."""
    import yaml

    shared = os.path.commonpath([place, folder])
    path = str(place) if shared == os.sep else os.path.relpath(place, folder)
    values = {"texts": path, **({"columns": dict(columns)} if columns else {})}
    head = (
        "# Where the texts of this corpus are, from this folder, and which columns are renamed.\n"
    )
    return head + yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=math.inf)


def _terms_of(texts: Corpus | None) -> list[str]:
    """Terms that the codebook beside the corpus names: the first of its own, or the template's."""
    own = list(corpus_codebook(texts).terms) if texts is not None else []
    return own[:_MAX_TERMS] or list(_TERMS)


def _write_notebooks(folder: Path, terms: list[str]) -> None:
    """Copies of the notebooks without outputs, their corpus and terms set."""
    folder.mkdir()
    for file in sorted(BUNDLED.notebooks.glob("*.ipynb")):
        notebook = json.loads(file.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
            if "parameters" in cell["metadata"].get("tags", []):
                cell["source"] = _with_defaults(cell["source"], {"corpus": _FOLDER, "terms": terms})
        text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)
        (folder / file.name).write_text(text + "\n", encoding="utf-8")


def _with_defaults(source: str | list[str], values: Mapping[str, object]) -> str:
    """A parameters cell with other defaults for some parameters.

    >>> _with_defaults('corpus: str = "seeds"  # folder', {"corpus": "mine"})
    'corpus: str = "mine"  # folder'
    """
    text = source if isinstance(source, str) else "".join(source)
    for name, value in values.items():
        line = re.compile(rf"^({name}: \w+ = ).*?(  # .*)?$", re.M)
        literal = json.dumps(value, ensure_ascii=False)
        text = line.sub(lambda found, new=literal: f"{found[1]}{new}{found[2] or ''}", text)
    return text


def _configuration(notebooks: list[Declared]) -> str:
    """Every parameter with its default as YAML, all but the corpus as comments."""
    lines = [
        "# Choices for `workbook run`, for every notebook that has the parameter: remove the # and change the value.",
        "# The command line (-p NAME=VALUE) takes precedence. In JupyterLab the notebooks' own first cells count.",
        "",
        f"corpus: {_FOLDER}",
    ]
    known = {name: one for notebook in notebooks for name, one in notebook.parameters.items()}
    for name, one in known.items():
        if name not in ("corpus", "out"):
            value = json.dumps(one.default, ensure_ascii=False)
            lines += [f"# {name}: {value}  # {one.help}"]
    return "\n".join(lines) + "\n"
