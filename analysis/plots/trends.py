"""Figures of how vocabulary moves over time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num

from analysis.corpus import EVERY
from analysis.plots.sheet import (
    BLUE,
    CLEAR_Z,
    FIRST_DAY,
    GREY,
    LAST_DAY,
    MOST_ROWS,
    ORANGE,
    PALE,
    Drawing,
    blank,
    by_language,
    clear_gaps,
    dates_axis,
    end_labels,
    few_ticks,
    few_whole_ticks,
    first_of,
    grid,
    hollow_points,
    interval_rows,
    interval_words,
    labels_of,
    left_for,
    listing,
    nameable,
    of_the_language,
    of_these_texts,
    rows_axis,
    sheet,
    short,
    styled,
    thousands,
    whole_years,
)
from analysis.report.trends import describe_partial_periods
from analysis.statistics.uncertainty import FEWEST_DOCUMENTS
from analysis.tables.framing import ONE_DOCUMENT_SHARE
from analysis.tables.trends import comparable_periods, period_bounds

_MOST_DOCUMENTS = 20
_MOST_GROUPS = 15
_MOST_SPLIT = 20
_MANY_PERIODS, _MOST_POINTS = 12, 120


def _panel_terms(table: pd.DataFrame, most: int = 12) -> list[str]:
    """The terms that get a panel, in the order of the table."""
    return list(dict.fromkeys(table["term"]))[:most]


@styled
def term_rates(
    table: pd.DataFrame, events: pd.DataFrame, *, period: str, confidence: float
) -> Drawing:
    """Rates of each term over time for all groups together, a panel a term, events marked."""
    name = "term_rates"
    table = by_language(table, "term")
    data = table[table["group"] == EVERY].reset_index(drop=True)
    if data.empty:
        reason = f"Period: {period}. No date is precise enough, or no term occurs."
        return blank(name, f"No term occurs in a document dated to the {period}", reason, data)
    terms = _panel_terms(data)
    title = _rates_title(data[data["term"].isin(terms)])
    everyone = data["term"].nunique()
    band = any(_is_band(data[data["term"] == term]) for term in terms)
    intervals = interval_words(data["interval"], confidence)
    subtitle = (
        f"Occurrences per million tokens by {period}{'' if band else ' (grey bars)'}, "
        f"all documents{of_the_language(data)} together. "
        f"{intervals.replace('Lines', 'Band', 1) if band else intervals}. {_documents_told(data)}"
        f"{first_of(terms, everyone, 'terms')}"
    )
    subtitle += _cut_told(data, terms)
    subtitle += (
        ""
        if band
        else describe_partial_periods(
            data.drop_duplicates(["period", "partial"]), "Hollow, a partial period"
        )
    )
    keys = _event_keys(events)
    subtitle += f" Dashed: {keys}." if keys else ""
    figure, panels = grid(
        title, subtitle, len(terms), columns=2, row_height=1.55, left=0.65, gap_x=0.65
    )
    span = _date_span(data["period"], events)
    for panel, term in zip(panels, terms, strict=True):
        _rate_panel(panel, data[data["term"] == term], term)
        _mark_events(panel, events)
        panel.set_xlim(*span)
        dates_axis(panel)
    totals = data.groupby("term", sort=False)["count"].sum()
    alt = f"{len(terms)} small line charts of rates per million by {period}. {title}. "
    alt += f"Occurrences in dated documents: {listing(totals.index, [f'{n:,}' for n in totals])}"
    return Drawing(name, title, figure, data, alt)


def _documents_told(data: pd.DataFrame) -> str:
    """How many documents each period holds, or all periods together where they are many."""
    if "language" in data:
        return "Each language by itself."
    one = data.drop_duplicates("period")
    if len(one) > 12:
        return f"n = {one['documents'].sum():,} documents."
    counts = zip(one["period"], one["documents"], strict=True)
    return "Documents: " + ", ".join(f"{period}: {n}" for period, n in counts) + "."


def _rates_title(data: pd.DataFrame) -> str:
    """How many terms change clearly, and the one that changes most, in words.

    Each term's first comparable period is set against its last one (see `comparable_periods`), so
    that none is partial. A change is clear where the two intervals do not overlap; its size is the
    ratio of the rates, half an occurrence added to each count.
    """
    spoken = data[data["tokens"] > 0]
    if spoken["period"].nunique() < 2:
        return f"All dated documents lie in one period, {spoken['period'].max()}: no trend"
    parts = {term: comparable_periods(part) for term, part in data.groupby("term", sort=False)}
    ends = {term: (part.iloc[0], part.iloc[-1]) for term, part in parts.items() if len(part) > 1}
    few = not (data["documents"] >= FEWEST_DOCUMENTS).any()
    if not ends:
        return "Too few whole periods hold enough documents: rates, but no trend"
    clear = {term: pair for term, pair in ends.items() if _apart(*pair)}
    if not clear:
        spans = {(first["period"], last["period"]) for first, last in ends.values()}
        between = (
            " and ".join(spans.pop()) if len(spans) == 1 else "its first and last whole period"
        )
        return of_these_texts(f"No term changes clearly between {between}", few)
    term = max(clear, key=lambda term: abs(np.log2(_ratio(*clear[term]))))
    first, last = clear[term]
    title = (
        f"‘{short(term, 40)}’ {'rises' if _ratio(first, last) > 1 else 'falls'} most, from "
        f"{first['per_million']:,.0f} per million in {first['period']} to {last['per_million']:,.0f} "
        f"in {last['period']}; {len(clear)} of {len(ends)} terms change clearly"
    )
    return of_these_texts(title, few)


def _apart(first: pd.Series, last: pd.Series) -> bool:
    """Whether the intervals of two rates do not overlap."""
    return bool(last["low"] > first["high"] or last["high"] < first["low"])


def _ratio(first: pd.Series, last: pd.Series) -> float:
    """The later rate over the earlier, half an occurrence added to each count."""
    before, after = ((row["count"] + 0.5) / row["tokens"] for row in (first, last))
    return float(after / before)


def _rate_panel(panel: Axes, part: pd.DataFrame, term: str) -> None:
    """Rate of one term by period: a grey bar as long as the period, a point, its interval.

    The point of a partial period is hollow.
    Points are joined only where every period holds ten documents or more; more than MOST_POINTS
    of them are drawn as a line in a band.
    """
    part = part[part["tokens"] > 0]
    bounds = [period_bounds(label) for label in part["period"]]
    middle = [(date2num(first) + date2num(last) + 1) / 2 for first, last in bounds]
    if part["documents"].min() >= FEWEST_DOCUMENTS:
        panel.plot(middle, part["per_million"], color=BLUE, linewidth=1, alpha=0.6)
    if _is_band(part):
        panel.fill_between(middle, part["low"], part["high"], color=BLUE, alpha=0.25, linewidth=0)
    else:
        _mark_rates(panel, part, bounds, middle)
    panel.set_title(f"{short(term, 30)} (n = {int(part['count'].sum()):,})")
    panel.set_ylim(0, (_rate_limit(part) or 1.0) * 1.05)
    thousands(panel, "y")


def _is_band(part: pd.DataFrame) -> bool:
    """Whether the rates of a term are so many that they are drawn as a line in a band."""
    part = part[part["tokens"] > 0]
    return len(part) > _MOST_POINTS and part["documents"].min() >= FEWEST_DOCUMENTS


def _mark_rates(panel: Axes, part: pd.DataFrame, bounds: list, middle: list[float]) -> None:
    """A grey bar, an interval and a point for each period."""
    starts, ends = ([date2num(day) for day in days] for days in zip(*bounds, strict=True))
    panel.hlines(part["per_million"], starts, ends, color=PALE, linewidth=2.5, zorder=1)
    panel.vlines(middle, part["low"], part["high"], color=BLUE, linewidth=1.4, alpha=0.75)
    for chosen, face in ((part["partial"] == "", BLUE), (part["partial"] != "", "white")):
        mine = part["per_million"].where(chosen)
        panel.plot(middle, mine, "o", color=BLUE, mfc=face, markersize=4, clip_on=False)


def _rate_limit(part: pd.DataFrame) -> float:
    """The highest rate that a panel shows: that of the widest interval, or where there are many
    periods a rate that all points and nine in ten intervals lie below."""
    part = part[part["tokens"] > 0]
    highs = part["high"].dropna()
    if len(highs) < _MANY_PERIODS:
        return float(highs.max())
    return float(max(highs.quantile(0.9), part["per_million"].max() * 1.2))


def _cut_told(data: pd.DataFrame, terms: Iterable[str]) -> str:
    """That intervals leave their panels, where any does."""
    parts = (data[data["term"] == term] for term in terms)
    return " Intervals that leave a panel are cut." if any(map(_is_cut, parts)) else ""


def _is_cut(part: pd.DataFrame) -> bool:
    """Whether an interval of a term leaves its panel."""
    return bool((part["high"] > _rate_limit(part) * 1.05).any())


def _date_span(periods: Iterable[str], events: pd.DataFrame) -> tuple[float, float]:
    """First and last day to be drawn: all periods, and events up to a year before them."""
    days = [date2num(day) for label in periods for day in period_bounds(label)]
    marked = [date2num(period_bounds(date)[0]) for date in events["date"]]
    near = [day for day in marked if min(days) - 400 <= day <= max(days) + 400]
    low, high = min([*days, *near]), max([*days, *near])
    edge = max((high - low) * 0.02, 1.0)
    return max(low - edge, FIRST_DAY), min(high + edge, LAST_DAY)


def _event_keys(events: pd.DataFrame) -> str:
    """'A ChatGPT released (2022-11-30), …': the letters that stand in the panels."""
    pairs = zip(events["label"], events["date"], strict=True)
    return ", ".join(
        f"{chr(65 + n)} {label} ({date})" for n, (label, date) in enumerate(pairs) if n < 26
    )


def _mark_events(panel: Axes, events: pd.DataFrame) -> None:
    for n, date in enumerate(events["date"][:26]):
        day = date2num(period_bounds(date)[0])
        panel.axvline(day, color=ORANGE, linewidth=0.8, linestyle=(0, (3, 2)))
        panel.annotate(
            chr(65 + n),
            (day, 1),
            (2, -1),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            size=7,
            color=ORANGE,
            va="top",
        )


@styled
def term_rates_by_group(table: pd.DataFrame, *, group: str, confidence: float) -> Drawing:
    """Rates of each term in every group, a panel a term, with intervals."""
    table = by_language(table, "term")
    terms = _panel_terms(table)
    if not terms:
        return blank("term_rates_by_group", "None of the terms occurs", "Nothing to draw.", table)
    groups = [g for g in dict.fromkeys(table["group"]) if g != EVERY][:_MOST_GROUPS]
    data = table[table["group"].isin([*groups, EVERY]) & table["term"].isin(terms)]
    data = data.reset_index(drop=True)
    title = _groups_title(data[data["group"] != EVERY], group)
    subtitle = (
        f"Occurrences per million tokens by {group}; grey line: all documents{of_the_language(data)}. "
        f"{interval_words(data['interval'], confidence)}."
        f"{first_of(terms, table['term'].nunique(), 'terms')}"
        f"{first_of(groups, table['group'].nunique() - 1, 'groups')}"
    )
    height = 0.19 * len(groups) + 0.75
    figure, panels = grid(
        title, subtitle, len(terms), columns=2, row_height=height, left=left_for(groups), gap_y=0.6
    )
    for n, (panel, term) in enumerate(zip(panels, terms, strict=True)):
        part = data[data["term"] == term].set_index("group")
        mine, every = part.loc[groups], part.loc[EVERY]
        places = rows_axis(panel, labels_of(groups, n, 2))
        panel.axvline(every["per_million"], color=GREY, linewidth=1)
        interval_rows(panel, places, mine["per_million"], mine["low"], mine["high"])
        panel.set_xlim(left=0)
        panel.set_title(f"{short(term, 30)} (n = {int(every['count']):,})")
        panel.xaxis.set_major_locator(few_ticks())
        thousands(panel)
    every = data[data["group"] == EVERY]
    alt = f"{len(terms)} dot charts of rates per million by {group}. {title}. All documents: "
    alt += listing(every["term"], [f"{rate:,.0f}" for rate in every["per_million"]])
    return Drawing("term_rates_by_group", title, figure, data, alt)


def _groups_title(data: pd.DataFrame, group: str) -> str:
    """The term that differs most clearly between two groups, and between which."""
    rows, few = nameable(data[data["tokens"] > 0])
    if rows.groupby("term")["group"].nunique().max() < 2 or rows.empty:
        of = of_the_language(data).replace("the", "one")
        return f"Fewer than two groups{of} by {group} are large enough to compare"
    gaps = clear_gaps(rows, "term", "per_million")
    if not gaps:
        title = f"No term is clearly more frequent in one {group} than in another"
        return of_these_texts(title, few)
    _, term, top, low = max(gaps, key=lambda gap: gap[2]["low"] / max(gap[3]["high"], 1e-9))
    title = (
        f"‘{short(term, 40)}’ differs most clearly by {group}: {top['per_million']:,.0f} per million "
        f"in {short(top['group'], 60)}, {low['per_million']:,.0f} in {short(low['group'], 60)}"
    )
    return of_these_texts(title, few)


_WEIGHT_OF_SPAN = {"step": 0, "ends": 1, "halves": 2}
"""Which comparison is drawn where several share a source: the one that rests on most periods."""


@styled
def trend_split(table: pd.DataFrame, *, group: str) -> Drawing:
    """Each term's change in two parts: other groups spoke, the same groups spoke differently."""
    name = "trend_split"
    shared = table[table["common"] > 0]
    if table.empty:
        reason = "Nothing to compare."
        return blank(name, "Fewer than two whole periods: no change to split", reason, table)
    if shared.empty:
        pairs = len(table[["before", "after"]].drop_duplicates())
        reason = (
            f"Comparisons of periods with the same {group} in both: 0 of {pairs}. All of every change is "
            "another one speaking, and there is nothing to split."
        )
        return blank(name, f"No {group} speaks in two of the periods compared", reason, table)
    rank = shared["common"] + shared["span"].map(_WEIGHT_OF_SPAN) * (shared["common"].max() + 1)
    before, after = shared.loc[rank.idxmax(), ["before", "after"]]
    data = table[(table["before"] == before) & (table["after"] == after)]
    data = data.head(_MOST_SPLIT).reset_index(drop=True)
    title = _split_title(data, group)
    subtitle = (
        f"Change of the rate per million from {before} to {after} (line) as the sum of two bars. Upper: "
        f"the same {group} spoke differently; lower, striped: the shares of each {group} in the tokens "
        f"changed (Kitagawa 1955). {data['common'].iloc[0]} speak in both, {data['came'].iloc[0]} came, "
        f"{data['went'].iloc[0]} went. Not tested; without partial periods and documents that have no "
        f"{group}."
        f"{first_of(list(data['term']), table['term'].nunique(), 'terms')}"
    )
    figure, (panel,) = sheet(
        title, subtitle, body=0.42 * len(data) + 0.1, left=left_for(data["term"]), right=0.4
    )
    places = rows_axis(panel, list(data["term"]))
    panel.barh(places - 0.18, data["same_sources"], height=0.32, color=BLUE)
    panel.barh(
        places + 0.18, data["other_sources"], height=0.32, color=PALE, edgecolor=GREY, hatch="////"
    )
    panel.vlines(data["change"], places - 0.42, places + 0.42, color=ORANGE, linewidth=2)
    panel.axvline(0, color=GREY, linewidth=0.8)
    panel.set_xlabel("change per million")
    thousands(panel)
    alt = f"Bar chart of changes split in two. {title}. Same {group}, other {group}: "
    parts = zip(data["same_sources"], data["other_sources"], strict=True)
    alt += listing(data["term"], [f"{same:+,.0f}, {other:+,.0f}" for same, other in parts])
    return Drawing(name, title, figure, data, alt)


