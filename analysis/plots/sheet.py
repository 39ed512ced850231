"""The sheet every figure is drawn on: style, layout, labels."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from itertools import islice

import numpy as np
import pandas as pd
from matplotlib import rc_context, rcdefaults, rcParams
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from analysis.corpus import EVERY, NO_VALUE, OTHERS
from analysis.errors import shown
from analysis.plots.glyphs import cut, width_of, wrapped
from analysis.statistics.uncertainty import FEWEST_DOCUMENTS

BLUE, ORANGE, GREY, PALE, INK = "#0072B2", "#D55E00", "#8A8A8A", "#D9D9D9", "#222222"
SHADES = ("#0B3C5D", "#2E7DA6", "#7FB3CC", "#BFD7E3", "#E3EDF2")
_WIDTH = 7.5
SIGNIFICANT_DIGITS = 10
"""Of every number in a CSV, and so of every number drawn."""
MOST_ROWS = 40
CLEAR_Z = 1.96
_STYLE = {
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.labelsize": 8.5,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "date.epoch": "1970-01-01T00:00:00",
    "figure.dpi": 150,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "savefig.dpi": 150,
    "svg.fonttype": "path",
    "svg.hashsalt": "workbook",
    "text.color": INK,
    "text.parse_math": False,
    "timezone": "UTC",
    "xtick.color": INK,
    "xtick.labelsize": 8,
    "xtick.major.width": 0.6,
    "ytick.color": INK,
    "ytick.labelsize": 8.5,
    "ytick.major.width": 0.6,
}


@contextmanager
def own_style() -> Iterator[None]:
    """matplotlib's defaults with STYLE on top, whatever a user's matplotlibrc says."""
    with rc_context():
        rcdefaults()
        rcParams.update(_STYLE)
        yield


with own_style():  # matplotlib fixes the epoch of its dates at the first use
    FIRST_DAY, LAST_DAY = (date2num(day) for day in (datetime.date.min, datetime.date.max))


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure with its name, its title, the numbers it draws and its alternative text."""

    name: str
    title: str
    figure: Figure
    data: pd.DataFrame
    alt: str


def styled(draw: Callable[..., Drawing]) -> Callable[..., Drawing]:
    """Draw under the one style, and refuse a name that is not the function's.

    What is drawn are the numbers that the CSV beside the figure holds: the last bits of a float
    differ between processors, and can move a line by a pixel.
    """

    @wraps(draw)
    def inner(*args, **kwargs) -> Drawing:
        with own_style():
            drawing = draw(*map(_as_in_csv, args), **kwargs)
        assert drawing.name == draw.__name__, "a figure has the name of the function that draws it"
        return drawing

    return inner


def _as_in_csv(table: object) -> object:
    """A table with its floats rounded to the SIGNIFICANT_DIGITS of a CSV; anything else as it is."""
    if not isinstance(table, pd.DataFrame):
        return table
    floats = table.select_dtypes("float").columns
    return table.assign(**{name: _rounded(table[name].to_numpy()) for name in floats})


def _rounded(values: np.ndarray) -> np.ndarray:
    """Floats rounded to SIGNIFICANT_DIGITS."""
    return np.array([float(f"{value:.{SIGNIFICANT_DIGITS}g}") for value in values], dtype=float)


# --- the sheet -------------------------------------------------------------------------------------


def sheet(
    title: str,
    subtitle: str,
    *,
    body: float,
    rows: int = 1,
    columns: int = 1,
    left: float = 0.7,
    right: float = 0.25,
    bottom: float = 0.5,
    gap_x: float = 0.35,
    gap_y: float = 0.5,
    panel_title_lines: int = 0,
) -> tuple[Figure, list[Axes]]:
    """A figure with title and subtitle and a grid of panels; all measures in inches.

    `body` is the height of the panels together with the gaps between them.
    """
    lines = wrapped(shown(title, quote=False, longest=400), 80)
    more = wrapped(shown(subtitle, quote=False, longest=600), 112)
    top = 0.12 + 0.2 * len(lines) + 0.155 * len(more) + 0.14 + 0.18 * panel_title_lines
    height = top + body + bottom
    figure = Figure(figsize=(_WIDTH, height))
    figure.text(0.12 / _WIDTH, 1 - 0.1 / height, "\n".join(lines), va="top", size=11, weight="bold")
    under = 0.14 + 0.2 * len(lines)
    figure.text(
        0.12 / _WIDTH, 1 - under / height, "\n".join(more), va="top", size=8, color="#555555"
    )
    wide = (_WIDTH - left - right - gap_x * (columns - 1)) / columns
    high = (body - gap_y * (rows - 1)) / rows
    panels = []
    for row in range(rows):
        for column in range(columns):
            x = left + column * (wide + gap_x)
            y = bottom + (rows - 1 - row) * (high + gap_y)
            panels.append(figure.add_axes((x / _WIDTH, y / height, wide / _WIDTH, high / height)))
    return figure, panels


