"""Periods, rates over time, movers, events and years, worked by hand and held to their sums."""

import datetime

import pandas as pd
import pytest

from analysis import plots
from analysis.errors import InputError
from analysis.report import trends as report_trends
from analysis.rules.codebook import term_sets
from analysis.rules.evidence import find
from analysis.tables import trends
from analysis.tokens import tokenize

RACE = term_sets(["race"], {})
KINDS = ("day", "week", "month", "quarter", "year")


# --- periods -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "labels"),
    [
        ("2024-07-12", "2024-07-12 2024-W28 2024-07 2024-Q3 2024"),
        ("2024-12-30", "2024-12-30 2025-W01 2024-12 2024-Q4 2024"),
        ("2021-01-03", "2021-01-03 2020-W53 2021-01 2021-Q1 2021"),
        ("2024-03", "- - 2024-03 2024-Q1 2024"),
        ("2024-04", "- - 2024-04 2024-Q2 2024"),
        ("2024", "- - - - 2024"),
        ("", "- - - - -"),
    ],
)
def test_period_labels(date, labels):
    """ISO labels by day, week, month, quarter, year; none where the date is not precise enough."""
    assert " ".join(trends._period_label(date, kind) or "-" for kind in KINDS) == labels


@pytest.mark.parametrize(
    ("label", "first", "last"),
    [
        ("2024-W28", "2024-07-08", "2024-07-14"),
        ("2025-W01", "2024-12-30", "2025-01-05"),
        ("2020-W53", "2020-12-28", "2021-01-03"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-12", "2023-12-01", "2023-12-31"),
        ("2024-Q1", "2024-01-01", "2024-03-31"),
        ("2024-Q4", "2024-10-01", "2024-12-31"),
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-07-12", "2024-07-12", "2024-07-12"),
    ],
)
def test_period_bounds(label, first, last):
    """First and last day of a period, over the edges of years and leap years."""
    assert [day.isoformat() for day in trends.period_bounds(label)] == [first, last]


@pytest.mark.parametrize("kind", KINDS)
def test_every_day_lies_in_its_period_and_no_other(kind):
    """Over 2019 to 2025 the bounds of a day's period hold the day, and end where the label does."""
    day = datetime.date(2019, 1, 1)
    while day < datetime.date(2026, 1, 1):
        label = trends._period_label(day.isoformat(), kind)
        first, last = trends.period_bounds(label)
        assert first <= day <= last
        assert trends._period_label(last.isoformat(), kind) == label
        day = last + datetime.timedelta(days=1)
        assert trends._period_label(day.isoformat(), kind) != label


@pytest.mark.parametrize(
    ("dates", "period"),
    [
        (["2024-07-01"] * 10 + ["2024-07-02"] * 10, "day"),
        ([f"2024-07-{day:02}" for day in range(1, 8)] * 2, "week"),
        (["2024-07-01"] * 20 + ["2024-07"] * 3, "month"),
        (["2024-07"] * 5 + ["2024-08"] * 5, "quarter"),
        (["2024-07-01"] * 20 + ["2024"] * 3, "year"),
        (["2024-07-12", "2025-01-03"], "year"),
        ([""], "year"),
    ],
)
def test_auto_takes_the_finest_period_the_dates_carry(dates, period):
    """Nine in ten dates precise enough, and ten documents a period; else the year."""
    assert trends._choose_period(dates) == period


def test_an_unknown_period_is_refused():
    """The error names the value and the periods there are."""
    with pytest.raises(InputError, match=r"unknown period: 'decade'; allowed: day, week, month"):
        trends._choose_period([], "decade")


# --- rates -------------------------------------------------------------------------------------------


def race_corpus(corpus_of):
    """Race 2 of 5 tokens (A, 2023), 0 of 3 (B, 2023), 1 of 2 (B, 2024); 1 of 1 without a year."""
    texts = ("Race after race they run.", "No news here.", "The race.", "Race.")
    dates = ["2023-05-01", "2023-06", "2024", ""]
    return tokenize(corpus_of(*texts, source=["A", "B", "B", "A"], date=dates))


def test_trend_table_by_hand(corpus_of):
    """By year and group with `all`; the document without a date is left out and counted."""
    result = trends.trend_table(find(race_corpus(corpus_of), RACE), group="source", period="year")
    columns = ["period", "group", "count", "tokens", "documents"]
    assert result.table[columns].to_numpy().tolist() == [
        ["2023", "all", 2, 8, 2],
        ["2023", "A", 2, 5, 1],
        ["2023", "B", 0, 3, 1],
        ["2024", "all", 1, 2, 1],
        ["2024", "A", 0, 0, 0],
        ["2024", "B", 1, 2, 1],
    ]
    rates = [250_000, 400_000, 0, 500_000, float("nan"), 500_000]
    assert result.table["per_million"].tolist() == pytest.approx(rates, nan_ok=True)
    assert result.left_out.to_numpy().tolist() == [["d3", "", "no date"]]


@pytest.mark.parametrize(
    ("period", "documents"), [("day", ["d1", "d2", "d3"]), ("quarter", ["d2", "d3"])]
)
def test_documents_less_precise_than_the_period_are_left_out(corpus_of, period, documents):
    """A month is no day and a year no quarter; what is left out and what is kept are all."""
    result = trends.trend_table(find(race_corpus(corpus_of), RACE), group="source", period=period)
    assert result.left_out["document"].tolist() == documents
    assert result.left_out["why"].iloc[0] == f"dated less precisely than a {period}"
    every = result.table[result.table["group"] == "all"]
    assert every["documents"].sum() == 4 - len(documents)


def test_group_table_counts_documents_without_a_date(corpus_of):
    """A: 3 of 6 tokens, the undated one with them; B: 1 of 5; all: 4 of 11."""
    table = trends.group_table(find(race_corpus(corpus_of), RACE), group="source")
    counted = table[["group", "count", "tokens", "documents"]].to_numpy().tolist()
    assert counted == [["all", 4, 11, 4], ["A", 3, 6, 2], ["B", 1, 5, 2]]


def test_terms_that_never_occur_are_named(corpus_of):
    """'zebra' stands in no text: it is told, and left out of what is drawn."""
    found = find(race_corpus(corpus_of), term_sets(["race", "zebra"], {}))
    table = trends.group_table(found, group="source")
    result = trends.trend_table(found, group="source", period="year")
    assert report_trends.describe_missing_terms(found, result).startswith(
        "Not in this corpus: zebra."
    )
    assert set(trends.occurring(table)["term"]) == {"race"}


def test_trends_of_the_five_texts(tokens, codebook):
    """The columns of design.md first; `all` is the sum of the groups; every token is in a year."""
    table = trends.trend_table(find(tokens, codebook.terms), group="genre", period="year").table
    contract = "term period group count tokens documents per_million low high"
    assert list(table)[:9] == contract.split()
    every = table["group"] == "all"
    counts = ["count", "tokens", "documents"]
    total, parts = (
        table[side].groupby(["term", "period"])[counts].sum() for side in (every, ~every)
    )
    pd.testing.assert_frame_equal(total, parts)
    assert total.loc["race", "tokens"].sum() == len(tokens)
    assert (table["low"] <= table["per_million"])[table["tokens"] > 0].all()
    assert (table["per_million"] <= table["high"])[table["tokens"] > 0].all()


def test_an_unknown_group_is_refused(tokens):
    """The error names the column and those there are."""
    with pytest.raises(InputError, match=r"group is not a metadata column: 'party'; allowed: id, "):
        trends.trend_table(find(tokens, RACE), group="party")


@pytest.mark.parametrize(
    ("n", "told"), [(9, "Too few for a trend"), (10, "Intervals describe documents of the kind")]
)
def test_the_caveat_follows_the_thinnest_period(corpus_of, n, told):
    """Nine documents in one of two years are too few for a trend, ten are not."""
    made = tokenize(corpus_of(*["race on"] * (12 + n), date=["2023"] * n + ["2024"] * 12))
    caveat = report_trends.describe_caveat(
        trends.trend_table(find(made, RACE), group="source", period="year")
    )
    assert f"the one with the fewest documents holds {n}. {told}" in caveat


@pytest.fixture
def many(corpus_of):
    """Twelve documents of 2024 with 0 to 3 races among ten to fifteen other words."""
    texts = ["race " * (n % 4) + "word " * (10 + n % 6) for n in range(12)]
    return tokenize(corpus_of(*texts, source=["A"] * 12, date=["2024"] * 12))


def test_few_documents_owe_nothing_to_the_seed(tokens, many):
    """No interval is drawn with fewer than thirty documents."""
    few, enough = (
        [trends.group_table(find(t, RACE), group="source", random_seed=seed) for seed in (1, 2)]
        for t in (tokens, many)
    )
    pd.testing.assert_frame_equal(*few)
    pd.testing.assert_frame_equal(*enough)


def test_an_interval_does_not_depend_on_the_other_groups(corpus_of):
    """A's rate and interval are the same whether B's races stand in one sentence or in three."""
    rows = []
    for other in ("Race race race. We rest. We rest.", "Race we. Race rest. Race we rest."):
        made = tokenize(corpus_of("The race. We rest. We run.", other, source=["A", "B"]))
        rows.append(trends.group_table(find(made, RACE), group="source").iloc[[1]])
    pd.testing.assert_frame_equal(*rows)


def test_an_interval_does_not_depend_on_the_other_terms(many):
    """Asked alone or after another, 'race' has the same resamples."""
    both = trends.trend_table(find(many, term_sets(["word", "race"], {})), group="source").table
    alone = trends.trend_table(find(many, RACE), group="source").table
    pd.testing.assert_frame_equal(both[both["term"] == "race"].reset_index(drop=True), alone)


# --- movers, places, years, events ---------------------------------------------------------------------


@pytest.mark.parametrize(("years", "sign"), [(["2022", "2023"], 1), (["2023", "2022"], -1)])
def test_movers_rise_where_the_later_half_has_more(corpus_of, years, sign):
    """'deepseek' only in d1: up where d1 is the later, down where it is the earlier."""
    texts = ("china race gap china", "china race deepseek china")
    table, early, late = trends.rising_and_falling_words(
        tokenize(corpus_of(*texts, date=years)), period="year", prior=10
    )
    z = table.set_index("token")["z"]
    assert (early, late) == ("2022", "2023")
    assert z["deepseek"] * sign > 0 > z["gap"] * sign
    assert z["race"] == pytest.approx(0)
    assert z.is_monotonic_decreasing


def test_the_middle_period_counts_as_late(corpus_of):
    """Three periods: the first against the two after it, which the span names."""
    made = tokenize(corpus_of("gap", "race", "race", date=["2021", "2022", "2024"]))
    table, *spans = trends.rising_and_falling_words(made, period="year", prior=10)
    assert spans == ["2021", "2022–2024"]
    counts = table.set_index("token")[["early", "late"]]
    assert (counts.loc["race"].tolist(), counts.loc["gap"].tolist()) == ([0, 2], [1, 0])


def test_one_period_moves_nothing(corpus_of):
    """An empty table with all its columns, and no spans."""
    made = tokenize(corpus_of("race gap", date=["2024"]))
    table, *spans = trends.rising_and_falling_words(made, period="year", prior=10)
    assert (len(table), list(table)[-1], spans) == (0, "z", ["", ""])


def test_places_run_from_first_to_last_token(corpus_of):
    """Tokens 1, 3 and 5 of five stand at 0, 1/2 and 1; the second of two at 1; a lone one at 0."""
    made = tokenize(corpus_of("race and race and race", "a race", "race"))
    table = trends.term_places(find(made, RACE))
    assert table["place"].tolist() == [0, 0.5, 1, 1, 0]
    assert table["document"].tolist() == ["d0", "d0", "d0", "d1", "d2"]


def test_years_mentioned_by_hand(corpus_of):
    """Citations apart; the year of a day counts; 1580, 2,024 units, 2000.5 and 1990s do not."""
    text = (
        "By 2023 it grew (Zeng, 2021; Wu 2022). From 1580 to 12 July 1999 it sold 2,024 units, "
        "in the 1990s 2000.5 of them."
    )
    table = trends.years_mentioned(tokenize(corpus_of(text)))
    rows = table[["year", "count", "citations"]].to_numpy().tolist()
    assert rows == [[1999, 1, 0], [2021, 0, 1], [2022, 0, 1], [2023, 1, 0]]


def test_years_of_the_article(tokens_as_given):
    """120 of the 124 years in the journal article stand in citations."""
    table = trends.years_mentioned(tokens_as_given)
    article = table[table["document"] == "zeng-2025"]
    assert article[["count", "citations"]].sum().tolist() == [4, 120]


def test_events_are_read_by_date(tmp_path):
    """Rows in any order come back from the earliest to the latest, a missing column empty."""
    file = tmp_path / "events.csv"
    file.write_text("date,label\n2024-07,cut\n2022-11-30,start\n2024,year\n", encoding="utf-8")
    events = trends._read_events(file)
    assert events["label"].tolist() == ["start", "year", "cut"]
    assert set(events["source"]) == {""}


def test_events_of_the_five_texts(seeds):
    """The corpus folder's own events, with the columns of events.csv; another corpus has none."""
    events = trends.corpus_events(seeds)
    assert list(events) == ["date", "label", "description", "source"]
    assert len(events) > 0
    assert len(trends._read_events(None)) == 0


@pytest.mark.parametrize(("n", "comparison"), [(9, "too few documents"), (10, "possible")])
def test_an_event_counts_documents_certainly_before_and_after(corpus_of, n, comparison):
    """Ten of May before, n of 1 July after; the day itself, June, 2024 and no date on neither."""
    dates = ["2024-05"] * 10 + ["2024-07-01"] * n + ["2024-06-15", "2024-06", "2024", ""]
    made = tokenize(corpus_of(*["race"] * len(dates), date=dates))
    events = pd.DataFrame({"date": ["2024-06-15"], "label": ["cut"]})
    rows = trends.event_table(events, made).to_numpy().tolist()
    assert rows == [["2024-06-15", "cut", 10, n, comparison]]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("date,label\n12.7.2024,cut\n", "events.csv, line 2: date is not ISO: '12.7.2024'"),
        ("date,label\n2024-02-30,cut\n", "events.csv, line 2: no such date"),
        ("date,label\n2024,\n", "events.csv, line 2: event has no value: 'label'"),
        ("label\ncut\n", "events.csv, line 2: event has no value: 'date'"),
        (None, "no such events file"),
    ],
)
def test_broken_events_are_refused(tmp_path, content, told):
    """The error says where the mistake stands and what it is."""
    file = tmp_path / "events.csv"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=told):
        trends._read_events(file)