def _split_title(data: pd.DataFrame, group: str) -> str:
    """The term with the largest counted change, and which part of that is the larger."""
    row = data.loc[data["change"].abs().idxmax()]
    if round(row["change"]) == 0:
        return f"No counted rate changes between the periods in which a {group} speaks twice"
    same, other = row["same_sources"], row["other_sources"]
    parts = [f"{part:+,.0f}" for part in sorted((same, other), key=abs, reverse=True)]
    both = f"the same {group} spoke differently", f"another {group} spoke"
    if parts[0].lstrip("+-") == parts[1].lstrip("+-"):
        why = f"as much because {both[0]} as because {both[1]}"
    else:
        why = f"more because {both[0] if abs(same) > abs(other) else both[1]}"
    return (
        f"‘{short(row['term'], 40)}’ changes by {row['change']:+,.0f} per million, {why} "
        f"({parts[0]} against {parts[1]}): the largest counted change, not tested"
    )


@styled
def risers_and_fallers(movers: pd.DataFrame, early: str, late: str, *, most: int = 12) -> Drawing:
    """The words that rise and fall most between the earlier and the later periods, by z."""
    name = "risers_and_fallers"
    up = movers[movers["z"] > 0].head(most)
    down = movers[movers["z"] < 0].tail(most)
    data = pd.concat([up, down], ignore_index=True)
    if data.empty:
        why = "both halves use the same words" if early else "fewer than two whole periods"
        return blank(name, f"No rise and no fall: {why}", "Nothing to compare.", data)
    title = _movers_title(data, early, late)
    subtitle = (
        f"z of the log-odds ratio with an informative Dirichlet prior (Monroe et al. 2008), {late} "
        f"against {early}, whole periods only, content words. A ranking, not a test. Right: count early → late, documents that hold the word. "
        "Hollow: one document brings three quarters or more, and the word comes and goes with it."
    )
    figure, (panel,) = sheet(
        title, subtitle, body=0.19 * len(data) + 0.1, left=left_for(data["token"]), right=1.4
    )
    places = rows_axis(panel, list(data["token"]))
    rises = (data["z"] > 0).to_numpy()
    for side, color, marker in ((rises, BLUE, "o"), (~rises, ORANGE, "s")):
        z, several = data["z"][side], data["top_document_share"][side] < ONE_DOCUMENT_SHARE
        panel.hlines(places[side], 0, z, color=color, linewidth=1.4, alpha=0.5)
        hollow_points(panel, z, places[side], several, color=color, marker=marker)
    panel.axvline(0, color=GREY, linewidth=0.8)
    edge = np.full(len(data), float(data["z"].max()))
    notes = [
        f"{a} → {b}, in {d}"
        for a, b, d in zip(data["early"], data["late"], data["documents"], strict=True)
    ]
    end_labels(panel, places, edge, notes, offset=9)
    panel.set_xlabel(f"← more in {early}        z        more in {late} →")
    falling = ", ".join(down["token"][::-1])
    alt = (
        f"Dot chart of words by z. {title}. More in the later periods: {', '.join(up['token'])}. "
        f"More in the earlier ones: {falling}."
    )
    return Drawing(name, title, figure, data, alt)


