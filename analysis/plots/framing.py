"""Figures of how sources frame the matter, and of who frames whom."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.corpus import EVERY
from analysis.plots import layouts, marks, words
from analysis.plots.layouts import Axis, row_panel, row_panels
from analysis.plots.sheet import BLUE, GREY, ORANGE, Drawing, blank, figure
from analysis.plots.words import first_of, listing, of_these_texts, percent, plural, short
from analysis.statistics.uncertainty import FEWEST_DOCUMENTS
from analysis.tables.framing import largest_difference
from analysis.tables.stance import ANY

_MAX_PANELS = 9
_ONE_GROUP_SHARE = 0.75
_SURE, _UNSURE = "#8FC1E3", "#CCDAE4"
_NO_ACTORS = "The codebook names no actors", "Add them under 'actors:'."
_NOBODY_COLUMNS = 2
"""The last values of the column of actors are none: several actors, and no actor."""


# --- frames by group ---------------------------------------------------------------------------------


@figure
def frame_shares(table: pd.DataFrame, *, group: str, unit: str, confidence: float) -> Drawing:
    """Share of units with each frame in every group, a panel a frame, with intervals."""
    table = words.by_language(table, "frame")
    groups = layouts.drawn_groups(table)
    data = table[table["group"].isin([*groups, EVERY])].reset_index(drop=True)
    order = ["units", "share"] if "language" in data else ["share"]
    every = data[data["group"] == EVERY].set_index("frame").sort_values(order, ascending=False)
    title = _shares_title(data, every, unit)
    subtitle = (
        f"Share of {unit}s that hold at least one match of the frame's rules; "
        f"n = {int(every['units'].iloc[0]):,}. Grey line: all documents{words.of_the_language(data)}. "
        f"{words.interval_words(data['interval'], confidence)}. Frames by keywords."
        f"{first_of(groups, table['group'].nunique() - 1, 'groups')}"
    )
    headings = {
        frame: f"{short(frame)} ({plural(int(coded), unit)})"
        for frame, coded in every["coded"].items()
    }
    reach = min(1.0, 1.04 * float(np.nanmax(data["high"].to_numpy(dtype=float), initial=0.1)))
    columns, axis = {"panel": "frame", "value": "share"}, Axis("percent", 0, reach)
    picture = layouts.dot_panels((title, subtitle), data, headings, axis=axis, **columns)
    alt = f"{len(every)} dot charts of frame shares by {group}. {title}. All documents: "
    alt += listing(every.index, [percent(share) for share in every["share"]], most=12)
    return Drawing(title, picture, data, alt)


def _shares_title(data: pd.DataFrame, every: pd.DataFrame, unit: str) -> str:
    """The most frequent frame, and two groups whose shares of it are clearly different.

    In several languages the most frequent frame of each, which is all that can be said of them.
    """
    known = every[every["coded"] > 0]
    if known.empty:
        return f"No {unit} holds a match of a frame"
    if "language" in known:
        tops = [words.leading(part, "share").iloc[0] for _, part in known.groupby("language")]
        shares = ", ".join(f"{row.name} {percent(row['share'])}" for row in tops)
        return f"Most frequent frame of each language, by share of {unit}s: {shares}"
    tops = words.leading(known, "share")
    share, names = percent(tops["share"].iloc[0]), words.named(tops.index, "frames")
    if len(tops) > 1:
        return f"{names} are the most frequent frames: {share} of {unit}s each"
    top = tops.index[0]
    title = f"{names} is the most frequent frame: {share} of {unit}s"
    rows, few = words.nameable(data[(data["frame"] == top) & (data["units"] > 0)])
    return of_these_texts(title + _describe_groups(rows, int(tops["coded"].iloc[0])), few)


def _describe_groups(rows: pd.DataFrame, coded: int) -> str:
    """What a title adds on how groups share a frame: the one that holds most of it, or two that
    clearly differ; '' for nothing."""
    if len(rows) < 2:
        return ""
    leader = rows.loc[rows["coded"].idxmax()]
    if leader["coded"] >= _ONE_GROUP_SHARE * coded:
        return f"; {leader['coded']:,} of its {coded:,} are in {short(leader['group'], 60)}"
    if (pair := words.clear_pair(rows)) is None:
        return "; no two groups clearly differ in it"
    high, low = pair
    return (
        f", {percent(high['share'])} in {short(high['group'], 60)} against "
        f"{percent(low['share'])} in {short(low['group'], 60)}"
    )


@figure
def frame_differences(table: pd.DataFrame, *, unit: str, confidence: float) -> Drawing:
    """Difference of each frame's share between a group and its counterpart, a panel a comparison."""
    if table.empty:
        return blank("Fewer than two groups: nothing to compare", "", table)
    number = table.groupby(["group", "other"], sort=False).ngroup()
    n, n_drawn = number.nunique(), min(number.nunique(), _MAX_PANELS)
    title, how, sure = _differences_title(table, confidence)
    subtitle = (
        f"Share of {unit}s in the named group minus share in its counterpart, in percentage points, "
        f"{confidence * 100:g} % interval. {how}{first_of(range(n_drawn), n, 'comparisons')}"
    )
    shown, numbers = table.assign(sure=sure)[number < n_drawn], ["difference", "low", "high"]
    drawn = [marks.dots("difference", ("low", "high"), filled="sure")]
    picture = layouts.difference_panels((title, subtitle), shown, numbers, drawn)
    alt = f"{n_drawn} dot charts of differences in frame shares. {title}."
    big, few = largest_difference(table, confidence)
    if big is not None:
        which = "Largest counted in these texts" if few else "Largest of those that hold"
        alt += f" {which}: {big['frame']}, {big['group']} minus {big['other']}, "
        alt += f"{big['difference'] * 100:+.0f} points."
    return Drawing(title, picture, table, alt)


