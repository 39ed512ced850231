"""Figures of how far a coding can be trusted, and how far a finding holds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.corpus import EVERY
from analysis.plots.sheet import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALE,
    Drawing,
    blank,
    end_labels,
    extremes,
    few_ticks,
    first_of,
    grid,
    hollow_points,
    labels_of,
    left_for,
    listing,
    percent,
    percent_axis,
    plural,
    rows_axis,
    sheet,
    short,
    styled,
)

_NO_CODINGS = "No codings: nothing can be validated"
_HOW_TO = "`workbook sample` draws units and writes sheets for coders."
_RELIABLE, _TENTATIVE = 0.8, 0.667
_MOST_FINDINGS = 12
_MOST_COMPARISONS = 6
_STYLES = {"true": BLUE, "false": ORANGE, "": GREY}


@styled
def coder_agreement(table: pd.DataFrame, *, coders: str, unit: str, confidence: float) -> Drawing:
    """Krippendorff's alpha of each frame with its interval."""
    name = "coder_agreement"
    if table.empty:
        return blank(name, _NO_CODINGS, _HOW_TO, table)
    data = table.reset_index(drop=True)
    title = _agreement_title(data)
    subtitle = (
        f"Krippendorff's alpha (nominal) of the codes by {coders}, {confidence * 100:g} % bootstrap "
        f"interval over {unit}s; n = {int(data['units'].max()):,}. Dashed: 0.667 and 0.8, "
        "Krippendorff's limits for tentative and for reliable data."
    )
    left = left_for(data["variable"])
    figure, (panel,) = sheet(title, subtitle, body=0.26 * len(data) + 0.1, left=left, right=1.6)
    places = rows_axis(panel, list(data["variable"]))
    for mark in (_TENTATIVE, _RELIABLE):
        panel.axvline(mark, color=GREY, linewidth=0.8, linestyle=(0, (3, 2)))
    panel.hlines(places, data["low"], data["high"], color=BLUE, linewidth=1.4)
    panel.plot(data["alpha"], places, "o", color=BLUE, markersize=5)
    lowest = np.nanmin([0.6, *data["low"], *data["alpha"]])
    panel.set_xlim(lowest - 0.02, 1.02)
    notes = [
        f"{row.percent:.1%} the same" if np.isfinite(row.alpha) else short(row.reason, 24)
        for row in data.itertuples()
    ]
    end_labels(panel, places, np.full(len(data), 1.02), notes)
    panel.set_xlabel("alpha")
    alt = f"Dot chart of agreement between coders. {title}. Alpha: "
    alt += listing(data["variable"], [f"{value:.2f}" for value in data["alpha"]], 12)
    return Drawing(name, title, figure, data, alt)


def _agreement_title(data: pd.DataFrame) -> str:
    """Of the frames that have an interval how many are coded reliably, and the least agreed one."""
    known = data[data["alpha"].notna()]
    if known.empty:
        return "No frame's agreement is defined: its codes do not vary, or no unit was coded twice"
    given = known[known["low"].notna()]
    sure, without = int((given["low"] >= _RELIABLE).sum()), len(data) - len(given)
    title = f"The interval of {sure} of {len(given)} frames lies above {_RELIABLE}"
    title += f"; {without} more have no interval" if without and len(given) else ""
    if given.empty:
        title = f"None of {len(data)} frames has an interval of alpha"
    least = known.loc[known["alpha"].idxmin()]
    if least["alpha"] >= 1:
        return f"{title}; coders never differ on the {len(known)} frames whose alpha is defined"
    return f"{title}; coders agree least on ‘{short(least['variable'])}’ (alpha = {least['alpha']:.2f})"


