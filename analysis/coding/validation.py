"""Validation: a sample of coded units given out to people, their codes read back and used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.codebook import Codebook
from analysis.coding import agreement, correction, sampling, sheets
from analysis.evidence import check_unit, units_of
from analysis.framing import check_frames, presence_of
from analysis.matching import Matcher
from analysis.tokens import Block, Tokens


@dataclass(frozen=True, eq=False)
class CodedUnits:
    """Every unit of a corpus in its order: the table of `sampling.unit_table`, the automatic codes
    (units × frames) and the group of each unit's document."""

    units: pd.DataFrame
    frames: tuple[str, ...]
    coded: np.ndarray
    groups: np.ndarray


def coded_units(tokens: Tokens, codebook: Codebook, unit: str, group: str) -> CodedUnits:
    """Every unit with its text and its automatic codes; all texts of the corpus are held in memory."""
    check_unit(unit)
    check_frames(codebook.frames)
    frames = tuple(codebook.frames)
    matcher = Matcher(tokens, codebook.frames.values())
    ids = tokens.corpus.documents["id"].to_numpy()
    documents, texts, codes = [], [], []
    for block, rows in tokens.each(matcher.matches):
        unit_of = units_of(block, unit)
        first = np.unique(unit_of, return_index=True)[1]
        numbers = block.sentence_document[first] + block.first_document
        documents.append(numbers)
        texts += unit_texts(tokens, block, first, numbers)
        codes.append(presence_of(block, rows, unit_of, len(first), len(frames)).toarray() > 0)
    where = np.concatenate(documents)
    groups = tokens.corpus.groups(group).to_numpy(dtype=object)[where]
    return CodedUnits(sampling.unit_table(ids[where], texts), frames, np.concatenate(codes), groups)


def unit_texts(tokens: Tokens, block: Block, first: np.ndarray, documents: np.ndarray) -> list[str]:
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
    found: CodedUnits,
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
    folder: Path, found: CodedUnits, *, confidence: float, resamples: int, random_seed: int
) -> dict[str, pd.DataFrame]:
    """What the coders of a sample say of each other, and of the rules: tables by name.

    `problems` and `others` name what is not as it was given out; `agreement`, `pairs`,
    `confusion` and `disagreements` compare the coders; `accuracy`, `prevalence` and `differences`
    hold the rules against the coders' majority, corrected for coding error.
    """
    key, codings = sheets.read_sample(folder, found.frames)
    variables = agreement.frame_codes(codings.codes, found.frames)
    drawn = {"confidence": confidence, "resamples": resamples, "random_seed": random_seed}
    places = sheets.places_in(key, found.units)
    study = correction.make_study(
        found.frames,
        found.coded,
        places,
        correction.consensus(codings.codes),
        sampling.frame_strata(found.coded, found.groups),
        found.groups,
        found.units["document"].to_numpy(dtype=object),
    )
    return {
        "problems": codings.problems,
        "others": codings.others,
        "agreement": agreement.agreement_table(variables, **drawn),
        "pairs": agreement.pair_table(variables, codings.coders),
        "confusion": agreement.confusion_table(variables, codings.coders),
        "disagreements": agreement.disagreed_units(variables, codings.units, codings.coders),
        "accuracy": correction.accuracy_table(study, confidence),
        "prevalence": correction.prevalence_table(study, confidence=confidence),
        "differences": correction.difference_table(study, confidence=confidence),
    }
