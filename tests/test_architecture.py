"""The chain of modules, and what an import costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import analysis

ROOT = Path(__file__).parent.parent
CHAIN = [
    "errors",
    "files",
    "cache",
    "texts",
    "rows",
    "encodings",
    "dates",
    "formats",
    "exports",
    "references",
    "tables",
    "readers",
    "exclusions",
    "ahead",
    "sources",
    "corpus",
    "words",
    "sentences",
    "chinese",
    "breaks",
    "blocks",
    "tokens",
    "duplicates",
    "codebook",
    "dictionaries",
    "measures",
    "uncertainty",
    "matching",
    "evidence",
    "pages",
    "overview",
    "trends",
    "changes",
    "framing",
    "sampling",
    "sheets",
    "agreement",
    "correction",
    "coder",
    "negation",
    "proximity",
    "quoting",
    "validation",
    "findings",
    "plots",
    "results",
    "parameters",
    "receipts",
    "runs",
    "cli",
]
MODULES = sorted(path.stem for path in (ROOT / "analysis").glob("*.py") if path.stem != "__init__")


def imported(file: Path) -> set[str]:
    """Modules of the package that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("analysis."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.ImportFrom) and node.module == "analysis":
            found |= {alias.name for alias in node.names if alias.name in CHAIN}
    return found


def test_chain_names_every_module():
    """The order lists every module of the package, and only those."""
    assert sorted(CHAIN) == sorted([*MODULES, "plots"])


@pytest.mark.parametrize("module", CHAIN)
def test_imports_go_up_the_chain(module):
    """A module imports only modules that stand before it."""
    files = [ROOT / "analysis" / f"{module}.py", *(ROOT / "analysis" / module).glob("*.py")]
    later = set(CHAIN[CHAIN.index(module) + (module != "plots") :])
    for file in files:
        if file.exists():
            assert not imported(file) & (later - {"plots"} if module == "plots" else later)


def test_contributing_shows_the_chain():
    """CONTRIBUTING shows the modules in their order."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown = text.split("```")[1].replace("→", " ").split()
    assert shown == CHAIN


def test_import_is_light():
    """`import analysis` loads none of the heavy libraries."""
    code = (
        "import analysis, sys; print({'pandas', 'matplotlib', 'nltk', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("name", sorted(analysis.MODULE_OF))
def test_facade_names_exist(name):
    """Every name that the package offers is there, with a docstring."""
    assert getattr(analysis, name).__doc__


def test_unknown_name_is_an_attribute_error():
    """A name that is not offered is refused as Python refuses it."""
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = analysis.no_such_name


def test_every_public_function_has_a_docstring():
    """Public functions and classes of analysis/ say what comes back (nine in ten at least)."""
    with_doc = without = 0
    for file in (ROOT / "analysis").rglob("*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name[0] != "_":
                has = ast.get_docstring(node) is not None
                with_doc, without = with_doc + has, without + (not has)
    assert with_doc / (with_doc + without) >= 0.9


def test_docstring_examples_run():
    """The examples in docstrings give what they show."""
    import doctest
    import importlib

    failed = attempted = 0
    for name in MODULES:
        result = doctest.testmod(importlib.import_module(f"analysis.{name}"))
        failed, attempted = failed + result.failed, attempted + result.attempted
    assert failed == 0
    assert attempted >= 10


def test_lock_file_holds_no_address():
    """The lock file names packages and hashes, and no place to fetch them from."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert text.count("--hash=sha256:") > 100
