"""Layouts: the few ways in which figures arrange a table."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from analysis.corpus import EVERY
from analysis.plots import marks
from analysis.plots.sheet import BLUE, GREY, INK, ORANGE, PALE, rows_axis, sheet
from analysis.plots.words import inches_for, percent, short
from analysis.tables.trends import period_bounds

_SHADES = ("#0B3C5D", "#2E7DA6", "#7FB3CC", "#BFD7E3", "#E3EDF2")
_MAX_GROUPS = 15
_MAX_TALL = 15
"""Rows of a single panel that have room to spare; more of them are set closer."""


# --- axes ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Axis:
    """A horizontal axis: how its numbers are written, its limits and its name."""

    form: str = "plain"
    """plain, percent, thousands or dates."""
    low: float | None = None
    high: float | None = None
    label: str = ""


def write_numbers(panel: Axes, form: str, axis: str = "x") -> None:
    """Write the numbers of an axis in one of the forms of `Axis`."""
    if form == "percent":
        form = PercentFormatter(1.0, decimals=0, symbol=" %")
    elif form == "thousands":
        form = "{x:,.0f}"
    if form != "plain":
        getattr(panel, f"{axis}axis").set_major_formatter(form)


def dates_axis(panel: Axes, low: float | None = None, high: float | None = None) -> None:
    """A time axis with few, plain labels, within the dates that can be drawn."""
    panel.xaxis_date()
    known = panel.get_xlim()
    low, high = known[0] if low is None else low, known[1] if high is None else high
    first, last = (date2num(day) for day in (datetime.date.min, datetime.date.max))
    panel.set_xlim(max(low, first), min(high, last))
    locator = AutoDateLocator(minticks=3, maxticks=7)
    panel.xaxis.set_major_locator(locator)
    panel.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    panel.grid(axis="x", color=PALE, linewidth=0.5)
    panel.set_axisbelow(True)


def day_numbers(labels: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
    """The first day of each date or period, and the day after its last, as matplotlib counts."""
    bounds = [period_bounds(label) for label in labels]
    first, last = (np.array([date2num(pair[n]) for pair in bounds]) for n in (0, 1))
    return first, last + 1


# --- rows ----------------------------------------------------------------------------------------


def row_panels(
    claim: tuple[str, str],
    rows: Sequence[str],
    panels: Sequence[tuple[str, pd.DataFrame]],
    drawn: Sequence[marks.Mark],
    axis: Axis = Axis(),
    *,
    columns: int = 1,
    height: float = 0.0,
    legend: str | None = None,
) -> Figure:
    """Panels with the same labelled rows; each panel is a heading and a table.

    The index of a panel's table is the number of the row in which each of its lines is drawn; its
    column `note`, if it has one, is written right of the rows. `claim` is title and subtitle,
    `height` that of a row, `legend` the title of the legend of marks with labels; None: no legend.
    """
    notes = panels[-1][1].get("note", ())
    lines = max(heading.count("\n") + (heading != "") for heading, _ in panels)
    lines += 0 if legend is None else 1 + (legend != "")
    height = height or (0.19 if columns > 1 or len(rows) > _MAX_TALL else 0.28)
    figure, axes = sheet(
        claim,
        len(panels),
        columns=columns,
        height=height * len(rows) + 0.1,
        left=inches_for(map(short, rows)),
        right=inches_for(notes, 0.3),
        bottom=0.55 if axis.label else 0.4,
        gap_x=0.9 / columns,
        title_lines=lines,
    )
    for n, (panel, (heading, table)) in enumerate(zip(axes, panels, strict=True)):
        rows_axis(panel, rows if n % columns == 0 else [""] * len(rows))
        panel.set_title(heading, size=8 if columns > 2 or "\n" in heading else 9)
        panel.set_xlabel(axis.label)
        if columns > 1:
            panel.xaxis.set_major_locator(MaxNLocator(4))
        for mark in [*drawn, marks.notes] if len(notes) else drawn:
            mark(panel, table.index.to_numpy(float), table)
        if axis.form == "dates":
            dates_axis(panel, axis.low, axis.high)
        else:
            write_numbers(panel, axis.form)
            panel.set_xlim(axis.low, axis.high)
    if legend is not None:
        _draw_legend(axes[0], legend)
    return figure


def _draw_legend(panel: Axes, title: str) -> None:
    """The labels of marks in one line above a panel."""
    style = {"frameon": False, "fontsize": 7.5, "title_fontsize": 7.5, "alignment": "left"}
    place = {"loc": "lower left", "bbox_to_anchor": (0, 1.0), "borderpad": 0, "ncols": 5}
    panel.legend(title=title, **place, **style)


def row_panel(
    claim: tuple[str, str],
    table: pd.DataFrame,
    row: str,
    drawn: Sequence[marks.Mark],
    axis: Axis = Axis(),
    **layout,
) -> Figure:
    """One panel with a row for each line of a table, named by the column `row`."""
    panels = [("", table.reset_index(drop=True))]
    return row_panels(claim, table[row], panels, drawn, axis, **layout)


def placed(table: pd.DataFrame, column: str, rows: Sequence[str]) -> pd.DataFrame:
    """The lines of a table that a panel with these rows shows, each with its row as index."""
    numbers = table[column].map({row: n for n, row in enumerate(rows)})
    return table[numbers.notna()].set_index(numbers.dropna())


def shares_by_bin(data: pd.DataFrame, order: Sequence[str], ends: Sequence[int]) -> pd.DataFrame:
    """The share of each document's words in each bin of `in_documents`, named by its numbers."""
    names = ["only here"]
    for before, last in pairwise(ends):
        names.append(f"{last:,}" if before + 1 == last else f"{before + 1:,}–{last:,}")
    bins = pd.cut(data["in_documents"], [0, *ends], labels=names)
    shares = data.groupby(["document", bins], observed=False)["share"].sum().unstack()
    return shares.reindex(order).fillna(0.0)


