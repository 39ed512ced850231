"""Figures of how far a coding can be trusted, and how far a finding holds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from analysis.corpus import EVERY
from analysis.plots import layouts, marks
from analysis.plots.layouts import Axis, row_panel, write_numbers
from analysis.plots.sheet import BLUE, DASHED, GREY, INK, ORANGE, Drawing, blank, figure, sheet
from analysis.plots.words import first_of, listing, percent, plural, short
from analysis.tables.framing import ONE_DOCUMENT_SHARE, ONE_RULE_SHARE

_NO_CODINGS = "No codings: nothing can be validated"
_HOW_TO = "`workbook sample` draws units and writes sheets for coders."
_RELIABLE, _TENTATIVE = 0.8, 0.667
_MAX_FINDINGS = 12
_MAX_COMPARISONS = 6
_VERDICTS = {"true": BLUE, "false": ORANGE, "": GREY}


# --- coders and rules ----------------------------------------------------------------------------


@figure
def coder_agreement(table: pd.DataFrame, *, coders: str, unit: str, confidence: float) -> Drawing:
    """Krippendorff's alpha of each frame with its interval."""
    if table.empty:
        return blank(_NO_CODINGS, _HOW_TO, table)
    data = table.reset_index(drop=True)
    title = _agreement_title(data)
    subtitle = (
        f"Krippendorff's alpha (nominal) of the codes by {coders}, {confidence * 100:g} % bootstrap "
        f"interval over {unit}s; n = {int(data['units'].max()):,}. Dashed: 0.667 and 0.8, "
        "Krippendorff's limits for tentative and for reliable data."
    )
    notes = [
        f"{row.percent:.1%} the same" if np.isfinite(row.alpha) else short(row.reason, 24)
        for row in data.itertuples()
    ]
    lowest = np.nanmin([0.6, *data["low"], *data["alpha"]])
    limits = marks.reference(_TENTATIVE, _RELIABLE, dashes=DASHED)
    drawn = [marks.row_lines, limits, marks.dots("alpha", ("low", "high"))]
    axis = Axis(low=lowest - 0.02, high=1.02, label="alpha")
    picture = row_panel((title, subtitle), data.assign(note=notes), "variable", drawn, axis)
    alt = f"Dot chart of agreement between coders. {title}. Alpha: "
    alt += listing(data["variable"], [f"{value:.2f}" for value in data["alpha"]], 12)
    return Drawing(title, picture, data, alt)


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


@figure
def rule_accuracy(table: pd.DataFrame, *, coders: str, unit: str, confidence: float) -> Drawing:
    """Precision and recall of the rules on each frame, with intervals."""
    if table.empty:
        return blank(_NO_CODINGS, _HOW_TO, table)
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
    drawn, axis = [marks.row_lines], Axis("percent", 0, 1.01)
    for rate, color, marker, shift in (
        ("precision", BLUE, "o", -0.13),
        ("recall", ORANGE, "s", 0.13),
    ):
        style = {"color": color, "marker": marker, "shift": shift, "label": rate}
        drawn.append(marks.dots(rate, (f"{rate}_low", f"{rate}_high"), **style))
    scores = zip(data["f1"], data["positive"], strict=True)
    dots = data.assign(note=[f"F1 {f1:.2f}; n = {n:,}" for f1, n in scores])
    picture = row_panel((title, subtitle), dots, "frame", drawn, axis, height=0.36, legend="")
    alt = f"Dot chart of precision and recall by frame. {title}. Precision, recall: "
    rates = zip(data["precision"].map(percent), data["recall"].map(percent), strict=True)
    return Drawing(title, picture, data, alt + listing(data["frame"], map(", ".join, rates), 12))


@figure
def automatic_coders(table: pd.DataFrame) -> Drawing:
    """F1 of the rules and of the learnt coder on each frame, against the first judge of the table."""
    against = table["against"].iloc[0] if len(table) else ""
    data = table[(table["against"] == against) & (table["frame"] != "macro")]
    if data.empty:
        return blank(_NO_CODINGS, _HOW_TO, table)
    frames, coders = (list(dict.fromkeys(data[column])) for column in ("frame", "coder"))
    scores = data.pivot(index="frame", columns="coder", values="f1").loc[frames, coders]
    title = _coders_title(scores)
    subtitle = (
        f"F1 on the coded units, against {against}. The learnt coder (logistic regression on words) "
        "codes each document by what the other documents taught it; the rules were written with these "
        "texts in view. No dot: the frame could not be learnt."
    )
    styles = zip(coders, (BLUE, ORANGE), ("o", "s"), strict=False)
    drawn = [
        marks.dots(name, color=color, marker=marker, label=name) for name, color, marker in styles
    ]
    drawn, axis = [marks.row_lines, *drawn], Axis(low=-0.01, high=1.01, label="F1")
    picture = row_panel((title, subtitle), scores.reset_index(), "frame", drawn, axis, legend="")
    alt = f"Dot chart of F1 by frame and automatic coder. {title}."
    return Drawing(title, picture, data.reset_index(drop=True), alt)


