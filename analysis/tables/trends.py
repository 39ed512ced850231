"""How vocabulary moves over time: rates by period and group, events, places, years spoken of."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import regex

from analysis.corpus import EVERY, Corpus, locate, others_told
from analysis.errors import InputError, shown_lines
from analysis.files import read_table
from analysis.reading.dates import iso_date
from analysis.rules.codebook import RuleSet, parse_rule
from analysis.rules.evidence import Found, all_matches, find
from analysis.statistics import measures, uncertainty
from analysis.store.arrow import as_bools
from analysis.tables.stories import CorpusStories, beside
from analysis.tokens import Block, Tokens

PERIODS = ("day", "week", "month", "quarter", "year", "auto")
_PRECISION = {4: "year", 7: "month", 10: "day"}
_FINE_ENOUGH = {
    "day": ("day",),
    "week": ("day",),
    "month": ("day", "month"),
    "quarter": ("day", "month"),
    "year": ("day", "month", "year"),
}
_DOCUMENTS_A_PERIOD = 10
_LAST_DAY = datetime.date.max
_YEAR = regex.compile(r"(?<![\p{L}\p{N}.,])(1[6-9]|20)\d\d(?![\p{L}\p{N}]|[.,]\d)")
_ANY_YEAR = regex.compile(r"(?<!\p{N})(?:1[6-9]|20)\d\d[a-z]?(?!\p{N})")
_PARENTHESES = regex.compile(r"\([^()\n]*\)")
_LINE_END_AS_BLANK = bytes.maketrans(b"\r\n", b"  ")
_CITED_YEAR = regex.compile(
    r"(?:(?!(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b)\b\p{Lu}[\p{L}\p{M}’'.-]*|al\.),?\s+"
    r"(?:1[6-9]|20)\d\d[a-z]?(?=[),;:])"
)
_RATES = ("count", "tokens", "documents", "per_million", "low", "high", "interval")
_MOST_PLACED = 20
_EVENTS = ("date", "label", "description", "source")


@dataclass(frozen=True)
class _Trends:
    """Rates per million by period and group: `trends.csv`, with what was left out.

    `table` has the columns term, period, group, count, tokens, documents, per_million, low, high,
    interval ('documents', 'texts' or ''), partial (which days a first or last period holds, '' for
    a whole one; by the dates of the row's language), covered (False for a first or last period whose
    outer tenth holds no document, so that it may not be whole). `_left_out` has a row a document that is dated less
    precisely than the period, or not at all: document, date, why.
    """

    table: pd.DataFrame
    period: str
    left_out: pd.DataFrame


def _period_label(date: str, period: str) -> str:
    """The ISO label of the period that a date lies in, '' where the date is not precise enough.

    >>> [_period_label("2024-07-12", p) for p in ("year", "quarter", "month", "week", "day")]
    ['2024', '2024-Q3', '2024-07', '2024-W28', '2024-07-12']
    """
    if _PRECISION.get(len(date)) not in _FINE_ENOUGH[period]:
        return ""
    if period == "quarter":
        return f"{date[:4]}-Q{(int(date[5:7]) + 2) // 3}"
    if period == "week":
        year, week, _ = datetime.date.fromisoformat(date).isocalendar()
        return f"{year:04d}-W{week:02d}"
    return date[: {"day": 10, "month": 7, "year": 4}[period]]


def period_bounds(label: str) -> tuple[datetime.date, datetime.date]:
    """First and last day of a period, or of a date as precise as it is given.

    >>> period_bounds("2024-Q3")
    (datetime.date(2024, 7, 1), datetime.date(2024, 9, 30))
    """
    year = int(label[:4])
    if "W" in label:
        first = datetime.date.fromisocalendar(year, int(label[6:]), 1)
        return first, min(first, _LAST_DAY - datetime.timedelta(days=6)) + datetime.timedelta(
            days=6
        )
    if "Q" in label:
        quarter = int(label[6:])
        return datetime.date(year, 3 * quarter - 2, 1), _last_day(year, 3 * quarter)
    if len(label) == 4:
        return datetime.date(year, 1, 1), datetime.date(year, 12, 31)
    if len(label) == 7:
        month = int(label[5:])
        return datetime.date(year, month, 1), _last_day(year, month)
    day = datetime.date.fromisoformat(label)
    return day, day


def _last_day(year: int, month: int) -> datetime.date:
    """The last day of a month."""
    if month == 12:
        return datetime.date(year, 12, 31)
    return datetime.date(year, month + 1, 1) - datetime.timedelta(days=1)


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


def trend_table(
    found: Found,
    *,
    group: str,
    period: str = "auto",
    confidence: float = 0.95,
    resamples: int = 2000,
    random_seed: int = 0,
) -> _Trends:
    """Rates per million of each term, by period and group and for all groups together.

    Intervals as in `uncertainty.rate_intervals`; a cell without tokens has none. A corpus of several
    languages has the rows of each as well (column language, 'all' for every document). Nothing is
    drawn: `resamples` and `random_seed` are taken as every table takes them.
    """
    dates = found.tokens.corpus.documents["date"]
    period = _choose_period(dates, period)
    labels = period_labels(dates, period)
    groups = found.tokens.corpus.group_masks(group)
    codes, known = pd.factorize(labels, sort=True)
    cells = (
        ({"period": label, "group": name, **more}, inside & dated)
        for number, label in enumerate(known.tolist())
        for more, spoken in found.tokens.corpus.spoken
        for dated in [(codes == number) & spoken]
        for name, inside in groups
        if label
    )
    table = _rates_table(found, cells, confidence)
    languages = table["language"] if "language" in table else [""] * len(table)
    cells = list(zip(languages, table["period"], strict=True))
    ends = {
        more.get("language", ""): (dates[spoken], labels[spoken])
        for more, spoken in found.tokens.corpus.spoken
    }
    partial = {language: _partial_periods(*dated) for language, dated in ends.items()}
    open_ends = {language: _open_ends(*dated) for language, dated in ends.items()}
    table["partial"] = [partial[language].get(label, "") for language, label in cells]
    table["covered"] = [label not in open_ends[language] for language, label in cells]
    return _Trends(table, period, _left_out(found.tokens, labels, period))


def _partial_periods(dates: Iterable[str], labels: Iterable[str]) -> dict[str, str]:
    """The first period where documents begin late in it, the last where they end early, in words.

    That is where more days are without a document than 19 in 20 of the gaps between the documents
    have, and more than a tenth of the period. Fewer than ten days with documents tell nothing.
    """
    different = dict.fromkeys(zip(dates, labels, strict=True))
    dated = [(period_bounds(date), label) for date, label in different if label]
    days = sorted({first for (first, _), _ in dated})
    if len(days) < _DOCUMENTS_A_PERIOD:
        return {}
    usual = np.percentile([(after - before).days for before, after in pairwise(days)], 95)
    earliest, latest = days[0], max(last for (_, last), _ in dated)
    ends = sorted({label for _, label in dated})
    (begin, first_end), (last_begin, end) = period_bounds(ends[0]), period_bounds(ends[-1])
    found: dict[str, list[str]] = {}
    if (earliest - begin).days > max(usual, ((first_end - begin).days + 1) / 10):
        found.setdefault(ends[0], []).append(f"from {earliest}")
    if (end - latest).days > max(usual, ((end - last_begin).days + 1) / 10):
        found.setdefault(ends[-1], []).append(f"up to {latest}")
    return {label: f"documents {' '.join(told)}" for label, told in found.items()}


def _open_ends(dates: Iterable[str], labels: Iterable[str]) -> set[str]:
    """The first and the last period, each where no document lies in its outer tenth."""
    different = set(zip(dates, labels, strict=True))
    dated = [(period_bounds(date), label) for date, label in different if label]
    if not dated:
        return set()
    first, last = min(label for _, label in dated), max(label for _, label in dated)
    (begin, first_end), (last_begin, end) = period_bounds(first), period_bounds(last)
    late = (min(day for (day, _), _ in dated) - begin).days
    early = (end - max(day for (_, day), _ in dated)).days
    found = {first} if late > ((first_end - begin).days + 1) / 10 else set()
    return found | ({last} if early > ((end - last_begin).days + 1) / 10 else set())


def comparable_periods(rates: pd.DataFrame) -> pd.DataFrame:
    """The rows of a rates table whose periods can be set against each other, in their order.

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