@styled
def rule_accuracy(table: pd.DataFrame, *, coders: str, unit: str, confidence: float) -> Drawing:
    """Precision and recall of the rules on each frame, with intervals."""
    name = "rule_accuracy"
    if table.empty:
        return blank(name, _NO_CODINGS, _HOW_TO, table)
    data = table.sort_values("f1", ascending=False, kind="stable", ignore_index=True)
    known = data[data["f1"].notna()]
    title = "No frame has both precision and recall: the rules cannot be judged"
    if len(known):
        worst, over = known.iloc[-1], f" over {len(known)} of {len(data)} frames"
        title = (
            f"Macro-F1 of the rules{over if len(known) < len(data) else ''} is "
            f"{known['f1'].mean():.2f}, least for ‘{short(worst['frame'])}’ (F1 = {worst['f1']:.2f})"
        )
    subtitle = (
        f"Precision: of the {unit}s with the frame by the rules, the share that {coders} gave it too. "
        f"Recall: the other way round. {confidence * 100:g} % Wilson intervals for these texts, weighted "
        f"for the sample. Up to {int(data['coded'].max()):,} {unit}s; number with the frame by the "
        "coders on the right. The rules were written with these texts in view."
    )
    body = 0.36 * len(data) + 0.1
    figure, (panel,) = sheet(
        title, subtitle, body=body, left=left_for(data["frame"]), right=1.3, panel_title_lines=1
    )
    places = rows_axis(panel, list(data["frame"]))
    for rate, color, marker, shift in (
        ("precision", BLUE, "o", -0.13),
        ("recall", ORANGE, "s", 0.13),
    ):
        rows = places + shift
        panel.hlines(rows, data[f"{rate}_low"], data[f"{rate}_high"], color=color, linewidth=1.3)
        panel.plot(data[rate], rows, marker, color=color, markersize=4.5, label=rate)
    panel.set_xlim(0, 1.01)
    panel.xaxis.set_major_formatter(percent_axis())
    panel.grid(axis="x", color=PALE, linewidth=0.4)
    panel.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, frameon=False, fontsize=8, borderpad=0
    )
    notes = [f"F1 {f1:.2f}; n = {n:,}" for f1, n in zip(data["f1"], data["positive"], strict=True)]
    end_labels(panel, places, np.ones(len(data)), notes, offset=8)
    alt = f"Dot chart of precision and recall by frame. {title}. Precision, recall: "
    pairs = [
        f"{percent(p)}, {percent(r)}"
        for p, r in zip(data["precision"], data["recall"], strict=True)
    ]
    return Drawing(name, title, figure, data, alt + listing(data["frame"], pairs, 12))


@styled
def automatic_coders(table: pd.DataFrame) -> Drawing:
    """F1 of the rules and of the learnt coder on each frame, against the first judge of the table."""
    name = "automatic_coders"
    against = table["against"].iloc[0] if len(table) else ""
    data = table[(table["against"] == against) & (table["frame"] != "macro")]
    if data.empty:
        return blank(name, _NO_CODINGS, _HOW_TO, table)
    title = _coders_title(data)
    subtitle = (
        f"F1 on the coded units, against {against}. The learnt coder (logistic regression on words) "
        "codes each document by what the other documents taught it; the rules were written with these "
        "texts in view. No dot: the frame could not be learnt."
    )
    frames = list(dict.fromkeys(data["frame"]))
    body = 0.26 * len(frames) + 0.1
    figure, (panel,) = sheet(
        title, subtitle, body=body, left=left_for(frames), right=0.5, panel_title_lines=1
    )
    places = rows_axis(panel, frames)
    panel.hlines(places, 0, 1, color=PALE, linewidth=0.6)
    styles = zip(dict.fromkeys(data["coder"]), (BLUE, ORANGE), ("o", "s"), strict=False)
    for coder, color, marker in styles:
        mine = data[data["coder"] == coder].set_index("frame").loc[frames]
        panel.plot(mine["f1"], places, marker, color=color, markersize=5, label=coder)
    panel.set_xlim(-0.01, 1.01)
    panel.set_xlabel("F1")
    panel.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, frameon=False, fontsize=8, borderpad=0
    )
    alt = f"Dot chart of F1 by frame and automatic coder. {title}."
    return Drawing(name, title, figure, data.reset_index(drop=True), alt)


def _coders_title(data: pd.DataFrame) -> str:
    """The mean F1 of each automatic coder over the frames that all of them can be scored on."""
    scores = data.pivot(index="frame", columns="coder", values="f1")[
        list(dict.fromkeys(data["coder"]))
    ]
    scored = scores.dropna(axis=1, how="all")
    if scored.empty:
        return "No automatic coder can be scored"
    both = scored.dropna()
    if len(scored.columns) < 2 or both.empty:
        told = ", ".join(
            f"{coder} {scored[coder].mean():.2f} ({plural(scored[coder].count(), 'frame')})"
            for coder in scored
        )
        return f"The automatic coders cannot be compared on the same frames; mean F1: {told}"
    means = both.mean()
    told = ", ".join(f"{coder} {value:.2f}" for coder, value in means.items())
    return f"Mean F1 on the {plural(len(both), 'frame')} that both code: {told} (not tested)"


