"""Validation: a sample of coded units given out to people, their codes read back and used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.coding import agreement, coder, correction, sampling, sheets
from analysis.coding.coder import AutomaticCoding
from analysis.coding.stances import OTHER, actor_agreement
from analysis.corpus import EVERY, NO_VALUE, locate
from analysis.errors import InputError, shown, shown_lines
from analysis.reading.rows import CODINGS
from analysis.rules.codebook import NOBODY, Codebook
from analysis.rules.evidence import check_unit, units_of
from analysis.rules.marks import CountedMatches
from analysis.rules.proximity import sides
from analysis.statistics import uncertainty
from analysis.tables.framing import check_frames, presence_of, reached
from analysis.tokens import Block, Tokens

_ACTOR = "actor"
_NEARLY_ALL = 0.95
"""Share of units coded from which nothing is left to estimate."""
_MOST_UNEQUAL = 1.25
"""How far weights may differ within a stratum; whole units make them differ a little."""
_SIZES, _DRAWS = (50, 100, 200), 100
_LEAST = 4
"""Units drawn of each stratum of codings, so that coders divided on one leave enough."""
_ALONE = "coded units alone"
_SHARES = ["coder", "frame", "group", "units", "coded", "naive", "corrected", "low", "high"]
_SHARES += ["interval", "rogan_gladen", "further_units", "reason"]
_DIFFERENCES = ["coder", "frame", "group", "other", "naive", "corrected", "low", "high"]
_DIFFERENCES += ["interval", "reason"]
_NUMBERS = ["naive", "corrected", "low", "high", "rogan_gladen", "further_units"]


@dataclass(frozen=True, eq=False)
class _CodedUnits:
    """Every unit of a corpus in its order: the table of `sampling.unit_table`, the automatic codes
    (units × frames) and the group of each unit's document."""

    units: pd.DataFrame
    frames: tuple[str, ...]
    coded: np.ndarray
    groups: np.ndarray


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
    frames = tuple(codebook.frames)
    matcher = CountedMatches(tokens, replace(codebook, actors={}), negation, voice)
    ids = tokens.corpus.documents["id"].array
    documents, texts, codes = [], [], []
    for block, (rows, _) in tokens.each(matcher.matches):
        unit_of = units_of(block, unit)
        rows = reached(block, rows, unit_of, threshold, len(frames))
        first = np.unique(unit_of, return_index=True)[1]
        numbers = block.sentence_document[first] + block.first_document
        documents.append(numbers)
        texts += _unit_texts(tokens, block, first, numbers)
        codes.append(presence_of(block, rows, unit_of, len(first), len(frames)).toarray() > 0)
    where = np.concatenate(documents)
    groups = tokens.corpus.groups(group).to_numpy(dtype=object)[where]
    return _CodedUnits(
        sampling.unit_table(ids[where], texts), frames, np.concatenate(codes), groups
    )


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


def sample_files(
    found: _CodedUnits,
    size: int,
    coders: Sequence[str],
    *,
    both: int,
    xlsx: bool,
    allocation: str,
    random_seed: int,
) -> dict[str, bytes]:
    """The key and the coding sheets of a stratified sample of units, by file name.

    Strata are the groups, each parted into units that the rules code and units that they do not.
    """
    strata = sampling.frame_strata(found.coded, found.groups)
    drawn = sampling.draw(strata, size, random_seed=random_seed, allocation=allocation)
    return sheets.sample_files(
        found.units,
        drawn,
        found.frames,
        coders,
        both=min(both, size),
        random_seed=random_seed,
        xlsx=coders if xlsx else (),
    )


