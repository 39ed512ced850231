"""Figures of who frames whom: nearness, objects, tone and voice."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.corpus import EVERY
from analysis.plots.sheet import (
    BLUE,
    GREY,
    ORANGE,
    PALE,
    Drawing,
    blank,
    clear_gaps,
    clear_pair,
    extremes,
    few_ticks,
    first_of,
    grid,
    interval_rows,
    interval_words,
    labels_of,
    left_for,
    listing,
    of_these_texts,
    percent,
    percent_axis,
    plural,
    rest_on_texts,
    rows_axis,
    shaded_table,
    sheet,
    short,
    styled,
)
from analysis.tables.stance import ANY

_MOST_GROUPS = 15
_NOBODY_COLUMNS = 2
_MARKS = (("o", BLUE), ("s", ORANGE), ("^", GREY))
_NO_ACTORS = "The codebook names no actors", "Add them under 'actors:'."


@styled
def nearest_actors(table: pd.DataFrame, *, confidence: float) -> Drawing:
    """Which actor stands nearest to each frame's matches, as a table of shaded shares."""
    name = "nearest_actors"
    actors = list(dict.fromkeys(table["actor"]))
    if len(actors) <= _NOBODY_COLUMNS:
        return blank(name, *_NO_ACTORS, table)
    matches = table.drop_duplicates("frame").set_index("frame")["matches"]
    title = _nearest_title(table[~table["actor"].isin(actors[-_NOBODY_COLUMNS:])])
    subtitle = (
        "Share of a frame's matches to which the actor is the nearest named in the sentence, counted "
        f"in words; {actors[-2]}: as near. {_brackets(table['interval'], confidence)}."
    )
    return _table_drawing(name, title, subtitle, table.rename(columns={"actor": "column"}), matches)


def _nearest_title(named: pd.DataFrame) -> str:
    """The frame to which two actors stand nearest in clearly different shares of its matches."""
    gaps = clear_gaps(named[named["matches"] > 0], "frame", "share")
    if not gaps:
        return "To no frame does one actor stand clearly more often nearest than another"
    _, frame, high, low = max(gaps, key=lambda gap: gap[0])
    title = (
        f"‘{short(frame)}’ is nearest to {short(high['actor'])} in {percent(high['share'])} of its "
        f"matches, to {short(low['actor'])} in {percent(low['share'])}"
    )
    return of_these_texts(title, rest_on_texts(high, low))


def _brackets(kinds, confidence: float) -> str:
    """How intervals that are written in brackets are to be read."""
    return interval_words(kinds, confidence).replace("Lines", "Brackets", 1)


def _table_drawing(
    name: str, title: str, subtitle: str, data: pd.DataFrame, sizes: pd.Series
) -> Drawing:
    """A shaded table of frames (rows) by the values of `column`; `sizes` is n by frame."""
    frames, columns = (list(dict.fromkeys(data[column])) for column in ("frame", "column"))
    rows = {frame: f"{short(frame)} (n = {sizes[frame]:,})" for frame in frames}
    figure, (panel,) = sheet(
        title,
        subtitle,
        body=0.3 * len(frames),
        left=left_for(rows.values(), 40),
        bottom=0.15,
        right=0.3,
        panel_title_lines=1,
    )
    labels = {column: short(column, 18) for column in columns}
    shaded_table(panel, data.rename(columns={"frame": "row"}), rows, labels)
    shares = data.pivot(index="frame", columns="column", values="share").loc[frames, columns]
    told = (
        f"{short(column)}: {listing(frames, [percent(s) for s in shares[column]], most=12)}"
        for column in columns[:4]
    )
    alt = f"Table of shares by frame. {title}. {'; '.join(told)}"
    return Drawing(name, title, figure, data, alt)


