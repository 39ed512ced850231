"""Odd but honest corpora, and hostile ones, through every cell of the notebooks."""

import ast
import contextlib
import io
import json
import re

import pytest

import analysis.report.results
from analysis.errors import InputError
from analysis.runs import batch, plans
from analysis.runs.parameters import Declared

PAINTED = ("hostile", "a script without spaces")
EVIL = '<script>alert(1)</script> <img onerror=x> $x_1$ \x1b[31m \u202eevil "q"'
CORPORA = {
    "one word": [{"text": "hello"}],
    "same wording": [{"text": "China leads.", "source": s} for s in "AB"],
    "an empty document": [
        {"text": "China and the US race.", "source": "A", "date": "2024"},
        {"text": "", "source": "B", "date": "2025"},
    ],
    "a script without spaces": [{"text": "中国与美国。第二句。 𞤀𞤁𞤂 𞤀𞤁𞤂", "title": "标题"}, {"text": "印度尼西亚"}],
    "ends of time": [{"text": "old", "date": "0001"}, {"text": "new", "date": "9999-12-31"}],
    "one day": [{"text": f"race {n} of China", "date": "2024-07-12"} for n in range(5)],
    "one text, twelve blanks": [{"text": "China race", "date": "2024"}] + 12 * [{"text": ""}],
    "many": [
        {"text": f"The US race number{n % 7}. Security dilemma!", "source": f"S{n % 2}", "date": f"20{n % 20 + 10}"}
        for n in range(80)
    ],
    "hostile": [
        {"text": f"{EVIL} China race", "title": EVIL, "source": EVIL, "id": "=1+1"},
        {"text": f"US {EVIL}", "title": "=cmd()", "source": "@x", "id": "+2"},
    ],
}  # fmt: skip


def shown_by(notebook: Declared, parameters: dict) -> tuple[str, str]:
    """Run a notebook's cells in this process; returns all HTML and all text that it shows."""
    cells = json.loads(notebook.file.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    names: dict[str, object] = {}
    exec(code[0], names)
    names.update(parameters)
    html, text = io.StringIO(), io.StringIO()
    for source in code[1:]:
        tree = ast.parse(source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        with contextlib.redirect_stdout(text):
            exec(compile(tree, "cell", "exec"), names)
            value = (
                eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None
            )
        if hasattr(value, "_repr_mimebundle_"):
            html.write(value._repr_mimebundle_()["text/html"])
        elif hasattr(value, "alt"):
            text.write(value.alt)
    return html.getvalue(), text.getvalue()


def laid_out(drawing, kind: str) -> tuple[bytes, int]:
    """A drawing laid out and not painted: what is wrong with its numbers shows all the same."""
    drawing.figure.draw_without_rendering()
    return b"", 0


@pytest.fixture(scope="module")
def results(tmp_path_factory, root):
    """Run every odd corpus once: name -> (HTML shown, text shown, run folder)."""
    done, painted = {}, analysis.report.results._rendered
    for name, rows in CORPORA.items():
        folder = tmp_path_factory.mktemp("odd")
        file = tmp_path_factory.mktemp("corpus") / "c.jsonl"
        file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
        codebook = {"codebook": str(root / "seeds" / "codebook.yaml"), "resamples": "100"}
        plan = plans.make_plan((), {"corpus": str(file), **codebook}, run="odd", out=str(folder))
        with pytest.MonkeyPatch.context() as patch:
            paint = painted if name in PAINTED else laid_out
            patch.setattr(analysis.report.results, "_rendered", paint)
            pairs = [shown_by(one, plan.parameters[one.name]) for one in plan.notebooks]
        done[name] = ("".join(p[0] for p in pairs), "".join(p[1] for p in pairs), folder)
    return done


@pytest.mark.slow
@pytest.mark.parametrize("name", CORPORA)
def test_every_notebook_runs_through(name, results):
    """No cell of any notebook fails or warns, and every declared figure is there."""
    for one in plans.find_notebooks():
        for file in plans.declared_files(one):
            assert (results[name][2] / file).is_file()


@pytest.mark.slow
def test_hostile_text_stays_text(results):
    """No markup, terminal escape or turned-round text of a corpus is alive in what is shown."""
    html, text, folder = results["hostile"]
    assert "<script" not in html
    assert "<img" not in html
    for shown in (html, text):
        assert "\x1b" not in shown
        assert "\u202e" not in shown
    for svg in (folder / "figures").glob("*.svg"):
        assert not re.search(r"<script|<img|\x1b", svg.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_no_cell_of_a_table_is_a_formula(results):
    """A text that a spreadsheet would run is quoted in every CSV."""
    for file in (results["hostile"][2]).rglob("*.csv"):
        for line in file.read_text(encoding="utf-8").splitlines():
            assert not re.search(r"(^|,)\"?[=@]", line)


@pytest.mark.slow
def test_maths_signs_are_left_alone(results):
    """Dollar signs are kept from the notebook's formula renderer."""
    assert "mathjax_ignore" in results["hostile"][0]


@pytest.mark.slow
def test_missing_glyphs_are_told(results):
    """A figure with characters that the font lacks says so."""
    assert "have no glyph in the fonts" in results["a script without spaces"][1]


@pytest.mark.parametrize("text", ["...!!!", "---", "\u200b"])
def test_corpus_without_a_word_is_refused(text, tmp_path):
    """A corpus in which no document holds a letter or a digit is empty."""
    (tmp_path / "c.txt").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="no document holds a letter or a digit"):
        plans.make_plan((), {"corpus": str(tmp_path / "c.txt")}, run="x")


@pytest.mark.parametrize("text", ["²", "½ Ⅳ"])
def test_corpus_of_signs_that_are_no_word_is_refused(corpus_of, text):
    """Python takes some numbers for alphanumeric that are no token: told, without a traceback."""
    from analysis.tokens import tokenize

    with pytest.raises(InputError, match="a letter or a digit"):
        tokenize(corpus_of(text))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"random_seed": "-1"}, "random_seed is out of range: -1"),
        ({"lines": "-1"}, "lines is out of range"),
        ({"terms": ""}, "there are no terms"),
        ({"corpus": ""}, "no corpus is named"),
        ({"corpus": "a" * 5000}, "is not a path|no such corpus"),
        ({"terms": "\udcffabc"}, "is not Unicode text"),
    ],
)
def test_odd_values_are_refused_before_anything_runs(arguments, told):
    """What no notebook could use is named when the run is planned."""
    with pytest.raises(InputError, match=told):
        plans.make_plan((), arguments, run="x")


def test_a_file_is_no_run_folder(tmp_path):
    """An --out that cannot be a folder is one line, not a traceback."""
    (tmp_path / "file").write_text("x", encoding="utf-8")
    plan = plans.make_plan((), {}, run="x", out=str(tmp_path / "file" / "run"))
    with pytest.raises(InputError, match="cannot be a run folder"):
        batch.execute(plan)


def test_masking_citations_takes_linear_time(corpus_of):
    """A text of open brackets and years, a quarter of a megabyte, is read at once."""
    from analysis.tables.trends import years_mentioned
    from analysis.tokens import tokenize

    text = "Hello. (" + "2023, x " * 30_000
    assert years_mentioned(tokenize(corpus_of(text)))["count"].sum() == 30_000
