"""Changes of trends split by source, dated, and refused where the periods are too few."""

import numpy as np
import pandas as pd
import pytest

from analysis import plots
from analysis.report import trends as report_trends
from analysis.tables import changes


def trends(cells: dict[str, list[tuple[int, int]]], periods=None) -> pd.DataFrame:
    """A table of one term: for each source the (count, tokens) of every period."""
    periods = periods or [str(2000 + n) for n in range(len(next(iter(cells.values()))))]
    rows = [
        ("race", period, source, count, size)
        for source, values in cells.items()
        for period, (count, size) in zip(periods, values, strict=True)
    ]
    for n, period in enumerate(periods):
        both = np.sum([values[n] for values in cells.values()], axis=0)
        rows.append(("race", period, "all", *both.tolist()))
    return pd.DataFrame(rows, columns=["term", "period", "group", "count", "tokens"])


def test_split_by_hand():
    """Rate .2 to .275: 37,500 per million from other sources, 37,500 from the same ones."""
    row = changes.split_table(trends({"A": [(10, 100), (10, 50)], "B": [(30, 100), (45, 150)]}))
    assert row.iloc[0, 3:6].tolist() == pytest.approx([75_000, 37_500, 37_500])


def test_split_counts_sources_that_come_and_go():
    """B falls silent, C begins to speak: one went, one came, and all the change is theirs."""
    table = changes.split_table(
        trends({"A": [(1, 10), (1, 10)], "B": [(4, 10), (0, 0)], "C": [(0, 0), (2, 10)]})
    )
    row = table.iloc[0]
    assert (row["came"], row["went"], row["same_sources"]) == (1, 1, 0)
    assert row["change"] == pytest.approx(row["other_sources"]) == pytest.approx(-1e5)


def test_split_ends_with_the_whole_change():
    """Three periods give two steps, the change from first to last, and that between the halves."""
    table = changes.split_table(trends({"A": [(1, 10), (5, 10), (3, 10)]}))
    assert table["after"].tolist() == ["2001", "2002", "2002", "2001–2002"]
    assert table["span"].tolist() == ["step", "step", "ends", "halves"]
    assert table["change"].to_numpy() == pytest.approx([4e5, -2e5, 2e5, 3e5])


def test_split_passes_over_silent_periods():
    """A period without a token is no period to change to."""
    table = changes.split_table(trends({"A": [(1, 10), (0, 0), (3, 10)]}))
    assert table[["before", "after"]].to_numpy().tolist() == [["2000", "2002"]]


def test_change_is_dated():
    """Twelve periods near 100 and twelve near 300 in a thousand: after the twelfth, give or take one."""
    level = [100, 104, 98, 101, 99, 103, 97, 102, 100, 98, 101, 99]
    cells = {"A": [(n, 1000) for n in level] + [(n + 200, 1000) for n in level]}
    row = changes.change_table(trends(cells), resamples=200).iloc[0]
    assert row[["last_before", "first_after", "low", "high"]].tolist() == [
        "2011",
        "2012",
        "2010",
        "2012",
    ]
    assert row["shift"] == pytest.approx(200_000)
    assert (row["p"], row["refusal"]) == (pytest.approx(1 / 201), "")


def test_change_in_few_periods_is_refused():
    """Seven periods: the likeliest place is named, without interval and p."""
    table = changes.change_table(trends({"A": [(1, 100)] * 3 + [(9, 100)] * 4}), resamples=200)
    row = table.iloc[0]
    assert (row["last_before"], row["low"], row["refusal"]) == (
        "2002",
        "",
        "7 periods: no interval below 20",
    )
    assert np.isnan([row["p"], row["q"]]).all()


# --- in words and drawn ------------------------------------------------------------------------------

SHARED = {"A": [(10, 100), (10, 50)], "B": [(30, 100), (45, 150)]}
APART = {"A": [(10, 100), (0, 0)], "B": [(0, 0), (45, 150)]}


@pytest.mark.parametrize(
    ("cells", "common", "told"),
    [
        (SHARED, 2, "1 of 1 comparisons of periods share a source."),
        (APART, 0, "0 of 1 comparisons of periods share a source. Where none is shared"),
        ({"A": [(1, 10)]}, None, "Fewer than two periods: there is no change to split."),
    ],
)
def test_split_is_told(cells, common, told):
    """How many sources speak in both periods, and what follows where none does."""
    table = changes.split_table(trends(cells))
    assert report_trends.describe_split(table).startswith(told)
    assert table["common"].tolist() == ([] if common is None else [common])


def test_split_is_drawn_where_sources_are_shared():
    """The title gives the change and its two parts, here equal; without a shared source it says so."""
    drawing = plots.trend_split(changes.split_table(trends(SHARED)), group="source")
    assert drawing.title.startswith(
        "‘race’ changes by +75,000 per million, as much because the same source spoke differently as"
    )
    apart = plots.trend_split(changes.split_table(trends(APART)), group="source")
    assert apart.title == "No source speaks in two of the periods compared"


def test_changes_are_told():
    """A dated change with its interval; too few periods with the reason."""
    level = [100, 104, 98, 101, 99, 103, 97, 102, 100, 98, 101, 99]
    cells = {"A": [(n, 1000) for n in level] + [(n + 200, 1000) for n in level]}
    told = report_trends.describe_changes(changes.change_table(trends(cells), resamples=200))
    assert told.startswith(
        "race: the mean changes by +200,000 per million after 2011 (95 % interval"
    )
    few = changes.change_table(trends({"A": [(1, 10)] * 4}))
    assert (
        report_trends.describe_changes(few) == "No change point is dated: 4 periods: fewer than 6."
    )