def period_labels(dates: pd.Series, period: str) -> np.ndarray:
    """The label of each date's period, '' where the date is not precise enough."""
    codes, known = pd.factorize(dates)
    return np.array([_period_label(date, period) for date in known], dtype=object)[codes]


def group_table(
    found: Found,
    *,
    group: str,
    confidence: float = 0.95,
    resamples: int = 2000,
    random_seed: int = 0,
) -> pd.DataFrame:
    """Rates per million of each term in each group, dated or not: as `trend_table`, no period."""
    cells = (
        ({"group": name, **more}, inside & spoken)
        for more, spoken in found.tokens.corpus.spoken
        for name, inside in found.tokens.corpus.group_masks(group)
    )
    return _rates_table(found, cells, confidence)


def _rates_table(
    found: Found, cells: Iterable[tuple[dict[str, str], np.ndarray]], confidence: float
) -> pd.DataFrame:
    """One row a term and cell; a cell is the values of its columns and the mask of its documents."""
    by_term: dict[str, list[dict]] = {term: [] for term in found.names}
    measured = list(found.measured(found.occurs_in))
    for keys, inside in cells:
        rates = _rates_of(found, measured, inside, confidence)
        for (term, rows), rate in zip(by_term.items(), rates, strict=True):
            rows.append({"term": term, **keys, **rate})
    rows = [row for rows in by_term.values() for row in rows]
    names = list(rows[0]) if rows else ["term", "period", "group"]
    return pd.DataFrame(rows, columns=[*(n for n in names if n not in _RATES), *_RATES])


