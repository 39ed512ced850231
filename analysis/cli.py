"""The command `workbook`: run the notebooks, check a corpus."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from analysis import VERSION
from analysis.errors import InputError, shown

_DONE, _FAILED, _WRONG_USE, _INTERRUPTED, _TERMINATED = 0, 1, 2, 130, 143
_MOST_TOLD = 100
_CACHE = "WORKBOOK_CACHE"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns 0 done, 1 the run failed, 2 wrong use or bad input, 130 interrupted,
    143 terminated."""
    with _lasting_output(), _ended_by_signal():
        options = _parser().parse_args(arguments)
        if options.cache:
            os.environ[_CACHE] = os.path.abspath(options.cache)
        return _status(options)


def _status(options: argparse.Namespace) -> int:
    """Run the command of parsed options; returns its exit status, errors told in a line."""
    try:
        status = options.command(options)
        sys.stdout.flush()  # what cannot be written is told below
        return status
    except InputError as error:
        if options.debug:
            traceback.print_exc()
        _say(f"workbook: {error}")
        return _WRONG_USE
    except OSError as error:
        if options.debug:
            traceback.print_exc()
        name = f" {shown(str(error.filename))}" if error.filename else ""
        _say(f"workbook: cannot use{name}: {error.strerror or error}")
        return _WRONG_USE
    except _Terminated:
        _say("workbook: terminated")
        return _TERMINATED
    except KeyboardInterrupt:
        _say("workbook: interrupted")
        return _INTERRUPTED


class _Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM)."""


@contextlib.contextmanager
def _ended_by_signal() -> Iterator[None]:
    """Turn SIGTERM into an exception, so that a run ends in order; only a main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


class _Lasting:
    """A stream that goes on when its reader has gone: what nobody reads any more is dropped."""

    def __init__(self, stream) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except ConnectionError:  # a broken pipe, or a socket that was closed
            self._drop()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except ConnectionError:
            self._drop()

    def close_down(self) -> None:
        """Write what is still in the buffer; nothing is left that could fail when Python ends."""
        try:
            self.flush()
        except OSError:  # a full disk, which `_status` has told
            self._drop()

    def _drop(self) -> None:
        """Lead the stream's descriptor to nowhere, what is still in its buffer too."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
        self._stream.flush()

    def __getattr__(self, name: str):
        return getattr(self._stream, name)


@contextlib.contextmanager
def _lasting_output() -> Iterator[None]:
    """Standard output and error that no closed pipe can end a command with.

    A descriptor that is closed from the start leads to nowhere: else the next file that is opened
    would take its number, and receive what is printed.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, this one
    before = sys.stdout, sys.stderr
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        lasting = [_Lasting(stream or nowhere) for stream in before]
        sys.stdout, sys.stderr = lasting
        try:
            yield
        finally:
            for stream in lasting:
                stream.close_down()
            sys.stdout, sys.stderr = before


def _parser() -> argparse.ArgumentParser:
    """The command line; `workbook --help` prints it."""
    top = argparse.ArgumentParser(
        prog="workbook",
        description="A reproducible research workbook for corpora.",
        epilog="Exit status: 0 done; 1 the run failed; 2 wrong use or bad input; 130 interrupted; "
        "143 terminated.",
    )
    top.add_argument("--version", action="version", version=f"workbook {VERSION}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    _add_new(commands)
    _add_run(commands)
    _add_sweep(commands)
    _add_check(commands)
    _add_sample(commands)
    _add_agree(commands)
    _add_dictionary(commands)
    _add_cache(commands)
    return top


def _add_new(commands) -> None:
    """Declare `workbook new`."""
    new = commands.add_parser(
        "new",
        help="start a workbook of one's own on a corpus",
        description="Make a folder with copies of the notebooks, choices, and templates of a "
        "codebook, exclusions, events and findings. The corpus stays where it is.",
    )
    new.add_argument("folder", metavar="DIR", help="new folder")
    new.add_argument(
        "--corpus", default="", metavar="PATH", help="folder or file (default: DIR/corpus, to fill)"
    )
    new.add_argument("--columns", default="", metavar="NEW=OLD,…", help="rename columns")
    _add_common(new)
    new.set_defaults(command=_new_command)


def _add_run(commands) -> None:
    """Declare `workbook run`."""
    run = commands.add_parser(
        "run",
        help="execute the notebooks with papermill",
        description="Execute the notebooks (all by default). Without any option the figures are "
        "published to figures/. Without a codebook, the notebooks that need frames are skipped with "
        "the reason; to name one that cannot run is an error.",
    )
    run.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="e.g. 02-term-trends")
    _add_parameters(run)
    _add_strict(run)
    run.add_argument(
        "--name",
        default="",
        metavar="RUN",
        help="name of the run (default: default, with any option: run)",
    )
    _add_execution(run)
    run.add_argument(
        "--store", action="store_true", help="also store the outputs in the notebooks themselves"
    )
    _add_common(run)
    run.set_defaults(command=_run_command)


