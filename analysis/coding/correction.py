"""Shares of frames corrected for the errors of an automatic coder, by a coded sample of units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from analysis.corpus import NO_VALUE, comparable_groups, masks_of
from analysis.errors import InputError
from analysis.statistics import uncertainty

_FEWEST_CODED = 30
"""Coded units of a group below which its share is not corrected."""
_FEWEST_FOR_A_RATE = 10
"""Coded units below which precision or recall has no interval."""
_UNSEEN_ERRORS = 1.0
"""Errors of either kind that each stratum is taken to hold beside those seen."""
PRECISION = 0.03


@dataclass(frozen=True, eq=False)
class Study:
    """Automatic codes of every unit, and people's codes of a sample of them.

    `automatic` is units × frames (True where coded). `codes` is units × frames: 1, 0, or NaN where
    the unit was not coded by people. `strata`, `groups` and `documents` are one label a unit; the
    coded units must be a random sample within each stratum.
    """

    frames: tuple[str, ...]
    automatic: np.ndarray
    codes: np.ndarray
    strata: np.ndarray
    groups: np.ndarray
    documents: np.ndarray

    def __post_init__(self) -> None:
        n, k = len(self.strata), len(self.frames)
        shapes = {np.shape(self.automatic), np.shape(self.codes)}
        if shapes != {(n, k)} or {len(self.groups), len(self.documents)} != {n}:
            raise ValueError("automatic and codes are units × frames, the labels one a unit")

    @cached_property
    def stratum(self) -> np.ndarray:
        """Number of each unit's stratum."""
        return np.unique(np.asarray(self.strata, dtype=str), return_inverse=True)[1]

    @cached_property
    def document(self) -> np.ndarray:
        """Number of each unit's document."""
        return np.unique(np.asarray(self.documents, dtype=str), return_inverse=True)[1]

    def frame(self, number: int) -> _FrameSample:
        """Everything about one frame."""
        return _FrameSample(
            self.automatic[:, number].astype(float), self.codes[:, number], self.stratum
        )


def make_study(frames: Sequence[str], automatic, places, codes, strata, groups, documents) -> Study:
    """A study from the codes of the sampled units: `places` are their numbers among all units."""
    automatic = np.asarray(automatic, dtype=bool)
    whole = np.full(automatic.shape, np.nan)
    whole[np.asarray(places, dtype=int)] = codes
    labels = (np.asarray(one, dtype=object) for one in (strata, groups, documents))
    return Study(tuple(frames), automatic, whole, *labels)


def consensus(codes: np.ndarray) -> np.ndarray:
    """One code a unit and frame from coders × units × frames: that of the majority, NaN for a tie."""
    coders = np.sum(~np.isnan(codes), axis=0)
    ones = np.nansum(codes, axis=0)
    majority = np.where(2 * ones > coders, 1.0, 0.0)
    return np.where((coders == 0) | (2 * ones == coders), np.nan, majority)


