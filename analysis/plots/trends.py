"""Figures of how vocabulary changes over time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.corpus import EVERY
from analysis.plots import layouts, marks, words
from analysis.plots.layouts import Axis, row_panel
from analysis.plots.sheet import (
    BLUE,
    DASHED,
    GREY,
    MAX_ROWS,
    ORANGE,
    PALE,
    Drawing,
    blank,
    figure,
    sheet,
)
from analysis.plots.words import CLEAR_Z, first_of, listing, of_these_texts, short
from analysis.report.trends import describe_partial_periods
from analysis.statistics.uncertainty import FEWEST_DOCUMENTS
from analysis.tables.framing import ONE_DOCUMENT_SHARE
from analysis.tables.trends import comparable_periods

_MAX_TERMS = 12
_MAX_DOCUMENTS = 20
_MAX_SPLIT = 20
_MANY_PERIODS, _MAX_POINTS = 12, 120
_MAX_EVENTS = 26


def _panel_terms(table: pd.DataFrame) -> list[str]:
    """The terms that get a panel, in the order of the table."""
    return list(dict.fromkeys(table["term"]))[:_MAX_TERMS]


# --- rates over time -------------------------------------------------------------------------------


@figure
def term_rates(
    table: pd.DataFrame, events: pd.DataFrame, *, period: str, confidence: float
) -> Drawing:
    """Rates of each term over time for all groups together, a panel a term, events marked."""
    table = words.by_language(table, "term")
    data = table[table["group"] == EVERY].reset_index(drop=True)
    if data.empty:
        reason = f"Period: {period}. No date is precise enough, or no term occurs."
        return blank(f"No term occurs in a document dated to the {period}", reason, data)
    terms = _panel_terms(data)
    drawn = data[data["term"].isin(terms) & (data["tokens"] > 0)]
    parts = dict(iter(drawn.groupby("term", sort=False)))
    title = _rates_title(data[data["term"].isin(terms)])
    band = any(map(_is_band, parts.values()))
    cut = any((part["high"] > _rate_limit(part) * 1.05).any() for part in parts.values())
    partial = describe_partial_periods(
        data.drop_duplicates(["period", "partial"]), "Hollow, a partial period"
    )
    keys = _event_keys(events)
    subtitle = (
        f"Occurrences per million tokens by {period}{'' if band else ' (grey bars)'}, "
        f"all documents{words.of_the_language(data)} together. "
        f"{words.interval_words(data['interval'], confidence, 'Band' if band else 'Lines')}. "
        f"{_describe_documents(data)}{first_of(terms, data['term'].nunique(), 'terms')}"
        f"{' Intervals that leave a panel are cut.' if cut else ''}"
        f"{'' if band else partial}{f' Dashed: {keys}.' if keys else ''}"
    )
    room = {"left": 0.65, "gap_x": 0.65, "title_lines": 1}
    picture, panels = sheet((title, subtitle), len(terms), columns=2, height=1.05, **room)
    span = _date_span(data["period"], events)
    for panel, term in zip(panels, terms, strict=True):
        panel.set_title(f"{short(term, 30)} (n = {int(parts[term]['count'].sum()):,})")
        _draw_rates(panel, parts[term])
        _mark_events(panel, events)
        layouts.dates_axis(panel, *span)
        layouts.write_numbers(panel, "thousands", "y")
    totals = data.groupby("term", sort=False)["count"].sum()
    alt = f"{len(terms)} small line charts of rates per million by {period}. {title}. "
    alt += f"Occurrences in dated documents: {listing(totals.index, [f'{n:,}' for n in totals])}"
    return Drawing(title, picture, data, alt)


def _describe_documents(data: pd.DataFrame) -> str:
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
    periods = data.loc[data["tokens"] > 0, "period"]
    if periods.nunique() < 2:
        return f"All dated documents lie in one period, {periods.max()}: no trend"
    parts = {term: comparable_periods(part) for term, part in data.groupby("term", sort=False)}
    ends = {term: (part.iloc[0], part.iloc[-1]) for term, part in parts.items() if len(part) > 1}
    few = not (data["documents"] >= FEWEST_DOCUMENTS).any()
    if not ends:
        return "Too few whole periods hold enough documents: rates, but no trend"
    clear = {
        term: (first, last)
        for term, (first, last) in ends.items()
        if last["low"] > first["high"] or last["high"] < first["low"]
    }
    if not clear:
        spans = {f"{first['period']} and {last['period']}" for first, last in ends.values()}
        between = spans.pop() if len(spans) == 1 else "its first and last whole period"
        return of_these_texts(f"No term changes clearly between {between}", few)
    term = max(clear, key=lambda term: abs(np.log2(_ratio(*clear[term]))))
    first, last = clear[term]
    title = (
        f"‘{short(term, 40)}’ {'rises' if _ratio(first, last) > 1 else 'falls'} most, from "
        f"{first['per_million']:,.0f} per million in {first['period']} to {last['per_million']:,.0f} "
        f"in {last['period']}; {len(clear)} of {len(ends)} terms change clearly"
    )
    return of_these_texts(title, few)


def _ratio(first: pd.Series, last: pd.Series) -> float:
    """The later rate over the earlier, half an occurrence added to each count."""
    before, after = ((row["count"] + 0.5) / row["tokens"] for row in (first, last))
    return float(after / before)


def _draw_rates(panel: Axes, part: pd.DataFrame) -> None:
    """Rate of one term by period: a grey bar as long as the period, a point, its interval.

    The point of a partial period is hollow. Points are joined only where every period holds ten
    documents or more; more than 120 of them are drawn as a line in a band.
    """
    starts, ends = layouts.day_numbers(part["period"])
    middle, rate = (starts + ends) / 2, part["per_million"]
    if part["documents"].min() >= FEWEST_DOCUMENTS:
        panel.plot(middle, rate, color=BLUE, linewidth=1, alpha=0.6)
    if _is_band(part):
        panel.fill_between(middle, part["low"], part["high"], color=BLUE, alpha=0.25, linewidth=0)
    else:
        panel.hlines(rate, starts, ends - 1, color=PALE, linewidth=2.5, zorder=1)
        panel.vlines(middle, part["low"], part["high"], color=BLUE, linewidth=1.4, alpha=0.75)
        for chosen, face in ((part["partial"] == "", BLUE), (part["partial"] != "", "white")):
            points = rate.where(chosen)
            panel.plot(middle, points, "o", color=BLUE, mfc=face, markersize=4, clip_on=False)
    panel.set_ylim(0, (_rate_limit(part) or 1.0) * 1.05)


def _is_band(part: pd.DataFrame) -> bool:
    """Whether the rates of a term are so many that they are drawn as a line in a band."""
    return len(part) > _MAX_POINTS and part["documents"].min() >= FEWEST_DOCUMENTS


def _rate_limit(part: pd.DataFrame) -> float:
    """The highest rate that a panel shows: that of the widest interval, or where there are many
    periods a rate that all points and nine in ten intervals lie below."""
    highs = part["high"].dropna()
    if len(highs) < _MANY_PERIODS:
        return float(highs.max())
    return float(max(highs.quantile(0.9), part["per_million"].max() * 1.2))


def _date_span(periods: Iterable[str], events: pd.DataFrame) -> tuple[float, float]:
    """First and last day to be drawn: all periods, and events up to a year before them."""
    starts, ends = layouts.day_numbers(dict.fromkeys(periods))
    low, high = starts.min(), ends.max() - 1
    marked = layouts.day_numbers(events["date"])[0] if len(events) else np.array([])
    near = marked[(marked >= low - 400) & (marked <= high + 400)]
    low, high = min([low, *near]), max([high, *near])
    edge = max((high - low) * 0.02, 1.0)
    return low - edge, high + edge


def _event_keys(events: pd.DataFrame) -> str:
    """'A ChatGPT released (2022-11-30), …': the letters that mark events in the panels."""
    pairs = list(zip(events["label"], events["date"], strict=True))[:_MAX_EVENTS]
    return ", ".join(f"{chr(65 + n)} {label} ({date})" for n, (label, date) in enumerate(pairs))


def _mark_events(panel: Axes, events: pd.DataFrame) -> None:
    """A dashed line and a letter for each event."""
    dates = events["date"][:_MAX_EVENTS]
    place = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "va": "top"}
    for n, day in enumerate(layouts.day_numbers(dates)[0] if len(dates) else ()):
        panel.axvline(day, color=ORANGE, linewidth=0.8, linestyle=DASHED)
        panel.annotate(chr(65 + n), (day, 1), (2, -1), size=7, color=ORANGE, **place)


# --- rates by group ----------------------------------------------------------------------------------


@figure
def term_rates_by_group(table: pd.DataFrame, *, group: str, confidence: float) -> Drawing:
    """Rates of each term in every group, a panel a term, with intervals."""
    table = words.by_language(table, "term")
    terms, groups = _panel_terms(table), layouts.drawn_groups(table)
    if not terms:
        return blank("None of the terms occurs", "Nothing to draw.", table)
    data = table[table["group"].isin([*groups, EVERY]) & table["term"].isin(terms)]
    data = data.reset_index(drop=True)
    title = _groups_title(data[data["group"] != EVERY], group)
    subtitle = (
        f"Occurrences per million tokens by {group}; grey line: all documents{words.of_the_language(data)}. "
        f"{words.interval_words(data['interval'], confidence)}."
        f"{first_of(terms, table['term'].nunique(), 'terms')}"
        f"{first_of(groups, table['group'].nunique() - 1, 'groups')}"
    )
    every = data[data["group"] == EVERY].set_index("term")
    headings = {term: f"{short(term, 30)} (n = {every['count'][term]:,.0f})" for term in terms}
    columns, axis = {"panel": "term", "value": "per_million"}, Axis("thousands", low=0)
    picture = layouts.dot_panels((title, subtitle), data, headings, axis=axis, **columns)
    alt = f"{len(terms)} dot charts of rates per million by {group}. {title}. All documents: "
    alt += listing(every.index, [f"{rate:,.0f}" for rate in every["per_million"]])
    return Drawing(title, picture, data, alt)


def _groups_title(data: pd.DataFrame, group: str) -> str:
    """The term that differs most clearly between two groups, and between which."""
    rows, few = words.nameable(data[data["tokens"] > 0])
    if rows.groupby("term")["group"].nunique().max() < 2 or rows.empty:
        of = words.of_the_language(data).replace("the", "one")
        return f"Fewer than two groups{of} by {group} are large enough to compare"
    gaps = words.clear_gaps(rows, "term", "per_million")
    if not gaps:
        title = f"No term is clearly more frequent in one {group} than in another"
        return of_these_texts(title, few)
    _, term, top, low = max(gaps, key=lambda gap: gap[2]["low"] / max(gap[3]["high"], 1e-9))
    title = (
        f"‘{short(term, 40)}’ differs most clearly by {group}: {top['per_million']:,.0f} per million "
        f"in {short(top['group'], 60)}, {low['per_million']:,.0f} in {short(low['group'], 60)}"
    )
    return of_these_texts(title, few)


# --- changes between periods -------------------------------------------------------------------------

_WEIGHT_OF_SPAN = {"step": 0, "ends": 1, "halves": 2}
"""Which comparison is drawn where several share a source: the one that rests on most periods."""


@figure
def trend_split(table: pd.DataFrame, *, group: str) -> Drawing:
    """Each term's change in two parts: other groups spoke, the same groups spoke differently."""
    shared = table[table["common"] > 0]
    if table.empty:
        reason = "Nothing to compare."
        return blank("Fewer than two whole periods: no change to split", reason, table)
    if shared.empty:
        pairs = len(table[["before", "after"]].drop_duplicates())
        reason = (
            f"Comparisons of periods with the same {group} in both: 0 of {pairs}. All of every change is "
            "another one speaking, and there is nothing to split."
        )
        return blank(f"No {group} speaks in two of the periods compared", reason, table)
    rank = shared["common"] + shared["span"].map(_WEIGHT_OF_SPAN) * (shared["common"].max() + 1)
    before, after = shared.loc[rank.idxmax(), ["before", "after"]]
    data = table[(table["before"] == before) & (table["after"] == after)]
    data = data.head(_MAX_SPLIT).reset_index(drop=True)
    title = _split_title(data, group)
    subtitle = (
        f"Change of the rate per million from {before} to {after} (line) as the sum of two bars. Upper: "
        f"the same {group} spoke differently; lower, striped: the shares of each {group} in the tokens "
        f"changed (Kitagawa 1955). {data['common'].iloc[0]} speak in both, {data['came'].iloc[0]} came, "
        f"{data['went'].iloc[0]} went. Not tested; without partial periods and documents that have no "
        f"{group}.{first_of(data['term'], table['term'].nunique(), 'terms')}"
    )
    striped = {"color": PALE, "edgecolor": GREY, "hatch": "////"}
    drawn = [
        marks.bars("same_sources", shift=-0.18, height=0.32),
        marks.bars("other_sources", shift=0.18, height=0.32, **striped),
        marks.ticks("change", ORANGE, half=0.42),
        marks.reference(0),
    ]
    axis = Axis("thousands", label="change per million")
    picture = row_panel((title, subtitle), data, "term", drawn, axis, height=0.42)
    alt = f"Bar chart of changes split in two. {title}. Same {group}, other {group}: "
    parts = zip(data["same_sources"], data["other_sources"], strict=True)
    alt += listing(data["term"], [f"{same:+,.0f}, {other:+,.0f}" for same, other in parts])
    return Drawing(title, picture, data, alt)


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