@styled
def frame_objects(table: pd.DataFrame, *, confidence: float) -> Drawing:
    """Whom the sentences with each frame are about, as a table of shaded shares."""
    name = "frame_objects"
    data = table[table["group"] == EVERY].rename(columns={"object": "column"})
    if data["column"].nunique() <= _NOBODY_COLUMNS:
        return blank(name, *_NO_ACTORS, table)
    frames = [*(f for f in dict.fromkeys(data["frame"]) if f != ANY), ANY]
    order = data["frame"].map({frame: n for n, frame in enumerate(frames)})
    data = data.iloc[np.argsort(order.to_numpy(), kind="stable")].reset_index(drop=True)
    sizes = data.drop_duplicates("frame").set_index("frame")["sentences"]
    subtitle = (
        "Share of the sentences with the frame that are about the actor: the one named first, or "
        "several where they stand side by side. Last row: all sentences. "
        f"{_brackets(data['interval'], confidence)}."
    )
    return _table_drawing(name, _objects_title(data), subtitle, data, sizes)


def _objects_title(data: pd.DataFrame) -> str:
    """The frame and object that depart most from all sentences, if their intervals are apart."""
    every = data[data["frame"] == ANY].set_index("column")
    rest = data[(data["frame"] != ANY) & (data["sentences"] > 0)]
    if rest.empty:
        return "No sentence carries a frame"
    low, high = (rest["column"].map(every[limit]) for limit in ("low", "high"))
    clear = rest[(rest["low"] > high) | (rest["high"] < low)]
    if clear.empty:
        return "No frame's sentences are clearly about another actor than all sentences are"
    base = clear["column"].map(every["share"])
    row = clear.loc[(clear["share"] - base).abs().idxmax()]
    title = (
        f"{percent(row['share'])} of sentences with ‘{short(row['frame'])}’ are about "
        f"{short(row['column'])}, {percent(every.loc[row['column'], 'share'])} of all sentences"
    )
    return of_these_texts(title, rest_on_texts(row, every.loc[row["column"]]))


@styled
def actor_tone(table: pd.DataFrame, *, group: str, confidence: float) -> Drawing:
    """The tone of the sentences about each actor in every group, a panel an actor."""
    name = "actor_tone"
    every = table[table["group"] == EVERY].set_index("actor")
    actors = [actor for actor in every.index if every.loc[actor, "scored"] > 0]
    if len(every) <= _NOBODY_COLUMNS:
        return blank(name, *_NO_ACTORS, table)
    if not actors:
        reason = "The lexicon is of English words."
        return blank(name, "No sentence holds a word with a known tone", reason, table)
    groups = [g for g in dict.fromkeys(table["group"]) if g != EVERY][:_MOST_GROUPS]
    subtitle = (
        "Mean over sentences about the actor of the mean valence of their words, -4 to 4 (VADER's "
        "lexicon; a negation turns a valence). Grey line: all documents; dotted: neutral. "
        f"{_mean_words(table['interval'], confidence)}."
        f"{first_of(groups, table['group'].nunique() - 1, 'groups')}"
    )
    figure, panels = grid(
        _tone_title(every),
        subtitle,
        len(actors),
        columns=2,
        row_height=0.18 * len(groups) + 0.75,
        left=left_for(groups),
        gap_y=0.6,
        gap_x=0.5,
    )
    limits = table[["low", "high", "tone"]].to_numpy(dtype=float)
    reach = min(4.0, 1.05 * float(np.nanmax(np.abs(limits), initial=0.5)))
    for n, (panel, actor) in enumerate(zip(panels, actors, strict=True)):
        mine = table[table["actor"] == actor].set_index("group").loc[groups]
        places = rows_axis(panel, labels_of(groups, n, 2))
        panel.axvline(0, color=GREY, linewidth=0.8, linestyle=(0, (1, 2)))
        panel.axvline(every.loc[actor, "tone"], color=GREY, linewidth=1)
        interval_rows(panel, places, mine["tone"], mine["low"], mine["high"])
        panel.set_xlim(-reach, reach)
        panel.set_title(
            f"{short(actor, 20)} ({plural(int(every.loc[actor, 'scored']), 'sentence')})"
        )
        panel.xaxis.set_major_locator(few_ticks())
    alt = f"{len(actors)} dot charts of tone by {group}. {_tone_title(every)}. All documents: "
    alt += listing(actors, [f"{every.loc[actor, 'tone']:+.2f}" for actor in actors])
    return Drawing(name, _tone_title(every), figure, table, alt)


