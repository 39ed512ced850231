"""Findings: statements declared with a corpus and checked on every run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

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

_KINDS = ("share_of_tokens", "higher_rate", "larger_share")
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
    estimate: float
    low: float
    high: float
    n: int
    measure: str
    evidence: str

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
    claims = [_claim(node) for node in top.get("findings").items()]
    for number, one in enumerate(claims):
        if one.id in {earlier.id for earlier in claims[:number]}:
            raise InputError("finding stands twice", where=one.where, value=one.id)
    return claims


def _claim(node: Node) -> Claim:
    """One claim from its entry in the file; raises InputError with its line."""
    node.only(("id", "statement", *_KINDS))
    node.exactly_one(_KINDS)
    kind = next(kind for kind in _KINDS if node.has(kind))
    what = node.get(kind)
    subject = {"share_of_tokens": "", "higher_rate": "term", "larger_share": "frame"}[kind]
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


def check_claims(claims: Sequence[Claim], codebook: Codebook) -> None:
    """Raise InputError for a claim whose term is no rule."""
    for one in claims:
        if one.kind == "higher_rate":
            try:
                term_sets([one.subject], codebook.terms)
            except InputError as error:
                raise InputError(str(error), where=one.where) from None


def selects_nobody(claims: Sequence[Claim], corpus: Corpus) -> list[str]:
    """Ids of the claims that have no document on one of their sides."""
    return [one.id for one in claims if not all(side.any() for side in _two_sides(corpus, one))]


def _selection(node: Node) -> dict[str, str]:
    return {column: value.text() for column, value in node.entries().items()}


def _chosen(corpus: Corpus, selected: Mapping[str, str]) -> np.ndarray:
    """Which documents have the selected values; none where the corpus lacks a column."""
    inside = np.ones(len(corpus), dtype=bool)
    for column, value in selected.items():
        if column not in corpus.documents.columns:
            return np.zeros(len(corpus), dtype=bool)
        inside &= (corpus.documents[column] == value).to_numpy()
    return inside


def _with_values(corpus: Corpus, columns: Iterable[str]) -> np.ndarray:
    """Which documents have a value in each of some columns."""
    inside = np.ones(len(corpus), dtype=bool)
    for column in set(columns) & set(corpus.documents.columns):
        inside &= ~corpus.documents[column].isin(["", NO_VALUE]).to_numpy()
    return inside


def _two_sides(corpus: Corpus, one: Claim) -> tuple[np.ndarray, np.ndarray]:
    """The documents of a claim, and those of their language that they are compared with.

    A claim that names no counterpart is compared with the other documents that have values of its
    columns.
    """
    mine = _chosen(corpus, one.of)
    others = (_chosen(corpus, one.than) if one.than else _with_values(corpus, one.of)) & ~mine
    return mine, others & np.isin(corpus.languages, corpus.languages[mine])


def check_token_shares(claims: Sequence[Claim], tokens: Tokens) -> list[Finding]:
    """Claims that the chosen documents hold more than half of all tokens: a count, no interval."""
    found = []
    for one in claims:
        if one.kind != "share_of_tokens":
            continue
        mine, _ = _two_sides(tokens.corpus, one)
        share = tokens.document_sizes[mine].sum() / len(tokens) if len(tokens) else np.nan
        holds = bool(share > 0.5) if mine.any() else None
        nan = float("nan")
        found.append(
            _finding(
                one,
                holds,
                (share if mine.any() else nan, nan, nan),
                len(tokens),
                "share of all tokens",
                "documents.csv",
            )
        )
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
    for one in claims:
        if one.kind != "higher_rate":
            continue
        sets = term_sets([one.subject], codebook.terms if codebook else {})
        matches = find(tokens, sets, keep=0)
        parts = [term_side(matches, side) for side in _two_sides(tokens.corpus, one)]
        numbers, why = _compare(parts, 0, confidence)
        scaled = tuple(number * 1e6 for number in numbers)
        n = int(sum(part.sizes.sum() for part, _ in parts))
        what = "difference per million tokens" + why
        found.append(
            _finding(one, None if why else _verdict(*scaled), scaled, n, what, "trends.csv")
        )
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
    for one in claims:
        if one.kind != "larger_share":
            continue
        if one.subject not in coding.frames:
            nan = float("nan")
            found.append(
                _finding(one, None, (nan, nan, nan), 0, "the codebook lacks the frame", "")
            )
            continue
        parts = [(coding.by_document(side), 1.0) for side in _two_sides(coding.tokens.corpus, one)]
        numbers, why = _compare(parts, coding.frames.index(one.subject), confidence)
        n = int(sum(part.sizes.sum() for part, _ in parts))
        what = f"difference of shares of {coding.unit}s{why}"
        holds = None if why else _verdict(*numbers)
        found.append(_finding(one, holds, numbers, n, what, "evidence.parquet"))
    return found


def _compare(parts, column: int, confidence: float) -> tuple[tuple[float, float, float], str]:
    """Difference of two sides' rates of one column and its interval, NaN where a side is empty; and
    why no claim can rest on an interval over documents, '' where one can (see `rate_difference`)."""
    if any(not documents.sizes.sum() for documents, _ in parts):
        return (float("nan"),) * 3, ""
    sides, effects = zip(*parts, strict=True)
    found = uncertainty.rate_difference(*sides, effects=effects, confidence=confidence)
    difference = found.rate[column] - found.other[column]
    why = found.no_test[column] if found.over == "documents" else ""
    numbers = float(difference), float(found.low[column]), float(found.high[column])
    return numbers, f"; {why}" if why else ""


def _verdict(estimate: float, low: float, high: float) -> bool | None:
    """Whether 'more' holds: True with the interval above zero, False where the texts do not show it
    (an estimate of zero or less), None where they do and the interval still holds zero."""
    if not np.isfinite([estimate, low, high]).all():
        return None
    if estimate <= 0:
        return False
    return True if low > 0 else None


def _finding(one: Claim, holds, numbers, n: int, measure: str, evidence: str) -> Finding:
    estimate, low, high = (float(number) for number in numbers)
    return Finding(one.id, one.statement, holds, estimate, low, high, n, measure, evidence)


def findings_table(found: Sequence[Finding]) -> pd.DataFrame:
    """The findings as a table to read: statement, verdict, estimate, low, high, n, measure."""
    columns = ["statement", "verdict", "estimate", "low", "high", "n", "measure"]
    rows = [[getattr(one, column) for column in columns] for one in found]
    return pd.DataFrame(rows, columns=columns)
