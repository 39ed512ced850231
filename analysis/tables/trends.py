"""Trends: rates by period and group, rising and falling words, events, places, years mentioned."""

from __future__ import annotations

import datetime
from bisect import bisect
from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import regex

from analysis.corpus import Corpus, locate
from analysis.errors import InputError
from analysis.files import read_table
from analysis.reading.dates import iso_date
from analysis.rules.codebook import RuleSet, parse_rule
from analysis.rules.evidence import Found, all_matches, find
from analysis.statistics import measures, uncertainty
from analysis.store.arrow import as_bools
from analysis.tables.rates import (
    group_cells,
    rate_table,
    rates_by_story,
    table_by_language,
    term_side,
)
from analysis.tables.stories import CorpusStories
from analysis.tokens import Block, Tokens

PERIODS = ("day", "week", "month", "quarter", "year", "auto")
# characters that an ISO date must have to lie in a single period
_DATE_LENGTH = {"day": 10, "week": 10, "month": 7, "quarter": 7, "year": 4}
_DOCUMENTS_A_PERIOD = 10
_YEAR = regex.compile(r"(?<![\p{L}\p{N}.,])(1[6-9]|20)\d\d(?![\p{L}\p{N}]|[.,]\d)")
_ANY_YEAR = regex.compile(r"(?<!\p{N})(?:1[6-9]|20)\d\d[a-z]?(?!\p{N})")
_PARENTHESES = regex.compile(r"\([^()\n]*\)")
_LINE_END_AS_BLANK = bytes.maketrans(b"\r\n", b"  ")
_CITED_YEAR = regex.compile(
    r"(?:(?!(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b)\b\p{Lu}[\p{L}\p{M}’'.-]*|al\.),?\s+"
    r"(?:1[6-9]|20)\d\d[a-z]?(?=[),;:])"
)
_RATES = ["count", "tokens", "documents", "per_million", "low", "high", "interval"]
_WORDS = ["token", "early", "late", "per_million_early", "per_million_late", "early_documents"]
_WORDS += ["late_documents", "documents", "top_document_share", "log_odds", "z"]
_MAX_PLACED = 20
_EVENTS = ["date", "label", "description", "source"]


@dataclass(frozen=True)
class Trends:
    """Rates per million by period and group: `trends.csv`, with what was left out.

    `table` has the columns term, period, group, count, tokens, documents, per_million, low, high,
    interval ('documents', 'texts' or ''), partial (which days a first or last period holds, '' for
    a whole one; by the dates of the row's language), covered (False for a first or last period whose
    outer tenth holds no document, so that it may not be whole). `left_out` has one row for each
    document that is dated less precisely than the period, or not at all: document, date, why.
    """

    table: pd.DataFrame
    period: str
    left_out: pd.DataFrame


# --- periods -----------------------------------------------------------------------------------------


def _period_label(date: str, period: str) -> str:
    """The ISO label of the period that a date lies in, '' where the date is not precise enough.

    >>> [_period_label("2024-07-12", p) for p in ("year", "quarter", "month", "week", "day")]
    ['2024', '2024-Q3', '2024-07', '2024-W28', '2024-07-12']
    """
    length = _DATE_LENGTH[period]
    if len(date) < length:
        return ""
    if period == "quarter":
        return f"{date[:4]}-Q{(int(date[5:7]) + 2) // 3}"
    if period == "week":
        year, week, _ = datetime.date.fromisoformat(date).isocalendar()
        return f"{year:04d}-W{week:02d}"
    return date[:length]


def period_labels(dates: pd.Series, period: str) -> np.ndarray:
    """The label of each date's period, '' where the date is not precise enough."""
    codes, known = pd.factorize(dates)
    return np.array([_period_label(date, period) for date in known], dtype=object)[codes]


def period_bounds(label: str) -> tuple[datetime.date, datetime.date]:
    """First and last day of a period, or of a date as precise as it is given.

    >>> period_bounds("2024-Q3")
    (datetime.date(2024, 7, 1), datetime.date(2024, 9, 30))
    """
    year, rest = int(label[:4]), label[5:]
    if len(label) == 10:
        day = datetime.date.fromisoformat(label)
        return day, day
    if rest.startswith("W"):
        monday = datetime.date.fromisocalendar(year, int(rest[1:]), 1)
        return monday, monday + min(datetime.timedelta(days=6), datetime.date.max - monday)
    if rest.startswith("Q"):
        last = 3 * int(rest[1:])
        first = last - 2
    else:
        first, last = (int(rest), int(rest)) if rest else (1, 12)
    return datetime.date(year, first, 1), datetime.date(year, last, monthrange(year, last)[1])


