"""Specifications: the defensible choices of a sweep, and what each makes of the declared findings."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import prod
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.coding.audit import rule_counts
from analysis.corpus import Corpus, locate
from analysis.errors import InputError
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

_MAX_SPECIFICATIONS = 10_000
_MAX_LEFT_OUT = 20
CHOICES = {
    "unit": "sentence",
    "exclusions": "on",
    "unique": "all",
    "similarity": 0.8,
    "threshold": 1,
    "negation": 0,
    "voice": "all",
    "leave_out": [],
    "confidence": 0.95,
}
"""Choices that a finding can depend on, with their defaults: what `_checker` takes."""
_COLUMNS = ["finding", "statement", "estimate", "low", "high", "holds"]


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
    def label(self) -> str:
        """What is different from the base, as `name=value`."""
        labels = [f"{name}={self.values[name] or 'nothing'}" for name in self.changed]
        return ", ".join(labels) or "base"


# --- declared --------------------------------------------------------------------------------------


def read_sweep(file: str | Path) -> _Sweep:
    """The sweep of a YAML file; raises InputError with the line of a mistake."""
    file = locate(file)
    if not file.is_file():
        raise InputError("no such sweep", value=str(file), allowed="a YAML file")
    top = read_yaml(file)
    top.only(("notebooks", "vary", "most", "choices"))
    vary = top.text_of("vary") or "one"
    if vary not in ("one", "all"):
        raise top.get("vary").error("is not a way to vary", allowed="one, all")
    most = parse_value(top.text_of("most") or "100", "int", f"{file.name}, most")
    if not 1 <= most <= _MAX_SPECIFICATIONS:
        raise top.get("most").error("is out of range", allowed=f"1 to {_MAX_SPECIFICATIONS}")
    top.get("choices").only(CHOICES)
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
    """The values of one choice as text; raises InputError for fewer than two, or one given twice."""
    values = tuple(node_text(item) for item in node.items())
    if len(values) < 2 or len(set(values)) < len(values):
        raise node.error("a choice has at least two different values")
    return values


def _commonest(node: Node) -> int:
    """The number in `commonest N`."""
    word, _, number = node.text().partition(" ")
    if word != "commonest" or not number.isdecimal() or not 1 <= int(number) <= _MAX_LEFT_OUT:
        allowed = f"'commonest N', N up to {_MAX_LEFT_OUT}, or a list of lists of 'frame: rule'"
        raise node.error("does not say what to leave out", allowed=allowed)
    return int(number)


def corpus_sweep(corpus: Corpus, path: str = "") -> _Sweep | None:
    """The sweep at `path`, or the corpus folder's own sweep.yaml, None for neither."""
    own = corpus.folder / "sweep.yaml" if corpus.folder else None
    if not path and (own is None or not own.is_file()):
        return None
    return read_sweep(path or own)


def specifications(sweep: _Sweep, corpus: Corpus, codebook: Codebook) -> list[Specification]:
    """Every specification of a sweep, the base first; raises InputError for more than `most`."""
    choices = dict(sweep.choices)
    if sweep.left_out:
        choices["leave_out"] = ("", *_commonest_rules(corpus, codebook, sweep.left_out))
    base = {name: values[0] for name, values in choices.items()}
    sizes = [len(values) for values in choices.values()]
    number = prod(sizes) if sweep.vary == "all" else 1 + sum(sizes) - len(sizes)
    if number > sweep.most:  # counted first: the combinations may be too many to be made
        raise InputError("too many specifications", value=number, allowed=f"most: {sweep.most}")
    if sweep.vary == "all":
        sets = [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]
    else:
        changes = [{name: value} for name, values in choices.items() for value in values[1:]]
        sets = [base, *({**base, **change} for change in changes)]
    return [
        Specification(number, values, tuple(n for n in values if values[n] != base[n]))
        for number, values in enumerate(sets, start=1)
    ]


def _commonest_rules(corpus: Corpus, codebook: Codebook, most: int) -> list[str]:
    """For each frame that a finding is about its commonest rules, each as a `leave_out` of one."""
    wanted = [one.subject for one in read_claims(corpus) if one.kind == "larger_share"]
    frames = {name: codebook.frames[name] for name in wanted if name in codebook.frames}
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


# --- computed --------------------------------------------------------------------------------------


def sweep_table(
    corpus: Corpus,
    codebook: Codebook,
    sweep: _Sweep | None,
    *,
    resamples: int = 2000,
    random_seed: int = 0,
    **base: object,
) -> pd.DataFrame:
    """Every declared finding under every specification of a sweep: `sweep.csv`.

    One row a specification and finding: specification (number), changed, a column a choice,
    finding, statement, estimate, low, high, holds ('true', 'false', '' if it cannot be said).
    `base` are the values of choices that the sweep leaves alone. Empty without a sweep or findings.
    """
    claims = read_claims(corpus)
    every = specifications(sweep, corpus, codebook) if sweep and claims else []
    names = list(every[0].values) if every else []
    check = _checker(corpus, codebook, claims, resamples=resamples, random_seed=random_seed)
    rows = []
    for one in every:
        given = {name: _parsed(name, text) for name, text in one.values.items()}
        found = check({**CHOICES, **base, **given})
        rows += [(one.number, one.label, *one.values.values(), *_row_of(f)) for f in found]
    return pd.DataFrame(rows, columns=["specification", "changed", *names, *_COLUMNS])


