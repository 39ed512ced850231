"""What is drawn of corpora with more documents than a page can show one by one."""

import numpy as np
import pandas as pd
import pytest

from analysis import plots
from analysis.rules.codebook import Codebook, term_sets
from analysis.rules.evidence import find
from analysis.statistics import uncertainty
from analysis.tables import framing, overview, trends
from analysis.tables.stance import (
    count_stances,
    nearest_table,
    object_table,
    tone_table,
    voice_table,
)
from analysis.tokens import tokenize


def table_of(n: int) -> pd.DataFrame:
    """A document table of n documents from three sources, one a day from 2020 on."""
    days = pd.date_range("2020-01-01", periods=n).strftime("%Y-%m-%d")
    rates = np.linspace(0.5, 0.9, n)
    return pd.DataFrame(
        {
            "document": [f"d{k:04}" for k in range(n)],
            "source": [("Post", "Times", "Wire")[k % 3] for k in range(n)],
            "date": days,
            "date_precision": "day",
            "tokens": np.arange(n) + 10,
            "sentences": 1,
            "mattr": rates,
            "mtld": 100 * rates,
            "hdd": np.where(np.arange(n) < 4, np.nan, rates),
        }
    )


def told(drawing: plots.Drawing) -> str:
    """All words of a figure's title and subtitle."""
    return " ".join(" ".join(text.get_text() for text in drawing.figure.texts).split())


# --- documents in time -------------------------------------------------------------------------------


def test_many_documents_are_counted_by_source_and_period():
    """600 days are 20 months: a bar for each month and source, and every document in one of them."""
    data = plots.timeline(table_of(600)).data
    assert (data["documents"].sum(), len(data)) == (600, 3 * 20)
    january = data[data["period"] == "2020-01"].set_index("source")
    assert january["documents"].to_dict() == {"Post": 11, "Times": 10, "Wire": 10}
    assert january.loc["Times", "tokens"] == sum(10 + k for k in range(1, 31, 3))


def test_a_document_is_a_dot_up_to_the_limit():
    assert len(plots.timeline(table_of(500)).data) == 500


def test_documents_without_a_date_as_fine_as_the_period_are_told():
    """Seven documents dated to a year and five without a date stand in no month, and it says so."""
    table = table_of(600)
    table.loc[:6, "date"] = "2020"
    table.loc[7:11, "date"] = ""
    drawing = plots.timeline(table)
    assert drawing.data["documents"].sum() == 600 - 12
    assert "5 documents without a date not drawn" in told(drawing)
    assert "7 documents dated less precisely than to the month not drawn" in told(drawing)


def test_documents_without_a_source_have_a_row():
    table = table_of(600).assign(source="")
    assert set(plots.timeline(table).data["source"]) == {"(none)"}


def test_sources_beyond_the_page_are_told():
    table = table_of(600)
    table["source"] = [f"s{k % 50:02}" for k in range(600)]
    drawing = plots.timeline(table)
    assert drawing.data["source"].nunique() == 40
    assert "First 40 of 50 sources" in told(drawing)


@pytest.mark.parametrize(
    ("first", "days", "period"),
    [("2020-01-01", 60, "day"), ("2020-01-06", 61, "week"), ("2020-01-01", 420, "month"), ("2020-01-01", 2000, "quarter")],
)  # fmt: skip
def test_the_period_is_the_finest_that_the_page_can_hold(first, days, period):
    """At most sixty bars a row: 61 days are 9 weeks, 420 days 14 months, 2,000 days 22 quarters."""
    dates = pd.Series(pd.date_range(first, periods=days).strftime("%Y-%m-%d"))
    assert plots.overview._finest_period(dates) == period


# --- measures of documents ---------------------------------------------------------------------------


def test_values_of_many_documents_are_drawn_as_distributions():
    """Every document that a measure could be taken of stands in one bar of it."""
    drawing = plots.lexical_diversity(table_of(600))
    counts = drawing.data.groupby("measure")["documents"].sum().to_dict()
    assert counts == {"mattr": 600, "mtld": 600, "hdd": 596}
    assert "of which 4 are too short" in told(drawing)


def test_the_data_of_a_histogram_are_its_bars():
    data = plots.document_lengths(table_of(600)).data
    assert data["documents"].sum() == 600
    assert (data["from_tokens"].iloc[0], data["to_tokens"].iloc[-1]) == (10, 609)


