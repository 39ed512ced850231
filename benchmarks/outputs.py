"""Everything that a version produces on several corpora, kept to be compared with another version.

    python -m benchmarks.outputs record FOLDER [--corpora DIR] [--generated N]
    python -m benchmarks.outputs compare BEFORE AFTER

`record` runs the notebooks and `workbook check` on the five texts, on every corpus in DIR, on a folder
of tables, on files with damaged rows and on N generated articles. `compare` lists each table, figure
(decoded pixels and plotted data) and file of evidence that differs, and in which columns.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parent.parent
CODEBOOK = str(ROOT / "seeds" / "codebook.yaml")
OPTIONS = {
    "inaugural.csv": ["--columns", "date=year,source=party"],
    "sotu.csv.gz": ["--columns", "source=party"],
    "un-general-debate-2017.csv.gz": ["--columns", "source=continent"],
    "uk-manifesto-sentences-coded.csv.gz": ["--columns", "source=party,date=year"],
}
DAMAGED = {
    "ragged.csv": b"id,date,text\na,2020-01-02,One race between two nations.\nb,2020\nc,soon,The gap.\n",
    "latin.csv": "id;text\n1;Größe und Maß der Länder.\n2;Ein zweiter Text.\n".encode("cp1252"),
    "doubled.jsonl": b'{"id": 1, "text": "A chip war."}\n{"id": 1, "text": "Again."}\nbroken\n',
    "formula.csv": b'id,source,text\n=1+1,<b>x</b>,"A race, and <script>alert(1)</script>."\n',
}


def main() -> None:
    """Carry out the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outputs", description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command")
    record = commands.add_parser("record")
    record.add_argument("folder", type=Path)
    record.add_argument("--corpora", type=Path)
    record.add_argument("--generated", type=int, default=0)
    record.add_argument("--only", nargs="*", default=[])
    compare = commands.add_parser("compare")
    compare.add_argument("before", type=Path)
    compare.add_argument("after", type=Path)
    options = parser.parse_args()
    if options.command == "record":
        record_all(options)
    else:
        sys.exit(1 if compare_all(options.before, options.after) else 0)


def record_all(options: argparse.Namespace) -> None:
    """Run the notebooks and the check on every corpus, a folder each."""
    for name, corpus, more in corpora(options):
        if options.only and name not in options.only:
            continue
        place = options.folder / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        checked = workbook("check", corpus, *more)
        text = checked.stdout + checked.stderr
        (place / "check.txt").write_text(text, encoding="utf-8")
        chosen = ["--corpus", corpus, *more, "--workers", "2", "--out", str(place / "run")]
        done = workbook("run", *chosen)
        (place / "run.txt").write_text(f"exit {done.returncode}\n", encoding="utf-8")
        print(name, "check", checked.returncode, "run", done.returncode, flush=True)
        if done.returncode:
            print(done.stderr[-2000:], flush=True)


def corpora(options: argparse.Namespace) -> Iterator[tuple[str, str, list[str]]]:
    """Name, path and options of every corpus."""
    yield "seeds", str(ROOT / "seeds"), []
    made = options.folder / "corpora"
    made.mkdir(parents=True, exist_ok=True)
    for name, content in DAMAGED.items():
        (made / name).write_bytes(content)
        yield name, str(made / name), ["--codebook", CODEBOOK]
    files = sorted(options.corpora.iterdir()) if options.corpora else []
    for file in files:
        if file.name.endswith((".csv", ".csv.gz", ".jsonl.gz")):
            yield file.name, str(file), [*OPTIONS.get(file.name, []), "--codebook", CODEBOOK]
    for file in files:
        if file.name == "sotu.csv.gz":
            split_table(file, made / "tables")
            more = [*OPTIONS[file.name], "--codebook", CODEBOOK]
            yield "tables", str(made / "tables"), more
    if options.generated:
        from benchmarks.generator import write

        file = made / f"generated-{options.generated}.parquet"
        if not file.exists():
            write(file, options.generated, ROOT / "seeds")
        yield "generated", str(file), ["--codebook", CODEBOOK]


def split_table(file: Path, folder: Path) -> None:
    """The rows of a table in turn as three tables in a folder."""
    folder.mkdir(exist_ok=True)
    csv.field_size_limit(sys.maxsize)
    with gzip.open(file, "rt", encoding="utf-8", newline="") as source:
        header, *rows = csv.reader(source)
    for n in range(3):
        with (folder / f"part-{n}.csv").open("w", encoding="utf-8", newline="") as target:
            csv.writer(target).writerows([header, *rows[n::3]])


def workbook(*arguments: str) -> subprocess.CompletedProcess:
    """A command of the workbook in this checkout."""
    command = [sys.executable, "-m", "analysis.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


# --- comparing -------------------------------------------------------------------------------------


def compare_all(before: Path, after: Path) -> int:
    """Print every file that differs; returns how many."""
    found = 0
    files = {
        str(file.relative_to(folder))
        for folder in (before, after)
        for file in folder.rglob("*")
        if file.is_file()
        and file.suffix in (".csv", ".png", ".parquet", ".json", ".txt")
        and file.relative_to(folder).parts[0] != "corpora"
        and file.name != "run.json"
    }
    for name in sorted(files):
        told = difference(before / name, after / name)
        found += bool(told)
        if told:
            print(f"{name}: {told}")
    print(f"{found} of {len(files)} files differ")
    return found


def difference(one: Path, other: Path) -> str:
    """How two files differ, '' where they show the same."""
    if not one.is_file() or not other.is_file():
        return "only before" if one.is_file() else "only after"
    if one.read_bytes() == other.read_bytes():
        return ""
    if one.suffix == ".png":
        return "" if pixels(one) == pixels(other) else "other pixels"
    if one.suffix in (".csv", ".parquet"):
        return columns_that_differ(table(one), table(other))
    lines = [file.read_text(encoding="utf-8").splitlines() for file in (one, other)]
    gone, come = (set(lines[a]) - set(lines[b]) for a, b in ((0, 1), (1, 0)))
    return f"{len(gone)} lines gone, {len(come)} new: {sorted(gone)[:2]} / {sorted(come)[:2]}"


def pixels(file: Path) -> tuple:
    """Size and decoded picture."""
    from PIL import Image

    with Image.open(file) as image:
        return image.size, image.convert("RGBA").tobytes()


def table(file: Path) -> pd.DataFrame:
    """A table, every value of a CSV as its text."""
    if file.suffix == ".parquet":
        return pd.read_parquet(file)
    return pd.read_csv(file, dtype=str, keep_default_na=False)


def columns_that_differ(one: pd.DataFrame, other: pd.DataFrame) -> str:
    """Rows and columns in which two tables differ, '' for none."""
    if list(one.columns) != list(other.columns):
        return f"columns {sorted(set(one.columns) ^ set(other.columns))} or their order"
    if len(one) != len(other):
        return f"{len(one)} rows before, {len(other)} after"
    parts = []
    for column in one.columns:
        unequal = one[column].astype(str) != other[column].astype(str)
        if unequal.any():
            numbers = [pd.to_numeric(part[column], errors="coerce") for part in (one, other)]
            change = (numbers[0] - numbers[1]).abs().max()
            most = f", by {change:.3g} at most" if pd.notna(change) else ""
            first = f"{one[column][unequal].iloc[0]} -> {other[column][unequal].iloc[0]}"
            parts.append(f"{column} in {int(unequal.sum())} rows{most} ({first[:80]})")
    return "; ".join(parts)


if __name__ == "__main__":
    main()