def agreement_tables(
    folder: Path, found: _CodedUnits, *, confidence: float, resamples: int, random_seed: int
) -> dict[str, pd.DataFrame]:
    """What the coders of a sample say of each other, and of the rules: tables by name.

    `problems` and `others` name what is not as it was given out; `agreement`, `pairs`,
    `confusion` and `disagreements` compare the coders; `accuracy`, `prevalence` and `differences`
    hold the rules against the coders' majority, corrected for coding error.
    """
    key, codings = sheets.read_sample(folder, found.frames)
    variables = agreement.frame_codes(codings.codes, found.frames)
    drawn = {"confidence": confidence, "resamples": resamples, "random_seed": random_seed}
    study = _study_of(found, found.coded, key, correction.consensus(codings.codes))
    return {
        "problems": codings.problems,
        "others": codings.others,
        "agreement": agreement.agreement_table(variables, **drawn),
        "pairs": agreement.pair_table(variables, codings.coders),
        "confusion": agreement.confusion_table(variables, codings.coders),
        "disagreements": agreement.disagreements(variables, codings.units, codings.coders),
        "accuracy": correction.accuracy_table(study, confidence),
        "prevalence": correction.prevalence_table(study, confidence=confidence),
        "differences": correction.difference_table(study, confidence=confidence),
    }


def _study_of(found: _CodedUnits, automatic, key: pd.DataFrame, codes) -> correction.Study:
    """What is needed to correct an automatic coding by the codes of a sample (in the key's order).

    Strata are those of the codebook and group at hand. Raises InputError where the sample was drawn
    so differently that its units stand for different numbers of units within them.
    """
    places = sheets.places_in(key, found.units)
    strata = sampling.frame_strata(found.coded, found.groups)
    _check_weights(key["weight"].to_numpy(), strata[places])
    documents = found.units["document"].to_numpy(dtype=object)
    return correction.make_study(
        found.frames, automatic, places, codes, strata, found.groups, documents
    )


def _check_weights(weights: np.ndarray, strata: np.ndarray) -> None:
    """Raise InputError where the weights within a stratum differ by more than MOST_UNEQUAL."""
    for name in sorted(set(strata.tolist())):
        mine = weights[strata == name]
        if mine.max() > _MOST_UNEQUAL * mine.min():
            raise InputError(
                f"units of {shown(name)} were drawn with different probabilities, weights",
                value=f"{mine.min():.3g} to {mine.max():.3g}",
                allowed="the codebook, unit and group that the sample was drawn with",
            )


# --- the codings that come with a corpus ----------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Coded:
    """The codings of a corpus's units, in the form that `sample_files` gives out.

    Without any `reason` says why, and everything else is missing. `agreed` is the coders' majority
    (coded units × frames), NaN where they are divided.
    """

    unit: str
    reason: str
    found: _CodedUnits | None = None
    key: pd.DataFrame | None = None
    codings: sheets.Codings | None = None

    @cached_property
    def agreed(self) -> np.ndarray:
        return correction.consensus(self.codings.codes)

    @cached_property
    def places(self) -> np.ndarray:
        """The place of each coded unit among all units."""
        return sheets.places_in(self.key, self.found.units)

    @property
    def whole(self) -> bool:
        """Whether so many units are coded that hardly anything is left to estimate."""
        return not self.reason and len(self.key) >= _NEARLY_ALL * len(self.found.units)

    @property
    def coders(self) -> str:
        """The names of the coders, as they stand in a sentence."""
        return _listed(self.codings.coders) if self.codings else "nobody"

    def everywhere(self, codes: np.ndarray) -> np.ndarray:
        """Codes of the coded units put among all units, NaN elsewhere."""
        spread = np.full((len(self.found.units), codes.shape[1]), np.nan)
        spread[self.places] = codes
        return spread


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
        return _Coded(unit, "no codings of this corpus are there")
    try:
        return _read_coded(Path(folder), tokens, codebook, unit, group, **counted)
    except InputError as error:
        if path:
            raise
        return _Coded(unit, f"the corpus's own codings do not fit: {error}")


def _read_coded(
    folder: Path, tokens: Tokens, codebook: Codebook, unit: str, group: str, **counted
) -> _Coded:
    """The codings in a folder; raises InputError where they do not fit the units or the frames."""
    sheets.read_key(folder / sheets.KEY)
    found = coded_units(tokens, codebook, unit, group, **counted)
    key, codings = sheets.read_sample(folder, found.frames)
    coded = _Coded(unit, "", found, key, codings)
    if not len(coded.places) or np.isnan(codings.codes).all():
        raise InputError("holds no code of a frame of this codebook", where=folder.name)
    return coded


