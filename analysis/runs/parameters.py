"""Parameters: what a notebook declares, and the values a user gives, checked before anything runs."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.errors import InputError
from analysis.files import Node, read_text

_TYPES = {"str": str, "int": int, "float": float, "list": list, "dict": dict}
_RESERVED = {"out": "--out"}


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
    """What a notebook declares; raises InputError where it is no notebook or has no parameters."""
    try:
        notebook = json.loads(read_text(file))
        cells = notebook["cells"]
        declared = notebook["metadata"].get("workbook", {})
        tagged = [c for c in cells if "parameters" in c.get("metadata", {}).get("tags", [])]
        sources = ["".join(cell["source"]) for cell in tagged]
        figures, tables = (tuple(declared.get(kind, ())) for kind in ("figures", "tables"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError("is no notebook", where=file.name) from error
    if len(tagged) != 1:
        raise InputError("needs one cell tagged 'parameters'", where=file.name, value=len(tagged))
    parameters = _parse_parameters(sources[0], file.name)
    return Declared(
        file=file,
        parameters={parameter.name: parameter for parameter in parameters},
        figures=figures,
        tables=tables,
    )


def _parse_parameters(source: str, where: str) -> list[_Parameter]:
    """The parameters of a cell, each a line `name: type = literal  # help`; else InputError."""
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
            default = ast.literal_eval(statement.value)
            kind, name = statement.annotation.id, statement.target.id
        except (AttributeError, ValueError) as error:
            raise InputError("no parameter", where=where, value=line, allowed=form) from error
        if kind not in _TYPES or not isinstance(default, _TYPES[kind]):
            raise InputError("no parameter", where=where, value=line, allowed=form)
        found.append(_Parameter(name, kind, default, line.partition("  # ")[2].strip()))
    return found


def parse_value(text: str, kind: str, where: str) -> object:
    """A value from text as the type of its parameter.

    >>> parse_value('["a", "b"]', "list", "-p"), parse_value("date=year", "dict", "-p")
    (['a', 'b'], {'date': 'year'})

    Raises InputError where the text is no such value.
    """
    if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
        raise InputError("is no Unicode text", where=where, value=text)
    if kind == "str":
        return text
    try:
        if kind in ("int", "float"):
            value = _TYPES[kind](text.replace("_", "x"))
        elif text.lstrip().startswith(("[", "{")):
            value = json.loads(text, object_pairs_hook=_unique_names)
        elif kind == "list":
            value = [part.strip() for part in text.split(",") if part.strip()]
        else:
            value = _unique_names(part.split("=", 1) for part in text.split(",") if part.strip())
    except (ValueError, RecursionError) as error:
        raise InputError(f"is no {kind}", where=where, value=text, allowed=_FORMS[kind]) from error
    return _checked_value(value, kind, where)


def _unique_names(pairs: Iterable[Sequence[str]]) -> dict[str, object]:
    """Names and values as a dict; raises ValueError for a blank name, and for one that stands twice."""
    found: dict[str, object] = {}
    for name, value in pairs:
        if not name.strip() or name in found:
            raise ValueError("each name stands once")
        found[name] = value
    return found


_FORMS = {
    "int": "a whole number",
    "float": "a number",
    "list": 'texts: a,b or ["a", "b"]',
    "dict": 'names and texts, each name once: a=b,c=d or {"a": "b"}',
    "str": "a text",
}


def _checked_value(value: object, kind: str, where: str) -> object:
    """The value if it is of the type, a list or dict holding texts only; else InputError."""
    right = isinstance(value, _TYPES[kind]) and not isinstance(value, bool)
    if kind == "float":
        right = right and value == value and abs(value) != float("inf")
    parts = value if isinstance(value, list) else value.values() if right and kind == "dict" else ()
    if not right or not all(isinstance(part, str) for part in parts):
        raise InputError(f"is no {kind}", where=where, value=str(value), allowed=_FORMS[kind])
    return value


def parse_assignment(text: str) -> tuple[str, str]:
    """Name and value of `NAME=VALUE`; raises InputError for anything else."""
    name, sign, value = text.partition("=")
    if not sign or not name.isidentifier():
        raise InputError("is no assignment", where="-p", value=text, allowed="NAME=VALUE")
    return name, value


def node_text(node: Node) -> str:
    """A value of a parameters file as text that `parse_value` reads."""
    if isinstance(node.value, str):
        return node.value
    if isinstance(node.value, list):
        return json.dumps([item.text() for item in node.value])
    return json.dumps({key: value.text() for key, value in node.value.items()})


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
        if name in _RESERVED:
            raise InputError(
                "is not set this way", where=where, value=name, allowed=_RESERVED[name]
            )
        if name not in known:
            raise InputError("unknown parameter", where=where, value=name, allowed=known)
    settled = {}
    for notebook in notebooks:
        values = {name: parameter.default for name, parameter in notebook.parameters.items()}
        for name, text in given.items():
            if name in values:
                values[name] = parse_value(text, notebook.parameters[name].type, f"{where} {name}")
        settled[notebook.name] = values
    return settled
