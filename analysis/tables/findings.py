"""Findings: statements declared with a corpus and checked on every run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd

from analysis.corpus import NO_VALUE, Corpus
from analysis.errors import InputError
from analysis.files import Node, read_yaml
from analysis.rules.codebook import Codebook, term_sets
from analysis.rules.evidence import find
from analysis.statistics import uncertainty
from analysis.tables.framing import Coding
from analysis.tables.rates import term_side
from analysis.tokens import Tokens

# the kinds of statement, and what each is about
_SUBJECTS = {"share_of_tokens": "", "higher_rate": "term", "larger_share": "frame"}
_VERDICTS = {
    True: "holds in these texts",
    False: "no longer holds",
    None: "cannot be said from these data",
}


@dataclass(frozen=True)
class Claim:
    """A statement as declared: what is compared, in which documents, against which.

    `of` and `than` select documents by values of metadata columns; an empty `than` is every
    other document. `subject` is a frame or a term; empty for `share_of_tokens`.
    """

    id: str
    statement: str
    kind: str
    subject: str
    of: Mapping[str, str]
    than: Mapping[str, str]
    where: str


@dataclass(frozen=True)
class Finding:
    """A claim checked against the data: one entry of `findings.json`.

    `holds` is True, False, or None where the data cannot carry the statement. `estimate`, `low`
    and `high` are in the unit that `measure` names, NaN where there is none; `n` is how many units
    (sentences, tokens) were counted; `evidence` says where the numbers come from.
    """

    id: str
    statement: str
    holds: bool | None
    estimate: float = nan
    low: float = nan
    high: float = nan
    n: int = 0
    measure: str = ""
    evidence: str = ""

    @property
    def verdict(self) -> str:
        return _VERDICTS[self.holds]


def read_claims(corpus: Corpus) -> list[Claim]:
    """The claims of the corpus folder's findings.yaml, none where it has none.

    Raises InputError with the line of a mistake.
    """
    file = corpus.folder / "findings.yaml" if corpus.folder else None
    if file is None or not file.exists():
        return []
    top = read_yaml(file)
    top.only(("findings",))
    claims: dict[str, Claim] = {}
    for node in top.get("findings").items():
        one = _claim(node)
        if one.id in claims:
            raise InputError("finding appears twice", where=one.where, value=one.id)
        claims[one.id] = one
    return list(claims.values())


def _claim(node: Node) -> Claim:
    """One claim from its entry in the file; raises InputError with its line."""
    node.only(("id", "statement", *_SUBJECTS))
    node.exactly_one(tuple(_SUBJECTS))
    kind = next(kind for kind in _SUBJECTS if node.has(kind))
    what, subject = node.get(kind), _SUBJECTS[kind]
    what.only([subject, "of", "than"] if subject else ["of"])
    return Claim(
        id=node.get("id").text(),
        statement=node.get("statement").text(),
        kind=kind,
        subject=what.get(subject).text() if subject else "",
        of=_selection(what.get("of")),
        than=_selection(what.get("than")) if what.has("than") else {},
        where=node.where,
    )


def _selection(node: Node) -> dict[str, str]:
    return {column: value.text() for column, value in node.entries().items()}


def check_claims(claims: Sequence[Claim], codebook: Codebook) -> None:
    """Raise InputError for a claim whose term is not a rule."""
    for one in claims:
        if one.kind == "higher_rate":
            try:
                term_sets([one.subject], codebook.terms)
            except InputError as error:
                raise InputError(str(error), where=one.where) from None


def selects_nobody(claims: Sequence[Claim], corpus: Corpus) -> list[str]:
    """Ids of the claims that have no document on one of their sides."""
    return [one.id for one in claims if not all(side.any() for side in _two_sides(corpus, one))]


def _two_sides(corpus: Corpus, one: Claim) -> tuple[np.ndarray, np.ndarray]:
    """The documents of a claim, and those of their language that they are compared with.

    A claim that names no counterpart is compared with the other documents that have values of its
    columns.
    """
    mine = _selected(corpus, one.of)
    if one.than:
        others = _selected(corpus, one.than)
    else:
        known = [column for column in one.of if column in corpus.documents.columns]
        others = ~corpus.documents[known].isin(["", NO_VALUE]).any(axis=1).to_numpy()
    return mine, others & ~mine & np.isin(corpus.languages, corpus.languages[mine])


def _selected(corpus: Corpus, values: Mapping[str, str]) -> np.ndarray:
    """Which documents have the selected values; none where the corpus lacks a column."""
    inside = np.ones(len(corpus), dtype=bool)
    for column, value in values.items():
        known = column in corpus.documents.columns
        inside &= (corpus.documents[column] == value).to_numpy() if known else False
    return inside


def check_token_shares(claims: Sequence[Claim], tokens: Tokens) -> list[Finding]:
    """Claims that the chosen documents hold more than half of all tokens: a count, no interval."""
    found = []
    for one in claims:
        if one.kind == "share_of_tokens":
            mine, _ = _two_sides(tokens.corpus, one)
            share = float(tokens.document_sizes[mine].sum() / len(tokens)) if mine.any() else nan
            holds = share > 0.5 if mine.any() else None
            what = {"measure": "share of all tokens", "evidence": "documents.csv"}
            found.append(Finding(one.id, one.statement, holds, share, n=len(tokens), **what))
    return found


def check_rates(
    claims: Sequence[Claim],
    tokens: Tokens,
    codebook: Codebook | None,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    random_seed: int = 0,
) -> list[Finding]:
    """Claims that a term is more frequent in some documents than in others."""
    found = []
    what = {"measure": "difference per million tokens", "evidence": "trends.csv"}
    for one in claims:
        if one.kind == "higher_rate":
            sets = term_sets([one.subject], codebook.terms if codebook else {})
            matches = find(tokens, sets, keep=0)
            sides = [term_side(matches, mask) for mask in _two_sides(tokens.corpus, one)]
            found.append(_compared(one, sides, confidence, per=1e6, **what))
    return found


def check_shares(
    claims: Sequence[Claim],
    coding: Coding,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    random_seed: int = 0,
) -> list[Finding]:
    """Claims that some documents carry a frame in a larger share of their units than others."""
    found = []
    what = {"measure": f"difference of shares of {coding.unit}s", "evidence": "evidence.parquet"}
    for one in claims:
        if one.kind != "larger_share":
            continue
        if one.subject not in coding.frames:
            missing = "the codebook lacks the frame"
            found.append(Finding(one.id, one.statement, None, measure=missing))
            continue
        frame, masks = coding.frames.index(one.subject), _two_sides(coding.tokens.corpus, one)
        sides = [(coding.by_document(mask, slice(frame, frame + 1)), 1.0) for mask in masks]
        found.append(_compared(one, sides, confidence, **what))
    return found


def _compared(
    one: Claim, sides, confidence: float, *, measure: str, evidence: str, per: float = 1
) -> Finding:
    """The finding of a claim about the rates of one thing in two sets of documents.

    Each side has its counts and the design effects of its sentences. Where no claim can rest on an
    interval over documents (see `rate_difference`) the measure says why.
    """
    (first, second), effects = zip(*sides, strict=True)
    n = int(first.sizes.sum() + second.sizes.sum())
    what = {"n": n, "measure": measure, "evidence": evidence}
    if not first.sizes.sum() or not second.sizes.sum():
        return Finding(one.id, one.statement, None, **what)
    found = uncertainty.rate_difference(first, second, effects=effects, confidence=confidence)
    difference = (found.rate - found.other, found.low, found.high)
    numbers = [float(number[0] * per) for number in difference]
    why = found.no_test[0] if found.over == "documents" else ""
    if why:
        what["measure"] += f"; {why}"
    return Finding(one.id, one.statement, None if why else _verdict(*numbers), *numbers, **what)


def _verdict(estimate: float, low: float, high: float) -> bool | None:
    """Whether 'more' holds: True with the interval above zero, False where the texts do not show it
    (an estimate of zero or less), None where they do and the interval still holds zero."""
    if not np.isfinite([estimate, low, high]).all():
        return None
    if estimate <= 0:
        return False
    return True if low > 0 else None


def findings_table(found: Sequence[Finding]) -> pd.DataFrame:
    """The findings as a table to read: statement, verdict, estimate, low, high, n, measure."""
    columns = ["statement", "verdict", "estimate", "low", "high", "n", "measure"]
    rows = [[getattr(one, column) for column in columns] for one in found]
    return pd.DataFrame(rows, columns=columns)
