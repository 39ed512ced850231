"""Figures: one table in, one drawing out. The only place that draws."""

from analysis.plots import framing, overview, trends, validity
from analysis.plots.sheet import FIGURES, Drawing

__all__ = ["FIGURES", "Drawing", "framing", "overview", "trends", "validity"]


def __getattr__(name: str):
    """A figure by the name of the function that draws it, such as `plots.timeline`."""
    if name in FIGURES:
        return FIGURES[name]
    raise AttributeError(f"module 'analysis.plots' has no figure {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *FIGURES])
