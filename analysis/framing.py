"""How sources frame the matter: coded units, shares, differences, keyness, actors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from analysis import measures, uncertainty
from analysis.codebook import Codebook, RuleSet
from analysis.corpus import EVERY, Corpus
from analysis.errors import InputError, shown_lines
from analysis.evidence import check_unit, find, unit_of_sentence
from analysis.tokens import Tokens
from analysis.trends import informative_prior

TOO_FEW_MATCHES = 5
ONE_RULE_SHARE = 0.5
ONE_DOCUMENT_SHARE = 0.75


@dataclass(frozen=True, eq=False)
class Coding:
    """Units coded with frames: a unit is coded when it holds at least one match.

    `coded` is units × frames (True where coded), `unit_document` the document of each unit,
    `found` every match (see `evidence.find`), `unit_of` the unit of each sentence.
    """

    tokens: Tokens
    unit: str
    frames: tuple[str, ...]
    coded: sparse.csr_array
    unit_document: np.ndarray
    unit_of: np.ndarray
    found: pd.DataFrame

    @property
    def n_units(self) -> int:
        return len(self.unit_document)

    def by_document(self) -> uncertainty.Clusters:
        """Coded units of each frame, and units, in each document."""
        n = self.tokens.n_documents
        ones = np.ones(self.n_units)
        where = (self.unit_document, np.arange(self.n_units))
        member = sparse.coo_array((ones, where), shape=(n, self.n_units))
        counts = (member.tocsr() @ self.coded.astype(np.int64)).toarray()
        return uncertainty.Clusters(counts, np.bincount(self.unit_document, minlength=n))


def code_units(tokens: Tokens, frames: Mapping[str, RuleSet], unit: str = "sentence") -> Coding:
    """Code every unit of the corpus; raises InputError for an unknown unit or no frames."""
    check_unit(unit)
    check_frames(frames)
    found = find(tokens, frames)
    unit_of = unit_of_sentence(tokens, unit)
    n_units = int(unit_of[-1]) + 1 if len(unit_of) else 0
    firsts = np.unique(unit_of, return_index=True)[1]
    return Coding(
        tokens=tokens,
        unit=unit,
        frames=tuple(frames),
        coded=presence(found, unit_of, tuple(frames), n_units),
        unit_document=tokens.sentence_document[firsts],
        unit_of=unit_of,
        found=found,
    )


def check_frames(frames: Mapping[str, RuleSet]) -> None:
    """Raise InputError where there are no frames to code with."""
    if not frames:
        raise InputError(
            "the codebook has no frames",
            allowed="frames in the corpus folder's codebook.yaml or in --codebook; "
            "notebooks 01 and 02 run without",
        )


def presence(
    found: pd.DataFrame, unit_of: np.ndarray, names: Sequence[str], n_units: int
) -> sparse.csr_array:
    """Which units (rows) hold a match of which rule set (columns)."""
    column = found["name"].map({name: place for place, name in enumerate(names)}).to_numpy(int)
    row = unit_of[found["sentence"].to_numpy(int)]
    ones = np.ones(len(found), dtype=np.int64)
    counts = sparse.coo_array((ones, (row, column)), shape=(n_units, len(names))).tocsr()
    return counts > 0


def group_names(corpus: Corpus, group: str, compare: Sequence[str] = ()) -> list[str]:
    """The groups that are compared: two named ones, or every one.

    Raises InputError unless `compare` is empty or two different values of the group column.
    """
    values = sorted(set(corpus.groups(group)))
    if not compare:
        return values
    for name in compare:
        if name not in values:
            raise InputError(
                f"no document with this {group}", where="compare", value=name, allowed=values
            )
    if len(compare) != 2 or compare[0] == compare[1]:
        raise InputError("compare takes two different values", value=list(compare), allowed=values)
    return list(compare)


def frame_table(
    coding: Coding,
    group: str,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    random_seed: int = 0,
) -> pd.DataFrame:
    """Share of units coded with each frame, for all and by group: `frames.csv`.

    Columns frame, group, units, coded, share, low, high, documents, interval.
    """
    groups = coding.tokens.corpus.groups(group).to_numpy()
    documents = coding.by_document()
    rows = []
    for name in [EVERY, *sorted(set(groups))]:
        inside = (groups == name) | (name == EVERY)
        mine = uncertainty.Clusters(documents.counts[inside], documents.sizes[inside])
        rng = uncertainty.generator(random_seed, f"frames {coding.unit} {group} {name}")
        interval = uncertainty.rate_intervals(
            mine, confidence=confidence, resamples=resamples, rng=rng
        )
        coded, units = mine.counts.sum(axis=0), int(mine.sizes.sum())
        for n, frame in enumerate(coding.frames):
            share = coded[n] / units if units else np.nan
            limits = (interval.low[n], interval.high[n])
            counted = (units, int(coded[n]), share, *limits, int(inside.sum()), interval.over)
            rows.append((n, frame, name, *counted))
    columns = ["rank", "frame", "group", "units", "coded", "share", "low", "high", "documents"]
    table = pd.DataFrame(rows, columns=[*columns, "interval"])
    return table.sort_values("rank", kind="stable", ignore_index=True).drop(columns="rank")


def frames_by_document(coding: Coding) -> pd.DataFrame:
    """Coded units of each frame in each document: `frames_by_document.csv`."""
    documents = coding.by_document()
    ids = coding.tokens.corpus.documents["id"]
    rows = [
        (
            frame,
            ids[d],
            int(units),
            int(documents.counts[d, n]),
            share_of(documents.counts[d, n], units),
        )
        for n, frame in enumerate(coding.frames)
        for d, units in enumerate(documents.sizes)
    ]
    return pd.DataFrame(rows, columns=["frame", "document", "units", "coded", "share"])


def share_of(count, units) -> float:
    """The share, NaN of no units."""
    return float(count) / float(units) if units else float("nan")


def sides(groups: np.ndarray, names: Sequence[str]):
    """(group, other, mask of the group, mask of the other) of every comparison to be made.

    Two groups make one comparison, more are each set against the rest.
    """
    if len(names) == 2:
        first, second = names
        yield first, second, groups == first, groups == second
    elif len(names) > 2:
        for name in names:
            yield name, "the rest", groups == name, groups != name


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
    other_documents, interval (the weaker of the two sides), no_test. p is a permutation test over documents, q its false discovery
    rate over all rows with a p; both are missing, and `no_test` says why, where the documents
    are too few for any p below 1 - confidence.
    """
    corpus = coding.tokens.corpus
    groups = corpus.groups(group).to_numpy()
    names = group_names(corpus, group, compare)
    documents = coding.by_document()
    rows = []
    for name, other, mine, theirs in sides(groups, names):
        rng = uncertainty.generator(
            random_seed, f"differences {coding.unit} {group} {name} {other}"
        )
        rows += difference_rows(
            coding.frames, documents, (name, other), (mine, theirs), confidence, resamples, rng
        )
    columns = ["frame", "group", "other", "share", "other_share", "difference", "low", "high", "p"]
    table = pd.DataFrame(
        rows, columns=[*columns, "documents", "other_documents", "interval", "no_test"]
    )
    table.insert(9, "q", uncertainty.false_discovery(table["p"].to_numpy(dtype=float)))
    return table


