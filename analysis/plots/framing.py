"""Figures of how sources frame the matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.corpus import EVERY
from analysis.plots.sheet import (
    BLUE,
    CLEAR_Z,
    GREY,
    ORANGE,
    PALE,
    Drawing,
    blank,
    by_language,
    clear_gaps,
    clear_pair,
    end_labels,
    few_ticks,
    first_of,
    grid,
    hollow_points,
    interval_rows,
    interval_words,
    joined,
    labels_of,
    leading,
    left_for,
    listing,
    nameable,
    of_the_language,
    of_these_texts,
    percent,
    percent_axis,
    plural,
    rows_axis,
    shaded_table,
    sheet,
    short,
    styled,
)
from analysis.statistics.uncertainty import FEWEST_DOCUMENTS
from analysis.tables.framing import ONE_DOCUMENT_SHARE, ONE_RULE_SHARE, largest_difference

_MOST_GROUPS = 15
_MOST_PANELS = 9
_ONE_GROUP_SHARE = 0.75
_SURE, _UNSURE = "#8FC1E3", "#CCDAE4"


@styled
def frame_shares(table: pd.DataFrame, *, group: str, unit: str, confidence: float) -> Drawing:
    """Share of units with each frame in every group, a panel a frame, with intervals."""
    table = by_language(table, "frame")
    groups = [g for g in dict.fromkeys(table["group"]) if g != EVERY][:_MOST_GROUPS]
    data = table[table["group"].isin([*groups, EVERY])].reset_index(drop=True)
    order = ["units", "share"] if "language" in data else ["share"]
    every = data[data["group"] == EVERY].set_index("frame").sort_values(order, ascending=False)
    title = _shares_title(data, every, unit)
    subtitle = (
        f"Share of {unit}s that hold at least one match of the frame's rules; "
        f"n = {int(every['units'].iloc[0]):,}. Grey line: all documents{of_the_language(data)}. "
        f"{interval_words(data['interval'], confidence)}. Frames by keywords."
        f"{first_of(groups, table['group'].nunique() - 1, 'groups')}"
    )
    height = 0.18 * len(groups) + 0.62
    figure, panels = grid(
        title,
        subtitle,
        len(every),
        columns=2,
        row_height=height,
        left=left_for(groups),
        gap_y=0.42,
        gap_x=0.5,
    )
    reach = min(1.0, 1.04 * float(np.nanmax(data["high"].to_numpy(dtype=float), initial=0.1)))
    for n, (panel, frame) in enumerate(zip(panels, every.index, strict=True)):
        mine = data[data["frame"] == frame].set_index("group").loc[groups]
        places = rows_axis(panel, labels_of(groups, n, 2))
        panel.axvline(every.loc[frame, "share"], color=GREY, linewidth=1)
        interval_rows(panel, places, mine["share"], mine["low"], mine["high"])
        panel.set_xlim(0, reach)
        panel.set_title(f"{short(frame, 26)} ({plural(int(every.loc[frame, 'coded']), unit)})")
        panel.xaxis.set_major_locator(few_ticks())
        panel.xaxis.set_major_formatter(percent_axis())
        panel.grid(axis="x", color=PALE, linewidth=0.4)
        panel.tick_params(axis="x", labelbottom=n >= len(panels) - 2)
    alt = f"{len(every)} dot charts of frame shares by {group}. {title}. All documents: "
    alt += listing(every.index, [percent(share) for share in every["share"]], most=12)
    return Drawing("frame_shares", title, figure, data, alt)


def _shares_title(data: pd.DataFrame, every: pd.DataFrame, unit: str) -> str:
    """The most frequent frame, and two groups whose shares of it are clearly different.

    In several languages the most frequent frame of each, which is all that can be said of them.
    """
    known = every[every["coded"] > 0]
    if known.empty:
        return f"No {unit} holds a match of a frame"
    if "language" in known:
        tops = [leading(part, "share").iloc[0] for _, part in known.groupby("language")]
        told = [f"{row.name} {percent(row['share'])}" for row in tops]
        return f"Most frequent frame of each language, by share of {unit}s: {', '.join(told)}"
    tops = leading(known, "share")
    share = percent(tops["share"].iloc[0])
    if len(tops) > 1:
        names = joined([f"‘{short(name)}’" for name in tops.index[:3]])
        names = names if len(tops) <= 3 else f"{len(tops)} frames"
        return f"{names} are the most frequent frames: {share} of {unit}s each"
    top = tops.index[0]
    title = f"‘{short(top)}’ is the most frequent frame: {share} of {unit}s"
    groups = data[(data["frame"] == top) & (data["units"] > 0)]
    rows, few = nameable(groups)
    return of_these_texts(title + _describe_groups(rows, int(tops["coded"].iloc[0])), few)


def _describe_groups(rows: pd.DataFrame, coded: int) -> str:
    """What a title adds on how groups share a frame: the one that holds most of it, or two that
    clearly differ; '' for nothing."""
    if len(rows) < 2:
        return ""
    leader = rows.loc[rows["coded"].idxmax()]
    if leader["coded"] >= _ONE_GROUP_SHARE * coded:
        return f"; {leader['coded']:,} of its {coded:,} are in {short(leader['group'], 60)}"
    if (pair := clear_pair(rows)) is None:
        return "; no two groups clearly differ in it"
    high, low = pair
    return (
        f", {percent(high['share'])} in {short(high['group'], 60)} against "
        f"{percent(low['share'])} in {short(low['group'], 60)}"
    )


@styled
def frame_differences(table: pd.DataFrame, *, unit: str, confidence: float) -> Drawing:
    """Difference of each frame's share between a group and its counterpart, a panel a comparison."""
    name = "frame_differences"
    pairs = list(dict.fromkeys(zip(table["group"], table["other"], strict=True)))[:_MOST_PANELS]
    if not pairs:
        return blank(name, "Fewer than two groups: nothing to compare", "", table)
    frames = list(dict.fromkeys(table["frame"]))
    title, how, sure = _differences_told(table, confidence)
    subtitle = (
        f"Share of {unit}s in the named group minus share in its counterpart, in percentage points, "
        f"{confidence * 100:g} % interval. {how}"
        f"{first_of(pairs, len(table[['group', 'other']].drop_duplicates()), 'comparisons')}"
    )
    columns = min(3, len(pairs))
    figure, panels = grid(
        title,
        subtitle,
        len(pairs),
        columns=columns,
        row_height=0.17 * len(frames) + 0.75,
        left=left_for(frames),
        gap_y=0.6,
        gap_x=0.2,
        panel_title_lines=2,
    )
    reach = 104 * float(np.nanmax(np.abs(table[["low", "high"]].to_numpy(float)), initial=0.05))
    for n, (panel, (mine, other)) in enumerate(zip(panels, pairs, strict=True)):
        part = table[(table["group"] == mine) & (table["other"] == other)]
        places = rows_axis(panel, labels_of(frames, n, columns))
        panel.axvline(0, color=GREY, linewidth=0.8)
        panel.hlines(places, part["low"] * 100, part["high"] * 100, color=BLUE, linewidth=1.3)
        hollow_points(panel, part["difference"] * 100, places, sure[part.index])
        panel.set_xlim(-reach, reach)
        panel.set_title(f"{short(mine, 24)}\nminus {short(other, 22)}", size=8)
        panel.xaxis.set_major_locator(few_ticks())
    alt = f"{len(pairs)} dot charts of differences in frame shares. {title}."
    big, few = largest_difference(table, confidence)
    if big is not None:
        points = f"{big['difference'] * 100:+.0f} points"
        which = "Largest counted in these texts" if few else "Largest of those that hold"
        alt += f" {which}: {big['frame']}, {big['group']} minus {big['other']}, {points}."
    return Drawing(name, title, figure, table, alt)