# --- the estimator -----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _FrameSample:
    """One frame: the automatic code (0, 1) and the person's (0, 1, NaN) of every unit."""

    automatic: np.ndarray
    code: np.ndarray
    stratum: np.ndarray

    @cached_property
    def coded(self) -> np.ndarray:
        """Which units people coded."""
        return ~np.isnan(self.code)

    @cached_property
    def population(self) -> np.ndarray:
        """Units in each stratum."""
        return np.bincount(self.stratum)

    @cached_property
    def drawn(self) -> np.ndarray:
        """Units coded by people in each stratum."""
        return np.bincount(self.stratum[self.coded], minlength=len(self.population))

    @cached_property
    def weight(self) -> np.ndarray:
        """Units that each coded unit stands for, 0 for the others."""
        inverse = self.population / np.maximum(self.drawn, 1)
        return np.where(self.coded, inverse[self.stratum], 0.0)

    @cached_property
    def error(self) -> np.ndarray:
        """Person's code - automatic code, 0 where no person coded."""
        return np.where(self.coded, np.nan_to_num(self.code) - self.automatic, 0.0)

    @cached_property
    def pseudo(self) -> np.ndarray:
        """The design-adjusted outcome: automatic + weight × error. Its mean is unbiased for the
        mean of what a person would have coded, however the automatic coder errs (Egami, Hinck,
        Stewart and Wei 2023, Using imperfect surrogates for downstream inference; the difference
        estimator of Särndal and others 1992; prediction-powered inference of Angelopoulos and
        others 2023)."""
        return self.automatic + self.weight * self.error

    def refusal(self, inside: np.ndarray) -> str:
        """Why the share of the units inside is not corrected, '' where it is."""
        n = int((inside & self.coded).sum())
        if n < _FEWEST_CODED:
            return f"{n} coded units: not corrected below {_FEWEST_CODED}"
        strata = np.unique(self.stratum[inside])
        thin = self.drawn[strata] < np.minimum(self.population[strata], 2)
        return "a stratum with fewer than two coded units" if thin.any() else ""

    def stratum_variances(self, part: np.ndarray) -> np.ndarray:
        """Variance within each stratum of part × error, from the coded units.

        Each stratum is taken to hold UNSEEN_ERRORS of each kind that can occur in it, so that a
        sample without an error does not pass for certainty.
        """
        n, size = self.drawn, len(self.population)
        here = np.flatnonzero(part)
        typical = np.sqrt(
            np.bincount(self.stratum[here], part[here] ** 2, size) / np.maximum(self.population, 1)
        )
        kinds = np.zeros(size)
        for code in (0.0, 1.0):
            possible = np.zeros(size, dtype=bool)
            possible[self.stratum[here[self.automatic[here] == code]]] = True
            kinds += possible
        value = np.where(self.coded, part * self.error, 0.0)
        unseen = _UNSEEN_ERRORS * kinds
        squares = np.bincount(self.stratum, value**2, size) + unseen * typical**2
        mean = np.bincount(self.stratum, value, size) / np.maximum(n + unseen, 1)
        return np.maximum(squares / np.maximum(n + unseen, 1) - mean**2, 0.0)

    def design_variance(self, part: np.ndarray) -> float:
        """Variance over samples of the total of part × pseudo (stratified, without replacement)."""
        return self.variance_of(self.stratum_variances(part), self.drawn)

    def variance_of(self, within: np.ndarray, drawn: np.ndarray) -> float:
        """The same for so many coded units a stratum, from the variances within strata."""
        per_unit = self.population / np.maximum(drawn, 1) - 1
        return float((self.population * per_unit * within).sum())


def _clustered_variance(part: np.ndarray, document: np.ndarray) -> float:
    """Variance of a sum of parts over documents taken as drawn independently."""
    totals = np.bincount(document[part != 0], part[part != 0], document.max() + 1)
    used = np.unique(document[part != 0])
    n = len(used)
    return float(n / (n - 1) * (totals[used] ** 2).sum()) if n > 1 else float("nan")


@dataclass(frozen=True)
class _Estimate:
    """A corrected number and its interval; `over` is 'documents', 'texts' or '' (see `reason`)."""

    value: float
    low: float
    high: float
    over: str
    reason: str


_REFUSED = float("nan"), float("nan"), float("nan"), ""


def corrected_share(
    study: Study, number: int, inside: np.ndarray, confidence: float = 0.95
) -> _Estimate:
    """The corrected share of one frame among the units inside."""
    return _contrast(study, number, [inside], confidence)


def _corrected_difference(
    study: Study, number: int, inside: np.ndarray, others: np.ndarray, confidence: float = 0.95
) -> _Estimate:
    """The corrected share among the units inside - that among the others."""
    return _contrast(study, number, [inside, others], confidence)


def _contrast(study: Study, number: int, sides: list[np.ndarray], confidence: float) -> _Estimate:
    """The share of the first side, less that of the second if there are two.

    With FEWEST_DOCUMENTS on each side the interval speaks of documents of the kind (variance of
    the documents' sums, Student's t); with fewer of these texts only (variance over samples of
    units to code).
    """
    sample = study.frame(number)
    for side in sides:
        if reason := sample.refusal(side):
            return _Estimate(*_REFUSED, reason)
    part, spread, value = np.zeros(len(sample.code)), np.zeros(len(sample.code)), 0.0
    for sign, side in zip((1, -1), sides, strict=False):
        share = float(sample.pseudo[side].mean())
        value += sign * share
        part[side] += sign / side.sum()
        spread[side] += sign * (sample.pseudo[side] - share) / side.sum()
    variance = sample.design_variance(part)
    documents = min(len(np.unique(study.document[side])) for side in sides)
    over = "documents" if documents >= uncertainty.FEWEST_DOCUMENTS else "texts"
    if over == "documents":
        variance = max(variance, _clustered_variance(spread, study.document))
        quantile = uncertainty.student_quantile(confidence, documents)
    else:
        quantile = uncertainty.normal_quantile(confidence)
    half = quantile * np.sqrt(variance)
    bottom = 0.0 if len(sides) == 1 else -1.0
    value = float(np.clip(value, bottom, 1.0))
    return _Estimate(value, max(bottom, value - half), min(1.0, value + half), over, "")


