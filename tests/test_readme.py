"""README and docs: every command line can be typed, and the walk-through does what it says."""

import re
import shlex
from pathlib import Path

import pytest

from analysis import cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [README, *(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))]
WALK = README.partition("## Your own corpus")[2].partition("\n## ")[0]


def commands(text: str) -> list[list[str]]:
    """The arguments of every command `workbook` in a text."""
    lines = re.findall(r"^\.venv/bin/workbook (.*)$", text, flags=re.M)
    return [shlex.split(line, comments=True) for line in lines]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder in which the walk-through is typed, with the codebook that it has one save."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rivalry.yaml").write_text(WALK.partition("```yaml\n")[2].partition("```")[0])
    return tmp_path


@pytest.mark.parametrize("words", [one for page in PAGES for one in commands(page)], ids=" ".join)
def test_commands_are_accepted(words):
    """Every command of README and docs names a command and options that exist."""
    import click

    context = click.Context(cli._workbook)
    name, command, rest = cli._workbook.resolve_command(context, words)
    command.make_context(name, rest, resilient_parsing=False)


def test_walk_through_begins_as_told(folder, capsys):
    """The example is written, the check proposes the columns that the next check uses, and that says
    what README says."""
    example, check, again, *_ = commands(WALK)
    assert cli.main(example) == 0
    assert (folder / "news.csv").read_text("utf-8").startswith("Headline,Body,Published,Outlet")
    assert cli.main(check) == 2
    assert shlex.join(again[2:]) in capsys.readouterr().err
    assert cli.main(again) == 0
    told = capsys.readouterr().out
    for expected in re.findall(r"`((?:documents read|dates): [^`]*)`", WALK):
        assert expected in told


@pytest.mark.slow
def test_walk_through_ends_as_told(folder, capsys):
    """Without a codebook two notebooks are skipped, with one none is, and a workbook can be made."""
    for words in commands(WALK):
        assert cli.main(words) == (2 if words == ["check", "news.csv"] else 0), words
    told = capsys.readouterr().out
    assert told.count("skipped (needs frames)") == 2
    assert "04-validity-and-robustness done" in told
    assert (folder / "my-workbook" / "notebooks").is_dir()


def test_make_targets_exist():
    """The README's make commands are targets of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", README, flags=re.M):
        assert re.search(rf"^{target}:", makefile, flags=re.M)


def test_readme_lists_the_notebooks():
    """The README's table has every notebook."""
    for file in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"`{file.stem}`" in README


def test_readme_is_short():
    """What goes deeper is in docs/."""
    assert len(README.splitlines()) <= 180


@pytest.mark.parametrize(
    "page", ["README.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]
)
def test_links_lead_somewhere(page):
    """Every relative link of a page leads to a file of the project."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / page).parent.joinpath(target).exists(), target
