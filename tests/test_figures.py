"""The committed figures against a fresh run, in tiers: bytes, then pixels, then plotted data."""

import io
import json
import re

import pandas as pd
import pytest

from analysis.runs import publishing, receipts
from analysis.runs.batch import _is_injected, _renumbered
from analysis.runs.parameters import read_declared
from analysis.runs.plans import BUNDLED

NOTEBOOKS = sorted(file.stem for file in BUNDLED.notebooks.glob("*.ipynb"))


def declared_figures() -> list[str]:
    files = (BUNDLED.notebooks / f"{name}.ipynb" for name in NOTEBOOKS)
    return [figure for file in files for figure in read_declared(file).figures]


@pytest.fixture(scope="session")
def lock(root):
    return json.loads((root / "figures" / publishing._LOCK).read_text(encoding="utf-8"))


def same_drawing_library(lock) -> bool:
    """Whether the figures were committed under the libraries that decide about pixels here."""
    here = receipts.versions()
    return all(lock["made with"][name] == here[name] for name in ("matplotlib", "numpy"))


def test_folder_holds_the_declared_figures_and_no_other(root):
    """figures/ is what the notebooks declare: PNG, SVG and CSV of each, and the lock file."""
    expected = {
        f"{name}.{kind}" for name in declared_figures() for kind in receipts.FIGURE_KINDS
    } | {publishing._LOCK}
    assert {path.name for path in (root / "figures").iterdir()} == expected


@pytest.mark.parametrize("name", declared_figures())
def test_lock_file_tells_the_committed_files(name, root, lock):
    """The lock file's hashes are those of the files beside it."""
    assert receipts.figure_hashes(root / "figures")[name] == lock["figures"][name]


@pytest.mark.parametrize("name", declared_figures())
def test_plotted_data_are_reproduced(name, fresh_run, lock):
    """A fresh run draws the very numbers that are committed."""
    assert fresh_run[2]["figures"][name]["data"] == lock["figures"][name]["data"]


@pytest.mark.parametrize("tier", ["pixels", "png", "svg"])
@pytest.mark.parametrize("name", declared_figures())
def test_picture_is_reproduced(name, tier, fresh_run, lock):
    """With the same drawing library the picture is the same, to the pixel and to the byte."""
    if not same_drawing_library(lock):
        pytest.skip("figures were committed under another matplotlib: only their data must agree")
    assert fresh_run[2]["figures"][name][tier] == lock["figures"][name][tier]


@pytest.mark.parametrize("name", declared_figures())
def test_svg_is_dead(name, root):
    """No script, link, event handler, clock or foreign object in an SVG."""
    text = (root / "figures" / f"{name}.svg").read_text(encoding="utf-8")
    assert not re.search(r"<script|<foreignObject|\son\w+=|<dc:date|javascript:", text)


@pytest.mark.parametrize("name", declared_figures())
def test_csv_can_be_read_back(name, root):
    """The numbers beside a figure are a table with at least one row."""
    content = (root / "figures" / f"{name}.csv").read_bytes()
    assert len(pd.read_csv(io.BytesIO(content))) >= 1


def test_executed_notebooks_store_what_is_committed(fresh_run, root):
    """The outputs in notebooks/ are those of a fresh run, pictures included."""
    for name in NOTEBOOKS:
        executed = json.loads((fresh_run[0] / f"{name}.ipynb").read_text(encoding="utf-8"))
        stored = json.loads((root / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
        cells = [cell for cell in executed["cells"] if not _is_injected(cell)]
        for mine, theirs in zip(stored["cells"], cells, strict=True):
            if mine["cell_type"] == "code":
                assert mine["outputs"] == _renumbered(theirs["outputs"], mine["execution_count"])