@figure
def risers_and_fallers(movers: pd.DataFrame, early: str, late: str, *, most: int = 12) -> Drawing:
    """The words that rise and fall most between the earlier and the later periods, by z."""
    up = movers[movers["z"] > 0].head(most)
    down = movers[movers["z"] < 0].tail(most)
    data = pd.concat([up, down], ignore_index=True)
    if data.empty:
        why = "both halves use the same words" if early else "fewer than two whole periods"
        return blank(f"No rise and no fall: {why}", "Nothing to compare.", data)
    title = _rising_and_falling_title(data, early, late)
    subtitle = (
        f"z of the log-odds ratio with an informative Dirichlet prior (Monroe et al. 2008), {late} "
        f"against {early}, whole periods only, content words. A ranking, not a test. Right: count early → late, documents that hold the word. "
        "Hollow: one document brings three quarters or more, and the word comes and goes with it."
    )
    rise = data["z"] > 0
    counts = zip(data["early"], data["late"], data["documents"], strict=True)
    dots = data.assign(rise=data["z"].where(rise), fall=data["z"].where(~rise))
    dots["color"] = np.where(rise, BLUE, ORANGE)
    dots["several"] = data["top_document_share"] < ONE_DOCUMENT_SHARE
    dots["note"] = [f"{before} → {after}, in {n}" for before, after, n in counts]
    drawn = [
        marks.stems("z", "color"),
        marks.dots("rise", filled="several"),
        marks.dots("fall", filled="several", color=ORANGE, marker="s"),
        marks.reference(0),
    ]
    axis = Axis(label=f"← more in {early}        z        more in {late} →")
    picture = row_panel((title, subtitle), dots, "token", drawn, axis)
    later, earlier = ", ".join(up["token"]), ", ".join(down["token"][::-1])
    alt = f"Dot chart of words by z. {title}. More in the later periods: {later}. "
    alt += f"More in the earlier ones: {earlier}."
    return Drawing(title, picture, data, alt)