def stacked_rows(claim: tuple[str, str], shares: pd.DataFrame, legend: str) -> Figure:
    """The columns of a table of shares as bars one behind the other, a row for each of its lines."""
    panels, axis = [("", shares.reset_index(drop=True))], Axis(low=0, high=1)
    rows = list(shares.index)
    return row_panels(claim, rows, panels, [_stacked_bars], axis, height=0.3, legend=legend)


def _stacked_bars(panel: Axes, rows: np.ndarray, table: pd.DataFrame) -> None:
    """Stacked bars, their shares written where there is room."""
    start = pd.Series(0.0, table.index)
    for n, (shade, name) in enumerate(zip(_SHADES, table, strict=False)):
        panel.barh(rows, table[name], 0.66, start, color=shade, label=name, edgecolor="white")
        style = {"ha": "center", "va": "center", "size": 7, "color": "white" if n < 2 else INK}
        for row, left, share in zip(rows, start, table[name], strict=True):
            if share >= 0.045:
                panel.text(left + share / 2, row, percent(share), **style)
        start = start + table[name]
    panel.set_xticks([])
    panel.spines["bottom"].set_visible(False)


def drawn_groups(table: pd.DataFrame) -> list[str]:
    """The groups that get a row: the first of the table."""
    return [group for group in dict.fromkeys(table["group"]) if group != EVERY][:_MAX_GROUPS]


def dot_panels(
    claim: tuple[str, str],
    table: pd.DataFrame,
    headings: Mapping[str, str],
    *,
    panel: str,
    value: str,
    axis: Axis,
    more: Sequence[marks.Mark] = (),
) -> Figure:
    """A panel for each value of the column `panel` that `headings` names; groups with intervals.

    A grey line marks the value of all documents.
    """
    groups, panels = drawn_groups(table), []
    for key, heading in headings.items():
        mine = table[table[panel] == key]
        every = mine.loc[mine["group"] == EVERY, value].iloc[0]
        panels.append((heading, placed(mine, "group", groups).assign(every=every)))
    drawn = [marks.row_lines, *more, marks.reference("every"), marks.dots(value, ("low", "high"))]
    return row_panels(claim, groups, panels, drawn, axis, columns=2)


def difference_panels(
    claim: tuple[str, str], table: pd.DataFrame, numbers: list[str], drawn: Sequence[marks.Mark]
) -> Figure:
    """A panel for each pair of groups, a row for each frame, with zero in the middle.

    The columns `numbers` hold differences of shares, and are drawn in percentage points.
    """
    points = table.assign(**(table[numbers].astype(float) * 100))
    reach = 1.04 * float(np.nanmax(np.abs(points[numbers].to_numpy()), initial=5))
    frames = list(dict.fromkeys(table["frame"]))
    panels = [
        (f"{short(mine, 24)}\nminus {short(other, 22)}", placed(part, "frame", frames))
        for (mine, other), part in points.groupby(["group", "other"], sort=False)
    ]
    marked = [marks.row_lines, marks.reference(0), *drawn]
    columns = min(3, len(panels))
    return row_panels(claim, frames, panels, marked, Axis(low=-reach, high=reach), columns=columns)


# --- tables, histograms, lines -------------------------------------------------------------------


