"""Validation: codings by people, compared with each other and with automatic coders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.coding import agreement, coder, correction, sampling, sheets
from analysis.coding.coder import AutomaticCoding
from analysis.coding.sheets import sample_files as sample_files
from analysis.corpus import EVERY, NO_VALUE, locate
from analysis.errors import InputError, shown
from analysis.reading.rows import CODINGS
from analysis.rules.actors import sentence_actors, sides
from analysis.rules.codebook import NOBODY, Codebook
from analysis.rules.evidence import check_unit, units_of
from analysis.rules.matching import Matcher
from analysis.rules.negation import CountedMatches
from analysis.tables.framing import check_frames, presence_of, reached
from analysis.tokens import Block, Tokens

_ACTOR, _OTHER = "actor", "other"
"""The column in which coders name the actor of a unit, and what they write for nobody in particular."""
_NEARLY_ALL = 0.95
"""Share of units coded from which nothing is left to estimate."""
_MAX_WEIGHT_RATIO = 1.25
"""How far weights may differ within a stratum; whole units make them differ a little."""
_MIN_DRAWN = 4
"""Units drawn of each stratum of codings, so that one on which coders disagree leaves enough."""
_CONFUSION = ["variable", "coder", "other", "both", "only_coder", "only_other", "neither"]
_ACTOR_SCORES = ["coder", "units", "left_out", "percent", "cohen", "alpha", "low", "high"]
_NUMBERS = ["naive", "corrected", "low", "high", "rogan_gladen", "further_units"]


# --- every unit with its automatic codes ----------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _CodedUnits:
    """Every unit of a corpus in its order: the table of `sampling.unit_table`, the automatic codes
    (units × frames) and the group of each unit's document."""

    units: pd.DataFrame
    frames: tuple[str, ...]
    coded: np.ndarray
    groups: np.ndarray

    @cached_property
    def strata(self) -> np.ndarray:
        """The stratum of each unit: its group, and whether the rules code it."""
        return sampling.frame_strata(self.coded, self.groups)


def coded_units(
    tokens: Tokens,
    codebook: Codebook,
    unit: str,
    group: str,
    *,
    threshold: int = 1,
    negation: int = 0,
    voice: str = "all",
) -> _CodedUnits:
    """Every unit with its text and its automatic codes, which are as `framing.code_units` gives them;
    all texts of the corpus are held in memory."""
    check_unit(unit)
    check_frames(codebook.frames)
    n = len(codebook.frames)
    matcher = CountedMatches(tokens, replace(codebook, actors={}), negation, voice)
    documents, texts, codes = [], [], []
    for block, (rows, _) in tokens.each(matcher.matches):
        unit_of = units_of(block, unit)
        rows = reached(block, rows, unit_of, threshold, n)
        first = np.unique(unit_of, return_index=True)[1]
        numbers = block.sentence_document[first] + block.first_document
        documents.append(numbers)
        texts += _unit_texts(tokens, block, first, numbers)
        codes.append(presence_of(block, rows, unit_of, len(first), n).toarray() > 0)
    where = np.concatenate(documents)
    units = sampling.unit_table(tokens.corpus.documents["id"].array[where], texts)
    groups = tokens.corpus.groups(group).to_numpy(dtype=object)[where]
    return _CodedUnits(units, tuple(codebook.frames), np.concatenate(codes), groups)


def _unit_texts(
    tokens: Tokens, block: Block, first: np.ndarray, documents: np.ndarray
) -> list[str]:
    """The text of each unit, from its first sentence to its last."""
    last = np.append(first[1:], block.n_sentences) - 1
    spans = zip(block.span[first, 0].tolist(), block.span[last, 1].tolist(), strict=True)
    found, number, content = [], -1, b""
    for (start, end), document in zip(spans, documents.tolist(), strict=True):
        if document != number:
            number, content = document, tokens.corpus.texts.content(document)
        found.append(content[start:end].decode("utf-8"))
    return found


