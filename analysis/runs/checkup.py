"""The check-up: what was understood of a corpus before anything runs, as tables and plain lines."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from analysis.corpus import RULES, Corpus, unused_rules
from analysis.errors import shown
from analysis.language.chinese import NOT_SEGMENTED, letters_by_script
from analysis.report.corpus import describe_languages, describe_scripts
from analysis.report.counts import describe_stories
from analysis.tables.overview import reading_account
from analysis.tables.stories import CorpusStories, duplicate_table, stories_of
from analysis.tokens import Tokens, tokenize

_MOST_TOLD = 100
_MOST_VALUES = 20
_MOST_PAIRS = 5
_LOOKED_AT = 20_000
"""Characters of each document in which scripts are looked for."""
_FAR_YEARS = 50
_FAR_SPREADS = 5
_LEAST_DOCUMENTS, _LEAST_SHARE = 3, 0.2
_MOST_RULES = 20
_LONGEST_LINE = 200
_BUCKETS = 1 << 22
_SCRIPTS = {"zh": "Chinese", "ja": "Japanese", "th": "Thai", "ru": "Cyrillic", "ar": "Arabic"}
_NUMBER = re.compile(r"\d+")
_NOT_LATIN = re.compile(
    "[\u0370-\u1dff\u2c00-\u2dff\u2e80-\ud7ff\uf900-\ufaff\ufb07-\ufefc\uff66-\uffdc\U00010000-\U0010ffff]"
)
"""Signs among which the letters of other scripts are; texts without one need no closer look."""
_LETTERS = re.compile(r"[^\W\d_]{2}|[\u3400-\u9fff]")


def checkup(corpus: Corpus) -> Iterator[str]:
    """Everything that was understood of a corpus, line by line, safe to print."""
    for what, count in reading_account(corpus).itertuples(index=False):
        yield f"{what}: {count}"
    for kind, items in (("rejected", corpus.rejected), ("remark", corpus.remarks)):
        yield from _item_lines(kind, items)
    yield from _date_lines(corpus.documents["date"])
    for column in ("source", "date_precision", "language"):
        yield f"{column}: {_values_told(corpus.documents[column].replace('', '(none)'))}"
    yield describe_languages(corpus)
    yield from _script_lines(_scripts_table(corpus))
    yield from describe_scripts(corpus).splitlines()
    columns = ", ".join(shown(column, quote=False) for column in corpus.group_columns())
    yield f"columns for group: {columns}"
    tokens = tokenize(corpus)
    yield from _wrapped_lines_told(tokens)
    yield from _copy_lines(stories_of(tokens))
    for rule, lines in corpus.excluded.groupby("rule").size().items():
        yield f"excluded by {shown(rule)}: {lines}"
    for name in unused_rules(corpus):
        yield f"excludes nothing: rule {shown(name)}"
    yield from _repeated_lines_told(_repeated_lines(corpus), _rules_name(corpus))


def _item_lines(kind: str, items: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Items with place and reason, the first hundred one by one."""
    items = list(items)
    for where, why in items[:_MOST_TOLD]:
        yield f"{kind}: {shown(where, quote=False)}: {shown(why, quote=False, longest=300)}"
    if len(items) > _MOST_TOLD:
        yield f"{kind}: and {len(items) - _MOST_TOLD} more"


def _values_told(values: pd.Series) -> str:
    """Each value of a column with its count."""
    counts = values.value_counts().sort_index()
    told = [f"{shown(value, quote=False)} ({n})" for value, n in counts.head(_MOST_VALUES).items()]
    more = f" and {len(counts) - _MOST_VALUES} more" if len(counts) > _MOST_VALUES else ""
    return ", ".join(told) + more


# --- dates -----------------------------------------------------------------------------------------


def _date_lines(dates: pd.Series) -> Iterator[str]:
    """The first and the last date, how many documents have none, and dates far from all others."""
    dated = sorted(dates[dates != ""])
    none = len(dates) - len(dated)
    if not dated:
        yield "dates: none; no document is part of a trend"
        return
    told = f"; {none} documents without a date stay out of trends" if none else ""
    yield f"dates: {dated[0]} to {dated[-1]}{told}"
    if far := _far_dates(dated):
        told = ", ".join(far[:_MOST_VALUES])
        yield f"remark: dates far from all others, a slip?: {told}"


