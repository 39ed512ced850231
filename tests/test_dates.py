"""Dates as ISO text, as precise as given: what can be read two ways is asked about, not guessed."""

import pytest

from analysis.errors import InputError
from analysis.reading.dates import _Ambiguous, _Date, _read_date, read_dates


@pytest.mark.parametrize(
    ("given", "iso", "precision"),
    [
        ("", "", ""),
        (" \t", "", ""),
        ("2024", "2024", "year"),
        ("2024-07", "2024-07", "month"),
        ("2024-02-29", "2024-02-29", "day"),
        ("9999-12-31", "9999-12-31", "day"),
        ("0476", "0476", "year"),
        ("2024.0", "2024", "year"),
        ("2024-07-12T23:30:00+08:00", "2024-07-12", "day"),
        ("2024-07-12 10:15:00.123Z", "2024-07-12", "day"),
        ("2024/07/12", "2024-07-12", "day"),
        ("2024.7.2", "2024-07-02", "day"),
        ("2024/7", "2024-07", "month"),
        ("12 July 2024", "2024-07-12", "day"),
        ("12th of July, 2024", "2024-07-12", "day"),
        ("12-Jul-2024", "2024-07-12", "day"),
        ("JULY 12, 2024", "2024-07-12", "day"),
        ("Sept. 3rd 2024", "2024-09-03", "day"),
        ("May 2024", "2024-05", "month"),
        ("Friday, 12 July 2024", "2024-07-12", "day"),
        ("July 12, 2024 Friday", "2024-07-12", "day"),
        ("July 12, 2024 Friday 10:15 AM GMT", "2024-07-12", "day"),
        ("Fri, 12 Jul 2024 10:15:00 +0000", "2024-07-12", "day"),
        ("2024年7月12日", "2024-07-12", "day"),
        ("2024 年 7 月", "2024-07", "month"),
        ("２０２４年", "2024", "year"),
        ("二〇二四年十二月三十一日", "2024-12-31", "day"),
        ("民國113年7月12日", "2024-07-12", "day"),
        ("13/05/2024", "2024-05-13", "day"),
        ("05/13/2024", "2024-05-13", "day"),
        ("5.5.2024", "2024-05-05", "day"),
    ],
)
def test_date_is_read_as_precisely_as_given(given, iso, precision):
    """A date that can be read one way is read, no more precise than it is."""
    found = _read_date(given)
    assert (found.iso, found.precision) == (iso, precision)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("2023-02-29", "no such date (day "),
        ("31 April 2024", "no such date (day "),
        ("2024-13", "no such date (month "),
        ("0000", "no such date (year 0 "),
        ("2024年0月", "no such date (month "),
        ("32/13/2024", "no such date"),
        ("Monday, 12 July 2024", "date does not fit its weekday, it was a Friday"),
        ("24年7月", "year is not of four digits"),
        ("13/05/24", "date is not understood"),
        ("24", "date is not understood"),
        ("12345", "date is not understood"),
        ("20240712", "date is not understood"),
        ("2024-W28", "date is not understood"),
        ("٢٠٢٤", "date is not understood"),
        ("yesterday", "date is not understood"),
        ("12 Juillet 2024", "date is not understood"),
        ("Mayor 2024", "date is not understood"),
        ("2024-07-12 and 2024-07-13", "date is not understood"),
        ("July 12, 2024" + " " * 99 + "x", "date is not understood"),
        ("1" * 100_000, "date is not understood"),
    ],
)
def test_date_refused(given, problem):
    """What is no date, or one that never was, is refused with its reason."""
    with pytest.raises(InputError) as error:
        _read_date(given)
    assert str(error.value).startswith(problem)


@pytest.mark.parametrize("given", ["03/05/2024", "3.5.2024", "12-11-2024"])
def test_two_ways_are_asked_about(given):
    """A date that is day first or month first is asked about."""
    with pytest.raises(
        _Ambiguous,
        match=r"two ways.*allowed: set with the option --dates .*: day_first or month_first",
    ):
        _read_date(given)


@pytest.mark.parametrize(
    ("order", "iso"), [("day_first", "2024-05-03"), ("month_first", "2024-03-05")]
)
def test_order_decides(order, iso):
    """The order said for the corpus decides."""
    assert _read_date("03/05/2024", order=order) == _Date(iso, "day", "numbers")


def test_unknown_order_refused():
    """An order is one of two."""
    with pytest.raises(
        InputError, match="unknown order of dates: 'dmy'; allowed: day_first, month_first"
    ):
        _read_date("2024", order="dmy")


# --- a corpus --------------------------------------------------------------------------------------


def line(number: int) -> str:
    return f"line {number + 2}"


def isos(found) -> list[str | None]:
    """The dates in the order given, None for one that is rejected."""
    dates = (found.different[place] for place in found.which)
    return [date and date.iso for date in dates]


def test_rows_are_rejected_one_by_one():
    """An impossible date costs its own row and nothing else."""
    found = read_dates(("2024", "2023-02-30", "soon", ""))
    assert isos(found) == ["2024", None, None, ""]
    assert list(found.rejected) == [1, 2]
    assert found.rejected[2].startswith("date is not understood: 'soon'; allowed: 2024-07-12")


@pytest.mark.parametrize("given", ["NA", "n/a", " null", "NaN", "n.d."])
def test_a_word_for_no_date_is_said(given):
    """What programs and people write where a date is missing is no date, and it is said."""
    found = read_dates((given, given))
    assert isos(found) == ["", ""]
    assert found.told == [f"2 dates are words for a missing date, as '{given.strip()}'"]


def test_forms_are_said():
    """Every form that is not ISO is said with its count and an example."""
    found = read_dates(("2024-07-12", "13/05/2024", "May 2, 2024", "July 12, 2024"))
    assert found.told == [
        "2 dates read by month in words, day, as 'May 2, 2024' = 2024-05-02",
        "1 dates read by numbers, as '13/05/2024' = 2024-05-13",
    ]


@pytest.mark.parametrize(
    ("dates", "problem"),
    [
        (("2024", "03/05/2024", "04/05/2024"), "line 3: 2 dates can be read two ways, the first: '03/05/2024'"),
        (("13/05/2024", "03/05/2024"), "line 3: 1 dates can be read two ways ('13/05/2024' in line 2 is day_first), the first: '03/05/2024'"),
        (("05/13/2024", "13/05/2024"), "line 3: dates are in two orders: '05/13/2024' in line 2 is month_first, day_first is: '13/05/2024'"),
    ],
)  # fmt: skip
def test_corpus_is_asked_about(dates, problem):
    """Dates that can be read two ways, or are in two orders, are a question to the corpus."""
    with pytest.raises(_Ambiguous) as error:
        read_dates(dates, where=line)
    assert str(error.value).startswith(problem)


def test_said_order_rejects_what_it_cannot_read():
    """Under a said order a date of the other order is rejected by its row."""
    found = read_dates(("03/05/2024", "05/13/2024"), order="day_first")
    assert isos(found) == ["2024-05-03", None]
    assert found.rejected[1].startswith("no such date (month ")