def codings_told(coded: _Coded) -> str:
    """Who coded how much, and what is not as it was given out; or how to get codings."""
    if coded.reason:
        return shown_lines(
            f"Nothing here can be validated: {coded.reason}.\n"
            f"`workbook sample DIR --size 200 --coders NAME,NAME --unit {coded.unit}` draws "
            f"{coded.unit}s and writes sheets; filled in, they are read with the parameter codings=DIR."
        )
    codings, n = coded.codings, len(coded.found.units)
    lines = [f"{len(coded.key):,} of {n:,} {coded.unit}s coded by {coded.coders}."]
    kinds = codings.problems.groupby("problem").size()
    told = ", ".join(f"{what}: {count:,}" for what, count in kinds.items()) or "nothing"
    lines.append(f"Not as given out: {told}.")
    if len(codings.others):
        columns = _listed(sorted(set(codings.others["column"])))
        lines.append(f"{len(codings.others):,} more cells are filled in: {columns}.")
    return shown_lines("\n".join(lines))


def _listed(names: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    names = [shown(name, quote=False) for name in names]
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def agreement_of_coders(coded: _Coded, **choices) -> pd.DataFrame:
    """`agreement.agreement_table` of the frames, empty without codings."""
    if coded.reason:
        return pd.DataFrame(columns=agreement.AGREEMENT)
    variables = agreement.frame_codes(coded.codings.codes, coded.found.frames)
    return agreement.agreement_table(variables, **choices)


def confusion_of_coders(coded: _Coded) -> pd.DataFrame:
    """`agreement.confusion_table` of the frames, a row each pair of coders: variable, coder, other,
    both, only_coder, only_other, neither (units)."""
    columns = ["variable", "coder", "other", "both", "only_coder", "only_other", "neither"]
    if coded.reason:
        return pd.DataFrame(columns=columns)
    variables = agreement.frame_codes(coded.codings.codes, coded.found.frames)
    table = agreement.confusion_table(variables, coded.codings.coders)
    rows = []
    for names, part in table.groupby(["variable", "coder", "other"], sort=False):
        units = dict(
            zip(zip(part["code"], part["other_code"], strict=True), part["units"], strict=True)
        )
        cells = [int(units.get(pair, 0)) for pair in ((1, 1), (1, 0), (0, 1), (0, 0))]
        rows.append((*names, *cells))
    return pd.DataFrame(rows, columns=columns)


def divided_units(coded: _Coded) -> pd.DataFrame:
    """The units that coders coded differently: variable, unit_id, a code a coder, text."""
    if coded.reason:
        return pd.DataFrame(columns=["variable", "unit_id", "text"])
    variables = agreement.frame_codes(coded.codings.codes, coded.found.frames)
    table = agreement.disagreements(variables, coded.codings.units, coded.codings.coders)
    texts = dict(zip(coded.key["unit_id"], coded.key["text"], strict=True))
    return table.assign(text=table["unit_id"].map(texts))


def _actors_coded(coded: _Coded, tokens: Tokens, codebook: Codebook) -> pd.DataFrame:
    """The actor of each unit by each coder, from a further column `actor` of the sheets: document,
    start, end (characters), coder, actor, as `stances.actor_agreement` takes them. Cells that name
    no actor of the codebook, 'both', 'several' or 'other' are left out."""
    columns = ["document", "start", "end", "coder", "actor"]
    if coded.reason or not codebook.actors:
        return pd.DataFrame(columns=columns)
    others = coded.codings.others
    allowed = {*sides(list(codebook.actors)), OTHER} - {NOBODY}
    told = others[(others["column"] == _ACTOR) & others["value"].isin(allowed)]
    places = pd.DataFrame(_unit_places(coded.found, tokens), columns=["start", "end"])
    units = coded.found.units[["unit_id", "document"]].join(places)
    found = told.rename(columns={"value": "actor"}).merge(units, on="unit_id")
    return found[columns]


def _unit_places(found: _CodedUnits, tokens: Tokens) -> list[tuple[int, int]]:
    """Where each unit stands in the text of its document (characters), unit after unit."""
    numbers = {name: n for n, name in enumerate(tokens.corpus.documents["id"])}
    places, document, place, content = [], None, 0, ""
    for name, text in zip(found.units["document"], found.units["text"], strict=True):
        if name != document:
            content = tokens.corpus.texts.content(numbers[name]).decode("utf-8")
            document, place = name, 0
        start = content.index(text, place)
        place = start + len(text)
        places.append((start, place))
    return places


def actor_scores(coded: _Coded, tokens: Tokens, codebook: Codebook, **choices) -> pd.DataFrame:
    """`stances.actor_agreement` with the coders' actors, empty where they coded none."""
    told = _actors_coded(coded, tokens, codebook)
    if told.empty:
        return pd.DataFrame(columns=["coder", "units", "left_out", "percent", "cohen", "alpha"])
    return actor_agreement(tokens, codebook, told, **choices)


# --- automatic coders held against the codings ------------------------------------------------------


def automatic_coders(coded: _Coded, codes=None, *, random_seed: int = 0) -> list[AutomaticCoding]:
    """The rules, and a coder learnt from codes (of all units; the agreed ones where None).

    Where nothing can be learnt (too few documents, scikit-learn not installed), the learnt coder
    knows no frame and says why.
    """
    if coded.reason:
        return []
    found = coded.found
    codes = coded.everywhere(coded.agreed) if codes is None else codes
    rules = coder.rule_coding(found.coded, found.frames)
    documents = found.units["document"].to_numpy(dtype=object)
    try:
        learnt = coder.learnt_coding(
            found.units["text"].tolist(), codes, documents, found.frames, random_seed=random_seed
        )
    except InputError as error:
        nothing = np.zeros(len(found.frames), dtype=bool)
        reasons = (str(error),) * len(found.frames)
        blank = np.zeros(found.coded.shape, dtype=bool)
        learnt = AutomaticCoding(coder.LEARNT, found.frames, blank, nothing, reasons)
    return [rules, learnt]


def automatic_scores(coded: _Coded, coders: Sequence[AutomaticCoding]) -> pd.DataFrame:
    """`coder.coder_table` against each coder and against what they agree on: a first column
    `against`."""
    if coded.reason:
        columns = ["coder", "frame", "units", "positive", "precision", "recall", "f1", "reason"]
        return pd.DataFrame(columns=["against", *columns])
    judges = dict(zip(coded.codings.coders, coded.codings.codes, strict=True))
    if len(judges) > 1:
        judges = {f"{coded.coders} where they agree": coded.agreed, **judges}
    parts = []
    for name, codes in judges.items():
        part = coder.coder_table(coders, coded.everywhere(codes))
        part.insert(0, "against", name)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def macro_told(scores: pd.DataFrame) -> str:
    """The mean F1 of each automatic coder against each judge, a line each."""
    macro = scores[scores["frame"] == "macro"]
    lines = [
        f"{row.coder} against {row.against}: macro-F1 {row.f1:.3f} ({row.reason})"
        for row in macro.itertuples()
    ]
    return shown_lines("\n".join(lines)) or "No codings: nothing is scored."


def rule_accuracy(coded: _Coded, confidence: float) -> pd.DataFrame:
    """`correction.accuracy_table` of the rules, empty without codings."""
    if coded.reason:
        return pd.DataFrame(columns=correction.ACCURACY)
    study = _study_of(coded.found, coded.found.coded, coded.key, coded.agreed)
    return correction.accuracy_table(study, confidence)


# --- corrected -----------------------------------------------------------------------------------------


def sample_of_codings(coded: _Coded, size: int, random_seed: int) -> _Coded:
    """The codings as a sample: all of them, but where nearly every unit is coded `size` of them
    drawn at random, so that what they say can be held against the rest. 0 takes all."""
    if coded.reason or not coded.whole or not 0 < size < len(coded.key):
        return coded
    found, places = coded.found, coded.places
    strata = sampling.frame_strata(found.coded, found.groups)[places]
    drawn = sampling.draw(strata, size, random_seed=random_seed, least=_LEAST)
    kept = drawn["place"].to_numpy()
    whole = pd.Series(sampling.frame_strata(found.coded, found.groups)).value_counts()
    population = drawn["stratum"].map(whole).to_numpy()
    key = coded.key.iloc[kept].reset_index(drop=True)
    key = key.assign(weight=population / drawn["drawn"].to_numpy())
    codings = replace(
        coded.codings,
        units=tuple(coded.codings.units[n] for n in kept),
        codes=coded.codings.codes[:, kept],
    )
    return _Coded(coded.unit, "", found, key, codings)


def sample_told(coded: _Coded, sample: _Coded) -> str:
    """Which codings a correction sees."""
    if coded.reason:
        return "No codings: nothing is corrected."
    n = len(sample.key)
    if n == len(coded.key):
        return f"All {n:,} coded {coded.unit}s are used."
    return (
        f"{len(coded.key):,} of {len(coded.found.units):,} {coded.unit}s are coded, so that there is "
        f"nothing to estimate. As if only {n:,} of them had been coded, drawn at random, shares are "
        "corrected from these; all codings are the truth that the result is held against."
    )


def _corrections(coded: _Coded, sample: _Coded, coders, table, columns: Sequence[str], **choices):
    """A table of `correction` for each automatic coder, and the share by all codings.

    `table` is `correction.prevalence_table` or `correction.difference_table`.
    """
    parts = []
    for one in coders:
        study = _study_of(sample.found, one.coded, sample.key, sample.agreed)
        part = table(study, **choices)
        unknown = part["frame"].map(dict(zip(one.frames, one.reasons, strict=True)))
        part.loc[unknown != "", part.columns.intersection(_NUMBERS)] = np.nan
        part["reason"] = unknown.where(unknown != "", part["reason"])
        part.insert(0, "coder", one.coder)
        parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(columns))