def _further_units(
    study: Study,
    number: int,
    inside: np.ndarray,
    confidence: float = 0.95,
    precision: float = PRECISION,
) -> float:
    """How many more units to code, spread as those coded, until the corrected share of these texts
    is known to ± precision; NaN where too few are coded to tell."""
    sample = study.frame(number)
    if sample.refusal(inside):
        return float("nan")
    within = sample.stratum_variances(inside / inside.sum())
    strata = np.unique(sample.stratum[inside])
    goal = (precision / uncertainty.normal_quantile(confidence)) ** 2

    def spread(times: float) -> np.ndarray:
        drawn = sample.drawn.copy()
        drawn[strata] = np.minimum(np.ceil(drawn[strata] * times), sample.population[strata])
        return drawn

    few, many = 1.0, float((sample.population[strata] / sample.drawn[strata]).max())
    if sample.variance_of(within, sample.drawn) <= goal:
        return 0.0
    while many - few > 1e-3:
        middle = (few + many) / 2
        enough = sample.variance_of(within, spread(middle)) <= goal
        few, many = (few, middle) if enough else (middle, many)
    return float((spread(many) - sample.drawn).sum())


# --- how well the automatic coder does ---------------------------------------------------------------


def _weighted_rate(
    sample: _FrameSample, hit: np.ndarray, base: np.ndarray, confidence: float
) -> tuple[float, float, float]:
    """The share of hits among the base in the whole corpus, from the coded units, with interval.

    Wilson's with the effective number of units (Korn and Graubard 1998, Confidence intervals for
    proportions with small expected number of positive counts), from the linearised variance of a
    ratio under the design; no interval below FEWEST_FOR_A_RATE coded units in the base.
    """
    weight = sample.weight
    total = float((weight * base).sum())
    if not total:
        return float("nan"), float("nan"), float("nan")
    rate = float((weight * base * hit).sum() / total)
    n = int((base & sample.coded).sum())
    if n < _FEWEST_FOR_A_RATE:
        return rate, float("nan"), float("nan")
    residual = np.where(sample.coded, base * (hit - rate), 0.0)
    size, drawn = len(sample.population), np.maximum(sample.drawn, 2)
    mean = np.bincount(sample.stratum, residual, size) / drawn
    squares = np.bincount(sample.stratum, residual**2, size)
    within = np.maximum(squares - drawn * mean**2, 0.0) / (drawn - 1)
    factor = sample.population * np.maximum(sample.population / drawn - 1, 0.0)
    variance = float((factor * within).sum()) / total**2
    kish = total**2 / float(((weight * base) ** 2).sum())
    effective = rate * (1 - rate) / variance if variance and 0 < rate < 1 else kish
    effective = min(max(effective, 1.0), n)
    low, high = uncertainty.wilson(rate * effective, effective, confidence)
    return rate, float(low), float(high)


ACCURACY = ["frame", "coded", "positive", "precision", "precision_low", "precision_high"]
ACCURACY += ["recall", "recall_low", "recall_high", "f1", "reason"]


def accuracy_table(study: Study, confidence: float = 0.95) -> pd.DataFrame:
    """Precision and recall of the automatic coder on each frame, over the whole corpus.

    Columns: frame, coded (units people coded), positive (of them with the frame), precision,
    recall with low and high, f1, reason (why a number is missing).
    """
    rows = []
    for number, frame in enumerate(study.frames):
        sample = study.frame(number)
        person, machine = np.nan_to_num(sample.code) == 1, sample.automatic == 1
        precision = _weighted_rate(sample, person, machine & sample.coded, confidence)
        recall = _weighted_rate(sample, machine, person, confidence)
        found = int(sample.coded.sum()), int(person.sum())
        both = precision[0] + recall[0]
        f1 = 2 * precision[0] * recall[0] / both if both > 0 else float("nan")
        reason = _missing_rates(int((machine & sample.coded).sum()), found[1])
        rows.append((frame, *found, *precision, *recall, f1, reason))
    return pd.DataFrame(rows, columns=ACCURACY)


