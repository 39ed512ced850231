"""Pages: tables, lines and sentences to read in a notebook, everything in them escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby, repeat
from numbers import Integral

import numpy as np
import pandas as pd

from analysis.errors import shown
from analysis.language.wrapping import one_line
from analysis.rules.evidence import Found, Reading, read_each
from analysis.statistics import uncertainty
from analysis.tokens import Tokens

_LONGEST_LINE = 4000
NO_MATHS = "tex2jax_ignore mathjax_ignore"


@dataclass(frozen=True)
class _Page:
    """Something to read in a notebook: as HTML with everything escaped, and as plain text."""

    html: str
    text: str

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        page = f'<div class="{NO_MATHS}">{self.html}</div>'
        return {"text/html": page, "text/plain": self.text}


def escaped(text: str) -> str:
    """Text as HTML that shows it and does nothing else; invisible characters are made visible."""
    return html.escape(plain(text))


def _cell(value: object) -> str:
    """A value of a table as text: numbers to four digits, or whole with thousands set apart.

    >>> [_cell(value) for value in (12345, 12345.678, 0.0123456, float("nan"), "a")]
    ['12,345', '12,346', '0.01235', '–', 'a']
    """
    if isinstance(value, float):
        if value != value:
            return "–"
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, Integral) else str(value)


def plain(text: str) -> str:
    """Text as one line of plain output, nothing invisible in it."""
    return shown(text, quote=False, longest=_LONGEST_LINE)


def _marked(sentence: str, spans: Iterable[tuple[int, int]]) -> str:
    """A sentence as one line of HTML with the spans marked; everything in it is escaped.

    >>> _marked("a <b> race", [(6, 10)])
    'a &lt;b&gt; <mark>race</mark>'
    """
    pieces, place = [], 0
    for start, end in sorted(spans):
        if start >= place:
            before, match = (
                escaped(one_line(sentence[a:b])) for a, b in ((place, start), (start, end))
            )
            pieces.append(f"{before}<mark>{match}</mark>")
            place = end
    return "".join(pieces) + escaped(one_line(sentence[place:]))


def _row(cells: Iterable[str], tag: str = "td", sides: Iterable[str] = repeat("left")) -> str:
    """Cells of HTML as a row of a table, each aligned to its side."""
    pairs = zip(cells, sides, strict=False)
    aligned = (f"<{tag} style='text-align:{side}'>{cell}</{tag}>" for cell, side in pairs)
    return f"<tr>{''.join(aligned)}</tr>"


def table_page(table: pd.DataFrame, *, most: int = 200) -> _Page:
    """A table with its texts in full, at most `most` rows, what is not shown counted."""
    rows = [[_cell(value) for value in row] for row in table.head(most).itertuples(index=False)]
    head = _row(map(escaped, map(str, table)), "th")
    body = "".join(_row(map(escaped, row)) for row in rows)
    more = f"{len(table) - most:,} more rows not shown" if len(table) > most else ""
    page = f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"
    lines = [plain(" | ".join(row)) for row in rows]
    return _Page(page + (f"<p>{more}</p>" if more else ""), "\n".join([*lines, more]).strip())


def concordance_page(found: Found, *, most: int, random_seed: int) -> _Page:
    """Matches in their context, one below the other: at most `most`, drawn at random if more."""
    return _lines_page(found, found.kept, int(found.totals.sum()), "lines", most, random_seed)


def concordance_pages(found: Found, *, most: int, random_seed: int) -> _Page:
    """The concordance lines of each rule set in turn, in the order of `found`."""
    totals = zip(found.names, found.totals.tolist(), strict=True)
    return _joined(
        _lines_page(found, found.of(name), total, name, most, random_seed)
        for name, total in totals
        if total
    )


def _lines_page(
    found: Found, rows: pd.DataFrame, total: int, label: str, most: int, random_seed: int
) -> _Page:
    """Some of the matches in their context."""
    rng = uncertainty.generator(random_seed, f"concordance {label}")
    lines = _lines_of(found.tokens, _some_rows(rows, most, rng))
    sides = ("left", "right", "center", "left")
    rows = []
    for line in lines:
        document, left, match, right = map(escaped, line)
        rows.append(_row((document, left, f"<mark>{match}</mark>", right), sides=sides))
    text = [plain(f"{document}: {left}[{match}]{right}") for document, left, match, right in lines]
    title = _sample_title(label, len(lines), total, "matches")
    return _titled(title, f"<table>{''.join(rows)}</table>", text)


def sentence_pages(found: Found, names: Iterable[str], *, most: int, random_seed: int) -> _Page:
    """Sentences behind each rule set, its matches marked: at most `most` each, drawn at random.

    Each is followed by its document and the rules that matched, so that a number can be followed
    to its text.
    """
    return _joined(
        _sentences_page(found, name, most, uncertainty.generator(random_seed, f"sentences {name}"))
        for name in names
    )


def _sentences_page(found: Found, name: str, most: int, rng: np.random.Generator) -> _Page:
    """The sentences of one rule set."""
    mine = found.of(name)
    numbers = np.unique(mine["sentence"].to_numpy(int))
    drawn = numbers if len(numbers) <= most else np.sort(rng.choice(numbers, most, replace=False))
    mine = mine[mine["sentence"].isin(drawn)].sort_values(["sentence", "first"])
    ids = found.tokens.corpus.documents["id"].array
    pieces, text = [], []

    def marked_place(one: Reading) -> tuple:
        first, last = one.sentence
        return ids[one.document], one.text[first:last], (one.start - first, one.end - first)

    places = read_each(found.tokens, mine, marked_place)
    rows = zip(mine["sentence"], mine["rule"], places, strict=True)
    for _, group in groupby(rows, key=lambda row: row[0]):
        _, rules, ones = zip(*group, strict=True)
        document, sentence, _ = ones[0]
        spans = [span for *_, span in ones]
        origin = f"{document}; {', '.join(dict.fromkeys(rules))}"
        pieces.append(f"<li>{_marked(sentence, spans)} <small>({escaped(origin)})</small></li>")
        text.append(plain(f"- {one_line(sentence)} ({origin})"))
    total = int(found.n_sentences[found.names.index(name)])
    title = _sample_title(name, len(drawn), total, "sentences")
    return _titled(title, f"<ul>{''.join(pieces)}</ul>", text)


def _sample_title(name: str, drawn: int, total: int, what: str) -> str:
    """'race: 3 of 85 sentences (drawn at random)'."""
    how = " (drawn at random)" if drawn < total else ""
    return f"{name}: {drawn:,} of {total:,} {what}{how}"


def _titled(title: str, page: str, lines: Iterable[str]) -> _Page:
    """A page below its title."""
    return _Page(f"<p><b>{escaped(title)}</b></p>{page}", "\n".join([plain(title), *lines]))


def _joined(pages: Iterable[_Page]) -> _Page:
    """Several pages as one."""
    pages = list(pages)
    return _Page("".join(page.html for page in pages), "\n\n".join(page.text for page in pages))


def _lines_of(tokens: Tokens, rows: pd.DataFrame, width: int = 60) -> list[tuple]:
    """Document, left context, match and right context of some matches; `width` characters a side."""
    ids = tokens.corpus.documents["id"].array

    def line(one: Reading) -> tuple:
        text, start, end = one.text, one.start, one.end
        first, last = one.paragraph[0], max(end, one.paragraph[1])
        low, high = max(0, start - width), end + width
        left = (text[low:first] + "|").splitlines()[-1][:-1] + text[max(first, low) : start]
        right = text[end : min(last, high)] + ("|" + text[last:high]).splitlines()[0][1:]
        return ids[one.document], *map(one_line, (left, text[start:end], right))

    return read_each(tokens, rows, line)


def _some_rows(rows: pd.DataFrame, most: int, rng: np.random.Generator) -> pd.DataFrame:
    """At most `most` rows, drawn at random without replacement, in their old order."""
    if len(rows) <= most:
        return rows
    return rows.iloc[np.sort(rng.choice(len(rows), size=most, replace=False))]