def _differences_title(table: pd.DataFrame, confidence: float) -> tuple[str, str, pd.Series]:
    """Title, how filled points are to be read, and which rows are filled."""
    tested = int(table["p"].notna().sum())
    if tested:
        sure, rest = table["q"] <= 1 - confidence, len(table) - tested
        title = (
            f"{sure.sum()} of {tested} tested differences hold at a false discovery rate of "
            f"{percent(1 - confidence)}" + (f"; {rest} could not be tested" if rest else "")
        )
        how = "Filled: q within that rate (p from the interval, Benjamini–Hochberg)."
        return title, how, sure
    sure = ((table["low"] > 0) | (table["high"] < 0)) & (table["interval"] == "texts")
    title = (
        f"None of {len(table)} differences can be tested; the intervals of {sure.sum()} are clear of "
        "zero in these texts"
    )
    why = table["no_test"].mode().iloc[0]
    how = f"No test: {why}. Filled: interval clear of zero, which describes these texts only."
    return title, how, sure


@figure
def keyness(table: pd.DataFrame, *, group: str, confidence: float, most: int = 10) -> Drawing:
    """The content words that set each group apart, by z, a panel a group.

    `table` holds the content words of the keyness table.
    """
    groups = list(dict.fromkeys(table["group"]))[:_MAX_PANELS]
    above, rate = table[table["z"] > 0], 1 - confidence
    data = above[above["group"].isin(groups)].groupby("group", sort=False).head(most)
    data = data.reset_index(drop=True)
    if data.empty:
        none = "No word sets one group apart from another"
        return blank(
            none if len(table) else "Fewer than two groups: no words to compare", "", table
        )
    title = _keyness_title(above, rate)
    subtitle = (
        "z of the log-odds ratio with an informative Dirichlet prior (Monroe et al. 2008), each "
        f"{group} against its counterpart; content words. Brackets: count here, elsewhere. "
    )
    subtitle += (
        f"Darker: q ≤ {rate:.2g} (binomial test adjusted for documents)."
        if table["p"].notna().any()
        else "A ranking: documents are too few for a test."
    )
    subtitle += first_of(groups, table["group"].nunique(), "groups")
    reach = float(data["z"].max())
    bars = data.assign(start=reach * 0.015, color=np.where(data["q"] <= rate, _SURE, _UNSURE))
    counts = zip(data["token"], data["count"], data["rest_count"], strict=True)
    bars["words"] = [f"{short(token, 22)} ({here:,}, {there:,})" for token, here, there in counts]
    panels = [(short(one, 32), bars[bars["group"] == one].reset_index(drop=True)) for one in groups]
    drawn = [
        marks.bars("z", color="color", height=0.72),
        marks.texts("start", "words", align="left"),
    ]
    axis, columns = Axis(low=0, high=reach * 1.02), min(3, len(groups))
    picture = row_panels((title, subtitle), [""] * most, panels, drawn, axis, columns=columns)
    alt = f"{len(groups)} bar charts of distinctive words. {title}. "
    tokens = _testable(data)[0].groupby("group", sort=False)["token"]
    alt += "; ".join(f"{one}: {', '.join(some.head(5))}" for one, some in tokens)
    return Drawing(title, picture, data, alt)


