"""Framing: coded units, shares of frames, their differences between groups, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.corpus import NO_VALUE, OTHERS, Corpus, comparable_groups
from analysis.errors import InputError
from analysis.rules.codebook import Codebook, RuleSet
from analysis.rules.evidence import KEPT, Found, Gatherer, check_unit, evidence_table, units_of
from analysis.rules.matching import different
from analysis.rules.negation import WINDOW, CountedMatches, marks_of
from analysis.rules.voices import VOICES
from analysis.statistics import uncertainty
from analysis.statistics.measures import ratio
from analysis.tables.rates import group_cells, rate_table, rates_by_story
from analysis.tables.stories import CorpusStories
from analysis.tokens import Block, Tokens

# documents of which `frames_by_document` lists every one, with a frame or without
_MAX_LISTED = 100_000
_MIN_MATCHES = 5
ONE_RULE_SHARE = 0.5
ONE_DOCUMENT_SHARE = 0.75
_DIFFERENCES = ["share", "other_share", "difference", "low", "high", "p"]
_FOUNDATIONS = ["matches", "rules", "top_rule", "top_rule_share", "documents", "top_document"]
_FOUNDATIONS += ["top_document_share", "warning"]


# --- coding ------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Coding:
    """Units coded with frames: a unit is coded when it holds at least one match.

    `coded` is how many units of each document (rows) carry each frame (columns), `units` how many
    units each document has. `named` is how many units name each actor, last those that name
    none; `together` how many of them carry each frame (actors × frames). `found` are the matches
    that count, `apart` those that are left out as negated (none where negation is off).
    """

    found: Found
    unit: str
    frames: tuple[str, ...]
    actors: tuple[str, ...]
    coded: sparse.csr_array
    units: np.ndarray
    named: np.ndarray
    together: np.ndarray
    apart: Found | None = None

    @property
    def tokens(self) -> Tokens:
        return self.found.tokens

    @property
    def matches(self) -> list[Found]:
        """The matches that count and, where negation is on, those that do not."""
        return [found for found in (self.found, self.apart) if found is not None]

    @cached_property
    def measured(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Numbers of frames, and the mask of the documents in whose language they have rules."""
        return list(self.found.measured(self.found.has_rules_in))

    @property
    def measured_in(self) -> np.ndarray:
        """For each frame (rows) the documents (columns) in whose language it has rules."""
        table = np.zeros((len(self.frames), self.tokens.n_documents), dtype=bool)
        for frames, documents in self.measured:
            table[frames] = documents
        return table

    @property
    def n_units(self) -> int:
        return int(self.units.sum())

    def by_document(
        self, inside: np.ndarray | slice = slice(None), frames: np.ndarray | slice = slice(None)
    ) -> uncertainty.Clusters:
        """Coded units (of some frames), and units, in each document (or each of some)."""
        return uncertainty.Clusters(self.coded, self.units).some(inside, frames)


def check_frames(frames: Mapping[str, RuleSet]) -> None:
    """Raise InputError where there are no frames to code with."""
    if not frames:
        raise InputError(
            "the codebook has no frames",
            allowed="frames in the corpus folder's codebook.yaml or in --codebook; "
            "notebooks 01 and 02 run without",
        )


