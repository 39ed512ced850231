"""What a codebook holds and what people's codings show, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.coding.correction import PRECISION
from analysis.corpus import EVERY
from analysis.errors import shown, shown_lines
from analysis.rules.codebook import RuleSet


def describe_rules(sets: Mapping[str, RuleSet]) -> str:
    """Rule sets with their rules, a line each."""
    return "\n".join(
        f"{shown(name, quote=False)}: {', '.join(shown(r.text, quote=False) for r in rules.rules)}"
        for name, rules in sets.items()
    )


def describe_codings(coded) -> str:
    """Who coded how much, and what is not as it was given out; or how to get codings.

    `coded` is what `corpus_codings` gives.
    """
    if coded.reason:
        return shown_lines(
            f"Nothing here can be validated: {coded.reason}.\n"
            f"`workbook sample DIR --size 200 --coders NAME,NAME --unit {coded.unit}` draws "
            f"{coded.unit}s and writes sheets; filled in, they are read with the parameter codings=DIR."
        )
    codings, n = coded.codings, len(coded.found.units)
    kinds = codings.problems.groupby("problem").size()
    problems = ", ".join(f"{what}: {count:,}" for what, count in kinds.items()) or "nothing"
    lines = [
        f"{len(coded.key):,} of {n:,} {coded.unit}s coded by {coded.coders}.",
        f"Not as given out: {problems}.",
    ]
    if len(codings.others):
        columns = ", ".join(sorted(set(codings.others["column"])))
        lines.append(f"{len(codings.others):,} more cells are filled in: {columns}.")
    return shown_lines("\n".join(lines))


def describe_sample(coded, sample) -> str:
    """Which codings a correction uses; both arguments are codings, all of them and a sample."""
    if coded.reason:
        return "No codings: nothing is corrected."
    n = len(sample.key)
    if n == len(coded.key):
        return f"All {n:,} coded {coded.unit}s are used."
    return (
        f"{len(coded.key):,} of {len(coded.found.units):,} {coded.unit}s are coded, so that there is "
        f"nothing to estimate. As if only {n:,} of them had been coded, drawn at random, shares are "
        "corrected from these; all codings are the truth that the result is compared with."
    )


def describe_scores(scores: pd.DataFrame) -> str:
    """The mean F1 of each automatic coder against each judge, a line each."""
    macro = scores[scores["frame"] == "macro"]
    lines = [
        f"{row.coder} against {row.against}: macro-F1 {row.f1:.3f} ({row.reason})"
        for row in macro.itertuples()
    ]
    return shown_lines("\n".join(lines)) or "No codings: nothing is scored."


def describe_further_units(shares: pd.DataFrame, unit: str, precision: float = PRECISION) -> str:
    """How many more units to code until each corrected share of the corpus is known well enough."""
    rules = shares[(shares["coder"] == "rules") & (shares["group"] == EVERY)]
    known = rules[rules["further_units"].notna()]
    if known.empty:
        return "Too few codings to estimate how many more are needed."
    most = known.loc[known["further_units"].idxmax()]
    enough = int((known["further_units"] == 0).sum())
    more = f"; {most['frame']} needs most, {most['further_units']:,.0f} more"
    return shown_lines(
        f"To know each share to ±{precision * 100:g} points: {enough} of {len(known)} frames need no "
        f"more {unit}s{more if most['further_units'] else ''}."
    )


def describe_audit(audit: pd.DataFrame) -> str:
    """How many rules match at all, and how few bring half of the matches of each frame."""
    used = audit[audit["matches"] > 0]
    lines = [f"{len(used):,} of {len(audit):,} rules match in this corpus."]
    for frame, part in used.groupby("frame", sort=False):
        few = int(np.searchsorted(part["share"].cumsum().to_numpy(), 0.5 - 1e-9)) + 1
        lines.append(f"{frame}: {len(part)} rules match, {few} bring half of its matches.")
    return "\n".join(lines)


def describe_failures(examples: pd.DataFrame) -> list[str]:
    """A line for each example that fails: where, of what, and what was found in it."""
    lines = []
    for row in examples[~examples["passes"].astype(bool)].itertuples():
        who = f"{row.kind} {shown(row.name)}" + (f", rule {shown(row.rule)}" if row.rule else "")
        missed = row.expected == "match"
        what = "does not match, and should" if missed else "matches, and should not"
        by = f" (by {shown(row.found)})" if row.found and not row.rule else ""
        lines.append(f"{row.where}: {who} {what}{by}: {shown(row.text, longest=160)}")
    return lines