# --- codings of a corpus --------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Coded:
    """The codings of a corpus's units. Without any `reason` says why, and there is no unit, no frame
    and no coder."""

    unit: str
    reason: str
    found: _CodedUnits
    key: pd.DataFrame
    codings: sheets.Codings

    @cached_property
    def agreed(self) -> np.ndarray:
        """The coders' majority (coded units × frames), NaN where they are divided."""
        return correction.consensus(self.codings.codes)

    @cached_property
    def places(self) -> np.ndarray:
        """The place of each coded unit among all units."""
        return sheets.places_in(self.key, self.found.units)

    @property
    def variables(self) -> dict[str, np.ndarray]:
        """The codes of each frame, as `agreement` takes them."""
        return agreement.frame_codes(self.codings.codes, self.found.frames)

    @property
    def whole(self) -> bool:
        """Whether so many units are coded that hardly anything is left to estimate."""
        return not self.reason and len(self.key) >= _NEARLY_ALL * len(self.found.units)

    @property
    def coders(self) -> str:
        """The names of the coders, as a phrase: 'a', 'a and b', 'a, b and c'."""
        names = [shown(name, quote=False) for name in self.codings.coders] or ["nobody"]
        return " and ".join([*filter(None, [", ".join(names[:-1])]), names[-1]])

    def everywhere(self, codes: np.ndarray) -> np.ndarray:
        """Codes of the coded units put among all units, NaN elsewhere."""
        all_units = np.full((len(self.found.units), codes.shape[1]), np.nan)
        all_units[self.places] = codes
        return all_units

    def study(self, automatic: np.ndarray) -> correction.Study:
        """What is needed to correct an automatic coding by these codings.

        Strata are those of the codebook and group at hand. Raises InputError where the sample was
        drawn so differently that its units have different weights within them.
        """
        found = self.found
        _check_weights(self.key["weight"].to_numpy(), found.strata[self.places])
        labels = found.strata, found.groups, found.units["document"]
        return correction.make_study(found.frames, automatic, self.places, self.agreed, *labels)


def _check_weights(weights: np.ndarray, strata: np.ndarray) -> None:
    """Raise InputError where the weights within a stratum differ by more than MAX_WEIGHT_RATIO."""
    for name, mine in pd.Series(weights).groupby(strata):
        if mine.max() > _MAX_WEIGHT_RATIO * mine.min():
            raise InputError(
                f"units of {shown(name)} were drawn with different probabilities, weights",
                value=f"{mine.min():.3g} to {mine.max():.3g}",
                allowed="the codebook, unit and group that the sample was drawn with",
            )


def check_folder(path: str) -> None:
    """Raise InputError for a folder without the key of a sample."""
    if not (locate(path) / sheets.KEY).is_file():
        raise InputError(
            "holds no sample", where="codings", value=path, allowed=f"a folder with {sheets.KEY}"
        )


def corpus_codings(
    tokens: Tokens, codebook: Codebook, *, unit: str, group: str, path: str = "", **counted
) -> _Coded:
    """The codings in a folder, or in the corpus folder's own `codings`; `counted` are options of
    `coded_units`.

    Codings of the corpus's own folder that do not fit (another unit, other frames, texts that
    changed) count as none, and `reason` says so; for a folder that was named they raise InputError.
    """
    check_unit(unit)
    corpus = tokens.corpus
    folder = locate(path) if path else (corpus.folder / CODINGS if corpus.folder else None)
    if not path and (folder is None or not (folder / sheets.KEY).is_file()):
        return _no_codings(unit, "no codings of this corpus are there")
    try:
        sheets.read_key(folder / sheets.KEY)
        found = coded_units(tokens, codebook, unit, group, **counted)
        coded = _Coded(unit, "", found, *sheets.read_sample(folder, found.frames))
        if not len(coded.places) or np.isnan(coded.codings.codes).all():
            raise InputError("holds no code of a frame of this codebook", where=folder.name)
        return coded
    except InputError as error:
        if path:
            raise
        return _no_codings(unit, f"the corpus's own codings do not fit: {error}")


def _no_codings(unit: str, reason: str) -> _Coded:
    """Codings without any unit, frame or coder."""
    units = sampling.unit_table([], [])
    found = _CodedUnits(units, (), np.zeros((0, 0), dtype=bool), np.zeros(0, dtype=object))
    return _Coded(unit, reason, found, units.assign(weight=0.0), sheets.no_codings())


# --- coders compared with each other --------------------------------------------------------------


def agreement_of_coders(coded: _Coded, **choices) -> pd.DataFrame:
    """`agreement.agreement_table` of the frames, empty without codings."""
    return agreement.agreement_table(coded.variables, **choices)


def confusion_of_coders(coded: _Coded) -> pd.DataFrame:
    """The units that both, one or none of every two coders gave a frame: variable, coder, other,
    both, only_coder, only_other, neither."""
    rows = []
    for names, table in agreement.cross_tables(coded.variables, coded.codings.coders):
        if not table.empty:
            cells = table.reindex(index=[1, 0], columns=[1, 0], fill_value=0).to_numpy()
            rows.append((*names, *cells.ravel().tolist()))
    return pd.DataFrame(rows, columns=_CONFUSION)


def divided_units(coded: _Coded) -> pd.DataFrame:
    """The units that coders coded differently: variable, unit_id, the code of each coder, text."""
    codings = coded.codings
    table = agreement.disagreements(coded.variables, codings.units, codings.coders)
    return table.assign(text=table["unit_id"].map(coded.key.set_index("unit_id")["text"]))


