"""Parameters: what a notebook declares, and the values a user gives, checked before anything runs."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.errors import InputError
from analysis.files import Node, read_text, read_yaml

_TYPES = {"str": str, "int": int, "float": float, "list": list, "dict": dict}
_FORMS = {
    "int": "a whole number",
    "float": "a number",
    "list": 'texts: a,b or ["a", "b"]',
    "dict": 'names and texts, each name once: a=b,c=d or {"a": "b"}',
}


@dataclass(frozen=True)
class _Parameter:
    """One line of a notebook's parameters cell: `name: type = default  # help`."""

    name: str
    type: str
    default: object
    help: str


@dataclass(frozen=True)
class Declared:
    """A notebook as declared: its parameters, and the figures and tables it must leave behind."""

    file: Path
    parameters: Mapping[str, _Parameter]
    figures: tuple[str, ...]
    tables: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.file.stem


def read_declared(file: Path) -> Declared:
    """What a notebook declares; raises InputError if it is not a notebook or has no parameters."""
    try:
        notebook = json.loads(read_text(file))
        declared = notebook["metadata"].get("workbook", {})
        figures, tables = (tuple(declared.get(kind, ())) for kind in ("figures", "tables"))
        cells = notebook["cells"]
        tagged = [c for c in cells if "parameters" in c.get("metadata", {}).get("tags", [])]
        sources = ["".join(cell["source"]) for cell in tagged]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError("is not a notebook", where=file.name) from error
    if len(sources) != 1:
        raise InputError("needs one cell tagged 'parameters'", where=file.name, value=len(sources))
    found = _parse_parameters(sources[0], file.name)
    return Declared(file, {one.name: one for one in found}, figures, tables)


def _parse_parameters(source: str, where: str) -> list[_Parameter]:
    """The parameters of a cell, each a line `name: type = literal  # help`; else InputError.

    papermill's own reader drops the help of a line that holds a second `=`.
    """
    form = f"name: type = literal  # help, with type one of {', '.join(_TYPES)}"
    lines = source.splitlines()
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise InputError("broken parameters cell", where=where, value=error.text) from error
    found = []
    for statement in statements:
        line = lines[statement.lineno - 1]
        try:
            kind, name = statement.annotation.id, statement.target.id
            default = ast.literal_eval(statement.value)
            if not isinstance(default, _TYPES[kind]):
                raise ValueError
        except (AttributeError, ValueError, KeyError) as error:
            raise InputError("is not a parameter", where=where, value=line, allowed=form) from error
        found.append(_Parameter(name, kind, default, line.partition("  # ")[2].strip()))
    return found


def parse_value(text: str, kind: str, where: str) -> object:
    """A value from text as the type of its parameter.

    >>> parse_value('["a", "b"]', "list", "-p"), parse_value("date=year", "dict", "-p")
    (['a', 'b'], {'date': 'year'})

    Raises InputError for text that does not have this type.
    """
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InputError("is not Unicode text", where=where, value=text)
    if kind == "str":
        return text
    try:
        return _number(text, kind) if kind in ("int", "float") else _collection(text, kind)
    except (ValueError, RecursionError) as error:
        problem = f"is not of type {kind}"
        raise InputError(problem, where=where, value=text, allowed=_FORMS[kind]) from error


def _number(text: str, kind: str) -> int | float:
    """A finite number without underscores; else ValueError."""
    value = _TYPES[kind](text.replace("_", "x"))
    if kind == "float" and not math.isfinite(value):
        raise ValueError(text)
    return value


def _collection(text: str, kind: str) -> list[str] | dict[str, str]:
    """A list or dict of texts, from JSON or from `a,b` and `a=b,c=d`; else ValueError."""
    parts = [part for part in text.split(",") if part.strip()]
    if text.lstrip().startswith(("[", "{")):
        value = json.loads(text, object_pairs_hook=_unique_names)
    elif kind == "list":
        value = [part.strip() for part in parts]
    else:
        value = _unique_names(part.split("=", 1) for part in parts)
    texts = value.values() if isinstance(value, dict) else value
    if not isinstance(value, _TYPES[kind]) or not all(isinstance(one, str) for one in texts):
        raise ValueError(text)
    return value


def _unique_names(pairs: Iterable[Sequence[str]]) -> dict[str, str]:
    """Names and values as a dict; raises ValueError for a blank name, and for one given twice."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if not name.strip() or name in found:
            raise ValueError(name)
        found[name] = value
    return found


def parse_assignment(text: str) -> tuple[str, str]:
    """Name and value of `NAME=VALUE`; raises InputError for anything else."""
    name, sign, value = text.partition("=")
    if not sign or not name.isidentifier():
        raise InputError("is not an assignment", where="-p", value=text, allowed="NAME=VALUE")
    return name, value


def node_text(node: Node) -> str:
    """A value of a YAML file as text that `parse_value` reads."""
    if isinstance(node.value, str):
        return node.value
    if isinstance(node.value, list):
        return json.dumps([item.text() for item in node.value])
    return json.dumps({key: value.text() for key, value in node.value.items()})


def read_values(file: Path) -> dict[str, str]:
    """Parameters from a YAML file, each as text that `parse_value` reads."""
    return {name: node_text(node) for name, node in read_yaml(file).entries().items()}


def settle(
    notebooks: Iterable[Declared], given: Mapping[str, str], where: str = "-p"
) -> dict[str, dict[str, object]]:
    """The full parameters of every notebook: its defaults, and what was given as text.

    A given value goes to every notebook that has the parameter. Raises InputError for a name that
    no notebook has, or a value of the wrong type.
    """
    notebooks = list(notebooks)
    known = sorted({name for notebook in notebooks for name in notebook.parameters})
    for name in given:
        if name == "out":
            raise InputError("is not set this way", where=where, value=name, allowed="--out")
        if name not in known:
            raise InputError("unknown parameter", where=where, value=name, allowed=known)
    settled = {}
    for notebook in notebooks:
        settled[notebook.name] = {
            name: parse_value(given[name], one.type, f"{where} {name}")
            if name in given
            else one.default
            for name, one in notebook.parameters.items()
        }
    return settled
