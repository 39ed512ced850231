"""Agreement of coders: how far codings of the same units are the same, and where they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.statistics import measures, uncertainty

_MIN_UNITS = 10
"""Units coded at least twice below which alpha has no interval."""
_MAX_UNDEFINED = 0.05
AGREEMENT = ["variable", "units", "percent", "cohen", "fleiss", "alpha", "low", "high", "reason"]


def _labels(codes) -> np.ndarray:
    """Codes as coders × units of objects, a missing one None."""
    codes = np.array(codes, dtype=object)
    return np.where(pd.isna(codes), None, codes)


def frame_codes(codes: np.ndarray, frames: Sequence[str]) -> dict[str, np.ndarray]:
    """Codes of coders × units × frames as coders × units of each frame."""
    return {frame: _labels(codes[:, :, number]) for number, frame in enumerate(frames)}


def agreement_table(
    variables: Mapping[str, np.ndarray],
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    random_seed: int = 0,
) -> pd.DataFrame:
    """Agreement on each variable; its codes are coders × units, missing ones None or NaN.

    Columns: variable, units (coded by at least two), percent (of pairs of codes of a unit that are
    the same), cohen (two coders only), fleiss (units that every coder coded), alpha
    (Krippendorff's, over all units), low, high (its percentile interval, units resampled), reason.
    A coefficient that is not defined is missing and `reason` says why: where every code is the
    same, nothing shows that coders can tell the categories apart.
    """
    rows = []
    for name, codes in variables.items():
        rng = uncertainty.generator(random_seed, f"agreement {name}")
        rows.append((name, *_agreement_of(_labels(codes), confidence, resamples, rng)))
    return pd.DataFrame(rows, columns=AGREEMENT)


def _agreement_of(codes, confidence: float, resamples: int, rng) -> tuple:
    """The row of one variable."""
    values, pairs = measures.coincidences(codes)
    pairs = pairs[pairs.sum(axis=(1, 2)) > 0]
    nan = float("nan")
    if not len(pairs):
        return (0, *[nan] * 6, "no unit was coded twice")
    percent = float((np.trace(pairs, axis1=1, axis2=2) / pairs.sum(axis=(1, 2))).mean())
    if np.count_nonzero(pairs.sum(axis=(0, 2))) < 2:
        only = values[np.flatnonzero(pairs.sum(axis=(0, 2)))[0]]
        return (len(pairs), percent, *[nan] * 5, f"undefined: every code is {only}")
    alpha = measures.alpha_of(pairs.sum(axis=0), values)
    low, high, reason = _alpha_interval(pairs, values, confidence, resamples, rng)
    kappas = (_cohen_of(codes), _fleiss_of(codes, values))
    return (len(pairs), percent, *kappas, alpha, low, high, reason)


def _cohen_of(codes: np.ndarray) -> float:
    """Cohen's kappa of two coders, NaN for any other number of them."""
    if len(codes) != 2:
        return float("nan")
    return measures.cohen_kappa(_cross_table(*codes).to_numpy())


def _fleiss_of(codes: np.ndarray, values: np.ndarray) -> float:
    """Fleiss' kappa over the units that every coder coded."""
    whole = codes[:, (codes != None).all(axis=0)]  # noqa: E711 - elementwise
    counts = np.array([(whole == value).sum(axis=0) for value in values]).T
    return measures.fleiss_kappa(counts)


def _alpha_interval(pairs, values, confidence, resamples, rng) -> tuple[float, float, str]:
    """Percentile interval of alpha over resamples of units, or why there is none.

    Where coders never differ no resample can differ either: its interval of no width would look
    like certainty. A resample in which every code is the same has no alpha and is left out; where
    more than MAX_UNDEFINED of them are, there is no interval.
    """
    n, none = len(pairs), (float("nan"), float("nan"))
    if n < _MIN_UNITS:
        return *none, f"{n} units: no interval below {_MIN_UNITS}"
    if np.trace(pairs.sum(axis=0)) == pairs.sum():
        return *none, "coders never differ: no interval can be resampled"
    weights = rng.multinomial(n, np.full(n, 1 / n), size=resamples)
    matrices = np.tensordot(weights, pairs, axes=1)
    alphas = np.array([measures.alpha_of(matrix, values) for matrix in matrices])
    undefined = float(np.isnan(alphas).mean())
    if undefined > _MAX_UNDEFINED:
        return *none, f"codes too rare for an interval: undefined in {undefined:.0%} of resamples"
    low, high = uncertainty.percentiles(alphas, confidence)
    return float(low), float(high), ""


def _cross_table(codes: np.ndarray, other: np.ndarray) -> pd.DataFrame:
    """Units by the codes of two coders, the same categories in rows and columns."""
    both = pd.DataFrame({"code": codes, "other_code": other}, dtype=object).dropna()
    categories = sorted({*both["code"], *both["other_code"]})
    counts = pd.crosstab(both["code"], both["other_code"])
    return counts.reindex(index=categories, columns=categories, fill_value=0)


def cross_tables(
    variables: Mapping[str, np.ndarray], coders: Sequence[str]
) -> Iterator[tuple[tuple, pd.DataFrame]]:
    """Variable and names of every two coders, with the cross table of their codes."""
    for name, codes in variables.items():
        for (a, mine), (b, theirs) in combinations(zip(coders, _labels(codes), strict=True), 2):
            yield (name, a, b), _cross_table(mine, theirs)


def confusion_table(variables: Mapping[str, np.ndarray], coders: Sequence[str]) -> pd.DataFrame:
    """How often each pair of codes was given: variable, coder, other, code, other_code, units."""
    rows = [
        (*names, code, other_code, int(units))
        for names, table in cross_tables(variables, coders)
        for code, row in table.iterrows()
        for other_code, units in row.items()
    ]
    return pd.DataFrame(rows, columns=["variable", "coder", "other", "code", "other_code", "units"])


def pair_table(variables: Mapping[str, np.ndarray], coders: Sequence[str]) -> pd.DataFrame:
    """Percent agreement and Cohen's kappa of every two coders: variable, coder, other, units,
    percent, cohen."""
    rows = []
    for names, counts in cross_tables(variables, coders):
        table = counts.to_numpy()
        n = int(table.sum())
        percent = float(np.trace(table) / n) if n else float("nan")
        rows.append((*names, n, percent, measures.cohen_kappa(table)))
    return pd.DataFrame(rows, columns=["variable", "coder", "other", "units", "percent", "cohen"])


def disagreements(
    variables: Mapping[str, np.ndarray], units: Sequence[str], coders: Sequence[str]
) -> pd.DataFrame:
    """The units that coders coded differently: variable, unit_id, and the code of each coder."""
    rows = [
        (name, unit, *given)
        for name, codes in variables.items()
        for unit, given in zip(units, _labels(codes).T, strict=True)
        if len({code for code in given if code is not None}) > 1
    ]
    return pd.DataFrame(rows, columns=["variable", "unit_id", *coders])