def test_places_of_a_sample_are_complete_in_their_documents(corpus_of):
    """With two of six matches kept, every match of the documents that are drawn has its place."""
    tokens = tokenize(corpus_of("race a race", "race b race", "race c race"))
    found = find(tokens, term_sets(["race"], {}), keep=2)
    table = trends.term_places(found)
    assert table["document"].tolist() == ["d0", "d0", "d1", "d1", "d2", "d2"]
    assert table["place"].tolist() == [0, 1] * 3
    pd.testing.assert_frame_equal(table, trends.term_places(find(tokens, term_sets(["race"], {}))))


def test_places_of_a_sample_are_those_of_the_documents_with_most(corpus_of, monkeypatch):
    """Of three documents two are drawn: those with three and with two of the six occurrences."""
    monkeypatch.setattr(trends, "_MAX_PLACED", 2)
    tokens = tokenize(corpus_of("race race", "race", "race race race"))
    found = find(tokens, term_sets(["race"], {}), keep=2)
    table = trends.term_places(found)
    assert table["document"].tolist() == ["d0", "d0", "d2", "d2", "d2"]
    assert set(zip(table["occurrences"], table["documents"], strict=True)) == {(6, 3)}
    drawing = plots.term_dispersion(table, tokens.corpus.documents.rename(columns={"id": "document"}))  # fmt: skip
    assert drawing.title.startswith("1 of 1 terms drawn occur in every document")
    told = "".join(text.get_text() for text in drawing.figure.texts)
    assert "The 2 of 3 documents with the most occurrences" in " ".join(told.split())


