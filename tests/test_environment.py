"""A user's own set-up changes nothing: matplotlibrc, kernels, IPython profile, last bits of floats."""

import json
import os
import subprocess
import sys

import pandas as pd
import pytest
from test_runs import SAVE, write_notebook

from analysis import plots
from analysis.report.results import _rendered
from analysis.runs import batch, plans

DRAW = """
import hashlib, sys
import pandas as pd
from analysis import plots
from analysis.report.results import _rendered
table = pd.read_json(sys.argv[1])
drawing = plots.lexical_diversity(table)
print([hashlib.sha256(_rendered(drawing, kind)[0]).hexdigest() for kind in ("png", "svg")])
"""
ODD = """
font.size: 20
font.sans-serif: Courier
axes.facecolor: red
axes.unicode_minus: False
lines.antialiased: False
savefig.bbox: tight
svg.fonttype: none
text.hinting: none
figure.autolayout: True
date.epoch: 0000-12-31
timezone: Asia/Tokyo
"""


@pytest.fixture
def diversity():
    """A table that a figure can be drawn of."""
    values = {"mattr": [66 / 97, 70 / 97], "mtld": [61 / 7, 54 / 7], "hdd": [66 / 91, 74 / 91]}
    return pd.DataFrame({"document": ["one", "two"], "tokens": [100, 90], **values})


def drawn_in_a_new_process(table, tmp_path, **environment: str) -> str:
    """Hashes of a figure's PNG and SVG, drawn by a process with these environment variables."""
    table.to_json(tmp_path / "table.json")
    command = [sys.executable, "-c", DRAW, str(tmp_path / "table.json")]
    place = {"MPLCONFIGDIR": str(tmp_path), **environment}
    told = subprocess.run(
        command, env={**os.environ, **place}, capture_output=True, text=True, check=True
    )
    return told.stdout


def test_matplotlibrc_changes_no_byte(diversity, tmp_path):
    """A user's matplotlibrc with other fonts, colours, dates and margins leaves figures alone."""
    plain = drawn_in_a_new_process(diversity, tmp_path)
    (tmp_path / "odd").write_text(ODD, encoding="utf-8")
    assert drawn_in_a_new_process(diversity, tmp_path, MATPLOTLIBRC=str(tmp_path / "odd")) == plain


def test_last_bit_of_a_number_changes_no_byte(diversity):
    """Numbers that are the same in the CSV give the same picture, whatever the processor made of
    their last bits (which moved the end of an axis of this very figure by a pixel)."""
    measures = ["mattr", "mtld", "hdd"]
    moved = diversity.assign(**(diversity[measures] * (1 + 2**-51)))
    assert (moved[measures] != diversity[measures]).all(axis=None)
    for kind in ("png", "svg"):
        one, other = (plots.lexical_diversity(table) for table in (diversity, moved))
        assert _rendered(one, kind) == _rendered(other, kind)


def test_notebook_runs_in_this_interpreter(tmp_path, monkeypatch):
    """A kernel `python3` in JUPYTER_PATH and start-up files of IPython have no part in a run."""
    kernel = tmp_path / "jupyter" / "kernels" / "python3"
    start = tmp_path / "ipython" / "profile_default" / "startup"
    for folder in (kernel, start):
        folder.mkdir(parents=True)
    other = {"argv": ["false", "{connection_file}"], "display_name": "other", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(other), encoding="utf-8")
    (start / "00.py").write_text("started = True", encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    told = "import sys; print(sys.executable, 'started' in globals())"
    write_notebook(tmp_path / "notebooks", "one", told, SAVE)
    monkeypatch.setattr(plans, "BUNDLED", plans.Project(tmp_path))
    (outcome,), _ = batch.execute(plans.make_plan(out=str(tmp_path / "run")))
    assert outcome.state == "done", outcome.error
    cells = json.loads((tmp_path / "run" / "one.ipynb").read_text(encoding="utf-8"))["cells"]
    texts = [out["text"] for cell in cells for out in cell.get("outputs", ()) if "text" in out]
    assert texts == [f"{sys.executable} False\n"]
