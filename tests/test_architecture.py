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
    "language.words",
    "language.wrapping",
    "language.chinese",
    "language.sentences",
    "language.codes",
    "language.parts",
    "store.cache",
    "store.ahead",
    "store.arrow",
    "store.spool",
    "store.texts",
    "store.blocks",
    "store.vocabulary",
    "reading.rows",
    "reading.encodings",
    "reading.dates",
    "reading.manner",
    "reading.formats",
    "reading.exports",
    "reading.references",
    "reading.proposals",
    "reading.tables",
    "reading.parquet",
    "reading.readers",
    "reading.exclusions",
    "reading.sources",
    "reading.gathering",
    "reading.metadata",
    "corpus",
    "tokens",
    "tables.stories",
    "rules.codebook",
    "rules.dictionaries",
    "statistics.measures",
    "statistics.uncertainty",
    "rules.matching",
    "rules.evidence",
    "report.counts",
    "report.pages",
    "rules.voices",
    "rules.negation",
    "rules.actors",
    "tables.stance",
    "tables.overview",
    "tables.trends",
    "tables.changes",
    "tables.framing",
    "coding.sampling",
    "coding.sheets",
    "coding.agreement",
    "coding.correction",
    "coding.coder",
    "coding.stances",
    "coding.validation",
    "coding.audit",
    "coding.examples",
    "coding.form",
    "tables.findings",
    "plots",
    "report.results",
    "runs.checkup",
    "runs.parameters",
    "runs.receipts",
    "runs.kernels",
    "runs.batch",
    "runs.workbooks",
    "runs.specifications",
    "runs.sweep",
    "cli",
]
PACKAGE = ROOT / "analysis"
MODULES = {
    ".".join(file.relative_to(PACKAGE).with_suffix("").parts): file
    for file in sorted(PACKAGE.rglob("*.py"))
    if file.name != "__init__.py" and file.parent.name != "plots"
}


def imported(file: Path) -> set[str]:
    """Modules of the package that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("analysis"):
            name = node.module.removeprefix("analysis").removeprefix(".")
            inner = {f"{name}.{alias.name}".strip(".") for alias in node.names}
            found |= {one for one in CHAIN if one == name or one in inner}
            found |= {"plots"} if name.startswith("plots") else set()
        elif isinstance(node, ast.Import):
            names = {alias.name.removeprefix("analysis.") for alias in node.names}
            found |= names & set(CHAIN)
    return found


def test_chain_names_every_module():
    """The order lists every module of the package, and only those."""
    assert sorted(CHAIN) == sorted([*MODULES, "plots"])


@pytest.mark.parametrize("module", CHAIN)
def test_imports_go_up_the_chain(module):
    """A module imports only modules that stand before it."""
    files = [MODULES[module]] if module in MODULES else list((PACKAGE / module).glob("*.py"))
    later = set(CHAIN[CHAIN.index(module) + 1 :])
    for file in files:
        assert not imported(file) & later


def test_package_has_fifteen_parts_at_most():
    """What lies at the top of the package can be taken in at a glance."""
    parts = dict.fromkeys(module.split(".")[0] for module in CHAIN)
    assert len(parts) <= 15


def test_contributing_shows_the_chain():
    """CONTRIBUTING shows the modules in their order."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown = []
    for line in text.split("```")[1].strip().splitlines():
        first, *rest = line.split()
        inside = first.endswith("/")
        shown += [first.replace("/", ".") + one for one in rest] if inside else [first, *rest]
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


def test_facade_names_are_unique():
    """No two modules offer the same name."""
    assert len(analysis.MODULE_OF) == sum(map(len, analysis.NAMES.values()))


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