def _differences_told(table: pd.DataFrame, confidence: float) -> tuple[str, str, pd.Series]:
    """Title, how filled points are to be read, and which rows are filled."""
    if table["p"].notna().any():
        sure, tested = table["q"] <= 1 - confidence, int(table["p"].notna().sum())
        rest = len(table) - tested
        title = (
            f"{sure.sum()} of {tested} tested differences hold at a false discovery rate of "
            f"{percent(1 - confidence)}" + (f"; {rest} could not be tested" if rest else "")
        )
        return (
            title,
            "Filled: q within that rate (p from the interval, Benjamini–Hochberg).",
            sure,
        )
    sure = ((table["low"] > 0) | (table["high"] < 0)) & (table["interval"] == "texts")
    title = (
        f"None of {len(table)} differences can be tested; the intervals of {sure.sum()} are clear of "
        "zero in these texts"
    )
    why = table["no_test"].mode().iloc[0]
    return (
        title,
        f"No test: {why}. Filled: interval clear of zero, which speaks of these texts only.",
        sure,
    )


@styled
def keyness(table: pd.DataFrame, *, group: str, confidence: float, most: int = 10) -> Drawing:
    """The content words that set each group apart, by z, a panel a group.

    `table` holds the content words of the keyness table.
    """
    name = "keyness"
    groups = list(dict.fromkeys(table["group"]))[:_MOST_PANELS]
    shown_rows = table[(table["z"] > 0) & table["group"].isin(groups)]
    data = shown_rows.groupby("group", sort=False).head(most).reset_index(drop=True)
    if data.empty:
        none = "No word sets one group apart from another"
        return blank(
            name, none if len(table) else "Fewer than two groups: no words to compare", "", table
        )
    title = _keyness_title(table[table["z"] > 0], 1 - confidence)
    tested = table["p"].notna().any()
    subtitle = (
        "z of the log-odds ratio with an informative Dirichlet prior (Monroe et al. 2008), each "
        f"{group} against its counterpart; content words. Brackets: count here, elsewhere. "
    )
    subtitle += (
        f"Darker: q ≤ {1 - confidence:.2g} (binomial test adjusted for documents)."
        if tested
        else "A ranking: documents are too few for a test."
    )
    subtitle += first_of(groups, table["group"].nunique(), "groups")
    figure, panels = grid(
        title,
        subtitle,
        len(groups),
        columns=min(3, len(groups)),
        row_height=0.19 * most + 0.5,
        left=0.2,
        gap_x=0.15,
    )
    reach = float(data["z"].max())
    for panel, mine in zip(panels, groups, strict=True):
        _word_bars(panel, data[data["group"] == mine], most, reach, 1 - confidence)
        panel.set_title(short(mine, 32), size=8)
    alt = f"{len(groups)} bar charts of distinctive words. {title}. "
    told = _keyness_rows(data)[0].groupby("group", sort=False)["token"]
    words = told.agg(lambda some: ", ".join(some.head(5)))
    alt += "; ".join(f"{mine}: {some}" for mine, some in words.items())
    return Drawing(name, title, figure, data, alt)


