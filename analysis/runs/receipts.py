"""Receipts: hashes of what a run depends on and leaves behind, and figures published with theirs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from analysis.corpus import files_of, locate, texts_place
from analysis.results import json_bytes

ROOT = Path(__file__).parent.parent.parent
CONFIGURATION = "workbook.yaml"
LOCK = "figures.lock.json"
KINDS = ("png", "svg", "csv")
DECISIVE = ("ipykernel", "matplotlib", "nltk", "numpy", "pandas", "pyarrow", "scipy", "sentencex")


def sha256(content: bytes) -> str:
    """SHA-256 of bytes, as hexadecimal text."""
    return hashlib.sha256(content).hexdigest()


def hash_of_file(file: Path) -> str:
    """SHA-256 of a file's bytes."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def hash_of_path(path: str | Path) -> str:
    """Of a file its bytes; of a folder the names and bytes of all files below it, links left out.

    Where a corpus folder's texts lie elsewhere, those as well.
    """
    place = locate(path)
    texts = texts_place(place)
    if texts != place:
        return sha256(f"{hash_of_files(place)} {hash_of_files(texts)}".encode())
    return hash_of_files(place)


def hash_of_files(place: Path) -> str:
    """Of a file its bytes; of a folder, or a file with rules beside it, all names and bytes."""
    files = [file for file in files_of(place) if file.is_file()]
    if files == [place]:
        return hash_of_file(place)
    home = place if place.is_dir() else place.parent
    names = [str(file.relative_to(home)) for file in files]
    lines = (f"{name}\0{hash_of_file(file)}\n" for name, file in zip(names, files, strict=True))
    return sha256("".join(lines).encode("utf-8", "surrogateescape"))


@dataclass(frozen=True)
class Project:
    """Where notebooks, figures and runs lie, and the file of choices, None where there is none."""

    notebooks: Path
    figures: Path
    runs: Path
    configuration: Path | None = None


def own_project() -> Project | None:
    """The workbook that the current folder is, or is the `notebooks` folder of; None for neither."""
    here = Path.cwd()
    for root in (here, here.parent) if here.name == "notebooks" else (here,):
        if (root / CONFIGURATION).is_file() and (root / "notebooks").is_dir():
            return Project(
                root / "notebooks", root / "figures", root / "runs", root / CONFIGURATION
            )
    return None


@cache
def hash_of_code() -> str:
    """Over every file of the package that bears on a result."""
    files = sorted(f for kind in ("*.py", "*.txt") for f in (ROOT / "analysis").rglob(kind))
    names = [file.relative_to(ROOT).as_posix() for file in files]
    lines = (f"{name}\0{hash_of_file(file)}\n" for name, file in zip(names, files, strict=True))
    return sha256("".join(lines).encode())


@cache
def versions() -> dict[str, str]:
    """Every installed distribution and Python itself."""
    found = {d.metadata["Name"].lower(): d.version for d in metadata.distributions()}
    return {"python": sys.version.split()[0], **dict(sorted(found.items()))}


def source_of(file: Path) -> bytes:
    """A notebook without its outputs: what it does."""
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    return json.dumps([[c["cell_type"], c["source"], c["metadata"]] for c in cells]).encode()


def read_receipt(folder: Path) -> dict:
    """The receipt of an earlier run in the folder, empty if there is none that can be read."""
    try:
        receipt = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return receipt if isinstance(receipt, dict) else {}


def figure_hashes(folder: Path) -> dict[str, dict[str, str]]:
    """Of every figure of a folder the hashes of its bytes (PNG, SVG), pixels and plotted data."""
    found = {}
    for png in sorted(folder.glob("*.png")):
        svg, data = png.with_suffix(".svg"), png.with_suffix(".csv")
        if svg.is_file() and data.is_file():
            found[png.stem] = {
                "png": hash_of_file(png),
                "svg": hash_of_file(svg),
                "pixels": pixel_hash(png),
                "data": hash_of_file(data),
            }
    return found


def pixel_hash(png: Path) -> str:
    """Over the decoded picture: the same for two files that show the same."""
    from PIL import Image

    with Image.open(png) as image:
        picture = image.convert("RGBA")
        return sha256(f"{picture.size}".encode() + picture.tobytes())


def publish(figures: Path, hashes: Mapping[str, Mapping[str, str]], to: Path) -> None:
    """Put all figures of a run into the folder `to` at once, with their lock file, or none of them."""
    recover(to)
    lock = {
        "figures": hashes,
        "made with": {name: versions()[name] for name in DECISIVE if name in versions()},
    }
    fresh = to.with_name(f".{to.name}-new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    for name in hashes:
        for kind in KINDS:
            shutil.copyfile(figures / f"{name}.{kind}", fresh / f"{name}.{kind}")
    (fresh / LOCK).write_bytes(json_bytes(lock))
    old = to.with_name(f".{to.name}-old")
    if to.exists():
        os.replace(to, old)
    os.replace(fresh, to)
    shutil.rmtree(old, ignore_errors=True)


def recover(to: Path) -> None:
    """Put the old figures back where a publication was cut off between its two renames."""
    old = to.with_name(f".{to.name}-old")
    if old.exists() and not to.exists():
        os.replace(old, to)
    shutil.rmtree(old, ignore_errors=True)
