"""The command `workbook`: run the notebooks, check a corpus."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click

from analysis import VERSION
from analysis.errors import InputError, shown
from analysis.report.streams import open_streams

_DONE, _FAILED, _WRONG_USE, _INTERRUPTED, _TERMINATED = 0, 1, 2, 130, 143
_MAX_LINES = 100
_CACHE = "WORKBOOK_CACHE"
_ALLOCATIONS = ("proportional", "equal")
_NAMED = ("corpus", "codebook", "columns", "dates", "encoding")
"""Parameters of notebooks that have an option of their own."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns 0 done, 1 the run failed, 2 wrong use or bad input, 130 interrupted,
    143 terminated. Every error becomes a line on standard error here."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    open_streams()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)
    try:
        with _workbook.make_context("workbook", arguments) as context:
            status = _workbook.invoke(context)
        sys.stdout.flush()  # what cannot be written is an OSError
        return status
    except click.exceptions.Exit as ended:  # after --help and --version
        return ended.exit_code
    except click.ClickException as error:
        error.show()
        return _WRONG_USE
    except (InputError, OSError) as error:
        if "--debug" in arguments:
            traceback.print_exc()
        _say(f"workbook: {_in_one_line(error)}")
        return _WRONG_USE
    except _Terminated:
        _say("workbook: terminated")
        return _TERMINATED
    except KeyboardInterrupt:
        _say("workbook: interrupted")
        return _INTERRUPTED


def _in_one_line(error: InputError | OSError) -> str:
    """What went wrong."""
    if isinstance(error, InputError):
        return str(error)
    name = f" {shown(str(error.filename))}" if error.filename else ""
    return f"cannot use{name}: {error.strerror or error}"


class _Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM)."""


def _terminate(*_: object) -> None:
    """Turn SIGTERM into an exception, so that a run ends in order."""
    raise _Terminated


def _say(text: str) -> None:
    """Write one line to standard error, whole."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _report(notebook: str, event: str, begun: int = 0, total: int = 0) -> None:
    """Write an event of a run as a line; on a terminal also how many cells have begun."""
    terminal = sys.stderr.isatty()
    if event != "cell":
        _say(f"{notebook}: {event}" + "\x1b[K" * terminal)
    elif terminal:
        sys.stderr.write(f"{notebook}: cell {begun} of {total}\x1b[K\r")
        sys.stderr.flush()


# --- options ---------------------------------------------------------------------------------------


def _set_cache(context, parameter, folder: str) -> None:
    """Use another folder as the cache, here and in every kernel."""
    if folder:
        os.environ[_CACHE] = os.path.abspath(folder)


def _text(*names: str, **options) -> Callable:
    """An option that takes a text, None if it is not given."""
    *names, metavar, help = names
    return click.option(*names, metavar=metavar, help=help, **options)


def _number(name: str, default: int, metavar: str, help: str) -> Callable:
    """An option that takes a whole number."""
    return click.option(name, type=int, default=default, metavar=metavar, help=help)


def _flag(name: str, help: str, **options) -> Callable:
    """An option that is given or not."""
    return click.option(name, is_flag=True, help=help, **options)


_STRICT = _flag("--strict", "Fail if any item of the corpus is rejected.")
_NAME = _text("--name", "RUN", "Name of the run.", default="")
_COLUMNS = _text("--columns", "NEW=OLD,…", "Rename columns: date=year,source=party.")
_READING = (
    _COLUMNS,
    _text("--dates", "ORDER", "How to read 03/05/2024: day_first or month_first."),
    _text("--encoding", "NAME", "Of the texts (default: UTF-8, else a reported guess)."),
)
_CORPUS = (
    _text("--corpus", "PATH", "Folder or file (default: seeds)."),
    _text("--codebook", "PATH", "YAML file (default: the corpus's own)."),
    *_READING,
)
_PARAMETERS = (
    *_CORPUS,
    _text("-p", "assignments", "NAME=VALUE", "A parameter; can be repeated.", multiple=True),
    _text("--params", "FILE", "Parameters from a YAML file."),
)
_EXECUTION = (
    _text("--out", "DIR", "Run folder: new, empty, or an earlier one (runs/RUN).", default=""),
    _number("--workers", 0, "N", "Notebooks at once; 0 is one for every core."),
    _number("--timeout", 3600, "S", "Seconds for a cell."),
    _flag("--force", "Run even what has not changed."),
)
_UNITS = (
    *_CORPUS,
    _text("--unit", "UNIT", "sentence, paragraph or document.", default="sentence"),
    _text("--group", "COLUMN", "Metadata column of the strata.", default="source"),
    _number("--seed", 20221130, "N", "Where random draws start."),
)
_COMMON = (
    _text("--cache", "DIR", "Where tokens are kept.", expose_value=False, callback=_set_cache),
    _flag("--debug", "Show the traceback of an error.", expose_value=False),
)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    epilog="Exit status: 0 done; 1 the run failed; 2 wrong use or bad input; 130 interrupted; "
    "143 terminated.",
)
@click.version_option(VERSION, message="workbook %(version)s")
def _workbook() -> None:
    """A reproducible research workbook for corpora."""


