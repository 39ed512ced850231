"""The notebooks as they are committed: thin, run, and compared cell by cell."""

import ast
import json
import re
import subprocess
import sys

import pytest

from analysis.runs.parameters import read_declared

NAMES = (
    "01-corpus-overview",
    "02-term-trends",
    "03-framing-comparison",
    "04-validity-and-robustness",
)
COMMON = {"corpus", "out", "group", "random_seed", "confidence", "resamples"}
OWN = {
    "01-corpus-overview": set(),
    "02-term-trends": {"terms", "period", "events"},
    "03-framing-comparison": {"codebook", "unit", "compare"},
    "04-validity-and-robustness": {"codebook", "unit", "codings", "sweep"},
}


@pytest.fixture(params=NAMES)
def notebook(request, root):
    return json.loads((root / "notebooks" / f"{request.param}.ipynb").read_text(encoding="utf-8"))


def source(cell) -> str:
    return cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])


def code_cells(notebook) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_there_are_these_notebooks(root):
    """The folder holds these notebooks and no other."""
    assert sorted(path.stem for path in (root / "notebooks").glob("*.ipynb")) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_the_promised_ones(name, root):
    """Each notebook has the common parameters and its own."""
    declared = read_declared(root / "notebooks" / f"{name}.ipynb").parameters
    assert COMMON | OWN[name] <= set(declared)


def test_title_is_a_question(notebook):
    """The first cell asks what the notebook answers."""
    assert source(notebook["cells"][0]).splitlines()[0].endswith("?")


def test_cells_are_thin(notebook):
    """No function, class, loop or import but `analysis` in a cell, and at most eight lines."""
    for cell in code_cells(notebook):
        tree = ast.parse(source(cell))
        for node in ast.walk(tree):
            assert not isinstance(
                node, (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Lambda)
            )
            if isinstance(node, ast.Import):
                assert [alias.name for alias in node.names] == ["analysis"]
        if "parameters" not in cell["metadata"].get("tags", []):
            assert len(source(cell).splitlines()) <= 6


def test_prose_outweighs_code(notebook):
    """At least half of the cells are prose."""
    assert 2 * len(code_cells(notebook)) <= len(notebook["cells"]) + 2


def test_doubts_come_before_the_answer(notebook):
    """'Does it hold?' and 'What this cannot show' stand before 'Answer'."""
    text = "\n".join(source(cell) for cell in notebook["cells"])
    places = [
        text.index(f"## {title}") for title in ("Does it hold?", "What this cannot show", "Answer")
    ]
    assert places == sorted(places)


def test_last_cell_is_the_provenance(notebook):
    """The last cell says from what the numbers were made."""
    assert "provenance" in source(notebook["cells"][-1])


def test_every_code_cell_is_stored_with_its_run(notebook):
    """No cell was committed without having been run: nbval passes over such a cell."""
    counts = [cell["execution_count"] for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_outputs_hold_no_path_clock_or_address(notebook):
    """Stored outputs are the same on every machine."""
    for cell in code_cells(notebook):
        text = json.dumps([{k: v for k, v in o.items() if k != "data"} for o in cell["outputs"]])
        for output in cell["outputs"]:
            data = {k: v for k, v in output.get("data", {}).items() if not k.startswith("image/")}
            text += json.dumps(data)
        assert not re.search(r"/(home|tmp|root|Users)/|0x[0-9a-f]{6}|object at", text)


def test_declared_figures_are_the_drawn_ones(notebook):
    """What a notebook declares to leave behind is what it draws, each figure shown with its text."""
    drawn = re.findall(r"analysis\.plots\.(\w+)\(", "\n".join(map(source, code_cells(notebook))))
    assert notebook["metadata"]["workbook"]["figures"] == drawn


def test_every_picture_has_alternative_text(notebook):
    """Each stored picture carries its alternative text, and shows it below to unfold."""
    pictures = [
        o for c in code_cells(notebook) for o in c["outputs"] if "image/png" in o.get("data", {})
    ]
    assert pictures
    pages = json.dumps([o for c in code_cells(notebook) for o in c["outputs"]], ensure_ascii=False)
    for picture in pictures:
        assert len(picture["metadata"]["image/png"]["alt"]) > 40
    assert pages.count("Alternative text") == len(pictures)


@pytest.mark.slow
def test_changed_number_in_a_stored_output_fails(root, tmp_path):
    """A notebook whose stored output says another number than the run does not pass nbval."""
    notebook = json.loads((root / "notebooks" / f"{NAMES[0]}.ipynb").read_text(encoding="utf-8"))
    notebook["cells"] = notebook["cells"][:5]
    honest, changed = tmp_path / "honest.ipynb", tmp_path / "changed.ipynb"
    honest.write_text(json.dumps(notebook), encoding="utf-8")
    text = json.dumps(notebook)
    assert ">160</td>" in text
    changed.write_text(text.replace(">160</td>", ">161</td>"), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "--nbval-current-env",
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path), "-c", "/dev/null", str(honest), str(changed)],
        capture_output=True,
        text=True,
        cwd=root,
    )
    failed = re.findall(r"^FAILED (\S+)", done.stdout, flags=re.M)
    assert len(failed) == 1, done.stdout
    assert "changed.ipynb" in failed[0]
