"""Times the workbook beside its peers, interleaved, equal results verified first.

`python -m benchmarks` prints tables; `--help` lists what can be chosen.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks import ask, generator, measure, peers

ROOT = Path(__file__).parent.parent
HERE = Path(__file__).parent
PARTS = ("build", "questions", "bootstrap", "scale", "notebooks", "large", "millions")
USUAL = PARTS[:-1]
MILLIONS = {1_000_000: 600, 10_000_000: 70}
"""Documents of the largest corpora, and how many tokens each has."""
GIB = 2**30
NOTEBOOKS = ("01-corpus-overview", "02-term-trends", "03-framing-comparison")


def main() -> None:
    options = parsed()
    os.environ[CACHE] = str(options.work / "cache")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # compiled modules are kept, as Python does
    os.environ["PYTHONPYCACHEPREFIX"] = str(options.work / "bytecode")
    print(f"{os.cpu_count()} cores; {options.rounds} rounds, interleaved; best (median) seconds")
    for part in options.only:
        print(f"\n## {part}\n")
        globals()[part](options)


CACHE = "WORKBOOK_CACHE"


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(USUAL))
    parser.add_argument("--peers", nargs="+", default=installed(), help="default: those installed")
    parser.add_argument("--large-peers", nargs="+", help="peers at the large size (default: all)")
    parser.add_argument("--small", type=int, default=20_000, help="documents of the small corpus")
    parser.add_argument("--large", type=int, default=200_000, help="documents of the large corpus")
    parser.add_argument("--asked", type=int, default=10_000, help="documents that are asked about")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--real", help="a second, real corpus (file or folder) to build")
    parser.add_argument("--columns", default="", help="renames for the real corpus")
    parser.add_argument("--work", type=Path, help="folder for corpora and caches; kept")
    options = parser.parse_args()
    options.work = options.work or Path(tempfile.mkdtemp(prefix="workbook-bench-"))
    options.work.mkdir(parents=True, exist_ok=True)
    return options


def installed() -> list[str]:
    """The peers that are there: packages, R with quanteda, the command wc."""
    found = [name for name in ("polars", "sklearn", "nltk") if importlib.util.find_spec(name)]
    if shutil.which("Rscript"):
        asked = subprocess.run(
            ["Rscript", "-e", "library(quanteda)"], capture_output=True, check=False
        )
        found += ["quanteda"] if not asked.returncode else []
    return found + (["wc"] if shutil.which("wc") else [])


def corpus_of(options, n: int) -> Path:
    """The corpus of n documents, made if it is not there, and its texts as plain lines."""
    file = options.work / f"{n}.parquet"
    if not file.exists():
        generator.write(file, n, ROOT / "seeds")
        with file.with_suffix(".txt").open("w", encoding="utf-8") as sink:
            for text in peers.texts_of(str(file)):
                sink.write(text.replace("\n", "\x1f") + "\n")
    return file


def table(header: list[str], rows: list[list[str]]) -> None:
    """Print a table that Markdown reads."""
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def shown(timing: measure.Timing) -> str:
    return f"{timing.best:.2f} ({timing.median:.2f})"


# --- building ----------------------------------------------------------------------------------------


def build(options) -> None:
    """The token store from nothing against peers that count (or tokenise) the same corpus."""
    sizes = (
        (options.small, options.rounds, options.peers),
        (options.large, max(1, options.rounds - 2), options.large_peers or options.peers),
    )
    for n, rounds, chosen in sizes:
        file = corpus_of(options, n)
        counted = [name for name in ("polars", "sklearn", "nltk") if name in chosen]
        if n == options.small:
            verify(options, file, counted)
        commands = build_commands(chosen, file, counted)
        timings = interleaved_fresh(options, commands, rounds)
        own = timings["token store"]
        rows = [
            [name, shown(timing), f"{timing.best / own.best:.2f}", f"{timing.memory / GIB:.2f}"]
            for name, timing in timings.items()
        ]
        size = file.with_suffix(".txt").stat().st_size / 1e6
        print(f"{n:,} documents, {size:,.0f} MB of text, whole processes from the file:")
        table(["peer", "seconds", "peer / store", "peak GiB"], rows)
    if options.real:
        real(options)


def build_commands(chosen: list[str], file: Path, counted: list[str]) -> dict[str, list[str]]:
    """The programs to be timed, by what they do."""
    python = [sys.executable, "-m", "benchmarks.peers"]
    what = {"polars": "polars, counting", "sklearn": "CountVectorizer", "nltk": "NLTK, FreqDist"}
    commands = {"token store": [*python, "store", str(file)]}
    commands |= {what[name]: [*python, name, str(file)] for name in counted}
    lines = str(file.with_suffix(".txt"))
    if "quanteda" in chosen:
        script = ["Rscript", str(HERE / "build.R")]
        commands["quanteda, same tokens, no sentences"] = [*script, "same", lines]
        commands["quanteda's own tokens() (other tokens)"] = [*script, "own", lines]
    if "wc" in chosen:
        commands["wc -w (counts runs of non-blanks)"] = ["wc", "-w", lines]
    return commands


def interleaved_fresh(options, commands, rounds: int) -> dict[str, measure.Timing]:
    """Every command in turn, the store each time with an empty cache."""
    timings = {name: measure.Timing(name) for name in commands}
    for number in range(rounds):
        names = list(commands) if number % 2 == 0 else list(commands)[::-1]
        for name in names:
            shutil.rmtree(os.environ[CACHE], ignore_errors=True)
            measure.run(commands[name], os.environ, timings[name])
    return timings


def verify(options, file: Path, counted: list[str]) -> None:
    """Stop unless every peer counts each normal form as often as the store does."""
    found = {}
    for name in ["store", *counted]:
        out = options.work / f"{name}.json"
        command = [sys.executable, "-m", "benchmarks.peers", name, str(file), str(out)]
        subprocess.run(command, check=True)
        found[name] = peers.normal(json.loads(out.read_text(encoding="utf-8")))
    for name in counted:
        if found[name] != found["store"]:
            raise SystemExit(f"{name} counts other tokens than the store: nothing is timed")
    total = sum(found["store"].values())
    told = ", ".join(["store", *counted])
    print(f"verified: {total:,} tokens of {len(found['store']):,} forms, the same from {told}\n")


def real(options) -> None:
    """The token store of a real corpus."""
    code = (
        "import sys, json\n"
        "from analysis.corpus import read_corpus\nfrom analysis.tokens import tokenize\n"
        "columns = dict(part.split('=') for part in sys.argv[2].split(',') if part)\n"
        "tokens = tokenize(read_corpus(sys.argv[1], columns=columns))\n"
        "print(tokens.n_documents, len(tokens), tokens.n_sentences)"
    )
    command = [sys.executable, "-c", code, options.real, options.columns]
    timing = interleaved_fresh(options, {"real": command}, options.rounds)["real"]
    documents, size, sentences = timing.output.split()
    print(
        f"{Path(options.real).name}: {documents} documents, {size} tokens, {sentences} sentences: "
        f"{shown(timing)} s, a new process with an empty cache\n"
    )


# --- asking ------------------------------------------------------------------------------------------


class Asked:
    """A process that answers questions."""

    def __init__(self, command: list[str]):
        begun = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.process.stdout.readline()
        self.opening = time.perf_counter() - begun

    def ask(self, name: str) -> dict:
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def questions(options) -> None:
    """The store against quanteda from its ready tokens, in a session and by a new process."""
    file = corpus_of(options, options.asked)
    ours = Asked([sys.executable, "-m", "benchmarks.ask", "serve", str(file)])
    theirs = None
    if "quanteda" in options.peers:
        export(options, file)
        theirs = Asked(["Rscript", str(HERE / "ask.R"), str(options.work)])
    rows = []
    for name in ask.QUESTIONS:
        first = ours.ask(name)
        times, other = [], []
        if theirs:
            theirs_first = theirs.ask(name)
            if not same(name, first["result"], theirs_first["result"]):
                raise SystemExit(
                    f"{name}: {first['result']} here, {theirs_first['result']} in quanteda"
                )
        for _ in range(options.rounds + 2):
            times.append(ours.ask(name)["seconds"])
            if theirs:
                other.append(theirs.ask(name)["seconds"])
        fresh = measure.Timing(name)
        for _ in range(options.rounds):
            command = [sys.executable, "-m", "benchmarks.ask", "once", name, str(file)]
            measure.run(command, os.environ, fresh)
        best, peer = min(times), min(other) if other else float("nan")
        rows.append(
            [
                name,
                f"{best:.3f}",
                f"{peer:.3f}",
                f"{peer / best:.1f}",
                f"{fresh.best:.2f}",
                f"{peer / fresh.best:.2f}",
            ]
        )
    print(f"{options.asked:,} documents; the same results from both, verified:")
    header = [
        "question",
        "asked again, s",
        "quanteda, s",
        "ratio",
        "new process, s",
        "quanteda / that",
    ]
    table(header, rows)
    if theirs:
        print(
            f"(opening: store {ours.opening:.2f} s, quanteda {theirs.opening:.2f} s with its tokens read from text)\n"
        )
    for one in filter(None, (ours, theirs)):
        one.process.stdin.close()
        one.process.wait()


def same(name: str, own, other) -> bool:
    """Whether two answers are the same (sums of floats to three decimals)."""
    flat = [own[0], *own[1]] if name == "frames" else own
    return bool(np.allclose(flat, other, rtol=1e-9, atol=2e-3))


def export(options, file: Path) -> None:
    """What ask.R needs: types of documents and of sentences, metadata, rules and terms."""
    session = ask.Session(str(file))
    tokens = session.tokens
    names = np.array(tokens.types.to_pylist(), dtype=object)
    with (
        (options.work / "types.txt").open("w", encoding="utf-8") as documents,
        (options.work / "sentences.txt").open("w", encoding="utf-8") as sentences,
    ):
        for block in tokens.blocks():
            words = names[block.type_ids]
            for sink, starts in (
                (documents, block.document_start),
                (sentences, block.sentence_start),
            ):
                for first, last in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
                    sink.write(" ".join(words[first:last]) + "\n")
    session.corpus.documents[["date", "source"]].to_csv(options.work / "documents.csv", index=False)
    with (options.work / "rules.csv").open("w", newline="", encoding="utf-8") as sink:
        writer = csv.writer(sink)
        writer.writerow(("frame", "rule"))
        writer.writerows(
            (name, rule.text) for name, rules in session.book.frames.items() for rule in rules.rules
        )
    (options.work / "terms.txt").write_text("\n".join(ask.TERMS) + "\n", encoding="utf-8")
    (options.work / "keyword.txt").write_text(ask.KEYWORD + "\n", encoding="utf-8")


# --- resampling --------------------------------------------------------------------------------------


def bootstrap(options) -> None:
    """A thousand resamples of twenty monthly trends against the same in pandas, same indices."""
    import pandas as pd

    from analysis.rules.evidence import find
    from analysis.statistics.uncertainty import weights_of
    from analysis.tables.trends import period_labels

    session = ask.Session(str(corpus_of(options, options.small)))
    counts = find(session.tokens, session.terms, keep=0).counts.toarray()
    sizes = session.tokens.document_sizes
    months = period_labels(session.corpus.documents["date"], "month")
    names = sorted(set(months))
    rng = np.random.default_rng(1)
    drawn = rng.integers(len(sizes), size=(1000, len(sizes)), dtype=np.int32)
    frame = pd.DataFrame(counts).assign(size=sizes, month=pd.Categorical(months, names))

    def store() -> np.ndarray:
        order = np.argsort(months, kind="stable")  # the documents of a month side by side
        rank = np.empty(len(order), dtype=np.int32)
        rank[order] = np.arange(len(order))
        bounds = np.searchsorted(months[order], [*names, "~"])
        cells = [(counts[order[a:b]], sizes[order[a:b]]) for a, b in pairwise(bounds)]
        parts = []
        for first in range(0, len(drawn), 100):
            weights = weights_of(rank[drawn[first : first + 100]])
            parts.append(
                np.stack(
                    [
                        (weights[:, a:b] @ mine) / (weights[:, a:b] @ size)[:, None]
                        for (mine, size), (a, b) in zip(cells, pairwise(bounds), strict=True)
                    ],
                    axis=1,
                )
            )
        return np.concatenate(parts)

    def pandas() -> np.ndarray:
        rates = []
        for row in drawn:
            sums = frame.take(row).groupby("month", observed=False).sum().to_numpy()
            rates.append(sums[:, :-1] / sums[:, -1:])
        return np.stack(rates)

    taken: dict[str, list[float]] = {"store": [], "pandas": []}
    results = {}
    for _ in range(2):
        for name, function in (("store", store), ("pandas", pandas)):
            begun = time.perf_counter()
            results[name] = function()
            taken[name].append(time.perf_counter() - begun)
    if not np.array_equal(results["store"], results["pandas"]):
        raise SystemExit("the resampled rates differ from those of pandas")
    own, other = min(taken["store"]), min(taken["pandas"])
    print(
        f"1,000 resamples of {options.small:,} documents, 20 terms by {len(names)} months, bit-identical:"
    )
    table(
        ["", "seconds"],
        [
            ["product of weights and counts", f"{own:.2f}"],
            ["pandas", f"{other:.2f}"],
            ["ratio", f"{other / own:.1f}"],
        ],
    )


# --- scale -------------------------------------------------------------------------------------------


def scale(options) -> None:
    """Cost of every question at both sizes, and the memory it takes."""
    rows = []
    files = [corpus_of(options, n) for n in (options.small, options.large)]
    growth = options.large / options.small
    for file in files:  # the stores are made before anything is asked
        ask.Session(str(file))
    for name in ("(opening)", *ask.QUESTIONS, *ask.MORE):
        cells, best = [], []
        for file in files:
            answers = []
            for _ in range(2):
                if name == "(opening)":
                    timing = measure.Timing(name)
                    code = f"from benchmarks.ask import Session; Session({str(file)!r})"
                    measure.run([sys.executable, "-c", code], os.environ, timing)
                    answers.append({"seconds": timing.best, "memory": timing.memory})
                else:
                    command = [sys.executable, "-m", "benchmarks.ask", "once", name, str(file)]
                    done = subprocess.run(command, capture_output=True, text=True, check=True)
                    answers.append(json.loads(done.stdout))
            best.append(min(answer["seconds"] for answer in answers))
            cells += [f"{best[-1]:.2f}", f"{max(answer['memory'] for answer in answers) / GIB:.2f}"]
        rows.append([name, *cells, f"{best[1] / best[0] / growth:.2f}"])
    print(
        f"a new process for each question; 'per document' is the cost at {options.large:,} over that at {options.small:,}:"
    )
    header = [
        "question",
        f"{options.small:,}: s",
        "GiB",
        f"{options.large:,}: s",
        "GiB",
        "per document",
    ]
    table(header, rows)


# --- notebooks ---------------------------------------------------------------------------------------


def large(options) -> None:
    """The first three notebooks on the corpora, one after the other: time, memory, what is left."""
    rows = []
    for n in (options.small, options.large):
        file = corpus_of(options, n)
        ask.Session(str(file))
        rows += executed(file, n, options.work / f"run-{n}")
    print("`workbook run NOTEBOOK` with its runner and kernel, the store made before:")
    table(["documents", "notebook", "seconds", "peak GiB", "notebook, MB"], rows)


def executed(file: Path, n: int, out: Path) -> list[list[str]]:
    """A row for each of the first three notebooks, run on a corpus."""
    rows = []
    for name in NOTEBOOKS:
        command = [sys.executable, "-m", "analysis.cli", "run", name, "--corpus", str(file)]
        command += ["--force", "--out", str(out), "--timeout", "7200"]
        if name != NOTEBOOKS[0]:
            command += ["--codebook", str(ROOT / "seeds" / "codebook.yaml")]
        timing = measure.Timing(name)
        measure.run(command, os.environ, timing)
        size = (out / f"{name}.ipynb").stat().st_size / 1e6
        memory = f"{timing.memory / GIB:.2f}"
        rows.append([f"{n:,}", name, f"{timing.best:.0f}", memory, f"{size:.1f}"])
    return rows


def millions(options) -> None:
    """One round with the largest corpora: building, opening, questions by a new process, notebooks."""
    for n, tokens in MILLIONS.items():
        file, rows = options.work / f"{n}.parquet", []
        if not file.exists():
            generator.write(file, n, ROOT / "seeds", tokens=tokens)
        shutil.rmtree(options.work / "cache", ignore_errors=True)
        opened = f"from benchmarks.ask import Session; Session({str(file)!r})"
        commands = {what: ["-c", opened] for what in ("building", "opening")}
        commands |= {
            name: ["-m", "benchmarks.ask", "once", name, str(file)] for name in ask.QUESTIONS
        }
        for what, command in commands.items():
            timing = measure.Timing(what)
            measure.run([sys.executable, *command], os.environ, timing)
            rows.append([what, f"{timing.best:.1f}", f"{timing.memory / GIB:.2f}"])
        print(f"{n:,} documents of {tokens} tokens, {file.stat().st_size / 1e9:.1f} GB; one round:")
        table(["", "seconds", "peak GiB"], rows)
        found = executed(file, n, options.work / f"run-{n}")
        table(["documents", "notebook", "seconds", "peak GiB", "notebook, MB"], found)


def notebooks(options) -> None:
    """The notebooks: one batch, a papermill command for each, and the same code as plain scripts."""
    files = sorted((ROOT / "notebooks").glob("*.ipynb"))
    scripts = []
    for file in files:
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        script = options.work / f"{file.stem}.py"
        script.write_text(
            code.replace('out: str = ""', f"out: str = {str(options.work / 'plain')!r}"),
            encoding="utf-8",
        )
        scripts.append(script)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}
    python = sys.executable
    papermill = " && ".join(
        f"{python} -m papermill --log-level ERROR --no-progress-bar {file} {options.work / file.name} -p out {options.work / 'papermill'}"
        for file in files
    )
    commands = {
        "workbook run --force": [
            python,
            "-m",
            "analysis.cli",
            "run",
            "--force",
            "--out",
            str(options.work / "run"),
        ],
        "a papermill command for each": ["sh", "-c", papermill],
        "plain scripts, one after another": [
            "sh",
            "-c",
            " && ".join(f"{python} {script}" for script in scripts),
        ],
    }
    timings = measure.interleaved(commands, env, options.rounds)
    own = timings["workbook run --force"]
    table(
        ["", "seconds", "/ workbook run"],
        [[name, shown(t), f"{t.best / own.best:.2f}"] for name, t in timings.items()],
    )
    where(options, env, scripts)


def where(options, env, scripts: list[Path]) -> None:
    """Where the time of a batch goes."""
    python = sys.executable
    kernel = (
        "import time; b = time.time(); from jupyter_client.manager import start_new_kernel as start; i = time.time()\n"
        "m, c = start(kernel_name='python3'); print(i - b, time.time() - i); c.stop_channels(); m.shutdown_kernel(now=True)"
    )
    steps = {
        "interpreter": [python, "-c", "pass"],
        "import analysis": [python, "-c", "import analysis"],
        "libraries of a notebook": [
            python,
            "-c",
            "import analysis.tables.framing, analysis.plots, analysis.tables.findings, analysis.report.results",
        ],
        "papermill, as the workbook loads it": [
            python,
            "-c",
            "from analysis.runs.batch import _load_papermill as load; load()",
        ],
        "papermill, as its command loads it": [python, "-c", "import papermill.cli"],
        "one kernel started and stopped": [python, "-c", kernel],
        **{script.stem: [python, str(script)] for script in scripts},
    }
    timings = measure.interleaved(steps, env, max(2, options.rounds - 1))
    print("Where the time goes, each a process of its own:")
    table(["step", "seconds"], [[name, shown(timing)] for name, timing in timings.items()])


if __name__ == "__main__":
    main()
