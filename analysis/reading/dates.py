"""Dates as ISO text, as precise as given; the user is asked about dates that can be read two ways."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from analysis.errors import InputError, shown
from analysis.store.arrow import coded

_ORDERS = ("day_first", "month_first")
_PRECISIONS = ("year", "month", "day")
_MAX_LENGTH = 60
_MONTH_NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_MONTHS = {name: n for n, month in enumerate(_MONTH_NAMES, start=1) for name in (month, month[:3])}
_MONTHS["sept"] = 9
_WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAYS = {name: n for n, day in enumerate(_WEEKDAY_NAMES) for name in (day, day[:3])}
_ALLOWED = "2024-07-12, 2024-07, 2024, 12 July 2024, July 12, 2024, 2024/07/12, 2024年7月12日"
_FIRST_YEAR_OF_THE_REPUBLIC = 1911
_NONE = ("na", "n/a", "null", "none", "nan", "nat", "n.d.", "undated", "unknown")
_MISSING = "no date"
_SET_ORDER = (
    "set with the option --dates (in a notebook the parameter dates): day_first or month_first"
)
_NUMERALS = str.maketrans("〇零○一二三四五六七八九", "000123456789")
_WIDE_DIGITS = {0xFF10 + n: str(n) for n in range(10)}
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?:\s*[ap]\.?m\.?)?"
_ZONE = r"(?:Z|[A-Z]{2,5}|(?:UTC|GMT)?[+-][0-9]{2}:?[0-9]{2})"
_TIME = re.compile(rf"(?:[T\s,]\s*{_CLOCK}(?:\s*{_ZONE})?)\Z", re.IGNORECASE)
_WEEKDAY = re.compile(
    r"\A(?P<first>[a-z]{3,9})\.?,?\s+(?=[0-9a-z])|,?\s+(?P<last>[a-z]{6,9})\Z", re.IGNORECASE
)
_FORMS = {
    "ISO": r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?",
    "year as a number": r"(?P<year>[0-9]{4})\.0",
    "year first": r"(?P<year>[0-9]{4})(?P<sep>[-/.])(?P<month>[0-9]{1,2})(?:(?P=sep)(?P<day>[0-9]{1,2}))?",
    "numbers": r"(?P<one>[0-9]{1,2})(?P<sep>[-/.])(?P<two>[0-9]{1,2})(?P=sep)(?P<year>[0-9]{4})",
    "day, month in words": (
        r"(?:(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?[\s-]+(?:of\s+)?)?"
        r"(?P<name>[a-z]{3,9})\.?,?[\s-]+(?P<year>[0-9]{4})"
    ),
    "month in words, day": (
        r"(?P<name>[a-z]{3,9})\.?\s+(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>[0-9]{4})"
    ),
    "Chinese": (
        r"(?P<era>民國|民国)?\s*(?P<year>[0-9〇零○一二三四五六七八九]{2,4})\s*年"
        r"(?:\s*(?P<month>[0-9十一二三四五六七八九]{1,3})\s*月"
        r"(?:\s*(?P<day>[0-9十一二三四五六七八九]{1,3})\s*[日號号])?)?"
    ),
}
_PATTERNS = {form: re.compile(pattern, re.IGNORECASE) for form, pattern in _FORMS.items()}


@dataclass(frozen=True)
class _Date:
    """A date as ISO text, its precision ('year', 'month', 'day', '' for none), how it was read.

    `form` is the key of the pattern in `_FORMS` that it fits, '' for no date.
    """

    iso: str = ""
    precision: str = ""
    form: str = ""


class _Ambiguous(InputError):
    """A date that is day first or month first, and nothing decides which."""


@dataclass(frozen=True)
class _Dates:
    """The dates of a corpus, each different one read once.

    `different` are the different dates in the order in which they came, a rejected one None;
    `which` is, for every date given, its place among them. `rejected` holds the reason by the
    number of the date, from 0; `read_as` holds, for each form that is not ISO, how many dates have
    it and one of them as given and as read.
    """

    different: tuple[_Date | None, ...]
    which: np.ndarray
    rejected: dict[int, str]
    read_as: dict[str, tuple[int, str, str]]

    @property
    def told(self) -> list[str]:
        """One line a form: how many dates were read in it, with an example."""
        return [
            f"{n} dates read by {form}, as {shown(given)} = {iso}"
            if iso
            else f"{n} dates are words for a missing date, as {shown(given)}"
            for form, (n, given, iso) in sorted(self.read_as.items())
        ]


def read_dates(
    given: Iterable[str], *, order: str = "", where: Callable[[int], str] = "date {}".format
) -> _Dates:
    """The dates of a corpus, given as texts or as an Arrow array of them.

    `where` gives the place of a date by its number. `order` ('day_first', 'month_first') decides
    how 03/05/2024 is read throughout; a date that the order cannot read is then rejected. Without
    it, raises Ambiguous for dates that can be read two ways, and for a corpus in which some are day
    first and others month first.
    """
    check_order(order)
    texts, which = coded(given)
    if not order:
        _refuse_two_orders(texts, which, where)
    known = [_read_or_reason(text, order) for text in texts]
    counts = np.bincount(which, minlength=len(texts)).tolist()
    read_as: dict[str, tuple[int, str, str]] = {}
    for text, date, count in zip(texts, known, counts, strict=True):
        if isinstance(date, _Date) and date.form not in ("", "ISO"):
            n, example, iso = read_as.get(date.form, (0, text.strip(), date.iso))
            read_as[date.form] = (n + count, example, iso)
    no_dates = [place for place, date in enumerate(known) if isinstance(date, str)]
    numbers_rejected = np.flatnonzero(np.isin(which, no_dates)).tolist()
    rejected = {number: known[which[number]] for number in numbers_rejected}
    found = tuple(date if isinstance(date, _Date) else None for date in known)
    return _Dates(found, which, rejected, read_as)


def _read_or_reason(text: str, order: str) -> _Date | str:
    """A date, or why it cannot be read."""
    try:
        return _read_date(text, order=order)
    except InputError as error:
        return error.reason


def _read_date(given: str, *, order: str = "") -> _Date:
    """One date as ISO text with its precision; an empty one is `_Date()`.

    Raises InputError for what is not a date, or one that never was, and Ambiguous for 03/05/2024
    without an `order`.

    >>> _read_date("July 12, 2024").iso, _read_date("2024年7月").iso
    ('2024-07-12', '2024-07')
    """
    check_order(order)
    text = given.strip().translate(_WIDE_DIGITS)
    if not text:
        return _Date()
    if text.casefold() in _NONE:
        return _Date(form=_MISSING)
    weekday, rest = None, text
    if not _PATTERNS["ISO"].fullmatch(text):
        weekday, rest = _without_weekday(_TIME.sub("", text[: _MAX_LENGTH + 1]))
    form, parts = _matched(rest.strip())
    if not form or len(text) > _MAX_LENGTH:
        raise InputError("date is not understood", value=given, allowed=_ALLOWED)
    year, month, day = _numbers(form, parts, given, order)
    try:
        date = datetime.date(year, 1 if month is None else month, 1 if day is None else day)
    except ValueError as error:
        raise InputError(f"no such date ({error})", value=given) from error
    if weekday is not None and day and date.weekday() != weekday:
        right = _WEEKDAY_NAMES[date.weekday()].capitalize()
        raise InputError(f"date does not fit its weekday, it was a {right}", value=given)
    precision = _PRECISIONS[bool(month) + bool(day)]
    iso = date.isoformat()[: {"year": 4, "month": 7, "day": 10}[precision]]
    return _Date(iso, precision, "ISO" if iso == given.strip() else form)


def iso_date(given: str, where: str) -> str:
    """The very date, where it is ISO at day, month or year precision; raises InputError otherwise."""
    if not _PATTERNS["ISO"].fullmatch(given):
        allowed = "an ISO date: 2024-07-12, 2024-07 or 2024"
        raise InputError("date is not ISO", where=where, value=given, allowed=allowed)
    try:
        return _read_date(given).iso
    except InputError as error:
        raise InputError.of(error, where=where) from error


def check_order(order: str) -> None:
    """Raise InputError for an unknown order."""
    if order and order not in _ORDERS:
        raise InputError("unknown order of dates", value=order, allowed=_ORDERS)


# --- day first or month first ----------------------------------------------------------------------


def _refuse_two_orders(texts: list[str], which: np.ndarray, where: Callable[[int], str]) -> None:
    """Raise Ambiguous where some dates are day first and others month first, or either.

    `texts` are the different dates, `which` is, for each date given, its place among them.
    """
    orders = np.array([_order_of(text) for text in texts], dtype=object)[which]
    numbers = {kind: np.flatnonzero(orders == kind) for kind in (*_ORDERS, "either")}
    first = {kind: int(found[0]) for kind, found in numbers.items() if len(found)}
    described = {
        kind: f"{shown(texts[which[n]].strip())} in {shown(where(n), quote=False)} is {kind}"
        for kind, n in first.items()
        if kind != "either"
    }
    if "either" in first:
        example = f" ({next(iter(described.values()))})" if described else ""
        problem = f"{len(numbers['either'])} dates can be read two ways{example}, the first"
        place = first["either"]
    elif len(first) == 2:
        problem = f"dates are in two orders: {described['month_first']}, day_first is"
        place = first["day_first"]
    else:
        return
    value = texts[which[place]].strip()
    raise _Ambiguous(problem, where=where(place), value=value, allowed=_SET_ORDER)


def _order_of(given: str) -> str:
    """'day_first' or 'month_first' where only that reads the date, 'either' where both do, else ''.

    >>> [_order_of(date) for date in ("13/05/2024", "05/13/2024", "03/05/2024", "05/05/2024")]
    ['day_first', 'month_first', 'either', '']
    """
    isos = {}
    if _PATTERNS["ISO"].fullmatch(given):
        return ""
    for order in _ORDERS:
        date = _read_or_reason(given, order)
        if isinstance(date, _Date) and date.form == "numbers":
            isos[order] = date.iso
    if len(isos) == 2:
        return "either" if len(set(isos.values())) == 2 else ""
    return next(iter(isos), "")


def _in_order(one: int, two: int, given: str, order: str) -> tuple[int, int]:
    """Month and day of two numbers: by the order, else by the only way they can be read."""
    if order:
        return (two, one) if order == "day_first" else (one, two)
    if one == two or two <= 12 < one:
        return two, one
    if one <= 12 < two:
        return one, two
    if max(one, two) > 12:
        raise InputError("no such date", value=given)
    raise _Ambiguous("date can be read two ways", value=given, allowed=_SET_ORDER)


# --- parts of a date -------------------------------------------------------------------------------


def _without_weekday(text: str) -> tuple[int | None, str]:
    """The number of the weekday before or after a date, 0 for Monday, and the rest."""
    for found in _WEEKDAY.finditer(text):
        weekday = _WEEKDAYS.get((found["first"] or found["last"]).lower())
        if weekday is not None:
            return weekday, text[: found.start()] + text[found.end() :]
    return None, text


def _matched(text: str) -> tuple[str, dict[str, str]]:
    """The first form that the text fits, and the parts that it has; '' for no form."""
    for form, pattern in _PATTERNS.items():
        if found := pattern.fullmatch(text):
            parts = {name: part for name, part in found.groupdict().items() if part}
            if parts.get("name", "may").lower() in _MONTHS:
                return form, parts
    return "", {}


def _numbers(
    form: str, parts: dict[str, str], given: str, order: str
) -> tuple[int, int | None, int | None]:
    """Year, month and day of a match, None for what it does not say."""
    names = ("year", "month", "day", "one", "two")
    found = {name: _number(parts[name]) for name in names if name in parts}
    if form == "numbers":
        found["month"], found["day"] = _in_order(found["one"], found["two"], given, order)
    if "name" in parts:
        found["month"] = _MONTHS[parts["name"].lower()]
    if "era" in parts:
        found["year"] += _FIRST_YEAR_OF_THE_REPUBLIC
    elif len(parts["year"]) != 4:
        raise InputError("year is not of four digits", value=given, allowed=_ALLOWED)
    return found["year"], found.get("month"), found.get("day")


def _number(text: str) -> int:
    """The value of digits, of Chinese digits in a row, or of a Chinese numeral up to 99.

    >>> [_number(text) for text in ("12", "二〇二四", "十二", "二十", "三十一")]
    [12, 2024, 12, 20, 31]
    """
    digits = text.translate(_NUMERALS)
    if "十" not in digits:
        return int(digits)
    tens, _, ones = digits.partition("十")
    return (_number(tens) if tens else 1) * 10 + (_number(ones) if ones else 0)