def _coders_title(scores: pd.DataFrame) -> str:
    """The mean F1 of each automatic coder over the frames that all of them can be scored on."""
    scored = scores.dropna(axis=1, how="all")
    if scored.empty:
        return "No automatic coder can be scored"
    both = scored.dropna()
    if len(scored.columns) < 2 or both.empty:
        means = ", ".join(
            f"{coder} {scored[coder].mean():.2f} ({plural(scored[coder].count(), 'frame')})"
            for coder in scored
        )
        return f"The automatic coders cannot be compared on the same frames; mean F1: {means}"
    means = ", ".join(f"{coder} {value:.2f}" for coder, value in both.mean().items())
    return f"Mean F1 on the {plural(len(both), 'frame')} that both code: {means} (not tested)"


# --- what frames rest on ---------------------------------------------------------------------------


@figure
def frame_concentration(table: pd.DataFrame) -> Drawing:
    """How much of each frame rests on its commonest rule and on one document."""
    data = table.reset_index(drop=True)
    title = _concentration_title(data)
    subtitle = (
        "Share of a frame's matches that come from its commonest rule (dot, named on the right) and "
        "from one document (square). Dashed: a warning (!) from half on for a rule, from three "
        "quarters on for a document; also for fewer than five matches."
    )
    rules = zip(data["top_rule"], data["matches"], data["warning"], strict=True)
    notes = [f"{short(rule, 20)}; n = {n:,}{' !' if warning else ''}" for rule, n, warning in rules]
    drawn = [
        marks.row_lines,
        marks.reference(ONE_RULE_SHARE, ONE_DOCUMENT_SHARE, dashes=DASHED),
        marks.dots("top_document_share", color=ORANGE, marker="s"),
        marks.dots("top_rule_share"),
    ]
    axis = Axis("percent", 0, 1.01, "share of the frame's matches")
    picture = row_panel((title, subtitle), data.assign(note=notes), "frame", drawn, axis)
    alt = f"Dot chart of what each frame rests on. {title}. Commonest rule: "
    shares = zip(data["top_rule"], data["top_rule_share"], strict=True)
    alt += listing(data["frame"], [f"{rule} {percent(share)}" for rule, share in shares], 10)
    return Drawing(title, picture, data, alt)


def _concentration_title(data: pd.DataFrame) -> str:
    """How many frames rest on too little, and on what."""
    warned = data[data["warning"] != ""]
    if warned.empty:
        return "No frame rests on one rule, one document or too few matches"
    parts = [
        f"{', '.join(short(frame, 20) for frame in part['frame'][:6])}"
        f"{f' and {len(part) - 6} more' if len(part) > 6 else ''} "
        f"({warning.removeprefix('rests on ')})"
        for warning, part in warned.groupby("warning", sort=False)
    ]
    return f"{len(warned)} of {len(data)} frames rest on little: {'; '.join(parts)}"


# --- corrected shares and differences ------------------------------------------------------------

_NUMBERS = ["naive", "corrected", "low", "high", "by_coders"]
_CORRECTED = [
    marks.ticks("by_coders", ORANGE),
    marks.dots("corrected", ("low", "high")),
    marks.dots("naive", shift=-0.22, filled="corrects", color=INK),
]
"""The share by all codings, the corrected one with its interval, and hollow the counted one."""


@figure
def corrected_shares(table: pd.DataFrame, *, coders: str, unit: str, confidence: float) -> Drawing:
    """Shares of each frame as counted and as corrected, a panel an automatic coder."""
    data = table[table["group"] == EVERY].reset_index(drop=True)
    if data.empty:
        return blank(_NO_CODINGS, _HOW_TO, table)
    title = _corrected_title(data, "share")
    subtitle = (
        f"Share of {unit}s with the frame: hollow, as counted; filled, corrected by "
        f"{int(data['coded'].max()):,} {unit}s coded by {coders} (design-based, with "
        f"{confidence * 100:g} % interval); cross, corrected after Rogan and Gladen"
        + ("; orange line, by all codings." if data["by_coders"].notna().any() else ".")
    )
    names, frames = (list(dict.fromkeys(data[column])) for column in ("coder", "frame"))
    points, panels = data.assign(corrects=False), []
    for coder in names:
        part = layouts.placed(points[points["coder"] == coder], "frame", frames)
        panels.append((f"counted by: {short(coder)}", part))
    values = data[["naive", "corrected", "high", "rogan_gladen", "by_coders"]].to_numpy(dtype=float)
    drawn = [
        marks.row_lines,
        *_CORRECTED,
        marks.dots("rogan_gladen", shift=0.22, color=GREY, marker="x"),
    ]
    axis = Axis("percent", -0.01, min(1.02, 1.05 * float(np.nanmax(values, initial=0.1))))
    layout = {"columns": len(names), "height": 0.3}
    picture = layouts.row_panels((title, subtitle), frames, panels, drawn, axis, **layout)
    mine = data[data["coder"] == names[0]]
    pairs = zip(mine["naive"].map(percent), mine["corrected"].map(percent), strict=True)
    alt = f"Dot chart of frame shares counted and corrected. {title}. "
    alt += f"Counted by {names[0]} → corrected: "
    return Drawing(title, picture, data, alt + listing(mine["frame"], map(" → ".join, pairs), 12))


