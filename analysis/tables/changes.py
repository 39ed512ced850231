"""Changes of trends: which sources made them, and when they happened."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from analysis.corpus import EVERY, NO_VALUE
from analysis.statistics import change_points, measures, uncertainty
from analysis.tables.trends import span_text

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
        periods = list(sizes.index[sizes.sum(axis=1) > 0])
        rows += [
            (term, span_text(before), span_text(after), *_split(counts, sizes, before, after), span)
            for before, after, span in _spans(periods)
        ]
    return pd.DataFrame(rows, columns=_SPLIT)


def _whole_periods(trends: pd.DataFrame) -> pd.DataFrame:
    """The rows of whole periods; in several languages those of each one, named in the term."""
    if "partial" in trends:
        trends = trends[trends["partial"] == ""]
    if "language" not in trends:
        return trends
    single = trends[(trends["language"] != EVERY) & (trends["tokens"] > 0)]
    language = single["language"].replace("", "no language")
    return single.assign(term=single["term"] + " (" + language + ")")


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


def _split(counts: pd.DataFrame, sizes: pd.DataFrame, before: list[str], after: list[str]) -> tuple:
    """Change per million between two groups of periods, its two parts, how many sources came, went
    and are in both."""
    count, size, later, later_size = (
        table.loc[periods].to_numpy(dtype=float).sum(axis=0)
        for periods in (before, after)
        for table in (counts, sizes)
    )
    change = later.sum() / later_size.sum() - count.sum() / size.sum()
    composition, rate = measures.kitagawa(count, size, later, later_size)
    has, has_later = size > 0, later_size > 0
    sources = (int(mask.sum()) for mask in (~has & has_later, has & ~has_later, has & has_later))
    return change * 1e6, composition.sum() * 1e6, rate.sum() * 1e6, *sources


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
    whole = whole[whole["group"].isin(groups) & (whole["tokens"] > 0)]
    for (term, group), mine in whole.groupby(["term", "group"], sort=False):
        mine = mine.sort_values("period", kind="stable")
        rates = measures.per_million(mine["count"], mine["tokens"])
        rng = uncertainty.generator(random_seed, f"change {term} {group}")
        point = change_points.change_point(
            rates, confidence=confidence, resamples=resamples, rng=rng
        )
        rows.append((term, group, len(mine), *_with_periods(point, list(mine["period"]))))
    columns = ["term", "group", "periods", "last_before", "first_after", "low", "high", "shift"]
    table = pd.DataFrame(rows, columns=[*columns, "p", "refusal"])
    table.insert(9, "q", uncertainty.false_discovery(table["p"]))
    return table


def _with_periods(point: change_points.ChangePoint, periods: list[str]) -> tuple:
    """A change point with the names of its periods, '' where it has none."""
    around = periods[point.before - 1 : point.before + 1] if point.before else ["", ""]
    ends = [
        "" if np.isnan(number) else periods[int(np.clip(number - 1, 0, len(periods) - 1))]
        for number in (point.low, point.high)
    ]
    return *around, *ends, point.shift, point.p, point.refusal