def side_of(
    found: Found, inside: np.ndarray, terms: np.ndarray | None = None
) -> tuple[uncertainty.Clusters, np.ndarray | float]:
    """Counts (of some terms) and sizes of some documents, and the design effects of their sentences
    if they are few."""
    terms = np.arange(len(found.names)) if terms is None else terms
    sizes = found.tokens.document_sizes[inside]
    few = np.count_nonzero(sizes) < uncertainty.FEWEST_DOCUMENTS
    effects = found.sentence_effects(inside)[terms] if few else 1.0
    return uncertainty.Clusters(found.counts[inside][:, terms], sizes), effects


def _rates_of(
    found: Found,
    measured: list[tuple[np.ndarray, np.ndarray]],
    inside: np.ndarray,
    confidence: float,
) -> list[dict]:
    """One dictionary a term with the rate of the documents `inside` and its interval.

    A term is `measured` in the documents in whose language it has rules or occurs.
    """
    rows: list[dict] = [{}] * len(found.names)
    for terms, spoken in measured:
        mine = inside & spoken
        documents, effects = side_of(found, mine, terms)
        interval = uncertainty.rate_intervals(documents, effects=effects, confidence=confidence)
        count, size = documents.counts.sum(axis=0), int(documents.sizes.sum())
        rates = measures.per_million(count, size)
        for n, term in enumerate(terms.tolist()):
            rows[term] = {
                "count": int(count[n]),
                "tokens": size,
                "documents": int(mine.sum()),
                "per_million": rates[n],
                "low": interval.low[n] * 1e6,
                "high": interval.high[n] * 1e6,
                "interval": interval.over,
            }
    return rows


def _left_out(tokens: Tokens, labels: np.ndarray, period: str) -> pd.DataFrame:
    """Documents without a period label, and why."""
    documents = tokens.corpus.documents
    out = documents.loc[labels == "", ["id", "date"]].rename(columns={"id": "document"})
    why = np.where(out["date"] == "", "no date", f"dated less precisely than a {period}")
    return out.assign(why=why).reset_index(drop=True)


def movers(tokens: Tokens, *, period: str, prior: float) -> tuple[pd.DataFrame, str, str]:
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
    periods = sorted({label for label in labels if label} - set(_partial_periods(dates, labels)))
    columns = ["token", "early", "late", "per_million_early", "per_million_late"]
    if len(periods) < 2:
        rest = ["early_documents", "late_documents"]
        rest += ["documents", "top_document_share", "log_odds", "z"]
        return pd.DataFrame(columns=[*columns, *rest]), "", ""
    half = len(periods) // 2
    early = np.isin(labels, periods[:half])
    late = np.isin(labels, periods[half:])
    strata = tokens.corpus.strata
    parts = [_movers_of(tokens, early & inside, late & inside, prior) for _, inside in strata]
    if len(strata) > 1:
        parts = [part.assign(language=code) for part, (code, _) in zip(parts, strata, strict=True)]
    table = pd.concat([part for part in parts if len(part)] or parts[:1])
    table = table.sort_values(["z", "token"], ascending=[False, True], ignore_index=True)
    return table, _span_text(periods[:half]), _span_text(periods[half:])