@styled
def corrected_shares(table: pd.DataFrame, *, coders: str, unit: str, confidence: float) -> Drawing:
    """Shares of each frame as counted and as corrected, a panel an automatic coder."""
    name = "corrected_shares"
    data = table[table["group"] == EVERY].reset_index(drop=True)
    if data.empty:
        return blank(name, _NO_CODINGS, _HOW_TO, table)
    title = _corrected_title(data, "share")
    subtitle = (
        f"Share of {unit}s with the frame: hollow, as counted; filled, corrected by "
        f"{int(data['coded'].max()):,} {unit}s coded by {coders} (design-based, with "
        f"{confidence * 100:g} % interval); cross, corrected after Rogan and Gladen"
        + ("; orange line, by all codings." if data["by_coders"].notna().any() else ".")
    )
    names, frames = (list(dict.fromkeys(data[column])) for column in ("coder", "frame"))
    figure, panels = grid(
        title,
        subtitle,
        len(names),
        columns=len(names),
        row_height=0.3 * len(frames) + 0.2,
        left=left_for(frames),
        gap_x=0.25,
    )
    values = data[["naive", "corrected", "high", "rogan_gladen", "by_coders"]].to_numpy(dtype=float)
    reach = min(1.02, 1.05 * float(np.nanmax(values, initial=0.1)))
    for n, (panel, coder) in enumerate(zip(panels, names, strict=True)):
        mine = data[data["coder"] == coder].set_index("frame").loc[frames]
        _corrected_rows(panel, mine, labels_of(frames, n, len(names)))
        panel.set_title(f"counted by: {short(coder)}")
        panel.set_xlim(-0.01, reach)
        panel.xaxis.set_major_formatter(percent_axis())
    mine = data[data["coder"] == names[0]]
    pairs = [
        f"{percent(a)} → {percent(b)}"
        for a, b in zip(mine["naive"], mine["corrected"], strict=True)
    ]
    alt = f"Dot chart of frame shares counted and corrected. {title}. "
    alt += f"Counted by {names[0]} → corrected: "
    return Drawing(name, title, figure, data, alt + listing(mine["frame"], pairs, 12))


def _corrected_rows(panel: Axes, mine: pd.DataFrame, labels) -> None:
    """One row a frame: the known value, the corrected one with interval, the counted ones."""
    places = rows_axis(panel, labels)
    panel.vlines(mine["by_coders"], places - 0.36, places + 0.36, color=ORANGE, linewidth=1.6)
    panel.hlines(places, mine["low"], mine["high"], color=BLUE, linewidth=1.4)
    panel.plot(mine["corrected"], places, "o", color=BLUE, markersize=5)
    if "rogan_gladen" in mine:
        panel.plot(mine["rogan_gladen"], places + 0.22, "x", color=GREY, markersize=4.5)
    hollow_points(panel, mine["naive"], places - 0.22, np.zeros(len(mine), dtype=bool), color=INK)
    panel.grid(axis="x", color=PALE, linewidth=0.4)


def _corrected_title(data: pd.DataFrame, what: str) -> str:
    """The frame that correction moves most, and how many counts of each automatic coder lie
    outside of the corrected interval."""
    known = data[data["corrected"].notna()].reset_index(drop=True)
    if known.empty:
        return f"No {what} can be corrected: too few codings"
    outside = (known["naive"] < known["low"]) | (known["naive"] > known["high"])
    told = [
        (f"{coder} " if data["coder"].nunique() > 1 else "") + f"{int(part.sum())} of {len(part)}"
        for coder, part in outside.groupby(known["coder"], sort=False)
    ]
    most = known.loc[(known["corrected"] - known["naive"]).abs().idxmax()]
    points = 100 * (most["corrected"] - most["naive"])
    whose = f" ({most['coder']})" if data["coder"].nunique() > 1 else ""
    return (
        f"Correction moves ‘{short(most['frame'])}’{whose} most, by {points:+.1f} points; counted "
        f"{what}s outside the corrected interval: {', '.join(told)}"
    )


