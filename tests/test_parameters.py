"""Parameters: declared in a cell, given as text, checked before anything runs."""

import pytest

from analysis.errors import InputError
from analysis.runs.parameters import (
    _parse_parameters,
    parse_assignment,
    parse_value,
    read_declared,
    settle,
)


def test_parameters_cell_is_read_with_type_default_and_help():
    """A line gives name, type, default and help."""
    (found,) = _parse_parameters('period: str = "auto"  # day or year', "nb")
    assert (found.name, found.type, found.default, found.help) == (
        "period",
        "str",
        "auto",
        "day or year",
    )


@pytest.mark.parametrize(
    "line",
    ["x = 1", "x: int = 1 + y", 'x: int = "a"', "x: set = {1}", "import os", "x: int = open('f')"],
)
def test_parameters_cell_holds_literals_of_known_types_only(line):
    """Anything but `name: type = literal` is refused, and nothing of it is run."""
    with pytest.raises(InputError, match="is not a parameter"):
        _parse_parameters(line, "nb")


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("a b", "str", "a b"),
        ("7", "int", 7),
        ("0.9", "float", 0.9),
        ("a, b*", "list", ["a", "b*"]),
        ('["a,b"]', "list", ["a,b"]),
        ("", "list", []),
        ("date=year,source=party", "dict", {"date": "year", "source": "party"}),
        ('{"a": "b"}', "dict", {"a": "b"}),
    ],
)
def test_value_is_read_as_its_type(text, kind, value):
    """Text becomes the type that the parameter declares."""
    assert parse_value(text, kind, "-p") == value


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("seven", "int"),
        ("1_000", "int"),
        ("0.5", "int"),
        ("True", "int"),
        ("nan", "float"),
        ("inf", "float"),
        ("[1, 2]", "list"),
        ("[", "list"),
        ('{"a": 1}', "dict"),
        ("a", "dict"),
        ('{"a": "b"', "dict"),
    ],
)
def test_value_of_the_wrong_type_is_refused(text, kind):
    """A wrong value is named together with what is allowed."""
    with pytest.raises(InputError, match="allowed"):
        parse_value(text, kind, "-p x")


@pytest.mark.parametrize("text", ["period", "2x=1", "a-b=1", "=1", "import os; x=1"])
def test_assignment_needs_a_name(text):
    """Only NAME=VALUE with an identifier is an assignment: names end up in a cell."""
    with pytest.raises(InputError, match="NAME=VALUE"):
        parse_assignment(text)


def test_unknown_parameter_is_refused_with_the_known_ones(root):
    """A name that no notebook declares is an error that lists the names there are."""
    declared = read_declared(root / "notebooks" / "01-corpus-overview.ipynb")
    with pytest.raises(InputError, match=r"unknown parameter: 'perod'; allowed: .*confidence"):
        settle([declared], {"perod": "month"})


def test_parameter_goes_to_every_notebook_that_has_it(root):
    """`period` reaches notebook 02 and leaves 01 as it is."""
    names = ("01-corpus-overview", "02-term-trends")
    declared = [read_declared(root / "notebooks" / f"{name}.ipynb") for name in names]
    settled = settle(declared, {"period": "month"})
    assert settled["02-term-trends"]["period"] == "month"
    assert "period" not in settled["01-corpus-overview"]


def test_run_folder_is_no_parameter(root):
    """`out` is set by --out, so that the receipt and the folder agree."""
    declared = read_declared(root / "notebooks" / "01-corpus-overview.ipynb")
    with pytest.raises(InputError, match="--out"):
        settle([declared], {"out": "elsewhere"})


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "[" * 100_000,
        '{"cells": null, "metadata": {}}',
        '{"cells": [1], "metadata": {}}',
        '{"cells": [{"metadata": {"tags": ["parameters"]}, "source": 3}], "metadata": {}}',
        '{"cells": [], "metadata": {"workbook": [1]}}',
        '{"cells": [], "metadata": {"workbook": {"figures": 3}}}',
    ],
)
def test_what_is_not_a_notebook_is_named(tmp_path, content):
    """Broken JSON, and JSON of another shape, is refused with the file's name."""
    (tmp_path / "n.ipynb").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"^n\.ipynb: is not a notebook"):
        read_declared(tmp_path / "n.ipynb")
