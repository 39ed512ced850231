"""Figures of how vocabulary moves over time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num

from analysis.plots.sheet import (
    BLUE,
    GREY,
    ORANGE,
    PALE,
    Drawing,
    blank,
    dates_axis,
    end_labels,
    few_ticks,
    few_whole_ticks,
    interval_rows,
    interval_words,
    left_for,
    listing,
    rows_axis,
    sheet,
    short,
    styled,
    whole_years,
)
from analysis.trends import period_bounds

MOST_DOCUMENTS = 20


def panel_terms(table: pd.DataFrame, most: int = 12) -> list[str]:
    return list(dict.fromkeys(table["term"]))[:most]


@styled
def term_rates(
    table: pd.DataFrame, events: pd.DataFrame, *, period: str, confidence: float
) -> Drawing:
    """Rates of each term over time for all groups together, a panel a term, events marked."""
    name = "term_rates"
    data = table[table["group"] == "all"].reset_index(drop=True)
    terms = panel_terms(data)
    if data.empty:
        return blank(name, "No document has a date precise enough", f"Period: {period}.", data)
    title = rates_title(data, terms)
    documents = data.drop_duplicates("period")
    counts = ", ".join(
        f"{p}: {n}" for p, n in zip(documents["period"], documents["documents"], strict=True)
    )
    subtitle = (
        f"Occurrences per million tokens by {period}, all sources together. "
        f"{interval_words(data['interval'], confidence)}."
    )
    subtitle += (
        f" Documents: {counts}."
        if len(documents) <= 12
        else f" n = {documents['documents'].sum():,} documents."
    )
    columns = 2
    rows = -(-len(terms) // columns)
    keys = event_keys(events)
    figure, panels = sheet(
        title,
        subtitle + (f" Dashed: {keys}." if keys else ""),
        body=1.55 * rows,
        rows=rows,
        columns=columns,
        left=0.65,
        gap_x=0.65,
        panel_title_lines=1,
    )
    for panel in panels[len(terms) :]:
        panel.set_axis_off()
    span = date_span(data["period"], events)
    for panel, term in zip(panels, terms, strict=False):
        rate_panel(panel, data[data["term"] == term], term)
        mark_events(panel, events)
        panel.set_xlim(*span)
        dates_axis(panel)
    alt = f"{len(terms)} small line charts of rates per million by {period}. {title}. "
    last = data[data["period"] == data["period"].max()].drop_duplicates("term")
    alt += f"In {data['period'].max()}: " + listing(
        last["term"], [f"{r:,.0f}" for r in last["per_million"]]
    )
    return Drawing(name, title, figure, data, alt)


def rates_title(data: pd.DataFrame, terms: list[str]) -> str:
    """The term that changed most between the first and the last period, in words."""
    periods = sorted(set(data["period"]))
    first, last = (data[data["period"] == p].set_index("term") for p in (periods[0], periods[-1]))
    if len(periods) < 2:
        return f"All dated documents lie in one period, {periods[0]}: rates, but no trend"
    sure = [
        term
        for term in terms
        if last.loc[term, "low"] > first.loc[term, "high"]
        or last.loc[term, "high"] < first.loc[term, "low"]
    ]
    few = data.drop_duplicates("period")["documents"].min() < 10
    caveat = "; with so few documents this tells texts apart, not times" if few else ""
    if not sure:
        return f"No term's rate in {periods[-1]} is clear of its rate in {periods[0]}{caveat}"
    change = {
        t: abs(
            np.log2((last.loc[t, "count"] + 0.5) / last.loc[t, "tokens"])
            - np.log2((first.loc[t, "count"] + 0.5) / first.loc[t, "tokens"])
        )
        for t in sure
    }
    term = max(sure, key=change.get)
    direction = (
        "rises" if last.loc[term, "per_million"] > first.loc[term, "per_million"] else "falls"
    )
    return (
        f"‘{term}’ {direction} most, from {first.loc[term, 'per_million']:,.0f} per million in "
        f"{periods[0]} to {last.loc[term, 'per_million']:,.0f} in {periods[-1]}{caveat}"
    )


def rate_panel(panel: Axes, part: pd.DataFrame, term: str) -> None:
    """Rate of one term by period: a point in the middle of each period, its interval, a line."""
    part = part[part["tokens"] > 0]
    bounds = [period_bounds(label) for label in part["period"]]
    middle = [(date2num(first) + date2num(last) + 1) / 2 for first, last in bounds]
    panel.plot(middle, part["per_million"], color=BLUE, linewidth=1, alpha=0.6)
    panel.vlines(middle, part["low"], part["high"], color=BLUE, linewidth=1.4, alpha=0.75)
    panel.plot(middle, part["per_million"], "o", color=BLUE, markersize=4)
    panel.set_title(f"{short(term, 30)} (n = {int(part['count'].sum()):,})")
    reach = min(part["high"].max(), 3 * part["per_million"].max()) or 1.0
    panel.set_ylim(0, reach * 1.05)
    panel.yaxis.set_major_formatter("{x:,.0f}")


def date_span(periods: Iterable[str], events: pd.DataFrame) -> tuple[float, float]:
    """First and last day to be drawn: all periods, and events up to a year before them."""
    days = [date2num(day) for label in periods for day in period_bounds(label)]
    marked = [date2num(period_bounds(date)[0]) for date in events["date"]]
    near = [day for day in marked if min(days) - 400 <= day <= max(days) + 400]
    low, high = min([*days, *near]), max([*days, *near])
    return low - (high - low) * 0.02, high + (high - low) * 0.02


def event_keys(events: pd.DataFrame) -> str:
    """'A ChatGPT released (2022-11-30), …': the letters that stand in the panels."""
    pairs = zip(events["label"], events["date"], strict=True)
    return ", ".join(
        f"{chr(65 + n)} {label} ({date})" for n, (label, date) in enumerate(pairs) if n < 26
    )


def mark_events(panel: Axes, events: pd.DataFrame) -> None:
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
    name = "term_rates_by_group"
    terms = panel_terms(table)
    groups = [g for g in dict.fromkeys(table["group"]) if g != "all"][:15]
    data = table[table["group"].isin([*groups, "all"])].reset_index(drop=True)
    spread = {
        term: ratio_of_extremes(data[(data["term"] == term) & (data["group"] != "all")])
        for term in terms
    }
    title = f"By {group}, no term is clearly more frequent in one group than in another"
    if spread and max(spread.values()) > 0:
        term = max(spread, key=spread.get)
        part = data[(data["term"] == term) & (data["group"] != "all")]
        top, low = (
            part.loc[part["per_million"].idxmax()],
            part.loc[part["per_million"].idxmin()],
        )
        title = (
            f"By {group}, ‘{term}’ differs most: {top['per_million']:,.0f} per million in "
            f"{short(top['group'], 40)}, {low['per_million']:,.0f} in {short(low['group'], 40)}"
        )
    subtitle = f"Occurrences per million tokens by {group}; grey line: all documents. {interval_words(data['interval'], confidence)}."
    columns = 2
    rows = -(-len(terms) // columns)
    figure, panels = sheet(
        title,
        subtitle,
        body=(0.19 * len(groups) + 0.75) * rows,
        rows=rows,
        columns=columns,
        left=left_for(groups),
        gap_y=0.6,
        panel_title_lines=1,
    )
    for panel in panels[len(terms) :]:
        panel.set_axis_off()
    for n, (panel, term) in enumerate(zip(panels, terms, strict=False)):
        part = data[data["term"] == term].set_index("group")
        places = rows_axis(panel, groups if n % columns == 0 else [""] * len(groups))
        mine = part.loc[groups]
        panel.axvline(part.loc["all", "per_million"], color=GREY, linewidth=1)
        interval_rows(panel, places, mine["per_million"], mine["low"], mine["high"])
        panel.set_xlim(left=0)
        panel.set_title(f"{short(term, 30)} (n = {int(part.loc['all', 'count']):,})")
        panel.xaxis.set_major_locator(few_ticks())
        panel.xaxis.set_major_formatter("{x:,.0f}")
    alt = f"{len(terms)} dot charts of rates per million by {group}. {title}."
    return Drawing(name, title, figure, data, alt)


def ratio_of_extremes(part: pd.DataFrame) -> float:
    """How many times the highest rate's lower limit exceeds the lowest rate's upper one; 0 if not."""
    part = part[part["tokens"] > 0]
    if len(part) < 2:
        return 0.0
    top, low = (
        part.loc[part["per_million"].idxmax()],
        part.loc[part["per_million"].idxmin()],
    )
    return float(top["low"] / low["high"]) if top["low"] > low["high"] else 0.0


@styled
def risers_and_fallers(movers: pd.DataFrame, early: str, late: str, *, most: int = 12) -> Drawing:
    """The words that rise and fall most between the earlier and the later periods, by z."""
    name = "risers_and_fallers"
    up = movers[movers["z"] > 0].head(most)
    down = movers[movers["z"] < 0].tail(most)
    data = pd.concat([up, down], ignore_index=True)
    if data.empty:
        return blank(
            name,
            "No rise and no fall: fewer than two periods",
            "Nothing to compare.",
            data,
        )
    first, last = data.iloc[0], data.iloc[-1]
    title = f"{late} against {early}: ‘{first['token']}’ rises most, ‘{last['token']}’ falls most"
    subtitle = (
        f"z of the log-odds ratio with an informative Dirichlet prior (Monroe et al. 2008), {late} "
        f"against {early}, content words. Right: count early → late, documents that hold the word. A word "
        "of one document moves with that document, not with time (hollow)."
    )
    figure, (panel,) = sheet(
        title,
        subtitle,
        body=0.19 * len(data) + 0.1,
        left=left_for(data["token"]),
        right=1.4,
    )
    places = rows_axis(panel, list(data["token"]))
    for place, z, documents in zip(places, data["z"], data["documents"], strict=True):
        color = BLUE if z > 0 else ORANGE
        panel.hlines(place, 0, z, color=color, linewidth=1.4, alpha=0.5)
        panel.plot(
            z,
            place,
            "o" if z > 0 else "s",
            color=color,
            markersize=5,
            markerfacecolor="white" if documents == 1 else color,
        )
    panel.axvline(0, color=GREY, linewidth=0.8)
    edge = np.full(len(data), float(data["z"].max()))
    notes = [
        f"{a} → {b}, in {d}"
        for a, b, d in zip(data["early"], data["late"], data["documents"], strict=True)
    ]
    end_labels(panel, places, edge, notes, offset=9)
    panel.set_xlabel("← falls        z        rises →")
    alt = f"Dot chart of words by z. {title}. Rising: {', '.join(up['token'])}. Falling: {', '.join(down['token'][::-1])}."
    return Drawing(name, title, figure, data, alt)


@styled
def term_dispersion(places: pd.DataFrame, documents: pd.DataFrame) -> Drawing:
    """Where in each document each term falls: a tick a match, a row a document, a panel a term."""
    name = "term_dispersion"
    terms = panel_terms(places)
    order = documents.sort_values(["date", "document"])
    if places.empty:
        return blank(name, "None of the terms occurs", "Nothing to place.", places)
    held = order[order["document"].isin(set(places["document"]))]["document"]
    most = places["document"].value_counts().sort_index().nlargest(MOST_DOCUMENTS).index
    rows = [document for document in held if document in set(most)]
    per_term = places.groupby("term")["document"].nunique()
    n = len(documents)
    alone = [term for term in terms if per_term.get(term, 0) == 1]
    title = f"{sum(per_term.get(t, 0) == n for t in terms)} of {len(terms)} terms fall in every document"
    title += f"; only in one: {', '.join(short(t, 24) for t in alone[:3])}" if alone else ""
    subtitle = f"Each tick is an occurrence at its place between the first and the last token of a document; documents by date{f' ({len(rows)} of {len(held)} with the most occurrences)' if len(held) > len(rows) else ''}. Brackets: occurrences."
    columns = 2
    grid = -(-len(terms) // columns)
    figure, panels = sheet(
        title,
        subtitle,
        body=(0.15 * len(rows) + 0.55) * grid,
        rows=grid,
        columns=columns,
        left=left_for(rows),
        gap_y=0.45,
        gap_x=0.3,
        panel_title_lines=1,
        bottom=0.4,
    )
    for panel in panels[len(terms) :]:
        panel.set_axis_off()
    for k, (panel, term) in enumerate(zip(panels, terms, strict=False)):
        mine = places[places["term"] == term]
        at = dict(
            zip(
                rows,
                rows_axis(panel, rows if k % columns == 0 else [""] * len(rows)),
                strict=True,
            )
        )
        inside = mine[mine["document"].isin(at)]
        panel.hlines(list(at.values()), 0, 1, color=PALE, linewidth=0.5)
        y = inside["document"].map(at).to_numpy(dtype=float)
        panel.vlines(inside["place"], y - 0.38, y + 0.38, color=BLUE, linewidth=0.9)
        panel.set_title(f"{short(term, 30)} ({len(mine):,})")
        panel.set_xlim(-0.01, 1.01)
        last_row = k >= len(terms) - columns
        panel.set_xticks([0, 0.5, 1], ["start", "middle", "end"] if last_row else [])
    alt = f"Dispersion plot of {len(terms)} terms in {len(rows)} documents. {title}. "
    alt += listing(terms, [f"{int((places['term'] == t).sum())} times" for t in terms])
    return Drawing(name, title, figure, places, alt)


@styled
def years_spoken_of(table: pd.DataFrame) -> Drawing:
    """Years that the texts themselves name in running text, citations apart."""
    name = "years_spoken_of"
    total, cited = int(table["count"].sum()), int(table["citations"].sum())
    if not total and not cited:
        return blank(name, "The texts name no year", "No number from 1600 to 2099.", table)
    data = table.groupby("year")[["count", "citations"]].sum().reset_index()
    named = data[data["count"] > 0]
    title = f"Of {total + cited:,} years in the texts {cited:,} stand in citations; running text names {total:,}"
    if total:
        top = named[named["count"] == named["count"].max()]
        title += f", most often {' and '.join(top['year'].astype(str).head(4))}"
    subtitle = "Occurrences of a year written in figures (1600–2099), by year. Citations: years inside parentheses such as (Name, 2023). Dates in words (‘last November’) are not counted."
    figure, panels = sheet(
        title, subtitle, body=2.8, rows=2, left=0.5, right=0.3, gap_y=0.45, panel_title_lines=1
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
    alt += listing(named["year"].astype(str), [f"{c} times" for c in named["count"]])
    return Drawing(name, title, figure, table, alt)