def _command(name: str, *options: Callable) -> Callable:
    """Declare a command with these options and those that every command has."""

    def declare(function: Callable) -> Callable:
        for option in reversed((*options, *_COMMON)):
            function = option(function)
        return _workbook.command(name)(function)

    return declare


# --- commands --------------------------------------------------------------------------------------


@_command(
    "new",
    click.argument("folder", metavar="DIR"),
    _text("--corpus", "PATH", "Folder or file (default: DIR/corpus, to fill).", default=""),
    _COLUMNS,
)
def _new(folder: str, corpus: str, columns: str | None) -> int:
    """Start a workbook of your own on a corpus.

    Makes a folder with copies of the notebooks, choices, and templates of a codebook, exclusions,
    events and findings. The corpus stays where it is.
    """
    from analysis.runs.parameters import parse_value
    from analysis.runs.workbooks import new_workbook

    renamed = parse_value(columns or "", "dict", "--columns")
    if renamed and not corpus:
        raise InputError("renames columns of a corpus", where="--columns", allowed="with --corpus")
    texts = new_workbook(folder, corpus=corpus, columns=renamed)
    read = f"on {len(texts)} documents" if texts is not None else "without texts yet"
    script = Path(sys.executable).with_name("workbook")
    own = [str(script)] if script.is_file() else [sys.executable, "-m", "analysis.cli"]
    print(f"{shown(folder, quote=False)}: a workbook {read}. Next, in any shell:")
    print(f"  cd {shlex.quote(os.path.abspath(folder))}")
    if texts is None:
        print("  # put texts into corpus/")
    print(f"  {shlex.join(own)} check corpus\n  {shlex.join(own)} run")
    return _DONE


@_command("example", click.argument("file", metavar="FILE.csv"))
def _example(file: str) -> int:
    """Write the five texts as a table to try things on.

    The columns are Headline, Body, Published and Outlet, as databases export them.
    """
    from analysis.runs.workbooks import write_example

    write_example(Path(file))
    print(f"written to {shown(file, quote=False)}: 5 texts")
    return _DONE


@_command(
    "run",
    click.argument("notebooks", nargs=-1, metavar="[NOTEBOOK]..."),
    *(*_PARAMETERS, _STRICT, _NAME, *_EXECUTION),
    _flag("--store", "Also store the outputs in the notebooks."),
)
def _run(notebooks: tuple[str, ...], strict: bool, name: str, store: bool, **options) -> int:
    """Execute the notebooks with papermill.

    Without any option all notebooks run and the figures are published to figures/; with any, the
    run is called "run" unless --name says otherwise. Without a codebook, the notebooks that need
    frames are skipped with the reason; to name one that cannot run is an error.
    """
    from analysis.report.runs import describe_outcomes
    from analysis.runs import batch, plans
    from analysis.runs.specifications import read_sweep

    given = _given(options)
    if given.get("sweep"):
        read_sweep(given["sweep"])
    name = name or ("run" if notebooks or given or options["out"] else plans.DEFAULT_RUN)
    plan = plans.make_plan(notebooks, given, run=name, **options)
    if strict:
        plans.refuse_rejections(plan)
    if store:
        batch.refuse_store(plan)
    begun = time.monotonic()
    outcomes, _ = batch.execute(plan, _report)
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    for outcome in failed:
        _say(f"workbook: {outcome.notebook} failed: {outcome.error}")
    for skipped, reason in plan.lacking.items():
        print(f"{skipped} skipped: {reason}")
    seconds = time.monotonic() - begun
    print(f"{describe_outcomes(outcomes)}; {seconds:.1f} s; results in {plan.folder}")
    if failed:
        return _FAILED
    if store:
        changed = batch.store_outputs(plan)
        print(f"outputs stored in: {', '.join(changed) or 'no notebook, nothing changed'}")
    if plan.publish:
        place = os.path.relpath(plans.project().figures)
        print(f"figures published in {shown(place, quote=False)}/")
    return _DONE


