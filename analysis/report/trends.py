"""Trends in words: which periods are compared, what changed, what the answer is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.corpus import EVERY, others_told
from analysis.errors import shown_lines
from analysis.rules.evidence import Found
from analysis.statistics.measures import per_million
from analysis.statistics.uncertainty import FEWEST_DOCUMENTS
from analysis.tables.trends import Trends, comparable_periods, span_text


def _of_all_documents(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the group of all documents, in every language."""
    table = table[table["group"] == EVERY]
    return table[table["language"] == EVERY] if "language" in table else table


def describe_periods(trends: Trends) -> str:
    """The periods of a trend, which of them are partial, and how many documents are in none."""
    periods = _of_all_documents(trends.table).drop_duplicates("period")
    text = f"Periods by {trends.period}: {len(periods)}.{describe_partial_periods(periods)}"
    return shown_lines(f"{text} Documents left out of the trend: {len(trends.left_out):,}.")


def describe_partial_periods(periods: pd.DataFrame, word: str = "Partial") -> str:
    """Which periods are partial, in words after a space; '' for none."""
    parts = periods[periods["partial"] != ""]
    pairs = zip(parts["period"], parts["partial"], strict=True)
    text = "; ".join(f"{period} ({words})" for period, words in pairs)
    return f" {word}: {text}." if text else ""


def describe_missing_terms(found: Found, trends: Trends) -> str:
    """The terms that occur in no document, dated or not, and those that are missing or incomplete
    in the trend because their documents have no date precise enough."""
    totals = dict(zip(found.names, found.totals.tolist(), strict=True))
    never = [term for term, total in totals.items() if not total]
    lines = [f"Not in this corpus: {', '.join(never)}." if never else "Every term occurs."]
    dated = _of_all_documents(trends.table).groupby("term")["count"].sum()
    missing = {term: total - int(dated.get(term, 0)) for term, total in totals.items()}
    only = [f"{term} ({missing[term]:,})" for term in totals if 0 < totals[term] == missing[term]]
    if only:
        lines.append(f"Only in documents that are left out of the trend: {', '.join(only)}.")
    if lost := sum(missing.values()):
        total = sum(totals.values())
        lines.append(
            f"The trend counts {total - lost:,} of {total:,} "
            f"occurrences: {lost:,} are in the {len(trends.left_out):,} documents left out."
        )
    return shown_lines("\n".join(lines))


def describe_caveat(trends: Trends) -> str:
    """What the number of documents in each period allows, in words."""
    every = _of_all_documents(trends.table).drop_duplicates("period")
    if every.empty:
        return "No document has a date precise enough: there is no trend."
    fewest, most = int(every["documents"].min()), int(every["documents"].max())
    compared = len(comparable_periods(every))
    text = f"{len(every)} periods by {trends.period}; the one with the fewest documents holds {fewest}. "
    text += f"{others} " if (others := others_told(set(trends.table["group"]), "The group")) else ""
    if most < FEWEST_DOCUMENTS or compared < 2:
        return text + (
            "Too few for a trend: a difference between periods is one between these texts."
        )
    if compared < len(every):
        text += (
            f"Only the {compared} whole periods with {FEWEST_DOCUMENTS} documents or "
            "more are compared. "
        )
    return text + "Intervals describe documents of the kind; who is in the corpus may still change."


def describe_trends(
    by_group: pd.DataFrame, words: pd.DataFrame, early: str, late: str, caveat: str
) -> str:
    """How often the terms occur and which words rise and fall, with the caveat of the periods."""
    totals = _of_all_documents(by_group)
    counts = zip(totals["term"], totals["count"], strict=True)
    text = "Occurrences: " + ", ".join(f"{term} {count:,}" for term, count in counts) + "."
    if not early:
        return shown_lines(f"{text}\nFewer than two whole periods: nothing to compare.")
    return shown_lines(f"{text}\n{_describe_words(words, early, late)}\n{caveat}")


