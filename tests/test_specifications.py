"""Sweeps: defensible choices, and what each does to the declared findings."""

import json

import pandas as pd
import pytest

from analysis import cli
from analysis.corpus import read_corpus
from analysis.errors import InputError
from analysis.report.results import csv_bytes
from analysis.report.runs import describe_sweep
from analysis.rules.codebook import read_codebook
from analysis.runs import specifications as sp
from analysis.runs import sweep

CHOICES = "choices:\n  unit: [sentence, document]\n  threshold: [1, 2]\n"


@pytest.fixture
def corpus(tmp_path):
    """Two sources, one of which speaks of a race in three of four sentences; one finding on it."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.txt").write_text("A race. Race, race. Races. Rest.\n" * 9, encoding="utf-8")
    (folder / "b.txt").write_text("Rest. More rest. A race. Rest.\n" * 9, encoding="utf-8")
    (folder / "metadata.csv").write_text("file,id,source\na.txt,a,A\nb.txt,b,B\n", encoding="utf-8")
    (folder / "codebook.yaml").write_text("frames:\n  race:\n    rules: [race, races]\n")
    (folder / "findings.yaml").write_text(
        "findings:\n  - id: a-more\n    statement: A speaks more of a race.\n"
        "    larger_share: {frame: race, of: {source: A}}\n"
    )
    return folder


@pytest.fixture
def declared(tmp_path):
    """Write a sweep file and read it."""

    def make(text: str):
        file = tmp_path / "choices.yaml"
        file.write_text(text, encoding="utf-8")
        return sp.read_sweep(file)

    return make


def every(corpus, plan) -> list[str]:
    read = read_corpus(corpus)
    book = read_codebook(corpus / "codebook.yaml")
    return [one.label for one in sp.specifications(plan, read, book)]


def test_one_choice_at_a_time(corpus, declared):
    """The base, then each other value alone."""
    told = every(corpus, declared(CHOICES))
    assert told == ["base", "unit=document", "threshold=2"]


def test_every_combination(corpus, declared):
    """Two by two values are four specifications, the base first."""
    told = every(corpus, declared("vary: all\n" + CHOICES))
    assert told == ["base", "threshold=2", "unit=document", "unit=document, threshold=2"]


def test_commonest_rules_are_left_out_one_at_a_time(corpus, declared):
    """race matches 45 times and races 9: the commonest first, of frames with a finding."""
    told = every(corpus, declared("choices:\n  leave_out: commonest 2\n"))
    assert told == ["base", 'leave_out=["race: race"]', 'leave_out=["race: races"]']


def test_too_many_specifications_are_refused(corpus, declared):
    """`most` bounds what is run."""
    with pytest.raises(InputError, match="too many specifications: 4; allowed: most: 3"):
        every(corpus, declared("vary: all\nmost: 3\n" + CHOICES))


def test_combinations_are_counted_before_they_are_made(corpus, declared):
    """A hundred million million combinations are refused at once."""
    values = ", ".join(map(str, range(100)))
    choices = "".join(f"  {name}: [{values}]\n" for name in list(sp.CHOICES)[:7])
    with pytest.raises(InputError, match="too many specifications: 1000000"):
        every(corpus, declared("vary: all\nchoices:\n" + choices))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("vary: some\n" + CHOICES, "line 1: is not a way to vary: 'some'; allowed: one, all"),
        ("choices:\n  unit: [sentence]\n", "line 2: a choice has at least two different values"),
        ("choices:\n  unit: [a, a]\n", "line 2: a choice has at least two different values"),
        ("choices:\n  leave_out: rarest 2\n", "line 2: does not say what to leave out"),
        ("choices: {}\n", "there are no choices"),
        ("chioces: {}\n", "is 'choices' meant"),
        ("most: 0\n" + CHOICES, "line 1: is out of range: '0'; allowed: 1 to 10000"),
        ("most: 1000000000\n" + CHOICES, "line 1: is out of range: '1000000000'"),
        ("most: few\n" + CHOICES, "most: is not of type int: 'few'"),
    ],
)
def test_mistakes_in_a_sweep_are_named(declared, text, told):
    """What is wrong in the file, with its line."""
    with pytest.raises(InputError, match=told):
        declared(text)


def test_findings_under_each_choice(corpus, declared):
    """By sentence three in four against one in four; by document both are 1; twice in a sentence
    race stands in one of four in A and nowhere in B."""
    read, book = read_corpus(corpus), read_codebook(corpus / "codebook.yaml")
    table = sp.sweep_table(read, book, declared(CHOICES)).set_index("changed")
    assert table["estimate"].tolist() == pytest.approx([0.5, 0.0, 0.25])
    assert table["holds"].tolist() == ["true", "false", "true"]
    assert table.loc["unit=document", "unit"] == "document"


def test_what_turns_a_finding(corpus, declared):
    """Two of three specifications hold, and the choice that does not is named."""
    read, book = read_corpus(corpus), read_codebook(corpus / "codebook.yaml")
    summary = sp.sweep_findings(sp.sweep_table(read, book, declared(CHOICES)))
    row = summary.iloc[0]
    assert (row["specifications"], row["holds"], row["fails"], row["unsaid"]) == (3, 2, 1, 0)
    assert row["turned_by"] == "unit=document"
    assert (
        "2 of 3 specifications (2 change its numbers), fails under 1; reversed by unit=document"
        in describe_sweep(summary)
    )


def test_choices_that_leave_a_finding_alone_do_not_try_it():
    """Of three specifications one has another interval than the base; no number is no difference."""
    nan = float("nan")
    part = pd.DataFrame({"estimate": [1.0, 1.0, 1.0], "low": [nan] * 3, "high": [2.0, 3.0, 2.0]})
    assert sp._n_changed(part) == 1


def test_the_fewest_changes_are_named():
    """Where one change is enough, sets of two are not named."""
    part = pd.DataFrame(
        {"holds": ["true", "", "", "true"], "changed": ["base", "a=1, b=2", "b=2", "a=1"]}
    )
    assert sp._reversing(part)["changed"].tolist() == ["b=2"]
    assert sp._reversing(part[part["holds"] == "true"]).empty


def test_a_choice_that_findings_do_not_know_is_refused(corpus, declared):
    """Only choices count that a finding depends on."""
    with pytest.raises(InputError, match="line 2: unknown key: 'prior'; allowed: unit, "):
        declared("choices:\n  prior: [1, 2]\n")


def test_no_sweep_no_rows(corpus):
    """A corpus without a sweep.yaml has an empty table and says so."""
    read, book = read_corpus(corpus), read_codebook(corpus / "codebook.yaml")
    table = sp.sweep_table(read, book, sp.corpus_sweep(read))
    assert table.empty
    assert describe_sweep(sp.sweep_findings(table)).startswith("No sweep")


@pytest.mark.slow
def test_papermill_comes_to_the_same_table(corpus, tmp_path, capsys):
    """`workbook sweep` writes the bytes that notebook 04 does, and confirms them with papermill."""
    file = tmp_path / "small.yaml"
    file.write_text(
        "notebooks: [02-term-trends, 03-framing-comparison]\nchoices:\n  threshold: [1, 2, 3]\n",
        encoding="utf-8",
    )
    out = tmp_path / "out"
    options = [
        "--corpus",
        str(corpus),
        "-p",
        "resamples=100",
        "-p",
        "terms=race",
        "--out",
        str(out),
    ]
    assert cli.main(["sweep", str(file), *options]) == cli._DONE
    told = capsys.readouterr()
    assert "3 specifications" in told.out
    read, book = read_corpus(corpus), read_codebook(corpus / "codebook.yaml")
    chosen = {"resamples": 100, "random_seed": 20221130}
    here = sp.sweep_table(read, book, sp.read_sweep(file), **chosen)
    assert (out / "tables" / "sweep.csv").read_bytes() == csv_bytes(here)
    receipt = json.loads((out / "run.json").read_text(encoding="utf-8"))
    names = ["02-term-trends", "03-framing-comparison"]
    runs = [[f"{number}/{name}" for name in names] for number in ("001", "003")]
    assert [one["runs"] for one in receipt["specifications"]] == [runs[0], [], runs[1]]
    assert {one["state"] for one in receipt["runs"].values()} == {"done"}
    assert (out / "figures" / "specification_curve.png").is_file()


def test_mistakes_stop_a_sweep_before_anything_runs(corpus, tmp_path):
    """An unknown choice or parameter, a parameter that is also a choice, less than no worker."""
    file = tmp_path / "wrong.yaml"
    file.write_text("choices:\n  untis: [a, b]\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"wrong\.yaml, line 2: unknown key .*'untis'"):
        sweep.plan_sweep(file, {"corpus": str(corpus)})
    file.write_text(CHOICES, encoding="utf-8")
    with pytest.raises(InputError, match="unknown parameter: 'perod'"):
        sweep.plan_sweep(file, {"corpus": str(corpus), "perod": "year"})
    with pytest.raises(InputError, match="is a choice of the sweep: 'unit'"):
        sweep.plan_sweep(file, {"corpus": str(corpus), "unit": "document"})
    with pytest.raises(InputError, match="--workers or --timeout: is too small: -3"):
        sweep.plan_sweep(file, {"corpus": str(corpus)}, workers=-3)


def test_the_bundled_sweep_can_be_read(seeds, codebook):
    """The five texts' own sweep: base, other units, exclusions, thresholds, rules left out."""
    told = [one.label for one in sp.specifications(sp.corpus_sweep(seeds), seeds, codebook)]
    assert told[:4] == ["base", "unit=paragraph", "unit=document", "exclusions=off"]
    assert told[4] == "unique=stories"
    assert sum(one.startswith("leave_out") for one in told) == 15


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True),
        ({"estimate": 0.2}, False),
        ({"holds": None}, False),
        ({"low": None}, False),
        ({"high": 0.5 + 1e-12}, True),
    ],
)
def test_a_run_agrees_with_the_table(changed, same):
    """A finding of a notebook is confirmed if its verdict and its numbers are those of the table."""
    found = {"id": "a", "estimate": 0.1, "low": 0.0, "high": 0.5, "holds": True}
    rows = pd.DataFrame([{**found, "finding": "a", "holds": "true"}]).set_index("finding")
    assert sweep._agrees({**found, **changed}, rows) == same
