"""Samples of units for people to code, drawn with known probabilities."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import regex

from analysis.errors import InputError
from analysis.statistics import uncertainty

_ALLOCATIONS = ("proportional", "equal")
_CODER = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}_-]{0,39}")


# --- units and strata --------------------------------------------------------------------------------


def unit_table(documents: Sequence[str], texts: Sequence[str]) -> pd.DataFrame:
    """One row a unit, in the order given: unit_id, document, unit (number in its document from 1),
    before, text, after.

    `documents` is the id of each unit's document; before and after are the neighbouring units of
    the same document. `unit_id` is document, unit and eight characters of a hash of the text: the same
    as long as these are the same.
    """
    table = pd.DataFrame({"document": list(documents), "text": list(texts)}, dtype=object)
    by_document = table.groupby("document", sort=False)
    table["unit"] = by_document.cumcount() + 1
    table["before"] = by_document["text"].shift(1).fillna("")
    table["after"] = by_document["text"].shift(-1).fillna("")
    rows = zip(table["document"], table["unit"], table["text"], strict=True)
    table["unit_id"] = [_unit_id(*row) for row in rows]
    return table[["unit_id", "document", "unit", "before", "text", "after"]]


def _unit_id(document: str, unit: int, text: str) -> str:
    """The name of a unit that stays with its text.

    >>> _unit_id("d1", 7, "China leads.")
    'd1:7:03068c03'
    """
    return f"{document}:{unit}:{hashlib.sha256(text.encode('utf-8')).hexdigest()[:8]}"


def frame_strata(coded, groups: Sequence[str]) -> np.ndarray:
    """The stratum of each unit: its group, and whether the automatic coder gave it any frame.

    `coded` is units × frames, or units for one frame.
    """
    coded = np.atleast_2d(np.asarray(coded, dtype=bool).T).any(axis=0)
    return np.asarray(groups, dtype=object) + np.where(coded, ", coded", ", not coded")


# --- drawing -----------------------------------------------------------------------------------------


def _allocate(
    populations: Mapping[str, int], size: int, allocation: str, least: int
) -> dict[str, int]:
    """How many units to draw from each stratum: at least `least` (or all there are), the rest in
    proportion to the strata or in equal parts, each to the stratum that lacks most.

    Raises InputError for an unknown allocation and for a size that cannot be drawn.
    """
    if allocation not in _ALLOCATIONS:
        raise InputError("unknown allocation", value=allocation, allowed=_ALLOCATIONS)
    floor = {name: min(least, n) for name, n in populations.items()}
    most, fewest = sum(populations.values()), sum(floor.values())
    if not fewest <= size <= most or not size:
        problem = f"sample of units is out of range ({least} from each of {len(floor)} strata)"
        raise InputError(problem, value=size, allowed=f"{max(fewest, 1)} to {most}")
    weight = {name: n if allocation == "proportional" else 1 for name, n in populations.items()}
    target = {name: size * weight[name] / sum(weight.values()) for name in populations}
    drawn = dict(floor)
    for _ in range(size - fewest):
        room = [name for name, n in populations.items() if drawn[name] < n]
        drawn[max(room, key=lambda name: target[name] - drawn[name])] += 1
    return drawn


def draw(
    strata: Sequence[str],
    size: int,
    *,
    random_seed: int,
    allocation: str = "proportional",
    least: int = 2,
) -> pd.DataFrame:
    """A stratified random sample without replacement: one row a drawn unit, in their order.

    Columns: place (of the unit, from 0), stratum, population (units in the stratum), drawn (of
    them), probability (drawn / population), weight (its inverse). Two units a stratum, where it
    has them, so that a variance can be estimated. Raises InputError as `_allocate` does.
    """
    strata = np.asarray(strata, dtype=object)
    names, counts = np.unique(strata.astype(str), return_counts=True)
    populations = dict(zip(names.tolist(), counts.tolist(), strict=True))
    rows = []
    for name, drawn in _allocate(populations, size, allocation, least).items():
        rng = uncertainty.generator(random_seed, f"sample {name}")
        places = rng.choice(np.flatnonzero(strata == name), size=drawn, replace=False)
        share = drawn / populations[name]
        rows += [(int(p), name, populations[name], drawn, share, 1 / share) for p in places]
    columns = ["place", "stratum", "population", "drawn", "probability", "weight"]
    return pd.DataFrame(sorted(rows), columns=columns)


def assign(n: int, coders: Sequence[str], both: int, random_seed: int) -> dict[str, list[int]]:
    """Which of the n drawn units each coder codes: `both` of them all coders, the rest in turn.

    The order is shuffled for each coder. Raises InputError for names that cannot be files, and
    where `both` is out of range.
    """
    check_coders(coders)
    if not 0 <= both <= n:
        raise InputError("units for all coders are out of range", value=both, allowed=f"0 to {n}")
    order = uncertainty.generator(random_seed, "assign").permutation(n).tolist()
    shared, rest = order[:both], order[both:]
    parts = {}
    for number, coder in enumerate(coders):
        mine = shared + rest[number :: len(coders)]
        rng = uncertainty.generator(random_seed, f"order {coder}")
        parts[coder] = rng.permutation(np.array(mine, dtype=int)).tolist()
    return parts


def check_coders(coders: Sequence[str]) -> None:
    """Raise InputError unless the coders' names are different and fit for files."""
    if not coders:
        raise InputError("there are no coders", where="coders", allowed="at least one name")
    for coder in coders:
        if not _CODER.fullmatch(coder):
            allowed = "up to 40 letters, digits, _ and -"
            raise InputError("is not a coder's name", where="coders", value=coder, allowed=allowed)
        if sum(other.casefold() == coder.casefold() for other in coders) > 1:
            raise InputError("coder appears twice", where="coders", value=coder)