def _far_dates(dates: list[str]) -> list[str]:
    """Dates, in order, more than fifty years and five interquartile ranges from the middle half.

    >>> _far_dates(["2023", "2024-07", "2024", "9999-12-31"])
    ['9999-12-31']
    """
    years = np.array([int(date[:4]) for date in dates])
    quarters = (np.percentile(years, 25, method="higher"), np.percentile(years, 75, method="lower"))
    low, high = sorted(quarters)
    margin = max(_FAR_YEARS, _FAR_SPREADS * (high - low))
    return [
        date
        for date, year in zip(dates, years, strict=True)
        if year < low - margin or year > high + margin
    ]


# --- languages and scripts -------------------------------------------------------------------------


def _scripts_table(corpus: Corpus) -> pd.DataFrame:
    """One row a document: document, language, script (of most of its first 20,000 letters)."""
    rows = []
    names = zip(corpus.documents["id"], corpus.documents["language"], corpus.texts, strict=True)
    for document, language, text in names:
        start = text[:_LOOKED_AT]
        found = list(letters_by_script(start)) if _NOT_LATIN.search(start) else ["Latin"]
        rows.append((document, language, found[0] if found else ""))
    return pd.DataFrame(rows, columns=["document", "language", "script"])


def _script_lines(table: pd.DataFrame) -> Iterator[str]:
    """The scripts of a corpus, and what does not fit the declared language."""
    yield f"script of most letters: {_values_told(table['script'].replace('', '(none known)'))}"
    language = table["language"].str.lower().str[:2]
    for code, script in _SCRIPTS.items():
        other = (language == code) & ~table["script"].isin(["", script])
        if other.any():
            yield f"remark: declared as {code}, but mostly not in {script}: {_first_of(table, other)}"
    spaced = ~language.isin(["", *_SCRIPTS]) & table["script"].isin(["Chinese", *NOT_SEGMENTED])
    if spaced.any():
        yield f"remark: written in another script than declared: {_first_of(table, spaced)}"


def _first_of(table: pd.DataFrame, chosen: pd.Series) -> str:
    """How many documents are chosen, and the first of them."""
    first = ", ".join(shown(name, quote=False) for name in table.loc[chosen, "document"].head(3))
    return f"{int(chosen.sum())} documents ({first}{' …' if chosen.sum() > 3 else ''})"


def _wrapped_lines_told(tokens: Tokens) -> Iterator[str]:
    """How many documents are hard-wrapped, and the first of them; nothing where none is."""
    numbers = [block.wrapped + block.first_document for block in tokens.blocks()]
    wrapped = np.concatenate(numbers)
    if len(wrapped):
        names = tokens.corpus.documents["id"].iloc[wrapped[:3]]
        first = ", ".join(shown(name, quote=False) for name in names)
        more = " …" if len(wrapped) > 3 else ""
        yield (
            f"remark: hard-wrapped text in {len(wrapped)} documents ({first}{more}): "
            "lines of a paragraph are joined for cutting sentences"
        )


# --- copies ----------------------------------------------------------------------------------------


def _copy_lines(stories: CorpusStories) -> Iterator[str]:
    """How many documents are copies of others, word for word and nearly, with the first pairs."""
    yield f"copies: {describe_stories(stories, 'all')}"
    pairs = duplicate_table(stories)
    kinds = pairs["kind"].value_counts()
    if len(pairs):
        told = f"{kinds.get('exact', 0)} word for word, {kinds.get('near', 0)} nearly"
        yield f"pairs of one story: {told}"
    for pair in pairs.head(_MOST_PAIRS).itertuples(index=False):
        names = f"{shown(pair.document, quote=False)} and {shown(pair.other, quote=False)}"
        yield f"pair: {names} ({pair.kind}, {pair.similarity:.2f} of their three-word runs shared)"
    if len(pairs) > _MOST_PAIRS:
        yield f"pair: and {len(pairs) - _MOST_PAIRS:,} more"


# --- boilerplate -----------------------------------------------------------------------------------