def _add_sweep(commands) -> None:
    """Declare `workbook sweep`."""
    sweep = commands.add_parser(
        "sweep",
        help="run the notebooks under a grid of choices, and say what each finding depends on",
        description="Execute notebooks under every specification of a YAML file of choices, and "
        "collect the declared findings into one table and a specification curve.",
    )
    sweep.add_argument("file", metavar="NAME.yaml", help="choices, e.g. seeds/sweep.yaml")
    _add_parameters(sweep)
    sweep.add_argument(
        "--name", default="", metavar="RUN", help="name of the run (default: that of the file)"
    )
    _add_execution(sweep)
    _add_common(sweep)
    sweep.set_defaults(command=_sweep_command)


def _add_parameters(command: argparse.ArgumentParser) -> None:
    """Declare what gives parameters to notebooks."""
    command.add_argument("--corpus", metavar="PATH", help="folder or file (default: seeds)")
    command.add_argument("--codebook", metavar="PATH", help="YAML file (default: the corpus's own)")
    _add_manner(command)
    command.add_argument(
        "-p",
        dest="parameters",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter for every notebook that has it; repeatable",
    )
    command.add_argument("--params", metavar="FILE", help="parameters from a YAML file")


def _add_execution(command: argparse.ArgumentParser) -> None:
    """Declare how notebooks are executed, and where their results go."""
    command.add_argument(
        "--out",
        default="",
        metavar="DIR",
        help="run folder: new, empty, or that of an earlier run (default: runs/RUN)",
    )
    command.add_argument("--workers", type=int, default=0, metavar="N", help="notebooks at once")
    command.add_argument(
        "--timeout", type=int, default=3600, metavar="S", help="seconds for a cell"
    )
    command.add_argument("--force", action="store_true", help="run even what has not changed")


def _add_check(commands) -> None:
    """Declare `workbook check`."""
    check = commands.add_parser(
        "check",
        help="validate a corpus and print what was understood",
        description="Read a corpus (and a codebook) and print what was read, kept and excluded.",
    )
    check.add_argument("corpus", metavar="PATH", nargs="?", default="", help="folder or file")
    check.add_argument(
        "--codebook", default="", metavar="PATH", help="YAML file; its examples are tried"
    )
    _add_manner(check)
    _add_strict(check)
    _add_common(check)
    check.set_defaults(command=_check_command)


def _add_sample(commands) -> None:
    """Declare `workbook sample`."""
    sample = commands.add_parser(
        "sample",
        help="draw units for people to code, and write coding sheets",
        description="Draw a stratified random sample of units and write a key (not for coders) and "
        "a sheet for each coder, without the automatic codes.",
    )
    sample.add_argument("out", metavar="DIR", help="new folder for the sheets")
    sample.add_argument("--size", type=int, required=True, metavar="N", help="units to draw")
    sample.add_argument("--coders", required=True, metavar="A,B", help="names of the coders")
    sample.add_argument("--both", type=int, default=50, metavar="N", help="units that all code")
    sample.add_argument(
        "--allocation",
        choices=("proportional", "equal"),
        default="proportional",
        help="how the sample is spread over the strata",
    )
    sample.add_argument("--xlsx", action="store_true", help="write XLSX sheets as well")
    _add_units(sample)
    sample.set_defaults(command=_sample_command)