# --- partial periods, and dates far away -------------------------------------------------------------


def days(first: str, last: str, step: str = "1D") -> list[str]:
    """Days from the first to the last, in steps as pandas writes them."""
    return [str(day.date()) for day in pd.date_range(first, last, freq=step)]


@pytest.mark.parametrize(
    ("dates", "period", "partial"),
    [
        (days("2024-05-01", "2024-07-03"), "month", {"2024-07": "documents up to 2024-07-03"}),
        (days("2024-05-09", "2024-06-30"), "month", {"2024-05": "documents from 2024-05-09"}),
        (days("2024-05-09", "2024-05-20"), "month", {"2024-05": "documents from 2024-05-09 up to 2024-05-20"}),
        (days("2024-05-01", "2024-07-29"), "month", {}),
        (days("2023-01-15", "2024-12-20", "30D"), "month", {}),
        (days("2024-01-01", "2024-07-03"), "year", {"2024": "documents up to 2024-07-03"}),
        (days("2024-07-01", "2024-07-19", "B"), "week", {}),
        ([str(year) for year in range(1990, 2020)], "year", {}),
        (days("2024-07-01", "2024-07-03"), "month", {}),
        ([], "month", {}),
    ],
)  # fmt: skip
def test_partial_periods(dates, period, partial):
    """A period is partial where more days lack documents than is usual between two of them."""
    labels = [trends._period_label(date, period) for date in dates]
    assert trends._partial_periods(dates, labels) == partial