def _parsed(name: str, text: str) -> object:
    """The value of a choice."""
    return parse_value(text, type(CHOICES[name]).__name__, name)


def _checker(
    corpus: Corpus, codebook: Codebook, claims: Sequence[Claim], **fixed: int
) -> Callable[[Mapping[str, object]], list[Finding]]:
    """A function that checks the claims under one set of choices, as the notebooks do.

    What two sets of choices share is computed once.
    """

    @cache
    def tokens_of(exclusions: str, unique: str, similarity: float) -> Tokens:
        tokens = tokenize(corpus.with_exclusions(exclusions))
        check_unique(unique)
        if unique == "all":
            return tokens
        return counted(stories_of(tokens, similarity=similarity), unique)

    @cache
    def rates(confidence: float, *documents) -> list[Finding]:
        tokens = tokens_of(*documents)
        return check_rates(claims, tokens, codebook, confidence=confidence, **fixed)

    @cache
    def coding(documents: tuple, left_out: tuple[str, ...], unit: str, **counting) -> Coding:
        book = without(codebook, left_out)
        return code_units(tokens_of(*documents), book, unit, keep=0, **counting)

    def check(choice: Mapping[str, object]) -> list[Finding]:
        documents = tuple(choice[name] for name in ("exclusions", "unique", "similarity"))
        confidence = choice["confidence"]
        found = [*check_token_shares(claims, tokens_of(*documents)), *rates(confidence, *documents)]
        if codebook.frames and any(one.kind == "larger_share" for one in claims):
            counting = {name: choice[name] for name in ("threshold", "negation", "voice")}
            coded = coding(documents, tuple(choice["leave_out"]), choice["unit"], **counting)
            found += check_shares(claims, coded, confidence=confidence, **fixed)
        return found

    return check


def _row_of(finding: Finding) -> tuple:
    """A finding as the last columns of `sweep_table`."""
    holds = {True: "true", False: "false", None: ""}[finding.holds]
    numbers = (finding.estimate, finding.low, finding.high)
    return (finding.id, finding.statement, *numbers, holds)


# --- summarised ------------------------------------------------------------------------------------


def sweep_findings(table: pd.DataFrame) -> pd.DataFrame:
    """Each finding over all specifications: `sweep_findings.csv`.

    Columns: finding, statement, specifications, holds (in how many), share (of them),
    fails (the estimate points the other way, whatever the interval), unsaid (the data cannot
    say), base (its verdict there), estimate (of the base), lowest, highest (estimate), turned_by
    (the fewest choices that give another verdict than the base), moved (specifications with
    another estimate or interval than the base: the others do not test the finding).
    """
    rows = []
    for finding, part in table.groupby("finding", sort=False):
        n, base = len(part), part.iloc[0]
        holds, fails, unsaid = (int((part["holds"] == v).sum()) for v in ("true", "false", ""))
        rows.append(
            {
                "finding": finding,
                "statement": base["statement"],
                "specifications": n,
                "holds": holds,
                "share": holds / n,
                "fails": fails,
                "unsaid": unsaid,
                "base": base["holds"],
                "estimate": base["estimate"],
                "lowest": part["estimate"].min(),
                "highest": part["estimate"].max(),
                "turned_by": "; ".join(_reversing(part)["changed"]),
                "moved": _n_changed(part),
            }
        )
    columns = "finding statement specifications holds share fails unsaid base estimate lowest highest turned_by moved"
    return pd.DataFrame(rows, columns=columns.split())


def _n_changed(part: pd.DataFrame) -> int:
    """In how many specifications a finding has other numbers than in the base."""
    numbers = part[["estimate", "low", "high"]].to_numpy(dtype=float)
    same = np.isclose(numbers, numbers[0], rtol=1e-9, atol=0, equal_nan=True)
    return int((~same.all(axis=1)).sum())


def _reversing(part: pd.DataFrame) -> pd.DataFrame:
    """The specifications with the fewest changes under which a finding gets another verdict."""
    other = part[part["holds"] != part["holds"].iloc[0]]
    changes = other["changed"].str.count("=")
    return other[changes == changes.min()]


def reversing_specifications(table: pd.DataFrame) -> list[int]:
    """The numbers of the specifications that turn a finding with the fewest changes."""
    parts = [_reversing(part) for _, part in table.groupby("finding", sort=False)]
    return sorted({number for part in parts for number in part["specification"]})