@styled
def corrected_differences(
    table: pd.DataFrame, *, coders: str, unit: str, confidence: float
) -> Drawing:
    """Differences of shares between groups by the rules, as counted and as corrected."""
    name = "corrected_differences"
    data = table[table["coder"] == "rules"] if len(table) else table
    pairs = [
        pair
        for pair, part in data.groupby(["group", "other"], sort=False)
        if part["corrected"].notna().any()
    ]
    if not len(data):
        return blank(name, _NO_CODINGS, _HOW_TO, table)
    if not pairs:
        why = data["reason"].iloc[0] or "there is one group only"
        return blank(name, "No difference between groups can be corrected", f"{why}.", table)
    chosen = pairs[:_MOST_COMPARISONS]
    kept = data[[pair in chosen for pair in zip(data["group"], data["other"], strict=True)]]
    title = _corrected_title(kept, "difference")
    left_out = len(data[["group", "other"]].drop_duplicates()) - len(pairs)
    subtitle = (
        f"Share of {unit}s in the named group minus its counterpart, in percentage points: hollow, as "
        f"counted; filled, corrected by codings of {coders}, with {confidence * 100:g} % interval"
        + ("; orange line, by all codings." if kept["by_coders"].notna().any() else ".")
        + (
            f" {plural(left_out, 'comparison')} with too few coded {unit}s not shown."
            if left_out
            else ""
        )
        + first_of(chosen, len(pairs), "comparisons")
    )
    frames, columns = list(dict.fromkeys(kept["frame"])), min(2, len(chosen))
    figure, panels = grid(
        title,
        subtitle,
        len(chosen),
        columns=columns,
        row_height=0.3 * len(frames) + 0.6,
        left=left_for(frames),
        gap_x=0.25,
        panel_title_lines=2,
    )
    numbers = ["naive", "corrected", "low", "high", "by_coders"]
    reach = 104 * float(np.nanmax(np.abs(kept[numbers].to_numpy(dtype=float)), initial=0.05))
    for n, (panel, (mine, other)) in enumerate(zip(panels, chosen, strict=True)):
        part = (
            kept[(kept["group"] == mine) & (kept["other"] == other)].set_index("frame").loc[frames]
        )
        panel.axvline(0, color=GREY, linewidth=0.8)
        _corrected_rows(panel, part[numbers] * 100, labels_of(frames, n, columns))
        panel.set_title(f"{short(mine, 40)}\nminus {short(other, 36)}", size=8)
        panel.set_xlim(-reach, reach)
        panel.xaxis.set_major_locator(few_ticks())
    alt = f"{len(chosen)} dot charts of differences counted and corrected. {title}."
    return Drawing(name, title, figure, kept.reset_index(drop=True), alt)


@styled
def correction_coverage(
    table: pd.DataFrame, *, coders: str, unit: str, confidence: float
) -> Drawing:
    """How often intervals hold the known share, and how wide they are, by units coded."""
    name = "correction_coverage"
    if table.empty:
        reason = "Too few codings to draw samples from." if len(table.columns) else _HOW_TO
        return blank(
            name, "Whether the correction keeps its promise cannot be tried", reason, table
        )
    data = table.groupby(["estimator", "size"], sort=False)[["coverage", "half_width"]].mean()
    data = data.reset_index()
    title = _coverage_title(data, confidence)
    draws = int(table["draws"].max())
    subtitle = (
        f"Mean over frames, {draws} samples of each size drawn from all coded {unit}s, the codes by "
        f"{coders} being the truth. Left: share of {confidence * 100:g} % intervals that hold it (dashed: the promise). "
        "Right: half the width of the interval. Counted: the automatic share with Wilson's interval."
    )
    figure, panels = sheet(
        title, subtitle, body=2.1, columns=2, left=0.7, right=1.5, gap_x=0.6, panel_title_lines=1
    )
    styles = _coverage_styles(list(dict.fromkeys(data["estimator"])))
    for panel, column, heading in zip(
        panels, ("coverage", "half_width"), ("holds the truth", "± half-width"), strict=True
    ):
        for estimator, (color, line) in styles.items():
            mine = data[data["estimator"] == estimator]
            panel.plot(
                mine["size"], mine[column], color=color, linestyle=line, marker="o", markersize=4
            )
        panel.set_xticks(sorted(set(data["size"])))
        panel.set_xlabel(f"{unit}s coded")
        panel.yaxis.set_major_formatter(percent_axis())
        panel.set_ylim(0, 1.03 if column == "coverage" else None)
        panel.set_title(heading)
    panels[0].axhline(confidence, color=GREY, linewidth=0.8, linestyle=(0, (3, 2)))
    ends = data.sort_values("size").groupby("estimator", sort=False).tail(1)
    _label_ends(panels[1], ends, styles)
    alt = f"Two line charts by number of coded units. {title}. Coverage at the largest size: "
    alt += listing(ends["estimator"], [percent(share) for share in ends["coverage"]], 8)
    return Drawing(name, title, figure, data, alt)


def _coverage_styles(estimators: list[str]) -> dict[str, tuple]:
    """Colour and line of each estimator: corrected blue, counted orange, the units alone grey."""
    styles = {}
    for estimator in estimators:
        color = BLUE if "corrected" in estimator else ORANGE if "counted" in estimator else GREY
        styles[estimator] = (color, "-" if estimator.startswith("rules") else (0, (2, 1)))
    return styles