def _testable(rows: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """The rows that a title may name, both sides of them large enough (see `nameable`)."""
    sizes = rows[["documents", "rest_documents"]]
    named, few = words.nameable(rows.assign(documents=sizes.max(axis=1)))
    smaller = sizes.min(axis=1)[named.index]
    return (named, True) if few else (named[smaller >= FEWEST_DOCUMENTS], False)


def _keyness_title(rows: pd.DataFrame, q: float) -> str:
    """The word with the highest z, of those that pass the test where there is one, and its counts."""
    named, few = _testable(rows)
    if named.empty:
        return f"No two sides with {FEWEST_DOCUMENTS} documents or more: no word is tested"
    if named["p"].notna().any():
        named = named[named["q"] <= q]
        if named.empty:
            return f"No word passes the test at a false discovery rate of {percent(q)}"
    first = named.loc[named["z"].idxmax()]
    if first["z"] < words.CLEAR_Z:
        return f"No word clearly sets a group apart (highest z = {first['z']:.1f})"
    title = (
        f"‘{short(first['token'])}’ sets {short(first['group'], 60)} apart most (z = "
        f"{first['z']:.1f}): {first['count']:,} of its {first['tokens']:,} tokens, "
        f"{first['rest_count']:,} of {first['rest_tokens']:,} in its counterpart"
    )
    return of_these_texts(title, few)


# --- frames and actors: shaded tables ----------------------------------------------------------------


@figure
def actor_frames(table: pd.DataFrame, *, unit: str, confidence: float) -> Drawing:
    """Frames in the units that name each actor, as a table of shaded shares."""
    if table["actor"].nunique() < 2:
        return blank(*_NO_ACTORS, table)
    title = _actors_title(table, unit)
    subtitle = (
        f"Share of {unit}s with the frame among {unit}s that name the actor, with "
        f"{confidence * 100:g} % Wilson interval (these texts only). A {unit} may name several "
        "actors; naming is not acting."
    )
    return _shaded_frames((title, subtitle), table, "actor", sizes_of="actor", size="units")


def _shaded_frames(
    claim: tuple[str, str], cells: pd.DataFrame, column: str, *, sizes_of: str, size: str
) -> Drawing:
    """A shaded table of frames by the values of a column; n of rows or columns is in `size`."""
    rows = {frame: short(frame) for frame in dict.fromkeys(cells["frame"])}
    columns = {name: short(name, 18) for name in dict.fromkeys(cells[column])}
    labels = rows if sizes_of == "frame" else columns
    for line in cells.drop_duplicates(sizes_of).to_dict("records"):
        labels[line[sizes_of]] += f" (n = {line[size]:,})"
    picture = layouts.shaded_table(claim, cells, column, rows, columns)
    shares = cells.pivot(index="frame", columns=column, values="share").loc[list(rows)]
    read = "; ".join(
        f"{short(name)}: {listing(rows, map(percent, shares[name]), 12)}"
        for name in list(columns)[:4]
    )
    kind = "Table of frame shares by actor" if column == "actor" else "Table of shares by frame"
    return Drawing(claim[0], picture, cells, f"{kind}. {claim[0]}. {read}")


def _actors_title(table: pd.DataFrame, unit: str) -> str:
    """The frame that divides two actors most clearly, by intervals that describe these texts."""
    named = table[(table["actor"] != "no actor") & (table["units"] > 0)]
    if named["actor"].nunique() < 2:
        return f"Fewer than two actors are named in a {unit}"
    gap = words.widest_gap(named, "frame", "share")
    if gap is None:
        return (
            f"No frame clearly divides the {unit}s that name one actor from those that name another"
        )
    frame, high, low = gap
    title = (
        f"{percent(high['share'])} of {unit}s that name {short(high['actor'])} carry "
        f"‘{short(frame)}’, {percent(low['share'])} of those that name {short(low['actor'])}"
    )
    return of_these_texts(title, True)


@figure
def nearest_actors(table: pd.DataFrame, *, confidence: float) -> Drawing:
    """Which actor is nearest to each frame's matches, as a table of shaded shares."""
    actors = list(dict.fromkeys(table["actor"]))
    if len(actors) <= _NOBODY_COLUMNS:
        return blank(*_NO_ACTORS, table)
    title = _nearest_title(table[~table["actor"].isin(actors[-_NOBODY_COLUMNS:])])
    subtitle = (
        "Share of a frame's matches to which the actor is the nearest named in the sentence, counted "
        f"in words; {actors[-2]}: as near. {words.interval_words(table['interval'], confidence, 'Brackets')}."
    )
    cells = table.rename(columns={"actor": "column"})
    return _shaded_frames((title, subtitle), cells, "column", sizes_of="frame", size="matches")


def _nearest_title(named: pd.DataFrame) -> str:
    """The frame to which two actors are nearest in clearly different shares of its matches."""
    gap = words.widest_gap(named[named["matches"] > 0], "frame", "share")
    if gap is None:
        return "To no frame does one actor stand clearly more often nearest than another"
    frame, high, low = gap
    title = (
        f"‘{short(frame)}’ is nearest to {short(high['actor'])} in {percent(high['share'])} of its "
        f"matches, to {short(low['actor'])} in {percent(low['share'])}"
    )
    return of_these_texts(title, words.rest_on_texts(high, low))


@figure
def frame_objects(table: pd.DataFrame, *, confidence: float) -> Drawing:
    """Whom the sentences with each frame are about, as a table of shaded shares."""
    data = table[table["group"] == EVERY].rename(columns={"object": "column"})
    if data["column"].nunique() <= _NOBODY_COLUMNS:
        return blank(*_NO_ACTORS, table)
    data = data.sort_values("frame", key=lambda frames: frames == ANY, kind="stable")
    subtitle = (
        "Share of the sentences with the frame that are about the actor: the one named first, or "
        "several where they stand side by side. Last row: all sentences. "
        f"{words.interval_words(data['interval'], confidence, 'Brackets')}."
    )
    claim, data = (_objects_title(data), subtitle), data.reset_index(drop=True)
    return _shaded_frames(claim, data, "column", sizes_of="frame", size="sentences")


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
    return of_these_texts(title, words.rest_on_texts(row, every.loc[row["column"]]))


# --- tone and voice ----------------------------------------------------------------------------------


@figure
def actor_tone(table: pd.DataFrame, *, group: str, confidence: float) -> Drawing:
    """The tone of the sentences about each actor in every group, a panel an actor."""
    every = table[table["group"] == EVERY].set_index("actor")
    scored = every[every["scored"] > 0]
    if len(every) <= _NOBODY_COLUMNS:
        return blank(*_NO_ACTORS, table)
    if scored.empty:
        reason = "The lexicon is of English words."
        return blank("No sentence holds a word with a known tone", reason, table)
    title, groups = _tone_title(every), layouts.drawn_groups(table)
    texts = "few documents: over sentences, describes these texts only"
    intervals = words.interval_words(
        table["interval"], confidence, documents="over documents", texts=texts
    )
    subtitle = (
        "Mean over sentences about the actor of the mean valence of their words, -4 to 4 (VADER's "
        "lexicon; a negation turns a valence). Grey line: all documents; dotted: neutral. "
        f"{intervals}.{first_of(groups, table['group'].nunique() - 1, 'groups')}"
    )
    headings = {
        actor: f"{short(actor, 20)} ({plural(int(n), 'sentence')})"
        for actor, n in scored["scored"].items()
    }
    limits = table[["low", "high", "tone"]].to_numpy(dtype=float)
    reach = min(4.0, 1.05 * float(np.nanmax(np.abs(limits), initial=0.5)))
    columns, axis = {"panel": "actor", "value": "tone"}, Axis(low=-reach, high=reach)
    neutral = [marks.reference(0, dashes=(0, (1, 2)))]
    claim = title, subtitle
    picture = layouts.dot_panels(claim, table, headings, axis=axis, more=neutral, **columns)
    alt = f"{len(scored)} dot charts of tone by {group}. {title}. All documents: "
    alt += listing(scored.index, [f"{tone:+.2f}" for tone in scored["tone"]])
    return Drawing(title, picture, table, alt)


def _tone_title(every: pd.DataFrame) -> str:
    """Two actors whose tones clearly differ, or that none do."""
    named = every.iloc[:-_NOBODY_COLUMNS].dropna(subset=["low", "high"])
    if len(named) < 2:
        return "Too few sentences to set the tone toward one actor against another"
    tone = named["tone"]
    high, low = words.clear_pair(named) or (named.loc[tone.idxmax()], named.loc[tone.idxmin()])
    pair = f"{short(high.name)} ({high['tone']:+.2f}) and {short(low.name)} ({low['tone']:+.2f})"
    if high["low"] <= low["high"]:
        return f"The words about {pair} do not clearly differ in tone"
    return of_these_texts(f"The words about {pair} differ in tone", words.rest_on_texts(high, low))


@figure
def frames_by_voice(table: pd.DataFrame, *, unit: str, confidence: float) -> Drawing:
    """Share of units with each frame in the author's own words, reported and quoted ones."""
    data = table[table["group"] == EVERY].reset_index(drop=True)
    frames, voices = (list(dict.fromkeys(data[column])) for column in ("frame", "voice"))
    units = data.drop_duplicates("voice").set_index("voice")["units"]
    title = _voice_title(data, unit)
    subtitle = (
        f"Share of the {unit}s that hold words of a voice which carry the frame in that voice. Circle: "
        f"the author's own ({units[voices[0]]:,} {unit}s); square: reported, as by ‘said that’ "
        f"({units[voices[1]]:,}); triangle: in quotation marks ({units[voices[2]]:,}). "
        f"{words.interval_words(data['interval'], confidence)}."
    )
    wide = data.pivot(index="frame", columns="voice", values=["share", "low", "high"]).loc[frames]
    wide.columns = [f"{value} {voice}" for value, voice in wide.columns]
    drawn = [marks.row_lines]
    for n, (marker, color) in enumerate((("o", BLUE), ("s", ORANGE), ("^", GREY))):
        value, *interval = (f"{name} {voices[n]}" for name in ("share", "low", "high"))
        drawn.append(marks.dots(value, interval, color=color, marker=marker, shift=0.25 * (n - 1)))
    reach = min(1.0, 1.04 * float(np.nanmax(data["high"], initial=0.1)))
    axis = Axis("percent", 0, reach)
    picture = row_panel((title, subtitle), wide.reset_index(), "frame", drawn, axis, height=0.42)
    alt = f"Dot chart of frame shares by voice. {title}. " + "; ".join(
        f"{voice}: {listing(frames, map(percent, data.loc[data['voice'] == voice, 'share']), 12)}"
        for voice in voices
    )
    return Drawing(title, picture, table, alt)


def _voice_title(data: pd.DataFrame, unit: str) -> str:
    """The frame that differs most between the author's words and another voice, if clearly."""
    spoken = data[data["units"] > 0]
    is_own = spoken["voice"] == data["voice"].iloc[0]
    pairs = spoken[is_own].merge(spoken[~is_own], on="frame", suffixes=("", "_other"))
    clear = (pairs["low"] > pairs["high_other"]) | (pairs["low_other"] > pairs["high"])
    pairs = pairs[clear]
    if pairs.empty:
        return "No frame's share clearly differs between the author's own words and those of others"
    row = pairs.loc[(pairs["share"] - pairs["share_other"]).abs().idxmax()]
    title = (
        f"‘{short(row['frame'])}’ stands in {percent(row['share'])} of {unit}s with the author's own "
        f"words, in {percent(row['share_other'])} of those with {row['voice_other']} ones"
    )
    kinds = {row["interval"], row["interval_other"]}
    return of_these_texts(title, kinds != {"documents"})
