"""Figures of what is in a corpus."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from analysis.corpus import NO_VALUE
from analysis.language.codes import languages_of
from analysis.plots import layouts, marks
from analysis.plots.layouts import Axis, row_panel, row_panels
from analysis.plots.sheet import BLUE, GREY, MAX_ROWS, Drawing, blank, figure, sheet
from analysis.plots.words import first_of, leading, listing, named, percent, plural, short
from analysis.reading.metadata import WHOLE_CORPUS
from analysis.statistics.diversity import HDD_SAMPLE, MATTR_WINDOW, MTLD_THRESHOLD
from analysis.statistics.uncertainty import FEWEST_DOCUMENTS
from analysis.tables.overview import MOST_CURVES, MOST_SPREAD
from analysis.tables.trends import PERIODS, period_labels

_MAX_LABELS = 12
_MAX_DOTS = 500
"""Documents that are drawn one by one; more of them are counted."""
_MAX_PERIODS, _BINS = 60, 5
_TOO_SHORT = "The texts are too short for a measure of lexical diversity"


# --- documents in time and their lengths -----------------------------------------------------------


@figure
def timeline(documents: pd.DataFrame, genre: pd.Series | None = None) -> Drawing:
    """Documents in time, a row each or, above 40, a row a source; precision of the date visible.

    Above 500 they are counted by source and period. `documents` is the document table; `genre` an
    optional label of each of its rows.
    """
    data = documents[["document", "source", "date", "date_precision", "tokens"]].copy()
    data["genre"] = "" if genre is None else genre.to_numpy()
    dated = data[data["date"] != ""].sort_values(["date", "document"], ignore_index=True)
    if dated.empty:
        return blank("No document has a date", "Nothing to place in time.", data)
    title, undated = _timeline_title(data["source"], dated["date"]), len(data) - len(dated)
    missing = f" {plural(undated, 'document')} without a date not drawn." if undated else ""
    if len(dated) > _MAX_DOTS:
        return _counted_timeline(dated, title, missing)
    rough = int((dated["date_precision"] != "day").sum())
    title += f"; {rough} dated less precisely than to the day" if rough else ""
    subtitle = "Dot: dated to the day. Bar: the whole month or year that the date leaves open."
    subtitle += missing
    first, last = layouts.day_numbers(dated["date"])
    drawn, row = dated.assign(first=first, last=last), "document"
    if len(dated) > MAX_ROWS:
        row, sources = "source", dated["source"].nunique()
        subtitle += f" One row a source ({min(sources, MAX_ROWS)} of {sources})."
    else:
        kinds = [f", {short(kind, 14)}" if kind else "" for kind in dated["genre"]]
        drawn["note"] = dated["source"].map(lambda source: short(source, 30)) + kinds
    rows = list(dict.fromkeys(dated[row]))[:MAX_ROWS]
    panels = [("", layouts.placed(drawn, row, rows))]
    picture = row_panels((title, subtitle), rows, panels, [marks.dates], Axis("dates"))
    alt = f"Dot chart of documents by date. {title}. " + listing(dated["document"], dated["date"])
    return Drawing(title, picture, data, alt)


def _timeline_title(sources: pd.Series, dates: pd.Series) -> str:
    """How many documents are from how many sources, and from when; `dates` are sorted."""
    named = sources[~sources.isin(["", NO_VALUE])]
    title = plural(len(sources), "document")
    title += f" from {plural(named.nunique(), 'source')}" if len(named) else ""
    without = len(sources) - len(named)
    title += f" ({without:,} without a source)" if without and len(named) else ""
    return f"{title}, {' to '.join(dict.fromkeys(dates.iloc[[0, -1]]))}"


def _counted_timeline(dated: pd.DataFrame, title: str, missing: str) -> Drawing:
    """How many documents each source has in each period, as bars on a scale that all sources share."""
    period = _finest_period(dated["date"])
    sources = dated["source"].replace("", NO_VALUE)
    dated = dated.assign(source=sources, period=period_labels(dated["date"], period))
    sizes = sources.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    rows = list(sizes.index[:MAX_ROWS])
    drawn = dated[dated["source"].isin(rows) & (dated["period"] != "")]
    data = drawn.groupby(["source", "period"])["tokens"].agg(documents="size", tokens="sum")
    data = data.reset_index()
    most, rough = data["documents"].max(), plural((dated["period"] == "").sum(), "document")
    subtitle = (
        f"Documents by {period} and source; the full height of a row is {plural(most, 'document')}. "
        f"At the right: the documents of the source that have a date.{missing}"
    )
    if (dated["period"] == "").any():
        subtitle += f" {rough} dated less precisely than to the {period} not drawn."
    subtitle += first_of(rows, len(sizes), "sources")
    first, last = layouts.day_numbers(data["period"])
    bars = data.assign(first=first, last=last, high=data["documents"] / most)
    bars = pd.DataFrame({"source": rows}).merge(bars, how="left", on="source")
    first_bar = ~bars["source"].duplicated()
    bars["note"] = bars["source"].map(sizes.map("{:,}".format)).where(first_bar, "")
    panels = [("", layouts.placed(bars, "source", rows))]
    drawn, axis = [marks.upright_bars], Axis("dates")
    picture = row_panels((title, subtitle), rows, panels, drawn, axis, height=0.36)
    alt = f"Bar charts of documents by {period}, a row a source. {title}. "
    large = sizes[rows][lambda n: n >= FEWEST_DOCUMENTS].drop(NO_VALUE, errors="ignore")
    alt += listing(large.index, map("{:,}".format, large))
    return Drawing(title, picture, data, alt)


def _finest_period(dates: pd.Series) -> str:
    """The finest period of which there are at most 60 and that nine in ten dates allow."""
    for period in PERIODS[:-2]:
        labels = period_labels(dates, period)
        fine = labels != ""
        if fine.mean() >= 0.9 and len(set(labels[fine])) <= _MAX_PERIODS:
            return period
    return "year"


@figure
def document_lengths(documents: pd.DataFrame) -> Drawing:
    """Tokens of each document as bars, or above 40 documents their distribution."""
    data = documents[["document", "source", "tokens", "sentences"]].sort_values(
        ["tokens", "document"], ascending=[False, True], ignore_index=True
    )
    tokens, total = data["tokens"], int(data["tokens"].sum())
    share = tokens / max(total, 1)
    if len(data) == 1:
        title = f"The one document holds {total:,} tokens"
    elif share[0] >= 0.5:
        title = f"One document, {data['document'][0]}, holds {percent(share[0])} of all tokens"
    else:
        title = f"Documents hold {int(tokens.min()):,} to {int(tokens[0]):,} tokens, "
        title += f"half of them {int(tokens.median()):,} or fewer"
    subtitle = "Tokens kept after exclusions; "
    subtitle += f"n = {plural(len(data), 'document')}, {total:,} tokens."
    alt = f"Bar chart of document lengths in tokens. {title}. "
    alt += listing(data["document"], (f"{count:,}" for count in tokens))
    if len(data) > MAX_ROWS:
        bins = layouts.binned(tokens, min(60, len(data))).drop(columns="median")
        picture = layouts.histograms((title, subtitle), [("", bins)], label="tokens in a document")
        names = {"low": "from_tokens", "high": "to_tokens", "count": "documents"}
        return Drawing(title, picture, bins.rename(columns=names), alt)
    bars = data.assign(color=np.where((share >= 0.5) & (data.index == 0), BLUE, GREY))
    bars["note"] = [f"{n:,} ({percent(part)})" for n, part in zip(tokens, share, strict=True)]
    drawn, axis = [marks.bars("tokens", color="color")], Axis("thousands", label="tokens")
    picture = row_panel((title, subtitle), bars, "document", drawn, axis)
    return Drawing(title, picture, data, alt)


# --- words -----------------------------------------------------------------------------------------


@figure
def frequent_words(vocabulary: pd.DataFrame, n_documents: int, *, most: int = 25) -> Drawing:
    """The most frequent content words: rate, and how evenly spread over documents.

    `vocabulary` holds the content words of the vocabulary table.
    """
    data = vocabulary.head(most)
    if data.empty:
        return blank("The corpus holds no content words", "Nothing to draw.", data)
    several = "language" in data
    everywhere = data["documents"] == (data["of_documents"] if several else n_documents)
    of_language = " of its language" if several else ""
    title = _words_title(vocabulary)
    if n_documents > 1:
        title += f"; {int(everywhere.sum())} of the top {len(data)} occur in every document"
        title += of_language
    subtitle = (
        "Occurrences per million tokens, function words left out. Right: count, documents that hold "
        "the word, DP (Gries 2008; 0 = evenly spread, towards 1 = in one document). Blue: in every "
        f"document{of_language} (n = {n_documents:,})."
        + (" Rates within a language." if several else "")
    )
    bars = data.assign(color=np.where(everywhere, BLUE, GREY))
    bars["note"] = [
        f"{count:,} in {documents:,}" + (f", DP {dp:.2f}" if np.isfinite(dp) else "")
        for count, documents, dp in zip(data["count"], data["documents"], data["dp"], strict=True)
    ]
    drawn = [marks.bars("per_million", color="color")]
    axis = Axis("thousands", label="per million tokens")
    picture = row_panel((title, subtitle), bars, "token", drawn, axis)
    alt = f"Bar chart of the {len(data)} most frequent content words. {title}. "
    alt += listing(data["token"], [f"{r:,.0f} per million" for r in data["per_million"]])
    return Drawing(title, picture, data, alt)


def _words_title(data: pd.DataFrame) -> str:
    """The content word with the highest count, of several languages that of each, or how many
    share it."""
    if "language" in data:
        tops = data.groupby("language").head(1).sort_values("language")
        pairs = zip(tops["token"], tops["language"], strict=True)
        words = ", ".join(f"{short(token)} ({code or 'no language'})" for token, code in pairs)
        return f"Most frequent content word of each language: {words}"
    top = leading(data, "count")
    names, times = named(top["token"], "words"), plural(int(top["count"].iloc[0]), "time")
    if len(top) == 1:
        return f"{names} is the most frequent content word"
    return f"{names} are the most frequent content words, {times} each"


@figure
def collocations(table: pd.DataFrame, *, most: int = 20) -> Drawing:
    """The pairs of words that attract each other most, by G², with counts and expected counts."""
    data = table.head(most)
    if data.empty:
        none = "No two content words occur together often enough"
        return blank(none, "Fewest: 3 times.", data)
    expected = [f"{n:,.1f}" if n >= 0.05 else "<0.1" for n in data["expected"]]
    words, times = data["collocation"].iloc[0], f"{data['count'].iloc[0]:,} times"
    title = f"‘{words}’ is the strongest collocation by G²: {times}, {expected[0]} expected"
    subtitle = (
        "Neighbouring content words within a sentence, by log-likelihood G² (4-cell, Dunning 1993). "
        "Right: count, and expected count if the words occurred independently. A ranking, not a test."
    )
    counts = zip(data["count"], expected, strict=True)
    dots = data.assign(note=[f"{count:,} ({some})" for count, some in counts])
    drawn = [marks.stems("g2"), marks.dots("g2")]
    axis = Axis("thousands", low=0, label="log-likelihood G²")
    picture = row_panel((title, subtitle), dots, "collocation", drawn, axis)
    alt = f"Dot chart of collocations by G². {title}. "
    alt += listing(data["collocation"], [f"{g2:.0f}" for g2 in data["g2"]])
    return Drawing(title, picture, data, alt)


# --- lexical diversity -----------------------------------------------------------------------------


@figure
def lexical_diversity(documents: pd.DataFrame) -> Drawing:
    """Three measures of lexical diversity side by side, a row a document; above 500 documents how
    the values are distributed."""
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
    subtitle = (
        "MATTR and HD-D: expected share of different words in 50 and 42 tokens. MTLD: mean length of "
        "stretches with a type-token ratio above 0.72; unsteady below some 100 tokens. "
    )
    if len(data) > _MAX_DOTS:
        return _diversity_distributions(data, measures, subtitle)
    title = _diversity_title(data, measures, several)
    subtitle += "One value per text: no interval. Genre and length differ too."
    subtitle += first_of(data[:MAX_ROWS], len(data), "documents")
    data, panels = data.head(MAX_ROWS), []
    for measure, heading in measures.items():
        value = data[measure]
        text = value.map("{:.0f}".format if measure == "mtld" else "{:.3f}".format)
        panels.append((heading, pd.DataFrame({"value": value, "text": text})))
    drawn = [marks.row_lines, marks.dots("value"), marks.texts("value", "text", above=7)]
    claim, rows = (title, subtitle), data["document"]
    picture = row_panels(claim, rows, panels, drawn, columns=3, height=0.28)
    alt = f"Three dot charts of lexical diversity by document. {title}. MATTR: "
    alt += listing(data["document"], [f"{v:.3f}" for v in data["mattr"]])
    return Drawing(title, picture, data, alt)


def _diversity_title(data: pd.DataFrame, measures: Mapping[str, str], several: bool) -> str:
    """The document with the highest value of every measure that has values, or what else is so.

    Documents in several languages are not ranked.
    """
    known = {m: data[data[m].notna()] for m in measures if data[m].notna().any()}
    if not known:
        return _TOO_SHORT
    names = {measure: measures[measure].partition(" ")[0] for measure in known}
    first, values = next(iter(known.items()))
    low, high = (f"{getattr(values[first], end)():.3f}" for end in ("min", "max"))
    if len(values) == 1:
        return f"{names[first]} of the one measured text is {high}"
    if several:
        return f"{names[first]} lies between {low} and {high}; compare texts of one language only"
    tops = {measure: set(leading(part, measure)["document"]) for measure, part in known.items()}
    common = set.intersection(*tops.values())
    every = f"All {len(known)} measures are" if len(known) > 1 else f"{names[first]} is"
    if len(common) == 1:
        return f"{every} highest in {short(common.pop())}"
    parts = []
    for measure, top in tops.items():
        holder = short(min(top)) if len(top) == 1 else f"{len(top)} texts"
        parts.append(f"{names[measure]} in {holder}")
    return f"The highest values are those of {', '.join(parts)}"


def _diversity_distributions(
    data: pd.DataFrame, measures: Mapping[str, str], subtitle: str
) -> Drawing:
    """How the values of each measure of lexical diversity are distributed over the documents."""
    panels, title = [], _TOO_SHORT
    for measure, heading in measures.items():
        bins = layouts.binned(data[measure], 40)
        bins.insert(0, "measure", measure)
        panels.append((heading, bins))
    if data["mattr"].notna().any():
        low, high = data["mattr"].quantile([0.25, 0.75])
        long_enough = f"{data['mattr'].count():,} documents that are long enough"
        title = f"Half of the {long_enough} have a MATTR between {low:.3f} and {high:.3f}"
    missing = int(data[list(measures)].isna().any(axis=1).sum())
    subtitle = (
        f"Documents by value; line: the median. n = {plural(len(data), 'document')}, of which "
        f"{missing:,} are too short for a measure. {subtitle}Genre and length differ too."
    )
    picture = layouts.histograms((title, subtitle), panels, columns=3)
    alt = f"Three histograms of lexical diversity over documents. {title}. Medians: "
    alt += listing(measures, [f"{data[measure].median():.3f}" for measure in measures])
    drawn = pd.concat([part for _, part in panels], ignore_index=True)
    drawn = drawn.drop(columns="median").rename(columns={"count": "documents"})
    return Drawing(title, picture, drawn, alt)


# --- growth and overlap of vocabularies ------------------------------------------------------------


@figure
def vocabulary_growth(growth: pd.DataFrame, n_documents: int) -> Drawing:
    """Different words met against tokens read, a line a document and one for the corpus.

    Where the corpus has more documents than `growth`, the figure says that they are drawn.
    """
    curves = dict(iter(growth.groupby("document", sort=True)))
    ends = pd.concat([part.tail(1) for part in curves.values()]) if curves else growth
    ends = ends.sort_values("tokens", ascending=False).head(MAX_ROWS)
    if ends.empty:
        return blank("The corpus holds no tokens", "Nothing to draw.", growth)
    size, at = int(ends["tokens"].min()), {}
    for document in sorted(set(ends["document"]) - {WHOLE_CORPUS}):
        at[document] = float(np.interp(size, *curves[document][["tokens", "types"]].T.to_numpy()))
    curves = {name: curves[name] for name in ends["document"]}
    richest, labelled = max(at, key=at.get), set(curves)
    if len(curves) > _MAX_LABELS:
        labelled = {richest, min(at, key=at.get), WHOLE_CORPUS}
    title = _growth_title(at, size, n_documents > MOST_CURVES, "language" in growth)
    subtitle = "Different words (types) met while reading each text from its beginning."
    if n_documents > MOST_CURVES:
        n = len(set(growth["document"]) - {WHOLE_CORPUS})
        subtitle += f" {n} of {n_documents:,} documents, drawn at random."
    whole = float(ends["tokens"].max())
    near = float(ends.loc[ends["document"] != WHOLE_CORPUS, "tokens"].median()) * 1.1
    reaches = [near, whole] if whole > 3 * near else [whole]
    columns = len(reaches)
    claim, room = (title, subtitle), {"left": 0.6, "right": 1.45, "gap_x": 1.75}
    picture, panels = sheet(claim, columns, columns=columns, height=3.0, **room)
    for panel, reach in zip(panels, reaches, strict=True):
        for document, curve in curves.items():
            part = curve[curve["tokens"] <= reach]
            color = BLUE if document == richest else GREY
            style = (0, (4, 2)) if document == WHOLE_CORPUS else "-"
            panel.plot(part["tokens"], part["types"], color=color, linewidth=1.4, linestyle=style)
        panel.set_xlim(0, reach)
        panel.set_ylim(bottom=0)
        lines = layouts.curve_ends(curves, reach, labelled)
        zoomed_out = columns > 1 and reach == whole
        layouts.label_ends(panel, lines[lines["x"] > near] if zoomed_out else lines)
        panel.set_xlabel("tokens read")
        panel.xaxis.set_major_locator(MaxNLocator(2 if reach >= 1_000_000 else 4))
        layouts.write_numbers(panel, "thousands")
        layouts.write_numbers(panel, "thousands", "y")
    panels[0].set_ylabel("different words met")
    alt = f"Line chart of vocabulary growth. {title}. At the end: "
    alt += listing(ends["document"], [f"{t:,.0f} types" for t in ends["types"]])
    return Drawing(title, picture, growth, alt)


def _growth_title(at: Mapping[str, float], size: int, drawn: bool, several: bool) -> str:
    """The document that has met most words after so many tokens, if it is one of one language."""
    most, low = max(at.values()), min(at.values())
    ahead = [document for document, types in at.items() if types > most - 0.5]
    if len(at) == 1:
        return f"{size:,} tokens hold {most:,.0f} different words"
    after = f"After {size:,} tokens"
    if several or len(ahead) > 1:
        met = f"{low:,.0f} to {most:,.0f}" if round(low) < round(most) else f"{most:,.0f}"
        more = "; compare texts of one language only" if several else ""
        return f"{after} the {len(at)} texts drawn have met {met} different words{more}"
    of = f" of the {len(at)} texts drawn" if drawn else ""
    return f"{after} {short(ahead[0])} has met the most different words{of}: {most:,.0f}"


@figure
def shared_vocabulary(overlap: pd.DataFrame, n_documents: int) -> Drawing:
    """How much of each document's vocabulary occurs in how many documents, as stacked bars.

    In a corpus so large that the table holds only some documents, and `in_documents` counts
    stretches, no word is said to be in all, and no document to be the first.
    """
    n = int(overlap["in_documents"].max()) if len(overlap) else 0
    several = "language" in overlap
    if n < 2:
        one = "There is one document: it shares its words with none"
        none = "No word occurs in two documents" + (" of one language" if several else "")
        return blank(one if n_documents == 1 else none, "Nothing to draw.", overlap)
    data = overlap.assign(share=overlap["share"].fillna(0.0))
    alone = data[data["in_documents"] == 1].set_index("document")["share"]
    order = list(alone.sort_index().sort_values(ascending=False, kind="stable").index)[:MAX_ROWS]
    subtitle = (
        "Share of each document's different words (types) by the number of documents that hold "
        "them. A longer text has more words of its own for that reason alone."
    )
    if n_documents <= MOST_SPREAD:
        ends = _spaced(1, n)
        everywhere = np.nan_to_num(data.loc[data["in_documents"] == n_documents, "types"].max())
        title = "" if several else f"{everywhere:,.0f} words occur in all {n_documents} documents; "
        title += f"{percent(alone[order[0]])} of the words of {short(order[0])} occur "
        title += "in no other document of its language" if several else "only there"
        subtitle += first_of(order, n_documents, "documents")
    else:
        ends = [min(2 ** (step + 1) - 1, n_documents) for step in _spaced(0, n.bit_length() - 1)]
        table = layouts.shares_by_bin(data, order, ends)
        middle, first = percent(table.iloc[:, -1].median()), ends[-2] + 1
        title = f"In the median document drawn {middle} of the words stand in {first:,} documents or more"
        subtitle += f" {len(order)} of {n_documents:,} documents, drawn at random; "
        subtitle += "above, their median."
    table = layouts.shares_by_bin(data, order, ends)
    picture = layouts.stacked_rows((title, subtitle), table, "documents that hold the word")
    alt = f"Stacked bar chart of shared vocabulary. {title}. Only there: "
    alt += listing(order, [percent(alone[document]) for document in order])
    return Drawing(title, picture, overlap[overlap["document"].isin(order)], alt)


def _spaced(first: int, last: int) -> list[int]:
    """At most five whole numbers from the first to the last."""
    n = min(last - first + 1, _BINS)
    return np.unique(np.linspace(first, last, n).round().astype(int)).tolist()