def _movers_title(data: pd.DataFrame, early: str, late: str) -> str:
    """The words that rank first on either side, where both halves hold enough documents."""
    large = data[["early_documents", "late_documents"]] >= FEWEST_DOCUMENTS
    known = data[large.all(axis=1)] if large.any(axis=None) else data
    if known.empty:
        return (
            f"Fewer than {FEWEST_DOCUMENTS} documents in one half of the periods: its words are "
            "those of these texts"
        )
    if (most := known["z"].abs().max()) < CLEAR_Z:
        return (
            f"No word clearly sets later texts apart from earlier ones (highest |z| = {most:.1f})"
        )
    up, down = known[known["z"] >= CLEAR_Z].head(1), known[known["z"] <= -CLEAR_Z].tail(1)
    parts = [
        f"‘{short(row['token'])}’{_language_of(row)} in {span}"
        for part, span in ((up, late), (down, early))
        for _, row in part.iterrows()
    ]
    return f"Words that rank first, by z and not tested: {', '.join(parts)}"


def _language_of(row: pd.Series) -> str:
    """' (zh)' in a corpus of several languages."""
    return f" ({row['language'] or 'no language'})" if "language" in row else ""


@styled
def term_dispersion(places: pd.DataFrame, documents: pd.DataFrame) -> Drawing:
    """Where in each document each term falls: a tick a match, a row a document, a panel a term.

    `places` is `trends.term_places`; counts are of all documents, ticks of those that it holds.
    """
    name = "term_dispersion"
    terms = _panel_terms(places)
    order = documents.sort_values(["date", "document"])
    if places.empty:
        return blank(name, "None of the terms occurs", "Nothing to place.", places)
    held = order[order["document"].isin(set(places["document"]))]["document"]
    most = set(places["document"].value_counts().sort_index().nlargest(_MOST_DOCUMENTS).index)
    rows = [document for document in held if document in most]
    title = _dispersion_title(places, terms, len(documents))
    subtitle = (
        "Each tick is an occurrence at its place between the first and the last token of a document; "
        "documents by date. Brackets: occurrences."
    )
    totals = places.groupby("term")["occurrences"].first()
    of_all = len(documents) if len(places) < totals.sum() else len(held)
    if len(rows) < of_all:
        subtitle += f" The {len(rows)} of {of_all:,} documents with the most occurrences."
    figure, panels = grid(
        title,
        subtitle,
        len(terms),
        columns=2,
        row_height=0.15 * len(rows) + 0.55,
        left=left_for(rows),
        gap_y=0.45,
        gap_x=0.3,
        bottom=0.4,
    )
    for n, (panel, term) in enumerate(zip(panels, terms, strict=True)):
        mine = places[places["term"] == term]
        at = dict(zip(rows, rows_axis(panel, labels_of(rows, n, 2)), strict=True))
        inside = mine[mine["document"].isin(at)]
        panel.hlines(list(at.values()), 0, 1, color=PALE, linewidth=0.5)
        y = inside["document"].map(at).to_numpy(dtype=float)
        panel.vlines(inside["place"], y - 0.38, y + 0.38, color=BLUE, linewidth=0.9)
        panel.set_title(f"{short(term, 30)} ({totals[term]:,})")
        panel.set_xlim(-0.01, 1.01)
        lowest = n >= len(terms) - 2
        panel.set_xticks([0, 0.5, 1], ["start", "middle", "end"] if lowest else [])
    alt = f"Dispersion plot of {len(terms)} terms in {len(rows)} documents. {title}. "
    alt += listing(terms, [f"{totals[term]} times" for term in terms])
    return Drawing(name, title, figure, places, alt)


