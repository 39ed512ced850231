"""Specifications: the defensible choices of a sweep, and what each says of the declared findings."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.coding.audit import rule_counts
from analysis.corpus import Corpus, locate
from analysis.errors import InputError, shown_lines
from analysis.files import Node, read_yaml
from analysis.rules.codebook import Codebook, without
from analysis.runs.parameters import node_text, parse_value
from analysis.tables.findings import (
    Claim,
    Finding,
    check_rates,
    check_shares,
    check_token_shares,
    read_claims,
)
from analysis.tables.framing import Coding, code_units
from analysis.tables.stories import check_unique, counted, stories_of
from analysis.tokens import Tokens, tokenize

_SWEEP = "sweep.yaml"
_VARY = ("one", "all")
_MOST = 100
_GREATEST_MOST = 10_000
_MOST_LEFT_OUT = 20
_COMMONEST = "commonest"
_IN_PLACE = {
    "unit": ("str", "sentence"),
    "exclusions": ("str", "on"),
    "unique": ("str", "all"),
    "similarity": ("float", "0.8"),
    "threshold": ("int", "1"),
    "negation": ("int", "0"),
    "voice": ("str", "all"),
    "leave_out": ("list", ""),
    "confidence": ("float", "0.95"),
}
"""Choices that a finding can depend on, with type and default: what `_specified_findings` knows."""
_SWEPT = ["finding", "statement", "estimate", "low", "high", "holds"]
_SUMMARY = ["finding", "statement", "specifications", "holds", "share", "fails", "unsaid"]
_SUMMARY += ["base", "estimate", "lowest", "highest", "turned_by", "moved"]
_BASE = {"false": "fails", "": "cannot say it"}


@dataclass(frozen=True)
class _Sweep:
    """A sweep as declared: the notebooks that run, and the choices, the first value of each the base.

    `vary` says whether one choice at a time leaves the base, or every combination is made.
    `left_out` is how many of the commonest rules of each frame are left out, one at a time.
    """

    notebooks: tuple[str, ...]
    vary: str
    most: int
    choices: Mapping[str, tuple[str, ...]]
    left_out: int = 0


@dataclass(frozen=True)
class Specification:
    """One set of choices: the text of each parameter, and which of them are not the base's."""

    number: int
    values: Mapping[str, str]
    changed: tuple[str, ...]

    @property
    def told(self) -> str:
        """What is different from the base, as `name=value`."""
        told = [f"{name}={self.values[name] or 'nothing'}" for name in self.changed]
        return ", ".join(told) or "base"


# --- declared ------------------------------------------------------------------------------------------


def read_sweep(file: str | Path) -> _Sweep:
    """The sweep of a YAML file; raises InputError with the line of a mistake."""
    file = locate(file)
    if not file.is_file():
        raise InputError("no such sweep", value=str(file), allowed="a YAML file")
    top = read_yaml(file)
    top.only(("notebooks", "vary", "most", "choices"))
    vary = top.text_of("vary") or "one"
    if vary not in _VARY:
        raise top.get("vary").error("is no way to vary", allowed=_VARY)
    most = parse_value(top.text_of("most") or str(_MOST), "int", f"{file.name}, most")
    if not 1 <= most <= _GREATEST_MOST:
        raise top.get("most").error("is out of range", allowed=f"1 to {_GREATEST_MOST}")
    choices, left_out = {}, 0
    for name, node in top.get("choices").entries().items():
        if name == "leave_out" and isinstance(node.value, str):
            left_out = _commonest(node)
        else:
            choices[name] = _values_of(node)
    if not choices and not left_out:
        raise top.get("choices").error("there are no choices")
    return _Sweep(tuple(top.texts("notebooks")), vary, most, choices, left_out)


def _values_of(node: Node) -> tuple[str, ...]:
    """The values of one choice as text; raises InputError for fewer than two, or one twice."""
    values = tuple(node_text(item) for item in node.items())
    if len(values) < 2 or len(set(values)) < len(values):
        raise node.error("a choice has two different values at least")
    return values


def _commonest(node: Node) -> int:
    """The number in `commonest N`."""
    word, _, number = node.text().partition(" ")
    if word != _COMMONEST or not number.isdecimal() or not 1 <= int(number) <= _MOST_LEFT_OUT:
        allowed = f"'{_COMMONEST} N', N up to {_MOST_LEFT_OUT}, or a list of lists of 'frame: rule'"
        raise node.error("leaves out nothing that can be told", allowed=allowed)
    return int(number)


def corpus_sweep(corpus: Corpus, path: str = "") -> _Sweep | None:
    """The sweep at `path`, or the corpus folder's own sweep.yaml, None for neither."""
    own = corpus.folder / _SWEEP if corpus.folder else None
    if not path and (own is None or not own.is_file()):
        return None
    return read_sweep(path or own)