def check_period(period: str) -> None:
    """Raise InputError for an unknown period."""
    if period not in PERIODS:
        raise InputError("unknown period", value=period, allowed=PERIODS)


def _choose_period(dates: Iterable[str], period: str = "auto") -> str:
    """The period itself, or for 'auto' the finest that nine in ten dates allow and that holds
    ten documents on average; 'year' where none does. Raises InputError for an unknown period."""
    check_period(period)
    if period != "auto":
        return period
    counts = Counter(dates)
    dated = counts.total() - counts.pop("", 0)
    for candidate in PERIODS[:-2]:
        labels = {date: label for date in counts if (label := _period_label(date, candidate))}
        n = sum(counts[date] for date in labels)
        if n and n >= max(0.9 * dated, _DOCUMENTS_A_PERIOD * len(set(labels.values()))):
            return candidate
    return "year"


def _ends(dates: Iterable[str], labels: Iterable[str]) -> tuple[list, list[tuple]]:
    """The days on which documents are dated; and of the first and the last period its label, which
    of its days have documents (in words), the days without one at its outer end, and a tenth of its days.
    """
    dated = {
        (period_bounds(date), label) for date, label in zip(dates, labels, strict=True) if label
    }
    if not dated:
        return [], []
    days = sorted({first for (first, _), _ in dated})
    latest = max(last for (_, last), _ in dated)
    first, last = (end(label for _, label in dated) for end in (min, max))
    (begin, first_end), (last_begin, end) = period_bounds(first), period_bounds(last)
    tenths = [((b - a).days + 1) / 10 for a, b in ((begin, first_end), (last_begin, end))]
    return days, [
        (first, f"from {days[0]}", (days[0] - begin).days, tenths[0]),
        (last, f"up to {latest}", (end - latest).days, tenths[1]),
    ]


def _partial_periods(dates: Iterable[str], labels: Iterable[str]) -> dict[str, str]:
    """The first period where documents begin late in it, the last where they end early, in words.

    That is where more days are without a document than 19 in 20 of the gaps between the documents
    have, and more than a tenth of the period. Fewer than ten days with documents show nothing.
    """
    days, ends = _ends(dates, labels)
    if len(days) < _DOCUMENTS_A_PERIOD:
        return {}
    usual = np.percentile(np.diff([day.toordinal() for day in days]), 95)
    found: dict[str, str] = {}
    for label, words, missing, tenth in ends:
        if missing > max(usual, tenth):
            found[label] = f"{found.get(label, 'documents')} {words}"
    return found


def _open_ends(dates: Iterable[str], labels: Iterable[str]) -> set[str]:
    """The first and the last period, each where no document lies in its outer tenth."""
    return {label for label, _, missing, tenth in _ends(dates, labels)[1] if missing > tenth}


def comparable_periods(rates: pd.DataFrame) -> pd.DataFrame:
    """The rows of a rates table whose periods can be compared with each other, in their order.

    Those are the whole periods with FEWEST_DOCUMENTS documents or more; where no period holds so
    many, all whole ones with a token, which can only be compared as these texts. A first or last
    period that the dates do not cover is among them only where fewer than two others remain.
    """
    whole = rates[(rates["tokens"] > 0) & (rates["partial"] == "")]
    if (rates["documents"] >= uncertainty.FEWEST_DOCUMENTS).any():
        whole = whole[whole["documents"] >= uncertainty.FEWEST_DOCUMENTS]
    inner = whole[whole["covered"].astype(bool)]
    whole = inner if inner["period"].nunique() > 1 else whole
    return whole.sort_values("period", kind="stable")


# --- rates -------------------------------------------------------------------------------------------