def _describe_words(words: pd.DataFrame, early: str, late: str, *, most: int = 4) -> str:
    """The words that stand out in the later and in the earlier periods, as a ranking."""
    large = words[["early_documents", "late_documents"]] >= FEWEST_DOCUMENTS
    known = words[large.all(axis=1)] if large.any(axis=None) else words
    if known.empty:
        return (
            f"Fewer than {FEWEST_DOCUMENTS} documents in one half of the periods: "
            "their words are not compared."
        )
    tokens = known["token"]
    if "language" in known:
        tokens = tokens + " (" + known["language"].replace("", "no language") + ")"
    up = ", ".join(tokens[known["z"] > 0].head(most)) or "none"
    down = ", ".join(tokens[known["z"] < 0].tail(most)[::-1]) or "none"
    return (
        f"Words ranked first in the texts of {late} against {early} (by z, not tested): {up}; "
        f"in those of {early} against {late}: {down}."
    )


def describe_split(table: pd.DataFrame) -> str:
    """Between how many periods the same sources have texts, in words."""
    pairs = table.groupby(["before", "after"])["common"].max()
    if pairs.empty:
        return "Fewer than two periods: there is no change to split."
    shared = int((pairs > 0).sum())
    lines = f"{shared} of {len(pairs)} comparisons of periods share a source."
    if shared < len(pairs):
        lines += " Where none is shared, all of a change comes from other sources."
    return lines


def describe_changes(table: pd.DataFrame, confidence: float = 0.95) -> str:
    """The change points of the trends in words, or why there are none."""
    if table.empty:
        return "No trend, and no change of one."
    dated = table[table["refusal"] == ""]
    reasons = sorted(set(table["refusal"]) - {""})
    lines = [f"No change point is dated: {reason}." for reason in reasons]
    sure = dated[dated["q"] <= 1 - confidence]
    lines += [
        f"{row.term}: the mean changes by {row.shift:+,.0f} per million after {row.last_before} "
        f"({confidence * 100:g} % interval {row.low} to {row.high}, q = {row.q:.2g})."
        for row in sure.itertuples()
    ]
    if len(dated) > len(sure):
        lines.append(f"{len(dated) - len(sure)} of {len(dated)} terms without a sure change.")
    return shown_lines("\n".join(lines))


def describe_trends_by_story(
    table: pd.DataFrame, trends: Trends | None = None, *, most: int = 3
) -> str:
    """The trends that change most when stories instead of articles are counted, in words.

    A trend is the rate in the later half of the periods less that in the earlier half; periods that
    are partial in `trends` are left out.
    """
    every = table[table["group"] == EVERY]
    if trends is not None:
        periods = _of_all_documents(trends.table)
        every = every[~every["period"].isin(periods.loc[periods["partial"] != "", "period"])]
    periods = sorted(set(every["period"]))
    if table["articles"].equals(table["stories"]):
        return "By story every trend is as by article: no dated article is another's copy."
    if len(periods) < 2:
        return "Fewer than two whole periods: no trend to compare by article and by story."
    early, late = periods[: len(periods) // 2], periods[len(periods) // 2 :]
    terms = every.groupby("term", sort=False)
    rows = [(term, *_trend_sides(rows, rows["period"].isin(late))) for term, rows in terms]
    other_direction = sum(article[0] != story[0] for _, _, article, story in rows)
    rows.sort(key=lambda row: (row[2][0] == row[3][0], -row[1]))
    text = [
        f"  {term} {article[0]} by article ({article[1]}) and {story[0]} by story ({story[1]})"
        for term, change, article, story in rows[:most]
        if change
    ]
    head = (
        f"Per million tokens, {span_text(early)} to {span_text(late)}: "
        f"{other_direction} of {len(rows)} trends change direction when stories are counted. Changed most:"
    )
    return shown_lines("\n".join([head, *text]))


def _trend_sides(rows: pd.DataFrame, late: pd.Series) -> tuple:
    """How far a term's trends by article and by story differ, and each trend in words."""
    changes, text = [], []
    for side in ("article", "story"):
        sums = rows[[f"{side}_count", f"{side}_tokens"]].groupby(late).sum().to_numpy()
        before, after = per_million(*sums.T)
        changes.append(after - before)
        move = "rises" if after > before else "falls" if after < before else "stays"
        known = np.isfinite(after - before)  # not where a half holds no story
        text.append((move, f"{before:,.0f} → {after:,.0f}") if known else ("has no trend", "–"))
    return np.nan_to_num(abs(changes[0] - changes[1]), nan=np.inf), *text