def _given(options: dict) -> dict[str, str]:
    """Take the parameters of notebooks out of the options, as text: those of a file first, then
    those of -p, then those with an option of their own."""
    from analysis.runs.parameters import parse_assignment, read_values

    named = {name: options.pop(name) for name in _NAMED}
    params, assignments = options.pop("params"), options.pop("assignments")
    if params and not Path(params).is_file():
        raise InputError("no such file", where="--params", value=params)
    given = read_values(Path(params)) if params else {}
    given |= dict(map(parse_assignment, assignments))
    return given | {name: value for name, value in named.items() if value is not None}


@_command("sweep", click.argument("file", metavar="NAME.yaml"), *_PARAMETERS, _NAME, *_EXECUTION)
def _sweep(file: str, name: str, **options) -> int:
    """Check the findings under a grid of choices.

    Computes the declared findings under every specification of a YAML file of choices, such as
    seeds/sweep.yaml, says what each depends on, and executes the notebooks for the base and for
    what reverses a finding.
    """
    from analysis.report.runs import describe_sweep
    from analysis.runs import sweep
    from analysis.runs.specifications import sweep_findings

    begun = time.monotonic()
    plan = sweep.plan_sweep(file, _given(options), run=name, **options)
    print(f"{len(plan.every)} specifications", flush=True)
    outcomes = sweep.run_sweep(plan, _report)
    failed = {name: one for name, one in outcomes.items() if one.state == "failed"}
    for name, outcome in failed.items():
        _say(f"workbook: {name} failed: {outcome.error}")
    print(describe_sweep(sweep_findings(plan.table)))
    seconds = time.monotonic() - begun
    counts = f"{len(failed)} of {len(outcomes)} notebook runs failed"
    print(f"{counts}; {seconds:.1f} s; results in {plan.folder}")
    return _FAILED if failed else _DONE


@_command(
    "check",
    click.argument("corpus", metavar="[PATH]", default=""),
    click.option(
        "--codebook", default="", metavar="PATH", help="YAML file; its examples are tried."
    ),
    *(*_READING, _STRICT),
)
def _check(corpus: str, codebook: str, strict: bool, **reading) -> int:
    """Read a corpus and print what was understood.

    Prints what was read, kept and excluded, and what a codebook declares.
    """
    from analysis.report.checkup import describe_checkup, describe_codebook
    from analysis.report.runs import describe_skipped
    from analysis.rules.codebook import corpus_codebook, read_codebook

    if not corpus:
        if not codebook:
            allowed = "a corpus, --codebook PATH, or both"
            raise InputError("nothing to check", allowed=allowed)
        book = read_codebook(codebook)
        print(f"{shown(book.name)} can be read.")
        _try_examples(book)
        return _DONE
    texts = _read(corpus, **reading)
    print(f"{shown(texts.name)} can be read.")
    _print_lines(describe_checkup(texts))
    book = corpus_codebook(texts, codebook)
    _print_lines(describe_codebook(book, texts))
    _print_lines(describe_skipped(book, texts, codebook))
    _try_examples(book)
    if strict:
        texts.refuse_rejections()
    return _DONE


def _print_lines(lines: Iterable[str]) -> None:
    """Print lines below a title."""
    for line in lines:
        print(f"  {line}" if line else "")


def _read(corpus: str | None, columns: str | None, dates: str | None, encoding: str | None):
    """The corpus of a command line."""
    from analysis.corpus import read_corpus
    from analysis.runs.parameters import parse_value

    renamed = parse_value(columns or "", "dict", "--columns")
    return read_corpus(
        corpus or "seeds", columns=renamed, dates=dates or "", encoding=encoding or ""
    )


def _try_examples(book) -> None:
    """Try the examples of a codebook and name those that fail; raises InputError if any does."""
    from analysis.coding.audit import example_table
    from analysis.report.coding import describe_failures

    examples = example_table(book)
    failed = describe_failures(examples)
    print(f"  codebook {shown(book.name)}, examples: {len(examples)} tried, {len(failed)} fail")
    for line in failed[:_MAX_LINES]:
        _say(f"workbook: {line}")
    if failed:
        raise InputError(f"{len(failed)} of {len(examples)} examples of the codebook fail")