def _add_agree(commands) -> None:
    """Declare `workbook agree`."""
    agree = commands.add_parser(
        "agree",
        help="read coding sheets back: agreement, accuracy of the rules, corrected shares",
        description="Read the sheets of a sample back, name what is not as it was given out, and "
        "write tables of agreement, accuracy and corrected shares into the folder.",
    )
    agree.add_argument("folder", metavar="DIR", help="folder that `workbook sample` wrote")
    _add_units(agree)
    agree.set_defaults(command=_agree_command)


def _add_units(command: argparse.ArgumentParser) -> None:
    """Declare what units are and how they are coded."""
    command.add_argument("--corpus", default="seeds", metavar="PATH", help="folder or file")
    _add_manner(command)
    command.add_argument("--codebook", default="", metavar="PATH", help="YAML file with frames")
    command.add_argument("--unit", default="sentence", help="sentence, paragraph or document")
    command.add_argument("--group", default="source", help="metadata column of the strata")
    command.add_argument("--seed", type=int, default=20221130, help="where random draws start")
    _add_common(command)


def _add_dictionary(commands) -> None:
    """Declare `workbook dictionary`."""
    dictionary = commands.add_parser(
        "dictionary",
        help="turn a dictionary of another program into a codebook, or a codebook into quanteda's",
        description="Read a dictionary (quanteda YAML, LIWC .dic, Lexicoder .lc3, WordStat .cat) and "
        "write it as a codebook; with --to quanteda, read a codebook and write it for quanteda. What "
        "cannot be carried over is listed.",
    )
    dictionary.add_argument("file", metavar="FILE")
    dictionary.add_argument("out", metavar="OUT", help="file to write; must not be there yet")
    dictionary.add_argument("--to", choices=("codebook", "quanteda"), default="codebook")
    dictionary.add_argument("--format", default="", help="quanteda, liwc, lexicoder or wordstat")
    _add_common(dictionary)
    dictionary.set_defaults(command=_dictionary_command)


def _add_cache(commands) -> None:
    """Declare `workbook cache`."""
    cache = commands.add_parser(
        "cache",
        help="where the cache lies and how large it is",
        description="Print where the cache lies and how large it is. All in it can be made anew.",
    )
    cache.add_argument("--clear", action="store_true", help="remove everything in it")
    _add_common(cache)
    cache.set_defaults(command=_cache_command)


def _add_manner(command: argparse.ArgumentParser) -> None:
    """Declare how a corpus is read."""
    command.add_argument(
        "--columns", metavar="NEW=OLD,…", help="rename columns: date=year,source=party"
    )
    command.add_argument(
        "--dates", metavar="ORDER", help="how 03/05/2024 is read: day_first or month_first"
    )
    command.add_argument(
        "--encoding",
        metavar="NAME",
        help="of the texts (default: UTF-8, else a guess that is said)",
    )


def _add_strict(command: argparse.ArgumentParser) -> None:
    """Declare that nothing may be rejected."""
    command.add_argument(
        "--strict", action="store_true", help="fail where any item of the corpus is rejected"
    )


def _add_common(command: argparse.ArgumentParser) -> None:
    """Declare what every command has."""
    command.add_argument(
        "--cache",
        default="",
        metavar="DIR",
        help="where tokens are kept (default: the user's cache)",
    )
    command.add_argument("--debug", action="store_true", help="show the traceback of an error")