def _label_ends(panel: Axes, ends: pd.DataFrame, styles) -> None:
    """Names of lines right of their ends, moved apart where they would lie on each other."""
    ends = ends.sort_values("half_width")
    top = float(panel.get_ylim()[1])
    apart, place = top * 0.09, -np.inf
    for row in ends.itertuples():
        place = max(row.half_width, place + apart)
        panel.annotate(
            row.estimator,
            (1.03, place),
            xycoords=("axes fraction", "data"),
            va="center",
            size=7.5,
            color=styles[row.estimator][0],
        )


def _coverage_title(data: pd.DataFrame, confidence: float) -> str:
    """The lowest coverage of corrected and of counted shares."""
    corrected = data[data["estimator"].str.endswith("corrected")]
    counted = data[data["estimator"].str.endswith("counted")]
    if corrected["coverage"].isna().all():
        return "Samples of these sizes are too small to correct with"
    worst = counted.loc[counted["coverage"].idxmin()]
    least = np.floor(100 * corrected["coverage"].min() + 1e-9) / 100
    return (
        f"On average over frames, corrected intervals hold the known share in {percent(least)} of "
        f"samples or more ({confidence * 100:g} % promised); those of ‘{worst['estimator']}’ at "
        f"worst in {percent(worst['coverage'])}"
    )


@styled
def specification_curve(table: pd.DataFrame, summary: pd.DataFrame) -> Drawing:
    """Every declared finding under every specification, sorted by estimate, a panel a finding."""
    name = "specification_curve"
    if table.empty:
        reason = "A sweep.yaml of choices and findings.yaml are needed in the corpus folder."
        return blank(
            name, "No sweep: how far findings depend on choices is not known", reason, table
        )
    findings = list(summary["finding"])[:_MOST_FINDINGS]
    firm = int((summary["share"] == 1).sum())
    n = sorted({int(summary["specifications"].min()), int(summary["specifications"].max())})
    told = " to ".join(f"{number:,}" for number in n)
    title = f"{firm} of {len(summary)} findings hold under every specification ({told} each)"
    if len(summary) > 1 and firm < len(summary):
        _, least = extremes(summary, "share")
        title += f"; ‘{short(least['finding'], 40)}’ under {least['holds']}"
    subtitle = (
        "Each line is the estimate under one set of choices with its interval, sorted; blue: the statement "
        "holds, orange: the estimate does not point its way, grey: cannot be said from the data. Ring: the base. Unit of each: "
        "see the statement; zero is the line of no difference. Move it: change its numbers. Below: what gives another verdict than the base."
        + first_of(findings, len(summary), "findings")
    )
    figure, panels = grid(
        title,
        subtitle,
        len(findings),
        columns=2,
        row_height=1.55,
        left=0.75,
        gap_x=0.7,
        gap_y=0.62,
        panel_title_lines=1,
    )
    for panel, finding in zip(panels, findings, strict=True):
        row = summary[summary["finding"] == finding].iloc[0]
        _curve(panel, table[table["finding"] == finding])
        panel.set_title(
            f"{short(finding, 30)}: {row['holds']} of {row['specifications']}, {row['moved']} move it",
            size=7.5,
        )
        panel.set_xlabel(short(row["turned_by"] or "no choice turns it", 58), size=7.5)
    alt = f"{len(findings)} specification curves. {title}. Holds under: "
    pairs = [
        f"{holds} of {of}"
        for holds, of in zip(summary["holds"], summary["specifications"], strict=True)
    ]
    return Drawing(name, title, figure, table, alt + listing(summary["finding"], pairs, 12))


def _curve(panel: Axes, part: pd.DataFrame) -> None:
    """The estimates of one finding, sorted, each with its interval and coloured by its verdict."""
    base = part["specification"].iloc[0]
    part = part.sort_values(["estimate", "specification"], kind="stable", ignore_index=True)
    for verdict, color in _STYLES.items():
        mine = part[part["holds"] == verdict]
        panel.vlines(mine.index, mine["low"], mine["high"], color=color, linewidth=1, alpha=0.6)
        panel.plot(mine.index, mine["estimate"], "o", color=color, markersize=2.8)
    mine = part[part["specification"] == base]
    panel.plot(mine.index, mine["estimate"], "o", markersize=7, markerfacecolor="none", color=INK)
    panel.axhline(0, color=GREY, linewidth=0.8)
    panel.set_xticks([])
    panel.margins(y=0.12)
    panel.yaxis.set_major_locator(few_ticks())
    if part["estimate"].abs().max() > 1000:
        panel.yaxis.set_major_formatter("{x:,.0f}")