def code_units(
    tokens: Tokens,
    codebook: Codebook,
    unit: str = "sentence",
    *,
    keep: int = KEPT,
    threshold: int = 1,
    random_seed: int = 0,
    negation: int = 0,
    voice: str = "all",
) -> Coding:
    """Code every unit of the corpus with the frames and actors of a codebook.

    A unit carries a frame from `threshold` matches on. Of each rule at most `keep` matches are kept
    for reading. With `negation` above 0 a match with a negation among so many words before it
    codes nothing; `voice` says in whose voice a match must be to count (see
    `voices.check_voice`). Raises InputError for an unknown unit or voice, or no frames.
    """
    check_unit(unit)
    check_frames(codebook.frames)
    frames, actors = codebook.frames, codebook.actors
    gatherer, left_out = (Gatherer(tokens, frames, keep, random_seed) for _ in range(2))
    matcher = CountedMatches(tokens, codebook, negation, voice)
    coded, units = [], []
    named = np.zeros(len(actors) + 1, dtype=np.int64)
    together = np.zeros((len(actors) + 1, len(frames)), dtype=np.int64)

    def matched(block: Block) -> tuple:
        rows, apart = matcher.matches(block)
        mine = gatherer.counted(block, rows[rows[:, 0] < len(frames)])
        return rows, mine, left_out.counted(block, apart)

    for block, (rows, mine, apart) in tokens.each(matched):
        gatherer.add(block, mine)
        left_out.add(block, apart)
        unit_of = units_of(block, unit)
        firsts = np.flatnonzero(np.diff(unit_of, prepend=-1))
        document, n = block.sentence_document[firsts], len(firsts)
        enough = reached(block, rows, unit_of, threshold, len(frames))
        presence = presence_of(block, enough, unit_of, n, len(frames) + len(actors))
        framed, holders = presence[:, : len(frames)], presence[:, len(frames) :]
        nobody = sparse.csr_array((holders.sum(axis=1) == 0).astype(np.int64).reshape(-1, 1))
        holders = sparse.hstack([holders, nobody]).tocsr()
        named += holders.sum(axis=0)
        together += (holders.T @ framed).toarray()
        member = (np.ones(n, dtype=np.int64), (document, np.arange(n, dtype=np.int32)))
        coded.append(sparse.csr_array(member, shape=(block.n_documents, n)) @ framed)
        units.append(np.bincount(document, minlength=block.n_documents))
    return Coding(
        gatherer.found(),
        unit,
        tuple(frames),
        tuple(actors),
        sparse.vstack(coded).tocsr(),
        np.concatenate(units),
        named,
        together,
        left_out.found() if negation else None,
    )


def presence_of(
    block: Block, rows: np.ndarray, unit_of: np.ndarray, n_units: int, n_sets: int
) -> sparse.csr_array:
    """Which units (rows) of a block hold a match of which rule set (columns), as ones."""
    sentence = np.searchsorted(block.sentence_start, rows[:, 1], side="right") - 1
    cells = different(unit_of[sentence] * n_sets + rows[:, 0], n_units * n_sets)
    where = tuple(part.astype(np.int32) for part in np.divmod(cells, max(n_sets, 1)))
    ones = np.ones(len(cells), dtype=np.int64)
    return sparse.csr_array((ones, where), shape=(n_units, n_sets))


def reached(
    block: Block, rows: np.ndarray, unit_of: np.ndarray, threshold: int, n_frames: int
) -> np.ndarray:
    """The matches but those of a frame that has fewer than `threshold` of them in their unit."""
    if threshold < 2 or not len(rows):
        return rows
    sentence = np.searchsorted(block.sentence_start, rows[:, 1], side="right") - 1
    cells = unit_of[sentence] * (rows[:, 0].max() + 1) + rows[:, 0]
    _, which, counts = np.unique(cells, return_inverse=True, return_counts=True)
    return rows[(counts[which] >= threshold) | (rows[:, 0] >= n_frames)]


def evidence_of(coding: Coding, *, negation: int = 0) -> pd.DataFrame:
    """The kept matches as readers follow them: `evidence.parquet`.

    The columns of `evidence.evidence_table`, then voice ('author', 'reported' or 'quoted') and
    negated (a negation comes before it, within `negation` words or, if that is 0, WINDOW).
    Matches that do not count as they are negated are among the others.
    """
    tables = [evidence_table(found, coding.unit) for found in coding.matches]
    kept = pd.concat([found.kept for found in coding.matches], ignore_index=True)
    voice, negated = marks_of(coding.tokens, kept, negation or WINDOW)
    voices = np.array(VOICES, dtype=object)[voice]
    table = pd.concat(tables, ignore_index=True).assign(voice=voices, negated=negated)
    rank = kept["name"].map({name: n for n, name in enumerate(coding.frames)})
    return table.iloc[np.lexsort((kept["first"], rank))].reset_index(drop=True)


