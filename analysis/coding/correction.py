"""Shares of frames corrected for the errors of an automatic coder, by a coded sample of units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.coding import sampling
from analysis.corpus import NO_VALUE, comparable_groups, masks_of
from analysis.errors import InputError
from analysis.statistics import uncertainty

_MIN_CODED = 30
"""Coded units of a group below which its share is not corrected."""
_MIN_FOR_A_RATE = 10
"""Coded units below which precision or recall has no interval."""
_UNSEEN_ERRORS = 1.0
"""Errors of either kind that each stratum is taken to hold besides those seen."""
PRECISION = 0.03
_SIZES, _DRAWS = (50, 100, 200), 100
ACCURACY = ["frame", "coded", "positive", "precision", "precision_low", "precision_high"]
ACCURACY += ["recall", "recall_low", "recall_high", "f1", "reason"]
_PREVALENCE = ["frame", "group", "units", "coded", "naive", "corrected", "low", "high"]
_PREVALENCE += ["interval", "rogan_gladen", "further_units", "reason"]
_DIFFERENCES = ["frame", "group", "other", "naive", "corrected", "low", "high", "interval"]
_DIFFERENCES += ["reason"]


@dataclass(frozen=True, eq=False)
class Study:
    """Automatic codes of every unit, and people's codes of a sample of them.

    `automatic` is units × frames (True where coded). `codes` is units × frames: 1, 0, or NaN where
    the unit was not coded by people. `groups` is a label a unit, `stratum` and `document` a number
    a unit; the coded units must be a random sample within each stratum.
    """

    frames: tuple[str, ...]
    automatic: np.ndarray
    codes: np.ndarray
    stratum: np.ndarray
    groups: np.ndarray
    document: np.ndarray

    def samples(self) -> Iterator[tuple[str, _FrameSample]]:
        """Each frame with its codes."""
        for frame, automatic, codes in zip(
            self.frames, self.automatic.T, self.codes.T, strict=True
        ):
            yield frame, _FrameSample(automatic, codes, self.stratum, self.document)


def make_study(frames: Sequence[str], automatic, places, codes, strata, groups, documents) -> Study:
    """A study from the codes of the sampled units: `places` are their numbers among all units.

    `strata`, `groups` and `documents` hold one label a unit.
    """
    automatic = np.asarray(automatic, dtype=bool)
    if {len(strata), len(groups), len(documents)} != {len(automatic)}:
        raise ValueError("automatic and codes are units × frames, the labels one a unit")
    everywhere = np.full(automatic.shape, np.nan)
    everywhere[np.asarray(places, dtype=int)] = codes
    groups = np.asarray(groups, dtype=object)
    return Study(
        tuple(frames), automatic, everywhere, _numbered(strata), groups, _numbered(documents)
    )


def _numbered(labels: Sequence) -> np.ndarray:
    """The number of each label, in the order of the labels as text."""
    return np.unique(np.asarray(labels, dtype=str), return_inverse=True)[1]


def consensus(codes: np.ndarray) -> np.ndarray:
    """One code a unit and frame from coders × units × frames: that of the majority, NaN for a tie."""
    coders = np.sum(~np.isnan(codes), axis=0)
    ones = np.nansum(codes, axis=0)
    majority = np.where(2 * ones > coders, 1.0, 0.0)
    return np.where((coders == 0) | (2 * ones == coders), np.nan, majority)


# --- the estimator -----------------------------------------------------------------------------------


class _FrameSample:
    """One frame: the automatic code (0, 1) and the person's (0, 1, NaN) of every unit.

    `coded` are the units that people coded, `person` those of them that they gave the frame; of each stratum `population` is the number of units and
    `drawn` the number of those coded. `weight` is how many units a coded unit represents, `error`
    person's code - automatic code; both are 0 where no person coded.

    `pseudo` is the design-adjusted outcome, automatic + weight × error. Its mean is unbiased for the
    mean of what a person would have coded, however the automatic coder errs (Egami, Hinck,
    Stewart and Wei 2023, Using imperfect surrogates for downstream inference; the difference
    estimator of Särndal and others 1992; prediction-powered inference of Angelopoulos and
    others 2023).
    """

    def __init__(self, automatic, code, stratum: np.ndarray, document: np.ndarray):
        self.automatic, self.code = np.asarray(automatic, dtype=float), np.asarray(code)
        self.stratum, self.document = stratum, document
        self.coded = ~np.isnan(self.code)
        self.person = np.nan_to_num(self.code) == 1
        self.population = np.bincount(stratum)
        self.drawn = np.bincount(stratum[self.coded], minlength=len(self.population))
        per_coded = self.population / np.maximum(self.drawn, 1)
        self.weight = np.where(self.coded, per_coded[stratum], 0.0)
        self.error = np.where(self.coded, np.nan_to_num(code) - self.automatic, 0.0)
        self.pseudo = self.automatic + self.weight * self.error

    def refusal(self, inside: np.ndarray) -> str:
        """Why the share of the units inside is not corrected, '' where it is."""
        n = int((inside & self.coded).sum())
        if n < _MIN_CODED:
            return f"{n} coded units: not corrected below {_MIN_CODED}"
        strata = np.unique(self.stratum[inside])
        thin = self.drawn[strata] < np.minimum(self.population[strata], 2)
        return "a stratum with fewer than two coded units" if thin.any() else ""

    def sums(self, values: np.ndarray) -> np.ndarray:
        """The sum of the values in each stratum."""
        return np.bincount(self.stratum, values, len(self.population))

    def stratum_variances(self, part: np.ndarray) -> np.ndarray:
        """Variance within each stratum of part × error, from the coded units.

        Each stratum is taken to hold UNSEEN_ERRORS of each kind that can occur in it, so that a
        sample without an error does not look like certainty.
        """
        typical = np.sqrt(self.sums(part**2) / np.maximum(self.population, 1))
        here = np.flatnonzero(part)
        possible = np.zeros((2, len(self.population)), dtype=bool)
        possible[self.automatic[here].astype(int), self.stratum[here]] = True
        unseen = _UNSEEN_ERRORS * possible.sum(axis=0)
        value = np.where(self.coded, part * self.error, 0.0)
        n = np.maximum(self.drawn + unseen, 1)
        squares = self.sums(value**2) + unseen * typical**2
        return np.maximum(squares / n - (self.sums(value) / n) ** 2, 0.0)

    def design_variance(self, within: np.ndarray, drawn: np.ndarray) -> float:
        """Variance, over stratified samples without replacement, of the total of part × pseudo.

        `within` is what `stratum_variances` gives for the part, `drawn` the coded units a stratum.
        """
        per_unit = self.population / np.maximum(drawn, 1) - 1
        return float((self.population * per_unit * within).sum())

    def rate(self, hit: np.ndarray, base: np.ndarray) -> float:
        """The share of hits among the base in the whole corpus, NaN where the base is empty."""
        total = (self.weight * base).sum()
        return float((self.weight * base * hit).sum() / total) if total else float("nan")


def _clustered_variance(part: np.ndarray, document: np.ndarray) -> float:
    """Variance of a sum of parts over documents taken as drawn independently."""
    totals = np.bincount(document[part != 0], part[part != 0], document.max() + 1)
    used = np.unique(document[part != 0])
    n = len(used)
    return float(n / (n - 1) * (totals[used] ** 2).sum()) if n > 1 else float("nan")


class _Estimate(NamedTuple):
    """A corrected number and its interval; `over` is 'documents', 'texts' or '' (see `reason`)."""

    value: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    over: str = ""
    reason: str = ""


def corrected_share(
    sample: _FrameSample, inside: np.ndarray, others: np.ndarray | None = None, *, confidence: float
) -> _Estimate:
    """The corrected share of one frame among the units inside, less that among `others` if given.

    With FEWEST_DOCUMENTS on each side the interval is about documents of this kind (variance of the
    documents' sums, Student's t); with fewer, about these texts only (variance over samples of
    units to code).
    """
    sides = [inside] if others is None else [inside, others]
    for side in sides:
        if reason := sample.refusal(side):
            return _Estimate(reason=reason)
    part, influence, value = np.zeros(len(sample.code)), np.zeros(len(sample.code)), 0.0
    for sign, side in zip((1, -1), sides, strict=False):
        share = float(sample.pseudo[side].mean())
        value += sign * share
        part[side] += sign / side.sum()
        influence[side] += sign * (sample.pseudo[side] - share) / side.sum()
    variance = sample.design_variance(sample.stratum_variances(part), sample.drawn)
    documents = min(len(np.unique(sample.document[side])) for side in sides)
    if documents >= uncertainty.FEWEST_DOCUMENTS:
        over = "documents"
        variance = max(variance, _clustered_variance(influence, sample.document))
        quantile = uncertainty.student_quantile(confidence, documents)
    else:
        over, quantile = "texts", uncertainty.normal_quantile(confidence)
    half = quantile * np.sqrt(variance)
    lowest = 0.0 if others is None else -1.0
    value = float(np.clip(value, lowest, 1.0))
    return _Estimate(value, max(lowest, value - half), min(1.0, value + half), over)


def _further_units(sample: _FrameSample, inside: np.ndarray, confidence: float) -> float:
    """How many more units to code, distributed as those coded, until the corrected share of these
    texts is known to ± PRECISION; NaN where too few are coded to estimate this."""
    if sample.refusal(inside):
        return float("nan")
    within = sample.stratum_variances(inside / inside.sum())
    strata = np.unique(sample.stratum[inside])
    population, coded = sample.population[strata], sample.drawn[strata]
    goal = (PRECISION / uncertainty.normal_quantile(confidence)) ** 2

    def drawn(times: float) -> np.ndarray:
        enlarged = sample.drawn.copy()
        enlarged[strata] = np.minimum(np.ceil(coded * times), population)
        return enlarged

    few, many = 1.0, float((population / coded).max())
    if sample.design_variance(within, drawn(few)) <= goal:
        return 0.0
    while many - few > 1e-3:
        middle = (few + many) / 2
        enough = sample.design_variance(within, drawn(middle)) <= goal
        few, many = (few, middle) if enough else (middle, many)
    return float((drawn(many) - sample.drawn).sum())


# --- how well the automatic coder does ---------------------------------------------------------------


def _rate_with_interval(
    sample: _FrameSample, hit: np.ndarray, base: np.ndarray, confidence: float
) -> tuple[float, float, float]:
    """`_FrameSample.rate` of coded units, with its interval.

    Wilson's with the effective number of units (Korn and Graubard 1998, Confidence intervals for
    proportions with small expected number of positive counts), from the linearised variance of a
    ratio under the design; no interval below MIN_FOR_A_RATE coded units in the base.
    """
    rate, n = sample.rate(hit, base), int((base & sample.coded).sum())
    if n < _MIN_FOR_A_RATE:
        return rate, float("nan"), float("nan")
    total = float((sample.weight * base).sum())
    residual = np.where(sample.coded, base * (hit - rate), 0.0)
    drawn = np.maximum(sample.drawn, 2)
    mean = sample.sums(residual) / drawn
    within = np.maximum(sample.sums(residual**2) - drawn * mean**2, 0.0) / (drawn - 1)
    factor = sample.population * np.maximum(sample.population / drawn - 1, 0.0)
    variance = float((factor * within).sum()) / total**2
    kish = total**2 / float(((sample.weight * base) ** 2).sum())
    effective = rate * (1 - rate) / variance if variance and 0 < rate < 1 else kish
    effective = min(max(effective, 1.0), n)
    low, high = uncertainty.wilson(rate * effective, effective, confidence)
    return rate, float(low), float(high)


def accuracy_table(study: Study, confidence: float = 0.95) -> pd.DataFrame:
    """Precision and recall of the automatic coder on each frame, over the whole corpus.

    Columns: frame, coded (units people coded), positive (of them with the frame), precision,
    recall with low and high, f1, reason (why a number is missing).
    """
    rows = []
    for frame, sample in study.samples():
        person, machine = sample.person, sample.automatic == 1
        found = machine & sample.coded
        precision = _rate_with_interval(sample, person, found, confidence)
        recall = _rate_with_interval(sample, machine, person, confidence)
        both = precision[0] + recall[0]
        f1 = 2 * precision[0] * recall[0] / both if both > 0 else float("nan")
        reasons = [
            f"{n} coded units with the frame by {whom}: "
            f"no interval of {rate} below {_MIN_FOR_A_RATE}"
            for n, whom, rate in (
                (int(found.sum()), "the automatic coder", "precision"),
                (int(person.sum()), "people", "recall"),
            )
            if n < _MIN_FOR_A_RATE
        ]
        counts = int(sample.coded.sum()), int(person.sum())
        rows.append((frame, *counts, *precision, *recall, f1, "; ".join(reasons)))
    return pd.DataFrame(rows, columns=ACCURACY)


def _rogan_gladen(apparent: float, sensitivity: float, specificity: float) -> float:
    """The prevalence behind an apparent one (Rogan and Gladen 1978), cut to 0 … 1.

    NaN where the coder is no better than chance (sensitivity + specificity ≤ 1).
    """
    better = sensitivity + specificity - 1
    if not better > 0:
        return float("nan")
    return float(np.clip((apparent + specificity - 1) / better, 0.0, 1.0))


# --- tables ------------------------------------------------------------------------------------------


def prevalence_table(study: Study, *, confidence: float = 0.95) -> pd.DataFrame:
    """Shares of each frame for all and by group, as counted and corrected.

    Columns: frame, group, units, coded (by people), naive (the automatic share), corrected, low,
    high, interval ('documents', 'texts'), rogan_gladen (the textbook correction, with the error
    rates of the whole corpus, which assumes that they are the same in every group; missing where
    no coded unit has the frame), further_units (to code for ± PRECISION), reason (why there is no
    correction).
    """
    rows = []
    for frame, sample in study.samples():
        sensitivity = sample.rate(sample.automatic, sample.person)
        specificity = sample.rate(1 - sample.automatic, sample.coded & ~sample.person)
        for group, inside in masks_of(study.groups):
            naive = float(sample.automatic[inside].mean())
            one = corrected_share(sample, inside, confidence=confidence)
            more = _further_units(sample, inside, confidence)
            counts = (int(inside.sum()), int((inside & sample.coded).sum()))
            textbook = _rogan_gladen(naive, sensitivity, specificity)
            textbook = float("nan") if one.reason else textbook
            rows.append((frame, group, *counts, naive, *one[:4], textbook, more, one.reason))
    return pd.DataFrame(rows, columns=_PREVALENCE)


def corrected_difference_table(
    study: Study, compare: Sequence[str] = (), *, confidence: float = 0.95
) -> pd.DataFrame:
    """Differences of shares between groups, as counted and corrected: two groups with each other,
    more of them each with the rest. Units of '(none)' are compared with nothing.

    Columns: frame, group, other, naive, corrected, low, high, interval, reason. Raises InputError
    for a name in `compare` that is not a group.
    """
    names = comparable_groups(study.groups.tolist())
    for name in compare:
        if name not in names:
            raise InputError("no unit of this group", where="compare", value=name, allowed=names)
    names = list(compare) or names
    pairs = [(names[0], names[1])] if len(names) == 2 else [(name, "the rest") for name in names]
    rows = []
    for frame, sample in study.samples():
        for name, other in pairs if len(names) > 1 else []:
            inside = study.groups == name
            rest = ~inside & (study.groups != NO_VALUE)
            others = study.groups == other if len(names) == 2 else rest
            naive = float(sample.automatic[inside].mean() - sample.automatic[others].mean())
            one = corrected_share(sample, inside, others, confidence=confidence)
            rows.append((frame, name, other, naive, *one))
    return pd.DataFrame(rows, columns=_DIFFERENCES)


# --- do the intervals have their nominal coverage? ----------------------------------------------------


def coverage_table(
    frames: Sequence[str],
    codes: np.ndarray,
    automatic: Mapping[str, np.ndarray],
    strata: np.ndarray,
    *,
    confidence: float = 0.95,
    random_seed: int = 0,
    sizes: Sequence[int] = _SIZES,
    draws: int = _DRAWS,
) -> pd.DataFrame:
    """How often an interval contains the known share when only some of these units are coded.

    `codes` are the true codes (units × frames) and `automatic` those of each automatic coder.
    Samples of each size are drawn `draws` times as `sampling.draw` does. Columns: estimator (of each
    automatic coder 'NAME, counted', with Wilson's interval, and 'NAME, corrected'; 'coded units
    alone', with Wilson's for draws without replacement), size, frame, draws (that gave an
    interval), coverage, half_width (mean).
    """
    columns = ["estimator", "size", "frame", "draws", "coverage", "half_width"]
    names = [f"{coder}, {how}" for coder in automatic for how in ("counted", "corrected")]
    names.append("coded units alone")
    cells = pd.MultiIndex.from_product([names, frames], names=["estimator", "frame"])
    smallest = 2 * len(set(strata.tolist()))
    parts = []
    for size in sizes:
        if not smallest <= size < len(codes):
            continue
        seeds = uncertainty.generator(random_seed, f"coverage {size}").integers(2**31, size=draws)
        drawn = [
            sampling.draw(strata, size, random_seed=seed)["place"].to_numpy()
            for seed in seeds.tolist()
        ]
        found = np.array([_intervals(codes, automatic, strata, one, confidence) for one in drawn])
        low, high = found[..., 0], found[..., 1]
        there, truth = np.isfinite(low), codes.mean(axis=0)
        holds, n = there & (low <= truth) & (truth <= high), there.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            coverage = holds.sum(axis=0) / n
            half = np.where(there, high - low, 0).sum(axis=0) / n / 2
        values = {"draws": n.ravel(), "coverage": coverage.ravel(), "half_width": half.ravel()}
        parts.append(pd.DataFrame(values, index=cells).reset_index().assign(size=size))
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _intervals(codes, automatic, strata, drawn: np.ndarray, confidence: float) -> np.ndarray:
    """Intervals from one drawn sample: estimators × frames × (low, high)."""
    n, k = codes.shape
    frames, every = tuple(map(str, range(k))), np.ones(n, dtype=bool)
    labels = strata, strata, np.zeros(n)  # one document: the interval is about these units only
    found = []
    for coded in automatic.values():
        study = make_study(frames, coded, drawn, codes[drawn], *labels)
        found.append(uncertainty.wilson(coded.sum(axis=0), n, confidence))
        samples = [sample for _, sample in study.samples()]
        shares = [corrected_share(one, every, confidence=confidence) for one in samples]
        found.append(([one.low for one in shares], [one.high for one in shares]))
    weights = samples[0].weight[drawn, None]
    share = (weights * codes[drawn]).sum(axis=0) / weights.sum()
    left = (n - len(drawn)) / (n - 1)  # the coded ones of these units need no estimate
    found.append(uncertainty.wilson(share * len(drawn), len(drawn), confidence, left))
    return np.array([np.transpose(pair) for pair in found], dtype=float)
