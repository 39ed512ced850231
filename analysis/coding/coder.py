"""A second automatic coder: learnt from people's codes, never judged on what it saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import InputError

_FEWEST_POSITIVE = 10
"""Units with a frame below which the frame is not learnt."""
_FEWEST_DOCUMENTS = 2
_MOST_FOLDS = 10
_THRESHOLD = 0.5
LEARNT = "learnt"


@dataclass(frozen=True, eq=False)
class AutomaticCoding:
    """What an automatic coder coded: `coded` is units × frames (True where coded).

    `coder` says who: 'rules' or what was learnt. `known` is False for a frame that it does not
    code at all, `reasons` says why. `probability` is missing for rules.
    """

    coder: str
    frames: tuple[str, ...]
    coded: np.ndarray
    known: np.ndarray
    reasons: tuple[str, ...]
    probability: np.ndarray | None = None


def rule_coding(coded, frames: Sequence[str]) -> AutomaticCoding:
    """The codes of a codebook's rules (units × frames, dense or sparse) as an automatic coding."""
    coded = coded.toarray() if hasattr(coded, "toarray") else np.asarray(coded)
    known = np.ones(len(frames), dtype=bool)
    return AutomaticCoding("rules", tuple(frames), coded.astype(bool), known, ("",) * len(frames))


def learnt_coding(
    texts: Sequence[str],
    codes: np.ndarray,
    documents: Sequence[str],
    frames: Sequence[str],
    *,
    weights: Sequence[float] | None = None,
    random_seed: int = 0,
) -> AutomaticCoding:
    """Codes of every unit by a model of each frame learnt from people's codes: logistic regression
    on the TF-IDF weights of words.

    `codes` is units × frames: 1, 0 or NaN (not coded by people); `weights` the units that each
    coded unit stands for. A unit is always coded by a model that saw no unit of its document:
    documents are dealt into folds, and each fold is coded by what the others taught. A frame that
    fewer than FEWEST_POSITIVE coded units carry or lack, or that too few documents hold, is not
    known. Raises InputError where scikit-learn (the extra `learn`) is not installed, or no unit
    or only one document was coded.
    """
    _library()
    codes = np.asarray(codes, dtype=float)
    documents = np.asarray(documents, dtype=object)
    _check_coded(codes, documents)
    folds = _document_folds(documents, codes, random_seed)
    features = _text_features(texts, folds)
    weights = np.ones(len(texts)) if weights is None else np.nan_to_num(np.asarray(weights, float))
    probability = np.full(codes.shape, np.nan)
    reasons = []
    for number in range(len(frames)):
        reason = _why_unknown(codes[:, number], folds)
        reasons.append(reason)
        if not reason:
            probability[:, number] = _out_of_fold(
                features, codes[:, number], weights, folds, random_seed
            )
    known = np.array([not reason for reason in reasons])
    coded = np.nan_to_num(probability, nan=0.0) >= _THRESHOLD
    return AutomaticCoding(LEARNT, tuple(frames), coded, known, tuple(reasons), probability)


def _library():
    """scikit-learn; raises InputError where it is not installed."""
    try:
        import sklearn
    except ImportError as error:
        raise InputError(
            "a learnt coder needs scikit-learn, which is not installed", allowed="the extra `learn`"
        ) from error
    return sklearn


def _check_coded(codes: np.ndarray, documents: np.ndarray) -> None:
    """Raise InputError unless units of at least two documents were coded."""
    coded = ~np.isnan(codes).all(axis=1)
    n = len(set(documents[coded].tolist()))
    if n < _FEWEST_DOCUMENTS:
        raise InputError(
            "too few documents with coded units to learn from",
            value=n,
            allowed=f"{_FEWEST_DOCUMENTS} at least, as none is coded by what it taught",
        )


