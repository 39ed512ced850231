"""Dates: as given, as ISO text and as precise as given; what can be read two ways is asked about."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass

from analysis.errors import InputError, shown

ORDERS = ("day_first", "month_first")
PRECISIONS = ("year", "month", "day")
LONGEST = 60
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALLOWED = "2024-07-12, 2024-07, 2024, 12 July 2024, July 12, 2024, 2024/07/12, 2024年7月12日"
FIRST_YEAR_OF_THE_REPUBLIC = 1911
NUMERALS = {sign: value for value, sign in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0}

CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?:\s*[ap]\.?m\.?)?"
ZONE = r"(?:Z|[A-Z]{2,5}|(?:UTC|GMT)?[+-][0-9]{2}:?[0-9]{2})"
TIME = re.compile(rf"(?:[T\s,]\s*{CLOCK}(?:\s*{ZONE})?)\Z", re.IGNORECASE)
WEEKDAY = re.compile(
    r"\A(?P<first>[a-z]{3,9})\.?,?\s+(?=[0-9a-z])|,?\s+(?P<last>[a-z]{6,9})\Z", re.IGNORECASE
)
FORMS = {
    "ISO": r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?",
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
PATTERNS = {form: re.compile(pattern, re.IGNORECASE) for form, pattern in FORMS.items()}


@dataclass(frozen=True)
class Date:
    """A date as ISO text, its precision ('year', 'month', 'day', '' for none), how it was read.

    `form` is the key of the pattern in `FORMS` that it fits, '' for no date.
    """

    iso: str = ""
    precision: str = ""
    form: str = ""


class Ambiguous(InputError):
    """A date that is day first or month first, and nothing says which."""


@dataclass(frozen=True)
class Dates:
    """The dates of a corpus in the order given; a rejected one is None, its reason in `rejected`.

    `rejected` holds place and reason; `read_as` holds, for each form that is not ISO, how many
    dates have it and one of them as given and as read.
    """

    dates: tuple[Date | None, ...]
    rejected: tuple[tuple[str, str], ...]
    read_as: dict[str, tuple[int, str, str]]

    @property
    def told(self) -> list[str]:
        """One line a form: how many dates were read in it, with an example."""
        return [
            f"{n} dates read by {form}, as {shown(given)} = {iso}"
            for form, (n, given, iso) in sorted(self.read_as.items())
        ]


def read_dates(given: Iterable[tuple[str, str]], *, order: str = "") -> Dates:
    """The dates of a corpus from pairs of place and date as given.

    `order` ('day_first', 'month_first') decides how 03/05/2024 is read throughout; a date that the
    order cannot read is then rejected. Without it, raises Ambiguous for dates that can be read two
    ways, and for a corpus in which some are day first and others month first.
    """
    check_order(order)
    given = list(given)
    if not order:
        refuse_two_orders(given)
    dates: list[Date | None] = []
    rejected, read_as = [], {}
    for where, text in given:
        try:
            date = read_date(text, order=order, where=where)
        except InputError as error:
            if isinstance(error, Ambiguous):
                raise
            dates.append(None)
            rejected.append((where, str(error).removeprefix(f"{where}: ")))
            continue
        dates.append(date)
        if date.form not in ("", "ISO"):
            n, example, iso = read_as.get(date.form, (0, text.strip(), date.iso))
            read_as[date.form] = (n + 1, example, iso)
    return Dates(tuple(dates), tuple(rejected), read_as)


def read_date(given: str, *, order: str = "", where: str = "") -> Date:
    """One date as ISO text with its precision; an empty one is `Date()`.

    Raises InputError for what is no date, or one that never was, and Ambiguous for 03/05/2024
    without an `order`.

    >>> read_date("July 12, 2024"), read_date("2024年7月").iso
    (Date(iso='2024-07-12', precision='day', form='month in words, day'), '2024-07')
    """
    check_order(order)
    text = given.strip().translate({0xFF10 + n: str(n) for n in range(10)})
    if not text:
        return Date()
    weekday, rest = 0, text
    if not PATTERNS["ISO"].fullmatch(text):
        weekday, rest = without_weekday(TIME.sub("", text[: LONGEST + 1]))
    form, found = matched(rest)
    if found is None or len(text) > LONGEST:
        raise InputError("date is not understood", where=where, value=given, allowed=ALLOWED)
    year, month, day = numbers(form, found, given, order, where)
    date = checked(year, month, day, given, where)
    if weekday and day and date.weekday() != weekday - 1:
        named = WEEKDAYS[date.weekday()].capitalize()
        raise InputError(
            f"date does not fit its weekday, it was a {named}", where=where, value=given
        )
    precision = PRECISIONS[bool(month) + bool(day)]
    iso = date.isoformat()[: {"year": 4, "month": 7, "day": 10}[precision]]
    return Date(iso, precision, "ISO" if iso == given.strip() else form)


def check_order(order: str) -> None:
    """Raise InputError for an unknown order."""
    if order and order not in ORDERS:
        raise InputError("unknown order of dates", value=order, allowed=ORDERS)


def refuse_two_orders(given: list[tuple[str, str]]) -> None:
    """Raise Ambiguous where some dates are day first and others month first, or either."""
    order_for = {text: order_of(text) for text in {text for _, text in given}}
    kinds: dict[str, list[tuple[str, str]]] = {}
    for where, text in given:
        kinds.setdefault(order_for[text], []).append((where, text.strip()))
    if "either" in kinds:
        where, text = kinds["either"][0]
        sure = next((kind for kind in ORDERS if kind in kinds), "")
        hint = (
            f" ({shown(kinds[sure][0][1])} in {shown(kinds[sure][0][0], quote=False)} is {sure})"
            if sure
            else ""
        )
        raise Ambiguous(
            f"{len(kinds['either'])} dates can be read two ways{hint}, the first",
            where=where,
            value=text,
            allowed="the corpus's order said: day_first or month_first",
        )
    if all(kind in kinds for kind in ORDERS):
        (where, text), (other_where, other) = kinds["day_first"][0], kinds["month_first"][0]
        raise Ambiguous(
            f"dates are in two orders: {shown(other)} in {shown(other_where, quote=False)} is month_first, day_first is",
            where=where,
            value=text,
            allowed="one order, or the corpus's order said: day_first or month_first",
        )


def order_of(given: str) -> str:
    """'day_first' or 'month_first' where only that reads the date, 'either' where both do, else ''.

    >>> [order_of(date) for date in ("13/05/2024", "05/13/2024", "03/05/2024", "05/05/2024")]
    ['day_first', 'month_first', 'either', '']
    """
    isos = {}
    for order in ORDERS:
        try:
            date = read_date(given, order=order)
        except InputError:
            continue
        if date.form == "numbers":
            isos[order] = date.iso
    if len(isos) == 2:
        return "either" if len(set(isos.values())) == 2 else ""
    return next(iter(isos), "")


def without_weekday(text: str) -> tuple[int, str]:
    """The number of the weekday that stands before or after a date (0: none), and the rest."""
    for found in WEEKDAY.finditer(text):
        name = (found["first"] or found["last"]).lower()
        days = [n for n, day in enumerate(WEEKDAYS, start=1) if name in (day, day[:3])]
        if days:
            return days[0], text[: found.start()] + text[found.end() :]
    return 0, text


def matched(text: str) -> tuple[str, re.Match | None]:
    """The first form that the text fits, and the match."""
    for form, pattern in PATTERNS.items():
        found = pattern.fullmatch(text.strip())
        if found and ("name" not in found.groupdict() or month_number(found["name"])):
            return form, found
    return "", None


def month_number(name: str) -> int:
    """1 to 12 for an English month, whole or its first three letters (Sept too), 0 for another word."""
    name = name.lower()
    names = ((month, month[:3], month[:4] if month == "september" else month) for month in MONTHS)
    return next((n for n, known in enumerate(names, start=1) if name in known), 0)


def numbers(
    form: str, found: re.Match, given: str, order: str, where: str
) -> tuple[int, int | None, int | None]:
    """Year, month and day of a match, None for what it does not say."""
    parts = found.groupdict()
    if form == "numbers":
        day, month = in_order(int(parts["one"]), int(parts["two"]), given, order, where)
        return int(parts["year"]), month, day
    if form == "Chinese":
        year = chinese_number(parts["year"]) + FIRST_YEAR_OF_THE_REPUBLIC * bool(parts["era"])
        if len(parts["year"]) != 4 and not parts["era"]:
            raise InputError(
                "year is not of four digits", where=where, value=given, allowed=ALLOWED
            )
        return year, *(
            chinese_number(part) if part else None for part in (parts["month"], parts["day"])
        )
    month = (
        month_number(parts["name"]) if "name" in parts else parts["month"] and int(parts["month"])
    )
    return int(parts["year"]), month, parts["day"] and int(parts["day"])


def in_order(one: int, two: int, given: str, order: str, where: str) -> tuple[int, int]:
    """Day and month of two numbers: by the order, else by the only way they can be read."""
    if order:
        return (one, two) if order == "day_first" else (two, one)
    if one == two or two <= 12 < one:
        return one, two
    if one <= 12 < two:
        return two, one
    if max(one, two) > 12:
        raise InputError("no such date", where=where, value=given)
    raise Ambiguous(
        "date can be read two ways",
        where=where,
        value=given,
        allowed="day_first or month_first, said for the corpus",
    )


def chinese_number(text: str) -> int:
    """The value of digits, of Chinese digits in a row, or of a numeral up to 99.

    >>> [chinese_number(text) for text in ("12", "二〇二四", "十二", "二十", "三十一")]
    [12, 2024, 12, 20, 31]
    """
    if text.isascii():
        return int(text)
    if "十" not in text:
        return int("".join(str(NUMERALS.get(sign, sign)) for sign in text))
    tens, _, ones = text.partition("十")
    return (chinese_number(tens) if tens else 1) * 10 + (chinese_number(ones) if ones else 0)


def checked(year: int, month: int | None, day: int | None, given: str, where: str) -> datetime.date:
    """The date, its missing parts 1; raises InputError for one that never was."""
    try:
        return datetime.date(year, 1 if month is None else month, 1 if day is None else day)
    except ValueError as error:
        raise InputError(f"no such date ({error})", where=where, value=given) from error
