"""What `workbook check` says of a corpus and a codebook, line by line, safe to print."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from analysis.corpus import RULES, Corpus, unused_rules
from analysis.errors import shown
from analysis.report.corpus import describe_languages, describe_rules_by_language, describe_scripts
from analysis.report.counts import describe_stories
from analysis.rules.codebook import Codebook
from analysis.runs.checkup import (
    MAX_LINE,
    SCRIPTS,
    far_dates,
    hard_wrapped,
    repeated_lines,
    script_mismatches,
    script_table,
)
from analysis.tables.findings import read_claims, selects_nobody
from analysis.tables.overview import reading_account
from analysis.tables.stories import CorpusStories, duplicate_table, stories_of
from analysis.tables.trends import corpus_events
from analysis.tokens import tokenize

_MAX_ITEMS = 100
_MAX_VALUES = 20
_MAX_PAIRS = 5
_MAX_RULES = 20


def describe_checkup(corpus: Corpus) -> Iterator[str]:
    """Everything that was understood of a corpus, as lines."""
    for what, count in reading_account(corpus).itertuples(index=False):
        yield f"{what}: {count}"
    for kind, items in (("rejected", corpus.rejected), ("remark", corpus.remarks)):
        yield from _describe_items(kind, items)
    yield from _describe_dates(corpus.documents["date"])
    for column in ("source", "date_precision", "language"):
        yield f"{column}: {_counts_of(corpus.documents[column].replace('', '(none)'))}"
    yield describe_languages(corpus)
    yield from _describe_scripts(script_table(corpus))
    yield from describe_scripts(corpus).splitlines()
    yield f"columns for group: {', '.join(map(_plain, corpus.group_columns()))}"
    tokens = tokenize(corpus)
    if wrapped := hard_wrapped(tokens):
        joined = "lines of a paragraph are joined for cutting sentences"
        yield f"remark: hard-wrapped text in {_first_of(wrapped)}: {joined}"
    yield from _describe_copies(stories_of(tokens))
    for rule, lines in corpus.excluded.groupby("rule").size().items():
        yield f"excluded by {shown(rule)}: {lines}"
    for name in unused_rules(corpus):
        yield f"excludes nothing: rule {shown(name)}"
    yield from _describe_repeated_lines(repeated_lines(corpus), corpus)


def describe_codebook(codebook: Codebook, corpus: Corpus) -> Iterator[str]:
    """What is declared for a corpus beside its texts: findings, events, frames, actors, terms."""
    claims = read_claims(corpus)
    for name in selects_nobody(claims, corpus):
        yield f"cannot be checked, no document on one side: finding {shown(name)}"
    yield f"events: {len(corpus_events(corpus))}; findings declared: {len(claims)}"
    for kind in ("frames", "actors", "terms"):
        sets = getattr(codebook, kind)
        rules = sum(len(one.rules) for one in sets.values())
        yield f"codebook {shown(codebook.name)}, {kind}: {len(sets)} ({rules} rules)"
        by_language = describe_rules_by_language(sets.values(), corpus, kind) if sets else ""
        yield from (f"  {line}" for line in by_language.splitlines())
    if codebook.toneless:
        rules = len(codebook.toneless)
        yield f"codebook {shown(codebook.name)}, words without tone: {rules} rules"


def _plain(value: object) -> str:
    """A value as safe text without quotes."""
    return shown(value, quote=False)


def _describe_items(kind: str, items: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Items with place and reason, the first hundred one by one."""
    items = list(items)
    for where, why in items[:_MAX_ITEMS]:
        yield f"{kind}: {_plain(where)}: {shown(why, quote=False, longest=300)}"
    if len(items) > _MAX_ITEMS:
        yield f"{kind}: and {len(items) - _MAX_ITEMS} more"


def _counts_of(values: pd.Series) -> str:
    """Each value of a column with its count."""
    counts = values.value_counts().sort_index()
    parts = [f"{_plain(value)} ({n})" for value, n in counts.head(_MAX_VALUES).items()]
    more = f" and {len(counts) - _MAX_VALUES} more" if len(counts) > _MAX_VALUES else ""
    return ", ".join(parts) + more


def _first_of(documents: Sequence[str]) -> str:
    """How many documents there are, and the first three of them."""
    first = ", ".join(map(_plain, documents[:3]))
    return f"{len(documents)} documents ({first}{' …' if len(documents) > 3 else ''})"


def _describe_dates(dates: pd.Series) -> Iterator[str]:
    """The first and the last date, how many documents have none, and dates far from all others."""
    dated = sorted(dates[dates != ""])
    if not dated:
        yield "dates: none; no document is part of a trend"
        return
    none = len(dates) - len(dated)
    undated = f"; {none} documents without a date stay out of trends" if none else ""
    yield f"dates: {dated[0]} to {dated[-1]}{undated}"
    if far := far_dates(dated):
        yield f"remark: dates far from all others, a slip?: {', '.join(far[:_MAX_VALUES])}"


def _describe_scripts(table: pd.DataFrame) -> Iterator[str]:
    """The scripts of a corpus, and what does not fit the declared language."""
    yield f"script of most letters: {_counts_of(table['script'].replace('', '(none known)'))}"
    for code, documents in script_mismatches(table).items():
        problem = f"declared as {code}, but mostly not in {SCRIPTS[code]}" if code else ""
        problem = problem or "written in another script than declared"
        yield f"remark: {problem}: {_first_of(documents)}"


def _describe_copies(stories: CorpusStories) -> Iterator[str]:
    """How many documents are copies of others, word for word and nearly, with the first pairs."""
    yield f"copies: {describe_stories(stories, 'all')}"
    pairs = duplicate_table(stories)
    kinds = pairs["kind"].value_counts()
    if len(pairs):
        exact, near = kinds.get("exact", 0), kinds.get("near", 0)
        yield f"pairs of one story: {exact} word for word, {near} nearly"
    for pair in pairs.head(_MAX_PAIRS).itertuples(index=False):
        shared = f"{pair.kind}, {pair.similarity:.2f} of their three-word runs shared"
        yield f"pair: {_plain(pair.document)} and {_plain(pair.other)} ({shared})"
    if len(pairs) > _MAX_PAIRS:
        yield f"pair: and {len(pairs) - _MAX_PAIRS:,} more"


def _describe_repeated_lines(table: pd.DataFrame, corpus: Corpus) -> Iterator[str]:
    """Each repeated line with its count, and the rules that would leave them out."""
    for row in table.head(_MAX_RULES).itertuples(index=False):
        counts = f"{row.documents} of {row.of} documents of {_plain(row.source)}"
        yield f"repeated in {counts}: {_plain(row.line)}"
    if len(table) > _MAX_RULES:
        yield f"repeated: and {len(table) - _MAX_RULES} more lines"
    if len(table):
        file = RULES if corpus.folder else f"{_plain(corpus.name.partition('.')[0])}.{RULES}"
        yield f"to leave these lines out, put what you agree with into {file}:"
        yield ""
        yield from _rules_yaml(table.head(_MAX_RULES)).splitlines()


def _rules_yaml(table: pd.DataFrame) -> str:
    """Exclusion rules for repeated lines, as the text of an exclusions.yaml."""
    rules = ["rules:"]
    for number, row in enumerate(table.itertuples(index=False), start=1):
        line = row.line if len(row.line) <= MAX_LINE else f"{row.line[:MAX_LINE]}*"
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
    return shown(json.dumps(text, ensure_ascii=False), quote=False, longest=sys.maxsize)