def agreement_tables(
    folder: Path, found: _CodedUnits, *, confidence: float, resamples: int, random_seed: int
) -> dict[str, pd.DataFrame]:
    """How the coders of a sample agree with each other and with the rules: tables by name.

    `problems` and `others` name what is not as it was given out; `agreement`, `pairs`,
    `confusion` and `disagreements` compare the coders; `accuracy`, `prevalence` and `differences`
    compare the rules with the coders' majority, corrected for coding error.
    """
    coded = _Coded("", "", found, *sheets.read_sample(folder, found.frames))
    codings, variables, study = coded.codings, coded.variables, coded.study(found.coded)
    drawn = {"confidence": confidence, "resamples": resamples, "random_seed": random_seed}
    return {
        "problems": codings.problems,
        "others": codings.others,
        "agreement": agreement.agreement_table(variables, **drawn),
        "pairs": agreement.pair_table(variables, codings.coders),
        "confusion": agreement.confusion_table(variables, codings.coders),
        "disagreements": agreement.disagreements(variables, codings.units, codings.coders),
        "accuracy": correction.accuracy_table(study, confidence),
        "prevalence": correction.prevalence_table(study, confidence=confidence),
        "differences": correction.corrected_difference_table(study, confidence=confidence),
    }


# --- the actor rule compared with coders ----------------------------------------------------------


def actor_scores(coded: _Coded, tokens: Tokens, codebook: Codebook, **choices) -> pd.DataFrame:
    """How far the rule of `actors.sentence_actors` agrees with each coder, who names the actor of
    a unit in a further column `actor` of the sheet; empty where none does.

    Cells that name no actor of the codebook, 'both', 'several' or 'other' are left out. Columns:
    coder, units, left_out (units without a token; there are none), then percent, cohen, alpha, low
    and high of `agreement.agreement_table`, which takes the choices.
    """
    others, allowed = coded.codings.others, {*sides(list(codebook.actors)), _OTHER} - {NOBODY}
    named = others[(others["column"] == _ACTOR) & others["value"].isin(allowed)]
    named = named[named["unit_id"].isin(coded.found.units["unit_id"])]
    if named.empty or not codebook.actors:
        return pd.DataFrame(columns=_ACTOR_SCORES)
    by_rule = pd.Series(
        _actors_by_rule(tokens, codebook, coded.unit), index=coded.found.units["unit_id"]
    )
    rows = []
    for name, mine in named.groupby("coder", sort=True):
        codes = np.array([by_rule[mine["unit_id"]], mine["value"]], dtype=object)
        row = agreement.agreement_table({_ACTOR: codes}, **choices).iloc[0]
        rows.append((name, len(mine), 0, *row[_ACTOR_SCORES[3:]]))
    return pd.DataFrame(rows, columns=_ACTOR_SCORES)


def _actors_by_rule(tokens: Tokens, codebook: Codebook, unit: str) -> np.ndarray:
    """Whom each unit of the corpus is about by the rule, OTHER where it names no actor."""
    matcher = Matcher(tokens, codebook.actors.values())
    rows, n = [np.empty((0, 4), dtype=np.int64)], 0
    for block in tokens.blocks():
        unit_of = units_of(block, unit) + n
        found = matcher.matches(block)[:, :3]
        rows.append(np.column_stack((found, unit_of[block.sentence_of[found[:, 1]]])))
        n += len(np.unique(unit_of))
    names = np.array([*sides(list(codebook.actors))[:-1], _OTHER], dtype=object)
    return names[sentence_actors(np.concatenate(rows), n, len(codebook.actors))]


# --- automatic coders compared with the codings ---------------------------------------------------


def automatic_coders(coded: _Coded, *, random_seed: int = 0) -> list[AutomaticCoding]:
    """The rules, and a coder learnt from the codes that people agree on; none without codings.

    Where nothing can be learnt (too few documents, scikit-learn not installed), the learnt coder
    knows no frame and says why.
    """
    if coded.reason:
        return []
    found, codes = coded.found, coded.everywhere(coded.agreed)
    units = found.units["text"].tolist(), codes, found.units["document"].tolist()
    try:
        learnt = coder.learnt_coding(*units, found.frames, random_seed=random_seed)
    except InputError as error:
        learnt = coder.unknown_coding(found.frames, len(codes), str(error))
    return [coder.rule_coding(found.coded, found.frames), learnt]


def automatic_scores(coded: _Coded, coders: Sequence[AutomaticCoding]) -> pd.DataFrame:
    """`coder.coder_table` against each coder and against what they agree on: a first column
    `against`."""
    judges = dict(zip(coded.codings.coders, coded.codings.codes, strict=True))
    if len(judges) > 1:
        judges = {f"{coded.coders} where they agree": coded.agreed, **judges}
    parts = [pd.DataFrame(columns=["against", *coder.SCORES], dtype=object)]
    for name, codes in judges.items():
        part = coder.coder_table(coders, coded.everywhere(codes))
        part.insert(0, "against", name)
        parts.append(part)
    return pd.concat(parts[1:] or parts, ignore_index=True)