def _repeated_lines(corpus: Corpus) -> pd.DataFrame:
    """Lines that stand in many documents of one source and are not excluded yet.

    Columns source, line (numbers that differ as `*`), documents, of (documents of the source). A
    line counts from three documents and a fifth of its source on; the commonest come first. Two
    passes: the first counts lines by hash in a table of fixed size, the second only those that may
    be many, so that memory does not grow with the corpus.
    """
    sizes = corpus.documents["source"].value_counts()
    least = {s: max(_LEAST_DOCUMENTS, int(np.ceil(_LEAST_SHARE * n))) for s, n in sizes.items()}
    buckets = np.zeros(_BUCKETS, dtype=np.uint32)
    for source, lines in _document_lines(corpus):
        np.add.at(buckets, list({_hash_of(source, line) for line in lines}), 1)
    counts: Counter[tuple[str, str]] = Counter()
    as_written: dict[tuple[str, str], str] = {}
    for source, lines in _document_lines(corpus):
        for line, written in lines.items():
            if buckets[_hash_of(source, line)] >= least[source]:
                counts[source, line] += 1
                first = as_written.setdefault((source, line), written)
                if first != written:
                    as_written[source, line] = _pattern_of(line)
    rows = [
        (source, as_written[source, line], n, int(sizes[source]))
        for (source, line), n in counts.items()
        if n >= least[source]
    ]
    table = pd.DataFrame(rows, columns=["source", "line", "documents", "of"])
    order = ["documents", "source", "line"]
    return table.sort_values(order, ascending=[False, True, True], ignore_index=True)


def _document_lines(corpus: Corpus) -> Iterator[tuple[str, dict[str, str]]]:
    """Of each document its source and its distinct lines, numbers as `*`, each as it is written."""
    excluded = {name: set(lines) for name, lines in corpus.excluded.groupby("document")["line"]}
    names = zip(corpus.documents["id"], corpus.documents["source"], corpus.texts, strict=True)
    for document, source, text in names:
        out = excluded.get(document, ())
        lines = {
            _NUMBER.sub("*", line[:_LONGEST_LINE]): line
            for number, line in enumerate(map(str.strip, text.splitlines()), start=1)
            if number not in out and _LETTERS.search(line)
        }
        yield source, lines


def _pattern_of(line: str) -> str:
    """A line with `*` for its numbers, and for what follows where it may have been cut."""
    return line if len(line) < _LONGEST_LINE else f"{line}*"


def _hash_of(source: str, line: str) -> int:
    """The bucket of a line of a source."""
    return hash((source, line)) % _BUCKETS


def _repeated_lines_told(table: pd.DataFrame, name: str) -> Iterator[str]:
    """Each repeated line with its count, and the rules that would leave them out."""
    for row in table.head(_MOST_RULES).itertuples(index=False):
        line = shown(row.line, quote=False)
        yield (
            f"repeated in {row.documents} of {row.of} documents of "
            f"{shown(row.source, quote=False)}: {line}"
        )
    if len(table) > _MOST_RULES:
        yield f"repeated: and {len(table) - _MOST_RULES} more lines"
    if len(table):
        yield f"to leave these lines out, put what you agree with into {name}:"
        yield ""
        yield from _rules_yaml(table.head(_MOST_RULES)).splitlines()


def _rules_name(corpus: Corpus) -> str:
    """Where the exclusion rules of a corpus are looked for."""
    stem = shown(corpus.name.partition(".")[0], quote=False)
    return RULES if corpus.folder else f"{stem}.{RULES}"


def _rules_yaml(table: pd.DataFrame) -> str:
    """Exclusion rules for repeated lines, as the text of an exclusions.yaml."""
    rules = ["rules:"]
    for number, row in enumerate(table.itertuples(index=False), start=1):
        line = row.line if len(row.line) <= _LONGEST_LINE else f"{row.line[:_LONGEST_LINE]}*"
        rules += [
            f"  - id: repeated-{number}",
            f"    sources: [{_quoted(row.source)}]",
            f"    line: {_quoted(line)}",
            f"    why: {_quoted(f'repeated in {row.documents} of {row.of} documents')}",
        ]
    return "\n".join(rules) + "\n"


def _quoted(text: str) -> str:
    """A text in double quotes as YAML reads them, everything invisible as an escape.

    >>> _quoted('say "a"\\u202e')
    '"say \\\\"a\\\\"\\\\u202e"'
    """
    escaped = (
        sign
        if sign.isprintable()
        else f"\\u{ord(sign):04x}"
        if ord(sign) < 0x10000
        else f"\\U{ord(sign):08x}"
        for sign in json.dumps(text, ensure_ascii=False)
    )
    return "".join(escaped)