def corrected_shares(
    coded: _Coded, sample: _Coded, coders: Sequence[AutomaticCoding], confidence: float
) -> pd.DataFrame:
    """`correction.prevalence_table` of each automatic coder, a first column `coder`; a last column
    `by_coders`: the share by the codings of every unit, where nearly all are coded."""
    columns = [*_SHARES, "by_coders"]
    table = _corrections(
        coded, sample, coders, correction.prevalence_table, columns, confidence=confidence
    )
    return table.assign(
        by_coders=[_share_by_coders(coded, r.frame, r.group) for r in table.itertuples()]
    )


def corrected_differences(
    coded: _Coded,
    sample: _Coded,
    coders: Sequence[AutomaticCoding],
    confidence: float,
    compare: Sequence[str] = (),
) -> pd.DataFrame:
    """`correction.difference_table` of each automatic coder, with `coder` and `by_coders` as in
    `corrected_shares`."""
    chosen = {"confidence": confidence, "compare": compare}
    table = _corrections(
        coded, sample, coders, correction.difference_table, [*_DIFFERENCES, "by_coders"], **chosen
    )
    values = [
        _share_by_coders(coded, row.frame, row.group)
        - _share_by_coders(coded, row.frame, row.other, row.group)
        for row in table.itertuples()
    ]
    return table.assign(by_coders=values)