def _corrected_title(data: pd.DataFrame, what: str) -> str:
    """The frame that correction moves most, and how many counts of each automatic coder lie
    outside of the corrected interval."""
    known = data[data["corrected"].notna()].reset_index(drop=True)
    if known.empty:
        return f"No {what} can be corrected: too few codings"
    outside = (known["naive"] < known["low"]) | (known["naive"] > known["high"])
    several = data["coder"].nunique() > 1
    counts = [
        (f"{coder} " if several else "") + f"{int(part.sum())} of {len(part)}"
        for coder, part in outside.groupby(known["coder"], sort=False)
    ]
    most = known.loc[(known["corrected"] - known["naive"]).abs().idxmax()]
    points = 100 * (most["corrected"] - most["naive"])
    whose = f" ({most['coder']})" if several else ""
    return (
        f"Correction moves ‘{short(most['frame'])}’{whose} most, by {points:+.1f} points; counted "
        f"{what}s outside the corrected interval: {', '.join(counts)}"
    )


@figure
def corrected_differences(
    table: pd.DataFrame, *, coders: str, unit: str, confidence: float
) -> Drawing:
    """Differences of shares between groups by the rules, as counted and as corrected."""
    data = table[table["coder"] == "rules"] if len(table) else table
    if data.empty:
        return blank(_NO_CODINGS, _HOW_TO, table)
    compared = data.groupby(["group", "other"], sort=False)["corrected"].count()
    pairs = list(compared[compared > 0].index)
    if not pairs:
        why = data["reason"].iloc[0] or "there is one group only"
        return blank("No difference between groups can be corrected", f"{why}.", table)
    chosen, left_out = pairs[:_MAX_COMPARISONS], len(compared) - len(pairs)
    kept = data[[pair in chosen for pair in zip(data["group"], data["other"], strict=True)]]
    title = _corrected_title(kept, "difference")
    subtitle = (
        f"Share of {unit}s in the named group minus its counterpart, in percentage points: hollow, as "
        f"counted; filled, corrected by codings of {coders}, with {confidence * 100:g} % interval"
        + ("; orange line, by all codings." if kept["by_coders"].notna().any() else ".")
    )
    if left_out:
        subtitle += f" {plural(left_out, 'comparison')} with too few coded {unit}s not shown."
    subtitle += first_of(chosen, len(pairs), "comparisons")
    claim, points = (title, subtitle), kept.assign(corrects=False)
    picture = layouts.difference_panels(claim, points, _NUMBERS, _CORRECTED)
    alt = f"{len(chosen)} dot charts of differences counted and corrected. {title}."
    return Drawing(title, picture, kept.reset_index(drop=True), alt)