def _keyness_rows(rows: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """The rows that a title may name, both sides of them large enough (see `nameable`)."""
    smaller = rows[["documents", "rest_documents"]].min(axis=1)
    named, few = nameable(rows.assign(documents=rows[["documents", "rest_documents"]].max(axis=1)))
    return (named, True) if few else (named[smaller[named.index] >= FEWEST_DOCUMENTS], False)


def _keyness_title(rows: pd.DataFrame, q: float) -> str:
    """The word with the highest z, of those that pass the test where there is one, and its counts."""
    named, few = _keyness_rows(rows)
    if named.empty:
        return f"No two sides with {FEWEST_DOCUMENTS} documents or more: no word is tested"
    if named["p"].notna().any():
        named = named[named["q"] <= q]
        if named.empty:
            return f"No word passes the test at a false discovery rate of {percent(q)}"
    first = named.loc[named["z"].idxmax()]
    if first["z"] < CLEAR_Z:
        return f"No word clearly sets a group apart (highest z = {first['z']:.1f})"
    title = (
        f"‘{short(first['token'])}’ sets {short(first['group'], 60)} apart most (z = "
        f"{first['z']:.1f}): {first['count']:,} of its {first['tokens']:,} tokens, "
        f"{first['rest_count']:,} of {first['rest_tokens']:,} in its counterpart"
    )
    return of_these_texts(title, few)


def _word_bars(panel: Axes, part: pd.DataFrame, most: int, reach: float, q: float) -> None:
    """Bars of z with the words and their counts written on them."""
    places = rows_axis(panel, [""] * most)[: len(part)]
    colors = np.where(part["q"] <= q, _SURE, _UNSURE)
    panel.barh(places, part["z"], height=0.72, color=colors)
    counts = zip(places, part["token"], part["count"], part["rest_count"], strict=True)
    for place, token, here, there in counts:
        label = f"{short(token, 22)} ({here:,}, {there:,})"
        panel.text(reach * 0.015, place, label, va="center", size=7.5)
    panel.set_xlim(0, reach * 1.02)


@styled
def actor_frames(table: pd.DataFrame, *, unit: str, confidence: float) -> Drawing:
    """Frames in the units that name each actor, as a table of shaded shares."""
    name = "actor_frames"
    actors, frames = (list(dict.fromkeys(table[column])) for column in ("actor", "frame"))
    if len(actors) < 2:
        return blank(name, "The codebook names no actors", "Add them under 'actors:'.", table)
    shares = table.pivot(index="frame", columns="actor", values="share").loc[frames, actors]
    title = _actors_title(table, unit)
    subtitle = (
        f"Share of {unit}s with the frame among {unit}s that name the actor, with "
        f"{confidence * 100:g} % Wilson interval (these texts only). A {unit} may name several "
        "actors; naming is not acting."
    )
    figure, (panel,) = sheet(
        title,
        subtitle,
        body=0.3 * len(frames),
        left=left_for(frames),
        bottom=0.15,
        right=0.3,
        panel_title_lines=1,
    )
    units = table.drop_duplicates("actor").set_index("actor")["units"]
    labels = {actor: f"{short(actor, 18)} (n = {units[actor]:,})" for actor in actors}
    cells = table.rename(columns={"frame": "row", "actor": "column"})
    shaded_table(panel, cells, {frame: short(frame) for frame in frames}, labels)
    alt = f"Table of frame shares by actor. {title}. "
    alt += "; ".join(
        f"{actor}: {listing(frames, [percent(s) for s in shares[actor]], most=10)}"
        for actor in actors[:4]
    )
    return Drawing(name, title, figure, table, alt)


def _actors_title(table: pd.DataFrame, unit: str) -> str:
    """The frame that divides two actors most clearly, by intervals that speak of these texts."""
    named = table[(table["actor"] != "no actor") & (table["units"] > 0)]
    if named["actor"].nunique() < 2:
        return f"Fewer than two actors are named in a {unit}"
    gaps = clear_gaps(named, "frame", "share")
    if not gaps:
        return (
            f"No frame clearly divides the {unit}s that name one actor from those that name another"
        )
    _, frame, high, low = max(gaps, key=lambda gap: gap[0])
    title = (
        f"{percent(high['share'])} of {unit}s that name {short(high['actor'])} carry "
        f"‘{short(frame)}’, {percent(low['share'])} of those that name {short(low['actor'])}"
    )
    return of_these_texts(title, True)


@styled
def frame_concentration(table: pd.DataFrame) -> Drawing:
    """How much of each frame rests on its commonest rule and on one document."""
    name = "frame_concentration"
    data = table.reset_index(drop=True)
    title = _concentration_title(data)
    subtitle = (
        "Share of a frame's matches that come from its commonest rule (dot, named on the right) and "
        "from one document (square). Dashed: a warning (!) from half on for a rule, from three "
        "quarters on for a document; also for fewer than five matches."
    )
    figure, (panel,) = sheet(
        title, subtitle, body=0.3 * len(data) + 0.1, left=left_for(data["frame"]), right=2.3
    )
    places = rows_axis(panel, list(data["frame"]))
    panel.hlines(places, 0, 1, color=PALE, linewidth=0.6)
    for mark in (ONE_RULE_SHARE, ONE_DOCUMENT_SHARE):
        panel.axvline(mark, color=GREY, linewidth=0.8, linestyle=(0, (3, 2)))
    panel.plot(data["top_document_share"], places, "s", color=ORANGE, markersize=5)
    panel.plot(data["top_rule_share"], places, "o", color=BLUE, markersize=5)
    notes = [
        f"{short(rule, 20)}; n = {n:,}{' !' if warning else ''}"
        for rule, n, warning in zip(data["top_rule"], data["matches"], data["warning"], strict=True)
    ]
    end_labels(panel, places, np.ones(len(data)), notes, offset=8)
    panel.set_xlim(0, 1.01)
    panel.xaxis.set_major_formatter(percent_axis())
    panel.set_xlabel("share of the frame's matches")
    alt = f"Dot chart of what each frame rests on. {title}. Commonest rule: "
    alt += listing(
        data["frame"],
        [
            f"{r} {percent(s)}"
            for r, s in zip(data["top_rule"], data["top_rule_share"], strict=True)
        ],
        10,
    )
    return Drawing(name, title, figure, data, alt)


def _concentration_title(data: pd.DataFrame) -> str:
    """How many frames rest on too little, and on what."""
    warned = data[data["warning"] != ""]
    if warned.empty:
        return "No frame rests on one rule, one document or too few matches"
    told = [
        f"{', '.join(short(frame, 20) for frame in part['frame'][:6])}"
        f"{f' and {len(part) - 6} more' if len(part) > 6 else ''} "
        f"({warning.removeprefix('rests on ')})"
        for warning, part in warned.groupby("warning", sort=False)
    ]
    return f"{len(warned)} of {len(data)} frames rest on little: {'; '.join(told)}"