def _share_by_coders(coded: _Coded, frame: str, group: str, besides: str = "") -> float:
    """The share of a group by the codings where nearly every unit is coded, NaN elsewhere; the group
    'the rest' is every one `besides` another, '(none)' apart."""
    if not coded.whole:
        return float("nan")
    groups = coded.found.groups[coded.places]
    inside = (groups == group) | (group == EVERY)
    inside = (groups != besides) & (groups != NO_VALUE) if group == "the rest" else inside
    codes = coded.agreed[inside, coded.found.frames.index(frame)]
    return float(np.nanmean(codes)) if (~np.isnan(codes)).any() else float("nan")


def further_told(shares: pd.DataFrame, unit: str, precision: float = correction.PRECISION) -> str:
    """How many more units to code until each corrected share of the corpus is known well enough."""
    rules = shares[(shares["coder"] == "rules") & (shares["group"] == EVERY)]
    known = rules[rules["further_units"].notna()]
    if known.empty:
        return "Too few codings to tell how many more are needed."
    most = known.loc[known["further_units"].idxmax()]
    enough = int((known["further_units"] == 0).sum())
    more = f"; {most['frame']} needs most, {most['further_units']:,.0f} more"
    return shown_lines(
        f"To know each share to ±{precision * 100:g} points: {enough} of {len(known)} frames need no "
        f"more {unit}s{more if most['further_units'] else ''}."
    )