def codebook_table(codebook: Codebook) -> pd.DataFrame:
    """The frames of a codebook: columns frame, about, rules, exceptions (counts)."""
    rows = [
        (name, rules.about, len(rules.rules), len(rules.exceptions))
        for name, rules in codebook.frames.items()
    ]
    return pd.DataFrame(rows, columns=["frame", "about", "rules", "exceptions"])


# --- shares ------------------------------------------------------------------------------------------


def frame_table(
    coding: Coding,
    group: str,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    random_seed: int = 0,
) -> pd.DataFrame:
    """Share of units coded with each frame, for all and by group: `frames.csv`.

    A frame is measured in the documents in whose language it has rules; elsewhere it has no units
    and no share. A corpus of several languages has the rows of each as well (column language,
    'all' for every document). Columns frame, group, units, coded, share, low, high, documents, interval.
    Nothing is drawn: `resamples` and `random_seed` are taken as every table takes them.
    """
    table = rate_table(
        coding.frames,
        lambda inside, frames: (coding.by_document(inside, frames), 1.0),
        coding.measured,
        group_cells(coding.tokens.corpus, group),
        confidence,
    )
    names = {"name": "frame", "size": "units", "count": "coded", "rate": "share"}
    columns = ["frame", "group", "units", "coded", "share", "low", "high", "documents", "interval"]
    columns += [name for name in table if name == "language"]
    return table.rename(columns=names)[columns]


def frames_by_document(coding: Coding) -> pd.DataFrame:
    """Coded units of each frame in each document: `frames_by_document.csv`.

    Of more than _MAX_LISTED documents only those are listed that carry the frame.
    """
    ids, n = coding.tokens.corpus.documents["id"], len(coding.units)
    if n > _MAX_LISTED:
        found = coding.coded.tocsc().tocoo()
        frame, document, coded = found.col, found.row, found.data
    else:
        frame, document = np.divmod(np.arange(len(coding.frames) * n), n)
        coded = coding.coded.toarray().T.ravel()
    units = (coding.units[document] * coding.measured_in[frame, document]).astype(int)
    coded = (coded * (units > 0)).astype(int)
    names = np.array(coding.frames, dtype=object)[frame]
    table = {"frame": names, "document": ids.take(document).array, "units": units, "coded": coded}
    return pd.DataFrame(table).assign(share=ratio(coded, units))


def frames_by_story(
    coding: Coding,
    codebook: Codebook,
    stories: CorpusStories,
    *,
    group: str,
    threshold: int = 1,
    negation: int = 0,
    voice: str = "all",
) -> pd.DataFrame:
    """Shares of each frame by article and by story: `frames_by_story.csv`.

    Columns frame, group, articles, article_units, article_coded, article_share, and the same of
    stories. `threshold`, `negation` and `voice` are those that the coding was made with.
    """
    if coding.tokens is not stories.tokens:
        choices = {"threshold": threshold, "negation": negation, "voice": voice}
        coding = code_units(stories.tokens, codebook, coding.unit, keep=0, **choices)
    keys = pd.DataFrame({"group": stories.tokens.corpus.groups(group).to_numpy()})
    called = ("frame", "units", "coded", "share")
    return rates_by_story(stories, keys, coding.frames, coding.coded, coding.units, called)