@figure
def correction_coverage(
    table: pd.DataFrame, *, coders: str, unit: str, confidence: float
) -> Drawing:
    """How often intervals hold the known share, and how wide they are, by units coded."""
    if table.empty:
        reason = "Too few codings to draw samples from." if len(table.columns) else _HOW_TO
        return blank("The coverage of the corrected intervals cannot be tested", reason, table)
    data = table.groupby(["estimator", "size"], sort=False)[["coverage", "half_width"]].mean()
    data = data.reset_index()
    title = _coverage_title(data, confidence)
    subtitle = (
        f"Mean over frames, {int(table['draws'].max())} samples of each size drawn from all coded {unit}s, the codes by "
        f"{coders} being the truth. Left: share of {confidence * 100:g} % intervals that hold it (dashed: the promise). "
        "Right: half the width of the interval. Counted: the automatic share with Wilson's interval."
    )
    room = {"columns": 2, "right": 1.5, "title_lines": 1}
    picture, panels = sheet((title, subtitle), 2, height=2.1, **room)
    headings = {"coverage": "holds the truth", "half_width": "± half-width"}
    for panel, (column, heading) in zip(panels, headings.items(), strict=True):
        for estimator, mine in data.groupby("estimator", sort=False):
            color, line = _coverage_style(estimator)
            style = {"color": color, "linestyle": line, "marker": "o", "markersize": 4}
            panel.plot(mine["size"], mine[column], **style)
        panel.set_xticks(sorted(set(data["size"])))
        panel.set_xlabel(f"{unit}s coded")
        write_numbers(panel, "percent", "y")
        panel.set_ylim(0, 1.03 if column == "coverage" else None)
        panel.set_title(heading)
    panels[0].axhline(confidence, color=GREY, linewidth=0.8, linestyle=DASHED)
    ends = data.sort_values("size").groupby("estimator", sort=False).tail(1)
    names = {"estimator": "label", "size": "x", "half_width": "y"}
    colors = [_coverage_style(estimator)[0] for estimator in ends["estimator"]]
    layouts.label_ends(panels[1], ends.rename(columns=names).assign(color=colors))
    alt = f"Two line charts by number of coded units. {title}. Coverage at the largest size: "
    alt += listing(ends["estimator"], [percent(share) for share in ends["coverage"]], 8)
    return Drawing(title, picture, data, alt)


def _coverage_style(estimator: str) -> tuple[str, object]:
    """Colour and line of an estimator: corrected blue, counted orange, the units alone grey."""
    color = BLUE if "corrected" in estimator else ORANGE if "counted" in estimator else GREY
    return color, "-" if estimator.startswith("rules") else (0, (2, 1))


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


# --- specifications ------------------------------------------------------------------------------


@figure
def specification_curve(table: pd.DataFrame, summary: pd.DataFrame) -> Drawing:
    """Every declared finding under every specification, sorted by estimate, a panel a finding."""
    if table.empty:
        reason = "A sweep.yaml of choices and findings.yaml are needed in the corpus folder."
        return blank("No sweep: how far findings depend on choices is not known", reason, table)
    drawn = summary.head(_MAX_FINDINGS)
    firm = int((summary["share"] == 1).sum())
    sizes = dict.fromkeys([summary["specifications"].min(), summary["specifications"].max()])
    each = " to ".join(f"{number:,}" for number in sizes)
    title = f"{firm} of {len(summary)} findings hold under every specification ({each} each)"
    if len(summary) > 1 and firm < len(summary):
        least = summary.loc[summary["share"].idxmin()]
        title += f"; ‘{short(least['finding'], 40)}’ under {least['holds']}"
    subtitle = (
        "Each line is the estimate under one set of choices with its interval, sorted; blue: the statement "
        "holds, orange: the estimate does not point its way, grey: cannot be said from the data. Ring: the base. Unit of each: "
        "see the statement; zero is the line of no difference. Move it: change its numbers. Below: what gives another verdict than the base."
        + first_of(drawn, len(summary), "findings")
    )
    room = {"left": 0.75, "gap_x": 0.7, "title_lines": 1}
    picture, panels = sheet((title, subtitle), len(drawn), columns=2, height=1.0, **room)
    for panel, row in zip(panels, drawn.itertuples(), strict=True):
        _curve(panel, table[table["finding"] == row.finding])
        heading = f"{row.holds} of {row.specifications}, {row.moved} move it"
        panel.set_title(f"{short(row.finding, 30)}: {heading}", size=7.5)
        panel.set_xlabel(short(row.turned_by or "no choice turns it", 58), size=7.5)
    alt = f"{len(drawn)} specification curves. {title}. Holds under: "
    pairs = zip(summary["holds"], summary["specifications"], strict=True)
    alt += listing(summary["finding"], [f"{holds} of {of}" for holds, of in pairs], 12)
    return Drawing(title, picture, table, alt)


def _curve(panel: Axes, part: pd.DataFrame) -> None:
    """The estimates of one finding, sorted, each with its interval and coloured by its verdict."""
    base = part["specification"].iloc[0]
    part = part.sort_values(["estimate", "specification"], kind="stable", ignore_index=True)
    for verdict, color in _VERDICTS.items():
        mine = part[part["holds"] == verdict]
        panel.vlines(mine.index, mine["low"], mine["high"], color=color, linewidth=1, alpha=0.6)
        panel.plot(mine.index, mine["estimate"], "o", color=color, markersize=2.8)
    mine = part[part["specification"] == base]
    panel.plot(mine.index, mine["estimate"], "o", markersize=7, markerfacecolor="none", color=INK)
    panel.axhline(0, color=GREY, linewidth=0.8)
    panel.set_xticks([])
    panel.margins(y=0.12)
    panel.yaxis.set_major_locator(MaxNLocator(4))
    if part["estimate"].abs().max() > 1000:
        write_numbers(panel, "thousands", "y")