def difference_rows(frames, documents, names, masks, confidence, resamples, rng) -> list[tuple]:
    """The rows of one comparison, one a frame; documents without a unit do not count."""
    masks = [mask & (documents.sizes > 0) for mask in masks]
    parts = [uncertainty.Clusters(documents.counts[mask], documents.sizes[mask]) for mask in masks]
    n, m = int(masks[0].sum()), int(masks[1].sum())
    share, rest = (part.counts.sum(axis=0) / (part.sizes.sum() or np.nan) for part in parts)
    mine, theirs = (
        uncertainty.rate_intervals(part, confidence=confidence, resamples=resamples, rng=rng)
        for part in parts
    )
    limits = (share, mine.low, mine.high, rest, theirs.low, theirs.high)
    low, high = uncertainty.difference_interval(*limits)
    over = min(mine.over, theirs.over, key=("", "texts", "documents").index)
    refusal = uncertainty.cannot_test(n, m, confidence)
    p = np.full(len(frames), np.nan)
    if not refusal:
        both = masks[0] | masks[1]
        together = uncertainty.Clusters(documents.counts[both], documents.sizes[both])
        p = uncertainty.permutation_p(together, masks[0][both], resamples, rng)
    numbers = zip(share, rest, share - rest, low, high, p, strict=True)
    return [
        (frame, *names, *row, n, m, over, refusal)
        for frame, row in zip(frames, numbers, strict=True)
    ]


