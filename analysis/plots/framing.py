"""Figures of how sources frame the matter."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.plots.sheet import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALE,
    Drawing,
    blank,
    end_labels,
    few_ticks,
    interval_rows,
    interval_words,
    left_for,
    listing,
    percent,
    percent_axis,
    rows_axis,
    sheet,
    short,
    styled,
)


@styled
def frame_shares(table: pd.DataFrame, *, group: str, unit: str, confidence: float) -> Drawing:
    """Share of units with each frame in every group, a panel a frame, with intervals."""
    name = "frame_shares"
    frames = list(dict.fromkeys(table["frame"]))
    groups = [g for g in dict.fromkeys(table["group"]) if g != "all"][:15]
    data = table[table["group"].isin([*groups, "all"])].reset_index(drop=True)
    every = data[data["group"] == "all"].set_index("frame")
    ranked = every["share"].sort_values(ascending=False)
    top = ranked.index[0]
    part = data[(data["frame"] == top) & (data["group"] != "all") & (data["units"] > 0)]
    title = f"‘{top}’ is the most frequent frame: {percent(ranked.iloc[0])} of {unit}s"
    if len(part) > 1:
        high, low = part.loc[part["share"].idxmax()], part.loc[part["share"].idxmin()]
        title += f", from {percent(low['share'])} ({short(low['group'], 30)}) to {percent(high['share'])} ({short(high['group'], 30)})"
    subtitle = f"Share of {unit}s that hold at least one match of the frame's rules; n = {int(every['units'].iloc[0]):,}. Grey line: all documents. {interval_words(data['interval'], confidence)}. Frames by keywords."
    columns = 2
    rows = -(-len(frames) // columns)
    figure, panels = sheet(
        title,
        subtitle,
        body=(0.18 * len(groups) + 0.62) * rows,
        rows=rows,
        columns=columns,
        left=left_for(groups),
        gap_y=0.42,
        panel_title_lines=1,
    )
    for panel in panels[len(frames) :]:
        panel.set_axis_off()
    widest = float(np.nanmax(data["high"].to_numpy(dtype=float), initial=0.1))
    for n, (panel, frame) in enumerate(zip(panels, ranked.index, strict=False)):
        mine = data[data["frame"] == frame].set_index("group")
        places = rows_axis(panel, groups if n % columns == 0 else [""] * len(groups))
        panel.axvline(mine.loc["all", "share"], color=GREY, linewidth=1)
        rows_of = mine.loc[groups]
        interval_rows(panel, places, rows_of["share"], rows_of["low"], rows_of["high"])
        panel.set_xlim(0, min(1.0, widest * 1.04))
        panel.set_title(f"{short(frame, 24)} ({int(mine.loc['all', 'coded']):,} {unit}s)")
        panel.xaxis.set_major_formatter(percent_axis())
        panel.tick_params(axis="x", labelbottom=n >= len(frames) - columns)
    alt = f"{len(frames)} dot charts of frame shares by {group}. {title}. All documents: "
    alt += listing(ranked.index, [percent(share) for share in ranked], most=12)
    return Drawing(name, title, figure, data, alt)


@styled
def frame_differences(table: pd.DataFrame, *, unit: str, confidence: float) -> Drawing:
    """Difference of each frame's share between a group and its counterpart, a panel a comparison."""
    name = "frame_differences"
    pairs = list(dict.fromkeys(zip(table["group"], table["other"], strict=True)))[:9]
    if not pairs:
        return blank(name, "There is one group only: nothing to compare", "", table)
    frames = list(dict.fromkeys(table["frame"]))
    tested = table["p"].notna().any()
    found = int((table["q"] <= 1 - confidence).sum()) if tested else 0
    apart = int(((table["low"] > 0) | (table["high"] < 0)).sum())
    if tested:
        title = f"{found} of {len(table)} differences hold at a false discovery rate of {percent(1 - confidence)}"
        how = "Filled: q within that rate (permutation of documents, Benjamini–Hochberg)."
    else:
        title = f"{apart} of {len(table)} differences are clear of zero in these texts; none can be tested"
        how = f"No test: {table['no_test'].iloc[0]}. Filled: interval clear of zero, which speaks of these texts only."
    subtitle = f"Share of {unit}s in the named group minus share in its counterpart, in percentage points, {confidence * 100:g} % interval. {how}"
    columns = min(3, len(pairs))
    rows = -(-len(pairs) // columns)
    figure, panels = sheet(
        title,
        subtitle,
        body=(0.17 * len(frames) + 0.75) * rows,
        rows=rows,
        columns=columns,
        left=left_for(frames),
        gap_y=0.6,
        gap_x=0.2,
        panel_title_lines=2,
    )
    for panel in panels[len(pairs) :]:
        panel.set_axis_off()
    reach = (
        float(np.nanmax(np.abs(table[["low", "high"]].to_numpy(dtype=float)), initial=0.05)) * 104
    )
    for n, (panel, (mine, other)) in enumerate(zip(panels, pairs, strict=False)):
        part = table[(table["group"] == mine) & (table["other"] == other)]
        places = rows_axis(panel, frames if n % columns == 0 else [""] * len(frames))
        panel.axvline(0, color=GREY, linewidth=0.8)
        sure = part["q"] <= 1 - confidence if tested else (part["low"] > 0) | (part["high"] < 0)
        panel.hlines(
            places,
            part["low"] * 100,
            part["high"] * 100,
            color=BLUE,
            linewidth=1.3,
            alpha=0.7,
        )
        for place, value, filled in zip(places, part["difference"] * 100, sure, strict=True):
            panel.plot(
                value,
                place,
                "o",
                color=BLUE,
                markersize=5,
                markerfacecolor=BLUE if filled else "white",
            )
        panel.set_xlim(-reach, reach)
        panel.set_title(f"{short(mine, 24)}\nminus {short(other, 22)}", size=8)
        panel.xaxis.set_major_locator(few_ticks())
    big = (
        table.loc[table["difference"].abs().idxmax()] if table["difference"].notna().any() else None
    )
    alt = f"{len(pairs)} dot charts of differences in frame shares. {title}."
    if big is not None:
        alt += f" Largest: {big['frame']}, {big['group']} minus {big['other']}, {big['difference'] * 100:+.0f} points."
    return Drawing(name, title, figure, table, alt)


@styled
def keyness(table: pd.DataFrame, *, group: str, most: int = 10) -> Drawing:
    """The content words that set each group apart, by z, a panel a group.

    `table` holds the content words of the keyness table.
    """
    name = "keyness"
    groups = list(dict.fromkeys(table["group"]))[:9]
    if not groups:
        return blank(name, "There is one group only: nothing to compare", "", table)
    data = (
        table[(table["z"] > 0) & table["group"].isin(groups)]
        .groupby("group", sort=False)
        .head(most)
    )
    first = data.loc[data["z"].idxmax()]
    title = f"‘{first['token']}’ sets {short(first['group'], 50)} apart most (z = {first['z']:.1f}): {first['count']} of its {first['tokens']:,} tokens, {first['rest_count']} of {first['rest_tokens']:,} elsewhere"
    tested = table["p"].notna().any()
    subtitle = f"z of the log-odds ratio with an informative Dirichlet prior (Monroe et al. 2008), each {group} against its counterpart; content words. Brackets: count here, elsewhere. "
    subtitle += (
        "Filled: q ≤ 0.05 (Welch's t over documents)."
        if tested
        else "A ranking: documents are too few for a test."
    )
    columns = min(3, len(groups))
    rows = -(-len(groups) // columns)
    figure, panels = sheet(
        title,
        subtitle,
        body=(0.19 * most + 0.5) * rows,
        rows=rows,
        columns=columns,
        left=0.2,
        gap_x=0.15,
        gap_y=0.5,
        panel_title_lines=1,
    )
    for panel in panels[len(groups) :]:
        panel.set_axis_off()
    reach = float(data["z"].max())
    for panel, mine in zip(panels, groups, strict=False):
        part = data[data["group"] == mine]
        places = rows_axis(panel, [""] * most)
        sure = (part["q"] <= 0.05).to_numpy() if tested else np.ones(len(part), dtype=bool)
        panel.barh(
            places[: len(part)],
            part["z"],
            height=0.7,
            color=[BLUE if s else "#C9DCE8" for s in sure] if tested else "#C9DCE8",
        )
        for place, row in zip(
            places, part.rename(columns={"count": "here"}).itertuples(), strict=False
        ):
            panel.text(
                reach * 0.015,
                place,
                f"{short(row.token, 22)} ({row.here:,}, {row.rest_count:,})",
                va="center",
                size=7.5,
            )
        panel.set_xlim(0, reach * 1.02)
        panel.set_title(short(mine, 32), size=8)
    alt = f"{len(groups)} bar charts of distinctive words. {title}. "
    alt += "; ".join(
        f"{g}: {', '.join(data.loc[data['group'] == g, 'token'].head(5))}" for g in groups
    )
    return Drawing(name, title, figure, data.reset_index(drop=True), alt)


@styled
def actor_frames(table: pd.DataFrame, *, unit: str, confidence: float) -> Drawing:
    """Frames in the units that name each actor, as a table of shaded shares."""
    name = "actor_frames"
    actors, frames = (
        list(dict.fromkeys(table["actor"])),
        list(dict.fromkeys(table["frame"])),
    )
    if len(actors) < 2:
        return blank(name, "The codebook names no actors", "Add them under 'actors:'.", table)
    grid = table.pivot(index="frame", columns="actor", values="share").loc[frames, actors]
    named = [a for a in actors if a != "no actor"]
    spread = (grid[named].max(axis=1) - grid[named].min(axis=1)).fillna(0)
    frame = spread.idxmax()
    order = grid.loc[frame, named].sort_values()
    title = f"‘{frame}’ divides the actors most: {percent(order.iloc[-1])} of {unit}s naming {order.index[-1]}"
    title += (
        f", {percent(order.iloc[0])} of those naming {order.index[0]}" if len(named) > 1 else ""
    )
    units = table.drop_duplicates("actor").set_index("actor")["units"]
    subtitle = f"Share of {unit}s with the frame among {unit}s that name the actor, with {confidence * 100:g} % Wilson interval (these texts only). A {unit} may name several actors; naming is not acting."
    figure, (panel,) = sheet(
        title,
        subtitle,
        body=0.3 * len(frames),
        left=left_for(frames),
        bottom=0.15,
        right=0.3,
        panel_title_lines=1,
    )
    values = np.ma.masked_invalid(grid.to_numpy(dtype=float))
    reach = max(0.5, float(values.max()))
    panel.imshow(values, cmap="Blues", vmin=0, vmax=reach, aspect="auto")
    panel.set_yticks(range(len(frames)), [short(f) for f in frames])
    panel.set_xticks(range(len(actors)), [f"{short(a, 18)} (n = {units[a]:,})" for a in actors])
    panel.xaxis.tick_top()
    panel.tick_params(length=0)
    for side in panel.spines.values():
        side.set_visible(False)
    for row in table.itertuples():
        x, y = actors.index(row.actor), frames.index(row.frame)
        dark = row.share > 0.6 * reach
        text = (
            f"{percent(row.share)}  ({row.low * 100:.0f}–{row.high * 100:.0f})"
            if np.isfinite(row.share)
            else "–"
        )
        panel.text(
            x,
            y,
            text,
            ha="center",
            va="center",
            size=7.5,
            color="white" if dark else INK,
        )
    alt = f"Table of frame shares by actor. {title}. "
    alt += "; ".join(
        f"{a}: " + listing(frames, [percent(grid.loc[f, a]) for f in frames], 10) for a in named[:4]
    )
    return Drawing(name, title, figure, table, alt)


@styled
def frame_concentration(table: pd.DataFrame) -> Drawing:
    """How much of each frame rests on its commonest rule and on one document."""
    name = "frame_concentration"
    data = table.reset_index(drop=True)
    warned = data[data["warning"] != ""]
    title = f"{len(warned)} of {len(data)} frames rest on one rule, one document or too few matches"
    title += f": {', '.join(short(f, 20) for f in warned['frame'][:6])}" if len(warned) else ""
    subtitle = "Share of a frame's matches that come from its commonest rule (blue dot, named) and from one document (orange square). A warning stands from half for a rule, from three quarters for a document, and below five matches."
    figure, (panel,) = sheet(
        title,
        subtitle,
        body=0.3 * len(data) + 0.1,
        left=left_for(data["frame"]),
        right=2.3,
    )
    places = rows_axis(panel, list(data["frame"]))
    panel.hlines(places, 0, 1, color=PALE, linewidth=0.6)
    for mark in (0.5, 0.75):
        panel.axvline(mark, color=GREY, linewidth=0.8, linestyle=(0, (3, 2)))
    panel.plot(data["top_document_share"], places, "s", color=ORANGE, markersize=5)
    panel.plot(data["top_rule_share"], places, "o", color=BLUE, markersize=5)
    notes = [
        f"{short(rule, 20)}; n = {n}{' !' if warning else ''}"
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