def actor_table(coding: Coding, *, confidence: float = 0.95) -> pd.DataFrame:
    """Frames in the units that name each actor: columns actor, frame, units, coded, share, low, high.

    A unit may name several actors; the rows 'no actor' are the units that name none. Intervals
    are Wilson's over units and describe these texts only.
    """
    actors = [*coding.actors, "no actor"]
    coded, units = coding.together, np.repeat(coding.named[:, None], len(coding.frames), axis=1)
    low, high = uncertainty.wilson(coded, units, confidence)
    cells = pd.MultiIndex.from_product([actors, coding.frames], names=["actor", "frame"])
    values = {
        "units": units,
        "coded": coded,
        "share": ratio(coded, units),
        "low": low,
        "high": high,
    }
    table = {name: numbers.ravel() for name, numbers in values.items()}
    return pd.DataFrame(table, index=cells).reset_index()


# --- differences -------------------------------------------------------------------------------------


def group_names(corpus: Corpus, group: str, compare: Sequence[str] = ()) -> list[str]:
    """The groups that are compared: two named ones, or every one but '(none)'.

    Raises InputError unless `compare` is empty or two different values of the group column.
    """
    groups = corpus.groups(group)
    values = comparable_groups(groups)
    if not compare:
        return values
    for name in compare:
        problem = f"no document with this {group}"
        if name == NO_VALUE:
            problem = f"documents without a {group} are compared with nothing"
        if name not in values:
            raise InputError(problem, where="compare", value=name, allowed=values)
    if len(compare) != 2 or compare[0] == compare[1]:
        raise InputError("compare takes two different values", value=list(compare), allowed=values)
    one, other = (corpus.languages[(groups == name).to_numpy()][0] for name in compare)
    if one != other:
        allowed = "two groups of one language, as words and rates of two languages do not compare"
        raise InputError("compare names two languages", value=list(compare), allowed=allowed)
    return list(compare)


# a group and what it is compared with: the names of both, the documents of both
Comparison = tuple[str, str, np.ndarray, np.ndarray]


def comparisons_of(
    corpus: Corpus, groups: np.ndarray, names: Sequence[str]
) -> Iterator[tuple[np.ndarray, list[Comparison]]]:
    """The comparisons of groups in each language that has any, after the documents that count.

    Two groups make one comparison, more are each compared with the rest. Words and shares of two
    languages are never compared; documents without a value are in no rest.
    """
    for language, inside in corpus.strata:
        inside = inside & (groups != NO_VALUE)
        present = set(groups[inside])
        mine = [(name, groups == name) for name in names if name in present]
        rest = "the rest" if len(corpus.strata) == 1 else f"the rest ({language or 'no language'})"
        if len(mine) == 2:
            (one, first), (other, second) = mine
            yield inside, [(one, other, first, second)]
        elif len(mine) > 2:
            yield inside, [(name, rest, mask, ~mask & inside) for name, mask in mine]


def difference_table(
    coding: Coding,
    group: str,
    compare: Sequence[str] = (),
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    random_seed: int = 0,
) -> pd.DataFrame:
    """Differences of frame shares between groups, with interval, p and q, or why there is no p.

    Columns frame, group, other, share, other_share, difference, low, high, p, q, documents,
    other_documents, interval (the weaker of the two sides), no_test. p is the level at which the
    interval touches zero (`uncertainty.rate_difference`), q its false discovery rate over all rows
    with a p. Both are missing, and `no_test` says why, where a side has fewer than ten documents or
    the frame is too rare; such a row has an interval, but no claim can rest on it. Nothing is drawn:
    `resamples` and `random_seed` are taken as every table takes them.
    """
    corpus = coding.tokens.corpus
    groups = corpus.groups(group).to_numpy()
    rows = []
    names = group_names(corpus, group, compare)
    for inside, compared in comparisons_of(corpus, groups, names):
        frames = np.flatnonzero(coding.measured_in[:, inside.argmax()])
        for name, other, *masks in compared:
            rows += _difference_rows(coding, frames, (name, other), masks, confidence)
    ends = ["documents", "other_documents", "interval", "no_test"]
    table = pd.DataFrame(rows, columns=["frame", "group", "other", *_DIFFERENCES, *ends])
    table.insert(9, "q", uncertainty.false_discovery(table["p"]))
    return table


