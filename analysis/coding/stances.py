"""Stances held against coders: whom a unit is about, and whose words stand in it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.coding.agreement import agreement_table, cross_table
from analysis.errors import InputError
from analysis.rules.actors import sentence_actors, sides
from analysis.rules.codebook import NOBODY, Codebook
from analysis.rules.matching import Matcher
from analysis.rules.voices import VOICES, Voices
from analysis.statistics import uncertainty
from analysis.tokens import Block, Tokens

OTHER = "other"
"""What coders write for a unit about nobody in particular."""
_DOCUMENT_BITS = 36


def actor_agreement(
    tokens: Tokens,
    codebook: Codebook,
    codings: pd.DataFrame,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    random_seed: int = 0,
) -> pd.DataFrame:
    """How far the rule of `actors.sentence_actors` agrees with each coder: `actor_agreement.csv`.

    `codings` has a row a unit and coder: document, start, end (characters), coder, actor (a name
    of the codebook, 'both' or 'several', or OTHER). Columns coder, units, left_out (units without
    a token, as their lines are excluded), then percent, cohen, alpha, low, high of
    `agreement.agreement_table`. Raises InputError for an unknown document.
    """
    coded = _with_rule(tokens, codebook, codings)
    rows = []
    for coder, mine in coded.groupby("coder", sort=True):
        told = mine[mine["spoken"]]
        codes = np.array([told["ours"], told["actor"]], dtype=object)
        drawn = {"confidence": confidence, "resamples": resamples, "random_seed": random_seed}
        row = agreement_table({"actor": codes}, **drawn).iloc[0]
        kept = [row[name] for name in ("percent", "cohen", "alpha", "low", "high")]
        rows.append((coder, len(told), len(mine) - len(told), *kept))
    columns = ["coder", "units", "left_out", "percent", "cohen", "alpha", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def actor_confusion(tokens: Tokens, codebook: Codebook, codings: pd.DataFrame) -> pd.DataFrame:
    """Units by the coder's actor and the rule's: columns coder, theirs, ours, units."""
    coded = _with_rule(tokens, codebook, codings)
    parts = []
    for coder, mine in coded[coded["spoken"]].groupby("coder", sort=True):
        crossed = cross_table(mine["actor"].to_numpy(), mine["ours"].to_numpy())
        part = crossed.rename_axis(index="theirs", columns="ours").stack().rename("units")
        parts.append(part.reset_index().assign(coder=coder))
    return pd.concat(parts, ignore_index=True)[["coder", "theirs", "ours", "units"]]


def _with_rule(tokens: Tokens, codebook: Codebook, codings: pd.DataFrame) -> pd.DataFrame:
    """Codings with what the rule says of each unit (`ours`) and whether it holds a token (`spoken`)."""
    places = codings.drop_duplicates(["document", "start", "end"])[["document", "start", "end"]]
    spans = _Spans(tokens, places)
    n, labels = len(codebook.actors), np.array(sides(list(codebook.actors)), dtype=object)
    matcher = Matcher(tokens, codebook.actors.values())
    rows, spoken = [np.empty((0, 4), dtype=np.int64)], np.zeros(len(places), dtype=bool)
    for block in spans.blocks():
        unit = spans.units(block)
        spoken[unit[unit >= 0]] = True
        found = matcher.matches(block)[:, :3]
        found = np.column_stack((found, unit[found[:, 1]])).astype(np.int64)
        rows.append(found[found[:, 3] >= 0])
    about = labels[sentence_actors(np.concatenate(rows), len(places), n)]
    ours = places.assign(ours=np.where(about == NOBODY, OTHER, about), spoken=spoken)
    return codings.merge(ours, on=["document", "start", "end"], how="left")


class _Spans:
    """Finds the tokens that lie in spans of characters; the spans of a document do not overlap."""

    def __init__(self, tokens: Tokens, places: pd.DataFrame):
        self.tokens = tokens
        numbers = {name: n for n, name in enumerate(tokens.corpus.documents["id"])}
        unknown = [name for name in places["document"] if name not in numbers]
        if unknown:
            raise InputError("no such document", where="codings", value=unknown[0])
        self.document = places["document"].map(numbers).to_numpy(dtype=np.int64)
        bounds = places[["start", "end"]].to_numpy(dtype=np.int64)
        self.bounds = np.empty_like(bounds)
        for number in np.unique(self.document):
            mine = self.document == number
            self.bounds[mine] = _byte_places(tokens.corpus.texts.content(int(number)), bounds[mine])

    def blocks(self):
        """The blocks that hold a document with a span."""
        for number in sorted({self.tokens.block_number(int(one)) for one in set(self.document)}):
            yield self.tokens.block(number)

    def units(self, block: Block) -> np.ndarray:
        """The span that each token of a block lies in, -1 for none."""
        begins, ends = (self.document << _DOCUMENT_BITS) + self.bounds.T
        order = np.argsort(begins, kind="stable")
        document = block.document_of.astype(np.int64) + block.first_document
        place = (document << _DOCUMENT_BITS) + block.start
        before = np.searchsorted(begins[order], place, side="right") - 1
        unit = order[np.maximum(before, 0)]
        return np.where((before >= 0) & (place < ends[unit]), unit, -1)


def _byte_places(content: bytes, places: np.ndarray) -> np.ndarray:
    """Places of characters in a text as places of bytes."""
    leads = np.flatnonzero((np.frombuffer(content, dtype=np.uint8) & 0xC0) != 0x80)
    return np.append(leads, len(content))[np.minimum(places, len(leads))]


def voice_accuracy(
    tokens: Tokens, labels: pd.DataFrame, *, confidence: float = 0.95
) -> pd.DataFrame:
    """Precision and recall of the voices against labelled spans: `voice_accuracy.csv`.

    `labels` has a row a span: document, start, end (characters), kind ('sentence' or 'quotation'),
    voice (one of VOICES). A span is found to stand in a voice where one of its tokens does. Columns voice, labelled, found,
    both, precision, precision_low, precision_high, recall, recall_low, recall_high, the intervals
    Wilson's over spans.
    """
    rows = []
    for voice, kind in (("reported", "sentence"), ("quoted", "quotation")):
        mine = labels[(labels["kind"] == kind) | (labels["voice"] == voice)]
        theirs, ours = (mine["voice"] == voice).to_numpy(), _found_in(tokens, mine, voice)
        both, found, labelled = (theirs & ours).sum(), ours.sum(), theirs.sum()
        limits = [
            float(one)
            for total in (found, labelled)
            for one in (
                uncertainty.ratio(both, total),
                *uncertainty.wilson(both, total, confidence),
            )
        ]
        rows.append((voice, int(labelled), int(found), int(both), *limits))
    columns = ["voice", "labelled", "found", "both", "precision", "precision_low"]
    columns += ["precision_high", "recall", "recall_low", "recall_high"]
    return pd.DataFrame(rows, columns=columns)


def _found_in(tokens: Tokens, labels: pd.DataFrame, voice: str) -> np.ndarray:
    """Which spans are found to stand in a voice, in the order of the labels."""
    found = np.zeros(len(labels), dtype=bool)
    for _, kind in labels.reset_index(drop=True).groupby("kind"):  # within a kind none overlap
        found[kind.index] = _heard_in(tokens, kind, voice)
    return found


def _heard_in(tokens: Tokens, places: pd.DataFrame, voice: str) -> np.ndarray:
    """Which spans hold a token in a voice."""
    spans, voices = _Spans(tokens, places), Voices(tokens)
    heard = np.zeros(len(places), dtype=bool)
    for block in spans.blocks():
        unit = spans.units(block)
        mine = (unit >= 0) & (voices.of(block) == VOICES.index(voice))
        heard[unit[mine]] = True
    return heard