def _given_parameters(options: argparse.Namespace) -> dict[str, str]:
    """All parameters of a command line as text: a file's first, then -p, then the named options."""
    from analysis.files import read_yaml
    from analysis.runs.parameters import node_text, parse_assignment

    given: dict[str, str] = {}
    if options.params:
        file = Path(options.params)
        if not file.is_file():
            raise InputError("no such file", where="--params", value=options.params)
        given |= {name: node_text(node) for name, node in read_yaml(file).entries().items()}
    given |= dict(parse_assignment(text) for text in options.parameters)
    for name in ("corpus", "codebook", "columns", "dates", "encoding"):
        if getattr(options, name) is not None:
            given[name] = getattr(options, name)
    return given


def _new_command(options: argparse.Namespace) -> int:
    """`workbook new`."""
    from analysis.runs.parameters import parse_value
    from analysis.runs.workbooks import new_workbook

    columns = parse_value(options.columns, "dict", "--columns")
    if columns and not options.corpus:
        raise InputError("renames columns of a corpus", where="--columns", allowed="with --corpus")
    texts = new_workbook(options.folder, corpus=options.corpus, columns=columns)
    read = f"on {len(texts)} documents" if texts is not None else "without texts yet"
    print(f"{shown(options.folder, quote=False)}: a workbook {read}. Next, in any shell:")
    print(f"  cd {shlex.quote(os.path.abspath(options.folder))}")
    if texts is None:
        print("  # put texts into corpus/")
    print(f"  {_own_command()} check corpus\n  {_own_command()} run")
    return _DONE


def _own_command() -> str:
    """This command as it can be typed in any shell and folder: its script, or this interpreter."""
    script = Path(sys.executable).with_name("workbook")
    if script.is_file():
        return shlex.quote(str(script))
    return f"{shlex.quote(sys.executable)} -m analysis.cli"


def _run_command(options: argparse.Namespace) -> int:
    """`workbook run`."""
    from analysis.runs import batch
    from analysis.runs.specifications import read_sweep

    given = _given_parameters(options)
    if given.get("sweep"):
        read_sweep(given["sweep"])
    chosen = bool(options.notebooks or given or options.out)
    name = options.name or ("run" if chosen else batch.DEFAULT_RUN)
    plan = batch.make_plan(
        options.notebooks,
        given,
        run=name,
        out=options.out,
        workers=options.workers,
        force=options.force,
        timeout=options.timeout,
    )
    if options.strict:
        batch.refuse_rejections(plan)
    if options.store and not plan.publish:
        raise InputError("outputs are stored from the default run only", where="--store")
    begun = time.monotonic()
    with _Progress() as progress:
        outcomes, _ = batch.execute(plan, progress.report)
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    for outcome in failed:
        _say(f"workbook: {outcome.notebook} failed: {outcome.error}")
    for outcome in outcomes:
        if outcome.notebook in plan.lacking:
            print(f"{outcome.notebook} skipped: {outcome.reason}")
    print(
        f"{', '.join(map(_state_told, outcomes))}; {batch.elapsed(begun)}; results in {plan.folder}"
    )
    if failed:
        return _FAILED
    if options.store:
        changed = batch.store_outputs(plan)
        print(f"outputs stored in: {', '.join(changed) or 'no notebook, nothing changed'}")
    if plan.publish:
        print(
            f"figures published in {shown(os.path.relpath(batch.project().figures), quote=False)}/"
        )
    return _DONE


def _state_told(outcome) -> str:
    """How a notebook ended in a few words, with the reason for a skipped one."""
    reason = outcome.reason.partition(";")[0]
    return f"{outcome.notebook} {outcome.state}" + (f" ({reason})" if reason else "")


def _sweep_command(options: argparse.Namespace) -> int:
    """`workbook sweep`."""
    from analysis.runs import sweep
    from analysis.runs.batch import elapsed
    from analysis.runs.specifications import sweep_findings, sweep_told

    begun = time.monotonic()
    plan = sweep.plan_sweep(
        options.file,
        _given_parameters(options),
        run=options.name,
        out=options.out,
        workers=options.workers,
        force=options.force,
        timeout=options.timeout,
    )
    print(f"{len(plan.every)} specifications, {len(plan.jobs)} notebook runs", flush=True)
    outcomes, table = sweep.execute(plan, lambda name, event: _say(f"{name}: {event}"))
    failed = {name: one for name, one in outcomes.items() if one.state == "failed"}
    for name, outcome in failed.items():
        _say(f"workbook: {name} failed: {outcome.error}")
    print(sweep_told(sweep_findings(table)))
    print(
        f"{len(failed)} of {len(outcomes)} runs failed; {elapsed(begun)}; results in {plan.folder}"
    )
    return _FAILED if failed else _DONE


