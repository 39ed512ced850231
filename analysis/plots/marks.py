"""Marks: what is drawn in the rows of a panel. Each is a function of panel, rows and table."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.plots.sheet import BLUE, GREY, ORANGE, PALE

Mark = Callable[[Axes, np.ndarray, pd.DataFrame], None]
"""Draws the lines of a table in a panel, each in the row that the array gives."""


def dots(
    value: str,
    interval: tuple[str, str] | None = None,
    *,
    color: str = BLUE,
    marker: str = "o",
    shift: float = 0.0,
    filled: str = "",
    label: str | None = None,
) -> Mark:
    """Points, with their intervals as lines; hollow where the column `filled` is false."""

    def draw(panel: Axes, rows: np.ndarray, table: pd.DataFrame) -> None:
        rows = rows + shift
        if interval:
            low, high = (table[name] for name in interval)
            panel.hlines(rows, low, high, color=color, linewidth=1.4, alpha=0.75, clip_on=False)
        full = table[filled].to_numpy(bool) if filled else np.ones(len(table), dtype=bool)
        style = {"marker": marker, "color": color, "markersize": 4.5, "linestyle": "none"}
        for chosen, face, name in ((full, color, label), (~full, "white", None)):
            points = table[value].where(chosen)
            panel.plot(points, rows, markerfacecolor=face, clip_on=False, label=name, **style)

    return draw


def bars(
    value: str, *, color: str = BLUE, shift: float = 0.0, height: float = 0.62, **style
) -> Mark:
    """Bars from 0; `color` is a colour or a column of colours."""

    def draw(panel: Axes, rows: np.ndarray, table: pd.DataFrame) -> None:
        colors = table.get(color, color)
        panel.barh(rows + shift, table[value], height, color=colors, **style)

    return draw


def stems(value: str, color: str = PALE) -> Mark:
    """Lines from 0 to a value; `color` is a colour or a column of colours."""

    def draw(panel: Axes, rows: np.ndarray, table: pd.DataFrame) -> None:
        panel.hlines(rows, 0, table[value], color=table.get(color, color), linewidth=1.6, alpha=0.6)

    return draw


def ticks(value: str, color: str = BLUE, half: float = 0.38) -> Mark:
    """Short upright lines, `half` a row to either side."""

    def draw(panel: Axes, rows: np.ndarray, table: pd.DataFrame) -> None:
        panel.vlines(table[value], rows - half, rows + half, color=color, linewidth=1)

    return draw


def reference(*values: float | str, dashes: object = "-") -> Mark:
    """A grey line across all rows at each number, or at the one value of a column."""

    def draw(panel: Axes, rows: np.ndarray, table: pd.DataFrame) -> None:
        for value in values:
            for at in table[value].head(1) if isinstance(value, str) else [value]:
                panel.axvline(at, color=GREY, linewidth=0.9, linestyle=dashes)

    return draw


def texts(at: str, text: str, *, align: str = "center", above: float = 0.0) -> Mark:
    """Words at a value, and room for them beside the outermost values."""

    def draw(panel: Axes, rows: np.ndarray, table: pd.DataFrame) -> None:
        panel.margins(x=0.2)
        place = {"xytext": (0, above), "textcoords": "offset points", "va": "center", "ha": align}
        for x, row, words in zip(table[at], rows, table[text], strict=True):
            if np.isfinite(x):
                panel.annotate(words, (x, row), size=7.3, **place)

    return draw


def dates(panel: Axes, rows: np.ndarray, table: pd.DataFrame) -> None:
    """A dot for a day, a bar over the whole month or year that a date leaves open."""
    day, first, last = table["date_precision"] == "day", table["first"], table["last"]
    panel.use_sticky_edges = False
    panel.plot(first[day], rows[day], "o", color=BLUE, markersize=6)
    panel.barh(rows[~day], (last - first)[~day], 0.3, first[~day], color=ORANGE)


def upright_bars(panel: Axes, rows: np.ndarray, table: pd.DataFrame) -> None:
    """Upright bars from `first` to `last` in each row, as high as the share `high` of the room."""
    width = table["last"] - table["first"]
    panel.bar(table["first"], -0.8 * table["high"], width, rows + 0.4, align="edge", color=BLUE)


def row_lines(panel: Axes, rows: np.ndarray, table: pd.DataFrame) -> None:
    """A pale line along each row."""
    panel.grid(axis="y", color=PALE, linewidth=0.5)
    panel.set_axisbelow(True)


def notes(panel: Axes, rows: np.ndarray, table: pd.DataFrame) -> None:
    """The column `note`, right of the panel."""
    style = {"textcoords": "offset points", "va": "center", "size": 7.5, "color": "#444444"}
    for row, note in zip(rows, table["note"], strict=True):
        panel.annotate(note, (1, row), (8, 0), xycoords=("axes fraction", "data"), **style)