def specifications(sweep: _Sweep, corpus: Corpus, codebook: Codebook) -> list[Specification]:
    """Every specification of a sweep, the base first; raises InputError for more than `most`."""
    choices = dict(sweep.choices)
    if sweep.left_out:
        choices["leave_out"] = ("", *_commonest_rules(corpus, codebook, sweep.left_out))
    base = {name: values[0] for name, values in choices.items()}
    every = sweep.vary == "all"
    several = [len(values) for values in choices.values()]
    number = prod(several) if every else 1 + sum(several) - len(several)
    if number > sweep.most:  # counted before they are made: combinations can be without number
        raise InputError("too many specifications", value=number, allowed=f"most: {sweep.most}")
    if every:
        sets = [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]
    else:
        moved = [{name: value} for name, values in choices.items() for value in values[1:]]
        sets = [base, *({**base, **one} for one in moved)]
    return [
        Specification(number, values, tuple(n for n in values if values[n] != base[n]))
        for number, values in enumerate(sets, start=1)
    ]


def _commonest_rules(corpus: Corpus, codebook: Codebook, most: int) -> list[str]:
    """For each frame that a finding is about its commonest rules, each as a `leave_out` of one."""
    wanted = [one.subject for one in read_claims(corpus) if one.kind == "larger_share"]
    frames = {
        name: codebook.frames[name] for name in dict.fromkeys(wanted) if name in codebook.frames
    }
    if not frames:
        return []
    part = Codebook("", "", frames, {}, {})
    totals = np.asarray(rule_counts(tokenize(corpus), part).sum(axis=0)).ravel()
    found, number = [], 0
    for name, rules in frames.items():
        mine = totals[number : number + len(rules.rules)]
        order = [n for n in np.argsort(-mine, kind="stable")[:most] if mine[n]]
        found += [json.dumps([f"{name}: {rules.rules[n].text}"], ensure_ascii=False) for n in order]
        number += len(rules.rules)
    return found


# --- computed in place ------------------------------------------------------------------------------------


def _specified_findings(
    corpus: Corpus, codebook: Codebook, claims: Sequence[Claim], values: Mapping[str, str], **fixed
) -> list[Finding]:
    """The findings under one set of choices, by the functions that the notebooks call.

    `fixed` are resamples and random_seed. Raises InputError for a choice that is not IN_PLACE.
    """
    return _Asked(corpus, codebook, claims, fixed).findings(values)


@dataclass(eq=False)
class _Asked:
    """Claims of a corpus, checked under one set of choices after the other; nothing is computed
    twice."""

    corpus: Corpus
    codebook: Codebook
    claims: Sequence[Claim]
    fixed: Mapping[str, int]
    known: dict[tuple, object] = field(default_factory=dict)

    def findings(self, values: Mapping[str, str]) -> list[Finding]:
        """The findings, those on tokens first, then on terms, then on frames."""
        for name in values:
            if name not in _IN_PLACE:
                raise InputError(
                    "is no choice that findings depend on", value=name, allowed=_IN_PLACE
                )
        choice = {
            name: parse_value(values.get(name, default), kind, name)
            for name, (kind, default) in _IN_PLACE.items()
        }
        documents = tuple(choice[name] for name in ("exclusions", "unique", "similarity"))
        chosen = {**self.fixed, "confidence": choice["confidence"]}
        tokens = self.once(self.tokens, *documents)
        found = list(check_token_shares(self.claims, tokens))
        found += self.once(self.rates, choice["confidence"], *documents)
        if self.codebook.frames and any(one.kind == "larger_share" for one in self.claims):
            matches = tuple(choice[name] for name in ("unit", "threshold", "negation", "voice"))
            coding = self.once(self.coding, matches, tuple(choice["leave_out"]), documents)
            found += check_shares(self.claims, coding, **chosen)
        return found

    def once(self, function: Callable, *choices):
        """What a function makes of some choices, remembered."""
        key = (function.__name__, *choices)
        if key not in self.known:
            self.known[key] = function(*choices)
        return self.known[key]

    def tokens(self, exclusions: str, unique: str, similarity: float) -> Tokens:
        """The tokens of the documents and lines that count."""
        tokens = tokenize(self.corpus.with_exclusions(exclusions))
        check_unique(unique)
        return (
            tokens
            if unique == "all"
            else counted(stories_of(tokens, similarity=similarity), unique)
        )

    def rates(self, confidence: float, *documents) -> list[Finding]:
        """The findings on terms."""
        tokens = self.once(self.tokens, *documents)
        return check_rates(self.claims, tokens, self.codebook, confidence=confidence, **self.fixed)

    def coding(self, matches: tuple, left_out: tuple[str, ...], documents: tuple) -> Coding:
        """The units coded with the frames."""
        tokens, book = self.once(self.tokens, *documents), without(self.codebook, left_out)
        unit, threshold, negation, voice = matches
        counted = {"threshold": threshold, "negation": negation, "voice": voice}
        return code_units(tokens, book, unit, keep=0, **counted)