def trend_table(
    found: Found,
    *,
    group: str,
    period: str = "auto",
    confidence: float = 0.95,
    resamples: int = 2000,
    random_seed: int = 0,
) -> Trends:
    """Rates per million of each term, by period and group and for all groups together.

    Intervals as in `uncertainty.rate_intervals`; a cell without tokens has none. A corpus of several
    languages has the rows of each as well (column language, 'all' for every document). Nothing is
    drawn: `resamples` and `random_seed` are taken as every table takes them.
    """
    corpus = found.tokens.corpus
    dates = corpus.documents["date"]
    period = _choose_period(dates, period)
    labels = period_labels(dates, period)
    codes, known = pd.factorize(labels, sort=True)
    groups = list(group_cells(corpus, group))
    cells = (
        ({"period": label, **values}, inside & dated)
        for number, label in enumerate(known.tolist())
        if label
        for dated in [codes == number]
        for values, inside in groups
    )
    table = _term_rates(found, cells, confidence)
    spoken = {more.get("language"): inside for more, inside in corpus.spoken}
    ends = {code: (dates[inside], labels[inside]) for code, inside in spoken.items()}
    partials = {code: _partial_periods(*dated) for code, dated in ends.items()}
    open_ends = {code: _open_ends(*dated) for code, dated in ends.items()}
    languages = table.get("language", [None] * len(table))
    rows = list(zip(languages, table["period"], strict=True))
    table["partial"] = [partials[code].get(label, "") for code, label in rows]
    table["covered"] = [label not in open_ends[code] for code, label in rows]
    left_out = corpus.documents.loc[labels == "", ["id", "date"]].rename(columns={"id": "document"})
    reason = f"dated less precisely than a {period}"
    why = np.where(left_out["date"] == "", "no date", reason)
    return Trends(table, period, left_out.assign(why=why).reset_index(drop=True))


def group_table(
    found: Found,
    *,
    group: str,
    confidence: float = 0.95,
    resamples: int = 2000,
    random_seed: int = 0,
) -> pd.DataFrame:
    """Rates per million of each term in each group, dated or not: as `trend_table`, no period."""
    return _term_rates(found, group_cells(found.tokens.corpus, group), confidence)


def _term_rates(found: Found, cells: Iterable, confidence: float) -> pd.DataFrame:
    """One row for each term and cell of documents (see `rates.rate_table`).

    A term is measured in the documents in whose language it has rules or occurs.
    """
    measured = found.measured(found.occurs_in)
    table = rate_table(found.names, partial(term_side, found), measured, cells, confidence)
    table = table.rename(columns={"name": "term", "size": "tokens"})
    table["per_million"] = measures.per_million(table["count"], table["tokens"])
    table[["low", "high"]] *= 1e6
    keys = list(table)[: list(table).index("tokens")]
    keys = keys if len(keys) > 1 else ["term", "period", "group"]
    return table.reindex(columns=[*keys, *_RATES])