def _rising_and_falling_title(data: pd.DataFrame, early: str, late: str) -> str:
    """The words that rank first on either side, where both halves hold enough documents."""
    large = data[["early_documents", "late_documents"]] >= FEWEST_DOCUMENTS
    known = data[large.all(axis=1)] if large.any(axis=None) else data
    if known.empty:
        few = f"Fewer than {FEWEST_DOCUMENTS} documents in one half of the periods"
        return f"{few}: its words are those of these texts"
    if (most := known["z"].abs().max()) < CLEAR_Z:
        none = "No word clearly sets later texts apart from earlier ones"
        return f"{none} (highest |z| = {most:.1f})"
    up, down = known[known["z"] >= CLEAR_Z].head(1), known[known["z"] <= -CLEAR_Z].tail(1)
    several, parts = "language" in data, []
    for part, span in ((up, late), (down, early)):
        for row in part.itertuples():
            language = f" ({row.language or 'no language'})" if several else ""
            parts.append(f"‘{short(row.token)}’{language} in {span}")
    return f"Words that rank first, by z and not tested: {', '.join(parts)}"


# --- places in texts, and years ----------------------------------------------------------------------


@figure
def term_dispersion(places: pd.DataFrame, documents: pd.DataFrame) -> Drawing:
    """Where in each document each term falls: a tick a match, a row a document, a panel a term.

    `places` is `trends.term_places`; counts are of all documents, ticks of those that it holds.
    """
    terms = _panel_terms(places)
    if places.empty:
        return blank("None of the terms occurs", "Nothing to place.", places)
    order = documents.sort_values(["date", "document"])["document"]
    held = order[order.isin(places["document"])]
    most = places["document"].value_counts().sort_index().nlargest(_MAX_DOCUMENTS).index
    rows = list(held[held.isin(most)])
    title = _dispersion_title(places, terms, len(documents))
    subtitle = (
        "Each tick is an occurrence at its place between the first and the last token of a document; "
        "documents by date. Brackets: occurrences."
    )
    totals = places.groupby("term")["occurrences"].first()
    of_all = len(documents) if len(places) < totals.sum() else len(held)
    if len(rows) < of_all:
        subtitle += f" The {len(rows)} of {of_all:,} documents with the most occurrences."
    panels = []
    for term in terms:
        mine = layouts.placed(places[places["term"] == term], "document", rows)
        panels.append((f"{short(term, 30)} ({totals[term]:,})", mine))
    drawn, axis = [marks.row_lines, marks.ticks("place"), _positions], Axis(low=-0.01, high=1.01)
    picture = layouts.row_panels((title, subtitle), rows, panels, drawn, axis, columns=2)
    alt = f"Dispersion plot of {len(terms)} terms in {len(rows)} documents. {title}. "
    alt += listing(terms, [f"{totals[term]} times" for term in terms])
    return Drawing(title, picture, places, alt)


def _positions(panel: Axes, rows: np.ndarray, table: pd.DataFrame) -> None:
    """Words instead of numbers below a panel."""
    panel.set_xticks([0, 0.5, 1], ["start", "middle", "end"])


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


@figure
def years_spoken_of(table: pd.DataFrame) -> Drawing:
    """Years that the texts themselves name in running text and, separately, in citations."""
    total, cited = int(table["count"].sum()), int(table["citations"].sum())
    if not total and not cited:
        return blank("The texts name no year", "No number from 1600 to 2099.", table)
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
    bars = data.assign(low=data["year"] - 0.35, high=data["year"] + 0.35)
    panels = [
        (f"In running text ({total:,})", bars),
        (f"In citations ({cited:,})", bars.assign(count=data["citations"])),
    ]
    picture = layouts.histograms((title, subtitle), panels, height=1.1)
    alt = f"Bar chart of years named. {title}. In running text: "
    alt += listing(named["year"].astype(str), [f"({c})" for c in named["count"]])
    few = table["document"].nunique() <= MAX_ROWS
    return Drawing(title, picture, table if few else data, alt)