def _mean_words(kinds, confidence: float) -> str:
    """How the intervals of means are to be read."""
    kinds, parts = {kind for kind in kinds if kind}, []
    if "documents" in kinds:
        parts.append("over documents")
    if "texts" in kinds:
        parts.append("few documents: over sentences, speaks of these texts only")
    return (
        f"Lines: {confidence * 100:g} % interval ({'; '.join(parts)})" if parts else "No intervals"
    )


def _tone_title(every: pd.DataFrame) -> str:
    """Two actors whose tones clearly differ, or that none do."""
    named = every.iloc[:-_NOBODY_COLUMNS].dropna(subset=["low", "high"])
    if len(named) < 2:
        return "Too few sentences to set the tone toward one actor against another"
    high, low = clear_pair(named) or extremes(named, "tone")
    told = f"{short(high.name)} ({high['tone']:+.2f}) and {short(low.name)} ({low['tone']:+.2f})"
    if high["low"] <= low["high"]:
        return f"The words about {told} do not clearly differ in tone"
    return of_these_texts(f"The words about {told} differ in tone", rest_on_texts(high, low))


@styled
def frames_by_voice(table: pd.DataFrame, *, unit: str, confidence: float) -> Drawing:
    """Share of units with each frame in the author's own words, reported and quoted ones."""
    name = "frames_by_voice"
    data = table[table["group"] == EVERY].reset_index(drop=True)
    frames, voices = (list(dict.fromkeys(data[column])) for column in ("frame", "voice"))
    units = data.drop_duplicates("voice").set_index("voice")["units"]
    title = _voice_title(data, unit)
    subtitle = (
        f"Share of the {unit}s that hold words of a voice which carry the frame in that voice. Circle: "
        f"the author's own ({units[voices[0]]:,} {unit}s); square: reported, as by ‘said that’ "
        f"({units[voices[1]]:,}); triangle: in quotation marks ({units[voices[2]]:,}). "
        f"{interval_words(data['interval'], confidence)}."
    )
    figure, (panel,) = sheet(
        title, subtitle, body=0.42 * len(frames) + 0.1, left=left_for(frames), right=0.35
    )
    places = rows_axis(panel, frames)
    panel.hlines(places + 0.5, 0, 1, color=PALE, linewidth=0.5)
    for shift, voice, (marker, color) in zip((-0.25, 0, 0.25), voices, _MARKS, strict=True):
        mine = data[data["voice"] == voice].set_index("frame").loc[frames]
        limits = mine["share"], mine["low"], mine["high"]
        interval_rows(panel, places + shift, *limits, color=color, marker=marker)
    panel.set_xlim(0, min(1.0, 1.04 * float(np.nanmax(data["high"], initial=0.1))))
    panel.xaxis.set_major_formatter(percent_axis())
    alt = f"Dot chart of frame shares by voice. {title}. " + "; ".join(
        f"{voice}: {listing(frames, map(percent, data.loc[data['voice'] == voice, 'share']), 12)}"
        for voice in voices
    )
    return Drawing(name, title, figure, table, alt)


def _voice_title(data: pd.DataFrame, unit: str) -> str:
    """The frame that differs most between the author's words and another voice, if clearly."""
    gaps = []
    for frame, part in data.groupby("frame", sort=False):
        own, *rest = part[part["units"] > 0].to_dict("records") or [None]
        for other in rest:
            if own["voice"] == data["voice"].iloc[0] and (
                own["low"] > other["high"] or other["low"] > own["high"]
            ):
                gaps.append((abs(own["share"] - other["share"]), frame, own, other))
    if not gaps:
        return "No frame's share clearly differs between the author's own words and those of others"
    _, frame, own, other = max(gaps, key=lambda gap: gap[0])
    title = (
        f"‘{short(frame)}’ stands in {percent(own['share'])} of {unit}s with the author's own words, "
        f"in {percent(other['share'])} of those with {other['voice']} ones"
    )
    return of_these_texts(title, rest_on_texts(own, other))