def _movers_of(tokens: Tokens, early: np.ndarray, late: np.ndarray, prior: float) -> pd.DataFrame:
    """The content words of the documents of one language, early and late ones, in no order."""
    before, after = tokens.group_totals(np.stack((early, late)))
    if not before.sum() or not after.sum():
        before, after = np.zeros_like(before), np.zeros_like(after)
    spoken = np.flatnonzero(before + after)
    documents, most = _spread_of(tokens, early | late)
    before, after = before[spoken], after[spoken]
    delta, z = measures.log_odds(after, before, informative_prior(before + after, prior))
    table = pd.DataFrame(
        {
            "token": np.array(tokens.types.take(spoken).to_pylist(), dtype=object),
            "early": before,
            "late": after,
            "per_million_early": measures.per_million(before, before.sum()),
            "per_million_late": measures.per_million(after, after.sum()),
            "early_documents": int(early.sum()),
            "late_documents": int(late.sum()),
            "documents": documents[spoken],
            "top_document_share": most[spoken] / (before + after),
            "log_odds": delta,
            "z": z,
        }
    )
    return table[tokens.is_content[spoken]]


def _spread_of(tokens: Tokens, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """In how many of some documents each type stands, and its highest count in one of them."""
    documents = np.zeros(len(tokens.types), dtype=np.int64)
    most = np.zeros(len(tokens.types), dtype=np.int32)  # as the counts: `at` is slow on two types
    for block, counts in tokens.type_counts():
        mine = counts[np.flatnonzero(inside[block])]
        documents += np.bincount(mine.indices, minlength=len(documents))
        np.maximum.at(most, mine.indices, mine.data)
    return documents, most.astype(np.int64)


def informative_prior(counts: np.ndarray, prior: float) -> np.ndarray:
    """Pseudo-counts in proportion to the whole corpus, `prior` tokens in all (Monroe et al. 2008)."""
    return counts / counts.sum() * prior


def _span_text(periods: list[str]) -> str:
    """'2023' or '2023–2024'."""
    return periods[0] if len(periods) == 1 else f"{periods[0]}–{periods[-1]}"


def _read_events(file: str | Path | None) -> pd.DataFrame:
    """Events of a CSV file (date, label, description, source), by date; none for no file.

    Raises InputError for a missing file or column, or a date that is not ISO.
    """
    if file is None:
        return pd.DataFrame(columns=list(_EVENTS))
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
        rows.append({column: values.get(column, "") for column in _EVENTS})
    return pd.DataFrame(rows, columns=list(_EVENTS)).sort_values("date", ignore_index=True)


def corpus_events(corpus: Corpus, path: str = "") -> pd.DataFrame:
    """The events at `path`, or of the corpus folder's own events.csv; none for neither."""
    if path:
        return _read_events(locate(path))
    own = corpus.folder / "events.csv" if corpus.folder else None
    return _read_events(own if own is not None and own.exists() else None)


def event_table(events: pd.DataFrame, tokens: Tokens) -> pd.DataFrame:
    """What each event leaves on its two sides: columns date, label, before, after, comparison.

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


def occurring(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a rates table whose term occurs at all."""
    return table[table.groupby("term")["count"].transform("sum") > 0].reset_index(drop=True)


def describe_periods(trends: _Trends) -> str:
    """The periods of a trend, which of them are partial, and how many documents are in none."""
    every = _of_every_language(trends.table)
    periods = every[every["group"] == EVERY].drop_duplicates("period")
    told = f"Periods by {trends.period}: {len(periods)}.{partial_told(periods)}"
    return shown_lines(f"{told} Documents left out of the trend: {len(trends.left_out):,}.")


def never_told(found: Found, trends: _Trends) -> str:
    """The terms that occur in no document, dated or not, and those that are missing or incomplete
    in the trend because their documents have no date precise enough."""
    totals = dict(zip(found.names, found.totals.tolist(), strict=True))
    never = [term for term, total in totals.items() if not total]
    lines = [f"Not in this corpus: {', '.join(never)}." if never else "Every term occurs."]
    every = _of_every_language(trends.table)
    dated = every[every["group"] == EVERY].groupby("term")["count"].sum()
    missing = {term: total - int(dated.get(term, 0)) for term, total in totals.items()}
    only = [f"{term} ({missing[term]:,})" for term in totals if 0 < totals[term] == missing[term]]
    if only:
        lines.append(f"Only in documents that are left out of the trend: {', '.join(only)}.")
    if lost := sum(missing.values()):
        lines.append(
            f"The trend counts {sum(totals.values()) - lost:,} of {sum(totals.values()):,} "
            f"occurrences: {lost:,} are in the {len(trends.left_out):,} documents left out."
        )
    return shown_lines("\n".join(lines))


def places(found: Found) -> pd.DataFrame:
    """Where in its document each match stands: term, document, place (0 first, 1 last token), and of
    the term, in the whole corpus, occurrences and documents that hold it.

    Where not every match is kept for reading, those of the MOST_PLACED documents with the most.
    Sorted by term, document and place; for the dispersion plot.
    """
    tokens, kept = found.tokens, found.kept
    if len(kept) < found.totals.sum():
        occurrences = np.asarray(found.counts.sum(axis=1)).ravel()
        kept = all_matches(found, np.argsort(-occurrences, kind="stable")[:_MOST_PLACED])
    document = kept["document"].to_numpy(int)
    inside = kept["first"].to_numpy(int) - tokens.document_start[document]
    last = np.maximum(tokens.document_sizes[document] - 1, 1)
    ids = tokens.corpus.documents["id"].iloc[document].to_numpy()
    table = pd.DataFrame({"term": kept["name"], "document": ids, "place": inside / last})
    held = np.asarray((found.counts > 0).sum(axis=0)).ravel()
    for column, values in (("occurrences", found.totals), ("documents", held)):
        table[column] = kept["name"].map(dict(zip(found.names, values, strict=True))).astype(int)
    return table


def years_spoken_of(tokens: Tokens) -> pd.DataFrame:
    """Years written in running text, years in citations masked: document, year, count, citations.

    One row a document and year. A year is a number from 1600 to 2099 that stands alone; in
    parentheses that read like a citation, a name before the year as in (Name, 2023), it counts
    under `citations`.
    """
    import pyarrow.compute as pc

    may = as_bools(pc.match_substring_regex(tokens.vocabulary, r"(1[6-9]|20)\p{Nd}\p{Nd}"))
    parts = [np.empty((0, 4), dtype=np.int64)]
    for block, sentences in tokens.each(lambda block: _sentences_with(block, may)):
        sentence, year, cited = _years_in(*_sentence_text(tokens.corpus, block, sentences))
        document = block.first_document + block.sentence_document[sentences[sentence]]
        found, of = np.unique(np.column_stack((document, year)), axis=0, return_inverse=True)
        count = np.bincount(of.reshape(-1), ~cited, len(found))
        citations = np.bincount(of.reshape(-1), cited, len(found))
        parts.append(np.column_stack((found, count, citations)).astype(np.int64))
    document, *rest = np.concatenate(parts).T
    ids = tokens.corpus.documents["id"].array.take(document)
    return pd.DataFrame(
        {"document": ids, **dict(zip(("year", "count", "citations"), rest, strict=True))}
    )


def _sentences_with(block: Block, words: np.ndarray) -> np.ndarray:
    """The sentences of a block that hold one of some words of the vocabulary."""
    hits = np.flatnonzero(words[block.forms][block.ids])
    return np.unique(np.searchsorted(block.sentence_start, hits, side="right") - 1)


def _sentence_text(corpus: Corpus, block: Block, sentences: np.ndarray) -> tuple[str, np.ndarray]:
    """Some sentences of a block, a newline after each, and the first character of each."""
    if not len(sentences):
        return "", np.empty(0, dtype=np.int64)
    data, begin = corpus.texts.stretch(range(block.documents.start, block.documents.stop))
    spans = block.span[sentences] + begin[block.sentence_document[sentences]][:, None]
    found = (
        data[start:end].tobytes().translate(_LINE_END_AS_BLANK) for start, end in spans.tolist()
    )
    content = b"\n".join([*found, b""])
    first = np.cumsum(spans[:, 1] - spans[:, 0] + 1)[:-1]
    character = (np.frombuffer(content, dtype=np.uint8) & 0xC0) != 0x80
    return content.decode("utf-8"), np.append(0, np.cumsum(character)[first - 1])


def _years_in(text: str, begin: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every year of a text whose sentences begin at these characters: its sentence, the year, and
    whether it stands in a citation."""
    years = [(match.start(), int(match.group()[:4])) for match in _ANY_YEAR.finditer(text)]
    place, year = np.array(years, dtype=np.int64).reshape(-1, 2).T
    spans = [match.span() for match in _PARENTHESES.finditer(text)]
    opens, closes = np.array([(0, 0), *spans], dtype=np.int64).T
    around = np.searchsorted(opens[1:], place)
    around[place >= closes[around]] = 0
    asked = sorted(set(around.tolist()) - {0})
    citing = np.zeros(len(opens), dtype=bool)
    citing[asked] = [bool(_CITED_YEAR.search(text, opens[n], closes[n])) for n in asked]
    cited = citing[around]
    alone = cited.copy()
    alone[~cited] = [bool(_YEAR.match(text, at)) for at in place[~cited].tolist()]
    sentence = np.searchsorted(begin, place[alone], side="right") - 1
    return sentence, year[alone], cited[alone]


def trends_caveat(trends: _Trends) -> str:
    """What the number of documents a period allows, in words."""
    every = _of_every_language(trends.table)
    every = every[every["group"] == EVERY].drop_duplicates("period")
    if every.empty:
        return "No document has a date precise enough: there is no trend."
    fewest, most = int(every["documents"].min()), int(every["documents"].max())
    compared = len(comparable_periods(every))
    told = f"{len(every)} periods by {trends.period}; the one with the fewest documents holds {fewest}. "
    told += f"{others} " if (others := others_told(set(trends.table["group"]), "The group")) else ""
    if most < uncertainty.FEWEST_DOCUMENTS or compared < 2:
        return told + (
            "Too few for a trend: a difference between periods is one between these texts."
        )
    if compared < len(every):
        told += (
            f"Only the {compared} whole periods with {uncertainty.FEWEST_DOCUMENTS} documents or "
            "more are compared. "
        )
    return told + "Intervals speak of documents of the kind; who is in the corpus may still change."


def partial_told(periods: pd.DataFrame, word: str = "Partial") -> str:
    """Which periods are partial, in words after a space; '' for none."""
    parts = periods[periods["partial"] != ""]
    pairs = zip(parts["period"], parts["partial"], strict=True)
    told = "; ".join(f"{period} ({words})" for period, words in pairs)
    return f" {word}: {told}." if told else ""


def _of_every_language(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table that are of documents in every language."""
    return table[table["language"] == EVERY] if "language" in table else table


def trends_answer(
    by_group: pd.DataFrame, movers: pd.DataFrame, early: str, late: str, caveat: str
) -> str:
    """How often the terms occur and which words moved, with the caveat of the periods."""
    totals = _of_every_language(by_group[by_group["group"] == EVERY])
    counts = zip(totals["term"], totals["count"], strict=True)
    told = "Occurrences: " + ", ".join(f"{term} {count:,}" for term, count in counts) + "."
    if not early:
        return shown_lines(f"{told}\nFewer than two whole periods: nothing to compare.")
    return shown_lines(f"{told}\n{_describe_movers(movers, early, late)}\n{caveat}")


def _describe_movers(movers: pd.DataFrame, early: str, late: str, *, most: int = 4) -> str:
    """The words that stand out in the later and in the earlier periods, as a ranking."""
    large = movers[["early_documents", "late_documents"]] >= uncertainty.FEWEST_DOCUMENTS
    known = movers[large.all(axis=1)] if large.any(axis=None) else movers
    if known.empty:
        return (
            f"Fewer than {uncertainty.FEWEST_DOCUMENTS} documents in one half of the periods: "
            "their words are not compared."
        )
    tokens = known["token"]
    if "language" in known:
        tokens = tokens + " (" + known["language"].replace("", "no language") + ")"
    up = ", ".join(tokens[known["z"] > 0].head(most)) or "none"
    down = ", ".join(tokens[known["z"] < 0].tail(most)[::-1]) or "none"
    return (
        f"Words ranked first in the texts of {late} against {early} (by z, not tested): {up}; "
        f"in those of {early} against {late}: {down}."
    )


def edge_matches(tokens: Tokens, movers: pd.DataFrame, *, random_seed: int = 0) -> Found:
    """The matches of the first and the last word of a ranking of movers."""
    words = dict.fromkeys([*movers["token"].head(1), *movers["token"].tail(1)])
    sets = {word: RuleSet(word, (parse_rule(word),)) for word in words}
    return find(tokens, sets, random_seed=random_seed)


# --- articles and stories --------------------------------------------------------------------------


def trends_by_story(
    found: Found, sets: Mapping[str, RuleSet], stories: CorpusStories, *, group: str, period: str
) -> pd.DataFrame:
    """Rates of each term by article and by story beside each other: `trends_by_story.csv`.

    `found` are the matches of `sets`, in every article or in one of each story. Columns term,
    period, group, articles, article_count, article_tokens, article_per_million, and the same of
    stories. Cells without an article have no row.
    """
    if found.tokens is not stories.tokens:
        found = find(stories.tokens, sets, keep=0)
    corpus = stories.tokens.corpus
    labels = period_labels(corpus.documents["date"], period)
    keys = pd.DataFrame({"period": labels, "group": corpus.groups(group).to_numpy()})
    sizes = stories.tokens.document_sizes
    table = beside(stories, keys, found.names, found.counts, sizes)
    table.columns = [name.replace("size", "tokens").replace("name", "term") for name in table]
    for place, side in ((7, "article"), (11, "story")):
        rates = measures.per_million(table[f"{side}_count"], table[f"{side}_tokens"])
        table.insert(place - 1, f"{side}_per_million", rates)
    return table


def story_trends_told(table: pd.DataFrame, trends: _Trends | None = None, *, most: int = 3) -> str:
    """The trends that change most when stories instead of articles are counted, in words.

    A trend is the rate in the later half of the periods less that in the earlier half; periods that
    are partial in `trends` are left out.
    """
    every = table[table["group"] == EVERY]
    if trends is not None:
        partial = _of_every_language(trends.table)
        partial = set(partial.loc[partial["partial"] != "", "period"])
        every = every[~every["period"].isin(partial)]
    periods = sorted(set(every["period"]))
    if table["articles"].equals(table["stories"]):
        return "By story every trend is as by article: no dated article is another's copy."
    if len(periods) < 2:
        return "Fewer than two whole periods: no trend to compare by article and by story."
    half = len(periods) // 2
    late = every["period"].isin(periods[half:])
    rows = [
        _trend_sides(every[every["term"] == term], late) for term in dict.fromkeys(every["term"])
    ]
    turned = sum(article[0] != story[0] for _, _, article, story in rows)
    rows.sort(key=lambda row: (row[2][0] == row[3][0], -row[1]))
    told = [
        f"  {term} {article[0]} by article ({article[1]}) and {story[0]} by story ({story[1]})"
        for term, change, article, story in rows[:most]
        if change
    ]
    head = (
        f"Per million tokens, {_span_text(periods[:half])} to {_span_text(periods[half:])}: "
        f"{turned} of {len(rows)} trends turn when stories are counted. Changed most:"
    )
    return shown_lines("\n".join([head, *told]))


def _trend_sides(rows: pd.DataFrame, late: pd.Series) -> tuple:
    """A term, how far its trends by article and by story differ, and each trend in words."""
    late = late[rows.index]
    changes, told = [], []
    for side in ("article", "story"):
        sums = rows[[f"{side}_count", f"{side}_tokens"]].groupby(late).sum().to_numpy()
        before, after = measures.per_million(*sums.T)
        changes.append(after - before)
        move = "rises" if after > before else "falls" if after < before else "stays"
        known = np.isfinite(after - before)  # not where a half holds no story
        told.append((move, f"{before:,.0f} → {after:,.0f}") if known else ("has no trend", "–"))
    return rows["term"].iloc[0], np.nan_to_num(abs(changes[0] - changes[1]), nan=np.inf), *told