def _dispersion_title(places: pd.DataFrame, terms: list[str], n_documents: int) -> str:
    """How many of the terms drawn occur in every document, and which in one only."""
    held = places.groupby("term")["documents"].first()
    if n_documents == 1:
        return f"Where in the one document the {len(terms)} terms fall that occur in it"
    everywhere = sum(held.get(term, 0) == n_documents for term in terms)
    title = f"{everywhere} of {len(terms)} terms drawn occur in every document"
    alone = [short(term, 24) for term in terms if held.get(term, 0) == 1]
    more = f" and {len(alone) - 3} more" if len(alone) > 3 else ""
    return title + (f"; only in one: {', '.join(alone[:3])}{more}" if alone else "")


@styled
def years_spoken_of(table: pd.DataFrame) -> Drawing:
    """Years that the texts themselves name in running text, citations apart."""
    name = "years_spoken_of"
    total, cited = int(table["count"].sum()), int(table["citations"].sum())
    if not total and not cited:
        return blank(name, "The texts name no year", "No number from 1600 to 2099.", table)
    data = table.groupby("year")[["count", "citations"]].sum().reset_index()
    named = data[data["count"] > 0]
    title = (
        f"Of {total + cited:,} mentions of a year {cited:,} are citations; "
        f"{total:,} are in running text"
    )
    if total:
        top = named[named["count"] == named["count"].max()]
        title += f", most often {', '.join(top['year'].astype(str))}" if len(top) <= 3 else ""
    subtitle = (
        "Occurrences of a year written in figures (1600–2099), by year. Citations: years inside "
        "parentheses such as (Name, 2023). Dates in words (‘last November’) are not counted."
    )
    digits = len(str(data[["count", "citations"]].to_numpy().max()))
    figure, panels = sheet(
        title,
        subtitle,
        body=2.8,
        rows=2,
        left=max(0.5, 0.2 + 0.075 * digits),
        right=0.3,
        gap_y=0.45,
        panel_title_lines=1,
    )
    kinds = (("count", "In running text", BLUE), ("citations", "In citations", GREY))
    for panel, (column, label, color) in zip(panels, kinds, strict=True):
        panel.bar(data["year"], data[column], width=0.7, color=color)
        panel.set_title(f"{label} ({int(data[column].sum()):,})")
        panel.set_xlim(data["year"].min() - 1, data["year"].max() + 1)
        panel.set_ylim(0, max(data[column].max() * 1.1, 1))
        panel.xaxis.set_major_locator(whole_years())
        panel.yaxis.set_major_locator(few_whole_ticks())
    alt = f"Bar chart of years named. {title}. In running text: "
    alt += listing(named["year"].astype(str), [f"({c})" for c in named["count"]])
    few = table["document"].nunique() <= MOST_ROWS
    return Drawing(name, title, figure, table if few else data, alt)
