"""Changes of trends: who made them, when they happened, and periods that are not whole."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from analysis.corpus import EVERY, NO_VALUE
from analysis.errors import shown_lines
from analysis.statistics import change_points, measures, uncertainty

_SPLIT = ["term", "before", "after", "change", "other_sources", "same_sources", "came", "went"]
_SPLIT += ["common", "span"]


def split_table(trends: pd.DataFrame) -> pd.DataFrame:
    """Each change of a trend from period to period, and over the whole, split in two.

    `trends` has the columns term, period, group, count, tokens of `trends.csv`, the groups being
    the sources. Columns: term, before, after (periods), change (of the rate per million),
    other_sources (the sources' shares of the tokens changed), same_sources (they spoke
    differently), came and went (sources with tokens in only one of the two periods), common (with
    tokens in both; with none, all of the change is other sources), span ('step' to the next period,
    'ends' from the first to the last, 'halves' from the earlier half of the periods to the later).
    The two parts sum exactly to the change (`measures.kitagawa`). Periods without a token, partial
    periods and documents without a source are passed over.
    """
    sources = _whole_periods(trends)
    sources = sources[~sources["group"].isin([EVERY, NO_VALUE])]
    rows = []
    for term, mine in sources.groupby("term", sort=False):
        counts, sizes = (
            mine.pivot_table(index="period", columns="group", values=value, aggfunc="sum").fillna(0)
            for value in ("count", "tokens")
        )
        spoken = list(sizes.index[sizes.sum(axis=1) > 0])
        rows += [
            (term, _told(before), _told(after), *_split(counts, sizes, before, after), span)
            for before, after, span in _spans(spoken)
        ]
    return pd.DataFrame(rows, columns=_SPLIT)


def _whole_periods(trends: pd.DataFrame) -> pd.DataFrame:
    """The rows of whole periods; in several languages those of each one, named in the term."""
    if "partial" in trends:
        trends = trends[trends["partial"] == ""]
    if "language" not in trends:
        return trends
    apart = trends[(trends["language"] != EVERY) & (trends["tokens"] > 0)]
    language = apart["language"].replace("", "no language")
    return apart.assign(term=apart["term"] + " (" + language + ")")


def _spans(periods: list[str]) -> list[tuple[list[str], list[str], str]]:
    """The earlier and the later periods of every comparison, and its kind.

    >>> [kind for *_, kind in _spans(["2022", "2023", "2024"])]
    ['step', 'step', 'ends', 'halves']
    """
    found = [([one], [other], "step") for one, other in pairwise(periods)]
    if len(periods) > 2:
        half = len(periods) // 2
        found += [(periods[:1], periods[-1:], "ends"), (periods[:half], periods[half:], "halves")]
    return found


def _told(periods: list[str]) -> str:
    """A stretch of periods by its first and last."""
    return periods[0] if len(periods) == 1 else f"{periods[0]}–{periods[-1]}"


def _split(counts: pd.DataFrame, sizes: pd.DataFrame, before: list[str], after: list[str]) -> tuple:
    """Change per million between stretches of periods, its two parts, how many sources came, went."""
    count, size, later, later_size = (
        table.loc[periods].to_numpy(dtype=float).sum(axis=0)
        for periods in (before, after)
        for table in (counts, sizes)
    )
    change = later.sum() / later_size.sum() - count.sum() / size.sum()
    composition, rate = measures.kitagawa(count, size, later, later_size)
    came = int(((size == 0) & (later_size > 0)).sum())
    went = int(((size > 0) & (later_size == 0)).sum())
    common = int(((size > 0) & (later_size > 0)).sum())
    return (change * 1e6, composition.sum() * 1e6, rate.sum() * 1e6, came, went, common)


def split_told(table: pd.DataFrame) -> str:
    """Between how many periods the same sources speak, in words."""
    pairs = table.groupby(["before", "after"])["common"].max()
    if pairs.empty:
        return "Fewer than two periods: there is no change to split."
    shared = int((pairs > 0).sum())
    lines = f"{shared} of {len(pairs)} comparisons of periods share a source."
    if shared < len(pairs):
        lines += " Where none is shared, a change is all of it other sources speaking."
    return lines


def change_table(
    trends: pd.DataFrame,
    *,
    groups: Sequence[str] = (EVERY,),
    confidence: float = 0.95,
    resamples: int = 2000,
    random_seed: int = 0,
) -> pd.DataFrame:
    """Where each trend changes its mean, one row a term and chosen group of `trends.csv`.

    Columns: term, group, periods (with tokens), last_before, first_after (periods), low, high (the
    interval of last_before, as periods), shift (per million), p, q, refusal (why there is no
    interval and no p, '' where there are). Periods weigh the same whatever their tokens; a partial
    first or last period is left out.
    """
    rows = []
    whole = _whole_periods(trends)
    chosen = whole[whole["group"].isin(groups)]
    for (term, group), mine in chosen.groupby(["term", "group"], sort=False):
        mine = mine[mine["tokens"] > 0].sort_values("period", kind="stable")
        rates = measures.per_million(mine["count"].to_numpy(), mine["tokens"].to_numpy())
        rng = uncertainty.generator(random_seed, f"change {term} {group}")
        point = change_points.change_point(
            rates, confidence=confidence, resamples=resamples, rng=rng
        )
        rows.append((term, group, len(mine), *_named(point, list(mine["period"]))))
    columns = ["term", "group", "periods", "last_before", "first_after", "low", "high", "shift"]
    table = pd.DataFrame(rows, columns=[*columns, "p", "refusal"])
    table.insert(9, "q", uncertainty.false_discovery(table["p"].to_numpy(dtype=float)))
    return table


def changes_told(table: pd.DataFrame, confidence: float = 0.95) -> str:
    """The change points of the trends in words, or why there are none."""
    if table.empty:
        return "No trend, and no change of one."
    dated = table[table["refusal"] == ""]
    reasons = sorted(set(table["refusal"]) - {""})
    lines = [f"No change point is dated: {reason}." for reason in reasons]
    sure = dated[dated["q"] <= 1 - confidence]
    lines += [
        f"{row.term}: the mean moves by {row.shift:+,.0f} per million after {row.last_before} "
        f"({confidence * 100:g} % interval {row.low} to {row.high}, q = {row.q:.2g})."
        for row in sure.itertuples()
    ]
    if len(dated) > len(sure):
        lines.append(f"{len(dated) - len(sure)} of {len(dated)} terms without a sure change.")
    return shown_lines("\n".join(lines))


def _named(point: change_points.ChangePoint, periods: list[str]) -> tuple:
    """A change point with the names of its periods, '' where it has none."""

    def period(number: float) -> str:
        last = len(periods) - 1
        return "" if np.isnan(number) else periods[int(np.clip(number - 1, 0, last))]

    around = (periods[point.before - 1], periods[point.before]) if point.before else ("", "")
    return *around, period(point.low), period(point.high), point.shift, point.p, point.refusal