def test_a_partial_period_is_told_and_drawn_hollow(corpus_of):
    """The table, the list of periods and the figure say that the last month is partial."""
    dates = days("2024-05-01", "2024-07-03")
    found = find(tokenize(corpus_of(*["A race."] * len(dates), date=dates)), RACE)
    result = trends.trend_table(found, group="source", period="month")
    rows = result.table.loc[result.table["group"] == "all", ["period", "partial"]]
    assert rows["partial"].tolist() == ["", "", "documents up to 2024-07-03"]
    assert "Partial: 2024-07 (documents up to 2024-07-03)." in report_trends.describe_periods(
        result
    )
    drawing = plots.term_rates(
        result.table, trends._read_events(None), period="month", confidence=0.95
    )
    points = [line for line in drawing.figure.axes[0].lines if line.get_marker() == "o"]
    drawn = {line.get_markerfacecolor(): pd.notna(line.get_ydata()).sum() for line in points}
    assert drawn["white"] == 1
    assert sum(drawn.values()) == 3


@pytest.mark.parametrize("period", ["day", "week", "month", "year"])
def test_a_far_date_makes_no_empty_periods(corpus_of, period):
    """A document dated 9999 is one period, and none is made between."""
    found = find(tokenize(corpus_of("race", "race", date=["2024-07-12", "9999-12-31"])), RACE)
    table = trends.trend_table(found, group="source", period=period).table
    assert table["period"].nunique() == 2