def test_no_line_is_labelled_that_is_not_in_its_panel():
    """The whole corpus begins far right of the panel of the single documents: one label, not two."""
    rows = [("a", 1, 1), ("a", 50, 30), ("a", 100, 60), ("b", 1, 1), ("b", 100, 50)]
    rows += [("whole corpus, by date", n, n // 10) for n in (1, 40_000, 80_000)]
    growth = pd.DataFrame(rows, columns=["document", "tokens", "types"])
    drawing = plots.vocabulary_growth(growth, 1000)
    labels = [text.get_text() for panel in drawing.figure.axes for text in panel.texts]
    assert sorted(labels) == ["a", "b", "whole corpus, by date"]


# --- shared words ------------------------------------------------------------------------------------


@pytest.fixture
def many(corpus_of):
    """201 documents, each of a word of its own and one that all have."""
    return tokenize(corpus_of(*(f"race n{n}" for n in range(201))))


def test_shared_words_of_many_documents_are_those_of_some(many):
    """Of 201 documents 40 are in the table, drawn by the seed, with all of their words."""
    table = overview.overlap_table(many, random_seed=1)
    assert table.groupby("document")["types"].sum().tolist() == [2] * 40
    assert table["in_documents"].value_counts().to_dict() == {1: 40, 128: 40}
    other = overview.overlap_table(many, random_seed=2)
    assert set(other["document"]) != set(table["document"])


def test_the_figure_of_shared_words_says_that_some_are_drawn(many):
    drawing = plots.shared_vocabulary(overview.overlap_table(many), 201)
    assert drawing.title == (
        "In the median document drawn 50 % of the words stand in 64 documents or more"
    )
    assert "40 of 201 documents, drawn at random" in told(drawing)


def test_bars_of_shared_words_are_whole(many):
    """The bars of each row add up to all of its words, whichever numbers of documents are missing."""
    drawing = plots.shared_vocabulary(overview.overlap_table(many), 201)
    bars = [bar for bar in drawing.figure.axes[0].patches if np.isfinite(bar.get_width())]
    ends = pd.Series([bar.get_x() + bar.get_width() for bar in bars])
    assert ends.groupby([round(bar.get_y(), 3) for bar in bars]).max().tolist() == [1.0] * 40


# --- terms -------------------------------------------------------------------------------------------


def rates(days: int, documents: int) -> pd.DataFrame:
    """A trend of one term over some days."""
    labels = pd.date_range("2020-01-01", periods=days).strftime("%Y-%m-%d")
    table = pd.DataFrame({"term": "race", "period": labels, "group": "all", "count": 5})
    return table.assign(
        tokens=1000, documents=documents, per_million=5000.0, low=4000.0, high=6000.0,
        interval="documents", partial="", covered=True,
    )  # fmt: skip


@pytest.mark.parametrize(("days", "documents", "band"), [(121, 10, True), (120, 10, False), (121, 9, False)])  # fmt: skip
def test_many_periods_are_a_line_in_a_band(days, documents, band):
    """Above 120 periods of ten documents or more each; single points where they are fewer."""
    events = pd.DataFrame(columns=list(trends._EVENTS))
    drawing = plots.term_rates(rates(days, documents), events, period="day", confidence=0.95)
    assert ("Band: 95 % interval" in told(drawing)) == band
    assert ("(grey bars)" in told(drawing)) != band


def test_the_years_of_many_documents_are_drawn_from_their_sums():
    table = pd.DataFrame({"document": [f"d{n}" for n in range(50)], "year": 2020, "count": 2, "citations": 1})  # fmt: skip
    data = plots.years_spoken_of(table).data
    assert data.to_dict("records") == [{"year": 2020, "count": 100, "citations": 50}]


# --- numbers of many documents -----------------------------------------------------------------------


@pytest.fixture
def spoken(corpus_of):
    """240 documents of four sources: race in half the sentences of A, in a fifth of the others'."""
    rng = np.random.default_rng(3)
    told = ["China runs a good race.", "US peace is bad, he said.", "China in peace is great."]
    chances = [[0.5, 0.3, 0.2], [0.2, 0.5, 0.3]]
    texts = [
        " ".join(rng.choice(told, size=rng.integers(2, 9), p=chances[n % 4 > 0]))
        for n in range(240)
    ]
    sources = [("A", "B", "C", "D")[n % 4] for n in range(240)]
    dates = [f"2024-{n % 3 + 1:02}-{n % 28 + 1:02}" for n in range(240)]
    return tokenize(corpus_of(*texts, source=sources, date=dates))


def tables_of(tokens) -> dict[str, pd.DataFrame]:
    """Every table with intervals or tests that notebooks 02 and 03 make."""
    sets = term_sets(["race", "peace"], {})
    book = Codebook("made", "", sets, term_sets(["China", "US"], {}), {})
    choices = {"confidence": 0.95, "resamples": 500, "random_seed": 1}
    found = find(tokens, sets, keep=0)
    coding = framing.code_units(tokens, book)
    stances = count_stances(tokens, book)
    return {
        "trends": trends.trend_table(found, group="source", period="month", **choices).table,
        "groups": trends.group_table(found, group="source", **choices),
        "frames": framing.frame_table(coding, "source", **choices),
        "differences": framing.difference_table(coding, "source", **choices),
        "nearest": nearest_table(stances, **choices),
        "objects": object_table(stances, "source", **choices),
        "tone": tone_table(stances, "source", **choices),
        "voices": voice_table(stances, "source", **choices),
    }


def test_tables_of_many_documents_are_those_of_few(spoken, monkeypatch):
    """Only the tone draws resamples: worked out instead, its counts are the same and its intervals
    hardly differ. Every other table is the same table."""
    drawn = tables_of(spoken)
    monkeypatch.setattr(uncertainty, "_MANY", 30)
    worked_out = tables_of(spoken)
    tone, other = drawn.pop("tone"), worked_out.pop("tone")
    for name, table in drawn.items():
        pd.testing.assert_frame_equal(table, worked_out[name], obj=name)
    free = ["low", "high"]
    pd.testing.assert_frame_equal(tone.drop(columns=free), other.drop(columns=free))
    width = (tone["high"] - tone["low"]).max()
    for column in free:
        assert (tone[column].isna() == other[column].isna()).all()
        assert (tone[column] - other[column]).abs().max() < 0.25 * width, column