def _document_folds(documents: np.ndarray, codes: np.ndarray, random_seed: int) -> np.ndarray:
    """The fold of each unit: whole documents, about as many coded units in each fold."""
    names = sorted(set(documents.tolist()))
    coded = ~np.isnan(codes).all(axis=1)
    sizes = {name: int(coded[documents == name].sum()) for name in names}
    n = min(_MOST_FOLDS, sum(size > 0 for size in sizes.values()))
    order = np.random.default_rng(random_seed).permutation(len(names))
    load, fold_of = np.zeros(n), {}
    for name in sorted((names[k] for k in order), key=lambda name: -sizes[name]):
        fold_of[name] = int(np.argmin(load))
        load[fold_of[name]] += max(sizes[name], 1e-6)
    return np.array([fold_of[name] for name in documents.tolist()])


def _text_features(texts: Sequence[str], folds: np.ndarray) -> list:
    """For each fold the features of all units, their words and weights learnt outside the fold."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = np.asarray(texts, dtype=object)
    features = []
    for fold in range(folds.max() + 1):
        vectors = TfidfVectorizer(min_df=2, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
        try:
            vectors.fit(texts[folds != fold])
        except ValueError as error:
            raise InputError("the texts have no words in common to learn from") from error
        features.append(vectors.transform(texts))
    return features


def _why_unknown(codes: np.ndarray, folds: np.ndarray) -> str:
    """Why a frame cannot be learnt, '' where it can: outside every fold both codes must occur."""
    with_frame, without = int((codes == 1).sum()), int((codes == 0).sum())
    if min(with_frame, without) < _FEWEST_POSITIVE:
        return (
            f"{with_frame} coded units with the frame, {without} without: "
            f"not learnt below {_FEWEST_POSITIVE} of each"
        )
    for fold in range(folds.max() + 1):
        seen = codes[folds != fold]
        if not (seen == 1).any() or not (seen == 0).any():
            return "all units with the frame, or without, are in too few documents"
    return ""


def _out_of_fold(
    features: list, codes: np.ndarray, weights: np.ndarray, folds: np.ndarray, random_seed: int
) -> np.ndarray:
    """The probability of a frame in every unit, by a model that saw nothing of the unit's fold."""
    from sklearn.linear_model import LogisticRegression

    probability = np.empty(len(codes))
    weights = np.where(weights > 0, weights, 1.0) / weights[weights > 0].mean()
    for fold, vectors in enumerate(features):
        train = (folds != fold) & ~np.isnan(codes)
        model = LogisticRegression(
            solver="liblinear", class_weight="balanced", random_state=random_seed
        )
        model.fit(vectors[train], codes[train].astype(int), sample_weight=weights[train])
        inside = folds == fold
        probability[inside] = model.predict_proba(vectors[inside])[:, 1]
    return probability


def coder_table(codings: Sequence[AutomaticCoding], codes: np.ndarray) -> pd.DataFrame:
    """Automatic coders against people on the units people coded: coder, frame, units, positive,
    precision, recall, f1, reason; a last row a coder with the mean over the frames that it knows and people coded (macro).

    The units count once each; for the whole corpus see `correction.accuracy_table`.
    """
    rows = []
    for coding in codings:
        scores = []
        for number, frame in enumerate(coding.frames):
            there = ~np.isnan(codes[:, number])
            person, machine = codes[there, number] == 1, coding.coded[there, number]
            score = _scores_of(person, machine) if coding.known[number] else (float("nan"),) * 3
            scores.append(score)
            counted = (int(there.sum()), int(person.sum()))
            rows.append((coding.coder, frame, *counted, *score, coding.reasons[number]))
        known = [score for score in scores if np.isfinite(score).all()]
        macro = np.mean(known, axis=0) if known else (float("nan"),) * 3
        units = int((~np.isnan(codes)).any(axis=1).sum())
        told = f"mean of {len(known)} of {len(scores)} frames"
        rows.append((coding.coder, "macro", units, None, *macro, told))
    columns = ["coder", "frame", "units", "positive", "precision", "recall", "f1", "reason"]
    return pd.DataFrame(rows, columns=columns)


def _scores_of(person: np.ndarray, machine: np.ndarray) -> tuple[float, float, float]:
    """Precision, recall and F1; 0 where nothing was found, NaN where there was nothing to find."""
    both, found, true = int((person & machine).sum()), int(machine.sum()), int(person.sum())
    if not true:
        return (float("nan"),) * 3
    precision, recall = both / found if found else 0.0, both / true
    return precision, recall, 2 * both / (found + true)