def _check_command(options: argparse.Namespace) -> int:
    """`workbook check`."""
    if not options.corpus:
        return _check_codebook(options)
    from analysis.report.corpus import describe_rules_by_language
    from analysis.rules.codebook import corpus_codebook
    from analysis.runs import batch
    from analysis.runs.checkup import checkup
    from analysis.tables.findings import read_claims, selects_nobody
    from analysis.tables.trends import corpus_events

    corpus = _given_corpus(options)
    print(f"{shown(corpus.name)} can be read.")
    for line in checkup(corpus):
        print(f"  {line}" if line else "")
    for name in selects_nobody(read_claims(corpus), corpus):
        print(f"  cannot be checked, no document on one side: finding {shown(name)}")
    print(f"  events: {len(corpus_events(corpus))}; findings declared: {len(read_claims(corpus))}")
    book = corpus_codebook(corpus, options.codebook)
    for kind in ("frames", "actors", "terms"):
        sets = getattr(book, kind)
        rules = sum(len(one.rules) for one in sets.values())
        print(f"  codebook {shown(book.name)}, {kind}: {len(sets)} ({rules} rules)")
        told = describe_rules_by_language(sets.values(), corpus, kind) if sets else ""
        for line in told.splitlines():
            print(f"    {line}")
    if not book.frames:
        every = batch.find_notebooks()
        names = [one.name for one in every if batch.needs_frames(one.parameters)]
        told = " and ".join(names) or "notebooks that compare frames"
        print(f"  {told} will be skipped: {batch.frames_missing(corpus, options.codebook)}")
    if book.toneless:
        print(f"  codebook {shown(book.name)}, words without tone: {len(book.toneless)} rules")
    _try_examples(book)
    if options.strict:
        corpus.refuse_rejections()
    return _DONE


def _check_codebook(options: argparse.Namespace) -> int:
    """`workbook check --codebook` without a corpus."""
    from analysis.rules.codebook import read_codebook

    if not options.codebook:
        raise InputError("nothing to check", allowed="a corpus, --codebook PATH, or both")
    book = read_codebook(options.codebook)
    print(f"{shown(book.name)} can be read.")
    _try_examples(book)
    return _DONE


def _try_examples(book) -> None:
    """Try the examples of a codebook and name those that fail; raises InputError where any does."""
    from analysis.coding.examples import example_table, failures_told

    examples = example_table(book)
    failed = failures_told(examples)
    print(f"  codebook {shown(book.name)}, examples: {len(examples)} tried, {len(failed)} fail")
    for line in failed[:_MOST_TOLD]:
        _say(f"workbook: {line}")
    if failed:
        raise InputError(f"{len(failed)} of {len(examples)} examples of the codebook fail")


def _given_corpus(options: argparse.Namespace):
    """The corpus of a command line, read as it says."""
    from analysis.corpus import read_corpus
    from analysis.runs.parameters import parse_value

    columns = parse_value(options.columns or "", "dict", "--columns")
    manner = {"dates": options.dates or "", "encoding": options.encoding or ""}
    return read_corpus(options.corpus, columns=columns, **manner)


def _found_units(options: argparse.Namespace):
    """Every unit of the corpus with its automatic codes."""
    from analysis.coding.validation import coded_units
    from analysis.rules.codebook import corpus_codebook
    from analysis.statistics.uncertainty import check_choices
    from analysis.tokens import tokenize

    check_choices(random_seed=options.seed)
    corpus = _given_corpus(options)
    book = corpus_codebook(corpus, options.codebook)
    return coded_units(tokenize(corpus), book, options.unit, options.group)