def _coded_units(corpus, codebook, unit: str, group: str, seed: int, **reading):
    """Every unit of the corpus with its automatic codes."""
    from analysis.coding.validation import coded_units
    from analysis.rules.codebook import corpus_codebook
    from analysis.statistics.uncertainty import check_choices
    from analysis.tokens import tokenize

    check_choices(random_seed=seed)
    texts = _read(corpus, **reading)
    return coded_units(tokenize(texts), corpus_codebook(texts, codebook or ""), unit, group)


@_command(
    "sample",
    click.argument("out", metavar="DIR"),
    click.option("--size", type=int, required=True, metavar="N", help="Units to draw."),
    _text("--coders", "A,B", "Names of the coders.", required=True),
    _number("--both", 50, "N", "Units that all code."),
    click.option("--allocation", type=click.Choice(_ALLOCATIONS), default=_ALLOCATIONS[0]),
    _flag("--xlsx", "Write XLSX sheets as well."),
    *_UNITS,
)
def _sample(out: str, size: int, coders: str, both: int, allocation: str, xlsx: bool, **units):
    """Draw units for people to code, and write coding sheets.

    Draws a stratified random sample of units and writes a key (not for coders) and a sheet for
    each coder, without the automatic codes, to a new folder.
    """
    from analysis.coding.validation import sample_files
    from analysis.files import write_whole

    folder = Path(out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("exists already, and no coder's work is overwritten", value=out)
    names = [name.strip() for name in coders.split(",") if name.strip()]
    how = {"both": both, "xlsx": xlsx, "allocation": allocation, "random_seed": units["seed"]}
    files = sample_files(_coded_units(**units), size, names, **how)
    for name, content in files.items():
        write_whole(folder / name, content)
    print(f"{size} units drawn; written to {out}: {', '.join(files)}")
    print("sample.csv is the key; keep it from the coders, its strata reveal the automatic code")
    return _DONE


@_command("agree", click.argument("folder", metavar="DIR"), *_UNITS)
def _agree(folder: str, **units) -> int:
    """Read coding sheets back and compare the coders.

    Reads the sheets of a sample back, names what is not as it was given out, and writes tables of
    agreement, accuracy and corrected shares into the folder.
    """
    from analysis.coding.validation import agreement_tables
    from analysis.report.pages import table_page
    from analysis.report.results import Results

    choices = {"confidence": 0.95, "resamples": 2000, "random_seed": units["seed"]}
    tables = agreement_tables(Path(folder), _coded_units(**units), **choices)
    for name, table in tables.items():
        Results("agree", Path(folder)).table(name, table)
    for name in ("problems", "agreement", "accuracy", "prevalence"):
        print(f"{name}:\n{table_page(tables[name], most=_MAX_LINES).text or 'none'}\n")
    print(f"all tables are in {folder}/tables")
    return _DONE


@_command(
    "dictionary",
    click.argument("file", metavar="FILE"),
    click.argument("out", metavar="OUT"),
    click.option("--to", type=click.Choice(["codebook", "quanteda"]), default="codebook"),
    _text("--format", "kind", "NAME", "quanteda, liwc, lexicoder or wordstat.", default=""),
)
def _dictionary(file: str, out: str, to: str, kind: str) -> int:
    """Turn a dictionary into a codebook, or the reverse.

    Reads a dictionary (quanteda YAML, LIWC .dic, Lexicoder .lc3, WordStat .cat) and writes it as a
    codebook; with --to quanteda, reads a codebook and writes it for quanteda. What cannot be
    carried over is listed.
    """
    from analysis.files import write_whole
    from analysis.report.pages import table_page
    from analysis.rules.codebook import read_codebook
    from analysis.rules.dictionaries import codebook_yaml, quanteda_yaml, read_dictionary

    if Path(out).exists():
        raise InputError("exists already", value=out)
    if to == "quanteda":
        book = read_codebook(file)
        text, lost = quanteda_yaml({**book.frames, **book.actors, **book.terms})
    else:
        imported = read_dictionary(file, format=kind)
        text, lost = codebook_yaml(imported.codebook), imported.report
    write_whole(Path(out), text.encode("utf-8"))
    print(f"written to {out}; not carried over:")
    print(table_page(lost, most=_MAX_LINES).text or "nothing")
    return _DONE


@_command("cache", _flag("--clear", "Remove everything in it."))
def _cache(clear: bool) -> int:
    """Print where the cache is and its size; it can be rebuilt."""
    from analysis.store import cache

    print(f"{shown(str(cache.cache_folder()), quote=False)}: {cache.size() / 1e6:,.1f} MB")
    if clear:
        cache.clear()
        print("cleared")
    return _DONE


if __name__ == "__main__":
    sys.exit(main())
