"""Figures of what is in a corpus."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.ticker import MaxNLocator

from analysis.corpus import NO_VALUE
from analysis.language.codes import languages_of
from analysis.plots.sheet import (
    BLUE,
    GREY,
    INK,
    MOST_ROWS,
    ORANGE,
    PALE,
    SHADES,
    Drawing,
    blank,
    dates_axis,
    end_labels,
    few_ticks,
    first_of,
    joined,
    leading,
    left_for,
    listing,
    percent,
    plural,
    rows_axis,
    sheet,
    short,
    styled,
    thousands,
)
from analysis.reading.metadata import WHOLE_CORPUS
from analysis.statistics.diversity import HDD_SAMPLE, MATTR_WINDOW, MTLD_THRESHOLD
from analysis.statistics.uncertainty import FEWEST_DOCUMENTS
from analysis.tables.overview import MOST_CURVES, MOST_SPREAD
from analysis.tables.trends import PERIODS, period_bounds, period_labels

_MOST_LABELS = 12
_MOST_DOTS = 500
"""Documents that are drawn one by one; more of them are counted."""
_MOST_PERIODS = 60


@styled
def timeline(documents: pd.DataFrame, genre: pd.Series | None = None) -> Drawing:
    """Documents in time, a row each or, above 40, a row a source; precision of the date visible.

    Above MOST_DOTS they are counted by source and period. `documents` is the document table;
    `genre` an optional label of each of its rows.
    """
    name = "timeline"
    data = documents[["document", "source", "date", "date_precision", "tokens"]].copy()
    data["genre"] = "" if genre is None else genre.to_numpy()
    dated = data[data["date"] != ""].sort_values(["date", "document"], ignore_index=True)
    undated = len(data) - len(dated)
    if dated.empty:
        return blank(name, "No document has a date", "Nothing to place in time.", data)
    if len(dated) > _MOST_DOTS:
        return _counted_timeline(dated, data["source"])
    rough = dated[dated["date_precision"] != "day"]
    title = _timeline_title(data["source"], dated["date"])
    title += f"; {len(rough)} dated less precisely than to the day" if len(rough) else ""
    subtitle = "Dot: dated to the day. Bar: the whole month or year that the date leaves open."
    subtitle += f" {plural(undated, 'document')} without a date not drawn." if undated else ""
    rows = dated["document"] if len(dated) <= MOST_ROWS else dated["source"]
    labels = list(dict.fromkeys(rows))[:MOST_ROWS]
    if len(dated) > MOST_ROWS:
        subtitle += f" One row a source ({len(labels)} of {rows.nunique()})."
    figure, (panel,) = sheet(
        title,
        subtitle,
        body=0.3 * len(labels) + 0.2,
        left=left_for(labels),
        right=2.0 if len(dated) <= MOST_ROWS else 0.25,
    )
    places = dict(zip(labels, rows_axis(panel, labels), strict=True))
    for label, date, precision in zip(rows, dated["date"], dated["date_precision"], strict=True):
        if label in places:
            _draw_date(panel, places[label], date, precision)
    if len(dated) <= MOST_ROWS:
        notes = [
            f"{short(source, 30)}{', ' + short(kind, 14) if kind else ''}"
            for source, kind in zip(dated["source"], dated["genre"], strict=True)
        ]
        ends = [date2num(period_bounds(date)[1]) for date in dated["date"]]
        end_labels(panel, range(len(labels)), ends, notes, offset=7)
    dates_axis(panel)
    alt = f"Dot chart of documents by date. {title}. " + listing(dated["document"], dated["date"])
    return Drawing(name, title, figure, data, alt)


def _timeline_title(sources: pd.Series, dates: pd.Series) -> str:
    """How many documents are from how many sources, and from when; `dates` are sorted."""
    named = sources[~sources.isin(["", NO_VALUE])]
    title = plural(len(sources), "document")
    title += f" from {plural(named.nunique(), 'source')}" if len(named) else ""
    without = len(sources) - len(named)
    title += f" ({without:,} without a source)" if without and len(named) else ""
    first, last = dates.iloc[0], dates.iloc[-1]
    return f"{title}, {first} to {last}" if first != last else f"{title}, {first}"


def _counted_timeline(dated: pd.DataFrame, every_source: pd.Series) -> Drawing:
    """How many documents each source has in each period, as bars on a scale that all sources share.

    `every_source` has the source of each document, dated or not.
    """
    period = _finest_period(dated["date"])
    dated = dated.assign(
        source=dated["source"].replace("", NO_VALUE), period=period_labels(dated["date"], period)
    )
    rough = int((dated["period"] == "").sum())
    sources = (
        dated["source"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    )
    rows = list(sources.index[:MOST_ROWS])
    drawn = dated[dated["source"].isin(rows) & (dated["period"] != "")]
    data = drawn.groupby(["source", "period"])[["tokens"]].agg(["size", "sum"])["tokens"]
    data = data.set_axis(["documents", "tokens"], axis=1).reset_index()
    most = int(data["documents"].max())
    title = _timeline_title(every_source, dated["date"])
    subtitle = (
        f"Documents by {period} and source; the full height of a row is {plural(most, 'document')}. "
        "At the right: the documents of the source that have a date."
    )
    undated = len(every_source) - len(dated)
    subtitle += f" {plural(undated, 'document')} without a date not drawn." if undated else ""
    if rough:
        subtitle += (
            f" {plural(rough, 'document')} dated less precisely than to the {period} not drawn."
        )
    subtitle += first_of(rows, len(sources), "sources")
    figure, (panel,) = sheet(
        title, subtitle, body=0.36 * len(rows) + 0.2, left=left_for(rows), right=0.7
    )
    places = dict(zip(rows, rows_axis(panel, rows), strict=True))
    bounds = {label: period_bounds(label) for label in data["period"].unique()}
    first, last = (np.array([date2num(bounds[x][n]) for x in data["period"]]) for n in (0, 1))
    base = data["source"].map(places).to_numpy() + 0.4
    high = 0.8 * data["documents"].to_numpy() / most
    panel.bar(first, -high, last + 1 - first, base, align="edge", color=BLUE, linewidth=0)
    ends = np.full(len(rows), last.max() + 1)
    end_labels(panel, range(len(rows)), ends, [f"{sources[row]:,}" for row in rows])
    dates_axis(panel)
    alt = f"Bar charts of documents by {period}, a row a source. {title}. "
    large = [row for row in rows if sources[row] >= FEWEST_DOCUMENTS and row != NO_VALUE]
    alt += listing(large, [f"{sources[row]:,}" for row in large])
    return Drawing("timeline", title, figure, data, alt)


def _finest_period(dates: pd.Series) -> str:
    """The finest period of which there are at most MOST_PERIODS and that nine in ten dates allow."""
    for period in PERIODS[:-2]:
        labels = period_labels(dates, period)
        fine = labels != ""
        if fine.mean() >= 0.9 and len(set(labels[fine])) <= _MOST_PERIODS:
            return period
    return "year"


def _draw_date(panel: Axes, place: float, date: str, precision: str) -> None:
    """A dot for a day, a bar over the whole month or year that a date leaves open."""
    first, last = (date2num(day) for day in period_bounds(date))
    if precision == "day":
        panel.plot(first, place, "o", color=BLUE, markersize=6)
    else:
        panel.barh(place, last + 1 - first, left=first, height=0.3, color=ORANGE)


@styled
def document_lengths(documents: pd.DataFrame) -> Drawing:
    """Tokens of each document as bars, or above 40 documents their distribution."""
    name = "document_lengths"
    data = documents[["document", "source", "tokens", "sentences"]].sort_values(
        ["tokens", "document"], ascending=[False, True], ignore_index=True
    )
    total = int(data["tokens"].sum())
    longest = data.iloc[0]
    share = longest["tokens"] / total if total else 0
    if len(data) == 1:
        title = f"The one document holds {total:,} tokens"
    elif share >= 0.5:
        title = f"One document, {longest['document']}, holds {percent(share)} of all tokens"
    else:
        title = (
            f"Documents hold {int(data['tokens'].min()):,} to {int(longest['tokens']):,} tokens, "
            f"half of them {int(data['tokens'].median()):,} or fewer"
        )
    subtitle = (
        f"Tokens kept after exclusions; n = {plural(len(data), 'document')}, {total:,} tokens."
    )
    if len(data) > MOST_ROWS:
        figure, (panel,) = sheet(title, subtitle, body=2.4)
        counts, edges = np.histogram(data["tokens"], bins=min(60, len(data)))
        panel.bar(edges[:-1], counts, np.diff(edges), align="edge", color=BLUE)
        panel.set_xlabel("tokens in a document")
        panel.set_ylabel("documents")
        thousands(panel, "y")
    else:
        figure, (panel,) = sheet(
            title, subtitle, body=0.28 * len(data) + 0.1, left=left_for(data["document"]), right=1.3
        )
        places = rows_axis(panel, list(data["document"]))
        colors = [BLUE if share >= 0.5 and n == 0 else GREY for n in range(len(data))]
        panel.barh(places, data["tokens"], color=colors, height=0.62)
        notes = [f"{t:,} ({percent(t / max(total, 1))})" for t in data["tokens"]]
        end_labels(panel, places, data["tokens"], notes)
        panel.set_xlabel("tokens")
        thousands(panel)
    alt = f"Bar chart of document lengths in tokens. {title}. "
    alt += listing(data["document"], (f"{t:,}" for t in data["tokens"]))
    if len(data) > MOST_ROWS:
        data = pd.DataFrame(
            {"from_tokens": edges[:-1], "to_tokens": edges[1:], "documents": counts}
        )
    return Drawing(name, title, figure, data, alt)


@styled
def frequent_words(vocabulary: pd.DataFrame, n_documents: int, *, most: int = 25) -> Drawing:
    """The most frequent content words: rate, and how evenly spread over documents.

    `vocabulary` holds the content words of the vocabulary table.
    """
    name = "frequent_words"
    data = vocabulary.head(most)
    if data.empty:
        return blank(name, "The corpus holds no content words", "Nothing to draw.", data)
    several = "language" in data
    of_documents = data["of_documents"] if several else pd.Series(n_documents, index=data.index)
    everywhere = data["documents"] == of_documents
    title = _words_title(vocabulary)
    if n_documents > 1:
        every = "every document" + (" of its language" if several else "")
        title += f"; {int(everywhere.sum())} of the top {len(data)} occur in {every}"
    subtitle = (
        "Occurrences per million tokens, function words left out. Right: count, documents that hold "
        "the word, DP (Gries 2008; 0 = evenly spread, towards 1 = in one document). Blue: in every "
        f"document{' of its language' if several else ''} (n = {n_documents:,})."
        + (" Rates within a language." if several else "")
    )
    notes = [
        f"{count:,} in {documents:,}" + (f", DP {dp:.2f}" if np.isfinite(dp) else "")
        for count, documents, dp in zip(data["count"], data["documents"], data["dp"], strict=True)
    ]
    right = max(1.5, 0.066 * max(map(len, notes)))
    figure, (panel,) = sheet(
        title, subtitle, body=0.2 * len(data), left=left_for(data["token"]), right=right
    )
    places = rows_axis(panel, list(data["token"]))
    colors = np.where(everywhere, BLUE, GREY)
    panel.barh(places, data["per_million"], color=colors, height=0.62)
    end_labels(panel, places, data["per_million"], notes)
    panel.set_xlabel("per million tokens")
    thousands(panel)
    alt = f"Bar chart of the {len(data)} most frequent content words. {title}. "
    alt += listing(data["token"], [f"{r:,.0f} per million" for r in data["per_million"]])
    return Drawing(name, title, figure, data, alt)


def _words_title(data: pd.DataFrame) -> str:
    """The content word with the highest count, of several languages that of each, or how many
    share it."""
    if "language" in data:
        tops = data.groupby("language").head(1).sort_values("language")
        pairs = zip(tops["token"], tops["language"], strict=True)
        told = ", ".join(f"{short(token)} ({code or 'no language'})" for token, code in pairs)
        return f"Most frequent content word of each language: {told}"
    top = leading(data, "count")
    if len(top) == 1:
        return f"‘{short(top['token'].iloc[0])}’ is the most frequent content word"
    names = joined([f"‘{short(token)}’" for token in top["token"][:3]])
    names = names if len(top) <= 3 else f"{len(top)} words"
    return f"{names} are the most frequent content words, {plural(int(top['count'].iloc[0]), 'time')} each"


@styled
def collocations(table: pd.DataFrame, *, most: int = 20) -> Drawing:
    """The pairs of words that attract each other most, by G², with counts and expected counts."""
    name = "collocations"
    data = table.head(most)
    if data.empty:
        return blank(
            name, "No two content words occur together often enough", "Fewest: 3 times.", data
        )
    first = data.iloc[0]
    title = (
        f"‘{first['collocation']}’ is the strongest collocation by G²: {first['count']:,} times, "
        f"{_expected(first['expected'])} expected"
    )
    subtitle = (
        "Neighbouring content words within a sentence, by log-likelihood G² (4-cell, Dunning 1993). "
        "Right: count, and expected count if the words occurred independently. A ranking, not a test."
    )
    figure, (panel,) = sheet(
        title, subtitle, body=0.2 * len(data), left=left_for(data["collocation"]), right=1.3
    )
    places = rows_axis(panel, list(data["collocation"]))
    panel.hlines(places, 0, data["g2"], color=PALE, linewidth=2)
    panel.plot(data["g2"], places, "o", color=BLUE, markersize=5)
    notes = [
        f"{count:,} ({_expected(expected)})"
        for count, expected in zip(data["count"], data["expected"], strict=True)
    ]
    end_labels(panel, places, data["g2"], notes, offset=7)
    panel.set_xlim(left=0)
    panel.set_xlabel("log-likelihood G²")
    thousands(panel)
    alt = f"Dot chart of collocations by G². {title}. "
    alt += listing(data["collocation"], [f"{g2:.0f}" for g2 in data["g2"]])
    return Drawing(name, title, figure, data, alt)


def _expected(expected: float) -> str:
    """An expected count with one decimal; one that would be written as 0 as '<0.1'."""
    return f"{expected:,.1f}" if expected >= 0.05 else "<0.1"


@styled
def lexical_diversity(documents: pd.DataFrame) -> Drawing:
    """Three measures of lexical diversity side by side, a row a document; above MOST_DOTS documents
    how the values are distributed."""
    name = "lexical_diversity"
    measures = {
        "mattr": f"MATTR (window {MATTR_WINDOW})",
        "mtld": f"MTLD ({MTLD_THRESHOLD})",
        "hdd": f"HD-D ({HDD_SAMPLE})",
    }
    codes, declared = pd.factorize(documents.get("language", np.full(len(documents), "")))
    several = len(set(languages_of(list(declared), codes))) > 1
    data = documents[["document", "tokens", *measures]].sort_values(
        ["mattr", "document"], ascending=[False, True], ignore_index=True
    )
    if len(data) > _MOST_DOTS:
        return _diversity_spread(data, measures)
    title = _diversity_title(data, measures, several)
    subtitle = (
        "MATTR and HD-D: expected share of different words in 50 and 42 tokens. MTLD: mean length of "
        "stretches with a type-token ratio above 0.72; unsteady below some 100 tokens. One value per "
        "text: no interval. Genre and length differ too."
    )
    subtitle += f" First {MOST_ROWS} of {len(data)} documents." if len(data) > MOST_ROWS else ""
    data = data.head(MOST_ROWS)
    figure, panels = sheet(
        title,
        subtitle,
        body=0.26 * len(data) + 0.15,
        columns=3,
        left=left_for(data["document"]),
        panel_title_lines=1,
        right=0.35,
    )
    for n, (panel, (measure, label)) in enumerate(zip(panels, measures.items(), strict=True)):
        places = rows_axis(panel, list(data["document"]) if n == 0 else [""] * len(data))
        panel.set_title(label)
        panel.grid(axis="y", color=PALE, linewidth=0.5)
        panel.plot(data[measure], places, "o", color=BLUE, markersize=5)
        for place, value in zip(places, data[measure], strict=True):
            text = f"{value:.0f}" if measure == "mtld" else f"{value:.3f}"
            if np.isfinite(value):
                panel.annotate(
                    text, (value, place), (0, 4), textcoords="offset points", size=7, ha="center"
                )
        panel.margins(x=0.2)
    alt = f"Three dot charts of lexical diversity by document. {title}. MATTR: "
    alt += listing(data["document"], [f"{v:.3f}" for v in data["mattr"]])
    return Drawing(name, title, figure, data, alt)


def _diversity_title(data: pd.DataFrame, measures: Mapping[str, str], several: bool) -> str:
    """The document with the highest value of every measure that has values, or what else is so.

    Documents in several languages are not ranked.
    """
    known = {m: data[data[m].notna()] for m in measures if data[m].notna().any()}
    if not known:
        return "The texts are too short for a measure of lexical diversity"
    first, values = next(iter(known.items()))
    low, high = (f"{getattr(values[first], end)():.3f}" for end in ("min", "max"))
    name = measures[first].partition(" ")[0]
    if len(values) == 1:
        return f"{name} of the one measured text is {high}"
    if several:
        return f"{name} lies between {low} and {high}; compare texts of one language only"
    tops = {measure: set(leading(part, measure)["document"]) for measure, part in known.items()}
    common = set.intersection(*tops.values())
    every = f"All {len(known)} measures are" if len(known) > 1 else f"{name} is"
    if len(common) == 1:
        return f"{every} highest in {short(common.pop())}"
    told = (
        f"{measures[m].partition(' ')[0]} in {short(min(top)) if len(top) == 1 else f'{len(top)} texts'}"
        for m, top in tops.items()
    )
    return f"The highest values are those of {', '.join(told)}"


def _diversity_spread(data: pd.DataFrame, measures: Mapping[str, str]) -> Drawing:
    """How the values of each measure of lexical diversity are distributed over the documents."""
    parts, title = [], "The texts are too short for a measure of lexical diversity"
    for measure in measures:
        values = data[measure].dropna().to_numpy(float)
        counts, edges = np.histogram(values, bins=40) if len(values) else ([], np.zeros(1))
        bins = {"measure": measure, "low": edges[:-1], "high": edges[1:], "documents": counts}
        parts.append(pd.DataFrame(bins))
    if data["mattr"].notna().any():
        middle = data["mattr"].quantile([0.25, 0.75])
        title = (
            f"Half of the {data['mattr'].count():,} documents that are long enough have a MATTR between "
            f"{middle.iloc[0]:.3f} and {middle.iloc[1]:.3f}"
        )
    missing = int(data[list(measures)].isna().any(axis=1).sum())
    subtitle = (
        f"Documents by value; line: the median. n = {plural(len(data), 'document')}, of which "
        f"{missing:,} are too short for a measure. MATTR and HD-D: expected share of different words "
        "in 50 and 42 tokens. MTLD: mean length of stretches with a type-token ratio above 0.72; "
        "unsteady below some 100 tokens. Genre and length differ too."
    )
    figure, panels = sheet(
        title, subtitle, body=2.0, columns=3, left=0.75, right=0.35, panel_title_lines=1, gap_x=0.6
    )
    for panel, part, (measure, label) in zip(panels, parts, measures.items(), strict=True):
        panel.bar(
            part["low"], part["documents"], part["high"] - part["low"], align="edge", color=BLUE
        )
        panel.axvline(data[measure].median(), color=ORANGE, linewidth=1)
        panel.set_title(label)
        panel.xaxis.set_major_locator(few_ticks())
        thousands(panel, "y")
    panels[0].set_ylabel("documents")
    alt = f"Three histograms of lexical diversity over documents. {title}. Medians: "
    alt += listing(measures, [f"{data[measure].median():.3f}" for measure in measures])
    drawn = pd.concat(parts, ignore_index=True)
    return Drawing("lexical_diversity", title, figure, drawn, alt)


@styled
def vocabulary_growth(growth: pd.DataFrame, n_documents: int) -> Drawing:
    """Different words met against tokens read, a line a document and one for the corpus.

    Where the corpus has more documents than `growth`, the figure says that they are drawn.
    """
    name = "vocabulary_growth"
    ends = growth.groupby("document", sort=True).tail(1)
    ends = ends.sort_values("tokens", ascending=False).head(MOST_ROWS)
    if ends.empty:
        return blank(name, "The corpus holds no tokens", "Nothing to draw.", growth)
    size = int(ends["tokens"].min())
    at = {
        document: float(np.interp(size, part["tokens"], part["types"]))
        for document, part in growth.groupby("document", sort=True)
        if document != WHOLE_CORPUS and document in set(ends["document"])
    }
    richest, poorest = max(at, key=at.get), min(at, key=at.get)
    several = "language" in growth
    title = _growth_title(at, size, n_documents > MOST_CURVES, several)
    subtitle = "Different words (types) met while reading each text from its beginning."
    drawn = len(set(growth["document"]) - {WHOLE_CORPUS})
    if n_documents > MOST_CURVES:
        subtitle += f" {drawn} of {n_documents:,} documents, drawn at random."
    whole = float(ends["tokens"].max())
    near = float(ends.loc[ends["document"] != WHOLE_CORPUS, "tokens"].median()) * 1.1
    reaches = [near, whole] if whole > 3 * near else [whole]
    figure, panels = sheet(
        title, subtitle, body=3.0, columns=len(reaches), left=0.6, right=1.45, gap_x=1.75
    )
    for panel, reach in zip(panels, reaches, strict=True):
        for document in ends["document"]:
            part = growth[(growth["document"] == document) & (growth["tokens"] <= reach)]
            color = BLUE if document == richest else GREY
            style = (0, (4, 2)) if document == WHOLE_CORPUS else "-"
            panel.plot(part["tokens"], part["types"], color=color, linewidth=1.4, linestyle=style)
        lines = _labelled(growth, ends, reach, {richest, poorest, WHOLE_CORPUS})
        zoomed = len(reaches) > 1 and reach == whole
        _label_lines(panel, lines[lines["tokens"] > near] if zoomed else lines)
        panel.set_xlim(0, reach)
        panel.set_ylim(bottom=0)
        panel.set_xlabel("tokens read")
        if reach >= 1_000_000:
            panel.xaxis.set_major_locator(MaxNLocator(2))
        thousands(panel)
        thousands(panel, "y")
    panels[0].set_ylabel("different words met")
    alt = f"Line chart of vocabulary growth. {title}. At the end: "
    alt += listing(ends["document"], [f"{t:,.0f} types" for t in ends["types"]])
    return Drawing(name, title, figure, growth, alt)


def _growth_title(at: Mapping[str, float], size: int, drawn: bool, several: bool) -> str:
    """The document that has met most words after so many tokens, if it is one of one language."""
    most = max(at.values())
    ahead = [document for document, types in at.items() if types > most - 0.5]
    if len(at) == 1:
        return f"{size:,} tokens hold {most:,.0f} different words"
    if several or len(ahead) > 1:
        low = min(at.values())
        told = f"{low:,.0f} to {most:,.0f}" if round(low) < round(most) else f"{most:,.0f}"
        more = "; compare texts of one language only" if several else ""
        return (
            f"After {size:,} tokens the {len(at)} texts drawn have met {told} different words{more}"
        )
    of = f" of the {len(at)} texts drawn" if drawn else ""
    return (
        f"After {size:,} tokens {short(ahead[0])} has met the most different words{of}: {most:,.0f}"
    )


def _labelled(
    growth: pd.DataFrame, ends: pd.DataFrame, reach: float, outstanding: set[str]
) -> pd.DataFrame:
    """Where each line of a panel ends (at `reach` if it runs on); of many, the outstanding only."""
    rows = []
    for document in ends["document"]:
        part = growth[growth["document"] == document]
        at = min(float(part["tokens"].iloc[-1]), reach)
        if at == reach and (part["tokens"] <= reach).sum() < 3:
            continue  # as good as nothing of the line stands in the panel
        if len(ends) <= _MOST_LABELS or document in outstanding:
            rows.append((document, at, float(np.interp(at, part["tokens"], part["types"]))))
    return pd.DataFrame(rows, columns=["document", "tokens", "types"])


def _label_lines(panel: Axes, ends: pd.DataFrame) -> None:
    """Label lines right of the panel, at the height of their ends, none covering another."""
    rows = ends.sort_values(["types", "document"], ascending=False)
    heights = (rows["types"] / panel.get_ylim()[1]).to_list()
    for n in range(1, len(heights)):
        heights[n] = min(heights[n], heights[n - 1] - 0.055)
    for row, height in zip(rows.itertuples(), heights, strict=True):
        panel.annotate(
            short(row.document, 21),
            (row.tokens, row.types),
            (1.04, height),
            textcoords="axes fraction",
            va="center",
            size=7.5,
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.4},
            annotation_clip=False,
        )


@styled
def shared_vocabulary(overlap: pd.DataFrame, n_documents: int) -> Drawing:
    """How much of each document's vocabulary stands in how many documents, as stacked bars.

    In a corpus so large that the table holds only some documents, and `in_documents` counts
    stretches, no word is said to be in all, and no document to be the first.
    """
    name = "shared_vocabulary"
    n = int(overlap["in_documents"].max()) if len(overlap) else 0
    several = "language" in overlap
    if n < 2:
        one = "There is one document: it shares its words with none"
        none = "No word occurs in two documents" + (" of one language" if several else "")
        return blank(name, one if n_documents == 1 else none, "Nothing to draw.", overlap)
    data = overlap.assign(share=overlap["share"].fillna(0.0))
    alone = data[data["in_documents"] == 1].set_index("document")["share"]
    order = list(alone.sort_index().sort_values(ascending=False, kind="stable").index)[:MOST_ROWS]
    subtitle = (
        "Share of each document's different words (types) by the number of documents that hold "
        "them. A longer text has more words of its own for that reason alone."
    )
    if n_documents <= MOST_SPREAD:
        bins = _document_bins(n)
        everywhere = data.loc[data["in_documents"] == n_documents, "types"].max()
        everywhere = 0 if everywhere != everywhere else int(everywhere)
        title = "" if several else f"{everywhere:,} words occur in all {n_documents} documents; "
        title += f"{percent(alone[order[0]])} of the words of {short(order[0])} occur "
        title += "in no other document of its language" if several else "only there"
        subtitle += first_of(order, n_documents, "documents")
    else:
        bins = _doubling_bins(n, n_documents)
        common = data[data["in_documents"] >= bins[-1][0]].groupby("document")["share"].sum()
        middle = common.reindex(order, fill_value=0.0).median()
        title = (
            f"In the median document drawn {percent(middle)} of the words stand in {bins[-1][0]:,} "
            "documents or more"
        )
        subtitle += (
            f" {len(order)} of {n_documents:,} documents, drawn at random; above, their median."
        )
    data = data[data["document"].isin(order)]
    figure, (panel,) = sheet(
        title, subtitle, body=0.3 * len(order) + 0.1, left=left_for(order), right=0.4, bottom=0.75
    )
    places = rows_axis(panel, order)
    left = np.zeros(len(order))
    for shade, (first, last) in zip(SHADES, bins, strict=False):
        part = data[data["in_documents"].between(first, last)]
        share = part.groupby("document")["share"].sum().reindex(order, fill_value=0.0).to_numpy()
        _stacked_bars(panel, places, left, share, shade, _bin_label(first, last))
        left = left + share
    panel.set_xlim(0, 1)
    panel.set_xticks([])
    panel.spines["bottom"].set_visible(False)
    panel.legend(
        loc="upper left",
        bbox_to_anchor=(0, -0.02),
        ncols=5,
        frameon=False,
        title="documents that hold the word",
        fontsize=7.5,
        title_fontsize=7.5,
        alignment="left",
    )
    alt = f"Stacked bar chart of shared vocabulary. {title}. Only there: "
    alt += listing(order, [percent(alone[document]) for document in order])
    drawn = overlap[overlap["document"].isin(order)]
    return Drawing(name, title, figure, drawn, alt)


def _document_bins(n: int) -> list[tuple[int, int]]:
    """Numbers of documents from 1 to n in at most five bins, 1 alone."""
    ends = np.unique(np.linspace(1, n, min(n, len(SHADES))).round().astype(int)).tolist()
    return [(before + 1, end) for before, end in zip([0, *ends], ends, strict=False)]


def _doubling_bins(n: int, most: int) -> list[tuple[int, int]]:
    """The same, up to `most`, where numbers are the least of a stretch that ends before its double."""
    steps = np.unique(np.linspace(0, n.bit_length() - 1, len(SHADES)).round().astype(int)).tolist()
    ends = [min(2 ** (step + 1) - 1, most) for step in steps]
    return [(before + 1, end) for before, end in zip([0, *ends], ends, strict=False)]


def _bin_label(first: int, last: int) -> str:
    """'only here', '2' or '3–5'."""
    if last == 1:
        return "only here"
    return f"{last:,}" if first == last else f"{first:,}–{last:,}"


def _stacked_bars(panel: Axes, places, left, share, shade: str, label: str) -> None:
    """One layer of stacked bars, its share written on each that has the room."""
    panel.barh(places, share, left=left, height=0.66, color=shade, label=label, edgecolor="white")
    color = "white" if shade in SHADES[:2] else INK
    for place, start, value in zip(places, left, share, strict=True):
        if value >= 0.045:
            middle = start + value / 2
            panel.text(middle, place, percent(value), ha="center", va="center", size=7, color=color)