def rule_accuracy(coded: _Coded, confidence: float) -> pd.DataFrame:
    """`correction.accuracy_table` of the rules, empty without codings."""
    return correction.accuracy_table(coded.study(coded.found.coded), confidence)


# --- shares corrected by the codings --------------------------------------------------------------


def sample_of_codings(coded: _Coded, size: int, random_seed: int) -> _Coded:
    """The codings as a sample: all of them, but where nearly every unit is coded `size` of them
    drawn at random, so that the result can be compared with the rest. 0 takes all."""
    if not coded.whole or not 0 < size < len(coded.key):
        return coded
    strata = coded.found.strata
    drawn = sampling.draw(strata[coded.places], size, random_seed=random_seed, least=_MIN_DRAWN)
    kept = drawn["place"].to_numpy()
    population = drawn["stratum"].map(pd.Series(strata).value_counts()).to_numpy()
    key = coded.key.iloc[kept].reset_index(drop=True)
    key = key.assign(weight=population / drawn["drawn"].to_numpy())
    codes = coded.codings.codes[:, kept]
    codings = replace(coded.codings, units=tuple(key["unit_id"]), codes=codes)
    return replace(coded, key=key, codings=codings)


def _corrections(sample: _Coded, coders, table, **choices) -> pd.DataFrame:
    """A table of `correction` (shares or differences) for each automatic coder, with a first column
    `coder`; numbers of a frame that the coder does not know are missing."""
    parts = []
    for one in coders:
        part = table(sample.study(one.coded), **choices)
        unknown = part["frame"].map(dict(zip(one.frames, one.reasons, strict=True)))
        part.loc[unknown != "", part.columns.intersection(_NUMBERS)] = np.nan
        part["reason"] = unknown.where(unknown != "", part["reason"])
        part.insert(0, "coder", one.coder)
        parts.append(part)
    if parts:
        return pd.concat(parts, ignore_index=True)
    return pd.DataFrame(columns=["coder", *table(sample.study(sample.found.coded)).columns])


def corrected_shares(
    coded: _Coded, sample: _Coded, coders: Sequence[AutomaticCoding], confidence: float
) -> pd.DataFrame:
    """`correction.prevalence_table` of each automatic coder, with a first column `coder` and a last
    column `by_coders`: the share by the codings of every unit, where nearly all are coded."""
    table = _corrections(sample, coders, correction.prevalence_table, confidence=confidence)
    shares = [_share_by_coders(coded, row.frame, row.group) for row in table.itertuples()]
    return table.assign(by_coders=shares)


def corrected_differences(
    coded: _Coded,
    sample: _Coded,
    coders: Sequence[AutomaticCoding],
    confidence: float,
    compare: Sequence[str] = (),
) -> pd.DataFrame:
    """`correction.corrected_difference_table` of each automatic coder, with `coder` and `by_coders` as in
    `corrected_shares`."""
    choices = {"confidence": confidence, "compare": compare}
    table = _corrections(sample, coders, correction.corrected_difference_table, **choices)
    values = [
        _share_by_coders(coded, row.frame, row.group)
        - _share_by_coders(coded, row.frame, row.other, row.group)
        for row in table.itertuples()
    ]
    return table.assign(by_coders=values)


def _share_by_coders(coded: _Coded, frame: str, group: str, compared: str = "") -> float:
    """The share of a group by the codings where nearly every unit is coded, NaN elsewhere.

    The group 'the rest' is every group but '(none)' and the one `compared` with it.
    """
    if not coded.whole:
        return float("nan")
    groups = coded.found.groups[coded.places]
    inside = (groups == group) | (group == EVERY)
    inside = (groups != compared) & (groups != NO_VALUE) if group == "the rest" else inside
    codes = coded.agreed[inside, coded.found.frames.index(frame)]
    return float(np.nanmean(codes)) if (~np.isnan(codes)).any() else float("nan")


def correction_coverage(
    coded: _Coded, coders: Sequence[AutomaticCoding], **choices
) -> pd.DataFrame:
    """`correction.coverage_table` of the coded units, with the codes of the majority, the first
    coder's where coders are divided, as true codes; empty without codings."""
    first = coded.codings.codes[:1].reshape(coded.agreed.shape)
    codes = np.where(np.isnan(coded.agreed), first, coded.agreed)
    known = ~np.isnan(codes).any(axis=1)
    places = coded.places[known]
    automatic = {one.coder: one.coded[places] for one in coders}
    strata = coded.found.strata[places]
    return correction.coverage_table(coded.found.frames, codes[known], automatic, strata, **choices)
