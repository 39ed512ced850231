"""Words: what a token is, its normal form, the type it is counted under, and function words."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import regex

APOSTROPHES = "'\u2019\u02bc\uff07"
WORD = r"[[\p{L}\p{M}\p{Nd}]--[\u02BC]]"
TOKEN = regex.compile(
    rf"(?V1)(?<!{WORD})\p{{L}}(?:\.\p{{L}})+(?!{WORD})\.?(?:[{APOSTROPHES}][sS](?!{WORD}))?"
    rf"|{WORD}+(?:[{APOSTROPHES}]{WORD}+)*"
)


def normal_form(token: str) -> str:
    """A token with a plain apostrophe, without possessive 's, a dotted abbreviation joined.

    >>> [normal_form(token) for token in ("China’s", "U.S.", "don’t", "O’Hanlon")]
    ['China', 'US', "don't", "O'Hanlon"]
    """
    for mark in APOSTROPHES[1:]:
        token = token.replace(mark, "'")
    if len(token) > 2 and token[-2:] in ("'s", "'S"):
        token = token[:-2]
    return token.replace(".", "")


@cache
def stop_words(language: str = "en") -> frozenset[str]:
    """The project's own function words of a language, none where it has no list."""
    file = Path(__file__).parent / "stopwords" / f"{language}.txt"
    if not language.isalpha() or not file.exists():
        return frozenset()
    lines = file.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def folded(form: str) -> str:
    """The type a normal form is counted under: lower case, but `US`, `IT`, `WHO` stay apart.

    A form all in capitals that would become a function word keeps its capitals.

    >>> [folded(form) for form in ("China", "AI", "US", "us")]
    ['china', 'ai', 'US', 'us']
    """
    lower = form.lower()
    if lower in stop_words() and len(form) > 1 and form.isupper():
        return form
    return lower


@cache
def function_words() -> frozenset[str]:
    """The function words of every language that has a list; no word of two languages is both kinds."""
    return stop_words("en") | stop_words("zh")


def is_stop_word(form: str) -> bool:
    """Whether a type is a function word, a lone letter, a number or a cited year (`2024b`)."""
    number = form.isdecimal() or (len(form) == 5 and form[:4].isdecimal())
    return number or len(form) == 1 or form in function_words()
