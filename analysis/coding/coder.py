"""A second automatic coder: learnt from people's codes, never judged on what it saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import pandas as pd

from analysis.errors import InputError

_MIN_POSITIVE = 10
"""Units with a frame below which the frame is not learnt."""
_MIN_DOCUMENTS = 2
_MAX_FOLDS = 10
_THRESHOLD = 0.5
_LEARNT = "learnt"
SCORES = ["coder", "frame", "units", "positive", "precision", "recall", "f1", "reason"]


@dataclass(frozen=True, eq=False)
class AutomaticCoding:
    """What an automatic coder coded: `coded` is units × frames (True where coded).

    `coder` is its name: 'rules' or 'learnt'. `reasons` say why it does not code a frame at all, ''
    for every frame that it codes. `probability` is missing for rules.
    """

    coder: str
    frames: tuple[str, ...]
    coded: np.ndarray
    reasons: tuple[str, ...]
    probability: np.ndarray | None = None


def rule_coding(coded: np.ndarray, frames: Sequence[str]) -> AutomaticCoding:
    """The codes of a codebook's rules (units × frames) as an automatic coding."""
    return AutomaticCoding("rules", tuple(frames), coded.astype(bool), ("",) * len(frames))


def unknown_coding(frames: Sequence[str], n_units: int, reason: str) -> AutomaticCoding:
    """The coding of a learnt coder that could learn no frame, for one reason."""
    coded = np.zeros((n_units, len(frames)), dtype=bool)
    return AutomaticCoding(_LEARNT, tuple(frames), coded, (reason,) * len(frames))


def learnt_coding(
    texts: Sequence[str],
    codes: np.ndarray,
    documents: Sequence[str],
    frames: Sequence[str],
    *,
    random_seed: int = 0,
) -> AutomaticCoding:
    """Codes of every unit by a model of each frame learnt from people's codes: logistic regression
    on the TF-IDF weights of words.

    `codes` is units × frames: 1, 0 or NaN (not coded by people). A unit is always coded by a model
    that saw no unit of its document: documents are divided into folds, and each fold is coded by a
    model of the others. A frame that fewer than MIN_POSITIVE coded units carry or lack, or that too
    few documents hold, is not learnt. Raises InputError where scikit-learn (the extra `learn`) is
    not installed, or no unit or only one document was coded.
    """
    if find_spec("sklearn") is None:
        problem = "a learnt coder needs scikit-learn, which is not installed"
        raise InputError(problem, allowed="the extra `learn`")
    codes = np.asarray(codes, dtype=float)
    folds = _document_folds(documents, codes, random_seed)
    features = _text_features(texts, folds)
    probability = np.full(codes.shape, np.nan)
    reasons = tuple(_why_unknown(column, folds) for column in codes.T)
    for number, reason in enumerate(reasons):
        if not reason:
            probability[:, number] = _out_of_fold(features, codes[:, number], folds, random_seed)
    coded = np.nan_to_num(probability, nan=0.0) >= _THRESHOLD
    return AutomaticCoding(_LEARNT, tuple(frames), coded, reasons, probability)


def _document_folds(documents: Sequence[str], codes: np.ndarray, random_seed: int) -> np.ndarray:
    """The fold of each unit: whole documents, about as many coded units in each fold.

    Raises InputError unless units of at least two documents were coded.
    """
    coded = pd.Series(~np.isnan(codes).all(axis=1))
    sizes = coded.groupby(np.asarray(documents, dtype=object)).sum().sort_index()
    n = int((sizes > 0).sum())
    if n < _MIN_DOCUMENTS:
        raise InputError(
            "too few documents with coded units to learn from",
            value=n,
            allowed=f"{_MIN_DOCUMENTS} at least, as no document is coded by a model that saw it",
        )
    shuffled = sizes.iloc[np.random.default_rng(random_seed).permutation(len(sizes))]
    load, fold_of = np.zeros(min(_MAX_FOLDS, n)), {}
    for name, size in sorted(shuffled.items(), key=lambda one: -one[1]):
        fold_of[name] = int(np.argmin(load))
        load[fold_of[name]] += max(size, 1e-6)
    return np.array([fold_of[name] for name in documents])


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
    if min(with_frame, without) < _MIN_POSITIVE:
        return (
            f"{with_frame} coded units with the frame, {without} without: "
            f"not learnt below {_MIN_POSITIVE} of each"
        )
    if any(len(set(folds[codes == code])) < 2 for code in (0, 1)):
        return "all units with the frame, or without, are in too few documents"
    return ""


def _out_of_fold(
    features: list, codes: np.ndarray, folds: np.ndarray, random_seed: int
) -> np.ndarray:
    """The probability of a frame in every unit, by a model that saw nothing of the unit's fold."""
    from sklearn.linear_model import LogisticRegression

    probability = np.empty(len(codes))
    for fold, vectors in enumerate(features):
        train, inside = (folds != fold) & ~np.isnan(codes), folds == fold
        model = LogisticRegression(
            solver="liblinear", class_weight="balanced", random_state=random_seed
        )
        model.fit(vectors[train], codes[train].astype(int))
        probability[inside] = model.predict_proba(vectors[inside])[:, 1]
    return probability


def coder_table(codings: Sequence[AutomaticCoding], codes: np.ndarray) -> pd.DataFrame:
    """Automatic coders against people on the units people coded: coder, frame, units, positive,
    precision, recall, f1, reason; a last row a coder with the mean over the frames that it codes and
    people coded (macro).

    The units count once each; for the whole corpus see `correction.accuracy_table`.
    """
    rows, there = [], ~np.isnan(codes)
    for coding in codings:
        scores = []
        for number, (frame, reason) in enumerate(zip(coding.frames, coding.reasons, strict=True)):
            people = codes[there[:, number], number] == 1
            machine = coding.coded[there[:, number], number]
            scores.append((np.nan,) * 3 if reason else _scores_of(people, machine))
            rows.append((coding.coder, frame, len(people), int(people.sum()), *scores[-1], reason))
        known = [score for score in scores if np.isfinite(score).all()]
        macro = np.mean(known, axis=0) if known else (np.nan,) * 3
        reason = f"mean of {len(known)} of {len(scores)} frames"
        rows.append((coding.coder, "macro", int(there.any(axis=1).sum()), None, *macro, reason))
    return pd.DataFrame(rows, columns=SCORES)


def _scores_of(people: np.ndarray, machine: np.ndarray) -> tuple[float, float, float]:
    """Precision, recall and F1; 0 where nothing was found, NaN where there was nothing to find."""
    both, found, true = int((people & machine).sum()), int(machine.sum()), int(people.sum())
    if not true:
        return (np.nan,) * 3
    return both / found if found else 0.0, both / true, 2 * both / (found + true)