def _difference_rows(coding: Coding, frames: np.ndarray, names, masks, confidence) -> list[tuple]:
    """The rows of one comparison, one a frame; documents without a unit do not count."""
    sides = [coding.by_document(mask & (coding.units > 0), frames) for mask in masks]
    found = uncertainty.rate_difference(*sides, confidence=confidence)
    numbers = (found.rate, found.other, found.rate - found.other, found.low, found.high, found.p)
    documents = [len(side.sizes) for side in sides]
    return [
        (coding.frames[frame], *names, *row, *documents, found.over, why)
        for frame, *row, why in zip(frames, *numbers, found.no_test, strict=True)
    ]


def largest_difference(
    differences: pd.DataFrame, confidence: float = 0.95
) -> tuple[pd.Series | None, bool]:
    """The largest difference that may be named, None for none, and whether all documents are few.

    It is one that holds at a false discovery rate of 1 - confidence, with FEWEST_DOCUMENTS on both
    sides. Where no side of any comparison has so many and nothing is tested, it is the largest
    counted one, which describes these texts only.
    """
    sides = differences[["documents", "other_documents"]]
    few = not (sides >= uncertainty.FEWEST_DOCUMENTS).any(axis=None)
    named = ~differences[["group", "other"]].isin([OTHERS]).any(axis=1)
    rows = differences[differences["difference"].notna() & named]
    if rows["p"].notna().any() or not few:
        rows = rows[rows["q"] <= 1 - confidence]
    if not few:
        rows = rows[sides.min(axis=1)[rows.index] >= uncertainty.FEWEST_DOCUMENTS]
    if rows.empty:
        return None, few
    return rows.loc[rows["difference"].abs().idxmax()], few


# --- what frames rest on -----------------------------------------------------------------------------


def concentration_table(coding: Coding) -> pd.DataFrame:
    """What each frame rests on: columns frame, matches, rules, top_rule, top_rule_share,
    documents, top_document, top_document_share, warning ('' for none).

    There is a warning where half the matches come from one rule or three quarters from one document,
    or where there are fewer than five.
    """
    ids = coding.tokens.corpus.documents["id"]
    counts = coding.found.counts.tocsc()
    rows = []
    for number in range(len(coding.frames)):
        column = slice(*counts.indptr[number : number + 2])
        by_document = pd.Series(counts.data[column], index=ids.iloc[counts.indices[column]])
        rules = _leading(coding.found.rule_counts[number])
        documents = _leading(by_document)
        matches = int(by_document.sum())
        warning = _warning_of(matches, rules[-1], documents[-1], coding.tokens.n_documents)
        rows.append((matches, *rules, *documents, warning))
    table = pd.DataFrame(rows, columns=_FOUNDATIONS)
    table.insert(0, "frame", coding.frames)
    return table


def _leading(counts: pd.Series) -> tuple[int, str, float]:
    """How many labels have a count, the one with the highest (first in order of two as high), its share."""
    counts = counts[counts > 0].sort_index().sort_values(ascending=False, kind="stable")
    if counts.empty:
        return 0, "", float("nan")
    return len(counts), str(counts.index[0]), float(counts.iloc[0] / counts.sum())


def _warning_of(matches: int, rule_share: float, document_share: float, n_documents: int) -> str:
    """What a frame's matches warn of, '' for nothing."""
    if matches < _MIN_MATCHES:
        return f"fewer than {_MIN_MATCHES} matches"
    parts = ["one rule"] if rule_share >= ONE_RULE_SHARE else []
    if document_share >= ONE_DOCUMENT_SHARE and n_documents > 1:
        parts.append("one document")
    return "rests on " + " and ".join(parts) if parts else ""