def grid(
    title: str, subtitle: str, n: int, *, columns: int, row_height: float, **layout
) -> tuple[Figure, list[Axes]]:
    """A sheet of n titled panels in rows of `columns`; `row_height` in inches, gap included."""
    rows = -(-n // columns)
    layout = {"panel_title_lines": 1, **layout}
    figure, panels = sheet(
        title, subtitle, body=row_height * rows, rows=rows, columns=columns, **layout
    )
    for panel in panels[n:]:
        panel.set_axis_off()
    return figure, panels[:n]


def by_language(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows of a table that speak of one language each, the language beside the name in `column`.

    What is measured in no document of a language has no rows of it. The table itself where the
    corpus has one language.
    """
    if "language" not in table:
        return table
    apart = table[table["language"] != EVERY]
    size = "tokens" if "tokens" in apart else "units"
    keys = [apart[column], apart["language"]]
    apart = apart[apart.groupby(keys)[size].transform("sum") > 0]
    named = apart[column] + " (" + apart["language"].replace("", "no language") + ")"
    return apart.assign(**{column: named}).reset_index(drop=True)


def of_the_language(table: pd.DataFrame) -> str:
    """What is added to 'all documents' where a corpus has several languages."""
    return " of the language" if "language" in table else ""


def labels_of(rows: Sequence[str], n: int, columns: int) -> Sequence[str]:
    """Row labels for the n-th panel of a grid: only the leftmost panels carry them."""
    return rows if n % columns == 0 else [""] * len(rows)


def extremes(part: pd.DataFrame, column: str) -> tuple[pd.Series, pd.Series]:
    """The rows with the highest and the lowest value of a column."""
    return part.loc[part[column].idxmax()], part.loc[part[column].idxmin()]


def nameable(rows: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """The rows whose group a title may name, and whether they stand for these texts only.

    Never '(none)' or '(others)'. Where any group has FEWEST_DOCUMENTS documents, only the rows with
    so many; where none has, a title speaks of these texts.
    """
    rows = rows[~rows["group"].isin([EVERY, NO_VALUE, OTHERS])]
    large = rows["documents"] >= FEWEST_DOCUMENTS
    return (rows[large], False) if large.any() else (rows, True)


def clear_pair(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series] | None:
    """The two rows whose intervals lie farthest apart, the higher first; None where all overlap."""
    known = rows.dropna(subset=["low", "high"])
    if len(known) < 2:
        return None
    high, low = known.loc[known["low"].idxmax()], known.loc[known["high"].idxmin()]
    return (high, low) if high["low"] > low["high"] else None


def clear_gaps(rows: pd.DataFrame, by: str, value: str) -> list[tuple]:
    """(gap, name, higher row, lower row) of every part of a table that has a clear pair of rows."""
    gaps = []
    for name, part in rows.groupby(by, sort=False):
        if (pair := clear_pair(part)) is not None:
            gaps.append((pair[0][value] - pair[1][value], name, *pair))
    return gaps


def of_these_texts(title: str, few: bool) -> str:
    """A title, where documents are few as one that speaks of these texts only."""
    return f"In these texts {title[0].lower()}{title[1:]}" if few else title


def rest_on_texts(*rows: pd.Series) -> bool:
    """Whether an interval among some rows describes these texts only."""
    return any(row["interval"] != "documents" for row in rows)


def leading(part: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows that share the highest value of a column."""
    return part[part[column] == part[column].max()]


def blank(name: str, title: str, reason: str, data: pd.DataFrame) -> Drawing:
    """A figure that says why there is nothing to draw."""
    figure, (panel,) = sheet(title, reason, body=0.2, bottom=0.1)
    panel.set_axis_off()
    return Drawing(name, title, figure, data, f"No chart: {reason}")


def short(label: object, longest: int = 26) -> str:
    """A label cut to a length, nothing invisible in it."""
    return cut(shown(str(label), quote=False, longest=400), longest)


def left_for(labels: Iterable[str], longest: int = 26) -> float:
    """Inches to the left of a panel that its row labels need."""
    return 0.36 + 0.068 * max((width_of(short(label, longest)) for label in labels), default=4)


def rows_axis(panel: Axes, labels: Sequence[str], longest: int = 26) -> np.ndarray:
    """Put row labels on a panel, the first on top; returns the rows' positions."""
    places = np.arange(len(labels))
    panel.set_yticks(places, [short(label, longest) for label in labels])
    panel.set_ylim(len(labels) - 0.4, -0.6)
    panel.tick_params(axis="y", length=0, pad=7)
    panel.spines["left"].set_visible(False)
    return places


def interval_rows(panel: Axes, places, values, low, high, *, color=BLUE, marker="o") -> None:
    """Points with horizontal intervals; a missing value draws nothing."""
    panel.hlines(places, low, high, color=color, linewidth=1.4, alpha=0.75, clip_on=False)
    panel.plot(values, places, marker, color=color, markersize=4.5, linestyle="none", clip_on=False)


def hollow_points(panel: Axes, values, places, filled, *, color=BLUE, marker="o") -> None:
    """Points that are filled where `filled` is true and hollow elsewhere."""
    for value, place, full in zip(values, places, filled, strict=True):
        face = color if full else "white"
        panel.plot(value, place, marker, color=color, markersize=5, markerfacecolor=face)


def end_labels(panel: Axes, places, values, labels: Sequence[str], *, offset: float = 4) -> None:
    """Labels right of the ends of bars."""
    for place, value, label in zip(places, values, labels, strict=True):
        if np.isfinite(value):
            panel.annotate(
                label,
                (value, place),
                xytext=(offset, 0),
                textcoords="offset points",
                va="center",
                size=7.5,
                color="#444444",
            )


def shaded_table(
    panel: Axes, cells: pd.DataFrame, rows: Mapping[str, str], columns: Mapping[str, str]
) -> None:
    """Shares with their intervals written in cells, the darker the higher.

    `cells` has the columns row, column, share, low, high; `rows` and `columns` are their labels,
    in order.
    """
    shares = cells.pivot(index="row", columns="column", values="share")
    values = np.ma.masked_invalid(shares.loc[list(rows), list(columns)].to_numpy(dtype=float))
    reach = max(0.5, float(values.max())) if values.count() else 0.5
    panel.imshow(values, cmap="Blues", vmin=0, vmax=reach, aspect="auto")
    panel.set_yticks(range(len(rows)), list(rows.values()))
    panel.set_xticks(range(len(columns)), list(columns.values()))
    panel.xaxis.tick_top()
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    places = [{key: n for n, key in enumerate(keys)} for keys in (columns, rows)]
    for cell in cells.itertuples():
        told = f"{percent(cell.share)}  ({cell.low * 100:.0f}–{cell.high * 100:.0f})"
        panel.text(
            places[0][cell.column],
            places[1][cell.row],
            told if np.isfinite(cell.share) else "–",
            ha="center",
            va="center",
            size=7.5,
            color="white" if cell.share > 0.6 * reach else INK,
        )


def joined(names: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def first_of(shown_ones: Sequence[str], n: int, what: str) -> str:
    """' First 12 of 15 terms.', or nothing where all are shown."""
    return f" First {len(shown_ones)} of {n} {what}." if len(shown_ones) < n else ""


def listing(labels: Collection[str], values: Iterable[str], most: int = 8) -> str:
    """'label value, label value, …' for alternative texts; no more are looked at than are named."""
    pairs = islice(zip(labels, values, strict=True), most)
    named = ", ".join(f"{label} {value}" for label, value in pairs)
    return named + (f" and {len(labels) - most} more" if len(labels) > most else "")


def percent(share: float) -> str:
    """A share as '12 %', a missing one as a dash."""
    return "–" if not np.isfinite(share) else f"{share * 100:.0f} %"


def plural(n: int, noun: str) -> str:
    """'1 document', '2 documents'."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def interval_words(kinds: Iterable[str], confidence: float) -> str:
    """How the intervals of a figure are to be read."""
    kinds = {kind for kind in kinds if kind}
    parts = []
    if "documents" in kinds:
        parts.append("over documents: Wilson, with their design effect and Student's t")
    if "texts" in kinds:
        parts.append(
            f"below {FEWEST_DOCUMENTS} documents: Wilson, speaks of the wording of these texts only"
        )
    return (
        f"Lines: {confidence * 100:g} % interval ({'; '.join(parts)})" if parts else "No intervals"
    )


def thousands(panel: Axes, axis: str = "x") -> None:
    """Write the numbers of an axis with thousands separated."""
    getattr(panel, f"{axis}axis").set_major_formatter("{x:,.0f}")


def dates_axis(panel: Axes) -> None:
    """A time axis with few, plain labels."""
    panel.xaxis_date()
    low, high = panel.get_xlim()
    panel.set_xlim(max(low, FIRST_DAY), min(high, LAST_DAY))
    locator = AutoDateLocator(minticks=3, maxticks=7)
    panel.xaxis.set_major_locator(locator)
    panel.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    panel.grid(axis="x", color=PALE, linewidth=0.5)
    panel.set_axisbelow(True)


def few_ticks() -> MaxNLocator:
    return MaxNLocator(4)


def whole_years() -> MaxNLocator:
    return MaxNLocator(10, integer=True)


def percent_axis() -> PercentFormatter:
    return PercentFormatter(1.0, decimals=0, symbol=" %")


def few_whole_ticks() -> MaxNLocator:
    return MaxNLocator(4, integer=True)