# --- does the correction keep its promise? -----------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Known:
    """Units whose true codes are known, to try a correction on: the coded ones, with the codes of
    the majority, the first coder's where coders are divided."""

    codes: np.ndarray
    automatic: tuple[np.ndarray, ...]
    strata: np.ndarray

    def intervals(self, size: int, confidence: float, seed: int) -> np.ndarray:
        """Intervals that one drawn sample gives: estimators × frames × (low, high)."""
        drawn = sampling.draw(self.strata, size, random_seed=seed)["place"].to_numpy()
        n, k = self.codes.shape
        names, every = tuple(map(str, range(k))), np.ones(n, dtype=bool)
        labels = self.strata, self.strata, np.zeros(n)  # one document: of these units only
        found = []
        for automatic in self.automatic:
            study = correction.make_study(names, automatic, drawn, self.codes[drawn], *labels)
            parts = [correction.corrected_share(study, f, every, confidence) for f in range(k)]
            found.append(uncertainty.wilson(automatic.sum(axis=0), n, confidence))
            found.append(([one.low for one in parts], [one.high for one in parts]))
        weights = study.frame(0).weight[drawn, None]
        share = (weights * self.codes[drawn]).sum(axis=0) / weights.sum()
        left = (n - size) / (n - 1)  # what is coded of these units is not estimated
        found.append(uncertainty.wilson(share * size, size, confidence, left))
        return np.array([np.transpose(pair) for pair in found], dtype=float)


def _known_codes(coded: _Coded, coders: Sequence[AutomaticCoding]) -> _Known:
    """The coded units of which every frame is known."""
    codes = np.where(np.isnan(coded.agreed), coded.codings.codes[0], coded.agreed)
    whole = ~np.isnan(codes).any(axis=1)
    places = coded.places[whole]
    strata = sampling.frame_strata(coded.found.coded, coded.found.groups)[places]
    return _Known(codes[whole], tuple(one.coded[places] for one in coders), strata)


def correction_coverage(
    coded: _Coded,
    coders: Sequence[AutomaticCoding],
    *,
    confidence: float = 0.95,
    random_seed: int = 0,
    sizes: Sequence[int] = _SIZES,
    draws: int = _DRAWS,
) -> pd.DataFrame:
    """How often an interval holds the known share when only some coded units are looked at.

    Samples of each size are drawn `draws` times as `sampling.draw` does. Columns: estimator (of each
    automatic coder 'NAME, counted', with Wilson's interval, and 'NAME, corrected'; 'coded units
    alone', with Wilson's for draws without replacement), size, frame, draws (that gave an interval), coverage, half_width (mean).
    """
    columns = ["estimator", "size", "frame", "draws", "coverage", "half_width"]
    if coded.reason:
        return pd.DataFrame(columns=columns)
    known = _known_codes(coded, coders)
    fewest = 2 * len(set(known.strata.tolist()))
    names = [f"{one.coder}, {how}" for one in coders for how in ("counted", "corrected")]
    rows = []
    for size in sizes:
        if not fewest <= size < len(known.codes):
            continue
        seeds = uncertainty.generator(random_seed, f"coverage {size}").integers(2**31, size=draws)
        found = np.array([known.intervals(size, confidence, seed) for seed in seeds.tolist()])
        rows += _coverage_rows(
            [*names, _ALONE], coded.found.frames, size, found, known.codes.mean(axis=0)
        )
    return pd.DataFrame(rows, columns=columns)


def _coverage_rows(names, frames, size: int, found: np.ndarray, truth: np.ndarray) -> list[tuple]:
    """The rows of one size: `found` is draws × estimators × frames × (low, high)."""
    low, high = found[..., 0], found[..., 1]
    there = np.isfinite(low)
    holds = there & (low <= truth) & (truth <= high)
    n = there.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        coverage = holds.sum(axis=0) / n
        half = np.where(there, high - low, 0).sum(axis=0) / n / 2
    return [
        (name, size, frame, int(n[e, f]), float(coverage[e, f]), float(half[e, f]))
        for e, name in enumerate(names)
        for f, frame in enumerate(frames)
    ]
