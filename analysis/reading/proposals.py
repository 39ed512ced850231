"""Proposals: which columns of a table could be its text, date, source, title and language."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence

_NAMES = {
    "text": (
        *("text", "fulltext", "body", "bodytext", "articlebody", "articletext", "content"),
        *("contents", "article", "story", "speech", "transcript", "statement", "message"),
        *("tweet", "post", "comment", "paragraph", "sentence", "abstract", "正文", "内容", "文本"),
    ),
    "date": (
        *("date", "publicationdate", "publisheddate", "datepublished", "published", "publishedat"),
        *("pubdate", "publishdate", "issued", "createdat", "created", "datetime", "timestamp"),
        *("day", "year", "日期", "发布时间", "时间"),
    ),
    "source": (
        *("source", "outlet", "publication", "publisher", "newspaper", "medium", "media"),
        *("journal", "sourcename", "site", "domain", "来源", "媒体"),
    ),
    "title": ("title", "headline", "heading", "subject", "标题"),
    "language": ("language", "lang", "语言"),
}
"""Names by which exports call a column, letters only; of several in one table the first is taken."""
_MIN_TEXT_LENGTH = 40
"""Mean number of characters from which a column of another name is taken for the text."""


def propose_columns(samples: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """New and old names of columns to rename, none where no column could be the text.

    `samples` holds some values of each column. A column is known by its name; a text that has none
    of the names is the column with the longest values.

    >>> propose_columns({"Headline": ["Peace"], "Full Text": ["The treaty holds."], "Year": ["1999"]})
    {'text': 'Full Text', 'date': 'Year', 'title': 'Headline'}
    """
    letters = {column: re.sub(r"[\W_]", "", column).casefold() for column in samples}
    found = {}
    for new, names in _NAMES.items():
        old = [column for name in names for column in samples if letters[column] == name]
        if old and new not in samples:
            found[new] = old[0]
    if "text" not in found:
        others = [column for column in samples if column not in found.values()]
        longest = max(others, key=lambda column: _mean_length(samples[column]), default="")
        if not longest or _mean_length(samples[longest]) < _MIN_TEXT_LENGTH:
            return {}
        found = {"text": longest, **found}
    return found


def columns_option(renames: Mapping[str, str]) -> str:
    """Renames as an option of the command line, quoted for a shell.

    >>> columns_option({"text": "Full Text", "date": "year"})
    "--columns 'text=Full Text,date=year'"
    """
    plain = not any(mark in name for name in renames.values() for mark in ",={[")
    pairs = ",".join(f"{new}={old}" for new, old in renames.items())
    text = pairs if plain else json.dumps(dict(renames), ensure_ascii=False)
    return f"--columns {shlex.quote(text)}"


def _mean_length(values: Sequence[str]) -> float:
    """Characters of a value on average."""
    return sum(map(len, values)) / max(len(values), 1)