def occurring(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a rates table whose term occurs at all."""
    return table[table.groupby("term")["count"].transform("sum") > 0].reset_index(drop=True)


def trends_by_story(
    found: Found, sets: Mapping[str, RuleSet], stories: CorpusStories, *, group: str, period: str
) -> pd.DataFrame:
    """Rates of each term by article and by story: `trends_by_story.csv`.

    `found` are the matches of `sets`, in every article or in one of each story. Columns term,
    period, group, articles, article_count, article_tokens, article_per_million, and the same of
    stories. Cells without an article have no row.
    """
    if found.tokens is not stories.tokens:
        found = find(stories.tokens, sets, keep=0)
    corpus = stories.tokens.corpus
    labels = period_labels(corpus.documents["date"], period)
    keys = pd.DataFrame({"period": labels, "group": corpus.groups(group).to_numpy()})
    called = ("term", "tokens", "count", "per_million")
    sizes = stories.tokens.document_sizes
    table = rates_by_story(stories, keys, found.names, found.counts, sizes, called)
    table[["article_per_million", "story_per_million"]] *= 1e6
    return table


# --- words that rise and fall ------------------------------------------------------------------------


def rising_and_falling_words(
    tokens: Tokens, *, period: str, prior: float
) -> tuple[pd.DataFrame, str, str]:
    """Content words that rise and fall between the earlier and the later half of the whole periods.

    Columns token, early, late (counts), per_million_early, per_million_late, early_documents,
    late_documents (of the two halves), documents (that hold the word), top_document_share (of the
    word's occurrences), log_odds, z (positive = rises), sorted by z; in a corpus of several
    languages also language, all numbers being within it. Also returns the two spans as text.
    A partial first or last period is left out. The table is empty where the dates make fewer than
    two whole periods.
    """
    dates = tokens.corpus.documents["date"]
    labels = period_labels(dates, period)
    periods = sorted(set(labels) - {""} - set(_partial_periods(dates, labels)))
    if len(periods) < 2:
        return pd.DataFrame(columns=_WORDS), "", ""
    halves = periods[: len(periods) // 2], periods[len(periods) // 2 :]
    early, late = (np.isin(labels, half) for half in halves)
    table = table_by_language(
        tokens.corpus,
        lambda inside: _changes_of_words(tokens, early & inside, late & inside, prior),
    )
    table = table.sort_values(["z", "token"], ascending=[False, True], ignore_index=True)
    return table, *map(span_text, halves)


def _changes_of_words(
    tokens: Tokens, early: np.ndarray, late: np.ndarray, prior: float
) -> pd.DataFrame:
    """The content words of the documents of one language, early and late ones, in no order."""
    before, after = tokens.group_totals(np.stack((early, late)))
    if not before.sum() or not after.sum():
        before, after = np.zeros_like(before), np.zeros_like(after)
    used = np.flatnonzero(before + after)
    documents, most = _document_frequency(tokens, early | late)
    before, after = before[used], after[used]
    delta, z = measures.log_odds(after, before, informative_prior(before + after, prior))
    rates = (measures.per_million(count, count.sum()) for count in (before, after))
    n = int(early.sum()), int(late.sum())
    share = most[used] / (before + after)
    words = np.array(tokens.types.take(used).to_pylist(), dtype=object)
    values = (words, before, after, *rates, *n, documents[used], share, delta, z)
    return pd.DataFrame(dict(zip(_WORDS, values, strict=True)))[tokens.is_content[used]]


def _document_frequency(tokens: Tokens, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """In how many of some documents each type occurs, and its highest count in one of them."""
    documents = np.zeros(len(tokens.types), dtype=np.int64)
    most = np.zeros(len(tokens.types), dtype=np.int32)  # as the counts: `at` is slow on two types
    for block, counts in tokens.type_counts():
        mine = counts[np.flatnonzero(inside[block])]
        documents += np.bincount(mine.indices, minlength=len(documents))
        np.maximum.at(most, mine.indices, mine.data)
    return documents, most


def informative_prior(counts: np.ndarray, prior: float) -> np.ndarray:
    """Pseudo-counts in proportion to the whole corpus, `prior` tokens in all (Monroe et al. 2008)."""
    return counts / counts.sum() * prior


def span_text(periods: list[str]) -> str:
    """'2023' or '2023–2024'."""
    return periods[0] if len(periods) == 1 else f"{periods[0]}–{periods[-1]}"


def edge_matches(tokens: Tokens, words: pd.DataFrame, *, random_seed: int = 0) -> Found:
    """The matches of the first and the last word of a ranking of rising and falling words."""
    names = dict.fromkeys([*words["token"].head(1), *words["token"].tail(1)])
    sets = {word: RuleSet(word, (parse_rule(word),)) for word in names}
    return find(tokens, sets, random_seed=random_seed)


# --- events, places, years ---------------------------------------------------------------------------


def _read_events(file: str | Path | None) -> pd.DataFrame:
    """Events of a CSV file (date, label, description, source), by date; none for no file.

    Raises InputError for a missing file or column, or a date that is not ISO.
    """
    if file is None:
        return pd.DataFrame(columns=_EVENTS)
    file = Path(file)
    if not file.is_file():
        raise InputError("no such events file", value=str(file), allowed="a CSV file")
    rows = []
    for line, values in read_table(file):
        where = f"{file.name}, line {line}"
        for column in ("date", "label"):
            if not values.get(column):
                raise InputError("event has no value", where=where, value=column)
        iso_date(values["date"], where)
        rows.append([values.get(column, "") for column in _EVENTS])
    return pd.DataFrame(rows, columns=_EVENTS).sort_values("date", ignore_index=True)


def corpus_events(corpus: Corpus, path: str = "") -> pd.DataFrame:
    """The events at `path`, or of the corpus folder's own events.csv; none for neither."""
    if path:
        return _read_events(locate(path))
    own = corpus.folder / "events.csv" if corpus.folder else None
    return _read_events(own if own is not None and own.exists() else None)


def event_table(events: pd.DataFrame, tokens: Tokens) -> pd.DataFrame:
    """How many documents lie before and after each event: columns date, label, before, after,
    comparison.

    `before` and `after` count the documents that are certainly dated on that side. A rate before
    and after is compared only with ten documents on each side, and even then it shows what came
    with the event, not what came from it.
    """
    counts = Counter(tokens.corpus.documents["date"])
    spans = [(*period_bounds(date), n) for date, n in counts.items() if date]
    rows = []
    for date, label in zip(events["date"], events["label"], strict=True):
        first, last = period_bounds(date)
        before = sum(n for _, end, n in spans if end < first)
        after = sum(n for start, _, n in spans if start > last)
        enough = min(before, after) >= uncertainty.FEWEST_DOCUMENTS
        rows.append((date, label, before, after, "possible" if enough else "too few documents"))
    return pd.DataFrame(rows, columns=["date", "label", "before", "after", "comparison"])


def term_places(found: Found) -> pd.DataFrame:
    """Where in its document each match is: term, document, place (0 first, 1 last token), and of
    the term, in the whole corpus, occurrences and documents that hold it.

    Where not every match is kept for reading, those of the _MAX_PLACED documents with the most.
    Sorted by term, document and place; for the dispersion plot.
    """
    tokens, kept = found.tokens, found.kept
    if len(kept) < found.totals.sum():
        occurrences = np.asarray(found.counts.sum(axis=1)).ravel()
        kept = all_matches(found, np.argsort(-occurrences, kind="stable")[:_MAX_PLACED])
    document = kept["document"].to_numpy(int)
    inside = kept["first"].to_numpy(int) - tokens.document_start[document]
    last = np.maximum(tokens.document_sizes[document] - 1, 1)
    ids = tokens.corpus.documents["id"].iloc[document].to_numpy()
    table = pd.DataFrame({"term": kept["name"], "document": ids, "place": inside / last})
    held = np.asarray((found.counts > 0).sum(axis=0)).ravel()
    for column, values in (("occurrences", found.totals), ("documents", held)):
        table[column] = kept["name"].map(dict(zip(found.names, values, strict=True))).astype(int)
    return table


def years_mentioned(tokens: Tokens) -> pd.DataFrame:
    """Years written in running text, years in citations masked: document, year, count, citations.

    One row for each document and year. A year is a number from 1600 to 2099 that stands alone; in
    parentheses that read like a citation, a name before the year as in (Name, 2023), it counts
    under `citations`.
    """
    import pyarrow.compute as pc

    may = as_bools(pc.match_substring_regex(tokens.vocabulary, r"(1[6-9]|20)\p{Nd}\p{Nd}"))
    parts = [part for _, part in tokens.each(partial(_years_of_block, tokens.corpus, may))]
    table = pd.concat(parts, ignore_index=True)
    table["document"] = tokens.corpus.documents["id"].array.take(table["document"])
    return table


def _years_of_block(corpus: Corpus, may_be_year: np.ndarray, block: Block) -> pd.DataFrame:
    """The rows of the documents of a block; only sentences with such a word are read."""
    hits = np.flatnonzero(may_be_year[block.forms][block.ids])
    sentences = np.unique(np.searchsorted(block.sentence_start, hits, side="right") - 1)
    rows = []
    if len(sentences):
        data, begin = corpus.texts.stretch(range(block.documents.start, block.documents.stop))
        documents = block.sentence_document[sentences]
        spans = block.span[sentences] + begin[documents][:, None]
        for document, (start, end) in zip(documents.tolist(), spans.tolist(), strict=True):
            text = data[start:end].tobytes().translate(_LINE_END_AS_BLANK).decode("utf-8")
            number = block.first_document + document
            rows += [(number, year, not cited, cited) for year, cited in _years_in(text)]
    table = pd.DataFrame(rows, columns=["document", "year", "count", "citations"]).astype(int)
    return table.groupby(["document", "year"], as_index=False).sum()


def _years_in(sentence: str) -> list[tuple[int, bool]]:
    """Every year of a sentence, and whether it is in a citation."""
    spans = [match.span() for match in _PARENTHESES.finditer(sentence)]
    spans = [(-1, -1), *(span for span in spans if _CITED_YEAR.search(sentence, *span))]
    found = []
    for match in _ANY_YEAR.finditer(sentence):
        place = match.start()
        cited = place < spans[bisect(spans, (place, 0)) - 1][1]
        if cited or _YEAR.match(sentence, place):
            found.append((int(match.group()[:4]), cited))
    return found