def sweep_table(
    corpus: Corpus,
    codebook: Codebook,
    sweep: _Sweep | None,
    *,
    resamples: int = 2000,
    random_seed: int = 0,
    **base: object,
) -> pd.DataFrame:
    """Every declared finding under every specification of a sweep: `sweep.csv`, as `collected`.

    `base` are the values of choices that the sweep leaves alone. Empty without a sweep or findings.
    """
    claims = read_claims(corpus)
    if sweep is None or not claims:
        return collected([], [])
    fixed = {"resamples": resamples, "random_seed": random_seed}
    same = {name: _as_text(value) for name, value in base.items()}
    every = specifications(sweep, corpus, codebook)
    asked = _Asked(corpus, codebook, claims, fixed)
    found = [asked.findings({**same, **one.values}) for one in every]
    return collected(every, [[vars(one) for one in part] for part in found])


def _as_text(value: object) -> str:
    """A value of a parameter as the text that `parse_value` reads.

    >>> _as_text(["race: race"]), _as_text(0.95)
    ('["race: race"]', '0.95')
    """
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)


# --- collected -------------------------------------------------------------------------------------------


def collected(every: Sequence[Specification], found: Sequence[Sequence[Mapping]]) -> pd.DataFrame:
    """One row a specification and finding: specification (number), changed, a column a choice,
    finding, statement, estimate, low, high, holds ('true', 'false', '' where it cannot be said).
    """
    names = list(every[0].values) if every else []
    rows = [
        (one.number, one.told, *one.values.values(), *_row_of(finding))
        for one, findings in zip(every, found, strict=True)
        for finding in findings
    ]
    return pd.DataFrame(rows, columns=["specification", "changed", *names, *_SWEPT])


def _row_of(finding: Mapping) -> tuple:
    numbers = [np.nan if finding[n] is None else finding[n] for n in ("estimate", "low", "high")]
    holds = {True: "true", False: "false", None: ""}[finding["holds"]]
    return (finding["id"], finding["statement"], *numbers, holds)


def sweep_findings(table: pd.DataFrame) -> pd.DataFrame:
    """Each finding over all specifications: `sweep_findings.csv`.

    Columns: finding, statement, specifications, holds (in how many), share (of them),
    fails (an estimate that does not even point its way, whatever the interval), unsaid (where the
    data cannot carry it), base (its verdict there), estimate (of
    the base), lowest, highest (estimate), turned_by (the fewest choices that give another verdict
    than the base), moved (specifications with another estimate or interval than the base: the
    others leave a finding alone and do not try it).
    """
    rows = []
    for finding, part in table.groupby("finding", sort=False):
        n, base = len(part), part.iloc[0]
        counts = [int((part["holds"] == verdict).sum()) for verdict in ("true", "false", "")]
        limits = part["estimate"].min(), part["estimate"].max()
        told = (n, counts[0], counts[0] / n, counts[1], counts[2], base["holds"], base["estimate"])
        rows.append((finding, base["statement"], *told, *limits, _turned_by(part), _moved(part)))
    return pd.DataFrame(rows, columns=_SUMMARY)


def _moved(part: pd.DataFrame) -> int:
    """In how many specifications a finding has other numbers than in the base."""
    numbers = part[["estimate", "low", "high"]].to_numpy(dtype=float)
    same = np.isclose(numbers, numbers[0], rtol=1e-9, atol=0, equal_nan=True)
    return int((~same.all(axis=1)).sum())


def _turned_by(part: pd.DataFrame) -> str:
    """The specifications with the fewest changes under which a finding gets another verdict."""
    other = part[part["holds"] != part["holds"].iloc[0]]
    if other.empty:
        return ""
    changes = other["changed"].str.count("=")
    return "; ".join(other.loc[changes == changes.min(), "changed"])


def sweep_told(summary: pd.DataFrame) -> str:
    """The share of choices under which each finding holds, and what turns it, a line each."""
    lines = [
        f"{row.finding}: holds under {row.holds} of {row.specifications} specifications"
        f" ({row.moved} move its numbers)"
        + (f", fails under {row.fails}" if row.fails else "")
        + (f", cannot be said under {row.unsaid}" if row.unsaid else "")
        + ("" if row.base == "true" else f"; the base {_BASE[row.base]}")
        + (f"; turned by {row.turned_by}" if row.turned_by else "; no choice turns it")
        for row in summary.itertuples()
    ]
    nothing = "No sweep: the corpus folder has no sweep.yaml, or declares no findings."
    return shown_lines("\n".join(lines)) or nothing
