"""The sheet every figure is drawn on: style, fonts, title and panels."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, wraps
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import font_manager, rc_context, rc_params_from_file, rcdefaults, rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.errors import shown
from analysis.plots.words import short, wrapped

BLUE, ORANGE, GREY, PALE, INK = "#0072B2", "#D55E00", "#8A8A8A", "#D9D9D9", "#222222"
DASHED = (0, (3, 2))
SIGNIFICANT_DIGITS = 10
"""Of every number in a CSV, and so of every number drawn."""
MAX_ROWS = 40
_WIDTH = 7.5
_TITLE_COLUMNS, _SUBTITLE_COLUMNS = 76, 112
"""Characters that fit the width; wider titles were cut where they hold many wide letters."""
_STYLE = Path(__file__).with_name("house.mplstyle")
_PACKAGE, _FILE = "pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"
"""The package of the extra `chinese` that brings Noto Sans SC, which holds both scripts."""
_CHINESE_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei"),
    *("WenQuanYi Zen Hei", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "SimHei"),
)
"""Fonts of systems that are used where the package is missing; figures then depend on the system."""
FIGURES: dict[str, Callable[..., Drawing]] = {}
"""Every function that draws a figure, by name."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure with its title, the numbers it draws, its alternative text and its name."""

    title: str
    figure: Figure
    data: pd.DataFrame
    alt: str
    name: str = ""


def figure(draw: Callable[..., Drawing]) -> Callable[..., Drawing]:
    """A function that draws, under the one style; the figure has the name of the function.

    What is drawn are the numbers that the CSV beside the figure holds: the last bits of a float
    differ between processors, and can move a line by a pixel.
    """

    @wraps(draw)
    def inner(*args, **kwargs) -> Drawing:
        with own_style():
            drawing = draw(*map(_as_in_csv, args), **kwargs)
        return replace(drawing, name=draw.__name__)

    FIGURES[draw.__name__] = inner
    return inner


def _as_in_csv(table: object) -> object:
    """A table with its floats rounded to the SIGNIFICANT_DIGITS of a CSV; anything else as it is."""
    if not isinstance(table, pd.DataFrame):
        return table
    floats = table.select_dtypes("float")
    rounded = {
        name: [float(f"{value:.{SIGNIFICANT_DIGITS}g}") for value in floats[name]]
        for name in floats
    }
    return table.assign(**{name: np.array(values, float) for name, values in rounded.items()})


# --- style and fonts -----------------------------------------------------------------------------


@contextmanager
def own_style() -> Iterator[None]:
    """matplotlib's defaults with the style on top, whatever a user's matplotlibrc says."""
    with rc_context():
        rcdefaults()
        rcParams.update(rc_params_from_file(_STYLE, use_default_template=False))
        rcParams["font.family"] = _fonts()
        yield


@cache
def _fonts() -> list[str]:
    """The figures' own font, and one for the Chinese characters that it lacks, if there is one."""
    found, fonts = importlib.util.find_spec(_PACKAGE), font_manager.fontManager.ttflist
    file = Path(found.origin).with_name(_FILE) if found and found.origin else Path(_FILE)
    if file.is_file():
        font_manager.fontManager.addfont(file)
        chosen = fonts[-1:]
    else:
        here = {font.name: font for font in fonts}
        chosen = [here[name] for name in _CHINESE_FONTS if name in here][:1]
    fonts += [replace(font, weight=700) for font in chosen]  # regular stands in for a missing bold
    return ["DejaVu Sans", *(font.name for font in chosen)]


# --- the sheet -----------------------------------------------------------------------------------


def sheet(
    claim: tuple[str, str],
    n: int = 1,
    *,
    height: float,
    columns: int = 1,
    left: float = 0.7,
    right: float = 0.3,
    bottom: float = 0.5,
    gap_x: float = 0.6,
    title_lines: int = 0,
) -> tuple[Figure, list[Axes]]:
    """A figure with a claim (title and subtitle), and n panels in rows of `columns`; measures in inches.

    `height` is that of one panel, `title_lines` those above each panel.
    """
    lines = wrapped(shown(claim[0], quote=False, longest=400), _TITLE_COLUMNS)
    more = wrapped(shown(claim[1], quote=False, longest=600), _SUBTITLE_COLUMNS)
    rows, gap_y = -(-n // columns), 0.37 + 0.18 * title_lines
    top = 0.26 + 0.2 * len(lines) + 0.155 * len(more) + 0.18 * title_lines
    full = top + height * rows + gap_y * (rows - 1) + bottom
    picture = Figure(figsize=(_WIDTH, full))
    begin, under = 0.12 / _WIDTH, 1 - (0.14 + 0.2 * len(lines)) / full
    picture.text(begin, 1 - 0.1 / full, "\n".join(lines), va="top", size=11, weight="bold")
    picture.text(begin, under, "\n".join(more), va="top", size=8, color="#555555")
    wide = (_WIDTH - left - right - gap_x * (columns - 1)) / columns
    places = picture.add_gridspec(
        rows,
        columns,
        left=left / _WIDTH,
        right=1 - right / _WIDTH,
        bottom=bottom / full,
        top=1 - top / full,
        wspace=gap_x / wide,
        hspace=gap_y / height,
    )
    return picture, [picture.add_subplot(places[k]) for k in range(n)]


def rows_axis(panel: Axes, labels: Sequence[str], longest: int = 26) -> None:
    """Row labels of a panel, the first on top."""
    panel.set_yticks(range(len(labels)), [short(label, longest) for label in labels])
    panel.set_ylim(len(labels) - 0.4, -0.6)
    panel.tick_params(axis="y", length=0, pad=7)
    panel.spines["left"].set_visible(False)


def blank(title: str, reason: str, data: pd.DataFrame) -> Drawing:
    """A figure that says why there is nothing to draw."""
    picture, (panel,) = sheet((title, reason), height=0.2, bottom=0.1)
    panel.set_axis_off()
    return Drawing(title, picture, data, f"No chart: {reason}")