def _missing_rates(machine: int, person: int) -> str:
    """Why precision or recall has no interval, '' where both have."""
    told = [
        f"{n} coded units {what}: no interval of {rate} below {_FEWEST_FOR_A_RATE}"
        for n, what, rate in (
            (machine, "with the frame by the automatic coder", "precision"),
            (person, "with the frame by people", "recall"),
        )
        if n < _FEWEST_FOR_A_RATE
    ]
    return "; ".join(told)


def _rogan_gladen(apparent, sensitivity, specificity):
    """The prevalence behind an apparent one (Rogan and Gladen 1978), cut to 0 … 1.

    NaN where the coder is no better than chance (sensitivity + specificity ≤ 1).
    """
    better = np.asarray(sensitivity) + specificity - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (np.asarray(apparent) + specificity - 1) / better
    return np.where(better > 0, np.clip(share, 0.0, 1.0), np.nan)


# --- tables ------------------------------------------------------------------------------------------


def prevalence_table(
    study: Study, *, confidence: float = 0.95, precision: float = PRECISION
) -> pd.DataFrame:
    """Shares of each frame for all and by group, as counted and corrected.

    Columns: frame, group, units, coded (by people), naive (the automatic share), corrected, low,
    high, interval ('documents', 'texts'), rogan_gladen (the textbook correction, with the error
    rates of the whole corpus, which takes them to be the same in every group; missing where no
    coded unit has the frame), further_units (to
    code for ± precision), reason (why there is no correction).
    """
    rows = []
    for number, frame in enumerate(study.frames):
        sample = study.frame(number)
        rates = _sensitivity_of(sample)
        for group, inside in masks_of(study.groups):
            naive = float(sample.automatic[inside].mean())
            one = corrected_share(study, number, inside, confidence)
            more = _further_units(study, number, inside, confidence, precision)
            counted = (int(inside.sum()), int((inside & sample.coded).sum()), naive)
            corrected = (one.value, one.low, one.high, one.over)
            textbook = float(_rogan_gladen(naive, *rates)) if not one.reason else float("nan")
            rows.append((frame, group, *counted, *corrected, textbook, more, one.reason))
    columns = ["frame", "group", "units", "coded", "naive", "corrected", "low", "high", "interval"]
    return pd.DataFrame(rows, columns=[*columns, "rogan_gladen", "further_units", "reason"])


def _sensitivity_of(sample: _FrameSample) -> tuple[float, float]:
    """Weighted sensitivity and specificity of the automatic coder."""
    person = np.nan_to_num(sample.code) == 1
    without = sample.coded & ~person
    with np.errstate(invalid="ignore", divide="ignore"):
        sensitivity = np.divide(
            (sample.weight * person * sample.automatic).sum(), (sample.weight * person).sum()
        )
        specificity = np.divide(
            (sample.weight * without * (1 - sample.automatic)).sum(),
            (sample.weight * without).sum(),
        )
    return float(sensitivity), float(specificity)


def difference_table(
    study: Study, compare: Sequence[str] = (), *, confidence: float = 0.95
) -> pd.DataFrame:
    """Differences of shares between groups, as counted and corrected: two groups with each other,
    more of them each with the rest. Units of '(none)' are compared with nothing.

    Columns: frame, group, other, naive, corrected, low, high, interval, reason. Raises InputError
    for a name in `compare` that is no group.
    """
    names = comparable_groups(study.groups.tolist())
    for name in compare:
        if name not in names:
            raise InputError("no unit of this group", where="compare", value=name, allowed=names)
    names = list(compare) or names
    pairs = [(names[0], names[1])] if len(names) == 2 else [(name, "the rest") for name in names]
    rows = []
    for number, frame in enumerate(study.frames):
        automatic = study.automatic[:, number]
        for name, other in pairs if len(names) > 1 else []:
            inside = study.groups == name
            rest = ~inside & (study.groups != NO_VALUE)
            others = study.groups == other if len(names) == 2 else rest
            naive = float(automatic[inside].mean() - automatic[others].mean())
            one = _corrected_difference(study, number, inside, others, confidence)
            corrected = (one.value, one.low, one.high, one.over, one.reason)
            rows.append((frame, name, other, naive, *corrected))
    columns = ["frame", "group", "other", "naive", "corrected", "low", "high", "interval", "reason"]
    return pd.DataFrame(rows, columns=columns)