def keyness_table(
    tokens: Tokens,
    group: str,
    compare: Sequence[str] = (),
    *,
    prior: float,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Words that set each group apart from its counterpart: `keyness.csv`.

    Every type of the corpus for every group. log_odds and z: log-odds with an informative
    Dirichlet prior of `prior` tokens; g2: 4-cell log-likelihood, signed; log_ratio: binary
    logarithm of the two rates' ratio. p: Welch's t-test over documents, with its false
    discovery rate q within the group; missing where a side has fewer than ten documents, as
    then words can be ranked but not tested. Columns end with documents, rest_documents.
    """
    groups = tokens.corpus.groups(group).to_numpy()
    names = group_names(tokens.corpus, group, compare)
    counts = tokens.document_types
    parts = []
    for name, other, mine, theirs in sides(groups, names):
        cells = [(name, mine, theirs)]
        cells += [(other, theirs, mine)] if len(names) == 2 else []
        for group_name, own, rest in cells:
            part = keyness_of(tokens.types, counts, tokens.document_sizes, own, rest, prior)
            parts.append(part.assign(group=group_name))
    columns = ["token", "group", "count", "tokens", "rest_count", "rest_tokens", "log_odds", "z"]
    columns += ["g2", "log_ratio", "p", "q", "documents", "rest_documents"]
    if not parts:
        return pd.DataFrame(columns=columns)
    table = pd.concat(parts, ignore_index=True).reindex(columns=columns)
    return table.sort_values(
        ["group", "z", "token"], ascending=[True, False, True], ignore_index=True
    )


def keyness_of(types, counts, document_sizes, mine, theirs, prior) -> pd.DataFrame:
    """The rows of one group against its counterpart."""
    count, rest = (np.asarray(counts[side].sum(axis=0)).ravel() for side in (mine, theirs))
    size, rest_size = int(count.sum()), int(rest.sum())
    if not size or not rest_size:
        return pd.DataFrame({"token": []})
    used = count + rest > 0
    counts, count, rest = counts[:, np.flatnonzero(used)], count[used], rest[used]
    delta, z = measures.log_odds(count, rest, informative_prior(count + rest, prior))
    p = keyness_p(counts, document_sizes, mine, theirs)
    return pd.DataFrame(
        {
            "token": np.array(types, dtype=object)[used],
            "count": count,
            "tokens": size,
            "rest_count": rest,
            "rest_tokens": rest_size,
            "log_odds": delta,
            "z": z,
            "g2": measures.log_likelihood(count, size, rest, rest_size),
            "log_ratio": measures.log_ratio(count, size, rest, rest_size),
            "p": p,
            "q": uncertainty.false_discovery(p),
            "documents": int(mine.sum()),
            "rest_documents": int(theirs.sum()),
        }
    )


def keyness_p(counts, document_sizes, mine, theirs) -> np.ndarray:
    """Welch's p over documents of every word; missing where a side has too few documents."""
    mine, theirs = mine & (document_sizes > 0), theirs & (document_sizes > 0)
    if min(mine.sum(), theirs.sum()) < uncertainty.FEWEST_DOCUMENTS:
        return np.full(counts.shape[1], np.nan)
    rates = counts.multiply(1 / np.maximum(document_sizes, 1)[:, None]).tocsr()
    moments = []
    for side in (mine, theirs):
        part = rates[side]
        sums = np.asarray(part.sum(axis=0)).ravel()
        squares = np.asarray(part.power(2).sum(axis=0)).ravel()
        moments += [sums, squares, int(side.sum())]
    return uncertainty.welch_p(*moments)


def codebook_table(codebook: Codebook) -> pd.DataFrame:
    """The frames of a codebook: columns frame, about, rules, exceptions (counts)."""
    rows = [
        (name, rules.about, len(rules.rules), len(rules.exceptions))
        for name, rules in codebook.frames.items()
    ]
    return pd.DataFrame(rows, columns=["frame", "about", "rules", "exceptions"])


def actor_table(
    coding: Coding, actors: Mapping[str, RuleSet], *, confidence: float = 0.95
) -> pd.DataFrame:
    """Frames in the units that name each actor: columns actor, frame, units, coded, share, low, high.

    A unit may name several actors; the rows 'no actor' are the units that name none. Intervals
    are Wilson's over units and speak of these texts only.
    """
    found = find(coding.tokens, actors)
    named = presence(found, coding.unit_of, tuple(actors), coding.n_units).astype(np.int64)
    nobody = sparse.csr_array((named.sum(axis=1) == 0).astype(np.int64).reshape(-1, 1))
    holders = sparse.hstack([named, nobody]).tocsr()
    both = (holders.T @ coding.coded.astype(np.int64)).toarray()
    units = np.asarray(holders.sum(axis=0)).ravel()
    low, high = uncertainty.wilson(both, units[:, None], confidence)
    rows = [
        (
            actor,
            frame,
            int(units[a]),
            int(both[a, f]),
            share_of(both[a, f], units[a]),
            low[a, f],
            high[a, f],
        )
        for a, actor in enumerate([*actors, "no actor"])
        for f, frame in enumerate(coding.frames)
    ]
    return pd.DataFrame(rows, columns=["actor", "frame", "units", "coded", "share", "low", "high"])


def concentration_table(coding: Coding) -> pd.DataFrame:
    """What each frame rests on: columns frame, matches, rules, top_rule, top_rule_share,
    documents, top_document, top_document_share, warning ('' for none).

    A warning stands where half the matches come from one rule or three quarters from one document, or where
    there are fewer than five.
    """
    ids = coding.tokens.corpus.documents["id"]
    rows = []
    for frame in coding.frames:
        mine = coding.found[coding.found["name"] == frame]
        rule, rule_share, rules = largest(mine["rule"])
        document, document_share, documents = largest(mine["document"].map(ids))
        warning = warning_of(len(mine), rule_share, document_share, coding.tokens.n_documents)
        rows.append(
            (
                frame,
                len(mine),
                rules,
                rule,
                rule_share,
                documents,
                document,
                document_share,
                warning,
            )
        )
    columns = [
        "frame",
        "matches",
        "rules",
        "top_rule",
        "top_rule_share",
        "documents",
        "top_document",
    ]
    return pd.DataFrame(rows, columns=[*columns, "top_document_share", "warning"])


def largest(values: pd.Series) -> tuple[str, float, int]:
    """The commonest value (first in order of two as common), its share, how many values there are."""
    counts = values.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    if counts.empty:
        return "", float("nan"), 0
    return str(counts.index[0]), float(counts.iloc[0] / counts.sum()), len(counts)


def warning_of(matches: int, rule_share: float, document_share: float, n_documents: int) -> str:
    """What a frame's matches warn of, '' for nothing."""
    if matches < TOO_FEW_MATCHES:
        return f"fewer than {TOO_FEW_MATCHES} matches"
    parts = []
    if rule_share >= ONE_RULE_SHARE:
        parts.append("one rule")
    if document_share >= ONE_DOCUMENT_SHARE and n_documents > 1:
        parts.append("one document")
    return "rests on " + " and ".join(parts) if parts else ""


def concentration_warnings(table: pd.DataFrame) -> str:
    """The warnings of a concentration table, a line a frame."""
    warned = table[table["warning"] != ""]
    lines = [
        f"WARNING {row.frame}: {row.warning} ({row.top_rule}; {row.top_document})"
        for row in warned.itertuples()
    ]
    return (
        shown_lines("\n".join(lines))
        or "No frame rests on one rule, one document or too few matches."
    )


def tests_told(differences: pd.DataFrame) -> str:
    """How many differences could be tested, and why the others could not."""
    tested = int(differences["p"].notna().sum())
    reasons = sorted(set(differences["no_test"]) - {""})
    told = f"{len(differences)} differences, {tested} of them tested."
    return " ".join([told, *(f"Not tested: {reason}." for reason in reasons)])


def framing_answer(shares: pd.DataFrame, differences: pd.DataFrame) -> str:
    """The frames by share and the widest difference, in two sentences made of the numbers."""
    every = shares[shares["group"] == EVERY].sort_values("share", ascending=False, kind="stable")
    told = ", ".join(f"{row.frame} {row.share:.0%}" for row in every.itertuples())
    told = f"Frames by share of all units: {told}."
    if not differences["difference"].notna().any():
        return shown_lines(told) + "\nOne group only: nothing to compare."
    widest = differences.loc[differences["difference"].abs().idxmax()]
    return shown_lines(told) + shown_lines(
        f"\nWidest difference: {widest['frame']}, {widest['group']} {widest['share']:.0%} against "
        f"{widest['other']} {widest['other_share']:.0%}."
    )


def groups_told(corpus: Corpus, group: str, compare: Sequence[str] = ()) -> str:
    """The groups that are compared, in words."""
    names = group_names(corpus, group, compare)
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return shown_lines(f"{len(names)} groups by {group}: {', '.join(names[:20])}{more}")