def _sample_command(options: argparse.Namespace) -> int:
    """`workbook sample`."""
    from analysis.coding.validation import sample_files
    from analysis.report.results import write_whole

    folder = Path(options.out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("is there already, and no coder's work is overwritten", value=options.out)
    coders = [name.strip() for name in options.coders.split(",") if name.strip()]
    files = sample_files(
        _found_units(options),
        options.size,
        coders,
        both=options.both,
        xlsx=options.xlsx,
        allocation=options.allocation,
        random_seed=options.seed,
    )
    for name, content in files.items():
        write_whole(folder / name, content)
    print(f"{options.size} units drawn; written to {options.out}: {', '.join(files)}")
    print("sample.csv is the key; keep it from the coders, its strata tell the automatic code")
    return _DONE


def _agree_command(options: argparse.Namespace) -> int:
    """`workbook agree`."""
    from analysis.coding.validation import agreement_tables
    from analysis.report.pages import table_page
    from analysis.report.results import csv_bytes, write_whole

    folder = Path(options.folder)
    choices = {"confidence": 0.95, "resamples": 2000, "random_seed": options.seed}
    tables = agreement_tables(folder, _found_units(options), **choices)
    for name, table in tables.items():
        write_whole(folder / "tables" / f"{name}.csv", csv_bytes(table))
    for name in ("problems", "agreement", "accuracy", "prevalence"):
        print(f"{name}:\n{table_page(tables[name], most=_MOST_TOLD).text or 'none'}\n")
    print(f"all tables are in {options.folder}/tables")
    return _DONE


def _dictionary_command(options: argparse.Namespace) -> int:
    """`workbook dictionary`."""
    from analysis.report.pages import table_page
    from analysis.report.results import write_whole
    from analysis.rules.codebook import read_codebook
    from analysis.rules.dictionaries import codebook_yaml, quanteda_yaml, read_dictionary

    out = Path(options.out)
    if out.exists():
        raise InputError("is there already", value=options.out)
    if options.to == "quanteda":
        book = read_codebook(options.file)
        text, lost = quanteda_yaml({**book.frames, **book.actors, **book.terms})
    else:
        imported = read_dictionary(options.file, format=options.format)
        text, lost = codebook_yaml(imported.codebook), imported.report
    write_whole(out, text.encode("utf-8"))
    print(f"written to {options.out}; not carried over:")
    print(table_page(lost, most=_MOST_TOLD).text or "nothing")
    return _DONE


def _cache_command(options: argparse.Namespace) -> int:
    """`workbook cache`."""
    from analysis.store.cache import cache_folder, clear, size

    print(f"{shown(str(cache_folder()), quote=False)}: {size() / 1e6:,.1f} MB")
    if options.clear:
        clear()
        print("cleared")
    return _DONE


class _Progress:
    """How far each notebook is: bars on a terminal, a line an event elsewhere."""

    def __init__(self) -> None:
        self.bars = None
        self.tasks: dict[str, object] = {}
        self.begun = time.monotonic()

    def __enter__(self) -> _Progress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bars

            self.bars = Bars(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[state]}"),
                console=Console(stderr=True),
            )
            self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bars is not None:
            self.bars.stop()

    def report(self, notebook: str, event: str, done: int, total: int) -> None:
        """Take an event of a run (see `batch.Report`)."""
        if self.bars is None:
            if event != "cell":
                _say(f"{notebook}: {event}")
            return
        if notebook not in self.tasks:
            self.tasks[notebook] = self.bars.add_task(notebook, total=total or 1, state="")
        task = self.tasks[notebook]
        if event == "cell":
            self.bars.update(task, completed=done)
        else:
            state = "" if event == "started" else event
            full = (
                {"completed": self.bars.tasks[task].total} if state in ("done", "skipped") else {}
            )
            self.bars.update(task, state=state, **full)


def _say(text: str) -> None:
    """Write one line to standard error, whole."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