def shaded_table(
    claim: tuple[str, str],
    cells: pd.DataFrame,
    column: str,
    rows: Mapping[str, str],
    columns: Mapping[str, str],
) -> Figure:
    """Shares of frames with their intervals written in cells, the darker the higher.

    `rows` and `columns` are the labels of the frames and of the values of `column`, in order.
    """
    figure, (panel,) = sheet(
        claim, height=0.3 * len(rows), left=inches_for(rows.values()), bottom=0.15, title_lines=1
    )
    shares = cells.pivot(index="frame", columns=column, values="share")
    values = np.ma.masked_invalid(shares.loc[list(rows), list(columns)].to_numpy(dtype=float))
    reach = max(0.5, float(values.max())) if values.count() else 0.5
    panel.imshow(values, cmap="Blues", vmin=0, vmax=reach, aspect="auto")
    rows_axis(panel, list(rows.values()), 40)
    panel.set_ylim(len(rows) - 0.5, -0.5)
    panel.set_xticks(range(len(columns)), list(columns.values()))
    panel.xaxis.tick_top()
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    style = {"ha": "center", "va": "center", "size": 7.5}
    for cell in cells.itertuples():
        at = list(columns).index(getattr(cell, column)), list(rows).index(cell.frame)
        interval = f"{cell.low * 100:.0f}–{cell.high * 100:.0f}"
        known = np.isfinite(cell.share)
        words = f"{percent(cell.share)}  ({interval})" if known else "–"
        panel.text(*at, words, color="white" if cell.share > 0.6 * reach else INK, **style)
    return figure


def binned(values: pd.Series, bins: int) -> pd.DataFrame:
    """How many known values lie between `low` and `high`, in bins of equal width; their median."""
    known = values.dropna().to_numpy(float)
    counts, edges = np.histogram(known, bins=bins) if len(known) else ([], np.zeros(1))
    table = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "count": counts})
    return table.assign(median=values.median())


def histograms(
    claim: tuple[str, str],
    panels: Sequence[tuple[str, pd.DataFrame]],
    *,
    columns: int = 1,
    height: float = 2.2,
    label: str = "",
) -> Figure:
    """Counts of documents or mentions as bars from `low` to `high`; a heading and a table a panel.

    Where a table has a column `median`, a line marks it.
    """
    digits = max(len(f"{table['count'].max():,}") for _, table in panels)
    figure, axes = sheet(
        claim,
        len(panels),
        columns=columns,
        height=height,
        left=0.5 + 0.07 * digits,
        gap_x=0.35 + 0.07 * digits,
        title_lines=int(panels[0][0] != ""),
    )
    for panel, (heading, table) in zip(axes, panels, strict=True):
        width = table["high"] - table["low"]
        panel.bar(table["low"], table["count"], width, align="edge", color=BLUE)
        if "median" in table and len(table):
            panel.axvline(table["median"].iloc[0], color=ORANGE, linewidth=1)
        panel.set_title(heading)
        panel.set_xlabel(label)
        panel.xaxis.set_major_locator(MaxNLocator(4 if columns > 1 else 10, integer=columns == 1))
        panel.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        panel.set_ylim(0, max(table["count"].max() * 1.05, 1) if len(table) else 1)
        write_numbers(panel, "thousands", "y")
    return figure


def curve_ends(curves: Mapping[str, pd.DataFrame], reach: float, names: set[str]) -> pd.DataFrame:
    """Where each named line of a panel ends (at `reach` if it runs on).

    A line with fewer than three points in the panel is as good as not there.
    """
    rows = []
    for name, part in curves.items():
        x = min(float(part["tokens"].iloc[-1]), reach)
        if name in names and (x < reach or (part["tokens"] <= reach).sum() >= 3):
            rows.append((name, x, float(np.interp(x, part["tokens"], part["types"]))))
    return pd.DataFrame(rows, columns=["label", "x", "y"])


def label_ends(panel: Axes, ends: pd.DataFrame) -> None:
    """Labels right of a panel at the height of its lines' ends, none covering another.

    `ends` has the columns x, y, label and, if they are to differ, color.
    """
    rows = ends.sort_values(["y", "label"], ascending=False, kind="stable")
    bottom, top = panel.get_ylim()
    height = np.inf
    for row in rows.itertuples():
        height = min((row.y - bottom) / (top - bottom), height - 0.055)
        panel.annotate(
            short(row.label, 21),
            (row.x, row.y),
            (1.04, height),
            textcoords="axes fraction",
            va="center",
            size=7.5,
            color=getattr(row, "color", INK),
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.4},
            annotation_clip=False,
        )
