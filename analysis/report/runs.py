"""Sentences about runs and sweeps."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from analysis.corpus import Corpus
from analysis.errors import shown_lines
from analysis.rules.codebook import Codebook
from analysis.runs.plans import find_notebooks, frames_missing, needs_frames
from analysis.runs.receipts import Outcome

_BASE = {"false": "fails", "": "is inconclusive"}


def describe_sweep(summary: pd.DataFrame) -> str:
    """The share of choices under which each finding holds, and what reverses it, a line each."""
    lines = [
        f"{row.finding}: holds under {row.holds} of {row.specifications} specifications"
        f" ({row.moved} change its numbers)"
        + (f", fails under {row.fails}" if row.fails else "")
        + (f", inconclusive under {row.unsaid}" if row.unsaid else "")
        + ("" if row.base == "true" else f"; the base {_BASE[row.base]}")
        + (f"; reversed by {row.turned_by}" if row.turned_by else "; no choice reverses it")
        for row in summary.itertuples()
    ]
    nothing = "No sweep: the corpus folder has no sweep.yaml, or declares no findings."
    return shown_lines("\n".join(lines)) or nothing


def describe_outcomes(outcomes: Iterable[Outcome]) -> str:
    """How each notebook ended in a few words, with the reason for a skipped one."""
    parts = []
    for one in outcomes:
        reason = one.reason.partition(";")[0]
        parts.append(f"{one.notebook} {one.state}" + (f" ({reason})" if reason else ""))
    return ", ".join(parts)


def describe_skipped(codebook: Codebook, corpus: Corpus, path: str) -> list[str]:
    """The notebooks that a corpus without frames leaves out, and what they need."""
    if codebook.frames:
        return []
    names = [one.name for one in find_notebooks() if needs_frames(one.parameters)]
    needy = " and ".join(names) or "notebooks that compare frames"
    return [f"{needy} will be skipped: {frames_missing(corpus, path)}"]
